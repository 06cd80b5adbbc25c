"""HTML pages: the main content as trafilatura finds it, with headings, lists and tables."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Any

from rag.ingest.clean import clean_line
from rag.ingest.dates import iso_date
from rag.ingest.encoding import decode
from rag.ingest.errors import BrokenError, EmptyError, EncodingError, TooDeepError
from rag.ingest.markup import is_hidden, sections_of_tree
from rag.ingest.values import Document, Limits, Provenance, Section

if TYPE_CHECKING:
    from rag.ingest.markup import Element

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]{2,20})", re.IGNORECASE)
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,200}\?>")
_KNOWN = frozenset({"utf-8", "gb2312", "gbk", "gb18030", "big5", "cp1252", "iso8859-1"})
# Trafilatura's choice is taken unless it leaves out most of what the page says.
_SHARE = 0.3
_ENOUGH = 200


def read_html(data: bytes, limits: Limits) -> list[Document]:
    """The one document of a page; raises an IngestError when there is none."""
    tree = parse_html(_decoded(data), limits)
    whole = sections_of_tree(tree, limits.depth)
    body, meta = _main_content(tree)
    chosen = sections_of_tree(body, limits.depth) if body is not None else []
    size, most = _size(chosen), _size(whole)
    sections = chosen if size >= min(_ENOUGH, most) and size >= _SHARE * most else whole
    title = _title(tree, meta)
    return [
        Document(
            title=title,
            sections=tuple(_below(title, sections)),
            lang=str(tree.get("lang") or "")[:2].lower(),
            provenance=_provenance(meta),
        )
    ]


def parse_html(text: str, limits: Limits) -> Element:
    """The tree of a page, nothing fetched, hidden parts still in it; raises an IngestError."""
    from lxml import etree, html  # type: ignore[import-untyped]

    parser = html.HTMLParser(remove_comments=True, remove_pis=True, no_network=True)
    try:
        tree = html.document_fromstring(_DECLARATION.sub("", text), parser=parser)
    except etree.ParserError as error:
        raise EmptyError from error
    except (ValueError, AssertionError) as error:
        raise BrokenError(kind="HTML") from error
    _refuse_depth(tree, limits.depth)
    found: Element = tree
    return found


def fragment_sections(text: str, limits: Limits) -> list[Section]:
    """The sections of a piece of HTML, such as a summary inside an XML file."""
    if not text.strip():
        return []
    return sections_of_tree(parse_html(f"<div>{text}</div>", limits), limits.depth)


def _decoded(data: bytes) -> str:
    """UTF-8 when it is valid, which no other text is by chance; then as declared."""
    declared = _CHARSET.search(data[:4096])
    text, encoding = _guessed(data)
    if declared is not None and encoding != "utf-8":
        try:
            name = codecs.lookup(declared[1].decode("ascii")).name
            if name in _KNOWN:
                return data.decode("gb18030" if name.startswith("gb") else name)
        except (LookupError, UnicodeDecodeError):
            pass  # a wrong declaration: the bytes decide
    if not encoding:
        raise EncodingError
    return text


def _guessed(data: bytes) -> tuple[str, str]:
    try:
        return decode(data)
    except EncodingError:
        return "", ""


def _refuse_depth(tree: Element, limit: int) -> None:
    """Walk without recursion, so that depth itself cannot break the check."""
    waiting = [(tree, 1)]
    while waiting:
        element, depth = waiting.pop()
        if depth > limit:
            raise TooDeepError(limit=str(limit))
        waiting += [(child, depth + 1) for child in element]


def _main_content(tree: Element) -> tuple[Element | None, dict[str, str]]:
    from copy import deepcopy

    from trafilatura import bare_extraction

    seen: Any = deepcopy(tree)
    for element in [e for e in seen.iter() if e is not seen and is_hidden(e)]:
        if element.getparent() is not None:
            element.drop_tree()
    found: Any = bare_extraction(
        seen,
        include_tables=True,
        include_comments=False,
        include_formatting=True,
        favor_recall=True,
        with_metadata=True,
        date_extraction_params={"extensive_search": False, "original_date": False},
    )
    if found is None:
        return None, {}
    names = ("title", "sitename", "url", "date", "license")
    return found.body, {name: str(getattr(found, name, None) or "") for name in names}


def _title(tree: Element, meta: dict[str, str]) -> str:
    headings = tree.xpath("//h1")
    if len(headings) == 1:
        text = clean_line(str(headings[0].text_content()))
        if text:
            return text
    return clean_line(meta.get("title") or "".join(tree.xpath("//title//text()")))


def _provenance(meta: dict[str, str]) -> Provenance:
    url = meta.get("url", "")
    return Provenance(
        organisation=clean_line(meta.get("sitename", "")),
        url=url if url.startswith(("https://", "http://")) else "",
        licence=clean_line(meta.get("license", "")),
        published=iso_date(meta.get("date", "")),
    )


def _below(title: str, sections: list[Section]) -> list[Section]:
    """The sections with the title left out of their heading paths."""
    return [
        Section(path=s.path[1:], text=s.text, page=s.page)
        if s.path and s.path[0].casefold() == title.casefold()
        else s
        for s in sections
    ]


def _size(sections: list[Section]) -> int:
    return sum(len(section.text) for section in sections)
