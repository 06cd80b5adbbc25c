"""Reads what people add to their knowledge base: Markdown, plain text, JSONL rows.

A bad row is reported as ``file:line: reason`` and the rest goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rag.documents import Chunk, Record
from rag.pages import (
    chunks_of,
    is_url,
    parse_yaml,
    read_page,
    record_of,
    sections_of,
    split_front_matter,
)
from rag.split import split
from rag.tokens import detect_lang
from rag.types import Lang, PageError, Source

SUFFIXES = (".md", ".markdown", ".txt", ".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """``index_questions``: search a row's question too; ``source``: for rows without their own."""

    index_questions: bool = True
    source: Source | None = None
    lang: Lang | None = None


def files_below(paths: Sequence[Path]) -> Iterator[Path | str]:
    """The files to read, folders walked in order; a complaint (str) for what cannot be read."""
    for path in paths:
        if path.is_dir():
            yield from sorted(
                p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES
            )
        elif not path.exists():
            yield f"{path}: does not exist"
        elif path.suffix.lower() not in SUFFIXES:
            yield f"{path}: only {', '.join(SUFFIXES)} files can be added"
        else:
            yield path


def read_file(path: Path, options: ImportOptions) -> Iterator[Record | str]:
    """The records of one file, and a complaint for everything in it that cannot be used."""
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        yield from _rows(path, options)
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        yield f"{path}: cannot be read as UTF-8 text ({error})"
        return
    front, _ = split_front_matter(text)
    if front is not None and "clinician_review:" in front:
        try:
            yield replace(record_of(read_page(path), path=str(path.name)), origin="added")
        except PageError as error:
            yield from str(error).splitlines()
        return
    record = _text(path, text, options)
    yield record if record.chunks else f"{path}: holds no text"


def _text(path: Path, text: str, options: ImportOptions) -> Record:
    """Markdown or plain text without (our) front matter: the first heading is the title."""
    front, body = split_front_matter(text)
    fields = _loose_fields(front)
    first, _, rest = body.strip().partition("\n")
    title = str(fields.get("title") or "")
    if first.startswith("# "):
        title, body = title or first[2:].strip(), rest
    lang = options.lang or _lang(fields.get("lang")) or detect_lang(body)
    sections = tuple(sections_of(body)) if path.suffix.lower() != ".txt" else (("", body.strip()),)
    source = _source(fields, title or path.stem, options.source)
    chunks = tuple(chunks_of(sections, []))
    marks = (0,) if source else ()
    return Record(
        doc=str(fields.get("id") or path.stem),
        group=str(fields.get("id") or path.stem),
        lang=lang,
        title=title or path.stem,
        chunks=tuple(replace(c, marks=marks) for c in chunks if c.text.strip()),
        url=str(fields.get("url") or ""),
        sources=(source,) if source else (),
        licence=str(fields.get("licence") or fields.get("license") or ""),
        path=path.name,
    )


def _loose_fields(front: str | None) -> dict[str, Any]:
    """Somebody else's front matter: taken when it parses, ignored when it does not."""
    if front is None:
        return {}
    import yaml

    try:
        fields = parse_yaml(front)
    except yaml.YAMLError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _rows(path: Path, options: ImportOptions) -> Iterator[Record | str]:
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _row(path, number, line, options)
    except OSError as error:
        yield f"{path}: cannot be read ({error})"


def _row(path: Path, number: int, line: bytes, options: ImportOptions) -> Record | str:
    where = f"{path}:{number}"
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return f"{where}: is not UTF-8 text"
    except (ValueError, RecursionError) as error:
        return f"{where}: is not JSON ({error})"
    if not isinstance(row, dict):
        return f"{where}: must be an object {{...}}"
    reason = _complaint(row)
    if reason:
        return f"{where}: {reason}"
    return _record(row, path, options)


def _complaint(row: dict[str, Any]) -> str:
    """The first reason why a row cannot be used; empty when it can."""
    reasons = (_body_complaint(row), *_field_complaints(row))
    return next((reason for reason in reasons if reason), "")


def _body_complaint(row: dict[str, Any]) -> str:
    if not isinstance(row.get("id"), str | int) or not str(row["id"]).strip():
        return "id: is missing or empty"
    if isinstance(row["id"], bool):
        return "id: must be a text or a number"
    body = row.get("answer", row.get("text"))
    if not isinstance(body, str) or not body.strip():
        return "answer: (or text) is missing or empty"
    return ""


def _field_complaints(row: dict[str, Any]) -> Iterator[str]:
    for name in ("question", "title", "focus", "source", "url"):
        if row.get(name) is not None and not isinstance(row[name], str):
            yield f"{name}: must be a text"
    if row.get("url") and not is_url(row["url"]):
        yield "url: must be an http(s) address"
    if row.get("lang") not in (None, "", "en", "zh"):
        yield "lang: must be en or zh"
    if any("\ud800" <= ch <= "\udfff" for v in row.values() if isinstance(v, str) for ch in v):
        yield "holds half of a character (an unpaired surrogate)"


def _record(row: dict[str, Any], path: Path, options: ImportOptions) -> Record:
    body = str(row.get("answer", row.get("text"))).strip()
    title = str(row.get("title") or row.get("focus") or "").strip()
    question = str(row.get("question") or "").strip() if options.index_questions else ""
    source = _source(row, title, options.source)
    pieces = split(body)
    return Record(
        doc=str(row["id"]),
        group=str(row["id"]),
        lang=_lang(row.get("lang")) or options.lang or detect_lang(body),
        title=title,
        chunks=tuple(
            Chunk(position=i, section=question, text=piece, marks=(0,) if source else ())
            for i, piece in enumerate(pieces)
        ),
        url=str(row.get("url") or ""),
        sources=(source,) if source else (),
        licence=str(row.get("licence") or row.get("license") or ""),
        path=path.name,
    )


def _lang(value: object) -> Lang | None:
    return value if value in ("en", "zh") else None


def _source(row: dict[str, Any], title: str, fallback: Source | None) -> Source | None:
    url = row.get("url")
    name = row.get("source")
    if is_url(url):
        host = urlsplit(str(url)).hostname or ""
        organisation = name if isinstance(name, str) and name else host
        return Source(organisation=organisation, title=title, url=str(url))
    if isinstance(name, str) and name.strip():
        return Source(organisation=name.strip(), title=title, url="")
    return fallback
