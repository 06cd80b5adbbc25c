"""Files and recordings fetched from Telegram, within its limit and ours."""

from __future__ import annotations

from telegram.error import TelegramError

from bot.adapters.chat.hearing import MOST_BYTES
from bot.adapters.telegram.api import SalusBot
from bot.errors import OversizedError, UnfetchedError
from bot.logs import logger
from bot.model import Upload


class Files:
    """Of one bot."""

    def __init__(self, bot: SalusBot) -> None:
        """What fetches."""
        self._bot = bot

    async def fetch(self, upload: Upload) -> bytes:
        """The bytes of one. Raises UnfetchedError."""
        try:
            file = await self._bot.get_file(upload.ref)
            if (file.file_size or 0) > MOST_BYTES:
                raise OversizedError("too big")
            found = bytes(await file.download_as_bytearray())
        except TelegramError as error:
            logger().info("file not fetched", error=type(error).__name__)
            raise UnfetchedError(type(error).__name__) from error
        if len(found) > MOST_BYTES:
            raise OversizedError("too big")
        return found
