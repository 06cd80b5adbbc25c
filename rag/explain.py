"""Why a search found what it found, as values: how the question was read, and per passage what
each ranker said. Computed from the same ranking the search itself uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rag import aspects, features, fuse, judge
from rag.query import CORRECTION_WEIGHT
from rag.sections import HEADING
from rag.types import Hit, Lang

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.fuse import Ranked, Weights
    from rag.index import LoadedIndex
    from rag.query import Query

    Floats = NDArray[np.float32]

TermKind = Literal["own", "corrected", "widened", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term that was searched for, as the index spells it (English stems, Chinese bigrams).

    ``kind``: the asker's own word, a corrected one, one that the word lists add, or one in the
    other language. ``rarity`` is its inverse document frequency, 0 when nothing holds it.
    """

    text: str
    weight: float
    kind: TermKind
    rarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why one passage was found. ``hit.score`` is the fused score.

    ``dense``: cosine with the question, 0 when either has no vector; ``head`` and ``body``:
    BM25 of title, section and topics, and of the text; ``twin``: votes from the page's English
    twin; ``matched``: the terms that the passage holds, with where; ``parts``: what each
    feature adds to the fused score of an English passage, the largest first.
    """

    hit: Hit
    dense: float
    head: float
    body: float
    twin: float
    matched: tuple[tuple[Term, Literal["head", "body", "both"]], ...]
    parts: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A search explained. ``asks`` are the aspects asked for with their shares.

    ``relevant`` and ``confidence`` as in SearchResult; they rest on ``cosine`` (the best one),
    ``matched`` (BM25 of the best passage in worths of a rare term) and ``known`` (share of the
    question's words that the knowledge base knows); ``least`` is the confidence needed.
    """

    version: str
    lang: Lang
    english: str
    corrected: tuple[tuple[str, str], ...]
    terms: tuple[Term, ...]
    asks: tuple[tuple[str, float], ...]
    relevant: bool
    confidence: float
    least: float
    cosine: float
    matched: float
    known: float
    candidates: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search worked with: the question, its vector for English text, the ranking and the
    places shown."""

    query: Query
    vector: Floats | None
    ranked: Ranked
    chosen: tuple[int, ...]
    hits: tuple[Hit, ...]
    confidence: float
    known: float


def explain(index: LoadedIndex, found: Found, weights: Weights) -> Explanation:
    """The explanation of one search on one index."""
    query, ranked = found.query, found.ranked
    terms = _terms(index, query)
    scores = {
        side: (index.words.scores(side_terms, "head"), index.words.scores(side_terms, "body"))
        for side, side_terms in (("own", query.own), ("other", query.other))
    }
    parts = _parts(index, found, weights) if query.lang == "en" else {}
    reasons = []
    for place, hit in zip(found.chosen, found.hits, strict=True):
        row = int(ranked.rows[place])
        head, body = scores["own" if hit.passage.lang == query.lang else "other"]
        reasons.append(
            Reason(
                hit=hit, dense=float(ranked.dense[place]), head=float(head[row]),
                body=float(body[row]), twin=float(ranked.twin[place]),
                matched=_matched(index, row, terms), parts=parts.get(row, ()),
            )
        )  # fmt: skip
    return Explanation(
        version=index.version, lang=query.lang, english=query.english,
        corrected=query.corrected, terms=terms, asks=_asks(query),
        relevant=found.confidence >= judge.RELEVANT, confidence=found.confidence,
        least=judge.RELEVANT, cosine=ranked.cosine, matched=ranked.matched, known=found.known,
        candidates=len(ranked.rows), reasons=tuple(reasons),
    )  # fmt: skip


def _terms(index: LoadedIndex, query: Query) -> tuple[Term, ...]:
    """The asker's own words first, then what was added, the other language last."""
    own = [
        Term(text=text, weight=weight, kind=_kind(weight), rarity=index.words.rarity(text))
        for text, weight in query.own.items()
    ]
    other = [
        Term(text=text, weight=weight, kind="other", rarity=index.words.rarity(text))
        for text, weight in query.other.items()
    ]
    return (*sorted(own, key=lambda term: -term.weight), *other)


def _kind(weight: float) -> TermKind:
    if weight >= 1.0:
        return "own"
    return "corrected" if weight == CORRECTION_WEIGHT else "widened"


def _matched(
    index: LoadedIndex, row: int, terms: tuple[Term, ...]
) -> tuple[tuple[Term, Literal["head", "body", "both"]], ...]:
    found: list[tuple[Term, Literal["head", "body", "both"]]] = []
    for term in terms:
        head = index.words.holds(row, term.text, "head")
        body = index.words.holds(row, term.text, "body")
        if head or body:
            found.append((term, "both" if head and body else "head" if head else "body"))
    return tuple(found)


def _parts(
    index: LoadedIndex, found: Found, weights: Weights
) -> Mapping[int, tuple[tuple[str, float], ...]]:
    """By row, what each feature adds to the fused score; they add up to it."""
    rows, values = fuse.english_features(index, found.query, found.vector)
    ranked = found.ranked
    headed = 1.0 + HEADING if ranked.heading.any() else 1.0
    top = headed * sum(max(weight, 0.0) for weight in weights.english)
    shown = {int(ranked.rows[p]): HEADING * float(ranked.heading[p]) / headed for p in found.chosen}
    made: dict[int, tuple[tuple[str, float], ...]] = {}
    for row, line in zip(rows.tolist(), values.tolist(), strict=True):
        if row in shown:
            each = [
                (name, round(value * weight / top, 4))
                for name, value, weight in zip(features.NAMES, line, weights.english, strict=True)
            ]
            each.append(("heading", round(shown[row], 4)))
            made[row] = tuple(sorted(each, key=lambda part: -abs(part[1])))
    return made


def _asks(query: Query) -> tuple[tuple[str, float], ...]:
    names = aspects.shipped().names
    return tuple((n, share) for n, share in zip(names, query.asks, strict=False) if share > 0)
