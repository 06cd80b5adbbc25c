"""Whole conversations as people have them, on fakes for everything outside the dialogue."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from bot.app import GRAPH
from bot.dialogue.relating import Relating
from bot.errors import (
    ModelAbortedError,
    ModelCutOffError,
    ModelError,
    ModelTimeoutError,
    ModelUnavailableError,
    NotFoundError,
    StoreLockedError,
)
from bot.model import Message, Place, TurnId, UserId
from rag.graph import load_graph
from tests.fakes.chat import Chat
from tests.fakes.generator import ScriptedGenerator
from tests.fakes.retriever import PASSAGES, FakeRetriever, passage

GOOD = "Most adults need at least 7 hours of sleep a night [1]."


async def test_a_question_is_answered_from_the_passages() -> None:
    """Without a model the answer is made of the passages' sentences, cited and recorded."""
    chat = Chat()
    reply = await chat.say("How much sleep do adults need?")
    assert reply.kind == "answer"
    assert reply.path == "extractive"
    assert "7 hours" in reply.text
    assert "[1]" in reply.text
    assert reply.citations[0].url.startswith("https://www.cdc.gov")
    assert "7 hours" in reply.citations[0].quote
    (turn,) = await chat.turns()
    assert turn.id == reply.turn
    assert turn.knowledge_version == "kb-test"
    assert turn.passages == ("sleep-adults",)
    assert turn.failure == ""


async def test_the_model_answers_when_every_sentence_holds() -> None:
    """A supported model answer is shown as the model's, with its prompt version on record."""
    chat = Chat(script=[GOOD])
    shown = await chat.snapshots("How much sleep do adults need?")
    reply = shown[-1]
    assert reply.path == "model"
    assert reply.model == "scripted"
    assert reply.text.startswith(GOOD)
    (turn,) = await chat.turns()
    assert turn.prompt_version
    assert turn.model == "scripted"
    assert "first_token_ms" in turn.timings


async def test_nothing_is_shown_before_it_was_checked() -> None:
    """While streaming, an invented figure never appears, not even for a moment."""
    chat = Chat(script=[f"{GOOD} Adults need at least 12 hours of sleep a night [1]."])
    shown = await chat.snapshots("How much sleep do adults need?")
    assert all("12 hours" not in reply.text for reply in shown)
    assert shown[-1].path == "model"
    assert shown[-1].text.startswith(GOOD)


@pytest.mark.parametrize(
    "bad",
    [
        "Adults need at least 9 hours of sleep a night [1].",
        "Sleep is lovely and cures everything.",
        "Most adults need at least 7 hours of sleep a night [7].",
        "You should stop taking your metformin [1].",
    ],
    ids=["number", "uncited", "no such source", "dose advice"],
)
async def test_a_model_that_makes_things_up_is_replaced(bad: str) -> None:
    """An answer that does not hold gives way to the passages' own sentences."""
    chat = Chat(script=[bad])
    reply = await chat.say("How much sleep do adults need?")
    assert reply.path == "extractive"
    assert bad not in reply.text
    assert "7 hours" in reply.text
    assert (await chat.turns())[0].failure.startswith("check.")
    assert chat.generator is not None
    assert chat.generator.closed == 1


@pytest.mark.parametrize(
    "error", [ModelUnavailableError, ModelTimeoutError, ModelCutOffError, ModelAbortedError]
)
async def test_a_failing_model_never_leaves_half_an_answer(error: type[ModelError]) -> None:
    """Whatever breaks midway, the final reply is whole, and the turn says what broke."""
    generator = ScriptedGenerator([error()], break_after="Most adults need at least")
    chat = Chat(generator=generator)
    reply = await chat.say("How much sleep do adults need?")
    assert reply.path == "extractive"
    assert "7 hours" in reply.text
    assert (await chat.turns())[0].failure == error.key


async def test_a_model_that_speaks_no_chinese_is_not_asked_in_chinese() -> None:
    """The embedded model writes English only; Chinese gets the extractive answer at once."""
    generator = ScriptedGenerator([GOOD], languages=frozenset({"en"}))
    chat = Chat(generator=generator)
    reply = await chat.say("成年人每天要睡几个小时？")
    assert reply.lang == "zh"
    assert reply.path == "extractive"
    assert "7小时" in reply.text
    assert not generator.prompts


