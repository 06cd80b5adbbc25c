"""Which data sets hold rows of whom, kept so that only the person's own id leads to them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import InputError, NotFoundError
from bot.store.tuning_tables import adapters, dataset_rows, datasets, erased_rows, retrainings
from bot.tuning.lineage import Kept, Retraining, pseudonym, touched
from bot.tuning.registry import Adapter, Lineage

if TYPE_CHECKING:
    from bot.store.sql import SqlStore


async def keep(store: SqlStore, kept: Kept, *, key: str, rows: Mapping[str, str]) -> None:
    """Remember a data set and whose each row is (row -> pseudonym). InputError: name taken."""

    async def work(connection: AsyncConnection) -> None:
        known = select(datasets.c.name).where(datasets.c.name == kept.name)
        if await connection.scalar(known) is not None:
            raise InputError("taken", fault=f"a data set {kept.name} was built already")
        row = {
            "name": kept.name, "kind": kept.kind, "sha256": kept.sha256, "key": key,
            "folder": json.dumps(kept.folders), "created_at": kept.created_at,
        }  # fmt: skip
        await connection.execute(insert(datasets).values(row))
        if rows:
            values = [{"dataset": kept.name, "row": r, "who": who} for r, who in rows.items()]
            await connection.execute(insert(dataset_rows), values)

    await store._db.write(work)


async def kept_sets(store: SqlStore) -> list[Kept]:
    """Every data set that was built, oldest first."""
    query = select(datasets).order_by(datasets.c.created_at, datasets.c.name)
    found = (await store._db.read(lambda c: c.execute(query))).mappings()
    return [
        Kept(
            name=row["name"], kind=row["kind"], sha256=row["sha256"],
            folders=tuple(json.loads(row["folder"])), created_at=row["created_at"],
            stale_at=row["stale_at"],
        )
        for row in found
    ]  # fmt: skip


async def copied(store: SqlStore, name: str, folder: str) -> None:
    """Remember one more place where a data set's files lie. NotFoundError for an unknown one."""

    async def work(connection: AsyncConnection) -> None:
        told = await connection.scalar(select(datasets.c.folder).where(datasets.c.name == name))
        if told is None:
            raise NotFoundError(f"no data set {name!r}")
        folders = [f for f in json.loads(told) if f != folder] + [folder]
        values = {"folder": json.dumps(folders)}
        await connection.execute(update(datasets).where(datasets.c.name == name).values(values))

    await store._db.write(work)


async def erased(connection: AsyncConnection, people: Collection[str], now: datetime) -> list[str]:
    """Take these people out of every data set; the adapters that must be made anew.

    Part of the erasing transaction. The rows in the files are named in ``erased_rows`` until
    they are gone from there too.
    """
    hit: list[str] = []
    for name, key in (await connection.execute(select(datasets.c.name, datasets.c.key))).all():
        theirs = dataset_rows.c.who.in_([pseudonym(key, "who", person) for person in people])
        mine = (dataset_rows.c.dataset == name, theirs)
        rows = list(await connection.scalars(select(dataset_rows.c.row).where(*mine)))
        if not rows:
            continue
        hit.append(name)
        gone = [{"dataset": name, "row": row, "at": now} for row in rows]
        await connection.execute(insert(erased_rows), gone)
        await connection.execute(delete(dataset_rows).where(*mine))
        stale = update(datasets).where(datasets.c.name == name).values(stale_at=now)
        await connection.execute(stale)
    names = touched(await _adapters(connection), hit)
    due = set(await connection.scalars(select(retrainings.c.adapter)))
    fresh = [name for name in names if name not in due]
    if fresh:
        rows_due = [{"adapter": n, "dataset": ",".join(hit), "asked_at": now} for n in fresh]
        await connection.execute(insert(retrainings), rows_due)
    return names


async def _adapters(connection: AsyncConnection) -> list[Adapter]:
    """Names and lineage are all that counts here."""
    query = select(adapters.c.name, adapters.c.base, adapters.c.lineage).order_by(
        adapters.c.added_at
    )
    found = []
    for name, base, told in (await connection.execute(query)).all():
        lineage = json.loads(told)
        made = Lineage(dataset=lineage["dataset"], parents=tuple(lineage["parents"]))
        found.append(Adapter(name=name, base=base, path="", sha256="", lineage=made))
    return found


async def retraining_due(store: SqlStore) -> list[Retraining]:
    """What has to be trained anew, oldest first."""
    query = select(retrainings).order_by(retrainings.c.asked_at, retrainings.c.adapter)
    found = (await store._db.read(lambda c: c.execute(query))).mappings()
    return [Retraining(**row) for row in found]


async def retrained(store: SqlStore, adapter: str) -> bool:
    """An adapter was made anew or will not be used again; False if that was not asked for."""
    query = delete(retrainings).where(retrainings.c.adapter == adapter)
    return (await store._db.write(lambda c: c.execute(query))).rowcount > 0


async def rows_to_sweep(store: SqlStore) -> dict[str, list[str]]:
    """Rows of erased people that may still stand in files, by data set."""
    found: dict[str, list[str]] = {}
    query = select(erased_rows.c.dataset, erased_rows.c.row)
    for name, row in (await store._db.read(lambda c: c.execute(query))).all():
        found.setdefault(name, []).append(row)
    return found


async def swept(store: SqlStore, name: str, rows: Sequence[str], sha256: str) -> None:
    """The rows are gone from the files; ``sha256`` is the manifest's new one."""

    async def work(connection: AsyncConnection) -> None:
        gone = (erased_rows.c.dataset == name, erased_rows.c.row.in_(rows))
        await connection.execute(delete(erased_rows).where(*gone))
        renamed = update(datasets).where(datasets.c.name == name).values(sha256=sha256)
        await connection.execute(renamed)

    await store._db.write(work)
