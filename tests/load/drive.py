"""Starts ``salus run`` on the fakes, offers the load, waits for the rest, counts."""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import psutil

from bot.store import KeyRing, open_store
from tests.fakes.telegram_server import telegram_server
from tests.load.figures import Found
from tests.load.mix import Mix, Saying
from tests.load.outside import LoadModel, LoadTelegram, model, thumb

ROOT = Path(__file__).resolve().parents[2]
PER_SECOND = "1000"  # what Telegram allows a bot that pays for it; 30 would hide what we can do
_PATIENCE_S = 300.0


async def run(
    data: Path, *, seconds: float, rate: float, seed: int = 1, drain_s: float = math.inf
) -> Found:
    """Offer ``rate`` updates a second for ``seconds``, wait for the rest, count.

    ``drain_s``: wait no longer than that; what is then still in the inbox counts as waiting.
    """
    mix, found = Mix(seed=seed), Found(rate=rate)
    async with model() as served, telegram_server(kind=LoadTelegram) as fake:
        assert isinstance(fake, LoadTelegram)
        async with _salus(data, fake, served) as process:
            await _greet(fake, mix)
            fake.begin()
            mix.made.clear()
            asked, cpu = served.asked, _Cpu(process)
            watching = asyncio.create_task(_watch(process, fake, found))
            wanted = await _offer(fake, iter(mix), found, seconds, rate)
            await _drain(fake, found, drain_s)
            watching.cancel()
            found.cpu_s, found.outside_cpu_s, found.others_cpu_s = cpu.spent()
        found.accept, found.answer, found.press = fake.accepted, fake.waits(), fake.press_answered
        found.lost, found.doubled = fake.unanswered(), fake.doubled()
        found.asked, found.mix = served.asked - asked, mix.made
    await _count(data, wanted, found)
    return found


@asynccontextmanager
async def _salus(
    data: Path, fake: LoadTelegram, served: LoadModel
) -> AsyncGenerator[psutil.Process, None]:
    """The command that an operator would start, until the load is over."""
    settings = {
        "SALUS_DATA_DIR": str(data),
        "SALUS_TELEGRAM_TOKEN": fake.token,
        "SALUS_TELEGRAM_BASE_URL": fake.url,
        "SALUS_TELEGRAM_PER_SECOND": PER_SECOND,
        "SALUS_MODEL_URL": served.url,
        "SALUS_LOG_LEVEL": "warning",
        "SALUS_ENV_FILE": str(data / "none"),
    }
    given = {k: v for k, v in os.environ.items() if not k.startswith("SALUS_")} | settings
    given |= {k: v for k, v in os.environ.items() if k.startswith("SALUS_") and k not in settings}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", env=given, cwd=ROOT
    )
    try:
        yield psutil.Process(child.pid)
    finally:
        with suppress(ProcessLookupError):
            child.terminate()
        await child.wait()


async def _greet(fake: LoadTelegram, mix: Mix) -> None:
    """Everybody says hello in every place, and the knowledge is warm, before the clock starts."""
    first = mix.people[0]
    await fake.say("how much sleep do adults need?", user=first.id, lang="en")
    await _until(lambda: not fake.unanswered())
    await fake.say("成年人每天需要睡多久？", user=mix.people[1].id, lang="zh")
    await _until(lambda: not fake.unanswered())
    for number, person in enumerate(mix.people):
        await fake.say("hello" if person.lang == "en" else "你好", user=person.id, lang=person.lang)
        if number % 20 == 19:
            await asyncio.sleep(0.3)
    await _until(lambda: not fake.unanswered())
    await asyncio.sleep(1.0)


async def _until(true: object) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not true():  # type: ignore[operator]
        if time.monotonic() > end:
            raise TimeoutError("Salus did not answer the greetings")
        await asyncio.sleep(0.05)


