"""Discord's own objects, read without trust: a wrong shape gives what is empty, never a fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.model import Lang

Json = Mapping[str, Any]
_EPOCH_MS = 1_420_070_400_000


def mapping(value: Json, key: str) -> Json:
    """The object under ``key``; an empty one for anything else."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def number(value: Json, key: str) -> int:
    """The id or number under ``key``, which Discord often writes as a string; else 0."""
    found = value.get(key)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 20:
        found = int(found)
    usable = isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 1 << 63
    return found if usable and isinstance(found, int) else 0


def string(value: Json, key: str) -> str:
    """The text under ``key``; else empty."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def items(value: Json, key: str) -> Sequence[Json]:
    """The objects of the list under ``key``."""
    found = value.get(key)
    return [x for x in found if isinstance(x, dict)] if isinstance(found, list) else []


def moment(written: str, snowflake: int) -> datetime:
    """An aware time, as written or as the id tells it."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return made_at(snowflake)
    return found if found.utcoffset() is not None else made_at(snowflake)


def made_at(snowflake: int) -> datetime:
    """When an id was made: its upper 42 bits are milliseconds since 2015 (API reference)."""
    return datetime.fromtimestamp(((snowflake >> 22) + _EPOCH_MS) / 1000, UTC)


def snowflake_at(at: datetime) -> int:
    """The smallest id of a moment."""
    return max(0, int(at.timestamp() * 1000) - _EPOCH_MS) << 22


def language(code: str) -> Lang | None:
    """Ours for Discord's ``zh-CN``, ``en-US`` and so on."""
    return "zh" if code.lower().startswith("zh") else "en" if code else None
