"""The bot's calls, and what each error of the library means to delivery."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.warnings import PTBDeprecationWarning

from bot.adapters.telegram.config import TelegramSettings
from bot.adapters.telegram.http import NEVER_LEFT, AiohttpRequest
from bot.delivery.errors import (
    AmbiguousError,
    DeliveryError,
    FloodedError,
    LockedOutError,
    MovedError,
    NotSentError,
    RefusedError,
    UnreachableError,
)

Json = dict[str, Any]
# "No" to one call, in so many words: nothing was done. A 404 has two names in the library.
REFUSED = (BadRequest, EndPointNotFound, InvalidToken)
ALLOWED_UPDATES = (
    "message",
    "edited_message",
    "callback_query",
    "message_reaction",
    "my_chat_member",
)
_GONE = (
    "chat not found",
    "user is deactivated",
    "peer_id_invalid",
    "bot is not a member",
    "not enough rights to send",
    "have no rights to send",
    "chat_write_forbidden",
    "topic_closed",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who the bot is. ``reads_all``: privacy mode is off in groups."""

    id: int
    username: str
    reads_all: bool = False


@dataclass
class Latch:
    """Something newer servers can do; ``on`` until this one refuses it."""

    on: bool = False

    def refused(self, error: TelegramError) -> None:
        """Let go of it for good when the server does not know it, not for one odd message."""
        unknown = isinstance(error, InvalidToken | EndPointNotFound) or says(
            error, "method", "supported"
        )
        if unknown:
            self.on = False


class SalusBot(Bot):
    """PTB's bot, plus updates as they came: they are stored before anything reads them.

    And what Bot API 10.1 added and the library does not know yet.
    """

    async def is_admin(self, chat: int, user: int) -> bool:
        """Whether somebody looks after a group; False while Telegram does not say."""
        try:
            member = await self.get_chat_member(chat, user)
        except TelegramError:
            return False
        return member.status in {"administrator", "creator"}

    async def send_rich(self, chat: int, html: str, where: Json) -> int:
        """sendRichMessage; the message's id. ``where`` as in ``send_message``."""
        kwargs = {"chat_id": chat, "rich_message": {"html": html}, **_given(where)}
        sent = await self.do_api_request("sendRichMessage", api_kwargs=kwargs)
        return int(sent["message_id"]) if isinstance(sent, dict) else 0

    async def send_rich_draft(
        self, chat: int, html: str, *, draft_id: int, thread: int | None = None
    ) -> None:
        """sendRichMessageDraft, for private chats."""
        where = _given({"message_thread_id": thread})
        kwargs = {"chat_id": chat, "draft_id": draft_id, "rich_message": {"html": html}, **where}
        await self.do_api_request("sendRichMessageDraft", api_kwargs=kwargs)

    async def raw_updates(self, offset: int | None, timeout_s: int) -> list[Json]:
        """One long poll. The offset confirms everything below it."""
        data: Json = {"timeout": timeout_s, "allowed_updates": list(ALLOWED_UPDATES)}
        if offset is not None:
            data["offset"] = offset
        found = await self._post("getUpdates", data, read_timeout=timeout_s + 10)
        return [u for u in found if isinstance(u, dict)] if isinstance(found, list) else []


def make_bot(settings: TelegramSettings) -> SalusBot:
    """A bot with a pool for sending and a connection of its own for polling."""
    # The library warns about a coming change of RetryAfter's type from inside RetryAfter itself.
    warnings.filterwarnings("ignore", message=".*retry_after.*", category=PTBDeprecationWarning)
    # The library logs bodies it cannot read.
    logging.getLogger("telegram").setLevel(logging.CRITICAL)
    base = settings.base_url.rstrip("/")
    return SalusBot(
        token=settings.token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=AiohttpRequest(64),
        get_updates_request=AiohttpRequest(1),
    )


def _given(where: Json) -> Json:
    return {name: value for name, value in where.items() if value is not None}


@contextmanager
def named() -> Iterator[None]:
    """Raise delivery's names for the library's errors."""
    try:
        yield
    except TelegramError as error:
        raise name(error) from error


def name(error: TelegramError) -> DeliveryError:
    """What an error means for the letter that met it."""
    if isinstance(error, RetryAfter):
        return FloodedError(_seconds(error))
    if isinstance(error, ChatMigrated):
        return MovedError(str(error.new_chat_id))
    if isinstance(error, Forbidden):
        return UnreachableError(type(error).__name__)
    if isinstance(error, InvalidToken | EndPointNotFound):
        unknown = "unauthorized" in str(error).lower()
        return LockedOutError("token") if unknown else RefusedError("no such method")
    if isinstance(error, BadRequest):  # a NetworkError to the library, so it stands first
        gone = any(word in str(error).lower() for word in _GONE)
        return UnreachableError("gone") if gone else RefusedError("bad request")
    if isinstance(error, Conflict):
        return NotSentError("conflict")
    if isinstance(error, NetworkError):
        return _network(error)
    return AmbiguousError(type(error).__name__)


def _network(error: NetworkError) -> DeliveryError:
    """Only what surely never left, or was refused in Telegram's own words, may go again."""
    cause = error.__cause__
    if cause is None or isinstance(cause, NEVER_LEFT):
        return NotSentError(type(error).__name__)
    return AmbiguousError(type(cause).__name__)


def _seconds(error: RetryAfter) -> float:
    wait = error._retry_after  # the public name warns about its type changing
    return wait.total_seconds()


def says(error: TelegramError, *words: str) -> bool:
    """Whether the error's text holds one of ``words`` (lower case)."""
    text = str(error).lower()
    return any(word in text for word in words)


def confirmed(updates: Sequence[Json]) -> int | None:
    """The offset that confirms these updates; None when none has an id."""
    ids = [u["update_id"] for u in updates if isinstance(u.get("update_id"), int)]
    return ids[-1] + 1 if ids else None
