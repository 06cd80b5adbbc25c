"""Health XML of two shapes: MedQuAD question-answer files and MedlinePlus health topics.

Read as a stream with entities and external parts refused, so size and nesting stay harmless.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from rag.ingest.clean import clean_line
from rag.ingest.dates import iso_date
from rag.ingest.errors import (
    BrokenError,
    IngestError,
    LanguageError,
    RowError,
    TooDeepError,
    UnsafeXmlError,
)
from rag.ingest.html import fragment_sections
from rag.ingest.language import declared
from rag.ingest.values import Document, Finding, Limits, Provenance, Section, refusal
from rag.pages import is_url

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_RECORDS = ("Document", "health-topic")


def read_xml(file: BinaryIO, name: str, limits: Limits) -> Iterator[Document | Finding]:
    """The pairs or topics of a file; raises an IngestError when it is neither or damaged."""
    foreign: Counter[str] = Counter()
    seen = False
    for element in _records(file, limits):
        seen = True
        if element.tag == "Document":
            yield from _pairs(element, name)
            continue
        language = declared(element.get("language"))
        if language not in ("en", "zh", ""):
            foreign[str(element.get("language"))] += 1
            continue
        try:
            yield _topic(element, language, limits)
        except IngestError as error:
            yield refusal(f"{name}: {clean_line(element.get('title') or '?')}", error)
    if not seen:
        raise BrokenError(kind="MedQuAD or MedlinePlus XML")
    for language, count in sorted(foreign.items()):
        yield refusal(f"{name} ({count})", LanguageError(language=clean_line(language)))


def _records(file: BinaryIO, limits: Limits) -> Iterator[Element]:
    """Each record when it is complete; emptied after use so that memory stays flat."""
    from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
    from defusedxml.ElementTree import ParseError, iterparse  # type: ignore[import-untyped]

    depth = 0
    root: Element | None = None
    try:
        for event, element in iterparse(file, events=("start", "end")):
            root = element if root is None else root
            depth += 1 if event == "start" else -1
            if depth > limits.depth:
                raise TooDeepError(limit=str(limits.depth))
            if event == "end" and element.tag in _RECORDS:
                yield element
                element.clear()
                root.clear()
    except DefusedXmlException as error:
        raise UnsafeXmlError from error
    except (ParseError, ValueError, LookupError) as error:
        raise BrokenError(kind="XML") from error


def _pairs(element: Element, name: str) -> Iterator[Document | Finding]:
    """MedQuAD: ``Document@id@source@url`` with a Focus and QAPair elements."""
    focus = clean_line(element.findtext("Focus") or "")
    url = clean_line(element.get("url") or "")
    provenance = Provenance(
        organisation=clean_line(element.get("source") or ""), url=url if is_url(url) else ""
    )
    for number, pair in enumerate(element.iter("QAPair"), 1):
        question = pair.find("Question")
        asked = clean_line("".join(question.itertext()) if question is not None else "")
        answer = pair.find("Answer")
        text = "".join(answer.itertext()).strip() if answer is not None else ""
        own = f"{clean_line(element.get('id') or focus)}-{pair.get('pid') or number}"
        found = clean_line((question.get("qid") if question is not None else "") or own)
        if not text:
            yield refusal(f"{name}: {found}", RowError("answer"))
            continue
        path = (asked,) if asked else ()
        yield Document(
            id=found, title=focus, sections=(Section(path=path, text=text),), provenance=provenance
        )


def _topic(element: Element, language: str, limits: Limits) -> Document:
    """MedlinePlus: ``health-topic@title@url@language`` with a full-summary of HTML."""
    title = clean_line(element.get("title") or "")
    url = clean_line(element.get("url") or "")
    summary = element.find("full-summary")
    text = "".join(summary.itertext()) if summary is not None else ""
    sections = tuple(fragment_sections(text, limits))
    if not title or not sections:
        raise RowError("answer")
    names = (clean_line(e.text or "") for e in element.findall("also-called"))
    return Document(
        id=f"medlineplus/{clean_line(element.get('id') or title)}",
        title=title,
        sections=sections,
        lang=language,
        topics=tuple(dict.fromkeys(name for name in names if name)),
        provenance=Provenance(
            organisation="MedlinePlus",
            url=url if is_url(url) else "",
            published=iso_date(element.get("date-created")),
        ),
    )
