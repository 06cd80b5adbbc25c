"""Whether the knowledge is about the question at all: a small logistic model per language.

Features: the best cosine, how much BM25 the best chunk gathers (log of its worth in rare
terms) and which share of the question's content words the knowledge base knows. Fitted by
``rag.bench --fit`` on the dev halves of the question sets and the off-topic sets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rag.types import Lang

RELEVANT = 0.45  # keeps 97 % of in-scope questions of the dev halves, lets 6 % of the others by


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Coefficients of the features and the intercept."""

    cosine: float
    matched: float
    known: float
    bias: float


MODELS: Mapping[Lang, Model] = {
    "en": Model(cosine=6.91, matched=5.81, known=1.91, bias=-7.31),
    "zh": Model(cosine=3.62, matched=5.41, known=3.37, bias=-8.97),
}


def features(cosine: float, matched: float, known: float) -> tuple[float, float, float]:
    """(cosine, ln(1 + matched), known), the inputs of the model."""
    return max(cosine, 0.0), math.log1p(max(matched, 0.0)), known


def confidence(lang: Lang, cosine: float, matched: float, known: float) -> float:
    """Probability in [0, 1] that the hits are about the question."""
    model = MODELS[lang]
    a, b, c = features(cosine, matched, known)
    total = model.cosine * a + model.matched * b + model.known * c + model.bias
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, total))))
