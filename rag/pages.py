"""Reads and checks the pages of ``knowledge/pages/<lang>/<slug>.md``.

A page is YAML front matter and sections under ``##`` headings that are questions; ``[^id]``
marks name the source a sentence rests on. Every complaint names file, field and mend.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from rag.documents import Chunk, Record
from rag.split import sentences, split
from rag.types import Lang, PageError, Source

LICENCES = frozenset({"CC-BY-4.0", "CC0-1.0", "CC-BY-SA-4.0"})
REVIEW_STATES = frozenset({"pending", "signed"})
MIN_SECTIONS = 3

_FRONT = re.compile(r"\A---\s*\n(.*?)\n---\s*\n(.*)\Z", re.DOTALL)
_HEADING = re.compile(r"^##\s+(.+?)\s*$", re.MULTILINE)
_MARK = re.compile(r"\s*\[\^([^\]\s]+)\]")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DATE = re.compile(r"\d{4}(?:-(\d{2})(?:-(\d{2}))?)?")
# "Call 911", "拨打120": a number to ring is no figure that needs a source.
_PHONE = re.compile(
    r"(?:\b(?:call|dial|ring|text|phone)\b|拨打|呼叫|打)[^\d.。]{0,30}\d{3,5}(?:\D{1,4}\d{3,5})*",
    re.I,
)
_VERDICT = re.compile(
    r"(?:yes|no|(?:usually|mostly|probably) not|not (?:always|usually|necessarily)"
    r"|it depends(?: on [^.:,]{1,20})?)[:,]"
    r"|(?:是的|不是|不一定|会|不会|能|不能|可以|不可以|对|不对|有|没有|要|不要|不用|不必)[，：。]",
    re.IGNORECASE,
)
_LIST_LEAD = re.compile(r"^\s*(?:[-*+•]|\d+[.)、])\s+", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as written: checked front matter and its sections (heading, body with marks)."""

    slug: str
    lang: Lang
    title: str
    topics: tuple[str, ...]
    sources: Mapping[str, Source]
    reviewed: str
    licence: str
    sections: tuple[tuple[str, str], ...]


def split_front_matter(text: str) -> tuple[str | None, str]:
    """The YAML between the first two ``---`` lines (None when there is none) and the rest."""
    found = _FRONT.match(text.replace("\r\n", "\n").removeprefix("\ufeff"))
    return (found[1], found[2]) if found else (None, text)


