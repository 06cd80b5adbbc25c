"""Vectors that are kept are the vectors."""

from __future__ import annotations

import numpy as np

from rag.kept import KeptVectors
from tests.rag.support import HashEmbedder

TEXTS = ["salt raises blood pressure", "sleep well", "salt raises blood pressure", "walk"]


def test_kept_vectors_are_those_of_the_embedder_and_made_once() -> None:
    """In the order of the texts, doubles included; asked again nothing is embedded."""
    embedder = HashEmbedder()
    kept = KeptVectors(embedder, 10)
    first = kept.of(TEXTS)
    assert np.array_equal(first, np.stack([embedder.query(text) for text in TEXTS]).astype("f4"))
    assert embedder.embedded == 3
    assert np.array_equal(kept.of(TEXTS[::-1]), first[::-1])
    assert embedder.embedded == 3


def test_the_oldest_go_first_and_too_many_at_once_are_still_answered() -> None:
    """More texts than may be kept are all answered; no more than that many stay."""
    embedder = HashEmbedder()
    kept = KeptVectors(embedder, 2)
    assert kept.of(TEXTS).shape == (4, embedder.dimensions)
    assert kept.of(["walk"]).any()
    assert embedder.embedded == 3
    kept.of(["salt raises blood pressure"])
    assert embedder.embedded == 4


def test_no_texts_have_no_vectors() -> None:
    """An empty list is answered with an empty table."""
    assert KeptVectors(HashEmbedder(), 2).of([]).shape == (0, 64)
