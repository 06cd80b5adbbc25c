"""Answers one question: retrieve, ask the model, check every sentence, or answer by extract.

A sentence is shown only after it passed the grounding check, also while streaming. When the
model is missing, late, broken off or says what its passages do not, the extractive answer,
whose sentences are the passages' own, takes its place.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from bot.dialogue import asking, context
from bot.dialogue.citing import cite, numbered
from bot.dialogue.drafting import Draft, Rejected
from bot.dialogue.question import Question
from bot.dialogue.turns import Said
from bot.errors import ModelError
from bot.grounding.candidates import gives_value
from bot.grounding.check import Checker
from bot.grounding.extractive import compose, when_to_get_help
from bot.grounding.together import Together, asked_together, only_both, search_words
from bot.i18n import t
from bot.model import Assignment, Citation, Hit, SearchResult, UserId
from bot.ports import Generator, Models, Prompts, Retriever
from rag.types import KnowledgeError

_PASSAGES = 6
Similarity = Callable[[str, list[str]], list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One question with what was found for it. ``started`` of perf_counter; steps in ms."""

    question: Question
    found: SearchResult
    filled: context.Context
    started: float
    steps: dict[str, float]

    @property
    def prompted(self) -> dict[str, Any]:
        """What the record needs to build the same prompt again."""
        return {
            "shown": tuple(hit.passage.id for hit in self.filled.hits),
            "recalled": self.filled.recalled,
            "about": self.question.profile,
        }


