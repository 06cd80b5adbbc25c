"""Shows an answer while it is written: edits of the deferred answer, or of a first message.

The first message is a letter like any other, sent with its nonce, so that after a crash it is
found again instead of being left behind half written. Every snapshot ends in an ellipsis; what
is final never does. Previews use only budget that nobody else needs, and whatever goes wrong
with one, the final text is not touched by it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.adapters.discord import address
from bot.adapters.discord.acks import Acks
from bot.adapters.discord.api import Breaker, Json
from bot.adapters.discord.events import Event
from bot.adapters.discord.render import as_markdown, parts
from bot.adapters.discord.rest import Rest
from bot.adapters.discord.wire import Hooks
from bot.delivery.errors import AmbiguousError, DeliveryError, FloodedError, NotSentError
from bot.delivery.pace import Pace
from bot.delivery.privacy import Outgoing, PrivateTo, Shared, content, guard, outgoing
from bot.delivery.rich import Span, dump, parse
from bot.errors import StoreError
from bot.ids import new_id
from bot.logs import logger
from bot.model import Reply
from bot.store.letters import Letter, LetterState, Mailbox, Outcome

PREVIEW = 0  # the part of an answer that its preview is
EVERY_S = 1.3
_TOKEN_S = 14 * 60
_NOBODY: Json = {"parse": []}


@dataclass(frozen=True, slots=True, kw_only=True)
class Previews:
    """What all previews of one bot share."""

    rest: Rest
    hooks: Hooks
    acks: Acks
    breaker: Breaker
    mailbox: Mailbox
    pace: Pace
    clock: Callable[[], datetime]

    def of(self, event: Event, origin: str, *, ours: int = 0) -> Preview:
        """A preview for one answer; ``ours`` is its message, if an earlier try made one."""
        return Preview(shared=self, event=event, origin=origin, message=ours)

    async def left_behind(self, origin: str) -> int | None:
        """The message an interrupted try left; 0 for none, None when nobody knows.

        Its letter is being sent again with its nonce meanwhile, which finds it.
        """
        for _ in range(40):
            left = await self.mailbox.letter_of(origin, PREVIEW)
            if left is None or left.state in {"failed", "dead"}:
                return 0
            if left.state == "sent" and left.platform_message_id:
                return int(left.platform_message_id)
            if left.state == "unknown":
                return None
            await asyncio.sleep(0.05)
        return None


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
        if self.over or now - self.last < EVERY_S:
            return
        chat = self.event.chat
        to = PrivateTo(chat) if self.event.private else Shared(chat)
        out = outgoing(to, content(reply))
        if out is None or not out.text.strip() or out.text == self.shown:
            return
        at = self.shared.clock().timestamp()
        if self.shared.breaker.wait() or not self.shared.pace.spare(chat, at):
            return
        guard(out.marks(), private=address.private(chat))
        self.last, self.shown = now, out.text
        await self._surely(out)

    async def _surely(self, out: Outgoing) -> None:
        spans = (*parse(out.text), Span(" …"))
        first = parts(spans)[0]
        body: Json = {"content": as_markdown(first), "allowed_mentions": _NOBODY}
        try:
            if self.event.tap is not None:
                await self._fill(body)
            elif self.message:
                channel = address.number(self.event.chat)
                await self.shared.rest.edit(channel, self.message, body)
            else:
                await self._begin(out, body)
        except FloodedError as error:
            self._hush(error)
        except DeliveryError as error:
            self.over = True
            logger().info("preview stopped", error=type(error).__name__)
        except StoreError as error:
            self.over = True
            logger().info("preview not kept", error=type(error).__name__)

    async def _fill(self, body: Json) -> None:
        tap = self.event.tap
        assert tap is not None  # noqa: S101  # asked before
        old = self.shared.clock().timestamp() - tap.made > _TOKEN_S
        if old or not await self.shared.acks.done(tap.id):
            self.over = True
            return
        await self.shared.hooks.fill(tap.token, body)

    async def _begin(self, out: Outgoing, body: Json) -> None:
        """Send the message that edits will grow, noted before and after like every letter."""
        event = self.event
        if event.guild:
            body["message_reference"] = {
                "message_id": str(event.message_id),
                "fail_if_not_exists": False,
            }
        # What a crash leaves is sent again by this: only a sign that an answer is coming.
        kept: Json = {**out.marks(), "method": "preview", "spans": dump((Span("…"),))}
        if event.guild:
            kept["reply_to"] = event.message_id
        letter = Letter(
            id=new_id(),
            chat=event.chat,
            body=kept,
            origin=self.origin,
            part=PREVIEW,
            state="sending",
        )
        mailbox, clock = self.shared.mailbox, self.shared.clock
        await mailbox.post([letter], now=clock())
        state: LetterState = "failed"
        try:
            sent = await self.shared.rest.post(address.number(event.chat), body, nonce=letter.nonce)
            self.message, state = int(sent), "sent"
        except (AmbiguousError, NotSentError):
            state = "pending"  # the courier finds out by the nonce, or sends it after all
            raise
        finally:
            shown = str(self.message) if self.message else ""
            outcome = Outcome(id=letter.id, state=state, platform_message_id=shown)
            await mailbox.settle([outcome], now=clock())

    def _hush(self, error: FloodedError) -> None:
        """The chat wants silence: no more previews, and the final text waits as long as it must."""
        self.over = True
        until = self.shared.clock().timestamp() + error.retry_after
        self.shared.pace.silence(self.event.chat, until)
