"""Documents to records: cleaned, their language checked, cut into chunks under their headings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from rag.documents import Chunk, Record
from rag.ingest.clean import clean, clean_line
from rag.ingest.errors import EmptyError, LanguageError, TooBigError
from rag.ingest.language import declared, language
from rag.ingest.provenance import filled
from rag.ingest.suspect import suspicions
from rag.ingest.values import MB, Document, Finding, Limits, Provenance, Section
from rag.split import split
from rag.types import Lang, Source

_LONGEST_PATH = 160  # characters of a chunk's heading path; it shares the window with the text


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What an admin says about everything that is added in one go.

    ``index_questions``: search a row's question too. ``source`` is cited by what names none,
    ``defaults`` fill the gaps of every document's provenance. ``lang`` is believed without
    looking. ``hosts`` may be fetched from (see ``rag.ingest.address``).
    """

    index_questions: bool = True
    source: Source | None = None
    lang: Lang | None = None
    defaults: Provenance = field(default_factory=Provenance)
    hosts: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)


def record_of_document(
    document: Document, label: str, options: ImportOptions, *, row: bool
) -> Iterator[Record | Finding]:
    """The record of a document and what a reviewer should look at; raises an IngestError.

    ``label`` is the file's name inside what was added; ``row``: it is one of many in a file.
    """
    if sum(len(s.text) for s in document.sections) > options.limits.text_chars:
        limit = str(options.limits.text_chars // MB)
        raise TooBigError(size=f"more than {limit}", limit=limit)
    if row and not options.index_questions:
        sections = tuple(replace(s, path=s.path[1:]) for s in document.sections)
        document = replace(document, sections=sections)
    clear, hidden, smuggled = _cleaned(document)
    if not clear.sections:
        raise EmptyError
    lang = _lang(clear, options)
    where = f"{label}: {clear.id}" if row else label
    stem = label.rpartition(".")[0] or label
    if not clear.title and not row:
        clear = replace(clear, title=stem.rpartition("/")[2])
    yield _record(clear, label, stem, lang, options)
    yield from _flags(clear, where, hidden=hidden, smuggled=smuggled)


def _cleaned(document: Document) -> tuple[Document, int, int]:
    """The document in clean text, and how many hidden and smuggled characters it held."""
    hidden = smuggled = 0
    sections: list[Section] = []
    for section in document.sections:
        text = clean(section.text)
        hidden, smuggled = hidden + text.hidden, smuggled + text.smuggled
        if text.text.strip():
            path = tuple(p for p in map(clean_line, section.path) if p)
            sections.append(replace(section, path=path, text=text.text))
    clear = replace(
        document,
        id=clean_line(document.id),
        title=clean_line(document.title),
        sections=tuple(sections),
        topics=tuple(clean_line(topic) for topic in document.topics),
    )
    return clear, hidden, smuggled


def _lang(document: Document, options: ImportOptions) -> Lang:
    """The language as the admin says or the text shows; raises LanguageError for a foreign one."""
    if options.lang is not None:
        return options.lang
    seen = language(document.text)
    if seen == "zh":
        return "zh"
    if seen != "en":
        raise LanguageError(language=seen)
    said = declared(document.lang)
    if said == "zh":
        return "zh"
    if said not in ("", "en") and len(document.text.split()) < 200:
        raise LanguageError(language=said)  # too short to contradict what the document says
    return "en"


def _record(
    document: Document, label: str, stem: str, lang: Lang, options: ImportOptions
) -> Record:
    provenance = filled(document.provenance, options.defaults)
    source = _source(document, provenance, options)
    marks = (0,) if source else ()
    return Record(
        doc=document.id or stem,
        group=document.id or stem,
        lang=lang,
        title=document.title,
        chunks=tuple(_chunks(document.sections, lang, marks)),
        url=provenance.url,
        sources=(source,) if source else (),
        reviewed=provenance.reviewed,
        licence=provenance.licence,
        topics=document.topics,
        path=label,
    )


def _source(document: Document, provenance: Provenance, options: ImportOptions) -> Source | None:
    """What is cited: the document's own source, else what the admin said."""
    own = document.provenance
    if not (own.organisation or own.url) and options.source is not None:
        date = options.source.date or provenance.published
        return replace(options.source, date=date)
    if not (provenance.organisation or provenance.url):
        return None
    host = urlsplit(provenance.url).hostname or ""
    return Source(
        organisation=provenance.organisation or host,
        title=document.title,
        url=provenance.url,
        date=provenance.published,
    )


def _chunks(sections: tuple[Section, ...], lang: Lang, marks: tuple[int, ...]) -> Iterator[Chunk]:
    position = 0
    for section in sections:
        for piece in split(section.text):
            heading = _heading(section, lang)
            yield Chunk(position=position, section=heading, text=piece, marks=marks)
            position += 1


def _heading(section: Section, lang: Lang) -> str:
    """The heading path and the page; of a path too long the outer headings go first."""
    path = list(section.path)
    while len(path) > 1 and sum(map(len, path)) > _LONGEST_PATH:
        path.pop(0)
    heading = " › ".join(path)
    if not section.page:
        return heading
    page = f"第 {section.page} 页" if lang == "zh" else f"p. {section.page}"
    if not heading:
        return page
    return f"{heading}（{page}）" if lang == "zh" else f"{heading} ({page})"


def _flags(document: Document, where: str, *, hidden: int, smuggled: int) -> Iterator[Finding]:
    for suspicion in suspicions(document.text):
        yield Finding(
            where=where,
            key="ingest.flag.instruction",
            message=f'reads like an instruction to a machine: "{suspicion.quote}"',
            details={"quote": suspicion.quote},
            level="flagged",
        )
    if smuggled or hidden * 100 > len(document.text):
        yield Finding(
            where=where,
            key="ingest.flag.hidden",
            message=f"held {hidden} invisible characters, which were taken out",
            details={"count": str(hidden)},
            level="flagged",
        )
