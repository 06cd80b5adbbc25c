"""Shows "typing" for as long as something takes; best effort, never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from telegram.constants import ChatAction
from telegram.error import TelegramError

from bot.adapters.telegram.api import SalusBot
from bot.adapters.telegram.events import Event
from bot.logs import logger

_AFTER_S = 0.15  # fixed texts are quicker than this
_EVERY_S = 4.5  # Telegram shows "typing" for five seconds


@asynccontextmanager
async def typing(bot: SalusBot, event: Event, *, pressed: bool = False) -> AsyncIterator[None]:
    """Show that something is coming; not while ``pressed``, when others wait for an answer."""
    if pressed:
        yield
        return
    task = asyncio.create_task(_keep(bot, event))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _keep(bot: SalusBot, event: Event) -> None:
    await asyncio.sleep(_AFTER_S)
    try:
        while True:
            await bot.send_chat_action(
                event.chat, ChatAction.TYPING, message_thread_id=event.thread
            )
            await asyncio.sleep(_EVERY_S)
    except TelegramError as error:
        logger().debug("typing not shown", error=type(error).__name__)
