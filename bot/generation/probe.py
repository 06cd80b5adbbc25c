"""Looks at a model server the way Salus will use it, and says what was seen.

Nothing is changed there: adapters are only asked for in ways that must be refused, and the two
short answers it asks for are a few tokens long.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.generation.failures import named, sdk_errors
from bot.generation.openai_compat import BATCH, Endpoint

if TYPE_CHECKING:
    import httpx2

ABORT_S = 2.0  # how soon an abandoned answer must have stopped
_RANK = re.compile(r"max_lora_rank\s+(\d+)")
_TOO_WIDE = {
    "peft_type": "LORA", "r": 1_000_000, "lora_alpha": 1, "target_modules": ["q_proj"],
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a server showed. None: it could not be seen, which is not the same as no."""

    is_vllm: bool
    version: str = ""
    context: int | None = None  # tokens of one prompt with its answer
    adapters: tuple[str, ...] = ()
    lora: bool | None = None  # started with LoRA
    lora_slots: int | None = None  # adapters in one batch
    lora_rank: int | None = None  # highest rank it takes
    lora_changes: bool | None = None  # adapters can come and go while it serves
    streams: bool = False
    finish: str = ""
    usage: bool = False
    priorities: bool | None = None
    aborts: bool | None = None  # an abandoned answer stops being written
    metrics: bool = False


async def look(endpoint: Endpoint, scratch: Path) -> Seen:
    """Ask the server. ``scratch``: a folder for a file that only a server here could see.

    Raises a ModelError when the server goes away meanwhile.
    """
    try:
        return await _look(_Probe(endpoint), endpoint.model, scratch)
    except sdk_errors() as error:
        raise named(error, begun=False) from error


async def _look(probe: _Probe, name: str, scratch: Path) -> Seen:
    async with probe.connected():
        cards = (await probe.get("/models")).get("data") or []
        base: dict[str, Any] = next((c for c in cards if not c.get("parent")), {})
        name = name or str(base.get("id", ""))
        is_vllm = base.get("owned_by") == "vllm"
        streams, finish, usage = await probe.short_answer(name)
        seen: dict[str, Any] = {"streams": streams, "finish": finish, "usage": usage}
        if is_vllm:
            seen |= await _only_vllm(probe, name, scratch)
        return Seen(
            is_vllm=is_vllm,
            context=base.get("max_model_len"),
            adapters=tuple(str(c["id"]) for c in cards if c.get("parent")),
            **seen,
        )


async def _only_vllm(probe: _Probe, name: str, scratch: Path) -> dict[str, Any]:
    """What has no name in other servers."""
    priority = {"priority": BATCH, "max_tokens": 1, "stream": False}
    status, _ = await probe.post("/chat/completions", _asked(name) | priority)
    changes, lora, rank = await _adapters(probe, scratch)
    aborts = await _aborts(probe, name)
    metrics = await probe.metrics()
    slots = re.search(r'vllm:lora_requests_info\{[^}]*max_lora="(\d+)"', metrics)
    return {
        "version": str((await probe.get("/version", root=True)).get("version", "")),
        "priorities": {200: True, 400: False}.get(status),
        "lora_changes": changes,
        "lora": True if slots else lora,
        "lora_rank": rank,
        "lora_slots": int(slots[1]) if slots else None,
        "aborts": aborts,
        "metrics": "vllm:num_requests_running" in metrics,
    }


async def _adapters(probe: _Probe, scratch: Path) -> tuple[bool, bool | None, int | None]:
    """(can change while serving, has LoRA, highest rank), from two requests it must refuse."""
    status, _ = await probe.post("/load_lora_adapter", {"lora_name": "", "lora_path": ""})
    if status in {404, 405}:
        return False, None, None
    folder = scratch / "rank-probe"
    config = folder / "adapter_config.json"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(config.write_text, json.dumps(_TOO_WIDE))
    wide = {"lora_name": "salus-rank-probe", "lora_path": str(folder.resolve())}
    status, told = await probe.post("/load_lora_adapter", wide)
    await asyncio.to_thread(config.unlink)
    await asyncio.to_thread(folder.rmdir)
    rank = _RANK.search(told)
    if rank:
        return True, True, int(rank[1])
    return True, False if "not enabled" in told.lower() else None, None


async def _aborts(probe: _Probe, name: str) -> bool | None:
    """Leave an answer after its first piece and watch the server's own count."""
    before = probe.running(await probe.metrics())
    if before is None:
        return None
    asked = _asked(name) | {"max_tokens": 400, "ignore_eos": True}
    async with aclosing(probe.events(asked)) as events:
        await anext(events, None)
        if (probe.running(await probe.metrics()) or 0) <= before:
            return None  # over already, or others left meanwhile: nothing to be seen
    until = time.monotonic() + ABORT_S
    while time.monotonic() < until:
        if (probe.running(await probe.metrics()) or 0) <= before:
            return True
        await asyncio.sleep(0.1)
    return False if before == 0 else None


def _asked(name: str) -> dict[str, Any]:
    return {
        "model": name,
        "messages": [{"role": "user", "content": "Say: one two three four five."}],
        "max_tokens": 16,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


class _Probe:
    """One connection and the few requests that are made of a server."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._url = endpoint.url
        self._patience = endpoint.total_s
        self._headers = {"Authorization": f"Bearer {endpoint.api_key}"}
        self._http: httpx2.AsyncClient | None = None

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[None, None]:
        """Open connections for as long as the block runs."""
        import httpx2

        async with httpx2.AsyncClient(timeout=self._patience, headers=self._headers) as http:
            self._http = http
            yield

    async def get(self, path: str, *, root: bool = False) -> dict[str, Any]:
        """A JSON object; empty when there is none."""
        answer = await self._client.get(self._address(path, root=root))
        try:
            body = answer.json()
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    async def post(self, path: str, body: dict[str, Any]) -> tuple[int, str]:
        """(status, what it said)."""
        if not body.get("stream", True):
            body = {k: v for k, v in body.items() if k != "stream_options"}
        answer = await self._client.post(self._address(path), json=body)
        return answer.status_code, answer.text

    async def metrics(self) -> str:
        """The server's own metrics; empty where it tells none."""
        answer = await self._client.get(self._address("/metrics", root=True))
        return str(answer.text) if answer.status_code == 200 else ""

    @staticmethod
    def running(metrics: str) -> float | None:
        """Requests being answered now."""
        found = re.findall(r"^vllm:num_requests_running\{[^}]*\}\s+(\S+)", metrics, re.MULTILINE)
        return sum(map(float, found)) if found else None

    async def events(self, body: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """The objects of one streamed answer."""
        address = self._address("/chat/completions")
        async with self._client.stream("POST", address, json=body) as answer:
            async for line in answer.aiter_lines():
                data = line.removeprefix("data: ")
                if data not in {line, "[DONE]"}:
                    yield json.loads(data)

    async def short_answer(self, name: str) -> tuple[bool, str, bool]:
        """(came in pieces, why it ended, how many tokens was told)."""
        pieces, finish, usage = 0, "", False
        async with aclosing(self.events(_asked(name))) as events:
            async for event in events:
                usage = usage or bool(event.get("usage"))
                for choice in event.get("choices") or ():
                    pieces += bool((choice.get("delta") or {}).get("content"))
                    finish = choice.get("finish_reason") or finish
        return pieces > 1, finish, usage

    def _address(self, path: str, *, root: bool = False) -> str:
        return (self._url.removesuffix("/v1") if root else self._url) + path

    @property
    def _client(self) -> httpx2.AsyncClient:
        if self._http is None:
            raise RuntimeError("not connected")
        return self._http
