"""Documents to be read by people: whole texts with provenance, pages of long lists, and what
two revisions of one document differ in, word by word.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sqlalchemy import ColumnElement, func, or_, select

from rag import schema, tables
from rag.documents import Origin
from rag.rows import parts
from rag.types import Lang, Source

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from rag.store import KnowledgeStore

MOST = 200  # lines of one page of a list


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageText:
    """One passage of a document; ``sources`` are those it is marked with."""

    id: str
    position: int
    section: str
    text: str
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentText:
    """One revision of a document, whole. Dates are ISO, empty where unknown."""

    doc: str
    rev: str
    title: str
    lang: Lang
    url: str
    reviewed: str
    licence: str
    topics: tuple[str, ...]
    origin: Origin
    path: str
    sources: tuple[Source, ...]
    passages: tuple[PassageText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """One line of a list of documents."""

    doc: str
    rev: str
    title: str
    lang: Lang
    origin: Origin
    path: str
    licence: str
    reviewed: str
    sourced: bool
    passages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPage:
    """A page of a list: ``lines`` from ``start`` on, of ``total``."""

    lines: tuple[DocumentLine, ...]
    start: int
    total: int


class Reading:
    """Looks at the documents of an open store; changes nothing."""

    def __init__(self, store: KnowledgeStore) -> None:
        """Use the engine of an open store."""
        self._engine = store.engine

    def listed(
        self,
        version: str,
        *,
        text: str = "",
        lang: Lang | None = None,
        origin: Origin | None = None,
        start: int = 0,
        limit: int = 50,
    ) -> DocumentPage:
        """Documents of a version by id; ``text`` is looked for in id, title and file name."""
        document, member = tables.documents.c, tables.members.c
        wanted: list[ColumnElement[bool]] = [member.version == version]
        if text.strip():
            like = [
                column.icontains(text.strip(), autoescape=True)
                for column in (document.doc, document.title, document.path)
            ]
            wanted.append(or_(*like))
        if lang is not None:
            wanted.append(document.lang == lang)
        if origin is not None:
            wanted.append(document.origin == origin)
        joined = tables.documents.join(tables.members, member.rev == document.rev)
        start, limit = max(0, start), max(1, min(limit, MOST))
        with schema.store_errors(), self._engine.connect() as connection:
            counting = select(func.count()).select_from(joined).where(*wanted)
            total = connection.execute(counting).scalar_one()
            query = select(tables.documents).select_from(joined).where(*wanted)
            query = query.order_by(document.doc, document.rev).offset(start).limit(limit)
            rows = connection.execute(query).all()
            chunks = _chunk_counts(connection, [row.rev for row in rows])
        lines = tuple(_line(row, chunks.get(row.rev, 0)) for row in rows)
        return DocumentPage(lines=lines, start=start, total=total)

    def revisions(self, version: str, doc: str) -> list[str]:
        """The revisions that a version holds under a document id (rows may share one)."""
        document, member = tables.documents.c, tables.members.c
        query = (
            select(document.rev)
            .join(tables.members, member.rev == document.rev)
            .where(member.version == version, document.doc == doc)
            .order_by(document.rev)
        )
        with schema.store_errors(), self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def texts(self, revs: Sequence[str]) -> tuple[DocumentText, ...]:
        """Whole revisions in the order of the ids given; unknown ids are left out."""
        chunk, found = tables.chunks, dict[str, DocumentText]()
        with schema.store_errors(), self._engine.connect() as connection:
            for some in parts(list(dict.fromkeys(revs))):
                query = select(tables.documents).where(tables.documents.c.rev.in_(some))
                rows = connection.execute(query).all()
                known = _sources(connection, rows)
                texts = select(chunk).where(chunk.c.rev.in_(some))
                pieces = connection.execute(texts.order_by(chunk.c.rev, chunk.c.position)).all()
                held: dict[str, list[Row[object]]] = {}
                for piece in pieces:
                    held.setdefault(piece.rev, []).append(piece)
                found |= {row.rev: _text(row, held.get(row.rev, []), known) for row in rows}
        return tuple(found[rev] for rev in dict.fromkeys(revs) if rev in found)


def _chunk_counts(connection: Connection, revs: Sequence[str]) -> dict[str, int]:
    table = tables.chunks.c
    query = select(table.rev, func.count()).where(table.rev.in_(revs)).group_by(table.rev)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def _line(row: Row[object], passages: int) -> DocumentLine:
    return DocumentLine(
        doc=row.doc, rev=row.rev, title=row.title, lang=cast("Lang", row.lang),
        origin=cast("Origin", row.origin), path=row.path, licence=row.licence,
        reviewed=row.reviewed, sourced=row.source_ids != "[]", passages=passages,
    )  # fmt: skip


def _sources(connection: Connection, rows: Sequence[Row[object]]) -> dict[str, Source]:
    names = sorted({name for row in rows for name in json.loads(row.source_ids)})
    known: dict[str, Source] = {}
    for some in parts(names):
        query = select(tables.sources).where(tables.sources.c.id.in_(some))
        for row in connection.execute(query):
            known[row.id] = Source(
                organisation=row.organisation, title=row.title, url=row.url, date=row.date
            )
    return known


def _text(
    row: Row[object], pieces: Sequence[Row[object]], known: dict[str, Source]
) -> DocumentText:
    sources = tuple(known[name] for name in json.loads(row.source_ids))
    return DocumentText(
        doc=row.doc, rev=row.rev, title=row.title, lang=cast("Lang", row.lang), url=row.url,
        reviewed=row.reviewed, licence=row.licence, topics=tuple(json.loads(row.topics)),
        origin=cast("Origin", row.origin), path=row.path, sources=sources,
        passages=tuple(
            PassageText(
                id=p.passage_id, position=p.position, section=p.section, text=p.text,
                sources=tuple(sources[mark] for mark in json.loads(p.marks)),
            )
            for p in pieces
        ),
    )  # fmt: skip
