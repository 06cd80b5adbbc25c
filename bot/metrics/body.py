"""Rules for weight, height and waist."""

from __future__ import annotations

import re
from typing import Final

from bot.metrics.kinds import CM_PER_INCH
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
    rule,
    unit_of,
)

# --- weight ----------------------------------------------------------------------------------

_WEIGHT_UNITS: Final = {
    "kgs?|kilos?|kilograms?": "kg",
    "公斤|千克|㎏": "kg",
    "市?斤": "斤",
    "lbs?|pounds?|#|磅": "lb",
    "st|stones?": "st",
}
_WEIGHT: Final = (
    rf"(?:{EDGE}(?:(?:body\s*)?weight|weigh(?:ed|ing|s)?(?:\s+(?:myself"
    rf"|in)(?:\s+at)?)?|scales?(?=\s+(?:says?|said|reads?|shows?|showed)\s)){END}"
    r"|体重(?!指数)|(?:我|现在|目前|今天)重|称了?(?:体重)?)"
)
_WEIGHT_UNIT: Final = (
    rf"\s*-?(?P<u>(?:kgs?|kilos?|kilograms?|lbs?|pounds?|stones?|st){END}|公斤|千克|㎏|市?斤|磅)"
)
_STONE: Final = (
    rf"(?P<st>{N})\s*-?(?:stones?|st){END}(?:\s*,?\s*(?:and\s+)?(?P<lb>{N})\s*"
    rf"(?:lbs?|pounds?)?{END})?"
)
_CHANGE: Final = re.compile(
    r"\b(?:los[tse]\w*|loss|gain\w*|drop\w*|fell|decreas\w*|increas\w*"
    r"|went|gone|put\s+on|shed|down|up|off|reduc\w*|by)\b(?!.*\b"
    r"(?:to|at|of)\b)"
    r"|\bloss\b|[瘦减轻胖涨掉增降少多重]了|[瘦减轻胖涨掉增降]轻?(?!.*[到至])|每公斤"
)
_NOT_OWN_WEIGHT: Final = re.compile(
    r"\b(?:lift|limit|plate|capacity|training|machine|vest|blanket|birth|loss)\w*\b|出生|负重|举重"
)


def _weight(scene: Scene, match: re.Match[str]) -> Reading | None:
    groups = match.groupdict()
    gap = groups.get("gap") or ""
    if (
        _CHANGE.search(gap)
        or _NOT_OWN_WEIGHT.search(gap)
        or "出生" in scene.text[max(0, match.start() - 2) : match.start()]
    ):
        return None
    value, unit = scene.value(match, "v"), unit_of(groups.get("u"), _WEIGHT_UNITS)
    if groups.get("half"):
        value += 0.5
    return Reading(
        kind="weight",
        start=match.start(),
        end=match.end(),
        value=value,
        unit=unit,
        bare="k" not in groups,
    )


def _stone(scene: Scene, match: re.Match[str]) -> Reading | None:
    """Stones and pounds together are given in pounds; stones alone stay stones."""
    stones, pounds = scene.value(match, "st"), scene.value(match, "lb")
    groups = match.groupdict()
    if _CHANGE.search(groups.get("gap") or "") or pounds >= 14:
        return None
    both = match["lb"] is not None
    return Reading(
        kind="weight",
        start=match.start(),
        end=match.end(),
        value=14 * stones + pounds if both else stones,
        unit="lb" if both else "st",
        bare="k" not in groups,
    )


# --- height ----------------------------------------------------------------------------------

_LENGTH_UNITS: Final = {
    "cms?|centimet(?:er|re)s?": "cm",
    "厘米|公分|㎝": "cm",
    "m|met(?:er|re)s?|米": "m",
    "in|inch(?:es)?|\"|''|英?寸": "in",
    "ft|feet|foot|'|英尺": "ft",
}
_HEIGHT: Final = rf"(?:{EDGE}(?:height|tall){END}|身高|个子|个头|净高)"
_CM: Final = (
    r"\s*(?P<u>(?:cms?|centimet(?:er|re)s?|met(?:er|re)s?|m|inch"
    rf"(?:es)?|in|ft|feet|foot){END}|厘米|公分|㎝|米|英尺|英寸)"
)
_FEET: Final = (
    rf"(?P<ft>{N})\s*(?:'|ft\.?|feet|foot|英尺)\s*(?:(?:and\s+)?(?P<in>{N})\s*"
    rf"(?:\"|''|inch(?:es)?{END}|in{END}|英寸)?)"
)
_FEET_ODD: Final = rf"(?P<ft>{N})\"(?P<in>{N})(?:'|\")?"
_METRES: Final = (
    rf"(?P<m>{N})\s*(?:米|m)(?P<c>{N})(?!\s*(?:[月年日]|公斤|kg|斤))(?:\s*(?:cm|厘米|公分))?"
)


