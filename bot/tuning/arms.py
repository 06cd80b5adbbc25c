"""Who is answered by which adapter: the same for a person until what is on trial changes.

The registry is looked at again when what is known is older than a second, so that a promotion or
a rollback made by another process holds here within two; with the store down, what was known
last goes on holding.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable, Sequence

from bot.errors import StoreError
from bot.model import Assignment, UserId
from bot.tuning.registry import Adapter, Registry, in_state

FRESH_S = 1.0
_WAIT_S = 0.5  # an answer never waits longer for the registry
_STEPS = 1 << 32


class Arms:
    """The Models of the dialogue, over a Registry."""

    def __init__(self, registry: Registry, *, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` in seconds."""
        self._registry = registry
        self._clock = clock
        self._known: tuple[Adapter, ...] = ()
        self._looked: float | None = None
        self._looking = asyncio.Lock()

    async def assigned(self, user: UserId) -> Assignment:
        """The adapter on trial for its share of the people, the active one for all others."""
        await self._look()
        return Assignment(adapter=arm(self._known, user))

    async def _look(self) -> None:
        if self._fresh() or (self._looking.locked() and self._looked is not None):
            return
        async with self._looking:
            if self._fresh():
                return  # another message has just looked
            try:
                async with asyncio.timeout(_WAIT_S):
                    self._known = tuple(await self._registry.adapters())
            except (StoreError, TimeoutError):
                pass
            self._looked = self._clock()

    def _fresh(self) -> bool:
        return self._looked is not None and self._clock() - self._looked < FRESH_S


def arm(adapters: Sequence[Adapter], user: UserId) -> str | None:
    """The name of the adapter that answers ``user``; None: what the generator is."""
    trial = in_state(adapters, "shadow")
    if trial is not None and _place(trial.salt, user) < trial.share:
        return trial.name
    active = in_state(adapters, "active")
    return None if active is None else active.name


def _place(salt: str, user: UserId) -> float:
    """Where a person stands in [0, 1), differently for every trial and known to nobody else."""
    digest = hmac.new(salt.encode(), user.encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:4]) / _STEPS
