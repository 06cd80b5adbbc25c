"""The queue of this process's writers to one SQLite file, which takes one at a time.

Waiting here is waiting for ourselves: it ends by itself, and giving up would only make us do the
same work twice. So nobody is sent away, unless another process holds the file's lock: then those
who have waited long enough hear of it together, rather than one after the other.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from bot.errors import StoreLockedError


class Queue:
    """In the order they came; what must not be late goes before all others."""

    def __init__(self, patience_s: float) -> None:
        """``patience_s``: how long one waits while another process holds the file."""
        self._patience_s = patience_s
        self._busy = False
        self._refused = float("-inf")  # when another process last held the lock for too long
        self._first: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def turn(self, *, first: bool = False) -> AsyncIterator[None]:
        """Be the one who writes. Raises StoreLockedError as said above.

        A StoreLockedError that is raised inside tells the queue of another process's lock.
        """
        came = time.monotonic()
        await self._wait(first)
        try:
            if self._refused > came and time.monotonic() - came >= self._patience_s:
                raise StoreLockedError("another process holds the file")
            with self._noting():
                yield
        finally:
            self._next()

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except StoreLockedError:
            self._refused = time.monotonic()
            raise

    async def _wait(self, first: bool) -> None:
        if not self._busy:
            self._busy = True
            return
        line = self._first if first else self._others
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._next()  # it was our turn already: somebody else's now
            raise

    def _next(self) -> None:
        for line in (self._first, self._others):
            while line:
                place = line.popleft()
                if not place.done():
                    place.set_result(None)
                    return
        self._busy = False
