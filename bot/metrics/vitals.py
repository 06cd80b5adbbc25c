"""Rules for blood pressure, heart rate, glucose, temperature and oxygen saturation."""

from __future__ import annotations

import re
from typing import Final

from bot.metrics.numbers import NUM_HEAD, N
from bot.metrics.reading import (
    EDGE,
    END,
    FOREIGN,
    FROM,
    GAP,
    NEAR,
    SEP,
    Reading,
    Rule,
    Scene,
    any_of,
    rule,
    unit_of,
)

# --- blood pressure --------------------------------------------------------------------------

_BP: Final = (
    rf"(?:{EDGE}(?:blood\s+pressures?|b\.?p\.?(?:\s+readings?)?|pressure\s+readin"
    rf"g|pressures?(?=\s+(?:was|is|reads?|read|at)\s)){END}"
    r"|高?血压)"
)
_PRESSURE_UNIT: Final = r"(?:\s*(?P<u>mm\s?hg|毫米汞柱|kpa|千帕))?"
_OVER: Final = r"\s*(?:/|over|on|比)\s*"
_JOINT: Final = r"\s*(?:/|over|比|[-~至到、,，]|和)\s*"
_HIGH: Final = rf"(?:{EDGE}(?:systolic|top\s+number|upper(?:\s+number)?|sys){END}|高压|上压|收缩压)"
_LOW: Final = (
    rf"(?:{EDGE}(?:diastolic|bottom\s+number|lower(?:\s+number)?|dia){END}|低压|下压|舒张压)"
)
_NO_RANGE: Final = (
    rf"(?!\s*[-~]\s*{NUM_HEAD}|\s*(?:mbps|visions?|split|points?){END}"
    r"|\s*(?:多?年|个|天|倍|次(?!/)|岁|片)|\.\d)"
)


def _pair(scene: Scene, match: re.Match[str]) -> Reading | None:
    """Systolic and diastolic together; a bare pair must look like one and like nothing else."""
    high, low = scene.number(match, "s"), scene.number(match, "d")
    groups = match.groupdict()
    bare = "k" not in groups
    if bare and not (70 <= high.value <= 280 and 35 <= low.value <= 170 and high.value > low.value):
        return None
    if high.value == low.value or (
        max(high.value, low.value) < 40 and "k" not in (groups.get("u") or "")
    ):
        return None
    unit = "kPa" if (groups.get("u") or "").startswith(("kpa", "千帕")) else ""
    return Reading(
        kind="blood_pressure",
        start=match.start(),
        end=match.end(),
        value=high.value,
        value2=low.value,
        unit=unit or "mmHg",
        bare=bare,
    )


def _spaced(scene: Scene, match: re.Match[str]) -> Reading | None:
    """ "bp 120 80": two numbers side by side, only when they look like a pair."""
    high, low = scene.value(match, "s"), scene.value(match, "d")
    return _pair(scene, match) if 80 <= high <= 260 and 40 <= low < high else None


def _half(scene: Scene, match: re.Match[str]) -> Reading | None:
    number = scene.number(match, "s")
    if number.value < 40:
        return None
    which = "diastolic" if re.search(_LOW, match[0]) else "systolic"
    return Reading(
        kind="blood_pressure",
        start=match.start(),
        end=match.end(),
        value=number.value,
        unit="mmHg",
        half=which,
        shown=number.raw,
    )


# --- heart rate ------------------------------------------------------------------------------

_HR: Final = (
    rf"(?:{EDGE}(?:(?:resting\s+)?heart\s*-?\s?rates?|rhr|hr|pulse"
    rf"(?:\s+rate)?(?!\s*ox)|heart\s*-?beats?){END}"
    r"|(?:静息)?心率|心跳|脉搏)"
)
_BPM: Final = (
    rf"(?:bpm{END}|beats?\s*(?:per|a|/)\s*min(?:ute)?{END}|/\s*min"
    rf"(?:ute)?{END}|[次下]\s*(?:/|每|一)\s*分钟?|[次下]左?右?(?!数))"
)


