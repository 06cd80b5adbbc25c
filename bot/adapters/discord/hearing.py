"""Voice messages: fetched, turned into text, or a plain sentence why not."""

from __future__ import annotations

import asyncio

from bot.adapters.discord.events import Attached
from bot.adapters.discord.rest import Rest
from bot.delivery.errors import DeliveryError
from bot.errors import NoTranscriberError, SalusError, TranscriptionError
from bot.logs import logger
from bot.ports import Transcriber
from bot.speech import NoTranscriber

MOST_BYTES = 20 << 20
MOST_SECONDS = 300
_PATIENCE_S = 45.0  # with the answer after it still within the patience for one message


class UnheardError(SalusError):
    """A recording that gave no words; ``key`` names the sentence that says why."""

    def __init__(self, key: str, **details: str) -> None:
        """The sentence and what it names."""
        super().__init__(key, **details)
        self.key = key


class Ears:
    """Of one bot."""

    def __init__(self, rest: Rest, transcriber: Transcriber) -> None:
        """What fetches, and what listens."""
        self._rest = rest
        self._transcriber = transcriber

    async def hear(self, recording: Attached | None) -> str:
        """The words of a recording. Raises UnheardError.

        The language is left to the recording: a client's setting says little about speech.
        """
        if isinstance(self._transcriber, NoTranscriber):
            raise UnheardError("voice.unavailable")  # nothing is fetched for nobody
        if recording is None or not recording.url:
            raise UnheardError("voice.failed")
        if recording.size > MOST_BYTES:
            raise UnheardError("voice.too_large", megabytes=str(MOST_BYTES >> 20))
        if recording.seconds > MOST_SECONDS:
            raise UnheardError("voice.too_long", minutes=str(MOST_SECONDS // 60))
        try:
            async with asyncio.timeout(_PATIENCE_S):
                audio = await self._rest.download(recording.url)
                words = await self._transcriber.transcribe(audio, mime=recording.mime, lang=None)
        except NoTranscriberError as error:
            raise UnheardError("voice.unavailable") from error
        except (TranscriptionError, DeliveryError, TimeoutError) as error:
            logger().info("recording not understood", error=type(error).__name__)
            raise UnheardError("voice.failed") from error
        words = words.strip()
        if not words:
            raise UnheardError("voice.silent")
        return words
