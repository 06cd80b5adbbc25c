"""Voice, pictures, albums and files in; charts out."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.adapters.chat.hearing import Ears, UnheardError
from bot.adapters.telegram.courier import CAPTION
from bot.adapters.telegram.events import Event, captions_first
from bot.adapters.telegram.letters import Paper
from bot.delivery.rich import utf16
from bot.errors import TranscriptionError
from bot.model import Chart, Lang, Reply
from bot.store.letters import Letter
from tests.fakes.telegram_server import Json
from tests.fakes.telegram_world import World, world
from tests.telegram.test_courier import courier
from tests.telegram.walk import labels

GROUP = -55
SLEEP = "how much sleep do adults need?"
NOW = datetime(2026, 11, 22, 8, 10, tzinfo=UTC)
CHART = Chart(
    kind="weight", unit="kg", lang="en", tz="UTC", title="Weight, last 7 days",
    alt="Weight, last 7 days: from 71.4 to 70.6 kg.",
    points=tuple((NOW - timedelta(days=d), 70.6 + d / 10) for d in (7, 3, 0)),
)  # fmt: skip


@dataclass
class Listener:
    """A transcriber that hears what it was told to."""

    says: str | TranscriptionError = "weight 83.7 kg"
    heard: list[tuple[bytes, str, Lang | None]] = field(default_factory=list)

    async def transcribe(self, audio: bytes, *, mime: str, lang: Lang | None) -> str:
        self.heard.append((audio, mime, lang))
        if isinstance(self.says, TranscriptionError):
            raise self.says
        return self.says


def voice(here: World, **more: Any) -> Json:
    """A voice message whose file the server has."""
    here.fake.files["files/V1"] = b"OggS sound"
    usual = {"file_id": "V1", "file_unique_id": "u", "duration": 4, "mime_type": "audio/ogg"}
    return {"voice": usual | more}


async def test_a_voice_message_is_logged_like_a_typed_one(data: Path) -> None:
    """What was understood is shown above the confirmation, and can be taken back."""
    ears = Listener()
    async with world(data, transcriber=ears) as here:
        said = await here.ask("", **voice(here))
        assert said["text"].startswith("I heard: “weight 83.7 kg”\n\n")
        assert "Take it back" in labels(said)
        assert ears.heard == [(b"OggS sound", "audio/ogg", None)]
        await here.settled()
        kept = await here.app.store.observations(await here.person())
        assert [o.value for o in kept] == [83.7]


@pytest.mark.parametrize("kind", ["audio", "video_note"])
async def test_audio_files_and_round_videos_are_heard_too(data: Path, kind: str) -> None:
    """A question asked aloud gets its answer, in the language that was spoken."""
    ears = Listener("成年人每天要睡几个小时？")
    async with world(data, transcriber=ears) as here:
        here.fake.files["files/A"] = b"sound"
        said = await here.ask("", lang="en", **{kind: {"file_id": "A", "duration": 4}})
        assert said["text"].startswith("我听到的是：“成年人每天要睡几个小时？”")
        assert ears.heard[0][1] == {"audio": "audio/mpeg", "video_note": "video/mp4"}[kind]


async def test_an_emergency_told_aloud_is_answered_as_one(data: Path) -> None:
    """The emergency text stands first; what was heard stands under it."""
    ears = Listener("I have crushing chest pain and can't breathe")
    async with world(data, transcriber=ears) as here:
        said = await here.ask("", **voice(here))
        assert said["entities"][0]["type"] == "bold"
        assert not said["text"].startswith("I heard")
        assert "I heard: “I have crushing" in said["text"]


async def test_in_a_group_a_recording_is_answered_but_not_written_out(data: Path) -> None:
    """A reply by voice reaches us; its words stay a sound, and values are offered in private."""
    ears = Listener(SLEEP)
    async with world(data, transcriber=ears) as here:
        first = await here.ask(f"@SalusTestBot {SLEEP}", chat=GROUP)
        await here.fake.say("", chat=GROUP, **voice(here))  # not meant for us
        reply_to = (GROUP, first["message_id"])
        said = await here.ask("", chat=GROUP, reply_to=reply_to, **voice(here))
        assert "7 hours" in said["text"]
        assert "I heard" not in said["text"]
        ears.says = "weight 83.7 kg"
        said = await here.ask("", chat=GROUP, reply_to=reply_to, **voice(here))
        assert "83.7" not in said["text"]
        assert "private" in said["text"]
        assert len(ears.heard) == 2


@pytest.mark.parametrize(
    ("more", "says", "word"),
    [
        ({"duration": 301}, "x", "longer than 5 minutes"),
        ({"file_size": 21 * 2**20}, "x", "larger than 20 MB"),
        ({"file_id": "gone"}, "x", "couldn't turn"),
        ({"file_id": 7}, "x", "couldn't turn"),
        ({}, " ", "couldn't hear any words"),
        ({}, TranscriptionError("HTTP 500"), "couldn't turn"),
    ],
)
async def test_what_cannot_be_heard_gets_a_plain_sentence(
    data: Path, more: Json, says: Any, word: str
) -> None:
    """Too long, too large, not to be had, silent, not understood: never nothing."""
    async with world(data, transcriber=Listener(says)) as here:
        assert word in (await here.ask("", **voice(here, **more)))["text"]
        with_caption = await here.ask("", caption=SLEEP, **voice(here, **more))
        assert word in with_caption["text"]
        assert "7 hours" in with_caption["text"]


async def test_without_a_transcriber_nothing_is_fetched(data: Path) -> None:
    """A clear sentence in the person's language."""
    async with world(data) as here:
        said = await here.ask("", lang="zh", **voice(here))
        assert "听不了录音" in said["text"]
        assert here.fake.called("getFile") == []


