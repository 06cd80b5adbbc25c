"""Says metrics back to people: figures, confirmations, questions and summaries, in two languages.

Every number in a sentence is formatted here from values that code computed; the sentences
themselves are in bot/locales/<lang>/metrics.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from bot.i18n import t
from bot.metrics.judge import number_text
from bot.metrics.kinds import KINDS
from bot.metrics.summary import SUMMED, BodyMassIndex
from bot.metrics.when import local
from bot.model import Ask, MetricKind, MetricSummary, Observation
from rag.types import Lang

_LITRE: Final = 1000.0


def figure(kind: MetricKind, value: float, lang: Lang, value2: float | None = None) -> str:
    """A canonical value as people write it: "5 h 30 min", "148/96 mmHg", "1.8 L", 8,200 步."""
    info = KINDS[kind]
    if value2 is not None:
        pair = f"{_decimals(value, 0)}/{_decimals(value2, 0)}"
        return t("metrics.unit.mmHg", lang, n=pair)
    if kind == "sleep":
        return _duration(round(value * 60), lang)
    if kind == "exercise":
        return _duration(round(value), lang)
    if kind == "water" and value >= _LITRE:
        return t("metrics.unit.L", lang, n=_decimals(value / _LITRE, 1))
    return t(f"metrics.unit.{info.unit}", lang, n=_decimals(value, info.digits))


def _decimals(value: float, digits: int) -> str:
    rounded = round(value, digits)
    text = f"{rounded:,.{digits}f}" if abs(rounded) >= 1000 else f"{rounded:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _duration(minutes: int, lang: Lang) -> str:
    hours, rest = divmod(minutes, 60)
    parts = [t("metrics.unit.h", lang, n=hours)] if hours else []
    if rest or not hours:
        parts.append(t("metrics.unit.min", lang, n=rest))
    return " ".join(parts)


def written(item: Observation, lang: Lang) -> str:
    """An observation as the person wrote it, with the canonical figure beside another unit."""
    canonical = figure(item.kind, item.value, lang, item.value2)
    same = not item.shown_unit or item.shown_unit == item.unit or item.kind in ("sleep", "exercise")
    if item.value2 is not None or same or item.shown_unit == "L":
        return canonical
    shown = t(f"metrics.unit.{item.shown_unit}", lang, n=item.shown_value)
    return t("metrics.converted", lang, shown=shown, canonical=canonical)


def moment(at: datetime, lang: Lang, now: datetime, tz: str) -> str:
    """When, seen from now: "today 08:10", "yesterday 22:00", "20 Nov 08:10", 11月20日 08:10."""
    there, here = local(at, tz), local(now, tz)
    clock = f"{there:%H:%M}"
    days = (here.date() - there.date()).days
    if days in (0, 1):
        return t("metrics.today" if days == 0 else "metrics.yesterday", lang, clock=clock)
    month = t(f"metrics.month.{there.month}", lang)
    key = "metrics.date" if there.year == here.year else "metrics.date_year"
    return t(key, lang, day=there.day, month=month, year=there.year, clock=clock)


def _named(item: Observation, lang: Lang) -> str:
    name = t(f"metrics.name.{item.kind}", lang)
    text = t("metrics.item", lang, name=name, value=written(item, lang))
    if item.note:
        return t("metrics.noted", lang, item=text, note=t(f"metrics.note.{item.note}", lang))
    return text


def confirm(observations: Sequence[Observation], lang: Lang, now: datetime, tz: str) -> str:
    """What was just logged, with how to take it back; "" for nothing."""
    groups: dict[str, list[str]] = {}
    for item in observations:
        groups.setdefault(moment(item.at, lang, now, tz), []).append(_named(item, lang))
    if not groups:
        return ""
    comma, semicolon = t("metrics.comma", lang), t("metrics.semicolon", lang)
    items = semicolon.join(
        t("metrics.at", lang, items=comma.join(names), when=when) for when, names in groups.items()
    )
    return t("metrics.logged", lang, items=items)


def ask_text(ask: Ask, lang: Lang, *, now: datetime | None = None, tz: str = "UTC") -> str:
    """The question for a value that may not be stored yet."""
    values = {"text": ask.text, "name": t(f"metrics.name.{ask.kind}", lang)}
    if ask.reason == "incomplete":
        return t("metrics.ask.incomplete", lang, **values)
    if not ask.options:
        return t("metrics.ask.again", lang, **values)
    if ask.reason == "future":
        when = moment(ask.options[0].at, lang, now or ask.options[0].at, tz)
        return t("metrics.ask.future", lang, when=when, **values)
    if len(ask.options) == 1:
        option = ask.options[0]
        said = _said(ask) == (option.shown_value, option.shown_unit)
        key = "metrics.ask.really" if said else "metrics.ask.meant"
        return t(key, lang, option=written(option, lang), **values)
    options = t("metrics.or", lang).join(
        t("metrics.option", lang, number=number, value=written(option, lang))
        for number, option in enumerate(ask.options, start=1)
    )
    return t("metrics.ask.which", lang, options=options, **values)


def _said(ask: Ask) -> tuple[str, str]:
    value, _, unit = ask.value.partition(" ")
    return value, unit


# --- summaries -------------------------------------------------------------------------------


def counted(summary: MetricSummary, lang: Lang) -> str:
    """How much a summary rests on: "3 nights", "5 days", 8 次."""
    what = "nights" if summary.kind == "sleep" else "days" if summary.kind in SUMMED else "readings"
    form = "one" if summary.count == 1 else "many"
    return t(f"metrics.count.{what}.{form}", lang, n=summary.count)


def _mean(summary: MetricSummary, lang: Lang) -> str:
    return figure(summary.kind, summary.mean, lang, summary.mean2)


def spread(summary: MetricSummary, lang: Lang) -> str:
    """The extremes in words."""
    if summary.minimum2 is not None and summary.maximum2 is not None:
        return t(
            "metrics.spread.pressure", lang,
            low=_decimals(summary.minimum, 0), high=_decimals(summary.maximum, 0),
            low2=_decimals(summary.minimum2, 0), high2=_decimals(summary.maximum2, 0),
        )  # fmt: skip
    low = figure(summary.kind, summary.minimum, lang)
    high = figure(summary.kind, summary.maximum, lang)
    return t("metrics.spread", lang, low=low, high=high)


def _weekly(summary: MetricSummary, lang: Lang) -> str:
    return figure(summary.kind, abs(summary.slope or 0.0) * 7, lang)


def describe(summaries: Iterable[MetricSummary], lang: Lang) -> list[str]:
    """One or two sentences per kind: mean, number of values, extremes and trend."""
    return [_describe(summary, lang) for summary in summaries]


def _describe(summary: MetricSummary, lang: Lang) -> str:
    name = t(f"metrics.title.{summary.kind}", lang)
    values = {
        "name": name, "mean": _mean(summary, lang), "count": counted(summary, lang),
        "days": summary.days,
    }  # fmt: skip
    if summary.count == 1:
        return t("metrics.summary.one", lang, **values)
    text = t("metrics.summary.many", lang, spread=spread(summary, lang), **values)
    if summary.trend == "unknown":
        return text
    direction = t(f"metrics.trend.{summary.trend}", lang, weekly=_weekly(summary, lang))
    return text + t("metrics.join", lang) + direction


def describe_bmi(bmi: BodyMassIndex, lang: Lang) -> str:
    """The computed BMI with the two figures it comes from."""
    return t(
        "metrics.bmi", lang, bmi=_decimals(bmi.value, 1),
        weight=figure("weight", bmi.weight, lang), height=figure("height", bmi.height, lang),
    )  # fmt: skip


def context_lines(summaries: Iterable[MetricSummary], lang: Lang) -> list[str]:
    """Compact lines for the model: kind, window, count, mean, extremes, latest and trend."""
    lines = []
    for summary in summaries:
        latest = figure(summary.kind, summary.latest, lang, summary.latest2)
        lines.append(
            t(
                "metrics.context", lang,
                name=t(f"metrics.title.{summary.kind}", lang), days=summary.days,
                count=counted(summary, lang), mean=_mean(summary, lang),
                spread=spread(summary, lang), latest=latest, date=f"{summary.latest_at:%Y-%m-%d}",
                trend=t(f"metrics.direction.{summary.trend}", lang),
            )
        )  # fmt: skip
    return lines


def numbers(
    summaries: Iterable[MetricSummary], observations: Iterable[Observation]
) -> frozenset[str]:
    """Number-and-unit forms, in both languages, that an answer may state about this person."""
    forms: set[str] = set()
    langs: tuple[Lang, ...] = ("en", "zh")
    for lang in langs:
        for summary in summaries:
            forms |= _summary_forms(summary, lang)
        for item in observations:
            forms |= {figure(item.kind, item.value, lang, item.value2), written(item, lang)}
            if item.shown_unit and item.value2 is None:
                forms.add(t(f"metrics.unit.{item.shown_unit}", lang, n=item.shown_value))
    return frozenset(forms)


def _summary_forms(summary: MetricSummary, lang: Lang) -> set[str]:
    kind = summary.kind
    singles = {summary.mean, summary.minimum, summary.maximum, summary.latest}
    seconds = {summary.mean2, summary.minimum2, summary.maximum2, summary.latest2} - {None}
    forms = {figure(kind, value, lang) for value in singles}
    forms |= {figure(kind, value, lang) for value in seconds if value is not None}
    forms |= {_mean(summary, lang), counted(summary, lang), _weekly(summary, lang)}
    forms.add(figure(kind, summary.latest, lang, summary.latest2))
    if kind == "sleep":  # "5.25 h" says the same as "5 h 15 min"
        forms |= {t("metrics.unit.h", lang, n=number_text(value, 2)) for value in singles}
    return forms
