"""A clock for tests that count days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime


def from_noon() -> Callable[[], datetime]:
    """It goes on from noon (UTC) of today, so that no midnight comes while a test runs."""
    now = datetime.now(UTC)
    ahead = now.replace(hour=12, minute=0, second=0, microsecond=0) - now
    return lambda: datetime.now(UTC) + ahead
