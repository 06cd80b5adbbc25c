"""The knowledge database: revisions, vectors and generations in SQL, the truth of all.

One transaction per call. Callers hold the build lock around anything that writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from sqlalchemy import and_, delete, func, insert, select, update

from rag import schema, tables
from rag.documents import Record
from rag.rows import (
    ChunkRow,
    GenerationInfo,
    Member,
    aware,
    chunk_rows,
    document_row,
    embed_text,
    parts,
    passage_of,
    source_id,
    source_row,
)
from rag.types import KnowledgeStoreError, Lang, Passage, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine, Row

    Vectors = NDArray[np.float32]


_KEPT_MEMBERS = 4  # versions


class KnowledgeStore:
    """All access to the knowledge tables; raises KnowledgeStoreError when they cannot be used."""

    def __init__(self, engine: Engine) -> None:
        """Use an engine from ``schema.connect`` whose schema is up to date."""
        self.engine = engine
        self._members: dict[str, list[Member]] = {}  # of the versions asked about last

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    # --- small state ---------------------------------------------------------

    def get_state(self, key: str) -> str:
        """A remembered value, empty when there is none."""
        with schema.store_errors(), self.engine.connect() as connection:
            query = select(tables.state.c.value).where(tables.state.c.key == key)
            return str(connection.execute(query).scalar() or "")

    def set_state(self, key: str, value: str) -> None:
        """Remember a value."""
        with schema.store_errors(), self.engine.begin() as connection:
            connection.execute(delete(tables.state).where(tables.state.c.key == key))
            connection.execute(insert(tables.state).values(key=key, value=value))

    # --- revisions -----------------------------------------------------------

    def add_records(self, records: Sequence[Record]) -> int:
        """Insert the revisions not known yet, with chunks and sources; returns how many."""
        unique = {record.rev: record for record in records}
        added = 0
        with schema.store_errors(), self.engine.begin() as connection:
            for some in parts(list(unique)):
                table = tables.documents.c.rev
                found = connection.execute(select(table).where(table.in_(some)))
                known = set(found.scalars())
                fresh = [unique[rev] for rev in some if rev not in known]
                self._insert(connection, fresh)
                added += len(fresh)
        return added

    def _insert(self, connection: Connection, records: Sequence[Record]) -> None:
        if not records:
            return
        wanted = {source_id(s): s for record in records for s in record.sources}
        for some in parts(list(wanted)):
            column = tables.sources.c.id
            known = set(connection.execute(select(column).where(column.in_(some))).scalars())
            rows = [source_row(wanted[i]) for i in some if i not in known]
            if rows:
                connection.execute(insert(tables.sources), rows)
        connection.execute(insert(tables.documents), [document_row(r) for r in records])
        rows = [row for record in records for row in chunk_rows(record)]
        if rows:
            connection.execute(insert(tables.chunks), rows)

    # --- vectors -------------------------------------------------------------

    def missing_vectors(
        self, revs: Iterable[str], model: str, langs: Sequence[Lang] = ("en", "zh")
    ) -> dict[str, str]:
        """Text to embed by hash, for chunks of these revisions in these languages whose vector
        is not stored."""
        chunk, document, vector = tables.chunks.c, tables.documents.c, tables.embeddings.c
        stored = and_(vector.hash == chunk.embed_hash, vector.model == model)
        query = (
            select(chunk.embed_hash, chunk.section, chunk.text, document.title)
            .join(tables.documents, document.rev == chunk.rev)
            .outerjoin(tables.embeddings, stored)
            .where(vector.hash.is_(None), chunk.embed_hash != "", document.lang.in_(langs))
        )
        found: dict[str, str] = {}
        with schema.store_errors(), self.engine.connect() as connection:
            for some in parts(list(revs)):
                for row in connection.execute(query.where(chunk.rev.in_(some))):
                    found[row.embed_hash] = embed_text(row.title, row.section, row.text)
        return found

    def add_vectors(self, model: str, hashes: Sequence[str], vectors: Vectors) -> None:
        """Store vectors as float16; commits, so an interrupted build keeps what it has."""
        rows = [
            {"model": model, "hash": name, "vector": vector.astype("<f2").tobytes()}
            for name, vector in zip(hashes, vectors, strict=True)
        ]
        with schema.store_errors(), self.engine.begin() as connection:
            for some in parts(rows):
                connection.execute(insert(tables.embeddings), list(some))

    def vectors(self, model: str, hashes: Sequence[str], dimensions: int) -> Vectors:
        """Stored vectors as float32 [len(hashes), dimensions]; raises when one is missing."""
        out = np.zeros((len(hashes), dimensions), dtype=np.float32)
        place = {name: i for i, name in enumerate(hashes)}
        table, seen = tables.embeddings.c, 0
        with schema.store_errors(), self.engine.connect() as connection:
            for some in parts(list(place)):
                query = select(table.hash, table.vector)
                query = query.where(table.model == model, table.hash.in_(some))
                for name, blob in connection.execute(query):
                    if len(blob) != 2 * dimensions:
                        raise KnowledgeStoreError(f"vector {name} of {model} is damaged")
                    out[place[name]] = np.frombuffer(blob, dtype="<f2").astype(np.float32)
                    seen += 1
        if seen != len(place):
            raise KnowledgeStoreError(f"{len(place) - seen} vectors of {model} are missing")
        return out

    # --- generations ---------------------------------------------------------

    def active(self) -> str:
        """The published version; empty before the first."""
        table = tables.generations.c
        with schema.store_errors(), self.engine.connect() as connection:
            query = select(table.version).where(table.status == "published")
            return str(connection.execute(query).scalar() or "")

    def generations(self) -> list[GenerationInfo]:
        """All generations kept, newest first."""
        table = tables.generations.c
        with schema.store_errors(), self.engine.connect() as connection:
            rows = connection.execute(
                select(tables.generations).order_by(table.created_at.desc(), table.version)
            ).all()
        return [
            GenerationInfo(
                version=r.version, status=r.status, created_at=aware(r.created_at), model=r.model,
                documents=r.documents, chunks=r.chunks,
            )
            for r in rows
        ]  # fmt: skip

    def model_of(self, version: str) -> str:
        """The name of what a generation was embedded with; empty for an unknown one."""
        table = tables.generations.c
        with schema.store_errors(), self.engine.connect() as connection:
            query = select(table.model).where(table.version == version)
            return str(connection.execute(query).scalar() or "")

    def members(self, version: str) -> list[Member]:
        """The revisions of a generation, in a fixed order.

        A version is named after what it holds, so what was read of one stays true of it.
        """
        known = self._members.get(version)
        if known is None:
            known = self._read_members(version)
            if known:
                kept = [*self._members.items(), (version, known)]
                self._members = dict(kept[-_KEPT_MEMBERS:])
        return list(known)

    def _read_members(self, version: str) -> list[Member]:
        document = tables.documents.c
        query = (
            select(document.rev, document.doc, document.origin, document.path)
            .join(tables.members, tables.members.c.rev == document.rev)
            .where(tables.members.c.version == version)
            .order_by(document.doc, document.rev)
        )
        with schema.store_errors(), self.engine.connect() as connection:
            return [_member(r) for r in connection.execute(query)]

    def members_of(self, revs: Sequence[str]) -> list[Member]:
        """Stored revisions by id, in a fixed order; unknown ids are left out."""
        document, found = tables.documents.c, []
        query = select(document.rev, document.doc, document.origin, document.path)
        with schema.store_errors(), self.engine.connect() as connection:
            for some in parts(sorted(set(revs))):
                rows = connection.execute(query.where(document.rev.in_(some)))
                found += [_member(r) for r in rows]
        return sorted(found, key=lambda m: (m.doc, m.rev))

    def draft(self, version: str, revs: Sequence[str], model: str) -> None:
        """Write a generation and its members as a draft, unless the version exists already."""
        with schema.store_errors(), self.engine.begin() as connection:
            known = select(tables.generations.c.version)
            if connection.execute(known.where(tables.generations.c.version == version)).scalar():
                return
            count = select(func.count()).select_from(tables.chunks)
            chunks = sum(
                connection.execute(count.where(tables.chunks.c.rev.in_(some))).scalar_one()
                for some in parts(revs)
            )
            connection.execute(
                insert(tables.generations).values(
                    version=version,
                    status="draft",
                    created_at=datetime.now(UTC),
                    model=model,
                    documents=len(revs),
                    chunks=chunks,
                )
            )
            for some in parts([{"version": version, "rev": rev} for rev in revs]):
                connection.execute(insert(tables.members), list(some))

    def publish(self, version: str, also: Callable[[Connection], None] | None = None) -> None:
        """Make a generation the published one and retire the one before, in one transaction.

        ``also`` writes what belongs to the switch (log, hidden pages) in the same transaction.
        """
        table = tables.generations
        with schema.store_errors(), self.engine.begin() as connection:
            connection.execute(
                update(table)
                .where(table.c.status == "published", table.c.version != version)
                .values(status="retired")
            )
            connection.execute(
                update(table)
                .where(table.c.version == version)
                .values(status="published", published_at=datetime.now(UTC))
            )
            if also is not None:
                also(connection)

    def prune(self, keep: int, draft: str = "") -> None:
        """Forget retired generations beyond the newest ``keep``, drafts other than ``draft``,
        and what only they held. Staged revisions stay."""
        table = tables.generations.c
        with schema.store_errors(), self.engine.begin() as connection:
            retired = select(table.version).where(table.status == "retired")
            old = connection.execute(
                retired.order_by(table.published_at.desc(), table.version).offset(keep)
            )
            stale = select(table.version).where(table.status == "draft", table.version != draft)
            gone = [*old.scalars(), *connection.execute(stale).scalars()]
            if gone:
                self._forget(connection, gone)

    @staticmethod
    def _forget(connection: Connection, gone: Sequence[str]) -> None:
        for table in (tables.members, tables.hidden, tables.generations):
            connection.execute(delete(table).where(table.c.version.in_(gone)))
        held = select(tables.members.c.rev).union(select(tables.changes.c.rev))
        connection.execute(delete(tables.chunks).where(tables.chunks.c.rev.not_in(held)))
        connection.execute(delete(tables.documents).where(tables.documents.c.rev.not_in(held)))
        used = select(tables.chunks.c.embed_hash)
        connection.execute(delete(tables.embeddings).where(tables.embeddings.c.hash.not_in(used)))

    # --- reading chunks ------------------------------------------------------

    def chunk_rows(self, version: str) -> Iterator[ChunkRow]:
        """All chunks of a version in a fixed order (document, revision, position)."""
        chunk, document = tables.chunks.c, tables.documents.c
        query = (
            select(chunk.passage_id, chunk.position, chunk.section, chunk.text, chunk.embed_hash,
                   document.doc, document.twin, document.lang, document.title, document.topics)
            .join(tables.documents, document.rev == chunk.rev)
            .join(tables.members, tables.members.c.rev == chunk.rev)
            .where(tables.members.c.version == version)
            .order_by(document.doc, document.rev, chunk.position)
        )  # fmt: skip
        with schema.store_errors(), self.engine.connect() as connection:
            for r in connection.execution_options(yield_per=1000).execute(query):
                yield ChunkRow(
                    passage_id=r.passage_id, doc=r.doc, twin=r.twin, lang=cast("Lang", r.lang),
                    title=r.title, topics=tuple(json.loads(r.topics)), position=r.position,
                    section=r.section, text=r.text, embed_hash=r.embed_hash,
                )  # fmt: skip

    def headings(self, version: str, lang: Lang, limit: int) -> list[str]:
        """Different section headings of a version's documents in one language, sorted."""
        section, document, member = tables.chunks.c.section, tables.documents.c, tables.members.c
        query = (
            select(section)
            .distinct()
            .join(tables.documents, document.rev == tables.chunks.c.rev)
            .join(tables.members, member.rev == tables.chunks.c.rev)
            .where(member.version == version, document.lang == lang, section != "")
            .order_by(section)
            .limit(limit)
        )
        with schema.store_errors(), self.engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def passages(self, version: str, ids: Sequence[str]) -> dict[str, Passage]:
        """The passages with these ids in a version, by id; unknown ids are left out."""
        chunk, member = tables.chunks.c, tables.members.c
        query = (
            select(tables.chunks, tables.documents)
            .join(tables.documents, tables.documents.c.rev == chunk.rev)
            .where(chunk.passage_id.in_(ids))
        )
        with schema.store_errors(), self.engine.connect() as connection:
            found = connection.execute(query).all()
            # Asked apart: joined, SQLite would walk all members of the version for every search.
            held = select(member.rev).where(
                member.version == version, member.rev.in_({row.rev for row in found})
            )
            revs = set(connection.execute(held).scalars())
            rows = [row for row in found if row.rev in revs]
            names = {i for row in rows for i in json.loads(row.source_ids)}
            query_sources = select(tables.sources).where(tables.sources.c.id.in_(names))
            known = {
                r.id: Source(organisation=r.organisation, title=r.title, url=r.url, date=r.date)
                for r in connection.execute(query_sources)
            }
        return {row.passage_id: passage_of(row, known) for row in rows}

    def documents(self, version: str) -> list[dict[str, Any]]:
        """One line per revision of a version, for lists: doc, lang, title, origin, chunks …"""
        document = tables.documents.c
        query = (
            select(document.doc, document.lang, document.title, document.url, document.reviewed,
                   document.licence, document.origin, document.path, document.source_ids,
                   func.count(tables.chunks.c.position).label("chunks"))
            .join(tables.members, tables.members.c.rev == document.rev)
            .outerjoin(tables.chunks, tables.chunks.c.rev == document.rev)
            .where(tables.members.c.version == version)
            .group_by(document.rev)
            .order_by(document.doc, document.rev)
        )  # fmt: skip
        with schema.store_errors(), self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _member(row: Row[Any, Any, Any, Any]) -> Member:
    return Member(rev=row.rev, doc=row.doc, origin=row.origin, path=row.path)
