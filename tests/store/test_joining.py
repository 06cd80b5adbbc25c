"""What joining and parting do to what was kept."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import NotFoundError
from bot.model import Address, Feedback, Platform, Profile, UserId
from bot.store import PersonStore, new_id
from tests.store.linking import GUILD, HOME, OTHER, joined
from tests.store.samples import NOON, any_observation, any_turn, in_utc, later, turn, weight
from tests.store.test_contract import fill

# --- what was kept


async def test_everything_moves_over(store: PersonStore, ann: UserId, ann_too: UserId) -> None:
    """Readings, conversations and votes of both are one person's, whole and in their places."""
    said, voted = turn(ann_too, "theirs", place=GUILD), turn(ann, "mine", place=HOME)
    await store.add_turn(said)
    await store.add_turn(voted)
    await store.vote(Feedback(turn=said.id, user=ann_too, vote="down", at=NOON, reason="long"))
    await store.vote(Feedback(turn=voted.id, user=ann, vote="up", at=later(1)))
    await store.add_observations(ann_too, [weight(70, at=later(-5))])
    await store.add_observations(ann, [weight(71)])
    await joined(store, ann)
    assert await store.turn(ann, said.id) == replace(said, user=ann)
    there = await store.history(ann, platform="discord", chat="9", limit=9)
    assert [t.asked for t in there] == ["theirs"]
    here = await store.history(ann, platform="telegram", chat="1", limit=9)
    assert [t.asked for t in here] == ["mine"]
    assert [o.value for o in await store.observations(ann)] == [70, 71]
    assert [(v.user, v.vote, v.reason) for v in await store.votes()] == [
        (ann, "down", "long"),
        (ann, "up", ""),
    ]
    assert await store.votes(ann) == await store.votes()


