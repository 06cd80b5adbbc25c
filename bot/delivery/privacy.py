"""Personal text goes to private places: by type where it is made, by a guard where it leaves.

``privately`` takes anything; ``publicly`` takes only General content and a Shared place, so
a Personal one does not type-check there. ``guard`` looks again at what comes out of the
outbox, where types end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.delivery.errors import PrivacyError
from bot.model import Place, Reply


@dataclass(frozen=True, slots=True)
class General:
    """Text that holds nothing about the person it answers."""

    text: str


@dataclass(frozen=True, slots=True)
class Personal:
    """Text that holds, or may hold, something about a person."""

    text: str


@dataclass(frozen=True, slots=True)
class PrivateTo:
    """An address that only one person reads."""

    chat: str


@dataclass(frozen=True, slots=True)
class Shared:
    """An address that others read too."""

    chat: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Content with an address that may carry it. Made by ``privately`` and ``publicly`` only."""

    chat: str
    text: str
    personal: bool
    private: bool

    def __post_init__(self) -> None:
        """The guard stands at the making too."""
        if self.personal and not self.private:
            raise PrivacyError("personal text for a shared place")

    def marks(self) -> dict[str, bool]:
        """What the outbox remembers of it, for ``guard``."""
        return {"personal": self.personal, "private": self.private}


def content(reply: Reply) -> General | Personal:
    """What a reply is."""
    return Personal(reply.text) if reply.personal else General(reply.text)


def address(place: Place) -> PrivateTo | Shared:
    """What a place is."""
    return PrivateTo(place.chat) if place.private else Shared(place.chat)


def privately(to: PrivateTo, what: General | Personal) -> Outgoing:
    """Anything may go to a private place."""
    return Outgoing(to.chat, what.text, isinstance(what, Personal), private=True)


def publicly(to: Shared, what: General) -> Outgoing:
    """Only what is general may go where others read."""
    if not isinstance(what, General):
        raise PrivacyError("personal text for a shared place")
    return Outgoing(to.chat, what.text, personal=False, private=False)


def outgoing(to: PrivateTo | Shared, what: General | Personal) -> Outgoing | None:
    """The content for this address, or None where it must not go."""
    if isinstance(to, PrivateTo):
        return privately(to, what)
    return publicly(to, what) if isinstance(what, General) else None


def guard(body: Mapping[str, Any], *, private: bool) -> None:
    """Stop a letter at the edge. ``private`` is what the platform says about the chat.

    Raises PrivacyError for a personal body to a chat that others read, whatever the body
    claims about the chat, and for a body that does not say what it is.
    """
    if body.get("personal") is not False and not (body.get("private") is True and private):
        raise PrivacyError("a personal letter was stopped at the edge")
