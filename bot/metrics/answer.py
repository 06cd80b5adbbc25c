"""Reads a person's answer to a question about a value: yes, the second, 70 公斤, pounds, no."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Final

from bot.metrics.judge import observe
from bot.metrics.kinds import plausible
from bot.metrics.numbers import find_numbers, fold
from bot.metrics.parse import parse
from bot.model import Ask, MetricKind, Observation
from rag.types import Lang

_NO: Final = re.compile(
    r"(?:no|nope|nah|neither|none|cancel|forget\s+it|never\s*mind"
    r"|wrong|stop|don't)(?![a-z])|不(?:是|对|用|记|要)|都不|取消"
    r"|算了|别记|错了?$"
)
_YES: Final = re.compile(
    r"(?:yes|yep|yeah|y|yup|right|correct|ok|okay|sure|exactly|that's\s+"
    r"(?:right|it|correct)|i\s+did|it\s+is|confirm(?:ed)?)(?![a-z])[\s,.!]*"
    r"(?:please|it\s+is|thanks|that's\s+right|correct|right)?[\s.!]*$"
    r"|(?:是的?|对的?|没错|嗯+|好的?|确[认定]|可以|行|就是|正确)"
    r"(?:的|呀|啊|了|，?没错|，?是的)?[\s。!！]*$"
)
_ORDINALS: Final = (
    re.compile(
r"(?:the\s+)?(?:first|former|1st|one|1|a)(?:\s+(?:one|option))?[\s.)!]*$"
r"|(?:第一|前一?|1号?|一)(?:个|种|项|者)?[\s。!]*$"
),
    re.compile(
r"(?:the\s+)?(?:second|latter|2nd|two|2|b)(?:\s+(?:one|option))?[\s.)!]*$"
r"|(?:第二|后一?|2号?|二)(?:个|种|项|者)?[\s。!]*$"
),
    re.compile(
r"(?:the\s+)?(?:third|last|3rd|three|3|c)(?:\s+(?:one|option))?[\s.)!]*$"
r"|(?:第三|最后一?|3号?|三)(?:个|种|项)?[\s。!]*$"
),
)  # fmt: skip
_SUBJECT: Final[dict[MetricKind, str]] = {
    "weight": "weight", "height": "height", "blood_pressure": "bp", "heart_rate": "pulse",
    "glucose": "glucose", "sleep": "slept", "steps": "step count", "exercise": "exercise",
    "water": "water", "mood": "mood", "temperature": "temperature", "spo2": "spo2",
    "waist": "waist",
}  # fmt: skip


def resolve(ask: Ask, answer: str, *, now: datetime, tz: str) -> Observation | None:
    """The observation an answer settles on, or None: refused, unclear or still implausible.

    A chosen option keeps its moment; a new value takes that of the options, or the time the
    answer names, or ``now``.
    """
    said = fold(answer).strip()
    if not said or _NO.match(said):
        return _corrected(ask, answer, now, tz) if find_numbers(said) else None
    if _YES.match(said):
        return _agreed(ask)
    for index, pattern in enumerate(_ORDINALS):
        if pattern.match(said) and index < len(ask.options):
            return ask.options[index]
    return _named(ask, said) or _corrected(ask, answer, now, tz)


def _agreed(ask: Ask) -> Observation | None:
    """A yes settles one option, or the value as it was said when that one is offered first."""
    if len(ask.options) == 1:
        return ask.options[0]
    if ask.reason != "implausible" or not ask.options:
        return None
    first = ask.options[0]
    return first if ask.value == f"{first.shown_value} {first.shown_unit}".strip() else None


def _named(ask: Ask, said: str) -> Observation | None:
    """The one option whose number the answer repeats."""
    numbers = find_numbers(said)
    if len(numbers) != 1 or re.search(r"[a-z一-鿿%°]{1,}", said[numbers[0].end :]):
        return None
    value = numbers[0].value
    fitting = [o for o in ask.options if o.value2 is None and float(o.shown_value) == value]
    return fitting[0] if len(fitting) == 1 else None


def _corrected(ask: Ask, answer: str, now: datetime, tz: str) -> Observation | None:
    """A new value, a missing unit or a missing half given in the answer."""
    lang: Lang = "zh" if re.search(r"[一-鿿]", answer + ask.text) else "en"
    subject = _SUBJECT[ask.kind]
    bare = re.sub(
        r"^\W*(?:no|nope|不是|不对|是|应该是|it\s+was|it's|i\s+meant|meant)[\s,，.。]*",
        "",
        answer,
        flags=re.I,
    )
    number = ask.value.split(" ")[0]
    for attempt in (bare, f"{subject} {bare}", f"{subject} {number} {bare}"):
        for found in parse(attempt, lang=lang, now=now, tz=tz).observations:
            if found.kind == ask.kind:
                at = (
                    ask.options[0].at
                    if ask.options and found.at == now.astimezone(found.at.tzinfo)
                    else found.at
                )
                return replace(found, at=at, text=ask.text)
    return _completed(ask, answer, now) if ask.kind == "blood_pressure" else None


def _completed(ask: Ask, answer: str, now: datetime) -> Observation | None:
    """The other half of a pressure: 150 asked, "95" answered."""
    numbers = find_numbers(fold(answer))
    known = find_numbers(ask.value)
    if ask.reason != "incomplete" or len(numbers) != 1 or len(known) != 1:
        return None
    low, high = sorted((known[0].value, numbers[0].value))
    if not plausible("blood_pressure", high, low):
        return None
    return observe("blood_pressure", high, "mmHg", now, ask.text, value2=low)
