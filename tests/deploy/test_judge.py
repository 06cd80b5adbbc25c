"""The judge's verdicts: both orders of a pair, and what counts of them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bot.grounding.check import CitedPassage
from bot.tuning import exam
from bot.tuning.cases import Case
from bot.tuning.scoring import Answered
from deploy.judge.pairs import ORDERS, Pair, preference, read, verdict
from tests.fakes.model_server import model_server

ENV = Path(__file__).resolve().parents[2] / "build" / "judge"

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


@pytest.mark.skipif(not (ENV / ".ready").is_file(), reason="build/judge is not made: make judge")
async def test_a_judge_that_likes_what_stands_first_is_found_out(tmp_path: Path) -> None:
    """The real inspect-ai against a server on the wire: two prompts a pair, no preference."""
    rows = [
        {"id": f"q{n}", "question": PAIR.question, "passages": list(PAIR.passages),
         "candidate": PAIR.candidate, "baseline": PAIR.baseline}
        for n in range(3)
    ]  # fmt: skip
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    async with model_server(text="The first is plainer.\nBetter: A", pause_s=0.0) as fake:
        judge = await asyncio.create_subprocess_exec(
            ENV / "bin" / "python", ENV.parents[1] / "deploy" / "judge" / "judge.py", tmp_path,
            "--model", "openai/fake-model", "--url", fake.url,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, _ = await judge.communicate()
    found = json.loads((tmp_path / "judge.json").read_text(encoding="utf-8"))
    assert judge.returncode == 0
    assert json.loads(said) == found
    assert (found["pairs"], found["by_position"], found["unread"]) == (3, 3, 0)
