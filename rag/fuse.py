"""Joins what the rankers say into one order of chunks.

English: the features of rag.features under weights fitted by ``rag.bench_fit`` on the dev halves
of three question sets. Chinese: BM25 of head and body, how close the vectors are, and the English
twin of a page votes for the page and for the section at the same place; a document with several
good sections lifts their chunks. ``python -m rag.bench`` shows both halves of every set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rag import features
from rag.types import Lang

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rag.index import LoadedIndex
    from rag.query import Query

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

FLOOR = 1.5  # a best row that gathers less than this many rare terms is no full match
POOL = 150  # candidates taken from each ranker
SPREAD = 0.02  # cosines of Chinese candidates that differ by less are as good as equal
_SHARES = (1.0, 0.5, 0.25)  # what the first, second, third chunk of a document adds to it


ENGLISH = {
    "cos": 1.71, "doc_cos": 1.18, "first_cos": 1.39, "head": 0.08, "precise": 0.84,
    "named": 0.62, "both": 0.76, "beyond": 0.08, "body": 0.46, "answers": 0.44, "opens": 0.17,
    "first": 0.06, "long": 0.01, "more": 1.05,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How loud each part speaks. ``english`` weighs rag.features.NAMES, in their order."""

    english: tuple[float, ...] = tuple(ENGLISH[name] for name in features.NAMES)
    dense: float = 1.0
    head: float = 0.2  # English: the vectors lead, the words decide between neighbours
    body: float = 0.15  # only the words that the best head does not say already
    document: float = 0.5
    twin: float = 0.6
    section: float = 0.3
    near: float = 1.0  # Chinese: how close the vectors are, beside the words
    foreign: float = 0.7  # a hit in the other language, when the asker's has no twin of it

    def scaled(self, score: Floats) -> Floats:
        """Scores of a Chinese question brought to [0, 1], order kept."""
        evidence = self.dense + self.head + self.body
        top = 1.0 + self.near + (self.twin + self.section) * evidence
        top *= 1.0 + self.document * sum(_SHARES)
        shown: Floats = np.clip(score / np.float32(top), 0.0, 1.0)
        return shown

    def weigh(self, values: Floats) -> Floats:
        """Features of English candidates [n, names] as one score each, in [0, 1]."""
        weights = np.array(self.english, dtype=np.float32)
        top = float(np.maximum(weights, 0.0).sum())
        weighed: Floats = np.clip((values * weights).sum(axis=1) / top, 0.0, 1.0)
        return weighed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Candidate rows, best first; all arrays in the same order.

    ``score`` in [0, 1]; ``dense``, ``words`` and ``twin`` are the parts it was made of;
    ``heading`` how close a section's heading is to the question (rag.sections), where looked at.
    ``cosine`` and ``matched`` (BM25 of the best row over the weight of one rare term) are
    what the judgement of relevance rests on.
    """

    rows: Ints
    score: Floats
    dense: Floats
    words: Floats
    twin: Floats
    heading: Floats
    cosine: float
    matched: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """The candidates of one language with their parts."""

    rows: Ints
    score: Floats
    dense: Floats
    words: Floats
    twin: Floats


def rank(
    index: LoadedIndex,
    query: Query,
    vectors: Mapping[Lang, Floats],
    weights: Weights | None = None,
) -> Ranked:
    """Rank the chunks for a question; ``vectors`` of it by the language of what it is compared
    with, see rag.retriever.embedded."""
    weights = weights or Weights()
    vector = vectors.get("en")
    if query.lang == "en":
        return _rank_english(index, query, vector, weights)
    head, body = _bm25(index, query.own)
    floor = FLOOR * rare(index.words.rows)
    other = _evidence(index, query.other, _bm25(index, query.other), vector, weights)
    own = _with_votes(index, head + body, other, weights, floor, vectors.get("zh"))
    both = _merge(index, own, other, weights.foreign)
    both = replace(both, score=weights.scaled(_lift(index, both, weights)))
    return _ranked(index, both, float(other.dense.max(initial=0.0)), head + body)


def _rank_english(
    index: LoadedIndex, query: Query, vector: Floats | None, weights: Weights
) -> Ranked:
    found, values, bm25 = _seen(index, query, vector)
    words = (weights.head * _share(found.head) + weights.body * _share(found.beyond)).astype("f4")
    score = weights.weigh(values)
    zero = np.zeros_like(score)
    own = _Side(rows=found.rows, score=score, dense=found.cos, words=words, twin=zero)
    there = _bm25(index, query.other)
    other = _worded(index, there[0] + there[1], FLOOR * rare(index.words.rows))
    both = _merge(index, own, other, 0.5 * weights.foreign)
    return _ranked(index, both, float(own.dense.max(initial=0.0)), bm25)


def english_features(
    index: LoadedIndex, query: Query, vector: Floats | None
) -> tuple[Ints, Floats]:
    """The candidate rows of an English question and their features, for fitting the weights."""
    found, values, _ = _seen(index, query, vector)
    return found.rows, values


def _seen(
    index: LoadedIndex, query: Query, vector: Floats | None
) -> tuple[features.Evidence, Floats, Floats]:
    """Evidence, features and the BM25 of all rows."""
    head, body = _bm25(index, query.own)
    rows = _candidates(index, head + body, vector)
    found = _gather(index, query.own, (head, body), rows, vector)
    return found, features.matrix(index, found, query.own, query.asks), head + body


def _gather(
    index: LoadedIndex,
    terms: Mapping[str, float],
    bm25: tuple[Floats, Floats],
    rows: Ints,
    vector: Floats | None,
) -> features.Evidence:
    """What both rankers say of the candidate rows."""
    head, body = bm25
    first = features.tables(index).first[index.rows.doc[rows]] if len(rows) else rows
    return features.Evidence(
        rows=rows,
        cos=_cosines(index, rows, vector),
        first_cos=_cosines(index, first, vector),
        head=head[rows],
        body=body[rows],
        beyond=_beyond(index, terms, head)[rows],
    )


def _ranked(index: LoadedIndex, side: _Side, cosine: float, bm25: Floats) -> Ranked:
    order = np.argsort(-side.score, kind="stable")
    return Ranked(
        rows=side.rows[order],
        score=side.score[order],
        dense=side.dense[order],
        words=side.words[order],
        twin=side.twin[order],
        heading=np.zeros(len(order), dtype=np.float32),
        cosine=cosine,
        matched=float(bm25.max(initial=0.0)) / rare(index.words.rows),
    )


def _bm25(index: LoadedIndex, terms: Mapping[str, float]) -> tuple[Floats, Floats]:
    """BM25 of every row, by head and by body."""
    return index.words.scores(terms, "head"), index.words.scores(terms, "body")


def best(scores: Floats, limit: int) -> Ints:
    """Rows of the ``limit`` highest positive scores, highest first, ties by row."""
    found = np.flatnonzero(scores > 0)
    if len(found) > limit:
        found = found[np.argpartition(-scores[found], limit)[:limit]]
    return found[np.lexsort((found, -scores[found]))].astype(np.int64)


def _share(values: Floats, floor: float = 1e-6) -> Floats:
    """BM25 as a share of the best row's, or of ``floor`` when even that one is weaker."""
    return values / np.float32(max(float(values.max(initial=0.0)), floor))


