"""Server-sent events as bytes: cut anywhere, many at once, with everything a server may send."""

from __future__ import annotations

import json

import pytest

from bot.generation.events import Events, Piece


def event(text: str | None, finish: str | None = None) -> bytes:
    """One chunk of a chat completion."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return f"data: {json.dumps({'choices': [choice]}, ensure_ascii=False)}\n\n".encode()


WHOLE = b"".join(
    [
        b": keep-alive\n\n",
        event(None),
        *(event(word) for word in ("睡", "七", " hours", " [1]", ".")),
        event("", "stop"),
        b'data: {"choices": [], "usage": {"total_tokens": 9}}\n\n',
        b"data: [DONE]\n\n",
    ]
)


def test_events_cut_at_every_byte_give_the_same_answer() -> None:
    """A read of the network may end inside a character, a line or between two events."""
    for cut in range(len(WHOLE)):
        events = Events()
        pieces = [events.take(WHOLE[:cut]), events.take(WHOLE[cut:])]
        assert "".join(p.text for p in pieces) == "睡七 hours [1]."
        assert [p.finish for p in pieces if p.finish] == ["stop"]


def test_what_one_read_holds_is_one_piece() -> None:
    """A fast server costs one step for many tokens."""
    assert Events().take(WHOLE) == Piece("睡七 hours [1].", "stop")
    assert Events().take(b"") == Piece("")


@pytest.mark.parametrize("sent", [b"data: {not json\n\n", b'data: {"error": {"code": 500}}\n\n'])
def test_what_is_no_answer_is_refused(sent: bytes) -> None:
    """Neither garbage nor an error told in the middle of a stream passes for words."""
    with pytest.raises(ValueError, match=r"Expecting|error"):
        Events().take(sent)
