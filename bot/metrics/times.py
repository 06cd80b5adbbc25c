"""Finds the pieces of time in a folded, number-masked text: English and Chinese together.

Owns the phrases; what one means stands in phrases.py, and which moment it is in when.py.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from bot.metrics import phrases
from bot.metrics.numbers import NUM_HEAD, TIME_HEAD, TIME_TAIL, N, Number
from bot.metrics.when import Mention, join

_EDGE: Final = r"(?<![a-z])"
_END: Final = r"(?![a-z])"

_WEEKDAY: Final = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_WEEKDAY_SHORT: Final = r"(?:mon|tues?|wed|thur?s?|fri|sat|sun)"
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
# what may not follow a bare number that is to be an hour or a day of the month
_NOT_QUANTITY: Final = (
    rf"(?!\s*[:/%°]|\s*{NUM_HEAD}|\.{NUM_HEAD}|-{NUM_HEAD}|\s+over\s"
    r"|\s*(?:kg|kgs|kilos?|lbs?|pounds?|st|stone|cm|m|ft|feet|inch"
    r"(?:es)?|in|mmol|mg|bpm|beats|h|hrs?"
    r"|hours?|min|mins|minutes?|steps?|ml|l|liters?|litres?|glass(?:es)?|cups?|bottles?|oz|f|c"
    r"|degrees?|percent|out|units?|times|days?|weeks?|months?|years?|k)(?![a-z]))"
)


def find_times(text: str, masked: str, numbers: list[Number], now: datetime) -> list[Mention]:
    """All mentions of time, left to right. ``now`` is aware and in the person's zone."""
    scan = phrases.Scan({n.start: n for n in numbers}, now)
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


