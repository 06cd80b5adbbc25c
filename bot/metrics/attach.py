"""Which time belongs to which value of a message.

A time stands before its value or right behind it; one at the head of a list holds for the
whole list, and a clock without a day takes the day that was named before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from bot.metrics.guard import Guard
from bot.metrics.reading import Reading
from bot.metrics.when import Mention, combine, resolve


def moments(
    readings: Sequence[Reading],
    mentions: Sequence[Mention],
    guard: Guard,
    now: datetime,
    tz: str,
) -> list[datetime]:
    """The moment of each reading (in order), aware; ``now`` when nothing is said."""
    owned = _owned(readings, mentions, guard)
    _share_backward(readings, owned, guard)
    head = _heading(readings, mentions, guard)
    return [resolve(m, now, tz) if m else now for m in _carried(readings, owned, head)]


def _owned(
    readings: Sequence[Reading], mentions: Sequence[Mention], guard: Guard
) -> list[Mention | None]:
    """Each reading's own mention: inside it, behind it in its clause, or before it."""
    owned: list[Mention | None] = [None] * len(readings)
    index = 0
    for mention in mentions:
        while index < len(readings) and readings[index].end <= mention.start:
            index += 1
        after = index if index < len(readings) else None
        before = index - 1 if index else None
        if (
            before is not None
            and _follows(readings[before], mention, guard)
            and _take(owned, before, mention)
        ):
            continue
        if after is not None and _same_sentence(guard, mention.start, readings[after].start):
            _take(owned, after, mention)
            continue
        if before is not None and _same_sentence(guard, mention.start, readings[before].start):
            _take(owned, before, mention)
    return owned


def _follows(reading: Reading, mention: Mention, guard: Guard) -> bool:
    """Whether a mention stands behind the reading with nothing that parts them."""
    between = guard.masked[reading.end : mention.start]
    return len(between) <= 40 and not re.search(
        r"[,，.。;；!！?？、\n]|(?<![a-z])(?:and|but|then)(?![a-z])|而|然后|和", between
    )


def _take(owned: list[Mention | None], index: int, mention: Mention) -> bool:
    current = owned[index]
    merged = mention if current is None else combine(current, mention)
    if merged is None:
        return False
    owned[index] = merged
    return True


def _same_sentence(guard: Guard, one: int, other: int) -> bool:
    return guard.sentence(one) == guard.sentence(other)


def _share_backward(readings: Sequence[Reading], owned: list[Mention | None], guard: Guard) -> None:
    """ "bp 120/80, pulse 72 this morning": the time at the end holds for what stands before it."""
    first = next((index for index, mention in enumerate(owned) if mention), 0)
    for index in range(first - 1, -1, -1):
        later = owned[index + 1]
        if later is None or later.start < readings[index + 1].start:
            continue
        if readings[index + 1].kind != "sleep" and _same_sentence(
            guard, readings[index].start, readings[index + 1].start
        ):
            owned[index] = later


def _heading(
    readings: Sequence[Reading], mentions: Sequence[Mention], guard: Guard
) -> Mention | None:
    """A first line or sentence that is nothing but a time: "Yesterday:"."""
    if not readings or not mentions or mentions[0].end > readings[0].start:
        return None
    first = mentions[0]
    low, high = guard.sentence(first.start)
    rest = guard.text[low : first.start] + guard.text[first.end : high]
    return first if high <= readings[0].start and len(rest.strip(" .:,，。：\n")) <= 12 else None


_VITALS: Final = frozenset({"blood_pressure", "heart_rate", "spo2", "temperature", "glucose"})


def _carried(
    readings: Sequence[Reading], owned: Sequence[Mention | None], head: Mention | None
) -> list[Mention | None]:
    """Every reading's mention, the unmarked ones taking over what still holds."""
    leading, trailing = head, None
    found: list[Mention | None] = []
    for reading, own in zip(readings, owned, strict=True):
        mention = own or leading or (trailing if reading.kind in _VITALS else None)
        if own and not own.dated and leading and leading.day:
            mention = replace(own, day=leading.day)
        found.append(mention)
        if own is None:
            continue
        night = reading.kind == "sleep" and (own.part == "night" or reading.night is not None)
        if own.start < reading.start and not night:
            leading = mention
        trailing = mention if reading.kind in _VITALS else None
    return found
