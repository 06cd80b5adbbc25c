"""The registry of models: the same on a fake and on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.errors import InputError, NotFoundError
from bot.store import KeyRing
from bot.store.registry import SqlRegistry
from bot.store.sql import SqlStore
from bot.tuning.registry import (
    BaseModel,
    Lineage,
    Registry,
    Step,
    differences,
    promoted,
    rolled_back,
)
from tests.fakes.registry import FakeRegistry, adapter
from tests.store.samples import NOON, later


@pytest.fixture(params=["fake", "sqlite", "postgresql"])
async def registry(request: pytest.FixtureRequest, keys: KeyRing) -> AsyncIterator[Registry]:
    """Each registry in turn."""
    if request.param == "fake":
        yield FakeRegistry()
        return
    name = {"sqlite": "db_file", "postgresql": "postgres_url"}[request.param]
    found = request.getfixturevalue(name)
    url = found if request.param == "postgresql" else f"sqlite:///{found}"
    store = await SqlStore.open(url, keys=keys)
    yield SqlRegistry(store)
    await store.close()


async def add(registry: Registry, name: str, n: int = 0) -> None:
    """Register a candidate."""
    one = adapter(
        name,
        added_at=later(n),
        lineage=Lineage(method="kto", dataset="d1", parents=("a",), seed=7),
        metrics={"loss": 0.5},
        card="what it is",
    )
    await registry.add(one, Step(at=later(n), adapter=name, action="add", who="ann"))


async def promote(registry: Registry, name: str, share: float | None = None) -> None:
    """As the command line does it."""
    kept = await registry.adapters()
    changed = promoted(kept, name, share=share, salt="salt")
    before, after = differences(kept, changed)
    step = Step(
        at=NOON, adapter=name, action="promote", who="ann", before=before, after=after, gate="g"
    )
    await registry.take(step, changed)


async def states(registry: Registry) -> dict[str, str]:
    """Every adapter's state."""
    return {one.name: one.state for one in await registry.adapters()}


async def test_what_was_added_comes_back(registry: Registry) -> None:
    """Lineage, metrics and card are kept whole, the oldest first; a name is used once."""
    await add(registry, "b", 1)
    await add(registry, "a", 2)
    first, second = await registry.adapters()
    assert (first.name, second.name) == ("b", "a")
    assert first.lineage == Lineage(method="kto", dataset="d1", parents=("a",), seed=7)
    assert (first.metrics, first.card, first.state) == ({"loss": 0.5}, "what it is", "candidate")
    with pytest.raises(InputError):
        await add(registry, "a")
    assert len(await registry.steps()) == 2


async def test_a_base_model_is_replaced(registry: Registry) -> None:
    """Adding it anew corrects it."""
    await registry.add_base(BaseModel(name="small", sha256="1"))
    await registry.add_base(BaseModel(name="small", sha256="2"))
    assert [(one.name, one.sha256) for one in await registry.bases()] == [("small", "2")]


async def test_promoting_and_taking_back(registry: Registry) -> None:
    """A rollback brings back what was displaced, and what was rolled back retires."""
    for n, name in enumerate("abc"):
        await add(registry, name, n)
    await promote(registry, "a")
    await promote(registry, "b", 0.1)
    assert await states(registry) == {"a": "active", "b": "shadow", "c": "candidate"}
    await promote(registry, "b")
    assert await states(registry) == {"a": "retired", "b": "active", "c": "candidate"}
    for expected in (
        {"a": "active", "b": "retired", "c": "candidate"},
        {"a": "retired", "b": "retired", "c": "candidate"},
    ):
        kept = await registry.adapters()
        undone, changed = rolled_back(kept, await registry.steps())
        before, after = differences(kept, changed)
        step = replace(undone, action="rollback", before=before, after=after, why="worse")
        await registry.take(step, changed)
        assert await states(registry) == expected
    with pytest.raises(InputError):
        rolled_back(await registry.adapters(), await registry.steps())
    assert [s.action for s in await registry.steps()][-2:] == ["rollback", "rollback"]


async def test_nothing_of_a_step_that_names_nobody(registry: Registry) -> None:
    """One adapter that is not there, and neither states nor log change."""
    await add(registry, "a")
    kept = await registry.adapters()
    changed = [*promoted(kept, "a", share=None, salt=""), adapter("ghost", state="retired")]
    with pytest.raises(NotFoundError):
        await registry.take(Step(at=NOON, adapter="a", action="promote", who="ann"), changed)
    if not isinstance(registry, FakeRegistry):
        assert await states(registry) == {"a": "candidate"}
    assert len(await registry.steps()) == 1
