"""The person's own numbers for one question: which kinds matter, worded by code.

Nothing here is guessed by a model: summaries are computed in bot/metrics, and a kind is
shown when the question or the passages found are about it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.metrics.summary import body_mass_index, summarise
from bot.metrics.words import context_lines, describe, describe_bmi, numbers
from bot.model import Lang, MetricKind, MetricSummary, Observation

WINDOW_SHORT = 7
WINDOW_LONG = 30
_MOST_SHOWN = 3

# A question is about a kind when it says one of these; tiredness is about several.
_ABOUT: dict[MetricKind, str] = {
    "sleep": r"sleep|slept|insomni|tired|fatigue|exhaust|drows|nap|awake|bedtime"
    r"|睡|失眠|困|累|疲|乏",
    "blood_pressure": r"blood pressure|\bbp\b|hypertens|dizz|headache|tired|fatigue|salt|stroke"
    r"|heart|血压|头晕|头痛|累|疲|乏|盐|心脏|中风",
    "heart_rate": r"heart rate|pulse|palpitat|heartbeat|\bhrv\b|fitness|心率|心跳|脉搏|心慌|心悸",
    "glucose": r"glucose|sugar|diabet|thirst|a1c|insulin|tired|血糖|糖尿|口渴|多饮|累|疲|乏",
    "weight": r"weigh|fat|bmi|obes|diet|lose|slim|体重|胖|减肥|瘦|肥",
    "waist": r"waist|belly|abdom|腰围|肚子|腹部",
    "height": r"bmi|height|身高",
    "steps": r"step|walk|activ|exercis|moving|sit|步|走|运动|活动|久坐",
    "exercise": r"exercis|workout|activ|train|fitness|run|tired|运动|锻炼|健身|跑",
    "water": r"water|hydrat|drink|thirst|dehydrat|喝水|饮水|脱水|口渴",
    "mood": r"mood|depress|\bsad\b|low|anxi|stress|happy|down|tired|心情|情绪|抑郁|焦虑|压力|难过",
    "temperature": r"fever|temperature|chill|hot|体温|发烧|发热",
    "spo2": r"oxygen|spo2|satur|breath|血氧|氧|呼吸",
}
# Whoever asks whether they are too heavy asks for their BMI, by name or not.
_BUILD = re.compile(
    r"\bbmi\b|body mass|overweight|obes|underweight|(?:healthy|normal|ideal|right) weight"
    r"|(?:am i|i'?m|i am|too) (?:too )?(?:fat|thin|heavy|skinny)|胖|超重|太瘦|偏瘦|体[重质]指数"
    r"|体重(?:正常|标准|超标|合适)|(?:标准|正常|理想|健康)体重"
)
_TIRED_KINDS: tuple[MetricKind, ...] = ("sleep", "blood_pressure", "mood")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNumbers:
    """``shown`` sentences for the reply, ``context`` lines for the model, ``accepted`` forms."""

    shown: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()


def since(now: datetime) -> datetime:
    """The oldest reading that can matter to a summary."""
    return now - timedelta(days=WINDOW_LONG)


def for_question(
    observations: Sequence[Observation], question: str, *, now: datetime, tz: str, lang: Lang
) -> OwnNumbers:
    """Pick and word what matters to ``question``; empty when nothing was logged."""
    summaries = windowed(observations, now=now, tz=tz)
    about = [s for s in summaries if re.search(_ABOUT[s.kind], question.lower())]
    shown = sorted(about, key=_order(question))[:_MOST_SHOWN]
    build = tuple(_build(observations, question, now, lang))
    return OwnNumbers(
        shown=(*describe(shown, lang), *build),
        context=(*context_lines(summaries, lang), *build),
        accepted=(*numbers(summaries, observations), *build),
    )


def _build(
    observations: Sequence[Observation], question: str, now: datetime, lang: Lang
) -> list[str]:
    """The person's BMI, when the question is about their build and both figures are there."""
    if not _BUILD.search(question.lower()):
        return []
    index = body_mass_index([o for o in observations if o.at <= now])
    return [describe_bmi(index, lang)] if index else []


def windowed(observations: Sequence[Observation], *, now: datetime, tz: str) -> list[MetricSummary]:
    """One summary per kind: of the last 7 days, or of 30 where those 7 are empty."""
    recent = {s.kind: s for s in summarise(observations, now=now, tz=tz, days=WINDOW_SHORT)}
    longer = {s.kind: s for s in summarise(observations, now=now, tz=tz, days=WINDOW_LONG)}
    return list({**longer, **recent}.values())


def _order(question: str) -> Callable[[MetricSummary], tuple[int, int]]:
    """Kinds named first in the question come first; for tiredness, sleep leads."""

    def key(summary: MetricSummary) -> tuple[int, int]:
        found = re.search(_ABOUT[summary.kind], question.lower())
        place = found.start() if found else len(question)
        rank = _TIRED_KINDS.index(summary.kind) if summary.kind in _TIRED_KINDS else 9
        return place, rank

    return key
