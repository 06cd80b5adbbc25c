"""Voice messages into text behind one port: a served endpoint, the voice extra, or neither.

served.py   any OpenAI-compatible server
local.py    faster-whisper on this machine

Nothing of a recording is kept, and neither its sound nor its words are logged.
"""

from __future__ import annotations

from bot.errors import NoTranscriberError
from bot.model import Lang
from bot.ports import Transcriber
from bot.settings import Settings
from bot.speech.local import LocalTranscriber, installed
from bot.speech.served import ServedTranscriber, SpeechEndpoint


class NoTranscriber:
    """Says that nothing here can listen."""

    async def transcribe(self, audio: bytes, *, mime: str, lang: Lang | None) -> str:  # noqa: ARG002
        """See ports.Transcriber."""
        raise NoTranscriberError


def make_transcriber(settings: Settings) -> Transcriber:
    """The served endpoint when one is set, else faster-whisper when it is installed, else none.

    Nothing is contacted or loaded before the first recording.
    """
    if settings.transcription_url:
        key = settings.transcription_api_key
        endpoint = SpeechEndpoint(
            url=settings.transcription_url,
            model=settings.transcription_model,
            api_key=key.get_secret_value() if key else "",
        )
        return ServedTranscriber(endpoint)
    if installed():
        return LocalTranscriber(settings.transcription_model)
    return NoTranscriber()