def _height(scene: Scene, match: re.Match[str]) -> Reading | None:
    groups = match.groupdict()
    return Reading(
        kind="height",
        start=match.start(),
        end=match.end(),
        value=scene.value(match, "v"),
        unit=unit_of(groups.get("u"), _LENGTH_UNITS),
        bare="k" not in groups or match.end("k") == match.end(),  # "3 m tall" may be a tree
    )


def _feet(scene: Scene, match: re.Match[str]) -> Reading | None:
    """5'11" and its like, in centimetres."""
    feet, inches = scene.value(match, "ft"), scene.value(match, "in")
    if not 2 <= feet <= 8 or feet != int(feet) or not 0 <= inches < 12:
        return None
    cm = round((12 * feet + inches) * CM_PER_INCH, 1)
    return _composite(match, cm)


def _metres(scene: Scene, match: re.Match[str]) -> Reading | None:
    """一米七五, 1米75, 1m75 in centimetres; a single digit is tenths of a metre."""
    metres, rest = scene.value(match, "m"), scene.number(match, "c")
    digits = (
        rest.raw
        if rest.raw.isdigit() and rest.raw.isascii()
        else str(int(rest.value)).zfill(len(rest.raw) if "十" not in rest.raw else 2)
    )
    if metres not in (1.0, 2.0) or len(digits) > 2:
        return None
    return _composite(match, round(100 * (metres + float(f"0.{digits}")), 1))


def _composite(match: re.Match[str], cm: float) -> Reading:
    groups = match.groupdict()
    bare = "k" not in groups
    return Reading(
        kind="height", start=match.start(), end=match.end(), value=cm, unit="cm", bare=bare
    )


# --- waist -----------------------------------------------------------------------------------

_WAIST: Final = (
    rf"(?:{EDGE}waist(?:line|\s+(?:size|circumference))?{END}|腰围|腰(?=是|有|\s|{NUM_HEAD}))"
)
_CHI: Final = rf"(?P<chi>{N})尺(?:(?P<cun>{N})寸?)?"


def _waist(scene: Scene, match: re.Match[str]) -> Reading | None:
    if _CHANGE.search(match.groupdict().get("gap") or ""):
        return None
    return Reading(
        kind="waist",
        start=match.start(),
        end=match.end(),
        value=scene.value(match, "v"),
        unit=unit_of(match["u"], _LENGTH_UNITS),
    )


def _waist_chi(scene: Scene, match: re.Match[str]) -> Reading | None:
    """两尺六 is 2.6 尺 (1 尺 = 10 寸)."""
    return Reading(
        kind="waist",
        start=match.start(),
        end=match.end(),
        value=round(scene.value(match, "chi") + scene.value(match, "cun") / 10, 2),
        unit="尺",
    )


_INCHES: Final = (
    rf"\s*-?\s*(?P<u>(?:inch(?:es)?|in|cms?|centimet(?:er|re)s?){END}|\"|''|厘米|公分|英?寸)"
)
RULES: Final[tuple[Rule, ...]] = (
    rule(rf"(?P<k>{_WAIST}){SEP}{NEAR}{_CHI}", _waist_chi),
    rule(
        (
            rf"(?P<k>{_WAIST}){SEP}(?P<gap>{GAP}){FROM}(?P<v>{N})(?:{_INCHES}"
            rf"|{FOREIGN})(?P<x>)"
        ),
        _waist,
    ),
    rule(rf"(?P<v>{N}){_INCHES}\s+{_WAIST}", _waist),
    rule(rf"(?P<k>{_HEIGHT}){SEP}{GAP}{_FEET}", _feet),
    rule(rf"(?P<k>){_FEET}\s*(?:tall|in\s+height){END}", _feet),
    rule(rf"(?P<k>{_HEIGHT}){SEP}{GAP}{_METRES}", _metres),
    rule(rf"(?P<k>{_HEIGHT}){SEP}{NEAR}(?P<v>{N})(?:{_CM}|{FOREIGN})", _height),
    rule(
        (
            rf"(?P<v>{N}){_CM}(?P<k>\s*(?:tall|in\s+height){END}|(?:高|的?"
            r"(?:个子|身高|个头)))"
        ),
        _height,
    ),
    rule(_FEET, _feet),
    rule(_FEET_ODD, _feet),
    rule(_METRES, _metres),
    rule(rf"(?P<v>{N})\s*(?P<u>(?:cm|centimet(?:er|re)s|feet|ft){END}|厘米|公分)", _height),
    rule(rf"(?P<k>{_WEIGHT}){SEP}(?P<gap>{GAP}){_STONE}", _stone),
    rule(
        (
            rf"(?P<k>{_WEIGHT}){SEP}(?P<gap>{GAP}){FROM}(?P<v>{N})(?:多|余)?"
            rf"(?:{_WEIGHT_UNIT}(?P<half>半)?|{FOREIGN}(?!\s*[:'\"%]))"
        ),
        _weight,
    ),
    rule(_STONE, _stone),
    rule(rf"(?P<v>{N})(?:多|余)?{_WEIGHT_UNIT}(?P<half>半)?", _weight),
)
