"""Identifiers: random for people, sortable by time of making for everything else."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
_LENGTH = 26  # 130 bits of room for 128 bits


def new_id(at_ns: int | None = None) -> str:
    """A unique id of 26 letters and digits; later ids sort after earlier ones.

    64 bits of nanoseconds since 1970 and 64 random bits. Two ids of the same nanosecond sort
    in random order. ``at_ns`` replaces the clock.
    """
    nanoseconds = time.time_ns() if at_ns is None else at_ns
    number = (nanoseconds & (1 << 64) - 1) << 64 | secrets.randbits(64)
    digits = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def new_user_id() -> str:
    """128 random bits as 32 hexadecimal digits: says nothing about when or where from."""
    return secrets.token_hex(16)
