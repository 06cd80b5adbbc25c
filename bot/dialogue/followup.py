"""What to search for: a question may lean on the one before, or carry a reading to judge."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.i18n import t
from bot.model import Lang, MetricKind, Observation, Turn

_LEANS = re.compile(
    r"^(?:and\b|what about|how about|what if|why\??$|why is that|how so|what else|anything else"
    r"|tell me more|more\b|ok(?:ay)? (?:and|but)|but\b|so\b|then\b"
    r"|那|还有|为什么呢?[?？]?$|再|然后|如果)"
    r"|\b(?:it|that|this|they|them|those|these|one)\b|(?:它|这个|那个|这样|那样|这种|那种)",
    re.IGNORECASE,
)
# Here the pronoun stands for nothing said before: "is it ok to …", "is it true that …".
_EXPLETIVE = re.compile(
    r"\b(?:is|isn't|was|would|can|could|will|does|might) it (?:be |also |really |still |ever )?"
    r"(?:ok(?:ay)?|safe|fine|bad|good|better|best|normal|healthy|unhealthy|dangerous|risky|harmful"
    r"|possible|true|necessary|worth|alright|wise|common|usual|enough|too (?:late|early|much)"
    r"|important|hard|make sense)\s+(?:not\s+)?(?:to|that|if|for|when|\w+ing)\b"
    r"|\b(?:how long|how much time|what) (?:does|do|will|would) it take\b"
    r"|\bit(?:'s| is) (?:ok(?:ay)?|safe|fine|bad|normal|true)\s+(?:to|that|if|for|when)\b"
    r"|\b(?:think|true|say|said|sure|know|heard|read|so|mean|means|worried|afraid|everything|all"
    r"|foods?|things?|ways?|drinks?|exercises?|medicines?|anything|something) that\b"
    r"|\b(?:this|that|these|those) (?:morning|evening|week|month|year|time|days|kind)\b"
    r"|\bone (?:or|of|egg|cup|glass|day|night|hour|drink|tablet|meal|side|leg|arm|ear|eye)\b",
    re.IGNORECASE,
)
# Here it stands for a value named in the same breath: "a1c 6.1, is that bad?", 糖化6.1这样高吗.
_OWN_VALUE = re.compile(
    r"\b(?!(?:the|and|but|mine|was|has|had|have|got|get|now|only|just|about|with|that|this)\b)"
    r"[a-z][a-z0-9]{2,}[^?!\d]{0,20}\d[\d./]*[^?!]{0,24}?\b(?:is|are|was) (?:that|this|it|they)\b"
    r"|[\u3400-\u9fff]{2}\s*\d[\d./]*[^？?]{0,6}(?:这个|那个|这样|那样|这种|那种)",
    re.IGNORECASE,
)
_LOW_PRESSURE = (90.0, 60.0)  # mmHg; below either it is a question about low pressure
_UNLOGGED: dict[MetricKind, re.Pattern[str]] = {
    "blood_pressure": re.compile(
        r"(?:血压|blood pressure|\bbp\b)\D{0,12}(?P<value>\d{2,3})\s*/\s*(?P<low>\d{2,3})(?!\d)",
        re.IGNORECASE,
    ),
    "glucose": re.compile(
        r"(?<!low )(?:血糖|blood sugar|glucose)\D{0,10}(?P<value>\d{1,3}(?:\.\d)?)(?![\d%岁])",
        re.IGNORECASE,
    ),
    "heart_rate": re.compile(
        r"(?:心率|心跳|脉搏|heart rate|pulse)\D{0,10}(?P<value>\d{2,3})(?![\d%岁])", re.IGNORECASE
    ),
}
_SHORT_WORDS = 8
_SHORT_HAN = 14


def search_text(text: str, history: Sequence[Turn]) -> str:
    """The text itself, or the last question and the text when it leans on it."""
    answered = [turn for turn in history if turn.kind == "answer"]
    if not answered or not _leans(text):
        return text
    return f"{answered[-1].asked} {text}"


def with_readings(query: str, readings: Sequence[Observation], lang: Lang) -> str:
    """The query and, for each value in it, what is asked about such a value.

    "My pressure is 150/95, is that bad?" is about limits and when to be seen; the bare words
    of the message say neither. A value that was only asked about (血压142/88高不高) and not
    logged counts as well.
    """
    kinds = [_about(item.kind, item.value, item.value2 or 999.0) for item in readings]
    for kind, pattern in _UNLOGGED.items():
        found = pattern.search(query)
        if found and kind not in {item.kind for item in readings}:
            low = float(found["low"]) if kind == "blood_pressure" else 999.0
            kinds.append(_about(kind, float(found["value"]), low))
    asked = dict.fromkeys(t(f"query.reading.{kind}", lang) for kind in kinds)
    return " ".join([query, *asked])


def _about(kind: MetricKind, value: float, low: float) -> str:
    """The kind, and whether a pressure is a low one: other limits, another page."""
    too_low = value < _LOW_PRESSURE[0] or low < _LOW_PRESSURE[1]
    return "blood_pressure_low" if kind == "blood_pressure" and too_low else kind


def _leans(text: str) -> bool:
    han = len(re.findall(r"[\u3400-\u9fff]", text))
    short = han <= _SHORT_HAN if han else len(text.split()) <= _SHORT_WORDS
    told = _EXPLETIVE.sub(" ", text).strip()
    return short and bool(_LEANS.match(told) or _LEANS.search(_OWN_VALUE.sub(" ", told)))
