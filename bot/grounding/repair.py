"""Make the best of an answer that is only partly grounded: drop what nothing supports."""

from __future__ import annotations

import re

from bot.grounding.sentences import Sentence, parse_sentences
from bot.model import GroundingReport

__all__ = ["renumber", "repair"]

_NUMBERS = re.compile(r"\[(\d{1,3}(?:\s?[,，、]\s?\d{1,3})*)\]")
_ORPHAN = re.compile(r"^(?:[-*•·]|\d{1,2}[.)、])?[ \t]*$")
_LEAD_IN = re.compile(r"[:：]\W*$")


def repair(report: GroundingReport, answer: str) -> str | None:
    """``answer`` without its unsupported sentences, citations renumbered from 1; else None.

    None when less than half of the sentences (or of the characters) would stay, when none of
    those kept cites a source, or when the report is not about this answer. The numbers of the
    result follow first use; ``renumber`` tells which old number became which.
    """
    sentences = parse_sentences(answer)
    if [s.text for s in sentences] != [c.text for c in report.sentences] or not sentences:
        return None
    keep = [check.supported for check in report.sentences]
    _drop_lead_ins(sentences, keep)
    kept = [s for s, good in zip(sentences, keep, strict=True) if good]
    if not any(_NUMBERS.search(s.text) for s in kept) or not _enough(kept, sentences):
        return None
    text = answer
    for sentence, good in reversed(list(zip(sentences, keep, strict=True))):
        if not good:
            text = text[: sentence.start] + text[sentence.end :].lstrip(" \t")
    return renumber(_tidy(text))[0]


def _enough(kept: list[Sentence], everything: list[Sentence]) -> bool:
    size = sum(len(s.text) for s in everything)
    return 2 * len(kept) >= len(everything) and 2 * sum(len(s.text) for s in kept) >= size


def _drop_lead_ins(sentences: list[Sentence], keep: list[bool]) -> None:
    """A lead-in ("Signs are:") goes when all of its items went."""
    for index in range(len(sentences) - 1, -1, -1):
        if not keep[index] or not _LEAD_IN.search(sentences[index].text):
            continue
        items = []
        for later in range(index + 1, len(sentences)):
            if not sentences[later].item:
                break
            items.append(keep[later])
        if items and not any(items):
            keep[index] = False


def _tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.split("\n")]
    kept = [line for line in lines if line == "" or not _ORPHAN.fullmatch(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def renumber(text: str) -> tuple[str, dict[int, int]]:
    """``text`` with its marks numbered 1, 2, … by first use, and {old: new}."""
    order: dict[int, int] = {}

    def replace(match: re.Match[str]) -> str:
        old = [int(part) for part in re.split(r"\s?[,，、]\s?", match[1])]
        new = [order.setdefault(number, len(order) + 1) for number in old]
        return "[" + ", ".join(str(n) for n in new) + "]"

    return _NUMBERS.sub(replace, text), order
