"""The packaged model in this process, through the same client as any server.

One thread: two wait for each other at every step while other tests hold the cores.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from bot.errors import AdapterMissingError, ModelUnavailableError
from bot.generation.embedded import (
    MODEL_NAME,
    EmbeddedGenerator,
    adapter_name,
    packaged_model,
)
from bot.generation.openai_compat import Endpoint
from bot.model import ChatMessage, Generation

ENDPOINT = Endpoint(url="", max_tokens=8, first_token_s=30, total_s=60)


PROMPT = [ChatMessage(role="user", content="[1] Adults need 7 hours of sleep. How much sleep?")]


async def said(generator: EmbeddedGenerator, prompt: Sequence[ChatMessage], **how: str) -> str:
    """The whole answer."""
    async with aclosing(generator.stream(prompt, tenant="someone", **how)) as stream:
        got = [generation async for generation in stream]
    assert got[-1].finish in {"stop", "length"}
    return got[-1].text


def no_change(path: Path) -> None:
    """LoRA weights for llama.cpp that change nothing: rank 1 of zeros on one matrix."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    def tensor(name: str, shape: tuple[int, int], offset: int) -> bytes:
        return text(name) + struct.pack("<IQQIQ", 2, *shape, 0, offset)

    named = {"general.architecture": "llama", "general.type": "adapter", "adapter.type": "lora"}
    head = b"GGUF" + struct.pack("<IQQ", 3, 2, len(named) + 1)
    head += b"".join(text(key) + struct.pack("<I", 8) + text(v) for key, v in named.items())
    head += text("adapter.lora.alpha") + struct.pack("<If", 6, 1.0)
    head += tensor("blk.0.attn_q.weight.lora_a", (576, 1), 0)
    head += tensor("blk.0.attn_q.weight.lora_b", (1, 576), 576 * 4)
    path.write_bytes(head + bytes(-len(head) % 32) + bytes(2 * 576 * 4))


@pytest.mark.embedded
async def test_the_packaged_model_answers() -> None:
    """llama.cpp starts, streams and ends for a reason."""
    assert packaged_model() is not None
    generator = EmbeddedGenerator(ENDPOINT, adapter=None, threads=1)
    assert await generator.warm() == MODEL_NAME
    assert await said(generator, PROMPT)
    assert generator.languages == {"en"}
    assert generator.adapter == ""
    with pytest.raises(AdapterMissingError):
        await said(generator, PROMPT, adapter="somebody-elses")
    await generator.close()


@pytest.mark.embedded
async def test_with_an_adapter_it_chooses_among_the_sentences_it_is_shown(tmp_path: Path) -> None:
    """LoRA weights are loaded and left out on request; a short prompt is answered by choosing."""
    no_change(tmp_path / "adapter.gguf")
    (tmp_path / "lineage.json").write_text('{"name": "zeros"}', encoding="utf-8")
    generator = EmbeddedGenerator(ENDPOINT, adapter=tmp_path, threads=1)
    assert generator.adapter == "zeros"
    shown = "Question: How much sleep?\n[1] Sleep\n- Adults need 7 hours.\n- Children need more."
    asked = [ChatMessage(role="system", content="yes or no?"),
             ChatMessage(role="user", content=shown)]  # fmt: skip
    assert await said(generator, asked) in {
        "", "Adults need 7 hours. [1]", "Children need more. [1]",
        "Adults need 7 hours. [1] Children need more. [1]",
    }  # fmt: skip
    assert await said(generator, asked, adapter="") == await said(generator, asked)
    assert await said(generator, PROMPT, adapter="zeros") == await said(
        generator, PROMPT, adapter=""
    )
    await generator.close()


async def test_nobody_queues_for_the_embedded_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes while all slots are taken is told so at once; afterwards there is room again."""
    generator = EmbeddedGenerator(ENDPOINT, adapter=None, slots=1)
    over = asyncio.Event()

    async def slow(*_: object) -> AsyncGenerator[Generation, None]:
        yield Generation(text="…")
        await over.wait()
        yield Generation(text="done", finish="stop")

    monkeypatch.setattr(generator, "_stream", slow)
    async with aclosing(generator.stream(PROMPT)) as first:
        await anext(first)
        with pytest.raises(ModelUnavailableError):
            await said(generator, PROMPT)
        over.set()
        assert [one.text async for one in first] == ["done"]
    assert await said(generator, PROMPT) == "done"


def test_an_adapter_that_is_not_whole_is_left_out(tmp_path: Path) -> None:
    """Weights without their lineage, or lineage without weights, are no adapter."""
    assert adapter_name(tmp_path) == ""
    (tmp_path / "adapter.gguf").write_bytes(b"weights")
    assert adapter_name(tmp_path) == ""
    (tmp_path / "lineage.json").write_text("not json", encoding="utf-8")
    assert adapter_name(tmp_path) == ""
    (tmp_path / "lineage.json").write_text('{"name": "mine"}', encoding="utf-8")
    assert adapter_name(tmp_path) == "mine"
    assert EmbeddedGenerator(ENDPOINT, adapter=tmp_path).adapter == "mine"
    assert EmbeddedGenerator(ENDPOINT, adapter=None).adapter == ""


async def test_a_missing_model_file_is_unavailable(tmp_path: Path) -> None:
    """Without its model the generator fails like a server that is gone."""
    broken = tmp_path / "model.gguf"
    broken.write_bytes(b"not a model")
    with pytest.raises(ModelUnavailableError):
        await EmbeddedGenerator(ENDPOINT, model=broken).warm()
