"""``salus model``: which adapters there are, and who is answered by which."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot.adapters.cli import jsonl
from bot.adapters.cli.kb_common import AsJson, AsName, say, who
from bot.errors import InputError

if TYPE_CHECKING:
    from bot.store.sql import SqlStore
    from bot.tuning.compare import Arm
    from bot.tuning.registry import Adapter, AdapterServer, Step
    from bot.tuning.sampling import Interval

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the adapter.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the log.")]


def in_store(work: Callable[[SqlStore], Awaitable[T]]) -> T:
    """Open the database, run ``work``, close it."""

    async def main() -> T:
        from bot.deferred import DeferredStore
        from bot.settings import load

        settings = load()
        store = DeferredStore(settings.resolved_database_url, settings.resolved_key_file)
        try:
            return await work(await store.opened())
        finally:
            await store.close()

    return asyncio.run(main())


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Base models and adapters with their states, and what has to be trained anew."""

    async def work(store: SqlStore) -> None:
        from bot.store.registry import SqlRegistry

        registry = SqlRegistry(store)
        bases, adapters = await registry.bases(), await registry.adapters()
        if as_json:
            found = {"bases": map(asdict, bases), "adapters": map(_brief, adapters)}
            jsonl.emit({name: list(rows) for name, rows in found.items()})
            return
        if not adapters:
            say("model.none")
        for one in adapters:
            say("model.line", name=one.name, state=one.state, base=one.base,
                share=f" {one.share:.0%}" if one.share else "")  # fmt: skip

    in_store(work)


@app.command()
def add(
    folder: Annotated[Path, typer.Argument(help="Folder of the adapter.")],
    name: Annotated[str, typer.Option("--name", help="Another name for it.")] = "",
    why: Why = "",
    as_name: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Register a trained adapter as a candidate; it serves nobody yet."""

    async def work(store: SqlStore) -> None:
        from bot.store.registry import SqlRegistry
        from bot.tuning.moves import Moves

        made = await Moves(SqlRegistry(store), who=who(as_name)).add(folder, name, why)
        _told("model.added", made.name, _brief(made), as_json=as_json)

    in_store(work)


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """One adapter: lineage, metrics, card, and every step that touched it."""

    async def work(store: SqlStore) -> None:
        from bot.store.registry import SqlRegistry
        from bot.tuning.registry import by_name

        registry = SqlRegistry(store)
        one = by_name(await registry.adapters(), name)
        steps = [s for s in await registry.steps() if name in s.after]
        if as_json:
            jsonl.emit(asdict(one) | {"steps": [asdict(step) for step in steps]})
            return
        for key, value in asdict(one).items():
            if key != "card":
                print(f"{key}: {value}")
        for step in steps:
            print(_step_line(step))
        print(f"\n{one.card}" if one.card else "", end="\n" if one.card else "")

    in_store(work)


@app.command()
def promote(
    name: Name,
    gate: Annotated[
        Path | None, typer.Option("--gate", help="Report of salus eval gate that allows it.")
    ] = None,
    share: Annotated[
        float | None,
        typer.Option("--share", help="Only on trial, with this share of the people (to .5)."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Without a passed gate; needs --why, stays in the log.")
    ] = False,
    why: Why = "",
    as_name: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Put an adapter on trial, or in front of everybody; needs a passed gate report."""

    async def work(store: SqlStore) -> None:
        from bot.store.registry import SqlRegistry
        from bot.tuning.moves import Moves

        moves = Moves(SqlRegistry(store), who=who(as_name), server=_server())
        step = await moves.promote(name, share=share, report=gate, why=why, force=force)
        key = "model.on_trial" if share else "model.promoted"
        _told(key, name, asdict(step), as_json=as_json)

    in_store(work)


@app.command()
def rollback(why: Why = "", as_name: AsName = "", as_json: AsJson = False) -> None:
    """Take back the newest promotion; running services follow within two seconds."""

    async def work(store: SqlStore) -> None:
        from bot.store.registry import SqlRegistry
        from bot.tuning.moves import Moves

        moves = Moves(SqlRegistry(store), who=who(as_name), server=_server())
        step = await moves.rollback(why)
        _told("model.rolled_back", step.adapter, asdict(step), as_json=as_json)

    in_store(work)


@app.command()
def retire(name: Name, why: Why = "", as_name: AsName = "", as_json: AsJson = False) -> None:
    """Take a candidate out of the running."""

    async def work(store: SqlStore) -> None:
        from bot.store.registry import SqlRegistry
        from bot.tuning.moves import Moves

        step = await Moves(SqlRegistry(store), who=who(as_name)).retire(name, why)
        _told("model.retired", name, asdict(step), as_json=as_json)

    in_store(work)


@app.command()
def sync(as_json: AsJson = False) -> None:
    """Put on the model servers what serves, take off what no longer does; salus run does so too."""

    async def work(store: SqlStore) -> None:
        from bot.store.registry import SqlRegistry
        from bot.tuning.serving import put

        server = _server()
        if server is None:
            raise InputError("no server", fault="no model server is set (SALUS_MODEL_URL)")
        kept = await put(SqlRegistry(store), server)
        if as_json:
            jsonl.emit(asdict(kept))
            return
        for key, names in (("model.loaded", kept.loaded), ("model.unloaded", kept.unloaded)):
            for name in names:
                say(key, name=name)
        if not kept.loaded and not kept.unloaded:
            say("model.in_place")

    in_store(work)


@app.command()
def compare(
    ours: Name,
    theirs: Annotated[str, typer.Argument(help="The other one; without it, the base alone.")] = "",
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="How far back.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Two adapters by people's thumbs, and by how often their answers held."""

    async def work(store: SqlStore) -> None:
        from bot.store.live import fared
        from bot.tuning.compare import compare as side_by_side

        found = await fared(store, since=datetime.now(UTC) - timedelta(days=days))
        result = side_by_side(found, ours, theirs)
        if as_json:
            jsonl.emit(asdict(result))
            return
        for arm in (result.ours, result.theirs):
            say("model.arm", **_arm(arm))
        say("model.difference", liked=_range(result.liked), held=_range(result.held))

    in_store(work)


def _server() -> AdapterServer | None:
    """The model server, where one is set: what is promoted is loaded there first."""
    from bot.app import make_adapter_server
    from bot.settings import load

    return make_adapter_server(load())


def _told(key: str, name: str, value: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        jsonl.emit(value)
    else:
        say(key, name=name)


def _brief(adapter: Adapter) -> dict[str, Any]:
    return {key: value for key, value in asdict(adapter).items() if key not in {"card", "salt"}}


def _step_line(step: Step) -> str:
    changes = ", ".join(f"{n}: {step.before.get(n, '-')} > {s}" for n, s in step.after.items())
    forced = " (forced)" if step.forced else ""
    return f"{step.at:%Y-%m-%d %H:%M} {step.who} {step.action}{forced}: {changes} {step.why}"


def _arm(arm: Arm) -> dict[str, object]:
    return {
        "name": arm.adapter or "-", "people": arm.people, "answers": arm.answers,
        "up": arm.up, "down": arm.down, "liked": _range(arm.liked), "held": _range(arm.held),
    }  # fmt: skip


def _range(interval: Interval | None) -> str:
    if interval is None:
        return "–"
    return f"{interval.mean:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
