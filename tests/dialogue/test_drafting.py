"""A model's answer keeps its shape on its way through the check."""

from __future__ import annotations

import pytest

from tests.fakes.chat import Chat
from tests.fakes.generator import ScriptedGenerator

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
