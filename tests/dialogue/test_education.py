"""A platform where nothing about a person's body is kept or shown: questions yes, values no."""

from __future__ import annotations

import json

import pytest

from bot.dialogue.orders import COMMANDS
from bot.model import Profile, UserId
from tests.fakes.chat import Chat

ONLY = frozenset({"discord"})
HERE = {"platform": "discord", "chat": "D9"}
GROUP = {"platform": "discord", "chat": "G1", "private": False}
GOOD = "A clinic blood pressure of 140/90 mmHg or higher is high [1]."
SECRETS = ("83.7", "5 h", "lisinopril", "148/96")


def chat(**changes: object) -> Chat:
    """Salus with Discord for education only."""
    return Chat(education_only=ONLY, **changes)  # type: ignore[arg-type]


async def values(salus: Chat) -> None:
    """Ann has values, facts and an open question from the terminal."""
    await salus.store.save_profile(
        Profile(user=UserId("ann"), facts={"medicine": "lisinopril"}, greeted=True)
    )
    for said in ("slept 5h", "weight 83.7 kg", "bp 148/96"):
        await salus.say(said)


@pytest.mark.parametrize("where", [HERE, GROUP], ids=["in private", "in a server"])
@pytest.mark.parametrize("said", ["slept 5h", "/log bp 128/82", "weight 700 kg", "体重70公斤"])
async def test_values_are_not_kept(said: str, where: dict[str, object]) -> None:
    """A friendly word on where they are, and nothing stored, not even in the record."""
    salus = chat()
    reply = await salus.say(said, **where)  # type: ignore[arg-type]
    assert "Discord" in reply.text
    assert "Telegram" in reply.text
    assert "/link" in reply.text
    assert (reply.kind, reply.personal, reply.undo) == ("clarify", False, ())
    assert not salus.store.people["ann"].batches
    assert not salus.store.people["ann"].profile.pending
    (turn,) = salus.store.people["ann"].turns.values()
    assert "•••" in turn.asked
    assert not any(figure in turn.asked for figure in ("5", "128", "82", "70"))


@pytest.mark.parametrize("model", [True, False], ids=["model", "extract"])
async def test_a_question_with_a_value_is_answered(model: bool) -> None:
    """'My bp is 150/95, is that bad?' gets the knowledge, and nothing is logged or echoed."""
    salus = chat(script=[GOOD] if model else ())
    reply = await salus.say("my bp is 150/95, is that bad?", **HERE)
    assert reply.kind == "answer"
    assert "140/90" in reply.text
    assert "150/95" not in reply.text
    assert "ogged" not in reply.text
    assert not reply.personal
    assert not salus.store.people["ann"].batches
    (turn,) = salus.store.people["ann"].turns.values()
    assert turn.metric_summary == ""
    assert "150" not in turn.asked
    assert turn.asked.endswith("is that bad?")


@pytest.mark.parametrize(
    "word", ["/log", "/today", "/trend", "/trend sleep", "/undo", "趋势", "undo"]
)
async def test_commands_about_values_say_where_they_work(word: str) -> None:
    """They are refused in one sentence, and touch nothing."""
    salus = chat()
    await values(salus)
    before = len(await salus.store.observations(UserId("ann")))
    reply = await salus.say(word, **HERE)
    assert "Telegram" in reply.text
    assert len(await salus.store.observations(UserId("ann"))) == before


async def test_nothing_about_the_body_is_shown_by_any_command() -> None:
    """Every command there is, in private and in a server, with a life's worth of values."""
    salus = chat(script=[GOOD] * 9)
    await values(salus)
    await salus.say("my bp was 148/96, is that high?", **HERE)
    for where in (HERE, GROUP):
        for command in COMMANDS:
            if command.name != "forget":
                reply = await salus.say(f"/{command.name}", **where)  # type: ignore[arg-type]
                assert [s for s in SECRETS if s in reply.text] == [], command.name
                assert reply.charts == ()


async def test_the_model_learns_nothing_of_the_body() -> None:
    """No summary, no fact and no earlier place in the prompt."""
    salus = chat(script=[GOOD])
    await values(salus)
    await salus.say("What counts as high blood pressure?", **HERE)
    assert salus.generator is not None
    prompt = salus.generator.prompts[-1][-1].content
    assert [s for s in SECRETS if s in prompt] == []
    assert salus.store.people["ann"].turns


