"""Of the sections that were found, the one whose heading asks the question."""

from __future__ import annotations

import numpy as np

from rag.fuse import Ranked
from rag.sections import HEADING, Sections
from rag.types import EmbedderDownError, Passage
from tests.rag.support import HashEmbedder

HEADINGS = ("Is it worth quitting?", "What is the best way to quit?", "When to see a doctor?")


class Gone(HashEmbedder):
    """A served embedder that does not answer."""

    def batches(self, texts):  # type: ignore[no-untyped-def]
        raise EmbedderDownError("gone")


def ranked(*scores: float) -> Ranked:
    """Rows 0, 1, … in this order."""
    zero = np.zeros(len(scores), dtype=np.float32)
    return Ranked(
        rows=np.arange(len(scores)), score=np.array(scores, dtype=np.float32), dense=zero,
        words=zero, twin=zero, heading=zero, cosine=0.0, matched=0.0,
    )  # fmt: skip


def passages(rows):  # type: ignore[no-untyped-def]
    """The section of each row."""
    return [
        Passage(id=str(r), doc="en/quit", title="", section=HEADINGS[r], text="", lang="en")
        for r in rows.tolist()
    ]


def lifted(found: Ranked, asked: str, docs: list[int], embedder: HashEmbedder) -> Ranked:
    """The ranking for a question."""
    vector = embedder.query(asked)
    headings = np.arange(len(docs))
    return Sections(embedder).lift(found, np.array(docs), headings, vector, passages)


def test_a_heading_that_asks_the_same_comes_first() -> None:
    """Among nearly equal sections the heading decides; scores stay within [0, 1] and in order."""
    found = lifted(ranked(0.50, 0.46, 0.45), HEADINGS[1], [7, 7, 7], HashEmbedder())
    assert found.rows[0] == 1
    assert abs(found.heading[0] - 1.0) < 1e-5
    assert abs(float(found.score[0]) - (0.46 + HEADING) / (1 + HEADING)) < 1e-5
    assert list(found.score) == sorted(found.score, reverse=True)


def test_a_document_of_one_section_is_left_alone() -> None:
    """Where there is nothing to choose, nothing is embedded and nothing changes."""
    found = ranked(0.5, 0.4, 0.3)
    assert lifted(found, HEADINGS[2], [7, 8, 9], Gone()) is found


def test_without_the_embedder_the_ranking_stays() -> None:
    """A server that embeds and does not answer costs the lift, not the answer."""
    found = ranked(0.5, 0.4, 0.3)
    assert lifted(found, "how do I quit", [7, 7, 7], Gone()) is found


def test_a_document_cut_into_pieces_without_headings_is_left_alone() -> None:
    """Pieces of one long text under no heading, or under one, are no sections to choose from."""
    found, vector = ranked(0.5, 0.4), HashEmbedder().query("how do I quit")
    same = np.array([3, 3])
    assert Sections(Gone()).lift(found, np.array([7, 7]), same, vector, passages) is found
