"""``salus tune``: from people's thumbs to reviewed training data."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot.adapters.cli import jsonl
from bot.adapters.cli.kb_common import SHOWN, AsJson, AsName, say, who
from bot.errors import InputError

if TYPE_CHECKING:
    from bot.tuning.rated import Verdict
    from bot.tuning.workshop import Waiting, Workshop

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True)
data = typer.Typer(no_args_is_help=True)
app.add_typer(data, name="data", help="Data sets from votes: build, review, show, export.")
Name = Annotated[str, typer.Argument(help="Name of the data set.")]


def in_workshop(work: Callable[[Workshop], Awaitable[T]]) -> T:
    """Open the workshop, run ``work``, close it."""
    from bot.adapters.cli.progress import bar
    from bot.app import open_workshop
    from bot.settings import load

    async def main() -> T:
        with bar() as progress:
            async with open_workshop(load(), progress=progress) as workshop:
                return await work(workshop)

    return asyncio.run(main())


@data.command()
def build(
    name: Name,
    kind: Annotated[str, typer.Option("--kind", help="sft, kto, dpo or choose.")] = "kto",
    seed: Annotated[int, typer.Option("--seed", help="Decides the order of rows.")] = 0,
    per_person: Annotated[
        int, typer.Option("--per-person", min=1, help="Most rows of one person.")
    ] = 20,
    review: Annotated[
        str,
        typer.Option("--review", help="all: only what a person accepted. Default but for kto."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Build a data set from rated answers of people who agreed to it."""
    from bot.tuning.dataset import KINDS, Plan
    from bot.tuning.workshop import plan_for

    if kind not in KINDS:
        raise InputError(kind, fault=f"--kind is one of {', '.join(KINDS)}")
    # What is imitated word for word has to be read by somebody; a thumb is one bit among many.
    wanted = review or ("flagged" if kind == "kto" else "all")
    if wanted not in {"all", "flagged"}:
        raise InputError(wanted, fault="--review is all or flagged")

    async def work(workshop: Workshop) -> None:
        made = Plan(
            name=name, kind=kind, key="", seed=seed, per_person=per_person,
            review="all" if wanted == "all" else "flagged",
        )  # fmt: skip
        kept, built = await workshop.build(plan_for(made))
        counts = {split: len(rows) for split, rows in built.rows.items()}
        if as_json:
            jsonl.emit(asdict(kept) | {"counts": counts, "left_out": built.left_out})
            return
        say("tune.built", name=name, folder=kept.folders[0], **counts)
        for reason, count in built.left_out.items():
            print(f"  {reason}: {count}")

    in_workshop(work)


@data.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """A data set: counts, hashes (checked), lineage, and whether it is stale."""

    async def work(workshop: Workshop) -> None:
        found = await workshop.show(name)
        if as_json:
            jsonl.emit(found)
            return
        for key, value in found.items():
            print(f"{key}: {value}")

    in_workshop(work)


@data.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Every data set, and every adapter that has to be trained anew."""

    async def work(workshop: Workshop) -> None:
        unreached = await workshop.sweep()
        kept, due = await workshop.overview()
        if as_json:
            told: dict[str, Any] = {"unreached": unreached}
            told["datasets"] = [asdict(one) for one in kept]
            told["retrain"] = [asdict(task) for task in due]
            jsonl.emit(told)
            return
        for one in kept:
            say("tune.stale" if one.stale_at else "tune.line", name=one.name, kind=one.kind)
        for task in due:
            say("tune.retrain", name=task.adapter)
        for name, folders in unreached.items():
            say("tune.unreached", name=name, folders=", ".join(folders))
        if not kept:
            say("tune.none")

    in_workshop(work)


@data.command()
def export(name: Name, to: Annotated[Path, typer.Argument(help="An empty or new folder.")]) -> None:
    """Copy a data set to where it is trained on; the copy is remembered for erasures."""

    async def work(workshop: Workshop) -> None:
        await workshop.export(name, to)
        say("tune.exported", name=name, folder=to)

    in_workshop(work)


@data.command()
def review(
    lesson: Annotated[str, typer.Argument(help="Id of a lesson; without it, the queue.")] = "",
    accept: Annotated[
        bool | None,
        typer.Option("--accept/--reject", help="It may be learned from, or never (--reason)."),
    ] = None,
    edit: Annotated[str, typer.Option("--edit", help="The answer as it should have been.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Also what nothing speaks against.")
    ] = False,
    as_name: AsName = "",
    as_json: AsJson = False,
) -> None:
    """What waits for a decision, or the decision on one lesson."""
    from bot.tuning.rated import Review

    async def work(workshop: Workshop) -> None:
        if not lesson:
            _queue(await workshop.waiting(everything=everything), as_json=as_json)
            return
        verdict = _verdict(accept=accept, edit=edit)
        decided = Review(verdict=verdict, by=who(as_name), reason=reason, text=edit)
        await workshop.decide(lesson, decided)
        say("tune.decided", verdict=verdict)

    in_workshop(work)


@data.command()
def trained(
    adapter: Annotated[str, typer.Argument(help="The adapter that was made anew or given up.")],
) -> None:
    """Take an adapter off the list of those that have to be trained anew."""

    async def work(workshop: Workshop) -> None:
        await workshop.retrained(adapter)
        say("tune.trained", name=adapter)

    in_workshop(work)


def _verdict(*, accept: bool | None, edit: str) -> Verdict:
    if (accept is None) == (not edit):
        raise InputError("one decision", fault="give one of --accept, --reject and --edit")
    if edit:
        return "edit"
    return "accept" if accept else "reject"


def _queue(waiting: list[Waiting], *, as_json: bool) -> None:
    if as_json:
        for one in waiting:
            jsonl.emit(_row(one))
        return
    say("tune.waiting", count=len(waiting))
    for one in waiting[:SHOWN]:
        lesson = one.lesson
        reasons = ", ".join(one.reasons) or "–"
        print(f"\n{lesson.id}  {lesson.vote}  {reasons}\n? {lesson.asked}\n! {lesson.written}")


def _row(one: Waiting) -> dict[str, object]:
    """One lesson for a reviewer; who said it is not told."""
    lesson = one.lesson
    return {
        "id": lesson.id, "lang": lesson.lang, "asked": lesson.asked, "answered": lesson.written,
        "vote": lesson.vote, "why": lesson.reason, "reasons": list(one.reasons),
        "passages": [{"n": n, "title": p.title, "text": p.text}
                     for n, p in enumerate(one.passages, start=1)],
    }  # fmt: skip
