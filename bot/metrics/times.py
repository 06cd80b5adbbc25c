"""Finds the pieces of time in a folded, number-masked text: English and Chinese together.

Owns the words for days, parts of the day and clocks. What a piece means is decided in when.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from bot.metrics.numbers import NUM_HEAD, TIME_HEAD, TIME_TAIL, N, Number
from bot.metrics.when import Clock, Mention, Part, join

_EDGE: Final = r"(?<![a-z])"
_END: Final = r"(?![a-z])"

_EN_PARTS: Final[dict[str, Part]] = {
    "morning": "morning", "afternoon": "afternoon", "evening": "evening", "night": "night",
    "lunchtime": "noon", "noon": "noon", "midday": "noon", "am": "morning",
}  # fmt: skip
_ZH_PARTS: Final[dict[str, Part]] = {
    "凌晨": "dawn", "清晨": "morning", "清早": "morning", "大早": "morning", "早上": "morning",
    "早晨": "morning", "晨起": "morning", "起床后": "morning", "早起": "morning", "上午": "morning",
    "中午": "noon", "午后": "afternoon", "下午": "afternoon", "傍晚": "evening", "晚间": "evening",
    "晚上": "night", "夜里": "night", "夜间": "night", "深夜": "night", "半夜": "night",
    "睡前": "night", "早": "morning", "晨": "morning", "晚": "night", "夜": "night",
}  # fmt: skip
_ZH_DAYS: Final = {"大前": -3, "前": -2, "昨": -1, "今": 0, "当": 0, "明": 1, "后": 2}
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY: Final = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_WEEKDAY_SHORT: Final = r"(?:mon|tues?|wed|thur?s?|fri|sat|sun)"
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
# what may not follow a bare number that is to be an hour or a day of the month
_NOT_QUANTITY: Final = (
    rf"(?!\s*[:/%°]|\s*{NUM_HEAD}|\.{NUM_HEAD}|-{NUM_HEAD}|\s+over\s"
    r"|\s*(?:kg|kgs|kilos?|lbs?|pounds?|st|stone|cm|m|ft|feet|inch(?:es)?|in|mmol|mg|bpm|beats|h|hrs?"
    r"|hours?|min|mins|minutes?|steps?|ml|l|liters?|litres?|glass(?:es)?|cups?|bottles?|oz|f|c"
    r"|degrees?|percent|out|units?|times|days?|weeks?|months?|years?|k)(?![a-z]))"
)


@dataclass(frozen=True, slots=True)
class _Scan:
    """What a rule needs: the numbers by their start, and the local present."""

    numbers: Mapping[int, Number]
    now: datetime

    def value(self, match: re.Match[str], group: str) -> float:
        return self.numbers[match.start(group)].value

    def raw(self, match: re.Match[str], group: str) -> str:
        return self.numbers[match.start(group)].raw


_Rule = Callable[[_Scan, re.Match[str]], Mention | None]


def find_times(text: str, masked: str, numbers: list[Number], now: datetime) -> list[Mention]:
    """All mentions of time, left to right. ``now`` is aware and in the person's zone."""
    scan = _Scan({n.start: n for n in numbers}, now)
    pieces: list[Mention] = []
    taken: set[int] = set()
    for pattern, rule in _RULES:
        for match in pattern.finditer(masked):
            if not taken.isdisjoint(range(match.start(), match.end())):
                continue
            piece = rule(scan, match)
            if piece is not None:
                pieces.append(piece)
                taken.update(range(match.start(), match.end()))
    return join(text, pieces)


def mask_times(masked: str, mentions: list[Mention]) -> str:
    """The masked text with every mention replaced by a mask of its own length."""
    parts: list[str] = []
    position = 0
    for mention in mentions:
        parts += (masked[position : mention.start], TIME_HEAD)
        parts.append(TIME_TAIL * (mention.end - mention.start - 1))
        position = mention.end
    parts.append(masked[position:])
    return "".join(parts)


# --- rules: instants -------------------------------------------------------------------------


