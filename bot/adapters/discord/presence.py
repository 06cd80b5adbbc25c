"""Shows that something is coming, while it is; a deferred answer says so by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.adapters.discord import address
from bot.adapters.discord.events import Event
from bot.adapters.discord.rest import Rest
from bot.delivery.errors import DeliveryError
from bot.logs import logger

_TYPING_S = 9.0  # Discord shows "typing" for ten seconds


@asynccontextmanager
async def typing(rest: Rest, event: Event) -> AsyncIterator[None]:
    """Best effort; nothing depends on it."""
    if event.tap is not None:
        yield
        return
    task = asyncio.create_task(_keep_typing(rest, address.number(event.chat)))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _keep_typing(rest: Rest, channel: int) -> None:
    await asyncio.sleep(0.15)  # fixed texts are quicker than this
    try:
        while True:
            await rest.typing(channel)
            await asyncio.sleep(_TYPING_S)
    except DeliveryError as error:
        logger().debug("typing not shown", error=type(error).__name__)
