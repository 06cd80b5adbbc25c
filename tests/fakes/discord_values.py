"""What the fake Discord is made of: ids, errors as Discord words them, faults, people, messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Json = dict[str, Any]

EPOCH_MS = 1_420_070_400_000  # Discord counts milliseconds from the start of 2015
EPHEMERAL, LOADING, LAYOUT = 1 << 6, 1 << 7, 1 << 15  # message flags
TEXT, DM, GROUP, THREAD, PRIVATE_THREAD = 0, 1, 3, 11, 12  # channel types
ALL_PERMISSIONS = str((1 << 53) - 1)
MEMBER_PERMISSIONS = str(1 << 10 | 1 << 11 | 1 << 16 | 1 << 31)  # see, send, read back, commands

GUILDS, MEMBERS, PRESENCES = 1 << 0, 1 << 1, 1 << 8  # gateway intents
GUILD_MESSAGES, GUILD_REACTIONS = 1 << 9, 1 << 10
DIRECT_MESSAGES, DIRECT_REACTIONS, MESSAGE_CONTENT = 1 << 12, 1 << 13, 1 << 15
PRIVILEGED = MEMBERS | PRESENCES | MESSAGE_CONTENT


class RefusedError(Exception):
    """An error answer: HTTP status, Discord's code and message, and the fields at fault."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status, self.code, self.message, self.errors = status, code, message, errors

    def body(self) -> Json:
        """The JSON that is sent."""
        found: Json = {"message": self.message, "code": self.code}
        return found | ({"errors": self.errors} if self.errors else {})


def invalid(path: str, code: str, message: str) -> RefusedError:
    """50035 with the path of the field at fault, ``a.0.b``."""
    errors: Json = {"_errors": [{"code": code, "message": message}]}
    for part in reversed(path.split(".")):
        errors = {part: errors}
    return RefusedError(400, 50035, "Invalid Form Body", errors)


def unknown(code: int, what: str) -> RefusedError:
    """A 404 of the 10000s."""
    return RefusedError(404, code, f"Unknown {what}")


@dataclass
class Fault:
    """What goes wrong with the next ``times`` calls of ``route`` (to ``channel``, when given).

    reset: the connection is cut before anything is done. drop: the call is carried out and its
    answer never sent. hang: nothing is done and nothing answered for ``seconds``, then the
    connection is cut. delay: carried out at once, answered after ``seconds``. slow: carried out
    and answered after ``seconds``. flood: 429 with ``seconds`` as retry_after. status: that HTTP
    status with ``code``, nothing done. late: carried out, then that HTTP status. garbage: that
    HTTP status with a body that is not JSON, nothing done.
    """

    kind: Literal[
        "reset", "drop", "hang", "delay", "slow", "flood", "status", "late", "garbage"
    ]  # fmt: skip
    route: str = "send"
    times: int = 1
    channel: int | None = None
    seconds: float = 0.0
    status: int = 502
    code: int = 0
    everywhere: bool = False  # a flood of the whole bot, not of one bucket
    shared: bool = False  # a flood by others of what we share with them
    via: bool = True  # False: the answer of a proxy in front, as when banned


# What a fault of route "send" means: everything that puts text before people.
SENDS = frozenset({"message.create", "followup.create", "callback", "original.edit"})


@dataclass
class Call:
    """One call as it came, and what became of it. ``at`` is the server's clock, seconds."""

    route: str
    path: str
    params: Json
    at: float
    status: int = 200
    code: int = 0
    error: str = ""
    result: Any = None


@dataclass(frozen=True)
class Upload:
    """A file of a message."""

    name: str
    data: bytes
    description: str = ""
    content_type: str = "application/octet-stream"
    extra: tuple[tuple[str, Any], ...] = ()  # duration_secs, waveform of a voice message


@dataclass(frozen=True)
class Person:
    """Somebody on Discord. ``installed``: they added the app to their own account."""

    id: int
    name: str
    locale: str = "en-US"
    bot: bool = False
    installed: bool = False

    def payload(self) -> Json:
        """As events carry a user."""
        return {
            "id": str(self.id), "username": self.name.lower(), "global_name": self.name,
            "discriminator": "0", "avatar": None, "bot": self.bot, "public_flags": 0,
        }  # fmt: skip


@dataclass
class Guild:
    """A server. ``bot``: our bot is a member of it."""

    id: int
    name: str
    bot: bool = True
    locale: str = "en-US"
    members: dict[int, str] = field(default_factory=dict)  # user -> nickname or ""


