"""Adapters on model servers: the contract on the fake, and what several replicas add."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.app import make_adapter_server
from bot.errors import AdapterRefusedError, ModelUnavailableError
from bot.generation.lora import VllmAdapters
from bot.settings import load
from tests.fakes.model_adapters import MARKER_FILE, FakeAdapters
from tests.fakes.model_server import model_server
from tests.serving_contract import Adapter, Place, ServerContract


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Adapters without weights: the fake reads their word."""
    for word in ("river", "stone"):
        (tmp_path / word).mkdir()
        (tmp_path / word / "adapter_config.json").write_text(json.dumps({"r": 8}))
        (tmp_path / word / MARKER_FILE).write_text(word)
    return tmp_path


class TestFake(ServerContract):
    """The fake keeps the contract that the real server keeps in ``make test-vllm``."""

    @pytest.fixture
    async def place(self, folder: Path) -> AsyncGenerator[Place, None]:
        """A fake that takes its time over each word."""
        async with model_server(pause_s=0.002) as server:
            yield Place(url=server.url, folder=folder)


async def test_replicas_have_an_adapter_together_or_not_at_all(folder: Path) -> None:
    """When one of three refuses, the others give it back."""
    adapter = Adapter("salus-a", str(folder / "river"))
    async with model_server() as one, model_server() as two, model_server() as three:
        server = VllmAdapters([one.url, two.url, three.url])
        three.loras.max_rank = 4
        with pytest.raises(AdapterRefusedError, match="rank 8"):
            await server.load(adapter)
        assert not one.loras.paths
        assert not two.loras.paths
        three.loras.max_rank = 16
        await server.load(adapter)
        assert await server.loaded() == {"salus-a"}
        one.loras.paths.clear()  # it was restarted
        assert await server.loaded() == set()
        await server.load(adapter)
        assert await server.loaded() == {"salus-a"}


async def test_a_server_that_cannot_is_told_apart_from_one_that_is_not_there(
    folder: Path,
) -> None:
    """What to change stands in the message."""
    adapter = Adapter("salus-a", str(folder / "river"))
    async with model_server(loras=FakeAdapters(changeable=False)) as server:
        with pytest.raises(AdapterRefusedError, match="VLLM_ALLOW_RUNTIME_LORA_UPDATING"):
            await VllmAdapters([server.url]).load(adapter)
    with pytest.raises(ModelUnavailableError):
        await VllmAdapters(["http://127.0.0.1:9/v1"]).load(adapter)
    with pytest.raises(ValueError, match="no model server"):
        VllmAdapters([])


async def test_adapters_go_to_the_replicas_and_not_to_what_stands_before_them(
    folder: Path,
) -> None:
    """With replicas named, the address people are answered from is left alone."""
    async with model_server() as router, model_server() as one, model_server() as two:
        given = {"SALUS_MODEL_URL": router.url, "SALUS_MODEL_REPLICAS": f"{one.url}, {two.url}"}
        server = make_adapter_server(load(given))
        assert server is not None
        await server.load(Adapter("salus-a", str(folder / "river")))
        assert [bool(s.loras.paths) for s in (router, one, two)] == [False, True, True]
        alone = make_adapter_server(load({"SALUS_MODEL_URL": router.url}))
        assert alone is not None
        assert await alone.loaded() == set()
    assert make_adapter_server(load({})) is None
