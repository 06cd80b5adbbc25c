"""Emergencies while the database is down: answered at once, though nothing can be accepted.

The event stays with its platform and is handled properly when the database is back, so the
person may read the emergency text twice; that is better than not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Generic, TypeVar

from bot.adapters.chat.handling import Said, message_of
from bot.app import App
from bot.model import Platform, Reply

_REMEMBERED = 1000


E = TypeVar("E", bound=Said)


class Emergencies(Generic[E]):
    """Of one process and platform."""

    def __init__(self, app: App, platform: Platform, urgent: Callable[[E | None], bool]) -> None:
        """``urgent`` judges an event by its words alone."""
        self._app = app
        self._platform = platform
        self._urgent = urgent
        self._answered: dict[str, None] = {}

    async def once(self, event: E | None) -> Reply | None:
        """The emergency text for an event that was not answered yet; None for all others."""
        if event is None or event.source in self._answered or not self._urgent(event):
            return None
        self._answered[event.source] = None
        if len(self._answered) > _REMEMBERED:
            self._answered.pop(next(iter(self._answered)))
        return await self.text(event)

    async def text(self, event: E) -> Reply | None:
        """What to do; it is the first thing the dialogue says, before any store."""
        if not self._urgent(event):
            return None
        user = await self._app.person(self._platform, str(event.user))
        message = message_of(event, user, tz=self._app.settings.tz)
        async with aclosing(self._app.dialogue.respond(message)) as replies:
            async for reply in replies:
                if reply.final and reply.kind in {"emergency", "crisis"}:
                    return reply
                break
        return None
