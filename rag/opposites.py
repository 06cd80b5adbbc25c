"""High is not low: what is about the opposite of the question comes after the rest.

To vectors "high blood sugar" and "low blood sugar" are nearly the same, and to words half the
same; yet whoever has the one is harmed by the advice for the other (juice for low blood sugar).
So documents whose title says the opposite side of what the question says count half.
Whoever wants to lower something has it high, and who asks how to raise it has it low.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.fuse import Ranked
    from rag.types import Passage

    Ints = NDArray[np.int64]

Side = Literal["high", "low"]
COUNTS = 0.5  # of its score
LOOKED_AT = 24  # places of the ranking
_SUBJECTS = {
    "sugar": (r"(?:blood )?(?:sugars?|glucose)", "血糖"),
    "pressure": (r"(?:blood pressure|bp)", "血压"),
}
_WORDS: dict[Side, tuple[str, str]] = {
    "high": (r"(?:high|raised|elevated|spik\w+)", "[偏过太]?高"),
    "low": (r"(?:low|drop\w*|falls?|falling|fell)", "(?<!降)[偏过太]?低"),
}
_CHANGES: dict[Side, tuple[str, str]] = {  # what is done to the other side, and so about this one
    "high": (
        r"(?:lower(?:ing|s)?|reduc\w+|decreas\w+|cut(?:ting)?|(?:get|bring|tak)\w* down)",
        "降低?",
    ),
    "low": (
        r"how (?:do|can|could|to|should)\W+(?:(?:i|we|you)\W+)?(?:raise|increase|(?:bring|get) up)",
        "(?:怎么|怎样|如何)(?:才能)?(?:升高?|提高|提升)",
    ),
}
_BROUGHT = {"high": ("down", "降[不得]?下[来去]"), "low": ("up", "升[不得]?上[来去]")}
_NAMES: dict[str, dict[Side, str]] = {
    "sugar": {"high": r"hyperglyc\w+", "low": r"hypoglyc\w+|hypos?"},
    "pressure": {"high": r"hypertensi\w+", "low": r"hypotensi\w+"},
}


def _pattern(subject: str, side: Side) -> re.Pattern[str]:
    (english, chinese), (word, character) = _SUBJECTS[subject], _WORDS[side]
    (change, changing), (way, brought) = _CHANGES[side], _BROUGHT[side]
    return re.compile(
        rf"\b{change}\W+(?:\w+\W+){{0,2}}{english}\b|{changing}{chinese}"
        rf"|\b(?:get|bring|tak)\w*\W+(?:\w+\W+){{0,2}}{english}\W+(?:\w+\W+)?{way}\b"
        rf"|{chinese}[^，。？?]{{0,6}}{brought}"
        rf"|\b{word}\W+(?:\w+\W+)?{english}\b|\b{english}\W+(?:[\w']+\W+){{0,3}}{word}\b"
        rf"|\b(?:{_NAMES[subject][side]})\b|{character}{chinese}"
        rf"|{chinese}(?:有点|有些|老是|总是|一直|很|还是|又|突然)?{character}",
        re.IGNORECASE,
    )


_SAYS = {(subject, side): _pattern(subject, side) for subject in _SUBJECTS for side in _WORDS}


def sides(text: str) -> dict[str, Side]:
    """Which side of what a text is about; not of what it says both sides of."""
    found: dict[str, Side] = {}
    for subject in _SUBJECTS:
        high, low = (bool(_SAYS[subject, side].search(text)) for side in ("high", "low"))
        if high != low:
            found[subject] = "high" if high else "low"
    return found


def behind(ranked: Ranked, question: str, passages: Callable[[Ints], Sequence[Passage]]) -> Ranked:
    """The ranking with documents about the opposite side behind; ``passages`` reads rows."""
    asked = sides(question)
    if not asked or not len(ranked.rows):
        return ranked
    score = ranked.score.copy()
    for place, passage in enumerate(passages(ranked.rows[:LOOKED_AT])):
        told = sides(passage.title)
        if any(told.get(subject, side) != side for subject, side in asked.items()):
            score[place] *= COUNTS
    order = np.argsort(-score, kind="stable")
    return replace(
        ranked,
        rows=ranked.rows[order], score=score[order], dense=ranked.dense[order],
        words=ranked.words[order], twin=ranked.twin[order], heading=ranked.heading[order],
    )  # fmt: skip
