"""A person's own copy of everything, in words they understand, as plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from bot.model import Feedback, Observation, Part, Profile, Turn
from bot.store import Consent

FORMAT = "salus-export-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """All that is stored about one person. ``accounts`` are (platform, linked at)."""

    profile: Profile
    accounts: Sequence[tuple[str, datetime]] = field(default=())
    consents: Sequence[Consent] = field(default=())
    observations: Sequence[Observation] = field(default=())
    turns: Sequence[Turn] = field(default=())
    votes: Sequence[Feedback] = field(default=())
    challenges: Sequence[tuple[str, datetime, Part]] = field(default=())  # topic, joined
    curator: Sequence[str] = field(default=())  # names under which they look after knowledge


def readable(found: Everything, at: datetime) -> dict[str, object]:
    """The export as JSON-able values; times are ISO 8601 in UTC."""
    return {
        "format": FORMAT,
        "exported_at": at.isoformat(),
        "person": found.profile.user,
        "accounts": [{"platform": p, "linked_at": t.isoformat()} for p, t in found.accounts],
        "profile": _profile(found.profile),
        "consents": [_consent(c) for c in found.consents],
        "measurements": [_measurement(o) for o in found.observations],
        "conversations": [_conversation(t) for t in found.turns],
        "votes": [_vote(v) for v in found.votes],
        "challenges": [_challenge(*one) for one in found.challenges],
        "looks_after_knowledge_as": list(found.curator),
    }


def _profile(profile: Profile) -> Mapping[str, object]:
    return {
        "language": profile.lang,
        "country": profile.country,
        "time_zone": profile.tz,
        "facts": dict(profile.facts),
        "agreed_to": sorted(profile.consents),
        "greeted": profile.greeted,
        "open_question": dict(profile.pending),
    }


def _consent(consent: Consent) -> Mapping[str, object]:
    withdrawn = consent.withdrawn_at
    return {
        "purpose": consent.purpose,
        "given_at": consent.given_at.isoformat(),
        "withdrawn_at": withdrawn.isoformat() if withdrawn else None,
        "wording_version": consent.wording,
    }


def _measurement(observation: Observation) -> Mapping[str, object]:
    return {
        "id": observation.id,
        "time": observation.at.isoformat(),
        "kind": observation.kind,
        "value": observation.value,
        "second_value": observation.value2,
        "unit": observation.unit,
        "as_written": observation.text,
        "written_value": observation.shown_value,
        "written_unit": observation.shown_unit,
        "note": observation.note,
    }


def _conversation(turn: Turn) -> Mapping[str, object]:
    return {
        "id": turn.id,
        "time": turn.at.isoformat(),
        "platform": turn.place.platform,
        "chat": turn.place.chat,
        "private": turn.place.private,
        "you_said": turn.asked,
        "salus_said": turn.answered,
        "answer_alone": turn.written,
        "language": turn.lang,
        "kind_of_reply": turn.kind,
        "made_by": turn.path,
        "model": turn.model,
        "adapter": turn.adapter,
        "prompt_version": turn.prompt_version,
        "knowledge_version": turn.knowledge_version,
        "passages_cited": list(turn.passages),
        "passages_read": list(turn.shown),
        "earlier_conversations_read": list(turn.recalled),
        "profile_read": list(turn.about),
        "your_numbers_used": turn.metric_summary,
        "safety_check": asdict(turn.triage) if turn.triage else None,
        "failure": turn.failure,
        "knowledge_fitted": turn.relevant,
        "milliseconds": dict(turn.timings),
    }


def _challenge(topic: str, joined: datetime, part: Part) -> Mapping[str, object]:
    return {
        "challenge": topic,
        "joined_at": joined.isoformat(),
        "name_shown": part.name,
        "days_done": sorted(part.days),
    }


def _vote(vote: Feedback) -> Mapping[str, object]:
    return {
        "conversation": vote.turn,
        "vote": vote.vote,
        "time": vote.at.isoformat(),
        "reason": vote.reason,
    }
