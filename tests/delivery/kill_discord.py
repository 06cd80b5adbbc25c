"""SIGKILL at random moments while people write to Salus on Discord; see kill.py.

Writers log weights in direct messages, askers put questions to the model, callers use commands in
a guild, where answers are whispered and charts follow without a nonce. A message is accepted when
Discord has it, for it can be fetched again; a command only once it was acknowledged as under way,
for else its caller was told that it is not safe, or that nothing happened.
"""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractAsyncContextManager
from itertools import pairwise
from pathlib import Path

from bot.store.migrate import upgrade
from tests.delivery import victim_discord
from tests.delivery.kill import Town, rounds
from tests.delivery.tally import Plan, Tally
from tests.discord.world import Salus, salus
from tests.fakes.discord_server import FakeDiscord, discord_server
from tests.fakes.discord_values import SENDS, Call, Person, Sent, Tap
from tests.fakes.discord_world import DiscordWorld

_FIRST, _STEP = 50.0, 0.1  # kilograms; each message of a person weighs a little more
_ANSWER_S = 0.06  # Discord has a message so long before the process knows it
_MOST = 1500  # messages of one person
_UNDER_WAY = 5  # the first answer to a command that is safe
_QUESTION = "How much sleep do adults need?"


class DiscordTown(Town):
    """Three write, one asks, two call."""

    fake: FakeDiscord

    def __init__(self, plan: Plan, tally: Tally, fake: FakeDiscord) -> None:
        """Nobody has written yet."""
        super().__init__(plan, tally, fake)
        self.people = DiscordWorld(fake)
        self.writers = [self.people.user(f"Writer{n}") for n in range(3)]
        self.asker = self.people.user("Asker")
        self.callers = [self.people.user(f"Caller{n}") for n in range(2)]
        self.room = self.people.guild("Walkers", *self.callers)
        self.weighed: Counter[int] = Counter()
        self.questions = 0
        self.logs: list[tuple[Tap, float]] = []
        self.trends: list[Tap] = []

    def listened(self) -> int:
        """Sessions that were begun."""
        return len(self.fake.gateway.identifies)

    def is_phase(self, phase: str, call: Call) -> bool:
        """Fetching is reading a channel; acknowledging the first answer to an interaction."""
        routes = {"fetch": {"message.list"}, "send": SENDS - {"callback"}, "ack": {"callback"}}
        return call.route in routes[phase]

    def weight(self, person: Person) -> float:
        """The next of a person."""
        self.weighed[person.id] += 1
        return round(_FIRST + _STEP * (self.weighed[person.id] - 1), 1)

    def weights(self, person: Person) -> list[float]:
        """All that a person has told of."""
        return [round(_FIRST + _STEP * n, 1) for n in range(self.weighed[person.id])]

    async def act(self) -> None:
        """Somebody does something."""
        what = self.chance.random()
        if what < 0.6:
            writer = self.chance.choice(self.writers)
            if self.weighed[writer.id] < _MOST:
                await self.people.dm(writer, f"weight {self.weight(writer):.1f} kg")
                self.said.set()
        elif what < 0.7:
            self.questions += 1
            await self.people.dm(self.asker, _QUESTION)
            self.asked.set()
        elif self.fake.gateway.live:
            await self._call(self.chance.choice(self.callers), trend=what > 0.85)
            self.said.set()

    async def _call(self, caller: Person, *, trend: bool) -> None:
        if trend:
            self.trends.append(await self.people.slash(caller, self.room, "trend"))
        elif self.weighed[caller.id] < _MOST:
            value = self.weight(caller)
            tap = await self.people.slash(caller, self.room, "log", text=f"weight {value:.1f} kg")
            self.logs.append((tap, value))


async def run(data: Path, plan: Plan) -> Tally:
    """Kill as planned, then let one process finish, then count."""
    await upgrade(f"sqlite:///{data / 'salus.sqlite3'}")
    tally = Tally("discord", plan.lease_s, [plan.seed])
    async with discord_server() as fake:
        fake.gateway.resume_s = 5.0  # nobody resumes: what dies here does not come back
        town = DiscordTown(plan, tally, fake)
        await _meet(data, town)
        fake.fail("delay", "send", times=10**9, seconds=_ANSWER_S)
        where = victim_discord.Where(
            str(data), fake.url, fake.gateway_url, fake.token, plan.lease_s
        )
        target = victim_discord.main
        await rounds(town, lambda c: c.Process(target=target, args=(where,), daemon=True))
        async with _salus(data, town) as here:
            await _count(here, town)
    tally.settle()
    return tally


