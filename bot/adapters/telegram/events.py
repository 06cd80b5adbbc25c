"""Raw updates as events: which concern us, who said what where. Reading never raises.

In a group only commands, mentions and replies to us are taken; everything else is neither
stored nor looked at, whether privacy mode is on or off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from bot.adapters.telegram.api import Me
from bot.delivery.errands import errand_of
from bot.model import Errand, Lang, Place, Upload, Vote
from bot.store.letters import Arrival

Json = Mapping[str, Any]
Kind = Literal["said", "pressed", "reacted", "left", "joined", "errand"]
_MEDIA = {
    "voice": "voice", "audio": "voice", "video_note": "voice", "photo": "picture",
    "video": "picture", "sticker": "picture", "animation": "picture", "document": "document",
    "location": "other", "venue": "other", "contact": "other", "poll": "other", "dice": "other",
    "game": "other", "story": "other", "paid_media": "picture",
}  # fmt: skip
_HEARD = {"voice": "audio/ogg", "audio": "audio/mpeg", "video_note": "video/mp4"}
_GROUP_TYPES = {"group", "supergroup"}
_LATEST = 253_402_300_799  # the last second a datetime can hold
_UP = {"👍", "❤", "❤️", "💯"}
_DOWN = {"👎", "💩"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Something to listen to; ``size`` in bytes and ``seconds`` are 0 where Telegram is silent."""

    ref: str  # what Telegram gives it out by
    mime: str
    size: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened, as plain values. ``sent_at`` is aware."""

    kind: Kind
    chat: int
    private: bool
    user: int
    sent_at: datetime
    message_id: int = 0
    thread: int | None = None
    text: str = ""
    lang: Lang | None = None
    edited: bool = False
    media: str = ""  # what came besides text: voice, picture, document, other
    recording: Recording | None = None
    upload: Upload | None = None  # a document
    errand: Errand | None = None
    album: str = ""  # several messages that were sent as one share it
    callback: str = ""
    data: str = ""
    name: str = ""  # of whoever pressed, as everybody in the chat sees it
    vote: Vote | None = None

    @property
    def place(self) -> Place:
        """Where it was said; a topic is a place of its own."""
        chat = f"{self.chat}/{self.thread}" if self.thread is not None else str(self.chat)
        return Place(platform="telegram", chat=chat, private=self.private)

    @property
    def source(self) -> str:
        """The message it is about."""
        return f"{self.chat}:{self.message_id}"


def arrival(update: Json, me: Me) -> Arrival | None:
    """An update to be kept, or None when it is none of our business.

    Whether its words can wait is judged once it is kept; votes take the express lane at once.
    """
    update_id, event = update.get("update_id"), read(update, me)
    if event is None or not isinstance(update_id, int):
        return None
    chat = str(event.chat)
    express = event.kind in {"pressed", "reacted"} and event.data[:2] in {"v:", ""}
    return Arrival(
        dedup=str(update_id),
        chat=chat,
        lane=f"{chat}!" if express else chat,
        body=update,
        source=event.source,
        echo=_echo(update, event),
    )


def _echo(update: Json, event: Event) -> str:
    """The event's own name, should it come again under another update id."""
    if event.kind == "said":
        edited = _int(_map(update, "edited_message"), "edit_date") if event.edited else 0
        return f"m:{event.source}:{edited}"
    return f"q:{event.callback}" if event.callback else ""


def read(update: Json, me: Me) -> Event | None:
    """The event of an update, if it concerns us."""
    if message := _map(update, "message"):
        return _message(message, me, edited=False)
    if message := _map(update, "edited_message"):
        return _message(message, me, edited=True)
    if query := _map(update, "callback_query"):
        return _query(query)
    if reaction := _map(update, "message_reaction"):
        return _reaction(reaction)
    if member := _map(update, "my_chat_member"):
        return _member(member)
    errand = errand_of(update)
    return None if errand is None else _errand(errand)


