"""Choosing over llama.cpp: one word of the model behind every sentence, and how sure it is of it.

The server keeps what it has read, so every step reads one sentence more and no sentence twice.
Sentences with a yes are said at once, in the prompt's order.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bot.errors import ModelAbortedError, ModelTimeoutError, ModelUnavailableError
from bot.grounding.choosing import NO, YES, Reading
from bot.model import Generation

if TYPE_CHECKING:
    import httpx2

__all__ = ["Decider", "chosen"]

SENTENCES = 7  # of one answer
WORDS = 100  # of one answer
SURE = 0.5  # how likely a yes has to be for the first sentence
# … for one of another page than those quoted, and of one of these. From teachers who took five
# sentences, a model learns to say no once it has said yes five times; a sentence about something
# else altogether gets .11 to .14. On 120 questions that nothing was trained on: .744 of the facts
# in 77 words; .736 in 73 if another passage of the same page needs .2 as well; .744 in 78 with .05
# for all, strangers among them; the extractive answer .670 in 79.
ANOTHER = 0.2
SAME = 0.05
_CANDIDATES = 20  # words the server names with their likelihood; a trained model has ours on top


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Asks a llama.cpp server how likely it says yes. ``url`` without /v1; times in seconds."""

    url: str
    api_key: str
    first_s: float
    total_s: float
    extra: Mapping[str, Any] = field(default_factory=dict)

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[httpx2.AsyncClient, None]:
        """Connections for one answer."""
        import httpx2

        headers = {"Authorization": f"Bearer {self.api_key}"}
        async with httpx2.AsyncClient(
            base_url=self.url, headers=headers, timeout=self.total_s
        ) as http:
            yield http

    async def likelihood(self, http: httpx2.AsyncClient, text: str) -> float:
        """Of a yes after ``text``, against a no; 0 to 1. Raises ModelUnavailableError."""
        import httpx2

        body = {
            "prompt": text, "n_predict": 1, "n_probs": _CANDIDATES, "cache_prompt": True,
            "temperature": 0.0, **self.extra,
        }  # fmt: skip
        try:
            answer = await http.post("/completion", json=body)
        except httpx2.HTTPError as error:
            raise ModelUnavailableError(type(error).__name__) from error
        if answer.status_code != HTTPStatus.OK:
            raise ModelUnavailableError(f"HTTP {answer.status_code}")
        try:
            named = answer.json()["completion_probabilities"][0]["top_logprobs"]
            known = {one["token"]: float(one["logprob"]) for one in named}
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise ModelAbortedError("no likelihoods") from error
        return _share(known)


def _share(known: Mapping[str, float]) -> float:
    """Of yes among yes and no. One that is not named is less likely than all that are."""
    least = min(known.values(), default=0.0)
    apart = known.get(NO, least) - known.get(YES, least)
    return 1 / (1 + math.exp(min(50.0, apart)))


def _least(title: str, said: set[str]) -> float:
    """What a yes needs, by the pages that something was said from."""
    if not said:
        return SURE
    return SAME if title.casefold() in said else ANOTHER


async def chosen(decider: Decider, read: Reading) -> AsyncGenerator[Generation, None]:
    """The growing answer, as a Generator's stream. Empty at the end: nothing answers.

    Raises a ModelError; nothing else.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    said: list[str] = []
    marks: set[int] = set()
    pages: set[str] = set()
    words = 0
    text = read.opening
    async with decider.connected() as http:
        for choice in read.choices:
            text += choice.ask
            size = len(choice.text.split())
            yes = False
            if words + size <= WORDS:
                by = begun + (decider.total_s if said else min(decider.first_s, decider.total_s))
                try:
                    async with asyncio.timeout_at(by):
                        yes = await decider.likelihood(http, text) >= _least(choice.title, pages)
                except TimeoutError as error:
                    raise ModelTimeoutError(f"{len(said)} sentences chosen") from error
            text += YES if yes else NO
            if yes:
                gap = " " if choice.mark in marks else "\n\n"
                said.append((gap if said else "") + choice.cited)
                marks.add(choice.mark)
                pages.add(choice.title.casefold())
                words += size
                yield Generation(text="".join(said))
            if len(said) == SENTENCES:
                break
    yield Generation(text="".join(said), finish="stop")
