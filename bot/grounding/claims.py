"""What one sentence claims: its figures, names, directions, negations and content words.

``extract`` turns a sentence into ``Claims``. An ``Item`` is one meaningful piece in reading
order; items of a clause give each other context, so that a figure or a direction can be
compared with the one a source gives for the same thing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from bot.grounding.lexicon import Found, Sense, lexicon
from bot.grounding.quantities import Quantity, quantities
from rag.types import Lang

__all__ = ["Claims", "Item", "Placed", "Slot", "extract", "language", "strip_marks"]

_MARK = re.compile(r"\[\^[^\[\]\n]{1,80}\]|\[\d{1,4}(?:\s?[,，、;–-]\s?\d{1,4})*\]|【\d{1,4}】")
_CLAUSE = re.compile(
    r"[,;:()，；：（）、—?!。？！]|\s[-–]\s|\b(?:but|although|though|because|if|when|unless"
    r"|while|whereas|since|so that|until)\b|但是|但|如果|而是|否则",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"(?:\b(?:per|each|every|a|an)\s|/)(?P<en>day|night|week|month|year|hour|minute)\b"
    r"|\b(?P<ly>daily|nightly|weekly|monthly|yearly|annually|hourly)\b"
    r"|(?:每个?(?=[天日晚夜周星礼月年小分次餐])|(?<![十百第到至～~\d])一(?=[天日晚夜周星礼年]))"
    r"(?P<zh>天|日|晚|夜|周|星期|礼拜|月|年|小时|分钟|次|餐)"
    r"|(?<!\d)(?P<round>24 ?(?:hours|小时))",
    re.IGNORECASE,
)
_RATES = {
    "night": "day", "daily": "day", "nightly": "day", "weekly": "week", "monthly": "month",
    "yearly": "year", "annually": "year", "hourly": "hour", "天": "day", "日": "day", "晚": "day",
    "夜": "day", "周": "week", "星期": "week", "礼拜": "week", "月": "month", "年": "year",
    "小时": "hour", "分钟": "minute", "次": "time", "餐": "meal",
}  # fmt: skip
_VERDICTS = frozenset(
    "recommend advis safe suitabl allow suggest appropriat advisabl approv good needed".split()
)
_NOT_WITHOUT = re.compile(r"\b(?:not|never|n't|don't)\b[^.;,]{3,60}\bwithout\b", re.IGNORECASE)
_NOT_WITHOUT_WORD = re.compile(
    r"(?:do not|does not|should not|must not|not|never|don't|without)\b", re.I
)
_DIGIT = re.compile(r"[\d一二两三四五六七八九十百]")
_SCOPE_END = re.compile(r"\b(?:before|until|unless|without|except)\b", re.IGNORECASE)
_NEUTRAL = re.compile(
    r"\b(?:before|until|unless|without)\b[^,.;:]{0,60}|[^，。；,]{1,20}(?:之前|以前|前(?=[，,先要应请]))",
    re.IGNORECASE,
)
# Words that frame a statement and state nothing.
_FRAME = re.compile(
    r"^\W*(?:(?:in general|generally(?: speaking)?|overall|in short|in brief|in summary"
    r"|to sum up|simply put|put simply|in simple terms"
    r"|(?:yes|no|well|sure|also|of course)(?=,)|in other words|for example|for instance"
    r"|in addition|additionally|however|moreover|furthermore|importantly|note that"
    r"|as a rule|most importantly|in fact|that said|remember(?: that)?|(?:according to|based on"
    r"|as stated in|going by)\s(?:the|these|our|my|your)?"
    r"\s?(?:\w+\s){0,2}(?:sources?|passages?|pages?|information|guidance|guidelines?"
    r"|material))[,:]?\s"
    r"|(?:根据|依据|按照|参考)[^，,。；]{0,8}(?:资料|来源|页面|内容|信息|指南|说法)(?:显示|表明"
    r"|介绍)?[，,：:]"
    r"|(?:总的来说|一般来说|总体来说|简单(?:地|来)?说|简而言之|总之|概括来说|通常来说|换句话说"
    r"|也就是说|是的|对的|此外|另外|同时|例如|比如|不过|然而|需要注意的是|值得注意的是|其实"
    r"|首先|其次|最后)[，,：:])",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=[a-z,;] )(?:[A-Z][a-z]{2,}|[A-Z]{2,6})(?:\s[A-Z][a-z]{2,})*\b")
_SCOPE = 4  # how many content items a "not" reaches inside its clause


@dataclass(slots=True)
class Item:
    """One meaningful piece; ``keys`` are its meanings, any of which may match."""

    keys: frozenset[str]
    weight: float
    start: int
    clause: int
    text: str
    shown: str  # as written
    negated: bool = False
    neutral: bool = False  # stands after "before" or "unless": neither asked for nor refused
    sense: Sense | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A value that must agree with its source: axis ("up", "rate"…), value and context."""

    axis: str
    value: str
    context: frozenset[str]
    near: frozenset[str]
    negated: bool
    text: str


