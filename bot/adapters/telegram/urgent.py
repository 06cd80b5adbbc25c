"""Emergencies while the database is down, sent past the outbox; see adapters.chat.urgent."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bot.adapters.chat.urgent import Emergencies
from bot.adapters.telegram.api import Me
from bot.adapters.telegram.courier import TelegramCourier
from bot.adapters.telegram.events import Event
from bot.adapters.telegram.letters import Paper
from bot.app import App
from bot.delivery.errors import DeliveryError
from bot.logs import logger


class Unstored:
    """Answers each emergency once per process."""

    def __init__(
        self, app: App, courier: TelegramCourier, me: Me, urgent: Callable[[Event | None], bool]
    ) -> None:
        """``urgent`` judges an event by its words alone."""
        self._courier = courier
        self._me = me
        self._emergencies = Emergencies[Event](app, "telegram", urgent)

    async def answer(self, events: Iterable[Event | None]) -> None:
        """Answer those that cannot wait and were not answered yet."""
        for event in events:
            reply = await self._emergencies.once(event)
            if event is None or reply is None:
                continue
            for letter in Paper(event=event, origin="0", username=self._me.username).reply(reply):
                try:
                    await self._courier.deliver(letter)
                except DeliveryError as error:
                    logger().error("emergency not sent", error=type(error).__name__)
