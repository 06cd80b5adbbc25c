"""Looks through what was accepted for what cannot wait, and lets it go before everything else.

Judging words takes longer than keeping them, so it comes after: what is accepted is safe and
confirmed first. It begins with whatever a process before this one left behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from bot.errors import StoreError
from bot.logs import logger
from bot.model import Reply
from bot.store.letters import Body, Letter, Mailbox

Express = Callable[[Body], str]  # the lane of an arrival that cannot wait; "" for all others
URGENT = frozenset({"emergency", "crisis"})
_AT_ONCE = 20
_IDLE_S = 1.0


class Hurry:
    """One per office. ``run`` until ``stop``; ``wake`` when something was accepted."""

    def __init__(self, mailbox: Mailbox, express: Express, *, found: Callable[[], None]) -> None:
        """``express`` runs in a thread; ``found`` is called when something was hurried."""
        self._mailbox = mailbox
        self._express = express
        self._found = found
        self._seen = 0
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """Look again."""
        self._awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Judge until ``stop``. What is answered meanwhile is judged there anyway."""
        while not stop.is_set():
            self._awake.clear()
            try:
                more = await self.step()
            except StoreError as error:
                logger().warning("nothing can be hurried", error=type(error).__name__)
                more = False
            if not more:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), _IDLE_S)

    async def step(self) -> bool:
        """Judge the next few; whether there may be more."""
        parcels = await self._mailbox.waiting(after=self._seen, limit=_AT_ONCE)
        if not parcels:
            return False
        lanes = await asyncio.to_thread(lambda: [self._express(p.body) for p in parcels])
        for parcel, lane in zip(parcels, lanes, strict=True):
            if lane:
                await self._mailbox.hasten(parcel, lane=lane)
                self._found()
        self._seen = parcels[-1].seq
        return len(parcels) == _AT_ONCE


def hurried(reply: Reply, letters: Sequence[Letter]) -> list[Letter]:
    """What tells somebody to get help leaves before anything else."""
    urgent = reply.kind in URGENT
    return [replace(letter, urgent=True) for letter in letters] if urgent else list(letters)
