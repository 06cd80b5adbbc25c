"""SIGKILL at random moments while people write to Salus on Discord; see kill.py.

Writers log weights in direct messages, askers put questions to the model, callers use commands in
a guild, where answers are whispered and charts follow without a nonce. A message is accepted when
Discord has it, for it can be fetched again; a command only once it was acknowledged, for else its
caller was told that nothing happened.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections import Counter
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from bot.store.migrate import upgrade
from tests.delivery import victim_discord
from tests.delivery.kill import PRELOAD
from tests.discord.world import Salus, salus
from tests.fakes.discord_server import FakeDiscord, discord_server
from tests.fakes.discord_values import SENDS, Call, Person, Place, Sent, Tap
from tests.fakes.discord_world import DiscordWorld

_FIRST, _STEP = 50.0, 0.1  # kilograms; each message of a person weighs a little more
_EARLY = 0.2  # this share of processes dies before it is known to listen
_ANSWER_S = 0.06  # Discord has a message so long before the process knows it
_MOST = 1500  # messages of one person
_QUESTION = "How much sleep do adults need?"
_SCRIPT = ["Most adults need at least 7 hours of sleep [1]."] * 10_000


@dataclass
class Result:
    """What a run found."""

    rounds: int = 0
    early: int = 0
    accepted: int = 0
    refused: int = 0  # commands whose callers were told that nothing happened
    lost: int = 0
    doubled_effects: int = 0
    doubled_replies: int = 0
    late_doubles: int = 0  # of them repeated after Discord had forgotten the nonce
    nonce_doubles: int = 0
    absorbed: int = 0
    missing_replies: int = 0
    unknown: int = 0
    inversions: int = 0
    back_s: list[float] = field(default_factory=list)

    def p95(self) -> float:
        """Seconds from one process's death until the next one listens."""
        back = sorted(self.back_s)
        return back[int(len(back) * 0.95)] if back else 0.0

    def table(self) -> str:
        """For people."""
        rows = {
            "rounds (SIGKILL)": self.rounds,
            "of them before it listened": self.early,
            "accepted": self.accepted,
            "commands not acknowledged": self.refused,
            "accepted lost": self.lost,
            "effects doubled": self.doubled_effects,
            "replies doubled": self.doubled_replies,
            "  after the nonce window": self.late_doubles,
            "nonces shown twice": self.nonce_doubles,
            "repeats the nonce absorbed": self.absorbed,
            "replies not shown": self.missing_replies,
            "follow-ups flagged unknown": self.unknown,
            "order inversions": self.inversions,
            "back after a kill, p95 s": round(self.p95(), 2),
            "back after a kill, max s": round(max(self.back_s, default=0.0), 2),
        }
        return "\n".join(f"{name:28} {value}" for name, value in rows.items())


