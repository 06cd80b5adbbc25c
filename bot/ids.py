"""Sortable unique ids: a millisecond clock, then randomness, in Crockford's base 32 (ULID)."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(now_ms: int | None = None) -> str:
    """26 characters; ids made later sort later (to the millisecond)."""
    number = ((now_ms or time.time_ns() // 1_000_000) << 80) | secrets.randbits(80)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
