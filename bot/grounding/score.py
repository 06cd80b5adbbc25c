"""The small fixed head that turns a sentence's features into one verdict.

A logistic model over the features below. Its weights were set by hand on the dev split of
``python -m bot.grounding.bench``; the test split reports what they give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["NEUTRAL", "THRESHOLD", "Features", "probability"]

THRESHOLD = 0.5
NEUTRAL = 0.6  # stands for the similarity when none was measured


@dataclass(frozen=True, slots=True)
class Features:
    """All in [0, 1] except ``run`` (content weight) and ``soft`` (sum of soft severities)."""

    coverage: float  # share of content the support says
    single: float  # share the single best sentence says
    run: float  # longest uncovered stretch, in content weight
    clause: float  # share of its least covered clause that the support says
    soft: float
    similarity: float = NEUTRAL  # of the best supporting sentence


BIAS = -10.0
WEIGHTS = {
    "coverage": 9.0,
    "single": 2.0,
    "run": -0.4,
    "clause": 5.0,
    "soft": -3.0,
    "similarity": 1.5,
}


def probability(features: Features) -> float:
    """That the source supports the sentence, in (0, 1)."""
    z = BIAS + sum(weight * getattr(features, name) for name, weight in WEIGHTS.items())
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, z))))
