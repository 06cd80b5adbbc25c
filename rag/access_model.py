"""The values of signing in to the admin page, and why it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from rag.versions_model import DeskError, Role

INVITE_LASTS = timedelta(hours=24)
SESSION_LASTS = timedelta(hours=12)
IDLE = timedelta(minutes=30)
TRIES = 5  # wrong passwords for one name
TRIES_IN = timedelta(minutes=15)  # within this time; so long a lock lasts
SHORTEST, LONGEST = 12, 256  # characters of a password


class AccessError(DeskError):
    """Signing in, or choosing a password, is refused; ``key`` names the sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One signed-in browser. ``id`` names it in lists and opens nothing; ``role`` is None only
    where nobody has a role, in an install of one person, who may do everything."""

    id: str
    name: str
    role: Role | None
    made_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who can sign in, or was invited to."""

    name: str
    password: bool
    invited_until: datetime | None
    sessions: int
    locked: bool
