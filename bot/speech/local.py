"""Transcription on this machine by faster-whisper, when the voice extra is installed."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from bot.errors import TranscriptionError
from bot.model import Lang
from bot.speech.served import MAX_BYTES

_PACKAGE: Final = "faster_whisper"
_USUAL_MODEL: Final = "small"  # the smallest whose Chinese can be used
_FAULTS: Final = (OSError, RuntimeError, ValueError, EOFError, ImportError)


def installed() -> bool:
    """Whether the voice extra is there; nothing is loaded."""
    return _PACKAGE in sys.modules or find_spec(_PACKAGE) is not None


class LocalTranscriber:
    """ports.Transcriber in process. The model is loaded (at first: downloaded) when it is needed.

    One recording at a time, in a thread: two would only slow each other down.
    """

    def __init__(self, model: str = "", *, total_s: float = 40.0) -> None:
        """``model`` is a size or a folder as faster-whisper knows them."""
        self._name = model or _USUAL_MODEL
        self._total_s = total_s
        self._model: Any = None
        self._one = threading.Lock()

    async def transcribe(self, audio: bytes, *, mime: str, lang: Lang | None) -> str:  # noqa: ARG002
        """See ports.Transcriber; "" for silence. The format is found from the sound itself."""
        if len(audio) > MAX_BYTES:
            raise TranscriptionError("recording too large")
        try:
            async with asyncio.timeout(self._total_s):
                return await asyncio.to_thread(self._heard, audio, lang)
        except TimeoutError as error:  # its thread goes on; the model is warm for the next one
            raise TranscriptionError("no transcription in time") from error
        except _FAULTS as error:
            raise TranscriptionError(type(error).__name__) from error

    def _heard(self, audio: bytes, lang: Lang | None) -> str:
        with self._one:
            if self._model is None:
                library = import_module(_PACKAGE)
                self._model = library.WhisperModel(self._name, device="auto", compute_type="int8")
            parts, _ = self._model.transcribe(io.BytesIO(audio), language=lang, vad_filter=True)
            return " ".join(" ".join(part.text for part in parts).split())
