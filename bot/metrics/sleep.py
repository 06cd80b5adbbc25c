"""Rules for sleep: by its length, and by its two ends."""

from __future__ import annotations

import re
from typing import Final

from bot.metrics.numbers import NUM_HEAD, N, T
from bot.metrics.reading import (
    DURATION,
    EDGE,
    END,
    FOREIGN,
    GAP,
    NEAR,
    Reading,
    Rule,
    Scene,
    duration,
    rule,
)
from bot.metrics.when import Clock, Mention

# --- sleep -----------------------------------------------------------------------------------

_SLEEP: Final = (
    rf"(?:{EDGE}(?:slept|sleep(?:ing)?(?:\s+(?:time|duration))?|asleep"
    rf"|napp?(?:ed|ing)?|dozed){END}|(?<!深)(?<!浅)(?<!轻)(?:午睡"
    r"|睡眠(?:时间|时长)?|入睡|补觉|小睡|睡了?)(?![前着不衣药]))"
)
_STAGE: Final = re.compile(
    r"\b(?:deep|rem|light|core)\b|[深浅]睡|deep|apnea|pills?\b|before"
    r"|without|no\b|late|last|到|失眠|[早晚]点"
)


def _sleep(scene: Scene, match: re.Match[str]) -> Reading | None:
    gap = match.groupdict().get("gap") or ""
    if (
        _STAGE.search(gap)
        or _STAGE.search(match["k"])
        or re.search(
            r"(?:deep|rem|light|core)\s$",
            scene.text[max(0, match.start("k") - 6) : match.start("k")],
        )
    ):
        return None
    value, unit = duration(scene, match)
    return Reading(kind="sleep", start=match.start(), end=match.end(), value=value, unit=unit)


def _sleep_unitless(scene: Scene, match: re.Match[str]) -> Reading | None:
    if _STAGE.search(match["gap"]) or scene.value(match, "v") > 24:
        return None
    return Reading(
        kind="sleep", start=match.start(), end=match.end(), value=scene.value(match, "v"), unit="h"
    )


def _night(scene: Scene, match: re.Match[str]) -> Reading | None:
    """A night by its two ends; the length is worked out when the moments are known."""
    ends = scene.times[match.start("t1")], scene.times[match.start("t2")]
    if ends[0].clock is None or ends[1].clock is None:
        return None
    return Reading(
        kind="sleep", start=match.start(), end=match.end(), value=0.0, unit="h", night=ends
    )


def _night_bare(scene: Scene, match: re.Match[str]) -> Reading | None:
    """ "slept from 1 to 9": two bare hours."""
    hours = [scene.value(match, group) for group in ("h1", "h2")]
    if any(hour != int(hour) or not 0 <= hour <= 24 for hour in hours):
        return None
    first, last = (
        Mention(match.start(group), match.end(group), clock=Clock(int(hour) % 24))
        for group, hour in zip(("h1", "h2"), hours, strict=True)
    )
    return Reading(
        kind="sleep", start=match.start(), end=match.end(), value=0.0, unit="h", night=(first, last)
    )


_WOKE: Final = rf"(?:{EDGE}(?:woke(?:n)?|waking|awake|got\s+up|up|wake){END})"
_BED: Final = rf"(?:{EDGE}(?:to\s+bed|in\s+bed|asleep|to\s+sleep|sleep|slept|bedtime){END})"
_ZH_UP: Final = r"[^\n。！？；]{0,4}?(?:起|醒)"

RULES: Final[tuple[Rule, ...]] = (
    rule(
        (
            rf"{_SLEEP}{NEAR}(?:from|between)?\s*(?P<t1>{T})\s*(?:to|till"
            rf"|til|until|and|-|~|到|至|一直到?)\s*(?P<t2>{T})(?:才?(?:起床?"
            r"|醒))?"
        ),
        _night,
    ),
    rule(
        (
            rf"{EDGE}slept\s+(?:from|between)\s+(?P<h1>{N})\s*(?:to|till|until"
            rf"|and|-)\s*(?P<h2>{N}){FOREIGN}"
        ),
        _night_bare,
    ),
    rule(rf"{_BED}{NEAR}(?P<t1>{T})[^\n.!?{NUM_HEAD}]{{0,16}}?{_WOKE}{NEAR}(?P<t2>{T})", _night),
    rule(
        (
            rf"(?P<t1>{T})[^\n。！？；]{{0,5}}?(?:睡|躺下)[^\n。！？；]{{0,6}}?"
            rf"(?P<t2>{T}){_ZH_UP}(?:床|来)?"
        ),
        _night,
    ),
    rule(rf"从?(?P<t1>{T})[^\n。！？；]{{0,4}}?睡到了?(?P<t2>{T})", _night),
    rule(
        (
            rf"(?P<k>{_SLEEP})\s*[:=-]?\s*(?P<gap>{GAP}){DURATION}(?!\s*(?:ago"
            r"|before|前|后))"
        ),
        _sleep,
    ),
    rule(
        (
            rf"{DURATION}\s*(?P<k>(?:(?:of|worth\s+of|good|solid|broken|total"
            rf"|night'?s?|light)\s+){{0,3}}(?:sleep|shut-?eye|nap){END}|的?"
            r"(?:睡眠|觉|午觉))"
        ),
        _sleep,
    ),
    rule(
        (
            rf"(?P<k>{EDGE}(?:got|had|managed){END})(?P<gap>[^\n.!?;,{NUM_HEAD}]{{0,14}}?"
            rf"){DURATION}(?=\s*(?:[.,;!?]|$|{T}|in\s+total|only))"
        ),
        _sleep,
    ),
    rule(
        (
            rf"(?P<k>{EDGE}slept{END}|{EDGE}sleep(?=\s*[:=]?\s*{NUM_HEAD})"
            rf"|睡眠(?=\s*:?\s*{NUM_HEAD}))(?P<gap>\s*[:=]?[^\n.!?;,。！？；，{NUM_HEAD}]"
            rf"{{0,14}}?)(?P<v>{N}){FOREIGN}(?!\s*[/:])"
        ),
        _sleep_unitless,
    ),
)
