"""Fits the weights of rag.features on the dev halves of three question sets alike.

Pairwise logistic loss between a right document and each of the 50 best wrong ones, weighted by
what swapping the two would change in DCG (LambdaRank, Burges 2010), a document standing for its
best chunk under the weights so far. The printed weights go into rag/fuse.py by hand, under review.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag import features, fuse
from rag.bench import write
from rag.bench_setup import Asked, Setup, of_task, ours
from rag.bench_tasks import consumer_task, medquad_task, opened
from rag.library import WORD_LISTS
from rag.query import Speller, load_word_lists

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.evaluate import Question
    from rag.library import Knowledge

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

STEPS = 250
RIDGE = 3e-2
SHARP = 4.0  # how steep the loss is in the score
WRONG = 50
RIGHT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One question's candidates: features [n, names], document code and rightness of each."""

    values: Floats
    docs: Ints
    right: NDArray[np.bool_]


def full(knowledge: Knowledge) -> Setup:
    """The search as shipped, over the active version of a knowledge base."""
    searcher = knowledge.searcher()
    return Setup(
        index=searcher.index,
        embedders=searcher.embedders,
        lists=load_word_lists(WORD_LISTS),
        speller=Speller(searcher.index.words, searcher.embedders.likeness.words),
    )


def samples(setup: Setup, asked: Asked, split: str) -> list[Sample]:
    """What the fit sees of one half: questions whose answer is among the candidates."""
    found = [_sample(setup, asked, q) for q in asked.half(split)]
    return [s for s in found if s.right.any() and not s.right.all()]


def _sample(setup: Setup, asked: Asked, question: Question) -> Sample:
    query = setup.understood(question)
    rows, values = fuse.english_features(
        setup.index, query, setup.embedders.en.query(query.english)
    )
    ids = setup.index.rows.ids
    names = [asked.named(ids[row].decode().rsplit("#", 1)[0]) for row in rows.tolist()]
    codes = {name: i for i, name in enumerate(dict.fromkeys(names))}
    right = asked.right(question)
    return Sample(
        values=values.astype(np.float64),
        docs=np.array([codes[name] for name in names], dtype=np.int64),
        right=np.array([name in right for name in names]),
    )


def fit(sets: Sequence[Sequence[Sample]]) -> Floats:
    """The weights that rank best; every set counts alike."""
    weights = np.zeros(len(features.NAMES))
    weights[:2] = 1.0, 0.3
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        slope = RIDGE * weights
        for some in sets:
            slope -= sum((_push(s, weights) for s in some), np.zeros_like(weights)) / len(some)
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * slope * slope
        rate = 0.15 if step < 0.6 * STEPS else 0.045
        weights = weights - rate * (mean / (1 - 0.9**step)) / (
            np.sqrt(square / (1 - 0.99**step)) + 1e-8
        )
    return weights


def _push(sample: Sample, weights: Floats) -> Floats:
    """The direction in which the weights rank this question better."""
    score = sample.values @ weights
    order = np.argsort(-score, kind="stable")
    _, firsts = np.unique(sample.docs[order], return_index=True)
    best = order[np.sort(firsts)]
    place = {int(row): rank for rank, row in enumerate(best, 1)}
    wrong = np.array([i for i in best[:WRONG] if not sample.right[i]], dtype=np.int64)
    right = [int(i) for i in best if sample.right[i]][:RIGHT]
    total = np.zeros_like(weights)
    for one in right:
        ranks = np.array([place[int(i)] for i in wrong])
        gain = np.abs(1 / np.log2(place[one] + 1) - 1 / np.log2(ranks + 1))
        doubt = 1 / (1 + np.exp(np.clip(SHARP * (score[one] - score[wrong]), -30, 30)))
        pairs = sample.values[one] - sample.values[wrong]
        total += SHARP * ((doubt * gain)[:, None] * pairs).sum(axis=0) / len(right)
    return total


def fit_ranking(knowledge: Knowledge, folder: Path, medquad: Path, cache: Path) -> None:
    """Fit on the dev halves of our pages, MedQuAD and the consumers' questions; print."""
    sets = [samples(full(knowledge), ours(folder, "en"), "dev")]
    with opened(medquad_task(medquad), cache / "medquad") as large:
        setup = full(large)
        sets += [
            samples(setup, of_task(task), "dev")
            for task in (medquad_task(medquad), consumer_task(medquad, folder))
        ]
    weights = fit(sets)
    for name, weight in zip(features.NAMES, weights, strict=True):
        write(f'    "{name}": {weight:.2f},')
