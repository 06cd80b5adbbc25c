"""Emergencies while the database is down: answered at once, though nothing can be accepted.

The update stays with Telegram and is handled properly when the database is back, so the person
may read the emergency text twice; that is better than not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import aclosing

from bot.adapters.telegram.api import Me
from bot.adapters.telegram.courier import TelegramCourier
from bot.adapters.telegram.events import Event
from bot.adapters.telegram.letters import Paper
from bot.app import App
from bot.delivery.errors import DeliveryError
from bot.logs import logger
from bot.model import Message

_REMEMBERED = 1000


class Unstored:
    """Answers each emergency once per process."""

    def __init__(
        self, app: App, courier: TelegramCourier, me: Me, urgent: Callable[[Event | None], bool]
    ) -> None:
        """``urgent`` judges an event by its words alone."""
        self._app = app
        self._courier = courier
        self._me = me
        self._urgent = urgent
        self._answered: dict[str, None] = {}

    async def answer(self, events: Iterable[Event | None]) -> None:
        """Answer those that cannot wait and were not answered yet."""
        for event in events:
            if event is None or event.source in self._answered or not self._urgent(event):
                continue
            self._answered[event.source] = None
            if len(self._answered) > _REMEMBERED:
                self._answered.pop(next(iter(self._answered)))
            await self._one(event)

    async def _one(self, event: Event) -> None:
        user = await self._app.person("telegram", str(event.user))
        message = Message(
            user=user,
            place=event.place,
            text=event.text,
            sent_at=event.sent_at,
            tz=self._app.settings.tz or "UTC",
            lang=event.lang,
            account=str(event.user),
        )
        paper = Paper(event=event, origin="0", username=self._me.username)
        async with aclosing(self._app.dialogue.respond(message)) as replies:
            async for reply in replies:
                if reply.final and reply.kind in {"emergency", "crisis"}:
                    for letter in paper.reply(reply):
                        try:
                            await self._courier.deliver(letter)
                        except DeliveryError as error:
                            logger().error("emergency not sent", error=type(error).__name__)
                break
