"""Reads the packed 4-bit weights of multilingual-e5-small, memory-mapped.

Layout, little-endian: ``E5S1``, a header, the word pieces with their scores, a table of
characters to rewrite, a directory of tensors, the tensors. A 4-bit tensor is a run of 18-byte
blocks of 32 weights: a half-precision scale, then 16 bytes of which byte j holds weight j in
its low half and weight j + 16 in its high half, each as (value / scale) + 8.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.types import RetrievalError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float32]

BLOCK = 32
_BYTES = 18  # of one block
_HEADER = struct.Struct("<4sI7ifi5iQ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The vocabulary: UTF-8 pieces end to end, where each begins, and its log probability."""

    text: bytes
    starts: NDArray[np.uint32]
    scores: Floats
    unknown: int
    rewrites: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The model: sizes, the vocabulary, and tensors by name."""

    hidden: int
    layers: int
    heads: int
    inner: int
    longest: int  # positions
    epsilon: float
    begin: int
    end: int
    pieces: Pieces
    _file: mmap.mmap
    _data: Bytes
    _places: Mapping[str, tuple[int, int]]  # offset and bytes

    def rest(self) -> None:
        """Give back the memory of what was read of the file; what is read again comes back."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._file.madvise(mmap.MADV_DONTNEED)

    def floats(self, name: str) -> Floats:
        """A plain tensor, flat."""
        start, size = self._places[name]
        return np.frombuffer(self._data, "<f4", size // 4, start)

    def blocks(self, name: str, columns: int) -> Bytes:
        """A 4-bit tensor as bytes [rows, columns / 32, 18], still on disk."""
        start, size = self._places[name]
        return self._data[start : start + size].reshape(-1, columns // BLOCK, _BYTES)


def scales(blocks: Bytes) -> Floats:
    """The scale of every block, float32, in the shape of the blocks."""
    found = np.ascontiguousarray(blocks[..., :2]).view("<f2")[..., 0]
    return found.astype(np.float32)


def nibbles(blocks: Bytes) -> Bytes:
    """The 32 values of every block, 0 to 15, in order."""
    halves = blocks[..., 2:]
    return np.concatenate((halves & 15, halves >> 4), axis=-1)


def dense(blocks: Bytes) -> Floats:
    """The weights that blocks stand for, float32, the last two axes made one."""
    values = (nibbles(blocks).astype(np.float32) - 8.0) * scales(blocks)[..., None]
    flat: Floats = values.reshape(*blocks.shape[:-2], -1)
    return flat


def read(path: Path) -> Weights:
    """Open a packed model; RetrievalError when it is none."""
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return _parsed(mapped, np.frombuffer(mapped, dtype=np.uint8))
    except (OSError, ValueError, struct.error, UnicodeDecodeError) as error:
        raise RetrievalError(f"{path}: cannot be read as a packed model: {error}") from error


def _parsed(file: mmap.mmap, data: Bytes) -> Weights:
    magic, _, hidden, layers, heads, inner, _, longest, _, epsilon, block, *rest = (
        _HEADER.unpack_from(data.data, 0)
    )
    if magic != b"E5S1" or block != BLOCK:
        raise ValueError("another format")
    count, begin, end, _, unknown, size = rest
    place = _HEADER.size
    starts = np.frombuffer(data, "<u4", count + 1, place).copy()
    place += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, place).copy()
    place += 4 * count
    text = data[place : place + size].tobytes()
    rewrites, place = _rewrites(data, place + size)
    return Weights(
        hidden=hidden, layers=layers, heads=heads, inner=inner, longest=longest, epsilon=epsilon,
        begin=begin, end=end, _file=file, _data=data, _places=_directory(data, place),
        pieces=Pieces(
            text=text, starts=starts, scores=scores, unknown=unknown, rewrites=rewrites
        ),
    )  # fmt: skip


def _rewrites(data: Bytes, place: int) -> tuple[dict[int, str], int]:
    """The table of characters and what stands for each, and where it ends."""
    count, size = struct.unpack_from("<iI", data.data, place)
    table = data[place + 8 : place + 8 + size].tobytes()
    found: dict[int, str] = {}
    at = 0
    for _ in range(count):
        character, length = struct.unpack_from("<IB", table, at)
        found[character] = "".join(map(chr, struct.unpack_from(f"<{length}I", table, at + 5)))
        at += 5 + 4 * length
    return found, place + 8 + size


def _directory(data: Bytes, place: int) -> dict[str, tuple[int, int]]:
    (count,) = struct.unpack_from("<i", data.data, place)
    place += 4
    found: dict[str, tuple[int, int]] = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data.data, place)
        name = data[place + 2 : place + 2 + length].tobytes().decode("ascii")
        _, _, start, size = struct.unpack_from("<BIQQ", data.data, place + 2 + length)
        found[name] = (start, size)
        place += 2 + length + 21
    return found
