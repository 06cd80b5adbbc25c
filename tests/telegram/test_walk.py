"""As a new user would: the whole way from /start to /forget, compared with a transcript."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.model import Lang
from tests.fakes.telegram_world import World, world
from tests.telegram.walk import Walk, data_of

HERE = Path(__file__).parent
SAYS: dict[Lang, dict[str, str]] = {
    "en": {
        "ask": "how much sleep do adults need?",
        "model": "Most adults need at least 7 hours of sleep a night [1]. "
        "Regularly sleeping less than 7 hours is linked with weight gain and high blood "
        "pressure [1].",
        "log": "slept 6.5 h",
        "undo": "Take it back",
        "reason": "Not what I asked",
        "erase": "Erase everything",
        "language": "English",
    },
    "zh": {
        "ask": "成年人每天要睡几个小时？",
        "model": "成年人每晚至少要睡7小时 [1]。",
        "log": "昨晚睡了6.5小时",
        "undo": "撤销",
        "reason": "答非所问",
        "erase": "全部删除",
        "language": "中文",
    },
}


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_from_start_to_forget(data: Path, lang: Lang) -> None:
    """Start, language, question, log, undo, thumb with reason, export, forget."""
    words = SAYS[lang]
    async with world(data, script=[words["model"]] * 3, delay_s=0.02) as here:
        walk = Walk(here)
        hello = await walk.say("/start", lang=lang)
        await walk.press(hello, words["language"])
        answer = await walk.say(words["ask"], lang=lang)
        logged = await walk.say(words["log"], lang=lang)
        await walk.press(logged, words["undo"])
        await walk.press(answer, "👎")
        answer = here.fake.messages[1001, answer["message_id"]]
        await walk.press(answer, words["reason"])
        await walk.say("/export", lang=lang)
        question = await walk.say("/forget", lang=lang)
        await walk.press(question, words["erase"])
        await _nothing_left(here)
    expected = HERE / f"walk.{lang}.txt"
    if not expected.exists():  # delete the file to write it anew, then read it over
        expected.write_text(walk.text(), encoding="utf-8")
    assert walk.text() == expected.read_text(encoding="utf-8")


async def _nothing_left(here: World) -> None:
    """After /forget the same account is a stranger, and no letter remembers it."""
    exported = await here.app.store.export(await here.person())
    assert exported["conversations"] == []
    assert exported["measurements"] == []
    assert exported["votes"] == []
    office = here.adapter.office
    assert office is not None
    for message in here.fake.sent(1001)[:-1]:
        letter = await office.mailbox.letter_shown("1001", str(message["message_id"]))
        assert letter is None or letter.memo == {}


async def test_a_vote_can_change_and_belongs_to_the_asker(data: Path) -> None:
    """Up, then down; somebody else's press changes nothing and says so."""
    async with world(data) as here:
        answer = await here.ask("@SalusTestBot how much sleep do adults need?", chat=-55)
        await here.settled()
        await here.press(answer, data_of(answer, "👍"))
        assert _votes(await here.app.store.votes()) == ["up"]
        await here.press(answer, data_of(answer, "👎"))
        assert _votes(await here.app.store.votes()) == ["down"]
        await here.press(answer, data_of(answer, "👍"), user=2002)
        assert _votes(await here.app.store.votes()) == ["down"]
        notes = [c.params.get("text") for c in here.fake.called("answerCallbackQuery")]
        assert notes[-1] == "Only the person who asked can do that."


def _votes(found: list[object]) -> list[str]:
    return [vote.vote for vote in found]  # type: ignore[attr-defined]
