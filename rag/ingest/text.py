"""Markdown and plain text: headings of every depth, foreign front matter, markup taken out."""

from __future__ import annotations

import re

from rag.ingest.clean import clean_line
from rag.ingest.encoding import decode
from rag.ingest.errors import MetadataError
from rag.ingest.provenance import Metadata, metadata, read_yaml
from rag.ingest.values import Document, Section
from rag.pages import split_front_matter

_ATX = re.compile(r" {0,3}(#{1,6})\s+(.*?)(?:\s+#+)?\s*")
_UNDERLINE = re.compile(r" {0,3}(?:(=+)|(-+))\s*")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_SCRIPT = re.compile(r"<(script|style|template)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z][\w:-]*(?:\s[^<>]*)?/?>")
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr)\b[^<>]*>", re.IGNORECASE)
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\([^)\n]*\)")
_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\([^)\n]*\)")
_AUTOLINK = re.compile(r"<(https?://[^\s<>]+)>")
_REFERENCE = re.compile(r"^ {0,3}\[[^\]^\n][^\]\n]*\]:\s+\S+.*$", re.MULTILINE)


def read_markdown(data: bytes) -> Document:
    """A Markdown file; its first heading of the first level is its title. Raises EncodingError."""
    front, body = split_front_matter(decode(data)[0])
    said = _front(front)
    sections = headed(plain_markdown(body))
    title = said.title
    if not title and sections and sections[0].path:
        tops = {s.path[0] for s in sections if s.path}
        if len(tops) == 1 and all(s.path for s in sections):
            title = sections[0].path[0]
    return _document(title, _below(title, sections), said)


def read_text(data: bytes) -> Document:
    """A text file: one section, no headings; raises EncodingError."""
    front, body = split_front_matter(decode(data)[0])
    return _document("", [Section(path=(), text=body.strip())], _front(front))


def plain_markdown(text: str) -> str:
    """Markdown without HTML, link targets, pictures and comments."""
    text = without_tags(text)
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", _AUTOLINK.sub(r"\1", text)))
    return _REFERENCE.sub("", text)


def without_tags(text: str) -> str:
    """Text without HTML tags, comments, scripts and styles; "<5 mg" stays."""
    if "<" not in text:
        return text
    text = _SCRIPT.sub("", _COMMENT.sub("", text))
    return _TAG.sub("", _BREAK.sub("\n", text))


def headed(text: str) -> list[Section]:
    """Markdown cut at its headings, each section under the path of headings above it."""
    sections: list[Section] = []
    path: list[tuple[int, str]] = []
    lines: list[str] = []
    fenced = False

    def close() -> None:
        body = "\n".join(lines).strip("\n")
        if body.strip():
            sections.append(Section(path=tuple(t for _, t in path), text=body))
        lines.clear()

    for line in text.split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
        heading = None if fenced else _heading(line, lines)
        if heading is None:
            lines.append(line)
            continue
        close()
        path = [(n, t) for n, t in path if n < heading[0]]
        if heading[1]:
            path.append(heading)
    close()
    return sections


def _heading(line: str, before: list[str]) -> tuple[int, str] | None:
    """The heading that this line makes, alone or by underlining the one before it."""
    found = _ATX.fullmatch(line)
    if found:
        return len(found[1]), clean_line(found[2].strip("*_ "))
    under = _UNDERLINE.fullmatch(line)
    if not under or not before or not before[-1].strip():
        return None
    alone = len(before) == 1 or not before[-2].strip()
    if not alone or len(line.strip()) < 3 or before[-1].lstrip().startswith(("|", "-", "*", ">")):
        return None
    return (1 if under[1] else 2), clean_line(before.pop())


def _below(title: str, sections: list[Section]) -> list[Section]:
    return [
        Section(path=s.path[1:], text=s.text) if title and s.path[:1] == (title,) else s
        for s in sections
    ]


def _front(front: str | None) -> Metadata:
    """Somebody else's front matter: taken when it can be read, ignored when it cannot."""
    if front is None:
        return Metadata()
    try:
        return metadata(read_yaml(front))
    except MetadataError:
        return Metadata()


def _document(title: str, sections: list[Section], said: Metadata) -> Document:
    return Document(
        id=said.id,
        title=said.title or title,
        sections=tuple(sections),
        lang=said.lang,
        topics=said.topics,
        provenance=said.provenance,
    )
