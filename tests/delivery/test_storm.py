"""Ten minutes of 429 with a simulated clock: none lost, none early, others not delayed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from bot.delivery.errors import FloodedError
from bot.delivery.pace import Limits, Pace
from bot.delivery.sender import Sender
from bot.store.letters import Letter, Mailbox
from bot.store.sql import SqlStore
from tests.delivery.parts import START, Clock, Courier, note

MINUTES, STEP_S = 10, 1.0
STORMY = [f"{n}" for n in range(1, 9)]
CALM = [f"{n}" for n in range(101, 105)]


@pytest.mark.slow
async def test_storm(sqlite: tuple[SqlStore, Mailbox]) -> None:
    """30 % of sends to some chats are refused for 1-60 s; the other chats do not notice."""
    _, mailbox = sqlite
    chance, clock = random.Random(4), Clock()
    until: dict[str, datetime] = {}
    early: list[str] = []
    queued: dict[str, datetime] = {}
    waited: dict[str, float] = {}

    def answer(letter: Letter) -> None:
        silent = until.get(letter.chat, START)
        if clock.now < silent:
            early.append(letter.chat)
        if letter.chat in STORMY and (clock.now < silent or chance.random() < 0.3):
            wait = chance.randint(1, 60)
            until[letter.chat] = max(silent, clock.now + timedelta(seconds=wait))
            raise FloodedError(wait)
        waited[letter.id] = (clock.now - queued[letter.id]).total_seconds()

    courier = Courier(answer=answer)
    sender = Sender(mailbox, courier, holder="me", clock=clock, pace=Pace(Limits()))
    wanted: dict[str, list[str]] = {chat: [] for chat in STORMY + CALM}
    for step in range(int(MINUTES * 60 / STEP_S)):
        if step % 10 == 0:  # every ten seconds somebody is owed something
            for chat in [*chance.sample(STORMY, 3), *chance.sample(CALM, 2)]:
                letter = note(chat, f"{step}")
                queued[letter.id] = clock.now
                wanted[chat].append(f"{step}")
                await mailbox.post([letter], now=clock.now)
        await sender.step()
        await sender.idle()
        clock.later(STEP_S)
    for _ in range(60):  # the storm ends; what was held back goes out
        until.clear()
        clock.later(61)
        chance = random.Random(0)
        await sender.step()
        await sender.idle()
        if (await mailbox.counts()).get("outbox.pending", 0) == 0:
            break
    assert early == []
    assert {chat: courier.texts(chat) for chat in wanted} == wanted
    calm = [waited[x.id] for x in courier.taken if x.chat in CALM]
    assert max(calm) <= 1.0
    assert sender.tally.flooded > 50
    assert (sender.tally.unknown, sender.tally.failed, sender.tally.dead) == (0, 0, 0)