class Placed(NamedTuple):
    """A figure with what its clause speaks of, and the nearest items alone."""

    figure: Quantity
    context: frozenset[str]
    near: frozenset[str]


@dataclass(frozen=True, slots=True)
class Claims:
    """Everything ``check`` compares, for one sentence."""

    text: str
    lang: Lang
    items: tuple[Item, ...]
    keys: frozenset[str]
    quantities: tuple[Placed, ...]
    slots: tuple[Slot, ...]
    negations: int
    names: frozenset[str] = field(default_factory=frozenset)

    @property
    def weight(self) -> float:
        """Total content weight of the sentence."""
        return sum(item.weight for item in self.items)


def language(text: str) -> Lang:
    """``zh`` when Chinese characters carry the text, else ``en``."""
    han = len(re.findall(r"[\u3400-\u9fff]", text))
    latin = len(re.findall(r"[A-Za-z]+", text))
    return "zh" if han > latin else "en"


def strip_marks(text: str) -> str:
    """``text`` with citation marks blanked out, every other character at its old place."""
    return _MARK.sub(lambda mark: " " * len(mark.group()), text)


@lru_cache(maxsize=2048)
def extract(text: str, lang: Lang | None = None) -> Claims:
    """The claims of one sentence. Pure and cached; linear in the length of ``text``."""
    plain = strip_marks(text)
    chosen = lang or language(plain)
    plain = _FRAME.sub(lambda frame: " " * len(frame.group()), plain, count=1)
    figures = quantities(plain)
    rates = [rate for rate in _RATE.finditer(plain) if not _inside(rate, figures)]
    masked = _mask(plain, figures)
    items, negators = _items(masked, lexicon(chosen).find(masked))
    _negate(items, negators, plain)
    return Claims(
        text=text,
        lang=chosen,
        items=tuple(item for item in items if item.weight > 0),
        keys=frozenset().union(*(item.keys for item in items)),
        quantities=tuple(_placed(items, plain, figure) for figure in figures),
        slots=tuple(_slots(items) + _rate_slots(items, plain, rates)),
        negations=len(negators),
        names=frozenset(m.group().lower() for m in _NAME.finditer(plain)),
    )


def _inside(match: re.Match[str], figures: list[Quantity]) -> bool:
    """ "an hour" of "half an hour" is no rate; 一天 is both a span and a rate."""
    return any(
        f.start < match.start() and match.end() <= f.end and f.values != (1.0,) for f in figures
    )


def _mask(text: str, figures: list[Quantity]) -> str:
    """Blank the figures and their comparators, so that "more than 5" is not a direction."""
    parts: list[str] = []
    position = 0
    for figure in figures:
        lead = max(figure.lead, position)
        piece = text[lead : figure.tail] if figure.tail > lead else ""
        # 每3个成年人中有1个 speaks of adults: only its figures are blanked
        blank = _DIGIT.sub(" ", piece) if piece.startswith("每") else " " * len(piece)
        parts += [text[position:lead], blank]
        position = max(position, figure.tail)
    return "".join(parts) + text[position:]


def _items(text: str, found: list[Found]) -> tuple[list[Item], list[tuple[int, int]]]:
    """Items in order, and (position, clause) of each negating word."""
    borders = [match.start() for match in _CLAUSE.finditer(text)]
    items: list[Item] = []
    negators: list[tuple[int, int]] = []
    clause = 0
    for piece in found:
        while clause < len(borders) and borders[clause] < piece.start:
            clause += 1
        if piece.sense is None and _is_han(piece.text):
            items += _characters(piece, clause)
            continue
        if piece.sense is not None and piece.sense.negator:
            negators.append((piece.start, clause))
        items.append(_item(piece, clause, text[piece.start : piece.end]))
    return items, negators


def _item(piece: Found, clause: int, shown: str) -> Item:
    sense = piece.sense
    keys = frozenset(sense.keys) | {piece.text} if sense else frozenset({piece.text})
    weight = sense.weight if sense else 1.0
    if sense and sense.negator:
        weight = 0.0
    negated = bool(sense and sense.negated)
    return Item(keys, weight, piece.start, clause, piece.text, shown, negated, sense=sense)


def _is_han(text: str) -> bool:
    return "\u3400" <= text[0] <= "\u9fff"


