"""The answer made of the pages' own sentences, when no model may speak or none is there.

Deterministic: picks the two sentences that fit the question best and those that promise to tell
most besides (telling.py), keeps the pages' order, marks each with its source and ends with when to
get help if the question calls for it.
Every sentence is verbatim (a connecting opener may be cut), so it holds before the Checker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.grounding.candidates import (
    Candidate,
    Similarity,
    candidates,
    gives_value,
    is_worrying,
    seeks_help,
    tells_figures,
)
from bot.grounding.check import Checker, CitedPassage
from bot.i18n import t
from bot.model import Citation, Hit
from rag.types import Lang

__all__ = ["ExtractiveAnswer", "compose", "passages_of", "when_to_get_help"]

_BUDGET: dict[Lang, int] = {"en": 110, "zh": 180}  # words, characters
_REDUNDANT = 0.6  # sharing more than this of its content with a chosen sentence
_REPEATED = 0.9  # … or more than this with the one that says when to get help
_PASSAGES = 3  # at most so many are quoted, besides the one that says when to get help
_DIRECT = 2  # sentences taken for fitting the question best, whatever else they tell
_UNSAID = 2  # sentences taken for naming what was asked and not said yet
_FITTING = 0.25  # a sentence that fits the question less than this share of the best is left out
_FIGURE_FITTING = 0.5  # … where a value is to be judged: remarks beside it do not help
_FIGURED = 1.5  # … and one that tells a figure promises more
_MOST_HITS = 6  # read at most
_NEAR_TOP = 0.55  # a hit scoring less than this share of the best one is left out


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractiveAnswer:
    """``text`` carries ``[n]`` marks; ``sentences`` are the quoted ones in order, unmarked."""

    text: str
    citations: tuple[Citation, ...]
    sentences: tuple[str, ...]


def compose(
    question: str,
    hits: Sequence[Hit],
    *,
    lang: Lang,
    similarity: Similarity | None = None,
    max_sentences: int = 5,
) -> ExtractiveAnswer:
    """The best few sentences of ``hits`` as an answer; empty when there is nothing to quote."""
    usable = _usable(hits)
    pool = candidates(question, usable, similarity)
    chosen = _choose(pool, usable, question, max_sentences)
    chosen = _only_supported(chosen, usable)
    if not chosen:
        return ExtractiveAnswer(text="", citations=(), sentences=())
    ordered = _ordered(chosen)
    numbers = _numbers(ordered)
    body = _render(ordered, numbers)
    source_lang = usable[0].passage.lang
    if source_lang != lang:
        body = t(f"grounding.original_{source_lang}", lang) + "\n\n" + body
    return ExtractiveAnswer(
        text=body,
        citations=tuple(_citation(usable[hit], n, ordered, hit) for hit, n in numbers.items()),
        sentences=tuple(c.text for c in ordered),
    )


def when_to_get_help(question: str, hits: Sequence[Hit]) -> tuple[str, Hit] | None:
    """The sentence that says it and the hit it is of; None where the question does not worry or
    no passage says it."""
    if not is_worrying(question):
        return None
    usable = _usable(hits)
    closing = _closing(candidates(question, usable, None), usable, question)
    kept = _only_supported([closing], usable) if closing is not None else []
    return (kept[0].text, usable[kept[0].hit]) if kept else None


def passages_of(answer: ExtractiveAnswer, hits: Sequence[Hit]) -> list[CitedPassage]:
    """The cited passages in the order of their numbers, as the Checker takes them."""
    by_id = {hit.passage.id: hit.passage for hit in hits}
    cited = [by_id[citation.id] for citation in answer.citations]
    return [CitedPassage(p.id, p.text, f"{p.title} – {p.section}") for p in cited]


def _usable(hits: Sequence[Hit]) -> list[Hit]:
    """The hits near the best one, in one language, each passage once."""
    ranked = sorted(hits, key=lambda h: -h.score)
    if not ranked:
        return []
    top = ranked[0]
    seen: set[str] = set()
    found: list[Hit] = []
    for hit in ranked:
        near = hit.score >= _NEAR_TOP * top.score or hit.passage.doc == top.passage.doc
        if near and hit.passage.lang == top.passage.lang and hit.passage.text not in seen:
            seen.add(hit.passage.text)
            found.append(hit)
    ends = [hit for hit in found if _is_ending(hit)]
    return [*[hit for hit in found if not _is_ending(hit)][:_MOST_HITS], *ends]


def _is_ending(hit: Hit) -> bool:
    """How the page of the best hit ends; brought along, nobody found it."""
    return "ending" in hit.why


# --- choosing --------------------------------------------------------------------


def _choose(pool: list[Candidate], hits: list[Hit], question: str, most: int) -> list[Candidate]:
    if all(_is_ending(hits[c.hit]) for c in pool):
        return []
    budget = _BUDGET[hits[0].passage.lang]
    chosen: list[Candidate] = []
    closing = _closing(pool, hits, question)
    if closing is not None:
        chosen.append(closing)
    found = [c for c in pool if not _is_ending(hits[c.hit])]
    fitting = sorted(found, key=lambda c: -c.score)
    figures = gives_value(question)
    least = (_FIGURE_FITTING if figures else _FITTING) * fitting[0].score
    others = sorted(
        fitting[_DIRECT:],
        key=lambda c: -c.promise * (_FIGURED if figures and tells_figures(c.claims) else 1.0),
    )
    for candidate in [*fitting[:_DIRECT], *_unsaid(fitting), *others]:
        group = _with_company(candidate, pool, chosen)
        if len(chosen) + len(group) > most or candidate.score < least:
            continue
        if len({c.hit for c in [*chosen, candidate] if c is not closing}) > _PASSAGES:
            continue
        if _size([*chosen, *group]) <= budget and not _redundant(candidate, chosen, closing):
            chosen += group
    if not [c for c in chosen if c is not closing]:
        chosen = [max(found, key=lambda c: (not c.dangling, c.score)), *chosen]
    return _with_items(chosen, pool, most, budget)


def _unsaid(fitting: list[Candidate]) -> list[Candidate]:
    """Of Chinese, the sentences beside the direct ones that name a piece of the question which
    those do not: no likeness is measured there, words are all that ties them to it."""
    found: list[Candidate] = []
    said = frozenset[int]().union(*(c.says for c in fitting[:_DIRECT]))
    beside = {c.hit for c in fitting[:_DIRECT]}
    for candidate in fitting[_DIRECT:]:
        news = candidate.says - said
        if candidate.claims.lang == "zh" and candidate.hit in beside and news:
            found.append(candidate)
            said |= news
    return found[:_UNSAID]


def _with_company(
    candidate: Candidate, pool: list[Candidate], chosen: list[Candidate]
) -> list[Candidate]:
    """The sentence and what it cannot stand without: a list's lead-in, the one "it" refers to."""
    before = candidate.lead_in if candidate.item else candidate.place - 1
    needs = candidate.item or candidate.dangling or candidate.text.endswith((":", "："))
    group = [] if candidate in chosen else [candidate]
    if not needs or candidate.text.endswith((":", "：")):
        return group
    company = [c for c in pool if c.hit == candidate.hit and c.place == before]
    return [*(c for c in company if c not in chosen), *group]


