"""Reads PDF, DOCX and HTML in a process of its own, under a time and a memory limit.

A file that hangs, swells or crashes its reader takes only that process with it; it is told as
a named error, and the next file gets a new process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rag.ingest.errors import BrokenError, MemoryLimitError, TimeLimitError, tree
from rag.ingest.values import MB, Document, Limits, Provenance, Section

GUARDED = ("pdf", "docx", "html")
_ROOT = str(Path(__file__).resolve().parents[2])
_START = "import sys; sys.path.insert(0, {root!r}); from rag.ingest.worker import main; main()"
_ANSWER_MB = 256  # an answer beyond this is a bomb of text


class Guard:
    """The reading process behind a door; starts when first needed. Not for several threads."""

    def __init__(self, limits: Limits) -> None:
        """Every file read through this guard has these limits."""
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Guard:
        """Use the guard; the process ends with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.close()

    def read(self, kind: str, data: bytes) -> list[Document]:
        """The documents in ``data``; raises an IngestError, whatever the file does."""
        process = self._running()
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._limits.seconds, stop)
        timer.start()
        try:
            answer = self._ask(process, kind, data)
        finally:
            timer.cancel()
            timer.join()
        if answer is None or "error" in answer:
            self.close_if_dead(answer)
        if late.is_set():
            self.close()
            raise TimeLimitError(seconds=f"{self._limits.seconds:g}")
        if answer is None:
            raise BrokenError(kind=kind.upper())
        return self._documents(answer)

    def close_if_dead(self, answer: dict[str, Any] | None) -> None:
        """End a process that gave no answer or has run out of memory."""
        if answer is None or answer["error"] == MemoryLimitError.__name__:
            self.close()

    def close(self) -> None:
        """End the process if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):  # what was left to write goes nowhere
                    stream.close()
        process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            # Isolated, with an empty environment: no secret of ours is in that process.
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                [sys.executable, "-I", "-c", _START.format(root=_ROOT), str(self._limits.memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                start_new_session=True,
            )
        return self._process

    def _ask(
        self, process: subprocess.Popen[bytes], kind: str, data: bytes
    ) -> dict[str, Any] | None:
        """One request and its answer; None when the process died over it."""
        if process.stdin is None or process.stdout is None:
            return None
        head = {"kind": kind, "size": len(data), "limits": asdict(self._limits)}
        try:
            process.stdin.write(json.dumps(head).encode() + b"\n" + data)
            process.stdin.flush()
            line = process.stdout.readline()
            size = json.loads(line)["size"] if line else 0
            if not 0 < size <= _ANSWER_MB * MB:
                return None
            payload = process.stdout.read(size)
            found: dict[str, Any] = json.loads(payload)
        except (OSError, ValueError):
            return None
        return found

    def _documents(self, answer: dict[str, Any]) -> list[Document]:
        if "error" in answer:
            raise tree()[answer["error"]](**answer["details"])
        return [_document(values) for values in answer["documents"]]


def _document(values: dict[str, Any]) -> Document:
    """A document as it was before it went through JSON."""
    sections = (
        Section(path=tuple(s["path"]), text=s["text"], page=s["page"]) for s in values["sections"]
    )
    return Document(
        title=values["title"],
        sections=tuple(sections),
        id=values["id"],
        lang=values["lang"],
        provenance=Provenance(**values["provenance"]),
        topics=tuple(values["topics"]),
    )
