"""Reads a message: which metrics a person logs, with value, unit and moment.

``understand`` is the whole reading, ``parse`` its metrics, ``to_json`` their form on the
command line. Nothing here does I/O; time in the text is read against ``now`` in ``tz``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from bot.metrics import body, habits, sleep, vitals
from bot.metrics.attach import moments
from bot.metrics.guard import Guard, is_log, is_question, prepare
from bot.metrics.judge import judge, number_text
from bot.metrics.numbers import NUM_HEAD, find_numbers, fold, mask
from bot.metrics.reading import Reading, Rule, Scene
from bot.metrics.times import find_times, mask_times
from bot.metrics.when import Mention, local, span_between
from bot.model import Ask, Observation, ParsedMetrics
from rag.types import Lang


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """A message understood: its metrics, whether it asks something, and what else it says."""

    metrics: ParsedMetrics
    is_question: bool
    rest: str


# A glucose rule before the pressure would take "血糖6.8血压150/95" apart; vitals keep their order.
_RULES: Final[tuple[Rule, ...]] = (*vitals.RULES, *body.RULES, *sleep.RULES, *habits.RULES)
_WIDEST: Final = 80  # characters; no gap of the grammar is longer
_NEARBY: Final = 20  # values looked back at for doubles
_HAN: Final = re.compile(r"[一-鿿]")


def parse(text: str, *, lang: Lang | None = None, now: datetime, tz: str) -> ParsedMetrics:
    """The metrics logged in a message.

    ``now`` is aware; ``tz`` an IANA name (ZoneInfoNotFoundError for an unknown one). Without
    ``lang`` Chinese characters decide. Observations come in the order of the text.
    """
    return understand(text, lang=lang, now=now, tz=tz).metrics


def understand(text: str, *, lang: Lang | None = None, now: datetime, tz: str) -> Utterance:
    """The metrics of a message and the speech act around them (see ``parse``)."""
    here = local(now, tz)
    folded = fold(text)
    numbers = find_numbers(folded)
    masked = mask(folded, numbers)
    mentions = find_times(folded, masked, numbers, here)
    scene = Scene(
        folded,
        mask_times(masked, mentions),
        {n.start: n for n in numbers},
        {m.start: m for m in mentions},
    )
    guard = prepare(text, folded, scene.masked)
    candidates = read(scene)
    bare = _blank(scene.masked, candidates)
    readings = [r for r in candidates if _believable(r, bare, guard)]
    tongue: Lang = lang or ("zh" if _HAN.search(text) else "en")
    found = _settle(text, readings, mentions, guard, tongue, here, tz)
    metrics = ParsedMetrics(
        observations=tuple(item for _, item in found if isinstance(item, Observation)),
        asks=tuple(item for _, item in found if isinstance(item, Ask)),
    )
    spans = [(reading.start, reading.end) for reading, _ in found]
    if found:
        spans += [(mention.start, mention.end) for mention in mentions]
    rest = _without(text, sorted(spans))
    return Utterance(metrics=metrics, is_question=is_question(guard), rest=rest)


def read(scene: Scene) -> list[Reading]:
    """All readings the grammar finds, in order; an earlier rule keeps the numbers it used."""
    used: set[int] = set()
    found: list[Reading] = []
    for rule in _RULES:
        for widest in rule.pattern.finditer(scene.masked):
            match = _closest(rule.pattern, widest, scene.masked)
            if _far(match, scene.masked):
                continue
            heads = [p for p in _heads(scene, match) if p not in used]
            if len(heads) < len(_heads(scene, match)):
                continue
            reading = rule.build(scene, match)
            if reading is not None:
                used.update(heads)
                found.append(reading)
    return sorted(found, key=lambda reading: reading.start)


def _far(match: re.Match[str], masked: str) -> bool:
    """Ten Chinese characters between a name and its number say something else."""
    if not match.groupdict().get("k"):
        return False
    number = masked.find(NUM_HEAD, match.end("k"), match.end())
    return number >= 0 and len(_HAN.findall(masked, match.end("k"), number)) > 10


def _closest(pattern: re.Pattern[str], match: re.Match[str], masked: str) -> re.Match[str]:
    """The same match from the last name before the value: "no fever, temp 36.5" is about temp."""
    if not match.groupdict().get("k") or match.end() - match.start() > 2 * _WIDEST:
        return match
    number = masked.find(NUM_HEAD, match.end("k"), match.end())
    for start in range(number - 1, match.end("k") - 1, -1):
        again = pattern.match(masked, start)
        if again and again.end() == match.end() and again.groupdict().get("k"):
            return again
    return match


def _heads(scene: Scene, match: re.Match[str]) -> list[int]:
    """Where the numbers and times of a match begin."""
    inside = range(match.start(), match.end())
    return [p for p in inside if p in scene.numbers and scene.masked[p] == NUM_HEAD] + [
        p for p in inside if p in scene.times and match.groupdict().get("t1")
    ]


# Words that may stand beside a bare "70 kg" without changing what it is.
_BESIDE: Final = re.compile(
    r"(?<![a-z])(?:i|i'm|im|am|a|an|the|my|me|is|was|at|now|just"
    r"|hit|it|it's|its|currently|about|around|roughly|approx|approximately"
    r"|exactly|today|scale|so|ok|okay|hi|hello|hey|doctor|and|with"
    r"|years?|yrs?|yr|old|yo|female|male|man|woman|guy|girl|f|m|down"
    r"|up|to|at|still|this|log|record|add|note|please|check-in|weigh-in"
    r"|update|finally|age|year-old|naked|dressed|before|after|breakfast"
    r"|lunch|dinner|on|in|of|says|reads|be|been|who|are|reading|here"
    r"|feet|bp|pressure|got|came|back|measured|took|pharmacy|clinic"
    r"|home|doctor's|gp|right|left|arm|sitting|resting|read|cuff"
    r"|nurse|machine|monitor|meter|digital|no|can|could|would|will"
    r"|you)(?![a-z'])"
    r"|[我的了是在今天现早晚上中午下这次刚才称量测显示有已经只大概约左右目前记录"
    r"一请帮个子岁男女性身高体重后前斤重为医生您好到还和啦哦呀吧。，、,.!！:：;；"
    r"()（）&+@~\-\s\"'/?？多]"
)


def _blank(masked: str, readings: Sequence[Reading]) -> str:
    """The masked text with every reading and every time struck out."""
    parts: list[str] = []
    position = 0
    for reading in readings:
        start = max(position, reading.start)
        parts += (masked[position:start], " " * max(0, reading.end - start))
        position = max(position, reading.end)
    parts.append(masked[position:])
    return re.sub("[\ue000-\ue003]", " ", "".join(parts))


def _believable(reading: Reading, bare: str, guard: Guard) -> bool:
    """A bare value counts only where hardly anything else is said around it."""
    if not reading.bare:
        return True
    low, high = guard.clause(reading.start, reading.end)
    return not _BESIDE.sub("", bare[low:high]).strip()


def _settle(
    text: str,
    readings: Sequence[Reading],
    mentions: Sequence[Mention],
    guard: Guard,
    lang: Lang,
    here: datetime,
    tz: str,
) -> list[tuple[Reading, Observation | Ask]]:
    """Every reading that is a log, judged; doubles of one value fall away."""
    ats = moments(readings, mentions, guard, here, tz)
    settled: list[tuple[Reading, Observation | Ask]] = []
    for reading, at in zip(readings, ats, strict=True):
        if not is_log(guard, reading):
            continue
        timed, moment = _timed(reading, at, here, tz)
        found = judge(timed, moment, text[reading.start : reading.end].strip(), lang, here)
        if reading.bare and isinstance(found, Ask) and found.reason != "future":
            continue  # a number without its name that does not fit is no slip, it is something else
        if found is not None and not any(_same(found, other) for _, other in settled[-_NEARBY:]):
            settled.append((reading, found))
    return settled


def _timed(reading: Reading, at: datetime, here: datetime, tz: str) -> tuple[Reading, datetime]:
    if reading.night is None:
        return reading, at
    asleep, awake = span_between(*reading.night, here, tz)
    hours = (awake.astimezone(UTC) - asleep.astimezone(UTC)).total_seconds() / 3600
    return replace(reading, value=round(hours, 4)), awake


def _same(one: Observation | Ask, other: Observation | Ask) -> bool:
    """The same value said twice ("74 kg (163 lb)"): one kind, one moment, equal within 2 %."""
    if isinstance(one, Ask) or isinstance(other, Ask):
        return False
    if (one.kind, one.at, one.value2) != (other.kind, other.at, other.value2):
        return False
    return abs(one.value - other.value) <= 0.02 * abs(other.value)


_EMPTY_TALK: Final = re.compile(
    r"(?<![a-z])(?:i|i'm|im|my|me|and|the|a|was|is|has|have|had|been"
    r"|walked|drank|took|did|log|record|so|also|please|it|for|of"
    r"|around|about|at|on|today)(?![a-z])"
    r"|我的?|了|是|今天|走|喝|也|还|和|有|请|记录|记一下|帮|[的呢啊哦呀吧]|\W"
)


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text without the spans; "" when only words that carry no message are left."""
    parts: list[str] = []
    position = 0
    for start, end in spans:
        parts.append(text[position:start])
        position = max(position, end)
    parts.append(text[position:])
    rest = re.sub(r"\s{2,}", " ", " ".join(part for part in parts if part))
    rest = re.sub(r"^[\s,，。.;；、:：]+|[\s,，;；、]+$", "", rest)
    return rest if _EMPTY_TALK.sub("", rest.lower()) else ""


