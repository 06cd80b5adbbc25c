"""The values one message travels in through the dialogue, and the making of its Turn."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from bot.model import (
    AnswerPath,
    Button,
    Chart,
    Citation,
    Errand,
    Lang,
    Message,
    ObservationId,
    ParsedMetrics,
    Profile,
    Reply,
    ReplyKind,
    Timings,
    TriageResult,
    Turn,
    TurnId,
    UserId,
)

HIDDEN: Final = "•••"
_LINK: Final = re.compile(
    r"\A(/link(?:@\w+)?|/?kb(?:@\w+)?\s+(?:link|绑定))\s+\S.*", re.IGNORECASE | re.DOTALL
)
_FIGURE: Final = re.compile(r"\d+(?:[.,:/]\d+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message as understood so far: cleaned, its language known, its person looked up."""

    message: Message
    text: str
    lang: Lang
    profile: Profile
    triage: TriageResult
    now: datetime  # aware, in the person's zone
    education: bool = False  # a platform where nothing about a body is kept or shown

    @property
    def private(self) -> bool:
        """Only here may anything personal be read or shown."""
        return self.message.place.private

    @property
    def values_here(self) -> bool:
        """Whether values of the person's body may be kept and shown in this place."""
        return self.private and not self.education

    def by(self, person: UserId) -> Heard:
        """The same, as said by the person they have become, who knows us already."""
        profile = Profile(user=person, greeted=True)
        return replace(self, message=replace(self.message, user=person), profile=profile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What Salus decided to say, before it becomes a Reply and a Turn."""

    text: str
    kind: ReplyKind
    path: AnswerPath = "fixed"
    personal: bool = False
    citations: tuple[Citation, ...] = ()
    model: str = ""
    adapter: str = ""
    prompt_version: str = ""
    knowledge_version: str = ""
    passages: tuple[str, ...] = ()
    metric_summary: str = ""
    written: str = ""
    shown: tuple[str, ...] = ()
    recalled: tuple[TurnId, ...] = ()
    about: tuple[str, ...] = ()
    failure: str = ""
    relevant: bool = True
    votable: bool = False
    undo: tuple[ObservationId, ...] = ()
    final: bool = True
    charts: tuple[Chart, ...] = ()
    asked: str | None = None  # kept in place of the message, where that holds what we do not keep
    kept: str | None = None  # kept in place of ``text``, where that holds a secret
    person: UserId | None = None  # who the speaker is from here on
    record: bool = True  # False after an erasure: nothing of it may be kept
    buttons: tuple[tuple[Button, ...], ...] = ()
    errands: tuple[Errand, ...] = ()
    first_token_ms: float | None = None
    steps_ms: dict[str, float] = field(default_factory=dict)


def to_turn(heard: Heard, said: Said, *, turn: TurnId, total_ms: float) -> Turn:
    """The record of one exchange."""
    timings = {**said.steps_ms, "total_ms": total_ms}
    if said.first_token_ms is not None:
        timings["first_token_ms"] = said.first_token_ms
    return Turn(
        id=turn,
        user=heard.message.user,
        place=heard.message.place,
        asked=without_codes(heard.text if said.asked is None else said.asked),
        answered=said.text if said.kept is None else said.kept,
        kind=said.kind,
        lang=heard.lang,
        at=heard.message.sent_at,
        path=said.path,
        model=said.model,
        adapter=said.adapter,
        prompt_version=said.prompt_version,
        knowledge_version=said.knowledge_version,
        passages=said.passages,
        metric_summary=said.metric_summary,
        triage=heard.triage,
        failure=said.failure,
        relevant=said.relevant,
        timings=timings,
        written=said.written,
        shown=said.shown,
        recalled=said.recalled,
        about=said.about,
    )


def to_reply(heard: Heard, said: Said, *, turn: TurnId | None, total_ms: float) -> Reply:
    """What the adapter shows. Without a turn there is nothing to vote on."""
    return Reply(
        text=said.text,
        kind=said.kind,
        lang=heard.lang,
        final=said.final,
        personal=said.personal,
        turn=turn,
        citations=said.citations,
        path=said.path,
        model=said.model if said.path == "model" else "",
        knowledge_version=said.knowledge_version,
        timings=Timings(first_token_ms=said.first_token_ms, total_ms=total_ms),
        undo=said.undo,
        votable=said.votable and turn is not None,
        charts=said.charts,
        buttons=said.buttons,
        errands=said.errands,
    )


def without_codes(text: str) -> str:
    """The message without the linking code in it: that is a secret, whoever reads the record."""
    return _LINK.sub(rf"\1 {HIDDEN}", text)


def without_values(text: str, found: ParsedMetrics) -> str:
    """The message without the readings in it, and without any other figure."""
    pieces = [o.text for o in found.observations] + [ask.text for ask in found.asks]
    for piece in sorted(filter(None, pieces), key=len, reverse=True):
        text = text.replace(piece, HIDDEN)
    return _FIGURE.sub(HIDDEN, text)
