"""Answers one question: retrieve, ask the model, check every sentence, or answer by extract.

A sentence is shown only after it passed the grounding check, also while streaming. When the
model is missing, late, broken off or says what its passages do not, the extractive answer,
whose sentences are the passages' own, takes its place.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from bot.dialogue import asking, context
from bot.dialogue.citing import cite, numbered
from bot.dialogue.numbers import OwnNumbers
from bot.dialogue.turns import Said
from bot.errors import ModelError
from bot.grounding.check import Checker, CitedPassage
from bot.grounding.extractive import compose
from bot.grounding.sentences import complete_sentences
from bot.grounding.together import Together, asked_together, only_both, search_words
from bot.i18n import t
from bot.model import Assignment, Citation, Generation, Hit, Lang, SearchResult, Turn, UserId
from bot.ports import Generator, Models, Prompts, Retriever
from bot.safety import unsafe_advice
from rag.types import KnowledgeError

_PASSAGES = 6
_END = re.compile(r"[.!?…。！？\n]")  # without one of these no sentence is complete
_LONG = 900  # characters; a little less than where a sentence without an end is cut
Similarity = Callable[[str, list[str]], list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked and all that may help to answer it. ``tenant`` separates model caches."""

    text: str
    search_text: str
    lang: Lang
    tenant: str
    own: OwnNumbers = field(default_factory=OwnNumbers)
    profile: tuple[str, ...] = ()
    history: tuple[Turn, ...] = ()


class Rejected(Exception):  # noqa: N818  # not a failure: the verdict that ends a model answer
    """The model's answer did not hold; ``key`` says how, for the record."""

    def __init__(self, key: str) -> None:
        """Keep the reason."""
        super().__init__(key)
        self.key = key


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
        if generator is not None and case.question.lang in generator.languages:
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
        text, citations = cite(draft.text, case.filled.hits)
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
            metric_summary="\n".join(question.own.context),
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
            (*found.hits, *found.around, *((found.ending,) if found.ending else ())),
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
            metric_summary="\n".join(question.own.context),
            model=self._generator.name if failure and self._generator else "",
            prompt_version=self._prompts.version if failure else "",
            failure=failure,
            votable=True,
            steps_ms=case.steps,
            **case.prompted,
        )


class Draft:
    """The model's answer as far as it has been checked: complete sentences that hold."""

    def __init__(self, checker: Checker, hits: Sequence[Hit], question: Question) -> None:
        """The hits are the numbered passages the model was shown, in order."""
        self._checker = checker
        self._passages = [
            CitedPassage(id=h.passage.id, text=h.passage.text, title=h.passage.title) for h in hits
        ]
        self._question = question
        self._seen = 0
        self._kept: list[str] = []
        self._dropped = 0
        self._done = 0  # characters of the sentences that were seen
        self._finish: str | None = None

    @property
    def text(self) -> str:
        """The sentences that hold, with the spaces, line breaks and bullets they stood behind."""
        return "".join(self._kept).strip()

    def due(self, generation: Generation) -> bool:
        """Whether a sentence may have ended: most of what comes only makes the last one longer."""
        if generation.finish is not None or len(generation.text) - self._done > _LONG:
            return True
        return _END.search(generation.text, self._done) is not None

    def take(self, generation: Generation) -> bool:
        """Check the newly completed sentences; True when there is more to show."""
        self._finish = generation.finish
        sentences, rest = complete_sentences(generation.text)
        self._done = len(generation.text) - len(rest)
        if generation.finish == "stop" and rest.strip():
            sentences.append(rest)  # the end of the answer completes its last sentence
        fresh, self._seen = sentences[self._seen :], len(sentences)
        before = len(self._kept)
        for sentence in fresh:
            self._judge(sentence)
        return len(self._kept) > before

    def finish(self) -> None:
        """Accept the whole, or raise Rejected when too little of it holds."""
        if self._question.lang == "en" and not self._kept:
            raise Rejected("check.nothing_supported")
        if not any("[" in sentence for sentence in self._kept):
            raise Rejected("check.no_citation")
        if self._finish == "length":
            self._kept.append(" " + t("answer.shortened", self._question.lang))

    def _judge(self, sentence: str) -> None:
        if not sentence.strip():
            return
        report = self._checker.check(
            sentence,
            self._passages,
            metrics=self._question.own.accepted,
            lang=self._question.lang,
            citations="required",
        )
        if report.supported and unsafe_advice(sentence, self._question.lang) is None:
            self._kept.append(sentence)
            return
        self._dropped += 1
        # One stray sentence may go; an answer that goes on making things up is not trimmed
        # into shape, it is given up at once.
        if self._dropped > max(1, len(self._kept) // 2):
            raise Rejected("check.unsupported")


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
