"""/learn and /feedback: agreeing to learning, and saying what one thinks."""

from __future__ import annotations

import pytest

from bot.model import UserId
from tests.fakes.chat import Chat

ANN = UserId("ann")
ASKED = "How much sleep do adults need?"


async def test_the_default_is_no() -> None:
    """Nobody is learned from before they say so; the command tells what it is about."""
    chat = Chat()
    told = await chat.say("/learn")
    assert "you do not agree" in told.text
    assert "Discord" in told.text
    assert "/learn no" in told.text
    assert told.personal
    assert (await chat.store.profile(ANN)).consents == frozenset()


@pytest.mark.parametrize(("yes", "no"), [("yes", "no"), ("Yes.", "OFF"), ("同意", "不同意")])
async def test_agreeing_and_taking_it_back(yes: str, no: str) -> None:
    """Agreed, a rated answer is a lesson; taken back, it is none; both are remembered."""
    chat = Chat()
    await chat.say(ASKED)
    await chat.say("/good")
    assert await chat.store.lessons() == []
    await chat.say(f"/learn {yes}")
    assert [one.asked for one in await chat.store.lessons()] == [ASKED]
    assert "you agree" in (await chat.say("/learn")).text
    await chat.say(f"/learn {no}")
    assert await chat.store.lessons() == []
    (consent,) = await chat.store.consents(ANN)
    assert consent.purpose == "learn"
    assert consent.withdrawn_at is not None


async def test_another_word_is_no_answer() -> None:
    """Anything unclear changes nothing and explains again."""
    chat = Chat()
    assert "/learn yes" in (await chat.say("/learn maybe")).text
    assert (await chat.store.profile(ANN)).consents == frozenset()


async def test_other_agreements_stay() -> None:
    """Saying yes or no to learning touches no other purpose."""
    chat = Chat()
    await chat.say("hi")
    profile = await chat.store.profile(ANN)
    await chat.store.save_profile(type(profile)(user=ANN, consents=frozenset({"store"})))
    await chat.say("/learn yes")
    assert (await chat.store.profile(ANN)).consents == {"store", "learn"}
    await chat.say("/learn no")
    assert (await chat.store.profile(ANN)).consents == {"store"}


async def test_nobody_agrees_in_a_group() -> None:
    """It is asked and answered in private."""
    chat = Chat()
    assert "private" in (await chat.say("/learn yes", private=False)).text
    assert (await chat.store.profile(ANN)).consents == frozenset()


async def test_the_way_to_agree_is_in_the_privacy_text() -> None:
    """Where people read what is stored, they read how to agree, in both languages."""
    chat = Chat()
    assert "/learn" in (await chat.say("/privacy")).text
    assert "/learn" in (await chat.say("隐私")).text


# --- feedback


async def test_feedback_tells_how_one_has_rated() -> None:
    """First nothing, then counts; only one's own."""
    chat = Chat()
    assert "not rated" in (await chat.say("/feedback")).text
    for vote in ("/good", "/bad too long", "/bad"):
        await chat.say(ASKED)
        await chat.say(vote)
    await chat.say(ASKED, user="bob")
    await chat.say("/good", user="bob")
    told = await chat.say("/feedback")
    assert "1 helpful, 2 not helpful" in told.text
    assert "/good" in told.text
    assert told.personal


async def test_words_go_with_the_vote_on_the_last_answer() -> None:
    """The thumb stays, the words become its reason."""
    chat = Chat()
    assert "no answer here" in (await chat.say("/feedback nice")).text
    await chat.say(ASKED)
    await chat.say("/bad")
    assert "noted" in (await chat.say("/feedback too long for me")).text
    (vote,) = await chat.store.votes()
    assert (vote.vote, vote.reason) == ("down", "too long for me")


async def test_words_alone_are_no_vote() -> None:
    """They are kept and exported, and a thumb that follows takes them over."""
    chat = Chat()
    await chat.say(ASKED)
    await chat.say("/feedback 讲得很清楚")
    assert await chat.store.votes() == []
    assert "讲得很清楚" in str((await chat.store.export(ANN))["votes"])
    await chat.say("👍")
    (vote,) = await chat.store.votes()
    assert (vote.vote, vote.reason) == ("up", "讲得很清楚")


async def test_feedback_is_private() -> None:
    """How somebody rates is nobody else's business."""
    assert "private" in (await Chat().say("/feedback", private=False)).text
