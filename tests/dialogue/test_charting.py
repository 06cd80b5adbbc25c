"""Trends as data: what is drawn, in which order, and what the words beside it say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue import charting
from bot.dialogue.charting import MOST, charts, kind_named
from bot.dialogue.orders import read
from bot.metrics.kinds import KINDS
from bot.model import Chart, Lang, MetricKind, Observation, ObservationId
from tests.fakes.chat import NOON, Chat

TZ = "Europe/Berlin"


def item(kind: MetricKind, days_ago: float, value: float, **changes: object) -> Observation:
    """A reading some days before noon."""
    values = {"value2": None, "id": ObservationId(f"{100 - days_ago:06.2f}")} | changes
    return Observation(
        kind=kind, value=value, unit=KINDS[kind].unit, at=NOON - timedelta(days=days_ago),
        text="", **values,  # type: ignore[arg-type]
    )  # fmt: skip


def made(*items: Observation, lang: Lang = "en") -> tuple[Chart, ...]:
    """The charts of these readings."""
    return charts(items, now=NOON, tz=TZ, lang=lang)


def test_three_days_make_a_line() -> None:
    """Two days are no trend, however often somebody measures."""
    two = [item("weight", day + hour / 24, 70) for day in (1, 2) for hour in range(5)]
    assert made(*two) == ()
    (chart,) = made(*two, item("weight", 9, 73))
    assert [value for _, value in chart.points] == [73, 70, 70]
    assert chart.points2 == ()
    assert (chart.kind, chart.unit, chart.tz, chart.lang) == ("weight", "kg", TZ, "en")
    assert [at for at, _ in chart.points] == sorted(at for at, _ in chart.points)
    assert all(at.tzinfo for at, _ in chart.points)


def test_pressure_has_two_lines() -> None:
    """Upper and lower number, each the day's mean."""
    (chart,) = made(
        item("blood_pressure", 2, 140, value2=90),
        item("blood_pressure", 1, 130, value2=80),
        item("blood_pressure", 0.1, 120, value2=70),
        item("blood_pressure", 0.0, 130, value2=80),
    )
    assert [value for _, value in chart.points] == [140, 130, 125]
    assert [value for _, value in chart.points2] == [90, 80, 75]
    assert [at for at, _ in chart.points] == [at for at, _ in chart.points2]


def test_a_day_is_what_the_sentences_count_for_it() -> None:
    """Steps of a day add up; a nap belongs to its night."""
    (chart,) = made(
        item("steps", 2, 4000), item("steps", 1.9, 3000), item("steps", 1, 8000),
        item("steps", 0, 1000),
    )  # fmt: skip
    assert [value for _, value in chart.points] == [7000, 8000, 1000]
    (nights,) = made(
        item("sleep", 2, 7), item("sleep", 1, 5), item("sleep", 0.9, 1), item("sleep", 0, 6)
    )
    assert [value for _, value in nights.points] == [7, 6, 6]


def test_the_last_logged_kind_comes_first_and_four_are_enough() -> None:
    """By when it was written down, not by when it was measured."""
    kinds: tuple[MetricKind, ...] = ("weight", "sleep", "mood", "steps", "water")
    items = [
        item(kind, day, 5, id=ObservationId(f"{place}{day}"))
        for place, kind in enumerate(kinds)
        for day in (1, 2, 3)
    ]
    found = made(*items)
    assert [chart.kind for chart in found] == ["water", "steps", "mood", "sleep"]
    assert len(found) == MOST


def test_what_is_old_or_yet_to_come_is_not_drawn() -> None:
    """Thirty days back, and nothing of tomorrow."""
    old = [item("weight", day, 70) for day in (31, 40, -1)]
    assert made(*old, item("weight", 1, 70), item("weight", 2, 70)) == ()
    (chart,) = made(*old, *(item("weight", day, 70) for day in (1, 2, 29)))
    assert len(chart.points) == 3


