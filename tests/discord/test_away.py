"""What was said while nobody listened: found again, in order, whatever went wrong in between."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import StoreLockedError
from bot.store.people import PeopleStore
from tests.discord.world import Salus, salus
from tests.fakes.discord_server import FakeDiscord, discord_server
from tests.fakes.discord_values import Person, Place
from tests.fakes.discord_world import DiscordWorld


@dataclass
class Town:
    """A Discord that outlives the processes."""

    data: Path
    fake: FakeDiscord
    people: DiscordWorld
    ada: Person

    def salus(self) -> AbstractAsyncContextManager[Salus]:
        """One process."""
        given = {"fake": self.fake, "people": self.people, "ada": self.ada}
        return salus(self.data, discord={"metrics": True}, **given)

    @property
    def dm(self) -> Place:
        """Ada's direct messages."""
        return self.people.direct(self.ada)


@pytest.fixture
async def town(data: Path) -> AsyncGenerator[Town, None]:
    """Ada and a Discord."""
    async with discord_server() as fake:
        people = DiscordWorld(fake)
        yield Town(data, fake, people, people.user("Ada"))


async def weights(here: Salus, user: Person | None = None) -> list[float]:
    """What somebody has logged, in order."""
    await here.until(lambda: not (here.adapter.parts and here.adapter.parts.backfill.busy))
    await here.settled()
    found = await here.app.store.observations(await here.person(user))
    return [o.value for o in found]


