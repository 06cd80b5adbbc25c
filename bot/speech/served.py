"""Transcription by an OpenAI-compatible server (POST /v1/audio/transcriptions)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bot.errors import TranscriptionError
from bot.logs import logger
from bot.model import Lang

if TYPE_CHECKING:
    import httpx2

MAX_BYTES: Final = 20 * 1024 * 1024
_MAX_TEXT: Final = 20_000  # characters; twenty minutes of quick speech
_RETRY_PAUSE_S: Final = 0.3
_USUAL_MODEL: Final = "whisper-1"
_HEARS: Final = ("whisper", "transcri", "voxtral", "asr", "speech")
# Servers go by the file name's ending.
_ENDINGS: Final[Mapping[str, str]] = {
    "audio/ogg": "ogg", "audio/opus": "ogg", "audio/mpeg": "mp3", "audio/mp3": "mp3",
    "audio/mp4": "m4a", "audio/x-m4a": "m4a", "audio/m4a": "m4a", "audio/aac": "m4a",
    "audio/wav": "wav", "audio/x-wav": "wav", "audio/flac": "flac", "audio/webm": "webm",
    "video/mp4": "mp4", "video/webm": "webm",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechEndpoint:
    """Where to send recordings. ``total_s`` seconds cover a whole transcription, retry included."""

    url: str
    model: str = ""
    api_key: str = field(default="", repr=False)
    connect_s: float = 5.0
    total_s: float = 40.0


class ServedTranscriber:
    """ports.Transcriber over HTTP. Each recording has its own connection: they are rare."""

    def __init__(self, endpoint: SpeechEndpoint) -> None:
        """Nothing is contacted yet."""
        self._endpoint = endpoint
        self._model = endpoint.model

    async def transcribe(self, audio: bytes, *, mime: str, lang: Lang | None) -> str:
        """The words, "" for silence. TranscriptionError for everything that went wrong.

        ``audio`` of at most 20 MiB; ``lang`` None lets the server find the language itself.
        """
        if len(audio) > MAX_BYTES:
            raise TranscriptionError("recording too large")
        import httpx2

        try:
            async with asyncio.timeout(self._endpoint.total_s), self._client() as client:
                answer = await self._sent(client, audio, mime, lang)
        except TimeoutError as error:
            raise TranscriptionError("no transcription in time") from error
        except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
            raise TranscriptionError(type(error).__name__) from error
        return _text(answer)

    def _client(self) -> httpx2.AsyncClient:
        import httpx2

        e = self._endpoint
        headers = {"Authorization": f"Bearer {e.api_key}"} if e.api_key else {}
        limits = httpx2.Timeout(e.total_s, connect=e.connect_s)
        return httpx2.AsyncClient(timeout=limits, headers=headers)

    async def _sent(
        self, client: httpx2.AsyncClient, audio: bytes, mime: str, lang: Lang | None
    ) -> httpx2.Response:
        """Send it, and once more if the server was busy or broke off: nothing is changed by it."""
        import httpx2

        if not self._model:
            self._model = await self._discovered(client)
        kind = mime.partition(";")[0].strip().lower()
        name = f"voice.{_ENDINGS.get(kind, 'ogg')}"
        fields = {"model": self._model, "response_format": "json"}
        if lang:
            fields["language"] = lang
        url = f"{self._endpoint.url}/audio/transcriptions"
        for last in (False, True):
            try:
                answer = await client.post(url, data=fields, files={"file": (name, audio, kind)})
            except httpx2.TransportError as error:
                if last or isinstance(error, httpx2.ReadTimeout):
                    raise
            else:
                if last or not (answer.status_code == 429 or answer.status_code >= 500):
                    return answer
            await asyncio.sleep(_RETRY_PAUSE_S)
        raise TranscriptionError("unreachable")  # pragma: no cover  # the last try ends above

    async def _discovered(self, client: httpx2.AsyncClient) -> str:
        """The served model that sounds like one for speech, else the first, else the usual name."""
        answer = await client.get(f"{self._endpoint.url}/models")
        try:
            found = answer.json()
        except ValueError:
            return _USUAL_MODEL
        data = found.get("data") if isinstance(found, dict) else None
        names = [str(m["id"]) for m in data or [] if isinstance(m, dict) and m.get("id")]
        hearing = [n for n in names if any(word in n.lower() for word in _HEARS)]
        return (hearing or names or [_USUAL_MODEL])[0]


def _text(answer: httpx2.Response) -> str:
    if answer.status_code != 200:
        logger().warning("recording not transcribed", state=str(answer.status_code))
        raise TranscriptionError(f"HTTP {answer.status_code}")
    try:
        found: Any = answer.json()
    except ValueError as error:
        raise TranscriptionError("no JSON") from error
    text = found.get("text") if isinstance(found, dict) else None
    if not isinstance(text, str):
        raise TranscriptionError("no text in the answer")
    return " ".join(text.split())[:_MAX_TEXT]
