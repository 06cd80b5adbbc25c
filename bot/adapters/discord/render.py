"""Spans as Discord markdown: everything that is not ours is escaped, and every part fits."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.delivery.rich import Span, Spans, split, utf16

LIMIT = 2000  # characters of one message (API reference, Create Message)
_LONGEST_HREF = 400
# Of text in one part; what is left is for its marks and addresses.
_UNITS = (1960, 1900, 1800, 1650, 1500, 1300, 1000, 600, 250)
_INLINE = re.compile(r"[\\*_~`|\[\]<>]")
_LINE = re.compile(r"(?m)^(\s*)(#{1,3}(?=\s)|-#(?=\s))")
_ADDRESS = re.compile(r"https?://[^\s<>\"'）)，。]+")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def as_markdown(spans: Iterable[Span]) -> str:
    """The content of a message."""
    return "".join(_marked(span) for span in spans)


def parts(spans: Spans) -> list[Spans]:
    """The text in parts that fit a message each; nothing is lost, more than one are numbered."""
    costs = [cost for span in spans if (cost := _cost(span))]
    dearest, size = max(costs, default=1), sum(_written(span.text) for span in spans)
    choices = [(units, min(90, (LIMIT - units) // dearest)) for units in _UNITS]
    found: list[Spans] = []
    for units, marks in sorted(
        ((u, m) for u, m in choices if m),
        key=lambda choice: max(size / choice[0], len(costs) / choice[1]),
    ):  # the one that makes the fewest parts fits, if nothing odd is cut in two
        found = split(spans, limit=units, measure=_written, most_marks=marks)
        if all(utf16(as_markdown(part)) <= LIMIT for part in found):
            break
    return found


def _cost(span: Span) -> int:
    """What a span's marks and address add to its text."""
    if not (span.style or span.href):
        return 0
    return utf16(as_markdown((span,))) - _written(span.text) + 2


def escape(text: str) -> str:
    """Text that shows as it is: no mark, mention, quote or heading comes of it.

    Addresses stay whole, without the preview that Discord would hang below the message.
    """
    found: list[str] = []
    at = 0
    for match in _ADDRESS.finditer(text):
        found += [_escape(text[at : match.start()]), f"<{match[0]}>"]
        at = match.end()
    found.append(_escape(text[at:]))
    return "".join(found)


def _escape(text: str) -> str:
    return _LINE.sub(r"\1\\\2", _INLINE.sub(r"\\\g<0>", text))


def _written(text: str) -> int:
    """Length as it will be sent, in UTF-16 units (the stricter way to count)."""
    return utf16(escape(_clean(text)))


def _marked(span: Span) -> str:
    raw = _clean(span.text)
    if not raw.strip():
        return raw
    if span.href.startswith(("https://", "http://")) and len(span.href) <= _LONGEST_HREF:
        return f"[{_label(raw)}](<{_address(span.href)}>)"
    match span.style:
        case "code":
            return f"`{raw.replace('`', 'ˋ')}`" if "\n" not in raw else _fenced(raw)
        case "pre":
            return _fenced(raw)
        case "bold":
            return _around(raw, "**")
        case "italic":
            return _around(raw, "*")
        case _:
            return escape(raw)


def _fenced(raw: str) -> str:
    return f"```\n{raw.replace('```', 'ˋˋˋ')}\n```"


def _around(raw: str, mark: str) -> str:
    """A mark must touch what it marks: white space stays outside."""
    inner = raw.strip()
    before, _, after = raw.partition(inner)
    return f"{before}{mark}{escape(inner)}{mark}{after}"


def _label(raw: str) -> str:
    """What a link is shown as: [1] stays, any other bracket would end it early."""
    flat = re.sub(r"\[(?!\d{1,2}\])|(?<!\d)\]", "", raw.replace("\n", " "))
    return re.sub(r"[\\*_~`|<>]", r"\\\g<0>", flat)


def _address(href: str) -> str:
    table = {"(": "%28", ")": "%29", "<": "%3C", ">": "%3E", " ": "%20", "\\": "%5C"}
    return "".join(table.get(c, c) for c in href)


def _clean(text: str) -> str:
    """Without what Discord refuses or drops: control characters and halves of pairs."""
    return _CONTROL.sub("", text)
