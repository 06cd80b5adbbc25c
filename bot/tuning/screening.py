"""What may not be learned from, or not before a person has looked: the checks against poisoning.

Dropped: what cannot be rebuilt, what is unsafe or unsupported and was liked, repeats. Held for
review: everything of raters who stand out, bursts, and answers that raters disagree on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import comb
from typing import Final, Literal

from bot.grounding.check import Checker, CitedPassage
from bot.safety import check_request, unsafe_advice
from bot.tuning.rated import Rated, Rebuilding
from rag.ingest.duplicates import duplicates

Reason = Literal[
    "gone", "unsafe", "unsupported", "harmful_request", "repeat",  # dropped
    "outlier", "burst", "disagreement",  # held
]  # fmt: skip
DROPPED: Final[frozenset[Reason]] = frozenset(
    ("gone", "unsafe", "unsupported", "harmful_request", "repeat")
)
NEAR = 0.8  # Jaccard index of question and answer from which two lessons are one
BURST = 12  # votes of one person …
BURST_IN = timedelta(minutes=2)  # … within this time
_FEW = 6  # votes, below which nobody can stand out
_RARE = 1e-3  # chance of a rater's record, from which it stands out
_BAD_UPS = 2  # liked answers that fail a check, from which all that a person liked is held


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """A lesson and what is against it, in the order found; ``cluster`` names those alike."""

    lesson: Rated
    reasons: tuple[Reason, ...]
    cluster: str

    @property
    def dropped(self) -> bool:
        """Never learned from."""
        return bool(DROPPED & set(self.reasons))


def screen(
    lessons: Sequence[Rated], rebuilding: Rebuilding, checker: Checker | None = None
) -> list[Screened]:
    """Every lesson with what is against it, in the order given."""
    alike = clusters(lessons)
    against: dict[str, list[Reason]] = {one.id: [] for one in lessons}
    checks = _Checks(rebuilding, checker or Checker())
    for one in lessons:
        against[one.id] += checks.of(one)
    for reason, found in (
        ("repeat", _repeats(lessons, alike)),
        ("outlier", _outliers(lessons, alike, against)),
        ("burst", _bursts(lessons)),
        ("disagreement", _disagreements(lessons, alike)),
    ):
        for id_ in found:
            against[id_].append(reason)  # type: ignore[arg-type]
    return [
        Screened(lesson=one, reasons=tuple(against[one.id]), cluster=alike[one.id])
        for one in lessons
    ]


def clusters(lessons: Sequence[Rated]) -> dict[str, str]:
    """For each lesson the first one that says nearly the same."""
    texts = [f"{one.asked}\n{one.written}" for one in lessons]
    first = {one.id: one.id for one in lessons}
    for found in duplicates(texts, NEAR):
        first[lessons[found.doc].id] = first[lessons[found.of].id]
    return first


class _Checks:
    """What is wrong with one lesson by itself."""

    def __init__(self, rebuilding: Rebuilding, checker: Checker) -> None:
        self._rebuilding = rebuilding
        self._checker = checker

    def of(self, one: Rated) -> list[Reason]:
        """A disliked answer may be bad; a liked one is to be imitated and must be right."""
        passages = self._rebuilding.passages(one)
        if passages is None or self._rebuilding.prompt(one) is None:
            return ["gone"]
        if check_request(one.asked).kind is not None:
            return ["harmful_request"]
        text = one.review.text if one.review and one.review.text else one.written
        if one.vote == "down" and text == one.written:
            return []
        found: list[Reason] = []
        if unsafe_advice(text, one.lang) is not None:
            found.append("unsafe")
        cited = [CitedPassage(id=p.id, text=p.text, title=p.title) for p in passages]
        if not self._checker.check(text, cited, lang=one.lang).supported:
            found.append("unsupported")
        return found


def _repeats(lessons: Sequence[Rated], alike: Mapping[str, str]) -> list[str]:
    """The same person's same lesson again."""
    seen: set[tuple[str, str]] = set()
    found = []
    for one in lessons:
        key = (one.who, alike[one.id])
        if key in seen:
            found.append(one.id)
        seen.add(key)
    return found


