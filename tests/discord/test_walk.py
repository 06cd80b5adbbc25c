"""As a new user would: the whole way from /start to /forget, compared with a transcript."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.model import Lang
from tests.discord.walk import Walk
from tests.discord.world import Salus, salus
from tests.fakes.discord_server import discord_server
from tests.fakes.discord_world import DiscordWorld

HERE = Path(__file__).parent
SAYS: dict[Lang, dict[str, str]] = {
    "en": {
        "locale": "en-US",
        "ask": "how much sleep do adults need?",
        "model": "Most adults need at least 7 hours of sleep a night [1]. "
        "Regularly sleeping less than 7 hours is linked with weight gain and high blood "
        "pressure [1].",
        "log": "slept 6.5 h",
        "undo": "Take it back",
        "reason": "Not what I asked",
        "thread": "Continue in a thread",
        "erase": "Erase everything",
        "language": "English",
    },
    "zh": {
        "locale": "zh-CN",
        "ask": "成年人每天要睡几个小时？",
        "model": "成年人每晚至少要睡7小时 [1]。",
        "log": "昨晚睡了6.5小时",
        "undo": "撤销",
        "reason": "答非所问",
        "thread": "在子区继续",
        "erase": "全部删除",
        "language": "中文",
    },
}


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_from_start_to_forget(data: Path, lang: Lang) -> None:
    """Start, language, question, log, undo, thumb with reason, a channel, a thread, forget."""
    words = SAYS[lang]
    async with discord_server() as fake:
        people = DiscordWorld(fake)
        ada = people.user("Ada", locale=words["locale"])
        script = [words["model"]] * 4
        async with salus(
            data, fake=fake, people=people, ada=ada, discord={"metrics": True}, script=script,
            delay_s=0.02,
        ) as here:  # fmt: skip
            walk = Walk(here)
            hello = await walk.call("start")
            await walk.press(hello, words["language"])
            await walk.say(words["ask"])
            logged = await walk.call("log", text=words["log"])
            await walk.press(logged, words["undo"])
            place = people.guild("Runners", ada)
            await people.announce(place)
            answer = await walk.call("ask", place, question=words["ask"])
            form = await walk.press(answer, "👎")
            await walk.choose(form, words["reason"])
            answer = await walk.say(words["ask"], place)
            await walk.press(answer, words["thread"])
            await walk.call("export", place)
            question = await walk.call("forget")
            await walk.press(question, words["erase"])
            await _nothing_left(here)
    expected = HERE / f"walk.{lang}.txt"
    if not expected.exists():  # delete the file to write it anew, then read it over
        expected.write_text(walk.text(), encoding="utf-8")
    assert walk.text() == expected.read_text(encoding="utf-8")


async def test_where_values_are_not_kept(data: Path) -> None:
    """As it is by default: education only, said once in the help and at each try."""
    async with salus(data) as here:
        walk = Walk(here)
        await walk.call("start")
        await walk.call("help")
        await walk.say("slept 6.5 h")
        await walk.call("privacy")
        assert await here.app.store.observations(await here.person()) == []
    expected = HERE / "walk.education.txt"
    if not expected.exists():
        expected.write_text(walk.text(), encoding="utf-8")
    assert walk.text() == expected.read_text(encoding="utf-8")


async def _nothing_left(here: Salus) -> None:
    """After /forget the same account is a stranger, and no letter remembers it."""
    exported = await here.app.store.export(await here.person())
    assert exported["conversations"] == []
    assert exported["measurements"] == []
    assert exported["votes"] == []
    office = here.adapter.office
    assert office is not None
    for message in here.people.sent(here.dm)[:-1]:
        letter = await office.mailbox.letter_shown(f"D{here.dm.id}", str(message.id))
        assert letter is None or letter.memo == {}