def _errand(errand: Errand) -> Event | None:
    """Work that one of our own replies owes, or that the clock brings, where it is owed to."""
    chat, _, thread = errand.place.chat.partition("/")
    private = errand.place.private
    # A private chat has its person's number, a group a negative one.
    if not chat.removeprefix("-").isdecimal() or private == chat.startswith("-"):
        return None
    if private and not errand.account.isdecimal():
        return None
    return Event(
        kind="errand",
        chat=int(chat),
        private=private,
        user=int(errand.account or 0),
        sent_at=datetime.now(UTC),
        thread=int(thread) if thread.isdecimal() else None,
        lang=errand.lang,
        errand=errand,
    )


# --- messages ----------------------------------------------------------------


def _message(message: Json, me: Me, *, edited: bool) -> Event | None:
    chat, user = _map(message, "chat"), _map(message, "from")
    chat_id, user_id, kind = _int(chat, "id"), _int(user, "id"), chat.get("type")
    private = _private(chat)
    if not chat_id or not user_id or user.get("is_bot") is True:
        return None
    if not private and (edited or kind not in _GROUP_TYPES):
        return None
    text = _str(message, "text") or _str(message, "caption")
    media = next((name for key, name in _MEDIA.items() if key in message), "")
    if not (text or media):
        return None  # joins, pins, title changes
    if not private:
        if not _addressed(message, text, me):
            return None
        text = _without_mention(text, me)
    return Event(
        kind="said",
        chat=chat_id,
        private=private,
        user=user_id,
        sent_at=_at(message, "edit_date" if edited else "date"),
        message_id=_int(message, "message_id"),
        thread=_thread(message),
        text=text,
        lang=_lang(user),
        edited=edited,
        media=media,
        recording=_recording(message) if media == "voice" else None,
        upload=_upload(message) if media == "document" else None,
        album=_str(message, "media_group_id")[:64],
    )


def _recording(message: Json) -> Recording | None:
    """A voice message, an audio file or a round video; None when it cannot be fetched."""
    key = next((key for key in _HEARD if key in message), "")
    file = _map(message, key)
    if not _str(file, "file_id"):
        return None
    return Recording(
        ref=_str(file, "file_id")[:512],
        mime=_str(file, "mime_type")[:64] or _HEARD[key],
        size=_int(file, "file_size"),
        seconds=_int(file, "duration"),
    )


def _upload(message: Json) -> Upload | None:
    """A document; None when it cannot be fetched."""
    file = _map(message, "document")
    if not _str(file, "file_id"):
        return None
    name = _str(file, "file_name")[:200] or "document"
    return Upload(name=name, ref=_str(file, "file_id")[:512], size=_int(file, "file_size"))


def captions_first(updates: Sequence[Json]) -> list[Json]:
    """The updates with an album's caption before its other pictures, which have nothing to say.

    People write one caption for many pictures; it may stand under any of them.
    """
    places: dict[tuple[int, str], list[int]] = {}
    for number, update in enumerate(updates):
        message = _map(update, "message")
        if album := _str(message, "media_group_id"):
            places.setdefault((_int(_map(message, "chat"), "id"), album), []).append(number)
    found = list(updates)
    for numbers in places.values():
        album_of = [updates[n] for n in numbers]
        album_of.sort(key=lambda update: not _str(_map(update, "message"), "caption"))
        for number, update in zip(numbers, album_of, strict=True):
            found[number] = update
    return found


def _addressed(message: Json, text: str, me: Me) -> bool:
    """A command for us, a mention of us, or a reply to something we said."""
    command = re.match(r"/[A-Za-z]+(?:@(\w+))?(?:\s|\Z)", text)
    if command:
        return command.group(1) is None or command.group(1).lower() == me.username.lower()
    if re.search(rf"@{re.escape(me.username)}\b", text, re.IGNORECASE):
        return True
    reply = _map(message, "reply_to_message")
    if _int(_map(reply, "from"), "id") == me.id and "forum_topic_created" not in reply:
        return True
    entities = message.get("entities") or message.get("caption_entities")
    mentions = entities if isinstance(entities, list) else []
    return any(isinstance(e, dict) and _int(_map(e, "user"), "id") == me.id for e in mentions)


