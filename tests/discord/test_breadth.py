"""The breadth of interactions on SimCord, a second opinion on what Discord does.

SimCord replaces the library's HTTP and feeds its event readers, so our client runs in it as it
is; the calls of interactions, which we make ourselves, are led to SimCord's routes. It keeps a
clock of its own, which is given to the adapter. Waiting for our own tasks is up to the test:
SimCord only waits for what the library's tasks started.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
import simcord
from discord.http import Route

from bot.adapters.discord.adapter import DiscordAdapter, Parts
from bot.adapters.discord.api import Breaker, Me
from bot.adapters.discord.client import Listening, SalusClient
from bot.adapters.discord.config import DiscordSettings
from bot.adapters.discord.menus import Tree, sync
from bot.adapters.discord.wire import Answer, Request
from bot.delivery.pace import Limits, Pace
from tests.discord.world import FAST, discord_app

STILL = Limits(chat_s=0.0, bot=100_000)  # SimCord's clock only moves when it is told to
SLEEP = "how much sleep do adults need?"
OPTIONS: dict[str, dict[str, Any]] = {
    "ask": {"question": SLEEP},
    "log": {"text": "weight 70 kg"},
    "language": {"language": "en"},
    "country": {"country": "GB"},
}


@dataclass
class Sim:
    """SimCord's world with our adapter in it."""

    env: Any
    parts: Parts
    guild: Any
    channel: Any
    alice: Any

    async def done(self) -> None:
        """Wait until everything that came was handled and sent."""
        await asyncio.sleep(0.02)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            counts = await self.parts.office.mailbox.counts()
            keys = ("inbox.open", "outbox.pending", "outbox.sending")
            if not (self.parts.intake.busy or any(counts.get(k) for k in keys)):
                return
            await asyncio.sleep(0.02)
        raise AssertionError("never done")

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something is so, and then for the rest."""
        end = time.monotonic() + 20
        while not true():
            assert time.monotonic() < end, "waited in vain"
            await asyncio.sleep(0.02)
        await self.done()

    async def shown(self, result: Any) -> Any:
        """The answer to an interaction, when it is there."""
        await self.done()
        assert result.acknowledged
        return result.response


def through(env: Any, client: discord.Client) -> Callable[[Request], Any]:
    """An interaction's calls, led to SimCord's routes."""

    async def send(request: Request) -> Answer:
        route = Route(request.method, request.path.split("?")[0])
        more: dict[str, Any] = {"json": request.body}
        if request.files:
            import io

            files = [discord.File(io.BytesIO(f.data), f.name) for f in request.files]
            more["files"] = files
        with env.time_context():
            try:
                data = await client.http.request(route, **more)
            except discord.HTTPException as error:
                return Answer(status=error.status, data={"code": error.code})
        return Answer(status=200, data=data or {})

    return send


@asynccontextmanager
async def sim(data: Path) -> AsyncGenerator[Sim, None]:
    """Our client and adapter on SimCord."""
    settings = DiscordSettings(token="x", shards=1, metrics=True)
    client = SalusClient(settings, Breaker())
    app = discord_app(data, metrics=True)
    async with simcord.run(client) as env:
        user = client.user
        assert user is not None
        adapter = DiscordAdapter(app, settings, times=FAST, pace=Pace(STILL), clock=env.now)
        me = Me(id=user.id, application=client.application_id or 0, username=user.name)
        parts = await adapter.put_together(client, me, through(env, client))
        assert await sync(Tree(client, metrics=True), "")
        client.listening = Listening(take=parts.intake.take)
        stop = asyncio.Event()
        running = asyncio.create_task(parts.office.run(parts.intake.run, stop))
        reading = asyncio.create_task(parts.backfill.run(stop))
        guild = env.create_guild()
        channel = guild.create_text_channel("general")
        alice = guild.add_member(env.create_user("alice"))
        try:
            yield Sim(env, parts, guild, channel, alice)
        finally:
            stop.set()
            reading.cancel()
            await running
            await app.store.close()


async def test_every_command_is_answered_for_its_caller_alone(data: Path) -> None:
    """In a channel: deferred ephemerally, then filled in; the channel itself stays empty."""
    async with sim(data) as here:
        names = [n for n in here.alice.available_commands(here.channel) if n[:1].islower()]
        assert {"ask", "log", "today", "help", "forget"} <= set(names)
        for name in sorted(names, key=lambda n: n == "forget"):
            result = await here.alice.slash(here.channel, name, **OPTIONS.get(name, {}))
            answer = await here.shown(result)
            assert answer.content or answer.attachments, name
            assert answer.ephemeral, name
        others = here.guild.add_member(here.env.create_user("bob"))
        assert here.channel.history(viewer=others) == []


async def test_a_public_answer_is_seen_by_all_and_voted_on_by_its_asker(data: Path) -> None:
    """Thumbs by click: the asker's counts, another's is refused where only they see it."""
    async with sim(data) as here:
        bob = here.guild.add_member(here.env.create_user("bob"))
        result = await here.alice.slash(here.channel, "ask", question=SLEEP, public=True)
        answer = await here.shown(result)
        assert not answer.ephemeral
        message = here.channel.history(viewer=bob)[0]
        theirs = await bob.click(message, label="👍")
        await here.done()
        assert theirs.response.ephemeral
        assert "Only the person" in theirs.response.content
        mine = await here.alice.click(message, label="👍")
        await here.done()
        assert mine.acknowledged
        message = here.channel.history(viewer=bob)[0]
        labels = [c.label for row in message.components for c in row.children]  # type: ignore[union-attr]
        assert labels[:2] == ["👍 ✓", "👎"]


async def test_a_form_opens_for_a_thumb_down(data: Path) -> None:
    """The first answer to 👎 is the form; what is chosen in it becomes the reason."""
    async with sim(data) as here:
        result = await here.alice.slash(here.channel, "ask", question=SLEEP, public=True)
        await here.shown(result)
        message = here.channel.history(viewer=here.alice)[-1]
        pressed = await here.alice.click(message, label="👎")
        await here.done()
        assert pressed.modal is not None
        await here.alice.submit_modal(pressed, {"reason": ["unclear"]})
        await here.done()
        store = await here.parts.office.mailbox._store.votes()  # type: ignore[attr-defined]
        assert [(v.vote, v.reason) for v in store] == [("down", "unclear")]


async def test_menus_on_messages(data: Path) -> None:
    """ "Was this right?" on somebody's words, "Log this" on one's own."""
    async with sim(data) as here:
        bob = here.guild.add_member(here.env.create_user("bob"))
        claim = await bob.send(here.channel, "Adults need 7 hours of sleep a night")
        answer = await here.shown(
            await here.alice.context_menu(here.channel, "Was this right?", claim)
        )
        assert answer.ephemeral
        assert "7 hours" in answer.content
        own = await here.alice.send(here.channel, "weight 70 kg")
        answer = await here.shown(await here.alice.context_menu(here.channel, "Log this", own))
        assert "70 kg" in answer.content


async def test_direct_messages_mentions_and_threads(data: Path) -> None:
    """Words in private, a mention in a channel, and the thread that its button opens."""
    async with sim(data) as here:
        user = here.env.create_user("carol")
        await user.send_dm(SLEEP)
        await here.until(lambda: "7 hours" in user.dm_channel.last_message.content)
        answer = await here.shown(await user.slash("ask", question=SLEEP))
        assert "7 hours" in answer.content
        bot = here.env.bot.user
        await here.alice.send(here.channel, f"<@{bot.id}> {SLEEP}")
        await here.until(lambda: "7 hours" in here.channel.last_message.content)
        message = here.channel.last_message
        assert message.reference is not None
        await here.alice.click(message, label="Continue in a thread")
        await here.until(lambda: here.channel.threads and here.channel.threads[0].last_message)
        assert len(here.channel.threads) == 1
        assert "in this thread" in here.channel.threads[0].last_message.content
