"""Salus against the real vLLM: what it relies on, and what must hold when things go wrong.

Run by ``make test-vllm``. The last test kills the server and starts it again.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from bot.adapters import console
from bot.adapters.cli import model_server
from bot.app import App, build, model_endpoint
from bot.dialogue import asking
from bot.errors import AdapterMissingError, ModelCutOffError, ModelError
from bot.generation import probe
from bot.generation.lora import VllmAdapters
from bot.generation.openai_compat import BATCH, OpenAICompatibleGenerator
from bot.model import Assignment
from bot.settings import load
from tests.serving_contract import ENDLESS, PROMPT, Adapter, Place, ServerContract, ask, until
from tests.vllm.conftest import Server

Tell = Callable[[str], None]
WORDS = ("river", "stone")
QUESTION = "How much sleep do adults need?"


class TestReal(ServerContract):
    """The contract that the fake keeps."""


async def idle(place: Place) -> bool:
    """Nothing is running or waiting."""
    return await place.gauges() == (0.0, 0.0)


async def test_doctor_finds_nothing_to_change(place: Place, tmp_path: Path) -> None:
    """The server as deploy/ starts it has all that Salus needs."""
    settings = load({"SALUS_MODEL_URL": place.url, "SALUS_DATA_DIR": str(tmp_path),
                     "SALUS_MODEL_TOTAL_S": "120"})  # fmt: skip
    seen = await probe.look(model_endpoint(settings), tmp_path)
    found = {line.name: line for line in model_server.lines(seen, settings, "en")}
    assert {name: line.detail for name, line in found.items() if line.state != "ok"} == {}
    assert (seen.lora_rank, seen.lora_slots, seen.version[:4]) == (16, 2, "0.32")


async def test_abandoned_streams_stop(place: Place, rounds: int, tell: Tell) -> None:
    """Whoever leaves is gone: two seconds after the last one left, nothing runs for nobody."""
    generator = place.client(max_tokens=300)

    async def leave() -> None:
        async with aclosing(generator.stream(PROMPT, extra=ENDLESS)) as stream:
            await anext(stream)

    for first in range(0, rounds, 12):
        await asyncio.gather(*(leave() for _ in range(min(12, rounds - first))))
    took = await until(lambda: idle(place), 2.0)
    await generator.close()
    tell(f"{rounds} abandoned streams: 0 running {took:.2f} s after the last one left")


@dataclass
class Chats:
    """People who go on asking while adapters change, and what they were told.

    ``words``: what each adapter says. They are answered as the dialogue does it (dialogue.asking).
    """

    place: Place
    current: str
    words: dict[str, str] = field(default_factory=dict)
    told: int = 0
    failed: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    over: bool = False

    async def assigned(self) -> Assignment:
        """Whom everybody is answered by at the moment."""
        return Assignment(adapter=self.current)

    async def one(self, generator: OpenAICompatibleGenerator) -> None:
        """Ask again and again for the adapter that is current when the question is asked."""
        while not self.over:
            name, text = self.current, ""
            answers = asking.ask(
                generator, PROMPT, tenant="ann", assigned=await self.assigned(),
                again=self.assigned,
            )  # fmt: skip
            try:
                async with aclosing(answers) as stream:
                    async for answering, generation in stream:
                        name, text = answering, generation.text
            except ModelError as error:
                self.failed.append(f"{name}: {type(error).__name__} {error}")
                continue
            self.told += 1
            if not name:
                self.failed.append("answered by the base")
            elif set(text.split()) != {self.words[name]}:
                self.mixed.append(f"{name}: {text}")


async def test_adapters_change_while_people_chat(place: Place, rounds: int, tell: Tell) -> None:
    """Each swap is a new name beside the old one: no question fails, no reply is of two minds,
    and going back to the one before is a matter of asking for it."""
    servers, generator = VllmAdapters([place.url]), place.client(max_tokens=16)
    await servers.load(Adapter("swap-0", str(place.word(WORDS[0]))))
    chats = Chats(place, "swap-0", {"swap-0": WORDS[0]})
    async with asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(chats.one(generator))
        begun = time.perf_counter()
        for number in range(1, rounds + 1):
            word = WORDS[number % 2]
            await servers.load(Adapter(f"swap-{number}", str(place.word(word))))
            chats.words[f"swap-{number}"] = word
            chats.current = f"swap-{number}"
            if number >= 2:  # the one before stays, to go back to
                await servers.unload(f"swap-{number - 2}")
        took = time.perf_counter() - begun
        chats.over = True
    back = time.perf_counter()
    before = f"swap-{rounds - 1}"
    async with aclosing(generator.stream(PROMPT, adapter=before)) as stream:
        first = await anext(stream)
    back = time.perf_counter() - back
    for name in (before, f"swap-{rounds}"):
        await servers.unload(name)
    await generator.close()
    tell(
        f"{rounds} swaps in {took:.1f} s under 4 chats, {chats.told} replies: "
        f"{len(chats.failed)} failed, {len(chats.mixed)} mixed; back in {back:.2f} s"
    )
    assert chats.failed == []
    assert chats.mixed == []
    assert chats.told >= rounds // 10
    assert first.text.split()[0] == WORDS[(rounds - 1) % 2]
    assert back <= 2.0


async def test_weights_replaced_in_place(place: Place, tell: Tell) -> None:
    """What load_inplace does, which we do not use (decision 7): the next reply has the new words;
    what becomes of the one being written is told, not relied on."""
    async with httpx2.AsyncClient(timeout=60) as http:

        async def put(word: str) -> None:
            body = {"lora_name": "inplace", "lora_path": str(place.word(word))}
            address = f"{place.url}/load_lora_adapter"
            answer = await http.post(address, json=body | {"load_inplace": True})
            assert answer.status_code == 200, answer.text

        await put("river")
        generator = place.client(max_tokens=40)
        text = ""
        async with aclosing(generator.stream(PROMPT, adapter="inplace")) as stream:
            async for generation in stream:
                if not text:
                    await put("stone")
                text = generation.text
        after = (await ask(generator, "inplace"))[-1].text
        await http.post(f"{place.url}/unload_lora_adapter", json={"lora_name": "inplace"})
        await generator.close()
    tell(f"replaced in place, the reply being written said {sorted(set(text.split()))}")
    assert set(after.split()) == {"stone"}


async def test_the_base_beside_an_adapter_on_a_cpu(place: Place, tell: Tell) -> None:
    """A fault of vLLM 0.32's CPU kernels, kept in sight: whoever is answered by the base model in
    one batch with an adapter gets an adapter's words (decision 7). Told, since it depends on what
    shares a batch; alone, the base has its own words."""
    servers, generator = VllmAdapters([place.url]), place.client(max_tokens=24)
    await servers.load(Adapter("beside", str(place.word("river"))))
    alone = (await ask(generator, ""))[-1].text
    _, beside = await asyncio.gather(ask(generator, "beside"), ask(generator, ""))
    await servers.unload("beside")
    await generator.close()
    assert not set(WORDS) & set(alone.split())
    assert beside[-1].finish
    wrong = sorted(set(WORDS) & set(beside[-1].text.split()))
    tell(f"the base beside an adapter said {wrong or 'its own words: mended?'}")


@asynccontextmanager
async def salus(folder: Path, url: str) -> AsyncGenerator[App, None]:
    """The application asking the server at ``url``, with the deadlines people get."""
    settings = {"SALUS_DATA_DIR": str(folder), "SALUS_MODEL_URL": url, "SALUS_TZ": "UTC"}
    async with build(load(settings)) as app:
        with suppress(ModelError):  # of a server that was killed
            await app.warm()
        yield app


@asynccontextmanager
async def crowd(
    place: Place, lengths: Iterable[int], *, priority: int = 0
) -> AsyncGenerator[list[float], None]:
    """Streams of others, each of so many tokens whatever the model says and however fast the
    machine is; when each got its first word. They all leave at the end.

    After the first word they only hold the line: the server writes on, and this process, which
    answers the person whose time is taken, does not read for them.
    """
    generator = place.client(priority=priority)
    firsts: list[float] = []

    async def stay(tokens: int) -> None:
        wanted = ENDLESS | {"max_completion_tokens": tokens}
        async with aclosing(generator.stream(PROMPT, extra=wanted)) as stream:
            async for _ in stream:
                firsts.append(time.perf_counter())
                await asyncio.Event().wait()

    tasks = [asyncio.create_task(stay(tokens)) for tokens in lengths]
    try:
        yield firsts
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await generator.close()


@asynccontextmanager
async def full(place: Place) -> AsyncGenerator[None]:
    """As many requests as the server takes (deploy/vllm/cpu.yaml); sixteen are being written."""

    async def taken() -> bool:
        return sum(await place.gauges()) >= 24

    async with crowd(place, [1000] * 24):
        await until(taken, 60)
        yield


async def refused(app: App, who: str) -> dict[str, float]:
    """Ask for ``who`` while the queue is full: the extractive answer comes. What it took: seconds
    in all and of this process's processor, and for asking the model in vain."""
    started, worked = time.perf_counter(), time.process_time()
    reply = await console.final_reply(app, who, QUESTION)
    took, worked = time.perf_counter() - started, time.process_time() - worked
    user = await app.person("console", who)
    turn = (await app.store.history(user, platform="console", chat="terminal", limit=1))[-1]
    assert reply.path == "extractive"
    assert reply.citations
    assert turn.failure == "error.model_unavailable"
    return {"took": took, "worked": worked, "vain": turn.timings["model_ms"] / 1000}