@dataclass
class Place:
    """A channel, a thread, a direct message or a group of people."""

    id: int
    type: int
    name: str = ""
    guild: Guild | None = None
    parent: int = 0
    owner: int = 0
    people: list[Person] = field(default_factory=list)  # of a DM or a group, without the bot
    bot: bool = True  # our bot can read here
    refusal: RefusedError | None = None  # what sending here is answered with
    last: int | None = None
    made: float = 0.0
    archived: bool = False

    @property
    def private(self) -> bool:
        """A direct message with the bot."""
        return self.type == DM and self.bot


@dataclass(frozen=True)
class Edit:
    """One change of a message."""

    at: float
    content: str
    components: list[Json]
    embeds: list[Json]


@dataclass
class Sent:
    """A stored message, of a person or of the bot, with its history."""

    payload: Json  # as it is now
    place: Place
    author: Person
    at: float
    nonce: str = ""
    files: list[Upload] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    tap: Tap | None = None  # the interaction it answers
    audience: int = 0  # of an ephemeral message: the one person who sees it
    deleted: bool = False
    asked: Json = field(default_factory=dict)  # the body it was created with

    @property
    def id(self) -> int:
        """Its id."""
        return int(self.payload["id"])

    @property
    def content(self) -> str:
        """Its text now."""
        return str(self.payload["content"])

    @property
    def embeds(self) -> list[Json]:
        """Its embeds now."""
        return list(self.payload["embeds"])

    @property
    def components(self) -> list[Json]:
        """Its rows now."""
        return list(self.payload["components"])

    @property
    def ephemeral(self) -> bool:
        """Only ``audience`` sees it."""
        return bool(self.payload["flags"] & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """It is a deferred answer nobody has filled in yet."""
        return bool(self.payload["flags"] & LOADING)

    @property
    def text(self) -> str:
        """Everything a person can read of it: content, embeds, text displays."""
        parts = [self.content]
        for embed in self.embeds:
            parts += [str(embed.get("title", "")), str(embed.get("description", ""))]
            parts += [f"{f['name']}\n{f['value']}" for f in embed.get("fields", [])]
            parts.append(str((embed.get("footer") or {}).get("text", "")))
        parts += [str(c["content"]) for c in walk(self.components) if c.get("type") == 10]
        return "\n".join(p for p in parts if p)

    def ids(self) -> list[str]:
        """The custom ids of what can be pressed or chosen."""
        return [str(c["custom_id"]) for c in walk(self.components) if "custom_id" in c]

    def item(self, custom_id: str) -> Json:
        """One component. Raises AssertionError when it is not on the message."""
        found = [c for c in walk(self.components) if c.get("custom_id") == custom_id]
        if not found:
            raise AssertionError(f"no {custom_id!r} on the message, only {self.ids()}")
        return found[0]


@dataclass
class Tap:
    """An interaction: a command, a press, a submitted form."""

    id: int
    token: str
    type: int  # 2 command, 3 component, 4 autocomplete, 5 form
    person: Person
    place: Place
    made: float
    payload: Json
    message: Sent | None = None  # what was pressed
    answer: int = 0  # the type of the callback, 0 while there is none
    answered: float = 0.0
    original: Sent | None = None
    followups: list[Sent] = field(default_factory=list)
    modal: Json | None = None
    choices: list[Json] = field(default_factory=list)

    @property
    def said(self) -> list[Sent]:
        """What it was answered with, in order."""
        first = [self.original] if self.original is not None and self.answer in {4, 5} else []
        return first + [m for m in self.followups if m not in first]


def walk(components: list[Json]) -> list[Json]:
    """Every component, also those in rows, sections, containers and labels."""
    found: list[Json] = []
    for one in components:
        found.append(one)
        found += walk(one.get("components") or [])
        found += walk([one[k] for k in ("component", "accessory") if one.get(k)])
    return found


@dataclass
class Ids:
    """Snowflakes: increasing, and carrying the clock's time."""

    clock: Callable[[], float] = time.time
    last: int = 0

    def __call__(self) -> int:
        """The next."""
        now = (int(self.clock() * 1000) - EPOCH_MS) << 22
        self.last = max(self.last + 1, now)
        return self.last


def iso(seconds: float) -> str:
    """A moment as Discord writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