def _instant(scan: _Scan, match: re.Match[str], moment: datetime) -> Mention:
    return Mention(match.start(), match.end(), instant=moment)


def _now(scan: _Scan, match: re.Match[str]) -> Mention | None:
    return _instant(scan, match, scan.now)


def _ago(scan: _Scan, match: re.Match[str]) -> Mention | None:
    amount = scan.value(match, "n") if match["n"] else 0.5
    if match.groupdict().get("half"):
        amount += 0.5
    unit = match["unit"]
    if unit.startswith(("h", "小", "钟", "个小", "个钟")):
        amount *= 60
    if amount > 60 * 24 * 7:
        return None
    return _instant(scan, match, (scan.now.astimezone(UTC) - timedelta(minutes=amount)).astimezone(scan.now.tzinfo))


# --- rules: days -----------------------------------------------------------------------------


def _day(match: re.Match[str], day: date, part: Part | None = None) -> Mention:
    return Mention(match.start(), match.end(), day=day, part=part)


def _days_ago(scan: _Scan, match: re.Match[str]) -> Mention | None:
    amount = scan.value(match, "n") if match["n"] else 3.0  # "a few days ago", 前几天: about three
    unit = match["unit"]
    days = amount * (7 if unit.startswith(("w", "周", "星", "礼", "个星", "个礼")) else 1)
    if unit.startswith(("mo", "个月")):
        days = amount * 30
    if not 0 <= days <= 3650:
        return None
    return _day(match, scan.now.date() - timedelta(days=int(days)))


def _relative_en(scan: _Scan, match: re.Match[str]) -> Mention | None:
    today = scan.now.date()
    word = re.sub(r"\s+", " ", match[0])
    days = {"yesterday": -1, "yday": -1, "tomorrow": 1, "last week": -7, "next week": 7, "last month": -30, "last year": -365}.get(word, 0)
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


def _weekday_en(scan: _Scan, match: re.Match[str]) -> Mention | None:
    day = _weekday(scan.now.date(), _WEEKDAYS.index(match["day"][:3]))
    if match["which"] and match["which"].strip() == "next":
        day += timedelta(days=7)
    return _day(match, day)


def _weekday_zh(scan: _Scan, match: re.Match[str]) -> Mention | None:
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


def _calendar(scan: _Scan, year: int | None, month: int, day: int) -> date | None:
    """The date, or without a year the latest past one."""
    today = scan.now.date()
    try:
        found = date(year or today.year, month, day)
        return found if year or found <= today else date(today.year - 1, month, day)
    except ValueError:
        return None


def _ymd(scan: _Scan, match: re.Match[str]) -> Mention | None:
    year = int(scan.value(match, "y")) if match["y"] else None
    if year is not None and year < 100:
        year += 2000
    if year is not None and not 1900 <= year <= 2100:
        return None
    found = _calendar(scan, year, int(scan.value(match, "m")), int(scan.value(match, "d")))
    return _day(match, found) if found else None


def _month_name(scan: _Scan, match: re.Match[str]) -> Mention | None:
    year = int(scan.value(match, "y")) if match["y"] else None
    if year is not None and not 1900 <= year <= 2100:
        return None
    month = _MONTHS.index(match["month"][:3]) + 1
    found = _calendar(scan, year, month, int(scan.value(match, "d")))
    return _day(match, found) if found else None


def _slashed(scan: _Scan, match: re.Match[str]) -> Mention | None:
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


def _day_of_month(scan: _Scan, match: re.Match[str]) -> Mention | None:
    number, today = int(scan.value(match, "d")), scan.now.date()
    last = "上" in match[0]
    first = today.replace(day=1)
    if last or number > today.day:
        first = (first - timedelta(days=1)).replace(day=1)
    try:
        return _day(match, first.replace(day=number))
    except ValueError:
        return None


def _long_ago_zh(scan: _Scan, match: re.Match[str]) -> Mention | None:
    """上周, 上个月, 去年: about that long ago, never today."""
    days = {"上": 30, "去": 365, "前": 730}[match[0][0]]
    days = 7 if match[0][-1] in "周期拜" else days
    return _day(match, scan.now.date() - timedelta(days=days))


