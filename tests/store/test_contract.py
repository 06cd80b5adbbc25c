"""What every store promises, on the fake, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import NotFoundError, StoreError
from bot.model import Feedback, Observation, ObservationId, Place, Profile, TurnId, UserId
from bot.store import PersonStore, new_id
from bot.store.codec import mend
from tests.store.conftest import WORDING
from tests.store.samples import (
    NOON,
    any_observation,
    any_profile,
    any_turn,
    in_utc,
    later,
    turn,
    weight,
    words,
)

# One store serves all examples of a test: each example makes a person of its own.
many = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
async def ann(store: PersonStore) -> UserId:
    """A person the store has seen."""
    return await store.user_for("telegram", "1001")


@pytest.fixture
async def bob(store: PersonStore) -> UserId:
    """Somebody else."""
    return await store.user_for("telegram", "1002")


# --- people


async def test_same_account_is_same_person(store: PersonStore, ann: UserId) -> None:
    """A person is recognised on every message; another platform with that number is another."""
    assert await store.user_for("telegram", "1001") == ann
    assert await store.user_for("discord", "1001") != ann
    assert "1001" not in ann


async def test_first_messages_at_once_make_one_person(store: PersonStore) -> None:
    """Ten first messages that arrive together do not make ten people."""
    found = await asyncio.gather(*(store.user_for("discord", "77") for _ in range(10)))
    assert len(set(found)) == 1


async def test_link_makes_one_person_of_two_accounts(store: PersonStore, ann: UserId) -> None:
    """After linking, what was logged on Telegram is there on Discord; unlinking ends it."""
    await store.add_observations(ann, [weight()])
    before = await store.user_for("discord", "55")
    assert await store.link(ann, "discord", "55") == before
    assert await store.link(ann, "discord", "55") is None
    assert await store.user_for("discord", "55") == ann
    await store.unlink(ann, "discord", "55")
    assert await store.user_for("discord", "55") not in {ann, before}
    assert await store.user_for("telegram", "1001") == ann


async def test_link_of_an_account_nobody_had(store: PersonStore, ann: UserId) -> None:
    """An account that never wrote can be linked ahead."""
    assert await store.link(ann, "console", "local") is None
    assert await store.user_for("console", "local") == ann


async def test_only_own_accounts_unlink(store: PersonStore, ann: UserId, bob: UserId) -> None:
    """Nobody can cut somebody else's account off, or link to a person who is not there."""
    with pytest.raises(NotFoundError):
        await store.unlink(bob, "telegram", "1001")
    with pytest.raises(NotFoundError):
        await store.unlink(ann, "telegram", "none")
    with pytest.raises(NotFoundError):
        await store.link(UserId("nobody"), "telegram", "1001")
    assert await store.user_for("telegram", "1001") == ann


async def test_unknown_person_has_a_blank_profile(store: PersonStore) -> None:
    """Somebody new has told nothing, and asking does not make them known."""
    assert await store.profile(UserId("new")) == Profile(user=UserId("new"))
    assert await store.history(UserId("new"), platform="console", chat="1", limit=5) == []
    assert await store.observations(UserId("new")) == []
    assert await store.last_logged(UserId("new")) == []


async def test_profile_is_replaced(store: PersonStore, ann: UserId, bob: UserId) -> None:
    """The latest profile counts, and only for its person."""
    first = Profile(user=ann, lang="zh", country="CN", tz="Asia/Shanghai", facts={"age": "34"})
    await store.save_profile(first)
    assert await store.profile(ann) == first
    second = replace(first, facts={"pregnant": "yes"}, greeted=True, pending={"kind": "weight"})
    await store.save_profile(second)
    assert await store.profile(ann) == second
    assert await store.profile(bob) == Profile(user=bob)


async def test_consents_keep_their_history(store: PersonStore, ann: UserId) -> None:
    """A consent that is withdrawn and given again stands twice, each with wording and times."""
    agreed = Profile(user=ann, consents=frozenset({"store", "learn"}))
    await store.save_profile(agreed)
    await store.save_profile(agreed)
    await store.save_profile(replace(agreed, consents=frozenset({"store"})))
    await store.save_profile(agreed)
    assert (await store.profile(ann)).consents == {"store", "learn"}
    found = await store.consents(ann)
    assert sorted(c.purpose for c in found) == ["learn", "learn", "store"]
    assert {c.wording for c in found} == {WORDING}
    ended = [c for c in found if c.withdrawn_at]
    assert [c.purpose for c in ended] == ["learn"]
    assert all(c.withdrawn_at and c.withdrawn_at >= c.given_at for c in ended)


