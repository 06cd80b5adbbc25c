"""A reply as spans: links at its citations, the numbered sources under it."""

from __future__ import annotations

from collections.abc import Iterable

from bot.delivery.rich import Span, Spans, joined, parse
from bot.i18n import t
from bot.model import Citation, Reply


def fold_of(reply: Reply, text: str) -> int:
    """Where the sources begin in ``as_spans``; 0 without sources."""
    if not reply.citations:
        return 0
    return len(joined((*_main(reply, text), Span("\n\n"))))


def as_spans(reply: Reply, text: str) -> Spans:
    """A reply's text with its citations linked, and the numbered sources under it.

    The first line of an emergency stands out.
    """
    return joined((*_main(reply, text), *_sources(reply)))


def _main(reply: Reply, text: str) -> Spans:
    links = {c.number: c.url for c in reply.citations if c.url}
    spans = parse(text, links)
    if reply.kind in {"emergency", "crisis"}:
        first, _, rest = text.partition("\n")
        spans = joined((Span(first.strip("*"), "bold"), *parse(f"\n{rest}" if rest else "", links)))
    return spans


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
