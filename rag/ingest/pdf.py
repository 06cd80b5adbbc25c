"""PDF documents: text page by page, with headings from the outline and page numbers kept.

Lines that repeat at the top or bottom of pages are dropped, words cut at line ends are joined.
Meant to run in the reading process (rag.ingest.guard), which a harmful file cannot leave.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rag.ingest.clean import clean, clean_line
from rag.ingest.dates import iso_date
from rag.ingest.errors import BrokenError, EncryptedError, MemoryLimitError, TooManyPagesError
from rag.ingest.pdf_lines import paragraphs, vocabulary, without_running_lines
from rag.ingest.values import MB, Document, Limits, Provenance, Section

if TYPE_CHECKING:
    from pypdf import PdfReader

# Titles that a word processor wrote, not a person.
_NO_TITLE = ("untitled", "microsoft word", "document", "slide 1", "powerpoint", "无标题", "文档")


def read_pdf(data: bytes, limits: Limits) -> list[Document]:
    """The one document of the file; raises an IngestError."""
    from pypdf import PdfReader
    from pypdf.errors import LimitReachedError, PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise EncryptedError
        count = len(reader.pages)
        if count > limits.pages:
            raise TooManyPagesError(pages=str(count), limit=str(limits.pages))
        pages = [clean(page.extract_text()).text.split("\n") for page in reader.pages]
        marks = _outline(reader)
        title, published, lang = _facts(reader)
    except LimitReachedError as error:
        raise MemoryLimitError(limit=str(limits.memory // MB)) from error
    except (PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError,
            AssertionError, NotImplementedError, RecursionError, ArithmeticError,
            OSError) as error:  # fmt: skip
        # pypdf meets damaged objects with whatever its code happens to raise.
        raise BrokenError(kind="PDF") from error
    return [
        Document(
            title=title,
            sections=tuple(_sections(without_running_lines(pages), marks, title)),
            lang=lang,
            provenance=Provenance(published=published),
        )
    ]


def _facts(reader: PdfReader) -> tuple[str, str, str]:
    """Title, date and language as the file states them; empty where it does not."""
    meta: Mapping[str, object] = reader.metadata or {}
    title = clean_line(str(meta.get("/Title") or ""))
    if title.lower().startswith(_NO_TITLE) or title.lower().endswith((".doc", ".docx", ".pdf")):
        title = ""
    published = iso_date(str(meta.get("/ModDate") or meta.get("/CreationDate") or ""))
    lang = str(reader.root_object.get("/Lang") or "")[:2].lower()
    return title, published, lang if lang.isalpha() else ""


def _outline(reader: PdfReader) -> dict[int, list[tuple[int, str]]]:
    """The outline's headings as (level, text) by page number (from 0), in order."""
    found: dict[int, list[tuple[int, str]]] = {}

    def walk(items: Iterable[Any], level: int) -> None:
        for item in items:
            if isinstance(item, list):
                if level < 6:
                    walk(item, level + 1)
                continue
            page = reader.get_destination_page_number(item)
            text = clean_line(str(item.title or ""))
            if page is not None and page >= 0 and text:
                found.setdefault(page, []).append((level, text))

    walk(reader.outline, 1)
    return found


def _sections(
    pages: list[list[str]], marks: dict[int, list[tuple[int, str]]], title: str
) -> list[Section]:
    words = vocabulary(pages)
    sections: list[Section] = []
    path: list[tuple[int, str]] = []
    for number, lines in enumerate(pages):
        for heading, part in _at_headings(lines, marks.get(number, [])):
            if heading is not None:
                path = [(n, t) for n, t in path if n < heading[0]] + [heading]
            text = "\n\n".join(paragraphs(part, words))
            if text:
                names = tuple(t for _, t in path if t.casefold() != title.casefold())
                sections.append(Section(path=names, text=text, page=number + 1))
    return _joined(sections)


def _at_headings(
    lines: list[str], marks: list[tuple[int, str]]
) -> list[tuple[tuple[int, str] | None, list[str]]]:
    """The page cut where a heading of the outline stands as a line of its own."""
    cuts: list[tuple[int, tuple[int, str] | None]] = [(0, None)]
    for mark in marks:
        wanted = _bare(mark[1])
        start = cuts[-1][0]
        place = next((i for i in range(start, len(lines)) if _bare(lines[i]) == wanted), None)
        # A heading that is not found as a line still names what follows the last cut.
        cuts.append((start, mark) if place is None else (place, mark))
    parts = []
    for (start, mark_of), (end, _) in pairwise([*cuts, (len(lines), None)]):
        part = lines[start:end]
        if mark_of is not None and part and _bare(part[0]) == _bare(mark_of[1]):
            part = part[1:]
        parts.append((mark_of, part))
    return parts


def _bare(text: str) -> str:
    return "".join(ch for ch in text.casefold() if ch.isalnum())


def _joined(sections: list[Section]) -> list[Section]:
    """A paragraph that runs over a page break is put together on the page where it starts."""
    done: list[Section] = []
    for section in sections:
        before = done[-1] if done else None
        if before is None or before.path != section.path or not _runs_on(before.text, section.text):
            done.append(section)
            continue
        head, _, rest = section.text.partition("\n\n")
        gap = "" if ord(head[0]) > 0x2E7F else " "
        done[-1] = Section(path=before.path, text=before.text + gap + head, page=before.page)
        if rest:
            done.append(Section(path=section.path, text=rest, page=section.page))
    return done


def _runs_on(before: str, after: str) -> bool:
    open_end = before[-1].isalnum() or before[-1] in ",，、;；"
    return open_end and (after[0].islower() or ord(after[0]) > 0x2E7F)
