"""Embeds a knowledge base anew while its old version answers, after a change of the model."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from rag.types import KnowledgeError

if TYPE_CHECKING:
    from rag.library import Knowledge


class Renewal:
    """Embeds a knowledge base anew in a thread while its old version answers."""

    def __init__(self, knowledge: Knowledge, pages_dir: Path | None) -> None:
        """Begin at once."""
        self._knowledge = knowledge
        self._pages_dir = pages_dir
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="salus-embedding")
        self._thread.start()

    def stop(self) -> None:
        """Give up between two batches; what is embedded is kept for the next start."""
        self._stopping.set()
        self._thread.join()

    def wait(self, seconds: float) -> bool:
        """Whether it is over, waiting that long for it."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        knowledge = self._knowledge
        try:
            problems = knowledge.upkeep.prepare(self._pages_dir, self._progress)
        except _StoppedError:
            return
        except KnowledgeError as error:  # the edge of this thread: the old version goes on
            knowledge.problems = (*knowledge.problems, str(error))
            return
        knowledge.problems = tuple(problems)
        knowledge.look_again()

    def _progress(self, _done: int, _wanted: int) -> None:
        if self._stopping.is_set():
            raise _StoppedError


class _StoppedError(Exception):
    """The knowledge base is being closed."""
