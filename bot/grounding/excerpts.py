"""The few sentences of the passages that a small model gets to read.

A model of 135 million parameters on a CPU reads some hundred words a second and loses the thread
in long prompts. So code picks the sentences that may answer, with more than one passage's, and
the model says which of them do. Rests on the question, the passages and their order alone, so that
the same prompt can be built again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.grounding.candidates import Candidate, Similarity, candidates, other_people
from bot.grounding.claims import extract
from bot.model import Hit

__all__ = ["Excerpt", "excerpts"]

WORDS = 150
PASSAGES = 4
_LONGEST = 45  # words; a longer sentence would fill the prompt and the answer
_LEAD = 0.35  # for each place a passage stands behind the first
_PLACE = 0.08  # for each sentence further down in a passage, up to ten
_DANGLING = 0.25  # it points back to a sentence that may not be shown
_REDUNDANT = 0.7
_UNFIT = re.compile(
    r"https?://|www\.|[?:]$|^(?:Key Points?|NIH)\b|\bEspa.?ol\b"
)  # nothing to repeat
_ASIDE = re.compile(r"\s*\((?![^)]*\d)[^()]{0,80}\)")
_LABEL = re.compile(r"^(?:Summary\s*:|[-•*])\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Sentences of one hit, in its order, verbatim but for openers and asides in brackets."""

    hit: Hit
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """The sentences as running text."""
        return " ".join(self.sentences)


def excerpts(
    question: str,
    hits: Sequence[Hit],
    similarity: Similarity | None = None,
    *,
    words: int = WORDS,
    passages: int = PASSAGES,
) -> tuple[Excerpt, ...]:
    """Excerpts of the first ``passages`` hits and at most ``words`` words, in the hits' order; what
    is about other people than the question is comes last."""
    asked = extract(question, hits[0].passage.lang if hits else None)
    few = sorted(hits[:passages], key=lambda hit: other_people(asked, hit))
    pool = [c for c in candidates(question, few, similarity) if not _UNFIT.search(c.text)]
    chosen: list[Candidate] = []
    for candidate in sorted(pool, key=lambda c: -worth(c)):
        size = len(candidate.text.split())
        if size <= min(_LONGEST, words) and not _said(candidate, chosen):
            chosen.append(candidate)
            words -= size
    return tuple(
        Excerpt(
            hit=hit,
            sentences=tuple(_tidy(c.text) for c in pool if c.hit == place and c in chosen),
        )
        for place, hit in enumerate(few)
        if any(c.hit == place for c in chosen)
    )


def _tidy(sentence: str) -> str:
    """Without a label in front and without asides in brackets that hold no figure."""
    text = _ASIDE.sub("", _LABEL.sub("", sentence)).strip()
    return text[:1].upper() + text[1:] if text else sentence


def worth(candidate: Candidate) -> float:
    """How much a sentence promises: its own score, its passage's rank, its place in it."""
    lead = _LEAD * candidate.hit + _PLACE * min(candidate.place, 10)
    return candidate.score - lead - (_DANGLING if candidate.dangling else 0.0)


def _said(candidate: Candidate, chosen: Sequence[Candidate]) -> bool:
    """Another chosen sentence says most of it."""
    total = candidate.claims.weight
    if not total:
        return True
    return any(
        sum(i.weight for i in candidate.claims.items if i.keys & other.keys) > _REDUNDANT * total
        for other in chosen
    )
