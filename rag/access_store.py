"""SQL of signing in. One transaction per call; what matters goes into the log with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, update

from rag import schema, tables
from rag.rows import aware
from rag.versions_store import write_log

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from rag.store import KnowledgeStore
    from rag.versions_model import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One row of kb_sessions."""

    ref: str
    name: str
    made_at: datetime
    seen_at: datetime
    expires_at: datetime


class AccessStore:
    """The tables of signing in, on the engine of an open store."""

    def __init__(self, store: KnowledgeStore) -> None:
        """Use the engine of an open store."""
        self._engine = store.engine

    # --- invitations and passwords

    def invite(self, ref: str, name: str, who: str, now: datetime, until: datetime) -> None:
        """Keep an invitation in place of older ones of the same name; wrong tries are forgiven."""
        table = tables.invites
        with schema.store_errors(), self._engine.begin() as connection:
            connection.execute(delete(table).where((table.c.name == name) | (table.c.until <= now)))
            row = {"ref": ref, "name": name, "made_by": who, "made_at": now, "until": until}
            connection.execute(insert(table).values(row))
            _log(connection, who, "invite", name)

    def invited(self, ref: str, now: datetime) -> str | None:
        """Whom an open invitation is for."""
        table = tables.invites.c
        query = select(table.name).where(table.ref == ref, table.until > now)
        with schema.store_errors(), self._engine.connect() as connection:
            return connection.execute(query).scalar()

    def redeem(self, ref: str, name: str, password: str, now: datetime) -> bool:
        """Use an invitation up and set the password; False when somebody was quicker."""
        table = tables.invites
        with schema.store_errors(), self._engine.begin() as connection:
            if not connection.execute(delete(table).where(table.c.ref == ref)).rowcount:
                return False
            _set_password(connection, name, password, now)
            return True

    def set_password(self, name: str, password: str, now: datetime) -> None:
        """Replace a password and end the person's sessions."""
        with schema.store_errors(), self._engine.begin() as connection:
            _set_password(connection, name, password, now)

    def password(self, name: str) -> str | None:
        """The stored hash."""
        table = tables.credentials.c
        with schema.store_errors(), self._engine.connect() as connection:
            return connection.execute(select(table.password).where(table.name == name)).scalar()

    def accounts(self, now: datetime) -> dict[str, tuple[bool, datetime | None]]:
        """By name: whether there is a password, and until when an invitation is open."""
        invite = tables.invites.c
        with schema.store_errors(), self._engine.connect() as connection:
            known = set(connection.execute(select(tables.credentials.c.name)).scalars())
            query = select(invite.name, invite.until).where(invite.until > now)
            open_until = {row.name: aware(row.until) for row in connection.execute(query)}
        return {name: (name in known, open_until.get(name)) for name in known | open_until.keys()}

    def close(self, name: str, who: str) -> bool:
        """Remove password, invitations and sessions; whether there were any."""
        with schema.store_errors(), self._engine.begin() as connection:
            gone = sum(
                connection.execute(delete(table).where(table.c.name == name)).rowcount
                for table in (tables.credentials, tables.invites, tables.sessions)
            )
            if gone:
                _log(connection, who, "account_gone", name)
        return bool(gone)

    # --- wrong tries

    def try_once(self, ref: str, now: datetime, since: datetime, most: int) -> bool:
        """Count a try unless there were ``most`` since then; whether it may go on."""
        table = tables.tries
        with schema.store_errors(), self._engine.begin() as connection:
            connection.execute(delete(table).where(table.c.at < since))
            connection.execute(insert(table).values(ref=ref, at=now))
            counted = _tries(connection, ref, since)
            if counted > most:
                newest = select(func.max(table.c.id)).where(table.c.ref == ref).scalar_subquery()
                connection.execute(delete(table).where(table.c.id == newest))
        return counted <= most

    def tries(self, ref: str, since: datetime) -> int:
        """How many wrong tries there were since then."""
        with schema.store_errors(), self._engine.connect() as connection:
            return _tries(connection, ref, since)

    def forgive(self, ref: str) -> None:
        """Forget the wrong tries."""
        with schema.store_errors(), self._engine.begin() as connection:
            connection.execute(delete(tables.tries).where(tables.tries.c.ref == ref))

    def locked(self, name: str) -> None:
        """Say in the log that somebody is locked out."""
        with schema.store_errors(), self._engine.begin() as connection:
            _log(connection, name, "locked", name)

    # --- sessions

    def begin(self, ref: str, name: str, now: datetime, until: datetime) -> None:
        """Keep a new session; ended ones are swept on the way."""
        table = tables.sessions
        row = {"ref": ref, "name": name, "made_at": now, "seen_at": now, "expires_at": until}
        with schema.store_errors(), self._engine.begin() as connection:
            connection.execute(delete(table).where(table.c.expires_at <= now))
            connection.execute(insert(table).values(row))
            _log(connection, name, "sign_in", name)

    def session(self, ref: str) -> SessionRow | None:
        """One session, over or not."""
        query = select(tables.sessions).where(tables.sessions.c.ref == ref)
        with schema.store_errors(), self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else _session_row(row)

    def sessions(self, name: str) -> list[SessionRow]:
        """A person's sessions, over or not, newest first."""
        table = tables.sessions
        query = select(table).where(table.c.name == name).order_by(table.c.made_at.desc())
        with schema.store_errors(), self._engine.connect() as connection:
            return [_session_row(row) for row in connection.execute(query)]

    def seen(self, ref: str, now: datetime) -> None:
        """Remember that a session was used."""
        table = tables.sessions
        with schema.store_errors(), self._engine.begin() as connection:
            connection.execute(update(table).where(table.c.ref == ref).values(seen_at=now))

    def end(self, ref: str, now: datetime) -> None:
        """End one session, and sweep those that are over."""
        table = tables.sessions
        with schema.store_errors(), self._engine.begin() as connection:
            name = connection.execute(select(table.c.name).where(table.c.ref == ref)).scalar()
            connection.execute(
                delete(table).where((table.c.ref == ref) | (table.c.expires_at <= now))
            )
            if name:
                _log(connection, name, "sign_out", name)

    def end_all(self, name: str, who: str) -> int:
        """End all sessions of a person; how many there were."""
        table = tables.sessions
        with schema.store_errors(), self._engine.begin() as connection:
            gone = connection.execute(delete(table).where(table.c.name == name)).rowcount
            _log(connection, who, "sign_out_all", name)
        return int(gone)


def _set_password(connection: Connection, name: str, password: str, now: datetime) -> None:
    table = tables.credentials
    connection.execute(delete(table).where(table.c.name == name))
    connection.execute(insert(table).values(name=name, password=password, changed_at=now))
    connection.execute(delete(tables.sessions).where(tables.sessions.c.name == name))
    _log(connection, name, "password", name)


def _tries(connection: Connection, ref: str, since: datetime) -> int:
    table = tables.tries.c
    query = select(func.count()).select_from(tables.tries)
    return int(connection.execute(query.where(table.ref == ref, table.at >= since)).scalar_one())


def _session_row(row: object) -> SessionRow:
    made, seen, expires = (
        aware(getattr(row, name)) for name in ("made_at", "seen_at", "expires_at")
    )
    ref, name = (str(getattr(row, column)) for column in ("ref", "name"))
    return SessionRow(ref=ref, name=name, made_at=made, seen_at=seen, expires_at=expires)


def _log(connection: Connection, who: str, action: Event, name: str) -> None:
    write_log(connection, who, action, "", detail={"name": name})
