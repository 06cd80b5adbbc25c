"""How fast a model server serves Salus: tokens per second and time to the first token at rising
numbers of chats, bare, through Salus' client, and with adapters, side by side in one run.

    python deploy/bench_serving.py --url http://127.0.0.1:8765/v1 --adapter NAME=FOLDER
    python deploy/bench_serving.py --dry-run                       # starts the CPU server itself
    python deploy/bench_serving.py --url ... --chats 1 32 256 --tokens 256    # a GPU

"bare" is a raw HTTP stream of the base model; "salus" the same questions through Salus' own
client (LangChain, deadlines, checks of the end); "adapter" through the client with one adapter,
"adapters" with all of them mixed. The figures of interest are the ratios to "bare": rounds are
interleaved, so that a busy machine slows all of them alike. Writes JSON with --out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from bot.errors import ModelError
from bot.generation.breaker import Breaker
from bot.generation.lora import VllmAdapters
from bot.generation.openai_compat import Endpoint, OpenAICompatibleGenerator
from bot.model import ChatMessage

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 600.0


@dataclass(frozen=True)
class Adapter:
    """Weights under a name, in a folder as the server sees it."""

    name: str
    path: str


@dataclass
class Tally:
    """What one way of asking took at one number of chats, over all rounds."""

    first_s: list[float] = field(default_factory=list)
    tokens: int = 0
    wall_s: float = 0.0
    failed: int = 0

    @property
    def rate(self) -> float:
        """Pieces per second of all chats together; vLLM sends one piece per token."""
        return self.tokens / self.wall_s if self.wall_s else 0.0

    def row(self) -> dict[str, float]:
        """The figures."""
        first = sorted(self.first_s)
        return {
            "tokens_per_s": round(self.rate, 1),
            "first_p50_s": round(statistics.median(first), 3) if first else float("nan"),
            "first_p95_s": round(first[int(0.95 * (len(first) - 1))], 3) if first else float("nan"),
            "answers": len(first),
            "failed": self.failed,
        }


Stream = Callable[[int], AsyncGenerator[None, None]]  # number of the chat -> one item per token


def question(number: int) -> str:
    """Each chat asks something else, as people do."""
    topics = ("sleep", "blood pressure", "walking", "salt", "a cold", "stress", "water", "fever")
    return f"Chat {number}. Tell me what I should know about {topics[number % len(topics)]}."


def bare(http: httpx2.AsyncClient, url: str, model: str, tokens: int) -> Stream:
    """The server without anything of ours in between."""

    async def stream(number: int) -> AsyncGenerator[None, None]:
        body = {
            "model": model, "max_tokens": tokens, "temperature": 0, "stream": True,
            "messages": [{"role": "user", "content": question(number)}],
        }  # fmt: skip
        async with http.stream("POST", f"{url}/chat/completions", json=body) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if '"content":"' in line and '"content":""' not in line:
                    yield

    return stream


def ours(generator: OpenAICompatibleGenerator, adapters: list[str]) -> Stream:
    """Through Salus' client, the chats spread over the adapters."""

    async def stream(number: int) -> AsyncGenerator[None, None]:
        prompt = [ChatMessage(role="user", content=question(number))]
        adapter = adapters[number % len(adapters)]
        async with aclosing(
            generator.stream(prompt, tenant=f"t{number}", adapter=adapter)
        ) as answer:
            async for generation in answer:
                if generation.finish is None:
                    yield

    return stream


async def measure(stream: Stream, chats: int, tally: Tally) -> None:
    """So many chats at once, each asking once."""

    async def one(number: int) -> None:
        begun, first = time.perf_counter(), None
        try:
            async with aclosing(stream(number)) as pieces:
                async for _ in pieces:
                    first = first or time.perf_counter() - begun
                    tally.tokens += 1
        except (ModelError, httpx2.HTTPError):
            tally.failed += 1
            return
        if first is not None:
            tally.first_s.append(first)

    begun = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(chats)))
    tally.wall_s += time.perf_counter() - begun


