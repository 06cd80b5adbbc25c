"""What the dialogue needs from the outside, as the narrowest Protocols that carry it.

Each has a real part, a fake in tests/fakes.py and one contract test run on both.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Protocol

from bot.model import (
    ChatMessage,
    Feedback,
    Generation,
    MetricKind,
    Observation,
    ObservationId,
    Profile,
    SearchResult,
    Turn,
    TurnId,
    UserId,
)
from rag.types import Lang


class Retriever(Protocol):
    """Finds passages. Raises rag.types.RetrievalError when it cannot."""

    async def search(self, query: str, *, lang: Lang | None, limit: int) -> SearchResult: ...


class Generator(Protocol):
    """Streams one answer. Raises a ModelError; closing the stream cancels the work behind it."""

    @property
    def name(self) -> str: ...
    @property
    def adapter(self) -> str: ...
    @property
    def languages(self) -> frozenset[Lang]: ...  # those it writes well enough to be asked in
    def stream(
        self, prompt: Sequence[ChatMessage], *, tenant: str = ""
    ) -> AsyncGenerator[Generation, None]: ...


class Prompts(Protocol):
    """Fills the prompt files. Raises KeyError for a missing variable."""

    @property
    def version(self) -> str: ...
    def build(self, **values: str) -> list[ChatMessage]: ...


class Store(Protocol):
    """Keeps people, turns, observations and votes. Raises a StoreError or NotFoundError."""

    async def profile(self, user: UserId) -> Profile: ...
    async def save_profile(self, profile: Profile) -> None: ...

    async def add_observations(
        self, user: UserId, observations: Sequence[Observation]
    ) -> list[ObservationId]: ...
    async def observations(
        self,
        user: UserId,
        *,
        kind: MetricKind | None = None,
        since: datetime | None = None,
    ) -> list[Observation]: ...  # oldest first
    async def last_logged(self, user: UserId) -> list[ObservationId]: ...  # the newest batch
    async def remove_observations(self, user: UserId, ids: Sequence[ObservationId]) -> int: ...

    async def add_turn(self, turn: Turn) -> None: ...
    async def turn(self, user: UserId, turn: TurnId) -> Turn: ...  # NotFoundError if not theirs
    async def history(
        self, user: UserId, *, platform: str, chat: str, limit: int
    ) -> list[Turn]: ...  # oldest first

    async def vote(self, feedback: Feedback) -> None: ...  # replaces; NotFoundError if not theirs
    async def votes(self) -> list[Feedback]: ...

    async def export(self, user: UserId) -> dict[str, object]: ...  # JSON-able, everything
    async def forget(self, user: UserId) -> None: ...  # nothing remains readable

    async def close(self) -> None: ...
