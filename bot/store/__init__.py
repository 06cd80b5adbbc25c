"""What Salus remembers: people, turns, observations, votes; encrypted, exportable, erasable.

This package is the only one that knows SQLAlchemy, alembic and the ciphers, and importing it
loads none of them: ``open_store`` does. Everything it raises is a StoreError, a NotFoundError
or, for an unusable database address, a SettingsError.

    crypto.py      the key ring outside the database, and the sealing of every personal field
    codec.py       values <-> plain columns and sealed bodies
    tables.py      the tables; personal columns accept nothing but sealed bytes
    database.py    connections, transactions, waiting, errors
    queue.py       this process's writers, one at a time
    inline.py      SQLite without a thread hop for every statement; served.py: PostgreSQL
    migrate.py     alembic, run in code; migrations/ are the revisions
    sql.py         the store itself: opening, export, forgetting, key rotation; over
    curating.py    accounts that look after the knowledge, over
    joining.py     linking accounts (merging.py moves the rows), over
    records.py     what was said, measured and voted, over
    people.py      who is who, what they told and agreed to
    lessons.py     what may be learned from, and what is masked in it
    gaps.py        questions that were not helped; cited.py: votes by passage
    mailbox.py     what was accepted and what is owed (with outbox.py and letters.py)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from bot.ids import new_id
from bot.model import ObservationId, UserId
from bot.ports import Reports, Store
from bot.store.crypto import KeyRing

if TYPE_CHECKING:
    from bot.store.sql import SqlStore

__all__ = ["Consent", "KeyRing", "PersonStore", "load_libraries", "new_id", "open_store"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One agreement to one purpose. ``withdrawn_at`` is None while it holds."""

    purpose: str
    given_at: datetime
    withdrawn_at: datetime | None = None
    wording: str = ""  # version of the sentence that was agreed to


class PersonStore(Store, Reports, Protocol):
    """The dialogue's Store and what the composition root, adapters and reports need besides."""

    async def user_for(self, platform: str, external_id: str) -> UserId: ...
    async def link(self, user: UserId, platform: str, external_id: str) -> UserId | None: ...
    async def unlink(self, user: UserId, platform: str, external_id: str) -> None: ...
    async def consents(self, user: UserId) -> list[Consent]: ...
    async def last_logged(self, user: UserId) -> list[ObservationId]: ...


def load_libraries() -> None:
    """Import what the database needs (a second or so); call it in a thread, ahead of open_store."""
    import cryptography.hazmat.primitives.ciphers.aead  # noqa: F401

    import bot.store.sql  # noqa: F401


async def open_store(
    url: str, *, keys: KeyRing, wait_s: float = 5.0, consent_wording: str = ""
) -> SqlStore:
    """Open (and, where needed, create or migrate) the database; see SqlStore.open."""
    from bot.store.sql import SqlStore

    return await SqlStore.open(url, keys=keys, wait_s=wait_s, consent_wording=consent_wording)