async def test_a_full_queue_is_answered_in_time_all_the_same(
    place: Place, server: Server, knowledge_dir: Path, tell: Tell
) -> None:
    """Over its bound the server says 503 at once, and the person gets the extractive answer.

    The engine is held, as on a machine of its own: the queue stays full, and this process has
    the processor that it has.
    """
    async with salus(knowledge_dir, place.url) as app, full(place):
        with server.held():
            s = await refused(app, "ann")
    tell(f"over its bound: the answer after {s['took']:.2f} s, {s['vain']:.2f} s asking in vain")
    assert s["took"] < 8
    await until(lambda: idle(place), 5.0)


def test_the_server_gives_way(server: Server) -> None:
    """Whoever answers people on the same cores goes first, also in another terminal."""
    for pid in server.engines():
        assert os.getpriority(os.PRIO_PROCESS, pid) == 19
        shares = Path(f"/proc/{pid}/autogroup")
        if shares.exists() and os.access(shares, os.W_OK):  # this kernel shares by session
            assert shares.read_text(encoding="ascii").split()[-1] == "19"


async def test_a_full_server_on_the_same_cores(
    place: Place, knowledge_dir: Path, tell: Tell
) -> None:
    """The same beside a server that takes every core there is: what Salus itself does is bounded;
    how long it waits for a core is the machine's affair, and told."""
    async with salus(knowledge_dir, place.url) as app, full(place):
        s = await refused(app, "cleo")
    tell(
        f"over its bound, on the same cores: the answer after {s['took']:.2f} s, "
        f"{s['vain']:.2f} s asking in vain, {s['worked']:.2f} s of processor"
    )
    assert s["worked"] < 3
    await until(lambda: idle(place), 5.0)


