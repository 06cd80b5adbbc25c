"""A circuit breaker: after repeated failures the model is left alone for a while.

closed --(threshold failures in a row)--> open --(cooldown over)--> half-open
half-open lets one call through: success closes it, failure opens it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Breaker:
    """Counts failures in a row; ``allows`` says whether a call may be made now."""

    def __init__(
        self,
        *,
        threshold: int = 3,
        cooldown_s: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``threshold`` failures in a row open it for ``cooldown_s`` seconds."""
        self._threshold = threshold
        self._cooldown = cooldown_s
        self._clock = clock
        self._failures = 0
        self._opened_at: float | None = None
        self._probing = False

    @property
    def state(self) -> str:
        """``closed``, ``open`` or ``half-open``."""
        if self._opened_at is None:
            return "closed"
        if self._clock() - self._opened_at >= self._cooldown:
            return "half-open"
        return "open"

    def allows(self) -> bool:
        """True when a call may be made; in half-open only for the one probing call."""
        state = self.state
        if state == "closed":
            return True
        if state == "half-open" and not self._probing:
            self._probing = True
            return True
        return False

    def succeeded(self) -> None:
        """The call worked: close."""
        self._failures = 0
        self._opened_at = None
        self._probing = False

    def failed(self) -> None:
        """The call failed for the server's sake: count, and open at the threshold."""
        self._failures += 1
        if self._probing or self._failures >= self._threshold:
            self._opened_at = self._clock()
        self._probing = False

    def released(self) -> None:
        """The call was given up by us: no verdict on the server."""
        self._probing = False