def _relative_zh(scan: _Scan, match: re.Match[str]) -> Mention | None:
    days = _ZH_DAYS[match["day"]]
    part = _ZH_PARTS.get(match["part"] or "")
    return _day(match, scan.now.date() + timedelta(days=days), part)


# --- rules: parts of the day and clocks ------------------------------------------------------


def _part(scan: _Scan, match: re.Match[str]) -> Mention | None:
    word = match["part"]
    part = _ZH_PARTS.get(word) or _EN_PARTS.get(word)
    return Mention(match.start(), match.end(), part=part)


def _clock(scan: _Scan, match: re.Match[str]) -> Mention | None:
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
    if hour > 24 or minute > 59 or hour != int(hour) or minute != int(minute):
        return None
    return _finish_clock(match, int(hour), int(minute), raw_hour)


def _split_hour(hour: float, raw: str, minute: float) -> tuple[float, float]:
    """"7.30 pm" and "seven thirty" hold their minutes in one number."""
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


def _past_to(scan: _Scan, match: re.Match[str]) -> Mention | None:
    hour = int(scan.value(match, "h"))
    minutes = 30 if match["how"].startswith("half") else 15
    if not 1 <= hour <= 12:
        return None
    if match["to"] == "to":
        hour, minutes = (hour - 2) % 12 + 1, 60 - minutes
    return Mention(match.start(), match.end(), clock=Clock(hour, minutes))


def _named_clock(scan: _Scan, match: re.Match[str]) -> Mention | None:
    return Mention(match.start(), match.end(), clock=Clock(0 if "mid" in match[0] else 12, 0, True))