async def test_a_file_that_is_larger_than_it_said_or_never_comes(data: Path) -> None:
    """The size is looked at again when it is known; a slow server is not waited for."""
    async with world(data, transcriber=Listener()) as here:
        here.fake.files["files/V1"] = b"x" * (20 * 2**20 + 1)
        said = await here.ask("", voice={"file_id": "V1", "duration": 3})
        assert "larger than 20 MB" in said["text"]
        here.fake.fail("delay", "getFile", seconds=1.0)
        from bot.adapters.telegram.events import Recording
        from bot.adapters.telegram.files import Files

        assert here.adapter._bot is not None
        ears = Ears(Files(here.adapter._bot).fetch, Listener(), deadline_s=0.2)
        with pytest.raises(UnheardError) as error:
            await ears.hear(Recording(ref="V1", mime="audio/ogg"))
        assert error.value.key == "voice.failed"


# --- albums


def picture(number: int, caption: str = "") -> Json:
    """One picture of the album "A1"."""
    found: Json = {"photo": [{"file_id": f"p{number}"}], "media_group_id": "A1"}
    return found | ({"caption": caption} if caption else {})


async def test_an_album_gets_one_reply(data: Path) -> None:
    """Five pictures without a word: one sentence, also when they come again and again."""
    async with world(data) as here:
        for number in range(5):
            await here.fake.say("", **picture(number))
        await here.settled()
        assert len(here.fake.sent()) == 1
        await here.fake.say("", **picture(9))
        await here.settled()
        assert len(here.fake.sent()) == 1
        assert (await here.counts())["inbox.done"] == 6


async def test_the_caption_of_an_album_is_answered_wherever_it_stands(data: Path) -> None:
    """Under the third picture of one fetch: one reply, to the words."""
    async with world(data) as here:
        here.fake.fail("delay", "getUpdates", seconds=0.3)
        await here.until(lambda: here.fake.polls)
        for number in range(4):
            await here.fake.say("", **picture(number, SLEEP if number == 2 else ""))
        await here.settled()
        assert len(here.fake.sent()) == 1
        assert "7 hours" in here.fake.sent()[0]["text"]
        assert "can't see the attachment" in here.fake.sent()[0]["text"]


async def test_a_caption_that_comes_late_is_answered_all_the_same(data: Path) -> None:
    """Words are never swallowed because an earlier picture was answered already."""
    async with world(data) as here:
        await here.ask("", **picture(1))
        said = await here.ask("", **picture(2, SLEEP))
        assert "7 hours" in said["text"]


def test_captions_come_first_and_all_else_stays_in_place() -> None:
    """Only the pictures of one album change places among themselves."""
    chat = {"id": 5}
    plain = {"message": {"chat": chat, "text": "x"}}
    bare = {"message": {"chat": chat, "media_group_id": "A"}}
    words = {"message": {"chat": chat, "media_group_id": "A", "caption": "c"}}
    other = {"message": {"chat": {"id": 6}, "media_group_id": "A"}}
    assert captions_first([bare, plain, other, words]) == [words, plain, other, bare]
    assert captions_first([{"message": 3}, {}]) == [{"message": 3}, {}]


# --- charts


def letters(chat: int, *charts: Chart, personal: bool = False) -> list[Letter]:
    """A reply with charts as letters."""
    event = Event(kind="said", chat=chat, private=chat > 0, user=5, sent_at=NOW, message_id=1)
    reply = Reply(text="Your trend:", kind="command", lang="en", charts=charts, personal=personal)
    return Paper(event=event, origin="1", username="x").reply(reply)


async def test_charts_follow_their_text_as_pictures() -> None:
    """Small letters with data; drawn on the way out; the words for those who cannot see."""
    async with courier() as (fake, carries):
        made = letters(5, CHART, replace(CHART, title="体重", lang="zh", alt="图" * 2000))
        assert [x.body["method"] for x in made] == ["send", "photo", "photo"]
        assert [x.part for x in made] == [1, 2, 3]
        assert all(x.body["personal"] and x.body["private"] for x in made)
        assert "PNG" not in str(made[1].body)
        for one in made:
            await carries.deliver(one)
        assert [Image.open(io.BytesIO(png)).size for _, png in fake.photos] == [(900, 500)] * 2
        first, second = fake.sent(5)[1:]
        assert first["caption"] == CHART.alt
        assert utf16(second["caption"]) <= CAPTION


async def test_charts_never_go_to_a_group() -> None:
    """A reply with a chart is personal whatever it says of itself."""
    made = letters(-55, CHART)
    assert [x.body["method"] for x in made] == ["send"]
    assert "Your trend" not in str(made[0].body)


async def test_where_pictures_fail_the_words_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    """No right to send pictures, data that cannot be drawn: the description as text."""
    async with courier() as (fake, carries):
        photo = letters(5, CHART)[1]
        fake.photo_rights = False
        await carries.deliver(photo)
        assert fake.sent(5)[-1]["text"] == CHART.alt
        fake.photo_rights = True
        monkeypatch.setattr("bot.adapters.telegram.courier.load_chart", lambda _: CHART)
        monkeypatch.setattr("bot.charts.png.draw", lambda _: b"not a picture")
        await carries.deliver(photo)
        assert fake.sent(5)[-1]["text"] == CHART.alt
        monkeypatch.undo()
        await carries.deliver(replace(photo, body={**photo.body, "chart": {}}))
        assert fake.sent(5)[-1]["text"] == CHART.alt
        assert fake.photos == []
