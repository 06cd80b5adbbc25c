"""Ten minutes of 429 on Discord with a simulated clock; many people at once, in order.

Sender, pace, courier, breaker and the reading of the library's errors are the real ones; only
the library's request is played, by the rules of Discord's limits.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest
from multidict import CIMultiDict

from bot.adapters.discord.acks import Acks
from bot.adapters.discord.adapter import LIMITS
from bot.adapters.discord.address import direct
from bot.adapters.discord.api import Breaker, Me
from bot.adapters.discord.attempts import Attempts
from bot.adapters.discord.courier import DiscordCourier, Ways
from bot.adapters.discord.events import arrival, read
from bot.adapters.discord.rest import Rest
from bot.adapters.discord.wire import Hooks
from bot.delivery.office import PostOffice
from bot.delivery.pace import Pace
from bot.delivery.sender import Sender
from bot.store.letters import Letter, Mailbox, Parcel
from bot.store.sql import SqlStore
from tests.delivery.parts import START, Clock, Echo, note
from tests.delivery.test_order import FREE, TIMES, answered

MINUTES, STEP_S = 10, 1.0
STORMY, CALM = range(1, 9), range(101, 105)
ME = Me(id=9, application=9, username="Salus")


@dataclass
class Played:
    """Discord's message route: buckets of a channel, limits of the whole bot, shared ones."""

    clock: Clock
    breaker: Breaker
    chance: random.Random = field(default_factory=lambda: random.Random(4))
    share: float = 0.0  # of sends to stormy channels that are answered 429
    delay_s: float = 0.0
    early: int = 0
    invalid: int = 0  # what counts towards a ban
    until: dict[int, float] = field(default_factory=dict)  # by channel; 0 is the whole bot
    shown: dict[int, list[str]] = field(default_factory=dict)
    at: dict[str, float] = field(default_factory=dict)  # by text, when it was shown

    @property
    def now(self) -> float:
        """Seconds of the simulated clock."""
        return self.clock().timestamp()

    async def request(self, route: Any, *, json: Mapping[str, Any]) -> dict[str, str]:
        """POST /channels/{channel}/messages."""
        if self.delay_s:
            await asyncio.sleep(self.chance.uniform(0, self.delay_s))
        channel = int(route.channel_id)
        silent = max(self.until.get(channel, 0.0), self.until.get(0, 0.0))
        if self.now < silent:
            self.early += 1
            self.refuse(channel, silent - self.now, "user")
        if channel in STORMY and self.chance.random() < self.share:
            scope = self.chance.choice(["user", "user", "shared"])
            self.refuse(channel, self.chance.randint(1, 60), scope)
        self.shown.setdefault(channel, []).append(json["content"])
        self.at[f"{channel}:{json['content']}"] = self.now
        return {"id": str(sum(map(len, self.shown.values())))}

    def refuse(self, channel: int, seconds: float, scope: str) -> None:
        """As the library sees it: it raises what it would have to wait for too long."""
        held = 0 if scope == "global" else channel
        self.until[held] = max(self.until.get(held, 0.0), self.now + seconds)
        self.invalid += scope != "shared"
        headers = {"Retry-After": f"{seconds}", "X-RateLimit-Scope": scope, "Via": "1.1 google"}
        headers |= {"X-RateLimit-Global": "true"} if scope == "global" else {}
        self.breaker.note(429, CIMultiDict(headers))
        raise discord.RateLimited(seconds)


def played(mailbox: Mailbox, clock: Clock, **how: Any) -> tuple[Played, DiscordCourier]:
    """A courier whose library is played."""
    breaker = Breaker(clock=lambda: clock().timestamp())
    server = Played(clock, breaker, **how)
    client = cast("discord.Client", SimpleNamespace(http=server, user=None))
    ways = Ways(
        rest=Rest(client, breaker),
        hooks=cast("Hooks", None),
        acks=Acks(),
        attempts=Attempts(mailbox, clock),
        breaker=breaker,
        clock=lambda: START,  # nonces do not grow old here: that is test_courier's
    )
    return server, DiscordCourier(ways)


def said(channel: int, text: str, origin: str = "") -> Letter:
    """A letter to a person."""
    spans = [[text, "", ""]]
    return note(direct(channel), text, origin=origin, method="send", spans=spans, rows=[])