@dataclass
class Town:
    """Who is there, what they said, and by what chance."""

    fake: FakeDiscord
    chance: random.Random
    result: Result
    people: DiscordWorld = field(init=False)
    writers: list[Person] = field(init=False)
    asker: Person = field(init=False)
    callers: list[Person] = field(init=False)
    room: Place = field(init=False)
    weighed: Counter[int] = field(default_factory=Counter)
    asked: int = 0
    logs: list[tuple[Tap, float]] = field(default_factory=list)
    trends: list[Tap] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Three write, one asks, two call."""
        self.people = DiscordWorld(self.fake)
        self.writers = [self.people.user(f"Writer{n}") for n in range(3)]
        self.asker = self.people.user("Asker")
        self.callers = [self.people.user(f"Caller{n}") for n in range(2)]
        self.room = self.people.guild("Walkers", *self.callers)

    def weight(self, person: Person) -> float:
        """The next of a person."""
        self.weighed[person.id] += 1
        return round(_FIRST + _STEP * (self.weighed[person.id] - 1), 1)

    async def act(self) -> None:
        """Somebody does something."""
        what = self.chance.random()
        if what < 0.6:
            writer = self.chance.choice(self.writers)
            if self.weighed[writer.id] < _MOST:
                await self.people.dm(writer, f"weight {self.weight(writer):.1f} kg")
        elif what < 0.7:
            await self.people.dm(self.asker, _QUESTION)
            self.asked += 1
        elif self.fake.gateway.live:
            await self._call(self.chance.choice(self.callers), trend=what > 0.85)

    async def _call(self, caller: Person, *, trend: bool) -> None:
        if trend:
            self.trends.append(await self.people.slash(caller, self.room, "trend"))
        elif self.weighed[caller.id] < _MOST:
            value = self.weight(caller)
            tap = await self.people.slash(caller, self.room, "log", text=f"weight {value:.1f} kg")
            self.logs.append((tap, value))


async def run(data: Path, *, rounds: int, seed: int = 1, lease_s: float = 0.4) -> Result:
    """Kill ``rounds`` times, then let one process finish, then count."""
    await upgrade(f"sqlite:///{data / 'salus.sqlite3'}")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    result = Result(rounds=rounds)
    async with discord_server() as fake:
        town = Town(fake, random.Random(seed), result)
        await _meet(data, town)
        fake.fail("delay", "send", times=10**9, seconds=_ANSWER_S)
        where = victim_discord.Where(str(data), fake.url, fake.gateway_url, fake.token, lease_s)
        for _ in range(rounds):
            child = context.Process(target=victim_discord.main, args=(where,), daemon=True)
            await asyncio.to_thread(child.start)
            await _round(town, child)
        async with _salus(data, town) as here:
            await _count(here, town)
    return result


def _salus(data: Path, town: Town) -> AbstractAsyncContextManager[Salus]:
    options = {"metrics": True}
    return salus(
        data, fake=town.fake, people=town.people, ada=town.asker, discord=options, script=_SCRIPT
    )


async def _meet(data: Path, town: Town) -> None:
    """Everybody says a first word; direct messages of strangers cannot be found after a crash."""
    async with _salus(data, town) as here:
        for person in (*town.writers, town.asker, *town.callers):
            await here.ask("hello", user=person)
        for caller in town.callers:  # a trend is drawn from three days on
            for when in ("3 days ago", "2 days ago", "yesterday"):
                await here.slash("log", town.room, user=caller, text=f"weight 49 kg {when}")


async def _round(town: Town, child: ForkServerProcess) -> None:
    """People write while the child lives; it dies at a random moment of its work."""
    stop = asyncio.Event()
    acting = asyncio.create_task(_talk(town, stop))
    try:
        await _death(town, child)
        child.kill()
        await asyncio.to_thread(child.join)
    finally:
        stop.set()
        await acting
    child.close()


async def _talk(town: Town, stop: asyncio.Event) -> None:
    """As people do: they do not notice that a process is gone."""
    while not stop.is_set():
        if town.fake.gateway.live or town.chance.random() < 0.1:
            await town.act()
        await asyncio.sleep(town.chance.uniform(0.0, 0.06))


async def _death(town: Town, child: ForkServerProcess) -> None:
    """Wait for the moment: while it starts, some time later, or in the middle of a send."""
    gateway, chance, started = town.fake.gateway, town.chance, time.monotonic()
    if chance.random() < _EARLY:
        town.result.early += 1
        await asyncio.sleep(chance.uniform(0.0, 0.8))
        return
    before = len(gateway.identifies)
    while len(gateway.identifies) == before:
        if not child.is_alive() or time.monotonic() - started > 60:
            raise AssertionError("the process never listened")
        await asyncio.sleep(0.005)
    town.result.back_s.append(time.monotonic() - started)
    if chance.random() < 0.4:
        await asyncio.sleep(chance.uniform(0.0, 0.9))
        return
    await _sending(town, chance.randint(1, 8))
    await asyncio.sleep(chance.choice([0.0, 0.0, 0.5, 1.5]) * _ANSWER_S)


async def _sending(town: Town, number: int) -> None:
    """Wait for the process's ``number``-th send to arrive at Discord."""
    seen, come = 0, asyncio.Event()

    def watch(call: Call) -> None:
        nonlocal seen
        seen += call.route in SENDS
        if seen >= number:
            come.set()

    town.fake.watch = watch
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(come.wait(), 3)
    finally:
        town.fake.watch = lambda _: None


