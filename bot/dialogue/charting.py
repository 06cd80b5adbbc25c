"""Trends as data to be drawn: one point per day of what was logged, and what is seen in words.

Pure. A day's value is what the sentences of bot/metrics count for it: the sum of steps, water
and exercise, the night for sleep, the mean of the readings for everything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Final, get_args
from zoneinfo import ZoneInfo

from bot.i18n import LANGS, t
from bot.metrics.kinds import KINDS
from bot.metrics.summary import day_of, summarise
from bot.metrics.words import describe
from bot.model import Chart, Lang, MetricKind, MetricSummary, Observation

DAYS: Final = 30
MOST: Final = 4  # pictures in one reply
_FEWEST_DAYS: Final = 3  # below that there is no line to see
_ALSO: Final[Mapping[str, MetricKind]] = MappingProxyType({
    "bp": "blood_pressure", "pressure": "blood_pressure", "高压": "blood_pressure",
    "pulse": "heart_rate", "hr": "heart_rate", "脉搏": "heart_rate", "心跳": "heart_rate",
    "sugar": "glucose", "blood sugar": "glucose", "glucose": "glucose", "糖": "glucose",
    "walking": "steps", "走路": "steps", "workout": "exercise", "锻炼": "exercise",
    "drinking": "water", "喝水": "water", "情绪": "mood", "temp": "temperature",
    "fever": "temperature", "oxygen": "spo2", "血氧饱和度": "spo2", "睡觉": "sleep",
})  # fmt: skip


def kind_named(text: str) -> MetricKind | None:
    """The kind a person names, in either language; None for anything else."""
    return _names().get(text.strip().lower().rstrip(".。!！?？"))


@cache
def _names() -> Mapping[str, MetricKind]:
    names: dict[str, MetricKind] = dict(_ALSO)
    kinds: tuple[MetricKind, ...] = get_args(MetricKind)
    for kind in kinds:
        told = (t(f"metrics.name.{kind}", lang).lower() for lang in LANGS)
        names |= dict.fromkeys((kind, kind.replace("_", " "), *told), kind)
    return names


def charts(
    observations: Sequence[Observation], *, now: datetime, tz: str, lang: Lang
) -> tuple[Chart, ...]:
    """A chart for each kind with three days or more in the last 30, the last logged kind first."""
    made = [
        (max(item.id or "" for item in items), chart)
        for kind, items in _recent(observations, now=now, tz=tz).items()
        if (chart := _chart(kind, items, now=now, tz=tz, lang=lang)) is not None
    ]
    newest = sorted(made, key=lambda pair: pair[0], reverse=True)
    return tuple(chart for _, chart in newest[:MOST])


def _recent(
    observations: Sequence[Observation], *, now: datetime, tz: str
) -> dict[MetricKind, list[Observation]]:
    """Those of the window that ``summarise`` looks at too, by kind, oldest first."""
    zone = ZoneInfo(tz)
    first = now.astimezone(zone).date() - timedelta(days=DAYS - 1)
    found: dict[MetricKind, list[Observation]] = {}
    for item in sorted(observations, key=lambda o: o.at):
        start = first - timedelta(days=1) if item.kind == "sleep" else first
        if item.at <= now and day_of(item, zone) >= start:
            found.setdefault(item.kind, []).append(item)
    return found


def _chart(
    kind: MetricKind, items: Sequence[Observation], *, now: datetime, tz: str, lang: Lang
) -> Chart | None:
    days = _by_day(items, tz)
    if len(days) < _FEWEST_DAYS:
        return None
    whole = summarise(items, now=now, tz=tz, days=DAYS)
    name = t(f"metrics.title.{kind}", lang)
    return Chart(
        kind=kind,
        unit=KINDS[kind].unit,
        lang=lang,
        tz=tz,
        title=t("trend.chart_title", lang, name=name, days=DAYS),
        alt=t("trend.chart_alt", lang, text=describe(whole, lang)[0]),
        points=tuple((day.latest_at, day.mean) for day in days),
        points2=tuple((day.latest_at, day.mean2) for day in days if day.mean2 is not None),
    )


def _by_day(items: Sequence[Observation], tz: str) -> list[MetricSummary]:
    """One summary per day, oldest first. ``items`` are of one kind, oldest first."""
    zone = ZoneInfo(tz)
    days: dict[date, list[Observation]] = {}
    for item in items:
        days.setdefault(day_of(item, zone), []).append(item)
    return [summarise(day, now=day[-1].at, tz=tz, days=1)[0] for day in days.values()]
