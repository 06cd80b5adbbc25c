"""What is known about each candidate chunk of an English search, as numbers to weigh.

cos       cosine of the chunk's vector with the question's
doc_cos   the best cosine in the chunk's document
first_cos the cosine of the document's first chunk
head      BM25 of title, section and topics, as a share of the best candidate's
precise   share of the head (by rarity) that the question names
named     share of the question (by rarity) that the head names
both      harmonic mean of the two
beyond    body BM25 of what the best head leaves unsaid, as a share of the best
body      body BM25, as a share of the best
answers   ln P(aspect asked for | chunk) / 3, see rag.aspects
opens     the same of the document's first chunk
first     1 when it is the document's first chunk
long      ln of how many chunks the document has
more      what the second and third best sections of the document add
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag import aspects

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.index import LoadedIndex

    Floats = NDArray[np.float32]
    Halves = NDArray[np.float16]
    Ints = NDArray[np.int64]

NAMES = (
    "cos", "doc_cos", "first_cos", "head", "precise", "named", "both", "beyond", "body",
    "answers", "opens", "first", "long", "more",
)  # fmt: skip
_SHARES = (0.5, 0.25)  # what the second and third section of a document add


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What the features need of every row or document, derived once per index.

    ``first``: row of each document's first chunk; ``chunks``: how many it has; ``heads``: the
    rarities of the head's terms added up; ``told``: ln P(aspect | row), float16.
    """

    first: Ints
    chunks: Ints
    heads: Floats
    rarity: Floats
    told: Halves


def tables(index: LoadedIndex) -> Tables:
    """The tables of an index, made on first use (about 0.1 s for 34,000 rows) and kept."""
    words = index.words
    if "features" not in words.memo:
        docs = index.rows.doc.astype(np.int64)
        order = np.lexsort((index.rows.position, docs))
        _, starts = np.unique(docs[order], return_index=True)
        words.memo["features"] = Tables(
            first=order[starts].astype(np.int64),
            chunks=np.bincount(docs).astype(np.int64),
            heads=words.masses("head"),
            rarity=words.rarities("head"),
            told=aspects.shipped().table(words),
        )
    made: Tables = words.memo["features"]
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the rankers found for the candidate ``rows``; arrays in the order of ``rows``."""

    rows: Ints
    cos: Floats
    first_cos: Floats
    head: Floats
    body: Floats
    beyond: Floats


def matrix(
    index: LoadedIndex, found: Evidence, terms: Mapping[str, float], asks: tuple[float, ...]
) -> Floats:
    """The features of every candidate, float32 [rows, len(NAMES)]."""
    if not len(found.rows):
        return np.zeros((0, len(NAMES)), dtype=np.float32)
    known = tables(index)
    docs = index.rows.doc[found.rows].astype(np.int64)
    head, body, beyond = (_share(v) for v in (found.head, found.body, found.beyond))
    precise, named = _cover(index, known, found.rows, terms)
    told = _told(known, found.rows, asks)
    opens = _told(known, known.first[docs], asks)
    own = found.cos + np.float32(0.2) * head + np.float32(0.15) * beyond
    columns = (
        found.cos, _best(docs, found.cos), found.first_cos, head, precise, named,
        2 * precise * named / np.maximum(precise + named, 1e-6), beyond, body, told, opens,
        index.rows.position[found.rows] == 0, np.log(known.chunks[docs]),
        _more(docs, index.rows.section[found.rows], own),
    )  # fmt: skip
    return np.stack(columns, axis=1).astype(np.float32)


def _share(values: Floats) -> Floats:
    return values / np.float32(max(float(values.max(initial=0.0)), 1e-6))


def _best(docs: Ints, values: Floats) -> Floats:
    """The highest value of each row's document."""
    names, places = np.unique(docs, return_inverse=True)
    highest = np.zeros(len(names), dtype=np.float32)
    np.maximum.at(highest, places, values)
    return highest[places]


def _told(known: Tables, rows: Ints, asks: tuple[float, ...]) -> Floats:
    """How well rows answer what is asked; 0 for all when nothing in particular is."""
    wish = np.array(asks, dtype=np.float32)
    if not wish.any():
        return np.zeros(len(rows), dtype=np.float32)
    answers: Floats = np.einsum("ij,j->i", known.told[rows].astype(np.float32), wish) / 3
    return answers


def _cover(
    index: LoadedIndex, known: Tables, rows: Ints, terms: Mapping[str, float]
) -> tuple[Floats, Floats]:
    """Which share of each head the question names, and of the question each head names.

    Words of the question that no head holds count half a rare term each: they are as
    likely to be chatter as to be the subject.
    """
    hit = np.zeros(index.words.rows, dtype=np.float32)
    total = 0.0
    for term, weight in terms.items():
        column = index.words.vocabulary.get(term)
        worth = 0.5 * math.log(2.0 * index.words.rows + 2.0)
        if column is not None:
            worth = float(known.rarity[column])
            hit[index.words.rows_with(term, "head")] += worth
        if weight == 1.0:
            total += worth
    covered = hit[rows]
    precise: Floats = (covered / np.maximum(known.heads[rows], 1e-6)).astype(np.float32)
    named: Floats = covered / np.float32(max(total, 1e-6))
    return precise, named


def _more(docs: Ints, sections: NDArray[np.int32], own: Floats) -> Floats:
    """What the second and third best section of a document say, once per section.

    A section speaks once, however many chunks it was cut into: the pieces of one long answer
    are no independent witnesses, the sections of a page are.
    """
    added: dict[int, float] = {}
    heard: dict[int, list[int]] = {}
    listed, headings = docs.tolist(), sections.tolist()
    for place in np.argsort(-own, kind="stable").tolist():
        before = heard.setdefault(listed[place], [])
        if len(before) <= len(_SHARES) and headings[place] not in before:
            if before:
                worth = _SHARES[len(before) - 1] * float(own[place])
                added[listed[place]] = added.get(listed[place], 0.0) + worth
            before.append(headings[place])
    return np.array([added.get(doc, 0.0) for doc in listed], dtype=np.float32)
