"""Loads and unloads LoRA adapters on the vLLM servers while they answer.

One name stands for one set of weights, for ever: a new adapter gets a new name, is loaded beside
the old one, and requests ask for it by name. So an answer that began on one adapter ends on it.
Replacing weights under a name (vLLM's ``load_inplace``) is not used: see decision 7.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from bot.errors import (
    AdapterRefusedError,
    ModelError,
    ModelTimeoutError,
    ModelUnavailableError,
)

if TYPE_CHECKING:
    import httpx2

_LOAD_S = 60.0  # the weights are read from disk and checked


@cache
def _trusted() -> ssl.SSLContext:
    """Read once: the list of authorities costs more than all that is asked."""
    return ssl.create_default_context()


class Weights(Protocol):
    """An adapter to load: its name, and its folder as the servers see it."""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...


class VllmAdapters:
    """An AdapterServer over one or several replicas that must all serve the same adapters.

    Behind a router a request may reach any replica, so an adapter counts as loaded only where
    every replica has it, and a load that fails on one is taken back on the others.
    """

    def __init__(self, urls: Sequence[str], *, api_key: str = "none") -> None:
        """``urls``: each replica's own address, ending in /v1; never a router's."""
        if not urls:
            raise ValueError("no model server to load adapters on")
        self._urls = tuple(url.rstrip("/") for url in urls)
        self._headers = {"Authorization": f"Bearer {api_key}"}

    async def load(self, adapter: Weights) -> None:
        """Load it on every replica; nothing to do where it already is.

        Raises AdapterRefusedError with the server's reason, ModelUnavailableError or
        ModelTimeoutError; then no replica has it that had not before.
        """
        async with self._connected() as http:
            put: dict[str, bool] = {}
            try:
                for url in self._urls:
                    put[url] = await self._load_one(http, url, adapter)
            except ModelError:
                for url in (url for url, new in put.items() if new):
                    await self._unload_one(http, url, adapter.name)
                raise

    async def unload(self, name: str) -> None:
        """Take it off every replica; nothing to do where it is not.

        Answers that are being written with it are finished by the server. Raises as ``load``.
        """
        async with self._connected() as http:
            for url in self._urls:
                await self._unload_one(http, url, name)

    async def loaded(self) -> frozenset[str]:
        """Names that every replica serves. Raises ModelUnavailableError or ModelTimeoutError."""
        async with self._connected() as http:
            found = [await self._served(http, url) for url in self._urls]
        return frozenset.intersection(*(frozenset(names) for names in found))

    def _connected(self) -> httpx2.AsyncClient:
        import httpx2

        return httpx2.AsyncClient(timeout=_LOAD_S, headers=self._headers, verify=_trusted())

    async def _load_one(self, http: httpx2.AsyncClient, url: str, adapter: Weights) -> bool:
        """True when this call put it there."""
        there = (await self._served(http, url)).get(adapter.name)
        if there is not None:
            if there != adapter.path:
                raise AdapterRefusedError(f"{adapter.name} is other weights there: {there}")
            return False
        wanted = {"lora_name": adapter.name, "lora_path": adapter.path}
        status, told = await self._post(http, f"{url}/load_lora_adapter", wanted)
        if status != 200:
            raise _refused(status, told)
        return True

    async def _unload_one(self, http: httpx2.AsyncClient, url: str, name: str) -> None:
        if name not in await self._served(http, url):
            return
        status, told = await self._post(http, f"{url}/unload_lora_adapter", {"lora_name": name})
        if status not in {200, 404}:
            raise _refused(status, told)

    async def _served(self, http: httpx2.AsyncClient, url: str) -> dict[str, str]:
        """Adapter names of one replica with the folder each came from."""
        status, body = await self._send(http, "GET", f"{url}/models", None)
        if status != 200 or not isinstance(body, dict):
            raise ModelUnavailableError(f"{url}/models: HTTP {status}")
        return {
            str(model["id"]): str(model.get("root") or "")
            for model in body.get("data") or ()
            if isinstance(model, dict) and model.get("parent")
        }

    async def _post(
        self, http: httpx2.AsyncClient, url: str, body: dict[str, str]
    ) -> tuple[int, str]:
        status, told = await self._send(http, "POST", url, body)
        if isinstance(told, dict):
            inner = told.get("error")
            told = inner.get("message") if isinstance(inner, dict) else told.get("message", told)
        return status, str(told)

    async def _send(
        self, http: httpx2.AsyncClient, method: str, url: str, body: dict[str, str] | None
    ) -> tuple[int, Any]:
        import httpx2

        try:
            async with asyncio.timeout(_LOAD_S):
                answer = await http.request(method, url, json=body)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise ModelTimeoutError(url) from error
        except (httpx2.HTTPError, OSError) as error:
            raise ModelUnavailableError(f"{url}: {type(error).__name__}") from error
        try:
            return answer.status_code, answer.json()
        except ValueError:
            return answer.status_code, answer.text


def _refused(status: int, told: str) -> AdapterRefusedError | ModelUnavailableError:
    """Why an adapter was not taken. The endpoint is there only where it was switched on."""
    if status in {502, 503, 504}:
        return ModelUnavailableError(f"HTTP {status}")
    if status == 404 and "Not Found" in told:
        told = "the server was started without VLLM_ALLOW_RUNTIME_LORA_UPDATING=1"
    return AdapterRefusedError(f"HTTP {status}: {told}")
