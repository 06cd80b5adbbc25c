"""A model that reads little: what code still says besides, and what it is not asked."""

from __future__ import annotations

from tests.fakes.chat import Chat

OFTEN = "Tiredness often comes from too little sleep, stress or too little movement."
HELP = "See a doctor if tiredness lasts longer than 4 weeks."


async def test_when_to_get_help_is_said_by_code() -> None:
    """Who asks about what worries them is told, whatever the model chose; once is enough."""
    chat = Chat(script=[f"{OFTEN} [1]", f"{OFTEN} [1] {HELP} [1]"], budget=None)
    for _ in range(2):
        reply = await chat.say("why am I so tired all the time?")
        assert reply.path == "model"
        assert reply.text.count(HELP) == 1
        assert {c.id for c in reply.citations} == {"tiredness"}
    turn = (await chat.store.history("ann", platform="console", chat="home", limit=2))[0]
    assert HELP not in turn.written, "what the model is judged and taught by is its own"


async def test_a_question_that_worries_nobody_ends_where_the_model_ended() -> None:
    """Nothing is put behind an answer about how much sleep people need."""
    said = "Most adults need at least 7 hours of sleep a night. [1]"
    reply = await Chat(script=[said], budget=None).say("how much sleep do adults need?")
    assert said in reply.text
    assert "See a doctor" not in reply.text


async def test_a_value_is_judged_by_code() -> None:
    """The limits stand beside it; no small model is asked whether 142/88 is high."""
    chat = Chat(script=["Nothing. [1]"], budget=None)
    reply = await chat.say("is a blood pressure of 142/88 too high?")
    assert reply.path == "extractive"
    assert "140/90" in reply.text
    assert chat.generator is not None
    assert chat.generator.prompts == []
    assert (
        await Chat(script=["A clinic blood pressure of 140/90 mmHg or higher is high. [1]"]).say(
            "is a blood pressure of 142/88 too high?"
        )
    ).path == "model", "a large one is"


async def test_numbers_that_were_not_read_were_not_used() -> None:
    """What was logged about something else is no part of the answer, nor of its record."""
    said = "Most adults need at least 7 hours of sleep a night. [1]"
    chat = Chat(script=[said, said], budget=None)
    await chat.say("bp 121/79")
    await chat.say("how much sleep do adults need?")
    await chat.say("slept 6 hours")
    await chat.say("how much sleep do adults need?")
    other, own = [turn for turn in await chat.turns() if turn.path == "model"]
    assert other.metric_summary == ""
    assert "6" in own.metric_summary
