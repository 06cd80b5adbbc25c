"""A group's challenge on Telegram: started, joined, ticked off, asked about, ended, forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.model import Challenge, Lang, Place
from bot.store.challenges import SqlChallenges
from tests.fakes.clock import from_noon
from tests.fakes.telegram_server import Json, telegram_server
from tests.fakes.telegram_world import World, world
from tests.telegram.walk import Walk, data_of, labels

HERE = Path(__file__).parent
GROUP = -55
ADA, BOB, CORA, DAN = 1001, 2002, 3003, 4004


async def kept(here: World) -> SqlChallenges:
    """The challenges of the store."""
    return SqlChallenges(await here.app.store.opened())


async def running(here: World, chat: int | str = GROUP) -> Challenge:
    """What runs in the group."""
    place = Place(platform="telegram", chat=str(chat), private=False)
    office = here.adapter.office
    assert office is not None
    found = await (await kept(here)).newest(place, str(here.adapter._me.id))
    assert found is not None
    return found


async def days_pass(here: World, days: int, chat: int | str = GROUP) -> None:
    """So many days later: what is due is told."""
    store, challenge = await kept(here), await running(here, chat)
    first = (here.clock() - timedelta(days=days)).date()
    due = here.clock() - timedelta(minutes=1 + days)
    await store.keep(replace(challenge, first=first, next_at=due))
    assert here.adapter.office is not None
    await here.adapter.office.look_at_the_clock()
    await here.settled()


async def started(here: World, topic: str = "A walk every day", **where: Any) -> Json:
    """/challenge, and the press of a topic; the card."""
    menu = await here.ask("/challenge", chat=GROUP, **where)
    label = next(one for one in labels(menu)[1:-1].split("] [") if topic in one)
    await here.press(menu, data_of(menu, label), user=ADA)
    return here.fake.sent(GROUP)[-1]


def notes(here: World) -> list[str]:
    """What those who pressed were told alone."""
    return [
        c.params["text"] for c in here.fake.called("answerCallbackQuery") if c.params.get("text")
    ]


async def press(here: World, card: Json, label: str, user: int, name: str = "") -> str:
    """Press as somebody; what they are told alone."""
    if name:
        here.fake.names[user] = name
    await here.press(card, data_of(card, label), user=user)
    return notes(here)[-1]


async def test_a_week_together(data: Path) -> None:
    """Started, joined by three, ticked off, named by choice, asked daily, told at the end."""
    async with world(data, clock=from_noon()) as here:
        card = await started(here)
        assert "A walk every day, for seven days" in card["text"]
        assert "National Health Service" in card["text"]
        assert "[✅ Done]" not in labels(card)
        for user in (ADA, BOB, CORA):
            assert (await press(here, card, "I'm in", user)).startswith("You are in.")
        assert await press(here, card, "I'm in", ADA) == "You are in already."
        before = len(here.fake.sent(GROUP))
        await days_pass(here, 2)
        assert len(here.fake.sent(GROUP)) == before + 1
        asked = here.fake.sent(GROUP)[-1]
        assert asked["text"].startswith("🚶 A walk every day: day 3 of 7\nDid you go for a walk")
        assert "3 people are in." in asked["text"]
        assert await press(here, asked, "✅ Done", ADA) == "Day 3: done ✓ 1 of 3 so far."
        assert await press(here, asked, "✅ Done", ADA) == "Day 3: done ✓ 1 of 3 so far."
        assert await press(here, asked, "✅ Done", DAN) == "Day 3: done ✓ 2 of 4 so far."
        assert "noted as not done" in await press(here, asked, "Not this time", DAN)
        told = await press(here, asked, "My name", BOB, "Bob")
        assert "“Bob”" in told
        board = await here.ask("/challenge", chat=GROUP, user=CORA)
        assert "4 people are in.\nDone so far for this day: 1." in board["text"]
        assert "With their names: Bob and 3 more." in board["text"]
        assert await press(here, board, "Leave", CORA) == (
            "You have left, and what you pressed is erased."
        )
        await days_pass(here, 8)
        end = here.fake.sent(GROUP)[-1]["text"]
        assert end.startswith("🚶 A walk every day: the seven days are over. Well done")
        assert "3 people took part. Days done, all together: 1." in end
        assert await press(here, board, "✅ Done", ADA) == "This challenge is over."
        everything = " ".join(m["text"] for m in here.fake.sent(GROUP))
        for user in (ADA, BOB, CORA, DAN):
            assert str(user) not in everything


async def test_told_once_whatever_the_clock_does(data: Path) -> None:
    """Looked at again, after a restart, after days away: one question, never a burst."""
    clock = from_noon()
    async with telegram_server(clock=lambda: clock().timestamp()) as fake:
        async with world(data, fake=fake, clock=clock) as here:
            card = await started(here)
            await press(here, card, "I'm in", ADA)
            await days_pass(here, 1)
            for _ in range(3):
                assert here.adapter.office is not None
                assert await here.adapter.office.look_at_the_clock() == 0
            count = len(fake.sent(GROUP))
            store = await kept(here)
            away = replace(
                await running(here),
                first=(here.clock() - timedelta(days=5)).date(),
                next_at=here.clock() - timedelta(days=3),
            )
            await store.keep(away)
        async with world(data, fake=fake, clock=clock) as here:
            await here.until(lambda: len(fake.sent(GROUP)) > count)
            await here.settled()
            assert len(fake.sent(GROUP)) == count + 1
            board = fake.sent(GROUP)[-1]
            assert "day 6 of 7" in board["text"]
            assert "One person is in." in board["text"]
            assert "✓" in await press(here, board, "✅ Done", ADA)


async def test_who_may_end_it_and_start_again(data: Path) -> None:
    """The starter and admins; after an admin ended one, only admins start another."""
    async with world(data, clock=from_noon()) as here:
        here.fake.admins.add((GROUP, DAN))
        await started(here)
        said = await here.ask("/challenge end", chat=GROUP, user=BOB)
        assert said["text"].startswith("Only whoever started it, or an admin")
        assert (await running(here)).state == "running"
        said = await here.ask("/challenge end", chat=GROUP, user=ADA)
        assert said["text"].startswith("🚶 A walk every day was ended")
        await started(here)
        await here.ask("/challenge end", chat=GROUP, user=DAN)
        assert (await running(here)).state == "stopped"
        said = await here.ask("/challenge", chat=GROUP, user=ADA)
        assert said["text"].startswith("An admin ended the last challenge here")
        menu = await here.ask("/challenge", chat=GROUP, user=DAN)
        await here.press(menu, data_of(menu, "🌙 In bed by eleven"), user=BOB)
        assert (await running(here)).topic == "bed"


async def test_nobody_joins_and_it_rests(data: Path) -> None:
    """Asked once with nobody in; at the second time it ends by itself."""
    async with world(data, clock=from_noon()) as here:
        await started(here)
        await days_pass(here, 0)
        assert "Nobody is in yet." in here.fake.sent(GROUP)[-1]["text"]
        await days_pass(here, 2)
        assert "nobody joined" in here.fake.sent(GROUP)[-1]["text"]
        assert (await running(here)).state == "over"


async def test_forget_takes_people_out_and_private_shows_ones_own(data: Path) -> None:
    """/challenge alone lists one's parts with the way out; /forget erases them."""
    async with world(data, clock=from_noon()) as here:
        card = await started(here)
        for user in (ADA, BOB):
            await press(here, card, "I'm in", user)
        await days_pass(here, 1)
        await press(here, here.fake.sent(GROUP)[-1], "✅ Done", ADA)
        own = await here.ask("/challenge", user=ADA)
        assert own["chat"]["id"] == ADA
        assert "A walk every day: day 2 of 7. You pressed “done” for 1." in own["text"]
        await here.ask("/forget yes", user=ADA)
        await here.settled()
        store, challenge = await kept(here), await running(here)
        assert (await store.board(challenge.id, day=2, days=7)).people == 1
        own = await here.ask("/challenge", user=BOB)
        await here.press(own, data_of(own, "Leave: A walk every day"), user=BOB)
        assert here.fake.sent(BOB)[-1]["text"].startswith("You have left it")
        assert (await store.board(challenge.id, day=2, days=7)).people == 0
        assert "Challenges are for groups" in (await here.ask("/challenge", user=ADA))["text"]