async def test_an_open_question_from_elsewhere_is_not_settled_here() -> None:
    """'70 kg' on Discord does not answer what was asked in the terminal."""
    salus = chat()
    await salus.say("weight 700 kg")
    await salus.say("70 kg", **HERE)
    assert not salus.store.people["ann"].batches
    assert (await salus.say("70 kg")).kind == "logged"


@pytest.mark.parametrize("where", [HERE, GROUP], ids=["in private", "in a server"])
async def test_danger_comes_first(where: dict[str, object]) -> None:
    """An emergency by words or by value gets its fixed text, and the value is not kept."""
    salus = chat()
    for said in ("spo2 82%", "my bp is 210/130 and I see double, is that bad?"):
        reply = await salus.say(said, **where)  # type: ignore[arg-type]
        assert reply.kind == "emergency"
    assert not salus.store.people["ann"].batches
    assert all("8" not in t.asked for t in salus.store.people["ann"].turns.values())


async def test_an_urgent_value_is_answered_with_what_to_do() -> None:
    """Not kept, but not passed over either."""
    reply = await chat().say("temperature 39.8", **HERE)
    assert "Telegram" in reply.text
    assert len(reply.text.split("\n\n")) >= 2


async def test_help_lists_only_what_works_here() -> None:
    """In private, in a server, and on a platform where values are kept."""
    salus = chat()
    at_home = (await salus.say("/help")).text
    here = (await salus.say("/help", **HERE)).text
    shared = (await salus.say("/help", **GROUP)).text  # type: ignore[arg-type]
    for command in ("today", "trend", "undo", "link", "export", "forget", "privacy"):
        assert f"/{command}" in at_home
    assert "weight 70 kg" in at_home
    for command in ("today", "trend", "undo"):
        assert f"/{command}" not in here
    assert "/link" in here
    assert "weight 70 kg" not in here
    assert "/export" not in shared
    assert "/privacy" in shared
    for told in (at_home, here, shared):
        assert "emergency number" in told
    assert "急救电话" in (await salus.say("帮助", **HERE)).text


@pytest.mark.parametrize("said", ["/start", "hello", "who are you?", "/privacy", "", "😀"])
async def test_no_fixed_text_offers_to_keep_values(said: str) -> None:
    """Nothing invites people to log where it cannot be done."""
    salus = chat()
    await salus.store.save_profile(Profile(user=UserId("ann"), greeted=True))
    here, at_home = await salus.say(said, **HERE), await salus.say(said)
    assert here.text != at_home.text
    assert "log" not in here.text.lower().replace("values about your body are not", "")


async def test_an_export_here_holds_what_was_said_here() -> None:
    """Settings, consents and Discord's own conversations, without values; and it says so."""
    salus = chat()
    await values(salus)
    await salus.say("How much sleep do adults need?")
    await salus.say("What counts as high blood pressure?", **HERE)
    await salus.say("/good", **HERE)
    found = json.loads((await salus.say("/export", **HERE)).text)
    assert "Telegram" in found["left_out"]
    assert "measurements" not in found
    assert {one["platform"] for one in found["conversations"]} == {"discord"}
    assert len(found["votes"]) == 1
    assert "83.7" not in json.dumps(found)
    assert "lisinopril" not in json.dumps(found)
    whole = json.loads((await salus.say("/export")).text)
    assert "83.7" in json.dumps(whole)


async def test_elsewhere_nothing_changes() -> None:
    """Other platforms log as ever, and Discord does too when the operator says so."""
    salus = chat()
    assert (await salus.say("slept 5h", platform="telegram")).kind == "logged"
    allowed = Chat()
    assert (await allowed.say("slept 5h", **HERE)).kind == "logged"


async def test_yes_in_a_group_erases_nobody() -> None:
    """The question "erase everything?" is answered where it was asked: in private."""
    salus = Chat()
    await salus.say("slept 5h")
    await salus.say("/forget")
    await salus.say("yes", private=False, chat="group")
    assert len(await salus.store.observations(UserId("ann"))) == 1