def _bursts(lessons: Sequence[Rated]) -> list[str]:
    """Votes that come faster than anybody reads."""
    people: dict[str, list[Rated]] = defaultdict(list)
    for one in lessons:
        people[one.who].append(one)
    found: set[str] = set()
    for mine in people.values():
        mine.sort(key=lambda one: one.at)
        for last, one in enumerate(mine[BURST - 1 :], start=BURST - 1):
            if one.at - mine[last - BURST + 1].at <= BURST_IN:
                found.update(m.id for m in mine[last - BURST + 1 : last + 1])
    return sorted(found)


def _disagreements(lessons: Sequence[Rated], alike: Mapping[str, str]) -> list[str]:
    """Votes against the majority on the same answer, and all of them where there is none."""
    groups: dict[str, list[Rated]] = defaultdict(list)
    for one in lessons:
        groups[alike[one.id]].append(one)
    found = []
    for group in groups.values():
        ups = len({one.who for one in group if one.vote == "up"})
        downs = len({one.who for one in group if one.vote == "down"})
        for one in group:
            ours, theirs = (ups, downs) if one.vote == "up" else (downs, ups)
            if theirs and ours <= theirs:
                found.append(one.id)
    return found


def _outliers(
    lessons: Sequence[Rated], alike: Mapping[str, str], against: Mapping[str, Iterable[Reason]]
) -> list[str]:
    """Every lesson of a person whose record would be rare among the others' votes.

    Three records are looked at: likes of what fails a check, thumbs nearly all one way, and
    votes against what others said of the same answer.
    """
    people: dict[str, list[Rated]] = defaultdict(list)
    for one in lessons:
        people[one.who].append(one)
    majority = _others(lessons, alike)
    suspects = {
        who
        for who, mine in people.items()
        if _likes_bad(mine, against) or _one_way(mine, lessons) or _contrary(mine, majority, alike)
    }
    return [one.id for one in lessons if one.who in suspects]


def _likes_bad(mine: Sequence[Rated], against: Mapping[str, Iterable[Reason]]) -> bool:
    bad = sum(bool({"unsafe", "unsupported"} & set(against[m.id])) for m in mine if m.vote == "up")
    return bad >= _BAD_UPS and bad * 4 >= sum(m.vote == "up" for m in mine)


def _one_way(mine: Sequence[Rated], everything: Sequence[Rated]) -> bool:
    """So many thumbs the same way that chance, at the others' rate, hardly gives it."""
    others = [one for one in everything if one.who != mine[0].who]
    if len(mine) < _FEW or len(others) < _FEW:
        return False
    rate = (sum(o.vote == "up" for o in others) + 1) / (len(others) + 2)
    ups = sum(m.vote == "up" for m in mine)
    return min(tail(ups, len(mine), rate), tail(len(mine) - ups, len(mine), 1 - rate)) < _RARE


def _others(lessons: Sequence[Rated], alike: Mapping[str, str]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one in lessons:
        found[alike[one.id]][one.vote] += 1
    return found


def _contrary(
    mine: Sequence[Rated], majority: Mapping[str, Counter[str]], alike: Mapping[str, str]
) -> bool:
    """Against the others far more often than with them, on answers that others voted on."""
    against = total = 0
    for one in mine:
        votes = majority[alike[one.id]] - Counter([one.vote])
        if votes["up"] != votes["down"]:
            total += 1
            against += (votes["up"] > votes["down"]) != (one.vote == "up")
    return total >= _FEW and tail(against, total, 0.3) < _RARE


def tail(hits: int, total: int, rate: float) -> float:
    """The chance of at least ``hits`` of ``total`` at ``rate`` each (binomial)."""
    return sum(comb(total, k) * rate**k * (1 - rate) ** (total - k) for k in range(hits, total + 1))
