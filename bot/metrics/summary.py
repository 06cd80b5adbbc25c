"""Statistics over logged observations: daily values, means, extremes, trends and BMI.

Everything here is arithmetic on what the person logged; nothing is smoothed or filled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import sqrt
from statistics import fmean
from typing import Final, Literal
from zoneinfo import ZoneInfo

from bot.metrics.kinds import KINDS
from bot.model import MetricKind, MetricSummary, Observation

Trend = Literal["rising", "falling", "steady", "unknown"]

SUMMED: Final[frozenset[MetricKind]] = frozenset({"steps", "water", "exercise"})
# Shorter than this is a nap and belongs to its night; two longer values for one night are two
# nights told at once ("slept 5h", "slept 5.5 hours"), which are averaged, never added up.
_NAP_H: Final = 2.0
# A night belongs to the evening it began in: whatever is logged before 21:00 is about the
# night before, so that "last night" and "slept 5 h", said the morning after, are one night.
_NIGHT_SHIFT: Final = timedelta(hours=21)
_MIN_TREND_DAYS: Final = 3
# The smallest change over the whole window that is worth a word, in canonical units: below it
# a slope is within the reading-to-reading scatter of home devices, whatever its significance.
_NOTABLE: Final[dict[MetricKind, float]] = {
    "weight": 0.5, "height": 2.0, "blood_pressure": 4.0, "heart_rate": 4.0, "glucose": 0.5,
    "sleep": 0.5, "steps": 1000.0, "exercise": 10.0, "water": 300.0, "mood": 1.0,
    "temperature": 0.4, "spo2": 2.0, "waist": 1.5,
}  # fmt: skip
# Two-sided 5 % points of Student's t for 1 to 30 degrees of freedom (any table of the
# distribution, e.g. NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2).
_T95: Final = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A least-squares line: slope per day and its standard error."""

    slope: float
    error: float
    points: int


def day_of(observation: Observation, zone: ZoneInfo) -> date:
    """The person's calendar day of an observation; for sleep the day its night began."""
    moment = observation.at.astimezone(zone).replace(tzinfo=None)
    return (moment - _NIGHT_SHIFT if observation.kind == "sleep" else moment).date()


def summarise(
    observations: Iterable[Observation], *, now: datetime, tz: str, days: int
) -> list[MetricSummary]:
    """One summary per kind that has data in the last ``days`` calendar days, today included.

    Steps, water and exercise are summed per day and the statistics are over those sums; sleep
    is per night, a nap (under 2 h) added to its night; the others are per reading. Days without
    data count for nothing: they are unknown, not zero. ``count`` is the number of days for
    summed kinds, of nights for sleep, of readings for others.
    The order of kinds is that of the table in kinds.py. ValueError for ``days`` < 1.
    """
    if days < 1:
        raise ValueError("a window has at least one day")
    zone = ZoneInfo(tz)
    first = now.astimezone(zone).date() - timedelta(days=days - 1)
    grouped: dict[MetricKind, list[Observation]] = {}
    for item in sorted(observations, key=lambda o: o.at):
        start = first - timedelta(days=1) if item.kind == "sleep" else first
        if item.at <= now and day_of(item, zone) >= start:
            grouped.setdefault(item.kind, []).append(item)
    return [_summary(kind, grouped[kind], zone, days) for kind in KINDS if kind in grouped]


def _summary(
    kind: MetricKind, items: Sequence[Observation], zone: ZoneInfo, days: int
) -> MetricSummary:
    daily = _daily(items, zone)
    values = _values(kind, items, daily, zone)
    seconds = [item.value2 for item in items if item.value2 is not None]
    line = fit(daily)
    latest = values[-1]
    return MetricSummary(
        kind=kind,
        unit=KINDS[kind].unit,
        days=days,
        count=len(values),
        mean=_mean(values),
        minimum=min(values),
        maximum=max(values),
        latest=latest,
        latest_at=items[-1].at,
        slope=line.slope if line else None,
        trend=trend(kind, daily),
        mean2=_mean(seconds) if seconds else None,
        minimum2=min(seconds, default=None),
        maximum2=max(seconds, default=None),
        latest2=items[-1].value2,
    )


def _values(
    kind: MetricKind, items: Sequence[Observation], daily: dict[date, float], zone: ZoneInfo
) -> list[float]:
    """What the statistics are over, oldest first: days, nights or readings."""
    if kind in SUMMED:
        return list(daily.values())
    if kind == "sleep":
        return [night for nights in _by_day(items, zone).values() for night in _nights(nights)]
    return [item.value for item in items]


