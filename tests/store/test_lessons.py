"""What may be learned from, and that nothing else can come out that way; remarks and votes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import NotFoundError
from bot.model import LEARNT, Feedback, Lesson, Place, Platform, Profile, TurnId, UserId, Vote
from bot.store import PersonStore
from bot.store.lessons import lesson, masked
from tests.store.samples import NOON, later, turn

AGREED = frozenset({"learn"})
PLATFORMS: tuple[Platform, ...] = get_args(Platform)


async def learner(store: PersonStore, account: str = "1", *, agreed: bool = True) -> UserId:
    """A person on Telegram, who agreed to learning or did not."""
    user = await store.user_for("telegram", account)
    await store.save_profile(Profile(user=user, consents=AGREED if agreed else frozenset()))
    return user


async def rated(
    store: PersonStore, user: UserId, asked: str, vote: Vote | None = "up", **changes: Any
) -> TurnId:
    """An answer without the person's own numbers, and a thumb under it."""
    said = turn(user, asked, **({"metric_summary": ""} | changes))
    await store.add_turn(said)
    if vote is not None:
        await store.vote(Feedback(turn=said.id, user=user, vote=vote, at=said.at))
    return said.id


async def asked(store: PersonStore) -> list[str]:
    """The questions among the lessons."""
    return [one.asked for one in await store.lessons()]


def at(platform: Platform) -> Place:
    """A chat there."""
    return Place(platform=platform, chat="1")


# --- by type


@pytest.mark.parametrize("platform", ["discord", "", "Telegram", "slack"])
def test_a_lesson_from_elsewhere_cannot_be_made(platform: Any) -> None:
    """Whatever somebody tries, there is no value that holds Discord's words for training."""
    fine = Lesson(platform="console", lang="en", asked="?", answered="!", vote="up", path="model")
    with pytest.raises(ValueError, match="may be learned from"):
        replace(fine, platform=platform)
    with pytest.raises(ValueError, match="may be learned from"):
        lesson(turn(UserId("ann"), place=at(platform), metric_summary=""), "up")


def test_discord_is_no_platform_to_learn_from() -> None:
    """The list is the type, and Discord is on neither."""
    assert set(LEARNT) == {"console", "telegram"}
    assert set(PLATFORMS) - set(LEARNT) == {"discord"}


def test_a_lesson_says_nothing_of_who() -> None:
    """No person, place, time or turn is among its fields."""
    assert set(Lesson.__dataclass_fields__) == {
        "platform", "lang", "asked", "answered", "vote", "path", "passages", "model", "adapter",
        "prompt_version", "knowledge_version",
    }  # fmt: skip


# --- by query


async def test_rated_answers_of_people_who_agreed(store: PersonStore) -> None:
    """With agreement and a thumb, question and answer come out with what made them."""
    ann = await learner(store)
    await rated(store, ann, "How much water?", "down")
    (one,) = await store.lessons()
    assert one == Lesson(
        platform="telegram", lang="en", asked="How much water?",
        answered="About six to eight cups [1].", vote="down", path="model",
        passages=("water-1", "water-4"), model="qwen3-8b", adapter="salus-7",
        prompt_version="p3", knowledge_version="k12",
    )  # fmt: skip


async def test_nothing_of_people_who_did_not_agree(store: PersonStore) -> None:
    """Not agreeing is the default; a "store" agreement is none to learn."""
    bob = await learner(store, agreed=False)
    await rated(store, bob, "bob's")
    await store.save_profile(Profile(user=bob, consents=frozenset({"store"})))
    assert await store.lessons() == []


async def test_taking_it_back_empties_the_lessons_at_once(store: PersonStore) -> None:
    """Withdrawn, nothing comes out any more; agreed to again, it does."""
    ann = await learner(store)
    await rated(store, ann, "mine")
    for consents, expected in ((frozenset[str](), []), (AGREED, ["mine"]), (frozenset[str](), [])):
        await store.save_profile(Profile(user=ann, consents=consents))
        assert await asked(store) == expected


async def test_forgotten_people_teach_nothing(store: PersonStore) -> None:
    """Erasing takes the lessons along."""
    ann = await learner(store)
    await rated(store, ann, "mine")
    await store.forget(ann)
    assert await store.lessons() == []


async def test_only_rated_answers_count(store: PersonStore) -> None:
    """No thumb, only a remark, no answer, or one with the person's own numbers: no lesson."""
    ann = await learner(store)
    await rated(store, ann, "unrated", None)
    remarked = await rated(store, ann, "remarked", None)
    remark = Feedback(turn=remarked, user=ann, vote=None, at=NOON, reason="hm")
    await store.vote(remark)
    await rated(store, ann, "refused", kind="refusal")
    await rated(store, ann, "personal", metric_summary="sleep: 5 h")
    await rated(store, ann, "fine")
    assert await asked(store) == ["fine"]


async def test_discord_turns_never_come_out(store: PersonStore) -> None:
    """Of somebody on all three platforms, two are learned from."""
    ann = await learner(store)
    for platform in PLATFORMS:
        await rated(store, ann, platform, place=at(platform))
    assert sorted(await asked(store)) == sorted(LEARNT)


