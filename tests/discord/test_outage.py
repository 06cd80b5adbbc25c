"""What can fail between us and Discord, and what people see of it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import discord
import pytest

from bot.adapters import service
from bot.adapters.discord.adapter import DiscordAdapter
from bot.adapters.discord.api import Breaker, ClosedError, IntentError, WrongTokenError
from bot.adapters.discord.raw import made_at
from bot.delivery.errors import FloodedError
from bot.errors import ModelUnavailableError, StoreLockedError
from tests.discord.world import FAST, Salus, discord_app, salus, settings_for
from tests.fakes.discord_server import discord_server
from tests.fakes.discord_values import Person, Place, Tap
from tests.fakes.discord_world import DiscordWorld, pointed_at

SLEEP = "how much sleep do adults need?"
ANSWER = "Most adults need at least 7 hours of sleep a night [1]."
CHEST = "I have crushing chest pain and can't breathe"


@pytest.fixture(autouse=True)
def no_waiting_to_identify(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library waits five seconds before a second IDENTIFY; the fake does not mind."""

    async def at_once(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(discord.Client, "before_identify_hook", at_once)


async def guild(here: Salus, *people: Person) -> Place:
    """A server with Ada and the bot in it."""
    place = here.people.guild("Runners", here.ada, *people)
    await here.people.announce(place)
    return place


async def answered(here: Salus, tap: Tap) -> str:
    """What an interaction was answered with in the end."""
    text = (await here.people.answer(tap, seconds=15)).content
    await here.settled(seconds=15)
    return text


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


# --- sending -----------------------------------------------------------------------


async def test_lost_answers_of_a_channel_are_repeated_with_their_nonce(data: Path) -> None:
    """The message arrived, its answer did not: one copy, and nothing flagged."""
    async with salus(data) as here:
        here.fake.fail("drop", "message.create")
        await here.people.dm(here.ada, "hello")
        await here.until(lambda: len(here.fake.called("message.create")) >= 2, seconds=10)
        await here.settled()
        here.fake.fail("late", "message.create", status=502)
        await here.people.dm(here.ada, "hello")
        await here.until(lambda: len(here.people.sent(here.dm)) == 2, seconds=10)
        await here.settled(seconds=15)
        assert len(here.people.sent(here.dm)) == 2
        assert (await here.counts()).get("outbox.unknown", 0) == 0


async def test_lost_answers_of_an_edit_are_repeated_and_of_a_follow_up_flagged(data: Path) -> None:
    """The first part is filled in again; a further part is shown once at most, and flagged."""
    async with salus(data) as here:
        place = await guild(here)
        here.fake.fail("drop", "original.edit")
        tap = await here.people.slash(here.ada, place, "ask", question=SLEEP)
        assert "7 hours" in await answered(here, tap)
        assert len(tap.said) == 1
        assert (await here.counts()).get("outbox.unknown", 0) == 0
        await here.ask("hello")
        here.fake.fail("drop", "followup.create")
        start = await here.slash("start", place)
        await here.press(start, "l:en")
        assert (await here.counts())["outbox.unknown"] == 1


async def test_a_flood_of_one_channel_stops_no_other(data: Path) -> None:
    """A long retry_after waits in that chat alone; none is sent early."""
    async with salus(data) as here:
        bob = here.people.user("Bob")
        theirs = here.people.direct(bob)
        await here.ask("hello")
        here.fake.fail("flood", "message.create", channel=here.dm.id, seconds=31.0)
        await here.people.dm(here.ada, "hello")
        await here.until(lambda: here.fake.invalid_requests)
        await here.people.dm(bob, "hello")
        await here.until(lambda: here.people.sent(theirs))
        assert len(here.people.sent(here.dm)) == 1
        assert here.fake.early == 0
        assert (await here.counts())["outbox.pending"] == 1


async def test_a_limit_on_everything_stops_every_chat_and_only_that_long(data: Path) -> None:
    """A global 429 longer than the library waits out: no other chat runs into it."""
    async with salus(data) as here:
        bob = here.people.user("Bob")
        await here.ask("hello")
        await here.ask("hello", user=bob)
        here.fake.fail("flood", "message.create", seconds=31.0, everywhere=True)
        await here.people.dm(here.ada, "hello")
        await here.until(lambda: here.fake.invalid_requests)
        calls = len(here.fake.calls)
        await here.people.dm(bob, "hello")
        assert here.adapter.office is not None
        sender = here.adapter.office.sender
        await here.until(lambda: sender.tally.flooded >= 2)
        assert (here.fake.early, len(here.fake.calls)) == (0, calls)
        assert 28 < here.adapter.breaker.wait() <= 31
        for _ in range(100):
            if (await here.counts()).get("outbox.pending") == 2:
                break
            await asyncio.sleep(0.02)
        assert (await here.counts())["outbox.pending"] == 2
        here.fake.flooded_until.clear()
        here.adapter.breaker.until = 0.0
        sender.pace.__post_init__()


def test_a_limit_that_others_use_up_is_not_held_against_us() -> None:
    """A 429 of a shared resource counts neither towards the ban nor as a limit on everything."""
    breaker = Breaker(clock=lambda: 5.0)
    limit = {"Retry-After": "20", "Via": "1.1 google"}
    breaker.note(429, limit | {"X-RateLimit-Scope": "shared"})
    assert (len(breaker.seen), breaker.wait()) == (0, 0)
    breaker.note(429, limit | {"X-RateLimit-Scope": "user"})
    assert (len(breaker.seen), breaker.wait()) == (1, 0)
    breaker.note(429, limit | {"X-RateLimit-Scope": "global", "X-RateLimit-Global": "true"})
    assert (len(breaker.seen), breaker.wait()) == (2, 20)
    breaker.note(429, {"Retry-After": "soon"})  # the proxy in front, saying nothing we can read
    assert breaker.wait() == 60


async def test_the_proxys_own_429_is_a_flood_too(data: Path) -> None:
    """A 429 without Discord's own body, as when banned: wait, do not hammer."""
    async with salus(data) as here:
        here.fake.fail("flood", "message.create", seconds=1.0, via=False)
        await here.people.dm(here.ada, "hello")
        await here.until(lambda: here.people.sent(here.dm), seconds=10)
        assert here.fake.early == 0


async def test_who_shuts_us_out_is_noted_and_let_in_again(data: Path) -> None:
    """50007: unreachable, what is owed is dropped; writing to us again opens the door."""
    async with salus(data) as here:
        office = here.adapter.office
        assert office is not None
        here.fake.closed_to_bot.add(here.ada.id)
        await here.people.dm(here.ada, "hello")
        await here.until(lambda: here.fake.called("message.create"))
        await here.settled()
        assert not await office.mailbox.reachable(f"D{here.dm.id}")
        here.fake.closed_to_bot.clear()
        await here.ask("hello")
        assert await office.mailbox.reachable(f"D{here.dm.id}")


# --- interactions out of time ---------------------------------------------------------


async def test_after_the_token_is_dead_answers_go_another_way(data: Path) -> None:
    """General to the channel, personal to the person, who sees it in direct messages."""
    async with salus(data, server={"token_s": 0.05}) as here:
        place = await guild(here)
        await here.people.slash(here.ada, place, "ask", question=SLEEP, public=True)
        await here.until(lambda: [m for m in here.people.sent(place) if "7 hours" in m.content])
        await here.people.slash(here.ada, place, "ask", question=SLEEP)
        await here.until(lambda: [m for m in here.people.sent(here.dm) if "7 hours" in m.content])
        await here.settled()


async def test_where_we_are_no_member_a_late_answer_goes_to_the_person(data: Path) -> None:
    """A public answer in a foreign server cannot be sent there without the interaction."""
    async with discord_server(token_s=0.05) as fake:
        people = DiscordWorld(fake)
        ada = people.user("Ada", installed=True)
        async with salus(data, fake=fake, people=people, ada=ada) as here:
            place = people.guild("Elsewhere", ada, bot=False)
            await people.slash(ada, place, "ask", question=SLEEP, public=True)
            await here.until(lambda: [m for m in people.sent(here.dm) if "7 hours" in m.content])


async def test_an_acknowledgement_that_comes_too_late_loses_no_answer(data: Path) -> None:
    """10062: the interaction is gone, the answer is not."""
    async with salus(data, server={"deadline_s": -1.0}) as here:
        await here.people.slash(here.ada, here.dm, "ask", question=SLEEP)
        await here.until(lambda: [m for m in here.people.sent(here.dm) if "7 hours" in m.content])
        await here.settled()
        assert here.fake.called("original.edit") == []


async def test_an_acknowledgement_whose_answer_is_lost_is_made_again(data: Path) -> None:
    """40060 says that it was acknowledged: all is well."""
    async with salus(data) as here:
        here.fake.fail("drop", "callback")
        tap = await here.people.slash(here.ada, here.dm, "ask", question=SLEEP)
        assert "7 hours" in await answered(here, tap)
        assert [c.code for c in here.fake.called("callback")] == [0, 40060]


async def test_a_dismissed_answer_comes_as_a_message_of_its_own(data: Path) -> None:
    """Somebody dismisses what is thinking: the answer is a follow-up, still only theirs."""
    async with salus(data, script=[ANSWER], delay_s=0.1) as here:
        place = await guild(here)
        tap = await here.people.slash(here.ada, place, "ask", question=SLEEP)
        await here.until(lambda: tap.original)
        assert tap.original is not None
        tap.original.deleted = True
        await here.until(lambda: tap.followups, seconds=10)
        await here.settled()
        assert tap.followups[0].ephemeral


# --- what is behind us ------------------------------------------------------------------


async def test_with_the_model_down_questions_are_answered_and_emergencies_at_once(
    data: Path,
) -> None:
    """Answers are put together from the passages; chest pain waits for nothing."""
    script = [ModelUnavailableError("down")] * 4
    async with salus(data, script=script) as here:
        assert "7 hours" in (await here.ask(SLEEP)).content
        started = time.monotonic()
        said = await here.ask(CHEST)
        assert said.content.startswith("**")
        assert time.monotonic() - started < 3


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
        async with salus(data, fake=fake, people=people, ada=ada) as here:
            waiting = asyncio.create_task(adapter.run(stop))
            await here.ask("hello")
            await asyncio.sleep(1.0)
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


def test_the_breaker_opens_long_before_discord_does() -> None:
    """1,500 refused requests in ten minutes: silence until some have left the window."""
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    for _ in range(1500):
        breaker.note(200, {})
    assert breaker.wait() == 0
    for number in range(1500):
        now[0] = number * 0.1
        breaker.note((401, 403, 429)[number % 3], {"Via": "1.1 google"})
    with pytest.raises(FloodedError) as caught:
        breaker.check()
    assert 400 < caught.value.retry_after < 600
    now[0] = 601.0
    assert breaker.wait() == 0


async def test_every_refused_request_is_counted(data: Path) -> None:
    """Also those of the library's own making, and those of interactions."""
    async with salus(data) as here:
        here.fake.fail("flood", "message.create", seconds=0.2)
        here.fake.fail("flood", "original.edit", seconds=0.2)
        await here.ask("hello")
        tap = await here.people.slash(here.ada, here.dm, "ask", question=SLEEP)
        await answered(here, tap)
        assert len(here.adapter.breaker.seen) == len(here.fake.invalid_requests) == 2


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
