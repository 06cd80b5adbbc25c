"""Raw messages and reactions as events: which concern us, who said what where. Never raises.

In a server only what names us or replies to us is taken; everything else is neither stored nor
looked at, whatever the intents let through. A stored event is ``{"t": kind, "d": Discord's own
object}``, so that reading it again years later gives the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from bot.adapters.discord import address
from bot.adapters.discord.api import Me
from bot.adapters.discord.raw import Json, mapping, moment, number, string
from bot.delivery.errands import errand_of
from bot.ids import new_id
from bot.model import Errand, Lang, Place, Upload, Vote
from bot.store.letters import Arrival

Kind = Literal["said", "pressed", "reacted", "errand"]
Ack = Literal["", "think", "update", "form", "not_yours"]
_SAID_TYPES = {0, 19}  # plain and reply; joins, pins and boosts are nobody's words
_THREADS = {10, 11, 12}
_VOICE_FLAG = 1 << 13
_UP = {"👍", "❤", "❤️", "💯"}
_DOWN = {"👎", "💩"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """What can be answered with for 15 minutes. ``whisper``: only the person sees it.

    ``foreign``: we are not in that server; then the token is the only way to write there.
    """

    id: int
    token: str
    whisper: bool
    made: float  # seconds since 1970
    foreign: bool = False
    command: bool = True  # False: a press or a form, whose original is the pressed message


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """The first attachment."""

    ref: str  # its address, which expires
    mime: str
    size: int
    seconds: float = 0.0  # of a recording, when Discord says so
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened, as plain values. ``sent_at`` is aware; ``chat`` an address."""

    kind: Kind
    chat: str
    channel: int
    user: int
    sent_at: datetime
    guild: bool = False
    thread: bool = False
    message_id: int = 0
    text: str = ""
    lang: Lang | None = None
    edited: str = ""  # when, as Discord writes it; empty for a first wording
    media: str = ""  # what came besides text: voice, picture, document, other
    attached: Attached | None = None
    upload: Upload | None = None  # a document, handed over in private
    errand: Errand | None = None
    about: bool = False  # the text is somebody's, to be looked at, not said to us
    tap: Tap | None = None
    ack: Ack = ""
    data: str = ""
    name: str = ""  # of whoever pressed, as everybody in the channel sees it
    admin: bool = False  # they look after the server, as far as Discord said
    reason: str = ""
    begins: bool = False  # what was pressed offers to begin a thread
    vote: Vote | None = None

    @property
    def private(self) -> bool:
        """Whether an answer here is seen by this person alone."""
        return address.private(self.chat)

    @property
    def place(self) -> Place:
        """Where it was said; what is whispered in a channel is a place of its own."""
        chat = f"{self.channel}/e" if address.whispered(self.chat) else str(self.channel)
        return Place(platform="discord", chat=chat, private=self.private and not self.about)

    @property
    def source(self) -> str:
        """The message it is about."""
        return f"{self.channel}:{self.message_id}"


def read(body: Json, me: Me) -> Event | None:
    """The event of a stored or fresh frame, if it concerns us."""
    from bot.adapters.discord.taps import read_tap

    data = mapping(body, "d")
    match body.get("t"):
        case "MESSAGE_CREATE":
            return _message(data, me, edited="")
        case "MESSAGE_UPDATE":
            edited = string(data, "edited_timestamp")
            return _message(data, me, edited=edited) if edited else None  # else a link's preview
        case "MESSAGE_REACTION_ADD":
            return _reaction(data, me)
        case "INTERACTION_CREATE":
            return read_tap(data, me)
        case _:
            errand = errand_of(body)
            return None if errand is None else _errand(errand, mapping(body, "way"))


def _errand(errand: Errand, way: Json) -> Event | None:
    """Work that one of our own replies owes, or that the clock brings, where it is owed to.

    What was asked for in a whisper is answered by its interaction, and when that is over in
    direct messages.
    """
    place, account = errand.place, errand.account
    channel, _, whispered = place.chat.partition("/")
    if not channel.isdecimal() or (place.private and not account.isdecimal()):
        return None
    if whispered:
        chat = string(way, "chat") or address.person(int(account))
    else:
        chat = address.direct(int(channel)) if place.private else address.shared(int(channel))
    tap = way.get("tap")
    return Event(
        kind="errand",
        chat=chat,
        channel=int(channel),
        user=int(account or 0),
        sent_at=datetime.now(UTC),
        guild=not place.private,
        lang=errand.lang,
        errand=errand,
        tap=Tap(**tap) if isinstance(tap, dict) and address.whispered(chat) else None,
    )


