"""HTML to sections: headings, paragraphs, lists and tables kept, everything else left behind.

Works on lxml trees, whether parsed from a page, made from a DOCX, or chosen by trafilatura,
whose own tag names it knows. Scripts, forms, navigation and hidden elements never come through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Protocol

from rag.ingest.clean import clean_line
from rag.ingest.errors import TooDeepError
from rag.ingest.values import Section

_DROPPED = frozenset(
    """script style noscript template iframe object embed applet button input select textarea
    nav aside footer svg math canvas audio video img link meta title dialog del graphic
    comment""".split()
)
_HEADINGS = {f"h{i}": i for i in range(1, 7)}
_LISTS = frozenset({"ul", "ol", "menu", "list"})
_ITEMS = frozenset({"li", "item"})
_BLOCKS = frozenset(
    """p div section article main body html header blockquote quote pre address details summary
    dl dt dd fieldset form figure figcaption center hr""".split()
)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0*)?(?![.\d])"
    r"|font-size\s*:\s*0(?![.\d])|(?:left|top|text-indent)\s*:\s*-\d{3,}",
    re.IGNORECASE,
)


class Element(Protocol):
    """What is used of an lxml element, which comes without types."""

    tag: Any  # a str; something else for comments and processing instructions
    text: str | None
    tail: str | None

    def get(self, key: str) -> str | None: ...
    def xpath(self, path: str) -> list[Any]: ...
    def __iter__(self) -> Iterator[Element]: ...


class Walker:
    """Walks one tree and gathers its sections; use ``sections_of_tree``."""

    def __init__(self, limit: int) -> None:
        """``limit`` is how deep elements may be nested."""
        self.sections: list[Section] = []
        self._limit = limit
        self._path: list[tuple[int, str]] = []
        self._blocks: list[str] = []
        self._inline: list[str] = []

    def walk(self, element: Element, depth: int = 0) -> None:
        """Take in an element with all below it, but not its tail."""
        if depth > self._limit:
            raise TooDeepError(limit=str(self._limit))
        tag = _tag(element)
        if tag in _DROPPED or is_hidden(element):
            return
        level = _level(element, tag)
        if level:
            self._heading(level, _flat(element, self._limit))
        elif tag in _LISTS:
            self._flush()
            self._block("\n".join(_list_lines(element, 0, self._limit)))
        elif tag == "table":
            self._flush()
            self._table(element, depth)
        elif tag in {"br", "lb"}:
            self._inline.append("\n")
        else:
            self._container(element, tag, depth)

    def finish(self) -> list[Section]:
        """The sections so far, the last one closed."""
        self._close()
        return self.sections

    def _container(self, element: Element, tag: str, depth: int) -> None:
        block = tag in _BLOCKS
        if block:
            self._flush()
        self._inline.append(element.text or "")
        for child in element:
            self.walk(child, depth + 1)
            self._inline.append(child.tail or "")
        if block:
            self._flush()

    def _heading(self, level: int, text: str) -> None:
        self._flush()
        if not text:
            return
        self._close()
        self._path = [(n, t) for n, t in self._path if n < level]
        self._path.append((level, text))

    def _table(self, element: Element, depth: int) -> None:
        """A table of data as rows; a table that only lays out a page as its cells' content."""
        rows = [[_flat(cell, self._limit) for cell in _cells(row)] for row in _rows(element)]
        rows = [row for row in rows if any(row)]
        if not rows or max(map(len, rows)) == 1 or element.xpath(".//table"):
            for row in _rows(element):
                for cell in _cells(row):
                    self._container(cell, "div", depth + 1)
            return
        self._block("\n".join(table_lines(rows)))

    def _flush(self) -> None:
        text = " ".join("".join(self._inline).replace("\n", " \n ").split(" "))
        self._inline.clear()
        lines = (clean_line(line) for line in text.split("\n"))
        self._block("\n".join(line for line in lines if line))

    def _block(self, text: str) -> None:
        if text.strip():
            self._blocks.append(text)

    def _close(self) -> None:
        self._flush()
        if self._blocks:
            path = tuple(text for _, text in self._path)
            self.sections.append(Section(path=path, text="\n\n".join(self._blocks)))
            self._blocks = []


