"""What each phrase for an instant, a day or a clock means: the actions of the rules in times.py."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from bot.metrics.numbers import Number
from bot.metrics.when import Clock, Mention, Part

_EN_PARTS: Final[dict[str, Part]] = {
    "morning": "morning", "afternoon": "afternoon", "evening": "evening", "night": "night",
    "lunchtime": "noon", "noon": "noon", "midday": "noon", "am": "morning",
}  # fmt: skip
ZH_PARTS: Final[dict[str, Part]] = {
    "凌晨": "dawn", "清晨": "morning", "清早": "morning", "大早": "morning", "早上": "morning",
    "早晨": "morning", "晨起": "morning", "起床后": "morning", "早起": "morning", "上午": "morning",
    "中午": "noon", "午后": "afternoon", "下午": "afternoon", "傍晚": "evening", "晚间": "evening",
    "晚上": "night", "夜里": "night", "夜间": "night", "深夜": "night", "半夜": "night",
    "睡前": "night", "早": "morning", "晨": "morning", "晚": "night", "夜": "night",
}  # fmt: skip
_ZH_DAYS: Final = {"大前": -3, "前": -2, "昨": -1, "今": 0, "当": 0, "明": 1, "后": 2}
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)


@dataclass(frozen=True, slots=True)
class Scan:
    """What a rule needs: the numbers by their start, and the local present."""

    numbers: Mapping[int, Number]
    now: datetime

    def value(self, match: re.Match[str], group: str) -> float:
        return self.numbers[match.start(group)].value

    def raw(self, match: re.Match[str], group: str) -> str:
        return self.numbers[match.start(group)].raw


Rule = Callable[[Scan, re.Match[str]], Mention | None]


# --- rules: instants -------------------------------------------------------------------------


def _instant(match: re.Match[str], moment: datetime) -> Mention:
    return Mention(match.start(), match.end(), instant=moment)


def right_now(scan: Scan, match: re.Match[str]) -> Mention | None:
    return _instant(match, scan.now)


def ago(scan: Scan, match: re.Match[str]) -> Mention | None:
    amount = scan.value(match, "n") if match["n"] else 0.5
    if match.groupdict().get("half"):
        amount += 0.5
    unit = match["unit"]
    if unit.startswith(("h", "小", "钟", "个小", "个钟")):
        amount *= 60
    if not 0 <= amount <= 60 * 24 * 7:
        return None
    return _instant(
        match,
        (scan.now.astimezone(UTC) - timedelta(minutes=amount)).astimezone(scan.now.tzinfo),
    )


# --- rules: days -----------------------------------------------------------------------------


def _day(match: re.Match[str], day: date, part: Part | None = None) -> Mention:
    return Mention(match.start(), match.end(), day=day, part=part)


def days_ago(scan: Scan, match: re.Match[str]) -> Mention | None:
    amount = scan.value(match, "n") if match["n"] else 3.0  # "a few days ago", 前几天: about three
    unit = match["unit"]
    days = amount * (7 if unit.startswith(("w", "周", "星", "礼", "个星", "个礼")) else 1)
    if unit.startswith(("mo", "个月")):
        days = amount * 30
    if not 0 <= days <= 3650:
        return None
    return _day(match, scan.now.date() - timedelta(days=int(days)))


def relative_en(scan: Scan, match: re.Match[str]) -> Mention | None:
    today = scan.now.date()
    word = re.sub(r"\s+", " ", match[0])
    days = {
        "yesterday": -1,
        "yday": -1,
        "tomorrow": 1,
        "last week": -7,
        "next week": 7,
        "last month": -30,
        "last year": -365,
    }.get(word, 0)
    if "before yesterday" in word:
        days = -2
    if word.startswith("last n"):
        return _day(match, today - timedelta(days=1), "night")
    if word.startswith(("tonight", "this ")):
        return _day(match, today, _EN_PARTS.get(word.removeprefix("this "), "night"))
    if word == "overnight":
        return _day(match, today - timedelta(days=1), "night")
    return _day(match, today + timedelta(days=days))


def _weekday(today: date, weekday: int) -> date:
    """The latest such day before today."""
    return today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)


def weekday_en(scan: Scan, match: re.Match[str]) -> Mention | None:
    day = _weekday(scan.now.date(), _WEEKDAYS.index(match["day"][:3]))
    if match["which"] and match["which"].strip() == "next":
        day += timedelta(days=7)
    return _day(match, day)


def weekday_zh(scan: Scan, match: re.Match[str]) -> Mention | None:
    number = 7.0 if match["name"] else scan.value(match, "n")
    if not 1 <= number <= 7:
        return None
    today = scan.now.date()
    monday = today - timedelta(days=today.weekday())
    which = match["which"] or ""
    day = monday + timedelta(days=int(number) - 1 - 7 * which.count("上") + 7 * which.count("下"))
    if not which and day > today:  # a bare weekday of a log has been
        day -= timedelta(days=7)
    return _day(match, day)


def _calendar(scan: Scan, year: int | None, month: int, day: int) -> date | None:
    """The date, or without a year the latest past one."""
    today = scan.now.date()
    try:
        found = date(year or today.year, month, day)
        return found if year or found <= today else date(today.year - 1, month, day)
    except ValueError:
        return None


def ymd(scan: Scan, match: re.Match[str]) -> Mention | None:
    year = int(scan.value(match, "y")) if match["y"] else None
    if year is not None and year < 100:
        year += 2000
    if year is not None and not 1900 <= year <= 2100:
        return None
    found = _calendar(scan, year, int(scan.value(match, "m")), int(scan.value(match, "d")))
    return _day(match, found) if found else None


def month_name(scan: Scan, match: re.Match[str]) -> Mention | None:
    year = int(scan.value(match, "y")) if match["y"] else None
    if year is not None and not 1900 <= year <= 2100:
        return None
    month = _MONTHS.index(match["month"][:3]) + 1
    found = _calendar(scan, year, month, int(scan.value(match, "d")))
    return _day(match, found) if found else None


def slashed(scan: Scan, match: re.Match[str]) -> Mention | None:
    """11/20 or 20/11 after "on", or with a year: the American order unless it cannot be."""
    first, second = scan.value(match, "a"), scan.value(match, "b")
    month, day = (second, first) if first > 12 else (first, second)
    year = int(scan.value(match, "y")) if match["y"] else None
    if year is not None and year < 100:
        year += 2000
    if month > 12 or (year is None and not match["on"]):
        return None
    found = _calendar(scan, year, int(month), int(day))
    return _day(match, found) if found else None


def dated_line(scan: Scan, match: re.Match[str]) -> Mention | None:
    """A line that begins with 11/20 before a metric is a diary entry of that day."""
    first, second = scan.value(match, "a"), scan.value(match, "b")
    month, day = (second, first) if first > 12 else (first, second)
    if not 1 <= month <= 12 or day > 31:
        return None
    found = _calendar(scan, None, int(month), int(day))
    return _day(match, found) if found else None


def whole_year(scan: Scan, match: re.Match[str]) -> Mention | None:
    """A year alone: its middle, so that an old value never counts as today's."""
    year = int(scan.value(match, "y"))
    if not 1900 <= year < scan.now.year:
        return None
    return _day(match, date(year, 7, 1))


