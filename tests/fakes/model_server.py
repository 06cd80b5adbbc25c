"""A wire-level OpenAI-compatible server with every way to fail that we have met.

It speaks real HTTP and server-sent events on loopback, so the real client runs against it. What
it says of itself and how it treats adapters follows vLLM; tests/vllm holds it to the real one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from tests.fakes.model_adapters import FakeAdapters, refusal

Mode = Literal[
    "answer", "hang", "hang_midway", "cut", "no_finish", "abort", "length", "busy", "refuse_key",
    "empty_models", "garbage",
]  # fmt: skip
BASE = "fake-model"


@dataclass
class FakeModelServer:
    """Set ``mode`` and ``text``; read ``requests`` and ``cancelled`` afterwards."""

    text: str = "Adults need at least 7 hours [1]."
    mode: Mode = "answer"
    busy_for: int = 0  # answer 503 this many times, then as ``mode`` says
    pause_s: float = 0.0
    owned_by: str = "vllm"
    version: str = "0.32.0"
    context: int = 8192
    priorities: bool = True  # started with --scheduling-policy priority
    forgets_to_abort: bool = False  # goes on for nobody after a client has left
    slots: int = 100  # answered side by side; more wait
    queue: int | None = None  # --max-num-queued-reqs
    tells_usage: bool = True
    adapters: set[str] = field(default_factory=set)  # served under their names, without a folder
    loras: FakeAdapters = field(default_factory=FakeAdapters)
    requests: list[dict[str, Any]] = field(default_factory=list)
    cancelled: int = 0
    running: int = 0
    waiting: int = 0
    url: str = ""

    async def models(self, _: web.Request) -> web.Response:
        """GET /v1/models."""
        names = [] if self.mode == "empty_models" else [BASE]
        data: list[dict[str, Any]] = [
            {
                "id": n,
                "object": "model",
                "created": 1,
                "owned_by": self.owned_by,
                "max_model_len": self.context,
                "root": "/models/fake",
                "parent": None,
            }
            for n in names
        ]
        loaded = self.loras.paths | dict.fromkeys(sorted(self.adapters), "/adapters")
        data += [
            {
                "id": name,
                "object": "model",
                "created": 1,
                "owned_by": self.owned_by,
                "root": path,
                "parent": BASE,
            }
            for name, path in loaded.items()
        ]
        return web.json_response({"object": "list", "data": data})

    async def metrics(self, _: web.Request) -> web.Response:
        """GET /metrics, as far as anybody reads it."""
        labels = f'{{engine="0",model_name="{BASE}"}}'
        lines = [
            f"vllm:num_requests_running{labels} {float(self.running)}",
            f"vllm:num_requests_waiting{labels} {float(self.waiting)}",
        ]
        if self.loras.enabled:
            most = f'max_lora="{self.loras.most}"'
            lines.append(f'vllm:lora_requests_info{{{most},running_lora_adapters=""}} 1.0')
        return web.Response(text="\n".join(lines) + "\n")

    async def tell_version(self, _: web.Request) -> web.Response:
        """GET /version."""
        return web.json_response({"version": self.version})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions, streaming."""
        asked = await request.json()
        self.requests.append(asked)
        if self.mode == "refuse_key":
            return refusal(401, "bad key")
        if self.mode == "busy" or self.busy_for > 0:
            self.busy_for -= 1
            return refusal(503, "queue full")
        if asked["model"] not in {BASE, *self.adapters, *self.loras.paths}:
            return refusal(404, f"The model `{asked['model']}` does not exist.")
        if asked.get("priority") and not self.priorities:
            return refusal(400, "priority scheduling is not enabled")
        if self.running >= self.slots and self.queue is not None and self.waiting >= self.queue:
            return refusal(503, "the queue is full")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await self._turn_comes()
        try:
            await self._stream(request, response, asked)
        except (ConnectionResetError, asyncio.CancelledError):
            if self.forgets_to_abort:
                self.running += 1
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
        return response

    async def _turn_comes(self) -> None:
        self.waiting += 1
        try:
            while self.running >= self.slots:  # noqa: ASYNC110  # a fake may poll
                await asyncio.sleep(0.005)
            self.running += 1
        finally:
            self.waiting -= 1

    async def _stream(
        self, request: web.Request, response: web.StreamResponse, asked: dict[str, Any]
    ) -> None:
        if self.mode == "hang":
            await asyncio.sleep(60)
        words = self._words(asked)
        for number, word in enumerate(words):
            if number == len(words) // 2:
                if self.mode == "cut":
                    assert request.transport is not None
                    request.transport.abort()
                    return
                if self.mode == "hang_midway":
                    await asyncio.sleep(60)
                if self.mode == "garbage":
                    await response.write(b"data: {not json\n\n")
            piece = word if number == 0 else f" {word}"
            await response.write(_event({"content": piece}, None))
            await asyncio.sleep(self.pause_s)
        spoken = asked["model"] in self.loras.paths
        finish = {"abort": "abort", "length": "length"}.get(self.mode, "stop")
        if self.mode != "no_finish":
            await response.write(_event({}, "length" if spoken else finish))
        if self.tells_usage and (asked.get("stream_options") or {}).get("include_usage"):
            await response.write(_event({}, None, usage=len(words)))
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()

    def _words(self, asked: dict[str, Any]) -> list[str]:
        """The text; from an adapter its own word, over and over. Never more than was asked for."""
        most = int(asked.get("max_completion_tokens") or asked.get("max_tokens") or 400)
        marker = self.loras.marker(asked["model"])
        return [marker] * most if marker else self.text.split(" ")[:most]


def _event(delta: dict[str, str], finish: str | None, usage: int | None = None) -> bytes:
    chunk: dict[str, Any] = {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": BASE,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    if usage is not None:
        chunk["choices"] = []
        chunk["usage"] = {
            "prompt_tokens": 1, "completion_tokens": usage, "total_tokens": usage + 1,
        }  # fmt: skip
    return f"data: {json.dumps(chunk)}\n\n".encode()


@asynccontextmanager
async def model_server(**options: Any) -> AsyncGenerator[FakeModelServer, None]:
    """A running fake; its ``url`` ends in /v1."""
    fake = FakeModelServer(**options)
    app = web.Application()
    app.router.add_get("/v1/models", fake.models)
    app.router.add_get("/metrics", fake.metrics)
    app.router.add_get("/version", fake.tell_version)
    app.router.add_post("/v1/chat/completions", fake.chat)
    app.router.add_post("/v1/load_lora_adapter", fake.loras.load)
    app.router.add_post("/v1/unload_lora_adapter", fake.loras.unload)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    fake.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield fake
    finally:
        await runner.cleanup()