async def test_log_then_ask_uses_the_persons_numbers() -> None:
    """After two nights and a reading, the answer carries the mean and the reading, by code."""
    chat = Chat()
    for said in ("slept 5h", "slept 5.5 hours", "bp 148/96"):
        assert (await chat.say(said)).kind == "logged"
    reply = await chat.say("why am I tired?")
    assert "5 h 15 min" in reply.text
    assert "148/96" in reply.text
    assert reply.personal
    assert "5 h 15 min" in (await chat.turns())[-1].metric_summary


async def test_the_model_sees_the_numbers_and_may_repeat_them() -> None:
    """Computed lines go into the prompt, and a sentence that repeats one passes the check."""
    chat = Chat(
        script=["Tiredness often comes from too little sleep, stress or too little movement [1]."]
    )
    await chat.say("slept 5h")
    await chat.say("slept 5.5 hours")
    reply = await chat.say("why am I tired?")
    assert chat.generator is not None
    prompt = chat.generator.prompts[0][-1].content
    assert "5 h 15 min" in prompt or "5.25" in prompt
    assert "5 h 15 min" in reply.text


async def test_a_reading_inside_a_question_is_kept_and_answered() -> None:
    """'My pressure is 150/95, does it matter?' is both a log and a question."""
    chat = Chat()
    reply = await chat.say("我血压150/95，要紧吗？")
    assert reply.kind == "answer"
    assert "150/95" in reply.text
    assert "140/90" in reply.text
    assert len(reply.undo) == 1
    assert len(await chat.store.observations(UserId("ann"))) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("bp 148/96, I have been so tired all week", "pressure"),
        ("睡了5小时，最近总是很累", "睡眠"),
    ],
)
async def test_a_complaint_beside_a_reading_is_answered_too(text: str, shown: str) -> None:
    """Who tells of a symptom while logging hopes for more than a receipt."""
    chat = Chat()
    reply = await chat.say(text)
    assert reply.kind == "answer"
    assert reply.citations
    assert reply.text.startswith(("Logged", "已记录"))
    assert shown in reply.text
    assert len(reply.undo) == 1


@pytest.mark.parametrize("text", ["weight 82 kg, feeling great", "no headache, bp 128/82"])
async def test_a_reading_with_nothing_to_complain_of_is_only_kept(text: str) -> None:
    """A receipt is enough when all is well."""
    reply = await Chat().say(text)
    assert reply.kind == "logged"


async def test_a_complaint_that_nothing_is_known_of_leaves_the_receipt() -> None:
    """Nothing was asked, so the receipt is not followed by "I found nothing"."""
    chat = Chat()
    reply = await chat.say("weight 82 kg, my ears are ringing")
    assert reply.kind == "logged"
    assert "won't guess" not in reply.text


async def test_undo_takes_back_the_whole_last_message() -> None:
    """One undo removes everything one message logged, and nothing else."""
    chat = Chat()
    await chat.say("weight 70 kg")
    await chat.say("bp 128/82, pulse 72")
    assert "2" in (await chat.say("undo")).text
    kept = await chat.store.observations(UserId("ann"))
    assert [o.kind for o in kept] == ["weight"]
    await chat.say("撤销")
    assert (await chat.say("/undo")).text.startswith("There is nothing")


async def test_an_implausible_value_is_asked_about_and_the_answer_counts() -> None:
    """700 kg is not stored; the person's correction is."""
    chat = Chat()
    asked = await chat.say("weight 700 kg")
    assert asked.kind == "clarify"
    assert not await chat.store.observations(UserId("ann"))
    settled = await chat.say("70 kg")
    assert settled.kind == "logged"
    (kept,) = await chat.store.observations(UserId("ann"))
    assert kept.value == 70


async def test_a_no_drops_the_open_question() -> None:
    """Saying no stores nothing, and the next message is read afresh."""
    chat = Chat()
    await chat.say("weight 700 kg")
    assert "nothing was stored" in (await chat.say("no")).text
    assert not await chat.store.observations(UserId("ann"))
    assert (await chat.say("How much sleep do adults need?")).kind == "answer"


async def test_an_open_question_does_not_swallow_the_next_message() -> None:
    """A new question instead of an answer is treated as what it is."""
    chat = Chat()
    await chat.say("weight 700 kg")
    assert (await chat.say("How much sleep do adults need?")).kind == "answer"


async def test_an_old_open_question_is_forgotten() -> None:
    """An hour later 'yes' answers nothing."""
    chat = Chat()
    await chat.say("weight 700 kg")
    chat.later(hours=1)
    await chat.say("yes")
    assert not await chat.store.observations(UserId("ann"))