def bare_hour(scan: Scan, match: re.Match[str]) -> Mention | None:
    """An hour after a word of going to bed or getting up; the word itself stays readable."""
    hour = scan.value(match, "h")
    if hour != int(hour) or not 0 <= hour <= 24:
        return None
    return Mention(match.start("h"), match.end("h"), clock=Clock(int(hour) % 24))


def day_of_month(scan: Scan, match: re.Match[str]) -> Mention | None:
    number, today = int(scan.value(match, "d")), scan.now.date()
    last = "上" in match[0]
    first = today.replace(day=1)
    if last or number > today.day:
        first = (first - timedelta(days=1)).replace(day=1)
    try:
        return _day(match, first.replace(day=number))
    except ValueError:
        return None


def long_ago_zh(scan: Scan, match: re.Match[str]) -> Mention | None:
    """上周, 上个月, 去年: about that long ago, never today."""
    days = {"上": 30, "去": 365, "前": 730}[match[0][0]]
    days = 7 if match[0][-1] in "周期拜" else days
    return _day(match, scan.now.date() - timedelta(days=days))


def relative_zh(scan: Scan, match: re.Match[str]) -> Mention | None:
    days = _ZH_DAYS[match["day"]]
    part = ZH_PARTS.get(match["part"] or "")
    return _day(match, scan.now.date() + timedelta(days=days), part)


# --- rules: parts of the day and clocks ------------------------------------------------------


def part_of_day(_: Scan, match: re.Match[str]) -> Mention | None:
    word = match["part"]
    part = ZH_PARTS.get(word) or _EN_PARTS.get(word)
    return Mention(match.start(), match.end(), part=part)


def clock_time(scan: Scan, match: re.Match[str]) -> Mention | None:
    groups = match.groupdict()
    raw_hour = scan.raw(match, "h")
    hour = scan.value(match, "h")
    minute = scan.value(match, "m") if groups.get("m") else 0.0
    if not groups.get("m"):
        hour, minute = _split_hour(hour, raw_hour, minute)
    if groups.get("half"):
        minute = 30
    if groups.get("quarter"):
        minute = 15 * scan.value(match, "quarter")
    if not 0 <= hour <= 24 or not 0 <= minute <= 59 or hour != int(hour) or minute != int(minute):
        return None
    return _finish_clock(match, int(hour), int(minute), raw_hour)


def _split_hour(hour: float, raw: str, minute: float) -> tuple[float, float]:
    """ "7.30 pm" and "seven thirty" hold their minutes in one number."""
    if "." in raw and len(raw.partition(".")[2]) == 2:
        return int(hour), round((hour - int(hour)) * 100)
    if not raw[:1].isdigit() and 100 <= hour <= 1259:
        return hour // 100, hour % 100
    return hour, minute


def _finish_clock(match: re.Match[str], hour: int, minute: int, raw: str) -> Mention | None:
    half_day = (match.groupdict().get("ampm") or "").replace(".", "").replace(" ", "")
    sure = hour > 12 or hour == 0 or (raw.startswith("0") and len(raw) == 2)
    if half_day and hour <= 12:
        hour, sure = hour % 12 + (12 if half_day.startswith("p") else 0), True
    return Mention(match.start(), match.end(), clock=Clock(hour % 24, minute, sure))


def past_to(scan: Scan, match: re.Match[str]) -> Mention | None:
    hour = int(scan.value(match, "h"))
    minutes = 30 if match["how"].startswith("half") else 15
    if not 1 <= hour <= 12:
        return None
    if match["to"] == "to":
        hour, minutes = (hour - 2) % 12 + 1, 60 - minutes
    return Mention(match.start(), match.end(), clock=Clock(hour, minutes))


def named_clock(_: Scan, match: re.Match[str]) -> Mention | None:
    return Mention(match.start(), match.end(), clock=Clock(0 if "mid" in match[0] else 12, 0, True))
