"""Lines of PDF pages to paragraphs: running heads dropped, cut words joined, lists kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from statistics import median

_EDGE = 2  # lines at the top and at the bottom of a page that may be running lines
_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(
    r"(?:page|p\.|seite)?\s*[-–—|]?\s*\d{1,4}\s*(?:(?:of|/)\s*\d{1,4})?\s*[-–—|]?"
    r"|第\s*\d{1,4}\s*页(?:\s*[,，/]?\s*共\s*\d{1,4}\s*页)?|[ivx]{1,6}",
    re.IGNORECASE,
)
_ITEM = re.compile(r"\s*(?:[-*+•·]|\(?\d{1,2}[.)、]|[（(][一二三四五六七八九十\d]{1,3}[)）])\s+\S")
_END = re.compile(r"[.!?:。！？：…][\"'”’)\]）】]*$")
_CUT = re.compile(r"([^\W\d_]+)[-\u2010]$")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def without_running_lines(pages: list[list[str]]) -> list[list[str]]:
    """The pages without heads, feet and page numbers.

    A line counts as running when it stands, digits aside, at the edge of at least half of the
    pages and of three; a bare number as page number when half of the pages and two have one.
    """
    seen: Counter[str] = Counter()
    for lines in pages:
        seen.update({_shape(line) for line in _edges(lines)})
    many = max(3, len(pages) / 2)
    running = {shape for shape, count in seen.items() if shape and count >= many}
    numbers = sum(any(map(_NUMBER.fullmatch, _ends(lines))) for lines in pages)
    numbered = numbers >= max(2, len(pages) / 2)
    return [_stripped(lines, running, numbered=numbered) for lines in pages]


def vocabulary(pages: list[list[str]]) -> Counter[str]:
    """How often each word, with its hyphens, stands whole inside a line."""
    words: Counter[str] = Counter()
    for lines in pages:
        for line in lines:
            words.update(word.lower() for word in _WORD.findall(line.removesuffix("-")))
    return words


def paragraphs(lines: list[str], words: Counter[str]) -> list[str]:
    """Lines joined to paragraphs; items of a list stay lines of one block."""
    widths = [len(line) for line in lines if line.strip()]
    usual = median(sorted(widths)[len(widths) // 2 :]) if widths else 0
    blocks: list[str] = []
    fresh = True
    for line in lines:
        text = line.strip()
        if not text:
            fresh = True
            continue
        item = bool(_ITEM.match(line))
        if item and blocks and not fresh:
            blocks[-1] += "\n" + text
        elif fresh or not blocks or item:
            blocks.append(text)
        else:
            blocks[-1] = _join(blocks[-1], text, words)
        fresh = bool(_END.search(text)) and len(text) < 0.75 * usual and not item
    return blocks


def _join(before: str, after: str, words: Counter[str]) -> str:
    """Two lines of one paragraph; a word cut by a hyphen becomes whole."""
    cut = _CUT.search(before)
    follows = _WORD.match(after)
    if cut and follows and after[0].islower():
        whole, hyphened = (cut[1] + follows[0]).lower(), f"{cut[1]}-{follows[0]}".lower()
        keep = words[hyphened] > words[whole]
        return (before if keep else before[:-1]) + after
    if _wide(before[-1]) and _wide(after[0]):
        return before + after
    return f"{before} {after}"


def _wide(char: str) -> bool:
    return ord(char) > 0x2E7F


def _edges(lines: list[str]) -> Iterable[str]:
    filled = [line for line in lines if line.strip()]
    return filled[:_EDGE] + filled[-_EDGE:]


def _ends(lines: list[str]) -> list[str]:
    filled = [line.strip() for line in lines if line.strip()]
    return filled[:1] + filled[-1:]


def _shape(line: str) -> str:
    return _DIGITS.sub("#", " ".join(line.split()).casefold())


def _stripped(lines: list[str], running: set[str], *, numbered: bool) -> list[str]:
    filled = [i for i, line in enumerate(lines) if line.strip()]
    edge = set(filled[:_EDGE] + filled[-_EDGE:])
    last = set(filled[:1] + filled[-1:])
    return [
        line
        for i, line in enumerate(lines)
        if not (i in edge and _shape(line) in running)
        and not (numbered and i in last and _NUMBER.fullmatch(line.strip()))
    ]
