"""Steady load over the wire: what is accepted how soon, what it costs, what is lost or doubled.

    python -m tests.telegram.load --minutes 10 --rate 100

Salus runs in a process of its own with its real store and a scripted model, on a fake Telegram
in this one. Two messages of three log a weight, the third asks a question. A message counts as
accepted when the poll that confirms it arrives, which is after its commit. The pace of sending
is set above Telegram's own, which would allow 30 answers a second and hide what we can do.
Everybody has said hello before the clock starts: meeting somebody new costs a commit of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bot.model import ChatMessage, Generation
from bot.store.migrate import upgrade
from tests.fakes.generator import ScriptedGenerator
from tests.fakes.telegram_server import FakeTelegram, telegram_server

CHATS = range(10_001, 10_301)
QUESTION = "how much sleep do adults need?"
ANSWER = "Most adults need at least 7 hours of sleep a night [1]."


@dataclass
class Found:
    """What a run showed. Times in seconds, memory in MiB."""

    said: int = 0
    seconds: float = 0.0
    accept: list[float] = field(default_factory=list)
    rss: list[tuple[float, float]] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0
    missing_values: int = 0
    doubled_values: int = 0
    drained_s: float = 0.0
    cpu_s: float = 0.0

    @property
    def rate(self) -> float:
        """Updates answered per second, the rest that was answered after the end included."""
        whole = self.seconds + self.drained_s
        return (self.said - self.lost) / whole if whole else 0.0

    def percentile(self, share: float) -> float:
        """Of the time to a durable accept."""
        return sorted(self.accept)[int(len(self.accept) * share)] if self.accept else 0.0

    def growth(self) -> float:
        """MiB per minute over the second half: a straight line through the samples."""
        half = self.rss[len(self.rss) // 2 :]
        if len(half) < 3:
            return 0.0
        return statistics.linear_regression(*zip(*half, strict=True)).slope * 60

    def table(self) -> str:
        """For people."""
        memory = ", ".join(f"{at / 60:.1f} min {mib:.0f}" for at, mib in self.rss[:: self._every()])
        rows = {
            "updates": self.said,
            "offered, seconds": round(self.seconds, 1),
            "answered per second": round(self.rate, 1),
            "answering went on for, s": round(self.drained_s, 2),
            "durable accept p50, ms": round(self.percentile(0.5) * 1000, 1),
            "durable accept p95, ms": round(self.percentile(0.95) * 1000, 1),
            "durable accept p99, ms": round(self.percentile(0.99) * 1000, 1),
            "processor per update, ms": round(1000 * self.cpu_s / max(self.said, 1), 2),
            "memory, MiB": memory,
            "memory growth, MiB/min": round(self.growth(), 2),
            "replies lost": self.lost,
            "replies doubled": self.doubled,
            "values lost": self.missing_values,
            "values doubled": self.doubled_values,
        }
        return "\n".join(f"{name:28} {value}" for name, value in rows.items())

    def _every(self) -> int:
        return max(1, len(self.rss) // 12)


class Watched(FakeTelegram):
    """A fake that notes when each update is confirmed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.confirmed_after: list[float] = []

    def _confirm(self, offset: int) -> None:
        before = self.updates
        super()._confirm(offset)
        now = self.clock()
        for update in before[: len(before) - len(self.updates)]:
            self.confirmed_after.append(now - self._queued.pop(update["update_id"]))


async def run(data: Path, *, seconds: float, rate: float, seed: int = 1) -> Found:
    """Offer ``rate`` messages a second for ``seconds``, wait for the rest, count."""
    await upgrade(f"sqlite:///{data / 'salus.sqlite3'}")
    found = Found()
    async with telegram_server(kind=Watched) as fake:
        assert isinstance(fake, Watched)
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.telegram.load", "--serve", str(data), fake.url, fake.token
        )
        try:
            while not fake.polls:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await _greet(fake)
            spent = _cpu(child.pid)
            watching = asyncio.create_task(_watch(child.pid, found))
            sent = await _offer(fake, found, seconds, rate, random.Random(seed))
            await _drain(fake, found)
            watching.cancel()
            found.cpu_s = _cpu(child.pid) - spent
        finally:
            child.terminate()
            await child.wait()
        found.accept = fake.confirmed_after
        await _count(data, fake, sent, found)
    return found


def _cpu(pid: int) -> float:
    """Seconds of processor time so far."""
    return float(sum(psutil.Process(pid).cpu_times()[:2]))


