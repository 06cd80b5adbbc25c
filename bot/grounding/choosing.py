"""Choosing: a small model reads numbered sentences and says yes or no behind each.

The short prompt holds a question and sentences of the passages, as ``[1] Title`` and ``- sentence``
lines. Behind every sentence stands one word of the model's: does it answer the question? Code puts
the answer together from the sentences with a yes, verbatim and marked, so nothing can be made up;
and the first one can be shown before the rest has been read.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

__all__ = ["NO", "YES", "Choice", "Reading", "Span", "decided", "reading"]

Span = tuple[str, bool]  # text; whether it is the model's word

YES, NO = " yes", " no"
_ASK = " =>"
_PASSAGE = re.compile(r"\[(\d{1,2})\] (.+)")
_SENTENCE = re.compile(r"- (.+)")


@dataclass(frozen=True, slots=True)
class Choice:
    """A sentence that may be said. ``ask``: what the model reads before it decides on it.

    ``title``: of its passage's page.
    """

    text: str
    mark: int
    ask: str
    title: str = ""

    @property
    def cited(self) -> str:
        """As it stands in an answer."""
        return f"{self.text} [{self.mark}]"


@dataclass(frozen=True, slots=True)
class Reading:
    """A short prompt taken apart: ``opening`` comes before the first choice."""

    opening: str
    choices: tuple[Choice, ...]


def reading(*texts: str) -> Reading | None:
    """The short prompt's two texts as a row of decisions; None for any other prompt."""
    if len(texts) != 2:
        return None
    system, user = texts
    opening = [system.strip()]
    choices: list[Choice] = []
    mark, title, heading = 0, "", ""
    for line in user.strip().split("\n"):
        if passage := _PASSAGE.fullmatch(line):
            mark, title, heading = int(passage[1]), passage[2], f"\n{line}"
        elif mark and (sentence := _SENTENCE.fullmatch(line)):
            choices.append(Choice(sentence[1], mark, f"{heading}\n{line}{_ASK}", title))
            heading = ""
        elif mark:
            return None
        else:
            opening.append(line)
    return Reading("\n".join(opening), tuple(choices)) if choices else None


def decided(read: Reading, chosen: Collection[int]) -> list[Span]:
    """The prompt with the word behind every sentence, to be learned. ``chosen``: from 0."""
    spans: list[Span] = [(read.opening, False)]
    for place, choice in enumerate(read.choices):
        spans += [(choice.ask, False), (YES if place in chosen else NO, True)]
    return spans
