"""Comparators at a figure: "at least", "or more", 不超过, 以上 and their like."""

from __future__ import annotations

import re

__all__ = ["after_limit", "sign_of"]

_PRE_PLUS = re.compile(
    r"(?:at least|no less than|not less than|no fewer than|minimum of|more than|over|above"
    r"|greater than"
    r"|higher than|exceed(?:s|ing)?|older than|longer than|beyond|>=?|≥"
    r"|至少|最少|不少于|不低于|不小于|不短于|超过|大于|高于|多于|长于|达到或超过|达到)\s?(?:要"
    r"|有|为|是|了|约|about|the|a|age|aged|an?)?\s?\Z",
    re.IGNORECASE,
)
_PRE_MINUS = re.compile(
    r"(?:at most|no more than|not more than|up to|less than|fewer than|under|below|lower than"
    r"|no longer than"
    r"|younger than|maximum of|within|not exceed|not over|not above|no higher than|shorter than"
    r"|<=?|≤"
    r"|最多|不超过|不多于|不高于|不大于|少于|低于|小于|不足|不到|不满|未满|短于|控制在|别超过"
    r"|不要超过|不得超过|不应超过|不宜超过|不能超过|以内|至多)"
    r"\s?(?:约|about|the|a|age|aged|an?|of)?\s?\Z",
    re.IGNORECASE,
)
_POST_PLUS = re.compile(
    r"[\s,，]{0,2}(?:or|and|及|或|和)?\s?(?:more\b|higher\b|above\b|older\b|over\b|longer\b"
    r"|greater\b|up(?:wards)?\b|\+|以上|更高|更多|更久|更长|更大)",
    re.IGNORECASE,
)
_POST_MINUS = re.compile(
    r"[\s,，]{0,2}(?:or|and|及|或|和)?\s?(?:less\b|lower\b|below\b|under\b|fewer\b|younger\b"
    r"|shorter\b|以下|以内|之内|更低|更少|更短|内(?![容分脏科部心在]))",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"(?:\b(?:not|never)|n't|不|别|勿|避免)\W?(?:\w+\s){0,2}(?:exceed|over|more than|超过)",
    re.IGNORECASE,
)
# An equal value in brackets may stand before the limit: 126 mg/dL (7.0 mmol/L) or higher.
_ASIDE = re.compile(r"\s?[(（][^()（）]{1,30}[)）]|[)）]")
_BETWEEN_UNIT = re.compile(
    r"\s(?:or|and)\s(?:more|over|above|less|fewer|under)(?=\s)", re.IGNORECASE
)


def sign_of(text: str, start: int, end: int) -> tuple[int, int, int]:
    """The comparator around text[start:end]: its sign and how far its words reach."""
    offset = max(0, start - 28)
    before = text[offset:start]
    if minus := _PRE_MINUS.search(before):
        return -1, offset + minus.start(), end
    if plus := _PRE_PLUS.search(before):
        negated = _NEGATED.search(before)
        return (-1 if negated else 1), offset + (negated or plus).start(), end
    aside = _ASIDE.match(text, end)
    start_of_after = aside.end() if aside else end
    after = text[start_of_after : start_of_after + 24]
    if plus := _POST_PLUS.match(after):
        return 1, start, start_of_after + plus.end()
    if minus := _POST_MINUS.match(after):
        return -1, start, start_of_after + minus.end()
    return _inside(text, start, end)


def _inside(text: str, start: int, end: int) -> tuple[int, int, int]:
    """The comparator of "2 or more days", inside the figure itself."""
    inner = re.search(r"\d\s(?:or|and)\s(more|over|above|less|fewer|under)\b", text[start:end])
    if inner is None:
        return 0, start, end
    return (1 if inner[1] in {"more", "over", "above"} else -1), start, end


def after_limit(text: str, end: int) -> int:
    """Where a comparator that starts at ``end`` ends; ``end`` when there is none."""
    match = _BETWEEN_UNIT.match(text, end)
    return match.end() if match else end