def _without_mention(text: str, me: Me) -> str:
    """The words without our name in front, behind or between; commands keep theirs."""
    if text.startswith("/"):
        return text
    return re.sub(
        rf"@{re.escape(me.username)}\b[,:，：]?\s*", "", text, flags=re.IGNORECASE
    ).strip()


def _thread(message: Json) -> int | None:
    """The topic a message is in; replies in plain groups carry a thread id that is none."""
    thread = _int(message, "message_thread_id")
    return thread if thread and message.get("is_topic_message") is True else None


# --- buttons, reactions, membership ------------------------------------------


def _query(query: Json) -> Event | None:
    message, user = _map(query, "message"), _map(query, "from")
    chat = _map(message, "chat")
    chat_id, user_id = _int(chat, "id"), _int(user, "id")
    if not chat_id or not user_id:
        return None
    return Event(
        kind="pressed",
        chat=chat_id,
        private=_private(chat),
        user=user_id,
        sent_at=datetime.now(UTC),  # a press carries no time of its own
        message_id=_int(message, "message_id"),
        thread=_thread(message),
        lang=_lang(user),
        callback=_str(query, "id"),
        data=_str(query, "data")[:64],
        name=_str(user, "first_name")[:64],
    )


def _reaction(reaction: Json) -> Event | None:
    chat, user = _map(reaction, "chat"), _map(reaction, "user")
    chat_id, user_id = _int(chat, "id"), _int(user, "id")
    new = reaction.get("new_reaction")
    emoji = (
        {_str(r, "emoji") for r in new if isinstance(r, dict)} if isinstance(new, list) else set()
    )
    vote: Vote | None = "up" if emoji & _UP else "down" if emoji & _DOWN else None
    if not chat_id or not user_id or vote is None:
        return None
    return Event(
        kind="reacted",
        chat=chat_id,
        private=_private(chat),
        user=user_id,
        sent_at=_at(reaction, "date"),
        message_id=_int(reaction, "message_id"),
        vote=vote,
    )


def _member(member: Json) -> Event | None:
    """We were blocked or let in again, or put into a group."""
    chat, user = _map(member, "chat"), _map(member, "from")
    status = _str(_map(member, "new_chat_member"), "status")
    before = _str(_map(member, "old_chat_member"), "status")
    chat_id = _int(chat, "id")
    if not chat_id or not status:
        return None
    out = status in {"kicked", "left"}
    if not out and before not in {"kicked", "left"}:
        return None  # promoted or restricted: nothing for us to do
    return Event(
        kind="left" if out else "joined",
        chat=chat_id,
        private=_private(chat),
        user=_int(user, "id"),
        sent_at=_at(member, "date"),
        lang=_lang(user),
    )


# --- reading without trust ---------------------------------------------------


def _map(value: Json, key: str) -> Json:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _int(value: Json, key: str) -> int:
    found = value.get(key)
    usable = isinstance(found, int) and not isinstance(found, bool) and abs(found) < 1 << 62
    return found if usable and isinstance(found, int) else 0


def _str(value: Json, key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _private(chat: Json) -> bool:
    """Whether one person alone reads it: it says so, and has a person's number, above zero.

    Letters go by the number alone, so what only says so is no private chat.
    """
    return chat.get("type") == "private" and _int(chat, "id") > 0


def _at(value: Json, key: str) -> datetime:
    seconds = _int(value, key)
    if not 0 < seconds <= _LATEST:
        return datetime.now(UTC)
    return datetime.fromtimestamp(seconds, UTC)


def _lang(user: Json) -> Lang | None:
    code = _str(user, "language_code").lower()
    return "zh" if code.startswith("zh") else "en" if code else None
