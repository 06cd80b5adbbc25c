"""The judge's verdicts: both orders of a pair, and what counts of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.grounding.check import CitedPassage
from bot.tuning import exam
from bot.tuning.cases import Case
from bot.tuning.scoring import Answered
from deploy.judge.pairs import ORDERS, Pair, preference, read, verdict

PAIR = Pair(
    id="q1", question="How much sleep?", passages=("Adults need 7 hours.",),
    candidate="Seven hours [1].", baseline="Eight.",
)  # fmt: skip


def judged(**pairs: tuple[int | None, int | None]) -> dict[str, dict[str, int | None]]:
    """Verdicts by pair, in both orders."""
    return {name: dict(zip(ORDERS, both, strict=True)) for name, both in pairs.items()}


def test_both_orders_are_asked_and_read_the_right_way_round() -> None:
    """Whoever stands first in one prompt stands second in the other."""
    first, second = (PAIR.prompt(order) for order in ORDERS)
    assert first.index(PAIR.candidate) < first.index(PAIR.baseline)
    assert second.index(PAIR.baseline) < second.index(PAIR.candidate)
    assert "[1] Adults need 7 hours." in first
    assert [verdict("Plainer. Better: A", order) for order in ORDERS] == [1, -1]
    assert [verdict("Better: A … no.\nBetter: **B**", order) for order in ORDERS] == [-1, 1]
    assert verdict("better: SAME", ORDERS[0]) == 0
    assert verdict("Both are good.", ORDERS[0]) is None


def test_a_verdict_that_changes_with_the_order_is_none() -> None:
    """A judge that always likes the first answer has no preference."""
    found = preference(judged(a=(1, 1), b=(1, -1), c=(-1, 1), d=(0, 0), e=(None, 1), f=(-1, -1)))
    assert (found.pairs, found.wins, found.losses, found.same) == (6, 1, 1, 1)
    assert (found.by_position, found.unread, found.mean) == (2, 1, 0.0)
    won = preference(judged(**{f"q{n}": (1, 1) for n in range(20)}))
    assert (won.mean, won.low, won.high) == (1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="no pairs"):
        preference({})


def test_a_report_hands_over_what_both_sides_answered_from_passages(tmp_path: Path) -> None:
    """Answers that are the same, or rest on nothing, are not judged."""

    def answered(text: str, *passages: str) -> Answered:
        cited = tuple(CitedPassage(str(n), p, "T") for n, p in enumerate(passages))
        return Answered(kind="answer", text=text, alone=text, passages=cited, from_model=True,
                        seconds=1.0)  # fmt: skip

    cases = [
        Case(id=name, suite="grounded", lang="en", say=("Hello", f"{name}?"))
        for name in ("other", "same", "bare")
    ]
    ours = {"other": answered("A.", "P."), "same": answered("B.", "P."), "bare": answered("C.")}
    theirs = {"other": answered("D.", "P."), "same": answered("B.", "P."), "bare": answered("E.")}
    path = exam.write_pairs(tmp_path, cases, ours, theirs)
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == ["other", "same"]
    (pair,) = read(path)
    assert pair == Pair(
        id="other", question="other?", passages=("P.",), candidate="A.", baseline="D."
    )