# --- observations


async def test_observations_come_oldest_first(store: PersonStore, ann: UserId) -> None:
    """Whatever the order of logging, the oldest measurement comes first, filtered as asked."""
    pulse = weight(61, at=later(5), kind="heart_rate", unit="/min")
    await store.add_observations(ann, [weight(3, at=later(30)), pulse])
    await store.add_observations(ann, [weight(1, at=later(-30))])
    found = await store.observations(ann)
    assert [o.value for o in found] == [1, 61, 3]
    assert [o.value for o in await store.observations(ann, kind="weight")] == [1, 3]
    assert [o.value for o in await store.observations(ann, since=later(5))] == [61, 3]
    recent = await store.observations(ann, kind="weight", since=later(0))
    assert [o.value for o in recent] == [3]


async def test_observation_ids_are_returned_in_order(store: PersonStore, ann: UserId) -> None:
    """The ids answer to the observations given, and stand on what is read."""
    ids = await store.add_observations(ann, [weight(2, at=later(9)), weight(1)])
    by_id = {o.id: o.value for o in await store.observations(ann)}
    assert [by_id[i] for i in ids] == [2, 1]
    assert await store.add_observations(ann, []) == []


async def test_same_moment_keeps_the_order_of_logging(store: PersonStore, ann: UserId) -> None:
    """Values of one moment come back in the order they were written down."""
    await store.add_observations(ann, [weight(n) for n in range(5)])
    await store.add_observations(ann, [weight(n) for n in range(5, 9)])
    assert [o.value for o in await store.observations(ann)] == list(range(9))


async def test_only_own_observations_are_removed(
    store: PersonStore, ann: UserId, bob: UserId
) -> None:
    """Somebody else's ids remove nothing; one's own do, once."""
    ids = await store.add_observations(ann, [weight(), weight(71)])
    assert await store.remove_observations(bob, ids) == 0
    assert await store.remove_observations(ann, []) == 0
    assert await store.remove_observations(ann, [*ids[:1], ObservationId("none")]) == 1
    assert await store.remove_observations(ann, ids) == 1
    assert await store.observations(ann) == []


async def test_undo_takes_back_batch_after_batch(store: PersonStore, ann: UserId) -> None:
    """ "Undo" finds what the last message logged; after it, what the one before did."""
    first = await store.add_observations(ann, [weight(70)])
    second = await store.add_observations(ann, [weight(71, at=later(-99)), weight(72)])
    assert await store.last_logged(ann) == second
    await store.remove_observations(ann, second[:1])
    assert await store.last_logged(ann) == second[1:]
    await store.remove_observations(ann, second)
    assert await store.last_logged(ann) == first
    await store.remove_observations(ann, first)
    assert await store.last_logged(ann) == []


async def test_times_keep_their_instant(store: PersonStore, ann: UserId) -> None:
    """A time in Shanghai is the same moment when it comes back."""
    at = NOON.astimezone(timezone(timedelta(hours=8)))
    await store.add_observations(ann, [weight(at=at)])
    found = (await store.observations(ann))[0].at
    assert found == NOON
    assert found.utcoffset() == timedelta(0)


async def test_time_without_a_zone_is_refused(store: PersonStore, ann: UserId) -> None:
    """A time that could be any of twenty-four moments is not stored."""
    with pytest.raises(StoreError):
        await store.add_observations(ann, [weight(at=NOON.replace(tzinfo=None))])
    with pytest.raises(StoreError):
        await store.add_turn(turn(ann, at=NOON.replace(tzinfo=None)))
    assert await store.observations(ann) == []


# --- turns


