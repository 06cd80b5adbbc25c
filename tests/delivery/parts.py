"""A courier, a handler and a clock that a test controls."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.delivery.errors import DeliveryError
from bot.delivery.sorting import Owed
from bot.delivery.unit import Unit
from bot.ids import new_id
from bot.store import KeyRing
from bot.store.letters import Arrival, Letter, Mailbox, Office, Parcel
from bot.store.mailbox import open_mailbox
from bot.store.sql import SqlStore

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
OFFICE = Office(platform="telegram", bot="1")


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> None:
        """Move on."""
        self.now += timedelta(seconds=seconds)


@dataclass
class Courier:
    """Takes letters; ``answer`` may raise for a letter."""

    answer: Callable[[Letter], None] = lambda _: None
    delay: Callable[[], float] = lambda: 0.0
    taken: list[Letter] = field(default_factory=list)
    tried: list[Letter] = field(default_factory=list)
    apologies: bool = True

    def private(self, chat: str) -> bool:
        return not chat.startswith("-")

    def group(self, chat: str) -> bool:
        return chat.startswith("-")

    async def deliver(self, letter: Letter) -> str:
        self.tried.append(letter)
        if wait := self.delay():
            await asyncio.sleep(wait)
        self.answer(letter)
        self.taken.append(letter)
        return str(len(self.taken))

    def apology(self, letter: Letter) -> Letter | None:
        if not self.apologies or letter.body.get("sorry"):
            return None
        body = {"personal": False, "text": "sorry", "sorry": True}
        return Letter(id=new_id(), chat=letter.chat, body=body, origin=f"sorry:{letter.id}")

    def texts(self, chat: str | None = None) -> list[str]:
        """What arrived, in order."""
        return [str(x.body["text"]) for x in self.taken if chat in (None, x.chat)]


@dataclass
class Echo:
    """Answers every arrival with its own text."""

    chance: random.Random = field(default_factory=lambda: random.Random(3))
    slowest: float = 0.0
    fail: Callable[[Parcel], None] = lambda _: None
    handled: list[Parcel] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def handle(self, parcel: Parcel, unit: Unit) -> Owed:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            await asyncio.sleep(self.chance.uniform(0, self.slowest))
            self.fail(parcel)
        finally:
            self.at_once -= 1
        self.handled.append(parcel)
        return lambda: [note(parcel.body["chat"], parcel.body["text"], origin=str(parcel.seq))]

    def give_up(self, parcel: Parcel) -> Sequence[Letter]:
        return [note(parcel.body["chat"], "given up", origin=str(parcel.seq))]


def note(chat: str, text: str, *, origin: str = "", part: int = 0, **body: object) -> Letter:
    """A general letter."""
    id_ = new_id()
    whole = {"personal": False, "private": True, "text": text} | body
    return Letter(id=id_, chat=chat, body=whole, origin=origin or id_, part=part)


def arrives(number: int, *, chat: str = "7", text: str = "", **more: str) -> Arrival:
    """An arrival."""
    body = {"chat": chat, "text": text or f"m{number}"}
    return Arrival(dedup=str(number), chat=chat, body=body, **more)


def raising(error: DeliveryError, *, times: int = 1) -> Callable[[Letter], None]:
    """An answer that raises so many times, then takes everything."""
    left = [times]

    def answer(_: Letter) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise error

    return answer


@asynccontextmanager
async def opened(url: str, folder: Path) -> AsyncGenerator[tuple[SqlStore, Mailbox], None]:
    """A store and its mailbox."""
    keys = KeyRing.load_or_create(folder / "salus.key")
    store = await SqlStore.open(url, keys=keys)
    try:
        yield store, open_mailbox(store, OFFICE)
    finally:
        await store.close()
