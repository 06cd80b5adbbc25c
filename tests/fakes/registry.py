"""A Registry in memory that keeps the contract of the one in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.errors import InputError, NotFoundError, SalusError
from bot.tuning.registry import Adapter, BaseModel, Step


def adapter(name: str, **changes: Any) -> Adapter:
    """An adapter over a made-up base."""
    made = {"base": "small", "path": f"adapters/{name}", "sha256": f"{len(name):064x}"}
    return Adapter(name=name, **(made | changes))


class FakeRegistry:
    """Set ``failure`` to an error, and every call raises it; ``reads`` counts looks."""

    def __init__(self, adapters: Sequence[Adapter] = ()) -> None:
        """Nothing outlives the process."""
        self.kept = {one.name: one for one in adapters}
        self.models: dict[str, BaseModel] = {}
        self.log: list[Step] = []
        self.failure: SalusError | None = None
        self.reads = 0

    def _called(self) -> None:
        if self.failure is not None:
            raise self.failure

    async def bases(self) -> list[BaseModel]:
        self._called()
        return list(self.models.values())

    async def adapters(self) -> list[Adapter]:
        self._called()
        self.reads += 1
        return list(self.kept.values())

    async def steps(self) -> list[Step]:
        self._called()
        return list(self.log)

    async def add_base(self, base: BaseModel) -> None:
        self._called()
        self.models[base.name] = base

    async def add(self, adapter: Adapter, step: Step) -> None:
        self._called()
        if adapter.name in self.kept:
            raise InputError("taken", fault=f"{adapter.name} is there already")
        self.kept[adapter.name] = adapter
        self.log.append(step)

    async def take(self, step: Step, changed: Sequence[Adapter]) -> None:
        self._called()
        for one in changed:
            if one.name not in self.kept:
                raise NotFoundError(f"no adapter {one.name!r}")
            self.kept[one.name] = one
        self.log.append(step)