def _with_items(
    chosen: list[Candidate], pool: list[Candidate], most: int, budget: int
) -> list[Candidate]:
    """Fill a lead-in with its items; drop one that would stand without any."""
    result = list(chosen)
    for lead in [c for c in chosen if not c.item]:
        items = [c for c in pool if c.hit == lead.hit and c.item and c.lead_in == lead.place]
        for item in items:
            if item not in result and len(result) < most + 1 and _size([*result, item]) <= budget:
                result.append(item)
        if lead.text.endswith((":", "：")) and not any(i in result for i in items):
            result.remove(lead)
    return result


def _closing(pool: list[Candidate], hits: list[Hit], question: str) -> Candidate | None:
    """When to get help, if the question is worrying and a passage says it."""
    if not is_worrying(question):
        return None
    doc = hits[0].passage.doc
    options = [
        c
        for c in pool
        if c.helps and not c.dangling and not c.item
        if not _is_ending(hits[c.hit]) or seeks_help(c.heading)
    ]
    ranked = sorted(
        options,
        key=lambda c: (hits[c.hit].passage.doc == doc, seeks_help(c.heading), c.leading, c.score),
    )
    return ranked[-1] if ranked else None


def _redundant(candidate: Candidate, chosen: list[Candidate], closing: Candidate | None) -> bool:
    """Says hardly more than a chosen one; other figures are news, and a plea
    to get help may name the same."""
    if not candidate.keys:
        return True
    for other in chosen:
        if other.hit == candidate.hit and other.item and candidate.item:
            continue
        if _figures(candidate) - _figures(other):
            continue
        shared = sum(i.weight for i in candidate.claims.items if i.keys & other.keys)
        limit = _REPEATED if other is closing else _REDUNDANT
        if shared > limit * (candidate.claims.weight or 1.0):
            return True
    return False