async def _greet(fake: Watched) -> None:
    """Everybody says hello and is answered; none of it is counted."""
    for number, chat in enumerate(CHATS):
        await fake.say("hello", user=chat)
        if number % 20 == 19:
            await asyncio.sleep(0.2)
    while len(fake.sent()) < len(CHATS):  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)
    fake.messages.clear()
    fake.confirmed_after.clear()


async def _offer(
    fake: Watched, found: Found, seconds: float, rate: float, chance: random.Random
) -> dict[int, list[str]]:
    """Everybody's messages, by chat."""
    sent: dict[int, list[str]] = {chat: [] for chat in CHATS}
    started = time.monotonic()
    for number in itertools.count():
        due = started + number / rate
        if due - started >= seconds:
            break
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        chat = chance.choice(CHATS)
        texts = sent[chat]
        text = QUESTION if number % 3 == 2 else f"weight {50 + len(texts) / 10:g} kg"
        texts.append(text)
        await fake.say(text, user=chat)
        found.said += 1
        if len(fake.calls) > 5000:  # the tester's own memory is not what is looked at
            del fake.calls[:4000]
    found.seconds = time.monotonic() - started
    return sent


async def _drain(fake: Watched, found: Found) -> None:
    """Wait until nothing has come for a while."""
    started = last = time.monotonic()
    seen = 0
    while time.monotonic() - last < 20.0 and time.monotonic() - started < 600:
        count = len(fake.messages)
        if count != seen:
            seen, last = count, time.monotonic()
        if count >= 2 * found.said and not fake.updates:
            last = time.monotonic()
            await asyncio.sleep(0.3)  # for one too many
            break
        await asyncio.sleep(0.02)
    found.drained_s = max(last - started, 0.0)


async def _watch(pid: int, found: Found) -> None:
    process, started = psutil.Process(pid), time.monotonic()
    while True:
        rss = process.memory_info().rss / 2**20
        found.rss.append((time.monotonic() - started, rss))
        await asyncio.sleep(5 if found.seconds == 0 and len(found.rss) > 5 else 1)


async def _count(data: Path, fake: Watched, sent: dict[int, list[str]], found: Found) -> None:
    """Each message has one reply, each value is kept once."""
    from tests.fakes.telegram_world import make_app

    replies: Counter[int] = Counter(m["chat"]["id"] for m in fake.sent())
    app = make_app(data)
    try:
        for chat, texts in sent.items():
            found.lost += max(0, len(texts) - replies[chat])
            found.doubled += max(0, replies[chat] - len(texts))
            wanted = Counter(t.split()[1] for t in texts if t.startswith("weight"))
            user = await app.store.user_for("telegram", str(chat))
            kept = Counter(f"{o.value:g}" for o in await app.store.observations(user))
            found.missing_values += sum((wanted - kept).values())
            found.doubled_values += sum((kept - wanted).values())
    finally:
        await app.store.close()


# --- the process that is measured


class Tireless(ScriptedGenerator):
    """The same answer for everybody, and no memory of it."""

    async def stream(
        self, prompt: Sequence[ChatMessage], *, tenant: str = "", adapter: str | None = None
    ) -> AsyncGenerator[Generation, None]:
        """Word by word, at once."""
        said = ""
        for word in ANSWER.split(" "):
            said = f"{said} {word}" if said else word
            yield Generation(text=said)
        yield Generation(text=said, finish="stop")


async def serve(data: Path, url: str, token: str) -> None:
    """The whole of Salus on Telegram until SIGTERM."""
    import signal

    from bot.adapters.telegram.adapter import TelegramAdapter
    from bot.adapters.telegram.config import TelegramSettings
    from bot.delivery.pace import Limits, Pace
    from tests.fakes.telegram_world import make_app

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    app = make_app(data, generator=Tireless([]))
    pace = Pace(Limits(chat_s=0.01, burst=50, bot=5000, group=5000))
    settings = TelegramSettings(token=token, base_url=url, poll_s=5)
    try:
        await TelegramAdapter(app, settings, pace=pace).run(stop)
    finally:
        await app.store.close()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--serve", nargs=3, metavar=("DATA", "URL", "TOKEN"))
    given = parser.parse_args()
    if given.serve:
        data, url, token = given.serve
        asyncio.run(serve(Path(data), url, token))
        return
    folder = Path(tempfile.mkdtemp(prefix="salus-load-"))
    try:
        found = asyncio.run(run(folder, seconds=given.minutes * 60, rate=given.rate))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(found.table())  # noqa: T201  # the command's whole purpose


if __name__ == "__main__":
    main()