async def test_a_notebook_that_cannot_be_read_at_first_is_waited_for(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is busy as we start: nothing is listened to before we know what we missed."""
    async with town.salus() as here:
        await here.ask("hello")
    await town.people.dm(town.ada, "weight 70 kg")
    profile, fails = PeopleStore.profile, [2]

    async def busy(self: PeopleStore, user: str) -> object:
        if user.startswith("discord-bot") and fails[0]:
            fails[0] -= 1
            raise StoreLockedError("busy")
        return await profile(self, user)  # type: ignore[arg-type]

    monkeypatch.setattr(PeopleStore, "profile", busy)
    async with town.salus() as here:
        assert await weights(here) == [70]
        assert fails == [0]


async def test_a_channel_that_cannot_be_read_is_read_later(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord fails for longer than we let people wait: they are answered, the rest follows."""
    monkeypatch.setattr("bot.adapters.discord.backfill.backoff", lambda *_, **__: 0.01)
    async with town.salus() as here:
        await here.ask("hello")
    await town.people.dm(town.ada, "weight 70 kg")
    town.fake.fail("status", "message.list", times=10**6, status=503)
    async with town.salus() as here:
        parts = here.adapter.parts
        assert parts is not None
        await here.until(lambda: not parts.backfill.busy)
        await town.people.dm(town.ada, "weight 71 kg")
        assert await weights(here) == [71]
        assert parts.notebook.chats()[f"D{town.dm.id}"] > 0
    town.fake.faults.clear()
    async with town.salus() as here:  # a restart has not forgotten it
        assert sorted(await weights(here)) == [70, 71]
        parts = here.adapter.parts
        assert parts is not None
        assert parts.notebook.chats()[f"D{town.dm.id}"] == 0


async def test_a_session_lost_while_reading_is_read_once_more(town: Town) -> None:
    """What is said after the page was read and before the new session is not missed."""
    async with town.salus() as here:
        await here.ask("hello")
        parts = here.adapter.parts
        assert parts is not None
        town.fake.fail("delay", "message.list", seconds=0.5)  # the page is made before the wait
        listed = len(town.fake.called("message.list"))
        parts.backfill.begin(here.adapter._clock() - timedelta(seconds=5))
        await here.until(lambda: len(town.fake.called("message.list")) > listed)
        await asyncio.sleep(0.1)
        taking = parts.client.listening.take
        parts.client.listening.take = lambda _: None  # no session: nobody tells us
        await town.people.dm(town.ada, "weight 70 kg")
        await asyncio.sleep(0.1)
        parts.client.listening.take = taking
        parts.backfill.begin(here.adapter._clock() - timedelta(seconds=5))  # as READY would
        assert await weights(here) == [70]


async def test_a_strangers_first_word_is_found_when_they_write_again(town: Town) -> None:
    """A first direct message that met nobody is answered with the next one, in order, once."""
    await town.people.dm(town.ada, "weight 70 kg")
    await town.people.dm(town.ada, "weight 71 kg")
    async with town.salus() as here:
        assert await weights(here) == []  # Discord lists no direct messages to a bot
        await town.people.dm(town.ada, "weight 72 kg")
        await here.until(lambda: len(town.people.sent(town.dm)) == 3)
        assert await weights(here) == [70, 71, 72]
        shown = [m.text for m in town.people.sent(town.dm)]
        assert all(f"{v} kg" in text for v, text in zip((70, 71, 72), shown, strict=True))


async def test_of_a_stranger_nothing_we_have_answered_is_read_again(town: Town) -> None:
    """With a new database nobody is known; what stands before our own last word is left alone."""
    async with town.salus() as here:
        await here.ask("weight 70 kg")
    for path in town.data.glob("salus.sqlite3*"):
        path.unlink()
    async with town.salus() as here:
        await here.ask("weight 71 kg")
        assert await weights(here) == [71]
        assert len(town.people.sent(town.dm)) == 2


async def test_whoever_was_met_in_a_server_can_write_while_we_are_away(town: Town) -> None:
    """Their direct messages are opened once, so that a first one is found after a restart."""
    place = town.people.guild("Runners", town.ada)
    async with town.salus() as here:
        await here.slash("help", place)
        await here.slash("help", place)
        parts = here.adapter.parts
        assert parts is not None
        await here.until(lambda: parts.notebook.met(town.ada.id))
    await town.people.dm(town.ada, "weight 70 kg")
    async with town.salus() as here:
        await here.until(lambda: town.people.sent(town.dm))
        assert await weights(here) == [70]
    assert len(town.fake.called("dm.create")) == 1


async def test_a_mention_in_a_channel_we_never_spoke_in_is_found(town: Town) -> None:
    """Servers tell where something was said since; those channels are read, others are not."""
    place = town.people.guild("Runners", town.ada)
    quiet = town.people.channel(place.guild, "quiet")  # type: ignore[arg-type]
    async with town.salus() as here:
        await here.ask("hello")
    await town.people.say(place, town.ada, "how much sleep do adults need?", mention_bot=True)
    await town.people.say(place, town.ada, "not to you")
    async with town.salus() as here:
        await here.until(lambda: town.people.sent(place))
        await here.settled()
        assert len(town.people.sent(place)) == 1
    read = {call.path for call in town.fake.called("message.list")}
    assert any(str(place.id) in path for path in read)
    assert not any(str(quiet.id) in path for path in read)


async def test_a_change_made_while_we_were_away_corrects_what_was_logged(town: Town) -> None:
    """Of a message we had answered; one we had not is read once, as it is now."""
    async with town.salus() as here:
        await here.ask("hello")
        said = await town.people.dm(town.ada, "weight 70 kg")
        await here.until(lambda: len(town.people.sent(town.dm)) == 2)
        await here.settled()
    await town.people.edit(said, "weight 72 kg")
    other = await town.people.dm(town.ada, "weight 80 kg")
    await town.people.edit(other, "weight 81 kg")
    async with town.salus() as here:
        await here.until(lambda: len(town.people.sent(town.dm)) == 4)
        assert await weights(here) == [72, 81]


async def test_a_command_is_said_to_be_under_way_only_once_it_is_safe(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is locked by somebody else: the caller is told so, then gets the answer."""
    monkeypatch.setattr("bot.adapters.discord.intake._STORE_S", 0.2)
    place = town.people.guild("Runners", town.ada)
    async with town.salus() as here:
        await here.slash("help", place)
        other = sqlite3.connect(town.data / "salus.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        tap = await town.people.slash(town.ada, place, "log", text="weight 70 kg")
        await here.until(lambda: tap.said)
        assert not tap.said[0].loading  # nobody is told to wait for what may be gone
        assert "not been able to save" in tap.said[0].content
        assert tap.said[0].ephemeral
        other.execute("ROLLBACK")
        other.close()
        await here.until(lambda: "70 kg" in tap.said[0].content)
        assert await weights(here) == [70]
        assert len(tap.said) == 1
