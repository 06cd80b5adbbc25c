"""Where a sentence ends, in English and Chinese, without changing a character.

Marks such as ``[1]``, ``[1][2]``, ``[1, 2]`` or ``【1】`` belong to the sentence they
follow, also when they stand after its full stop. A line break always ends a sentence, so
list items are sentences of their own; their bullet or number stays outside the sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Sentence", "complete_sentences", "parse_sentences", "split_sentences"]

_BULLET = re.compile(
    r"[ \t\u3000]*(?:[-*•·●–—][ \t\u3000]+|#{1,6}[ \t]+|>[ \t]*|\(?\d{1,2}[.)、][ \t\u3000]+"
    r"|\d{1,2}、|[（(][一二三四五六七八九十\d]{1,2}[)）][ \t]*)?"
)
_STOP = re.compile(r"[.!?…]+|[。！？]+")
_CLOSERS = "\"'”’)]）」』》*_"
_MARK_AT = re.compile(r"[ \t\u3000]{0,3}(?:\[\^?[^\[\]\n]{1,80}\](?!\()|【[^【】\n]{1,80}】)")
_ABBREVIATIONS = frozenset(
    "dr mr mrs ms prof st vs etc eg ie e.g i.e approx no fig al inc ltd dept est min max vol ca "
    "cf jan feb mar apr jun jul aug sep sept oct nov dec mt jr sr ph.d m.d u.s u.k a.m p.m".split()
)
# These often do end a sentence; they only do not when a lower-case word or digit follows.
_SOFT = frozenset("etc a.m p.m u.s u.k no min max inc ltd st al".split())
_LONGEST = 1000  # characters; a longer stretch without an end is cut, so that work stays linear
_WORD_BEFORE = re.compile(r"[A-Za-z][A-Za-z.]{0,11}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence with its place in the text: ``text == whole[start:end]``.

    ``paragraph`` counts blocks separated by an empty line; ``item`` is True for a list item.
    """

    text: str
    start: int
    end: int
    paragraph: int
    item: bool


def parse_sentences(text: str) -> list[Sentence]:
    """All sentences of ``text`` in order; linear in its length, never fails."""
    found: list[Sentence] = []
    paragraph, position = 0, 0
    for line in text.splitlines(keepends=True):
        if not line.strip():
            paragraph += 1
        found += _line_sentences(line.rstrip(), position, paragraph)
        position += len(line)
    return found


def split_sentences(text: str) -> list[str]:
    """The sentences of ``text`` as strings, bullets removed, everything else untouched."""
    return [sentence.text for sentence in parse_sentences(text)]


def complete_sentences(text_so_far: str) -> tuple[list[str], str]:
    """What of a growing text is certainly finished, and the raw rest.

    Each piece is a sentence with what stands before it: spaces, line breaks, a bullet. Pieces and
    rest together are the text, so whoever leaves out one can join the others as they stood.
    A sentence is finished once something that is not a citation mark follows it: at the
    very end a ``[1]`` or a decimal could still come.
    """
    sentences = parse_sentences(text_so_far)
    if not sentences:
        return [], text_so_far
    last = sentences[-1]
    if "\n" not in text_so_far[last.end :]:
        sentences.pop()
        if sentences and last.text[0] in "[【":
            sentences.pop()  # its mark is still being written
    pieces: list[str] = []
    position = 0
    for sentence in sentences:
        pieces.append(text_so_far[position : sentence.end])
        position = sentence.end
    return pieces, text_so_far[position:]


def _line_sentences(line: str, offset: int, paragraph: int) -> list[Sentence]:
    bullet = _BULLET.match(line)
    start = bullet.end() if bullet else 0
    item = bool(line[:start].strip())
    found: list[Sentence] = []
    for stop in _cut(line, start, _ends(line, start)):
        piece = line[start:stop]
        lead = len(piece) - len(piece.lstrip())
        body = piece.strip()
        if body:
            begin = offset + start + lead
            found.append(
                Sentence(
                    text=body, start=begin, end=begin + len(body), paragraph=paragraph, item=item
                )
            )
        start = stop
    return found


def _ends(line: str, start: int) -> list[int]:
    """Offsets in ``line`` after each sentence; the last one is the end of the line."""
    ends: list[int] = []
    for match in _STOP.finditer(line, start):
        if ends and match.start() < ends[-1]:
            continue
        end = match.end()
        if match.group()[0] in ".!?…" and not _ends_western(line, match):
            continue
        while end < len(line) and line[end] in _CLOSERS:
            end += 1
        ends.append(_after_marks(line, end))
    if not ends or ends[-1] < len(line):
        ends.append(len(line))
    return ends


def _cut(line: str, start: int, ends: list[int]) -> list[int]:
    """The same ends, with a cut (at a space when there is one) in anything too long."""
    cuts: list[int] = []
    for end in ends:
        while end - start > _LONGEST:
            space = line.rfind(" ", start + _LONGEST // 2, start + _LONGEST)
            start = space + 1 if space > 0 else start + _LONGEST
            cuts.append(start)
        cuts.append(end)
        start = end
    return cuts


def _after_marks(line: str, end: int) -> int:
    while mark := _MARK_AT.match(line, end):
        end = mark.end()
    return end


def _ends_western(line: str, match: re.Match[str]) -> bool:
    end = match.end()
    while end < len(line) and line[end] in _CLOSERS:
        end += 1
    rest = line[end : end + 2]
    if rest and not (rest[0].isspace() or rest[0] in "[【" or ord(rest[0]) > 0x2E80):
        return False
    if match.group() != ".":
        return True
    return not _is_abbreviation(line[max(0, match.start() - 12) : match.start()], line[end:][:3])


def _is_abbreviation(before: str, after: str) -> bool:
    word = _WORD_BEFORE.search(before)
    if word is None:
        return False
    name = word.group().lower()
    follower = after.strip()[:1]
    if name in _SOFT:
        return follower.islower() or follower.isdigit()
    if name in _ABBREVIATIONS:
        return bool(follower)
    if len(name) > 1 or not word.group().isupper():
        return False
    # "H. pylori", "E. coli"; "J. Smith", but "vitamin C. Take" and "so do I. Then" are ends.
    return follower.islower() or (follower.isupper() and name not in "ci")
