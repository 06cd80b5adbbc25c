"""SIGKILL at random moments while people write to Salus on Telegram; see kill.py.

Writers log weights, one asks the model. A message is accepted when Telegram has it: it stays
there until the offset moves past it.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

from bot.store.migrate import upgrade
from tests.delivery import victim
from tests.delivery.kill import Town, rounds
from tests.delivery.tally import Plan, Tally
from tests.fakes.telegram_server import telegram_server
from tests.fakes.telegram_world import World, world

CHATS = (1001, 1002, 1003, 1004, 1005)
ASKER = 1006
_FIRST, _STEP = 50.0, 0.1  # kilograms; each message of a chat weighs a little more
_MOST = 1500  # messages of one chat
_ANSWER_S = 0.03  # Telegram has a message so long before the process knows it


class TelegramTown(Town):
    """Five who write and one who asks."""

    def __init__(self, plan: Plan, tally: Tally, fake: Any) -> None:
        """Nobody has written yet."""
        super().__init__(plan, tally, fake)
        self.weighed: Counter[int] = Counter()
        self.questions = 0
        self._offset = 0

    def listened(self) -> int:
        """Polls of processes that have just begun say no offset."""
        return int(self.fake.first_polls)

    def is_phase(self, phase: str, call: Any) -> bool:
        """Fetching and acknowledging are one call: the latter moves the offset."""
        if phase == "send":
            return bool(call.method == "sendMessage")
        offset = int(call.params.get("offset") or 0) if call.method == "getUpdates" else 0
        moved, self._offset = offset > self._offset, max(offset, self._offset)
        return bool(call.method == "getUpdates" and (phase == "fetch" or moved))

    async def act(self) -> None:
        """Somebody writes."""
        if self.chance.random() < 0.12:
            self.questions += 1
            await self.fake.say("How much sleep do adults need?", user=ASKER)
            self.asked.set()
            return
        chat = self.chance.choice(CHATS)
        if self.weighed[chat] < _MOST:
            await self.fake.say(f"weight {self.value(self.weighed[chat]):.1f} kg", user=chat)
            self.weighed[chat] += 1
            self.said.set()

    @staticmethod
    def value(number: int) -> float:
        """The weight that a chat's ``number``-th message logs."""
        return round(_FIRST + _STEP * number, 1)


async def run(data: Path, plan: Plan) -> Tally:
    """Kill as planned, then let one process finish, then count."""
    await upgrade(f"sqlite:///{data / 'salus.sqlite3'}")
    tally = Tally("telegram", plan.lease_s, [plan.seed])
    async with telegram_server() as fake:
        fake.fail("delay", times=10**9, seconds=_ANSWER_S)
        town = TelegramTown(plan, tally, fake)
        given = (str(data), fake.url, fake.token, plan.lease_s)
        await rounds(town, lambda c: c.Process(target=victim.main, args=given, daemon=True))
        async with world(data, fake=fake, script=victim.SCRIPT) as here:
            await here.settled(seconds=60 + tally.rounds)
            await _count(here, town)
    tally.settle()
    return tally


async def _count(here: World, town: TelegramTown) -> None:
    tally, states = town.tally, await here.counts()
    tally.counts["accepted"] = sum(town.weighed.values()) + town.questions
    tally.counts["unknown"] = states.get("outbox.unknown", 0)
    for _ in range(tally.counts["accepted"] - states.get("inbox.done", 0)):
        tally.fault("lost", "an update that the inbox does not have")
    for chat, number in town.weighed.items():
        await _count_chat(here, tally, chat, [town.value(n) for n in range(number)])
    answers = sum("7 hours" in str(m.get("text")) for m in here.fake.sent(ASKER))
    tally.counts["not_shown"] += max(0, town.questions - answers)
    for _ in range(answers - town.questions):
        tally.fault("doubled_replies", "an answer of the model")


async def _count_chat(here: World, tally: Tally, chat: int, wanted: list[float]) -> None:
    kept = await here.app.store.observations(await here.person(chat))
    found = Counter(round(o.value, 1) for o in kept)
    texts = [str(m.get("text")) for m in here.fake.sent(chat)]
    shown = [value for text in texts for value in wanted if f"weight {value:g} kg" in text]
    for value in wanted:
        if not found[value]:
            tally.fault("lost", f"{value} kg of {chat}")
        if found[value] > 1:
            tally.fault("doubled_effects", f"{value} kg of {chat}")
        if shown.count(value) > 1:
            tally.fault("doubled_replies", f"{value} kg of {chat}")
    tally.counts["not_shown"] += len(set(wanted) - set(shown))
    tally.counts["inversions"] += sum(a > b for a, b in pairwise(shown))
