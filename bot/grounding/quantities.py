"""Every figure of a sentence with its unit, range and comparator, English and Chinese.

A ``Quantity`` holds the values as written plus their unit; comparing two of them converts
units exactly (``same``). Ordinals, list numbers, citation marks and numbers inside names
(B12, COVID-19, type 2) are no quantities.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.grounding.limits import after_limit, sign_of
from bot.grounding.numerals import ATOM, atom_value
from bot.grounding.units import Unit, convertible, unit_at

__all__ = ["Quantity", "quantities", "same", "supports"]

Kind = Literal["single", "range", "pair"]
Named = tuple[str, Unit, int]
_PLAIN = Unit("", 1.0)
# What people often write without its unit: ages, clock times, body mass index, head counts.
_OFTEN_BARE = frozenset({"months", "clock", "bmi", "people", "step", "times"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """``values`` in ``unit`` (one, or two for a range or a blood-pressure pair).

    ``sign``: +1 for "at least/over/以上", -1 for "at most/under/不超过", 0 for none.
    ``step`` is half of the last digit written, the rounding a converted value may show.
    """

    values: tuple[float, ...]
    unit: Unit
    unit_name: str
    kind: Kind
    sign: int
    step: float
    start: int
    end: int
    text: str
    lead: int  # the comparator's words stand in [lead, start) and [end, tail)
    tail: int

    @property
    def dim(self) -> str:
        """The dimension, empty for a bare count."""
        return self.unit.dim


_RANGE = re.compile(r"\s?(?:[-–—~～‑]|至|到|to|through)\s?(?:about\s|up to\s)?", re.IGNORECASE)
_AND = re.compile(r"\s(?:and|or)\s|或|和", re.IGNORECASE)
_BETWEEN = re.compile(r"(?:between|from)\s(?:about\s|the ages of\s)?\Z", re.IGNORECASE)
_SLASH = re.compile(r"\s?(?:/|over)\s?(?=\d)")
_RATIO_EN = re.compile(r"\s(?:in|out of)\s(?:every\s)?", re.IGNORECASE)
_FRACTION_EN = re.compile(
    r"(?<![A-Za-z])(?<!and a )(?:(?P<half>half)(?:\s(?P<article>an?)\s(?P<unit>hour|day|year"
    r"|month|litre|liter|cup|mile))?"
    r"|(?P<top>one|two|three|a|1|2|3)[-\s](?P<bottom>third|quarter|fourth|fifth"
    r"|tenth)s?)(?![A-Za-z])",
    re.IGNORECASE,
)
_BOTTOM = {"third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "tenth": 10}
_TOP = {"one": 1, "a": 1, "two": 2, "three": 3, "1": 1, "2": 2, "3": 3}
_PERCENT_HAN = re.compile(
    r"百分之([零〇一二两三四五六七八九十百]+|\d+(?:\.\d+)?)(?:到|至)?([一二三四五六七八九十百]+)?"
)
_FRACTION_HAN = re.compile(
    r"([一二三四五六七八九十]|\d+)分之([一二两三四五六七八九十]|\d+)"
    r"|每(\d+|[两二三四五六七八九十百]+)[个名位]?[\u4e00-\u9fff]{1,6}?[中里]?(?:就|大约|约)?有(\d+"
    r"|[一二两三四五六七八九十百]+)[个名]?|([一二三四五六七八九])成|一半|半数"
)
_SKIP = re.compile(
    r"(?:第|星期|周|礼拜|初|型|type|stage|grade|level|phase|step|figure|table|no\.?|#)\s?\Z",
    re.IGNORECASE,
)
_AFTER_SKIP = re.compile(r"型|期(?!间)|级|线|胎|甲|酸|氧|尖|角|叉|头肌|指肠")


def quantities(text: str) -> list[Quantity]:
    """All quantities of one sentence, in order; linear in the length of ``text``."""
    found = _fractions(text)
    taken = [(q.start, q.end) for q in found]
    position = 0
    index = 0
    for match in ATOM.finditer(text):
        while index < len(taken) and taken[index][1] <= match.start():
            index += 1
        inside = index < len(taken) and taken[index][0] < match.end()
        if match.start() < position or inside:
            continue
        quantity = _read(text, match)
        if quantity is not None:
            position = quantity.end
            found.append(quantity)
    return _compound(text, sorted(found, key=lambda q: q.start))


def _fractions(text: str) -> list[Quantity]:
    """Shares and halves written in words: "a third", "half an hour", 三分之一, 七成."""
    found: list[Quantity] = []
    ratio = Unit("ratio", 1.0)
    for match in _FRACTION_EN.finditer(text):
        value = (
            0.5 if match["half"] else _TOP[match["top"].lower()] / _BOTTOM[match["bottom"].lower()]
        )
        unit = ratio
        if match["unit"] and (named := unit_at(text, match.start("unit"))):
            unit = named[1]
        found.append(_make(text, (value,), unit, "", match.span()))
    for match in _PERCENT_HAN.finditer(text):
        values = tuple(v / 100 for g in match.groups() if g and (v := _number(g)) is not None)
        found.append(_make(text, values[:1] or (0.0,), ratio, "", match.span()))
    shares = _FRACTION_HAN.finditer(text)
    found += [_make(text, (_han_share(match),), ratio, "", match.span()) for match in shares]
    found.sort(key=lambda q: q.start)
    return [q for i, q in enumerate(found) if i == 0 or q.start >= found[i - 1].end]


def unit_after_limit(text: str, end: int) -> Named | None:
    """The unit of "2 or more days", where the comparator stands in between."""
    limit = after_limit(text, end)
    return unit_at(text, limit) if limit > end else None


def _number(text: str) -> float | None:
    match = ATOM.fullmatch(text)
    return atom_value(match) if match else None


def _han_share(match: re.Match[str]) -> float:
    bottom, top, people, hit, tenth = match.groups()
    if bottom:
        return (_number(top) or 1.0) / (_number(bottom) or 1.0)
    if people:
        return (_number(hit) or 1.0) / (_number(people) or 1.0)
    if tenth:
        return (_number(tenth) or 1.0) / 10
    return 0.5


def _read(text: str, match: re.Match[str]) -> Quantity | None:
    value = atom_value(match)
    if value is None or _is_name(text, match):
        return None
    end = match.end()
    named = unit_at(text, end)
    if named is not None:
        value, named = _half_after(text, value, named)
        end = named[2]
    if named is None:
        named = unit_after_limit(text, end)
        end = named[2] if named else end
    special = _pair_or_ratio(text, match, value, end) if named is None else None
    if special is not None:
        return special
    ranged = _range(text, match, value, named, end)
    if ranged is not None:
        return ranged
    if not _counts(match, named):
        return None
    unit_name, unit = (named[0], named[1]) if named else ("", _PLAIN)
    return _make(text, (value,), unit, unit_name, (match.start(), end), match.group())


def _is_name(text: str, match: re.Match[str]) -> bool:
    """True for ordinals and for numbers that are part of a name (type 2, 2型, 十二指肠)."""
    before = text[max(0, match.start() - 8) : match.start()]
    after = text[match.end() : match.end() + 3]
    if _SKIP.search(before) and not before.endswith("每周"):
        return True
    return bool(_AFTER_SKIP.match(after)) or bool(
        re.match(r"[A-Za-z]{2}", after) and not unit_at(text, match.end()) and match["digits"]
    )


def _half_after(text: str, value: float, named: Named) -> tuple[float, Named]:
    """一个半小时, 两年半, "2 hours and a half": the raised value and the unit with its new end."""
    name, unit, end = named
    if text.startswith("半", end):
        inner = unit_at(text, end + 1) if name == "个" else None
        if inner:
            return value + 0.5, inner
        return (value, named) if name == "个" else (value + 0.5, (name, unit, end + 1))
    if text.startswith(" and a half", end):
        return value + 0.5, (name, unit, end + len(" and a half"))
    return value, named


def _pair_or_ratio(text: str, match: re.Match[str], value: float, end: int) -> Quantity | None:
    ratio = _RATIO_EN.match(text, end)
    if ratio and (bottom := ATOM.match(text, ratio.end())):
        below = atom_value(bottom)
        unit = unit_at(text, bottom.end())
        if below and below >= value > 0 and (unit is None or unit[1].dim == "people"):
            return _make(
                text, (value / below,), Unit("ratio", 1.0), "", (match.start(), bottom.end())
            )
    slash = _SLASH.match(text, end)
    if slash and (second := ATOM.match(text, slash.end())):
        return _slashed(text, match, value, second)
    if text.startswith((" and a half ", "个半"), end):
        skip = 12 if text[end] == " " else 2
        named = unit_at(text, end + skip)
        if named:
            return _make(text, (value + 0.5,), named[1], named[0], (match.start(), named[2]))
    return None


def _slashed(
    text: str, match: re.Match[str], value: float, second: re.Match[str]
) -> Quantity | None:
    below = atom_value(second) or 0.0
    if 60 <= value <= 300 and 30 <= below < value:
        named = unit_at(text, second.end()) or ("mmhg", Unit("pressure", 1.0), second.end())
        return _make(
            text, (value, below), named[1], named[0], (match.start(), named[2]), kind="pair"
        )
    if 0 < value < below <= 20 and text[match.end()] == "/":
        return _make(text, (value / below,), Unit("ratio", 1.0), "", (match.start(), second.end()))
    return None


def _range(
    text: str, match: re.Match[str], value: float, named: Named | None, end: int
) -> Quantity | None:
    link = _RANGE.match(text, end)
    if link is None:
        link = _AND.match(text, end)
        between = _BETWEEN.search(text[max(0, match.start() - 24) : match.start()])
        if link and not between and (named or link.group().strip().lower() in {"and", "和"}):
            link = None
    second = ATOM.match(text, link.end()) if link else None
    high = atom_value(second) if second else None
    if second is None or high is None:
        return None
    last = unit_at(text, second.end())
    if named and last and named[1] != last[1]:
        return None
    unit_name, unit, stop = last or (
        named[0] if named else "",
        named[1] if named else _PLAIN,
        second.end(),
    )
    if last:
        high, (unit_name, unit, stop) = _half_after(text, high, last)
    if not _counts(second, last or named):
        return None
    return _make(
        text, (value, high), unit, unit_name, (match.start(), stop), second.group(), kind="range"
    )


def _counts(match: re.Match[str], named: Named | None) -> bool:
    """Number words count only with a unit: "one of the…", 一些, 四肢 are not figures."""
    if match["digits"]:
        return True
    if match["han"]:
        return bool(named) and not (
            match["han"] == "一" and named is not None and named[1].dim == ""
        )
    return bool(named) or match["word"].lower() not in {"one", "zero"}


def _make(
    text: str,
    values: tuple[float, ...],
    unit: Unit,
    unit_name: str,
    span: tuple[int, int],
    written: str = "",
    kind: Kind = "single",
) -> Quantity:
    decimals = len(written.partition(".")[2]) if "." in written else 0
    start, end = span
    sign, lead, tail = sign_of(text, start, end)
    return Quantity(
        values=values,
        unit=unit,
        unit_name=unit_name,
        kind=kind,
        sign=sign,
        step=0.5 * 10**-decimals,
        start=start,
        end=end,
        text=text[start:end],
        lead=lead,
        tail=tail,
    )


def _compound(text: str, found: list[Quantity]) -> list[Quantity]:
    """Join "5 h 30 min" and 5小时30分钟 into one quantity."""
    joined: list[Quantity] = []
    for quantity in found:
        last = joined[-1] if joined else None
        if last and _continues(text, last, quantity):
            whole = last.values[0] + quantity.values[0] * quantity.unit.factor / last.unit.factor
            joined[-1] = _make(
                text, (whole,), last.unit, last.unit_name, (last.start, quantity.end)
            )
            continue
        joined.append(quantity)
    return joined


def _continues(text: str, last: Quantity, following: Quantity) -> bool:
    if last.kind != "single" or following.kind != "single" or last.dim != following.dim:
        return False
    if last.dim != "time" or last.unit.factor <= following.unit.factor or last.unit.factor > 3600:
        return False
    return text[last.end : following.start].strip() in {"", "and", "零", "又"}


def same(claim: Quantity, value: float, unit: Unit, unit_name: str) -> list[bool]:
    """For each value of ``claim``: does ``value unit`` say it, after exact conversion?"""
    return [_equal(claim, wanted, value, unit, unit_name) for wanted in claim.values]


def _equal(claim: Quantity, wanted: float, value: float, unit: Unit, unit_name: str) -> bool:
    exact = 1e-6 * max(1.0, abs(wanted))
    if claim.dim and not unit.dim and claim.dim not in _OFTEN_BARE:
        return False
    if not claim.dim or not unit.dim or claim.unit == unit or claim.unit_name == unit_name != "":
        return abs(wanted - value) <= exact
    converted = convertible(wanted, claim.unit, value, unit)
    if converted is None:
        return False
    whole_steps = unit.dim in {"time", "months"} and claim.dim == unit.dim
    return abs(wanted - converted) <= (exact if whole_steps else claim.step + 1e-9)


def supports(claim: Quantity, sources: Sequence[Quantity]) -> list[Quantity]:
    """The source quantities that carry every value of ``claim`` (empty: not supported).

    A range or pair is carried by one that equals it, or by single figures for each end.
    A single figure may be one end of a range or one half of a pressure pair.
    """
    whole = [source for source in sources if _carries(claim, source)]
    if whole or len(claim.values) == 1:
        return whole
    parts: list[Quantity] = []
    singles = [s for s in sources if len(s.values) == 1]
    for index in range(len(claim.values)):
        carrier = next(
            (s for s in singles if s not in parts and any(_value_hit(claim, index, s))), None
        )
        if carrier is None:
            return []
        parts.append(carrier)
    return parts


def _value_hit(claim: Quantity, index: int, source: Quantity) -> list[bool]:
    return [same(claim, v, source.unit, source.unit_name)[index] for v in source.values]


def _carries(claim: Quantity, source: Quantity) -> bool:
    if len(claim.values) == 1:
        return any(_value_hit(claim, 0, source))
    if len(source.values) != len(claim.values):
        return False
    return all(
        same(claim, v, source.unit, source.unit_name)[i] for i, v in enumerate(source.values)
    )