def _heart(scene: Scene, match: re.Match[str]) -> Reading | None:
    return Reading(
        kind="heart_rate",
        start=match.start(),
        end=match.end(),
        value=scene.value(match, "v"),
        unit="bpm",
    )


# --- glucose ---------------------------------------------------------------------------------

_GLUCOSE_UNITS: Final = {
    r"mmol(?:s)?(?:\s?/\s?l|\s?per\s?l(?:it(?:er|re))?)?": "mmol/L",
    r"mg\s?/?\s?dl": "mg/dL",
    "毫摩尔?(?:每|/)?升?": "mmol/L",
    "毫克(?:每|/)分升": "mg/dL",
}
_SUGAR: Final = (
    rf"(?:{EDGE}(?:(?:fasting\s+|random\s+|morning\s+)?(?:blood\s+)?"
    r"(?:glucose|sugars?)(?:\s+(?:level|reading|test|number)s?)?"
    rf"|bgl?|fbs|fbg|rbs|cgm|glucometer|fasting\s+(?=was|is|{NUM_HEAD})){END}"
    r"|(?:(?:空腹|[早中午晚]?[餐饭]前|[早中午晚]?[餐饭]后|随机|睡前)"
    rf"(?:{N}个?半?小时)?的?)?血糖(?:值|水平)?)"
)
_MEAL: Final = rf"(?:空腹|(?:[早中午晚]?餐|[早中午晚]?饭|吃[完过]?饭)[前后](?:{N}个?半?小时)?)"
_ANALYTE: Final = (
    r"(?:a1c|hba|cholesterol|ldl|hdl|triglyceride|creatinine|urea"
    r"|uric|ferritin|potassium|sodium|calcium"
    r"|lipase|transaminase|bilirubin|转氨酶|胆红素|糖化|胆固醇|甘油三酯"
    r"|尿酸|肌酐|尿素|血脂|血钾|血钠|尿糖|血红蛋白|白蛋白)"
)


def _glucose(scene: Scene, match: re.Match[str]) -> Reading | None:
    groups = match.groupdict()
    gap = groups.get("gap") or ""
    if re.search(_ANALYTE, gap) or re.search(
        r"糖化$|尿$", scene.text[max(0, match.start() - 2) : match.start()]
    ):
        return None
    if match.re is _LONE_GLUCOSE.pattern and _analyte_before(scene, match.start()):
        return None
    return Reading(
        kind="glucose",
        start=match.start(),
        end=match.end(),
        value=scene.value(match, "v"),
        unit=unit_of(groups.get("u"), _GLUCOSE_UNITS),
        note=_meal_note(scene, match),
        bare=match.re is _LONE_GLUCOSE.pattern,
    )


def _analyte_before(scene: Scene, start: int) -> bool:
    sentence = re.split(r"[.!?。！？;；\n]\s", scene.text[max(0, start - 60) : start])[-1]
    return re.search(rf"{_ANALYTE}|{_SUGAR}", sentence) is not None


def _meal_note(scene: Scene, match: re.Match[str]) -> str:
    around = scene.text[match.start() : match.end() + 24]
    around = re.split(r"[.!?。！？;；，,\n]", around[match.end() - match.start() :])[0]
    words = match[0] + around
    if re.search(r"fasting|空腹|fbs|fbg|before\s+(?:breakfast|eating|food)", words):
        return "fasting"
    if re.search(
        r"after\s+(?:a\s+)?(?:meal|eating|breakfast|lunch|dinner|food)|postprandial|[餐饭]后", words
    ):
        return "after meal"
    return ""


def _glucose_followup(scene: Scene, match: re.Match[str]) -> Reading | None:
    """ "... and 235 postprandial", 餐后11.2: only where glucose is already the subject."""
    before = scene.text[max(0, match.start() - 60) : match.start()]
    lone = not before.strip() and match[0].startswith(("空腹", "餐", "饭"))
    if not lone and not re.search(r"glucose|sugar|血糖|空腹", before):
        return None
    return _glucose(scene, match)