async def test_history_is_this_person_in_this_place(
    store: PersonStore, ann: UserId, bob: UserId
) -> None:
    """A group's or another platform's words never leak into this conversation."""
    here = Place(platform="telegram", chat="1")
    await store.add_turn(turn(ann, "mine", place=here))
    await store.add_turn(turn(bob, "bob's", place=here))
    await store.add_turn(turn(ann, "group", place=replace(here, chat="2", private=False)))
    await store.add_turn(turn(ann, "discord", place=replace(here, platform="discord")))
    found = await store.history(ann, platform="telegram", chat="1", limit=10)
    assert [t.asked for t in found] == ["mine"]
    group = await store.history(ann, platform="telegram", chat="2", limit=10)
    assert [(t.asked, t.place.private) for t in group] == [("group", False)]


async def test_history_is_the_last_turns_oldest_first(store: PersonStore, ann: UserId) -> None:
    """Of many turns the latest are shown, in the order they were said."""
    for n in (3, 1, 5, 2, 4):
        await store.add_turn(turn(ann, str(n), at=later(n)))
    found = await store.history(ann, platform="telegram", chat="4711", limit=3)
    assert [t.asked for t in found] == ["3", "4", "5"]
    for limit in (0, -1):
        assert await store.history(ann, platform="telegram", chat="4711", limit=limit) == []


async def test_turn_is_its_owners(store: PersonStore, ann: UserId, bob: UserId) -> None:
    """A turn comes back whole to its owner and does not exist for anybody else."""
    said = turn(ann)
    await store.add_turn(said)
    assert await store.turn(ann, said.id) == said
    for user, id_ in ((bob, said.id), (ann, TurnId("none")), (UserId("?"), said.id)):
        with pytest.raises(NotFoundError):
            await store.turn(user, id_)


async def test_turn_id_is_used_once(store: PersonStore, ann: UserId, bob: UserId) -> None:
    """A second turn under the same id is refused, and the first stays as it was."""
    said = turn(ann)
    await store.add_turn(said)
    for again in (replace(said, asked="other"), replace(said, user=bob)):
        with pytest.raises(StoreError):
            await store.add_turn(again)
    assert await store.turn(ann, said.id) == said


async def test_somebody_unseen_may_write(store: PersonStore) -> None:
    """A turn of a person nobody introduced makes them known."""
    said = turn(UserId("local"))
    await store.add_turn(said)
    assert await store.turn(UserId("local"), said.id) == said


# --- votes


async def test_vote_can_be_changed(store: PersonStore, ann: UserId) -> None:
    """The last thumb counts, with its reason and time."""
    said = turn(ann)
    await store.add_turn(said)
    up = Feedback(turn=said.id, user=ann, vote="up", at=later(1))
    await store.vote(up)
    assert await store.votes() == [up]
    down = replace(up, vote="down", at=later(2), reason="太长了")
    await store.vote(down)
    assert await store.votes() == [down]
    await store.vote(up)
    assert await store.votes() == [up]


async def test_votes_come_oldest_first(store: PersonStore, ann: UserId, bob: UserId) -> None:
    """Everybody's votes stand in the order they were given."""
    for n, user in ((2, ann), (1, bob), (3, ann)):
        said = turn(user)
        await store.add_turn(said)
        vote = Feedback(turn=said.id, user=user, vote="up", at=later(n), reason=f"r{n}")
        await store.vote(vote)
    assert [v.reason for v in await store.votes()] == ["r1", "r2", "r3"]


async def test_no_vote_on_somebody_elses_turn(store: PersonStore, ann: UserId, bob: UserId) -> None:
    """A button pressed by another person in a group changes nothing."""
    said = turn(ann)
    await store.add_turn(said)
    for user, id_ in ((bob, said.id), (ann, TurnId("none")), (UserId("?"), said.id)):
        with pytest.raises(NotFoundError):
            await store.vote(Feedback(turn=id_, user=user, vote="down", at=NOON))
    assert await store.votes() == []


