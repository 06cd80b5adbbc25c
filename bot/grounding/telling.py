"""How much of an answer a sentence is likely to tell, by weights fitted on reference answers.

``Candidate.score`` says how well a sentence fits the question; once the search has found the right
passages, what the others add hardly depends on the question's words: it depends on how good the
passage is, how early the sentence stands in it, and how much it holds. The weights are those of a
linear fit of the share of the reference's facts that a sentence says, made by
``python -m deploy.finetune.fit_telling`` and copied here under review.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.grounding.claims import Claims
from bot.model import Hit

__all__ = ["FEATURES", "Telling", "features", "promise", "words"]

_WEIGHTS = {
    "bias": -0.0507,
    "passage": -0.0115,
    "closeness": 0.1501,
    "place": -0.0027,
    "dangling": -0.0056,
    "length": 0.0868,
    "length_squared": -0.0665,
    "content": 0.0350,
}
FEATURES = tuple(_WEIGHTS)
_FITTING = 0.06  # what fitting the question is worth besides, per point of score
_CHARACTERS = 1.64  # of Chinese say what one English word says
_LONGEST = 60.0  # words; longer is not more
_LEAST_WORDS = 6.0  # what showing a sentence costs besides its words


class Telling(Protocol):
    """A sentence of a passage, as far as this looks at it."""

    text: str
    hit: int
    place: int
    dangling: bool
    score: float
    claims: Claims


def words(one: Telling) -> float:
    """The length in English words, or what says as much in Chinese."""
    if one.claims.lang == "zh":
        return len(one.text) / _CHARACTERS
    return float(len(one.text.split()))


def features(one: Telling, hits: Sequence[Hit]) -> tuple[float, ...]:
    """The values of ``FEATURES``; ``hits`` are those that ``one.hit`` counts in."""
    best = max(hit.score for hit in hits)
    length = min(words(one), _LONGEST) / 20
    return (
        1.0,
        float(min(one.hit, 5)),
        hits[one.hit].score / best if best > 0 else 1.0,
        float(min(one.place, 10)),
        float(one.dangling),
        length,
        length * length,
        one.claims.weight / 10,
    )


def promise(one: Telling, hits: Sequence[Hit]) -> float:
    """The expected share of an answer for what it costs to read; comparable within one search."""
    values = features(one, hits)
    share = sum(w * v for w, v in zip(_WEIGHTS.values(), values, strict=True))
    return float((share + _FITTING * one.score) / (_LEAST_WORDS + words(one)) ** 0.5)
