"""Signing in as people do it: invited, signed in, locked out, signed out, taken out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from rag import tables
from rag.access import Access
from rag.access_model import IDLE, INVITE_LASTS, SESSION_LASTS, TRIES, TRIES_IN, AccessError
from rag.library import Knowledge
from rag.passwords import COST, Cost, fits, hashed
from rag.versions_model import RefusedError, UnknownError
from tests.rag.support import Open

PASSWORD = "a long walk by the sea"
QUICK = Cost(n=2, r=1, p=1)


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 28, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, time: timedelta) -> None:
        """Let time pass."""
        self.now += time


@pytest.fixture
def knowledge(open_knowledge: Open, pages: Path) -> Knowledge:
    """The tiny knowledge base."""
    return open_knowledge(pages)


@pytest.fixture
def watch() -> Watch:
    """Noon."""
    return Watch()


@pytest.fixture
def access(knowledge: Knowledge, watch: Watch) -> Access:
    """Signing in, with cheap passwords."""
    return Access(knowledge, clock=watch, cost=QUICK)


def settle(access: Access, name: str, who: str = "root") -> None:
    """Invite somebody, who chooses PASSWORD."""
    access.redeem(access.invite(name, who=who), PASSWORD)


def test_an_invitation_leads_to_a_session(access: Access, watch: Watch) -> None:
    """Invited, password chosen, signed in; in an install of one person without a role."""
    code = access.invite("ann", who="root")
    assert access.invited(code) == "ann"
    assert access.redeem(code, PASSWORD) == "ann"
    session = access.session(access.sign_in(" ann ", PASSWORD))
    assert session is not None
    assert (session.name, session.role) == ("ann", None)
    (account,) = access.accounts()
    assert (account.name, account.password, account.sessions) == ("ann", True, 1)


def test_a_code_works_once_for_a_day_and_the_newest_only(access: Access, watch: Watch) -> None:
    """Used, replaced or old codes are all refused with the same sentence."""
    used = access.invite("ann", who="root")
    access.redeem(used, PASSWORD)
    replaced = access.invite("ann", who="root")
    newest = access.invite("ann", who="root")
    for code in (used, replaced, "", "nonsense"):
        with pytest.raises(AccessError) as refused:
            access.redeem(code, PASSWORD)
        assert refused.value.key == "web.refused.code"
    watch.wait(INVITE_LASTS)
    with pytest.raises(AccessError):
        access.redeem(newest, PASSWORD)


@pytest.mark.parametrize("password", ["short", "ann" * 6, "aaaaaaaaaaaaaaaa", "x" * 300])
def test_weak_passwords_are_refused_and_the_code_stays_good(access: Access, password: str) -> None:
    """Too short, one's name, one letter, too long; a better one may follow."""
    code = access.invite("ann", who="root")
    with pytest.raises(AccessError):
        access.redeem(code, password)
    assert access.redeem(code, PASSWORD) == "ann"


def test_wrong_passwords_lock_the_name_for_a_while(access: Access, watch: Watch) -> None:
    """After five wrong ones even the right one waits; unknown names behave the same."""
    settle(access, "ann")
    for name in ("ann", "nobody"):
        for _ in range(TRIES):
            with pytest.raises(AccessError) as refused:
                access.sign_in(name, "wrong wrong wrong")
            assert refused.value.key == "web.refused.sign_in"
        with pytest.raises(AccessError) as refused:
            access.sign_in(name, PASSWORD)
        assert refused.value.key == "web.refused.locked"
    assert [a.locked for a in access.accounts()] == [True]
    watch.wait(TRIES_IN + timedelta(seconds=1))
    assert access.session(access.sign_in("ann", PASSWORD))


def test_a_right_password_forgives_earlier_slips(access: Access) -> None:
    """Slips do not add up over the days."""
    settle(access, "ann")
    for _ in range(3):
        for _ in range(TRIES - 1):
            with pytest.raises(AccessError):
                access.sign_in("ann", "wrong wrong wrong")
        access.sign_in("ann", PASSWORD)


