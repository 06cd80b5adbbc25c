"""How good an answer from passages is: does it pass, are its marks right, what does it say.

gate       the answer gets past the check that stands before a person (dialogue.answering.Draft)
whole      … and not one sentence had to be dropped
precision  share of citation marks whose passage, taken alone, carries the sentence
recall     share of sentences that state something whose cited passages carry them
coverage   share of the reference's facts said (facts.py), by what a person would be shown
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.dialogue.drafting import Draft, Rejected
from bot.dialogue.question import Question
from bot.grounding.check import Checker, CitedPassage
from bot.grounding.claimless import is_claimless
from bot.grounding.claims import extract, strip_marks
from bot.grounding.marks import read_marks
from bot.grounding.sentences import split_sentences
from bot.i18n import t
from bot.model import Generation, Hit
from deploy.finetune.facts import coverage, facts, keys_of

CHECKER = Checker()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One answer judged. ``marks``/``claims``: (right, all). ``shown`` empty: not passed."""

    gate: bool
    whole: bool
    declined: bool
    shown: str
    marks: tuple[int, int]
    claims: tuple[int, int]
    why: str = ""


def judged(question: str, answer: str, finish: str, hits: Sequence[Hit]) -> Verdict:
    """The verdict on a raw answer over the numbered ``hits`` it was made from."""
    asked = Question(text=question, search_text=question, lang="en", tenant="bench")
    draft = Draft(CHECKER, hits, asked)
    shown, why = "", ""
    try:
        draft.take(Generation(text=answer, finish="stop" if finish == "stop" else "length"))
        draft.finish()
        shown = draft.text
    except Rejected as error:
        why = error.key
    right, claims = citations(answer, hits)
    return Verdict(
        gate=bool(shown), whole=bool(shown) and shown == answer.strip(), why=why, shown=shown,
        declined=answer.strip() in {"", t("answer.model_has_none", "en")},
        marks=right, claims=claims,
    )  # fmt: skip


def citations(answer: str, hits: Sequence[Hit]) -> tuple[tuple[int, int], tuple[int, int]]:
    """((marks that carry, marks), (sentences carried, sentences that state something))."""
    passages = [CitedPassage(h.passage.id, h.passage.text, h.passage.title) for h in hits]
    ids = tuple(p.id for p in passages)
    good = marks = carried = stated = 0
    for sentence in split_sentences(answer):
        plain = strip_marks(sentence).strip()
        if not plain or is_claimless(extract(plain, "en")):
            continue
        read = read_marks(sentence, ids)
        stated += 1
        marks += len(read.cited) + len(read.unknown)
        alone = [_carries(f"{plain} [1]", [passages[i]]) for i in read.cited]
        good += sum(alone)
        carried += bool(read.cited) and not read.unknown and _carries(sentence, passages)
    return (good, marks), (carried, stated)


def _carries(sentence: str, passages: Sequence[CitedPassage]) -> bool:
    return CHECKER.check(sentence, passages, lang="en", citations="required").supported


def covered(text: str, reference: str, question: str) -> float:
    """Coverage of the reference's facts by a text."""
    return coverage(facts(reference, question), keys_of(text))
