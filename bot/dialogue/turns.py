"""The values one message travels in through the dialogue, and the making of its Turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.model import (
    AnswerPath,
    Citation,
    Lang,
    Message,
    ObservationId,
    Profile,
    Reply,
    ReplyKind,
    Timings,
    TriageResult,
    Turn,
    TurnId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message as understood so far: cleaned, its language known, its person looked up."""

    message: Message
    text: str
    lang: Lang
    profile: Profile
    triage: TriageResult
    now: datetime  # aware, in the person's zone

    @property
    def private(self) -> bool:
        """Only here may anything personal be read or shown."""
        return self.message.place.private


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
    failure: str = ""
    relevant: bool = True
    votable: bool = False
    undo: tuple[ObservationId, ...] = ()
    final: bool = True
    record: bool = True  # False after an erasure: nothing of it may be kept
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
        asked=heard.text,
        answered=said.text,
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
    )