async def test_a_dangerous_reading_is_answered_with_what_to_do() -> None:
    """A value can be an emergency by itself; it is kept all the same."""
    chat = Chat()
    reply = await chat.say("spo2 82%")
    assert reply.kind == "emergency"
    assert len(await chat.store.observations(UserId("ann"))) == 1


async def test_nothing_relevant_is_said_plainly() -> None:
    """A question outside the knowledge gets no invented answer and no source."""
    chat = Chat(script=["Paris [1]."])
    reply = await chat.say("Which team won the football final?")
    assert reply.kind == "answer"
    assert reply.path == "fixed"
    assert not reply.citations
    assert "won't guess" in reply.text
    assert not (await chat.turns())[0].relevant
    assert chat.generator is not None
    assert not chat.generator.prompts


async def test_a_dead_index_gives_no_uncited_advice() -> None:
    """With the knowledge down, Salus says so instead of answering from nowhere."""
    chat = Chat(script=[GOOD])
    chat.retriever.failing = True
    reply = await chat.say("How much sleep do adults need?")
    assert "can't reach my reviewed sources" in reply.text
    assert not reply.citations
    assert (await chat.turns())[0].failure == "error.retrieval"


async def test_the_first_reply_says_what_salus_is_and_later_ones_do_not() -> None:
    """People are told once that they talk to a program."""
    chat = Chat()
    assert "automated assistant" in (await chat.say("How much sleep do adults need?")).text
    assert "automated assistant" not in (await chat.say("How much sleep do adults need?")).text
    assert "自动化" in (await chat.say("成年人每天要睡几个小时？", user="bob")).text


async def test_emergencies_do_not_wait_for_anything() -> None:
    """A red flag is answered while an earlier answer of the same person still hangs."""
    chat = Chat(generator=ScriptedGenerator([GOOD], delay_s=5))
    place = Place(platform="console", chat="home")
    slow = Message(
        user=UserId("ann"), place=place, text="How much sleep do adults need?", sent_at=chat.now
    )
    stream = chat.dialogue.respond(slow)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(1):
        reply = await chat.say("crushing chest pain and my left arm is numb")
    assert reply.kind == "emergency"
    assert reply.path == "fixed"
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await stream.aclose()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("crushing chest pain, sweating, arm feels numb", "emergency"),
        ("我不想活了，想吃安眠药结束这一切", "crisis"),
    ],
)
async def test_emergencies_are_answered_with_the_database_and_index_down(
    text: str, kind: str
) -> None:
    """Neither store nor index nor model is needed for the fixed reply, in under a second."""
    chat = Chat(script=[GOOD])
    chat.store.failure = StoreLockedError("down")
    chat.retriever.failing = True
    reply = await chat.say(text)
    assert reply.kind == kind
    assert reply.timings.total_ms < 1000


async def test_the_country_asked_for_in_an_emergency_is_remembered() -> None:
    """Answering 'China' to the country question gives the numbers and keeps the country."""
    chat = Chat()
    await chat.say("crushing chest pain and sweating, my arm is numb")
    reply = await chat.say("China")
    assert "120" in reply.text
    assert (await chat.store.profile(UserId("ann"))).country == "CN"


async def test_with_the_database_down_questions_are_answered_and_logs_refused() -> None:
    """Nothing is pretended to be stored; what needs no store still works."""
    chat = Chat()
    chat.store.failure = StoreLockedError("locked")
    answered = await chat.say("How much sleep do adults need?")
    assert "7 hours" in answered.text
    assert "not stored" in answered.text
    assert answered.turn is None
    assert not answered.votable
    for said in ("bp 128/82", "/trend"):
        refused = await chat.say(said)
        assert refused.kind == "clarify"
        assert refused.turn is None
    assert (await chat.say("can I double my metformin dose?")).kind == "refusal"
    assert (await chat.say("hello")).kind == "command"


async def test_doses_are_never_changed_here() -> None:
    """Starting, stopping and changing medicines is for prescribers."""
    chat = Chat(script=["Yes."])
    for said in ("should I double my metformin?", "我可以自己停降压药吗？"):
        reply = await chat.say(said)
        assert reply.kind == "refusal"
        assert reply.path == "fixed"
    assert chat.generator is not None
    assert not chat.generator.prompts


