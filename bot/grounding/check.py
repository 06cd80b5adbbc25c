"""Does every sentence of an answer stand in the passages it cites?

The deterministic half of the rules in safety §7: citation ids, figures with units, medicine
names, negation and direction, a floor of shared content, and optionally an embedding
similarity. Nothing here asks a model. A sentence that fails is never shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.grounding.claimless import is_claimless, is_referral
from bot.grounding.claims import Claims, extract, language
from bot.grounding.compare import Finding, compare
from bot.grounding.evidence import Evidence, Support, select, sources_of
from bot.grounding.marks import Marks, blank_marks, read_marks
from bot.grounding.score import NEUTRAL, THRESHOLD, Features, probability
from bot.grounding.sentences import Sentence, parse_sentences
from bot.model import GroundingReport, SentenceCheck
from rag.types import Lang

__all__ = ["Checker", "CitedPassage", "Similarity"]

Similarity = Callable[[str, list[str]], list[float]]
Citations = Literal["required", "optional"]
_MOST_FIGURES = 40  # in one sentence; more is a table or an attack, and slow to compare
_FOLLOWS = 0.45  # from this coverage on, a referral is held against the source it follows
_SAYS_MORE = 3.5  # … if it says more than "ask your doctor" (content weight)


@dataclass(frozen=True, slots=True)
class CitedPassage:
    """A passage an answer may cite. ``title``: page title and section heading, if known."""

    id: str
    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class _Ground:
    """What all sentences of one answer are checked against."""

    ids: tuple[str, ...]
    passages: tuple[tuple[Evidence, ...], ...]
    metrics: tuple[Evidence, ...]
    lang: Lang
    citations: Citations


class Checker:
    """Checks answers. ``similarity(sentence, texts)`` gives cosine values in [-1, 1]; it is
    used for English only, because the packaged embedding model is."""

    def __init__(self, similarity: Similarity | None = None) -> None:
        """Keep the optional similarity function; nothing is loaded here."""
        self._similarity = similarity

    def check(
        self,
        answer: str,
        passages: Sequence[CitedPassage],
        *,
        metrics: Sequence[str] = (),
        lang: Lang | None = None,
        citations: Citations = "required",
    ) -> GroundingReport:
        """The verdict on every sentence of ``answer``.

        ``metrics`` are lines computed by code about the person; any sentence may use their
        figures. With ``citations="required"`` a sentence that claims something must carry a
        mark, or stand in a paragraph or list whose other sentences do.
        """
        ground = _Ground(
            ids=tuple(p.id for p in passages),
            passages=tuple(sources_of(p.text, p.title, i) for i, p in enumerate(passages)),
            metrics=tuple(e for line in metrics for e in sources_of(line, "", -1)),
            lang=lang or language(answer),
            citations=citations,
        )
        sentences = parse_sentences(answer)
        marks = [read_marks(s.text, ground.ids) for s in sentences]
        checks = tuple(
            self._sentence(sentence, marks[i], _inherited(i, sentences, marks), ground)
            for i, sentence in enumerate(sentences)
        )
        return GroundingReport(supported=all(c.supported for c in checks), sentences=checks)

    def _sentence(
        self, sentence: Sentence, marks: Marks, inherited: tuple[int, ...], ground: _Ground
    ) -> SentenceCheck:
        claims = extract(blank_marks(sentence.text, ground.ids), language(sentence.text))
        if marks.unknown:
            why = f"cites [{marks.unknown[0]}], only {len(ground.ids)} passages"
            return SentenceCheck(text=sentence.text, supported=False, why=why)
        if is_claimless(claims):
            return SentenceCheck(text=sentence.text, supported=True)
        cited = marks.cited or (inherited if ground.citations == "required" else ())
        if not cited and ground.citations == "optional":
            cited = tuple(range(len(ground.passages)))
        if len(claims.quantities) > _MOST_FIGURES:
            return SentenceCheck(text=sentence.text, supported=False, why="too many figures")
        evidence = tuple(e for index in cited for e in ground.passages[index])
        why = self._why(claims, evidence, ground)
        return SentenceCheck(text=sentence.text, supported=not why, why=why)

    def _why(self, claims: Claims, evidence: tuple[Evidence, ...], ground: _Ground) -> str:
        """What is missing, or an empty string when the sentence is supported."""
        if not evidence and not ground.metrics:
            return "" if is_referral(claims) else "no source cited"
        if any(_plain(claims.text) == _plain(e.claims.text) for e in evidence):
            return ""  # word for word
        personal = _uses_metrics(claims, ground.metrics)
        extra = ground.metrics if personal else ()
        if not evidence and not personal:
            return "" if is_referral(claims) else "no source cited"
        support = select(claims, evidence, extra)
        findings = compare(claims, support, evidence + tuple(extra), personal)
        if is_referral(claims) and (support.single < _FOLLOWS or claims.weight < _SAYS_MORE):
            return ""
        return self._verdict(claims, support, findings)

    def _verdict(self, claims: Claims, support: Support, findings: list[Finding]) -> str:
        worst = max(findings, key=lambda f: f.severity, default=None)
        if worst and worst.severity >= 1.0:
            return worst.why
        features = Features(
            coverage=support.coverage,
            single=support.single,
            run=support.run,
            clause=support.clause,
            soft=sum(f.severity for f in findings),
            similarity=self._alike(claims, support),
        )
        if probability(features) >= THRESHOLD:
            return ""
        if worst and worst.severity >= 0.4:
            return worst.why
        words = " ".join(item.shown for item in support.missing[:3])
        return (
            f"not found in the cited passage: {words}"
            if words
            else "too little in common with the source"
        )

    def _alike(self, claims: Claims, support: Support) -> float:
        texts = [e.claims.text for e in support.evidence]
        if self._similarity is None or claims.lang != "en" or not texts:
            return NEUTRAL
        return max(self._similarity(claims.text, [*texts, " ".join(texts)]))


def _inherited(index: int, sentences: list[Sentence], marks: list[Marks]) -> tuple[int, ...]:
    """The marks of the sentence's own paragraph or list, for one that carries none."""
    if marks[index].present:
        return ()
    here = sentences[index].paragraph
    found: list[int] = []
    for sentence, mark in zip(sentences, marks, strict=True):
        if sentence.paragraph == here:
            found += [c for c in mark.cited if c not in found]
    return tuple(found)


def _plain(text: str) -> str:
    return "".join(text.split()).rstrip(".。")


def _uses_metrics(claims: Claims, metrics: tuple[Evidence, ...]) -> bool:
    """True when a figure of the sentence is one of the person's own."""
    values = {v for e in metrics for q, _, _ in e.claims.quantities for v in q.values}
    return any(v in values for q, _, _ in claims.quantities for v in q.values)
