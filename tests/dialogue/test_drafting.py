"""A model's answer keeps its shape on its way through the check."""

from __future__ import annotations

import pytest

from tests.fakes.chat import Chat
from tests.fakes.generator import ScriptedGenerator
from tests.fakes.retriever import FakeRetriever, passage

QUESTION = "How much sleep do adults need?"
NEED = "Most adults need at least 7 hours of sleep a night [1]."
LESS = "Most adults need at least 7 hours of sleep [1]."
FALSE = "Adults need 14 hours of sleep a night [1]."


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (f"{NEED} {LESS}", f"{NEED} {LESS}"),
        (f"{NEED}\n\n- {LESS}\n- {NEED}", f"{NEED}\n\n- {LESS}\n- {NEED}"),
        (f"{NEED} {FALSE} {LESS}", f"{NEED} {LESS}"),
        (f"{NEED}\n- {FALSE}\n- {LESS}", f"{NEED}\n- {LESS}"),
    ],
    ids=["spaces", "list", "one left out", "an item left out"],
)
async def test_what_holds_is_shown_as_it_was_written(written: str, shown: str) -> None:
    """Spaces, paragraphs and bullets stay; a sentence that does not hold goes with its own."""
    chat = Chat(generator=ScriptedGenerator([written]))
    reply = await chat.say(QUESTION)
    assert reply.path == "model"
    assert shown in reply.text
    (turn,) = await chat.turns()
    assert turn.written == shown


HABITS = passage(
    "sleep-habits",
    "Sleeping better",
    "What helps me sleep?",
    "A steady routine is the best first step for better sleep.\n\n"
    "- Go to bed at the same time every day. Weekends count too.\n"
    "- Keep the bedroom quiet, dark and cool.\n\n"
    "A warm bath before bed relaxes.",
)
LEAD = "A steady routine is the best first step for better sleep [1]."
BED, WEEKENDS = "Go to bed at the same time every day [1].", "Weekends count too [1]."
ROOM, BATH = "Keep the bedroom quiet, dark and cool [1].", "A warm bath before bed relaxes [1]."


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (f"{LEAD} {BED} {WEEKENDS} {ROOM}", f"{LEAD}\n- {BED} {WEEKENDS}\n- {ROOM}"),
        (f"{LEAD} {ROOM} {BATH}", f"{LEAD}\n- {ROOM}\n\n{BATH}"),
        (f"{ROOM} {LEAD}", f"- {ROOM}\n\n{LEAD}"),
        (f"{LEAD}\n\n{ROOM}\n\n{BATH}", f"{LEAD}\n\n- {ROOM}\n\n{BATH}"),
        (f"{LEAD}\n* {BED}\n* {ROOM}", f"{LEAD}\n* {BED}\n* {ROOM}"),
    ],
    ids=["list", "prose behind it", "list first", "own paragraph", "bullets of its own"],
)
async def test_what_is_quoted_from_a_list_stands_as_a_list(written: str, shown: str) -> None:
    """One line for each item, whatever the model made of it; and the same while it is written."""
    retriever = FakeRetriever([HABITS])
    chat = Chat(generator=ScriptedGenerator([written]), retriever=retriever)
    *before, reply = await chat.snapshots("What helps me sleep better?")
    assert reply.path == "model"
    assert shown in reply.text
    assert all(shown.startswith(early.text.rstrip(" …")) for early in before if early.text)
    (turn,) = await chat.turns()
    assert turn.written == shown
