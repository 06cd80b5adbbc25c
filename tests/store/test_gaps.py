"""What leaves the store for the report on knowledge gaps, and what never does."""

from __future__ import annotations

import pytest

from bot.errors import InputError
from bot.model import Feedback, Place, Profile, UserId
from bot.store.gaps import unhelped
from bot.store.sql import SqlStore
from tests.store.samples import NOON, later, turn

CONSOLE = Place(platform="console", chat="local")


async def person(store: SqlStore, name: str, *consents: str, platform: str = "telegram") -> UserId:
    """Somebody with these agreements."""
    user = await store.user_for(platform, name)
    await store.save_profile(Profile(user=user, consents=frozenset(consents)))
    return user


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
async def test_only_what_was_agreed_to_and_not_helped_leaves(sql_store: SqlStore) -> None:
    """Nothing found or a thumbs down, of people who agreed, answers only, masked, oldest first."""
    yes = await person(sql_store, "1", "store", "learn")
    no = await person(sql_store, "2", "store")
    bad = turn(yes, "Is my 13800138000 gout pill safe?", at=later(1))
    kept = [
        turn(yes, "What is zorbitis? Mail me at a@b.org", relevant=False),
        bad,
        turn(yes, "How much water?", at=later(2)),
        turn(yes, "I want to die", kind="crisis", relevant=False, at=later(3)),
        turn(no, "My secret disease", relevant=False, at=later(4)),
        turn(yes, "On Discord", relevant=False, at=later(5),
             place=Place(platform="discord", chat="1")),
        turn(yes, "  ", relevant=False, at=later(6)),
    ]  # fmt: skip
    for one in kept:
        await sql_store.add_turn(one)
    await sql_store.vote(Feedback(turn=bad.id, user=yes, vote="down", at=NOON))
    found = await unhelped(sql_store)
    assert [(u.why, u.who) for u in found] == [("nothing", yes), ("down", yes)]
    assert found[0].text == "What is zorbitis? Mail me at [email]"
    assert "13800138000" not in found[1].text
    assert [u.why for u in await unhelped(sql_store, since=later(1))] == ["down"]


async def test_an_agreement_taken_back_counts_at_once(sql_store: SqlStore) -> None:
    """Whoever withdraws is not in the next report."""
    user = await person(sql_store, "1", "learn")
    await sql_store.add_turn(turn(user, "What is zorbitis?", relevant=False))
    assert len(await unhelped(sql_store)) == 1
    await sql_store.save_profile(Profile(user=user))
    assert await unhelped(sql_store) == []


async def test_ones_own_terminal_shows_everything_of_ones_own(sql_store: SqlStore) -> None:
    """Alone at a terminal no agreement is needed; with a second person it is refused."""
    user = await person(sql_store, "local", platform="console")
    text = "Is 13800138000 a phone number?"
    await sql_store.add_turn(turn(user, text, relevant=False, place=CONSOLE))
    assert [u.text for u in await unhelped(sql_store, own=True)] == [text]
    await person(sql_store, "2")
    with pytest.raises(InputError):
        await unhelped(sql_store, own=True)


async def test_one_person_on_telegram_is_no_terminal(sql_store: SqlStore) -> None:
    """A bot with a single user does not show that user's words to its operator."""
    user = await person(sql_store, "1")
    await sql_store.add_turn(turn(user, "What is zorbitis?", relevant=False))
    assert await unhelped(sql_store, own=True) == []
