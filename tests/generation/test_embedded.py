"""The packaged model in this process, through the same client as any server."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest

from bot.errors import ModelUnavailableError
from bot.generation.embedded import MODEL_NAME, EmbeddedGenerator, packaged_model
from bot.generation.openai_compat import Endpoint
from bot.model import ChatMessage

PROMPT = [ChatMessage(role="user", content="[1] Adults need 7 hours of sleep. How much sleep?")]
ENDPOINT = Endpoint(url="", max_tokens=24, first_token_s=30, total_s=60)


@pytest.mark.embedded
async def test_the_packaged_model_answers() -> None:
    """llama.cpp starts, streams and ends for a reason."""
    assert packaged_model() is not None
    generator = EmbeddedGenerator(ENDPOINT)
    assert await generator.warm() == MODEL_NAME
    async with aclosing(generator.stream(PROMPT, tenant="someone")) as stream:
        got = [generation async for generation in stream]
    assert got[-1].text
    assert got[-1].finish in {"stop", "length"}
    assert generator.languages == {"en"}
    assert generator.adapter == ""
    await generator.close()


async def test_a_missing_model_file_is_unavailable(tmp_path: Path) -> None:
    """Without its model the generator fails like a server that is gone."""
    broken = tmp_path / "model.gguf"
    broken.write_bytes(b"not a model")
    with pytest.raises(ModelUnavailableError):
        await EmbeddedGenerator(ENDPOINT, model=broken).warm()
