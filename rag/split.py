"""Cuts the text of a section into chunks that fit the embedding window.

Lists and tables stay with the sentence that leads them in; long paragraphs are cut at
sentence ends, English and Chinese; only text without any sentence end is cut by length.
A table is cut between rows and each part repeats its header; a long list that a short
sentence leads in ("Call a doctor if:") repeats that sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# MiniLM reads 256 word pieces; the title path in front needs some of them.
MAX_TOKENS = 200
# A row says nothing without its other cells: it is cut only beyond so many chunks' length.
_ROW = 3

_HAN = re.compile(r"[\u3400-\u9fff]")
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9\u3400-\u9fff])|(?<=[。！？])")
_RULER = re.compile(r"\s*\|(?:\s*:?-{2,}:?\s*\|)+\s*")  # the line under the header of a table
_LIST = re.compile(r"^\s*(?:[-*+•]|\d+[.)、])\s+")
# Abbreviations whose full stop does not end a sentence.
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|Dr|Mr|Mrs|Ms|vs|approx|etc|No|Fig|St)|\b[A-Z])\.$")


def tokens(text: str) -> int:
    """An estimate of the word pieces in ``text``: one per Han character, one per 4.2 others."""
    return round(_cost(text) / 42)


def _cost(text: str) -> int:
    """The same in 42nds of a word piece, so that the parts of a text add up exactly."""
    han = len(_HAN.findall(text))
    return 42 * han + 10 * (len(text) - han)


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph in either language, whitespace trimmed, none empty."""
    found: list[str] = []
    for piece in _SENTENCE.split(text):
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] = f"{found[-1]} {piece}"
        else:
            found.append(piece.strip())
    return [s for s in found if s]


def split(text: str, limit: int = MAX_TOKENS) -> list[str]:
    """Chunks of at most ``limit`` estimated tokens, in order; nothing of the text is lost."""
    pieces: list[str] = []
    for block in _blocks(text):
        pieces += [block] if tokens(block) <= limit else _cut(block, limit)
    return _pack(pieces, limit, "\n\n")


def _blocks(text: str) -> list[str]:
    """Paragraphs; a list or table belongs to the paragraph right before it."""
    found: list[str] = []
    blocks = (b.strip("\n") for b in re.split(r"\n\s*\n", text.strip()))
    for block in filter(str.strip, blocks):
        if found and (_LIST.match(block) or block.lstrip().startswith("|")):
            found[-1] = f"{found[-1]}\n{block}"
        else:
            found.append(block)
    return found


def _cut(block: str, limit: int) -> list[str]:
    lines = [line for line in block.split("\n") if line.strip()]
    if len(lines) > 1:
        return _pack_lines(lines, limit)
    parts = [p for s in sentences(block) for p in ([s] if tokens(s) <= limit else _hard(s, limit))]
    return _pack(parts, limit, "" if _HAN.search(block) else " ")


def _pack_lines(lines: list[str], limit: int) -> list[str]:
    """Lines joined while they fit; what starts anew inside a table or list repeats its head."""
    packed: list[str] = []
    for line, head in _with_heads(lines, limit):
        joined = f"{packed[-1]}\n{line}" if packed else line
        if packed and tokens(joined) <= limit:
            packed[-1] = joined
        elif head and tokens(f"{head}\n{line}") <= max(limit, tokens(line) + limit // 3):
            packed.append(f"{head}\n{line}")
        else:
            packed.append(line)
    return packed


def _with_heads(lines: list[str], limit: int) -> Iterator[tuple[str, str]]:
    """Each line that may start a chunk, and the lines to repeat if it does.

    The header of a table comes with its first row, a lead-in with its first item.
    """
    place, head, row = 0, "", False
    while place < len(lines):
        line, rest = lines[place], lines[place + 1 : place + 3]
        if _is_row(line) and rest and _RULER.fullmatch(rest[0]):
            header = f"{line}\n{rest[0]}"
            head, row = (header if tokens(header) <= limit // 3 else ""), True
            first = [r for r in rest[1:] if _is_row(r) and tokens(r) <= _ROW * limit]
            yield "\n".join([header, *first]), ""
            place += 2 + len(first)
            continue
        if row and not _is_row(line):
            head, row = "", False
        if not row and _leads(line, rest, limit):
            head = line
            yield f"{line}\n{rest[0]}", ""
            place += 2
            continue
        if not row and not _LIST.match(line) and not line.startswith(" "):
            head = ""
        whole = tokens(line) <= (_ROW * limit if row else limit)
        yield from ((part, head) for part in ([line] if whole else _cut(line, limit)))
        place += 1


def _is_row(line: str) -> bool:
    return line.lstrip().startswith("|")


def _leads(line: str, rest: list[str], limit: int) -> bool:
    """Whether a short line ending in a colon leads in a list."""
    if not rest or _LIST.match(line) or not line.rstrip().endswith((":", "：")):
        return False
    short = tokens(line) <= limit // 4 and tokens(rest[0]) <= limit // 2
    return short and bool(_LIST.match(rest[0]))


def _hard(text: str, limit: int) -> list[str]:
    """Text without sentence ends: cut at the softest separator there is."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    cutter = RecursiveCharacterTextSplitter(
        chunk_size=limit * 42,
        chunk_overlap=0,
        length_function=_cost,
        separators=["; ", "；", "，", "、", ", ", " ", ""],
        keep_separator="end",
    )
    return [part for part in cutter.split_text(text) if part.strip()]


def _pack(pieces: list[str], limit: int, joint: str) -> list[str]:
    """Join neighbours while they fit; the last chunk is not left a stub if it can be helped."""
    packed: list[str] = []
    for piece in pieces:
        joined = f"{packed[-1]}{joint}{piece}" if packed else piece
        if packed and tokens(joined) <= limit:
            packed[-1] = joined
        else:
            packed.append(piece)
    return packed