async def _offer(
    fake: LoadTelegram, sayings: Iterator[Saying], found: Found, seconds: float, rate: float
) -> dict[int, Counter[tuple[str, float]]]:
    """Say it all on time; the values that must be stored, by person."""
    wanted: dict[int, Counter[tuple[str, float]]] = {}
    started = time.monotonic()
    for number in itertools.count():
        due = number / rate
        if due >= seconds:
            break
        if (wait := started + due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        saying = next(sayings)
        await _say(fake, saying)
        if saying.value is not None:
            wanted.setdefault(saying.person.id, Counter())[saying.value] += 1
        found.offered += 1
    found.seconds = time.monotonic() - started
    return wanted


async def _say(fake: LoadTelegram, saying: Saying) -> None:
    """A message, or a thumb under the person's last answer if there is one."""
    person = saying.person
    shown = fake.votable.pop(person.id, None) if saying.kind == "vote" else None
    if shown is not None:
        await fake.press(shown, thumb(shown), user=person.id, lang=person.lang)
    else:
        text = saying.text or "/good"
        await fake.say(text, user=person.id, chat=saying.chat, lang=person.lang)


async def _drain(fake: LoadTelegram, found: Found, most_s: float) -> None:
    """Wait until everything is answered, nothing has moved for a while, or for ``most_s``."""
    started = moved = time.monotonic()
    left = fake.unanswered()
    while left and time.monotonic() - moved < 120.0 and time.monotonic() - started < most_s:
        await asyncio.sleep(0.1)
        if (now := fake.unanswered()) != left:
            left, moved = now, time.monotonic()
    found.drained_s = moved - started
    await asyncio.sleep(1.5)  # for one too many


async def _watch(process: psutil.Process, fake: LoadTelegram, found: Found) -> None:
    """Memory of Salus with its children, and how many wait, every five seconds."""
    started = time.monotonic()
    while True:
        family = _family(process)
        found.processes = len(family)
        rss = sum(_rss(p) for p in family) / 2**20
        at = time.monotonic() - started
        found.rss.append((at, rss))
        found.backlog.append((at, fake.unanswered()))
        await asyncio.sleep(5)


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


class _Cpu:
    """Processor seconds since it was made: of Salus, of ourselves, of everybody else."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._before = self._now()

    def _now(self) -> tuple[float, float, float]:
        salus = sum(sum(p.cpu_times()[:2]) for p in _family(self._process))
        whole = psutil.cpu_times()
        busy = sum(whole) - whole.idle - getattr(whole, "iowait", 0.0)
        return salus, time.process_time(), busy

    def spent(self) -> tuple[float, float, float]:
        """(Salus, outside, the rest of the machine)."""
        salus, own, busy = (b - a for a, b in zip(self._before, self._now(), strict=True))
        return salus, own, max(0.0, busy - salus - own)


async def _count(data: Path, wanted: dict[int, Counter[tuple[str, float]]], found: Found) -> None:
    """Each value is kept once; by what path the questions were answered."""
    keys = KeyRing.load(data / "keys" / "salus.key")
    store = await open_store(f"sqlite:///{data / 'salus.sqlite3'}", keys=keys)
    try:
        for person, values in wanted.items():
            user = await store.user_for("telegram", str(person))
            kept = Counter((o.kind, round(o.value, 1)) for o in await store.observations(user))
            found.values += sum(min(kept[v], n) for v, n in values.items())
            found.values_lost += sum((values - kept).values())
            found.values_doubled += sum(max(0, kept[v] - n) for v, n in values.items())
        found.paths, waiting = await asyncio.to_thread(_rows, data)
        found.waiting = min(waiting, found.lost)
        found.lost -= found.waiting
    finally:
        await store.close()


def _rows(data: Path) -> tuple[dict[str, int], int]:
    """Turns by how they were answered, and how much of the mailbox is still owed: plain columns."""
    with closing(sqlite3.connect(data / "salus.sqlite3")) as database:
        paths = dict(database.execute("SELECT path, COUNT(*) FROM turns GROUP BY path").fetchall())
        (open_,) = database.execute("SELECT COUNT(*) FROM inbox WHERE state = 'open'").fetchone()
        owed = "SELECT COUNT(*) FROM outbox WHERE state IN ('pending', 'sending', 'unknown')"
        return paths, open_ + database.execute(owed).fetchone()[0]