class Answerer:
    """The answering path over the retriever, the generator and the grounding check."""

    def __init__(
        self,
        *,
        retriever: Retriever,
        generator: Generator | None,
        prompts: Prompts,
        checker: Checker,
        budget_tokens: int | None,
        similarity: Similarity | None = None,
        models: Models | None = None,
    ) -> None:
        """``generator`` None: never ask a model. ``budget_tokens`` bounds one prompt; None:
        a few sentences of the passages and nothing else, for a model that reads little.

        ``models`` None: everybody is answered by what the generator is.
        """
        self._retriever = retriever
        self._generator = generator
        self._prompts = prompts
        self._checker = checker
        self._budget = budget_tokens
        self._similarity = similarity
        self._models = models

    async def answer(self, question: Question) -> AsyncGenerator[Said, None]:
        """Yield checked snapshots; the last one is final. Never raises for a known failure."""
        started = time.perf_counter()
        pair = asked_together(question.text, question.lang)
        wanted = question.search_text
        if pair is not None:
            wanted = f"{wanted} {search_words(pair)}"
        try:
            # No deadline here: the very first search may have to build the index, which is
            # shown as progress; the retriever bounds every search after that.
            found = await self._retriever.search(wanted, lang=question.lang, limit=_PASSAGES)
        except KnowledgeError as error:
            text = t("answer.no_knowledge", question.lang)
            yield Said(text=text, kind="answer", failure=error.key)
            return
        steps = {"search_ms": _since(started)}
        if pair is not None:
            yield await self._of_both(self._case(question, found, started, steps), pair)
            return
        if not found.relevant or not found.hits:
            yield _nothing_found(question, found, steps)
            return
        case = await asyncio.to_thread(self._case, question, found, started, steps)
        async with aclosing(self._from_passages(case)) as said:
            async for snapshot in said:
                yield snapshot

    def _case(
        self, question: Question, found: SearchResult, started: float, steps: dict[str, float]
    ) -> _Case:
        """The question with what was found, and what of it fits into a prompt."""
        filled = self._filled(question, (*found.hits, *found.around))
        return _Case(question=question, found=found, filled=filled, started=started, steps=steps)

    def _filled(self, question: Question, hits: Sequence[Hit]) -> context.Context:
        if self._budget is None:
            return context.brief(question=question.search_text, hits=hits)
        return context.build(
            question=question.text,
            hits=hits,
            metrics=question.own.context,
            profile=question.profile,
            history=question.history,
            budget=self._budget,
        )

    async def _of_both(self, case: _Case, pair: Together) -> Said:
        """Two medicines together: only sentences about both, behind the word to ask first.

        By code alone: no model may have the last word on what may be taken with what.
        """
        lang, (one, other) = case.question.lang, pair.names
        hits = tuple(only_both(case.found.hits, pair))
        said = await self._extract(
            replace(case, found=replace(case.found, hits=hits, around=(), ending=None)), ""
        )
        text = said.text if said.citations else t("together.nothing", lang)
        opening = t("together.ask_first", lang, one=one, other=other)
        return replace(said, text=f"{opening}\n\n{text}", relevant=bool(said.citations))

    async def _from_passages(self, case: _Case) -> AsyncGenerator[Said, None]:
        """The model's answer if there is one that holds; the extractive answer if not."""
        failure, adapter = "", ""
        generator = self._generator
        if generator is not None and self._may_ask(generator, case.question):
            assigned = await self._assigned(case.question)
            adapter = asking.named(generator, assigned)
            try:
                async with aclosing(self._from_model(generator, case, assigned)) as said:
                    async for snapshot in said:
                        yield snapshot
                return
            except (ModelError, Rejected) as error:
                failure = error.key
        case.steps["model_ms"] = _since(case.started) - case.steps["search_ms"]
        # The one who was asked is named, also when its answer did not hold.
        yield replace(await self._extract(case, failure), adapter=adapter if failure else "")

    def _may_ask(self, generator: Generator, question: Question) -> bool:
        """Whether this model answers this. One that reads little judges no values: the limits
        they lie between have to stand beside them, and code knows where these are."""
        if question.lang not in generator.languages:
            return False
        return self._budget is not None or not gives_value(question.text)

    def _with_help(self, text: str, case: _Case) -> tuple[str, tuple[Hit, ...]]:
        """The text and the hits it numbers, with when to get help at the end where the question
        worries and the model, which read little, did not say it."""
        hits = case.filled.hits
        if self._budget is not None:
            return text, hits
        found = when_to_get_help(case.question.search_text, _all_hits(case.found))
        if found is None or found[0] in text:
            return text, hits
        sentence, hit = found
        places = [place for place, one in enumerate(hits, 1) if one.passage.id == hit.passage.id]
        if not places:
            hits, places = (*hits, hit), [len(hits) + 1]
        return f"{text}\n\n{sentence} [{places[0]}]", hits

    def _used(self, question: Question) -> str:
        """Which of the person's own numbers the answer used: all that a prompt held, or those above
        the answer of a model that reads none."""
        own = question.own
        return "\n".join(own.shown if self._budget is None else own.context)

    async def _assigned(self, question: Question) -> Assignment:
        if self._models is None:
            return Assignment()
        return await self._models.assigned(UserId(question.tenant))

    async def _from_model(
        self, generator: Generator, case: _Case, assigned: Assignment
    ) -> AsyncGenerator[Said, None]:
        """Stream the model; yield only sentences that hold. Raises ModelError or Rejected."""
        question = case.question
        prompt = await asyncio.to_thread(
            self._prompts.build, **context.prompt_values(case.filled, question.lang)
        )
        draft = Draft(self._checker, case.filled.hits, question)
        first_ms: float | None = None
        said = Said(text="", kind="answer", path="model", model=generator.name, final=False)
        adapter = generator.adapter
        answers = asking.ask(
            generator, prompt, tenant=question.tenant, assigned=assigned,
            again=lambda: self._assigned(question),
        )  # fmt: skip
        async with aclosing(answers) as stream:
            async for answering, generation in stream:
                adapter = answering
                first_ms = first_ms or _since(case.started)
                if draft.due(generation) and await asyncio.to_thread(draft.take, generation):
                    yield replace(said, text=draft.text, first_token_ms=first_ms)
        draft.finish()
        whole, hits = await asyncio.to_thread(self._with_help, draft.text, case)
        text, citations = cite(whole, hits)
        text = _with_language(text, citations, case)
        yield replace(
            said,
            text=text,
            final=True,
            written=draft.text,
            model=generator.name,
            adapter=adapter,
            prompt_version=self._prompts.version,
            knowledge_version=case.found.version,
            citations=citations,
            passages=tuple(c.id for c in citations),
            metric_summary=self._used(question),
            votable=True,
            first_token_ms=first_ms,
            steps_ms={
                **case.steps,
                "model_ms": _since(case.started) - case.steps["search_ms"],
            },
            **case.prompted,
        )

    async def _extract(self, case: _Case, failure: str) -> Said:
        """The deterministic answer from the passages' own sentences."""
        question, found = case.question, case.found
        answer = await asyncio.to_thread(
            compose,
            question.search_text,
            _all_hits(found),
            lang=question.lang,
            similarity=self._similarity,
            max_sentences=context.MOST_SENTENCES,
        )
        if not answer.citations:
            return replace(_nothing_found(question, found, case.steps), failure=failure)
        return Said(
            text=answer.text,
            written=numbered(answer.text, answer.citations, case.filled.hits),
            kind="answer",
            path="extractive",
            citations=answer.citations,
            passages=tuple(c.id for c in answer.citations),
            knowledge_version=found.version,
            metric_summary=self._used(question),
            model=self._generator.name if failure and self._generator else "",
            prompt_version=self._prompts.version if failure else "",
            failure=failure,
            votable=True,
            steps_ms=case.steps,
            **case.prompted,
        )


def _all_hits(found: SearchResult) -> tuple[Hit, ...]:
    return (*found.hits, *found.around, *((found.ending,) if found.ending else ()))


def _with_language(text: str, citations: Sequence[Citation], case: _Case) -> str:
    """The text, and a word about it when all it rests on is in another language."""
    cited = {citation.id for citation in citations}
    spoken = {hit.passage.lang for hit in case.filled.hits if hit.passage.id in cited}
    lang = case.question.lang
    if not spoken or lang in spoken:
        return text
    return f"{text}\n\n{t(f'answer.rests_on_{min(spoken)}', lang)}"


def _nothing_found(question: Question, found: SearchResult, steps: dict[str, float]) -> Said:
    return Said(
        text=t("answer.nothing_found", question.lang),
        kind="answer",
        knowledge_version=found.version,
        relevant=False,
        votable=True,
        steps_ms=steps,
    )


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
