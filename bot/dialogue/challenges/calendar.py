"""When a challenge asks, about which day, and when it is over: wall time in the group's zone.

Day 1 is the first date. A topic about a night is asked about on the next morning. Twelve hours
after the last day was asked about, the challenge is over.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.dialogue.challenges.topics import Topic
from bot.model import Challenge

DAYS = 7
_CLOSES = timedelta(hours=12)


def zone(tz: str) -> ZoneInfo:
    """The zone of that name; UTC for none."""
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def first_day(topic: Topic, now: datetime, tz: str) -> date:
    """Tonight for what is done at night, else tomorrow: people want time to join."""
    today = now.astimezone(zone(tz)).date()
    return today if topic.night else today + timedelta(days=1)


def asked_at(challenge: Challenge, topic: Topic, day: int) -> datetime:
    """When day ``day`` is asked about, in UTC."""
    on = challenge.first + timedelta(days=day - 1 + topic.night)
    return datetime.combine(on, time(topic.ask), zone(challenge.tz)).astimezone(UTC)


def closes_at(challenge: Challenge, topic: Topic) -> datetime:
    """When it is over, in UTC."""
    return asked_at(challenge, topic, challenge.days) + _CLOSES


def next_at(challenge: Challenge, topic: Topic, now: datetime) -> datetime | None:
    """When it has something to say after ``now``; None when it is over."""
    days = range(1, challenge.days + 1)
    times = [asked_at(challenge, topic, day) for day in days] + [closes_at(challenge, topic)]
    return next((at for at in times if at > now), None)


def day_at(challenge: Challenge, topic: Topic, now: datetime) -> int:
    """The day that can be answered for now: 0 before there is one, at most the last."""
    today = now.astimezone(zone(challenge.tz)).date()
    passed = (today - challenge.first).days + 1 - topic.night
    return max(0, min(passed, challenge.days))


def still_early(challenge: Challenge, topic: Topic, now: datetime) -> bool:
    """Whether people still have time to join: until the second day is asked about."""
    return now < asked_at(challenge, topic, min(2, challenge.days))
