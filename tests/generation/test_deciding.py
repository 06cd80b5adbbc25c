"""A small model says yes or no behind each sentence of the short prompt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from bot.dialogue import context
from bot.errors import ModelAbortedError, ModelError, ModelTimeoutError, ModelUnavailableError
from bot.generation import deciding
from bot.generation.deciding import Decider, chosen
from bot.generation.prompts import PromptBook
from bot.grounding.check import Checker, CitedPassage
from bot.grounding.choosing import NO, YES, Choice, Reading, reading
from bot.model import Generation, Hit
from bot.settings import ROOT
from tests.fakes.retriever import PASSAGES

HITS = [Hit(passage=p, score=0.9) for p in PASSAGES[:2]]
SHORT = Reading(
    opening="Question: x",
    choices=(
        Choice("A b.", 1, "\n[1] T\n- A b. =>", "T"),
        Choice("C.", 1, "\n- C. =>", "T"),
        Choice("D.", 1, "\n- D. =>", "T"),
    ),
)


def prompt() -> tuple[str, str]:
    """The short prompt, as the embedded model gets it."""
    filled = context.brief(question="How much sleep do adults need?", hits=HITS)
    book = PromptBook.load(ROOT / "prompts" / "embedded")
    system, user = book.build(**context.prompt_values(filled, "en"))
    return system.content, user.content


class Server:
    """What llama.cpp answers to /completion; ``says`` gives the words and their likelihoods."""

    def __init__(self, says: Callable[[str], dict[str, float]], status: int = 200) -> None:
        """``status`` other than 200: it refuses."""
        self.read: list[str] = []
        self._says, self._status = says, status

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """One step."""
        text = json.loads(request.content)["prompt"]
        self.read.append(text)
        named = [{"token": w, "logprob": p} for w, p in self._says(text).items()]
        body = {"completion_probabilities": [{"top_logprobs": named}]}
        return httpx2.Response(self._status, json=body)


async def answer(
    server: Callable[[httpx2.Request], Any],
    read: Reading,
    first_s: float = 5.0,
) -> list[Generation]:
    """All that is said over a server."""
    real = httpx2.AsyncClient

    def client(**given: object) -> httpx2.AsyncClient:
        return real(transport=httpx2.MockTransport(server), **given)  # type: ignore[arg-type]

    decider = Decider(url="http://model", api_key="k", first_s=first_s, total_s=5.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx2, "AsyncClient", client)
        return [generation async for generation in chosen(decider, read)]


def test_the_short_prompt_is_read_as_decisions() -> None:
    """Every sentence is asked about once, with its passage's number, behind title and question."""
    system, user = prompt()
    read = reading(system, user)
    assert read is not None
    assert read.opening == f"{system}\nQuestion: How much sleep do adults need?"
    assert read.choices[0].ask.startswith(f"\n[1] {HITS[0].passage.title}\n- ")
    assert {(c.mark, c.title) for c in read.choices} == {
        (n, hit.passage.title) for n, hit in enumerate(HITS, 1)
    }
    assert len({c.text for c in read.choices}) == len(read.choices)


def test_whatever_may_be_chosen_passes_the_check() -> None:
    """The sentences a model may choose stand in the passage whose mark they carry."""
    read = reading(*prompt())
    assert read is not None
    passages = [CitedPassage(h.passage.id, h.passage.text, h.passage.title) for h in HITS]
    for choice in read.choices:
        assert Checker().check(choice.cited, passages, lang="en", citations="required").supported


@pytest.mark.parametrize(
    "user", ["How are you?", "Question: x\n[1] Title", "Question: x\n[1] Title\n- A.\nMore.", ""]
)
def test_any_other_prompt_is_not_turned_into_a_choice(user: str) -> None:
    """An ordinary prompt is answered in words."""
    assert reading("System.", user) is None


async def test_what_gets_a_yes_is_said_at_once() -> None:
    """The answer grows by whole cited sentences; each step reads on behind the words before."""
    server = Server(lambda text: {YES: -6.0, NO: -0.1} if "C." in text.split("\n")[-1]
                    else {YES: -0.1, NO: -3.0})  # fmt: skip
    said = await answer(server, SHORT)
    assert [g.text for g in said] == ["A b. [1]", "A b. [1] D. [1]", "A b. [1] D. [1]"]
    assert [g.finish for g in said] == [None, None, "stop"]
    assert server.read[0] == "Question: x\n[1] T\n- A b. =>"
    assert server.read[2] == "Question: x\n[1] T\n- A b. => yes\n- C. => no\n- D. =>"


async def test_the_first_sentence_has_to_be_surer_than_the_rest() -> None:
    """Whether anything answers is one question, what else belongs to the answer another; a
    sentence of another page needs more than one of a page that was quoted."""
    said = await answer(Server(lambda _: {YES: -1.0, NO: -0.4}), SHORT)
    assert said == [Generation(text="", finish="stop")]
    two = Reading("Question: x", (*SHORT.choices, Choice("E.", 2, "\n[2] U\n- E. =>", "U")))
    doubt = Server(lambda text: {YES: -0.1} if text.count("=>") == 1 else {YES: -2.0, NO: -0.1})
    assert (await answer(doubt, two))[-1].text == "A b. [1] C. [1] D. [1]"
    half = Server(lambda text: {YES: -0.1} if text.count("=>") == 1 else {YES: -1.0, NO: -0.4})
    assert (await answer(half, two))[-1].text == "A b. [1] C. [1] D. [1]\n\nE. [2]"
    more = Reading("Question: x", (*SHORT.choices, Choice("E.", 2, "\n[2] t\n- E. =>", "t")))
    assert (await answer(doubt, more))[-1].text == "A b. [1] C. [1] D. [1]\n\nE. [2]"


async def test_a_word_that_is_not_named_is_the_unlikelier_one() -> None:
    """Only the likeliest words come back; neither of ours among them is no yes beyond doubt."""
    said = await answer(Server(lambda _: {NO: -0.1, "x": -5.0}), SHORT)
    assert said == [Generation(text="", finish="stop")]


async def test_no_answer_is_longer_than_people_read() -> None:
    """A model that says yes to everything is stopped by code."""
    lines = "\n".join(f"- Sentence {n} with a few more words in it." for n in range(20))
    read = reading("", f"Question: x\n[1] T\n{lines}")
    assert read is not None
    said = await answer(Server(lambda _: {YES: 0.0}), read)
    assert said[-1].text.count("[1]") == deciding.SENTENCES


async def test_a_server_that_refuses_or_talks_of_something_else_is_a_model_error() -> None:
    """Every way to fail has our name, so that the extractive answer follows."""

    async def slow(_: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(5)
        return httpx2.Response(200)

    with pytest.raises(ModelUnavailableError):
        await answer(Server(lambda _: {}, status=503), SHORT)
    with pytest.raises(ModelAbortedError):
        await answer(lambda _: httpx2.Response(200, json={"content": "?"}), SHORT)
    with pytest.raises(ModelTimeoutError):
        await answer(slow, SHORT, first_s=0.01)
    with pytest.raises(ModelError):
        await answer(lambda _: httpx2.Response(200, content=b"?"), SHORT)
