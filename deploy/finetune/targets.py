"""What the model should have said: supporting sentences, chosen with the reference in hand.

The teacher knows the reference answer, the model will not: that is how it learns to choose better
than the extractive heuristic. Every sentence is shortened a little, cited, and must pass the same
check that stands before a person; one that does not pass as shortened is taken verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.grounding.check import Checker, CitedPassage
from bot.grounding.excerpts import Excerpt
from deploy.finetune.facts import Fact, coverage, is_filler, keys_of

SENTENCES = 4
WORDS = 85
_LEAST_GAIN = 0.035
_BRACKETS = re.compile(r"\s*\((?![^)]*\d)[^()]{0,80}\)")
_LEADS = re.compile(
    r"^(?:It is (?:also )?(?:important|worth noting) (?:to (?:note|know|remember) )?that"
    r"|In general|Generally|Overall|In most cases|Note that|Remember that"
    r"|Research (?:shows|suggests) that|Studies (?:show|suggest) that"
    r"|The following (?:is|are) )[, ]+",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"^(?:This (?:condition|disease|disorder|syndrome)(?= (?:is|can|may|causes|affects|occurs"
    r"|usually|often|also|has|results|was)\b)|It(?= is (?:an? |caused|characterized|inherited)))"
)
_DANGLING = re.compile(
    r"^(?:This|That|These|Those|They|It|He|She|Its|Their|Both|Such|Others|Another"
    r"|One of|When this|If this|In this|In these|Some of these)\b"
)


def shortened(sentence: str, title: str) -> str:
    """Without brackets and lead-ins, its subject named."""
    text = _LEADS.sub("", _BRACKETS.sub("", sentence)).strip()
    text = _SUBJECT.sub(title[:1].upper() + title[1:], text)
    return (text[:1].upper() + text[1:]) if text else sentence


def best_answer(
    parts: Sequence[Excerpt], wanted: Sequence[Fact], checker: Checker, *, reference: str
) -> str:
    """Cited sentences that say most of the facts in few words; empty when hardly any is said.

    The sentence that opens the reference comes in whatever it costs: it is the direct answer,
    and the words it shares with the question earn nothing by ``facts``.
    """
    pool = [
        (number, place, sentence)
        for number, part in enumerate(parts, start=1)
        for place, sentence in enumerate(part.sentences)
        if not is_filler(sentence) and not sentence.endswith((":", "?"))
    ]
    chosen: list[tuple[int, int, str]] = []
    keys = frozenset[str]()
    words = 0
    opening = _plain(reference)
    for entry in [e for e in pool if opening.startswith(_plain(e[2])[:60])][:1]:
        pool.remove(entry)
        chosen, keys, words = [entry], keys_of(entry[2]), len(entry[2].split())
    while pool and len(chosen) < SENTENCES:
        have = coverage(wanted, keys)
        able = [entry for entry in pool if _stands(entry, chosen, parts)]
        if not able:
            break
        number, place, sentence = max(
            able,
            key=lambda e: (
                (coverage(wanted, keys | keys_of(e[2])) - have) / (6 + len(e[2].split())) ** 0.3
            ),
        )
        pool.remove((number, place, sentence))
        size = len(sentence.split())
        if coverage(wanted, keys | keys_of(sentence)) - have < _LEAST_GAIN:
            break
        if words + size > WORDS:
            continue
        chosen.append((number, place, sentence))
        keys, words = keys | keys_of(sentence), words + size
    lines = [_line(number, sentence, parts, checker) for number, _, sentence in sorted(chosen)]
    return " ".join(line for line in lines if line)


def _stands(
    entry: tuple[int, int, str], chosen: Sequence[tuple[int, int, str]], parts: Sequence[Excerpt]
) -> bool:
    """A sentence that points back needs the one it points to."""
    number, place, sentence = entry
    named = shortened(sentence, parts[number - 1].hit.passage.title)
    return not _DANGLING.match(named) or any(c[:2] == (number, place - 1) for c in chosen)


def _plain(text: str) -> str:
    """Lower-case letters and digits alone, without a leading label."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"^\s*Summary\s*:", "", text).lower())


def _line(number: int, sentence: str, parts: Sequence[Excerpt], checker: Checker) -> str:
    """The sentence with its mark, shortened where that still holds; empty when it does not."""
    passages = [
        CitedPassage(id=p.hit.passage.id, text=p.hit.passage.text, title=p.hit.passage.title)
        for p in parts
    ]
    title = parts[number - 1].hit.passage.title
    for text in dict.fromkeys((shortened(sentence, title), sentence)):
        line = f"{text} [{number}]"
        if checker.check(line, passages, lang="en", citations="required").supported:
            return line
    return ""
