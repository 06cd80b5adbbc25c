"""Batches: one JSON object per line in, one result line per input line out, in order.

A line that cannot be read or used becomes ``{"id", "error", "line"}``; the rest goes on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from typing import Any, TextIO

from bot.errors import InputError, SalusError
from rag.types import KnowledgeError

Row = Mapping[str, Any]


def rows(stream: TextIO | None = None) -> Iterator[tuple[int, Row | InputError]]:
    """(line number, object or what is wrong with the line); blank lines are skipped."""
    for number, line in enumerate(stream or sys.stdin, start=1):
        if not line.strip():
            continue
        yield number, _row(line)


def _row(line: str) -> Row | InputError:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        return InputError("not JSON", fault=f"not JSON: {error}")
    if not isinstance(found, dict):
        return InputError("not an object", fault="not a JSON object")
    return found


def text_of(row: Row, field: str = "text") -> str:
    """The text of a row. Raises InputError when it is missing or no text."""
    value = row.get(field)
    if not isinstance(value, str):
        raise InputError(f"{field} missing", fault=f"field {field!r} is missing or not a text")
    return value


def emit(value: object) -> None:
    """Write one JSON line."""
    print(json.dumps(value, ensure_ascii=False, default=str), flush=True)


def failure(row: Row | None, number: int, error: Exception) -> dict[str, Any]:
    """The error object of one line."""
    details = getattr(error, "details", {})
    return {
        "id": row.get("id") if row is not None else None,
        "error": details.get("fault") or str(error) or type(error).__name__,
        "line": number,
    }


def each(work: Callable[[Row], Mapping[str, Any]], stream: TextIO | None = None) -> None:
    """Run ``work`` on every row and print its result with the row's id."""
    for number, row in rows(stream):
        if isinstance(row, InputError):
            emit(failure(None, number, row))
            continue
        try:
            emit({"id": row.get("id"), **work(row)})
        except (SalusError, KnowledgeError, ValueError, TypeError, KeyError) as error:
            emit(failure(row, number, error))


async def each_async(
    work: Callable[[Row], Awaitable[Mapping[str, Any]]], stream: TextIO | None = None
) -> None:
    """As ``each`` for awaitable work, one row after another."""
    async for number, row in _async_rows(stream):
        if isinstance(row, InputError):
            emit(failure(None, number, row))
            continue
        try:
            emit({"id": row.get("id"), **await work(row)})
        except (SalusError, KnowledgeError, ValueError, TypeError, KeyError) as error:
            emit(failure(row, number, error))


async def _async_rows(
    stream: TextIO | None,
) -> AsyncGenerator[tuple[int, Row | InputError], None]:
    """Rows read in a thread, so that a slow writer does not stop the loop."""
    import asyncio

    source = rows(stream)
    while True:
        item = await asyncio.to_thread(next, source, None)
        if item is None:
            return
        yield item