def _characters(piece: Found, clause: int) -> list[Item]:
    """Unknown Chinese characters: each matches through either of the pairs it stands in."""
    text = piece.text
    if len(text) == 1:
        return [Item(frozenset({text}), 0.4, piece.start, clause, text, text)]
    pairs = [text[i : i + 2] for i in range(len(text) - 1)]
    return [
        Item(frozenset(pairs[max(0, i - 1) : i + 1]), 0.5, piece.start + i, clause, char, char)
        for i, char in enumerate(text)
    ]


def _negate(items: list[Item], negators: list[tuple[int, int]], text: str) -> None:
    """Mark what each "not" reaches: the next few content items of its clause.

    "X is not recommended for Y" refuses X, not Y. "Not X without Y" asks for Y before X, so
    its two negations cancel.
    """
    if len(negators) >= 2 and _NOT_WITHOUT.search(text):
        negators = [n for n in negators if not _cancels(n[0], text)]
    for position, clause in negators:
        stop = _SCOPE_END.search(text, position + 1)
        end = stop.start() if stop else len(text)
        after = [i for i in items if position < i.start < end and i.clause == clause and _bears(i)]
        if after and after[0].keys & _VERDICTS and text[position].isascii():
            before = [i for i in items if i.start < position and i.clause == clause and _bears(i)]
            after = [after[0], *before[-3:]]
        for item in after[:_SCOPE]:
            item.negated = not item.negated
    for match in _NEUTRAL.finditer(text):
        for item in items:
            item.neutral = item.neutral or match.start() <= item.start < match.end()


def _bears(item: Item) -> bool:
    return item.weight > 0 or bool(item.sense and item.sense.axes)


def _cancels(position: int, text: str) -> bool:
    return bool(_NOT_WITHOUT_WORD.match(text, position))


def _context(items: list[Item], text: str, start: int, end: int) -> frozenset[str]:
    """Meanings of the items around text[start:end], inside its clause first, else close by."""
    borders = list(_CLAUSE.finditer(text, max(0, start - 120), min(len(text), end + 120)))
    left = max((m.end() for m in borders if m.end() <= start), default=0)
    right = min((m.start() for m in borders if m.start() >= end), default=len(text))
    inside = [
        i for i in items if left <= i.start < right and not start <= i.start < end and i.weight > 0
    ]
    if len(inside) < 2:
        near = [i for i in items if i.weight > 0 and not start <= i.start < end]
        inside = sorted(near, key=lambda i: abs(i.start - start))[:4]
    return frozenset().union(*(i.keys for i in inside))


def _placed(items: list[Item], text: str, figure: Quantity) -> Placed:
    index = sum(item.start < figure.start for item in items)
    left = [i for i in items[max(0, index - 6) : index] if i.weight > 0][-1:]
    right = [i for i in items[index : index + 6] if i.weight > 0][:2]
    near = frozenset[str]().union(*(i.keys for i in left + right))
    return Placed(figure, _context(items, text, figure.start, figure.end), near)


def _slots(items: list[Item]) -> list[Slot]:
    found: list[Slot] = []
    for index, item in enumerate(items):
        if item.sense is None or item.sense.idiom:
            continue
        values = [(axis, f"{sign:+d}") for axis, sign in item.sense.axes]
        values += list(item.sense.entities)
        if not values:
            continue
        context = _clause_keys(items, index)
        near = _near_keys(items, index)
        found += [
            Slot(axis, value, context, near, item.negated, item.shown) for axis, value in values
        ]
    return found


def _clause_keys(items: list[Item], index: int) -> frozenset[str]:
    own = items[index]
    mates = [i for i in items if i.clause == own.clause and i is not own and i.weight > 0]
    if len(mates) < 2:
        mates = [i for i in items[max(0, index - 4) : index + 5] if i is not own and i.weight > 0]
    return frozenset().union(*(i.keys for i in mates))


def _near_keys(items: list[Item], index: int) -> frozenset[str]:
    """Meanings of the nearest two content items on either side."""
    left = [i for i in items[max(0, index - 6) : index] if i.weight > 0][-2:]
    right = [i for i in items[index + 1 : index + 7] if i.weight > 0][:2]
    return frozenset().union(*(i.keys for i in left + right))


def _rate_slots(items: list[Item], text: str, rates: list[re.Match[str]]) -> list[Slot]:
    found: list[Slot] = []
    for match in rates:
        word = (match["en"] or match["ly"] or match["zh"] or "day").lower()
        context = _context(items, text, *match.span())
        found.append(
            Slot("rate", _RATES.get(word, word), context, context, False, match.group().strip())
        )
    return found
