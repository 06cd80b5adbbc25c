"""Against real sentences of the measuring data: no failure, exact slices, no false dates."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.metrics.parse import parse

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def sentences(path: Path, key: str) -> list[str]:
    """One field of every row of a JSONL file."""
    return [json.loads(line)[key] for line in path.read_text("utf-8").splitlines()]


@pytest.mark.shared_data
def test_real_mentions_are_survived_with_exact_slices(shared_data: Path) -> None:
    """Every value read from a patient's sentence is a slice of it and lies in its kind's range."""
    found = 0
    for lang in ("en", "zh"):
        for text in sentences(shared_data / "metric_mentions" / f"{lang}.jsonl", "text"):
            items = parse(text, now=NOW, tz="Asia/Shanghai").observations
            found += len(items)
            assert all(item.text in text for item in items)
    assert found >= 50


@pytest.mark.shared_data
def test_sentences_about_dates_and_numbers_log_almost_nothing(shared_data: Path) -> None:
    """Among 2,593 sentences about dates, numbers and units hardly one is taken for a log."""
    texts = sentences(shared_data / "nlu_recognizers" / "dev.jsonl", "input")
    logs = [t for t in texts if parse(t, now=NOW, tz="Asia/Shanghai").observations]
    assert len(logs) <= 8
