"""What takes longer than a page may: reading files, checking a draft, publishing.

One job at a time, in a thread, with its progress; a few finished ones are remembered so that
their page can be looked at again.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from bot.errors import SalusError
from bot.logs import failed
from rag.types import KnowledgeError
from rag.versions_model import DeskError

Progress = Callable[[int, int], None]
Kind = Literal["read", "check", "publish", "rollback"]
REMEMBERED = 20


@dataclass(slots=True, kw_only=True)
class Job:
    """One piece of work. ``after``: the page that shows its result."""

    kind: Kind
    who: str
    after: str
    id: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    done: int = 0
    total: int = 0
    ended: bool = False
    result: object = None
    error_key: str = ""
    error_details: dict[str, str] = field(default_factory=dict)

    def progress(self, done: int, total: int) -> None:
        """Called from the working thread."""
        self.done, self.total = done, total


class Jobs:
    """The jobs of one served page; ``drain`` waits for the one at work."""

    def __init__(self) -> None:
        """Nothing to do yet."""
        self._known: dict[str, Job] = {}
        self._task: asyncio.Task[None] | None = None
        self._running: Job | None = None

    def start(self, job: Job, work: Callable[[Progress], object]) -> Job:
        """Begin the job and return it; the one that is at work instead when there is one."""
        if self.running is not None:
            return self.running
        self._known[job.id] = self._running = job
        while len(self._known) > REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._task = asyncio.create_task(self._run(job, work))
        return job

    def get(self, name: str) -> Job | None:
        """A job that is at work or was lately."""
        return self._known.get(name)

    @property
    def running(self) -> Job | None:
        """The one that is at work."""
        at_work = self._running is not None and not self._running.ended
        return self._running if at_work else None

    @property
    def busy(self) -> bool:
        """Whether one is at work."""
        return self.running is not None

    async def drain(self) -> None:
        """Wait until the job at work has ended: publishing is never cut off by us."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def _run(self, job: Job, work: Callable[[Progress], object]) -> None:
        try:
            job.result = await asyncio.to_thread(work, job.progress)
        except DeskError as error:
            job.error_key, job.error_details = error.key, dict(error.details)
        except (KnowledgeError, SalusError) as error:
            job.error_key = error.key
            failed(f"admin page: {job.kind}", error)
        except Exception as error:  # noqa: BLE001  # a job has no request to answer with an error
            job.error_key = "error.unexpected"
            failed(f"admin page: {job.kind}", error)
        finally:
            job.ended = True