# --- temperature -----------------------------------------------------------------------------

_TEMPERATURE_UNITS: Final = {
    r"(?:°|º|degrees?|deg)?\s*(?:f|fahrenheit)": "°F",
    r"(?:°|º|degrees?|deg)?\s*(?:c|celsius|centigrade)": "°C",
    "℃|摄氏度": "°C",
    "℉|华氏度?": "°F",
}
_DEGREES: Final = (
    r"(?:\s*(?P<u>(?:°|º|degrees?\s|deg\s)?\s*(?:f|c|fahrenheit|celsius"
    rf"|centigrade){END}|℃|℉|摄氏度|华氏度?)"
    rf"|(?P<d>度(?P<t>{N})?)|\s*(?:°|º|degrees?{END}))"
)
_FEVER: Final = (
    rf"(?:{EDGE}(?:(?:body\s+)?temp(?:erature)?s?|fever|febrile){END}"
    r"|体温|发[高低]?烧|[高低]烧|烧到|烧了|烧成)"
)
_NOT_BODY: Final = (
    r"outside|outdoors?|weather|oven|room|bath|water|fridge|wash"
    r"|forecast|preheat|bake|cpu|engine|thermostat"
    r"|室温|气温|天气|室外|外面|水温|烤箱|空调|冰箱|洗澡水"
)


_SETTING: Final = re.compile(
    r"(?<![a-z])(?:set|keep|raise|lower|turn|adjust|let|increase"
    r"|reduce|heat|cool|maintain|change|make)\s+(?:[a-z']{1,20}\s+){0,2}$"
)


def _temperature(scene: Scene, match: re.Match[str]) -> Reading | None:
    groups = match.groupdict()
    value = scene.value(match, "v")
    if groups.get("t"):
        tenths = scene.number(match, "t").value
        value += tenths / 10 if tenths < 10 else tenths / 100
    unit = unit_of(groups.get("u"), _TEMPERATURE_UNITS)
    bare = "k" not in groups
    if bare and not _feverish(value, unit or ("°C" if groups.get("d") else "")):
        return None
    around = scene.text[max(0, match.start() - 30) : match.end() + 20]
    if re.search(_NOT_BODY, around) or _SETTING.search(
        scene.text[max(0, match.start() - 24) : match.start()]
    ):
        return None
    return Reading(
        kind="temperature", start=match.start(), end=match.end(), value=value, unit=unit, bare=False
    )


def _feverish(value: float, unit: str) -> bool:
    return (unit == "°F" and 93 <= value <= 110) or (unit == "°C" and 34 <= value <= 43)


# --- oxygen ----------------------------------------------------------------------------------

_OXYGEN: Final = (
    rf"(?:{EDGE}(?:sp\s?o2|o2(?:\s+(?:sats?|saturation|level))?|sats?"
    r"|oxygen(?:\s+(?:saturation|level|sats?))?"
    rf"|(?:pulse\s+)?oximeter|pulse\s*ox|saturation){END}|血氧(?:饱和度)?|氧饱和度?)"
)
_PERCENT: Final = rf"\s*(?:%|percent{END})"


def _oxygen(scene: Scene, match: re.Match[str]) -> Reading | None:
    value = scene.value(match, "v")
    if match.re.pattern.startswith("(?P<v>") and not 60 <= value <= 100:
        return None
    return Reading(kind="spo2", start=match.start(), end=match.end(), value=value, unit="%")


