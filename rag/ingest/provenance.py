"""Where documents come from: fields as people name them, side-car files, and what is missing.

A side-car ``NAME.meta.yaml`` beside a file (``leaflet.pdf`` has ``leaflet.pdf.meta.yaml`` or
``leaflet.meta.yaml``) says what the file itself does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rag.documents import Record
from rag.ingest.clean import clean_line
from rag.ingest.dates import full_date, iso_date
from rag.ingest.errors import MetadataError
from rag.ingest.values import Document, Provenance
from rag.pages import is_url, parse_yaml
from rag.types import Source

SIDECAR = ".meta.yaml"
_MOST = 64 * 1024  # characters of YAML; more is no metadata

# Our name of a field, and the names people give it; compared without case, blanks, - and _.
ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "qid", "key", "identifier", "编号", "序号"),
    "question": ("question", "q", "query", "ask", "prompt", "问题", "提问", "问"),
    "answer": ("answer", "text", "a", "response", "reply", "content", "body",
               "回答", "答案", "答", "内容", "正文"),
    "title": ("title", "focus", "topic", "subject", "heading", "section", "标题", "主题", "题目"),
    "organisation": ("organisation", "organization", "source", "publisher", "author", "site",
                     "来源", "机构", "出处", "发布机构"),
    "url": ("url", "link", "sourceurl", "href", "address", "网址", "链接"),
    "licence": ("licence", "license", "rights", "许可", "许可证", "授权", "版权"),
    "published": ("published", "date", "updated", "modified", "datepublished", "publishedat",
                  "日期", "发布日期", "更新日期"),
    "reviewed": ("reviewed", "lastreviewed", "reviewdate", "reviewedat", "审核日期", "复核日期"),
    "lang": ("lang", "language", "语言"),
    "topics": ("topics", "tags", "keywords", "标签", "关键词"),
}  # fmt: skip
_NAMES = {name: ours for ours, names in ALIASES.items() for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a side-car or front matter says about a document; empty where it is silent."""

    id: str = ""
    title: str = ""
    lang: str = ""
    topics: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)


def named(name: object) -> str:
    """Our name of a column or field, empty when it is none of ours."""
    plain = str(name).strip().strip("\ufeff").casefold()
    return _NAMES.get(plain.replace(" ", "").replace("_", "").replace("-", ""), "")


def canonical(row: Mapping[str, object]) -> dict[str, object]:
    """The fields of a row under our names; of two with one meaning the better name wins."""
    found: dict[str, tuple[int, object]] = {}
    for name, value in row.items():
        ours = named(name)
        if not ours or value is None or value == "":
            continue
        plain = str(name).strip().casefold().replace(" ", "").replace("_", "").replace("-", "")
        rank = ALIASES[ours].index(plain) if plain in ALIASES[ours] else 0
        if ours not in found or rank < found[ours][0]:
            found[ours] = (rank, value)
    return {ours: value for ours, (_, value) in found.items()}


def read_yaml(text: str) -> dict[str, object]:
    """Plain ``field: value`` YAML; raises MetadataError. Aliases, which can swell, are refused."""
    import yaml

    if len(text) > _MOST:
        raise MetadataError(field="yaml", fault="longer than 64 KB")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise MetadataError(field="yaml", fault="aliases (*name) are not allowed")
        fields = parse_yaml(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        line = " ".join(str(error).split())[:200]
        raise MetadataError(field="yaml", fault=f"not valid; quote the value ({line})") from error
    if not isinstance(fields, dict):
        raise MetadataError(field="yaml", fault="must be 'field: value' lines")
    return {str(name): value for name, value in fields.items()}


def metadata(fields: Mapping[str, object]) -> Metadata:
    """The fields that describe a document; those of another shape are left out."""
    ours = canonical(fields)
    return Metadata(
        id=_text(ours.get("id")),
        title=_text(ours.get("title")),
        lang=_text(ours.get("lang")).lower(),
        topics=_texts(ours.get("topics")),
        provenance=provenance_of(ours),
    )


def provenance_of(ours: Mapping[str, object]) -> Provenance:
    """The provenance in fields under our names."""
    url = _text(ours.get("url"))
    return Provenance(
        organisation=_text(ours.get("organisation")),
        url=url if is_url(url) else "",
        licence=_text(ours.get("licence")),
        published=iso_date(ours.get("published")),
        reviewed=full_date(ours.get("reviewed")),
    )


def sidecar_of(path: Path) -> Metadata | None:
    """What the side-car of a file says, None without one; raises MetadataError."""
    for name in (f"{path.name}{SIDECAR}", f"{path.stem}{SIDECAR}"):
        beside = path.with_name(name)
        if not beside.is_file():
            continue
        try:
            text = beside.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise MetadataError(field=name, fault="cannot be read as UTF-8 text") from error
        fields = read_yaml(text)
        unknown = [key for key in fields if not named(key)]
        if unknown:
            raise MetadataError(field=", ".join(map(str, unknown))[:200], fault="unknown field")
        return metadata(fields)
    return None


def told(document: Document, said: Metadata, *, first: bool) -> Document:
    """The document with what a side-car says; ``first``: it also overrides what is known."""
    strong, weak = (said.provenance, document.provenance)
    if not first:
        strong, weak = weak, strong
    return replace(
        document,
        id=(said.id or document.id) if first else document.id,
        title=(said.title or document.title) if first else document.title or said.title,
        lang=(said.lang or document.lang) if first else document.lang or said.lang,
        topics=document.topics or said.topics,
        provenance=filled(strong, weak),
    )


def filled(strong: Provenance, weak: Provenance) -> Provenance:
    """The first provenance with its gaps filled from the second."""
    return Provenance(
        organisation=strong.organisation or weak.organisation,
        url=strong.url or weak.url,
        licence=strong.licence or weak.licence,
        published=strong.published or weak.published,
        reviewed=strong.reviewed or weak.reviewed,
    )


def missing_fields(
    *, sources: Iterable[Source], url: str, licence: str, reviewed: str
) -> tuple[str, ...]:
    """Which of organisation, url, licence and date are unknown, in this order."""
    known = list(sources)
    have = {
        "organisation": any(s.organisation.strip() for s in known),
        "url": bool(url) or any(s.url for s in known),
        "licence": bool(licence.strip()),
        "date": bool(reviewed) or any(s.date for s in known),
    }
    return tuple(name for name, there in have.items() if not there)


def missing_provenance(document: Record) -> tuple[str, ...]:
    """What a document lacks before it may be published; empty when nothing."""
    return missing_fields(
        sources=document.sources,
        url=document.url,
        licence=document.licence,
        reviewed=document.reviewed,
    )


def _text(value: object) -> str:
    return clean_line(str(value)) if isinstance(value, str | int | float) else ""


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(text for text in map(_text, value) if text)
    parts = _text(value).replace("；", ";").replace("，", ",").replace(";", ",").split(",")
    return tuple(part.strip() for part in parts if part.strip())