async def test_people_go_before_batches(place: Place) -> None:
    """A person who comes last is answered before the batch that waits.

    Sixteen are served at once. The batch's streams end one by one, so that the place which the
    person got is not the only one that came free.
    """
    async with crowd(place, range(40, 240, 10), priority=BATCH) as firsts:

        async def waiting() -> bool:
            return (await place.gauges())[1] >= 2

        await until(waiting, 60)
        generator = place.client(max_tokens=4, first_token_s=120)  # a slow machine's forty words
        async with aclosing(generator.stream(PROMPT)) as stream:
            await anext(stream)
        answered = time.perf_counter()
        running, waits = await place.gauges()
        ahead = sum(at < answered for at in firsts)
        await generator.close()
    assert waits >= 1, f"{running} running, {waits} waiting: the batch was through already"
    assert ahead <= 19
    await until(lambda: idle(place), 5.0)


async def test_a_crash_in_the_middle_is_no_answer_and_the_server_comes_back(
    place: Place, server: Server, knowledge_dir: Path, tell: Tell
) -> None:
    """Half an answer never passes for a whole; without the server people get the extractive
    answer; started again it is found again, and adapters are put back."""
    servers, generator = VllmAdapters([place.url]), place.client(max_tokens=400)
    await servers.load(Adapter("back-1", str(place.word("river"))))
    finishes: list[str | None] = []

    async def listen() -> None:
        async with aclosing(generator.stream(PROMPT, adapter="back-1")) as stream:
            async for generation in stream:
                finishes.append(generation.finish)
                if len(finishes) == 5:
                    await asyncio.to_thread(server.kill)

    with pytest.raises(ModelCutOffError):
        await listen()
    assert set(finishes) == {None}
    async with salus(knowledge_dir, place.url) as app:
        reply = await console.final_reply(app, "bob", QUESTION)
        assert reply.path == "extractive"
    took = await asyncio.to_thread(server.start)
    with pytest.raises(AdapterMissingError):
        await ask(generator, "back-1")
    await servers.load(Adapter("back-1", str(place.word("river"))))
    short = place.client()
    assert set((await ask(short, "back-1"))[-1].text.split()) == {"river"}
    for client in (generator, short):
        await client.close()
    tell(f"after a crash it was back in {took:.0f} s, adapters put back")
