"""Questions about one's own values: which are look-ups, and how they are answered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.metrics import found
from bot.metrics.lookup import Lookup, Period, read
from bot.model import Lang, MetricKind, Observation

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # a Friday


def asked(text: str) -> Lookup | None:
    """What a message asks for at noon of that Friday."""
    return read(text, now=NOW, tz="UTC")


def logged(
    kind: MetricKind, value: float, days_ago: float, value2: float | None = None
) -> Observation:
    """A value of some days ago."""
    at = NOW - timedelta(days=days_ago)
    return Observation(kind=kind, value=value, unit="", at=at, text="", value2=value2)


@pytest.mark.parametrize(
    ("text", "kind", "measure", "period"),
    [
        ("how many steps did I walk last week?", "steps", "total", "last_week"),
        ("what was my average sleep last week", "sleep", "mean", "last_week"),
        ("what's my latest blood pressure", "blood_pressure", "latest", None),
        ("What is my BMI?", "bmi", "summary", None),
        ("how long did i sleep last night", "sleep", "summary", "night"),
        ("how much water have I had today?", "water", "total", "today"),
        ("show my weight", "weight", "latest", None),
        ("how is my blood pressure this week?", "blood_pressure", "summary", "week"),
        ("when did I last weigh myself?", "weight", "latest", None),
        ("my highest bp in the last 30 days", "blood_pressure", "highest", "days"),
        ("how often did I exercise last month", "exercise", "count", "last_month"),
        ("what has my weight been over the past two weeks", "weight", "summary", "days"),
        ("我这周平均睡多久？", "sleep", "mean", "week"),
        ("上周我走了多少步", "steps", "total", "last_week"),
        ("我最近一次血压是多少", "blood_pressure", "latest", None),
        ("昨晚睡了几个小时", "sleep", "summary", "night"),
        ("我的BMI是多少", "bmi", "summary", None),
        ("上个月最高血压多少", "blood_pressure", "highest", "last_month"),
        ("最近三天我的心率平均是多少", "heart_rate", "mean", "days"),
        ("本周运动了几次", "exercise", "count", "week"),
    ],
)
def test_look_ups_are_read(text: str, kind: str, measure: str, period: str | None) -> None:
    """Kind, figure and days are read from everyday questions in both languages."""
    lookup = asked(text)
    assert lookup is not None
    assert (lookup.kind, lookup.measure) == (kind, measure)
    assert (lookup.period.key if lookup.period else None) == period


@pytest.mark.parametrize(
    "text",
    [
        "how many steps should I walk a day?",
        "how much sleep do adults need",
        "why is my blood pressure high",
        "what does my blood pressure of 150/95 mean",
        "is my blood pressure too high?",
        "what was my dad's blood pressure",
        "what happens to my blood sugar after meals",
        "what are the side effects of my blood pressure pills",
        "what helps my sleep",
        "I slept 5h last night",
        "how do I measure my waist",
        "成年人每天睡多久",
        "我血压150/95，要紧吗？",
        "最近总是睡不着怎么办",
        "我每天应该走多少步",
        "我血糖最近怎么总是降不下来",
        "孩子昨天体温多少度算发烧",
        "我爸的血压是多少",
        "我最近血压有点高怎么样才能降",
    ],
)
def test_questions_for_the_knowledge_are_left_to_it(text: str) -> None:
    """What values should be, mean or do, and other people's values, are no look-ups."""
    assert asked(text) is None


def say(text: str, kept: list[Observation], lang: Lang = "en") -> str:
    """The answer to a look-up."""
    lookup = asked(text)
    assert lookup is not None
    return found.answer(lookup, kept, now=NOW, tz="UTC", lang=lang)


def test_a_week_of_steps_is_added_up() -> None:
    """Only the days of that week count, and it says on how many of them something was logged."""
    kept = [
        logged("steps", 9000, 5), logged("steps", 4000, 7), logged("steps", 2500, 7),
        logged("steps", 99, 12),
    ]  # fmt: skip
    text = say("how many steps did I walk last week?", kept)
    assert text == "Steps, last week: 15,500 steps in all (2 days with a value)."
    assert say("上周我走了多少步", kept, "zh") == "上周的步数：合计 15,500 步（2 天有记录）。"


def test_last_night_is_the_night_that_ended_today() -> None:
    """A night logged this morning is last night; the one before is not."""
    kept = [logged("sleep", 5.5, 0.1), logged("sleep", 8, 1.1)]
    assert (
        say("how long did I sleep last night", kept) == "Sleep, last night: 5 h 30 min (1 night)."
    )
    assert say("how long did I sleep yesterday", kept) == "Sleep, yesterday: 8 h (1 night)."


def test_the_highest_pressure_comes_with_its_other_half_and_day() -> None:
    """A pressure stays a pair, and the day is the one it was measured on."""
    kept = [
        logged("blood_pressure", 148, 3, 96),
        logged("blood_pressure", 131, 2, 99),
        logged("blood_pressure", 170, 60, 100),
    ]
    text = say("what was my highest blood pressure?", kept)
    assert text == (
        "Blood pressure, last 30 days: the highest was 148/96 mmHg, on 17 Nov (2 readings logged)."
    )


def test_nothing_logged_is_said_and_the_last_value_offered() -> None:
    """An empty period is no zero."""
    text = say("what was my average weight last week", [logged("weight", 71.5, 30)])
    assert text == (
        "Nothing is logged for weight, last week. The latest before that is 71.5 kg (21 Oct 12:00)."
    )
    assert say("show my mood", []).startswith("Nothing is logged for mood yet.")
    assert "体重和身高" in say("我的BMI是多少", [logged("weight", 70, 1)], "zh")


def test_bmi_is_computed_from_the_latest_of_both() -> None:
    """It shows the two figures it comes from."""
    text = say("what's my bmi", [logged("weight", 81, 1), logged("height", 180, 300)])
    assert text == "Body mass index: 25 kg/m², computed from 81 kg and 180 cm."


@given(st.text(max_size=160))
def test_any_text_is_read_without_an_error(text: str) -> None:
    """Reading never raises, and a period never ends before it begins or in the future."""
    lookup = asked(text)
    if lookup is not None and lookup.period is not None:
        assert lookup.period.first <= lookup.period.last <= NOW.date()


def test_periods_know_their_length() -> None:
    """A period's days include both ends."""
    assert Period(key="days", first=date(2026, 11, 1), last=date(2026, 11, 7)).days == 7
