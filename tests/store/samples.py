"""Turns and observations as people make them, and hypothesis strategies for the odd ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

from bot.model import Observation, Place, Profile, TriageResult, Turn, TurnId, UserId
from bot.store import new_id

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def turn(user: UserId, asked: str = "How much water a day?", **changes: Any) -> Turn:
    """A turn that says something in every field."""
    values: dict[str, Any] = {
        "id": TurnId(new_id()),
        "user": user,
        "place": Place(platform="telegram", chat="4711"),
        "asked": asked,
        "answered": "About six to eight cups [1].",
        "kind": "answer",
        "lang": "en",
        "at": NOON,
        "path": "model",
        "model": "qwen3-8b",
        "adapter": "salus-7",
        "prompt_version": "p3",
        "knowledge_version": "k12",
        "passages": ("water-1", "water-4"),
        "metric_summary": "water: 1.2 L a day over 7 days",
        "triage": TriageResult(level="none", category="", why="no rule fits", version="t2"),
        "failure": "error.model_timeout",
        "relevant": True,
        "timings": {"first_token_ms": 181.25, "total_ms": 950.0},
    }
    return Turn(**(values | changes))


def weight(value: float = 70.5, *, at: datetime = NOON, **changes: Any) -> Observation:
    """A weight somebody wrote."""
    values: dict[str, Any] = {
        "kind": "weight",
        "value": value,
        "unit": "kg",
        "at": at,
        "text": f"weight {value}",
        "shown_value": str(value),
        "shown_unit": "kg",
    }
    return Observation(**(values | changes))


def later(minutes: float) -> datetime:
    """A time after noon."""
    return NOON + timedelta(minutes=minutes)


T = TypeVar("T", Turn, Observation)


def in_utc(value: T) -> T:
    """The same with its time in UTC: Python calls times of an autumn hour unequal across zones."""
    return replace(value, at=value.at.astimezone(UTC))


# --- strategies: any text a platform may hand over, but for broken halves of a character

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
times = st.datetimes(
    datetime(1900, 1, 1),  # noqa: DTZ001 (hypothesis adds the zone)
    datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.timezones() | st.just(UTC),
)
triages = st.builds(
    TriageResult,
    level=st.sampled_from(["emergency", "urgent", "none"]),
    category=words,
    why=words,
    crisis=st.booleans(),
)


def any_turn(user: UserId) -> st.SearchStrategy[Turn]:
    """Turns with anything in every field."""
    return st.builds(
        Turn,
        id=st.builds(lambda: TurnId(new_id())),
        user=st.just(user),
        place=st.builds(
            Place,
            platform=st.sampled_from(["console", "telegram", "discord"]),
            chat=words,
            private=st.booleans(),
        ),
        asked=words,
        answered=words,
        kind=st.sampled_from(["answer", "logged", "crisis"]),
        lang=st.sampled_from(["en", "zh"]),
        at=times,
        path=st.sampled_from(["model", "extractive", "fixed"]),
        model=names,
        adapter=names,
        prompt_version=names,
        knowledge_version=names,
        passages=st.lists(words, max_size=3).map(tuple),
        metric_summary=words,
        triage=st.none() | triages,
        failure=words,
        relevant=st.booleans(),
        timings=st.dictionaries(words, numbers, max_size=3),
    )


any_observation = st.builds(
    Observation,
    kind=st.sampled_from(["weight", "blood_pressure", "mood"]),
    value=numbers,
    value2=st.none() | numbers,
    unit=words,
    at=times,
    text=words,
    shown_value=words,
    shown_unit=words,
    note=words,
    id=st.none(),
)


def any_profile(user: UserId) -> st.SearchStrategy[Profile]:
    """Profiles with anything in every field."""
    return st.builds(
        Profile,
        user=st.just(user),
        lang=st.sampled_from([None, "en", "zh"]),
        country=words,
        tz=words,
        consents=st.frozensets(names, max_size=3),
        facts=st.dictionaries(words, words, max_size=3),
        greeted=st.booleans(),
        pending=st.dictionaries(words, words, max_size=3),
    )
