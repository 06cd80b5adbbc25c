"""What fails behind us, the model and the database, and what people see of it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest

from bot.adapters.discord.adapter import DiscordAdapter
from bot.delivery.office import Times
from bot.errors import ModelUnavailableError, StoreLockedError
from bot.model import ChatMessage, Generation
from tests.discord.world import (
    ANSWER,
    CHEST,
    FAST,
    SLEEP,
    discord_app,
    guild,
    salus,
    settings_for,
)
from tests.fakes.discord_server import discord_server
from tests.fakes.discord_world import DiscordWorld, pointed_at
from tests.fakes.generator import ScriptedGenerator

pytestmark = pytest.mark.usefixtures("no_waiting_to_identify")


# --- what is behind us ------------------------------------------------------------------


class _Hung(ScriptedGenerator):
    """A model server that takes every question and answers none."""

    async def stream(
        self, prompt: Sequence[ChatMessage], *, tenant: str = "", adapter: str | None = None
    ) -> AsyncGenerator[Generation, None]:
        """Never comes to an end by itself."""
        self.asked_for.append(adapter)
        await asyncio.Event().wait()
        yield Generation(text="")


async def test_with_the_model_down_questions_are_answered_from_the_passages(data: Path) -> None:
    """Answers are put together from the passages, and chest pain gets the fixed text."""
    script = [ModelUnavailableError("down")] * 4
    async with salus(data, script=script) as here:
        assert "7 hours" in (await here.ask(SLEEP)).content
        assert (await here.ask(CHEST)).content.startswith("**")


async def test_with_the_model_hanging_an_emergency_waits_for_nothing(data: Path) -> None:
    """It is answered while two questions before it go on waiting, within 3 s of our own work.

    Work is counted as this process's, so that what else the machine does is not; anything that
    it waited for instead would be the model, which never answers.
    """
    model = _Hung([])
    async with salus(data, generator=model) as here:
        bob = here.people.user("Bob")
        await here.people.dm(bob, SLEEP)
        await here.people.dm(here.ada, SLEEP)
        await here.until(lambda: len(model.asked_for) == 2)
        started = time.process_time()
        await here.people.dm(here.ada, CHEST)
        said = await here.until(lambda: here.people.sent(here.dm))
        assert time.process_time() - started < 3
        assert said[0].content.startswith("**")
        assert not here.people.sent(here.people.direct(bob))
        assert len(model.asked_for) == 2


async def test_an_emergency_does_not_wait_for_an_earlier_answer(data: Path) -> None:
    """While a long answer is being written, chest pain is answered at once."""
    async with salus(data, script=[ANSWER], delay_s=0.25) as here:
        await here.people.dm(here.ada, SLEEP)
        await asyncio.sleep(0.3)
        said = await here.ask(CHEST)
        first = [m for m in here.people.sent(here.dm) if m.content.startswith("**")]
        assert first
        assert said.content
        await here.settled()


async def test_while_the_database_is_down_people_are_told(data: Path) -> None:
    """Emergencies are answered, commands refused in plain words, messages kept for later."""
    async with salus(data) as here:
        await here.ask("hello")
        office = here.adapter.office
        assert office is not None
        accept, down = office.mailbox.accept, [True]

        async def locked(*args: object, **kwargs: object) -> int:
            if down[0]:
                raise StoreLockedError("busy")
            return await accept(*args, **kwargs)  # type: ignore[arg-type]

        office.mailbox.accept = locked  # type: ignore[method-assign]
        place = await guild(here)
        await here.people.dm(here.ada, CHEST)
        await here.until(lambda: len(here.people.sent(here.dm)) == 2)
        await here.people.dm(here.ada, "hello")
        tap = await here.people.slash(here.ada, place, "ask", question=SLEEP)
        assert "database is out of reach" in (await here.people.answer(tap)).content
        tap = await here.people.slash(here.ada, place, "ask", question=CHEST)
        urgent = await here.people.answer(tap)
        assert urgent.content.startswith("**")
        assert urgent.ephemeral
        down[0] = False
        await here.settled(seconds=15)
        assert len(here.people.sent(here.dm)) == 4  # the emergency properly, and the greeting


async def test_a_database_that_fails_late_is_owned_up_to(data: Path) -> None:
    """Told after two seconds that it is not safe yet, after three that it will not be."""
    async with salus(data) as here:
        place = await guild(here)
        start = await here.slash("start", place)
        await here.ask("hello")
        office = here.adapter.office
        assert office is not None
        accept, down = office.mailbox.accept, [True]

        async def slowly(*args: object, **kwargs: object) -> int:
            if down[0]:
                await asyncio.sleep(2.6)
                raise StoreLockedError("busy")
            return await accept(*args, **kwargs)  # type: ignore[arg-type]

        office.mailbox.accept = slowly  # type: ignore[method-assign]
        called = await here.people.slash(here.ada, place, "ask", question=SLEEP)
        urgent = await here.people.slash(here.ada, place, "ask", question=CHEST, public=True)
        pressed = await here.people.press(here.ada, start, "l:en")
        await here.until(lambda: called.said and urgent.said and pressed.answer)
        assert called.said[0].content.startswith("I have not been able to save this yet")
        assert urgent.said[0].content.startswith("**")
        await here.until(lambda: "database is out of reach" in called.said[0].content)
        assert (await here.people.answer(urgent, seconds=15)).content.startswith("**")
        await here.until(lambda: pressed.followups)
        assert "database is out of reach" in pressed.followups[0].content
        assert pressed.followups[0].ephemeral
        down[0] = False


async def test_too_many_events_while_the_database_is_down_are_fetched_later(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory has an end; Discord keeps the messages, and they are read from there."""
    monkeypatch.setattr("bot.adapters.discord.intake._MOST", 2)
    async with salus(data, discord={"metrics": True}) as here:
        await here.ask("hello")
        office, parts = here.adapter.office, here.adapter.parts
        assert office is not None
        assert parts is not None
        accept, down = office.mailbox.accept, [True]

        async def locked(*args: object, **kwargs: object) -> int:
            if down[0]:
                raise StoreLockedError("busy")
            return await accept(*args, **kwargs)  # type: ignore[arg-type]

        office.mailbox.accept = locked  # type: ignore[method-assign]
        for value in range(70, 78):
            await here.people.dm(here.ada, f"weight {value} kg")
            await asyncio.sleep(0.02)
        down[0] = False
        await here.until(lambda: len(here.people.sent(here.dm)) == 9, seconds=30)
        await here.settled()
        kept = await here.app.store.observations(await here.person())
        assert [o.value for o in kept] == list(range(70, 78))


