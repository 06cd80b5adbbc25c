"""Harmful files: each is refused by name, within its limits, and the next file is read."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator

import pytest

from rag.ingest.errors import (
    BombError,
    BrokenError,
    EncryptedError,
    IngestError,
    MemoryLimitError,
    TimeLimitError,
    TooDeepError,
    UnsafeXmlError,
    tree,
)
from rag.ingest.guard import Guard
from rag.ingest.values import MB, Limits
from rag.ingest.worker import confine, serve
from tests.rag.ingest_files import W, docx, paragraph, pdf, raw_pdf

TIGHT = Limits(seconds=8, memory=700 * MB)
PAGE = b"<html><body><h1>Sleep</h1><p>Adults need seven to nine hours of sleep.</p></body></html>"


@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    """One guard for all bombs: each may end the process behind it, none the guard."""
    with Guard(TIGHT) as found:
        yield found


def entity_bomb() -> bytes:
    """A Word file whose main part is a billion laughs."""
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    main = (
        f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a0 "ha">{entities}]>'
        f'<w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>&a9;</w:t></w:r></w:p></w:body>'
        "</w:document>"
    )
    return docx("", document=main)


def deep_docx() -> bytes:
    """A Word file with tables in tables in tables."""
    return docx("<w:tbl><w:tr><w:tc>" * 3000 + paragraph("x") + "</w:tc></w:tr></w:tbl>" * 3000)


def locked_zip() -> bytes:
    """A zip archive that says its members are encrypted."""
    data = bytearray(docx(paragraph("x")))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(mark)
        while start >= 0:
            data[start + place] |= 1
            start = data.find(mark, start + 4)
    return bytes(data)


BOMBS = {
    "nested streams": (
        "pdf",
        lambda: raw_pdf([b"0" * 200 * MB], rounds=2),
        (MemoryLimitError, BrokenError),
    ),
    "page loop": ("pdf", lambda: raw_pdf([b""]).replace(b"[4 0 R]", b"[2 0 R]"), (BrokenError,)),
    "broken pdf": ("pdf", lambda: b"%PDF-1.7\n" + b"1 0 obj << " * 5000, (BrokenError,)),
    "locked pdf": ("pdf", lambda: pdf([["a"]], password="x"), (EncryptedError,)),
    "zip bomb": (
        "docx",
        lambda: docx(paragraph("a"), extra={"word/x.bin": b"0" * 60 * MB}),
        (BombError,),
    ),
    "many members": (
        "docx",
        lambda: docx(paragraph("a"), extra={f"x/{i}": b"" for i in range(5001)}),
        (BombError,),
    ),
    "entities": ("docx", entity_bomb, (UnsafeXmlError,)),
    "deep docx": ("docx", deep_docx, (BrokenError, TooDeepError, MemoryLimitError)),
    "locked docx": ("docx", locked_zip, (EncryptedError,)),
    "old word": ("docx", lambda: b"\xd0\xcf\x11\xe0" + b"x" * 100, (EncryptedError,)),
    "no word": ("docx", lambda: b"PK\x03\x04 oops", (BrokenError,)),
    "deep html": ("html", lambda: b"<div>" * 5000 + b"x", (TooDeepError, BrokenError)),
    "deep list": ("html", lambda: b"<ul><li>" * 120 + b"x", (TooDeepError,)),
}


@pytest.mark.parametrize(("kind", "make", "errors"), BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_named_and_the_next_file_is_read(
    guard: Guard,
    kind: str,
    make: Callable[[], bytes],
    errors: tuple[type[IngestError], ...],
) -> None:
    """No harmful file ends anything but its own reading."""
    with pytest.raises(errors):
        guard.read(kind, make())
    (document,) = guard.read("html", PAGE)
    assert document.title == "Sleep"


def test_a_file_that_takes_too_long_is_stopped() -> None:
    """The time limit holds for whatever the reader is doing."""
    with Guard(Limits(seconds=0.05)) as guard:
        start = time.monotonic()
        with pytest.raises(TimeLimitError, match=r"0\.05 s"):
            guard.read("pdf", pdf([["a"]]))
        assert time.monotonic() - start < 5


def test_the_reading_process_sees_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment is empty, so no token can leak through it."""
    monkeypatch.setenv("SALUS_TELEGRAM_TOKEN", "secret")
    with Guard(TIGHT) as guard:
        guard.read("html", PAGE)
        process = guard._process
        assert process is not None
        with open(f"/proc/{process.pid}/environ", "rb") as found:  # noqa: PTH123
            assert b"secret" not in found.read()
    assert process.poll() is not None


