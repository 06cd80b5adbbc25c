"""Cuts text into the word pieces of XLM-RoBERTa: rewriting, then the likeliest cut (Viterbi).

The 250,000 pieces are kept as sorted 64-bit hashes, 3 MB in all, instead of a table of strings:
the memory budget is small. All substrings of a text are looked up in one vectorised search. No
piece holds a space mark but at its beginning, so words are cut apart and remembered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag.e5.weights import Pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]
    Points = NDArray[np.uint32]

SPACE = "\u2581"  # stands for the space in front of a word
LONGEST = 16  # characters of a piece
UNKNOWN = 10.0  # how much less likely than the rarest piece an unknown character is
REMEMBERED = 20_000  # words
_SHORT = 24  # characters; longer runs (Chinese sentences) seldom come again
_SPACES = re.compile(" {2,}")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


class Cutter:
    """The tokenizer; several threads may share it."""

    def __init__(self, pieces: Pieces) -> None:
        """Hash the vocabulary (about 0.1 s)."""
        self._rewrites = dict(pieces.rewrites)
        hashes = _of_pieces(pieces)
        order = np.argsort(hashes, kind="stable")
        self._hashes: Hashes = hashes[order]
        self._ids = order.astype(np.int32)
        self._scores = pieces.scores[order].astype(np.float32)
        self._unknown = pieces.unknown
        self._doubt = float(pieces.scores.min()) - UNKNOWN
        self._memo: dict[str, list[int]] = {}

    def normalised(self, text: str) -> str:
        """The text as the model was taught it: rewritten characters, single spaces."""
        return _SPACES.sub(" ", text.translate(self._rewrites)).strip(" ")

    def cut(self, texts: Sequence[str]) -> list[list[int]]:
        """The pieces of every text, without the marks of beginning and end."""
        split = [[SPACE + word for word in self.normalised(t).split(" ")] for t in texts]
        fresh = {word for words in split for word in words} - self._memo.keys()
        found = dict(zip(fresh, self._viterbi(list(fresh)), strict=True))
        known = self._memo
        cut = [[i for word in words for i in (found.get(word) or known[word])] for words in split]
        if len(known) > REMEMBERED:
            self._memo = known = {}
        known.update((w, ids) for w, ids in found.items() if len(w) <= _SHORT)
        return cut

    def _viterbi(self, words: list[str]) -> list[list[int]]:
        if not words:
            return []
        points = np.frombuffer("\0".join(words).encode("utf-32-le"), "<u4")
        begins, lengths, ids, scores = self._matches(points)
        at = np.searchsorted(begins, np.arange(len(points) + 1)).tolist()
        lengths, ids, scores = lengths.tolist(), ids.tolist(), scores.tolist()
        found: list[list[int]] = []
        start = 0
        for word in words:
            found.append(self._path(start, len(word), at, lengths, ids, scores))
            start += len(word) + 1
        return found

    def _path(
        self, start: int, size: int, at: list[int], lengths: list[int], ids: list[int],
        scores: list[float],
    ) -> list[int]:  # fmt: skip
        """The likeliest cut of one word."""
        best = [0.0] + [-1e30] * size
        came = [(0, self._unknown)] * (size + 1)
        for i in range(size):
            here = best[i]
            for match in range(at[start + i], at[start + i + 1]):
                end = i + lengths[match]
                score = here + scores[match]
                if score > best[end]:
                    best[end] = score
                    came[end] = (i, ids[match])
            if here + self._doubt > best[i + 1]:
                best[i + 1] = here + self._doubt
                came[i + 1] = (i, self._unknown)
        path: list[int] = []
        place = size
        while place > 0:
            place, piece = came[place]
            path.append(piece)
        return path[::-1]

    def _matches(self, points: Points) -> tuple[NDArray[np.int64], ...]:
        """All pieces in a text: where, how long, which, how likely; by place, then length."""
        count = len(points)
        rolling = np.zeros(count, dtype=np.uint64)
        found = []
        wide = points.astype(np.uint64)
        for size in range(1, min(LONGEST, count) + 1):
            rolling = rolling[: count - size + 1] * _FACTOR + wide[size - 1 :]
            where = np.searchsorted(self._hashes, rolling)
            where[where == len(self._hashes)] = 0
            hits = np.flatnonzero(self._hashes[where] == rolling)
            found.append((hits, np.full(len(hits), size), where[hits]))
        begins, lengths, places = (np.concatenate(part) for part in zip(*found, strict=True))
        order = np.argsort(begins, kind="stable")
        places = places[order]
        return begins[order], lengths[order], self._ids[places], self._scores[places]


def _of_pieces(pieces: Pieces) -> Hashes:
    """The hash of every piece; those that are no text hash to something no text has."""
    raw = np.frombuffer(pieces.text, np.uint8)
    before = np.concatenate(([0], np.cumsum((raw & 0xC0) != 0x80)))
    starts = before[pieces.starts]
    points = np.frombuffer(pieces.text.decode("utf-8").encode("utf-32-le"), "<u4")
    points = points.astype(np.uint64)
    lengths = np.diff(starts)
    hashes = np.zeros(len(lengths), dtype=np.uint64)
    for place in range(LONGEST):
        there = np.flatnonzero(lengths > place)
        hashes[there] = hashes[there] * _FACTOR + points[starts[there] + place]
    hashes[pieces.unknown] = np.uint64(0)
    return hashes
