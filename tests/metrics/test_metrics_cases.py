"""The labelled sentences: what people write, what is logged of it, and what must not be."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.metrics.parse import parse, to_json

HERE = Path(__file__).parent
TZ = "Asia/Shanghai"
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=ZoneInfo(TZ))  # a Sunday
CASES = [
    json.loads(line)
    for lang in ("en", "zh")
    for line in (HERE / f"cases.{lang}.jsonl").read_text("utf-8").splitlines()
]


def same(wanted: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether a found metric is the labelled one: kind, unit, value, and time as far as given."""
    if (wanted["kind"], wanted["unit"]) != (found["kind"], found["unit"]):
        return False
    if not found["at"].startswith(wanted.get("at", "")):
        return False
    if isinstance(wanted["value"], str):
        return wanted["value"] == found["value"]
    return abs(wanted["value"] - found["value"]) < 0.01


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_sentence(case: dict[str, Any]) -> None:
    """A labelled sentence yields its metrics and asks, no other, and exact slices of the text."""
    found = to_json(parse(case["text"], now=NOW, tz=TZ))
    metrics: list[dict[str, Any]] = found["metrics"]  # type: ignore[assignment]
    asks: list[dict[str, Any]] = found["asks"]  # type: ignore[assignment]
    left = list(metrics)
    for wanted in case["metrics"]:
        hit = next((m for m in left if same(wanted, m)), None)
        assert hit is not None, f"missing {wanted} in {metrics}"
        left.remove(hit)
    assert not left
    assert [ask["kind"] for ask in asks] == case["asks"]
    assert all(item["text"] in case["text"] for item in (*metrics, *asks))


def test_the_table_is_wide_enough() -> None:
    """Each language has at least 150 sentences, a third of them with nothing to log."""
    for lang in ("en", "zh"):
        cases = [case for case in CASES if case["id"].startswith(lang)]
        empty = [case for case in cases if not case["metrics"] and not case["asks"]]
        assert len(cases) >= 150
        assert 3 * len(empty) >= len(cases)