def test_a_killed_process_is_a_damaged_file_and_is_replaced(guard: Guard) -> None:
    """Even a reader that vanishes while idle is started again."""
    guard.read("html", PAGE)
    assert guard._process is not None
    guard._process.kill()
    guard._process.wait()
    assert guard.read("html", PAGE)[0].title == "Sleep"


def test_an_answer_that_is_none_is_a_damaged_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes back instead of an answer, the file is told as damaged."""
    monkeypatch.setattr("rag.ingest.guard._START", "print('x' * 10)")
    with Guard(TIGHT) as guard, pytest.raises(BrokenError, match="not a PDF"):
        guard.read("pdf", pdf([["a"]]))


def test_the_worker_answers_requests_one_after_the_other() -> None:
    """The protocol: a line of JSON with a size, then that many bytes, both ways."""

    def ask(kind: str, data: bytes) -> bytes:
        head = {"kind": kind, "size": len(data), "limits": {"pages": 1}}
        return json.dumps(head).encode() + b"\n" + data

    replies = io.BytesIO()
    asked = ask("html", PAGE) + ask("pdf", pdf([["a"], ["b"]])) + ask("docx", docx(paragraph("Hi")))
    serve(io.BytesIO(asked), replies)
    replies.seek(0)
    found = []
    while line := replies.readline():
        found.append(json.loads(replies.read(json.loads(line)["size"])))
    assert found[0]["documents"][0]["title"] == "Sleep"
    assert found[1] == {"error": "TooManyPagesError", "details": {"pages": "2", "limit": "1"}}
    assert found[2]["documents"][0]["sections"][0]["text"] == "Hi"


def test_running_out_of_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """MemoryError inside a reader becomes its named error."""

    def hungry(data: bytes, limits: Limits) -> list[object]:
        raise MemoryError

    monkeypatch.setattr("rag.ingest.html.read_html", hungry)
    replies = io.BytesIO()
    serve(io.BytesIO(b'{"kind": "html", "size": 0, "limits": {}}\n'), replies)
    assert b"MemoryLimitError" in replies.getvalue()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork to try a limit on")
def test_the_memory_limit_holds() -> None:
    """A confined process cannot have more than it was given."""
    pid = os.fork()
    if pid == 0:
        confine(400 * MB)
        try:
            bytearray(600 * MB)
        except MemoryError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_the_archive_is_weighed_by_its_sum_too() -> None:
    """Many members just below the limit are a bomb together."""
    from rag.ingest.docx import read_docx

    data = docx(paragraph("a"), extra={f"word/{i}.bin": os.urandom(1000) for i in range(20)})
    with pytest.raises(BombError):
        read_docx(data, Limits(unpacked_bytes=15_000))


def test_an_archive_that_lies_about_its_sizes_is_damaged() -> None:
    """What does not unpack to what it says is not read."""
    from rag.ingest.docx import read_docx

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("word/document.xml", b"<a/>" + b" " * 50)
    data = out.getvalue().replace(b"<a/>", b"<b/>")  # the checksum no longer fits
    with pytest.raises(BrokenError):
        read_docx(data, Limits())
    assert zlib.crc32(b"<a/>") != zlib.crc32(b"<b/>")


def test_every_error_is_in_the_tree_once() -> None:
    """A reading process can name every error and the asking side knows it."""
    assert {"BombError", "FetchError", "HostNotAllowedError"} <= set(tree())
    assert all(issubclass(cls, IngestError) for cls in tree().values())