def read_page(path: Path) -> Page:
    """Read one page and check it whole; raises PageError with every complaint about it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PageError(f"{path}: cannot be read as UTF-8 text ({error})") from error
    front, body = split_front_matter(text)
    if front is None:
        raise PageError(
            f"{path}: front matter: missing; start the file with --- and end it with ---"
        )
    fields = _yaml(path, front)
    sections = sections_of(body)
    complaints = [*_field_complaints(fields, path), *_source_complaints(fields)]
    complaints += _body_complaints(fields, sections)
    if complaints:
        raise PageError("\n".join(f"{path}: {complaint}" for complaint in complaints))
    return Page(
        slug=fields["id"],
        lang=cast("Lang", fields["lang"]),
        title=str(fields["title"]),
        topics=tuple(str(t) for t in fields["topics"]),
        sources={s["id"]: _source(s) for s in fields["sources"]},
        reviewed=str(fields["reviewed"]),
        licence=fields["licence"],
        sections=tuple(sections),
    )


def record_of(page: Page, *, path: str = "") -> Record:
    """The page as chunks: marks resolved to sources and taken out of the text."""
    return Record(
        doc=f"{page.lang}/{page.slug}",
        group=page.slug,
        lang=page.lang,
        title=page.title,
        chunks=tuple(chunks_of(page.sections, list(page.sources))),
        sources=tuple(page.sources.values()),
        reviewed=page.reviewed,
        licence=page.licence,
        topics=page.topics,
        origin="pages",
        path=path,
    )


def chunks_of(sections: tuple[tuple[str, str], ...], source_ids: list[str]) -> Iterator[Chunk]:
    """Cut sections into chunks; a chunk carries the sources that its own sentences name."""
    position = 0
    for heading, body in sections:
        for piece in split(body):
            named = dict.fromkeys(_MARK.findall(piece))
            marks = tuple(source_ids.index(m) for m in named if m in source_ids)
            yield Chunk(
                position=position, section=heading, text=_MARK.sub("", piece).strip(), marks=marks
            )
            position += 1


def page_files(folder: Path) -> list[Path]:
    """Every ``<lang>/<slug>.md`` below the folder, in a fixed order."""
    return sorted(p for p in folder.glob("*/*.md") if p.is_file())


def check_pages(folder: Path) -> list[str]:
    """All complaints about all pages, translations included; empty means all is well."""
    complaints: list[str] = []
    seen: dict[str, set[str]] = {}
    for path in page_files(folder):
        try:
            page = read_page(path)
        except PageError as error:
            complaints += str(error).splitlines()
            continue
        seen.setdefault(page.slug, set()).add(page.lang)
    for slug, langs in sorted(seen.items()):
        complaints += [
            f"{folder / lang / slug}.md: page: missing; write the {lang} page beside its twin"
            for lang in ("en", "zh")
            if lang not in langs and not (folder / lang / f"{slug}.md").exists()
        ]
    if not page_files(folder):
        complaints.append(f"{folder}: pages: none found; expected <lang>/<slug>.md files")
    return complaints


def sections_of(body: str) -> list[tuple[str, str]]:
    """(heading, text) of every ``##`` section; text before the first heading has no heading."""
    parts = _HEADING.split(body)
    found = [("", parts[0].strip())] if parts[0].strip() else []
    found += [(h.strip(), t.strip()) for h, t in zip(parts[1::2], parts[2::2], strict=True)]
    return found


def is_date(value: object) -> bool:
    """Whether the value is a real ISO date: YYYY, YYYY-MM or YYYY-MM-DD."""
    text = str(value)
    found = _DATE.fullmatch(text)
    if not found:
        return False
    try:
        date(int(text[:4]), int(found[1] or 1), int(found[2] or 1))
    except ValueError:
        return False
    return True


def is_url(value: object) -> bool:
    """Whether the value is an absolute http(s) address without blanks."""
    return isinstance(value, str) and bool(
        re.fullmatch(r"https?://[^\s/]+\.[^\s/]+(?:/\S*)?", value)
    )


