"""The JSON face of the checker, and repairing an answer that is only partly grounded."""

from __future__ import annotations

import pytest

from bot.errors import InputError
from bot.grounding.api import from_json, ground_json
from bot.grounding.check import Checker, CitedPassage
from bot.grounding.repair import renumber, repair

PASSAGES = [{"id": "a", "text": "Adults need at least 7 hours of sleep a night."}]


def test_json_line_in_and_out() -> None:
    """The answer keeps its id and gets a verdict per sentence."""
    row = {
        "id": 7,
        "answer": "Adults need at least 7 hours of sleep a night.",
        "passages": PASSAGES,
    }
    assert ground_json(row) == {
        "id": 7,
        "supported": True,
        "sentences": [
            {"text": row["answer"], "supported": True, "why": ""},
        ],
    }
    spoiled = ground_json({**row, "answer": "Adults need at least 9 hours of sleep a night [a]."})
    assert spoiled["supported"] is False


def test_json_takes_bare_texts_and_metrics() -> None:
    """Passages may be bare texts, and figures may come from metrics in any shape."""
    row = {
        "answer": "Your sleep was 6.4 hours.",
        "passages": ["Sleep matters."],
        "metrics": {"sleep": {"value": 6.4, "unit": "hours"}},
    }
    assert ground_json(row, Checker())["supported"] is True


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({}, "answer"),
        ({"answer": 3}, "answer"),
        ({"answer": "x"}, "passages"),
        ({"answer": "x", "passages": "y"}, "passages"),
        ({"answer": "x", "passages": [{"id": 1}]}, "passages"),
    ],
)
def test_malformed_json_is_named(row: dict[str, object], field: str) -> None:
    """What is missing is said."""
    with pytest.raises(InputError) as caught:
        ground_json(row)
    assert caught.value.details["field"] == field


@pytest.mark.parametrize(
    ("metrics", "lines"),
    [
        (None, []),
        ("a: 1\n\nb: 2", ["a: 1", "b: 2"]),
        (["weight 70 kg"], ["weight 70 kg"]),
        (
            [{"kind": "blood_pressure", "value": 120, "value2": 80, "unit": "mmHg"}],
            ["blood pressure: 120/80 mmHg"],
        ),
        ([{"kind": "bp", "value": [120, 80], "unit": "mmHg"}], ["bp: 120/80 mmHg"]),
        (
            {"kind": "sleep", "value": 6.4, "unit": "h", "mean": 7.1, "trend": "falling"},
            ["sleep: 6.4 h; mean 7.1 h; trend falling"],
        ),
        ({"sleep": "6.4 h", "steps": 9000}, ["sleep: 6.4 h", "steps: 9000"]),
        (5, ["5"]),
    ],
)
def test_metrics_of_any_shape_become_lines(metrics: object, lines: list[str]) -> None:
    """Texts, lists, objects and mappings all end as lines."""
    assert from_json(metrics) == lines


GOOD = "Adults need at least 7 hours of sleep a night [1]."
BAD = "Honey cures insomnia within a week [1]."
CITED = [
    CitedPassage("a", PASSAGES[0]["text"]),
    CitedPassage("b", "Caffeine late in the day disturbs sleep."),
]


def mend(answer: str) -> str | None:
    """Check and repair, as the dialogue does."""
    return repair(Checker().check(answer, CITED), answer)


def test_drops_what_nothing_supports() -> None:
    """The supported half stays as it was written."""
    assert mend(f"{GOOD} {BAD}") == GOOD
    assert mend(GOOD) == GOOD


def test_renumbers_what_stays() -> None:
    """Marks count from 1 again after a sentence went."""
    answer = f"{BAD}\n\nCaffeine late in the day disturbs sleep [2]."
    assert mend(answer) == "Caffeine late in the day disturbs sleep [1]."
    assert renumber("x [3, 2] y [2]") == ("x [1, 2] y [2]", {3: 1, 2: 2})


def test_gives_up_when_too_little_stays() -> None:
    """Less than half, or nothing cited, is no answer any more."""
    assert mend(f"{BAD} {BAD} {GOOD}") is None
    assert mend(f"Hello! {BAD}") is None
    assert mend("") is None
    assert repair(Checker().check(GOOD, CITED), BAD) is None


def test_removes_empty_bullets_and_orphaned_lead_ins() -> None:
    """A dropped item takes its bullet along, and a list without items its lead-in."""
    listed = f"Sleep tips:\n- {GOOD}\n- {BAD}\n- {GOOD}"
    assert mend(listed) == f"Sleep tips:\n- {GOOD}\n- {GOOD}"
    empty = f"{GOOD} {GOOD}\n\nSigns are:\n- {BAD}\n\n{GOOD} {GOOD}"
    mended = mend(empty)
    assert mended is not None
    assert "Signs are" not in mended
