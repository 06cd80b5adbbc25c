"""Citation marks in an answer: which passages a sentence names.

``[1]``, ``[1, 2]``, ``[1-3]`` and ``【1】`` are positions in the list of passages, from 1;
``[id]`` names a passage by its id, which wins when a mark could be read both ways.
Any other bracket ("[sic]") is text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Marks", "blank_marks", "read_marks"]

_BRACKET = re.compile(r"\[\^?([^\[\]\n]{1,120})\](?!\()|【([^【】\n]{1,120})】")
_PARTS = re.compile(r"\s*[,，、;；]\s*")
_SPAN = re.compile(r"(\d{1,3})\s?[-–]\s?(\d{1,3})")
_MOST = 50  # a span such as [1-999] names no more than this many passages


@dataclass(frozen=True, slots=True)
class Marks:
    """``cited``: indexes (from 0) into the passages; ``unknown``: marks that name none."""

    cited: tuple[int, ...]
    unknown: tuple[str, ...]

    @property
    def present(self) -> bool:
        """True when the sentence carries any mark, valid or not."""
        return bool(self.cited or self.unknown)


def read_marks(text: str, ids: Sequence[str]) -> Marks:
    """The passages that the marks in ``text`` name."""
    cited: list[int] = []
    unknown: list[str] = []
    for match in _BRACKET.finditer(text):
        for part in _parts(match, ids) or ():
            index = _index(part, ids)
            if index is None:
                unknown.append(part)
            elif index not in cited:
                cited.append(index)
    return Marks(tuple(cited), tuple(unknown))


def blank_marks(text: str, ids: Sequence[str] = ()) -> str:
    """``text`` with its marks replaced by spaces; every other character keeps its place."""

    def blank(match: re.Match[str]) -> str:
        return match.group() if _parts(match, ids) is None else " " * len(match.group())

    return _BRACKET.sub(blank, text)


def _parts(match: re.Match[str], ids: Sequence[str]) -> list[str] | None:
    """The names inside one bracket, or None when it is no mark."""
    body = (match[1] or match[2]).strip()
    if body in ids:
        return [body]
    span = _SPAN.fullmatch(body)
    if span:
        first, last = int(span[1]), int(span[2])
        return [str(n) for n in range(first, min(last, first + _MOST) + 1)] or None
    parts = [part.strip().removeprefix("^") for part in _PARTS.split(body)]
    known = all((part.isdecimal() and len(part) <= 4) or part in ids for part in parts)
    return parts if known or match.group().startswith("[^") else None


def _index(part: str, ids: Sequence[str]) -> int | None:
    if part in ids:
        return ids.index(part)
    if part.isdecimal() and 1 <= int(part) <= len(ids):
        return int(part) - 1
    return None
