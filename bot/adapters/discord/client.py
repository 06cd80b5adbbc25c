"""discord.py's client: connects, resumes and shards; every event of ours goes out as it came.

Events are taken raw, in the place of the library's own readers: what is stored has to be what
Discord said, a press must be understood after a restart by its own ``custom_id`` alone (without
a view that somebody would have to register again), and an event the library cannot read would
end its connection.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.adapters.discord.api import (
    FAULTS,
    Breaker,
    ClosedError,
    IntentError,
    Json,
    Me,
    WrongTokenError,
    pause,
    quiet,
)
from bot.adapters.discord.config import DiscordSettings
from bot.delivery.errors import LockedOutError
from bot.delivery.sorting import backoff
from bot.logs import failed, logger

WAIT_S = 30.0  # a longer wait of one bucket is raised, so that it becomes that chat's own wait
WANTED = ("MESSAGE_CREATE", "MESSAGE_UPDATE", "INTERACTION_CREATE", "MESSAGE_REACTION_ADD")
_WRONG_TOKEN, _NO_INTENT = 4004, 4014
_UNNOTICED = timedelta(seconds=90)  # the library waits a minute for a heartbeat's answer


@dataclass
class Listening:
    """What the adapter is told."""

    take: Callable[[Json], None] = lambda _: None
    ready: Callable[[int], None] = lambda _: None
    lost: Callable[[int], None] = lambda _: None
    resumed: Callable[[int], None] = lambda _: None
    guild: Callable[[int, Json], None] = lambda *_: None


class SalusClient(discord.AutoShardedClient):
    """The library's client, keeping nothing in memory that we do not need."""

    def __init__(self, settings: DiscordSettings, breaker: Breaker) -> None:
        """Nothing is connected yet."""
        self.listening = Listening()
        self._heard: datetime | None = None
        super().__init__(
            intents=intents(message_content=settings.message_content),
            shard_count=settings.shards or None,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=WAIT_S,
            http_trace=breaker.trace(),
        )

        parsers: dict[str, Callable[[Any], Any]] = self._connection.parsers
        for event, parse in parsers.items():
            parsers[event] = self._taking(event) if event in WANTED else self._reading(event, parse)

    def _taking(self, event: str) -> Callable[[Any], None]:
        """Ours: passed on as it is."""

        def take(data: Any) -> None:  # noqa: ANN401  # whatever the gateway says
            self.listening.take({"t": event, "d": data})

        return take

    def _reading(self, event: str, parse: Callable[[Any], Any]) -> Callable[[Any], None]:
        """The library's: what it cannot read is left out, and the connection stays."""

        def read(data: Any) -> None:  # noqa: ANN401  # whatever the gateway says
            try:
                parse(data)
            except Exception as error:  # noqa: BLE001  # its reader's fault is not the gateway's
                failed("event not read", error)
            if event == "READY":
                self.listening.ready(int((data.get("shard") or [0])[0]))
            elif event == "RESUMED":
                self.listening.resumed(int(data.get("__shard_id__") or 0))
            elif event == "GUILD_CREATE":
                shard = (int(data["id"]) >> 22) % (self.shard_count or 1)
                self.listening.guild(shard, data)

        return read

    def heard(self) -> datetime | None:
        """All that was said before then has reached us; None before we were first connected.

        A connection that has died unnoticed is found out by its missing heartbeats.
        """
        shards = self.shards.values()
        if shards and self.is_ready() and not any(shard.is_closed() for shard in shards):
            self._heard = datetime.now(UTC) - _UNNOTICED
        return self._heard

    async def on_shard_disconnect(self, shard: int) -> None:
        """From now on something may be missed, unless the session is resumed."""
        self.listening.lost(shard)

    async def on_error(self, *_: object, **__: object) -> None:
        """Say that a listener failed, never with what."""
        error = sys.exc_info()[1]
        if error is not None:
            failed("event not taken", error)


def intents(*, message_content: bool) -> discord.Intents:
    """Only what is used: no members, no presences; the content of messages if asked for."""
    found = discord.Intents.none()
    found.guilds = True
    found.guild_messages = found.dm_messages = True
    found.guild_reactions = found.dm_reactions = True
    found.message_content = message_content
    return found


def point_at(settings: DiscordSettings) -> None:
    """Tell the library where Discord is. It has one address per process, so there is one place."""
    Route.BASE = settings.api_url
    if settings.gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.gateway_url)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # we do not talk


@asynccontextmanager
async def connected(
    settings: DiscordSettings,
    breaker: Breaker,
    stop: asyncio.Event,
    unreachable: Callable[[], None],
) -> AsyncIterator[tuple[SalusClient, Me] | None]:
    """A client that has logged in, waiting for Discord to be there; None when stopped meanwhile.

    Raises WrongTokenError. ``unreachable`` is called once if it takes more than one try.
    """
    quiet()
    point_at(settings)
    tries = 0
    while not stop.is_set():
        client = SalusClient(settings, breaker)
        try:
            me = await _login(client, settings.token)
        except FAULTS as error:
            await client.close()
            tries += 1
            if tries == 1:
                unreachable()
            logger().warning("no connection", error=type(error).__name__, count=tries)
            await pause(stop, backoff(tries, most=30.0))
            continue
        except LockedOutError:
            await client.close()
            raise
        try:
            yield client, me
        finally:
            await client.close()
        return
    yield None


async def _login(client: SalusClient, token: str) -> Me:
    try:
        await client.login(token)
    except discord.LoginFailure as error:
        raise WrongTokenError("token") from error
    user = client.user
    assert user is not None  # noqa: S101  # login has set it
    return Me(id=user.id, application=client.application_id or user.id, username=user.name)


async def listen(
    client: SalusClient, settings: DiscordSettings, stop: asyncio.Event, say: Callable[[str], None]
) -> None:
    """Hold the gateway until ``stop``; the library resumes and reconnects by itself.

    Raises a LockedOutError for what no retry can mend. ``say`` takes the key of a sentence.
    """
    tries = 0
    while not stop.is_set():
        try:
            await _connect(client, settings, stop, say)
        except discord.PrivilegedIntentsRequired as error:
            raise IntentError("4014") from error
        except discord.ConnectionClosed as error:
            raise _fatal(error.code) from error
        except FAULTS as error:
            tries += 1
            logger().warning("no gateway", error=type(error).__name__, count=tries)
            await pause(stop, backoff(tries, most=60.0))
        else:
            return


async def _connect(
    client: SalusClient, settings: DiscordSettings, stop: asyncio.Event, say: Callable[[str], None]
) -> None:
    """One try, if Discord still lets us identify: a bot that does so too often loses its token."""
    advised, _, limit = await client.http.get_bot_gateway()
    wanted = settings.shards or advised
    if int(limit.get("remaining", wanted)) < wanted:
        say("discord.no_identify")
        await pause(stop, float(limit.get("reset_after", 60_000)) / 1000)
        return
    if settings.gateway_url:
        client.shard_count = wanted  # else the library would go where /gateway/bot says
    await client.connect()


def _fatal(code: int) -> LockedOutError:
    if code == _WRONG_TOKEN:
        return WrongTokenError("4004")
    if code == _NO_INTENT:
        return IntentError("4014")
    return ClosedError(f"closed with {code}", code=str(code))
