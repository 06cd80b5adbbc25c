"""A Reply as JSON and as plain text."""

from __future__ import annotations

from typing import Any

from bot.i18n import t
from bot.model import Citation, Reply


def as_json(reply: Reply) -> dict[str, Any]:
    """The stable JSON object of one final reply (see README, Interfaces)."""
    return {
        "text": reply.text,
        "kind": reply.kind,
        "lang": reply.lang,
        "turn": reply.turn,
        "sources": [
            {"id": c.id, "title": c.title, "url": c.url, "quote": c.quote} for c in reply.citations
        ],
        "path": reply.path,
        "model": reply.model,
        "knowledge_version": reply.knowledge_version,
        "timings": {
            "first_token_ms": reply.timings.first_token_ms,
            "total_ms": reply.timings.total_ms,
        },
    } | ({"buttons": labels} if (labels := [b.label for row in reply.buttons for b in row]) else {})


def sources_text(reply: Reply) -> str:
    """The numbered sources under an answer; empty when there are none."""
    if not reply.citations:
        return ""
    lines = [t("sources.title", reply.lang)]
    for shared in _same_source(reply.citations):
        c = shared[0]
        marks = "".join(f"[{one.number}]" for one in shared)
        key = "sources.line" if c.organisation else "sources.line_plain"
        line = t(key, reply.lang, marks=marks, title=c.title, organisation=c.organisation)
        reviewed = t("sources.reviewed", reply.lang, date=c.reviewed) if c.reviewed else ""
        lines.append(f"  {line}{reviewed}")
        if c.url:
            lines.append(f"      {c.url}")
    return "\n".join(lines)


def _same_source(citations: tuple[Citation, ...]) -> list[list[Citation]]:
    """Citations of different passages that show the same source, together."""
    shown: dict[tuple[str, str, str], list[Citation]] = {}
    for one in citations:
        shown.setdefault((one.organisation, one.title, one.url), []).append(one)
    return list(shown.values())
