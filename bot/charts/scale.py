"""What the axes show: limits that do not exaggerate, few round ticks, dates as people write them.

Times are the person's own wall clock, without offset, once they come in here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor, log10
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.i18n import t, texts
from bot.model import Lang, MetricKind

# The least the value axis spans, in canonical units: about what a healthy person's readings
# scatter over, so that a change of no meaning does not look like a cliff.
_SPAN: Final[dict[MetricKind, float]] = {
    "weight": 4.0, "height": 10.0, "blood_pressure": 40.0, "heart_rate": 30.0, "glucose": 3.0,
    "sleep": 4.0, "temperature": 2.0, "spo2": 8.0, "waist": 8.0,
}  # fmt: skip
_FROM_ZERO: Final[frozenset[MetricKind]] = frozenset({"steps", "water", "exercise"})
_ROOM: Final = 0.12  # above and below the values, as a share of what they span
_MOST_TICKS: Final = 6
_DAY_STEPS: Final = (1, 2, 3, 5, 7, 14, 28)
_HOUR_STEPS: Final = (1, 2, 3, 6, 12)


@dataclass(frozen=True, slots=True)
class Axis:
    """From ``low`` to ``high``, with labelled ticks."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Days:
    """The time axis: instants on the person's wall clock."""

    low: datetime
    high: datetime
    ticks: tuple[tuple[datetime, str], ...]


def local(at: datetime, tz: str) -> datetime:
    """Wall clock time in ``tz`` (UTC when there is no such zone), without an offset."""
    try:
        zone = ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError):
        return at.astimezone(UTC).replace(tzinfo=None)
    return at.astimezone(zone).replace(tzinfo=None)


def unit_label(unit: str, lang: Lang) -> str:
    """The unit as it stands on the axis."""
    return texts(lang).get(f"chart.unit.{unit}", unit)


# --- values ------------------------------------------------------------------


def value_axis(kind: MetricKind, values: Sequence[float]) -> Axis:
    """Limits and ticks for these values; at least one value."""
    low, high = _limits(kind, min(values), max(values))
    step = _round_step((high - low) / (_MOST_TICKS - 1))
    first = ceil(low / step - 1e-9)
    last = floor(high / step + 1e-9)
    ticks = tuple((n * step, _number(n * step, step)) for n in range(first, last + 1))
    return Axis(low, high, ticks)


def _limits(kind: MetricKind, low: float, high: float) -> tuple[float, float]:
    if kind == "mood":
        return 0.0, 10.5
    if kind in _FROM_ZERO:
        return 0.0, max(high, 1.0) * (1 + _ROOM)
    span = max(high - low, _SPAN[kind])
    middle = (low + high) / 2
    low, high = middle - span * (0.5 + _ROOM), middle + span * (0.5 + _ROOM)
    if kind == "spo2" and high > 100.5:
        low, high = low - (high - 100.5), 100.5
    return max(low, 0.0), high


def _round_step(least: float) -> float:
    """1, 2 or 5 times a power of ten, at least ``least``."""
    power = 10.0 ** floor(log10(least))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= least * 0.999)


def _number(value: float, step: float) -> str:
    digits = 0 if step >= 1 else ceil(-log10(step) - 1e-9)
    return f"{value:,.{digits}f}"


# --- time --------------------------------------------------------------------


def time_axis(times: Sequence[datetime], lang: Lang) -> Days:
    """Limits and ticks for wall clock times: hours within a day and a half, else days."""
    first, last = min(times), max(times)
    span = last - first
    if span <= timedelta(hours=36):
        return _hours(first, last, lang)
    room = span * 0.03
    low, high = first - room, last + room
    days = max(1, ceil(span / timedelta(days=1)))
    step = _day_step(days)
    at = datetime.combine(last.date(), datetime.min.time())
    found = []
    while at >= low:  # counted back from the newest day, which people look at
        found.append(at)
        at -= timedelta(days=step)
    years = first.year != last.year
    ticks = tuple((at, _date(at, lang, year=years)) for at in reversed(found))
    return Days(low, high, ticks)


def _day_step(days: int) -> int:
    for step in _DAY_STEPS:
        if days / step <= _MOST_TICKS:
            return step
    return ceil(days / _MOST_TICKS / 28) * 28


def _hours(first: datetime, last: datetime, lang: Lang) -> Days:
    room = max((last - first) * 0.05, timedelta(hours=1))
    low, high = first - room, last + room
    hours = (high - low) / timedelta(hours=1)
    step = next((n for n in _HOUR_STEPS if hours / n <= _MOST_TICKS), 12)
    at = datetime.combine(low.date(), datetime.min.time())
    found = []
    while at <= high:
        if at >= low:
            found.append(at)
        at += timedelta(hours=step)
    days = {at.date() for at in found}
    ticks: list[tuple[datetime, str]] = []
    for at in found:
        clock = f"{at:%H:%M}"
        new = at.date() in days
        days.discard(at.date())  # the day stands under its first hour only
        ticks.append((at, f"{clock}\n{_date(at, lang)}" if new else clock))
    return Days(low, high, tuple(ticks))


def _date(at: datetime, lang: Lang, *, year: bool = False) -> str:
    month = t(f"metrics.month.{at.month}", lang)
    key = "chart.date_year" if year else "chart.date"
    return t(key, lang, day=at.day, month=month, year=at.year)
