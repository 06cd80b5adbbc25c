"""Asking for one's own values in plain words, and asking anew after something else."""

from __future__ import annotations

from tests.fakes.chat import Chat
from tests.fakes.retriever import passage


async def test_own_values_are_answered_by_code() -> None:
    """No passage and no model is needed for one's own average, and it is personal."""
    chat = Chat(script=["never asked"])
    await chat.say("slept 5h")
    await chat.say("slept 6h")
    reply = await chat.say("what was my average sleep this week?")
    assert reply.text.startswith("Sleep, this week so far: 5 h 30 min on average over 2 nights")
    assert (reply.kind, reply.path, reply.personal) == ("answer", "fixed", True)
    assert reply.citations == ()
    told = (await chat.say("/why")).text
    assert "by code, from what you logged" in told
    assert "5 h 30 min" in told


async def test_own_values_are_not_told_in_a_group() -> None:
    """In a group the same question is answered with an invitation to a private chat."""
    chat = Chat()
    await chat.say("slept 5h")
    reply = await chat.say("how long did I sleep last night?", private=False)
    assert "5 h" not in reply.text
    assert not reply.personal


async def test_a_new_question_does_not_drag_the_last_one_along() -> None:
    """ "Is it ok to …" begins anew: the "it" stands for nothing that was said before."""
    chat = Chat()
    await chat.say("what should I eat to lower my cholesterol?")
    await chat.say("is it ok to sleep less than 7 hours")
    assert chat.retriever.queries[-1] == "is it ok to sleep less than 7 hours"
    await chat.say("is that dangerous?")
    assert chat.retriever.queries[-1].startswith("is it ok to sleep less than 7 hours")


async def test_two_medicines_together_are_never_said_to_be_safe() -> None:
    """What the sources say of one of them with a third stays away; asking first comes first."""
    chat = Chat(script=["It is safe to take both [1]."])
    chat.retriever.passages = (
        passage(
            "painkillers",
            "Painkillers",
            "Is it ok to take ibuprofen with warfarin?",
            "Healthy adults may take paracetamol and ibuprofen together. "
            "Blood thinners such as warfarin clash with ibuprofen.",
        ),
    )
    reply = await chat.say("is it ok to take ibuprofen with warfarin")
    assert reply.text.startswith("I can't tell you that ibuprofen and warfarin are safe together")
    assert "warfarin clash with ibuprofen. [1]" in reply.text
    assert "paracetamol" not in reply.text
    assert reply.path == "extractive"
    reply = await chat.say("can i take ibuprofen together with metformin")
    assert reply.text.endswith(
        "My reviewed sources say nothing about these two together, so I won't guess."
    )
    assert reply.citations == ()
