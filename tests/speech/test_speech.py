"""Voice into text: a served endpoint, the voice extra, or a plain no."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from bot.errors import NoTranscriberError, TranscriptionError
from bot.i18n import LANGS, texts
from bot.settings import Settings
from bot.speech import NoTranscriber, make_transcriber
from bot.speech.local import LocalTranscriber
from bot.speech.served import MAX_BYTES, ServedTranscriber, SpeechEndpoint
from tests.fakes.speech_server import FakeSpeechServer, speech_server

SOUND = b"OggS\x00not really sound"


def served(fake: FakeSpeechServer, **more: Any) -> ServedTranscriber:
    """A transcriber on the fake."""
    return ServedTranscriber(SpeechEndpoint(url=fake.url, **more))


async def test_a_recording_becomes_text() -> None:
    """Sent as a file with the ending of its kind; white space is tidied; the key goes along."""
    async with speech_server(text="  I slept\n 6.5   hours. ") as fake:
        hears = served(fake, model="m", api_key="k")
        assert await hears.transcribe(SOUND, mime="audio/ogg; codecs=opus", lang="zh") == (
            "I slept 6.5 hours."
        )
        heard = fake.heard[0]
        assert (heard.name, heard.kind, heard.audio) == ("voice.ogg", "audio/ogg", SOUND)
        assert heard.fields == {"model": "m", "response_format": "json", "language": "zh"}
        assert heard.key == "Bearer k"
        await hears.transcribe(SOUND, mime="video/mp4", lang=None)
        assert fake.heard[1].name == "voice.mp4"
        assert "language" not in fake.heard[1].fields


@pytest.mark.parametrize(
    ("models", "chosen"),
    [
        (["chat-model", "whisper-large-v3"], "whisper-large-v3"),
        (["only-one"], "only-one"),
        ([], "whisper-1"),
        ("nonsense", "whisper-1"),
    ],
)
async def test_without_a_model_the_server_is_asked(models: object, chosen: str) -> None:
    """The one that sounds like speech, else the first, else the usual name; asked once."""
    async with speech_server(models=models) as fake:
        hears = served(fake)
        for _ in range(2):
            await hears.transcribe(SOUND, mime="audio/ogg", lang=None)
        assert [h.fields["model"] for h in fake.heard] == [chosen] * 2


@pytest.mark.parametrize(
    ("mode", "requests"),
    [("refuse", 1), ("broken", 2), ("busy", 2), ("cut", 2), ("garbage", 1), ("odd", 1)],
)
async def test_every_failure_has_one_name(mode: Any, requests: int) -> None:
    """A wrong request is not repeated; a busy or broken server gets one more chance."""
    async with speech_server(mode=mode) as fake:
        with pytest.raises(TranscriptionError):
            await served(fake, model="m").transcribe(SOUND, mime="audio/ogg", lang=None)
        assert len(fake.heard) == requests


async def test_one_stumble_is_forgiven() -> None:
    """500 once, then the text."""
    async with speech_server(mode="broken", faults=1) as fake:
        assert "slept" in await served(fake, model="m").transcribe(
            SOUND, mime="audio/ogg", lang=None
        )


async def test_a_server_that_hangs_or_is_not_there_is_left_in_time() -> None:
    """The deadline holds; nobody listening is said at once."""
    async with speech_server(mode="hang") as fake:
        started = time.monotonic()
        with pytest.raises(TranscriptionError):
            await served(fake, model="m", total_s=0.4).transcribe(
                SOUND, mime="audio/ogg", lang=None
            )
        assert time.monotonic() - started < 3
    with pytest.raises(TranscriptionError):
        await served(fake, model="m").transcribe(SOUND, mime="audio/ogg", lang=None)


async def test_silence_is_no_failure_and_too_much_is_not_sent() -> None:
    """Nothing said is "", and 20 MiB is the most that leaves."""
    async with speech_server(mode="empty") as fake:
        hears = served(fake, model="m")
        assert await hears.transcribe(SOUND, mime="", lang=None) == ""
        with pytest.raises(TranscriptionError):
            await hears.transcribe(b"x" * (MAX_BYTES + 1), mime="audio/ogg", lang=None)
        assert len(fake.heard) == 1
        assert fake.heard[0].name == "voice.ogg"


class Whisper:
    """What faster_whisper.WhisperModel looks like from outside."""

    made: list[tuple[str, dict[str, Any]]] = []  # noqa: RUF012
    threads: set[int] = set()  # noqa: RUF012

    def __init__(self, name: str, **options: Any) -> None:
        self.made.append((name, options))

    def transcribe(self, sound: Any, **options: Any) -> tuple[Any, Any]:
        self.threads.add(threading.get_ident())
        content = sound.read()
        if content == b"broken":
            raise ValueError("cannot be decoded")
        if content == b"slow":
            time.sleep(0.4)
        parts = [
            SimpleNamespace(text=" 昨晚睡了"),
            SimpleNamespace(text=f"6小时{options['language'] or ''}"),
        ]
        return iter(parts), SimpleNamespace(language="zh")


@pytest.fixture
def whisper(monkeypatch: pytest.MonkeyPatch) -> type[Whisper]:
    """The voice extra as a stand-in: the real one is not among the development packages."""
    library = ModuleType("faster_whisper")
    library.WhisperModel = Whisper  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "faster_whisper", library)
    Whisper.made, Whisper.threads = [], set()
    return Whisper


async def test_the_voice_extra_hears_in_a_thread(whisper: type[Whisper]) -> None:
    """Loaded once, at the first recording; never in the loop's own thread."""
    hears = LocalTranscriber("base")
    assert whisper.made == []
    for lang in (None, "zh"):
        text = await hears.transcribe(SOUND, mime="audio/ogg", lang=lang)  # type: ignore[arg-type]
        assert text == f"昨晚睡了 6小时{lang or ''}"
    assert [name for name, _ in whisper.made] == ["base"]
    assert threading.get_ident() not in whisper.threads


async def test_the_voice_extra_fails_by_name(whisper: type[Whisper]) -> None:
    """A broken file, a slow machine, too much: one error each, and the next one is heard."""
    hears = LocalTranscriber(total_s=0.2)
    for sound in (b"broken", b"slow", b"x" * (MAX_BYTES + 1)):
        with pytest.raises(TranscriptionError):
            await hears.transcribe(sound, mime="audio/ogg", lang=None)
    time.sleep(0.4)  # noqa: ASYNC251  # the slow one ends in its thread
    assert await hears.transcribe(SOUND, mime="audio/ogg", lang=None)
    assert whisper.made[0][0] == "small"


async def test_what_is_made_follows_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whisper: type[Whisper]
) -> None:
    """An address wins, then the extra, then a clear no in both languages."""
    url = {"transcription_url": "http://127.0.0.1:1/v1", "transcription_api_key": "k"}
    made = make_transcriber(Settings.model_validate(url | {"data_dir": tmp_path}))
    assert isinstance(made, ServedTranscriber)
    assert "k'" not in repr(made._endpoint)
    plain = Settings.model_validate({"data_dir": tmp_path})
    assert isinstance(make_transcriber(plain), LocalTranscriber)
    monkeypatch.delitem(sys.modules, "faster_whisper")
    monkeypatch.setattr("bot.speech.local.find_spec", lambda _: None)
    none = make_transcriber(plain)
    assert isinstance(none, NoTranscriber)
    with pytest.raises(NoTranscriberError) as refused:
        await none.transcribe(SOUND, mime="audio/ogg", lang=None)
    assert all(refused.value.key in texts(lang) for lang in LANGS)
