"""Fits the coefficients of rag.judge on the dev halves and shows what they do on the others.

Plain logistic regression with a light ridge, both classes weighted alike, by gradient
descent; the coefficients it prints are copied into rag/judge.py by hand, under review.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag import judge
from rag.evaluate import Question, auroc, read_questions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.library import Knowledge

    Floats = NDArray[np.float64]

RIDGE = 1e-3
STEPS = 20_000


def fit(inside: Floats, outside: Floats) -> Floats:
    """Coefficients and intercept [features + 1] that tell the two apart."""
    data = np.vstack((inside, outside))
    data = np.hstack((data, np.ones((len(data), 1))))
    wanted = np.concatenate((np.ones(len(inside)), np.zeros(len(outside))))
    share = np.where(wanted == 1, 0.5 / len(inside), 0.5 / len(outside))
    weights = np.zeros(data.shape[1])
    for _ in range(STEPS):
        guess = 1 / (1 + np.exp(-data @ weights))
        ridge = RIDGE * np.append(weights[:-1], 0.0)
        weights -= 2.0 * (data.T @ (share * (guess - wanted)) + ridge)
    return weights


def measure(knowledge: Knowledge, asked: Sequence[Question]) -> Floats:
    """The features of every question, [n, 3]."""
    searcher = knowledge.searcher()
    rows = []
    for question in asked:
        query, ranked = searcher.rank(question.text, question.lang)
        rows.append(judge.features(ranked.cosine, ranked.matched, searcher.known(query)))
    return np.array(rows, dtype=np.float64).reshape(len(rows), 3)


def fit_report(knowledge: Knowledge, folder: Path) -> None:
    """Fit on dev, print the coefficients and the AUROC on dev and test."""
    asked = [q for p in sorted(folder.glob("questions_*.jsonl")) for q in read_questions(p)]
    off = read_questions(folder / "offtopic.jsonl")
    for lang in ("en", "zh"):
        part = {
            (kind, split): measure(
                knowledge, [q for q in questions if q.lang == lang and q.split == split]
            )
            for kind, questions in (("in", asked), ("off", off))
            for split in ("dev", "test")
        }
        weights = fit(part["in", "dev"], part["off", "dev"])
        shown = ", ".join(f"{w:.2f}" for w in weights)
        sys.stdout.write(f"{lang}: cosine, matched, known, bias = {shown}\n")
        for split in ("dev", "test"):
            scores = [
                (part[kind, split] @ weights[:-1] + weights[-1]).tolist() for kind in ("in", "off")
            ]
            sys.stdout.write(f"{lang} {split}: AUROC {auroc(*scores):.4f}\n")
