"""One lane per person: their messages are handled in order, different people side by side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bot.model import UserId


class Lanes:
    """Locks by person, dropped as soon as nobody waits, so that memory stays flat."""

    def __init__(self) -> None:
        """No lane exists until somebody speaks."""
        self._locks: dict[UserId, asyncio.Lock] = {}
        self._waiting: dict[UserId, int] = {}

    @asynccontextmanager
    async def hold(self, user: UserId) -> AsyncGenerator[None, None]:
        """Hold this person's lane; asyncio locks wake waiters in the order they came."""
        lock = self._locks.setdefault(user, asyncio.Lock())
        self._waiting[user] = self._waiting.get(user, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._waiting[user] -= 1
            if not self._waiting[user]:
                del self._waiting[user], self._locks[user]

    def __len__(self) -> int:
        """How many lanes are in use."""
        return len(self._locks)