async def run(given: argparse.Namespace) -> dict[str, object]:
    """All ways at all numbers of chats, interleaved round by round."""
    url = given.url.rstrip("/")
    adapters = [Adapter(*text.split("=", 1)) for text in given.adapter]
    headers = {"Authorization": f"Bearer {given.api_key}"}
    endpoint = Endpoint(
        url=url, api_key=given.api_key, model=given.model, max_tokens=given.tokens,
        first_token_s=PATIENCE_S, total_s=PATIENCE_S,
    )  # fmt: skip
    servers = VllmAdapters([url], api_key=given.api_key)
    generator = OpenAICompatibleGenerator(endpoint, breaker=Breaker(threshold=1_000_000))
    limits = httpx2.Limits(max_connections=None)
    found: list[dict[str, object]] = []
    async with httpx2.AsyncClient(timeout=PATIENCE_S, headers=headers, limits=limits) as http:
        model = await generator.warm()
        for adapter in adapters:
            await servers.load(adapter)
        names = [adapter.name for adapter in adapters]
        ways = {"bare": bare(http, url, model, given.tokens), "salus": ours(generator, [""])}
        if names:
            ways |= {"adapter": ours(generator, names[:1]), "adapters": ours(generator, names)}
        for chats in given.chats:
            found += await at(ways, chats, given.rounds)
        for adapter in adapters:
            await servers.unload(adapter.name)
    await generator.close()
    return {"machine": machine(), "model": model, "tokens": given.tokens, "rows": found}


async def at(ways: dict[str, Stream], chats: int, rounds: int) -> list[dict[str, object]]:
    """Every way at one number of chats; the first, unmeasured pass warms it."""
    tallies = {way: Tally() for way in ways}
    for number in range(rounds + 1):
        for way, stream in ways.items():
            await measure(stream, chats, tallies[way] if number else Tally())
    rows: list[dict[str, object]] = []
    for way, tally in tallies.items():
        row = tally.row()
        base = tallies["bare"].row()
        speed = row["tokens_per_s"] / base["tokens_per_s"] if base["tokens_per_s"] else 0.0
        first = row["first_p50_s"] / base["first_p50_s"] if base["first_p50_s"] else 0.0
        rows.append({"chats": chats, "way": way, **row, "tokens_to_bare": round(speed, 3),
                     "first_to_bare": round(first, 3)})  # fmt: skip
        print(json.dumps(rows[-1]), flush=True)
    return rows


def machine() -> dict[str, object]:
    """What the figures were taken on."""
    try:
        asked = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        gpu = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        gpu = "none"
    load = os.getloadavg()[0]
    return {"cpu": platform.processor() or platform.machine(), "cores": os.cpu_count(),
            "gpu": gpu.strip(), "load_average": round(load, 1)}  # fmt: skip


@contextmanager
def cpu_server(port: int) -> Iterator[str]:
    """The CPU server of deploy/vllm, started and stopped here."""
    command = [str(ROOT / "deploy/vllm/cpu.sh")]
    environment = os.environ | {"PORT": str(port)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 420
        while time.monotonic() < until and process.poll() is None:
            try:
                if httpx2.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200:
                    yield f"http://127.0.0.1:{port}/v1"
                    return
            except httpx2.HTTPError:
                time.sleep(1)
        sys.exit("the CPU server did not come up")
    finally:
        process.terminate()
        process.wait(60)


def arguments() -> argparse.Namespace:
    """Defaults fit two cores."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else "")
    parser.add_argument("--url", default="", help="a running server, ending in /v1")
    parser.add_argument("--dry-run", action="store_true", help="start the CPU server for it")
    parser.add_argument("--model", default="", help="base model; the server's first if empty")
    parser.add_argument("--api-key", default="none")
    parser.add_argument("--adapter", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--chats", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=None)
    return parser.parse_args()


def main() -> None:
    """Measure and tell."""
    given = arguments()
    if given.dry_run:
        given.adapter = given.adapter or [
            f"{word}={ROOT / 'build/adapters' / word}" for word in ("river", "stone")
        ]
        with cpu_server(8767) as given.url:
            found = asyncio.run(run(given))
    elif given.url:
        found = asyncio.run(run(given))
    else:
        sys.exit("give --url, or --dry-run for the CPU server")
    if given.out:
        given.out.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
