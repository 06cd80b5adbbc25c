"""Where a letter goes, as one word: whoever reads it knows whether others can read it too.

``D`` a direct message with us, ``U`` the same, of a person whose channel is not known yet,
``E`` an answer only one person sees in a channel, ``C`` a channel or thread others read.
"""

from __future__ import annotations


def direct(channel: int) -> str:
    """The direct messages of one person."""
    return f"D{channel}"


def person(user: int) -> str:
    """The direct messages of a person, to be opened first."""
    return f"U{user}"


def whisper(user: int, channel: int) -> str:
    """What only ``user`` sees in a channel."""
    return f"E{user}:{channel}"


def shared(channel: int) -> str:
    """A channel or thread."""
    return f"C{channel}"


def private(chat: str) -> bool:
    """Whether one person alone reads it."""
    return chat[:1] in {"D", "E", "U"}


def whispered(chat: str) -> bool:
    """Whether it can only be reached through an interaction."""
    return chat[:1] == "E"


def number(chat: str) -> int:
    """The channel's id, or for ``U`` the person's. ValueError for what is no address."""
    return int(chat[1:].rpartition(":")[2])
