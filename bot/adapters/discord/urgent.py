"""While the database is down: emergencies are answered, and interactions are told the truth.

A message stays in memory, and with Discord, and is handled properly later, so the person may
read the emergency text twice; that is better than not at all. An interaction cannot wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from bot.adapters.chat.spans import as_spans
from bot.adapters.chat.urgent import Emergencies
from bot.adapters.discord.courier import DiscordCourier
from bot.adapters.discord.events import Event
from bot.adapters.discord.letters import Paper
from bot.adapters.discord.render import as_markdown, parts
from bot.adapters.discord.wire import EPHEMERAL, TEXT, Hooks
from bot.app import App
from bot.delivery.errors import DeliveryError
from bot.i18n import t
from bot.logs import logger
from bot.model import Lang


class Unstored:
    """Answers each emergency once per process."""

    def __init__(
        self,
        app: App,
        courier: DiscordCourier,
        hooks: Hooks,
        urgent: Callable[[Event | None], bool],
        lang: Callable[[Event], Lang],
    ) -> None:
        """``urgent`` judges an event by its words alone."""
        self._courier = courier
        self._hooks = hooks
        self._lang = lang
        self._emergencies = Emergencies[Event](app, "discord", urgent)

    async def answer(self, events: Iterable[Event]) -> None:
        """Answer the messages that cannot wait and were not answered yet."""
        for event in events:
            reply = await self._emergencies.once(event)
            for letter in Paper(event=event, origin="0").reply(reply) if reply else ():
                try:
                    await self._courier.deliver(letter)
                except DeliveryError as error:
                    logger().error("emergency not sent", error=type(error).__name__)

    async def refuse(self, event: Event, *, acknowledged: bool) -> None:
        """Answer an interaction that is not kept: with what is urgent, else plainly."""
        tap = event.tap
        if tap is None:
            return
        reply = await self._emergencies.text(event)
        lang = self._lang(event)
        texts = [t("discord.not_taken", lang)]
        if reply is not None:
            texts = [as_markdown(part) for part in parts(as_spans(reply, reply.text))]
        quiet = tap.whisper or (reply is None and event.chat[:1] == "C")
        flags = EPHEMERAL if quiet else 0
        body = {"allowed_mentions": {"parse": []}, "flags": flags}
        with suppress(DeliveryError):
            first = body | {"content": texts[0]}
            if not acknowledged:
                await self._hooks.respond(tap.id, tap.token, TEXT, first)
            elif tap.command:
                await self._hooks.fill(tap.token, {"content": texts[0]})
            else:
                await self._hooks.follow(tap.token, first)
            for text in texts[1:]:
                await self._hooks.follow(tap.token, body | {"content": text})