_AMPM: Final = rf"(?P<ampm>[ap]\.?\s?m{_END}\.?)"
_MINUTES_EN: Final = r"minutes?|mins?"
_HOURS_EN: Final = r"hours?|hrs?|h"
_ZH_PART_WORDS: Final = "|".join(sorted((w for w in _ZH_PARTS if len(w) > 1), key=len, reverse=True))
_RULES: Final[list[tuple[re.Pattern[str], _Rule]]] = [
    (re.compile(pattern), rule)
    for pattern, rule in (
        (rf"{_EDGE}(?:just now|right now|a moment ago|at the moment|currently|now){_END}", _now),
        (r"刚才|刚刚|此刻|方才|目前|现在|刚(?=[测量称跑走喝吃睡])", _now),
        (rf"(?P<n>{N})\s*(?P<unit>{_HOURS_EN}|{_MINUTES_EN})\s+(?:ago|earlier|back){_END}", _ago),
        (rf"(?:(?P<n>{N})|半)(?P<half>个半)?(?P<unit>(?:个)?(?:小时|钟头)|分钟)(?P<x>半)?(?:之?前|以前)", _ago),
        (rf"(?:(?P<n>{N})|{_EDGE}a few)\s*(?P<unit>days?|weeks?|months?)\s+(?:ago|back|earlier){_END}", _days_ago),
        (rf"(?:(?P<n>{N})|几)(?P<unit>天|日|周|个?星期|个?礼拜|个月)(?:之?前|以前)", _days_ago),
        (r"(?P<n>(?!))?前(?:几|两|些)(?P<unit>天|日)", _days_ago),
        (rf"(?P<y>{N})-(?P<m>{N})-(?P<d>{N})", _ymd),
        (rf"(?:(?P<y>{N})年)?(?P<m>{N})月(?P<d>{N})[日号]", _ymd),
        (rf"{_EDGE}(?P<on>on\s+)?(?P<a>{N})/(?P<b>{N})(?:/(?P<y>{N}))?(?!\s*(?:mmhg|/))", _slashed),
        (rf"{_EDGE}(?:on\s+)?(?P<month>{_MONTH})\s*(?P<d>{N})(?:st|nd|rd|th)?{_END}(?:,?\s+(?P<y>{N}){_NOT_QUANTITY})?{_NOT_QUANTITY}", _month_name),
        (rf"{_EDGE}(?:on\s+)?(?:the\s+)?(?P<d>{N})(?:st|nd|rd|th)?(?:\s+of)?\s+(?P<month>{_MONTH}){_END}(?:,?\s+(?P<y>{N}){_NOT_QUANTITY})?", _month_name),
        (rf"{_EDGE}on\s+the\s+(?P<d>{N})(?:st|nd|rd|th){_END}", _day_of_month),
        (rf"(?:上个?月|本月|这个?月)?(?P<d>{N})[日号](?![楼线院店床码])", _day_of_month),
        (rf"{_EDGE}(?:the\s+)?day\s+before\s+yesterday{_END}", _relative_en),
        (rf"{_EDGE}(?:yesterday|yday|today|tomorrow|tonight|overnight|last\s+night|last\s+week|last\s+month|last\s+year|next\s+week|this\s+(?:morning|afternoon|evening|noon|lunchtime)){_END}", _relative_en),
        (rf"{_EDGE}(?P<which>(?:on|last|this|this past|next)\s+)(?P<day>{_WEEKDAY}|{_WEEKDAY_SHORT}){_END}", _weekday_en),
        (rf"{_EDGE}(?P<which>)(?P<day>{_WEEKDAY}){_END}", _weekday_en),
        (rf"(?P<which>[上下]+个?|[这本]个?)?(?:周|星期|礼拜)(?:(?P<n>{N})|(?P<name>[日天]))", _weekday_zh),
        (rf"上个?(?:周|星期|礼拜|月)(?!{N})|去年|前年", _long_ago_zh),
        (rf"(?P<day>大前|前|昨|今|当|明|后)(?:天|日|儿(?:个)?)(?P<part>{_ZH_PART_WORDS})?", _relative_zh),
        (r"(?P<day>前|昨|今|当|明)(?P<part>早上?|晨|晚上?|夜里?|天?凌晨)", _relative_zh),
        (rf"(?P<part>{_ZH_PART_WORDS})(?!好)", _part),
        (rf"{_EDGE}(?:in|during)\s+the\s+(?P<part>morning|afternoon|evening|night){_END}", _part),
        (rf"{_EDGE}at\s+(?P<part>night|lunchtime|noon|midday){_END}", _part),
        (rf"{_EDGE}(?<!good )(?P<part>morning|afternoon|evening){_END}(?!\s+(?:doc|everyone|all|there))", _part),
        (rf"{_EDGE}(?:at\s+)?(?P<h>{N}):(?P<m>{N})(?::{N})?\s*{_AMPM}?(?!\s*(?:hours?|hrs?|h|of\s+sleep|min|mins|minutes?){_END}|\s*(?:小时|分钟|配速))", _clock),
        (rf"{_EDGE}(?:at\s+)?(?P<h>{N})\s*{_AMPM}", _clock),
        (rf"{_EDGE}(?:at\s+)?(?P<h>{N})\s*o'?\s?clock{_END}", _clock),
        (rf"{_EDGE}(?P<how>half|a?\s?quarter)\s+(?P<to>past|to)\s+(?P<h>{N})", _past_to),
        (rf"{_EDGE}(?:at\s+)?(?:noon|midday|midnight){_END}", _named_clock),
        (rf"(?P<h>{N})点(?:(?P<half>半)|(?P<quarter>{N})刻|过?(?P<m>{N})分?|整|钟)?", _clock),
        (rf"(?P<h>{N})时(?:(?P<m>{N})分)?(?!间|候|常|不)", _clock),
        (rf"{_EDGE}at\s+(?P<h>{N}){_NOT_QUANTITY}(?![a-z])", _clock),
        (rf"(?P<h>{N})(?=\s+(?:in\s+the\s+(?:morning|afternoon|evening)|at\s+night|this\s+(?:morning|afternoon|evening)))", _clock),
    )
]  # fmt: skip
