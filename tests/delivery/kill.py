"""SIGKILL at random moments while people write: what is lost, doubled, flagged, and how soon.

    python -m tests.delivery.kill --platform telegram --rounds 500
    python -m tests.delivery.kill --platform discord --rounds 500

Every message logs a weight of its own, so each can be found again: in the store (its effect,
exactly once) and in the chat (its reply, at most once; missing only where flagged unknown).
The killed process is forked from one that has everything loaded, so that a round is short.
What differs on Discord is in kill_discord.py.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from bot.logs import configure
from bot.store.migrate import upgrade
from tests.delivery import victim
from tests.fakes.telegram_server import FakeTelegram, telegram_server
from tests.fakes.telegram_world import world

# Loaded by the one process all victims are forked from, whichever platform comes first.
PRELOAD = ["tests.delivery.victim", "tests.delivery.victim_discord"]
CHATS = (1001, 1002, 1003, 1004, 1005)
_FIRST, _STEP = 50.0, 0.1  # kilograms; each message of a chat weighs a little more


@dataclass
class Result:
    """What a run found."""

    rounds: int = 0
    messages: int = 0
    lost_effects: int = 0
    doubled_effects: int = 0
    lost_updates: int = 0
    doubled_replies: int = 0
    missing_replies: int = 0
    unknown: int = 0
    inversions: int = 0
    back_s: list[float] = field(default_factory=list)

    def table(self) -> str:
        """For people."""
        back = sorted(self.back_s)
        p95 = back[int(len(back) * 0.95)] if back else 0.0
        rows = {
            "rounds (SIGKILL)": self.rounds,
            "messages": self.messages,
            "accepted messages lost": self.lost_updates,
            "effects lost": self.lost_effects,
            "effects doubled": self.doubled_effects,
            "replies doubled": self.doubled_replies,
            "replies not shown": self.missing_replies,
            "sends flagged unknown": self.unknown,
            "order inversions": self.inversions,
            "back after a kill, p95 s": round(p95, 2),
            "back after a kill, max s": round(max(back, default=0.0), 2),
        }
        return "\n".join(f"{name:28} {value}" for name, value in rows.items())


async def run(data: Path, *, rounds: int, seed: int = 1, lease_s: float = 0.4) -> Result:
    """Kill ``rounds`` times, then let one process finish, then count."""
    await upgrade(f"sqlite:///{data / 'salus.sqlite3'}")
    chance = random.Random(seed)
    result = Result(rounds=rounds)
    sent: Counter[int] = Counter()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    async with telegram_server() as fake:
        fake.fail("delay", times=10**9, seconds=0.01)
        for _ in range(rounds):
            child = context.Process(
                target=victim.main, args=(str(data), fake.url, fake.token, lease_s), daemon=True
            )
            await asyncio.to_thread(child.start)
            await _round(fake, child, chance, sent, result)
        async with world(data, fake=fake) as here:
            await here.settled(seconds=60 + rounds)
            await _count(here, sent, result)
    return result


async def _round(
    fake: FakeTelegram,
    child: ForkServerProcess,
    chance: random.Random,
    sent: Counter[int],
    result: Result,
) -> None:
    """People write while the child lives; it dies at a random moment of its work."""
    started, polls = time.monotonic(), fake.polls
    while fake.polls == polls and time.monotonic() - started < 20:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    result.back_s.append(time.monotonic() - started)
    dies = time.monotonic() + chance.uniform(0.0, 0.45)
    while time.monotonic() < dies:
        chat = chance.choice(CHATS)
        if sent[chat] < 1500:
            await fake.say(f"weight {_FIRST + _STEP * sent[chat]:.1f} kg", user=chat)
            sent[chat] += 1
        await asyncio.sleep(chance.uniform(0.0, 0.12))
    child.kill()
    await asyncio.to_thread(child.join)
    child.close()


async def _count(here: object, sent: Counter[int], result: Result) -> None:
    from tests.fakes.telegram_world import World

    assert isinstance(here, World)
    counts = await here.counts()
    result.messages = sum(sent.values())
    result.unknown = counts.get("outbox.unknown", 0)
    result.lost_updates = result.messages - counts.get("inbox.done", 0)
    for chat, number in sent.items():
        wanted = [round(_FIRST + _STEP * n, 1) for n in range(number)]
        kept = await here.app.store.observations(await here.person(chat))
        found = Counter(round(o.value, 1) for o in kept)
        result.lost_effects += sum(value not in found for value in wanted)
        result.doubled_effects += sum(n - 1 for n in found.values())
        texts = [m["text"] for m in here.fake.sent(chat)]
        shown = [value for text in texts for value in wanted if f"weight {value:g} kg" in text]
        result.doubled_replies += len(shown) - len(set(shown))
        result.missing_replies += len(set(wanted) - set(shown))
        result.inversions += sum(a > b for a, b in pairwise(shown))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--platform", choices=["telegram", "discord"], default="telegram")
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lease", type=float, default=0.4)
    given = parser.parse_args()
    configure("error")
    folder = Path(tempfile.mkdtemp(prefix="salus-kill-"))
    options = {"rounds": given.rounds, "seed": given.seed, "lease_s": given.lease}
    try:
        table = asyncio.run(_table(given.platform, folder, **options))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(table)  # noqa: T201  # the command's whole purpose


async def _table(platform: str, folder: Path, **options: Any) -> str:
    if platform == "discord":
        from tests.delivery import kill_discord

        return (await kill_discord.run(folder, **options)).table()
    return (await run(folder, **options)).table()


if __name__ == "__main__":
    main()
