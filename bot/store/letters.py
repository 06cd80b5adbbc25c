"""What lies in the mailbox: arrivals that were accepted and letters that are owed, as values.

Loads neither SQLAlchemy nor the ciphers, so that the delivery room can speak these words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

LetterState = Literal["pending", "sending", "sent", "unknown", "failed", "dead"]
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """One bot on one platform: what a mailbox is opened for."""

    platform: str
    bot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Something a platform handed us. ``dedup`` is the platform's own id of the event.

    ``echo`` names the same event by what it is about (chat, message, edit time), for platforms
    that may deliver it under two ids; empty when there is no such name. ``lane`` is what keeps
    order: the chat, or the chat's express lane. ``source`` names the message it is about.
    ``urgent``: nobody else's is taken before it.
    """

    dedup: str
    chat: str
    body: Body
    lane: str = ""  # empty: the chat's own
    echo: str = ""
    source: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """An accepted arrival, claimed for processing; ``tries`` counts this claim."""

    seq: int
    lane: str  # keyed hash
    body: Body
    tries: int
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Something owed to a chat. ``body`` goes out; ``memo`` is what we need to know later.

    ``origin`` and ``part`` name it once and for all: queueing it a second time does nothing.
    """

    id: str
    chat: str
    body: Body
    origin: str
    part: int = 0
    memo: Body = field(default_factory=dict)
    source: str = ""
    urgent: bool = False  # its chat's letters leave before all others
    lane: str = ""  # keyed hash, filled in by the mailbox
    state: LetterState = "pending"
    tries: int = 0
    platform_message_id: str = ""
    not_before: datetime | None = None
    queued_at: datetime | None = None

    @property
    def nonce(self) -> str:
        """25 characters that are this letter's alone, for platforms that drop doubles."""
        return self.id[-25:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a letter. ``not_before`` for one that is pending again."""

    id: str
    state: LetterState
    platform_message_id: str = ""
    not_before: datetime | None = None
    counts: bool = False  # whether this try counts towards giving up


class Mailbox(Protocol):
    """The durable inbox and outbox of one office. Every method may raise a StoreError."""

    async def hold(self, holder: str, *, now: datetime, until: datetime) -> bool: ...
    async def let_go(self, holder: str) -> None: ...
    async def recover(self, holder: str, *, resend: bool) -> int: ...

    async def accept(self, arrivals: Sequence[Arrival], *, now: datetime) -> int: ...
    async def waiting(self, *, after: int, limit: int) -> list[Parcel]: ...
    async def hasten(self, parcel: Parcel, *, lane: str) -> None: ...
    async def claim(
        self, holder: str, *, now: datetime, limit: int, urgent: bool = False
    ) -> list[Parcel]: ...
    async def finish(
        self, parcel: Parcel, effects: Callable[[], Awaitable[Sequence[Letter]]], *, now: datetime
    ) -> None: ...
    async def put_back(self, parcel: Parcel, *, not_before: datetime) -> None: ...
    async def bury(self, parcel: Parcel, letters: Sequence[Letter], *, now: datetime) -> None: ...

    async def post(self, letters: Sequence[Letter], *, now: datetime) -> None: ...
    async def heads(
        self, *, now: datetime, busy: Collection[str] = (), limit: int = 100
    ) -> list[Letter]: ...
    async def next_due(self, *, now: datetime) -> datetime | None: ...
    async def mark_sending(self, ids: Sequence[str], holder: str) -> set[str]: ...
    async def settle(self, outcomes: Sequence[Outcome], *, now: datetime) -> None: ...

    async def letters_about(self, source: str) -> list[Letter]: ...
    async def letter(self, id: str) -> Letter | None: ...  # noqa: A002
    async def letter_shown(self, chat: str, platform_message_id: str) -> Letter | None: ...
    async def letter_of(self, origin: str, part: int) -> Letter | None: ...

    async def rekey(self, old: str, new: str) -> None: ...
    async def set_reachable(self, chat: str, reachable: bool, *, now: datetime) -> None: ...
    async def reachable(self, chat: str) -> bool: ...
    async def forget_chat(self, chat: str) -> None: ...
    async def counts(self) -> dict[str, int]: ...
    async def purge(self, *, before: datetime) -> int: ...
