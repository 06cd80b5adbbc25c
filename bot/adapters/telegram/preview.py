"""Shows an answer while it is written: drafts in private chats, a paced edit elsewhere.

Drafts vanish by themselves; the first refusal switches them off for this process. The message
that is edited is a letter like any other, so that a crash leaves it known or flagged. Previews
use only budget that nobody else needs, and whatever goes wrong with one, the final text is
not touched by it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from telegram.constants import ParseMode
from telegram.error import BadRequest, RetryAfter, TelegramError

from bot.adapters.telegram.api import REFUSED, Latch, SalusBot, name
from bot.adapters.telegram.events import Event
from bot.adapters.telegram.letters import LIMIT
from bot.adapters.telegram.render import as_html, as_rich
from bot.delivery.errors import AmbiguousError, FloodedError
from bot.delivery.pace import Pace
from bot.delivery.privacy import PrivateTo, Shared, content, guard, outgoing
from bot.delivery.rich import Span, Spans, parse, utf16
from bot.errors import StoreError
from bot.ids import new_id
from bot.logs import logger
from bot.model import Reply
from bot.store.letters import Letter, Mailbox, Outcome

PREVIEW = 0  # the part of an answer that its preview is
_EVERY_S = 1.1


@dataclass
class Previews:
    """What all previews of one bot share."""

    bot: SalusBot
    mailbox: Mailbox
    pace: Pace
    clock: Callable[[], datetime]
    drafts: bool = True  # until the server refuses one
    rich: Latch = field(default_factory=Latch)
    pressed: Callable[[], bool] = lambda: False  # others wait for what a preview would cost

    def of(self, event: Event, origin: str, *, ours: int = 0) -> Preview:
        """A preview for one answer; ``ours`` is its message, if an earlier try made one."""
        return Preview(shared=self, event=event, origin=origin, message=ours)


@dataclass
class Preview:
    """The preview of one answer. ``message`` is the one to be replaced by the final text."""

    shared: Previews
    event: Event
    origin: str
    message: int = 0
    shown: str = ""
    over: bool = False
    last: float = field(default=float("-inf"))

    async def show(self, reply: Reply) -> None:
        """Show a snapshot, if there is budget and something new. Never raises."""
        now = time.monotonic()
        if self.over or now - self.last < _EVERY_S or self.shared.pressed():
            return
        to = PrivateTo(str(self.event.chat)) if self.event.private else Shared(str(self.event.chat))
        out = outgoing(to, content(reply))
        if out is None or not out.text.strip() or out.text == self.shown:
            return
        at = self.shared.clock().timestamp()
        if not self.shared.pace.spare(out.chat, at, group=not self.event.private):
            return
        guard(out.marks(), private=self.event.private)
        self.last, self.shown = now, out.text
        await self._surely(_fitting(out.text))

    async def _surely(self, spans: Spans) -> None:
        try:
            if self.event.private and self.shared.drafts and not self.message:
                await self._draft(spans)
            elif self.message:
                await self._edit(spans)
            else:
                await self._begin(spans)
        except RetryAfter as error:
            self._hush(error)
        except TelegramError as error:
            self.over = True
            logger().info("preview stopped", error=type(error).__name__)
        except StoreError as error:
            self.over = True
            logger().info("preview not kept", error=type(error).__name__)

    async def _draft(self, spans: Spans) -> None:
        if self.shared.rich.on and await self._rich_draft(spans):
            return
        try:
            await self.shared.bot.send_message_draft(
                self.event.chat,
                draft_id=_draft_id(self.origin),
                text=as_html(spans),
                parse_mode=ParseMode.HTML,
                message_thread_id=self.event.thread,
            )
        except REFUSED as error:
            self.shared.drafts = False  # this server has none: edits from now on
            logger().info("drafts refused", error=type(error).__name__)

    async def _rich_draft(self, spans: Spans) -> bool:
        """As the rich message it will become; False when the server has no such thing."""
        try:
            await self.shared.bot.send_rich_draft(
                self.event.chat,
                as_rich(spans),
                draft_id=_draft_id(self.origin),
                thread=self.event.thread,
            )
        except REFUSED as error:
            self.shared.rich.refused(error)
            return False
        return True

    async def _edit(self, spans: Spans) -> None:
        try:
            await self.shared.bot.edit_message_text(
                as_html(spans),
                chat_id=self.event.chat,
                message_id=self.message,
                parse_mode=ParseMode.HTML,
            )
        except BadRequest as error:
            if "not modified" not in str(error).lower():
                raise

    async def _begin(self, spans: Spans) -> None:
        """Send the message that edits will grow, noted before and after like every letter."""
        letter = Letter(
            id=new_id(),
            chat=str(self.event.chat),
            body={},
            origin=self.origin,
            part=PREVIEW,
            state="sending",
        )
        await self.shared.mailbox.post([letter], now=self.shared.clock())
        outcome = Outcome(id=letter.id, state="failed")
        try:
            sent = await self.shared.bot.send_message(
                self.event.chat,
                as_html(spans),
                parse_mode=ParseMode.HTML,
                message_thread_id=self.event.thread,
            )
            self.message = sent.message_id
            outcome = Outcome(id=letter.id, state="sent", platform_message_id=str(self.message))
        except TelegramError as error:
            if isinstance(name(error), AmbiguousError):
                outcome = Outcome(id=letter.id, state="unknown")
            raise
        finally:
            await self.shared.mailbox.settle([outcome], now=self.shared.clock())

    def _hush(self, error: RetryAfter) -> None:
        """The chat wants silence: no more previews, and the final text waits as long as it must."""
        self.over = True
        flooded = name(error)
        if isinstance(flooded, FloodedError):
            until = self.shared.clock().timestamp() + flooded.retry_after
            self.shared.pace.silence(str(self.event.chat), until)


def _draft_id(origin: str) -> int:
    return (int(origin) % 2_000_000_000) + 1  # non-zero, the same at every snapshot


def _fitting(text: str) -> Spans:
    """What fits one message; the rest comes with the final text."""
    while utf16(text) > LIMIT - 2:
        text = text[: len(text) - max(1, (utf16(text) - LIMIT + 2) // 2)]
    return (*parse(text), Span(" …"))
