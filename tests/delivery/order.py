"""Many people write at once, on a whole adapter and a fake platform: are answers in order?

    python -m tests.delivery.order --platform telegram --people 500 --each 20

Everybody writes their messages with random pauses, and each answer takes a random while. Printed:
answers, inversions within a chat, how many were answered side by side, seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from bot.app import App
from bot.delivery.pace import Limits, Pace
from bot.dialogue.manager import DialogueManager
from bot.logs import configure
from bot.model import Message, Reply
from tests.discord.world import discord_app, salus
from tests.fakes.telegram_world import make_app, world

FREE = Limits(chat_s=0.0, burst=10_000, bot=1_000_000, group=1_000_000)


@dataclass
class Slow:
    """A dialogue that says back what it hears, after a random while."""

    chance: random.Random = field(default_factory=lambda: random.Random(5))
    slowest: float = 0.2
    now: int = 0
    most_at_once: int = 0

    async def respond(self, message: Message) -> AsyncGenerator[Reply, None]:
        """One final reply."""
        self.now += 1
        self.most_at_once = max(self.most_at_once, self.now)
        await asyncio.sleep(self.chance.uniform(0, self.slowest))
        self.now -= 1
        yield Reply(text=message.text, kind="answer", lang="en")

    def urgent(self, _: str) -> bool:
        """Nothing is."""
        return False

    async def due(self, *_: object) -> tuple[()]:
        """Nothing is."""
        return ()

    def into(self, app: App) -> App:
        """The app with this in the place of its dialogue."""
        return replace(app, dialogue=cast("DialogueManager", self))


@dataclass(frozen=True)
class Figures:
    """What came of it."""

    answers: int
    inversions: int
    side_by_side: int
    seconds: float


async def run(platform: str, folder: Path, *, people: int, each: int, pause_s: float) -> Figures:
    """Let everybody write; ValueError when an answer is missing or there twice."""
    slow = Slow()
    if platform == "telegram":
        shown, seconds = await _telegram(slow, folder, people, each, pause_s)
    else:
        shown, seconds = await _discord(slow, folder, people, each, pause_s)
    wrong = sum(a > b for texts in shown for a, b in pairwise(texts))
    if any(sorted(texts) != list(range(each)) for texts in shown):
        raise ValueError("an answer is missing or there twice")
    return Figures(sum(map(len, shown)), wrong, slow.most_at_once, seconds)


async def _telegram(
    slow: Slow, folder: Path, people: int, each: int, pause_s: float
) -> tuple[list[list[int]], float]:
    async with world(folder, app=slow.into(make_app(folder)), pace=Pace(FREE)) as here:
        users = range(1, people + 1)
        for user in users:
            here.fake.chat(user)

        async def say(user: int, number: int) -> None:
            await here.fake.say(f"{number}", user=user)

        started = time.monotonic()
        await _all_write(list(users), each, pause_s, say)
        await here.until(lambda: len(here.fake.sent()) >= people * each, seconds=1800)
        seconds = time.monotonic() - started
        return [[int(m["text"]) for m in here.fake.sent(user)] for user in users], seconds


async def _discord(
    slow: Slow, folder: Path, people: int, each: int, pause_s: float
) -> tuple[list[list[int]], float]:
    async with salus(folder, app=slow.into(discord_app(folder)), pace=Pace(FREE)) as here:
        users = [here.people.user(f"U{n}") for n in range(people)]
        places = [here.people.direct(user) for user in users]

        async def say(user: Any, number: int) -> None:
            await here.people.dm(user, f"{number}")

        started = time.monotonic()
        await _all_write(users, each, pause_s, say)
        await here.until(lambda: len(here.people.sent()) >= people * each, seconds=1800)
        seconds = time.monotonic() - started
        return [[int(m.content) for m in here.people.sent(place)] for place in places], seconds


async def _all_write(
    users: list[Any], each: int, pause_s: float, say: Callable[[Any, int], Awaitable[None]]
) -> None:
    async def one(user: Any, chance: random.Random) -> None:
        for number in range(each):
            await asyncio.sleep(chance.uniform(0, pause_s))
            await say(user, number)

    await asyncio.gather(*(one(user, random.Random(n)) for n, user in enumerate(users)))


def main() -> None:
    """Run and print."""
    given = argparse.ArgumentParser()
    given.add_argument("--platform", choices=("telegram", "discord"), required=True)
    given.add_argument("--people", type=int, default=500)
    given.add_argument("--each", type=int, default=20)
    given.add_argument("--pause-s", type=float, default=4.0)
    options = given.parse_args()
    configure("critical")
    with TemporaryDirectory() as folder:
        figures = asyncio.run(
            run(
                options.platform,
                Path(folder),
                people=options.people,
                each=options.each,
                pause_s=options.pause_s,
            )
        )
    print(json.dumps(vars(figures) | {"load": os.getloadavg()[0]}))  # noqa: T201


if __name__ == "__main__":
    main()
