"""Which section of the documents found answers the question: its heading is a question itself.

The ranking finds the right document nearly always; among its sections the body's words may carry
off a question that another heading asks almost word for word ("how do I quit smoking": "What is
the best way to stop smoking?"). So the best documents' English sections are weighed once more by
how close their headings are to the question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rag.kept import KeptVectors
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
        self._kept = KeptVectors(embedder, KEPT)

    def lift(
        self,
        ranked: Ranked,
        documents: Ints,
        sections: Ints,
        vector: Floats,
        passages: Callable[[Ints], Sequence[Passage]],
    ) -> Ranked:
        """The ranking with headings weighed in; scores stay in [0, 1].

        ``documents`` and ``sections``: those of each place, as numbers; ``vector``: the
        question's unit vector; ``passages`` reads those of some rows. With the embedder down all
        stays as it was.
        """
        places = _places(documents, sections)
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
                self._kept.of(headings[start : start + _AT_ONCE])
            except EmbedderDownError:
                return

    def _closeness(self, headings: Sequence[str], vector: Floats) -> Floats:
        """Cosines of the headings with the question, 0 where there is no heading or below 0."""
        cosines: Floats = np.maximum(np.einsum("ij,j->i", self._kept.of(headings), vector), 0.0)
        return cosines * np.array([bool(heading) for heading in headings], dtype=np.float32)


def _places(documents: Ints, sections: Ints) -> Ints:
    """Places of the best documents' sections, as far as a document has several of them there."""
    best = list(dict.fromkeys(documents[:BEST].tolist()))[:DOCUMENTS]
    places = np.flatnonzero(np.isin(documents, best))[:ROWS]
    pairs = np.unique(np.stack([documents[places], sections[places]]), axis=1)
    kinds, counts = np.unique(pairs[0], return_counts=True)
    several: Ints = places[np.isin(documents[places], kinds[counts > 1])]
    return several
