"""Opens the direct messages of people we first meet elsewhere, so that they can be found later.

Discord lists no direct-message channels to a bot. Whoever has called a command or mentioned us
in a server has one from then on, which the notebook remembers: what they write there while we
are away is read when we are back. Opening shows them nothing. It is done slowly, one person
after the other, and missing one is no fault: whoever writes to us is remembered anyway.
"""

from __future__ import annotations

import asyncio

from bot.adapters.discord import address
from bot.adapters.discord.api import pause
from bot.adapters.discord.events import Event
from bot.adapters.discord.notebook import Notebook
from bot.adapters.discord.rest import Rest
from bot.delivery.errors import DeliveryError, FloodedError
from bot.logs import logger

_EVERY_S = 2.0
_MOST = 1000  # people that wait


class Doors:
    """Of one bot."""

    def __init__(self, rest: Rest, notebook: Notebook) -> None:
        """Nobody waits."""
        self._rest = rest
        self._notebook = notebook
        self._waiting: dict[int, None] = {}
        self._awake = asyncio.Event()

    def pass_by(self, event: Event) -> None:
        """Somebody was heard."""
        if event.chat[:1] == "D":
            self._notebook.meet(event.user, event.chat)
        elif not self._notebook.met(event.user) and len(self._waiting) < _MOST:
            self._waiting[event.user] = None
            self._awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Open one after the other until ``stop``."""
        while not stop.is_set():
            if not self._waiting:
                self._awake.clear()
                await self._awake.wait()
            user = next(iter(self._waiting))
            del self._waiting[user]
            wait = _EVERY_S
            try:
                self._notebook.meet(user, address.direct(await self._rest.direct(user)))
            except DeliveryError as error:
                wait = error.retry_after if isinstance(error, FloodedError) else wait
                logger().info("direct messages not opened", error=type(error).__name__)
            await pause(stop, wait)
