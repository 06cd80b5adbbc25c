"""A figure that is costly to gather and may be a few minutes old."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from datetime import UTC, datetime

from bot.logs import failed

FRESH_S = 120.0
PATIENCE_S = 0.12  # a page rather says "being gathered" than keep somebody waiting


class Cached:
    """Keeps the newest result by key; gathers anew in the background when it is stale."""

    def __init__(self) -> None:
        """Nothing is gathered yet."""
        self._kept: dict[Hashable, tuple[float, datetime, object]] = {}
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}
        self._faults: dict[Hashable, Exception] = {}

    async def get(
        self, key: Hashable, gather: Callable[[], Awaitable[object]]
    ) -> tuple[object, datetime] | None:
        """The newest result with its time; None while the very first is being gathered.

        A fault of the gathering is raised once, at the next look.
        """
        kept = self._kept.get(key)
        stale = kept is None or time.monotonic() - kept[0] > FRESH_S
        if stale and key not in self._tasks:
            self._tasks[key] = asyncio.create_task(self._run(key, gather))
        task = self._tasks.get(key)
        if kept is None and task is not None:
            await asyncio.wait({task}, timeout=PATIENCE_S)
        fault = self._faults.pop(key, None)
        if fault is not None:
            raise fault
        kept = self._kept.get(key)
        return None if kept is None else (kept[2], kept[1])

    def forget(self) -> None:
        """Let the next look gather anew."""
        self._kept.clear()

    async def drain(self) -> None:
        """Wait for what is being gathered."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _run(self, key: Hashable, gather: Callable[[], Awaitable[object]]) -> None:
        try:
            self._kept[key] = (time.monotonic(), datetime.now(UTC), await gather())
        except Exception as error:  # noqa: BLE001  # it is raised to whoever looks next
            failed("admin page: gathering", error)
            self._faults[key] = error
        finally:
            self._tasks.pop(key, None)
