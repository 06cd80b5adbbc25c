"""How old somebody is, said behind a complaint, is not how high the value is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.metrics.parse import parse
from bot.model import Lang

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("吃得多还瘦，心跳快 我今年60", "zh"),
        ("心率快 本人62", "zh"),
        ("血糖高 我今年65", "zh"),
        ("体温高 今年38", "zh"),
        ("heart rate is fast i am 60", "en"),
        ("blood sugar high i am 65", "en"),
        ("my sugar is high, i'm 65", "en"),
    ],
)
def test_an_age_behind_a_complaint_is_never_kept(text: str, lang: Lang) -> None:
    """65 as a blood sugar would be a dangerous low that nobody had."""
    found = parse(text, lang=lang, now=NOW, tz="UTC")
    assert not [*found.observations, *found.asks]


@pytest.mark.parametrize(
    ("text", "lang", "value"),
    [
        ("我今年60，心率72", "zh", 72),
        ("heart rate 64, i am 60", "en", 64),
        ("i'm 60, pulse 72", "en", 72),
        ("心跳快 96", "zh", 96),
    ],
)
def test_a_value_beside_an_age_is_kept(text: str, lang: Lang, value: float) -> None:
    """The age takes nothing away from what was measured."""
    found = parse(text, lang=lang, now=NOW, tz="UTC")
    assert [(o.kind, o.value) for o in found.observations] == [("heart_rate", value)]
