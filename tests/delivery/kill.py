"""SIGKILL at random moments while people write: what is lost, doubled, flagged, and how soon.

    python -m tests.delivery.kill --platform telegram --rounds 60 --seed 1 --out build/t1.json
    python -m tests.delivery.kill --platform discord --rounds 60 --seed 2 --out build/d2.json
    python -m tests.delivery.kill --sum build/*.json

Every message logs a weight of its own, so each can be found again: in the store (its effect,
exactly once) and in the chat (its reply, at most once; missing only where flagged unknown).
The killed process is forked from one that has everything loaded, so that a round is short. A
shard ends by itself after ``--most-s`` seconds; one that was written down is not run again.
The exit code is 1 if anything was lost, doubled, out of order or silently missing.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import shutil
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from bot.logs import configure
from tests.delivery.tally import PHASES, Plan, Tally, counting, load, summed

# Loaded by the one process all victims are forked from, whichever platform comes first.
PRELOAD = ["tests.delivery.victim", "tests.delivery.victim_discord"]


def forks() -> ForkServerContext:
    """Where victims are forked from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    return context


class Town(ABC):
    """People of one platform who write, and a process that dies under them. See subclasses."""

    def __init__(self, plan: Plan, tally: Tally, fake: Any) -> None:
        """Nobody has written yet."""
        self.plan, self.tally, self.fake = plan, tally, fake
        self.chance = plan.chance
        self.said = asyncio.Event()  # somebody wrote
        self.asked = asyncio.Event()  # somebody put a question to the model

    @abstractmethod
    def listened(self) -> int:
        """How often a process has begun to listen so far."""

    @abstractmethod
    def is_phase(self, phase: str, call: Any) -> bool:
        """Whether a call belongs to the fetch, send or ack phase."""

    @abstractmethod
    async def act(self) -> None:
        """Somebody does something."""

    # --- one round

    async def round(self, child: ForkServerProcess) -> None:
        """People write while the child lives; it dies at a random moment of its work."""
        stop = asyncio.Event()
        acting = asyncio.create_task(self._talk(stop))
        try:
            await self._death(child)
            child.kill()
            await asyncio.to_thread(child.join)
        finally:
            stop.set()
            await acting
        child.close()
        self.tally.rounds += 1

    async def _talk(self, stop: asyncio.Event) -> None:
        """As people do: they do not notice that a process is gone, though some wait for it."""
        before = self.listened()
        while not stop.is_set():
            if self.listened() > before or self.chance.random() < 0.04:
                await self.act()
            await asyncio.sleep(self.chance.uniform(0.0, 0.06))

    async def _death(self, child: ForkServerProcess) -> None:
        """Wait for the moment."""
        phase, before = self.chance.choice(PHASES), self.listened()
        self.tally.phases[phase] += 1
        started = time.monotonic()
        if phase == "start":
            await asyncio.sleep(self.chance.uniform(0.0, self.plan.lease_s + 0.8))
            return
        while self.listened() == before:
            if not child.is_alive():
                self.tally.fault("never_listened", f"ended by itself with {child.exitcode}")
                return
            if time.monotonic() - started > self.plan.patience_s:
                self.tally.fault("never_listened", f"in {self.plan.patience_s:g} s")
                return
            await asyncio.sleep(0.005)
        self.tally.back_s.append(time.monotonic() - started)
        await asyncio.sleep(self.chance.uniform(0.0, 0.3))
        await self._moment(phase)

    async def _moment(self, phase: str) -> None:
        """Something of the phase, and a random part of what it takes."""
        if phase in {"commit", "model"}:
            come = self.said if phase == "commit" else self.asked
            come.clear()
            longest = 0.04 if phase == "commit" else 0.5
        else:
            come, longest = asyncio.Event(), self.chance.choice([0.0, 0.0, 0.03, 0.08])
            number = self.chance.randint(1, 4)
            self.fake.watch = counting(lambda c: self.is_phase(phase, c), number, come.set)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(come.wait(), 2)
            await asyncio.sleep(self.chance.uniform(0.0, longest))
        finally:
            self.fake.watch = lambda _: None


async def rounds(town: Town, victim: Callable[[ForkServerContext], ForkServerProcess]) -> None:
    """Kill as often as planned, while there is time."""
    context = forks()
    town.plan.started = time.monotonic()
    for _ in range(town.plan.rounds):
        if not town.plan.goes_on:
            return
        child = victim(context)
        await asyncio.to_thread(child.start)
        await town.round(child)


# --- the command ---------------------------------------------------------------


def _shard(platform: str, plan: Plan) -> Tally:
    from tests.delivery import kill_discord, kill_telegram

    run: Callable[[Path, Plan], Awaitable[Tally]]
    run = kill_discord.run if platform == "discord" else kill_telegram.run
    folder = Path(tempfile.mkdtemp(prefix="salus-kill-"))
    try:
        return asyncio.run(run(folder, plan))  # type: ignore[arg-type]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--platform", choices=["telegram", "discord"], default="telegram")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lease", type=float, default=2.0, help="seconds; 2 is what people run")
    parser.add_argument("--most-s", type=float, default=420.0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--sum", type=Path, nargs="+", dest="files")
    given = parser.parse_args()
    configure("error")
    if given.files:
        found = summed(map(load, given.files))
    elif given.out and given.out.exists():
        found = [load(given.out)]
    else:
        plan = Plan(given.rounds, given.seed, given.lease, given.most_s)
        found = [_shard(given.platform, plan)]
        if given.out:
            found[0].save(given.out)
    for tally in found:
        print(tally.table())  # noqa: T201  # the command's whole purpose
    return 0 if all(tally.good for tally in found) else 1


if __name__ == "__main__":
    sys.exit(main())
