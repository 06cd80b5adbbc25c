"""Commits events before anything else, and acknowledges interactions within their three seconds.

Events wait here, in order, until the database has them. A message can wait for as long as that
takes: after a crash Discord still has it. An interaction cannot: it is acknowledged as soon as
it is stored. If that takes longer than two seconds, its person is told that it is not yet safe,
and told at once when it will not be stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from bot.adapters.discord import buttons
from bot.adapters.discord.acks import Acks
from bot.adapters.discord.api import Json, Me
from bot.adapters.discord.events import Event, arrival, read
from bot.adapters.discord.handler import DiscordHandler
from bot.adapters.discord.notebook import Notebook
from bot.adapters.discord.urgent import Unstored
from bot.adapters.discord.wire import EPHEMERAL, FORM, TEXT, THINKING, UPDATING, Hooks
from bot.delivery.errors import DeliveryError
from bot.delivery.office import PostOffice
from bot.errors import StoreError
from bot.i18n import t
from bot.logs import logger
from bot.store.letters import Arrival

_STORE_S = 2.0  # then an interaction gets its first answer, whether it is stored or not
_BATCH = 200
_MOST = 20_000  # events that wait; more are fetched again once the database is back
_GATHER_S = 0.003
_IDLE_S = 5.0


@dataclass
class Item:
    """One event on its way into the database."""

    event: Event
    arrival: Arrival
    stored: asyncio.Future[None] | None = None  # for an interaction: when it is, or never will be
    then: Callable[[], None] = lambda: None  # once it is stored


@dataclass
class Intake:
    """Of one bot, for as long as it is connected."""

    office: PostOffice
    handler: DiscordHandler
    hooks: Hooks
    acks: Acks
    unstored: Unstored
    notebook: Notebook
    me: Me
    clock: Callable[[], datetime]
    heard: Callable[[], datetime | None] = lambda: None  # until when nothing was missed
    later: Callable[[Item], bool] = lambda _: False  # whether a backfill will bring it in order
    catching_up: Callable[[], bool] = lambda: False
    overflow: Callable[[], None] = lambda: None
    accepted_from: Callable[[Event], None] = lambda _: None
    waiting: list[Item] = field(default_factory=list)
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    acking: set[asyncio.Task[None]] = field(default_factory=set)
    accepted: int = 0
    storing: int = 0  # events that are being committed right now

    def take(self, frame: Json) -> None:
        """An event of the gateway."""
        event = read(frame, self.me)
        if event is None:
            return
        if event.ack == "not_yours":
            self._start(self._not_yours(event))
            return
        item = self.item(frame, event)
        if event.tap is not None:
            item.stored = asyncio.get_running_loop().create_future()
            self.acks.begin(event.tap.id)
            self._start(self._acknowledge(event, item.stored))
        elif self.later(item):
            return
        self.put([item])

    def item(self, frame: Json, event: Event) -> Item:
        """An event to be stored; emergencies take the lane that waits for nothing."""
        return Item(event, arrival(frame, event, urgent=self.handler.urgent(event)))

    def put(self, items: Sequence[Item], then: Callable[[], None] = lambda: None) -> None:
        """Have these stored after those that wait, ``then`` call; what is too much comes later."""
        if self.full:
            _let_go(items, StoreError("too much waits"))
            self.overflow()
            return
        if items:
            items[-1].then = then
        else:
            then()
        self.waiting += items
        self.awake.set()

    @property
    def full(self) -> bool:
        """Whether so much waits that the rest has to stay with Discord."""
        return len(self.waiting) > _MOST

    @property
    def busy(self) -> bool:
        """Whether anything is still to be committed."""
        return bool(self.waiting or self.storing)

    async def run(self, stop: asyncio.Event) -> None:
        """Store until ``stop``."""
        try:
            while not stop.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.awake.wait(), _IDLE_S)
                await asyncio.sleep(_GATHER_S)
                self.awake.clear()
                await self._round(stop)
        finally:
            for task in self.acking:
                task.cancel()
            await asyncio.gather(*self.acking, return_exceptions=True)

    async def _round(self, stop: asyncio.Event) -> None:
        while self.waiting and not stop.is_set():
            batch, self.waiting = self.waiting[:_BATCH], self.waiting[_BATCH:]
            self.storing = len(batch)
            stored = await self._store(batch)
            self.storing = 0
            if not stored:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), 0.5)
        try:
            complete = not (self.waiting or self.catching_up())
            await self.notebook.keep(self.clock(), self.heard() if complete else None)
        except StoreError as error:
            logger().warning("notebook not kept", error=type(error).__name__)

    async def _store(self, batch: list[Item]) -> bool:
        """Commit; on a fault messages wait in their places and interactions are let go."""
        try:
            for item in batch:
                self.notebook.note(item.event.chat)
            await self.notebook.keep(self.clock())
            await self.office.accept([item.arrival for item in batch])
        except StoreError as error:
            logger().warning("nothing can be accepted", error=type(error).__name__)
            self.waiting = [i for i in batch if i.stored is None] + self.waiting
            _let_go(batch, error)
            await self.unstored.answer([i.event for i in batch if i.stored is None])
            return False
        self.accepted += len(batch)
        for item in batch:
            if item.stored is not None and not item.stored.done():
                item.stored.set_result(None)
            item.then()
            self.accepted_from(item.event)
        return True

    # --- the first answer to an interaction

    async def _acknowledge(self, event: Event, stored: asyncio.Future[None]) -> None:
        tap = event.tap
        assert tap is not None  # noqa: S101  # only interactions come here
        well = False
        try:
            await asyncio.wait({stored}, timeout=_STORE_S)
            if stored.done():
                await stored
            await self._respond(event, safe=stored.done())
            well = True
            self.acks.end(tap.id, well=True)
            await stored
        except StoreError:
            await self.unstored.refuse(event, acknowledged=well)
        except DeliveryError as error:
            logger().warning("interaction not acknowledged", error=type(error).__name__)
            with suppress(StoreError):
                await stored
        finally:
            self.acks.end(tap.id, well=well)

    async def _respond(self, event: Event, *, safe: bool) -> None:
        """The first answer. A command that is not stored yet is not said to be under way."""
        tap = event.tap
        assert tap is not None  # noqa: S101
        lang = self.handler.lang(event)
        whisper = {"flags": EPHEMERAL} if tap.whisper else {}
        if event.ack == "form":
            await self.hooks.respond(tap.id, tap.token, FORM, buttons.form(event.data, lang))
        elif event.ack == "update":
            await self.hooks.respond(tap.id, tap.token, UPDATING)
        elif safe:
            await self.hooks.respond(tap.id, tap.token, THINKING, whisper)
        elif self.handler.urgent(event):
            await self.unstored.refuse(event, acknowledged=False)
        else:
            words = {"content": t("discord.not_safe_yet", lang)}
            await self.hooks.respond(tap.id, tap.token, TEXT, words | whisper)

    async def _not_yours(self, event: Event) -> None:
        """Somebody pressed under another person's answer: nothing is stored of it."""
        tap = event.tap
        assert tap is not None  # noqa: S101
        text = t("discord.not_yours", self.handler.lang(event))
        data = {"content": text, "flags": EPHEMERAL}
        with suppress(DeliveryError):
            await self.hooks.respond(tap.id, tap.token, TEXT, data)

    def _start(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self.acking.add(task)
        task.add_done_callback(self.acking.discard)


def _let_go(items: Sequence[Item], error: StoreError) -> None:
    """These interactions will not be stored."""
    for item in items:
        if item.stored is not None and not item.stored.done():
            item.stored.set_exception(error)
