"""What can fail in sending: lost answers, floods, dead tokens; nothing is lost or doubled."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.adapters.discord.api import Breaker
from bot.delivery.errors import FloodedError
from tests.discord.world import (
    ANSWER,
    SLEEP,
    answered,
    guild,
    salus,
)
from tests.fakes.discord_server import discord_server
from tests.fakes.discord_world import DiscordWorld

pytestmark = pytest.mark.usefixtures("no_waiting_to_identify")


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
    async with salus(data, server={"token_s": 0.0}) as here:
        place = await guild(here)
        await here.people.slash(here.ada, place, "ask", question=SLEEP, public=True)
        await here.until(lambda: [m for m in here.people.sent(place) if "7 hours" in m.content])
        await here.people.slash(here.ada, place, "ask", question=SLEEP)
        await here.until(lambda: [m for m in here.people.sent(here.dm) if "7 hours" in m.content])
        await here.settled()


async def test_where_we_are_no_member_a_late_answer_goes_to_the_person(data: Path) -> None:
    """A public answer in a foreign server cannot be sent there without the interaction."""
    async with discord_server(token_s=0.0) as fake:
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
