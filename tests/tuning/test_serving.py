"""Adapters of the registry on model servers: weights first, then the word; back after a restart."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bot.errors import ModelError, ModelUnavailableError, StoreError
from bot.generation.lora import VllmAdapters
from bot.tuning.moves import Moves
from bot.tuning.registry import Step
from bot.tuning.serving import Kept, keep, put
from tests.fakes.model_server import model_server
from tests.fakes.registry import FakeRegistry


def moves(registry: FakeRegistry, server: VllmAdapters | None) -> Moves:
    """An operator's hand."""
    return Moves(registry, who="op", server=server)


async def registered(registry: FakeRegistry, folder: Path, *names: str) -> None:
    """Candidates with folders that the fake server can read, and that moves find unchanged."""
    for name in names:
        place = folder / name
        place.mkdir()
        (place / "adapter_config.json").write_text(
            json.dumps({"r": 8, "peft_type": "LORA", "base_model_name_or_path": "fake-model"})
        )
        (place / "adapter_model.safetensors").write_bytes(name.encode())
        (place / "lineage.json").write_text("{}")
        (place / "marker.txt").write_text(name)
        await moves(registry, None).add(place, name)


async def promote(registry: FakeRegistry, server: VllmAdapters, name: str) -> Step:
    """Put it in front of everybody."""
    return await moves(registry, server).promote(
        name, share=None, report=None, why="a test", force=True
    )


async def states(registry: FakeRegistry) -> dict[str, str]:
    """Adapters by name."""
    return {adapter.name: adapter.state for adapter in await registry.adapters()}


async def test_an_adapter_is_loaded_before_anybody_is_sent_to_it(tmp_path: Path) -> None:
    """Promotion loads first; rolling back finds the one before still there."""
    registry = FakeRegistry()
    await registered(registry, tmp_path, "one", "two")
    async with model_server() as fake:
        server = VllmAdapters([fake.url])
        await promote(registry, server, "one")
        await promote(registry, server, "two")
        assert set(fake.loras.paths) == {"one", "two"}
        assert await put(registry, server) == Kept()  # the one before is kept at hand
        await moves(registry, server).rollback("worse")
        assert await states(registry) == {"one": "active", "two": "retired"}


async def test_what_a_server_refuses_is_not_promoted(tmp_path: Path) -> None:
    """Nobody is sent to an adapter that no server has."""
    registry = FakeRegistry()
    await registered(registry, tmp_path, "wide")
    async with model_server() as fake:
        fake.loras.max_rank = 4
        with pytest.raises(ModelError):
            await promote(registry, VllmAdapters([fake.url]), "wide")
    with pytest.raises(ModelUnavailableError):
        await promote(registry, VllmAdapters(["http://127.0.0.1:9/v1"]), "wide")
    assert await states(registry) == {"wide": "candidate"}


async def test_a_server_that_was_started_anew_gets_its_adapters_back(tmp_path: Path) -> None:
    """The running service puts them back by itself, and is not put off by a server away."""
    registry = FakeRegistry()
    await registered(registry, tmp_path, "one", "old")
    async with model_server() as fake:
        server = VllmAdapters([fake.url])
        await promote(registry, server, "one")
        fake.loras.paths.clear()
        fake.loras.paths["somebody's"] = str(tmp_path / "one")
        fake.loras.paths["old"] = str(tmp_path / "old")
        assert await first_word(registry, server) == Kept(("one",), ("old",))
        assert set(fake.loras.paths) == {"one", "somebody's"}
    found = await first_word(registry, server)
    assert isinstance(found, ModelUnavailableError)


async def first_word(
    registry: FakeRegistry, server: VllmAdapters
) -> Kept | ModelError | StoreError:
    """What the keeper of the running service tells first."""
    told: asyncio.Queue[Kept | ModelError | StoreError] = asyncio.Queue()
    keeping = asyncio.create_task(keep(registry, server, every_s=0.01, tell=told.put_nowait))
    try:
        return await asyncio.wait_for(told.get(), 10)
    finally:
        keeping.cancel()
