"""Knowledge gaps: questions that were not helped, gathered into groups that ask the same.

Likeness is the cosine of the sentence vectors; for Chinese, which the packaged embedder hardly
knows, those of the English gloss, half and half with the cosine of the Chinese terms (on pairs
of our questions about one page and about two, AUROC .87 and .85 alone, .90 together, .65 for
terms without synonyms). Groups are made greedily: the question with most neighbours takes
them, then the next one; its label is the question nearest to all others.
Texts come from the caller, who decides what may be shown; nothing is kept here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rag.types import Lang

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.library import Knowledge

    Matrix = NDArray[np.float32]

Why = Literal["nothing", "down"]  # nothing was found, or the answer earned a thumbs down
LANGS: tuple[Lang, ...] = ("en", "zh")
MOST = 2000  # questions of one language compared; beyond it only the newest
# The best F0.5 of pairs on half of our question sets (three questions of each page).
ALIKE: dict[Lang, float] = {"en": 0.44, "zh": 0.41}
EXAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question that was not helped. ``who`` tells people apart and is never shown."""

    text: str
    lang: Lang
    who: str
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The page that comes closest to a group's label; ``score`` as in Hit."""

    doc: str
    title: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One group. ``label`` is its most central question, ``examples`` begin with it."""

    label: str
    lang: Lang
    count: int
    people: int
    nothing: int
    down: int
    examples: tuple[str, ...]
    nearest: Nearest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """The groups that may be shown, largest first; ``hidden`` questions are in smaller ones."""

    questions: int
    shown: tuple[Gap, ...]
    hidden: int


def find(knowledge: Knowledge, asked: Sequence[Asked], *, people: int = 2) -> Gaps:
    """Groups asked about by at least ``people`` different people, with the nearest page."""
    groups = [
        group
        for lang in LANGS
        for group in grouped(knowledge, [a for a in asked if a.lang == lang][-MOST:])
    ]
    shown = [_gap(knowledge, g) for g in groups if len({a.who for a in g}) >= people]
    return Gaps(
        questions=len(asked),
        shown=tuple(sorted(shown, key=lambda g: (-g.count, g.label))),
        hidden=len(asked) - sum(gap.count for gap in shown),
    )


def _gap(knowledge: Knowledge, group: Sequence[Asked]) -> Gap:
    label, lang = group[0].text, group[0].lang
    hits = knowledge.search(label, lang, 1).hits
    nearest = [
        Nearest(doc=h.passage.doc, title=h.passage.title, score=round(h.score, 4)) for h in hits
    ]
    return Gap(
        label=label, lang=lang, count=len(group), people=len({a.who for a in group}),
        nothing=sum(a.why == "nothing" for a in group),
        down=sum(a.why == "down" for a in group),
        examples=tuple(dict.fromkeys(a.text for a in group))[:EXAMPLES],
        nearest=nearest[0] if nearest else None,
    )  # fmt: skip


def grouped(knowledge: Knowledge, asked: Sequence[Asked]) -> list[list[Asked]]:
    """Questions of one language in groups, each with its most central question first."""
    if not asked:
        return []
    lang = asked[0].lang
    like = likeness(knowledge, [a.text for a in asked], lang)
    return [[asked[i] for i in places] for places in cluster(like, ALIKE[lang])]


def likeness(knowledge: Knowledge, texts: Sequence[str], lang: Lang) -> Matrix:
    """How alike each two texts of one language are, about [0, 1], float32 [n, n]."""
    import numpy as np

    read = [knowledge.understood(text, lang) for text in texts]
    vectors = knowledge.vectors([q.english or text for q, text in zip(read, texts, strict=True)])
    found: Matrix = np.einsum("ik,jk->ij", vectors, vectors)
    if lang == "zh":
        words = weighted([q.own for q in read])
        found = (found + np.einsum("ik,jk->ij", words, words)) / np.float32(2)
    return found


def cluster(likeness: Matrix, alike: float) -> list[list[int]]:
    """Greedy groups of a square matrix of likeness; every place is in exactly one group.

    The place with the most free neighbours (``alike`` or more) takes them; ties go to the
    first. Within a group the places are in order of their mean likeness to all of it.
    """
    import numpy as np

    near = likeness >= alike
    np.fill_diagonal(near, val=True)
    free = np.ones(len(likeness), dtype=np.bool_)
    groups: list[list[int]] = []
    while free.any():
        counts = np.where(free, (near & free).sum(axis=1), -1)
        members = np.flatnonzero(near[int(counts.argmax())] & free)
        central = likeness[np.ix_(members, members)].mean(axis=1)
        groups.append(members[np.argsort(-central, kind="stable")].tolist())
        free[members] = False
    return groups


def weighted(found: Sequence[Mapping[str, float]]) -> Matrix:
    """Unit vectors of the weighted terms of each text, rare ones louder.

    Float32 [len(found), distinct terms]; a text without terms is a row of zeros.
    """
    import numpy as np

    spread = Counter(term for terms in found for term in terms)
    place = {term: i for i, term in enumerate(spread)}
    out = np.zeros((len(found), max(1, len(place))), dtype=np.float32)
    for row, terms in enumerate(found):
        for term, weight in terms.items():
            rarity = math.log((1 + len(found)) / (1 + spread[term])) + 1
            out[row, place[term]] = weight * rarity
    length = np.linalg.norm(out, axis=1, keepdims=True)
    unit: Matrix = out / np.maximum(length, 1e-9)
    return unit
