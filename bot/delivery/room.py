"""How many messages are worked on at once: as many as can be, and fewer while everything is late.

All of them share one event loop with receiving and sending. When that loop comes back late, one
more message at a time makes every one slower and none sooner; what waits is safe in the inbox.
"""

from __future__ import annotations

import asyncio
import time

_EVERY_S = 0.05
_LATE_S = 0.03  # later than this: less at once
_SOON_S = 0.012  # sooner than this: more
_LEARNS = 0.3  # how much the last look counts


class Room:
    """``now`` is between ``least`` and ``most``; ``watch`` keeps it fitting."""

    def __init__(self, *, most: int = 64, least: int = 8) -> None:
        """Begin with ``most``."""
        self._most = most
        self._least = min(least, most)
        self._late = 0.0
        self.now = most

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            began = time.monotonic()
            await asyncio.sleep(_EVERY_S)
            self.felt(time.monotonic() - began - _EVERY_S)

    def felt(self, late_s: float) -> None:
        """The loop was so late."""
        self._late += _LEARNS * (late_s - self._late)
        if self._late > _LATE_S:
            self.now = max(self._least, int(self.now * 0.9))
        elif self._late < _SOON_S:
            self.now = min(self._most, self.now + 1)