@pytest.mark.slow
async def test_storm(sqlite: tuple[SqlStore, Mailbox]) -> None:
    """30 % of sends to some channels are refused for 1-60 s; the others do not notice."""
    _, mailbox = sqlite
    chance, clock = random.Random(4), Clock()
    server, courier = played(mailbox, clock, share=0.3)
    sender = Sender(mailbox, courier, holder="me", clock=clock, pace=Pace(LIMITS))
    wanted: dict[int, list[str]] = {channel: [] for channel in (*STORMY, *CALM)}
    queued: dict[str, float] = {}
    for step in range(int(MINUTES * 60 / STEP_S)):
        if step % 10 == 0:  # every ten seconds somebody is owed something
            for channel in [*chance.sample(STORMY, 3), *chance.sample(CALM, 2)]:
                await mailbox.post([said(channel, f"{step}")], now=clock.now)
                wanted[channel].append(f"{step}")
                queued[f"{channel}:{step}"] = server.now
        await sender.step()
        await sender.idle()
        clock.later(STEP_S)
    server.share = 0.0
    await _drained(sender, mailbox, clock)
    assert server.early == 0
    assert {channel: server.shown.get(channel, []) for channel in wanted} == wanted
    calm = [key for key in queued if int(key.partition(":")[0]) in CALM]
    assert max(server.at[key] - queued[key] for key in calm) <= 1.0
    assert sender.tally.flooded > 50
    assert (sender.tally.unknown, sender.tally.failed, sender.tally.dead) == (0, 0, 0)
    assert server.invalid < sender.tally.flooded  # shared limits do not count


async def _drained(sender: Sender, mailbox: Mailbox, clock: Clock) -> None:
    """The storm ends; what was held back goes out."""
    for _ in range(60):
        clock.later(61)
        await sender.step()
        await sender.idle()
        if not (await mailbox.counts()).get("outbox.pending", 0):
            return


async def test_a_limit_on_the_whole_bot_is_everybodys(
    sqlite: tuple[SqlStore, Mailbox],
) -> None:
    """One chat is told of it; the others do not try before it is over, then all goes out."""
    _, mailbox = sqlite
    clock = Clock()
    server, courier = played(mailbox, clock)
    sender = Sender(mailbox, courier, holder="me", clock=clock, pace=Pace(LIMITS))
    with pytest.raises(discord.RateLimited):
        server.refuse(1, 40, "global")
    for channel in CALM:
        await mailbox.post([said(channel, "x")], now=clock.now)
    for _ in range(42):
        assert not server.shown or clock.now >= START + timedelta(seconds=40)
        await sender.step()
        await sender.idle()
        clock.later(1)
    assert server.early == 0
    assert sorted(server.shown) == sorted(CALM)


async def test_the_breaker_holds_everything_back_before_a_ban(
    sqlite: tuple[SqlStore, Mailbox],
) -> None:
    """Every send is refused: long before 10,000 of them in ten minutes nothing is tried."""
    _, mailbox = sqlite
    clock = Clock()
    server, courier = played(mailbox, clock)
    server.breaker.most = 20
    sender = Sender(mailbox, courier, holder="me", clock=clock, pace=Pace(LIMITS))
    for number in range(40):
        channel = 200 + number
        server.until[channel] = server.now + 1  # each of them is refused once
        await mailbox.post([said(channel, "x")], now=clock.now)
    for _ in range(30):
        await sender.step()
        await sender.idle()
        clock.later(1)
    assert server.invalid == 20
    clock.later(600)
    server.until.clear()
    for _ in range(120):
        await sender.step()
        await sender.idle()
        clock.later(15)
    assert sum(map(len, server.shown.values())) == 40
    assert server.invalid == 20


# --- order -----------------------------------------------------------------------


class Answering(Echo):
    """Answers what Discord told of with its own text."""

    async def handle(self, parcel: Parcel, unit: Any) -> Any:
        event = read(parcel.body, ME)
        assert event is not None
        await asyncio.sleep(self.chance.uniform(0, self.slowest))
        self.handled.append(parcel)
        return lambda: [said(event.channel, event.text, origin=str(parcel.seq))]


async def in_order(pair: tuple[SqlStore, Mailbox], *, people: int, each: int) -> int:
    """Let everybody write at once on Discord; how many answers came in the wrong order."""
    store, mailbox = pair
    clock = Clock()
    server, courier = played(mailbox, clock, delay_s=0.004)
    office = PostOffice(
        mailbox, Answering(slowest=0.02), courier, store, times=TIMES, pace=Pace(FREE), resend=True
    )
    frames = [_frame(1000 + p, n) for n in range(each) for p in range(people)]
    arrivals = [arrival(f, e) for f in frames if (e := read(f, ME)) is not None]
    for at in range(0, len(arrivals), 100):
        await office.accept(arrivals[at : at + 100])
    await answered(office, mailbox, asyncio.Event())
    assert sum(map(len, server.shown.values())) == people * each
    wrong = 0
    for texts in server.shown.values():
        numbers = [int(text) for text in texts]
        wrong += sum(a > b for a, b in pairwise(numbers))
        assert sorted(numbers) == list(range(each))
    return wrong


def _frame(channel: int, number: int) -> dict[str, Any]:
    message = {
        "id": str((number << 20) + channel), "channel_id": str(channel), "type": 0,
        "author": {"id": str(channel + 1)}, "content": f"{number}",
        "timestamp": (START + timedelta(seconds=number)).isoformat(),
    }  # fmt: skip
    return {"t": "MESSAGE_CREATE", "d": message}


@pytest.mark.slow
async def test_many_people_in_order(sqlite: tuple[SqlStore, Mailbox]) -> None:
    """Many people, messages and sends with random delays: no inversion, none twice or lost."""
    assert await in_order(sqlite, people=80, each=4) == 0
