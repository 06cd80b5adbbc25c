"""Values to rows and back: what stays plain, what is sealed, and how text is mended.

Plain stay ids, instants, the platform, the kind of a metric and the versions that made an
answer: queries and counts need them. Sealed are every word said or answered, every measured
value, notes, facts, reasons, cited passages, the chat's id, and also the kind of a reply and
the triage verdict, since "crisis" beside a name is as telling as the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.model import (
    Feedback,
    Observation,
    ObservationId,
    Place,
    Profile,
    TriageResult,
    Turn,
    TurnId,
    UserId,
)

Row = Mapping[Any, Any]
Body = dict[str, object]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def to_micros(at: datetime) -> int:
    """Microseconds since 1970 UTC of an aware time; ValueError for a naive one."""
    if at.utcoffset() is None:
        raise ValueError("a time without a zone cannot be stored")
    return min(max((at - _EPOCH) // _MICROSECOND, _FIRST), _LAST)


def from_micros(value: int) -> datetime:
    """The aware UTC time of to_micros."""
    return _EPOCH + value * _MICROSECOND


def mend(text: str) -> str:
    """Text that every encoder takes: surrogate pairs joined, lone surrogates replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def plain(text: str) -> str:
    """Mended text for a plain column; NUL, which PostgreSQL refuses, is replaced as well."""
    return mend(text).replace("\0", "\ufffd")


def _mended(value: object) -> object:
    if isinstance(value, str):
        return mend(value)
    if isinstance(value, Mapping):
        return _mended_body(value)
    if isinstance(value, (list, tuple)):
        return [_mended(v) for v in value]
    return value


def _mended_body(body: Mapping[str, object]) -> Body:
    return {mend(name): _mended(value) for name, value in body.items()}


# --- profiles ----------------------------------------------------------------


def profile_body(profile: Profile) -> Body:
    """What is sealed of a profile; consents have rows of their own."""
    return _mended_body(
        {
            "lang": profile.lang,
            "country": profile.country,
            "tz": profile.tz,
            "facts": profile.facts,
            "greeted": profile.greeted,
            "pending": profile.pending,
        }
    )


def profile_of(user: UserId, body: Row | None, consents: frozenset[str]) -> Profile:
    """The profile of a stored body; a blank one where nothing is stored."""
    return Profile(user=user, consents=consents, **(body or {}))


# --- observations ------------------------------------------------------------

_OBSERVED = ("value", "value2", "unit", "text", "shown_value", "shown_unit", "note")


def observation_plain(observation: Observation) -> dict[str, Any]:
    """The plain columns of an observation."""
    return {"kind": plain(observation.kind), "at": observation.at}


def observation_body(observation: Observation) -> Body:
    """What is sealed of an observation: the value above all."""
    return _mended_body({name: getattr(observation, name) for name in _OBSERVED})


def observation_of(row: Row, body: Row) -> Observation:
    """The observation of a row and its opened body; ``at`` is in UTC."""
    return Observation(id=ObservationId(row["id"]), kind=row["kind"], at=row["at"], **body)


# --- turns -------------------------------------------------------------------

_TURN_PLAIN = ("lang", "path", "model", "adapter", "prompt_version", "knowledge_version")
_TURN_LISTS = ("passages", "shown", "recalled", "about")
_TURN_SEALED = ("asked", "answered", "kind", "metric_summary", "failure", "relevant")


def turn_plain(turn: Turn) -> dict[str, Any]:
    """The plain columns of a turn. The platform is one: training must leave Discord rows out."""
    named = {name: plain(getattr(turn, name)) for name in _TURN_PLAIN}
    return {**named, "platform": plain(turn.place.platform), "at": turn.at}


def turn_body(turn: Turn) -> Body:
    """What is sealed of a turn: all that was said, and what was made of it."""
    return _mended_body(
        {name: getattr(turn, name) for name in _TURN_SEALED}
        | {
            "chat": turn.place.chat,
            "private": turn.place.private,
            "written": turn.written,
            **{name: getattr(turn, name) for name in _TURN_LISTS},
            "timings": turn.timings,
            "triage": asdict(turn.triage) if turn.triage else None,
        }
    )


def turn_of(row: Row, body: Row) -> Turn:
    """The turn of a row and its opened body; ``at`` is in UTC."""
    place = Place(platform=row["platform"], chat=body["chat"], private=body["private"])
    return Turn(
        id=TurnId(row["id"]),
        user=UserId(row["user_id"]),
        at=row["at"],
        place=place,
        passages=tuple(body["passages"]),
        written=body.get("written", ""),  # older rows lack it, and the three below
        shown=tuple(body.get("shown", ())),
        recalled=tuple(body.get("recalled", ())),
        about=tuple(body.get("about", ())),
        timings=body["timings"],
        triage=TriageResult(**body["triage"]) if body["triage"] else None,
        **{name: row[name] for name in _TURN_PLAIN},
        **{name: body[name] for name in _TURN_SEALED},
    )


# --- votes -------------------------------------------------------------------


def feedback_of(row: Row, reason: str) -> Feedback:
    """The vote of a row and its opened reason; ``at`` is in UTC."""
    return Feedback(
        turn=TurnId(row["turn_id"]),
        user=UserId(row["user_id"]),
        vote=row["vote"] or None,
        at=row["at"],
        reason=reason,
    )