def _beyond(index: LoadedIndex, terms: Mapping[str, float], head: Floats) -> Floats:
    """Body BM25 of the terms that the best head does not hold.

    The topic of a question is in the head of the right document and all over the bodies of
    its neighbours; what is asked about the topic ("treatment", "at night") is left to the body.
    """
    top = int(head.argmax()) if head.max(initial=0.0) > 0 else -1
    left = {t: w for t, w in terms.items() if not index.words.holds(top, t, "head")}
    return index.words.scores(left, "body")


def rare(rows: int) -> float:
    """BM25 worth of the rarest possible term among ``rows`` rows (ln of twice their number)."""
    return float(np.log(2.0 * rows + 2.0))


def _candidates(index: LoadedIndex, bm25: Floats, vector: Floats | None) -> Ints:
    """English rows worth a closer look: the best of either ranker, in row order."""
    rows = best(np.where(index.rows.chinese, 0, bm25), POOL)
    near = _near(index, "en", vector)
    return np.unique(np.concatenate((rows, near[~index.rows.chinese[near]])))


def _near(index: LoadedIndex, lang: Lang, vector: Floats | None) -> Ints:
    """Rows whose vectors are nearest to the question's, among texts of a language; of both when
    they share a space."""
    space = index.spaces.get(lang)
    if vector is None or space is None or not len(space.matrix):
        return np.zeros(0, dtype=np.int64)
    near = space.row_of[space.nearest(vector, POOL)].astype(np.int64)
    return near[near >= 0]


def _evidence(
    index: LoadedIndex,
    terms: Mapping[str, float],
    bm25: tuple[Floats, Floats],
    vector: Floats | None,
    weights: Weights,
) -> _Side:
    """English candidates of both rankers, with exact cosines for all of them."""
    head, body = bm25
    rows = _candidates(index, head + body, vector)
    dense = _cosines(index, rows, vector)
    asked = _beyond(index, terms, head)
    words = weights.head * _share(head[rows]) + weights.body * _share(asked[rows])
    words = words.astype(np.float32)
    score = weights.dense * dense + words
    return _Side(rows=rows, score=score, dense=dense, words=words, twin=np.zeros_like(score))


