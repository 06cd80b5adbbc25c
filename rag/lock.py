"""One builder at a time: a lock file beside the index, released by the system when we die."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.types import KnowledgeStoreError

WAIT_S = 1800.0  # as long as a large build may take
_POLL_S = 0.1


@contextmanager
def build_lock(path: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the lock file exclusively; KnowledgeStoreError after ``wait_s`` seconds."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise KnowledgeStoreError(
            f"{path}: the data directory cannot be written: {error}"
        ) from error
    try:
        deadline = time.monotonic() + wait_s
        while not _try(handle):
            if time.monotonic() > deadline:
                raise KnowledgeStoreError(f"{path}: another process is still building the index")
            time.sleep(_POLL_S)
        yield
    finally:
        os.close(handle)  # closing releases the lock


def _try(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
