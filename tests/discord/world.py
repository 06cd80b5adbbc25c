"""A whole Salus on the fake Discord: real library, real store, real dialogue, scripted model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.adapters.discord.adapter import DiscordAdapter
from bot.adapters.discord.config import DiscordSettings
from bot.app import App
from bot.delivery.challenges import HeldChallenges
from bot.delivery.office import Times, utc_now
from bot.delivery.pace import Limits, Pace
from bot.delivery.unit import UnitStore
from bot.dialogue.challenges.room import Room
from bot.dialogue.manager import DialogueManager
from bot.model import UserId
from tests.fakes.chat import TRIAGE
from tests.fakes.discord_server import FakeDiscord, discord_server
from tests.fakes.discord_values import Person, Place, Sent, Tap
from tests.fakes.discord_world import DiscordWorld, pointed_at
from tests.fakes.telegram_world import make_app

SLEEP = "how much sleep do adults need?"
ANSWER = "Most adults need at least 7 hours of sleep a night [1]."
CHEST = "I have crushing chest pain and can't breathe"
FAST = Times(lease_s=0.6, drain_s=2.0, flush_s=1.0)
QUICK = Limits(chat_s=0.01, burst=5, bot=1000, group=1000)


@dataclass
class Salus:
    """The people, the app over a store, and the adapter that runs."""

    people: DiscordWorld
    app: App
    adapter: DiscordAdapter
    said: list[str]  # lines to the operator
    stop: asyncio.Event
    ada: Person
    running: asyncio.Task[None]
    clock: Callable[[], datetime]

    @property
    def fake(self) -> FakeDiscord:
        """The server."""
        return self.people.fake

    @property
    def dm(self) -> Place:
        """Ada's direct messages."""
        return self.people.direct(self.ada)

    async def until(self, true: Any, *, seconds: float = 20.0) -> Any:
        """Wait until something is so; its value."""
        return await self.people.until(true, seconds=seconds)

    async def ask(self, text: str, *, user: Person | None = None, answers: int = 1) -> Sent:
        """Write a direct message and wait for the last of ``answers`` messages."""
        who = user or self.ada
        place = self.people.direct(who)
        before = len(self.people.sent(place))
        await self.people.dm(who, text)
        await self.until(lambda: len(self.people.sent(place)) >= before + answers)
        await self.settled()
        return self.people.sent(place)[-1]

    async def mention(
        self, place: Place, text: str, user: Person | None = None, **more: Any
    ) -> Sent:
        """Mention the bot in a channel and wait for what it says there."""
        before = len(self.people.sent(place))
        await self.people.say(place, user or self.ada, text, mention_bot=True, **more)
        await self.until(lambda: len(self.people.sent(place)) > before)
        await self.settled()
        return self.people.sent(place)[-1]

    async def slash(self, command: str, place: Place | None = None, **options: Any) -> Sent:
        """Call a command and wait for its answer."""
        user = options.pop("user", self.ada)
        tap = await self.people.slash(user, place or self.dm, command, **options)
        answer = await self.people.answer(tap, seconds=20)
        await self.settled()
        return answer

    async def press(self, sent: Sent, start: str, user: Person | None = None) -> Tap:
        """Press the button whose data begin with ``start``."""
        custom = next(c for c in sent.ids() if c.startswith(start))
        tap = await self.people.press(user or self.ada, sent, custom)
        await self.until(lambda: tap.answer)
        await self.settled()
        return tap

    async def settled(self, *, seconds: float = 20.0) -> None:
        """Wait until nothing waits, is open or owed."""
        parts = self.adapter.parts
        assert parts is not None
        await asyncio.sleep(0.02)  # frames on their way
        await self.until(lambda: not parts.intake.busy, seconds=seconds)
        counts: dict[str, int] = {}
        for _ in range(int(seconds / 0.02)):
            counts = await parts.office.mailbox.counts()
            keys = ("inbox.open", "outbox.pending", "outbox.sending")
            if not any(counts.get(key) for key in keys):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"never settled: {counts}")

    async def counts(self) -> dict[str, int]:
        """Rows by state."""
        assert self.adapter.office is not None
        return await self.adapter.office.mailbox.counts()

    async def person(self, user: Person | None = None) -> UserId:
        """Somebody's id inside Salus."""
        return await self.app.store.user_for("discord", str((user or self.ada).id))


def settings_for(fake: FakeDiscord, **options: Any) -> DiscordSettings:
    """The settings an operator would make for the fake."""
    given = {"token": fake.token, "api_url": fake.url, "gateway_url": fake.gateway_url}
    return DiscordSettings(**(given | options))


def discord_app(data: Path, *, metrics: bool = False, **options: Any) -> App:
    """The application, with values of one's own allowed on Discord or not."""
    app = make_app(data, **options)
    dialogue = DialogueManager(
        store=UnitStore(app.store),
        answerer=app.dialogue._answerer,
        triage=TRIAGE,
        education_only=frozenset() if metrics else frozenset({"discord"}),
        challenges=Room(HeldChallenges(app.store)),
    )
    return replace(app, dialogue=dialogue)


@asynccontextmanager
async def salus(
    data: Path,
    *,
    fake: FakeDiscord | None = None,
    server: dict[str, Any] | None = None,
    discord: dict[str, Any] | None = None,
    pace: Pace | None = None,
    people: DiscordWorld | None = None,
    ada: Person | None = None,
    app: App | None = None,
    clock: Callable[[], datetime] = utc_now,
    times: Times = FAST,
    **app_options: Any,
) -> AsyncGenerator[Salus, None]:
    """Run everything; at the end stop it as SIGTERM would. ``clock`` is that of both sides."""
    if fake is None:
        timed = {"clock": lambda: clock().timestamp()} | (server or {})
        options: dict[str, Any] = {"discord": discord, "pace": pace, "app": app}
        options |= {"clock": clock, "times": times}
        async with (
            discord_server(**timed) as made,
            salus(data, fake=made, **options, **app_options) as running,
        ):
            yield running
        return
    people = people or DiscordWorld(fake)
    app = app or discord_app(data, metrics=bool((discord or {}).get("metrics")), **app_options)
    said: list[str] = []
    adapter = DiscordAdapter(
        app,
        settings_for(fake, **(discord or {})),
        say=said.append,
        times=times,
        pace=pace or Pace(QUICK),
        clock=clock,
    )
    stop = asyncio.Event()
    with pointed_at(fake):
        task = asyncio.create_task(adapter.run(stop))
        here = Salus(people, app, adapter, said, stop, ada or people.user("Ada"), task, clock)
        try:
            while not adapter.ready.is_set():
                if task.done():
                    task.result()
                await asyncio.sleep(0.005)
            yield here
        finally:
            stop.set()
            try:
                await asyncio.wait_for(task, 8)
            finally:
                await app.store.close()


async def guild(here: Salus, *people: Person) -> Place:
    """A server with Ada and the bot in it."""
    place = here.people.guild("Runners", here.ada, *people)
    await here.people.announce(place)
    return place


async def answered(here: Salus, tap: Tap) -> str:
    """What an interaction was answered with in the end."""
    text = (await here.people.answer(tap, seconds=15)).content
    await here.settled(seconds=15)
    return text
