"""People on the fake Discord: they write, press, call commands, fill in forms.

A client would refuse what a person cannot do (a command that was never synced, a button that is
not there): so do these helpers, with an AssertionError.

    python -m tests.fakes.discord_world

serves one fake by itself: every line typed is a direct message, every answer is printed.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord_client import context_of, form_data, owners_of
from tests.fakes.discord_commands import callable_here, called
from tests.fakes.discord_messages import attach, build, put_reaction
from tests.fakes.discord_routes import direct
from tests.fakes.discord_server import FakeDiscord, discord_server
from tests.fakes.discord_values import (
    ALL_PERMISSIONS,
    DM,
    GROUP,
    TEXT,
    Edit,
    Guild,
    Json,
    Person,
    Place,
    Sent,
    Tap,
    Upload,
    iso,
)


@contextmanager
def pointed_at(fake: FakeDiscord) -> Iterator[None]:
    """discord.py talks to the fake in here; its addresses are class variables."""
    import yarl
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = fake.url, yarl.URL(fake.gateway_url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


@dataclass
class DiscordWorld:
    """Who is there and what they do."""

    fake: FakeDiscord
    said: list[Sent] = field(default_factory=list)  # by people, in order

    # --- who and where --------------------------------------------------------

    def user(self, name: str = "Ada", *, locale: str = "en-US", installed: bool = False) -> Person:
        """A new person; ``installed``: they have the app on their own account."""
        made = Person(self.fake.ids(), name, locale, installed=installed)
        self.fake.people[made.id] = made
        return made

    def guild(
        self, name: str, *members: Person, bot: bool = True, channel: str = "general"
    ) -> Place:
        """A new guild with a channel, which is returned; ``bot``: our bot is in it.

        For a guild made while the bot is connected await ``announce(place)``.
        """
        made = Guild(self.fake.ids(), name, bot, members={m.id: "" for m in members})
        self.fake.guilds[made.id] = made
        return self.channel(made, channel)

    def channel(self, guild: Guild, name: str) -> Place:
        """One more channel of a guild."""
        made = Place(self.fake.ids(), TEXT, name, guild, bot=guild.bot)
        self.fake.places[made.id] = made
        return made

    async def announce(self, place: Place) -> None:
        """Tell a connected bot of a new guild or channel."""
        guild = place.guild
        assert guild is not None
        if guild.bot:
            await self.fake.gateway.dispatch(
                "GUILD_CREATE", self.fake.guild_payload(guild), guild.id
            )

    def direct(self, user: Person) -> Place:
        """The person's direct messages with the bot."""
        return direct(self.fake, user.id)

    def between(self, *people: Person) -> Place:
        """A conversation without the bot: two people, or a group."""
        kind = DM if len(people) == 2 else GROUP
        made = Place(self.fake.ids(), kind, people=list(people), bot=False)
        self.fake.places[made.id] = made
        return made

    # --- writing --------------------------------------------------------------

    async def dm(self, user: Person, text: str, **more: Any) -> Sent:
        """A direct message to the bot."""
        return await self.say(self.direct(user), user, text, **more)

    async def say(
        self,
        place: Place,
        user: Person,
        text: str,
        *,
        mention_bot: bool = False,
        reply_to: Sent | None = None,
        files: tuple[Upload, ...] = (),
        age_s: float = 0.0,
        **extra: Any,
    ) -> Sent:
        """Write in a place. A reply pings whom it answers, as clients do by default."""
        text = f"<@{self.fake.me.id}> {text}" if mention_bot else text
        sent = build(self.fake, place, user, {"content": text}, list(files))
        sent.at -= age_s
        sent.payload |= {"timestamp": iso(sent.at)} | extra
        if reply_to is not None:
            sent.payload |= {
                "type": 19,
                "message_reference": {
                    "message_id": str(reply_to.id), "channel_id": str(reply_to.place.id),
                },
                "referenced_message": dict(reply_to.payload),
            }  # fmt: skip
            pinged = reply_to.author.payload()
            if pinged not in sent.payload["mentions"]:
                sent.payload["mentions"].append(pinged)
        self.said.append(sent)
        return await self.fake.keep(sent)

    async def voice(self, user: Person, data: bytes, *, seconds: float = 2.0) -> Sent:
        """A voice message to the bot."""
        extra = (("duration_secs", seconds), ("waveform", "AAAA"))
        upload = Upload("voice-message.ogg", data, "", "audio/ogg", extra)
        return await self.dm(user, "", files=(upload,), flags=1 << 13)

    async def edit(self, sent: Sent, text: str) -> Sent:
        """A person edits what they wrote."""
        sent.edits.append(Edit(self.fake.clock(), sent.content, sent.components, sent.embeds))
        sent.payload |= {"content": text, "edited_timestamp": iso(self.fake.clock())}
        await self.fake.tell("MESSAGE_UPDATE", sent)
        return sent

    async def delete(self, sent: Sent) -> None:
        """A person deletes what they wrote."""
        sent.deleted = True
        guild = sent.place.guild
        body = {"id": str(sent.id), "channel_id": str(sent.place.id)}
        body |= {"guild_id": str(guild.id)} if guild else {}
        await self.fake.gateway.dispatch("MESSAGE_DELETE", body, guild.id if guild else 0)

    async def react(self, sent: Sent, user: Person, emoji: str, *, added: bool = True) -> None:
        """Put a reaction on a message, or take it away."""
        await put_reaction(self.fake, sent, user, emoji, added=added)

    # --- interactions ---------------------------------------------------------

    async def slash(self, user: Person, place: Place, command: str, **options: Any) -> Tap:
        """Call ``/command`` (``"log weight"`` for a subcommand) as the client would let them."""
        words = command.split()
        found = self._command(user, place, 1, words[0])
        files = {k: v for k, v in options.items() if isinstance(v, Upload)}
        held = {k: attach(self.fake, [v])[0] for k, v in files.items()}
        options |= {k: body["id"] for k, body in held.items()}
        given = called(found, words[1:], options)
        more: Json = {"options": given} if given else {}
        if held:
            more["resolved"] = {"attachments": {body["id"]: body for body in held.values()}}
        return await self._command_tap(user, place, found, more)

    async def context(self, user: Person, sent: Sent, command: str) -> Tap:
        """Use a context-menu command on a message; its content is given whatever the intents."""
        found = self._command(user, sent.place, 3, command)
        resolved = {"messages": {str(sent.id): dict(sent.payload)}}
        data = {"target_id": str(sent.id), "resolved": resolved}
        return await self._command_tap(user, sent.place, found, data)

    async def on_user(self, user: Person, place: Place, target: Person, command: str) -> Tap:
        """Use a context-menu command on a person."""
        found = self._command(user, place, 2, command)
        resolved: Json = {"users": {str(target.id): target.payload()}}
        return await self._command_tap(
            user, place, found, {"target_id": str(target.id), "resolved": resolved}
        )

    async def press(self, user: Person, sent: Sent, custom_id: str) -> Tap:
        """Press a button they can see."""
        item = self._item(user, sent, custom_id)
        data = {"custom_id": item["custom_id"], "component_type": item["type"]}
        return await self._component(user, sent, data)

    async def choose(self, user: Person, sent: Sent, custom_id: str, *values: str) -> Tap:
        """Choose from a select."""
        item = self._item(user, sent, custom_id)
        known = [o["value"] for o in item.get("options") or []]
        assert not known or set(values) <= set(known), f"{values} not among {known}"
        data = {
            "custom_id": custom_id, "component_type": item["type"], "values": list(values),
            "resolved": {},
        }  # fmt: skip
        return await self._component(user, sent, data)

    async def submit(self, tap: Tap, **values: Any) -> Tap:
        """Fill in the form that ``tap`` was answered with: ``values`` by custom id."""
        assert tap.modal is not None, "no form was opened"
        data = form_data(tap.modal, values)
        body = {"message": dict(tap.message.payload)} if tap.message else {}
        owners = tap.payload["authorizing_integration_owners"]
        return await self._tap(5, tap.person, tap.place, data, owners, tap.message, body)

    def commands(self, user: Person, place: Place) -> list[str]:
        """The names a person sees in a place, ``/`` and menus alike."""
        return [c["name"] for c in self._offered(user, place)]

    def _offered(self, user: Person, place: Place) -> list[Json]:
        scope = place.guild.id if place.guild else 0
        every = self.fake.commands.get(0, []) + (self.fake.commands.get(scope, []) if scope else [])
        owners = owners_of(user, place)
        return [c for c in every if callable_here(c, context=context_of(place), owners=owners)]

    def _command(self, user: Person, place: Place, kind: int, name: str) -> Json:
        offered = [c for c in self._offered(user, place) if c["type"] == kind]
        found = [c for c in offered if c["name"] == name]
        assert found, f"no {name!r} here, only {[c['name'] for c in offered]}"
        return found[0]

    async def _command_tap(self, user: Person, place: Place, command: Json, more: Json) -> Tap:
        data = {"id": command["id"], "name": command["name"], "type": command["type"]} | more
        kinds = {str(k) for k in command.get("integration_types") or [0]}
        owners = {k: v for k, v in owners_of(user, place).items() if k in kinds}
        return await self._tap(2, user, place, data, owners)

    def _item(self, user: Person, sent: Sent, custom_id: str) -> Json:
        assert not sent.deleted, "the message is gone"
        assert sent.audience in {0, user.id}, "they cannot see this message"
        item = sent.item(custom_id)
        assert not item.get("disabled"), f"{custom_id} is disabled"
        return item

    async def _component(self, user: Person, sent: Sent, data: Json) -> Tap:
        owners = owners_of(user, sent.place)
        if sent.tap is not None:
            owners = sent.tap.payload["authorizing_integration_owners"]
        body = {"message": dict(sent.payload)}
        return await self._tap(3, user, sent.place, data, owners, sent, body)

    async def _tap(
        self,
        kind: int,
        user: Person,
        place: Place,
        data: Json,
        owners: Json,
        sent: Sent | None = None,
        more: Json | None = None,
    ) -> Tap:
        fake = self.fake
        guild = place.guild
        payload: Json = {
            "id": str(fake.ids()), "application_id": str(fake.application_id), "type": kind,
            "token": secrets.token_urlsafe(48), "version": 1, "data": data,
            "channel_id": str(place.id), "channel": fake.place_payload(place),
            "app_permissions": ALL_PERMISSIONS, "locale": user.locale, "entitlements": [],
            "authorizing_integration_owners": owners, "context": context_of(place),
            "attachment_size_limit": 10 * 2**20,
        } | (more or {})  # fmt: skip
        if guild is not None:
            payload["channel"]["permissions"] = ALL_PERMISSIONS
            payload["member"] = fake.member_payload(guild, user.id)
            payload["guild"] = {"id": str(guild.id), "locale": guild.locale, "features": []}
            payload |= {"guild_id": str(guild.id), "guild_locale": guild.locale}
        else:
            payload["user"] = user.payload()
        tap = Tap(
            int(payload["id"]), payload["token"], kind, user, place, fake.clock(), payload, sent
        )
        fake.taps[tap.id] = fake.tokens[tap.token] = tap
        await fake.gateway.dispatch("INTERACTION_CREATE", payload, guild.id if guild else 0)
        return tap

    # --- looking --------------------------------------------------------------

    def sent(self, place: Place | None = None, *, seen_by: Person | None = None) -> list[Sent]:
        """The bot's messages, oldest first; ``seen_by``: without what only others see."""
        found = self.fake.sent(place.id if place else None)
        return [m for m in found if seen_by is None or m.audience in {0, seen_by.id}]

    def doubles(self) -> list[list[Sent]]:
        """Messages that share a nonce: a repeat that Discord no longer recognised."""
        groups: dict[str, list[Sent]] = {}
        for message in self.fake.messages.values():
            if message.author is self.fake.me and message.nonce:
                groups.setdefault(message.nonce, []).append(message)
        return [group for group in groups.values() if len(group) > 1]

    def twins(self) -> list[tuple[int, str]]:
        """(place, text) of what the bot showed more than once in a place."""
        shown = Counter((m.place.id, m.text) for m in self.sent() if not m.loading)
        return [key for key, number in shown.items() if number > 1]

    async def until(self, true: Callable[[], object], *, seconds: float = 5.0) -> Any:
        """Wait until something is so; its value."""
        end = time.monotonic() + seconds
        while not (found := true()):
            if time.monotonic() > end:
                texts = [m.text for m in self.sent()]
                raise AssertionError(f"waited in vain; sent: {texts}")
            await asyncio.sleep(0.01)
        return found

    async def answer(self, tap: Tap, *, seconds: float = 5.0) -> Sent:
        """Wait for an interaction's first finished message."""
        found: list[Sent] = await self.until(
            lambda: [m for m in tap.said if not m.loading], seconds=seconds
        )
        return found[0]

    async def connected(self, shards: int = 1, *, seconds: float = 5.0) -> None:
        """Wait until the bot listens on every shard."""
        await self.until(lambda: len(self.fake.gateway.live) >= shards, seconds=seconds)


async def _serve() -> None:
    async with discord_server() as fake:
        world = DiscordWorld(fake)
        ada = world.user("Ada")
        print(f"SALUS_DISCORD_API_URL={fake.url}")  # noqa: T201  # the command's whole purpose
        print(f"SALUS_DISCORD_GATEWAY_URL={fake.gateway_url}")  # noqa: T201
        print(f"SALUS_DISCORD_TOKEN={fake.token}", flush=True)  # noqa: T201
        shown = asyncio.create_task(_show(world))
        while line := await asyncio.to_thread(sys.stdin.readline):
            await world.dm(ada, line.strip())
        shown.cancel()


async def _show(world: DiscordWorld) -> None:
    seen: dict[int, str] = {}
    while True:
        for message in world.sent():
            if seen.get(message.id) != message.text:
                seen[message.id] = message.text
                print(f"Salus: {message.text}", flush=True)  # noqa: T201
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    asyncio.run(_serve())
