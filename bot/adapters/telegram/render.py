"""Spans as Telegram HTML: everything that is not ours is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.delivery.rich import Span, Spans, joined

_TAGS = {"bold": "b", "italic": "i", "code": "code", "pre": "pre"}


def as_html(spans: Iterable[Span]) -> str:
    """Markup for parse_mode HTML."""
    return "".join(_tagged(span) for span in spans)


def _tagged(span: Span) -> str:
    text = html.escape(span.text, quote=False)
    if span.style:
        tag = _TAGS[span.style]
        text = f"<{tag}>{text}</{tag}>"
    if span.href.startswith(("https://", "http://")):
        text = f'<a href="{html.escape(span.href)}">{text}</a>'
    return text


def as_rich(spans: Spans, fold: int = 0) -> str:
    """Rich HTML (Bot API 10.1): paragraphs and lists; from span ``fold`` on behind a summary.

    That span is the summary's title, e.g. "Sources"; 0 for nothing to fold.
    """
    if not fold:
        return "".join(_blocks(spans))
    title, rest = spans[fold], spans[fold + 1 :]
    main, folded = "".join(_blocks(spans[:fold])), "".join(_blocks(rest))
    return f"{main}<details><summary>{_tagged(title)}</summary>{folded}</details>"


def _blocks(spans: Iterable[Span]) -> Iterator[str]:
    """Lines as blocks: items that follow each other are one list, empty lines part paragraphs."""
    items: list[str] = []
    lines: list[str] = []
    for line in (*_lines(spans), ()):
        text = as_html(line)
        item = text.startswith(("- ", "• "))
        if lines and (item or not text):
            yield f"<p>{'<br>'.join(lines)}</p>"
            lines = []
        if items and not item:
            yield f"<ul>{''.join(items)}</ul>"
            items = []
        if item:
            items.append(f"<li>{text[2:]}</li>")
        elif text:
            lines.append(text)


def _lines(spans: Iterable[Span]) -> list[Spans]:
    """The spans of each line; a mark that runs over a line's end is taken up again."""
    found: list[list[Span]] = [[]]
    for span in spans:
        first, *more = span.text.split("\n")
        found[-1].append(replace(span, text=first))
        found += [[replace(span, text=text)] for text in more]
    return [joined(line) for line in found]
