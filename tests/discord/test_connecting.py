"""What can fail in connecting, what the operator is told, and what is caught up."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters import service
from bot.adapters.discord.adapter import DiscordAdapter
from bot.adapters.discord.api import ClosedError, IntentError, WrongTokenError
from bot.adapters.discord.raw import made_at
from tests.discord.world import (
    FAST,
    SLEEP,
    discord_app,
    guild,
    salus,
    settings_for,
)
from tests.fakes.discord_server import discord_server
from tests.fakes.discord_world import DiscordWorld, pointed_at

pytestmark = pytest.mark.usefixtures("no_waiting_to_identify")


# --- the operator's faults -----------------------------------------------------


async def test_a_wrong_token_is_one_clear_line(data: Path) -> None:
    """Exit code 3, no retries, the token nowhere."""
    said: list[str] = []
    async with discord_server() as fake:
        settings = settings_for(fake, token="MTI.wrong.token")
        with pointed_at(fake):
            app = discord_app(data, lang="zh")
            assert await service.run(app, discord=settings, say=said.append) == 3
    assert len(said) == 1
    assert "令牌" in said[0]
    assert "wrong" not in said[0] + repr(settings)


@pytest.mark.parametrize(
    ("code", "error"),
    [(4004, WrongTokenError), (4010, ClosedError), (4013, ClosedError), (4014, IntentError)],
)
async def test_a_final_close_ends_the_adapter_with_its_reason(
    data: Path, code: int, error: type[Exception]
) -> None:
    """Nothing that a retry could mend: no second IDENTIFY."""
    async with discord_server() as fake:
        app = discord_app(data)
        adapter = DiscordAdapter(app, settings_for(fake), times=FAST)
        with pointed_at(fake):
            running = asyncio.create_task(adapter.run(asyncio.Event()))
            await adapter.ready.wait()
            await fake.gateway.close(code)
            with pytest.raises(ExceptionGroup) as caught:
                await asyncio.wait_for(running, 10)
        assert service._first(caught.value).__class__ is error
        assert len(fake.gateway.identifies) == 1
        await app.store.close()


async def test_a_missing_intent_is_named(data: Path) -> None:
    """The message-content intent was asked for and is not switched on: one line, no retries."""
    said: list[str] = []
    async with discord_server() as fake:
        with pointed_at(fake):
            app = discord_app(data)
            settings = settings_for(fake, message_content=True)
            assert await service.run(app, discord=settings, say=said.append) == 3
        await app.store.close()
    assert [("SALUS_DISCORD_MESSAGE_CONTENT" in line) for line in said] == [True]


async def test_logins_that_are_used_up_are_waited_for(data: Path) -> None:
    """A bot that identifies too often loses its token: one line, no IDENTIFY."""
    said: list[str] = []
    async with discord_server() as fake:
        fake.gateway.identifies = [(0.0, 0)] * 1000
        app = discord_app(data)
        adapter = DiscordAdapter(app, settings_for(fake), say=said.append, times=FAST)
        stop = asyncio.Event()
        with pointed_at(fake):
            running = asyncio.create_task(adapter.run(stop))
            await DiscordWorld(fake).until(lambda: said)
            stop.set()
            await asyncio.wait_for(running, 8)
        assert "no more logins" in said[0]
        assert len(fake.gateway.identifies) == 1000
        await app.store.close()


async def test_discord_that_is_away_at_first_is_waited_for(data: Path) -> None:
    """One line, then it connects by itself."""
    said: list[str] = []
    async with discord_server() as fake:
        port = fake.port
    app = discord_app(data)
    adapter = DiscordAdapter(app, settings_for(fake), say=said.append, times=FAST)
    stop = asyncio.Event()
    running = asyncio.create_task(adapter.run(stop))
    await DiscordWorld(fake).until(lambda: said, seconds=20)
    assert said == ["Discord cannot be reached; trying again."]
    async with discord_server(port=port):
        await asyncio.wait_for(adapter.ready.wait(), 10)
        stop.set()
        await asyncio.wait_for(running, 8)
    await app.store.close()


# --- the gateway -----------------------------------------------------------------


async def test_a_dropped_gateway_is_resumed_and_nothing_is_missed(data: Path) -> None:
    """What is said while the socket is cut comes with RESUME, once and in order."""
    async with salus(data, discord={"metrics": True}) as here:
        await here.ask("weight 70 kg")
        here.fake.gateway.drop()
        for value in (71, 72, 73):
            await here.people.dm(here.ada, f"weight {value} kg")
        await here.until(lambda: len(here.people.sent(here.dm)) == 4, seconds=15)
        await here.settled()
        kept = await here.app.store.observations(await here.person())
        assert [o.value for o in kept] == [70, 71, 72, 73]
        assert any(granted for _, _, granted in here.fake.gateway.resumes)


async def test_a_lost_session_is_caught_up_by_reading_the_channels(data: Path) -> None:
    """RESUME is refused: a new session, and what was said between comes by REST."""
    async with salus(data) as here:
        place = await guild(here)
        await here.ask("hello")
        await here.mention(place, "hello")
        here.fake.gateway.refuse_resume = True
        here.fake.gateway.refuse_connect = 1
        here.fake.gateway.drop()
        await here.people.dm(here.ada, SLEEP)
        await here.people.say(place, here.ada, SLEEP, mention_bot=True)
        await here.people.say(place, here.ada, "nobody asked us")
        await here.until(lambda: len(here.people.sent(here.dm)) == 2, seconds=20)
        await here.until(lambda: len(here.people.sent(place)) == 2, seconds=20)
        await here.settled()
        assert len(here.fake.gateway.identifies) >= 2
        assert here.people.doubles() == []
        assert here.people.twins() == [] or len(here.people.sent(place)) == 2


async def test_after_a_restart_what_was_said_meanwhile_is_answered_in_order(data: Path) -> None:
    """Direct messages, channels and threads; what is said while catching up waits its turn."""
    async with discord_server() as fake:
        people = DiscordWorld(fake)
        ada = people.user("Ada")
        options = {"fake": fake, "people": people, "ada": ada, "discord": {"metrics": True}}
        async with salus(data, **options) as here:
            place = await guild(here)
            await here.ask("hello")
            await here.mention(place, "hello")
            dm = here.dm
        for value in range(70, 75):
            await people.dm(ada, f"weight {value} kg")
        await people.say(place, ada, SLEEP, mention_bot=True)
        fake.fail("slow", "message.list", seconds=0.7, times=4)
        async with salus(data, **options) as here:
            await people.dm(ada, "weight 75 kg")
            await here.until(lambda: len(people.sent(dm)) == 7, seconds=15)
            await here.until(lambda: len(people.sent(place)) == 2, seconds=15)
            await here.settled()
            kept = await here.app.store.observations(await here.person())
            assert [o.value for o in kept] == [70, 71, 72, 73, 74, 75]
            shown = [m.content for m in people.sent(dm)[1:]]
            assert all(f"{v} kg" in text for v, text in zip(range(70, 76), shown, strict=True))
            assert (await here.counts()).get("inbox.dead", 0) == 0


async def test_the_notebook_knows_until_when_we_have_listened(data: Path) -> None:
    """A quiet channel is no reason to read it from days ago: being connected is what counts."""
    async with salus(data) as here:
        parts = here.adapter.parts
        assert parts is not None
        heard = await here.until(parts.client.heard)
        assert 80 < (datetime.now(UTC) - heard).total_seconds() < 100
        here.fake.gateway.refuse_connect = 1000
        here.fake.gateway.drop()
        await asyncio.sleep(0.3)
        assert parts.client.heard() == parts.client.heard()
        here.fake.gateway.refuse_connect = 0
        parts.backfill.begin(datetime.now(UTC) - timedelta(days=3))
        assert not parts.notebook.chats()  # nobody has spoken to us yet
        parts.notebook.note("D1")
        parts.backfill.begin(datetime.now(UTC) - timedelta(days=3))
        age = datetime.now(UTC) - made_at(parts.notebook.chats()["D1"])
        assert age < timedelta(days=3, seconds=5)  # no overlap: ids that old are not remembered


async def test_a_channel_that_is_gone_is_forgotten(data: Path) -> None:
    """Catching up goes on without it, also when Discord floods or fails."""
    async with discord_server() as fake:
        people = DiscordWorld(fake)
        ada = people.user("Ada")
        options = {"fake": fake, "people": people, "ada": ada}
        async with salus(data, **options) as here:
            place = await guild(here)
            await here.mention(place, "hello")
            await here.ask("hello")
        place.bot = False
        await people.dm(ada, SLEEP)
        fake.fail("flood", "message.list", seconds=0.3)
        fake.fail("status", "message.list", status=503)
        async with salus(data, **options) as here:
            assert here.adapter.parts is not None
            parts = here.adapter.parts
            await here.until(lambda: not parts.backfill.busy, seconds=20)
            await here.settled()
            assert len(people.sent(here.dm)) == 2
            assert list(parts.notebook.chats()) == [f"D{here.dm.id}"]