def _salus(data: Path, town: DiscordTown) -> AbstractAsyncContextManager[Salus]:
    given = {"fake": town.fake, "people": town.people, "ada": town.asker}
    return salus(data, discord={"metrics": True}, script=victim_discord.SCRIPT, **given)


async def _meet(data: Path, town: DiscordTown) -> None:
    """Everybody says a first word; direct messages of strangers cannot be found after a crash."""
    async with _salus(data, town) as here:
        for person in (*town.writers, town.asker, *town.callers):
            await here.ask("hello", user=person)
        for caller in town.callers:  # a trend is drawn from three days on
            for when in ("3 days ago", "2 days ago", "yesterday"):
                await here.slash("log", town.room, user=caller, text=f"weight 49 kg {when}")


# --- counting ----------------------------------------------------------------


async def _count(here: Salus, town: DiscordTown) -> None:
    tally, parts = town.tally, here.adapter.parts
    assert parts is not None
    seconds = 60 + tally.rounds
    await here.until(lambda: not parts.backfill.busy, seconds=seconds)
    await here.settled(seconds=seconds)
    tally.counts["unknown"] = (await here.counts()).get("outbox.unknown", 0)
    for person in (*town.writers, *town.callers):
        await _count_effects(here, town, person)
    for writer in town.writers:
        _count_written(town, writer)
    _count_called(town)
    answers = [m for m in town.people.sent(town.people.direct(town.asker)) if "7 hours" in m.text]
    tally.counts["accepted"] += town.questions
    tally.counts["not_shown"] += max(0, town.questions - len(answers))
    for _ in range(len(answers) - town.questions):
        tally.fault("doubled_replies", "an answer of the model")
    tally.counts["nonce_doubles"] = len(town.people.doubles())
    sends = [c for c in town.fake.called("message.create") if c.status == 200]
    nonces = Counter(c.params.get("nonce") for c in sends)
    tally.counts["absorbed_by_nonce"] = sum(number - 1 for number in nonces.values())


async def _count_effects(here: Salus, town: DiscordTown, person: Person) -> None:
    kept = await here.app.store.observations(await here.person(person))
    found = Counter(round(o.value, 1) for o in kept)
    told = {v for tap, v in town.logs if tap.person is person and tap.answer != _UNDER_WAY}
    wanted = town.weights(person)
    tally = town.tally
    tally.counts["accepted"] += len(wanted) - len(told)
    tally.counts["told_not_safe"] += len(told)
    for value in wanted:
        if not found[value] and value not in told:
            tally.fault("lost", f"{value} kg of {person.name}")
        if found[value] > 1:
            tally.fault("doubled_effects", f"{value} kg of {person.name}")


def _shown(messages: list[Sent], values: list[float]) -> list[tuple[float, Sent]]:
    """The weights that messages tell of, in order."""
    return [(v, m) for m in messages for v in values if f"weight {v:g} kg" in m.text]


def _count_doubles(town: DiscordTown, shown: list[tuple[float, Sent]]) -> None:
    first: dict[float, float] = {}
    for value, message in shown:
        if value in first:
            late = message.at - first[value] >= town.fake.nonce_s
            town.tally.fault("late_doubles" if late else "doubled_replies", f"{value} kg")
        first[value] = message.at


def _count_written(town: DiscordTown, writer: Person) -> None:
    wanted = town.weights(writer)
    shown = _shown(town.people.sent(town.people.direct(writer)), wanted)
    _count_doubles(town, shown)
    values = list(dict.fromkeys(value for value, _ in shown))  # a double is no inversion
    town.tally.counts["not_shown"] += len(set(wanted) - set(values))
    town.tally.counts["inversions"] += sum(a > b for a, b in pairwise(values))


def _count_called(town: DiscordTown) -> None:
    """Each command's answer: once by its interaction, or once in the caller's messages."""
    tally = town.tally
    for tap, value in town.logs:
        direct = town.people.sent(town.people.direct(tap.person))
        shown = _shown(tap.said + direct, [value])
        _count_doubles(town, shown)
        tally.counts["not_shown"] += bool(tap.answer == _UNDER_WAY and not shown)
    for tap in town.trends:
        under_way = tap.answer == _UNDER_WAY
        charts = [m for m in tap.said if m.files]
        tally.counts["accepted" if under_way else "told_not_safe"] += 1
        for _ in charts[1:]:
            tally.fault("doubled_replies", "a chart")
        waiting = any(m.loading for m in tap.said)
        tally.counts["not_shown"] += bool(under_way and (waiting or not charts))
