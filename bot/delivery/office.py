"""The post office of one bot: it takes the lease, recovers, then receives, sorts and sends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.delivery.errands import arrival
from bot.delivery.hurry import Express, Hurry
from bot.delivery.pace import Pace
from bot.delivery.sender import Courier, Sender
from bot.delivery.sorting import Handler, Sorter
from bot.errors import StoreError
from bot.ids import new_id
from bot.logs import logger
from bot.model import Errand
from bot.ports import Store
from bot.store.letters import Arrival, Mailbox

_ROUND_S = 15.0
_KEEP = timedelta(hours=48)  # longer than any platform repeats an event


Due = Callable[[datetime], Awaitable[Sequence[Errand]]]


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds. ``lease_s``: how long after a crash another process may take over."""

    lease_s: float = 2.0
    drain_s: float = 6.0
    flush_s: float = 2.0


class LeaseLostError(StoreError):
    """Another process took the office while we could not renew the lease."""


class PostOffice:
    """Everything between a platform's events and the handler, and back. ``run`` it once."""

    def __init__(  # noqa: PLR0913  # parts are given, not found
        self,
        mailbox: Mailbox,
        handler: Handler,
        courier: Courier,
        store: Store,
        *,
        times: Times | None = None,
        resend: bool = False,
        clock: Callable[[], datetime] = utc_now,
        pace: Pace | None = None,
        express: Express | None = None,
        due: Due | None = None,
    ) -> None:
        """``resend``: the platform drops doubles by our nonce, so unknown sends may go again.

        ``express`` finds what cannot wait among what was accepted; None where arrivals come
        judged already. ``due``: what the clock brings.
        """
        self.mailbox = mailbox
        self._times = times or Times()
        self._resend = resend
        self._clock = clock
        self._due = due
        self.holder = new_id()
        self._until = datetime.min.replace(tzinfo=UTC)
        self.sender = Sender(
            mailbox,
            courier,
            holder=self.holder,
            clock=clock,
            pace=pace,
            may_send=lambda: self._clock() < self._until,
        )
        self.sorter = Sorter(
            mailbox,
            handler,
            store,
            holder=self.holder,
            clock=clock,
            on_letters=self.sender.wake,
        )
        self._hurry = Hurry(mailbox, express, found=self.sorter.wake) if express else None

    async def accept(self, arrivals: Sequence[Arrival]) -> int:
        """Commit arrivals; how many were new. Only then may they be acknowledged.

        Raises StoreError: then nothing was accepted and the platform must keep them.
        """
        count = await self.mailbox.accept(arrivals, now=self._clock())
        if count:
            self.sorter.wake()
            if self._hurry is not None:
                self._hurry.wake()
        return count

    async def run(
        self, receive: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event
    ) -> None:
        """Hold the office and work until ``stop``; ``receive`` is the platform's own loop."""
        await self._take(stop)
        if stop.is_set():
            return
        ended = asyncio.Event()
        try:
            lost = await self.mailbox.recover(self.holder, resend=self._resend)
            if lost:
                logger().warning("sends of a crashed process", state="unknown", count=lost)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep(ended))
                tasks.create_task(self._rounds(ended))
                receiving = tasks.create_task(_until_stopped(receive, stop))
                tasks.create_task(self._work(stop, receiving, ended))
        finally:
            with suppress(StoreError):
                await self.mailbox.let_go(self.holder)

    async def _rounds(self, ended: asyncio.Event) -> None:
        """Look at the clock again and again while the office is ours."""
        while not ended.is_set():
            try:
                await self.look_at_the_clock()
            except StoreError as error:
                logger().warning("what is due cannot be read", error=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), _ROUND_S)

    async def look_at_the_clock(self) -> int:
        """Accept what is due by now, each once by its name; how many were new."""
        if self._due is None:
            return 0
        found = await self._due(self._clock())
        return await self.accept([arrival(errand) for errand in found]) if found else 0

    async def _work(
        self, stop: asyncio.Event, receiving: asyncio.Task[None], ended: asyncio.Event
    ) -> None:
        """Sort and send; at the end first receiving stops, then sorting, then sending."""
        sorted_out = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.sender.run(sorted_out, drain_s=self._times.flush_s))
                tasks.create_task(self._notice(stop))
                hurrying = tasks.create_task(self._hurry.run(stop)) if self._hurry else None
                await self.sorter.run(stop, drain_s=self._times.drain_s)
                receiving.cancel()
                if hurrying is not None:
                    hurrying.cancel()
                sorted_out.set()
                self.sender.wake()
        finally:
            ended.set()

    async def _notice(self, stop: asyncio.Event) -> None:
        """Have the sorter see ``stop`` at once."""
        await stop.wait()
        self.sorter.wake()

    # --- the lease -----------------------------------------------------------

    async def _take(self, stop: asyncio.Event) -> None:
        told = False
        while not stop.is_set():
            if await self._hold():
                return
            if not told:
                logger().info("another process holds this bot; waiting")
                told = True
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._times.lease_s / 10)

    async def _keep(self, ended: asyncio.Event) -> None:
        purge_at = self._clock()
        while not ended.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), self._times.lease_s / 3)
            if not ended.is_set() and not await self._hold():
                raise LeaseLostError("another process took over")
            if self._clock() >= purge_at:
                purge_at = self._clock() + timedelta(hours=1)
                with suppress(StoreError):
                    await self.mailbox.purge(before=self._clock() - _KEEP)

    async def _hold(self) -> bool:
        """Take or renew; while the database is down nothing is decided."""
        now = self._clock()
        until = now + timedelta(seconds=self._times.lease_s)
        try:
            held = await self.mailbox.hold(self.holder, now=now, until=until)
        except StoreError as error:
            logger().warning("lease not renewed", error=type(error).__name__)
            return self._until.year > 1  # ours before: nobody else can write it either
        if held:
            self._until = until
        return held


async def _until_stopped(
    receive: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event
) -> None:
    """The receiving loop, cut off at ``stop``: what it had not committed is not confirmed."""
    task = asyncio.ensure_future(receive(stop))
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
    finally:
        for each in (task, stopping):
            each.cancel()
        await asyncio.gather(task, stopping, return_exceptions=True)
