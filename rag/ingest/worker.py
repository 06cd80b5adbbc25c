"""The reading process: takes one document after the other, and can die without harm.

Requests are a JSON line ``{"kind", "size", "limits"}`` and that many bytes; replies a JSON line
``{"size"}`` and that much JSON: ``{"documents": […]}`` or ``{"error": name, "details": {…}}``.
Whatever else happens ends the process, which the asking side tells as a damaged file.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import BinaryIO

from rag.ingest.errors import IngestError, MemoryLimitError
from rag.ingest.values import MB, Document, Limits

Reader = Callable[[bytes, Limits], list[Document]]


def reader_of(kind: str) -> Reader:
    """The reader of a kind of document; its libraries are loaded now."""
    if kind == "pdf":
        from rag.ingest.pdf import read_pdf

        return read_pdf
    if kind == "docx":
        from rag.ingest.docx import read_docx

        return read_docx
    from rag.ingest.html import read_html

    return read_html


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while line := requests.readline():
        ask = json.loads(line)
        limits = Limits(**ask["limits"])
        answer = _answer(ask["kind"], requests.read(ask["size"]), limits)
        data = json.dumps(answer).encode()
        replies.write(json.dumps({"size": len(data)}).encode() + b"\n" + data)
        replies.flush()


def _answer(kind: str, data: bytes, limits: Limits) -> dict[str, object]:
    try:
        documents = reader_of(kind)(data, limits)
    except IngestError as error:
        return _told(error)
    except MemoryError:
        return _told(MemoryLimitError(limit=str(limits.memory // MB)))
    return {"documents": [asdict(document) for document in documents]}


def _told(error: IngestError) -> dict[str, object]:
    return {"error": type(error).__name__, "details": error.details}


def confine(memory: int) -> None:
    """Give this process no more than ``memory`` bytes of address space, and no core dump."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(5)


def main() -> None:
    """Serve on the standard streams; anything a library prints goes nowhere."""
    confine(int(sys.argv[1]))
    replies = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    serve(sys.stdin.buffer, replies)