async def test_a_press_from_elsewhere_does_nothing(data: Path) -> None:
    """Made-up data, another group's buttons and a day that has not come change nothing."""
    async with world(data, clock=from_noon()) as here:
        card = await started(here)
        challenge = await running(here)
        other = await here.ask("/help@SalusTestBot", chat=-66)
        for message, action in (
            (other, f"b:ch.in:{challenge.id}"), (card, "b:ch.in:nonsense"),
            (card, "b:ch.start:nonsense"),
            (card, f"b:ch.done:{challenge.id}:x"), (card, f"b:ch.explode:{challenge.id}"),
        ):  # fmt: skip
            await here.press(message, action, user=BOB)
            assert notes(here)[-1] == "Only the person who asked can do that."
        await here.press(card, f"b:ch.done:{challenge.id}:5", user=BOB)
        assert notes(here)[-1] == "That day has not come yet."
        await here.press(card, "b:ch.start:bed", user=BOB)
        assert notes(here)[-1].startswith("One is running here already")
        store = await kept(here)
        assert (await store.board(challenge.id, day=1, days=7)).people == 0


async def test_in_topics_and_where_we_were_thrown_out(data: Path) -> None:
    """A topic has its own, asked about there; a group without us is not written to."""
    async with world(data, clock=from_noon()) as here:
        menu = await here.ask("/challenge", chat=-77, thread=12)
        await here.press(menu, data_of(menu, "👋 A word with somebody"), user=ADA)
        await press(here, here.fake.sent(-77)[-1], "I'm in", ADA)
        await days_pass(here, 1, "-77/12")
        assert here.fake.sent(-77)[-1]["message_thread_id"] == 12
        assert "A word with somebody: day 2" in here.fake.sent(-77)[-1]["text"]
        assert here.adapter.office is not None
        mailbox = here.adapter.office.mailbox
        await mailbox.set_reachable("-77", False, now=here.clock())
        before = len(here.fake.sent(-77))
        await days_pass(here, 2, "-77/12")
        assert len(here.fake.sent(-77)) == before
        assert await here.adapter.office.look_at_the_clock() == 0


