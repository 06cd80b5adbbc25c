"""Keeps glibc from hoarding memory: few arenas, large blocks apart, free pages given back.

Loading the index and its model frees a lot at once, in worker threads, and each thread's arena
would keep its share for the life of the process. The embedder's blocks are large, of every size,
and short-lived; glibc learns from the first ones freed to keep such blocks among the small ones,
where what stays between them keeps their pages: memory then grows with every question for hours.
Does nothing where there is no glibc.
"""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h
_ARENAS = 2
_LARGE = 512 * 1024  # bytes; from here on a block is the system's, not the arena's


def _libc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL("libc.so.6")
    except OSError:
        return None


def set_up() -> None:
    """Call once, before threads start."""
    libc = _libc()
    if libc is not None and hasattr(libc, "mallopt"):
        libc.mallopt(_M_ARENA_MAX, _ARENAS)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE)  # set, it is no longer learnt
        libc.mallopt(_M_TRIM_THRESHOLD, _LARGE)


def give_back() -> None:
    """Return free pages to the system."""
    libc = _libc()
    if libc is not None and hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
