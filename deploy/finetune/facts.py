"""Which facts of a reference answer another answer says.

A fact is one of the reference's first eight sentences that state something (filler is skipped).
It is said to the share of its content weight (bot.grounding.claims) that the answer has, words of
the question left out on both sides: repeating the topic earns nothing. Coverage is the mean over
the facts, in [0, 1].
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.grounding.claims import extract
from bot.grounding.sentences import split_sentences

MOST_FACTS = 8
_LEAST_WEIGHT = 2.0
_FILLER = re.compile(
    r"MedlinePlus|Human Phenotype Ontology|for more information|click|web ?site|www\.|http"
    r"|This (?:condition|table|information)[^.]*(?:listed|below)|see (?:the|our)|NIH|call 1-|toll"
    r"|brochure|video|publication|Medscape|registration|Genetics page|overview|in-depth"
    r"|GeneReviews|resources?\b|support group|Fact Sheet|Frequently Asked|^\W*\w+\W*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Fact:
    """The pieces of one sentence that the question does not already hold."""

    pieces: tuple[tuple[frozenset[str], float], ...]

    def said(self, keys: frozenset[str]) -> float:
        """Share of its weight that ``keys`` hold."""
        total = sum(weight for _, weight in self.pieces)
        return sum(weight for meant, weight in self.pieces if meant & keys) / total


def is_filler(sentence: str) -> bool:
    """A sentence about the source or the page, not about health."""
    return bool(_FILLER.search(sentence))


def facts(reference: str, question: str, most: int = MOST_FACTS) -> tuple[Fact, ...]:
    """The facts of a reference answer, in order."""
    asked = extract(question, "en").keys
    found: list[Fact] = []
    for sentence in split_sentences(reference):
        if len(found) == most:
            break
        items = extract(sentence, "en").items
        pieces = tuple((i.keys, i.weight) for i in items if not i.keys & asked)
        if sum(weight for _, weight in pieces) >= _LEAST_WEIGHT and not is_filler(sentence):
            found.append(Fact(pieces))
    return tuple(found)


def keys_of(text: str) -> frozenset[str]:
    """All meanings a text holds."""
    return frozenset[str]().union(*(extract(s, "en").keys for s in split_sentences(text)))


def coverage(wanted: Sequence[Fact], keys: frozenset[str]) -> float:
    """Mean share said of the facts; 0 when there are none."""
    return sum(fact.said(keys) for fact in wanted) / len(wanted) if wanted else 0.0
