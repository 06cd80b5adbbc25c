"""What the dialogue needs from the outside, as the narrowest Protocols that carry it.

Each has a real part, a fake in tests/fakes.py and one contract test run on both.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from bot.model import (
    Address,
    Admission,
    Assignment,
    Board,
    Challenge,
    ChatMessage,
    Curator,
    Feedback,
    Generation,
    Joining,
    Lesson,
    MetricKind,
    Observation,
    ObservationId,
    Part,
    PassageVotes,
    Place,
    Profile,
    SearchResult,
    Turn,
    TurnId,
    Unhelped,
    UserId,
)
from rag.types import Lang

if TYPE_CHECKING:
    from rag.gaps import Gaps
    from rag.versions import Desk

T = TypeVar("T")
LINK_LASTS = timedelta(minutes=10)  # how long a linking code can be used
LINK_TRIES = 5  # wrong codes an account may enter
LINK_TRIES_IN = timedelta(hours=1)  # within this time


class Retriever(Protocol):
    """Finds passages. Raises rag.types.RetrievalError when it cannot."""

    async def search(self, query: str, *, lang: Lang | None, limit: int) -> SearchResult: ...


class Generator(Protocol):
    """Streams one answer. Raises a ModelError; closing the stream cancels the work behind it.

    ``adapter`` names LoRA weights over the base model: the property is what it answers with when
    none is asked for, the argument asks for one. None: as it is; empty: the bare base. One that
    is not there raises AdapterMissingError before anything is said.
    """

    @property
    def name(self) -> str: ...
    @property
    def adapter(self) -> str: ...
    @property
    def languages(self) -> frozenset[Lang]: ...  # those it writes well enough to be asked in
    def stream(
        self, prompt: Sequence[ChatMessage], *, tenant: str = "", adapter: str | None = None
    ) -> AsyncGenerator[Generation, None]: ...


class Models(Protocol):
    """Says which adapter answers whom. Never raises, never takes long; the same for a person
    until what is on trial changes.
    """

    async def assigned(self, user: UserId) -> Assignment: ...


class Prompts(Protocol):
    """Fills the prompt files. Raises KeyError for a missing variable."""

    @property
    def version(self) -> str: ...
    def build(self, **values: str) -> list[ChatMessage]: ...


class Shelf(Protocol):
    """The knowledge base as those who look after it reach it. Raises KnowledgeErrors.

    ``look`` is for what is read at once; ``begin`` starts what takes long or waits for others,
    and the future is what comes of it. Both run in a thread. ``hosts`` may be fetched from.
    """

    @property
    def hosts(self) -> tuple[str, ...]: ...
    async def look(self, ask: Callable[[Desk], T]) -> T: ...
    async def begin(self, do: Callable[[Desk], T]) -> Future[T]: ...
    async def gaps(self) -> Gaps: ...


class Transcriber(Protocol):
    """Turns a voice message into text. Raises a TranscriptionError."""

    async def transcribe(self, audio: bytes, *, mime: str, lang: Lang | None) -> str: ...


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
    async def votes(self, user: UserId | None = None) -> list[Feedback]: ...  # no mere remarks
    async def lessons(self, *, since: datetime | None = None) -> list[Lesson]: ...

    async def platforms(self, user: UserId) -> list[str]: ...  # one per account, oldest first
    async def offer_link(self, user: UserId, code: str, *, now: datetime) -> None: ...
    async def weigh_link(  # what ``join`` would do, with nothing changed
        self, code: str, *, platform: str, account: str, now: datetime
    ) -> Joining: ...
    async def join(self, code: str, *, platform: str, account: str, now: datetime) -> Joining: ...
    async def part(self, user: UserId, *, platform: str, account: str) -> bool: ...
    async def keep_address(self, user: UserId, address: Address) -> None: ...
    async def addresses(self, user: UserId) -> list[Address]: ...  # of linked accounts

    # who looks after the knowledge by chat
    async def offer_desk(self, name: str, code: str, *, now: datetime) -> None: ...
    async def weigh_desk(
        self, code: str, *, platform: str, account: str, now: datetime
    ) -> Admission: ...  # what ``enter_desk`` would do, with nothing changed
    async def enter_desk(
        self, code: str, curator: Curator, *, user: UserId, now: datetime
    ) -> Admission: ...  # binds the account, under the name and since of the code
    async def curator(self, platform: str, account: str) -> Curator | None: ...
    async def curators(self) -> list[Curator]: ...
    async def leave_desk(
        self, *, name: str = "", platform: str = "", account: str = ""
    ) -> int: ...  # by name, or one account; how many accounts

    async def export(self, user: UserId) -> dict[str, object]: ...  # JSON-able, everything
    async def forget(self, user: UserId) -> None: ...  # nothing remains readable

    async def close(self) -> None: ...


class Challenges(Protocol):
    """Keeps what groups do together. Raises a StoreError. A group sees a Board, nothing else."""

    async def challenge(self, id: str) -> Challenge | None: ...  # noqa: A002
    async def newest(self, place: Place, office: str) -> Challenge | None: ...  # of that place
    async def due(self, platform: str, office: str, *, now: datetime) -> list[Challenge]: ...
    async def board(self, id: str, *, day: int, days: int) -> Board: ...  # noqa: A002
    async def part(self, id: str, user: UserId) -> Part | None: ...  # noqa: A002
    async def parts(self, user: UserId) -> list[tuple[Challenge, Part]]: ...  # of running ones

    async def keep(self, challenge: Challenge) -> None: ...  # one that is over loses its parts
    async def join(self, id: str, user: UserId, *, now: datetime) -> None: ...  # noqa: A002
    async def leave(self, id: str, user: UserId) -> None: ...  # noqa: A002
    async def show(self, id: str, user: UserId, name: str) -> None: ...  # noqa: A002  # empty: no
    async def tick(self, id: str, user: UserId, day: int, *, done: bool) -> None: ...  # noqa: A002


class Reports(Protocol):
    """What the people who keep the knowledge may see: nobody's name, nobody's chat."""

    async def feedback_stats(self, reasons: Collection[str] = ()) -> dict[str, object]: ...
    async def unhelped(  # InputError for ``own`` where the database knows somebody else
        self, *, since: datetime | None = None, own: bool = False
    ) -> list[Unhelped]: ...
    async def passage_votes(self, *, since: datetime | None = None) -> list[PassageVotes]: ...
