"""Which section of the documents found answers the question: its heading is a question itself.

The ranking finds the right document nearly always; among its sections the body's words may carry
off a question that another heading asks almost word for word ("how do I quit smoking": "What is
the best way to stop smoking?"). So the best documents' English sections are weighed once more by
how close their headings are to the question.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rag.types import EmbedderDownError, Passage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.embed import BatchEmbedder
    from rag.fuse import Ranked

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

# What a heading that says the question itself adds: the most that costs no page its first place
# on tests/retrieval/questions_*.jsonl. On the 100 English questions of sections.jsonl the right
# section leads for .90 instead of .86; of the extractive answers .90 instead of .81 begin with it.
HEADING = 0.3
BEST = 8  # rows of the ranking whose documents are looked at
DOCUMENTS = 4  # of them at most
ROWS = 40  # sections looked at, all documents together
KEPT = 4096  # vectors in memory, 1.5 KiB each
_AT_ONCE = 16  # about 25 ms of two cores


class Sections:
    """Lifts sections by their headings. Threads may share it."""

    def __init__(self, embedder: BatchEmbedder) -> None:
        """``embedder`` is the one that reads English."""
        self._embedder = embedder
        self._guard = threading.Lock()
        self._kept: dict[str, Floats] = {}

    def lift(
        self,
        ranked: Ranked,
        documents: Ints,
        vector: Floats,
        passages: Callable[[Ints], Sequence[Passage]],
    ) -> Ranked:
        """The ranking with headings weighed in; scores stay in [0, 1].

        ``documents``: the document of each place; ``vector``: the question's unit vector;
        ``passages`` reads those of some rows. With the embedder down all stays as it was.
        """
        places = _places(documents)
        if not len(places):
            return ranked
        found = passages(ranked.rows[places])
        close = np.zeros(len(ranked.rows), dtype=np.float32)
        headings = [passage.section if passage.lang == "en" else "" for passage in found]
        try:
            close[places] = self._closeness(headings, vector)
        except EmbedderDownError:
            return ranked
        if not close.any():
            return ranked
        score: Floats = ((ranked.score + HEADING * close) / (1.0 + HEADING)).astype(np.float32)
        order = np.argsort(-score, kind="stable")
        return replace(
            ranked,
            rows=ranked.rows[order], score=score[order], dense=ranked.dense[order],
            words=ranked.words[order], twin=ranked.twin[order], heading=close[order],
        )  # fmt: skip

    def learn(self, headings: Sequence[str], go_on: Callable[[], bool]) -> None:
        """Keep the vectors of headings ahead of the questions, as long as ``go_on`` says so."""
        for start in range(0, len(headings), _AT_ONCE):
            if not go_on():
                return
            try:
                self._vectors(set(headings[start : start + _AT_ONCE]))
            except EmbedderDownError:
                return

    def _closeness(self, headings: Sequence[str], vector: Floats) -> Floats:
        """Cosines of the headings with the question, 0 where there is no heading or below 0."""
        vectors = self._vectors({heading for heading in headings if heading})
        nothing = np.zeros_like(vector)
        table = np.stack([vectors.get(heading, nothing) for heading in headings])
        cosines: Floats = np.maximum(np.einsum("ij,j->i", table, vector), 0.0)
        return cosines

    def _vectors(self, headings: set[str]) -> Mapping[str, Floats]:
        with self._guard:
            found = {name: self._kept[name] for name in headings if name in self._kept}
        missing = sorted(headings - found.keys())
        if not missing:
            return found
        made: dict[str, Floats] = {}
        for places, vectors in self._embedder.batches(missing):
            made |= {missing[place]: vectors[at] for at, place in enumerate(places)}
        with self._guard:
            self._kept |= made
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return found | made


def _places(documents: Ints) -> Ints:
    """Places of the best documents' sections, as far as a document has several of them there."""
    best = list(dict.fromkeys(documents[:BEST].tolist()))[:DOCUMENTS]
    places = np.flatnonzero(np.isin(documents, best))[:ROWS]
    kinds, counts = np.unique(documents[places], return_counts=True)
    several: Ints = places[np.isin(documents[places], kinds[counts > 1])]
    return several