def test_the_words_say_what_is_to_be_seen() -> None:
    """Range, mean, number and direction, in English and in Chinese."""
    items = [item("weight", day, 70 + day / 2) for day in range(10)]
    (english,), (chinese,) = made(*items), made(*items, lang="zh")
    assert english.title == "Weight, last 30 days"
    assert english.alt == (
        "Line chart. Weight: 72.2 kg on average over 10 readings in the last 30 days "
        "(lowest 70 kg, highest 74.5 kg). It is falling, by about 3.5 kg a week."
    )
    assert chinese.title == "体重（近30天）"
    assert chinese.alt.startswith("折线图。体重：最近 30 天有 10 次记录，平均 72.2 公斤")
    assert "下降" in chinese.alt


observations = st.builds(
    lambda kind, days, value: item(kind, days, value, value2=value if kind[0] == "b" else None),
    st.sampled_from(sorted(KINDS)),
    st.floats(-3, 40),
    st.floats(1, 300),
)


@given(st.lists(observations, max_size=40), st.sampled_from(["en", "zh"]))
def test_whatever_was_logged_draws(items: list[Observation], lang: Lang) -> None:
    """Each chart has three points or more, in order, inside the window, and words."""
    for chart in made(*items, lang=lang):
        times = [at for at, _ in chart.points]
        assert len(times) >= 3
        assert times == sorted(times)
        assert times[-1] <= NOON
        assert NOON - times[0] < timedelta(days=32)
        assert len(chart.points2) in {0, len(times)}
        assert chart.alt
        assert chart.title


# --- asking for it


async def test_a_trend_carries_charts() -> None:
    """The words are as ever; the charts are personal like them, and only final."""
    chat = Chat()
    for day in range(4):
        for said in ("slept 6h", "bp 128/82"):
            await chat.say(said)
        chat.now = datetime(2026, 11, 21 + day, 12, tzinfo=UTC)
    told = await chat.say("/trend")
    assert [chart.kind for chart in told.charts] == ["blood_pressure", "sleep"]
    assert told.personal
    assert "Blood pressure" in told.text
    assert (await chat.say("slept 6h")).charts == ()


@pytest.mark.parametrize(
    "said", ["/trend sleep", "trend sleep", "trends: Sleep", "趋势 睡眠", "睡眠趋势", "sleep trend"]
)
async def test_a_trend_of_one_kind(said: str) -> None:
    """Named in words of either language, only that kind is told and drawn."""
    chat = Chat()
    for day in range(3):
        for value in ("slept 6h", "weight 70 kg"):
            await chat.say(value)
        chat.now = datetime(2026, 11, 21 + day, 12, tzinfo=UTC)
    told = await chat.say(said)
    assert [chart.kind for chart in told.charts] == ["sleep"]
    assert "Weight" not in told.text
    assert "体重" not in told.text


async def test_a_trend_of_nothing() -> None:
    """Nothing logged of it, or nothing we know: it says so."""
    chat = Chat()
    assert (await chat.say("/trend sleep")).text.startswith("No sleep logged")
    assert (await chat.say("趋势 血压")).text.startswith("近30天没有血压记录")
    assert "blood pressure" in (await chat.say("/trend happiness")).text


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_has_its_names(kind: MetricKind) -> None:
    """By id, by name in both languages, whatever the case."""
    from bot.i18n import t

    for name in (kind, kind.replace("_", " ").upper(), t(f"metrics.name.{kind}", "zh")):
        assert kind_named(name) == kind
        assert read(f"趋势 {name}") == ("trend", name.lower())


def test_names_do_not_clash() -> None:
    """No word means two kinds."""
    assert charting.kind_named("bp") == "blood_pressure"
    assert charting.kind_named("nothing") is None


@pytest.mark.parametrize("said", ["trend is my friend", "the trend", "趋势怎么样", "sleep"])
def test_other_sentences_are_no_command(said: str) -> None:
    """Only a kind, and nothing else, beside the word."""
    assert read(said) is None
