"""Reads questions about a person's own values: which kind, which days, which figure.

"How many steps did I walk last week?", 我这周平均睡多久. What is asked *about* values (is it
normal, why, what to do) is no look-up: that needs the knowledge, and is left to it. Nothing
here does I/O; bot/metrics/found.py computes and words the figure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from bot.metrics.numbers import fold
from bot.metrics.when import local
from bot.model import MetricKind

Measure = Literal["summary", "mean", "total", "highest", "lowest", "latest", "count"]
Asked = MetricKind | Literal["bmi"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Calendar days of the person, both included; ``key`` and ``days`` word it (lookup.period.*).

    For sleep a day is the one somebody woke up on.
    """

    key: str
    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has, at least 1."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A question about logged values. ``period`` None: no time was named."""

    kind: Asked
    measure: Measure
    period: Period | None = None


_KINDS: Final[Mapping[Asked, str]] = MappingProxyType({
    "bmi": r"(?<![a-z])bmi(?![a-z])|body mass index|体质指数|体重指数",
    "blood_pressure": r"blood pressures?|(?<![a-z])bps?(?![a-z])|血压|高压|低压",
    "heart_rate": r"(?:resting )?heart ?rates?|\bpulse\b|\bhr\b|心率|脉搏|心跳",
    "glucose": r"(?:blood )?(?:sugars?|glucose)\b|血糖",
    "sleep": r"\bsle(?:ep|pt|eping)\b|睡",
    "steps": r"\bsteps?\b|步",
    "exercise": r"\bexercis\w*|\bwork(?:ed)? ?outs?\b|active minutes|运动|锻炼|健身",
    "water": r"\bwater\b|饮水|喝水|喝(?:了)?(?:多少|几)\S{0,3}水",
    "weight": r"\bweigh(?:t|ed|ts)?\b|体重|多重",
    "waist": r"\bwaist\b|腰围",
    "height": r"\bheight\b|how tall|身高|多高",
    "mood": r"\bmoods?\b|心情|情绪",
    "temperature": r"\btemp(?:erature)?s?\b|体温",
    "spo2": r"\b(?:blood )?oxygen\b|\bspo2\b|血氧",
})  # fmt: skip

# One's own, asked for: "what was my …", "how many … did I …", "show my …", "my average …".
_FRAME_EN: Final = re.compile(
    r"\b(?:what|how)(?:'?s| is| was| were| are| has| have)\s+(?:the\s+)?(?:\w+\s+(?:of\s+)?)?my\b"
    r"|\b(?:tell me|show(?: me)?|give me|list|see)\s+(?:all\s+)?(?:of\s+)?my\b"
    r"|\bhow (?:much|many|long|often|tall|high|low)\b.{0,30}\b(?:i|my|me)\b"
    r"|\bwhen did i last\b"
    r"|^my (?:average|mean|latest|last|highest|lowest|current|total|most recent)\b"
)
_FRAME_ZH: Final = re.compile(
    r"平均|最高|最低|最多|最少|最长|最短|总共|一共|多少|几(?:步|次|个|小时|斤|公斤|分|杯|升)|多久|多长"
    r"|多重|多高|怎么样|情况|最近一次|上一?次|列出|看看|看一下|查一?下|查看|显示|记录"
)
_MINE_ZH: Final = re.compile(
    r"我|今天|昨天|昨晚|前天|这周|本周|上周|星期|这个?月|上个?月|最近|过去|上一?次"
)
# These ask what values mean, should be or do, or about somebody else's.
_OTHERWISE: Final = re.compile(
    r"\b(?:should|ought|need(?:ed)? to|supposed|normal|why|if|goal|target|ideal|recommended|healthy"
    r"|unhealthy|safe|dangerous|bad|good|ok|okay|fine|enough|too|affects?|caus\w+|because|improv\w+"
    r"|reduc\w+|lower(?:ing)?|rais\w+|increas\w+|decreas\w+|better|worse|help|lose|gain|get|keep|can"
    r"|could|would|will|mean (?:for|if|that|when)|meant|wake|worr\w+|does|do i|stop|quit|start)\b"
    r"|\bwhat (?:do|does)\b.*\bmean\b"
    r"|\b(?:mom|mum|mother|dad|father|wife|husband|partner|son|daughter|baby|child|kid|friend"
    r"|grand\w+|brother|sister|his|her|their|your|people|adults?|children)\b"
    r"|应该|该|正常|标准|为什么|为啥|怎么(?!样)|需要|合适|可以|能|高吗|低吗|偏|要紧|严重|危险|影响|导致"
    r"|如果|建议|目标|最好|健康|算|才|不好|改善|降|补|有害|够|妈|爸|孩子|宝宝|老人|他|她|你|老公|老婆|成年人"
)
_MEASURES: Final[tuple[tuple[Measure, str], ...]] = (
    ("mean", r"\b(?:average|avg|mean|typical(?:ly)?|usual(?:ly)?)\b|平均"),
    ("highest", r"\b(?:highest|max(?:imum)?|peak|most (?!recent)|longest|best)\b|最高|最多|最长"),
    ("lowest", r"\b(?:lowest|min(?:imum)?|least|shortest|worst)\b|最低|最少|最短"),
    ("count", r"\bhow (?:often|many times)\b|几次|多少次"),
    ("latest", (
     r"\b(?:latest|most recent|current(?:ly)?|when did i last|last (?:reading|value|measurement|one"
     r"|time|blood|bp|pulse|heart|glucose|sugar|weight|temp\w*|oxygen|waist|mood))\b"
     r"|最近一次|最新|上一?次|现在|目前")),
    ("total", r"\b(?:total|in all|altogether|in total)\b|总共|一共|总计|合计"),
)  # fmt: skip
_SUMS: Final = re.compile(r"\bhow (?:much|many|long)\b|多少|几|多久|多长")
_SUMMED: Final = frozenset({"steps", "water", "exercise"})
_SINGLE: Final = frozenset({"weight", "height", "waist"})
_NUMBERS: Final = MappingProxyType({
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10, "fourteen": 14,
    "thirty": 30, "couple of": 2, "few": 3, "一": 1, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6,
    "七": 7, "十": 10,
})  # fmt: skip
_SPAN: Final = re.compile(
    r"\b(?:last|past|previous)\s+(?P<n>\d{1,3}|[a-z]+(?: of)?)\s+(?P<unit>day|night|week|month)s?\b"
    r"|(?:最近|过去|近|这)(?P<zn>\d{1,3}|[一两三四五六七十]|半)个?(?P<zunit>天|晚|日|周|星期|月)"
)
_LONGEST_DAYS: Final = 366


