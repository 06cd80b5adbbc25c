"""Turns a reading into an observation, or into a question when it may not be stored as it is.

Owns the guesses about units nobody wrote and the ready-made answers of an ask.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Literal

from bot.metrics.kinds import KINDS, Range, plausible, possible, to_canonical
from bot.metrics.reading import Reading
from bot.metrics.when import FUTURE_TOLERANCE
from bot.model import Ask, MetricKind, Observation
from rag.types import Lang

Reason = Literal["implausible", "ambiguous_unit", "missing_unit", "incomplete", "future"]

# What most adults show, in canonical units: decides between two units, never refuses a value.
_USUAL: Final[dict[MetricKind, Range]] = {
    "weight": Range(40, 130), "height": Range(120, 215), "waist": Range(52, 150),
}  # fmt: skip
_CANDIDATES: Final[dict[tuple[MetricKind, Lang], tuple[str, ...]]] = {
    ("weight", "en"): ("kg", "lb"),
    ("weight", "zh"): ("kg", "斤"),
    ("height", "en"): ("cm", "m"),
    ("height", "zh"): ("cm", "m"),
    ("waist", "en"): ("cm", "in"),
    ("waist", "zh"): ("cm", "尺", "in"),
}


def number_text(value: float, digits: int = 4) -> str:
    """A number without needless zeros: 70.0 -> "70", 70.20 -> "70.2"."""
    text = f"{round(value, digits):.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def observe(
    kind: MetricKind, value: float, unit: str, at: datetime, text: str, *,
    value2: float | None = None, note: str = "",
) -> Observation:  # fmt: skip
    """An observation of values given in an accepted unit (KeyError for any other)."""
    info = KINDS[kind]
    canonical = round(to_canonical(kind, value, unit), 4)
    second = None if value2 is None else round(to_canonical(kind, value2, unit), 4)
    if kind == "blood_pressure" and unit == "kPa":
        canonical, second = round(canonical), None if second is None else round(second)
        unit, value, value2 = "mmHg", canonical, second
    shown = number_text(value) if value2 is None else f"{number_text(value)}/{number_text(value2)}"
    return Observation(
        kind=kind, value=canonical, value2=second, unit=info.unit, at=at, text=text,
        shown_value=shown, shown_unit=unit, note=note,
    )  # fmt: skip


def judge(
    reading: Reading, at: datetime, text: str, lang: Lang, now: datetime
) -> Observation | Ask | None:
    """The reading as an observation, an ask, or None when it cannot be meant as this kind."""
    if reading.value < 0:
        return None
    if reading.half:
        return _halved(reading, at, text)
    if not reading.unit:
        return _without_unit(reading, at, text, lang, now)
    if reading.kind == "mood" and reading.scale != 10:
        return _rescaled(reading, at, text)
    found = _observed(reading, reading.unit, at, text)
    return None if _far_off(found) else _checked(found, now)


def _observed(reading: Reading, unit: str, at: datetime, text: str) -> Observation:
    return observe(
        reading.kind, reading.value, unit, at, text, value2=reading.value2, note=reading.note
    )


def _checked(found: Observation, now: datetime) -> Observation | Ask:
    if not plausible(found.kind, found.value, found.value2):
        return _ask(found, "implausible", _corrections(found))
    if found.at > now + FUTURE_TOLERANCE:
        back = timedelta(days=(found.at - now).days + 1)
        return _ask(found, "future", (replace(found, at=found.at - back),))
    return found


def _ask(found: Observation, reason: Reason, options: tuple[Observation, ...]) -> Ask:
    shown = f"{found.shown_value} {found.shown_unit}".strip()
    return Ask(kind=found.kind, reason=reason, text=found.text, value=shown, options=options)


def _far_off(found: Observation) -> bool:
    """A temperature no body has, in a unit somebody wrote: a room or an oven, not a slip."""
    return (
        found.kind == "temperature" and not possible(found.kind, found.value) and found.value < 200
    )


def _corrections(found: Observation) -> tuple[Observation, ...]:
    """The value itself when it can be true, then the slips of a finger that would explain it."""
    options = [found] if possible(found.kind, found.value, found.value2) else []
    if found.kind == "blood_pressure" and found.value2 is not None:
        options += _pressure_slips(found, found.value, found.value2)
    elif found.kind in (
        "weight",
        "height",
        "temperature",
        "spo2",
        "glucose",
        "heart_rate",
        "waist",
    ):
        for factor in (0.1, 10.0):
            slipped = float(found.shown_value) * factor
            again = observe(found.kind, slipped, found.shown_unit, found.at, found.text)
            usual = _USUAL.get(found.kind, KINDS[found.kind].plausible)
            if again.value in usual:
                options.append(replace(again, note=found.note))
    return tuple(options)


def _pressure_slips(found: Observation, high: float, low: float) -> list[Observation]:
    pairs = [(low, high)] if high < low else []
    pairs += [(high / 10, low), (high, low / 10), (high / 10, low / 10)]
    return [
        observe("blood_pressure", int(a), "mmHg", found.at, found.text, value2=int(b))
        for a, b in pairs
        if plausible("blood_pressure", int(a), int(b))
    ][:1]


def _halved(reading: Reading, at: datetime, text: str) -> Ask | None:
    """One half of a pressure; digits run together (14580) offer the pair they may hold."""
    options: list[Observation] = []
    digits = reading.shown if reading.shown.isdigit() and reading.shown.isascii() else ""
    if 4 <= len(digits) <= 6:
        cuts = [(digits[:3], digits[3:]), (digits[:2], digits[2:])]
        for high, low in cuts:
            if low and plausible("blood_pressure", int(high), int(low)):
                options.append(
                    observe("blood_pressure", int(high), "mmHg", at, text, value2=int(low))
                )
    elif not 40 <= reading.value <= 320:
        return None
    reason: Reason = "implausible" if digits and len(digits) > 3 else "incomplete"
    return Ask(
        kind="blood_pressure", reason=reason, text=text, value=number_text(reading.value),
        options=tuple(options[:1]),
    )  # fmt: skip


def _rescaled(reading: Reading, at: datetime, text: str) -> Ask | None:
    """A mood out of 5 or 100: offered as its tenth, never stored unasked."""
    if reading.scale not in (5, 20, 100) or not 0 <= reading.value <= reading.scale:
        return None
    tenth = observe("mood", max(1.0, 10 * reading.value / reading.scale), "/10", at, text)
    shown = f"{number_text(reading.value)}/{number_text(reading.scale)}"
    return Ask(kind="mood", reason="ambiguous_unit", text=text, value=shown, options=(tenth,))


def _without_unit(
    reading: Reading, at: datetime, text: str, lang: Lang, now: datetime
) -> Observation | Ask | None:
    if reading.kind == "glucose":
        return _glucose(reading, at, text, lang, now)
    if reading.kind == "temperature":
        return _temperature(reading, at, text, now)
    if reading.kind == "water":
        return _checked(_observed(reading, "mL", at, text), now)
    return _measured(reading, at, text, lang, now)


def _choose(
    reading: Reading, units: tuple[str, ...], reason: Reason, at: datetime, text: str
) -> Ask:
    options = tuple(_observed(reading, unit, at, text) for unit in units)
    return Ask(
        kind=reading.kind,
        reason=reason,
        text=text,
        value=number_text(reading.value),
        options=options,
    )


def _glucose(
    reading: Reading, at: datetime, text: str, lang: Lang, now: datetime
) -> Observation | Ask:
    """mmol/L below 20, mg/dL above 35; between them nobody can tell.

    In China meters show mmol/L, so a whole number from 36 to 99 may lack its point (78 for 7.8).
    """
    value = reading.value
    if value < 20:
        return _checked(_observed(reading, "mmol/L", at, text), now)
    if value <= 35:
        return _choose(reading, ("mmol/L", "mg/dL"), "ambiguous_unit", at, text)
    if lang == "zh" and value < 100:
        slipped = replace(reading, value=value / 10)
        options = (_observed(slipped, "mmol/L", at, text), _observed(reading, "mg/dL", at, text))
        return Ask(
            kind="glucose",
            reason="ambiguous_unit",
            text=text,
            value=number_text(value),
            options=options,
        )
    return _checked(_observed(reading, "mg/dL", at, text), now)


def _temperature(
    reading: Reading, at: datetime, text: str, now: datetime
) -> Observation | Ask | None:
    value = reading.value
    for unit in ("°C", "°F"):
        found = _observed(reading, unit, at, text)
        if plausible("temperature", found.value):
            return _checked(found, now)
    tenth = replace(reading, value=value / 10)
    options = tuple(
        option
        for option in (_observed(tenth, unit, at, text) for unit in ("°C", "°F"))
        if plausible("temperature", option.value)
    )
    if not options and not possible("temperature", value):
        return None
    return Ask(
        kind="temperature",
        reason="implausible",
        text=text,
        value=number_text(value),
        options=options,
    )


def _measured(
    reading: Reading, at: datetime, text: str, lang: Lang, now: datetime
) -> Observation | Ask | None:
    """Weight, height and waist: the one unit in which the number is usual, else a question."""
    units = _CANDIDATES[reading.kind, lang]
    found = {unit: _observed(reading, unit, at, text) for unit in units}
    usual = [unit for unit in units if found[unit].value in _USUAL[reading.kind]]
    if len(usual) == 1:
        return _checked(found[usual[0]], now)
    if len(usual) > 1:
        return _choose(reading, tuple(usual), "missing_unit", at, text)
    believable = [unit for unit in units if plausible(reading.kind, found[unit].value)]
    if believable:
        return _choose(reading, tuple(believable), "missing_unit", at, text)
    return _strange(reading, at, text, units)


def _strange(reading: Reading, at: datetime, text: str, units: tuple[str, ...]) -> Ask | None:
    """No unit makes it usual: a misplaced point, or feet and inches for a height."""
    options: list[Observation] = []
    if reading.kind == "height" and 48 <= reading.value <= 84:
        options.append(_observed(reading, "in", at, text))
    if reading.kind == "height" and 4 <= reading.value < 8:
        feet = int(reading.value)
        inches = round((reading.value - feet) * 10)
        options.append(observe("height", round((12 * feet + inches) * 2.54, 1), "cm", at, text))
    for unit in units:
        tenth = observe(reading.kind, reading.value / 10, unit, at, text)
        if tenth.value in _USUAL[reading.kind]:
            options.append(tenth)
    if reading.value < 10 and not options:
        return None  # "weight ... 2" counts something else
    reason: Reason = "missing_unit" if reading.kind == "height" and options else "implausible"
    return Ask(
        kind=reading.kind, reason=reason, text=text, value=number_text(reading.value),
        options=tuple(options),
    )  # fmt: skip
