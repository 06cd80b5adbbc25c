"""Passwords kept as scrypt hashes (RFC 7914), each with its own salt and its costs beside it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """scrypt's parameters: memory is 128 * n * r bytes, time grows with n * r * p."""

    n: int = 2**14
    r: int = 8
    p: int = 5


COST = Cost()  # 16 MB and a fifth of a second or so


def hashed(password: str, cost: Cost = COST) -> str:
    """What is stored: ``scrypt$n$r$p$salt$hash``, salt and hash in base64."""
    salt = secrets.token_bytes(16)
    found = _derive(password, salt, cost)
    return f"scrypt${cost.n}${cost.r}${cost.p}${_b64(salt)}${_b64(found)}"


def fits(password: str, stored: str) -> bool:
    """Whether a password is the stored one, compared in constant time."""
    _, n, r, p, salt, wanted = stored.split("$")
    found = _derive(password, base64.b64decode(salt), Cost(int(n), int(r), int(p)))
    return hmac.compare_digest(found, base64.b64decode(wanted))


def _derive(password: str, salt: bytes, cost: Cost) -> bytes:
    data = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(
        data,
        salt=salt,
        n=cost.n,
        r=cost.r,
        p=cost.p,
        maxmem=2**20 + 256 * cost.n * cost.r,
        dklen=32,
    )


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