def parse_yaml(text: str) -> object:
    """Safe YAML in which dates stay the text they were written as; raises yaml.YAMLError."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Knows no timestamps: YAML's would fail on 2026-02-30 without naming the field."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:timestamp"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load(text, Loader)  # noqa: S506 - a SafeLoader


def _yaml(path: Path, front: str) -> dict[str, Any]:
    import yaml

    try:
        fields = parse_yaml(front)
    except yaml.YAMLError as error:
        line = str(error).replace("\n", " ")
        raise PageError(
            f"{path}: front matter: is not valid YAML; quote the value ({line})"
        ) from error
    if not isinstance(fields, dict):
        raise PageError(f"{path}: front matter: must be 'field: value' lines")
    return fields


def _source(fields: Mapping[str, Any]) -> Source:
    return Source(
        organisation=str(fields["organisation"]),
        title=str(fields["title"]),
        url=str(fields["url"]),
        date=str(fields.get("date") or ""),
    )


def _field_complaints(fields: Mapping[str, Any], path: Path) -> Iterator[str]:
    slug, lang, topics = fields.get("id"), fields.get("lang"), fields.get("topics")
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
        yield "id: must be lower-case words joined by hyphens"
    elif slug != path.stem:
        yield f"id: is {slug!r} but the file is {path.stem!r}; make them equal"
    if lang not in ("en", "zh"):
        yield "lang: must be en or zh"
    elif path.parent.name in ("en", "zh") and lang != path.parent.name:
        yield f"lang: is {lang!r} but the folder is {path.parent.name!r}; make them equal"
    yield from _review_complaints(fields)
    if not isinstance(fields.get("title"), str) or not str(fields["title"]).strip():
        yield "title: must be a text; quote it if it holds a colon"
    if not isinstance(topics, list) or not topics or any(t is None or t == "" for t in topics):
        yield "topics: must be a list of search words, such as [sleep, insomnia]"


def _review_complaints(fields: Mapping[str, Any]) -> Iterator[str]:
    if not is_date(fields.get("reviewed")) or len(str(fields.get("reviewed"))) != 10:
        yield "reviewed: must be the date of the last review, YYYY-MM-DD"
    if fields.get("licence") not in LICENCES:
        yield f"licence: must be one of {', '.join(sorted(LICENCES))}"
    if fields.get("clinician_review") not in REVIEW_STATES:
        yield f"clinician_review: must be one of {', '.join(sorted(REVIEW_STATES))}"


def _source_complaints(fields: Mapping[str, Any]) -> Iterator[str]:
    sources = fields.get("sources")
    if not isinstance(sources, list) or not sources:
        yield "sources: must list at least one source with id, organisation, title, url and date"
        return
    seen: set[str] = set()
    for number, source in enumerate(sources, 1):
        where = f"sources[{number}]"
        if not isinstance(source, dict):
            yield f"{where}: must be 'field: value' lines"
            continue
        name = source.get("id")
        if not isinstance(name, str) or not _SLUG.fullmatch(name) or name in seen:
            yield f"{where}.id: must be lower-case words joined by hyphens, each id once"
        seen.add(str(name))
        yield from (f"{where}.{complaint}" for complaint in _citation_complaints(source))


def _citation_complaints(source: Mapping[str, Any]) -> Iterator[str]:
    for field in ("organisation", "title"):
        if not isinstance(source.get(field), str) or not source[field].strip():
            yield f"{field}: must be a text"
    if not is_url(source.get("url")):
        yield "url: must be an http(s) address"
    if not is_date(source.get("date")):
        yield "date: must be YYYY, YYYY-MM or YYYY-MM-DD"


def _body_complaints(fields: Mapping[str, Any], sections: list[tuple[str, str]]) -> Iterator[str]:
    sources = fields.get("sources")
    defined = (
        [s.get("id") for s in sources if isinstance(s, dict)] if isinstance(sources, list) else []
    )
    used = {mark for _, body in sections for mark in _MARK.findall(body)}
    yield from (f"body: [^{m}] is not among the sources; add it or mend the mark"
                for m in sorted(used - {str(d) for d in defined}))  # fmt: skip
    yield from (f"sources: {d!r} is never used; mark a sentence with [^{d}] or remove it"
                for d in defined if d not in used)  # fmt: skip
    if sections and not sections[0][0]:
        yield "body: text stands before the first ## heading; give it a heading"
    headed = [(h, b) for h, b in sections if h]
    if len(headed) < MIN_SECTIONS:
        yield f"body: has {len(headed)} sections; write at least {MIN_SECTIONS}"
    for heading, body in headed:
        yield from _section_complaints(heading, body)


def _section_complaints(heading: str, body: str) -> Iterator[str]:
    if not heading.endswith(("?", "？")):
        yield f"section {heading!r}: the heading must be a question"
    if not _MARK.search(body):
        yield f"section {heading!r}: has no source mark; add [^source-id]"
    if verdict := _VERDICT.match(body):
        yield (
            f"section {heading!r}: begins with {verdict[0]!r}; a sentence is quoted under other"
            " questions too, so let it say the whole"
        )
    for sentence in (s for line in _LIST_LEAD.sub("", body).split("\n") for s in sentences(line)):
        figures = re.search(r"\d", _PHONE.sub("", _MARK.sub("", sentence)))
        if figures and not _MARK.search(sentence):
            yield f"section {heading!r}: a figure has no source mark: {sentence[:60]!r}"
