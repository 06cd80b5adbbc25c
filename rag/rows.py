"""Rows of the knowledge tables and the values they stand for, in both directions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from rag.documents import Origin, Record, digest
from rag.types import Lang, Passage, Source

if TYPE_CHECKING:
    from sqlalchemy import Row

Status = Literal["draft", "published", "retired"]
# What is cited for a document somebody added without saying where it comes from.
OWN_UPLOAD: dict[Lang, str] = {
    "en": "own upload (no source given)",
    "zh": "自行上传（未注明来源）",
}
MANY = 500  # values per IN (...) and rows per insert
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One revision of a generation, as needed to decide what replaces what."""

    rev: str
    doc: str
    origin: Origin
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRow:
    """One chunk of a version, as the index is built from it."""

    passage_id: str
    doc: str
    twin: str
    lang: Lang
    title: str
    topics: tuple[str, ...]
    position: int
    section: str
    text: str
    embed_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationInfo:
    """One generation, for lists: counts of revisions and chunks."""

    version: str
    status: Status
    created_at: datetime
    model: str
    documents: int
    chunks: int


def parts(items: Sequence[_T], size: int = MANY) -> Iterator[Sequence[_T]]:
    """The sequence in slices of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def aware(at: datetime) -> datetime:
    """The time as SQL gives it, in UTC: SQLite forgets the zone it was given."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def passage_of(row: Row[Any], known: dict[str, Source]) -> Passage:
    """A passage from a joined row and its sources; an upload without any names its file."""
    ids = json.loads(row.source_ids)
    sources = tuple(known[ids[m]] for m in json.loads(row.marks))
    if not ids and row.origin == "added":
        upload = Source(organisation=OWN_UPLOAD[row.lang], title=row.path or row.title, url="")
        sources = (upload,)
    return Passage(
        id=row.passage_id,
        doc=row.doc,
        title=row.title,
        section=row.section,
        text=row.text,
        lang=row.lang,
        url=row.url,
        sources=sources,
        reviewed=row.reviewed,
        topics=tuple(json.loads(row.topics)),
        position=row.position,
    )


def embed_text(title: str, section: str, text: str) -> str:
    """What is embedded: the title path in front of the text, as a reader would see it."""
    path = f"{title}: {section}" if title and section else title or section
    return f"{path}\n{text}" if path else text


def source_id(source: Source) -> str:
    """The id of a source: the hash of what it says."""
    return digest(source.organisation, source.title, source.url, source.date)


def source_row(source: Source) -> dict[str, str]:
    """A source as a row of kb_sources."""
    return {
        "id": source_id(source), "organisation": source.organisation, "title": source.title,
        "url": source.url, "date": source.date,
    }  # fmt: skip


def document_row(record: Record) -> dict[str, str]:
    """A record as a row of kb_documents."""
    return {
        "rev": record.rev, "doc": record.doc, "twin": record.group, "lang": record.lang,
        "title": record.title, "url": record.url, "reviewed": record.reviewed,
        "licence": record.licence, "topics": json.dumps(record.topics, ensure_ascii=False),
        "source_ids": json.dumps([source_id(s) for s in record.sources]),
        "origin": record.origin, "path": record.path,
    }  # fmt: skip


def chunk_rows(record: Record) -> list[dict[str, Any]]:
    """The chunks of a record as rows of kb_chunks."""
    return [
        {
            "rev": record.rev, "position": chunk.position, "passage_id": record.passage_id(chunk),
            "section": chunk.section, "text": chunk.text, "marks": json.dumps(chunk.marks),
            "embed_hash": digest(embed_text(record.title, chunk.section, chunk.text)),
        }
        for chunk in record.chunks
    ]  # fmt: skip
