"""One client for every OpenAI-compatible server: vLLM in production, llama.cpp when embedded.

Translates in (prompt → messages) and out (events → Generation, SDK errors → ModelError).
An answer counts only when the server said why it ended: ``stop`` or ``length``. vLLM can answer
HTTP 200 and then ``finish_reason: abort`` (vllm #57082), and a broken stream has no reason at all.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from bot.errors import (
    AdapterMissingError,
    ModelAbortedError,
    ModelCutOffError,
    ModelError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from bot.generation.breaker import Breaker
from bot.generation.events import Events, Piece
from bot.generation.failures import named, sdk_errors
from bot.i18n import LANGS
from bot.model import ChatMessage, Generation, Lang

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

_RETRY_PAUSE_S = 0.3
BATCH = 10  # priority of work nobody waits for, such as an evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where and how to ask. Times in seconds; ``total_s`` covers the whole answer.

    ``extra`` goes into the body of every request: what one kind of server alone understands.
    """

    url: str
    model: str = ""
    api_key: str = "none"
    first_token_s: float = 8.0
    total_s: float = 25.0
    max_tokens: int = 400
    temperature: float = 0.0
    priority: int = 0  # vLLM serves lower numbers first: people 0, work of our own BATCH
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Served:
    """What the server says it serves."""

    model: str
    is_vllm: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request. ``adapter`` empty: the model itself."""

    prompt: tuple[ChatMessage, ...]
    tenant: str
    adapter: str
    extra: Mapping[str, Any] = field(default_factory=dict)


class OpenAICompatibleGenerator:
    """A Generator over HTTP. One instance serves all chats; it keeps no chat state."""

    def __init__(self, endpoint: Endpoint, *, breaker: Breaker | None = None) -> None:
        """No connection is made before the first ``stream`` or ``warm``."""
        self._endpoint = endpoint
        self._breaker = breaker or Breaker()
        self._openai: AsyncOpenAI | None = None
        self._served: _Served | None = None
        self._http: httpx2.AsyncClient | None = None
        self._starting = asyncio.Lock()

    @property
    def name(self) -> str:
        """The model asked for, known after the first contact."""
        return self._served.model if self._served else self._endpoint.model

    @property
    def adapter(self) -> str:
        """None of its own: who is answered by which is decided outside."""
        return ""

    @property
    def languages(self) -> frozenset[Lang]:
        """A served model is expected to write both our languages."""
        return frozenset(LANGS)

    async def warm(self) -> str:
        """Import the client, ask the server for its models and return the chosen one."""
        try:
            async with asyncio.timeout(self._endpoint.first_token_s):
                await self._client()
        except TimeoutError as error:
            raise ModelTimeoutError("no answer to /v1/models") from error
        return self.name

    async def close(self) -> None:
        """Close the connections; the next stream would open new ones."""
        if self._http is not None:
            await self._http.aclose()
        self._http = self._openai = self._served = None

    async def stream(
        self,
        prompt: Sequence[ChatMessage],
        *,
        tenant: str = "",
        adapter: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> AsyncGenerator[Generation, None]:
        """Yield the growing answer. Closing this generator closes the socket, which cancels.

        ``tenant`` separates prefix caches (vLLM ``cache_salt``), so that nobody can time
        somebody else's prompt. ``adapter`` is asked for as the model, as vLLM serves LoRA
        weights. ``extra``: more fields of this request. Raises a ModelError; nothing else.
        """
        asked = _Asked(tuple(prompt), tenant, adapter or "", extra or {})
        if not self._breaker.allows():
            raise ModelUnavailableError("circuit open")
        try:
            async with aclosing(self._bounded(asked)) as answer:
                async for generation in answer:
                    yield generation
            self._breaker.succeeded()
        except AdapterMissingError:
            self._breaker.succeeded()  # the server itself is well
            raise
        except ModelError:
            self._breaker.failed()
            raise
        finally:
            self._breaker.released()

    async def _bounded(self, asked: _Asked) -> AsyncGenerator[Generation, None]:
        """The stream with both deadlines kept and its end checked."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._endpoint.total_s
        first_token_by = loop.time() + self._endpoint.first_token_s
        text, finish = "", ""
        async with aclosing(self._with_one_retry(asked, first_token_by)) as pieces:
            while True:
                by = end if text else min(first_token_by, end)
                try:
                    async with asyncio.timeout_at(by):
                        piece = await anext(pieces, None)
                except TimeoutError as error:
                    what = "answer not finished" if text else "no first token"
                    raise ModelTimeoutError(what) from error
                if piece is None:
                    break
                finish = piece.finish or finish
                if piece.text:
                    text += piece.text
                    yield Generation(text=text)
        yield Generation(text=text, finish=_checked(finish))

    async def _with_one_retry(
        self, asked: _Asked, retry_until: float
    ) -> AsyncGenerator[Piece, None]:
        """Ask; ask once more only when nothing came and nothing can have been done."""
        for attempt in (1, 2):
            begun = False
            try:
                async with aclosing(self._ask(asked)) as pieces:
                    async for piece in pieces:
                        begun = True
                        yield piece
                return
            except ModelUnavailableError:
                now = asyncio.get_running_loop().time()
                if begun or attempt == 2 or now + _RETRY_PAUSE_S >= retry_until:
                    raise
                await asyncio.sleep(_RETRY_PAUSE_S)

    async def _ask(self, asked: _Asked) -> AsyncGenerator[Piece, None]:
        """One request; SDK errors become ours."""
        client, served = await self._client()
        extra = {**self._endpoint.extra, **asked.extra}
        if served.is_vllm:
            extra |= self._only_vllm(asked.tenant)
        begun = False
        try:
            # The raw response: the library's object for every token costs ten times its reading.
            async with client.chat.completions.with_streaming_response.create(
                model=asked.adapter or served.model,
                messages=_translate(asked.prompt),
                temperature=self._endpoint.temperature,
                max_completion_tokens=self._endpoint.max_tokens,
                stream=True,
                stream_options={"include_usage": True},
                extra_body=extra or None,
            ) as response:
                events = Events()
                async for data in response.iter_bytes():
                    piece = events.take(data)
                    begun = True
                    yield piece
        except sdk_errors() as error:
            if getattr(error, "status_code", 0) == HTTPStatus.NOT_FOUND:
                self._served = None  # another model may be served there now: look again
            raise named(error, begun=begun, adapter=asked.adapter) from error

    def _only_vllm(self, tenant: str) -> dict[str, Any]:
        """Fields that another server might refuse the request for."""
        body: dict[str, Any] = {}
        if tenant:
            body["cache_salt"] = hashlib.sha256(tenant.encode()).hexdigest()[:32]
        if self._endpoint.priority:
            body["priority"] = self._endpoint.priority
        return body

    async def _client(self) -> tuple[AsyncOpenAI, _Served]:
        async with self._starting:
            if self._openai is None:
                self._http = await asyncio.to_thread(self._connections)
                self._openai = await asyncio.to_thread(self._build, self._http)
            if self._served is None:
                self._served = await self._discover(self._openai)
        return self._openai, self._served

    def _connections(self) -> httpx2.AsyncClient:
        """Our own connections: the library's default ones are shared by the whole process."""
        import httpx2

        return httpx2.AsyncClient(timeout=self._endpoint.total_s)

    def _build(self, http: httpx2.AsyncClient) -> AsyncOpenAI:
        from openai import AsyncOpenAI

        e = self._endpoint
        return AsyncOpenAI(
            base_url=e.url,  # passed explicitly: a gateway variable must never reroute us
            api_key=e.api_key,
            timeout=e.total_s,
            max_retries=0,
            http_client=http,
        )

    async def _discover(self, client: AsyncOpenAI) -> _Served:
        e = self._endpoint
        try:
            models = [model async for model in client.models.list(timeout=e.first_token_s)]
        except sdk_errors() as error:
            raise named(error, begun=False) from error
        if not models:
            raise ModelUnavailableError("the server lists no model")
        names = {model.id for model in models}
        if e.model and e.model not in names:
            raise ModelUnavailableError(f"the server has no model {e.model!r}")
        is_vllm = any(model.owned_by == "vllm" for model in models)
        bases = [model.id for model in models if not getattr(model, "parent", None)]
        return _Served(e.model or next(iter(bases), models[0].id), is_vllm)


def _translate(prompt: Sequence[ChatMessage]) -> list[Any]:
    return [{"role": message.role, "content": message.content} for message in prompt]


def _checked(finish: str) -> Literal["stop", "length"]:
    """The finish reason if it is a real end; otherwise the error it stands for."""
    if finish == "stop":
        return "stop"
    if finish == "length":
        return "length"
    if not finish:
        raise ModelCutOffError("the stream ended without a finish reason")
    raise ModelAbortedError(f"finish_reason {finish!r}")
