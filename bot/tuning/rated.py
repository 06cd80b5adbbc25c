"""A rated exchange as the workshop sees it: masked words, and keys that only tell things apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.model import AnswerPath, ChatMessage, Lang, Passage, Vote

Verdict = Literal["accept", "edit", "reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An exchange that the prompt repeated."""

    id: str
    asked: str
    answered: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a person decided about a lesson. ``text`` is the answer as it should have been."""

    verdict: Verdict
    by: str
    reason: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """One lesson. ``id`` and ``who`` are keys inside this process and go into no file.

    ``written`` is what the person saw, without anything that code put around it, its ``[n]``
    in the numbering of the prompt; ``shown`` are the passages of that prompt in order.
    """

    id: str
    who: str
    at: datetime  # of the vote
    lang: Lang
    asked: str
    written: str
    vote: Vote
    path: AnswerPath
    reason: str = ""
    shown: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    model: str = ""
    adapter: str = ""
    prompt_version: str = ""
    knowledge_version: str = ""
    review: Review | None = None


class Rebuilding(Protocol):
    """Builds again what the model was given. None: that is not possible any more."""

    def prompt(self, lesson: Rated) -> list[ChatMessage] | None: ...
    def passages(self, lesson: Rated) -> list[Passage] | None: ...  # as shown, in order
