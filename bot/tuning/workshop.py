"""From votes to a data set: what waits for a reviewer, what is built, what must go again.

The command line and the admin page do the same things through this one class.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.errors import InputError, NotFoundError
from bot.model import Passage
from bot.tuning import files
from bot.tuning.dataset import Built, Plan, build, left_out
from bot.tuning.lineage import Kept, Lessons, Retraining
from bot.tuning.rated import Rated, Rebuilding, Review
from bot.tuning.screening import Screened, screen


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A lesson that waits for a decision, with what a reviewer needs to make it."""

    lesson: Rated
    reasons: tuple[str, ...]
    passages: tuple[Passage, ...]


class Workshop:
    """Builds and keeps data sets under ``folder``."""

    def __init__(
        self,
        lessons: Lessons,
        rebuilding: Rebuilding,
        folder: Path,
        *,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        """Nothing is read yet. ``now`` gives aware times."""
        self._lessons = lessons
        self._rebuilding = rebuilding
        self._folder = folder
        self._now = now or (lambda: datetime.now(UTC))

    async def screened(self) -> list[Screened]:
        """Every lesson with what is against it."""
        found = await self._lessons.rated()
        return await asyncio.to_thread(screen, found, self._rebuilding)

    async def waiting(self, *, everything: bool = False) -> list[Waiting]:
        """Lessons held for review; ``everything``: also those with nothing against them."""
        review = "all" if everything else "flagged"
        return [
            Waiting(
                lesson=one.lesson,
                reasons=one.reasons,
                passages=tuple(self._rebuilding.passages(one.lesson) or ()),
            )
            for one in await self.screened()
            if left_out(one, review).startswith("waits")
        ]

    async def decide(self, lesson: str, decided: Review) -> None:
        """Keep a reviewer's decision. InputError: a rejection or edit that says too little.

        An edited answer must stand in the passages like any other: that is checked when it is
        used, and it is left out if it does not. NotFoundError for an unknown lesson.
        """
        if decided.verdict == "reject" and not decided.reason.strip():
            raise InputError("a reason", fault="a rejection needs a reason")
        if decided.verdict == "edit" and not decided.text.strip():
            raise InputError("a text", fault="an edit needs the answer as it should be")
        await self._lessons.review(lesson, decided, self._now())

    async def build(self, plan: Plan) -> tuple[Kept, Built]:
        """Build, write and remember a data set. InputError: nothing to build, or name taken.

        A name is used once: what an adapter was made of stays what it was.
        """
        await self.sweep()
        if plan.name in {kept.name for kept in await self._lessons.kept()}:
            raise InputError(plan.name, fault=f"a data set {plan.name} was built already")
        screened = await self.screened()
        built = await asyncio.to_thread(build, plan, screened, self._rebuilding)
        if not built.who:
            told = ", ".join(f"{why} {n}" for why, n in built.left_out.items())
            raise InputError("nothing", fault=f"nothing to learn from ({told or 'no votes'})")
        folder = self._folder / plan.name
        at = self._now()
        sha256 = await asyncio.to_thread(files.write, folder, plan, built, at.isoformat())
        kept = Kept(
            name=plan.name, kind=plan.kind, sha256=sha256, folders=(files.absolute(folder),),
            created_at=at,
        )  # fmt: skip
        await self._lessons.keep(kept, key=plan.key, rows=built.who)
        return kept, built

    async def show(self, name: str) -> dict[str, Any]:
        """A data set's manifest, compared with its files, and whether it is stale."""
        kept = await self._named(name)
        manifest = await asyncio.to_thread(files.read, Path(kept.folders[0]))
        stale = kept.stale_at.isoformat() if kept.stale_at else None
        return manifest | {"manifest_sha256": kept.sha256, "stale_at": stale,
                           "folders": list(kept.folders)}  # fmt: skip

    async def overview(self) -> tuple[list[Kept], list[Retraining]]:
        """Every data set, and what has to be trained anew because somebody was erased."""
        return await self._lessons.kept(), await self._lessons.due()

    async def retrained(self, adapter: str) -> None:
        """An adapter was made anew or given up; NotFoundError if that was not asked for."""
        if not await self._lessons.retrained(adapter):
            raise NotFoundError(f"nobody asked for {adapter!r} to be trained anew")

    async def export(self, name: str, to: Path) -> None:
        """Copy a data set and remember where to, so that an erasure reaches the copy."""
        await self.sweep()
        kept = await self._named(name)
        await asyncio.to_thread(files.copy, Path(kept.folders[0]), to)
        await self._lessons.copied(name, files.absolute(to))

    async def sweep(self) -> dict[str, list[str]]:
        """Take the rows of erased people out of every file; places that cannot be reached.

        A place that cannot be reached keeps its rows on the list, and is told every time.
        """
        unreached: dict[str, list[str]] = {}
        due = await self._lessons.rows_to_sweep()
        for kept in await self._lessons.kept():
            if kept.name not in due:
                continue
            sha256, missing = await asyncio.to_thread(_sweep, kept.folders, due[kept.name])
            if missing:
                unreached[kept.name] = missing
            else:
                await self._lessons.swept(kept.name, due[kept.name], sha256 or kept.sha256)
        return unreached

    async def _named(self, name: str) -> Kept:
        for kept in await self._lessons.kept():
            if kept.name == name:
                return kept
        raise NotFoundError(f"no data set {name!r}")


def _sweep(folders: Sequence[str], gone: Sequence[str]) -> tuple[str, list[str]]:
    """The first folder's new manifest hash, and folders that could not be rewritten."""
    sha256, missing = "", []
    for folder in folders:
        try:
            made = files.sweep(Path(folder), frozenset(gone))
        except (OSError, ValueError):
            missing.append(folder)
            continue
        sha256 = sha256 or made
    return sha256, missing


def plan_for(plan: Plan) -> Plan:
    """The plan with a fresh key, if it has none."""
    return plan if plan.key else replace(plan, key=secrets.token_hex(32))
