"""Numbers the citations of a checked model answer by first use and finds what each rests on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.grounding.sentences import split_sentences
from bot.model import Citation, Hit

MARK = re.compile(r"\[(\d{1,2}(?:\s*,\s*\d{1,2})*)\]")
_WORD = re.compile(r"[a-z]{3,}|\d+(?:\.\d+)?|[\u3400-\u9fff]")


def cite(text: str, hits: Sequence[Hit]) -> tuple[str, tuple[Citation, ...]]:
    """Renumber ``[n]`` marks by first use; return the text and one Citation per source used.

    Marks that name no hit are dropped: the check has already refused sentences resting on them.
    """
    order: list[int] = []
    rests: dict[int, str] = {}

    def renumber(match: re.Match[str]) -> str:
        new = []
        for number in (int(n) for n in match.group(1).split(",")):
            if not 1 <= number <= len(hits):
                continue
            if number not in order:
                order.append(number)
            new.append(str(order.index(number) + 1))
        return "".join(f"[{n}]" for n in dict.fromkeys(new))

    shown = MARK.sub(renumber, text)
    for sentence in split_sentences(text):
        for group in MARK.findall(sentence):
            for number in (int(n) for n in group.split(",")):
                rests.setdefault(number, sentence)
    return shown, tuple(
        citation(hits[number - 1], place, quote(rests.get(number, ""), hits[number - 1]))
        for place, number in enumerate(order, start=1)
    )


def numbered(text: str, citations: Sequence[Citation], hits: Sequence[Hit]) -> str:
    """The text with its marks in the numbering of ``hits``; empty when one cites none of them."""
    places = {hit.passage.id: place for place, hit in enumerate(hits, start=1)}
    new = {c.number: places[c.id] for c in citations if c.id in places}
    if len(new) < len(citations):
        return ""

    def renumber(match: re.Match[str]) -> str:
        return "".join(f"[{new.get(int(n), n)}]" for n in match.group(1).split(","))

    return MARK.sub(renumber, text)


def citation(hit: Hit, number: int, quoted: str) -> Citation:
    """A Citation of one hit."""
    passage = hit.passage
    first = passage.sources[0] if passage.sources else None
    return Citation(
        id=passage.id,
        number=number,
        title=first.title if first else passage.title,
        url=(first.url if first else "") or passage.url,
        quote=quoted,
        organisation=first.organisation if first else "",
        reviewed=passage.reviewed,
    )


def quote(claim: str, hit: Hit) -> str:
    """The sentence of the passage that shares most words with ``claim``."""
    wanted = set(_WORD.findall(claim.lower()))
    sentences = [s.strip() for s in split_sentences(hit.passage.text) if s.strip()]
    if not sentences:
        return hit.passage.text[:300]
    return max(sentences, key=lambda s: len(wanted & set(_WORD.findall(s.lower()))))