def dated_values(
    items: Sequence[Observation], *, tz: str, highest: bool
) -> tuple[date, float, float | None]:
    """The highest or lowest value of one kind: its day, the value, and the second half of a pair.

    Of days for summed kinds, of nights for sleep (the day it ended on), of readings for others.
    """
    zone = ZoneInfo(tz)
    best = max if highest else min
    kind = items[0].kind
    if kind in SUMMED or kind == "sleep":
        late = timedelta(days=1 if kind == "sleep" else 0)
        day, value = best(_daily(items, zone).items(), key=lambda pair: pair[1])
        return day + late, value, None
    item = best(items, key=lambda o: o.value)
    return day_of(item, zone), item.value, item.value2


def _nights(hours: Sequence[float]) -> list[float]:
    """The nights told for one date; naps are added to the last of them, or are one together."""
    nights = [h for h in hours if h >= _NAP_H]
    naps = sum(h for h in hours if h < _NAP_H)
    if not nights:
        return [naps]
    return [*nights[:-1], nights[-1] + naps]


def _mean(values: Sequence[float]) -> float:
    """The mean, kept inside the extremes that rounding could make it leave."""
    return min(max(fmean(values), min(values)), max(values))


def _daily(items: Sequence[Observation], zone: ZoneInfo) -> dict[date, float]:
    """One value per day, in order of days: a sum for summed kinds, else the day's mean."""
    kind = items[0].kind
    by_day = _by_day(items, zone)
    if kind == "sleep":
        return {day: fmean(_nights(hours)) for day, hours in by_day.items()}
    return {day: sum(v) if kind in SUMMED else fmean(v) for day, v in by_day.items()}


def _by_day(items: Sequence[Observation], zone: ZoneInfo) -> dict[date, list[float]]:
    """The values of each day, in order of days and of time within a day."""
    by_day: dict[date, list[float]] = {}
    for item in items:
        by_day.setdefault(day_of(item, zone), []).append(item.value)
    return dict(sorted(by_day.items()))


def fit(daily: dict[date, float]) -> Line | None:
    """The least-squares line over daily values; None below three days."""
    if len(daily) < _MIN_TREND_DAYS:
        return None
    first = min(daily)
    xs = [float((day - first).days) for day in daily]
    ys = list(daily.values())
    x_mean, y_mean = fmean(xs), fmean(ys)
    spread = sum((x - x_mean) ** 2 for x in xs)
    slope = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True)) / spread
    residual = sum((y - y_mean - slope * (x - x_mean)) ** 2 for x, y in zip(xs, ys, strict=True))
    return Line(slope, sqrt(residual / (len(xs) - 2) / spread), len(xs))


def trend(kind: MetricKind, daily: dict[date, float]) -> Trend:
    """The direction of the daily values, "steady" unless it stands out of their scatter.

    A direction needs both: a slope that differs from zero at the 5 % level (two-sided t-test
    on the slope, n - 2 degrees of freedom) and a change over the span that is worth a word.
    """
    line = fit(daily)
    if line is None:
        return "unknown"
    span = (max(daily) - min(daily)).days
    limit = _T95[min(line.points - 2, len(_T95)) - 1]
    if abs(line.slope) * span < _NOTABLE[kind] or abs(line.slope) <= limit * line.error:
        return "steady"
    return "rising" if line.slope > 0 else "falling"


@dataclass(frozen=True, slots=True)
class BodyMassIndex:
    """kg/m² from the latest weight and height, with the moment of the weight."""

    value: float
    weight: float
    height: float
    at: datetime


def body_mass_index(observations: Iterable[Observation]) -> BodyMassIndex | None:
    """BMI = weight / height² from the latest of each (WHO Technical Report Series 894, 2000).

    None when either was never logged. It is a computed figure for adults, not a verdict.
    """
    latest: dict[MetricKind, Observation] = {}
    for item in sorted(observations, key=lambda o: o.at):
        latest[item.kind] = item
    weight, height = latest.get("weight"), latest.get("height")
    if weight is None or height is None or height.value <= 0:
        return None
    value = weight.value / (height.value / 100) ** 2
    return BodyMassIndex(value, weight.value, height.value, weight.at)
