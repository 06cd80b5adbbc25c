"""A wire-level OpenAI-compatible server with every way to fail that we have met.

It speaks real HTTP and server-sent events on loopback, so the real client runs against it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

Mode = Literal[
    "answer", "hang", "hang_midway", "cut", "no_finish", "abort", "length", "busy", "refuse_key",
    "empty_models", "garbage",
]  # fmt: skip


@dataclass
class FakeModelServer:
    """Set ``mode`` and ``text``; read ``requests`` and ``cancelled`` afterwards."""

    text: str = "Adults need at least 7 hours [1]."
    mode: Mode = "answer"
    busy_for: int = 0  # answer 503 this many times, then as ``mode`` says
    pause_s: float = 0.0
    owned_by: str = "vllm"
    adapters: set[str] = field(default_factory=set)  # served under their own names, as by vLLM
    requests: list[dict[str, Any]] = field(default_factory=list)
    cancelled: int = 0
    running: int = 0
    url: str = ""

    async def models(self, _: web.Request) -> web.Response:
        """GET /v1/models."""
        names = [] if self.mode == "empty_models" else ["fake-model", *sorted(self.adapters)]
        data = [
            {"id": n, "object": "model", "created": 1, "owned_by": self.owned_by} for n in names
        ]
        return web.json_response({"object": "list", "data": data})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions, streaming."""
        self.requests.append(await request.json())
        if self.mode == "refuse_key":
            return web.json_response({"error": {"message": "bad key"}}, status=401)
        if self.requests[-1]["model"] not in {"fake-model", *self.adapters}:
            return web.json_response({"error": {"message": "no such model"}}, status=404)
        if self.mode == "busy" or self.busy_for > 0:
            self.busy_for -= 1
            return web.json_response({"error": {"message": "queue full"}}, status=503)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        self.running += 1
        try:
            await self._stream(request, response)
        except (ConnectionResetError, asyncio.CancelledError):
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
        return response

    async def _stream(self, request: web.Request, response: web.StreamResponse) -> None:
        if self.mode == "hang":
            await asyncio.sleep(60)
        words = self.text.split(" ")
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
        finish = {"abort": "abort", "length": "length"}.get(self.mode, "stop")
        if self.mode != "no_finish":
            await response.write(_event({}, finish))
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()


def _event(delta: dict[str, str], finish: str | None) -> bytes:
    chunk = {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "fake-model",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return f"data: {json.dumps(chunk)}\n\n".encode()


@asynccontextmanager
async def model_server(**options: Any) -> AsyncGenerator[FakeModelServer, None]:
    """A running fake; its ``url`` ends in /v1."""
    fake = FakeModelServer(**options)
    app = web.Application()
    app.router.add_get("/v1/models", fake.models)
    app.router.add_post("/v1/chat/completions", fake.chat)
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