def _figures(candidate: Candidate) -> set[float]:
    return {value for placed in candidate.claims.quantities for value in placed.figure.values}


def _size(chosen: Sequence[Candidate]) -> int:
    """Words (English) or characters (Chinese)."""
    if chosen and chosen[0].claims.lang == "zh":
        return sum(len(c.text) for c in chosen)
    return sum(len(c.text.split()) for c in chosen)


def _only_supported(chosen: list[Candidate], hits: list[Hit]) -> list[Candidate]:
    """Keep what the Checker carries; verbatim text nearly always is, this makes it always."""
    checker = Checker()
    kept: list[Candidate] = []
    for candidate in chosen:
        passage = hits[candidate.hit].passage
        cited = CitedPassage(passage.id, passage.text, f"{passage.title} – {passage.section}")
        if checker.check(f"{candidate.text} [1]", [cited]).supported:
            kept.append(candidate)
    return kept


# --- rendering -------------------------------------------------------------------


def _ordered(chosen: list[Candidate]) -> list[Candidate]:
    """Passages by their best sentence, sentences as on the page; a plea to get help goes last."""
    best: dict[int, float] = {}
    for candidate in chosen:
        lowered = candidate.score - (5.0 if seeks_help(candidate.heading) else 0.0)
        best[candidate.hit] = max(best.get(candidate.hit, -9.0), lowered)
    return sorted(chosen, key=lambda c: (-best[c.hit], c.hit, c.place))


def _numbers(ordered: list[Candidate]) -> dict[int, int]:
    numbers: dict[int, int] = {}
    for candidate in ordered:
        numbers.setdefault(candidate.hit, len(numbers) + 1)
    return numbers


def _render(ordered: list[Candidate], numbers: dict[int, int]) -> str:
    """Prose, one paragraph per passage; list items as bullets under their lead-in."""
    gap = "" if ordered[0].claims.lang == "zh" else " "
    parts: list[str] = []
    previous: Candidate | None = None
    for candidate in ordered:
        piece = f"{candidate.text}{gap}[{numbers[candidate.hit]}]"
        if previous is not None:
            parts.append(_joint(previous, candidate, gap))
        parts.append(f"- {piece}" if candidate.item else piece)
        previous = candidate
    return "".join(parts)


def _joint(previous: Candidate, candidate: Candidate, gap: str) -> str:
    if candidate.item:
        return "\n"
    return "\n\n" if previous.item or previous.hit != candidate.hit else gap


def _citation(hit: Hit, number: int, ordered: list[Candidate], index: int) -> Citation:
    passage = hit.passage
    source = passage.sources[0] if passage.sources else None
    gap = "" if passage.lang == "zh" else " "
    return Citation(
        id=passage.id,
        number=number,
        title=passage.title,
        url=passage.url or (source.url if source else ""),
        quote=gap.join(c.text for c in ordered if c.hit == index),
        organisation=source.organisation if source else "",
        reviewed=passage.reviewed,
    )
