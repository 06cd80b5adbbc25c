"""Claims arrivals and has them handled: in order in one lane, side by side across lanes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from bot.delivery.errands import LONG_S, is_errand
from bot.delivery.room import Room
from bot.delivery.unit import Unit, unit
from bot.errors import NotFoundError, StoreError
from bot.logs import logger
from bot.ports import Store
from bot.store.letters import Letter, Mailbox, Parcel

MAX_TRIES = 8
_IDLE_S = 1.0
_BESIDES = 8  # so many that cannot wait are taken although enough is under way
_GATHER_S = 0.004  # what ends or arrives within this is claimed in one go
Owed = Callable[[], Sequence[Letter]]


class Handler(Protocol):
    """What an adapter does with an arrival."""

    async def handle(self, parcel: Parcel, unit: Unit) -> Owed:
        """Do it. Letters are asked for when the effects are stored, so that ids are real."""
        ...

    def give_up(self, parcel: Parcel) -> Sequence[Letter]:
        """Letters that tell the person that this one cannot be answered."""
        ...


@dataclass(eq=False)
class _Done:
    """A message that was handled and whose effects wait for their commit."""

    parcel: Parcel
    held: Unit
    owed: Owed
    fault: Exception | None = None


class Sorter:
    """One per office. ``run`` until ``stop``; ``wake`` when something was accepted."""

    def __init__(  # noqa: PLR0913  # parts are given, not found
        self,
        mailbox: Mailbox,
        handler: Handler,
        store: Store,
        *,
        holder: str,
        clock: Callable[[], datetime],
        on_letters: Callable[[], None] = lambda: None,
        at_once: int = 64,
        patience_s: float = 75.0,
    ) -> None:
        """``store`` is the real store behind the dialogue's UnitStore."""
        self._mailbox = mailbox
        self._handler = handler
        self._store = store
        self._holder = holder
        self._clock = clock
        self._on_letters = on_letters
        self._room = Room(most=at_once)
        self._patience_s = patience_s
        self._awake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._done: list[_Done] = []
        self._committing = asyncio.Lock()

    def wake(self) -> None:
        """Look again."""
        self._awake.set()

    @property
    def full(self) -> bool:
        """Whether more may wait than can be worked on: what is only nice to have gives way."""
        return len(self._running) >= self._room.now

    async def run(self, stop: asyncio.Event, *, drain_s: float = 6.0) -> None:
        """Work until ``stop``, then let what is under way end; the rest stays in the inbox."""
        watching = asyncio.create_task(self._room.watch())
        try:
            while not stop.is_set():
                await asyncio.sleep(_GATHER_S)
                self._awake.clear()
                if not await self._claim():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._awake.wait(), _IDLE_S)
            if self._running:
                await asyncio.wait(self._running, timeout=drain_s)
        finally:
            for task in (watching, *self._running):
                task.cancel()
            await asyncio.gather(watching, *self._running, return_exceptions=True)

    async def _claim(self) -> bool:
        """Start what can be started; whether there may be more."""
        room = self._room.now - len(self._running)
        full = room <= 0
        if full and room <= -_BESIDES:
            return False
        try:
            parcels = await self._mailbox.claim(
                self._holder, now=self._clock(), limit=room if not full else 1, urgent=full
            )
        except StoreError as error:
            logger().warning("inbox cannot be read", error=type(error).__name__)
            return False
        for parcel in parcels:
            task = asyncio.create_task(self._one(parcel))
            self._running.add(task)
            task.add_done_callback(self._ended)
        return bool(parcels) and (full or len(parcels) == room)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._awake.set()

    async def _one(self, parcel: Parcel) -> None:
        try:
            with unit() as held:
                async with held.held:
                    patience = LONG_S if is_errand(parcel.body) else self._patience_s
                    async with asyncio.timeout(patience):
                        owed = await self._handler.handle(parcel, held)
                    await self._finish(parcel, held, owed)
        except NotFoundError:  # whom it is about was erased meanwhile: they are somebody new
            logger().info("message handled anew", count=parcel.tries)
            await self._again(parcel)
        except Exception as error:  # noqa: BLE001  # a poisonous message must not stop its lane
            logger().error("message not handled", error=type(error).__name__, count=parcel.tries)
            await self._again(parcel)
        self._on_letters()

    async def _finish(self, parcel: Parcel, held: Unit, owed: Owed) -> None:
        """Commit what is done, together with all that was done while the last commit ran.

        A disk makes about a hundred commits a second, whatever is in them.
        """
        done = _Done(parcel, held, owed)
        if parcel.tries > 1:  # perhaps the one that spoils a batch
            await self._mailbox.finish(parcel, lambda: self._effects([done]), now=self._clock())
            return
        self._done.append(done)
        async with self._committing:
            if done in self._done:  # else it went with another's
                batch, self._done = self._done, []
                await self._commit(batch)
        if done.fault is not None:
            raise done.fault

    async def _commit(self, batch: list[_Done]) -> None:
        """One transaction for all. When it fails all are handled anew, each with its own."""
        try:
            effects = partial(self._effects, batch)
            await self._mailbox.finish(batch[0].parcel, effects, now=self._clock())
        except Exception as error:  # noqa: BLE001  # raised where each message is handled
            for done in batch:
                done.fault = error

    async def _effects(self, batch: Sequence[_Done]) -> Sequence[Letter]:
        """The effects of the first, with the others finished inside its transaction."""
        for done in batch[1:]:
            effects = partial(self._effects, [done])
            await self._mailbox.finish(done.parcel, effects, now=self._clock())
        await batch[0].held.apply(self._store)
        return batch[0].owed()

    async def _again(self, parcel: Parcel) -> None:
        """Put it back for later, or give it up after too many tries."""
        now = self._clock()
        wait = backoff(parcel.tries)
        while True:
            try:
                if parcel.tries >= MAX_TRIES:
                    logger().error("message given up", state="dead", count=parcel.tries)
                    await self._mailbox.bury(parcel, self._handler.give_up(parcel), now=now)
                else:
                    until = now + timedelta(seconds=wait)
                    await self._mailbox.put_back(parcel, not_before=until)
            except StoreError:
                await asyncio.sleep(0.5)  # it stays ours until the database is back
            else:
                return


def backoff(tries: int, *, most: float = 60.0) -> float:
    """Seconds before the next try: doubling from a quarter of a second, with jitter."""
    base = min(most, 0.25 * 2.0 ** min(tries, 12))
    return base * random.uniform(0.5, 1.0)  # noqa: S311  # spreading, not secrecy