def read(text: str, *, now: datetime, tz: str) -> Lookup | None:
    """The look-up a message asks for, or None. ``now`` aware, ``tz`` an IANA name."""
    said = fold(text).strip()
    if len(said) > 120 or not _own(said) or _OTHERWISE.search(said):
        return None
    found = [kind for kind, pattern in _KINDS.items() if re.search(pattern, said)]
    if not found:
        return None
    kind = found[0]
    period = _period(said, local(now, tz).date())
    return Lookup(kind=kind, measure=_measure(said, kind, period), period=period)


def _own(said: str) -> bool:
    return bool(_FRAME_EN.search(said) or (_FRAME_ZH.search(said) and _MINE_ZH.search(said)))


def _measure(said: str, kind: Asked, period: Period | None) -> Measure:
    for measure, pattern in _MEASURES:
        if re.search(pattern, said):
            return measure
    if kind in _SUMMED and _SUMS.search(said):
        return "total"
    return "latest" if period is None and kind in _SINGLE else "summary"


def _period(said: str, today: date) -> Period | None:
    """The days a message names; weeks begin on Monday (ISO 8601)."""
    span = _SPAN.search(said)
    if span and (days := _days(span)):
        return Period(key="days", first=today - timedelta(days=days - 1), last=today)
    for key, pattern in _NAMED:
        if re.search(pattern, said):
            return _named(key, today)
    return None


_NAMED: Final = (
    ("night", r"\blast night\b|昨晚|昨夜"),
    ("before_yesterday", r"\bday before yesterday\b|前天"),
    ("yesterday", r"\byesterday\b|昨天|昨日"),
    ("today", r"\btoday\b|\bso far\b|今天|今日"),
    ("last_week", r"\blast week\b|上个?(?:周|星期|礼拜)"),
    ("week", r"\bthis week\b|这个?(?:周|星期|礼拜)|本周"),
    ("last_month", r"\blast month\b|上个?月"),
    ("month", r"\bthis month\b|这个?月|本月"),
    ("past_week", r"\bpast week\b"),
    ("past_month", r"\bpast month\b"),
)


def _named(key: str, today: date) -> Period:
    day = timedelta(days=1)
    monday, first = today - day * today.weekday(), today.replace(day=1)
    spans = {
        "night": (today, today),
        "today": (today, today),
        "yesterday": (today - day, today - day),
        "before_yesterday": (today - day * 2, today - day * 2),
        "week": (monday, today),
        "last_week": (monday - day * 7, monday - day),
        "month": (first, today),
        "last_month": ((first - day).replace(day=1), first - day),
        "past_week": (today - day * 6, today),
        "past_month": (today - day * 29, today),
    }
    return Period(
        key="days" if key.startswith("past_") else key, first=spans[key][0], last=spans[key][1]
    )


def _days(span: re.Match[str]) -> int:
    """The days of "last 10 days", 最近两周; 0 when the number is none or too long."""
    count, unit = span["n"] or span["zn"], span["unit"] or span["zunit"]
    each = {"day": 1, "night": 1, "天": 1, "晚": 1, "日": 1, "month": 30, "月": 30}.get(unit, 7)
    if count == "半":
        return each // 2
    number = int(count) if count.isdigit() else _NUMBERS.get(count, 0)
    return number * each if 0 < number * each <= _LONGEST_DAYS else 0