# --- counting ----------------------------------------------------------------


async def _count(here: Salus, town: Town) -> None:
    result = town.result
    parts = here.adapter.parts
    assert parts is not None
    seconds = 60 + result.rounds
    await here.until(lambda: not parts.backfill.busy, seconds=seconds)
    await here.settled(seconds=seconds)
    result.unknown = (await here.counts()).get("outbox.unknown", 0)
    for person in (*town.writers, *town.callers):
        await _count_effects(here, town, person)
    for writer in town.writers:
        _count_written(town, writer)
    _count_called(town)
    answers = [m for m in town.people.sent(town.people.direct(town.asker)) if "7 hours" in m.text]
    result.accepted += town.asked
    result.missing_replies += max(0, town.asked - len(answers))
    result.doubled_replies += max(0, len(answers) - town.asked)
    result.nonce_doubles = len(town.people.doubles())
    nonces = Counter(
        c.params.get("nonce") for c in town.fake.called("message.create") if c.status == 200
    )
    result.absorbed = sum(number - 1 for number in nonces.values())


async def _count_effects(here: Salus, town: Town, person: Person) -> None:
    kept = await here.app.store.observations(await here.person(person))
    found = Counter(round(o.value, 1) for o in kept)
    refused = {v for tap, v in town.logs if tap.person is person and not tap.answer}
    wanted = [round(_FIRST + _STEP * n, 1) for n in range(town.weighed[person.id])]
    accepted = [value for value in wanted if value not in refused]
    town.result.accepted += len(accepted)
    town.result.refused += len(refused)
    town.result.lost += sum(value not in found for value in accepted)
    town.result.doubled_effects += sum(max(0, found[value] - 1) for value in wanted)


def _shown(messages: list[Sent], values: list[float]) -> list[tuple[float, Sent]]:
    """The weights that messages tell of, in order."""
    return [(v, m) for m in messages for v in values if f"weight {v:g} kg" in m.text]


def _count_doubles(town: Town, shown: list[tuple[float, Sent]]) -> None:
    first: dict[float, float] = {}
    for value, message in shown:
        if value in first:
            town.result.doubled_replies += 1
            town.result.late_doubles += message.at - first[value] >= town.fake.nonce_s
        first[value] = message.at


def _count_written(town: Town, writer: Person) -> None:
    wanted = [round(_FIRST + _STEP * n, 1) for n in range(town.weighed[writer.id])]
    shown = _shown(town.people.sent(town.people.direct(writer)), wanted)
    _count_doubles(town, shown)
    values = list(dict.fromkeys(value for value, _ in shown))  # a double is no inversion
    town.result.missing_replies += len(set(wanted) - set(values))
    town.result.inversions += sum(a > b for a, b in pairwise(values))


def _count_called(town: Town) -> None:
    """Each command's answer: once by its interaction, or once in the caller's messages."""
    result = town.result
    for tap, value in town.logs:
        direct = town.people.sent(town.people.direct(tap.person))
        shown = _shown(tap.said + direct, [value])
        _count_doubles(town, shown)
        result.missing_replies += bool(tap.answer and not shown)
    for tap in town.trends:
        charts = [m for m in tap.said if m.files]
        result.accepted += bool(tap.answer)
        result.refused += not tap.answer
        result.doubled_replies += max(0, len(charts) - 1)
        waiting = any(m.loading for m in tap.said)
        result.missing_replies += bool(tap.answer and (waiting or not charts))
