"""Measured facts for the rules: from stored observations, JSON, or numbers inside a text.

Facts and units: systolic, diastolic (mmHg), heart_rate, resp_rate (per minute), spo2 (%),
temperature (°C), glucose (mmol/L), age_months, pregnancy_weeks, pain_score (0-10). Glucose
converts with 18.016 mg/dL per mmol/L (molar mass of glucose 180.16 g/mol).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.model import Observation
from bot.safety.expression import Facts
from bot.safety.spoken import with_digits
from bot.safety.text import normalise
from bot.safety.vital_patterns import (
    ADULT_AGE,
    AGE,
    AGE_BABY,
    BODY_TALK,
    BP,
    BP_WORD,
    DIASTOLIC_WORD,
    GLUCOSE,
    GLUCOSE_UNIT,
    HEART,
    HEART_AFTER,
    HOT_PLACE,
    PAIN,
    RESP,
    RESP_AFTER,
    SPO2,
    SUGAR_TALK,
    TEMP,
    TEMP_AFTER,
    TEMP_BARE,
    TEMP_TALK,
    UNIT_MONTHS,
    WEEKS,
)

MGDL_PER_MMOLL = 18.016
_GLUCOSE_MMOL_MAX = 35.0  # a bare number above it can only be mg/dL
_EN_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve".split(), start=1
    )
}
_EN_NUMBER = re.compile(rf"\b({'|'.join(_EN_NUMBERS)})(?=[ -](?:year|month|week|day|mo|wk))")
_ZH_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九十")} | {"两": 2}


def facts_from_text(text: str) -> dict[str, tuple[float, ...]]:
    """The measured facts stated in a text (unstated ones are absent). Never raises."""
    plain = _EN_NUMBER.sub(lambda m: _EN_NUMBERS[m[1]], with_digits(normalise(text)))
    found: dict[str, list[float]] = {}
    for name, value in _stated(plain):
        found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}


def facts_from_observations(observations: Iterable[Observation]) -> Iterator[tuple[str, float]]:
    """The facts of stored observations, converted by their own unit."""
    for one in observations:
        yield from fact(one.kind, one.value, one.unit, one.value2)


def fact(
    kind: str, value: float, unit: str = "", value2: float | None = None
) -> Iterator[tuple[str, float]]:
    """Facts of one measurement; kinds without a safety rule give none. Units as written."""
    kind = _KIND_NAMES.get(kind.casefold(), kind.casefold())
    if kind == "blood_pressure":
        yield "systolic", value
        if value2 is not None:
            yield "diastolic", value2
    elif kind == "glucose":
        yield "glucose", _glucose(value, unit)
    elif kind == "temperature":
        yield "temperature", _celsius(value, unit)
    elif kind in _PLAIN_FACTS:
        yield kind, value


_PLAIN_FACTS = frozenset(
    "systolic diastolic heart_rate resp_rate spo2 age_months pain_score pregnancy_weeks".split()
)
_KIND_NAMES = {
    "bp": "blood_pressure", "hr": "heart_rate", "pulse": "heart_rate", "sugar": "glucose",
    "blood_glucose": "glucose", "oxygen": "spo2", "temp": "temperature", "sbp": "systolic",
    "dbp": "diastolic", "respiratory_rate": "resp_rate", "rr": "resp_rate",
    "blood_pressure_systolic": "systolic", "blood_pressure_diastolic": "diastolic",
    "bp_systolic": "systolic", "bp_diastolic": "diastolic", "body_temperature": "temperature",
    "oxygen_saturation": "spo2", "systolic_bp": "systolic", "diastolic_bp": "diastolic",
}  # fmt: skip


def merged(*groups: Iterable[tuple[str, float]]) -> Facts:
    """One table of facts from several lists of (name, value)."""
    found: dict[str, list[float]] = {}
    for group in groups:
        for name, value in group:
            found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}


def flat(facts: Mapping[str, Sequence[float]]) -> Iterator[tuple[str, float]]:
    """The (name, value) pairs of a table of facts."""
    return ((name, value) for name, values in facts.items() for value in values)


def _stated(text: str) -> Iterator[tuple[str, float]]:
    if not re.search(r"\d|[一二两三四五六七八九十]", text):
        return
    for part in (_pressure, _plain_numbers, _temperature, _bare_temperature, _sugar, _ages):
        yield from part(text)


def _pressure(text: str) -> Iterator[tuple[str, float]]:
    for match in BP.finditer(text):
        systolic, second = float(match[1]), match[2]
        diastolic = float(second) if second.isdigit() else 0.0
        if not second.isdigit() and 30 <= systolic <= 300:
            yield "systolic", systolic
        elif 40 <= systolic <= 300 and 20 <= diastolic <= 200 and systolic > diastolic:
            yield "systolic", systolic
            yield "diastolic", diastolic
    for match in BP_WORD.finditer(text):
        if 40 <= float(match[1]) <= 300:
            yield "systolic", float(match[1])
    for match in DIASTOLIC_WORD.finditer(text):
        if 20 <= float(match[1]) <= 200:
            yield "diastolic", float(match[1])


def _plain_numbers(text: str) -> Iterator[tuple[str, float]]:
    for name, pattern, low, high in (
        ("heart_rate", HEART, 10, 300),
        ("heart_rate", HEART_AFTER, 10, 300),
        ("resp_rate", RESP, 3, 99),
        ("spo2", SPO2, 40, 100),
    ):
        for match in pattern.finditer(text):
            if low <= float(match[1]) <= high:
                yield name, float(match[1])
    for match in RESP_AFTER.finditer(text):
        yield "resp_rate", float(match[1] or match[2])
    for match in PAIN.finditer(text):
        yield "pain_score", float(match[1] or match[2])
    for match in WEEKS.finditer(text):
        yield "pregnancy_weeks", float(match[1] or match[2] or match[3])


def _temperature(text: str) -> Iterator[tuple[str, float]]:
    for match in TEMP.finditer(text):
        yield from _plausible_temperature(float(match[1]))
    if TEMP_TALK.search(text):
        for match in TEMP_BARE.finditer(text):
            yield from _plausible_temperature(float(match[1]))
    if HOT_PLACE.search(text) and not BODY_TALK.search(text):
        return
    for match in TEMP_AFTER.finditer(text):
        number = next(g for g in (match[1], match[3], match[4], match[5]) if g)
        yield from _plausible_temperature(float(number))


def _bare_temperature(text: str) -> Iterator[tuple[str, float]]:
    """ "my one month old has 38.6": a number only a temperature can be, in talk of fever."""
    if TEMP_TALK.search(text):
        for match in TEMP_BARE.finditer(text):
            yield "temperature", float(match[1])


def _plausible_temperature(value: float) -> Iterator[tuple[str, float]]:
    celsius = _celsius(value, "")
    # no body is at 50 to 78 °F and alive to write; 85 degrees is a sauna
    if 25 <= celsius <= 43.5 and not 25 <= value < 30 and not 50 < value < 86:
        yield "temperature", celsius


def _sugar(text: str) -> Iterator[tuple[str, float]]:
    for match in GLUCOSE.finditer(text):
        yield "glucose", _glucose(float(match[1]), match[2] or "")
    if SUGAR_TALK.search(text):
        for match in GLUCOSE_UNIT.finditer(text):
            yield "glucose", _glucose(float(match[1]), match[2])


def _ages(text: str) -> Iterator[tuple[str, float]]:
    for pattern in (AGE, AGE_BABY):
        for match in pattern.finditer(text):
            number, unit = (group for group in match.groups() if group)
            yield "age_months", _number(number) * _months(unit)
    for match in ADULT_AGE.finditer(text):
        if 10 <= float(match[1]) <= 110:
            yield "age_months", float(match[1]) * 12


def _number(text: str) -> float:
    if text.isdigit():
        return float(text)
    tens, mark, ones = text.rpartition("十")
    if not mark:
        return float(_ZH_DIGITS.get(text[-1], 0))
    return 10.0 * _ZH_DIGITS.get(tens[-1:] or "一", 1) + _ZH_DIGITS.get(ones[:1], 0)


def _months(unit: str) -> float:
    return next(
        (months for pattern, months in UNIT_MONTHS if pattern.match(unit)),
        1.0 if "月" in unit else 12 / 52,
    )


def _celsius(value: float, unit: str) -> float:
    """Fahrenheit is recognised by its unit or, unit unsaid, by a value no Celsius reading has."""
    name = unit.casefold()
    fahrenheit = "f" in name if name and name not in ("cel", "°c", "c", "℃") else value > 50
    return round((value - 32) * 5 / 9, 2) if fahrenheit else value


def _glucose(value: float, unit: str) -> float:
    name = unit.casefold()
    mgdl = name.startswith(("mg", "毫克")) or (
        not name.startswith(("mmol", "毫摩尔")) and value > _GLUCOSE_MMOL_MAX
    )
    return round(value / MGDL_PER_MMOLL, 2) if mgdl else value
