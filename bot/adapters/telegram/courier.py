"""Delivers one letter with the library's typed calls, and knows Telegram's odd answers."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from telegram import InputFile, LinkPreviewOptions, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest

from bot.adapters.telegram.api import REFUSED, Latch, SalusBot, named, says
from bot.adapters.telegram.buttons import markup
from bot.adapters.telegram.letters import LIMIT
from bot.adapters.telegram.render import as_html, as_rich
from bot.charts.data import load as load_chart
from bot.delivery.errors import AmbiguousError, NotSentError, RefusedError
from bot.delivery.privacy import guard
from bot.delivery.rich import Spans, load, split, utf16, with_addresses
from bot.i18n import t
from bot.ids import new_id
from bot.logs import failed, logger
from bot.model import Lang
from bot.store.letters import Letter

CAPTION = 1024  # UTF-16 units (Bot API, sendPhoto)
_UNDRAWN = (ArithmeticError, ImportError, LookupError, OSError, RuntimeError, ValueError)
_UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)
_EDITS = frozenset({"edit", "keyboard"})
_NO_EDIT = ("message to edit not found", "message can't be edited")


class TelegramCourier:
    """delivery.sender.Courier for Telegram."""

    def __init__(self, bot: SalusBot, *, rich: Latch | None = None) -> None:
        """The bot is initialized by the adapter. ``rich``: answers as rich messages."""
        self._bot = bot
        self._rich = rich or Latch()
        self._ways: dict[str, Callable[[Letter], Awaitable[str]]] = {
            "send": self._send,
            "edit": self._edit,
            "keyboard": self._keyboard,
            "document": self._document,
            "photo": self._photo,
        }

    def private(self, chat: str) -> bool:
        """Ids of private chats are those of people: above zero."""
        return self._id(chat) > 0

    def group(self, chat: str) -> bool:
        """Groups have a limit of their own."""
        return self._id(chat) < 0

    async def deliver(self, letter: Letter) -> str:
        """Send; the message's id. Raises a DeliveryError, or PrivacyError before anything left."""
        guard(letter.body, private=self.private(letter.chat))
        way = self._ways.get(str(letter.body.get("method")))
        if way is None:
            raise RefusedError("no such kind of letter")
        try:
            with named():
                return await way(letter)
        except AmbiguousError as error:
            if letter.body.get("method") in _EDITS:  # the same edit twice changes nothing
                raise NotSentError("edit") from error
            raise
        except _UNREADABLE as error:  # Telegram's yes in words that the library cannot read
            failed("answer to a send not understood", error)
            raise AmbiguousError(type(error).__name__) from error

    def apology(self, letter: Letter) -> Letter | None:
        """What to say when a part was refused for good; None for what nobody would miss."""
        if letter.body.get("method") == "keyboard" or letter.body.get("sorry"):
            return None
        lang: Lang = "zh" if letter.body.get("lang") == "zh" else "en"
        body = {
            "personal": False,
            "private": self.private(letter.chat),
            "method": "send",
            "spans": [[t("telegram.failed_part", lang), "", ""]],
            "keyboard": [],
            "lang": lang,
            "sorry": True,
        } | ({"thread": letter.body["thread"]} if "thread" in letter.body else {})
        id_ = new_id()
        return Letter(id=id_, chat=letter.chat, body=body, origin=f"sorry:{letter.id}")

    # --- the ways

    async def _send(self, letter: Letter) -> str:
        spans = load(letter.body["spans"])
        if self._rich.on and letter.body.get("fold"):
            sent = await self._richly(letter, spans)
            if sent:
                return sent
        try:
            return await self._message(letter, spans)
        except BadRequest as error:
            if says(error, "message is too long"):
                return await self._halves(letter, spans)
            if says(error, "message thread not found"):
                return await self._message(letter, spans, thread=False)
            if says(error, "text is empty"):
                raise RefusedError("nothing to show") from error
            raise

    async def _richly(self, letter: Letter, spans: Spans) -> str:
        """As a rich message; "" when that was refused in so many words, so that HTML may go."""
        where = self._where(letter.body) | {
            "reply_markup": markup(letter.body.get("keyboard") or [])
        }
        html = as_rich(spans, int(letter.body["fold"]))
        try:
            return str(await self._bot.send_rich(self._id(letter.chat), html, where))
        except REFUSED as error:
            self._rich.refused(error)
            logger().info("rich message refused", error=type(error).__name__)
            return ""

    async def _message(self, letter: Letter, spans: Spans, *, thread: bool = True) -> str:
        """As HTML; once as plain text if Telegram does not like our markup."""
        where = self._where(letter.body) if thread else {}
        where["reply_markup"] = markup(letter.body.get("keyboard") or [])
        where["link_preview_options"] = LinkPreviewOptions(is_disabled=True)
        chat = self._id(letter.chat)
        try:
            sent = await self._bot.send_message(
                chat, as_html(spans), parse_mode=ParseMode.HTML, **where
            )
        except BadRequest as error:
            if not says(error, "can't parse entities"):
                raise
            sent = await self._bot.send_message(chat, with_addresses(spans)[:LIMIT], **where)
        return str(sent.message_id)

    async def _halves(self, letter: Letter, spans: Spans) -> str:
        """Our count and Telegram's differ: in smaller parts, all of them now."""
        sent = ""
        for part in split(spans, limit=LIMIT // 2):
            try:
                sent = await self._message(letter, part)
            except BadRequest:
                if sent:
                    raise AmbiguousError("a part is out, the rest was refused") from None
                raise
        return sent

    async def _edit(self, letter: Letter) -> str:
        """Put the text in the place of a message of ours; a new one if that one is gone."""
        spans = load(letter.body["spans"])
        message = int(letter.body["message_id"])
        try:
            await self._bot.edit_message_text(
                as_html(spans),
                chat_id=self._id(letter.chat),
                message_id=message,
                parse_mode=ParseMode.HTML,
                reply_markup=markup(letter.body.get("keyboard") or []),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        except BadRequest as error:
            if says(error, "message is not modified"):
                return str(message)
            if says(error, *_NO_EDIT, "can't parse entities", "message is too long"):
                return await self._send(letter)
            raise
        return str(message)

    async def _keyboard(self, letter: Letter) -> str:
        message = int(letter.body["message_id"])
        try:
            await self._bot.edit_message_reply_markup(
                chat_id=self._id(letter.chat),
                message_id=message,
                reply_markup=markup(letter.body.get("keyboard") or []),
            )
        except BadRequest as error:
            if not says(error, "message is not modified", *_NO_EDIT):
                raise
        return ""

    async def _document(self, letter: Letter) -> str:
        content = io.BytesIO(_bytes(letter.body))
        file = InputFile(content, filename=str(letter.body["name"]))
        where = self._where(letter.body)
        caption = with_addresses(load(letter.body["spans"]))
        sent = await self._bot.send_document(
            self._id(letter.chat), file, caption=_cut(caption, CAPTION), **where
        )
        return str(sent.message_id)

    async def _photo(self, letter: Letter) -> str:
        """A chart as a picture with its words as caption; the words alone where that fails."""
        spans = load(letter.body["spans"])
        try:
            content = await asyncio.to_thread(_drawn, letter.body["chart"])
        except _UNDRAWN as error:
            failed("chart not drawn", error)
            return await self._message(letter, spans)
        file = InputFile(io.BytesIO(content), filename="chart.png")
        where, caption = self._where(letter.body), with_addresses(spans)
        try:
            sent = await self._bot.send_photo(
                self._id(letter.chat), file, caption=_cut(caption, CAPTION), **where
            )
        except BadRequest:  # no pictures here; if no words either, those will tell
            return await self._message(letter, spans)
        return str(sent.message_id)

    @staticmethod
    def _where(body: Mapping[str, Any]) -> dict[str, Any]:
        """The topic and the message that is answered."""
        where: dict[str, Any] = {}
        if body.get("thread"):
            where["message_thread_id"] = int(body["thread"])
        if body.get("reply_to"):
            where["reply_parameters"] = ReplyParameters(
                message_id=int(body["reply_to"]), allow_sending_without_reply=True
            )
        return where

    @staticmethod
    def _id(chat: str) -> int:
        return int(chat)


def _drawn(chart: Mapping[str, Any]) -> bytes:
    from bot.charts.png import draw

    return draw(load_chart(chart))


def _bytes(body: Mapping[str, Any]) -> bytes:
    """Of a file; its text in letters that were written before 2026-11-29."""
    if "content" in body:
        return str(body["content"]).encode()
    return base64.b64decode(body["data"])


def _cut(text: str, most: int) -> str:
    """At most ``most`` UTF-16 units."""
    while utf16(text) > most:
        text = text[: len(text) - max(1, (utf16(text) - most) // 2) - 1] + "…"
    return text