WORDS: dict[Lang, dict[str, str]] = {
    "en": {"topic": "🚶 A walk every day", "in": "I'm in", "done": "✅ Done",
           "not": "Not this time", "name": "My name", "out": "Leave"},
    "zh": {"topic": "🚶 每天走一走", "in": "我参加", "done": "✅ 完成了", "not": "没做到",
           "name": "显示我的名字", "out": "退出"},
}  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_what_a_group_reads(data: Path, lang: Lang) -> None:
    """The whole week as the group and one person in it see it, compared with a transcript."""
    words = WORDS[lang]
    async with world(data, clock=from_noon()) as here:
        walk = Walk(here, lang=lang)

        async def others(card: Json, label: str, *users: int) -> None:
            for user in users:
                await here.press(card, data_of(card, label), user=user, lang=lang)
            walk.lines.append(f"(others press [{label}])")
            walk.lines.append("")
            walk._calls = len(here.fake.calls)

        async def later(days: int) -> Json:
            walk.lines.append(f"(day {days + 1}, evening)")
            await days_pass(here, days)
            return await walk.read()

        menu = await walk.say("/challenge", chat=GROUP, lang=lang)
        card = await walk.press(menu, words["topic"])
        await walk.press(card, words["in"])
        await others(card, words["in"], BOB)
        asked = await later(0)
        await walk.press(asked, words["done"])
        await others(asked, words["done"], CORA, DAN)
        asked = await later(1)
        await walk.press(asked, words["not"])
        here.fake.names[ADA] = "Ada"
        await walk.press(asked, words["name"])
        await others(asked, words["done"], BOB, CORA, DAN)
        await walk.say("/challenge", chat=GROUP, lang=lang)
        await walk.say("/challenge", lang=lang)
        await later(8)
        await walk.say("/challenge end", chat=GROUP, lang=lang)
    expected = HERE / f"walk.challenge.{lang}.txt"
    if not expected.exists():  # delete the file to write it anew, then read it over
        expected.write_text(walk.text(), encoding="utf-8")
    assert walk.text() == expected.read_text(encoding="utf-8")
