"""One-time codes: who may enter one, when, and how often."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.errors import NotFoundError
from bot.model import Joining, UserId
from bot.ports import LINK_LASTS, LINK_TRIES, LINK_TRIES_IN
from bot.store import PersonStore
from tests.store.linking import CODE, OTHER, enter, joined
from tests.store.samples import NOON, later

# --- codes


async def test_a_code_joins_two_accounts_once(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """Whoever enters the code becomes the person who made it; nobody else after them."""
    await joined(store, ann)
    assert await store.user_for("discord", "9") == ann
    assert await store.user_for("telegram", "1") == ann
    assert await store.platforms(ann) == ["telegram", "discord"]
    assert await store.platforms(ann_too) == []
    assert (await enter(store, account="10")).verdict == "refused"


async def test_an_account_that_never_wrote_can_enter_a_code(
    store: PersonStore, ann: UserId
) -> None:
    """The very first message of an account may be the code."""
    await joined(store, ann)
    assert await store.user_for("discord", "9") == ann


@pytest.mark.parametrize("after", [LINK_LASTS, LINK_LASTS * 2], ids=["the minute", "later"])
async def test_a_code_expires(store: PersonStore, ann: UserId, after: timedelta) -> None:
    """Ten minutes after it was made, a code is as good as any wrong one."""
    await store.offer_link(ann, CODE, now=NOON)
    assert await enter(store, now=NOON + after) == await enter(store, OTHER)
    await store.offer_link(ann, CODE, now=NOON)
    just = NOON + LINK_LASTS - timedelta(seconds=1)
    assert (await enter(store, now=just)).verdict == "joined"


async def test_a_new_code_ends_the_one_before(store: PersonStore, ann: UserId) -> None:
    """A person has one open code; making it twice is no trouble."""
    await store.offer_link(ann, OTHER, now=NOON)
    await store.offer_link(ann, CODE, now=NOON)
    assert (await enter(store, OTHER)).verdict == "refused"
    assert (await enter(store)).verdict == "joined"


async def test_ones_own_code_does_nothing(store: PersonStore, ann: UserId) -> None:
    """Entered where it was made, a code says so, is not used up and counts as no wrong try."""
    await store.offer_link(ann, CODE, now=NOON)
    for _ in range(LINK_TRIES + 1):
        own = await store.join(CODE, platform="telegram", account="1", now=NOON)
        assert own == Joining(verdict="own", user=ann)
    assert (await enter(store)).verdict == "joined"


async def test_wrong_tries_run_out(store: PersonStore, ann: UserId, ann_too: UserId) -> None:
    """After five wrong codes even the right one waits an hour, for this account alone."""
    await store.offer_link(ann, CODE, now=later(59))
    for n in range(LINK_TRIES):
        assert (await enter(store, f"WRONG{n}", now=later(n))).verdict == "refused"
    assert await enter(store, now=later(59)) == Joining(verdict="locked")
    assert await store.user_for("discord", "9") == ann_too
    assert (await enter(store, "WRONG", account="10", now=later(59))).verdict == "refused"
    freed = NOON + LINK_TRIES_IN  # the first try is an hour old
    assert (await enter(store, now=freed)).verdict == "joined"


async def test_asking_to_be_forgotten_frees_no_tries(store: PersonStore, ann_too: UserId) -> None:
    """The count is the account's, so a new start is no new chance."""
    for _ in range(LINK_TRIES):
        await enter(store, OTHER)
    await store.forget(ann_too)
    await store.user_for("discord", "9")
    assert (await enter(store, OTHER)).verdict == "locked"


async def test_a_code_goes_with_its_person(store: PersonStore, ann: UserId) -> None:
    """A forgotten person's code leads nowhere, and they make no new one."""
    await store.offer_link(ann, CODE, now=NOON)
    await store.forget(ann)
    assert (await enter(store)).verdict == "refused"
    with pytest.raises(NotFoundError):
        await store.offer_link(ann, CODE, now=NOON)


async def test_one_code_entered_by_two_at_once(store: PersonStore, ann: UserId) -> None:
    """Two accounts with the same code: one joins, the other is told it is no good."""
    await store.offer_link(ann, CODE, now=NOON)
    for account in ("9", "10"):
        await store.user_for("discord", account)
    tries = [
        store.join(CODE, platform="discord", account=account, now=NOON) for account in ("9", "10")
    ]
    assert sorted(one.verdict for one in await asyncio.gather(*tries)) == ["joined", "refused"]
    assert len(await store.platforms(ann)) == 2


async def test_two_people_who_enter_each_others_codes(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """Crossing codes end in one person, whichever way round, and in no standstill."""
    await store.offer_link(ann, CODE, now=NOON)
    await store.offer_link(ann_too, OTHER, now=NOON)
    first, second = await asyncio.gather(
        store.join(CODE, platform="discord", account="9", now=NOON),
        store.join(OTHER, platform="telegram", account="1", now=NOON),
        return_exceptions=True,
    )
    verdicts = {getattr(one, "verdict", "moved") for one in (first, second)}
    assert verdicts <= {"joined", "refused", "moved"}
    assert "joined" in verdicts
    assert await store.user_for("discord", "9") == await store.user_for("telegram", "1")