_GLUCOSE_UNIT: Final = rf"\s*(?P<u>{any_of(_GLUCOSE_UNITS)})"
_LONE_GLUCOSE: Final = rule(rf"(?P<v>{N}){_GLUCOSE_UNIT}", _glucose)
RULES: Final[tuple[Rule, ...]] = (
    rule(
        (
            rf"(?P<k>{_HIGH}){NEAR}(?P<s>{N})(?:\s*mm\s?hg)?[\s,，、/]*(?:and\s+"
            rf"|with\s+)?(?:the\s+)?{_LOW}{NEAR}(?P<d>{N}){_PRESSURE_UNIT}"
        ),
        _pair,
    ),
    rule(
        (
            rf"(?P<k>{_LOW}){NEAR}(?P<d>{N})(?:\s*mm\s?hg)?[\s,，、/]*(?:and\s+"
            rf"|with\s+)?(?:the\s+)?{_HIGH}{NEAR}(?P<s>{N}){_PRESSURE_UNIT}"
        ),
        _pair,
    ),
    rule(
        rf"(?P<k>{_BP}){SEP}{GAP}{FROM}(?P<s>{N}){_JOINT}(?P<d>{N}){_NO_RANGE}{_PRESSURE_UNIT}",
        _pair,
    ),
    rule(
        (
            rf"(?P<k>{_BP}){SEP}{NEAR}(?:高|上)?(?P<s>{N})[,，]?(?:低|下)"
            rf"(?P<d>{N}){_PRESSURE_UNIT}"
        ),
        _pair,
    ),
    rule(
        rf"(?<![{NUM_HEAD}\d/.$-])(?P<s>{N}){_OVER}(?P<d>{N})(?!\s*/){_NO_RANGE}{_PRESSURE_UNIT}",
        _pair,
    ),
    rule(rf"(?P<k>{_BP}){SEP}{GAP}(?P<s>{N})\s+(?P<d>{N})(?!\s*[-/~]){FOREIGN}", _spaced),
    rule(rf"(?P<k>{_BP}){SEP}{GAP}{FROM}(?P<s>{N}){FOREIGN}(?:\s*mm\s?hg)?", _half),
    rule(rf"(?P<k>{_HIGH}|{_LOW}){SEP}{NEAR}(?P<s>{N}){FOREIGN}(?:\s*mm\s?hg)?", _half),
    rule(rf"(?P<k>{_HR}){SEP}{GAP}{FROM}(?P<v>{N})(?:\s*{_BPM}|{FOREIGN})", _heart),
    rule(
        (
            rf"(?<![-~{NUM_HEAD}])(?P<v>{N})\s*(?:bpm|beats\s+(?:per|a)\s+minute"
            rf"|次\s*(?:/|每)\s*分钟?){END}"
        ),
        _heart,
    ),
    rule(rf"(?P<k>{_OXYGEN}){SEP}{GAP}{FROM}(?P<v>{N})(?:{_PERCENT}|{FOREIGN})", _oxygen),
    rule(rf"(?P<v>{N}){_PERCENT}\s+(?:on\s+(?:the\s+)?)?{_OXYGEN}", _oxygen),
    rule(
        (
            rf"(?P<k>{_SUGAR}){SEP}(?P<gap>{GAP}){FROM}(?P<v>{N})(?:{_GLUCOSE_UNIT}"
            rf"|{FOREIGN})"
        ),
        _glucose,
    ),
    _LONE_GLUCOSE,
    rule(
        (
            rf"(?P<v>{N})(?:{_GLUCOSE_UNIT})?\s+(?:fasting|postprandial|after\s+"
            rf"(?:a\s+meal|eating|breakfast|lunch|dinner|meals?)){END}"
        ),
        _glucose_followup,
    ),
    rule(
        (
            rf"(?:血糖)?{_MEAL}(?:是|为|的|:|有)?\s*(?P<v>{N})(?:{_GLUCOSE_UNIT}"
            rf"|{FOREIGN})"
        ),
        _glucose_followup,
    ),
    rule(rf"(?P<k>{_FEVER}){SEP}{GAP}{FROM}(?P<v>{N})(?:{_DEGREES}|{FOREIGN})", _temperature),
    rule(rf"(?<![-~])(?P<v>{N}){_DEGREES}", _temperature),
)