async def test_feedback_stats_count_and_say_nothing_personal(
    store: PersonStore, ann: UserId, bob: UserId
) -> None:
    """Votes are counted by what made the answers; own words are counted, never repeated."""
    cases = [
        (ann, "up", "", {"model": "a", "lang": "en"}),
        (ann, "down", "too_long", {"model": "a", "lang": "zh"}),
        (bob, "down", "my husband left me", {"model": "b", "path": "extractive"}),
        (bob, "down", "wrong", {"model": "b", "prompt_version": "p4"}),
    ]
    for user, vote, reason, changes in cases:
        said = turn(user, **changes)
        await store.add_turn(said)
        await store.vote(
            Feedback(turn=said.id, user=user, vote=vote, at=NOON, reason=reason)  # type: ignore[arg-type]
        )
    found = await store.feedback_stats(("too_long", "wrong"))
    assert found["votes"] == {"up": 1, "down": 3}
    assert found["by_model"] == {"a": {"up": 1, "down": 1}, "b": {"up": 0, "down": 2}}
    assert found["by_path"] == {"model": {"up": 1, "down": 2}, "extractive": {"up": 0, "down": 1}}
    assert found["by_lang"] == {"en": {"up": 1, "down": 2}, "zh": {"up": 0, "down": 1}}
    assert found["by_prompt_version"] == {"p3": {"up": 1, "down": 2}, "p4": {"up": 0, "down": 1}}
    assert found["by_knowledge_version"] == {"k12": {"up": 1, "down": 3}}
    assert found["by_platform"] == {"telegram": {"up": 1, "down": 3}}
    assert found["reasons"] == {"own words": 1, "too_long": 1, "wrong": 1}
    assert "husband" not in json.dumps(found)


# --- the whole person


async def fill(store: PersonStore, user: UserId, canary: str) -> TurnId:
    """Store ``canary`` everywhere a person's words can go."""
    await store.save_profile(
        Profile(user=user, facts={canary: canary}, consents=frozenset({"store"}))
    )
    await store.add_observations(user, [weight(note=canary, text=canary)])
    said = turn(user, canary, answered=canary, metric_summary=canary)
    await store.add_turn(said)
    await store.vote(Feedback(turn=said.id, user=user, vote="down", at=NOON, reason=canary))
    return said.id


async def test_export_holds_everything_and_nobody_else(
    store: PersonStore, ann: UserId, bob: UserId
) -> None:
    """A person's copy names all they gave in plain words, and nothing of another person."""
    await fill(store, ann, "ann's word 🫀")
    await fill(store, bob, "bob's word")
    found: dict[str, Any] = await store.export(ann)
    text = json.dumps(found, ensure_ascii=False)
    assert "bob's" not in text
    assert text.count("ann's word 🫀") == 8
    assert found["person"] == ann
    assert [a["platform"] for a in found["accounts"]] == ["telegram"]
    (talk,) = found["conversations"]
    assert talk["you_said"] == talk["salus_said"] == "ann's word 🫀"
    assert talk["time"] == "2026-11-22T12:00:00+00:00"
    (measured,) = found["measurements"]
    assert (measured["kind"], measured["value"], measured["unit"]) == ("weight", 70.5, "kg")
    (vote,) = found["votes"]
    assert (vote["conversation"], vote["vote"]) == (talk["id"], "down")
    (consent,) = found["consents"]
    assert (consent["purpose"], consent["wording_version"]) == ("store", WORDING)


async def test_forget_leaves_nothing(store: PersonStore, ann: UserId, bob: UserId) -> None:
    """After "forget me" nothing is found, another person's data stay, and the id is dead."""
    gone, kept = await fill(store, ann, "ann's"), await fill(store, bob, "bob's")
    await store.forget(ann)
    await store.forget(ann)
    assert "ann's" not in json.dumps(await store.export(ann))
    assert await store.profile(ann) == Profile(user=ann)
    assert await store.observations(ann) == []
    assert [v.turn for v in await store.votes()] == [kept]
    with pytest.raises(NotFoundError):
        await store.turn(ann, gone)
    for write in (
        store.add_turn(turn(ann)),
        store.add_observations(ann, [weight()]),
        store.save_profile(Profile(user=ann)),
    ):
        with pytest.raises(NotFoundError):
            await write
    assert await store.user_for("telegram", "1001") != ann
    assert (await store.turn(bob, kept)).asked == "bob's"


# --- whatever people send