async def test_the_makers_reading_wins_at_the_same_moment(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """One night told on both sides is one night; another kind of that moment stays."""
    await store.add_observations(ann, [weight(70)])
    await store.add_observations(ann_too, [weight(99), weight(61, kind="heart_rate")])
    await joined(store, ann)
    found = await store.observations(ann)
    assert sorted((o.kind, o.value) for o in found) == [("heart_rate", 61), ("weight", 70)]


async def test_undo_still_finds_the_newest_batch(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """After joining, "undo" takes back what was logged last, on whichever side."""
    await store.add_observations(ann, [weight(1)])
    last = await store.add_observations(ann_too, [weight(2, at=later(1))])
    await joined(store, ann)
    assert await store.last_logged(ann) == last
    assert await store.remove_observations(ann, last) == 1


async def test_the_makers_settings_win_and_gaps_are_filled(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """Language and facts of the account that made the code stay; what it lacked comes along."""
    await store.save_profile(
        Profile(user=ann, lang="zh", facts={"age": "34"}, pending={"ask": "x"})
    )
    await store.save_profile(
        Profile(
            user=ann_too, lang="en", country="PT", tz="Asia/Shanghai",
            facts={"age": "99", "pregnant": "no"}, pending={"forget": "now"}, greeted=True,
        )
    )  # fmt: skip
    await joined(store, ann)
    assert await store.profile(ann) == Profile(
        user=ann, lang="zh", country="PT", tz="Asia/Shanghai",
        facts={"age": "34", "pregnant": "no"}, pending={"ask": "x"}, greeted=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mine", "theirs", "taken_back", "after"),
    [
        ({"learn"}, set(), set(), {"learn"}),
        (set(), {"learn"}, set(), set()),
        ({"learn", "store"}, {"learn", "x"}, set(), {"learn", "store"}),
        ({"learn", "store"}, {"learn"}, {"learn"}, {"store"}),
        (set(), set(), {"learn"}, set()),
    ],
    ids=["maker agreed", "other agreed", "both", "other took it back", "nobody"],
)
async def test_agreements_never_grow_by_joining(
    store: PersonStore,
    ann: UserId,
    ann_too: UserId,
    mine: set[str],
    theirs: set[str],
    taken_back: set[str],
    after: set[str],
) -> None:
    """What the maker agreed to stands, unless the other side said no; nothing is added."""
    await store.save_profile(Profile(user=ann, consents=frozenset(mine)))
    await store.save_profile(Profile(user=ann_too, consents=frozenset(theirs | taken_back)))
    await store.save_profile(Profile(user=ann_too, consents=frozenset(theirs - taken_back)))
    await joined(store, ann)
    assert (await store.profile(ann)).consents == after
    found = await store.consents(ann)
    assert len(found) == len(mine) + len(theirs | taken_back), "the history of both is kept"
    assert {c.purpose for c in found if c.withdrawn_at is None} == after


async def test_the_joined_person_is_gone(store: PersonStore, ann: UserId, ann_too: UserId) -> None:
    """Their id takes nothing any more; what an answer under way writes fails by its right name."""
    await fill(store, ann_too, "canary")
    await joined(store, ann)
    assert await store.profile(ann_too) == Profile(user=ann_too)
    for write in (
        store.add_turn(turn(ann_too)),
        store.add_observations(ann_too, [weight()]),
        store.save_profile(Profile(user=ann_too)),
        store.offer_link(ann_too, OTHER, now=NOON),
    ):
        with pytest.raises(NotFoundError):
            await write
    assert json.dumps(await store.export(ann_too)).count("canary") == 0


async def test_export_lists_every_linked_platform(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """The person's own copy says which accounts are theirs, and holds what both had."""
    await fill(store, ann_too, "canary")
    await joined(store, ann)
    found = await store.export(ann)
    assert [a["platform"] for a in found["accounts"]] == ["telegram", "discord"]  # type: ignore[attr-defined]
    assert json.dumps(found).count("canary") == 8


async def test_all_accounts_of_the_joiner_come_along(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """Two accounts linked before stay linked when one of them enters a code."""
    await store.link(ann_too, "console", "me")
    await joined(store, ann)
    assert await store.user_for("console", "me") == ann
    assert sorted(await store.platforms(ann)) == ["console", "discord", "telegram"]


async def test_forgetting_after_joining_forgets_both(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """One "forget me" and nothing of either side is left."""
    await fill(store, ann_too, "canary")
    await joined(store, ann)
    await store.forget(ann)
    assert await store.votes() == []
    new = {await store.user_for("telegram", "1"), await store.user_for("discord", "9")}
    assert len(new) == 2
    assert not new & {ann, ann_too}


# --- parting


async def test_parting_makes_a_new_empty_person(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """The account starts anew; what was kept stays with the other."""
    await store.add_observations(ann_too, [weight()])
    await joined(store, ann)
    assert await store.part(ann, platform="discord", account="9")
    fresh = await store.user_for("discord", "9")
    assert fresh not in {ann, ann_too}
    assert await store.observations(fresh) == []
    assert len(await store.observations(ann)) == 1
    assert await store.platforms(ann) == ["telegram"]


async def test_an_only_account_cannot_part(store: PersonStore, ann: UserId) -> None:
    """Nobody's data are left without an account, and nobody parts another's account."""
    assert not await store.part(ann, platform="telegram", account="1")
    assert await store.user_for("telegram", "1") == ann
    bob = await store.user_for("discord", "bob")
    with pytest.raises(NotFoundError):
        await store.part(ann, platform="discord", account="bob")
    assert await store.user_for("discord", "bob") == bob


async def test_two_accounts_that_part_at_once(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """One of the two keeps the data, however the messages cross."""
    await store.add_observations(ann, [weight()])
    await joined(store, ann)
    done = await asyncio.gather(
        store.part(ann, platform="discord", account="9"),
        store.part(ann, platform="telegram", account="1"),
    )
    assert sorted(done) == [False, True]
    assert len(await store.platforms(ann)) == 1


# --- whatever people have


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_anything_moves_whole(store: PersonStore, data: st.DataObject) -> None:
    """Whatever two people had, the one they become has all of it, word for word."""
    maker_account, joiner_account = new_id(), new_id()
    maker = await store.user_for("telegram", maker_account)
    joiner = await store.user_for("discord", joiner_account)
    turns, kept = [], []
    for person in (maker, joiner):
        for one in data.draw(st.lists(any_turn(person), max_size=3)):
            await store.add_turn(one)
            turns.append(one)
        readings = data.draw(st.lists(any_observation, max_size=3))
        ids = await store.add_observations(person, readings)
        taken = {(o.kind, o.at) for o in kept} if person == joiner else set()
        kept += [
            in_utc(replace(o, id=i))
            for o, i in zip(readings, ids, strict=True)
            if (o.kind, in_utc(o).at) not in taken
        ]
    code = new_id()
    await store.offer_link(maker, code, now=NOON)
    done = await store.join(code, platform="discord", account=joiner_account, now=NOON)
    assert done.verdict == "joined"
    for one in turns:
        assert in_utc(await store.turn(maker, one.id)) == in_utc(replace(one, user=maker))
    found = await store.observations(maker)
    assert sorted(found, key=lambda o: str(o.id)) == sorted(kept, key=lambda o: str(o.id))


async def test_where_linked_accounts_are_written_to_goes_with_them(
    store: PersonStore, ann: UserId, ann_too: UserId
) -> None:
    """Joining brings both addresses together, parting and forgetting drop them."""

    def at(platform: Platform, account: str) -> Address:
        return Address(platform=platform, account=account, chat=account, office="42", lang="zh")

    phone, desk = at("telegram", "1"), at("discord", "9")
    await store.keep_address(ann, at("telegram", "1"))
    await store.keep_address(ann, phone)
    await store.keep_address(ann_too, desk)
    await joined(store, ann)
    assert sorted(await store.addresses(ann), key=lambda a: a.account) == [phone, desk]
    assert await store.addresses(ann_too) == []
    assert await store.part(ann, platform="discord", account="9")
    assert await store.addresses(ann) == [phone]
    await store.forget(ann)
    assert await store.addresses(ann) == []
