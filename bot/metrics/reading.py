"""What a rule of the grammar yields, and the fragments all rules are built from.

Patterns run on the masked text (numbers.py), where ``N`` is any number and ``T`` any time.
Every gap is bounded, so a rule costs time in proportion to the text and no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.metrics.numbers import NUM_HEAD, N, Number
from bot.metrics.when import Mention
from bot.model import MetricKind

EDGE: Final = r"(?<![a-z])"
END: Final = r"(?![a-z])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A value as written at ``[start, end)`` of the text, before any judgement.

    ``unit`` is an accepted unit name or "" when none was written; ``bare`` marks a value with
    no word for its kind beside it, to be believed only when nothing else is said around it.
    ``night`` holds the two times of a sleep given by its ends. ``scale`` is the top of a score.
    """

    kind: MetricKind
    start: int
    end: int
    value: float
    unit: str = ""
    value2: float | None = None
    shown: str = ""
    note: str = ""
    bare: bool = False
    half: str = ""  # "systolic" or "diastolic" when only that half was given
    scale: float = 10.0
    night: tuple[Mention, Mention] | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """One message under the rules: its folded and masked forms, numbers and times by start."""

    text: str
    masked: str
    numbers: Mapping[int, Number]
    times: Mapping[int, Mention]

    def number(self, match: re.Match[str], group: str) -> Number:
        """The number a group matched."""
        return self.numbers[match.start(group)]

    def value(self, match: re.Match[str], group: str) -> float:
        """Its value; 0.0 when the group took no part."""
        return self.numbers[match.start(group)].value if match[group] else 0.0


Build = Callable[[Scene, re.Match[str]], Reading | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern and what to make of its matches."""

    pattern: re.Pattern[str]
    build: Build


def rule(pattern: str, build: Build) -> Rule:
    """A compiled rule."""
    return Rule(re.compile(pattern), build)


# Words between a name and its value: no number, no end of a clause.
GAP: Final = rf"[^\n.!?;,。！？；，{NUM_HEAD}]{{0,36}}?"
NEAR: Final = rf"[^\n.!?;,。！？；，{NUM_HEAD}]{{0,12}}?"
SEP: Final = r"\s*[:,=，-]?\s*"
# "went from 81 to 135": the value is the second one
FROM: Final = (
    rf"(?:(?:from|从)\s*{N}(?:/{N})?\s*[a-z公斤磅%]{{0,6}}\s*(?:to"
    r"|(?:一直)?[升涨降减掉瘦飙]?到了?)\s*)?"
)
# What may not follow a number that carries no unit of its kind.
FOREIGN: Final = (
    rf"(?!\s*(?:[-~/]|to|到|至)\s*{NUM_HEAD}"
    r"|\s*(?:-\s*)?(?:mg|mcg|[µμ]g|g|grams?|units?|iu|years?|yrs?"
    r"|yo|days?|weeks?|months?|hours?|hrs?|h"
    r"|minutes?|mins?|min|sec|secs|seconds?|km|kms?|miles?|mi|times"
    r"|x|points?|percent|dollars?|bucks"
    r"|euros?|am|pm|kg|kgs|kilos?|lbs?|pounds?|st|nd|rd|th|nights?|readings?|people|tablets?|pills?"
    r"|calories|kcal|cal|cm|mm|ml|l|inch|inches|ft|feet|mmol|glasses|cups|steps|teaspoons?|tsp|tbsp"
    r"|spoons?|cubes?|ppm|bpm|mmhg|episodes|hits|different|other|weeks)(?![a-z])"
    r"|\s*(?:多?年|多?岁|多?天|[个種种位片粒颗元块例点号日倍级名支根包针周月勺顿"
    r"]|千米|公里|毫克|克|小时|分钟|次(?![/每／一])|来?年)"
    r"|[%$€£]|\.\d)"
)

HOUR: Final = r"(?:hours?|hrs?|h)(?![a-z])"
MINUTE: Final = r"(?:minutes?|mins?|m)(?![a-z])"
DURATION: Final = (
    rf"(?:(?P<hc>{N}):(?P<mc>{N})\s*{HOUR}|(?P<h>{N})\s*-?\s*{HOUR}"
    rf"(?:\s*,?\s*(?:and\s*)?(?P<m>{N})\s*{MINUTE}|\s*(?P<m3>{N})"
    r"(?=\s*(?:of|$|[.,;!]))"
    rf"|\s+(?P<ah>and\s+a\s+half))?"
    rf"|(?P<mo>{N})\s*-?\s*(?:minutes?|mins?){END}"
    rf"|(?P<hz>{N})\s*个?(?P<hz1>半)?多?(?:小时|钟头)(?P<hz2>半)?(?:又|零|加)?(?:(?P<mz>{N})分钟?)?"
    rf"|(?P<moz>{N})\s*多?分钟?(?![/每])|(?P<q>{N})刻钟|(?P<half>大?半)个?多?(?:小时|钟头))"
)


def duration(scene: Scene, match: re.Match[str]) -> tuple[float, str]:
    """The length a DURATION matched and the unit it was given in ("h" or "min")."""
    if match["mo"] or match["moz"]:
        return scene.value(match, "mo" if match["mo"] else "moz"), "min"
    if match["q"]:
        return 15 * scene.value(match, "q"), "min"
    if match["half"]:
        return 0.5, "h"
    if match["hc"]:
        return scene.value(match, "hc") + scene.value(match, "mc") / 60, "h"
    hours = scene.value(match, "h") + scene.value(match, "hz")
    minutes = scene.value(match, "m") + scene.value(match, "mz") + scene.value(match, "m3")
    half = 0.5 if match["ah"] or match["hz1"] or match["hz2"] else 0.0
    return hours + half + minutes / 60, "h"


def unit_of(written: str | None, table: Mapping[str, str]) -> str:
    """The accepted unit a person meant, by the first pattern that fits; "" for none written."""
    if not written:
        return ""
    for pattern, name in table.items():
        if re.fullmatch(pattern, written.strip()):
            return name
    return ""


def any_of(table: Mapping[str, str]) -> str:
    """One pattern for all units of a table; Latin ones may not run on into a word."""
    return "(?:" + "|".join(f"{key}{END}" for key in table) + ")"