def to_json(parsed: ParsedMetrics) -> dict[str, object]:
    """The parse as plain JSON values.

    ``value``/``unit`` are what the person wrote when the unit is an accepted one;
    ``canonical`` holds them in the kind's own unit; ``at`` is ISO 8601 with its offset.
    """
    return {
        "metrics": [_observation_json(item) for item in parsed.observations],
        "asks": [
            {
                "kind": ask.kind, "reason": ask.reason, "value": ask.value, "text": ask.text,
                "options": [_observation_json(option) for option in ask.options],
            }
            for ask in parsed.asks
        ],
    }  # fmt: skip


def _plain(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _observation_json(item: Observation) -> dict[str, object]:
    row: dict[str, object] = {"kind": item.kind}
    if item.value2 is None:
        shown = float(item.shown_value) if item.shown_value else item.value
        row |= {"value": _plain(shown), "unit": item.shown_unit or item.unit}
        row["canonical"] = {"value": _plain(item.value), "unit": item.unit}
    else:
        pair = f"{number_text(item.value)}/{number_text(item.value2)}"
        row |= {"value": pair, "unit": item.unit}
        row |= {"systolic": _plain(item.value), "diastolic": _plain(item.value2)}
        row["canonical"] = {"value": pair, "unit": item.unit}
    row |= {"at": item.at.isoformat(timespec="seconds"), "text": item.text}
    if item.note:
        row["note"] = item.note
    return row
