"""What two revisions of one document differ in: facts, passages and, inside them, words.

English is compared by words, Chinese by characters, both with their white space and marks, so
that the pieces put together are the texts again. Pure functions over plain values.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from rag.reading import DocumentText, PassageText
from rag.tokens import terms
from rag.types import Source

Kind = Literal["added", "changed", "removed"]
PieceKind = Literal["same", "added", "removed"]
ALIKE = 0.35  # share of equal words from which two passages are one that was changed
LOOKED_AT = 40  # old passages that a new one is compared with
MOST_WORDS = 3000  # words of a passage compared one by one; beyond it old stands beside new
FACTS = ("title", "lang", "url", "reviewed", "licence", "topics", "sources", "path")
_WORDS = re.compile(r"[㐀-鿿]|[^\W㐀-鿿]+|\s+|.", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Words that stand in both texts, or in one of them."""

    kind: PieceKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageChange:
    """One passage. ``pieces`` of a changed one mix old and new words in reading order."""

    kind: Literal["same", "added", "changed", "removed"]
    section: str
    pieces: tuple[Piece, ...]
    before: str = ""  # passage ids
    after: str = ""
    section_before: str = ""  # only where the heading changed


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChange:
    """Something said about the document that changed; ``name`` is one of FACTS."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentDiff:
    """One document of a draft against the published version; either side may be empty."""

    doc: str
    kind: Kind | Literal["same"]
    title: str
    before: tuple[DocumentText, ...]
    after: tuple[DocumentText, ...]
    facts: tuple[FactChange, ...]
    passages: tuple[PassageChange, ...]


def compare(
    doc: str, before: Sequence[DocumentText], after: Sequence[DocumentText]
) -> DocumentDiff:
    """What happened to a document; several texts under one id are read as one."""
    kind: Kind | Literal["same"] = "same"
    if [d.rev for d in before] != [d.rev for d in after]:
        kind = "added" if not before else "removed" if not after else "changed"
    told = (*after, *before)
    return DocumentDiff(
        doc=doc, kind=kind, title=told[0].title if told else doc, before=tuple(before),
        after=tuple(after), facts=tuple(_facts(before, after)) if kind == "changed" else (),
        passages=tuple(_passages(before, after)),
    )  # fmt: skip


def words(before: str, after: str) -> tuple[Piece, ...]:
    """The two texts as pieces; neighbours of one kind are one piece."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(old), len(new)) > MOST_WORDS:
        return tuple(_whole(before, after))
    found: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Piece(kind="same", text="".join(old[a:b])))
            continue
        found += _whole("".join(old[a:b]), "".join(new[c:d]))
    return tuple(found)


def _whole(before: str, after: str) -> Iterator[Piece]:
    if before:
        yield Piece(kind="removed", text=before)
    if after:
        yield Piece(kind="added", text=after)


def _facts(before: Sequence[DocumentText], after: Sequence[DocumentText]) -> Iterator[FactChange]:
    for name in FACTS:
        was = "; ".join(dict.fromkeys(_said(d, name) for d in before))
        now = "; ".join(dict.fromkeys(_said(d, name) for d in after))
        if was != now:
            yield FactChange(name=name, before=was, after=now)


def _said(document: DocumentText, name: str) -> str:
    if name == "sources":
        return " · ".join(map(source_line, document.sources))
    if name == "topics":
        return ", ".join(document.topics)
    return str(getattr(document, name))


def source_line(source: Source) -> str:
    """A source in one line."""
    parts = (source.organisation, source.title, source.url, source.date)
    return ", ".join(part for part in parts if part)


def _passages(
    before: Sequence[DocumentText], after: Sequence[DocumentText]
) -> Iterator[PassageChange]:
    old = [p for document in before for p in document.passages]
    new = [p for document in after for p in document.passages]
    was_keys, now_keys = ([(p.section, p.text) for p in side] for side in (old, new))
    for tag, a, b, c, d in SequenceMatcher(None, was_keys, now_keys, autojunk=False).get_opcodes():
        if tag == "equal":
            for was, now in zip(old[a:b], new[c:d], strict=True):
                piece = Piece(kind="same", text=now.text)
                yield PassageChange(kind="same", section=now.section, pieces=(piece,),
                                    before=was.id, after=now.id)  # fmt: skip
        else:
            yield from _replaced(old[a:b], new[c:d])


def _replaced(old: Sequence[PassageText], new: Sequence[PassageText]) -> Iterator[PassageChange]:
    """Each new passage takes the first old one that it resembles; the others came or went."""
    free = [(passage, Counter(terms(passage.text))) for passage in old]
    for now in new:
        said = Counter(terms(now.text))
        near = enumerate(free[:LOOKED_AT])
        place = next((i for i, (_, before) in near if _alike(before, said)), -1)
        if place < 0:
            yield _one("added", now)
            continue
        for gone, _ in free[:place]:
            yield _one("removed", gone)
        was = free[place][0]
        del free[: place + 1]
        moved = was.section if was.section != now.section else ""
        yield PassageChange(
            kind="changed", section=now.section, section_before=moved,
            pieces=words(was.text, now.text), before=was.id, after=now.id,
        )  # fmt: skip
    for gone, _ in free:
        yield _one("removed", gone)


def _one(kind: Literal["added", "removed"], passage: PassageText) -> PassageChange:
    piece = Piece(kind=kind, text=passage.text)
    ids = {"after" if kind == "added" else "before": passage.id}
    return PassageChange(kind=kind, section=passage.section, pieces=(piece,), **ids)


def _alike(before: Counter[str], after: Counter[str]) -> bool:
    """Whether two passages share enough words, whatever their order: a passage whose sentences
    were moved is still the same one, and comparing orders costs the square of the length."""
    both = sum((before & after).values())
    return 2 * both >= ALIKE * (before.total() + after.total())
