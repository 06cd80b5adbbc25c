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
from bot.safety.text import normalise

MGDL_PER_MMOLL = 18.016
_GLUCOSE_MMOL_MAX = 35.0  # a bare number above it can only be mg/dL

# words and values that may stand between a vital sign's name and its number
_SEP = r"(?:\s|:|=|：|,|~|是|为|到|一直|总|在|of|is|was|at|about|around|reading|level|now|only|just|down|to|大概|只有|才|高达|有|都|has|been|hit|dropped|went|up|shows?|says?|score){0,6}"
_NUM = r"(\d{1,3}(?:[.,]\d{1,2})?)"

_BP = re.compile(r"(?<![\d./])(\d{2,3})\s*(?:/|／|over|比)\s*(\d{2,3}|p(?:alp(?:able)?)?\b)(?![\d/])")
_BP_WORD = re.compile(
    r"(?:\bbp\b|blood pressure|bloodpressure|systolic|血压|高压|收缩压)"
    rf"(?:\s|:|：|of|is|was|at|in the|到|是|为|都|高达|升到|飙到|有){{0,5}}(\d{{2,3}})(s?)(?![\d.])"
)
_DIASTOLIC_WORD = re.compile(r"(?:diastolic|低压|舒张压)(?:\s|of|is|was|是|到|为|都|:|：){0,4}(\d{2,3})")
_HEART = re.compile(
    rf"(?:\bhr\b|heart ?rate|heartrate|heart beat(?:ing)?|\bpulse\b|\bbpm\b|\bp(?= ?\d{{2,3}}\b)|\brate (?=of \d)|心率|心跳|脉搏){_SEP}"
    r"(\d{2,3})(?![\d%./])"
)
_HEART_AFTER = re.compile(r"(?<![\d.])(\d{2,3})\s*(?:bpm|beats)")
_RESP = re.compile(rf"(?:\brr\b|respirat(?:ory|ion) ?rate|respirations|breathing rate|呼吸(?:频率|次数)?){_SEP}(\d{{1,2}})(?![\d%])")
_SPO2 = re.compile(
    rf"(?:\bsp ?o2\b|\bsa ?o2\b|\bo2\b(?: ?sats?)?|\bsats?\b|(?:blood )?oxygen(?: saturation)?(?: level)?|saturation|oximeter|pulse ?ox|血氧(?:饱和度)?)"
    rf"{_SEP}(\d{{2,3}})\s*(?:%|percent|％)?(?![\d.]*\s*(?:l\b|liter|litre))"
)
_TEMP = re.compile(
    rf"(?:\btemp(?:erature)?\b|thermometer|体温计|\bfever(?:ish)?\b|\bt(?=[: ]?\d)|体温|发烧|发热|高烧|烧到|烧)(?:了|都|有|已经)?{_SEP}"
    r"(\d{2,3}(?:\.\d{1,2})?)(?![\d/])"
)
_TEMP_AFTER = re.compile(
    r"(?<![\d.])(\d{2,3}(?:\.\d)?)\s*(?:°|º|˚|degrees?|deg\b|度|℃|℉)\s*(c|f)?(?!\s*(?:angle|north))|"
    r"(?<![\d.])(\d{2,3}\.\d)\s*(?:c|f)?\s+(?:fever|temp)|(?<![\d.])(3[4-9]\.\d|4[0-3]\.\d)\s*c\b|"
    r"(?<![\d.])(\d{2,3}(?:\.\d)?)\s+fever"
)
_GLUCOSE = re.compile(
    r"(?:glucose|blood sugars?|\bsugars?\b|\bbg\b|\bbgl\b|\bbm\b|glucometer|\bmeter\b|血糖)(?: level)?s?"
    rf"{_SEP}(\d{{1,4}}(?:\.\d)?)(?![\d%/])\s*(mmol|mg|毫摩尔|毫克)?"
)
_GLUCOSE_UNIT = re.compile(r"(?<![\d.])(\d{1,4}(?:\.\d)?)\s*(mmol|mg ?/? ?dl)")
_PAIN = re.compile(r"(?<![\d/])(10|20|[0-9])\+?\s*(?:/\s*10\+?|out of (?:10|ten))(?![\d/])|疼痛(?:评分)?(10|[0-9])分")
_WEEKS = re.compile(r"(\d{1,2})\s*(?:-| )?(?:weeks?|wks?)[ -](?:pregnant|gestation|along)|孕\s*(\d{1,2})\s*周|怀孕\s*(\d{1,2})\s*周")

