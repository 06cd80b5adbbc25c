"""Statistics and trends over what was logged."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.metrics.judge import observe
from bot.metrics.kinds import KINDS
from bot.metrics.parse import parse
from bot.metrics.summary import body_mass_index, day_of, summarise, trend
from bot.model import MetricKind, Observation

TZ = "America/New_York"
ZONE = ZoneInfo(TZ)
NOW = datetime(2026, 11, 22, 20, 0, tzinfo=ZONE)


def logged(*messages: str) -> list[Observation]:
    """What these messages log, said now."""
    return [item for text in messages for item in parse(text, now=NOW, tz=TZ).observations]


def series(kind: MetricKind, values: list[float]) -> list[Observation]:
    """One value a day up to today, oldest first."""
    last = len(values) - 1
    return [
        observe(kind, value, KINDS[kind].unit, NOW - timedelta(days=last - index, hours=6), "x")
        for index, value in enumerate(values)
    ]


def test_sums_per_day_and_means_over_days_with_data() -> None:
    """Two walks of one day add up; a day without data is unknown, not zero."""
    found = summarise(
        logged("4000 steps at 9am", "3000 steps at noon", "9000 steps 3 days ago"),
        now=NOW,
        tz=TZ,
        days=7,
    )
    (steps,) = found
    assert (steps.count, steps.mean, steps.minimum, steps.maximum) == (2, 8000, 7000, 9000)
    assert steps.latest == 7000
    assert (steps.trend, steps.slope) == ("unknown", None)


def test_readings_count_one_by_one() -> None:
    """Every pressure counts, both halves, and the latest is the last one measured."""
    (pressure,) = summarise(
        logged("bp 150/95 yesterday", "bp 130/85 at 8am", "bp 140/90 at 9am"),
        now=NOW,
        tz=TZ,
        days=7,
    )
    assert (pressure.count, pressure.mean, pressure.mean2) == (3, 140, 90)
    assert (pressure.minimum2, pressure.maximum2) == (85, 95)
    assert (pressure.latest, pressure.latest2) == (140, 90)


def test_last_night_said_twice_is_one_night() -> None:
    """ "Last night" and an entry of the morning after fall into the same night, a nap too."""
    items = logged("slept 5h last night", "slept from 11pm to 6am", "napped 30 min at 3pm")
    assert len({day_of(item, ZONE) for item in items}) == 1
    (sleep,) = summarise(items[1:], now=NOW, tz=TZ, days=7)
    assert (sleep.count, sleep.mean) == (1, 7.5)


def test_the_window_counts_calendar_days_of_the_person() -> None:
    """Seven days reach back to the start of the sixth day before today, in the person's zone."""
    items = [
        observe("weight", 70, "kg", datetime(2026, 11, 16, 0, 5, tzinfo=ZONE), "in"),
        observe("weight", 80, "kg", datetime(2026, 11, 15, 23, 55, tzinfo=ZONE), "out"),
        observe("weight", 90, "kg", NOW + timedelta(hours=1), "not yet"),
    ]
    (weight,) = summarise(items, now=NOW, tz=TZ, days=7)
    assert (weight.count, weight.mean) == (1, 70)
    assert summarise(items, now=NOW, tz=TZ, days=30)[0].count == 2


def test_a_window_needs_a_day() -> None:
    """A window of no days is refused."""
    with pytest.raises(ValueError, match="at least one day"):
        summarise([], now=NOW, tz=TZ, days=0)


@pytest.mark.parametrize(
    ("kind", "values", "wanted"),
    [
        ("weight", [80, 79.6, 79.1, 78.8, 78.3], "falling"),
        ("weight", [70, 70.1, 70.2, 70.1, 70.3], "steady"),
        ("blood_pressure", [120, 150, 118, 149, 121], "steady"),
        ("steps", [3000, 4000, 5100, 6000, 7050], "rising"),
        ("heart_rate", [70, 75], "unknown"),
        ("mood", [5, 5, 5, 5], "steady"),
    ],
)
def test_trends(kind: MetricKind, values: list[float], wanted: str) -> None:
    """A direction is named only when it stands out of the scatter and matters."""
    assert summarise(series(kind, values), now=NOW, tz=TZ, days=7)[0].trend == wanted


def test_noise_is_rarely_called_a_trend() -> None:
    """Among 300 trendless month-long series at most one in ten is given a direction."""
    dice = random.Random(7)
    day = NOW.date()
    named = sum(
        trend("heart_rate", {day - timedelta(days=n): dice.gauss(70, 6) for n in range(30)})
        not in ("steady", "unknown")
        for _ in range(300)
    )
    assert named <= 30


@given(
    st.sampled_from(list(KINDS)),
    st.lists(st.tuples(st.integers(0, 29), st.floats(0.5, 5000)), min_size=1, max_size=40),
)
def test_the_mean_lies_between_the_extremes(
    kind: MetricKind, points: list[tuple[int, float]]
) -> None:
    """minimum <= mean <= maximum, the latest among them, and no more days than the window."""
    items = [
        observe(kind, value, KINDS[kind].unit, NOW - timedelta(days=back), "x")
        for back, value in points
    ]
    (found,) = summarise(items, now=NOW, tz=TZ, days=30)
    assert found.minimum <= found.mean <= found.maximum
    assert found.minimum <= found.latest <= found.maximum
    assert found.count <= len(points)
    assert (found.slope is None) == (found.trend == "unknown")


def test_body_mass_index_uses_the_latest_of_each() -> None:
    """81 kg at 180 cm is 25.0; without a height there is none."""
    items = logged("weight 90 kg 5 days ago", "weight 81 kg", "height 180 cm last year")
    found = body_mass_index(items)
    assert found is not None
    assert found.value == pytest.approx(25.0)
    assert body_mass_index(items[:2]) is None
