"""When something was measured: pieces of time found in a text, and the moment they mean.

A log is about the past, so whatever is open is read as the latest past moment it can mean.
A part of the day without a clock stands for a fixed hour (see ``PARTS``), a day without any
hour for noon: conventions of ours, so that a day's figures sort into the right day.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

Part = Literal["dawn", "morning", "noon", "afternoon", "evening", "night"]

# part -> (hour it begins, hour it stands for)
PARTS: Final[dict[Part, tuple[int, int]]] = {
    "dawn": (0, 4), "morning": (5, 8), "noon": (11, 12),
    "afternoon": (12, 15), "evening": (17, 19), "night": (18, 22),
}  # fmt: skip
FUTURE_TOLERANCE: Final = timedelta(minutes=5)  # clocks of a phone and of a server differ


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day. ``sure`` when am or pm is settled (24-hour form or am/pm written)."""

    hour: int
    minute: int = 0
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """A piece of text about time; what it does not say is None."""

    start: int
    end: int
    day: date | None = None
    part: Part | None = None
    clock: Clock | None = None
    instant: datetime | None = None

    @property
    def dated(self) -> bool:
        """Whether it settles the day by itself."""
        return self.day is not None or self.instant is not None


def local(moment: datetime, tz: str) -> datetime:
    """``moment`` (aware) in the person's zone."""
    return moment.astimezone(ZoneInfo(tz))


def at_clock(day: date, hour: int, minute: int, zone: ZoneInfo) -> datetime:
    """A wall-clock time; one that a spring change skips is moved to the clock's real reading."""
    wall = datetime.combine(day, time(hour, minute), tzinfo=zone)
    return wall.astimezone(UTC).astimezone(zone)


_LINK: Final = re.compile(
    r"[\s,]*(?:(?:at|on|in|around|about|round|the|of|的|大概|大约"
    r"|差不多|in the|at about|at around)[\s]*)?"
)
_LINK_LIMIT: Final = 14


def join(text: str, pieces: Sequence[Mention]) -> list[Mention]:
    """Neighbouring pieces that complete each other, as one: "yesterday" + "at 8", 昨天 + 早上."""
    joined: list[Mention] = []
    for piece in sorted(pieces, key=lambda p: (p.start, -p.end)):
        if joined and piece.start < joined[-1].end:
            continue
        merged = _merge(text, joined[-1], piece) if joined else None
        if merged is None:
            joined.append(piece)
        else:
            joined[-1] = merged
    return joined


def _merge(text: str, first: Mention, second: Mention) -> Mention | None:
    if second.start - first.end > _LINK_LIMIT or first.instant or second.instant:
        return None
    if not _LINK.fullmatch(text, first.end, second.start):
        return None
    return combine(first, second)


def combine(first: Mention, second: Mention) -> Mention | None:
    """Both as one when neither says again what the other says; None otherwise."""
    if (first.day and second.day) or (first.clock and second.clock):
        return None
    if first.part and second.part and first.part != second.part:
        return None
    return replace(
        first,
        start=min(first.start, second.start),
        end=max(first.end, second.end),
        day=first.day or second.day,
        part=first.part or second.part,
        clock=first.clock or second.clock,
    )


def resolve(mention: Mention, now: datetime, tz: str) -> datetime:
    """The moment meant, aware and in the zone ``tz``; in the future only when the text says so."""
    zone = ZoneInfo(tz)
    here = now.astimezone(zone)
    if mention.instant is not None:
        return mention.instant.astimezone(zone)
    if mention.clock is not None:
        return _clocked(mention, mention.clock, here, zone)
    if mention.part is not None:
        return _parted(mention, mention.part, here, zone)
    if mention.day is None or mention.day == here.date():
        return here
    return at_clock(mention.day, 12, 0, zone)


def _clocked(mention: Mention, clock: Clock, here: datetime, zone: ZoneInfo) -> datetime:
    hours = _hours(clock, mention.part)
    day = mention.day or here.date()
    if len(hours) == 1 and mention.part == "night" and hours[0] < 6:
        day += timedelta(days=1)  # 1 am of "last night" belongs to the next calendar day
    moments = [at_clock(day, hour, clock.minute, zone) for hour in hours]
    limit = here + FUTURE_TOLERANCE
    past = [moment for moment in moments if moment <= limit]
    if mention.day is not None:
        # "yesterday at 8" keeps the hour as said; of "today at 8" only the past one can be meant
        return past[-1] if past and day == here.date() else moments[0]
    if past:
        return past[-1]
    return at_clock(day - timedelta(days=1), hours[-1], clock.minute, zone)


def _hours(clock: Clock, part: Part | None) -> list[int]:
    """The hours of the day a clock can mean, earliest first."""
    hour = clock.hour % 24
    if clock.sure or hour > 12 or hour == 0:
        return [hour]
    if part is None:
        return [hour % 12, hour % 12 + 12] if hour < 12 else [12]
    if part in ("dawn", "morning"):
        return [hour % 12 if part == "dawn" or hour != 12 else 12]
    if part == "noon":
        return [hour if hour >= 10 else hour + 12]
    if part == "night":
        return [hour % 12 + 12] if 6 <= hour < 12 else [hour % 12]
    return [hour % 12 + 12]


def _parted(mention: Mention, part: Part, here: datetime, zone: ZoneInfo) -> datetime:
    begins, stands = PARTS[part]
    day = mention.day or here.date()
    moment = at_clock(day, stands, 0, zone)
    if moment <= here:
        return moment
    if day == here.date() and here.hour >= begins:
        return here
    if mention.day is None:
        return at_clock(day - timedelta(days=1), stands, 0, zone)
    return moment


def span_between(start: Mention, end: Mention, now: datetime, tz: str) -> tuple[datetime, datetime]:
    """A night from falling asleep to waking, both aware: the latest that ends before ``now``.

    Elapsed time is real time, so a night of a clock change has an hour more or less.
    """
    zone = ZoneInfo(tz)
    here = now.astimezone(zone)
    wake = _wake(end, start, here, zone)
    first = start.clock or Clock(0)
    options = [
        at_clock(wake.date() - timedelta(days=back), hour, first.minute, zone)
        for back in (0, 1)
        for hour in _hours(first, start.part)
    ]
    lengths = sorted((wake - o.astimezone(UTC), o) for o in options if o.astimezone(UTC) < wake)
    fitting = [o for length, o in lengths if timedelta(hours=3) <= length <= timedelta(hours=14)]
    return (fitting[0] if fitting else lengths[0][1]), wake


def _wake(end: Mention, start: Mention, here: datetime, zone: ZoneInfo) -> datetime:
    clock = end.clock or Clock(0)
    hours = _hours(clock, end.part)
    hour = hours[0]  # people wake in the morning unless they say otherwise
    day = end.day
    if day is None and start.day is not None:
        late = start.part in ("night", "evening") or (
            _hours(start.clock or clock, start.part)[-1] > 16
        )
        day = start.day + timedelta(days=1) if late else start.day
    if day is not None:
        return at_clock(day, hour, clock.minute, zone)
    wake = at_clock(here.date(), hour, clock.minute, zone)
    if wake > here + FUTURE_TOLERANCE:
        wake = at_clock(here.date() - timedelta(days=1), hour, clock.minute, zone)
    return wake