_UNIT_MONTHS = (
    (re.compile(r"(?:year|yr|y/?o|yo|岁|周岁)"), 12.0),
    (re.compile(r"(?:month|mo|个月|月龄|月大)"), 1.0),
    (re.compile(r"(?:week|wk|周|星期)"), 12 / 52),
    (re.compile(r"(?:day|天|日龄)"), 12 / 365),
)
_AGE = re.compile(
    r"(?<![\d.])(\d{1,3})[ -]*(years?|yrs?|months?|mos?|weeks?|wks?|days?)[ -]*(?:of age|olf?d?\b|baby|infant|newborn|boy\b|girl\b|male|female|son\b|daughter)"
    r"|(?<![\d.])(\d{1,3})\s?(y/?o|yo)\b"
    r"|(?<![\d.])(\d{1,3})\s*(周?岁)"
)
_AGE_BABY = re.compile(
    r"(?:宝宝|婴儿|孩子|娃|新生儿|儿子|女儿)(?:才|刚|刚刚|出生|生下来|现在|有|是|已经|第)*(\d{1,3})\s*(天)|"
    r"(?:宝宝|婴儿|孩子|儿子|女儿|娃|新生儿|小孩|小宝|baby|newborn|infant|son|daughter|child)[^。.;；!?]{0,16}?"
    r"(?<![\d.])(\d{1,2}|[一二两三四五六七八九十]+)\s*(个多?月|月龄|月大|周大|天大|天(?=[^。]{0,8}[烧热])|weeks?(?= old|,|\.|$| and| with)|months?(?= old|,|\.|$| and| with)|days? old)"
    r"|(?<![\d.])(\d{1,2}|[一二两三四五六七八九十]+)\s*(个多?月|月龄|月大|周|天)(?:大)?(?:的)?(?:的|左右的)?(?:宝宝|婴儿|孩子|儿子|女儿|娃|新生儿|小孩|小宝)"
)  # fmt: skip
_ADULT_AGE = re.compile(r"\b(?:im|i am|am|age|aged|she is|he is|shes|hes|hes like)[ :](\d{1,3})\b(?!\s*(?:weeks?|wks|months|days|mmol|mg|kg|lb|%|st\b|cm|/))")
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
    plain = _EN_NUMBER.sub(lambda m: _EN_NUMBERS[m[1]], normalise(text))
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
    if not re.search(r"[\d一二两三四五六七八九十]", text):
        return
    for part in (_pressure, _plain_numbers, _temperature, _sugar, _ages):
        yield from part(text)


def _pressure(text: str) -> Iterator[tuple[str, float]]:
    for match in _BP.finditer(text):
        systolic, second = float(match[1]), match[2]
        diastolic = float(second) if second.isdigit() else 0.0
        if not second.isdigit() and 30 <= systolic <= 300:
            yield "systolic", systolic
        elif 40 <= systolic <= 300 and 20 <= diastolic <= 200 and systolic > diastolic:
            yield "systolic", systolic
            yield "diastolic", diastolic
    for match in _BP_WORD.finditer(text):
        if 40 <= float(match[1]) <= 300:
            yield "systolic", float(match[1])
    for match in _DIASTOLIC_WORD.finditer(text):
        if 20 <= float(match[1]) <= 200:
            yield "diastolic", float(match[1])


def _plain_numbers(text: str) -> Iterator[tuple[str, float]]:
    for name, pattern, low, high in (
        ("heart_rate", _HEART, 10, 300),
        ("heart_rate", _HEART_AFTER, 10, 300),
        ("resp_rate", _RESP, 3, 99),
        ("spo2", _SPO2, 40, 100),
    ):
        for match in pattern.finditer(text):
            if low <= float(match[1]) <= high:
                yield name, float(match[1])
    for match in _PAIN.finditer(text):
        yield "pain_score", float(match[1] or match[2])
    for match in _WEEKS.finditer(text):
        yield "pregnancy_weeks", float(match[1] or match[2] or match[3])


def _temperature(text: str) -> Iterator[tuple[str, float]]:
    for match in _TEMP.finditer(text):
        yield from _plausible_temperature(float(match[1]))
    for match in _TEMP_AFTER.finditer(text):
        number = next(g for g in (match[1], match[3], match[4], match[5]) if g)
        yield from _plausible_temperature(float(number))


def _plausible_temperature(value: float) -> Iterator[tuple[str, float]]:
    celsius = _celsius(value, "")
    if 25 <= celsius <= 43.5 and not 25 <= value < 30:
        yield "temperature", celsius


def _sugar(text: str) -> Iterator[tuple[str, float]]:
    for match in _GLUCOSE.finditer(text):
        yield "glucose", _glucose(float(match[1]), match[2] or "")
    if re.search(r"sugar|glucose|diabet|insulin|血糖|糖尿病|胰岛素|hypo|\bbg", text):
        for match in _GLUCOSE_UNIT.finditer(text):
            yield "glucose", _glucose(float(match[1]), match[2])


def _ages(text: str) -> Iterator[tuple[str, float]]:
    for match in _AGE.finditer(text):
        number, unit = next(
            (match[i], match[i + 1]) for i in (1, 3, 5) if match[i]
        )
        yield "age_months", float(number) * _months(unit)
    for match in _AGE_BABY.finditer(text):
        number, unit = next(
            (match[i], match[i + 1]) for i in (1, 3, 5) if match[i]
        )
        yield "age_months", _number(number) * _months(unit)
    for match in _ADULT_AGE.finditer(text):
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
        (months for pattern, months in _UNIT_MONTHS if pattern.match(unit)),
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