def arrival(body: Json, event: Event, *, urgent: bool = False) -> Arrival:
    """The frame, to be kept."""
    express = urgent or (event.kind != "said" and event.data[:2] in {"v:", "r:", ""})
    return Arrival(
        dedup=_key(body, event),
        chat=event.chat,
        lane=f"{event.chat}!" if express else event.chat,
        echo=_echo(mapping(body, "d"), event),
        body={"t": body.get("t"), "d": body.get("d")},
        source=event.source if event.kind == "said" else "",
        urgent=urgent,
    )


def _key(body: Json, event: Event) -> str:
    """Discord's own id of the event; a reaction has none, and counting it twice changes nothing."""
    if event.tap is not None:
        return f"i:{event.tap.id}"
    if event.kind == "said":
        return f"m:{event.message_id}:{event.edited}"
    return f"{body.get('t')}:{new_id()}"


def _echo(data: Json, event: Event) -> str:
    """A changed message may be read as it is now, and be told of as a change besides."""
    edited = string(data, "edited_timestamp") if event.kind == "said" and not event.tap else ""
    return f"m:{event.message_id}:{edited}" if edited else ""


# --- messages ----------------------------------------------------------------


def _message(data: Json, me: Me, *, edited: str) -> Event | None:
    author = mapping(data, "author")
    user, channel, message = number(author, "id"), number(data, "channel_id"), number(data, "id")
    private = "guild_id" not in data
    if not (user and channel and message) or author.get("bot") is True or "webhook_id" in data:
        return None
    if data.get("type", 0) not in _SAID_TYPES or user == me.id:
        return None
    if not private and (edited or not _addressed(data, me)):
        return None
    text = without_mention(string(data, "content"), me)
    media, file = _media(data)
    if not (text or media or not private):
        return None  # nothing to read: a poll's end, a message emptied by its author
    return Event(
        kind="said",
        chat=address.direct(channel) if private else address.shared(channel),
        channel=channel,
        user=user,
        guild=not private,
        thread="position" in data or data.get("channel_type") in _THREADS,
        message_id=message,
        sent_at=moment(edited or string(data, "timestamp"), message),
        text=text,
        edited=edited,
        media=media,
        attached=file,
        upload=handed_over(media, file) if private else None,
    )


def _addressed(data: Json, me: Me) -> bool:
    """A mention of us, or a reply to something we said."""
    mentions = data.get("mentions")
    named = mentions if isinstance(mentions, list) else []
    if any(isinstance(user, dict) and number(user, "id") == me.id for user in named):
        return True
    if re.search(rf"<@!?{me.id}>", string(data, "content")):
        return True
    replied = mapping(data, "referenced_message")
    return number(mapping(replied, "author"), "id") == me.id


def without_mention(text: str, me: Me) -> str:
    """The words without our name in front, behind or between."""
    return re.sub(rf"<@!?{me.id}>[,:，：]?\s*", "", text).strip()


def attached(file: Json, *, mime: str = "", seconds: float = 0.0) -> Attached:
    """One attachment."""
    return Attached(
        ref=string(file, "url"),
        mime=mime or string(file, "content_type").lower(),
        size=number(file, "size"),
        seconds=seconds,
        name=string(file, "filename")[:200],
    )


def handed_over(kind: str, file: Attached | None) -> Upload | None:
    """A document as something to read; None for everything else."""
    if kind != "document" or file is None or not file.ref:
        return None
    return Upload(name=file.name or "document", ref=file.ref, size=file.size)


def _media(data: Json) -> tuple[str, Attached | None]:
    found = data.get("attachments")
    files = [f for f in found if isinstance(f, dict)] if isinstance(found, list) else []
    if files:
        mime = string(files[0], "content_type").lower()
        voice = bool(number(data, "flags") & _VOICE_FLAG) or mime.startswith("audio/")
        kind = "voice" if voice else "picture" if mime[:6] in {"image/", "video/"} else "document"
        lasts = files[0].get("duration_secs")
        seconds = float(lasts) if isinstance(lasts, int | float) else 0.0
        return kind, attached(files[0], mime=mime or "audio/ogg", seconds=seconds)
    if data.get("sticker_items"):
        return "picture", None
    return ("other", None) if data.get("message_snapshots") or data.get("poll") else ("", None)


# --- reactions ---------------------------------------------------------------


def _reaction(data: Json, me: Me) -> Event | None:
    user, channel, message = (number(data, k) for k in ("user_id", "channel_id", "message_id"))
    emoji = string(mapping(data, "emoji"), "name")
    vote: Vote | None = "up" if emoji in _UP else "down" if emoji in _DOWN else None
    ours = number(data, "message_author_id") in {0, me.id}
    if not (user and channel and message and vote and ours) or user == me.id:
        return None
    private = "guild_id" not in data
    return Event(
        kind="reacted",
        chat=address.direct(channel) if private else address.shared(channel),
        channel=channel,
        user=user,
        guild=not private,
        message_id=message,
        sent_at=datetime.now(UTC),  # a reaction carries no time of its own
        vote=vote,
    )