async def test_a_database_locked_for_five_seconds_only_delays(data: Path) -> None:
    """Commands are acknowledged in time all the same; then all is answered in order."""
    async with salus(data, discord={"metrics": True}) as here:
        await here.ask("hello")
        path = data / "salus.sqlite3"
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        started = time.monotonic()
        for value in (70, 71, 72):
            await here.people.dm(here.ada, f"weight {value} kg")
        tap = await here.people.slash(here.ada, here.dm, "ask", question=SLEEP)
        await here.until(lambda: tap.answer, seconds=3.5)
        assert time.monotonic() - started < 3
        await asyncio.sleep(max(0.0, 4.0 - (time.monotonic() - started)))
        other.execute("ROLLBACK")
        other.close()
        await here.until(lambda: "7 hours" in tap.said[0].content, seconds=15)
        await here.settled(seconds=15)
        await here.settled(seconds=20)
        kept = await here.app.store.observations(await here.person())
        assert [o.value for o in kept] == [70, 71, 72]


async def test_a_second_process_waits_for_its_turn(data: Path) -> None:
    """The lease: only one listens; the other takes over, and what came meanwhile is answered."""
    async with discord_server() as fake:
        people = DiscordWorld(fake)
        ada = people.user("Ada")
        second = discord_app(data)
        adapter = DiscordAdapter(second, settings_for(fake), times=FAST)
        stop = asyncio.Event()
        # Two processes on one loop, on a busy machine: the lease is as long as where people run it.
        async with salus(data, fake=fake, people=people, ada=ada, times=Times()) as here:
            waiting = asyncio.create_task(adapter.run(stop))
            await here.ask("hello")
            await asyncio.sleep(2.5)
            assert not adapter.ready.is_set()
            assert len(fake.gateway.identifies) == 1
            dm = here.dm
        with pointed_at(fake):
            await people.dm(ada, SLEEP)
            await asyncio.wait_for(adapter.ready.wait(), 10)
            await people.until(lambda: len(people.sent(dm)) == 2, seconds=10)
            stop.set()
            await asyncio.wait_for(waiting, 8)
        await second.store.close()


async def test_sigterm_drains(data: Path) -> None:
    """What is being answered goes out; the end comes well within ten seconds."""
    async with discord_server() as fake:
        people = DiscordWorld(fake)
        ada = people.user("Ada")
        async with salus(
            data, fake=fake, people=people, ada=ada, script=[ANSWER], delay_s=0.05
        ) as here:
            dm = here.dm
            await people.dm(ada, SLEEP)
            await here.until(lambda: fake.typing)
            started = time.monotonic()
        assert time.monotonic() - started < 8
        assert "7 hours" in people.sent(dm)[0].content