async def test_a_group_sees_nothing_personal() -> None:
    """In a group values are not logged, history and numbers not used, commands handed off."""
    chat = Chat(script=[GOOD])
    await chat.say("slept 5h")
    group = {"private": False, "chat": "group", "platform": "telegram"}
    assert (await chat.say("slept 4h", **group)).kind == "clarify"
    for command in ("/trend", "/today", "/export", "/why", "/undo"):
        reply = await chat.say(command, **group)
        assert "private chat" in reply.text
        assert not reply.personal
    answer = await chat.say("How much sleep do adults need?", **group)
    assert not answer.personal
    assert "5 h" not in answer.text
    assert chat.generator is not None
    assert "5 h" not in chat.generator.prompts[-1][-1].content
    assert len(await chat.store.observations(UserId("ann"))) == 1


async def test_a_follow_up_leans_on_the_question_before() -> None:
    """'And is that a lot?' is searched together with what it refers to."""
    chat = Chat()
    await chat.say("How much sleep do adults need?")
    await chat.say("and what about less than that?")
    assert "How much sleep do adults need?" in chat.retriever.queries[-1]
    await chat.say("What counts as high blood pressure?")
    assert chat.retriever.queries[-1] == "What counts as high blood pressure?"


async def test_places_do_not_share_history() -> None:
    """What was asked at home is no context elsewhere."""
    chat = Chat()
    await chat.say("How much sleep do adults need?")
    await chat.say("and what about less than that?", chat="office")
    assert chat.retriever.queries[-1] == "and what about less than that?"


async def test_messages_of_one_person_keep_their_order_and_people_run_side_by_side() -> None:
    """Ten people with three messages each: in order for each, all at once overall."""
    chat = Chat(generator=ScriptedGenerator([GOOD] * 30, delay_s=0.005))
    done: list[tuple[str, int]] = []

    async def one(user: str, number: int) -> None:
        await chat.say("How much sleep do adults need?", user=user)
        done.append((user, number))

    tasks = []
    for number in range(3):
        tasks += [asyncio.ensure_future(one(f"p{person}", number)) for person in range(10)]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    for person in range(10):
        mine = [number for user, number in done if user == f"p{person}"]
        assert mine == [0, 1, 2]
    assert len(chat.dialogue._lanes) == 0


async def test_a_listener_who_leaves_frees_the_lane_and_the_model() -> None:
    """Closing the stream early cancels the model and lets the next message through."""
    chat = Chat(generator=ScriptedGenerator([f"{GOOD} {GOOD}", GOOD], delay_s=0.01))
    message = Message(
        user=UserId("ann"),
        place=Place(platform="console", chat="home"),
        text="How much sleep do adults need?",
        sent_at=chat.now,
    )
    async with aclosing(chat.dialogue.respond(message)) as stream:
        await anext(stream)
    assert chat.generator is not None
    assert chat.generator.closed == 1
    async with asyncio.timeout(3):
        assert (await chat.say("How much sleep do adults need?")).final


async def test_votes_by_button_by_command_and_by_emoji() -> None:
    """One vote per person and turn, changeable, with a reason; only on one's own turns."""
    chat = Chat()
    assert "no answer here" in (await chat.say("/good")).text
    reply = await chat.say("How much sleep do adults need?")
    assert reply.turn is not None
    assert reply.votable
    await chat.dialogue.rate(UserId("ann"), reply.turn, "up")
    await chat.say("👎 too long")
    (vote,) = await chat.store.votes()
    assert (vote.vote, vote.reason) == ("down", "too long")
    await chat.say("/good")
    assert [v.vote for v in await chat.store.votes()] == ["up"]
    with pytest.raises(NotFoundError):
        await chat.dialogue.rate(UserId("eve"), reply.turn, "down")
    with pytest.raises(NotFoundError):
        await chat.dialogue.rate(UserId("ann"), TurnId("nothing"), "down")


async def test_everything_can_be_exported_and_forgotten() -> None:
    """Export holds what was said and logged; after yes to /forget nothing is left."""
    chat = Chat()
    await chat.say("slept 5h")
    await chat.say("How much sleep do adults need?")
    exported = (await chat.say("/export")).text
    assert "slept 5h" in exported
    assert "How much sleep" in exported
    await chat.say("/forget")
    assert (await chat.say("what?")).kind != "command"
    assert await chat.store.observations(UserId("ann"))
    await chat.say("/forget")
    gone = await chat.say("yes")
    assert "erased" in gone.text
    assert gone.turn is None
    assert not await chat.store.observations(UserId("ann"))
    assert not await chat.turns()


