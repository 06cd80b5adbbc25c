"""Which sentences should be chosen, with the reference answer in hand.

The teacher knows the reference, the model will not: that is how it learns to choose better than
the extractive heuristic. Every sentence must pass the check that stands before a person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.grounding.check import Checker, CitedPassage
from bot.grounding.excerpts import Excerpt
from deploy.finetune.facts import Fact, coverage, is_filler, keys_of

SENTENCES = 5
WORDS = 85
_LEAST_GAIN = 0.035
_DANGLING = re.compile(
    r"^(?:This|That|These|Those|They|It|He|She|Its|Their|Both|Such|Others|Another"
    r"|One of|When this|If this|In this|In these|Some of these)\b"
)

Place = tuple[int, int]  # which passage of the prompt, which of its sentences; both from 0


def best_choice(
    parts: Sequence[Excerpt], wanted: Sequence[Fact], checker: Checker, *, reference: str
) -> frozenset[Place]:
    """The sentences that say most of the facts in few words; empty when hardly any is said.

    The sentence that opens the reference comes in whatever it costs: it is the direct answer,
    and the words it shares with the question earn nothing by ``facts``.
    """
    pool = {
        (number, place): sentence
        for number, part in enumerate(parts)
        for place, sentence in enumerate(part.sentences)
        if not is_filler(sentence) and not sentence.endswith((":", "?"))
        if _holds(sentence, part, checker)
    }
    chosen: dict[Place, str] = {}
    keys = frozenset[str]()
    opening = _plain(reference)
    for at in [at for at, s in pool.items() if opening.startswith(_plain(s)[:60])][:1]:
        chosen[at] = pool.pop(at)
        keys = keys_of(chosen[at])
    while len(chosen) < SENTENCES:
        have = coverage(wanted, keys)
        left = WORDS - sum(len(s.split()) for s in chosen.values())
        gains = {
            at: coverage(wanted, keys | keys_of(s)) - have
            for at, s in pool.items()
            if len(s.split()) <= left and _stands(at, s, chosen)
        }
        able = [at for at, gain in gains.items() if gain >= _LEAST_GAIN]
        if not able:
            break
        best = max(able, key=lambda at: gains[at] / (6 + len(pool[at].split())) ** 0.3)
        chosen[best] = pool.pop(best)
        keys |= keys_of(chosen[best])
    return frozenset(chosen)


def _stands(at: Place, sentence: str, chosen: dict[Place, str]) -> bool:
    """A sentence that points back needs the one it points to."""
    return not _DANGLING.match(sentence) or (at[0], at[1] - 1) in chosen


def _plain(text: str) -> str:
    """Lower-case letters and digits alone, without a leading label."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"^\s*Summary\s*:", "", text).lower())


def _holds(sentence: str, part: Excerpt, checker: Checker) -> bool:
    """It passes the check that stands before a person."""
    passage = part.hit.passage
    cited = [CitedPassage(passage.id, passage.text, passage.title)]
    return checker.check(f"{sentence} [1]", cited, lang="en", citations="required").supported
