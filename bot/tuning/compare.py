"""Two adapters compared on what people thought of them, with people as the unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bot.model import Vote
from bot.tuning.sampling import Interval, rate, rate_difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Fared:
    """``count`` answers that one adapter was asked for by one person.

    ``held``: the model's own answer passed its checks and was shown.
    """

    who: str
    adapter: str
    held: bool
    vote: Vote | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What became of one adapter's answers. Rates are None where there is nothing to count."""

    adapter: str
    people: int
    answers: int
    up: int
    down: int
    held: Interval | None
    liked: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Differences are ours minus theirs, in rates of 0 to 1."""

    ours: Arm
    theirs: Arm
    liked: Interval | None
    held: Interval | None


Tally = dict[str, tuple[int, int]]


def compare(found: Iterable[Fared], ours: str, theirs: str) -> Comparison:
    """The two adapters side by side; an empty name is the base model alone."""
    kept = list(found)
    liked = {name: _tally(kept, name, votes=True) for name in (ours, theirs)}
    held = {name: _tally(kept, name, votes=False) for name in (ours, theirs)}
    return Comparison(
        ours=_arm(kept, ours, held[ours], liked[ours]),
        theirs=_arm(kept, theirs, held[theirs], liked[theirs]),
        liked=_difference(liked[ours], liked[theirs]),
        held=_difference(held[ours], held[theirs]),
    )


def _tally(found: Iterable[Fared], adapter: str, *, votes: bool) -> Tally:
    """Per person: thumbs up of all thumbs, or answers that held of all answers."""
    people: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in found:
        if one.adapter != adapter or (votes and one.vote is None):
            continue
        people[one.who][0] += one.count * (one.vote == "up" if votes else one.held)
        people[one.who][1] += one.count
    return {who: (hits, total) for who, (hits, total) in people.items()}


def _arm(found: Iterable[Fared], adapter: str, held: Tally, liked: Tally) -> Arm:
    mine = [one for one in found if one.adapter == adapter]
    return Arm(
        adapter=adapter,
        people=len(held),
        answers=sum(one.count for one in mine),
        up=sum(one.count for one in mine if one.vote == "up"),
        down=sum(one.count for one in mine if one.vote == "down"),
        held=rate(held) if held else None,
        liked=rate(liked) if liked else None,
    )


def _difference(ours: Tally, theirs: Tally) -> Interval | None:
    return rate_difference(ours, theirs) if ours and theirs else None