async def test_why_shows_where_the_answer_came_from() -> None:
    """Path, passages and versions of the last answer, in words."""
    chat = Chat()
    assert "no answer here" in (await chat.say("/why")).text
    await chat.say("How much sleep do adults need?")
    told = (await chat.say("/why")).text
    assert "sleep-adults" in told
    assert "kb-test" in told
    assert "own sentences" in told


async def test_why_names_what_the_graph_knows_of_the_answer() -> None:
    """Relations between what was asked and the page that answered stand under /why, both ways."""
    page = passage("gout-uric-acid#1", "Gout", "What helps?", "Drinking water helps with gout.")
    page = replace(page, doc="en/gout-uric-acid")
    chat = Chat(relating=Relating(lambda: load_graph(GRAPH)))
    chat.retriever.passages = (page,)
    await chat.say("Does drinking fluids help with gout?")
    told = (await chat.say("/why")).text
    assert "gout – helped by: drinking fluids" in told
    await chat.say("How tired am I?")
    assert "hangs together" not in (await chat.say("/why")).text


async def test_an_answer_from_pages_in_another_language_says_so() -> None:
    """What rests on English pages alone says so to a Chinese asker, whoever wrote it."""
    only_english = tuple(p for p in PASSAGES if p.id == "sleep-adults")
    asked = "睡眠多久 sleep adults?"
    found = FakeRetriever(only_english, crossing=True)
    written = Chat(script=["至少7小时[1]。"], retriever=found)
    quoted = Chat(retriever=found)
    model, extract = await written.say(asked), await quoted.say(asked)
    assert (model.path, extract.path) == ("model", "extractive")
    assert "只有英文" in model.text
    assert "只有英文" in extract.text
    plain = await Chat(script=["成年人每晚至少要睡7小时。[1]"]).say("成年人每晚要睡几个小时？")
    assert plain.path == "model"
    assert "英文" not in plain.text


async def test_the_other_commands() -> None:
    """Help, start, privacy, language, country, today and trend say what they promise."""
    chat = Chat()
    assert "/forget" in (await chat.say("/help")).text
    assert "/help" in (await chat.say("/start")).text
    assert "encrypted" in (await chat.say("/privacy")).text
    assert "/nonsense" in (await chat.say("/nonsense")).text
    assert "/language en" in (await chat.say("/language")).text
    assert "中文" in (await chat.say("/language zh")).text
    assert (await chat.say("/country")).kind == "command"
    assert "999" in (await chat.say("/country GB", user="bob")).text
    assert (await chat.say("/today")).kind == "command"
    await chat.say("slept 6h", user="bob")
    assert "6 h" in (await chat.say("today", user="bob")).text
    assert "6 h" in (await chat.say("/trend", user="bob")).text
    assert (await chat.say("/log", user="bob")).kind == "command"
    assert (await chat.say("/log slept 7h", user="bob")).kind == "logged"


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "empty"), ("   \n\t", "empty"), ("😀😀", "words and numbers"), ("x" * 5000, "5000")],
    ids=["empty", "blank", "emoji", "long"],
)
async def test_unreadable_messages_get_a_clear_line(text: str, said: str) -> None:
    """Whatever cannot be read is named, and nothing is guessed."""
    reply = await Chat().say(text)
    assert reply.kind == "clarify"
    assert said in reply.text


async def test_other_languages_are_told_in_both_of_ours() -> None:
    """A third language gets both our languages and an emergency hint."""
    reply = await Chat().say("¿Cuántas horas debo dormir cada noche?")
    assert reply.kind == "clarify"
    assert "112" in reply.text
    assert "中文" in reply.text


async def test_hidden_characters_change_nothing() -> None:
    """Zero-width, control and tag characters are gone before anything is decided."""
    reply = await Chat().say("How much\u200b sleep\U000e0041 do\x07 adults need?\u202e")
    assert "7 hours" in reply.text


@pytest.mark.parametrize(
    "text", ["hi", "Hello there!", "thanks", "who are you?", "你好", "谢谢", "再见"]
)
async def test_small_talk_needs_no_search(text: str) -> None:
    """Greetings and thanks are answered without looking anything up."""
    chat = Chat()
    assert (await chat.say(text)).kind == "command"
    assert not chat.retriever.queries
