"""A wire-level OpenAI-compatible transcription server with every way to fail.

Real HTTP and multipart on loopback, so the real client runs against it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

Mode = Literal["answer", "refuse", "broken", "busy", "hang", "garbage", "odd", "empty", "cut"]
_STATUS = {"refuse": 400, "broken": 500, "busy": 429}


@dataclass(frozen=True)
class Heard:
    """One request as it came."""

    fields: dict[str, str]
    name: str
    kind: str
    audio: bytes
    key: str


@dataclass
class FakeSpeechServer:
    """Set ``mode`` and ``text``; read ``heard``. After ``faults`` faults it answers."""

    text: str = "I slept six and a half hours."
    mode: Mode = "answer"
    faults: int = 1_000_000
    models: Any = field(default_factory=lambda: ["chat-model", "whisper-large-v3"])
    heard: list[Heard] = field(default_factory=list)
    url: str = ""

    async def list_models(self, _: web.Request) -> web.Response:
        """GET /v1/models."""
        if not isinstance(self.models, list):
            return web.Response(text=str(self.models), content_type="text/plain")
        data = [{"id": name, "object": "model"} for name in self.models]
        return web.json_response({"object": "list", "data": data})

    async def transcribe(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/audio/transcriptions."""
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        fields = {k: v for k, v in form.items() if isinstance(v, str)}
        key = request.headers.get("Authorization", "")
        self.heard.append(Heard(fields, file.filename, file.content_type, _read(file), key))
        mode: Mode = self.mode if self.faults > 0 else "answer"
        self.faults -= 1
        return await self._answer(request, mode)

    async def _answer(self, request: web.Request, mode: Mode) -> web.StreamResponse:
        if mode in _STATUS:
            return web.json_response({"error": {"message": "no"}}, status=_STATUS[mode])
        if mode == "hang":
            await asyncio.sleep(60)
        if mode == "cut":
            assert request.transport is not None
            request.transport.abort()
        if mode == "garbage":
            return web.Response(text="<html>Bad Gateway</html>", content_type="text/html")
        if mode == "odd":
            return web.json_response(["text"])
        return web.json_response({"text": "" if mode == "empty" else self.text})


def _read(file: web.FileField) -> bytes:
    try:
        return file.file.read()
    finally:
        file.file.close()


@asynccontextmanager
async def speech_server(**options: Any) -> AsyncGenerator[FakeSpeechServer, None]:
    """A running fake; its ``url`` ends in /v1."""
    fake = FakeSpeechServer(**options)
    app = web.Application(client_max_size=40 * 2**20)
    app.router.add_get("/v1/models", fake.list_models)
    app.router.add_post("/v1/audio/transcriptions", fake.transcribe)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield fake
    finally:
        await runner.cleanup()
