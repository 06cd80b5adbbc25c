"""When: the moments people name, seen from different days, hours and zones."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.metrics.parse import parse, to_json

SHANGHAI = "Asia/Shanghai"
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=ZoneInfo(SHANGHAI))  # a Sunday


def at(text: str, now: datetime = NOW, tz: str = SHANGHAI) -> str:
    """The moment of the only observation, to the minute."""
    (item,) = parse(text, now=now, tz=tz).observations
    return item.at.isoformat(timespec="minutes")[:16]


@pytest.mark.parametrize(
    ("phrase", "moment"),
    [
        ("", "2026-11-22T14:00"),
        ("today", "2026-11-22T14:00"),
        ("this morning", "2026-11-22T08:00"),
        ("this afternoon", "2026-11-22T14:00"),
        ("yesterday", "2026-11-21T12:00"),
        ("the day before yesterday", "2026-11-20T12:00"),
        ("last night", "2026-11-21T22:00"),
        ("last night at 11", "2026-11-21T23:00"),
        ("yesterday morning", "2026-11-21T08:00"),
        ("yesterday at 8", "2026-11-21T08:00"),
        ("yesterday at 8pm", "2026-11-21T20:00"),
        ("at noon", "2026-11-22T12:00"),
        ("at midnight", "2026-11-22T00:00"),
        ("at 8", "2026-11-22T08:00"),
        ("at 20:15", "2026-11-21T20:15"),
        ("at 7.30 pm", "2026-11-21T19:30"),
        ("at half past 6", "2026-11-22T06:30"),
        ("at a quarter to 7", "2026-11-22T06:45"),
        ("at seven thirty", "2026-11-22T07:30"),
        ("at 9 o'clock this morning", "2026-11-22T09:00"),
        ("on Monday", "2026-11-16T12:00"),
        ("last Sunday", "2026-11-15T12:00"),
        ("on the 20th", "2026-11-20T12:00"),
        ("on the 25th", "2026-10-25T12:00"),
        ("on Nov 18", "2026-11-18T12:00"),
        ("on 18 November 2025", "2025-11-18T12:00"),
        ("on December 3", "2025-12-03T12:00"),
        ("on 11/20", "2026-11-20T12:00"),
        ("on 20/11/2026", "2026-11-20T12:00"),
        ("on 2026-11-15 at 9:05", "2026-11-15T09:05"),
        ("3 days ago", "2026-11-19T12:00"),
        ("a week ago", "2026-11-15T12:00"),
        ("a few days ago", "2026-11-19T12:00"),
        ("2 hours ago", "2026-11-22T12:00"),
        ("half an hour ago", "2026-11-22T13:30"),
        ("20 minutes ago", "2026-11-22T13:40"),
        ("just now", "2026-11-22T14:00"),
        ("last month", "2026-10-23T12:00"),
    ],
)
def test_english_times(phrase: str, moment: str) -> None:
    """An English phrase of time behind a pressure means the latest past moment it can."""
    assert at(f"bp 120/80 {phrase}".strip()) == moment


@pytest.mark.parametrize(
    ("phrase", "moment"),
    [
        ("今天", "2026-11-22T14:00"),
        ("今早", "2026-11-22T08:00"),
        ("今天凌晨", "2026-11-22T04:00"),
        ("凌晨三点", "2026-11-22T03:00"),
        ("早上七点一刻", "2026-11-22T07:15"),
        ("上午十点半", "2026-11-22T10:30"),
        ("中午12点", "2026-11-22T12:00"),
        ("下午一点二十", "2026-11-22T13:20"),
        ("昨天晚上9点", "2026-11-21T21:00"),
        ("昨晚", "2026-11-21T22:00"),
        ("昨晚十二点", "2026-11-22T00:00"),
        ("昨晚1点", "2026-11-22T01:00"),
        ("前天傍晚", "2026-11-20T19:00"),
        ("大前天", "2026-11-19T12:00"),
        ("周三", "2026-11-18T12:00"),
        ("上周三", "2026-11-11T12:00"),
        ("这周五", "2026-11-20T12:00"),
        ("星期天", "2026-11-22T14:00"),
        ("上上周一", "2026-11-02T12:00"),
        ("11月18号", "2026-11-18T12:00"),
        ("2025年12月3日早上8点", "2025-12-03T08:00"),
        ("上个月20号", "2026-10-20T12:00"),
        ("三天前", "2026-11-19T12:00"),
        ("两周前", "2026-11-08T12:00"),
        ("一个半小时前", "2026-11-22T12:30"),
        ("半小时前", "2026-11-22T13:30"),
        ("刚才", "2026-11-22T14:00"),
        ("8时30分", "2026-11-22T08:30"),
        ("去年", "2025-11-22T12:00"),
        ("2020年", "2020-07-01T12:00"),
    ],
)
def test_chinese_times(phrase: str, moment: str) -> None:
    """A Chinese phrase of time before a pressure means the latest past moment it can."""
    assert at(f"{phrase}血压120/80") == moment


def test_the_zone_of_the_person_counts() -> None:
    """The same moment is this morning in Shanghai and last evening in New York."""
    now = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    assert at("bp 120/80 this morning", now) == "2026-11-22T08:00"
    assert at("bp 120/80 today", now, "America/New_York") == "2026-11-21T20:00"


@pytest.mark.parametrize(
    ("day", "hours"),
    [((2026, 3, 8), 6.0), ((2026, 11, 1), 8.0), ((2026, 6, 10), 7.0)],
    ids=["spring forward", "fall back", "no change"],
)
def test_a_night_is_measured_in_real_hours(day: tuple[int, int, int], hours: float) -> None:
    """From 11 pm to 6 am is six or eight real hours when the clocks change in between."""
    now = datetime(*day, 9, 0, tzinfo=ZoneInfo("America/New_York"))
    (item,) = parse("slept from 11pm to 6am", now=now, tz="America/New_York").observations
    assert item.value == hours


def test_hours_ago_cross_a_clock_change() -> None:
    """Two hours ago is two real hours ago on the night the clocks go back."""
    now = datetime(2026, 11, 1, 3, 0, tzinfo=ZoneInfo("America/New_York"))
    (item,) = parse("bp 120/80 2 hours ago", now=now, tz="America/New_York").observations
    assert (now.astimezone(UTC) - item.at.astimezone(UTC)).total_seconds() == 7200


def test_a_skipped_wall_clock_time_still_has_an_offset() -> None:
    """2:30 am does not exist on the spring change: it is given as the clock then read, 3:30."""
    now = datetime(2026, 3, 8, 12, 0, tzinfo=ZoneInfo("America/New_York"))
    assert at("bp 120/80 at 2:30 am", now, "America/New_York") == "2026-03-08T03:30"


def test_json_times_carry_the_offset() -> None:
    """The JSON form gives ISO 8601 with the zone's offset of that very day."""
    now = datetime(2026, 4, 2, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    rows = to_json(parse("weight 70 kg 10 days ago, 71 kg today", now=now, tz="Europe/Berlin"))
    assert [row["at"] for row in rows["metrics"]] == [  # type: ignore[attr-defined]
        "2026-03-23T12:00:00+01:00",
        "2026-04-02T09:00:00+02:00",
    ]


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        ("yesterday morning bp 130/80, evening 126/78", ["21T08:00", "21T19:00"]),
        ("bp 120/80, pulse 72 this morning", ["22T08:00", "22T08:00"]),
        ("Yesterday: bp 130/80. pulse 70", ["21T12:00", "21T12:00"]),
        ("slept 5h last night, weight 70 kg", ["21T22:00", "22T14:00"]),
        ("昨天早上血压130/80，晚上126/78", ["21T08:00", "21T22:00"]),
        ("昨晚睡了5小时，血压150/95", ["21T22:00", "22T14:00"]),
        ("周五体重70公斤，血压130/85", ["20T12:00", "20T12:00"]),
    ],
)
def test_each_value_keeps_its_own_time(text: str, moments: list[str]) -> None:
    """A time at the head holds for a list; the night of a sleep holds for nothing else."""
    found = parse(text, now=NOW, tz=SHANGHAI).observations
    assert [item.at.strftime("%dT%H:%M") for item in found] == moments


@pytest.mark.parametrize("text", ["bp 120/80 tomorrow at 8am", "血压120/80 明天早上八点"])
def test_a_future_time_is_never_stored(text: str) -> None:
    """A value of tomorrow is asked about or dropped, not logged."""
    assert parse(text, now=NOW, tz=SHANGHAI).observations == ()