def sections_of_tree(root: Element, limit: int) -> list[Section]:
    """The sections of an lxml tree; raises TooDeepError beyond ``limit`` levels."""
    walker = Walker(limit)
    walker.walk(root)
    return walker.finish()


def table_lines(rows: list[list[str]]) -> list[str]:
    """Rows of cells as a Markdown table whose first row is the header."""
    width = max(map(len, rows))
    lines = ["| " + " | ".join(_cell(c) for c in row + [""] * (width - len(row))) + " |"
             for row in rows]  # fmt: skip
    lines.insert(1, "|" + " --- |" * width)
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "/")  # a bar inside a cell would end it


def _tag(element: Element) -> str:
    tag = element.tag
    if not isinstance(tag, str):
        return "comment"  # comments and processing instructions
    return tag.rpartition("}")[2].lower()


def _level(element: Element, tag: str) -> int:
    if tag == "head":  # trafilatura's heading; HTML's own <head> has no rend
        return _HEADINGS.get(str(element.get("rend")), 2) if element.get("rend") else 0
    return _HEADINGS.get(tag, 0)


def is_hidden(element: Element) -> bool:
    """Whether a browser would not show the element, or it is a comment."""
    if not isinstance(element.tag, str):
        return True
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    style = element.get("style")
    return bool(style and _HIDDEN.search(style))


def _flat(element: Element, limit: int) -> str:
    """All visible text of an element on one line."""
    parts: list[str] = []
    _gather(element, parts, limit)
    return clean_line("".join(parts))


def _gather(element: Element, parts: list[str], left: int) -> None:
    if left < 0:
        raise TooDeepError(limit="0")
    if _tag(element) in _DROPPED or is_hidden(element):
        return
    apart = _tag(element) in _BLOCKS | _ITEMS | {"br", "lb", "td", "th", "cell", "tr", "row"}
    parts.append(" " if apart else "")
    parts.append(element.text or "")
    for child in element:
        _gather(child, parts, left - 1)
        parts.append(child.tail or "")
    parts.append(" " if apart else "")


def _list_lines(element: Element, indent: int, left: int) -> list[str]:
    """The items of a list as lines, lists inside it indented."""
    if left < 0:
        raise TooDeepError(limit="0")
    lines: list[str] = []
    for item in element:
        tag = _tag(item)
        if tag in _LISTS:
            lines += _list_lines(item, indent + 2, left - 1)
            continue
        if tag in _DROPPED or is_hidden(item):
            continue
        inner = [child for child in item if _tag(child) in _LISTS]
        own = _own_text(item, left)
        if own:
            lines.append(f"{' ' * min(indent, 8)}- {own}")
        for child in inner:
            lines += _list_lines(child, indent + 2, left - 1)
    return lines


def _own_text(item: Element, left: int) -> str:
    """The text of a list item without the lists inside it."""
    parts = [item.text or ""]
    for child in item:
        if _tag(child) not in _LISTS:
            _gather(child, parts, left - 1)
        parts.append(child.tail or "")
    return clean_line(" ".join(parts) if len(parts) == 1 else "".join(parts))


def _rows(table: Element) -> list[Element]:
    found: list[Element] = []
    for child in table:
        tag = _tag(child)
        if tag in ("tr", "row"):
            found.append(child)
        elif tag in ("thead", "tbody", "tfoot"):
            found += [row for row in child if _tag(row) in ("tr", "row")]
    return found


def _cells(row: Element) -> list[Element]:
    return [cell for cell in row if _tag(cell) in ("td", "th", "cell") and not is_hidden(cell)]
