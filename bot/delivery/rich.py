"""Formatted text as a row of spans, and its splitting: no mark, word or character is broken.

Platforms count differently, so lengths are measured by a function given to ``split``;
``utf16`` is Telegram's. Rendering to a platform's own markup is the adapter's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

Style = Literal["", "bold", "italic", "code", "pre"]
Measure = Callable[[str], int]

_INLINE = re.compile(r"\*\*(?P<bold>[^*\n]+)\*\*|`(?P<code>[^`\n]+)`|\[(?P<cite>\d{1,2})\](?!\()")
# Where a text may be cut, best first: paragraph, line, sentence, clause, word.
_CUTS = (
    re.compile(r"\n\n+"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?。！？…])[\s\"'”’）)]*(?=\s|[\u3400-\u9fff])|(?<=[。！？])"),
    re.compile(r"(?<=[,;:，；：、])"),
    re.compile(r"\s+"),
)
_NEVER_AFTER = re.compile("[\u200d\ud800-\udbff]\\Z")  # a joiner or half a pair
_NEVER_BEFORE = re.compile("[\u0300-\u036f\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text in one style; ``href`` makes it a link."""

    text: str
    style: Style = ""
    href: str = ""


Spans = tuple[Span, ...]


def utf16(text: str) -> int:
    """Length in UTF-16 code units, as Telegram counts."""
    return len(text) + sum(ord(c) > 0xFFFF for c in text)


def parse(text: str, links: Mapping[int, str] | None = None) -> Spans:
    """Our own light markup: **bold**, `code`, and [n] as a link where ``links`` has one."""
    found: list[Span] = []
    at = 0
    for match in _INLINE.finditer(text):
        found.append(Span(text[at : match.start()]))
        found.append(_inline(match, links or {}))
        at = match.end()
    found.append(Span(text[at:]))
    return joined(found)


def _inline(match: re.Match[str], links: Mapping[int, str]) -> Span:
    if match["bold"]:
        return Span(match["bold"], "bold")
    if match["code"]:
        return Span(match["code"], "code")
    return Span(match[0], "", links.get(int(match["cite"]), ""))


def joined(spans: Iterable[Span]) -> Spans:
    """Neighbours of one kind as one; empty ones left out."""
    found: list[Span] = []
    for span in spans:
        if not span.text:
            continue
        if found and (found[-1].style, found[-1].href) == (span.style, span.href):
            found[-1] = replace(span, text=found[-1].text + span.text)
        else:
            found.append(span)
    return tuple(found)


def plain(spans: Iterable[Span]) -> str:
    """The text alone."""
    return "".join(span.text for span in spans)


def with_addresses(spans: Iterable[Span]) -> str:
    """The text with the address of each link behind it, for where no markup gets through."""
    return "".join(
        f"{s.text} ({s.href})" if s.href and s.href not in s.text else s.text for s in spans
    )


def dump(spans: Iterable[Span]) -> list[list[str]]:
    """As JSON values."""
    return [[s.text, s.style, s.href] for s in spans]


def load(values: Sequence[Sequence[Any]]) -> Spans:
    """Back from ``dump``."""
    return tuple(Span(text, style, href) for text, style, href in values)


# --- splitting ---------------------------------------------------------------


def split(
    spans: Spans, *, limit: int, measure: Measure = utf16, most_marks: int = 90
) -> list[Spans]:
    """Parts of at most ``limit`` units and ``most_marks`` styled spans; nothing is lost.

    White space at a cut goes; everything else is in exactly one part. More than one part:
    each ends in its number, as (1/3).
    """
    whole = joined(spans)
    if _fits(whole, limit, measure, most_marks):
        return [whole] if plain(whole).strip() else []
    room = limit - measure("\n(999/999)")
    parts = [p for p in _parts(whole, room, measure, most_marks) if plain(p).strip()]
    if len(parts) < 2:
        return parts
    return [joined((*part, Span(f"\n({n}/{len(parts)})"))) for n, part in enumerate(parts, start=1)]


def _fits(spans: Spans, limit: int, measure: Measure, most_marks: int) -> bool:
    marks = sum(bool(s.style or s.href) for s in spans)
    return marks <= most_marks and measure(plain(spans)) <= limit


def _parts(spans: Spans, room: int, measure: Measure, most_marks: int) -> Iterator[Spans]:
    rest = spans
    while not _fits(rest, room, measure, most_marks):
        text = plain(rest)
        most = min(_prefix(text, room, measure), _before_mark(rest, most_marks))
        cut = _cut(text, most)
        head, rest = _divide(rest, cut)
        yield _stripped(head)
        rest = _stripped(rest, left=True)
    yield _stripped(rest)


def _prefix(text: str, room: int, measure: Measure) -> int:
    """How many characters fit, found by halving."""
    low, high = 1, min(len(text), room)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= room else (low, middle - 1)
    return low


def _before_mark(spans: Spans, most_marks: int) -> int:
    """Where the first mark that is too many begins."""
    at, seen = 0, 0
    for span in spans:
        seen += bool(span.style or span.href)
        if seen > most_marks:
            return at
        at += len(span.text)
    return at


def _cut(text: str, most: int) -> int:
    """The best place to cut at or before ``most``; not so early that parts become many."""
    window = text[: most + 1]
    for pattern in _CUTS:
        ends = [m.end() for m in pattern.finditer(window) if most // 2 < m.end() <= most]
        if ends:
            return ends[-1]
    return _between_characters(text, most)


def _between_characters(text: str, most: int) -> int:
    """A cut inside a word that at least leaves what is seen as one character whole."""
    cut = most
    while cut > max(1, most - 32) and (
        _NEVER_AFTER.search(text[:cut][-1:]) or _NEVER_BEFORE.match(text[cut : cut + 1])
    ):
        cut -= 1
    return cut


def _divide(spans: Spans, cut: int) -> tuple[Spans, Spans]:
    head: list[Span] = []
    tail: list[Span] = []
    at = 0
    for span in spans:
        here = min(max(cut - at, 0), len(span.text))
        head.append(replace(span, text=span.text[:here]))
        tail.append(replace(span, text=span.text[here:]))
        at += len(span.text)
    return joined(head), joined(tail)


def _stripped(spans: Spans, *, left: bool = False) -> Spans:
    """Without white space at the cut."""
    found = list(spans)
    side = 0 if left else -1
    while found:
        text = found[side].text
        text = text.lstrip() if left else text.rstrip()
        if text:
            found[side] = replace(found[side], text=text)
            break
        found.pop(side)
    return tuple(found)
