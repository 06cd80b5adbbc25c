"""SQL of the admin flow: people, staged changes, reviews, hidden pages and the log.

One transaction per call. Callers hold the build lock around anything that writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import and_, delete, func, insert, select

from rag import schema, tables
from rag.rows import aware, parts
from rag.types import Lang
from rag.versions_model import (
    KNOWLEDGE_EVENTS,
    Action,
    Change,
    Event,
    LogEntry,
    Person,
    Provenance,
    Review,
    Role,
    Verdict,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from rag.store import KnowledgeStore

_EDITOR = "draft_editor"


class VersionStore:
    """The tables beside those of KnowledgeStore, on the same engine."""

    def __init__(self, store: KnowledgeStore) -> None:
        """Use the engine of an open store."""
        self._store = store
        self._engine = store.engine

    # --- people --------------------------------------------------------------

    def people(self) -> list[Person]:
        """Everybody with a role, by name."""
        query = select(tables.people).order_by(tables.people.c.name)
        with schema.store_errors(), self._engine.connect() as connection:
            return [
                Person(name=r.name, role=cast("Role", r.role), added_at=aware(r.added_at),
                       added_by=r.added_by)
                for r in connection.execute(query)
            ]  # fmt: skip

    def set_person(self, name: str, role: Role | None, who: str) -> None:
        """Give somebody a role, or take it (None), and with it every way to sign in; the log
        says so in the same transaction.

        ``added_at`` stays through a change of role: since then the name is this person's.
        """
        table = tables.people
        with schema.store_errors(), self._engine.begin() as connection:
            since = connection.scalar(select(table.c.added_at).where(table.c.name == name))
            connection.execute(delete(table).where(table.c.name == name))
            if role is not None:
                row = {"name": name, "role": role, "added_at": since or _now(), "added_by": who}
                connection.execute(insert(table).values(row))
            else:
                for way in (tables.credentials, tables.invites, tables.sessions):
                    connection.execute(delete(way).where(way.c.name == name))
            entry = {"name": name, "role": role or ""}
            write_log(connection, who, "people", self._active(connection), detail=entry)

    # --- the draft -----------------------------------------------------------

    def changes(self) -> list[Change]:
        """What is staged, oldest first."""
        query = select(tables.changes).order_by(tables.changes.c.id)
        with schema.store_errors(), self._engine.connect() as connection:
            return [
                Change(action=cast("Action", r.action), doc=r.doc, path=r.path, rev=r.rev,
                       who=r.who)
                for r in connection.execute(query)
            ]  # fmt: skip

    def stage(self, changes: Sequence[Change], who: str) -> None:
        """Add to the draft. What was staged for the same document of the same file goes, and
        a removal takes every staged revision of its document with it."""
        table, now = tables.changes, _now()
        rows = [
            {"action": c.action, "doc": c.doc, "path": c.path, "rev": c.rev, "who": who, "at": now}
            for c in changes
        ]
        with schema.store_errors(), self._engine.begin() as connection:
            for some in parts(sorted({c.doc for c in changes if c.action == "remove"})):
                connection.execute(delete(table).where(table.c.doc.in_(some)))
            files: dict[str, set[str]] = {}
            for change in changes:
                if change.action == "add":
                    files.setdefault(change.path, set()).add(change.doc)
            for path, docs in files.items():
                for some in parts(sorted(docs)):
                    same = and_(table.c.path == path, table.c.doc.in_(some))
                    connection.execute(delete(table).where(same, table.c.action == "add"))
            for part in parts(rows):
                connection.execute(insert(table), list(part))
            self._edited(connection, who)
            counts = {
                "added": len({c.doc for c in changes if c.action == "add"}),
                "removed": len({c.doc for c in changes if c.action == "remove"}),
            }
            write_log(connection, who, "stage", self._active(connection), detail=counts)

    def unstage(self, docs: Collection[str] | None, who: str) -> int:
        """Take documents (None: all) out of the draft; how many changes that were."""
        table = tables.changes
        with schema.store_errors(), self._engine.begin() as connection:
            if docs is None:
                gone = connection.execute(delete(table)).rowcount
            else:
                gone = sum(
                    connection.execute(delete(table).where(table.c.doc.in_(some))).rowcount
                    for some in parts(sorted(docs))
                )
            if gone:
                self._edited(connection, who)
                write_log(
                    connection, who, "unstage", self._active(connection), detail={"changes": gone}
                )
        return gone

    def editor(self) -> str:
        """Who changed the draft last."""
        return self._store.get_state(_EDITOR)

    @staticmethod
    def _edited(connection: Connection, who: str) -> None:
        connection.execute(delete(tables.state).where(tables.state.c.key == _EDITOR))
        connection.execute(insert(tables.state).values(key=_EDITOR, value=who))

    # --- reviews -------------------------------------------------------------

    def reviews(self, version: str) -> list[Review]:
        """What was said about a draft version, oldest first."""
        table = tables.reviews
        query = select(table).where(table.c.version == version).order_by(table.c.id)
        with schema.store_errors(), self._engine.connect() as connection:
            return [
                Review(version=r.version, name=r.name, verdict=cast("Verdict", r.verdict),
                       note=r.note, at=aware(r.at))
                for r in connection.execute(query)
            ]  # fmt: skip

    def add_review(self, version: str, name: str, verdict: Verdict, note: str) -> None:
        """Keep a verdict, and log it."""
        row = {"version": version, "name": name, "verdict": verdict, "note": note, "at": _now()}
        with schema.store_errors(), self._engine.begin() as connection:
            connection.execute(insert(tables.reviews).values(row))
            write_log(connection, name, verdict, version, detail={"note": note} if note else {})

    # --- publishing ----------------------------------------------------------

    def switching(
        self,
        entry: LogEntry,
        *,
        hidden: Iterable[str] | None = None,
        published: Sequence[Change] = (),
    ) -> Callable[[Connection], None]:
        """What ``KnowledgeStore.publish`` writes besides: the log, the hidden pages of the
        version (None leaves them), and the staged changes that are published now."""

        def also(connection: Connection) -> None:
            if hidden is not None:
                table = tables.hidden
                connection.execute(delete(table).where(table.c.version == entry.version))
                rows = [{"version": entry.version, "doc": doc} for doc in sorted(set(hidden))]
                for part in parts(rows):
                    connection.execute(insert(table), list(part))
            if published:
                connection.execute(delete(tables.changes))
            write_log(connection, entry.who, entry.action, entry.version, before=entry.before,
                      detail=entry.detail)  # fmt: skip

        return also

    def hidden(self, version: str) -> set[str]:
        """The shipped pages that were taken out of a version."""
        query = select(tables.hidden.c.doc).where(tables.hidden.c.version == version)
        with schema.store_errors(), self._engine.connect() as connection:
            return set(connection.execute(query).scalars())

    def log(
        self, limit: int = 50, *, events: Collection[Event] = KNOWLEDGE_EVENTS, start: int = 0
    ) -> list[LogEntry]:
        """The newest entries of these events, newest first, from the ``start``-th on."""
        query = select(tables.log).where(tables.log.c.action.in_(events))
        query = query.order_by(tables.log.c.id.desc()).offset(start).limit(limit)
        with schema.store_errors(), self._engine.connect() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def note(self, who: str, action: Event, version: str) -> None:
        """Write one line into the log."""
        with schema.store_errors(), self._engine.begin() as connection:
            write_log(connection, who, action, version)

    def happened(self, action: Event, version: str) -> LogEntry | None:
        """The newest entry of this kind about a version, if there is one."""
        table = tables.log
        query = select(table).where(table.c.action == action, table.c.version == version)
        with schema.store_errors(), self._engine.connect() as connection:
            row = connection.execute(query.order_by(table.c.id.desc()).limit(1)).first()
        return None if row is None else _entry(row)

    def before(self, version: str) -> str:
        """The version that was active when this one was last published forwards, or empty."""
        table = tables.log.c
        query = select(table.before).where(
            table.version == version, table.before.not_in(("", version)),
            table.action.in_(("pages", "model", "add", "publish")),
        )  # fmt: skip
        with schema.store_errors(), self._engine.connect() as connection:
            found = connection.execute(query.order_by(table.id.desc()).limit(1)).scalar()
        return str(found or "")

    @staticmethod
    def _active(connection: Connection) -> str:
        table = tables.generations.c
        query = select(table.version).where(table.status == "published")
        return str(connection.execute(query).scalar() or "")

    # --- looking at documents ------------------------------------------------

    def provenance(self, revs: Sequence[str]) -> list[Provenance]:
        """What these revisions say about where they come from, by document."""
        document, found = tables.documents, []
        with schema.store_errors(), self._engine.connect() as connection:
            for some in parts(sorted(set(revs))):
                rows = connection.execute(select(document).where(document.c.rev.in_(some))).all()
                names = {name for row in rows for name in json.loads(row.source_ids)}
                known: dict[str, Row[Any]] = {}
                for part in parts(sorted(names)):
                    query = select(tables.sources).where(tables.sources.c.id.in_(part))
                    known |= {row.id: row for row in connection.execute(query)}
                found += [_provenance(row, known) for row in rows]
        return sorted(found, key=lambda p: (p.doc, p.rev))

    def chunk_ids(self, revs: Sequence[str]) -> dict[str, set[str]]:
        """The passage ids of each revision."""
        table, found = tables.chunks.c, dict[str, set[str]]()
        with schema.store_errors(), self._engine.connect() as connection:
            for some in parts(sorted(set(revs))):
                query = select(table.rev, table.passage_id).where(table.rev.in_(some))
                for rev, name in connection.execute(query):
                    found.setdefault(rev, set()).add(name)
        return found

    def passage_ids(self, version: str) -> set[str]:
        """All passage ids of a version: what its index must hold."""
        chunk, member = tables.chunks.c, tables.members.c
        query = select(chunk.passage_id).join(tables.members, member.rev == chunk.rev)
        with schema.store_errors(), self._engine.connect() as connection:
            return set(connection.execute(query.where(member.version == version)).scalars())

    def counts(self, version: str) -> tuple[int, int]:
        """(documents, chunks) of a version; distinct document ids are counted."""
        document, member = tables.documents.c, tables.members.c
        query = (
            select(func.count(func.distinct(document.doc)))
            .select_from(tables.documents)
            .join(tables.members, member.rev == document.rev)
            .where(member.version == version)
        )
        table = tables.generations.c
        with schema.store_errors(), self._engine.connect() as connection:
            documents = connection.execute(query).scalar_one()
            chunks = connection.execute(select(table.chunks).where(table.version == version))
            return documents, int(chunks.scalar() or 0)


def write_log(
    connection: Connection,
    who: str,
    action: Event,
    version: str,
    *,
    before: str = "",
    detail: Mapping[str, object] | None = None,
) -> None:
    """One line of the log, in the caller's transaction."""
    shown = json.dumps(dict(detail or {}), ensure_ascii=False, sort_keys=True)
    row = {"at": _now(), "who": who, "action": action, "version": version, "before": before}
    connection.execute(insert(tables.log).values(row | {"detail": shown}))


def _entry(row: Row[Any]) -> LogEntry:
    return LogEntry(
        at=aware(row.at), who=row.who, action=cast("Event", row.action), version=row.version,
        before=row.before, detail=json.loads(row.detail),
    )  # fmt: skip


def _provenance(row: Row[Any], known: dict[str, Row[Any]]) -> Provenance:
    sources = [known[name] for name in json.loads(row.source_ids)]
    has = {
        "organisation": any(s.organisation for s in sources),
        "url": bool(row.url) or any(s.url for s in sources),
        "licence": bool(row.licence),
        "date": bool(row.reviewed) or any(s.date for s in sources),
    }
    return Provenance(
        doc=row.doc, rev=row.rev, title=row.title, lang=cast("Lang", row.lang), path=row.path,
        missing=tuple(name for name, there in has.items() if not there),
    )  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC)
