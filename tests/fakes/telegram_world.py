"""A whole Salus on a fake Telegram: real library, real store, real dialogue, scripted model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bot.adapters.telegram.adapter import TelegramAdapter
from bot.adapters.telegram.config import TelegramSettings
from bot.app import App
from bot.deferred import DeferredRetriever, DeferredStore
from bot.delivery.challenges import HeldChallenges
from bot.delivery.office import Times, utc_now
from bot.delivery.pace import Limits, Pace
from bot.delivery.unit import UnitStore
from bot.dialogue.answering import Answerer
from bot.dialogue.challenges.room import Room
from bot.dialogue.manager import DialogueManager
from bot.generation.prompts import PromptBook
from bot.grounding.check import Checker
from bot.ports import Transcriber
from bot.settings import ROOT, Settings
from bot.speech import NoTranscriber
from tests.fakes.chat import TRIAGE
from tests.fakes.generator import ScriptedGenerator
from tests.fakes.retriever import FakeRetriever
from tests.fakes.telegram_server import FakeTelegram, Json, telegram_server

if TYPE_CHECKING:
    from bot.errors import ModelError

FAST = Times(lease_s=0.6, drain_s=2.0, flush_s=1.0)
QUICK = Limits(chat_s=0.01, burst=5, bot=1000, group=1000)


@dataclass
class World:
    """The fake, the app over a store, and the adapter that runs."""

    fake: FakeTelegram
    app: App
    adapter: TelegramAdapter
    said: list[str]  # lines to the operator
    stop: asyncio.Event
    clock: Callable[[], datetime]

    async def until(self, true: Callable[[], object], *, seconds: float = 20.0) -> Any:
        """Wait until something is so; its value."""
        end = time.monotonic() + seconds
        while not (found := true()):
            if time.monotonic() > end:
                texts = [m.get("text") for m in self.fake.sent()]
                raise AssertionError(f"waited in vain; sent: {texts}")
            await asyncio.sleep(0.01)
        return found

    async def ask(self, text: str, *, answers: int = 1, **where: Any) -> Json:
        """Say something and wait for the last of ``answers`` messages that come back."""
        before = len(self.fake.sent())
        await self.fake.say(text, **where)
        await self.until(lambda: len(self.fake.sent()) >= before + answers)
        return self.fake.sent()[-1]

    async def press(self, message: Json, data: str, **who: Any) -> str:
        """Press a button and wait until it was acknowledged."""
        callback = await self.fake.press(message, data, **who)
        await self.until(lambda: self.fake.answered(callback))
        await self.settled()
        return callback

    async def settled(self, *, seconds: float = 10.0) -> None:
        """Wait until nothing is open or owed."""
        office = self.adapter.office
        assert office is not None
        await self.until(lambda: not self.fake.updates, seconds=seconds)
        for _ in range(int(seconds / 0.02)):
            counts = await office.mailbox.counts()
            open_ = [counts.get(f"{k}") for k in ("inbox.open", "outbox.pending", "outbox.sending")]
            if not any(open_):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"never settled: {counts}")

    async def counts(self) -> dict[str, int]:
        """Rows by state."""
        assert self.adapter.office is not None
        return await self.adapter.office.mailbox.counts()

    async def person(self, user: int = 1001) -> Any:
        """The id of a Telegram user inside Salus."""
        return await self.app.store.user_for("telegram", str(user))


def make_app(
    data: Path,
    *,
    script: Sequence[str | ModelError] = (),
    delay_s: float = 0.0,
    database_url: str = "",
    lang: str = "",
    transcriber: Transcriber | None = None,
    generator: ScriptedGenerator | None = None,
) -> App:
    """The application as bot.app builds it, with a scripted model and a handful of passages."""
    settings = Settings.model_validate(
        {"data_dir": data, "database_url": database_url, "lang": lang}
    )
    store = DeferredStore(settings.resolved_database_url, settings.resolved_key_file)
    if generator is None and script:
        generator = ScriptedGenerator(script, delay_s=delay_s)
    prompts = PromptBook.load(ROOT / "prompts" / "answer")
    answerer = Answerer(
        retriever=FakeRetriever(),
        generator=generator,
        prompts=prompts,
        checker=Checker(),
        budget_tokens=2000,
    )
    dialogue = DialogueManager(
        store=UnitStore(store),
        answerer=answerer,
        triage=TRIAGE,
        challenges=Room(HeldChallenges(store)),
    )
    return App(
        settings=settings,
        dialogue=dialogue,
        store=store,
        retriever=cast("DeferredRetriever", FakeRetriever()),
        generator=cast("Any", generator),
        prompts=prompts,
        transcriber=transcriber or NoTranscriber(),
    )


@asynccontextmanager
async def world(
    data: Path,
    *,
    fake: FakeTelegram | None = None,
    server: dict[str, Any] | None = None,
    telegram: dict[str, Any] | None = None,
    pace: Pace | None = None,
    app: App | None = None,
    clock: Callable[[], datetime] = utc_now,
    **app_options: Any,
) -> AsyncGenerator[World, None]:
    """Run everything; at the end stop it as SIGTERM would. ``clock`` is that of both sides."""
    if fake is None:
        timed = {"clock": lambda: clock().timestamp()} | (server or {})
        options: dict[str, Any] = {"telegram": telegram, "pace": pace, "app": app, "clock": clock}
        async with (
            telegram_server(**timed) as made,
            world(data, fake=made, **options, **app_options) as running,
        ):
            yield running
        return
    app = app or make_app(data, **app_options)
    settings = TelegramSettings(
        token=fake.token, base_url=fake.url, **({"poll_s": 5} | (telegram or {}))
    )
    said: list[str] = []
    adapter = TelegramAdapter(
        app, settings, say=said.append, times=FAST, pace=pace or Pace(QUICK), clock=clock
    )
    stop = asyncio.Event()
    running = asyncio.create_task(adapter.run(stop))
    here = World(fake, app, adapter, said, stop, clock)
    try:
        while adapter.office is None or not (said or running.done()):
            if running.done():
                running.result()
            await asyncio.sleep(0.005)
        yield here
    finally:
        stop.set()
        try:
            await asyncio.wait_for(running, 8)
        finally:
            await app.store.close()