_AMPM: Final = rf"(?P<ampm>[ap]\.?\s?m{_END}\.?)"
_MINUTES_EN: Final = r"minutes?|mins?"
_HOURS_EN: Final = r"hours?|hrs?|h"
_ZH_PART_WORDS: Final = "|".join(
    sorted((w for w in phrases.ZH_PARTS if len(w) > 1), key=len, reverse=True)
)
_RULES: Final[list[tuple[re.Pattern[str], phrases.Rule]]] = [
    (re.compile(pattern), rule)
    for pattern, rule in (
        (
            rf"{_EDGE}(?:just now|right now|a moment ago|at the moment|currently|now){_END}",
            phrases.right_now,
        ),
        (r"刚才|刚刚|此刻|方才|目前|现在|刚(?=[测量称跑走喝吃睡])", phrases.right_now),
        (
            rf"(?P<n>{N})\s*(?P<unit>{_HOURS_EN}|{_MINUTES_EN})\s+(?:ago|earlier|back){_END}",
            phrases.ago,
        ),
        (
            (
                rf"(?:(?P<n>{N})|半)(?P<half>个半)?(?P<unit>(?:个)?(?:小时|钟头)"
                r"|分钟)(?P<x>半)?(?:之?前|以前)"
            ),
            phrases.ago,
        ),
        (
            (
                rf"(?:(?:{N}|{_EDGE}a)\s+few|(?P<n>{N}))\s*(?P<unit>days?|weeks?|months?)\s+"
                rf"(?:ago|back|earlier){_END}"
            ),
            phrases.days_ago,
        ),
        (
            rf"(?:(?P<n>{N})|几)(?P<unit>天|日|周|个?星期|个?礼拜|个月)(?:之?前|以前)",
            phrases.days_ago,
        ),
        (r"(?P<n>(?!))?前(?:几|两|些)(?P<unit>天|日)", phrases.days_ago),
        (rf"(?P<y>{N})-(?P<m>{N})-(?P<d>{N})", phrases.ymd),
        (rf"(?:(?P<y>{N})年)?(?P<m>{N})月(?P<d>{N})[日号]", phrases.ymd),
        (
            rf"{_EDGE}(?P<on>on\s+)?(?P<a>{N})/(?P<b>{N})(?:/(?P<y>{N}))?(?!\s*(?:mmhg|/))",
            phrases.slashed,
        ),
        (
            (
                rf"(?:^|(?<=\n))(?P<on>\s*)(?P<a>{N})/(?P<b>{N})(?P<y>(?!))?(?=\s*:"
                r"|\s+(?:bp|blood|weight|pulse|hr|heart|glucose|sugar|slept|sleep"
                r"|walked|ran|temp|steps|体|血|心率|脉|睡|走|跑|高压|收缩|[早晚]上"
                r"|[上下]午))"
            ),
            phrases.dated_line,
        ),
        (
            (
                rf"{_EDGE}(?:on\s+)?(?P<month>{_MONTH})\s*(?P<d>{N})(?:st|nd|rd"
                rf"|th)?{_END}(?:,?\s+(?P<y>{N}){_NOT_QUANTITY})?{_NOT_QUANTITY}"
            ),
            phrases.month_name,
        ),
        (
            (
                rf"{_EDGE}(?:on\s+)?(?:the\s+)?(?P<d>{N})(?:st|nd|rd|th)?(?:\s+of)?\s+"
                rf"(?P<month>{_MONTH}){_END}(?:,?\s+(?P<y>{N}){_NOT_QUANTITY})?"
            ),
            phrases.month_name,
        ),
        (rf"{_EDGE}on\s+the\s+(?P<d>{N})(?:st|nd|rd|th){_END}", phrases.day_of_month),
        (rf"(?:上个?月|本月|这个?月)?(?P<d>{N})[日号](?![楼线院店床码])", phrases.day_of_month),
        (rf"{_EDGE}(?:the\s+)?day\s+before\s+yesterday{_END}", phrases.relative_en),
        (
            (
                rf"{_EDGE}(?:yesterday|yday|today|tomorrow|tonight|overnight|last\s+night"
                r"|last\s+week|last\s+month|last\s+year|next\s+week|this\s+(?:morning"
                rf"|afternoon|evening|noon|lunchtime|am)){_END}"
            ),
            phrases.relative_en,
        ),
        (
            (
                rf"{_EDGE}(?P<which>(?:on|last|this|this past|next)\s+)(?P<day>{_WEEKDAY}"
                rf"|{_WEEKDAY_SHORT}){_END}"
            ),
            phrases.weekday_en,
        ),
        (rf"{_EDGE}(?P<which>)(?P<day>{_WEEKDAY}){_END}", phrases.weekday_en),
        (
            (
                rf"(?P<which>[上下]+个?|[这本]个?)?(?:周|星期|礼拜)(?:(?P<n>{N})"
                r"|(?P<name>[日天]))"
            ),
            phrases.weekday_zh,
        ),
        (rf"上个?(?:周|星期|礼拜|月)(?!{N})|去年|前年", phrases.long_ago_zh),
        (
            (
                rf"(?P<day>大前|前|昨|今|当|明|后)(?:天|日|儿(?:个)?)(?P<part>{_ZH_PART_WORDS}"
                r")?"
            ),
            phrases.relative_zh,
        ),
        (r"(?P<day>前|昨|今|当|明)(?P<part>早上?|晨|晚上?|夜里?|天?凌晨)", phrases.relative_zh),
        (rf"(?P<part>{_ZH_PART_WORDS})(?!好)", phrases.part_of_day),
        (rf"(?P<part>[早晚])(?=\s*{N}(?:点|:))", phrases.part_of_day),
        (rf"{_EDGE}in\s+(?P<y>{N})(?![\s:./%-]*{NUM_HEAD})", phrases.whole_year),
        (rf"(?P<y>{N})年(?![前后多来半]|\s*{NUM_HEAD})", phrases.whole_year),
        (
            rf"{_EDGE}(?:in|during)\s+the\s+(?P<part>morning|afternoon|evening|night){_END}",
            phrases.part_of_day,
        ),
        (rf"{_EDGE}at\s+(?P<part>night|lunchtime|noon|midday){_END}", phrases.part_of_day),
        (
            (
                rf"{_EDGE}(?<!good )(?P<part>morning|afternoon|evening){_END}"
                r"(?!\s+(?:doc|everyone|all|there))"
            ),
            phrases.part_of_day,
        ),
        (
            (
                rf"{_EDGE}(?:at\s+)?(?P<h>{N}):(?P<m>{N})(?::{N})?\s*{_AMPM}?"
                rf"(?!\s*(?:hours?|hrs?|h|of\s+sleep|min|mins|minutes?){_END}"
                r"|\s*(?:小时|分钟|配速))"
            ),
            phrases.clock_time,
        ),
        (rf"{_EDGE}(?:at\s+)?(?P<h>{N})\s*{_AMPM}", phrases.clock_time),
        (rf"{_EDGE}(?:at\s+)?(?P<h>{N})\s*o'?\s?clock{_END}", phrases.clock_time),
        (rf"{_EDGE}(?P<how>half|a?\s?quarter)\s+(?P<to>past|to)\s+(?P<h>{N})", phrases.past_to),
        (rf"{_EDGE}(?:at\s+)?(?:noon|midday|midnight){_END}", phrases.named_clock),
        (
            rf"(?P<h>{N})点(?:(?P<half>半)|(?P<quarter>{N})刻|过?(?P<m>{N})分?|整|钟)?",
            phrases.clock_time,
        ),
        (rf"(?P<h>{N})时(?:(?P<m>{N})分)?(?!间|候|常|不)", phrases.clock_time),
        (
            (
                r"(?:(?<=night )|(?<=rning )|(?<=ening )|(?<=noon )|(?<=rday"
                rf" )|(?<=oday ))(?:around|about|by)\s+(?P<h>{N}){_NOT_QUANTITY}"
                r"(?![a-z])"
            ),
            phrases.clock_time,
        ),
        (
            (
                rf"{_EDGE}(?:bed|asleep|up|awake)\s+(?:by|around|about|at)\s+"
                rf"(?P<h>{N}){_NOT_QUANTITY}(?![a-z])"
            ),
            phrases.bare_hour,
        ),
        (rf"{_EDGE}at\s+(?P<h>{N}){_NOT_QUANTITY}(?![a-z])", phrases.clock_time),
        (
            (
                rf"(?P<h>{N})(?=\s+(?:in\s+the\s+(?:morning|afternoon|evening)"
                r"|at\s+night|this\s+(?:morning|afternoon|evening)))"
            ),
            phrases.clock_time,
        ),
    )
]