def test_sessions_end_by_idleness_age_and_wish(access: Access, watch: Watch) -> None:
    """Half an hour unused, twelve hours in all, signed out here or everywhere."""
    settle(access, "ann")
    idle = access.sign_in("ann", PASSWORD)
    watch.wait(IDLE)
    assert access.session(idle) is None
    old = access.sign_in("ann", PASSWORD)
    for _ in range(int(SESSION_LASTS / timedelta(minutes=20))):
        assert access.session(old)
        watch.wait(timedelta(minutes=20))
    assert access.session(old) is None
    here, there = access.sign_in("ann", PASSWORD), access.sign_in("ann", PASSWORD)
    access.sign_out(here)
    assert (access.session(here), bool(access.session(there))) == (None, True)
    assert access.sign_out_everywhere("ann", who="ann") == 1
    assert access.session(there) is None
    assert access.session("") is None


def test_a_new_password_ends_every_session(access: Access) -> None:
    """Whoever had the old one is out."""
    settle(access, "ann")
    token = access.sign_in("ann", PASSWORD)
    with pytest.raises(AccessError):
        access.change_password("ann", "wrong wrong wrong", "a short walk inland")
    access.change_password("ann", PASSWORD, "a short walk inland")
    assert access.session(token) is None
    assert access.sign_in("ann", "a short walk inland")


def test_roles_decide_who_gets_in(knowledge: Knowledge, access: Access) -> None:
    """With roles set, only who has one signs in; whoever loses it is out at once and for good."""
    settle(access, "eve")
    settle(access, "ann")
    token = access.sign_in("eve", PASSWORD)
    knowledge.desk().set_person("ann", "admin", who="root")
    assert access.session(token) is None
    with pytest.raises(AccessError):
        access.sign_in("eve", PASSWORD)
    with pytest.raises(RefusedError):
        access.invite("eve", who="eve")
    with pytest.raises(UnknownError):
        access.invite("eve", who="ann")
    access.redeem(access.invite("bob", who="ann", role="editor"), PASSWORD)
    bob = access.session(access.sign_in("bob", PASSWORD))
    assert bob is not None
    assert bob.role == "editor"
    with pytest.raises(RefusedError):
        access.sign_out_everywhere("ann", who="bob")
    knowledge.desk().set_person("bob", None, who="ann")
    knowledge.desk().set_person("ann", None, who="ann")
    assert [a.name for a in access.accounts()] == ["eve"]  # she never had a role to lose
    access.close_account("eve", who="root")
    with pytest.raises(UnknownError):
        access.close_account("eve", who="root")


def test_nothing_that_opens_a_door_is_kept(knowledge: Knowledge, access: Access) -> None:
    """Neither code, token nor password stands in the database."""
    code = access.invite("ann", who="root")
    access.redeem(code, PASSWORD)
    token, waiting = access.sign_in("ann", PASSWORD), access.invite("ann", who="root")
    with knowledge.upkeep.store.engine.connect() as connection:
        kept = [
            str(value)
            for table in (tables.credentials, tables.invites, tables.sessions, tables.log)
            for row in connection.execute(select(table))
            for value in row
        ]
    assert kept
    assert not [v for v in kept if any(s in v for s in (code, token, waiting, PASSWORD))]


def test_the_audit_tells_who_came_and_the_knowledge_log_does_not(
    knowledge: Knowledge, access: Access
) -> None:
    """Invitations, sign-ins and locks are in the audit, which needs the right to see it."""
    settle(access, "ann")
    access.sign_out(access.sign_in("ann", PASSWORD))
    desk = knowledge.desk()
    events = [entry.action for entry in desk.audit(who="ann")]
    assert events[:4] == ["sign_out", "sign_in", "password", "invite"]
    assert {entry.action for entry in desk.log()} == {"pages"}
    desk.set_person("bob", "admin", who="root")
    with pytest.raises(RefusedError):
        desk.audit(who="ann")


def test_the_real_hash_costs_what_it_says() -> None:
    """The costs travel with the hash, so they can be raised; two hashes never look alike."""
    first, second = hashed("secret words here", COST), hashed("secret words here", QUICK)
    assert first.startswith("scrypt$16384$8$5$")
    assert fits("secret words here", first)
    assert fits("secret words here", second)
    assert not fits("other words here", first)
    assert hashed("a", QUICK) != hashed("a", QUICK)
