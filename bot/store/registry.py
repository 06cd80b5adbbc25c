"""The registry of models in SQL: plain rows, JSON for what only people read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import InputError, NotFoundError
from bot.ids import new_id
from bot.store.codec import plain
from bot.store.sql import SqlStore
from bot.store.tuning_tables import adapters, base_models, model_steps
from bot.tuning.registry import Adapter, BaseModel, Lineage, Step

_ADAPTER = ("name", "base", "path", "sha256", "state", "share", "salt", "card")
_STEP = ("adapter", "action", "who", "why", "share", "gate")


class SqlRegistry:
    """bot.tuning.registry.Registry on the store's database."""

    def __init__(self, store: SqlStore) -> None:
        """The store stays its owner's."""
        self._db = store._db

    async def bases(self) -> list[BaseModel]:
        """Every base model, by name."""
        found = await self._all(base_models, base_models.c.name)
        return [BaseModel(**row) for row in found]

    async def adapters(self) -> list[Adapter]:
        """Every adapter, the oldest first."""
        found = await self._all(adapters, adapters.c.added_at, adapters.c.name)
        return [_adapter(row) for row in found]

    async def steps(self) -> list[Step]:
        """The log, the oldest first."""
        return [_step(row) for row in await self._all(model_steps, model_steps.c.id)]

    async def _all(self, table: Table, *order: ColumnElement[Any]) -> Sequence[RowMapping]:
        query = select(table).order_by(*order)
        return (await self._db.read(lambda c: c.execute(query))).mappings().all()

    async def add_base(self, base: BaseModel) -> None:
        """Keep a base model, in place of one of the same name."""
        row = asdict(base) | {"added_at": base.added_at or datetime.now(UTC)}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(base_models).where(base_models.c.name == base.name))
            await connection.execute(insert(base_models).values(row))

        await self._db.write(work)

    async def add(self, adapter: Adapter, step: Step) -> None:
        """Keep a new adapter; InputError if its name is taken."""

        async def work(connection: AsyncConnection) -> None:
            known = select(adapters.c.name).where(adapters.c.name == plain(adapter.name))
            if await connection.scalar(known) is not None:
                raise InputError("taken", fault=f"{adapter.name} is there already")
            await connection.execute(insert(adapters).values(_adapter_row(adapter)))
            await connection.execute(insert(model_steps).values(_step_row(step)))

        await self._db.write(work)

    async def take(self, step: Step, changed: Sequence[Adapter]) -> None:
        """Make every change of a step and write it down, or nothing of it."""

        async def work(connection: AsyncConnection) -> None:
            for one in changed:
                values = {name: getattr(one, name) for name in ("state", "share", "salt")}
                query = update(adapters).where(adapters.c.name == one.name)
                if one.name in step.before:  # what it was decided on must still hold
                    query = query.where(adapters.c.state == step.before[one.name])
                if (await connection.execute(query.values(values))).rowcount == 0:
                    raise NotFoundError(f"adapter {one.name!r} is not there as it was")
            await connection.execute(insert(model_steps).values(_step_row(step)))

        await self._db.write(work)


def _adapter_row(adapter: Adapter) -> dict[str, Any]:
    return {name: getattr(adapter, name) for name in _ADAPTER} | {
        "name": plain(adapter.name),
        "lineage": json.dumps(asdict(adapter.lineage)),
        "metrics": json.dumps(dict(adapter.metrics)),
        "added_at": adapter.added_at or datetime.now(UTC),
    }


def _adapter(row: Mapping[Any, Any]) -> Adapter:
    lineage = json.loads(row["lineage"])
    lineage["parents"] = tuple(lineage["parents"])
    return Adapter(
        **{name: row[name] for name in _ADAPTER},
        lineage=Lineage(**lineage),
        metrics=json.loads(row["metrics"]),
        added_at=row["added_at"],
    )


def _step_row(step: Step) -> dict[str, Any]:
    return {name: getattr(step, name) for name in _STEP} | {
        "id": new_id(),
        "at": step.at,
        "before": json.dumps(dict(step.before)),
        "after": json.dumps(dict(step.after)),
        "forced": int(step.forced),
    }


def _step(row: Mapping[Any, Any]) -> Step:
    return Step(
        **{name: row[name] for name in _STEP},
        at=row["at"],
        before=json.loads(row["before"]),
        after=json.loads(row["after"]),
        forced=bool(row["forced"]),
    )
