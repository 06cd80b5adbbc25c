"""Recordings fetched and turned into text, or a plain sentence why not.

Length and size are judged before anything is fetched. The language is left to the recording:
what a person's client is set to says little about what they speak.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.errors import NoTranscriberError, OversizedError, TranscriptionError, UnfetchedError
from bot.logs import logger
from bot.model import Upload
from bot.ports import Transcriber
from bot.speech import NoTranscriber

MOST_BYTES = 20 << 20  # Telegram gives out no more (getFile), and nobody speaks longer
MOST_SECONDS = 300
_DEADLINE_S = 45.0  # with the answer after it still within the patience for one message
Fetch = Callable[[Upload], Awaitable[bytes]]  # at most MOST_BYTES; raises UnfetchedError


class Recording(Protocol):
    """Something to listen to; ``size`` in bytes and ``seconds`` are 0 where nobody says."""

    @property
    def ref(self) -> str: ...
    @property
    def mime(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def seconds(self) -> float: ...


class UnheardError(TranscriptionError):
    """A recording that has no words for us; ``key`` names the sentence for the person."""

    def __init__(self, key: str, **details: str) -> None:
        """``details`` fill the sentence."""
        super().__init__(key, **details)
        self.key = key


class Ears:
    """Fetches and listens."""

    def __init__(
        self, fetch: Fetch, transcriber: Transcriber, *, deadline_s: float = _DEADLINE_S
    ) -> None:
        """``deadline_s`` covers fetching and listening together."""
        self._fetch = fetch
        self._transcriber = transcriber
        self._deadline_s = deadline_s

    async def hear(self, recording: Recording | None) -> str:
        """The words of a recording, at least one. UnheardError says what to tell the person."""
        if isinstance(self._transcriber, NoTranscriber):
            raise UnheardError("voice.unavailable")  # nothing is fetched for nobody
        recording = _fitting(recording)
        try:
            async with asyncio.timeout(self._deadline_s):
                text = await self._words(recording)
        except NoTranscriberError as error:
            raise UnheardError("voice.unavailable") from error
        except OversizedError as error:
            raise _too_large() from error
        except (TranscriptionError, UnfetchedError, TimeoutError) as error:
            logger().warning("recording not heard", error=type(error).__name__)
            raise UnheardError("voice.failed") from error
        if not text.strip():
            raise UnheardError("voice.silent")
        return text.strip()

    async def _words(self, recording: Recording) -> str:
        audio = await self._fetch(Upload(name="", ref=recording.ref, size=recording.size))
        return await self._transcriber.transcribe(audio, mime=recording.mime, lang=None)


def _fitting(recording: Recording | None) -> Recording:
    """One that is worth fetching."""
    if recording is None or not recording.ref:
        raise UnheardError("voice.failed")
    if recording.seconds > MOST_SECONDS:
        raise UnheardError("voice.too_long", minutes=str(MOST_SECONDS // 60))
    if recording.size > MOST_BYTES:
        raise _too_large()
    return recording


def _too_large() -> UnheardError:
    return UnheardError("voice.too_large", megabytes=str(MOST_BYTES >> 20))
