"""Server-sent events of a chat completion, as bytes come in: what they add and how they end.

One read of the network may hold many events; they are taken together, so that a fast server
costs one step of ours for many tokens instead of one for each.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

_DATA = b"data:"
_DONE = b"[DONE]"


@dataclass(frozen=True, slots=True)
class Piece:
    """What one read added to the answer; ``finish`` when the server said why it ended."""

    text: str
    finish: str = ""


class Events:
    """Puts the events of one stream together."""

    def __init__(self) -> None:
        """Nothing was read yet."""
        self._rest = b""

    def take(self, data: bytes) -> Piece:
        """What ``data`` completes. Raises ValueError for what is no event, or tells of an error."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        text, finish = "", ""
        for line in lines:
            body = line[len(_DATA) :].strip()
            if not line.startswith(_DATA) or body in {b"", _DONE}:
                continue
            added, ended = _read(json.loads(body))
            text, finish = text + added, ended or finish
        return Piece(text, finish)


def _read(event: object) -> tuple[str, str]:
    """(text, finish reason) of one event; the usage at the end has neither."""
    if not isinstance(event, dict) or "error" in event:
        raise ValueError("the stream tells of an error")
    for choice in event.get("choices") or ():
        delta = choice.get("delta") or {}
        return str(delta.get("content") or ""), str(choice.get("finish_reason") or "")
    return "", ""