def _cosines(index: LoadedIndex, rows: Ints, vector: Floats | None, lang: Lang = "en") -> Floats:
    """Cosine of each row's vector with the question's; 0 for rows without one, never below 0.

    The rows must be in the language."""
    out = np.zeros(len(rows), dtype=np.float32)
    space = index.spaces.get(lang)
    if vector is None or space is None or not len(space.matrix):
        return out
    places = index.rows.vector[rows]
    held = places >= 0
    # einsum, not @: BLAS would claim 60 MB of buffers for a product this small
    out[held] = np.einsum("ij,j->i", space.matrix[places[held]].astype(np.float32), vector)
    return np.maximum(out, 0.0)


def _worded(index: LoadedIndex, bm25: Floats, floor: float) -> _Side:
    """Chinese candidates found by words alone."""
    rows = best(np.where(index.rows.chinese, bm25, 0), POOL)
    words = _share(bm25[rows], floor)
    zero = np.zeros_like(words)
    return _Side(rows=rows, score=words, dense=zero, words=words, twin=zero)


def _with_votes(
    index: LoadedIndex,
    bm25: Floats,
    english: _Side,
    weights: Weights,
    floor: float,
    vector: Floats | None,
) -> _Side:
    """Chinese candidates by words and vectors, lifted by the English evidence for their twins."""
    table = index.rows
    page: dict[int, float] = {}
    section: dict[tuple[int, int], float] = {}
    twins, places = table.twin[english.rows].tolist(), table.position[english.rows].tolist()
    for twin, place, score in zip(twins, places, english.score.tolist(), strict=True):
        page[twin] = max(page.get(twin, 0.0), score)
        section[twin, place] = score
    loudest = sorted(page, key=lambda t: -page[t])[:30]
    voted = np.flatnonzero(np.isin(table.twin, loudest) & table.chinese)[: 4 * POOL]
    worded = best(np.where(table.chinese, bm25, 0), POOL)
    near = _near(index, "zh", vector)
    near = near[table.chinese[near]]
    rows = np.unique(np.concatenate((worded, voted.astype(np.int64), near)))
    words = _share(bm25[rows], floor)
    dense = _cosines(index, rows, vector, "zh")
    votes = np.array(
        [
            weights.twin * page.get(twin, 0.0) + weights.section * section.get((twin, place), 0.0)
            for twin, place in zip(
                table.twin[rows].tolist(), table.position[rows].tolist(), strict=True
            )
        ],
        dtype=np.float32,
    )
    score = words + votes + np.float32(weights.near) * _closeness(dense)
    return _Side(rows=rows, score=score, dense=dense, words=words, twin=votes)


def _closeness(cosines: Floats) -> Floats:
    """Cosines as shares of [0, 1] between the middle candidate and the best.

    All Chinese text lies close together in these vectors: only the differences tell.
    """
    held = cosines[cosines > 0]
    if not len(held):
        return cosines
    middle = float(np.median(held))
    spread = max(float(held.max()) - middle, SPREAD)
    close: Floats = np.clip((cosines - np.float32(middle)) / np.float32(spread), 0.0, 1.0)
    return close


def _merge(index: LoadedIndex, own: _Side, other: _Side, foreign: float) -> _Side:
    """Both languages together; what has a twin in the asker's language is left out."""
    spoken = np.isin(index.rows.twin[other.rows], index.rows.twin[own.rows])
    keep = ~spoken
    parts = {
        name: np.concatenate((getattr(own, name), getattr(other, name)[keep]))
        for name in ("rows", "dense", "words", "twin")
    }
    score = np.concatenate((own.score, np.float32(foreign) * other.score[keep]))
    return _Side(score=score, **parts)


def _lift(index: LoadedIndex, side: _Side, weights: Weights) -> Floats:
    """Add to every chunk what the three best sections of its document say together.

    A section speaks once, however many chunks it was cut into: the pieces of one long answer
    are no independent witnesses, the sections of a page are.
    """
    docs = index.rows.doc[side.rows].tolist()
    sections = index.rows.section[side.rows].tolist()
    total: dict[int, float] = {}
    heard: dict[int, list[int]] = {}
    for place in np.argsort(-side.score, kind="stable").tolist():
        doc, section = docs[place], sections[place]
        before = heard.setdefault(doc, [])
        if len(before) < len(_SHARES) and section not in before:
            total[doc] = total.get(doc, 0.0) + _SHARES[len(before)] * float(side.score[place])
            before.append(section)
    lift = np.array([total[doc] for doc in docs], dtype=np.float32)
    lifted: Floats = side.score + np.float32(weights.document) * lift
    return lifted
