"""The adapter that comes with Salus: whole, small, loadable everywhere, and it can choose."""

from __future__ import annotations

import hashlib
import json
from contextlib import aclosing

import pytest

from bot.dialogue import context
from bot.generation.embedded import ADAPTER, EmbeddedGenerator, adapter_name, packaged_model
from bot.generation.openai_compat import Endpoint
from bot.generation.prompts import PromptBook
from bot.model import Hit
from bot.settings import ROOT
from deploy.finetune.export import MOST_BYTES, complaints
from tests.fakes.retriever import PASSAGES, passage


def test_it_is_small_and_every_server_would_load_it() -> None:
    """Both forms together within 12 MB; nothing in it that vLLM refuses."""
    assert sum(path.stat().st_size for path in ADAPTER.iterdir()) <= MOST_BYTES
    config = json.loads((ADAPTER / "adapter_config.json").read_text(encoding="utf-8"))
    assert complaints(config) == []
    assert (ADAPTER / "adapter_model.safetensors").is_file()


def test_it_says_where_it_comes_from() -> None:
    """Name, base by its hash, data by theirs; the card has licence, figures and limits."""
    lineage = json.loads((ADAPTER / "lineage.json").read_text(encoding="utf-8"))
    assert lineage["name"] == adapter_name(ADAPTER)
    model = packaged_model()
    assert model is not None
    assert lineage["base_sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert len(lineage["train_sha256"]) == 64
    card = (ADAPTER / "card.md").read_text(encoding="utf-8")
    for part in ("Licence", "CC BY 4.0", "make finetune", "Limits", "precision"):
        assert part in card


@pytest.mark.embedded
async def test_it_takes_what_belongs_to_the_answer_and_leaves_what_does_not() -> None:
    """On two passages, of which one is about something else altogether."""
    other = passage("bones", "Broken bones", "Causes", "A fall or a blow can break a bone.")
    hits = [Hit(passage=PASSAGES[0], score=0.9), Hit(passage=other, score=0.5)]
    filled = context.brief(question="How much sleep do adults need?", hits=hits)
    prompt = PromptBook.load(ROOT / "prompts" / "embedded").build(
        **context.prompt_values(filled, "en")
    )
    generator = EmbeddedGenerator(Endpoint(url="", first_token_s=60, total_s=120), threads=1)
    async with aclosing(generator.stream(prompt)) as stream:
        told = [generation async for generation in stream]
    await generator.close()
    assert told[0].text == "Most adults need at least 7 hours of sleep a night. [1]"
    assert told[-1].finish == "stop"
    assert "bone" not in told[-1].text
