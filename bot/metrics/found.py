"""Answers a look-up from what was logged: computed here, worded from bot/locales.

Days without a value count for nothing: they are unknown, not zero, and the answer says how many
days, nights or readings a figure rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.i18n import t
from bot.metrics.lookup import Lookup, Period
from bot.metrics.summary import SUMMED, body_mass_index, dated_values, day_of, summarise
from bot.metrics.when import local
from bot.metrics.words import counted, describe_bmi, figure, moment, spread
from bot.model import MetricKind, MetricSummary, Observation
from rag.types import Lang

DEFAULT_DAYS: Final = 7
LONGER_DAYS: Final = 30


def answer(
    asked: Lookup, observations: Sequence[Observation], *, now: datetime, tz: str, lang: Lang
) -> str:
    """One or two sentences. ``observations``: all that was logged, any kind, any order."""
    if asked.kind == "bmi":
        index = body_mass_index([o for o in observations if o.at <= now])
        return describe_bmi(index, lang) if index else t("lookup.no_bmi", lang)
    kind = asked.kind
    kept = sorted((o for o in observations if o.kind == kind and o.at <= now), key=lambda o: o.at)
    name = t(f"metrics.title.{kind}", lang)
    if asked.measure == "latest" and asked.period is None:
        if not kept:
            return t("lookup.never", lang, name=t(f"metrics.name.{kind}", lang))
        return t("lookup.latest", lang, name=name, **_last(kept, now, tz, lang))
    period, within = _within(asked, kept, now=now, tz=tz)
    if not within:
        return _nothing(kind, kept, period, now=now, tz=tz, lang=lang)
    days = (local(now, tz).date() - period.first).days + 1
    (summary,) = summarise(within, now=now, tz=tz, days=days)
    values = {"name": name, "period": worded(period, lang), "count": counted(summary, lang)}
    return _said(asked, summary, within, values, tz=tz, lang=lang)


def _said(  # a figure in its sentence
    asked: Lookup,
    summary: MetricSummary,
    within: Sequence[Observation],
    values: dict[str, str],
    *,
    tz: str,
    lang: Lang,
) -> str:
    kind = summary.kind
    if asked.measure == "count":
        return t("lookup.count", lang, **values)
    if asked.measure in ("highest", "lowest"):
        high = asked.measure == "highest"
        day, value, value2 = dated_values(within, tz=tz, highest=high)
        shown = figure(kind, value, lang, value2)
        return t(f"lookup.{asked.measure}", lang, value=shown, when=_day(day, lang), **values)
    if asked.measure == "total" and kind in SUMMED:
        total = figure(kind, sum(item.value for item in within), lang)
        return t("lookup.total", lang, value=total, **values)
    mean = figure(kind, summary.mean, lang, summary.mean2)
    if summary.count == 1:
        return t("lookup.one", lang, value=mean, **values)
    return t("lookup.mean", lang, value=mean, spread=spread(summary, lang), **values)


def _within(
    asked: Lookup, kept: Sequence[Observation], *, now: datetime, tz: str
) -> tuple[Period, list[Observation]]:
    """The period and its values: the one named, else the last 7 days, or 30 where 7 are empty."""
    if asked.period is not None:
        return asked.period, _inside(kept, asked.period, tz)
    long_first = asked.measure in ("highest", "lowest")
    today = local(now, tz).date()
    for days in (LONGER_DAYS,) if long_first else (DEFAULT_DAYS, LONGER_DAYS):
        period = Period(key="days", first=today - timedelta(days=days - 1), last=today)
        if within := _inside(kept, period, tz):
            break
    return period, within


def _inside(kept: Sequence[Observation], period: Period, tz: str) -> list[Observation]:
    zone = ZoneInfo(tz)
    return [item for item in kept if period.first <= _woken(item, zone) <= period.last]


def _woken(item: Observation, zone: ZoneInfo) -> date:
    """The day of a value; a night's is the day it ended on."""
    day = day_of(item, zone)
    return day + timedelta(days=1) if item.kind == "sleep" else day


def worded(period: Period, lang: Lang) -> str:
    """The period as it stands in a sentence."""
    return t(f"lookup.period.{period.key}", lang, days=period.days)


def _nothing(
    kind: MetricKind,
    kept: Sequence[Observation],
    period: Period,
    *,
    now: datetime,
    tz: str,
    lang: Lang,
) -> str:
    name = t(f"metrics.name.{kind}", lang)
    if not kept:
        return t("lookup.never", lang, name=name)
    last = _last(kept, now, tz, lang)
    return t("lookup.nothing", lang, name=name, period=worded(period, lang), **last)


def _last(kept: Sequence[Observation], now: datetime, tz: str, lang: Lang) -> dict[str, str]:
    last = kept[-1]
    return {
        "value": figure(last.kind, last.value, lang, last.value2),
        "when": moment(last.at, lang, now, tz),
    }


def _day(day: date, lang: Lang) -> str:
    return t("lookup.day", lang, day=day.day, month=t(f"metrics.month.{day.month}", lang))
