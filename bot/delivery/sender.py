"""Takes letters out of the outbox, one at a time per chat, and settles what became of each.

A letter is committed as ``sending`` before it leaves and settled afterwards; the settling of
many is one transaction. Nothing waits for another chat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.delivery.errors import (
    AmbiguousError,
    DeliveryError,
    FloodedError,
    LockedOutError,
    MovedError,
    NotSentError,
    PrivacyError,
    RefusedError,
    UnreachableError,
)
from bot.delivery.pace import Pace
from bot.delivery.privacy import guard
from bot.delivery.sorting import MAX_TRIES, backoff
from bot.errors import StoreError
from bot.logs import logger
from bot.store.letters import Letter, LetterState, Mailbox, Outcome

_IDLE_S = 1.0
_GATHER_S = 0.004  # letters queued within this leave in one round
_TOO_OLD = timedelta(hours=24)  # an answer nobody could be given for a day is given up


class Courier(Protocol):
    """The platform's edge. ``deliver`` returns the platform's message id or raises by name."""

    def private(self, chat: str) -> bool: ...
    def group(self, chat: str) -> bool: ...
    async def deliver(self, letter: Letter) -> str: ...
    def apology(self, letter: Letter) -> Letter | None: ...


@dataclass
class Tally:
    """What happened since the start; ``unknown`` are the ambiguous ones, each also a row."""

    sent: int = 0
    unknown: int = 0
    flooded: int = 0
    failed: int = 0
    dead: int = 0
    retried: int = 0


class Sender:
    """One per office. ``run`` until ``stop``; ``step`` is one round, for a simulated clock."""

    def __init__(
        self,
        mailbox: Mailbox,
        courier: Courier,
        *,
        holder: str,
        clock: Callable[[], datetime],
        pace: Pace | None = None,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        """``may_send`` is false while the office's lease is in doubt."""
        self._mailbox = mailbox
        self._courier = courier
        self._holder = holder
        self._clock = clock
        self.pace = pace or Pace()
        self._may_send = may_send
        self.tally = Tally()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._outcomes: list[Outcome] = []
        self._settling = asyncio.Lock()
        self._awake = asyncio.Event()
        self._locked_out: LockedOutError | None = None

    def wake(self) -> None:
        """Look again."""
        self._awake.set()

    async def run(self, stop: asyncio.Event, *, drain_s: float = 3.0) -> None:
        """Send until ``stop``, then send on what can go at once. Raises LockedOutError."""
        try:
            while not stop.is_set():
                await asyncio.sleep(_GATHER_S)
                self._awake.clear()
                wait = await self.step()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), wait)
            with suppress(TimeoutError):
                async with asyncio.timeout(drain_s):
                    await self._flush()
        finally:
            if self._busy:
                await asyncio.wait(self._busy.values(), timeout=1.0)
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def _flush(self) -> None:
        while True:
            wait = await self.step()
            if self._busy:
                await asyncio.wait(self._busy.values(), return_when=asyncio.FIRST_COMPLETED)
            elif wait > 0.3:
                return
            else:
                await asyncio.sleep(wait)

    async def step(self) -> float:
        """Start what may go now; seconds until it is worth looking again."""
        if self._locked_out is not None:
            raise self._locked_out
        if not self._may_send():
            return 0.1
        now = self._clock()
        try:
            letters = await self._mailbox.heads(now=now, busy=list(self._busy))
            ready, wait = self._ready(letters, now)
            if ready:
                ours = await self._mailbox.mark_sending([x.id for x in ready], self._holder)
                ready = [x for x in ready if x.id in ours]
            elif not letters:
                due = await self._mailbox.next_due(now=now)
                wait = (due - now).total_seconds() if due else _IDLE_S
        except StoreError as error:
            logger().warning("outbox cannot be read", error=type(error).__name__)
            return 0.5
        for letter in ready:
            self._busy[letter.lane] = asyncio.create_task(self._one(letter))
        return min(max(wait, 0.005), _IDLE_S)

    async def idle(self) -> None:
        """Wait until nothing is on its way."""
        while self._busy:
            await asyncio.wait(list(self._busy.values()))

    def _ready(self, letters: list[Letter], now: datetime) -> tuple[list[Letter], float]:
        """Those whose turn it is, and the shortest wait of the others."""
        ready: list[Letter] = []
        shortest = _IDLE_S
        for letter in letters:
            group = self._courier.group(letter.chat)
            wait = self.pace.take(letter.chat, now.timestamp(), group=group)
            if wait <= 0:
                ready.append(letter)
            else:
                shortest = min(shortest, wait)
        return ready, shortest

    # --- one letter ----------------------------------------------------------

    async def _one(self, letter: Letter) -> None:
        try:
            outcome = await self._attempt(letter)
            if outcome is not None:
                await self._settle(outcome)
        finally:
            self._busy.pop(letter.lane, None)
            self._awake.set()

    async def _attempt(self, letter: Letter) -> Outcome | None:
        try:
            guard(letter.body, private=self._courier.private(letter.chat))
            shown = await self._courier.deliver(letter)
        except PrivacyError as error:
            logger().error("letter stopped", error=type(error).__name__)
            return self._ended(letter, "failed")
        except DeliveryError as error:
            return await self._failed(letter, error)
        except Exception as error:  # noqa: BLE001  # an unforeseen fault must not stop the lane
            logger().error("letter not sent", error=type(error).__name__)
            return self._later(letter, counts=True)
        self.tally.sent += 1
        return Outcome(id=letter.id, state="sent", platform_message_id=shown)

    async def _failed(self, letter: Letter, error: DeliveryError) -> Outcome | None:
        """Exactly what each failure asks for (reliability.md, 4)."""
        match error:
            case FloodedError():
                self.tally.flooded += 1
                until = self._clock() + timedelta(seconds=error.retry_after)
                self.pace.silence(letter.chat, until.timestamp())
                return Outcome(id=letter.id, state="pending", not_before=until)
            case AmbiguousError():
                self.tally.unknown += 1
                logger().warning("a send is unknown", state="unknown", count=self.tally.unknown)
                return Outcome(id=letter.id, state="unknown")
            case NotSentError():
                return self._later(letter, counts=False)
            case MovedError():
                await self._surely(lambda: self._mailbox.rekey(letter.chat, error.chat))
                return Outcome(id=letter.id, state="pending")
            case UnreachableError():
                await self._surely(
                    lambda: self._mailbox.set_reachable(letter.chat, False, now=self._clock())
                )
                return self._ended(letter, "failed")
            case LockedOutError():
                self._locked_out = error
                return Outcome(id=letter.id, state="pending")
            case RefusedError():
                return await self._refused(letter)
            case _:
                return self._later(letter, counts=True)

    async def _refused(self, letter: Letter) -> Outcome:
        sorry = self._courier.apology(letter)
        if sorry is not None:
            await self._surely(lambda: self._mailbox.post([sorry], now=self._clock()))
        return self._ended(letter, "failed")

    def _later(self, letter: Letter, *, counts: bool) -> Outcome:
        now = self._clock()
        old = letter.queued_at is not None and now - letter.queued_at > _TOO_OLD
        if old or (counts and letter.tries + 1 >= MAX_TRIES):
            return self._ended(letter, "dead")
        self.tally.retried += 1
        until = now + timedelta(seconds=backoff(letter.tries))
        return Outcome(id=letter.id, state="pending", not_before=until, counts=True)

    def _ended(self, letter: Letter, state: LetterState) -> Outcome:
        if state == "dead":
            self.tally.dead += 1
        else:
            self.tally.failed += 1
        logger().error("letter given up", state=state, count=letter.tries + 1)
        return Outcome(id=letter.id, state=state)

    # --- settling ------------------------------------------------------------

    async def _settle(self, outcome: Outcome) -> None:
        """Commit an outcome, together with all that came while the last commit ran."""
        self._outcomes.append(outcome)
        async with self._settling:
            if outcome not in self._outcomes:
                return  # went with another's
            batch, self._outcomes = self._outcomes, []
            await self._surely(lambda: self._mailbox.settle(batch, now=self._clock()))

    async def _surely(self, work: Callable[[], object]) -> None:
        """Do it when the database lets us: what has left cannot be taken back."""
        while True:
            try:
                await work()  # type: ignore[misc]
            except StoreError as error:
                logger().warning("outbox cannot be written", error=type(error).__name__)
                await asyncio.sleep(0.3)
            else:
                return