@pytest.mark.parametrize("maker", ["telegram", "discord"])
async def test_a_linked_persons_discord_turns_never_come_out(
    store: PersonStore, maker: Platform
) -> None:
    """Joined either way round, what was said on Discord stays what it was."""
    people = {}
    for platform in ("telegram", "discord"):
        user = people[platform] = await store.user_for(platform, "1")
        await store.save_profile(Profile(user=user, consents=AGREED))
        await rated(store, user, f"said on {platform}", place=at(platform))  # type: ignore[arg-type]
    joiner = "discord" if maker == "telegram" else "telegram"
    await store.offer_link(people[maker], "CODE", now=NOON)
    await store.join("CODE", platform=joiner, account="1", now=NOON)
    assert await asked(store) == ["said on telegram"]
    await rated(store, people[maker], "later on discord", place=at("discord"))
    assert await asked(store) == ["said on telegram"]
    await store.part(people[maker], platform="discord", account="1")
    assert await asked(store) == ["said on telegram"]


async def test_lessons_since(store: PersonStore) -> None:
    """Only what was rated, or rated anew, from then on; oldest question first."""
    ann = await learner(store)
    first = await rated(store, ann, "first", at=later(1))
    await rated(store, ann, "second", at=later(2))
    assert [one.asked for one in await store.lessons(since=later(2))] == ["second"]
    await store.vote(Feedback(turn=first, user=ann, vote="down", at=later(9)))
    assert [one.asked for one in await store.lessons(since=later(2))] == ["first", "second"]
    assert await store.lessons(since=later(10)) == []


# --- masking


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("write to ann.lee+x@mail.example.com please", "write to [email] please"),
        ("call +49 (170) 123 45 67 now", "call [number] now"),
        ("我的电话13812345678", "我的电话[number]"),
        ("身份证11010119900307123X。", "身份证[number]。"),
        ("My name is Ann Lee and my head hurts", "My name is [name] and my head hurts"),
        ("我叫张小丽，头疼", "我叫[name]，头疼"),
        ("see https://example.com/a?b=1, ok", "see [link] ok"),
        ("ask @ann_lee", "ask [account]"),
    ],
)
def test_what_reaches_a_person_is_masked(said: str, kept: str) -> None:
    """Addresses, numbers and names given as such are gone."""
    assert masked(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "is 150/95 mmHg high? I walked 12,000 steps",
        "睡了7.5小时，血压128/82，正常吗？",
        "7 to 9 hours [1], 1.5 L of water [2]",
        "5.5 6.0 6.5 7.0",
        "我叫不醒他",
        "我叫救护车",
    ],
)
def test_health_figures_are_not_masked(said: str) -> None:
    """What a lesson is about stays readable."""
    assert masked(said) == said


@given(st.text(max_size=200))
def test_masking_is_done_once(said: str) -> None:
    """Masking what is masked changes nothing, whatever it is."""
    assert masked(masked(said)) == masked(said)


# --- remarks


async def vote(
    store: PersonStore, said: TurnId, user: UserId, what: Vote | None, reason: str = ""
) -> None:
    """A thumb or, without one, a remark."""
    await store.vote(Feedback(turn=said, user=user, vote=what, at=NOON, reason=reason))


async def test_a_remark_joins_the_vote_that_is_there(store: PersonStore) -> None:
    """Words after a thumb become its reason and leave the thumb."""
    ann = await learner(store)
    said = await rated(store, ann, "q", "down")
    await vote(store, said, ann, None, "太长了")
    (kept,) = await store.votes()
    assert (kept.vote, kept.reason) == ("down", "太长了")


async def test_a_remark_alone_is_no_vote(store: PersonStore) -> None:
    """It is kept and exported, and counted as words, not as a thumb."""
    ann = await learner(store)
    said = await rated(store, ann, "q", None)
    await vote(store, said, ann, None, "first")
    await vote(store, said, ann, None, "my husband likes it")
    assert await store.votes() == []
    stats = await store.feedback_stats()
    assert (stats["votes"], stats["reasons"]) == ({"up": 0, "down": 0}, {"own words": 1})
    assert stats["by_model"] == {}
    (exported,) = (await store.export(ann))["votes"]  # type: ignore[misc]
    assert (exported["vote"], exported["reason"]) == (None, "my husband likes it")


@pytest.mark.parametrize(("reason", "kept"), [("", "remark"), ("newer", "newer")])
async def test_a_first_vote_keeps_the_remark_before_it(
    store: PersonStore, reason: str, kept: str
) -> None:
    """A bare thumb after a remark takes it over; a reason of its own replaces it."""
    ann = await learner(store)
    said = await rated(store, ann, "q", None)
    await vote(store, said, ann, None, "remark")
    await vote(store, said, ann, "up", reason)
    (found,) = await store.votes(ann)
    assert (found.vote, found.reason) == ("up", kept)


async def test_votes_of_one_person(store: PersonStore) -> None:
    """Asked for one person, nobody else's are counted."""
    ann, bob = await learner(store, "1"), await learner(store, "2")
    await rated(store, ann, "a", "up")
    await rated(store, bob, "b", "down")
    assert [v.vote for v in await store.votes(ann)] == ["up"]
    assert await store.votes(UserId("nobody")) == []


async def test_no_remark_on_somebody_elses_turn(store: PersonStore) -> None:
    """Nobody leaves words on another's answer."""
    ann, bob = await learner(store, "1"), await learner(store, "2")
    said = await rated(store, ann, "a")
    with pytest.raises(NotFoundError):
        await vote(store, said, bob, None, "mine!")
