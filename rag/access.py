"""Signing in to the admin page: invitations, passwords, sessions, locks. No transport in it.

Invitation codes and session tokens are random, given out once and kept as SHA-256; passwords
as scrypt. Who may do what stays the desk's business: a session only says who somebody is.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rag import passwords, versions_rules
from rag.access_model import (
    IDLE,
    INVITE_LASTS,
    LONGEST,
    SESSION_LASTS,
    SHORTEST,
    TRIES,
    TRIES_IN,
    AccessError,
    Account,
    Session,
)
from rag.access_store import AccessStore
from rag.passwords import COST, Cost
from rag.versions_model import UnknownError

if TYPE_CHECKING:
    from rag.access_store import SessionRow
    from rag.library import Knowledge
    from rag.versions_model import Person, Role

Clock = Callable[[], datetime]


class Access:
    """Who can sign in to one knowledge base; made by ``Knowledge.access``.

    Methods block (a password costs a fifth of a second) and may raise KnowledgeStoreError.
    """

    def __init__(
        self, knowledge: Knowledge, *, clock: Clock | None = None, cost: Cost = COST
    ) -> None:
        """``clock`` gives aware times."""
        self._desk = knowledge.desk()
        self._rows = AccessStore(knowledge.upkeep.store)
        self._now = clock or (lambda: datetime.now(UTC))
        self._cost = cost
        self._nobody = passwords.hashed(secrets.token_hex(), cost)

    # --- invitations and passwords -------------------------------------------

    def invite(self, name: str, *, who: str, role: Role | None = None) -> str:
        """A one-time code with which ``name`` chooses a password; older codes end.

        ``role`` is given along. RefusedError unless ``who`` may manage people; UnknownError
        where others have roles and ``name`` has none and gets none.
        """
        name = versions_rules.name_of(name)
        versions_rules.require(self._desk.people(), who, "people")
        if role is not None and _role(self._desk.people(), name) != role:
            self._desk.set_person(name, role, who=who)
        people = self._desk.people()
        if people and _role(people, name) is None:
            raise UnknownError("kb.unknown.person", name=name)
        code = secrets.token_urlsafe(18)
        self._rows.invite(_ref(code), name, who, self._now(), self._now() + INVITE_LASTS)
        return code

    def invited(self, code: str) -> str:
        """Whom a code was made for; AccessError when it is wrong, used or too old."""
        name = self._rows.invited(_ref(code.strip()), self._now())
        if name is None:
            raise AccessError("web.refused.code")
        return name

    def redeem(self, code: str, password: str) -> str:
        """Set the password of whom the code was made for and end their sessions; the name."""
        name = self.invited(code)
        _strong(password, name)
        kept = passwords.hashed(_normal(password), self._cost)
        if not self._rows.redeem(_ref(code.strip()), name, kept, self._now()):
            raise AccessError("web.refused.code")
        return name

    def change_password(self, name: str, old: str, new: str) -> None:
        """Replace one's own password; every session of the person ends."""
        self._checked(name, old)
        _strong(new, name)
        self._rows.set_password(name, passwords.hashed(_normal(new), self._cost), self._now())

    # --- sessions ------------------------------------------------------------

    def sign_in(self, name: str, password: str) -> str:
        """A new session's token. AccessError: one sentence for a wrong name and a wrong
        password, another for a lock after too many tries."""
        name = name.strip()
        self._checked(name, password)
        people = self._desk.people()
        if people and _role(people, name) is None:
            raise AccessError("web.refused.sign_in")
        token = secrets.token_urlsafe(32)
        self._rows.begin(_ref(token), name, self._now(), self._now() + SESSION_LASTS)
        return token

    def session(self, token: str) -> Session | None:
        """The session of a token; None when it ended, timed out, or its person lost their role."""
        row = self._rows.session(_ref(token)) if token else None
        now = self._now()
        if row is None or now >= row.expires_at or now - row.seen_at >= IDLE:
            return None
        people = self._desk.people()
        role = _role(people, row.name)
        if people and role is None:
            return None
        if (now - row.seen_at).total_seconds() >= 60:
            self._rows.seen(row.ref, now)
        return _session(row, role)

    def sessions(self, name: str) -> list[Session]:
        """A person's open sessions, newest first."""
        now = self._now()
        role = _role(self._desk.people(), name)
        rows = self._rows.sessions(name)
        return [_session(r, role) for r in rows if now < r.expires_at and now - r.seen_at < IDLE]

    def sign_out(self, token: str) -> None:
        """End one session."""
        self._rows.end(_ref(token), self._now())

    def sign_out_everywhere(self, name: str, *, who: str) -> int:
        """End all sessions of a person: one's own, or with the right to manage people."""
        if name != who:
            versions_rules.require(self._desk.people(), who, "people")
        return self._rows.end_all(name, who)

    def accounts(self) -> list[Account]:
        """Everybody who has a password or an open invitation, by name."""
        now = self._now()
        return [
            Account(
                name=name, password=password, invited_until=until,
                sessions=len(self.sessions(name)),
                locked=self._rows.tries(_ref(name), now - TRIES_IN) >= TRIES,
            )
            for name, (password, until) in sorted(self._rows.accounts(now).items())
        ]  # fmt: skip

    def close_account(self, name: str, *, who: str) -> None:
        """Take password, invitations and sessions away; UnknownError if there are none."""
        versions_rules.require(self._desk.people(), who, "people")
        if not self._rows.close(name, who):
            raise UnknownError("kb.unknown.person", name=name)

    # --- the inside ----------------------------------------------------------

    def _checked(self, name: str, password: str) -> None:
        """AccessError unless the password is right; wrong tries are counted by name.

        The try is counted before the password is looked at, so that many at once cannot slip
        through; an unknown name costs the same time as a known one.
        """
        now, ref = self._now(), _ref(name)
        if not self._rows.try_once(ref, now, now - TRIES_IN, TRIES):
            raise AccessError(
                "web.refused.locked", minutes=str(int(TRIES_IN.total_seconds() // 60))
            )
        stored = self._rows.password(name)
        right = len(password) <= LONGEST and passwords.fits(
            _normal(password), stored or self._nobody
        )
        if not (stored and right):
            if stored and self._rows.tries(ref, now - TRIES_IN) >= TRIES:
                self._rows.locked(name)
            raise AccessError("web.refused.sign_in")
        self._rows.forgive(ref)


def _role(people: list[Person], name: str) -> Role | None:
    return versions_rules.role_of(people, name)


def _session(row: SessionRow, role: Role | None) -> Session:
    return Session(
        id=row.ref[:12], name=row.name, role=role, made_at=row.made_at, seen_at=row.seen_at
    )


def _ref(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _normal(password: str) -> str:
    """One spelling for what looks the same, however a keyboard composes it."""
    return unicodedata.normalize("NFKC", password)


def _strong(password: str, name: str) -> None:
    """AccessError for what is too short, too long, or the person's own name over again."""
    if not SHORTEST <= len(_normal(password)) <= LONGEST:
        raise AccessError("web.refused.length", shortest=str(SHORTEST), longest=str(LONGEST))
    rest = password.casefold().replace(name.casefold(), "")
    if len(set(rest)) < 5:
        raise AccessError("web.refused.simple")
