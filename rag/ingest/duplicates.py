"""Finds documents that say the same: word for word, or nearly.

Near-duplicates are found by MinHash over shingles (five words, or eight Han characters) and
confirmed by the true Jaccard index of the shingles, so no pair is reported by chance. A
document is compared with the first of each group only; a thousand copies give 999 reports.

Jaccard index of two sets: size of the intersection / size of the union. The signature of a
set agrees with another's at one place with exactly that probability (Broder 1997).
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.documents import digest
from rag.tokens import normalise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]

THRESHOLD = 0.9
_WORDS = 5
_ROWS, _BANDS = 5, 13  # a pair at .9 shares a band with probability > .9999
_SEED = 20261122
_FEW = 12  # pieces; shorter texts are compared word for word only
_MOST = 8  # earlier documents of one band that are looked at
_PIECE = re.compile(r"[\u3400-\u9fff]|[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """``doc`` says what ``of``, earlier in order, says; ``share`` is 1.0 word for word.

    Both are places in the sequence given; ``share`` is the Jaccard index of the shingles.
    """

    doc: int
    of: int
    share: float


def duplicates(texts: Sequence[str], threshold: float = THRESHOLD) -> list[Duplicate]:
    """Every text that repeats an earlier one, with the earlier one that it resembles most."""
    pieces = [_PIECE.findall(normalise(text)) for text in texts]
    found: dict[int, Duplicate] = {}
    first: dict[str, int] = {}
    fresh: list[int] = []
    for place, words in enumerate(pieces):
        if not words:
            continue
        before = first.setdefault(digest(" ".join(words)), place)
        if before != place:
            found[place] = Duplicate(doc=place, of=before, share=1.0)
        elif len(words) >= _FEW:
            fresh.append(place)
    found |= {d.doc: d for d in _near(pieces, fresh, threshold)}
    return [found[place] for place in sorted(found)]


def _near(
    pieces: Sequence[list[str]], places: Sequence[int], threshold: float
) -> Iterator[Duplicate]:
    if len(places) < 2:
        return
    shingles = [_shingles(pieces[place]) for place in places]
    bands = _bands(shingles)
    leaders: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for i, place in enumerate(places):
        keys = [(band, int(key)) for band, key in enumerate(bands[i])]
        rivals = dict.fromkeys(j for key in keys for j in leaders[key])
        best, share = -1, 0.0
        for j in rivals:
            likeness = _jaccard(shingles[i], shingles[j])
            if likeness > share:
                best, share = j, likeness
        if share >= threshold:
            yield Duplicate(doc=place, of=places[best], share=round(share, 3))
            continue
        for key in keys:
            if len(leaders[key]) < _MOST:
                leaders[key].append(i)


def _shingles(words: list[str]) -> Hashes:
    """The sorted hashes of all runs of ``_WORDS`` neighbouring words, each once."""
    import numpy as np

    base = np.array([zlib.crc32(w.encode()) for w in words], dtype=np.uint64)
    count = max(1, len(words) - _WORDS + 1)
    mixed = np.zeros(count, dtype=np.uint64)
    for i in range(min(_WORDS, len(words))):
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + base[i : i + count]
    mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed * np.uint64(0xBF58476D1CE4E5B9))


def _bands(shingles: Sequence[Hashes]) -> Hashes:
    """One key per document and band, [documents, bands], from the MinHash signatures."""
    import numpy as np

    random = np.random.default_rng(_SEED)
    size = _ROWS * _BANDS
    odd = random.integers(1, 2**63, size=size, dtype=np.uint64) | np.uint64(1)
    shift = random.integers(1, 2**63, size=size, dtype=np.uint64)
    keys = np.empty((len(shingles), _BANDS), dtype=np.uint64)
    weights = odd[:_ROWS]
    for i, own in enumerate(shingles):
        spread = own[:, None] * odd + shift
        signature = (spread ^ (spread >> np.uint64(31))).min(axis=0)
        keys[i] = (signature.reshape(_BANDS, _ROWS) * weights).sum(axis=1, dtype=np.uint64)
    return keys


def _jaccard(one: Hashes, other: Hashes) -> float:
    import numpy as np

    both = len(np.intersect1d(one, other, assume_unique=True))
    return both / (len(one) + len(other) - both)
