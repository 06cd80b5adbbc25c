"""Spans as Telegram HTML: everything that is not ours is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable

from bot.delivery.rich import Span, Spans, joined, parse
from bot.i18n import t
from bot.model import Citation, Reply

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


def as_spans(reply: Reply, text: str) -> Spans:
    """A reply's text with its citations linked, and the numbered sources under it.

    The first line of an emergency stands out.
    """
    links = {c.number: c.url for c in reply.citations if c.url}
    spans = parse(text, links)
    if reply.kind in {"emergency", "crisis"}:
        first, _, rest = text.partition("\n")
        spans = joined((Span(first.strip("*"), "bold"), *parse(f"\n{rest}" if rest else "", links)))
    return joined((*spans, *_sources(reply)))


def _sources(reply: Reply) -> Iterable[Span]:
    if not reply.citations:
        return
    yield Span("\n\n")
    yield Span(t("sources.title", reply.lang), "bold")
    shown: dict[tuple[str, str, str], list[Citation]] = {}
    for one in reply.citations:  # passages of one source stand together
        shown.setdefault((one.organisation, one.title, one.url), []).append(one)
    for shared in shown.values():
        c, marks = shared[0], "".join(f"[{one.number}]" for one in shared)
        key = "sources.line" if c.organisation else "sources.line_plain"
        line = t(key, reply.lang, marks=marks, title=c.title, organisation=c.organisation)
        yield Span("\n")
        yield Span(line.strip(), "", c.url)
        if c.reviewed:
            yield Span(t("sources.reviewed", reply.lang, date=c.reviewed))
