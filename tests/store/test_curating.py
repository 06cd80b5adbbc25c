"""Accounts that look after the knowledge: codes, binding, revoking; real store and fake."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.model import Curator, UserId
from bot.ports import LINK_LASTS, LINK_TRIES
from bot.store import PersonStore
from tests.store.samples import NOON

CODE, OTHER = "K7MWQ3PR", "ABCD2345"


@pytest.fixture
async def ada(store: PersonStore) -> UserId:
    """A person on Telegram."""
    return await store.user_for("telegram", "1")


def account(number: str = "1") -> Curator:
    """The account that enters a code; its name comes from the code."""
    return Curator(
        name="", platform="telegram", account=number, chat=number, office="42", lang="en",
        since=NOON,
    )  # fmt: skip


async def test_a_code_binds_the_account_that_enters_it_once(
    store: PersonStore, ada: UserId
) -> None:
    """Weighing says what entering does; the account has the name, a second try is refused."""
    await store.offer_desk("ada", CODE, now=NOON)
    weighed = await store.weigh_desk(CODE, platform="telegram", account="1", now=NOON)
    done = await store.enter_desk(CODE, account(), user=ada, now=NOON)
    assert weighed == done
    assert (done.verdict, done.name) == ("bound", "ada")
    known = await store.curator("telegram", "1")
    assert known is not None
    assert (known.name, known.chat, known.office, known.since) == ("ada", "1", "42", NOON)
    assert await store.curators() == [known]
    assert (await store.enter_desk(CODE, account("2"), user=ada, now=NOON)).verdict == "refused"
    assert await store.curator("telegram", "2") is None


async def test_codes_end_and_wrong_ones_are_counted(store: PersonStore, ada: UserId) -> None:
    """A new code ends the one before, ten minutes end any; after five wrong ones it is locked."""
    await store.offer_desk("ada", OTHER, now=NOON)
    await store.offer_desk("ada", CODE, now=NOON)
    assert (await store.enter_desk(OTHER, account(), user=ada, now=NOON)).verdict == "refused"
    late = NOON + LINK_LASTS + timedelta(seconds=1)
    weighed = await store.weigh_desk(CODE, platform="telegram", account="1", now=late)
    assert weighed.verdict == "refused"
    for _ in range(LINK_TRIES - 1):
        await store.enter_desk("ZZZZZZZZ", account(), user=ada, now=NOON)
    assert (await store.enter_desk(CODE, account(), user=ada, now=NOON)).verdict == "locked"
    assert (await store.weigh_link(CODE, platform="telegram", account="1", now=NOON)).verdict == (
        "locked"
    )


async def test_bindings_are_revoked_by_name_or_account(store: PersonStore, ada: UserId) -> None:
    """Removing a name takes all of its accounts and its open code; one account takes itself."""
    for number in ("1", "2", "3"):
        await store.offer_desk("ada" if number != "3" else "rob", CODE, now=NOON)
        await store.enter_desk(CODE, account(number), user=ada, now=NOON)
    assert await store.leave_desk(platform="telegram", account="3") == 1
    await store.offer_desk("ada", CODE, now=NOON)
    assert await store.leave_desk(name="ada") == 2
    assert await store.curators() == []
    assert (await store.enter_desk(CODE, account(), user=ada, now=NOON)).verdict == "refused"


async def test_forgetting_and_joining_end_a_binding(store: PersonStore, ada: UserId) -> None:
    """It is in the export, goes with /forget, and an account that joins somebody loses it."""
    await store.offer_desk("ada", CODE, now=NOON)
    await store.enter_desk(CODE, account(), user=ada, now=NOON)
    assert (await store.export(ada))["looks_after_knowledge_as"] == ["ada"]
    other = await store.user_for("discord", "9")
    await store.offer_link(other, OTHER, now=NOON)
    await store.join(OTHER, platform="telegram", account="1", now=NOON)
    assert await store.curator("telegram", "1") is None
    await store.offer_desk("ada", CODE, now=NOON)
    await store.enter_desk(CODE, account(), user=other, now=NOON)
    await store.forget(other)
    assert await store.curators() == []
