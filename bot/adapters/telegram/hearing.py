"""Recordings fetched from Telegram and turned into text, or a plain sentence why not.

Length and size are judged before anything is fetched. The language is left to the recording:
what a person's client is set to says little about what they speak.
"""

from __future__ import annotations

import asyncio

from telegram.error import TelegramError

from bot.adapters.telegram.api import SalusBot
from bot.adapters.telegram.events import Recording
from bot.errors import NoTranscriberError, TranscriptionError
from bot.logs import logger
from bot.ports import Transcriber
from bot.speech import NoTranscriber

MAX_SECONDS = 300
MAX_MEGABYTES = 20  # the Bot API gives out no more (getFile)
_MAX_BYTES = MAX_MEGABYTES * 1024 * 1024
_DEADLINE_S = 45.0  # with the answer after it still within the patience for one message


class UnheardError(TranscriptionError):
    """A recording that has no words for us; ``key`` names the sentence for the person."""

    def __init__(self, key: str, **details: str) -> None:
        """``details`` fill the sentence."""
        super().__init__(key, **details)
        self.key = key


class Ears:
    """Fetches and listens."""

    def __init__(
        self, bot: SalusBot, transcriber: Transcriber, *, deadline_s: float = _DEADLINE_S
    ) -> None:
        """``deadline_s`` covers fetching and listening together."""
        self._bot = bot
        self._transcriber = transcriber
        self._deadline_s = deadline_s

    async def hear(self, recording: Recording | None) -> str:
        """The words of a recording, at least one. UnheardError says what to tell the person."""
        if isinstance(self._transcriber, NoTranscriber):
            raise UnheardError("voice.unavailable")  # nothing is fetched for nobody
        if recording is None:
            raise UnheardError("voice.failed")
        if recording.seconds > MAX_SECONDS:
            raise UnheardError("voice.too_long", minutes=str(MAX_SECONDS // 60))
        _sized(recording.size)
        try:
            async with asyncio.timeout(self._deadline_s):
                text = await self._words(recording)
        except NoTranscriberError as error:
            raise UnheardError("voice.unavailable") from error
        except UnheardError:
            raise
        except (TranscriptionError, TelegramError, TimeoutError) as error:
            logger().warning("recording not heard", error=type(error).__name__)
            raise UnheardError("voice.failed") from error
        if not text.strip():
            raise UnheardError("voice.silent")
        return text.strip()

    async def _words(self, recording: Recording) -> str:
        file = await self._bot.get_file(recording.file_id)
        _sized(file.file_size or 0)
        audio = bytes(await file.download_as_bytearray())
        _sized(len(audio))
        return await self._transcriber.transcribe(audio, mime=recording.mime, lang=None)


def _sized(size: int) -> None:
    if size > _MAX_BYTES:
        raise UnheardError("voice.too_large", megabytes=str(MAX_MEGABYTES))
