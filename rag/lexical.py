"""BM25 over two fields, the head (title, question, topics) and the body, with own terms.

The two fields are scored apart, so a short title is not drowned by a long text, and are
joined by weights at query time. Scores are precomputed by bm25s and read memory-mapped.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rag.tokens import terms
from rag.types import IndexCorruptError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Scores = NDArray[np.float32]
    Places = NDArray[np.int32]

K1, B_HEAD, B_BODY = 1.2, 0.5, 0.6
FIELDS = ("head", "body")


@dataclass(frozen=True, slots=True)
class FieldText:
    """What one chunk offers to each field."""

    head: str
    body: str


class LexicalIndex:
    """The loaded index; read-only, so threads may share it."""

    def __init__(self, fields: Mapping[str, Any], vocabulary: Mapping[str, int], rows: int) -> None:
        """Made by ``load``. ``fields`` maps a field name to its sparse score columns."""
        self._fields = fields
        self.vocabulary = vocabulary
        self.rows = rows
        self.memo: dict[str, Any] = {}  # what others derive from this index once, by name

    def scores(self, weights: Mapping[str, float], field: str) -> Scores:
        """Weighted BM25 of every row for the terms given; unknown terms count nothing."""
        data, indices, indptr = self._fields[field]
        out = np.zeros(self.rows, dtype=np.float32)
        for term, weight in weights.items():
            column = self.vocabulary.get(term)
            if column is not None:
                part = slice(indptr[column], indptr[column + 1])
                # a term's rows are unique, so plain indexed addition is right
                out[indices[part]] += weight * data[part]
        return out

    def rows_with(self, term: str, field: str) -> Places:
        """The rows whose field holds the term; each once."""
        _, indices, indptr = self._fields[field]
        column = self.vocabulary.get(term)
        if column is None:
            return np.zeros(0, dtype=np.int32)
        found: Places = indices[indptr[column] : indptr[column + 1]]
        return found

    def holds(self, row: int, term: str, field: str) -> bool:
        """Whether a row's field holds the term."""
        return bool((self.rows_with(term, field) == row).any())

    def rarities(self, field: str) -> Scores:
        """Inverse document frequency of every term in a field, as ``rarity`` counts it."""
        counts = np.diff(self._fields[field][2])
        found: Scores = np.log(1 + (self.rows - counts + 0.5) / (counts + 0.5)).astype(np.float32)
        return found

    def masses(self, field: str) -> Scores:
        """Per row, the rarities of the distinct terms of its field added up."""
        _, indices, indptr = self._fields[field]
        weights = np.repeat(self.rarities(field), np.diff(indptr))
        total = np.bincount(indices, weights=weights, minlength=self.rows)
        return total.astype(np.float32)

    def rarity(self, term: str) -> float:
        """Inverse document frequency in the body, ln(1 + (N - n + 0.5) / (n + 0.5)); 0 unknown."""
        column = self.vocabulary.get(term)
        if column is None:
            return 0.0
        _, _, indptr = self._fields["body"]
        count = int(indptr[column + 1] - indptr[column])
        return float(np.log(1 + (self.rows - count + 0.5) / (count + 0.5)))

    def frequency(self, term: str) -> int:
        """In how many rows the term occurs (both fields added up)."""
        column = self.vocabulary.get(term)
        if column is None:
            return 0
        return sum(int(p[column + 1] - p[column]) for _, _, p in self._fields.values())


def build(folder: Path, texts: Iterable[FieldText]) -> None:
    """Build and save the index of all rows, in order, into a new folder."""
    vocabulary: dict[str, int] = {}
    corpus: dict[str, list[array[int]]] = {name: [] for name in FIELDS}
    for text in texts:
        for name in FIELDS:
            ids = (vocabulary.setdefault(t, len(vocabulary)) for t in terms(getattr(text, name)))
            corpus[name].append(array("i", ids))
    folder.mkdir(parents=True)
    for name, b in zip(FIELDS, (B_HEAD, B_BODY), strict=True):
        _save_field(folder / name, corpus[name], len(vocabulary), b)
    (folder / "vocabulary.json").write_text(
        json.dumps(list(vocabulary), ensure_ascii=False), encoding="utf-8"
    )


def _save_field(folder: Path, rows: list[array[int]], size: int, b: float) -> None:
    import bm25s

    folder.mkdir()
    if not size or not any(rows):
        parts = (np.zeros(0, "f4"), np.zeros(0, "i4"), np.zeros(size + 1, "i8"))
    else:
        engine = bm25s.BM25(k1=K1, b=b, method="lucene", backend="numpy", csc_backend="numpy")
        scores = engine.build_index_from_ids(range(size), rows, show_progress=False)
        parts = (scores["data"], scores["indices"], scores["indptr"])
    for name, kind, part in zip(
        ("data", "indices", "indptr"), ("f4", "i4", "i8"), parts, strict=True
    ):
        np.save(folder / f"{name}.npy", part.astype(kind))


def load(folder: Path, rows: int) -> LexicalIndex:
    """Open a saved index; raises IndexCorruptError when it cannot be read."""
    try:
        listed = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        fields = {
            name: tuple(
                np.load(
                    folder / name / f"{part}.npy", mmap_mode=_mode(folder / name / f"{part}.npy")
                )
                for part in ("data", "indices", "indptr")
            )
            for name in FIELDS
        }
    except (OSError, ValueError, EOFError) as error:
        raise IndexCorruptError(f"{folder}: the word index cannot be read: {error}") from error
    return LexicalIndex(fields, {term: i for i, term in enumerate(listed)}, rows)


def _mode(path: Path) -> Literal["r"] | None:
    """Small arrays are read whole; large ones are mapped and cost memory only where touched."""
    return "r" if path.stat().st_size > 1_000_000 else None
