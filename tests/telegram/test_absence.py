"""Out of reach for more than a day: one word to those who may have written, and never two."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.telegram.absence import Absence
from bot.delivery.office import utc_now
from bot.errors import StoreLockedError
from bot.store.letters import Mailbox, Office
from bot.store.notices import Notices
from tests.fakes.telegram_server import BOT_ID, FakeTelegram, telegram_server
from tests.fakes.telegram_world import World, world

OFFICE = Office(platform="telegram", bot=str(BOT_ID))


async def silent_for(here: World, time: timedelta) -> datetime:
    """As if receiving had last worked so long ago."""
    then = utc_now() - time
    await Notices(await here.app.store.opened(), OFFICE).note(then)
    return then


def away(fake: FakeTelegram, chat: int | None = None) -> list[str]:
    """The notices people see."""
    texts = [m["text"] for m in fake.sent(chat)]
    return [x for x in texts if "out of reach for more" in x or "一天多没能收到" in x]


async def test_after_two_days_everybody_of_last_week_is_told_once(data: Path) -> None:
    """In their language and private chat; not those who blocked us, not groups, not again."""
    async with telegram_server() as fake:
        async with world(data, fake=fake) as here:
            await here.ask("how much sleep do adults need?", user=1001)
            await here.ask("成年人每天要睡几个小时？", user=2002, lang="zh")
            await here.ask("@SalusTestBot how much sleep do adults need?", user=3003, chat=-55)
            await here.ask("hello", user=4004)
            fake.blocked.add(4004)
            await fake.say("hello", user=4004)
            await here.settled()
            await silent_for(here, timedelta(hours=49))
        fake.blocked.clear()
        for _ in range(2):  # and a restart
            async with world(data, fake=fake) as here:
                await here.until(lambda: len(away(fake)) == 2)
                await here.ask("hello", user=5005)
                await here.settled()
        assert len(away(fake, 1001)) == 1
        assert "一天多" in away(fake, 2002)[0]
        assert away(fake, 3003) + away(fake, -55) + away(fake, 4004) == []


@pytest.mark.parametrize("hours", [0, 23])
async def test_a_shorter_silence_says_nothing(data: Path, hours: int) -> None:
    """Telegram kept everything, so everything was answered."""
    async with telegram_server() as fake:
        async with world(data, fake=fake) as here:
            await here.ask("hello")
            await here.settled()
            await silent_for(here, timedelta(hours=hours))
        async with world(data, fake=fake) as here:
            await here.ask("hello")
            await here.settled()
        assert away(fake) == []


async def test_those_who_were_forgotten_or_silent_for_long_are_left_in_peace(data: Path) -> None:
    """After /forget nobody knows the chat any more; a month without a word is no conversation."""
    async with telegram_server() as fake:
        async with world(data, fake=fake) as here:
            await here.ask("hello", user=1001)
            await here.ask("/forget yes", user=1001)
            await here.ask("hello", user=2002)
            await here.settled()
            store = await here.app.store.opened()
            notices = Notices(store, OFFICE)
            week = utc_now() - timedelta(days=7)
            assert [one.chat for one in await notices.recent(week)] == ["2002"]
            assert await notices.recent(utc_now() + timedelta(seconds=1)) == []
            await silent_for(here, timedelta(days=30))
        async with world(data, fake=fake) as here:
            # 2002 wrote after the silence began, which is when a week is counted back from.
            await here.until(lambda: away(fake, 2002))
            assert away(fake, 1001) == []


async def test_a_crash_half_way_doubles_nothing(data: Path) -> None:
    """The notices are queued, the note is not made: the next start queues the same ones."""
    async with world(data) as here:
        await here.ask("hello", user=1001)
        await here.settled()
        then = await silent_for(here, timedelta(hours=30))
        assert here.adapter.office is not None
        mailbox: Mailbox = here.adapter.office.mailbox
        notices = Notices(await here.app.store.opened(), OFFICE)
        assert await notices.heard() == then.replace(microsecond=then.microsecond)

        class Crashes(Notices):
            async def note(self, now: datetime) -> None:
                raise StoreLockedError("killed here")

        broken = Absence(Crashes(await here.app.store.opened(), OFFICE), mailbox)
        for _ in range(3):
            assert await broken.received(utc_now()) == 0
        whole = Absence(notices, mailbox)
        assert await whole.received(utc_now()) == 1
        assert await whole.received(utc_now()) == 0  # noted within the minute
        here.adapter.office.sender.wake()
        await here.settled()
        assert len(away(here.fake)) == 1


async def test_the_first_start_of_all_tells_nobody(data: Path) -> None:
    """There is no silence before there was a word."""
    async with world(data) as here:
        await here.until(lambda: here.fake.polls)
        notices = Notices(await here.app.store.opened(), OFFICE)
        seen = await notices.heard()
        assert seen is not None
        assert datetime.now(UTC) - seen < timedelta(minutes=1)
        assert away(here.fake) == []
