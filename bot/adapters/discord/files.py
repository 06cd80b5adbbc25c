"""Attachments fetched from Discord, within our limit."""

from __future__ import annotations

from bot.adapters.chat.hearing import MOST_BYTES
from bot.adapters.discord.rest import Rest
from bot.delivery.errors import DeliveryError
from bot.errors import OversizedError, UnfetchedError
from bot.logs import logger
from bot.model import Upload


class Files:
    """Of one bot."""

    def __init__(self, rest: Rest) -> None:
        """What fetches."""
        self._rest = rest

    async def fetch(self, upload: Upload) -> bytes:
        """The bytes of an attachment. Raises UnfetchedError, also when its address has expired."""
        try:
            found = await self._rest.download(upload.ref)
        except DeliveryError as error:
            logger().info("file not fetched", error=type(error).__name__)
            raise UnfetchedError(type(error).__name__) from error
        if len(found) > MOST_BYTES:
            raise OversizedError("too big")
        return found