@pytest.mark.parametrize(
    "text",
    [
        "",
        "🤰🏽👨‍👩‍👧 血压 120/80",
        "a\0b",
        "'; DROP TABLE turns; --",
        "x" * 100_000,
        "水" * 33_000,
        "{x}%s\\",
    ],
    ids=["empty", "emoji", "nul", "sql", "100kB", "100kB-zh", "braces"],
)
async def test_any_text_comes_back(store: PersonStore, ann: UserId, text: str) -> None:
    """What was said comes back character by character."""
    said = turn(ann, text, place=Place(platform="console", chat=text))
    await store.add_turn(said)
    assert await store.turn(ann, said.id) == said
    found = await store.history(ann, platform="console", chat=text, limit=1)
    assert [t.asked for t in found] == [text]


async def test_broken_text_is_mended(store: PersonStore, ann: UserId) -> None:
    """Half a character becomes a replacement sign, two halves become the character they were."""
    broken = "I feel \ud83d\ude00 and \udead"
    said = turn(ann, broken, model="m\0\udead", place=Place(platform="console", chat="\ud800"))
    await store.add_turn(said)
    found = await store.turn(ann, said.id)
    assert found.asked == "I feel 😀 and \ufffd"
    assert found.model == "m\ufffd\ufffd"
    (again,) = await store.history(ann, platform="console", chat="\ud800", limit=1)
    assert again == found
    await store.add_observations(ann, [weight(note=broken)])
    assert (await store.observations(ann))[0].note == mend(broken)
    await store.save_profile(Profile(user=ann, facts={"\udead": broken}))
    assert (await store.profile(ann)).facts == {"\ufffd": mend(broken)}
    vote = Feedback(turn=said.id, user=ann, vote="up", at=NOON, reason=broken)
    await store.vote(vote)
    assert (await store.votes())[0].reason == mend(broken)


async def test_broken_ids_are_simply_not_found(store: PersonStore, ann: UserId) -> None:
    """A forged button with broken characters in it finds nothing and breaks nothing."""
    for odd in ("\0", "\udead", "x" * 10_000, ""):
        with pytest.raises(NotFoundError):
            await store.turn(ann, TurnId(odd))
        with pytest.raises(NotFoundError):
            await store.vote(Feedback(turn=TurnId(odd), user=ann, vote="up", at=NOON))
        assert await store.remove_observations(ann, [ObservationId(odd)]) == 0
        assert await store.observations(UserId(odd)) == []
    assert await store.user_for("telegram", "\0\udead") == await store.user_for(
        "telegram", "\0\udead"
    )


@many
@given(data=st.data())
async def test_any_turn_comes_back(store: PersonStore, data: st.DataObject) -> None:
    """A turn is the same after storing, whatever is in it."""
    said = data.draw(any_turn(UserId(new_id())))
    await store.add_turn(said)
    assert in_utc(await store.turn(said.user, said.id)) == in_utc(said)
    place = said.place
    found = await store.history(said.user, platform=place.platform, chat=place.chat, limit=2)
    assert found == [in_utc(said)]


@many
@given(given_=st.lists(any_observation, max_size=6), since=any_observation.map(lambda o: o.at))
async def test_any_observations_come_back(
    store: PersonStore,
    given_: list[Observation],
    since: datetime,
) -> None:
    """Measurements are the same after storing, oldest first, cut where asked."""
    user = UserId(new_id())
    ids = await store.add_observations(user, given_)
    expected = sorted(
        (in_utc(replace(o, id=i)) for o, i in zip(given_, ids, strict=True)), key=lambda o: o.at
    )
    assert await store.observations(user) == expected
    kept = [o for o in expected if o.at >= since]
    assert await store.observations(user, since=since) == kept


@many
@given(data=st.data())
async def test_any_profile_comes_back(store: PersonStore, data: st.DataObject) -> None:
    """The latest of several profiles is the same after storing."""
    user = UserId(new_id())
    for profile in data.draw(st.lists(any_profile(user), min_size=1, max_size=3)):
        await store.save_profile(profile)
        assert await store.profile(user) == profile


@many
@given(reason=words)
async def test_any_reason_comes_back(store: PersonStore, reason: str) -> None:
    """A vote's reason is the same after storing."""
    said = turn(UserId(new_id()))
    await store.add_turn(said)
    vote = Feedback(turn=said.id, user=said.user, vote="down", at=NOON, reason=reason)
    await store.vote(vote)
    assert vote in await store.votes()
