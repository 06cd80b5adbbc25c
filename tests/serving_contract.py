"""What Salus needs of a model server, as tests that the fake and the real vLLM both pass.

A subclass gives the fixture ``place``: a server that runs, and folders of test adapters that say
one word over and over (tests/vllm/make_adapters.py for the real one).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from bot.errors import AdapterMissingError, AdapterRefusedError
from bot.generation.lora import VllmAdapters
from bot.generation.openai_compat import BATCH, Endpoint, OpenAICompatibleGenerator
from bot.model import ChatMessage, Generation

PROMPT = [
    ChatMessage(role="system", content="Answer in two sentences."),
    ChatMessage(role="user", content="How much sleep do adults need?"),
]
# How long an answer is must not hang on what the model says: the same weights end at another word
# on another processor.
ENDLESS = {"ignore_eos": True}


@dataclass(frozen=True)
class Adapter:
    """Weights under a name."""

    name: str
    path: str


@dataclass
class Place:
    """A running server. ``word(w)`` is the folder of the adapter that says ``w``."""

    url: str
    folder: Path
    first_token_s: float = 20.0  # the first one imports the client's library
    total_s: float = 30.0

    def word(self, word: str) -> Path:
        """The folder of the adapter that says this word."""
        return self.folder / word

    def client(self, **more: str | int) -> OpenAICompatibleGenerator:
        """The real client, patient enough for this server."""
        given = {"first_token_s": self.first_token_s, "total_s": self.total_s, "max_tokens": 12}
        return OpenAICompatibleGenerator(Endpoint(url=self.url, **(given | more)))  # type: ignore[arg-type]

    async def gauges(self) -> tuple[float, float]:
        """Requests running and waiting, by the server's own metrics."""
        async with httpx2.AsyncClient(timeout=10) as http:
            text = (await http.get(self.url.removesuffix("/v1") + "/metrics")).text
        return gauge(text, "vllm:num_requests_running"), gauge(text, "vllm:num_requests_waiting")


def gauge(metrics: str, name: str) -> float:
    """The sum of a gauge over its labels."""
    lines = [line for line in metrics.splitlines() if line.startswith(name + "{")]
    assert lines, f"the server tells no {name}"
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


async def ask(
    generator: OpenAICompatibleGenerator, adapter: str | None = None, tenant: str = "ann"
) -> list[Generation]:
    """Everything one stream yields."""
    async with aclosing(generator.stream(PROMPT, tenant=tenant, adapter=adapter)) as stream:
        return [generation async for generation in stream]


async def until(check: Callable[[], object], seconds: float) -> float:
    """Seconds until an async check holds; fails when it does not in time."""
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        if await check():  # type: ignore[misc]
            return time.perf_counter() - started
        await asyncio.sleep(0.05)
    pytest.fail(f"not within {seconds} s")


class ServerContract:
    """Subclass it with a fixture ``place``."""

    async def test_an_answer_grows_and_says_why_it_ended(self, place: Place) -> None:
        """Several snapshots, one real end."""
        generator = place.client()
        got = await ask(generator)
        await generator.close()
        assert len(got) > 3
        assert got[-1].finish in {"stop", "length"}
        assert all(later.text.startswith(got[0].text) for later in got)

    async def test_an_adapter_is_asked_for_by_name_and_leaves_by_name(self, place: Place) -> None:
        """Loaded, it answers in its own words; unloaded, its absence is told; the base stays."""
        server, generator = VllmAdapters([place.url]), place.client()
        await server.load(Adapter("salus-a1", str(place.word("river"))))
        await server.load(Adapter("salus-b1", str(place.word("stone"))))
        assert {"salus-a1", "salus-b1"} <= await server.loaded()
        assert set((await ask(generator, "salus-a1"))[-1].text.split()) == {"river"}
        assert set((await ask(generator, "salus-b1"))[-1].text.split()) == {"stone"}
        assert not {"river", "stone"} & set((await ask(generator, ""))[-1].text.split())
        for name in ("salus-a1", "salus-b1"):
            await server.unload(name)
        assert not {"salus-a1", "salus-b1"} & await server.loaded()
        with pytest.raises(AdapterMissingError):
            await ask(generator, "salus-a1")
        assert (await ask(generator))[-1].finish
        await generator.close()

    async def test_loading_again_changes_nothing_and_a_name_keeps_its_weights(
        self, place: Place
    ) -> None:
        """A name is never given to other weights."""
        server = VllmAdapters([place.url])
        await server.load(Adapter("salus-a2", str(place.word("river"))))
        await server.load(Adapter("salus-a2", str(place.word("river"))))
        with pytest.raises(AdapterRefusedError, match="other weights"):
            await server.load(Adapter("salus-a2", str(place.word("stone"))))
        await server.unload("salus-a2")
        await server.unload("salus-a2")

    async def test_weights_that_cannot_be_served_are_refused_with_a_reason(
        self, place: Place, tmp_path: Path
    ) -> None:
        """No folder; a rank over the limit. Nothing is left behind."""
        server = VllmAdapters([place.url])
        with pytest.raises(AdapterRefusedError):
            await server.load(Adapter("salus-none", str(tmp_path / "nowhere")))
        config = json.loads((place.word("river") / "adapter_config.json").read_text())
        (tmp_path / "adapter_config.json").write_text(json.dumps(config | {"r": 4096}))
        with pytest.raises(AdapterRefusedError, match="rank"):
            await server.load(Adapter("salus-wide", str(tmp_path)))
        assert not {"salus-none", "salus-wide"} & await server.loaded()

    async def test_leaving_is_seen_by_the_servers_own_metrics(self, place: Place) -> None:
        """A closed stream is no longer running two seconds later."""
        generator = place.client(max_tokens=300)

        async def running() -> bool:
            return (await place.gauges())[0] >= 1

        async def idle() -> bool:
            return await place.gauges() == (0.0, 0.0)

        async with aclosing(generator.stream(PROMPT, extra=ENDLESS)) as stream:
            await anext(stream)
            await until(running, 2.0)  # the gauge is set a moment after the first word is sent
        await until(idle, 2.0)
        await generator.close()

    async def test_work_nobody_waits_for_may_say_so(self, place: Place) -> None:
        """A batch's priority is accepted."""
        generator = place.client(priority=BATCH)
        assert (await ask(generator))[-1].finish
        await generator.close()
