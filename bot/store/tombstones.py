"""The list of the forgotten beside the key file, so that a restored backup is erased again.

A backup taken before somebody was forgotten has neither their tombstone nor a reason to drop
them. This list lies outside the database: one JSON line per person, a random id that leads
nowhere and the time. A list that cannot be written is a warning, not a failure to forget.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from bot.store.crypto import KeyRing

_log = logging.getLogger(__name__)


def path_for(keys: KeyRing) -> Path | None:
    """Where the list of a ring lies; None for a ring without a file."""
    return None if keys.path is None else keys.path.with_name(keys.path.name + ".forgotten")


def read(path: Path | None) -> dict[str, int]:
    """Microseconds since 1970 by person; torn or foreign lines are left out."""
    if path is None:
        return {}
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    except OSError:
        _log.warning("the list of the forgotten cannot be read")
        return {}
    return dict(pair for pair in map(_pair, lines) if pair)


def _pair(line: str) -> tuple[str, int] | None:
    try:
        user, at = json.loads(line)
    except (ValueError, TypeError):
        return None
    return (user, at) if isinstance(user, str) and isinstance(at, int) else None


def append(path: Path | None, forgotten: Mapping[str, int]) -> None:
    """Add people to the list, durably, in one write (several processes may append)."""
    if path is None or not forgotten:
        return
    lines = "".join(f"\n{json.dumps(pair)}\n" for pair in forgotten.items())
    try:
        file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        try:
            os.write(file, lines.encode())
            os.fsync(file)
        finally:
            os.close(file)
    except OSError:
        _log.warning("the list of the forgotten cannot be written: a backup may bring them back")
