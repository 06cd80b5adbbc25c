"""The real client against a wire-level server: what it accepts, refuses, retries and cancels."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import openai  # noqa: F401  # loading it is not what the deadlines are about
import pytest

from bot.errors import (
    ModelAbortedError,
    ModelCutOffError,
    ModelError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from bot.generation.breaker import Breaker
from bot.generation.openai_compat import Endpoint, OpenAICompatibleGenerator
from bot.model import ChatMessage, Generation
from tests.fakes.model_server import Mode, model_server

PROMPT = [
    ChatMessage(role="system", content="Cite."),
    ChatMessage(role="user", content="How much sleep?"),
    ChatMessage(role="assistant", content="Seven hours."),
    ChatMessage(role="user", content="Sure?"),
]


def client(url: str, **options: object) -> OpenAICompatibleGenerator:
    """A client with short deadlines."""
    settings = {"first_token_s": 3.0, "total_s": 6.0} | options
    return OpenAICompatibleGenerator(Endpoint(url=url, **settings))  # type: ignore[arg-type]


async def collect(generator: OpenAICompatibleGenerator, tenant: str = "") -> list[Generation]:
    """Everything one stream yields; connections are closed afterwards."""
    try:
        async with aclosing(generator.stream(PROMPT, tenant=tenant)) as stream:
            return [generation async for generation in stream]
    finally:
        await generator.close()


async def test_a_whole_answer_streams_and_says_why_it_ended() -> None:
    """The text grows word by word and only the last item has a finish reason."""
    async with model_server() as server:
        got = await collect(client(server.url))
    assert got[-1] == Generation(text=server.text, finish="stop")
    assert len(got) > 3
    assert all(g.finish is None for g in got[:-1])
    roles = [m["role"] for m in server.requests[0]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]


async def test_what_one_kind_of_server_understands_goes_along() -> None:
    """Extra fields of the endpoint stand in the body of every request."""
    async with model_server() as server:
        await collect(client(server.url, extra={"lora": [{"id": 0, "scale": 0.0}]}))
    assert server.requests[0]["lora"] == [{"id": 0, "scale": 0.0}]


async def test_the_model_is_discovered_and_tenants_get_separate_caches() -> None:
    """Without a configured name the server's first model is asked, with a salt per person."""
    async with model_server() as server:
        generator = client(server.url)
        assert generator.name == ""
        assert await generator.warm() == "fake-model"
        assert generator.name == "fake-model"
        await collect(generator, tenant="ann")
        await collect(generator, tenant="bob")
    salts = [request["cache_salt"] for request in server.requests]
    assert len(set(salts)) == 2
    assert "ann" not in salts[0]
    assert {request["model"] for request in server.requests} == {"fake-model"}


async def test_a_server_that_is_not_vllm_gets_no_unknown_field() -> None:
    """cache_salt is vLLM's own; others might refuse the request for it."""
    async with model_server(owned_by="someone") as server:
        await collect(client(server.url), tenant="ann")
    assert "cache_salt" not in server.requests[0]


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("hang", ModelTimeoutError),
        ("hang_midway", ModelTimeoutError),
        ("cut", ModelCutOffError),
        ("no_finish", ModelCutOffError),
        ("abort", ModelAbortedError),
        ("busy", ModelUnavailableError),
        ("refuse_key", ModelError),
        ("empty_models", ModelUnavailableError),
        ("garbage", ModelCutOffError),
    ],
)
async def test_every_failure_has_its_own_name(mode: Mode, error: type[ModelError]) -> None:
    """No way of failing passes for an answer, and each is told apart."""
    async with model_server(mode=mode) as server:
        with pytest.raises(ModelError) as caught:
            await collect(client(server.url, first_token_s=0.8, total_s=1.2))
    assert type(caught.value) is error


async def test_length_is_an_end_that_is_told() -> None:
    """An answer cut by the token limit is marked so."""
    async with model_server(mode="length") as server:
        assert (await collect(client(server.url)))[-1].finish == "length"


async def test_nobody_listening_is_unavailable() -> None:
    """A closed port is a plain word, not a traceback."""
    with pytest.raises(ModelUnavailableError):
        await collect(client("http://127.0.0.1:9/v1"))


async def test_a_missing_model_is_named() -> None:
    """Asking for a model the server does not have fails before any question is sent."""
    async with model_server() as server:
        generator = client(server.url, model="other")
        with pytest.raises(ModelUnavailableError, match="other"):
            await generator.warm()
        await generator.close()


async def test_one_retry_when_nothing_was_begun() -> None:
    """A full queue is asked once more; the second answer counts."""
    async with model_server(busy_for=1) as server:
        assert (await collect(client(server.url)))[-1].finish == "stop"
    assert len(server.requests) == 2


async def test_a_begun_answer_is_never_asked_twice() -> None:
    """After the first token a repeat could show two different answers."""
    async with model_server(mode="cut") as server:
        with pytest.raises(ModelCutOffError):
            await collect(client(server.url))
    assert len(server.requests) == 1


async def test_leaving_early_reaches_the_server() -> None:
    """Closing the stream closes the socket, so the server stops working for nobody."""
    async with model_server(text="word " * 400, pause_s=0.01) as server:
        generator = client(server.url)
        async with aclosing(generator.stream(PROMPT)) as stream:
            await anext(stream)
        for _ in range(100):
            if server.cancelled:
                break
            await asyncio.sleep(0.02)
        await generator.close()
        assert server.cancelled == 1
        assert server.running == 0


async def test_the_breaker_spares_a_dead_server_and_lets_one_probe_through() -> None:
    """After three failures in a row no request is sent until the pause is over."""
    now = [0.0]
    breaker = Breaker(threshold=3, cooldown_s=10, clock=lambda: now[0])
    async with model_server(mode="abort") as server:
        generator = OpenAICompatibleGenerator(Endpoint(url=server.url), breaker=breaker)
        for _ in range(3):
            with pytest.raises(ModelAbortedError):
                await collect(generator)
        asked = len(server.requests)
        with pytest.raises(ModelUnavailableError, match="circuit"):
            await collect(generator)
        assert len(server.requests) == asked
        now[0] = 11.0
        server.mode = "answer"
        assert (await collect(generator))[-1].finish == "stop"
        assert breaker.state == "closed"


def test_a_probe_that_fails_opens_the_breaker_again() -> None:
    """Half-open lets one call through at a time, and one failure closes the door."""
    now = [0.0]
    breaker = Breaker(threshold=1, cooldown_s=5, clock=lambda: now[0])
    assert breaker.allows()
    breaker.failed()
    assert breaker.state == "open"
    assert not breaker.allows()
    now[0] = 6.0
    assert breaker.state == "half-open"
    assert breaker.allows()
    assert not breaker.allows()
    breaker.failed()
    assert breaker.state == "open"
    now[0] = 12.0
    assert breaker.allows()
    breaker.released()
    assert breaker.allows()
