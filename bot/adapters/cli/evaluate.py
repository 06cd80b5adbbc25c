"""``salus eval``: the fixed suites, and the gate between a candidate and people."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.adapters.cli import jsonl
from bot.adapters.cli.kb_common import AsJson, say

if TYPE_CHECKING:
    from bot.examiner import Tell
    from bot.settings import Settings
    from bot.tuning.cases import Case
    from bot.tuning.registry import Adapter
    from bot.tuning.scoring import Answered

app = typer.Typer(no_args_is_help=True)
Cases = Annotated[Path | None, typer.Option("--cases", help="Another file of cases.")]
Harmful = Annotated[
    Path | None,
    typer.Option("--harmful", help='JSON lines with a harmful "request" each; 40 are asked.'),
]
_HARMFUL = 40


@app.command()
def run(
    adapter: Annotated[
        str, typer.Option("--adapter", help="Registered adapter; without it, the model as it is.")
    ] = "",
    cases: Cases = None,
    harmful: Harmful = None,
    as_json: AsJson = False,
) -> None:
    """Put the suites to the model that the settings name, and print the mean of each measure."""
    from bot.tuning.scoring import means

    asked = _cases(cases, harmful)
    scores = asyncio.run(_sit(asked, [adapter or None]))[0]
    found = means(scores)
    if as_json:
        jsonl.emit({"means": found, "cases": scores})
        return
    for name, value in found.items():
        print(f"{name:24} {value:+.3f}")


@app.command()
def gate(
    candidate: Annotated[str, typer.Argument(help="Name of the candidate.")],
    rules: Annotated[
        Path | None, typer.Option("--gate", help="What is asked for: target, margins, floors.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the report; default: the data folder.")
    ] = None,
    cases: Cases = None,
    harmful: Harmful = None,
    as_json: AsJson = False,
) -> None:
    """Measure a candidate against what is active; ends with 1 if it may not be promoted."""
    from bot.settings import load
    from bot.tuning import exam
    from bot.tuning.cases import GATE, fingerprint
    from bot.tuning.gate import Side, load_gate, verdict_of

    settings = load()
    asked = _cases(cases, harmful)
    chosen, active = asyncio.run(_sides(settings, candidate))
    wanted = load_gate(rules or GATE)
    heard: list[dict[str, Answered]] = []
    sides = [chosen.name, active.name if active else ""]
    ours, theirs = asyncio.run(_sit(asked, sides, heard))
    sha256 = fingerprint(asked)
    base = active.base if active else chosen.base
    against = Side(base=base, adapter=active.name, sha256=active.sha256) if active else None
    mine = Side(base=chosen.base, adapter=chosen.name, sha256=chosen.sha256)
    tried = exam.Run(side=mine, suites_sha256=sha256, scores=ours)
    before = exam.Run(side=against or Side(base=base), suites_sha256=sha256, scores=theirs)
    report = exam.verdict(wanted, tried, before, datetime.now(UTC))
    folder = out or settings.data_dir / "tuning" / "reports" / f"{chosen.name}-{sha256[:8]}"
    path = exam.write(folder, report, tried, before)
    exam.write_pairs(folder, asked, *heard)
    if as_json:
        jsonl.emit({"report": str(path), "passed": report.passed} | asdict(report))
    else:
        say("eval.passed" if report.passed else "eval.lost", name=chosen.name, path=path,
            lost=verdict_of(report))  # fmt: skip
    raise typer.Exit(0 if report.passed else 1)


def _cases(cases: Path | None, harmful: Path | None) -> list[Case]:
    from bot.tuning.cases import OWN, load
    from bot.tuning.cases import harmful as requests

    return [*load(cases or OWN), *(requests(harmful, _HARMFUL) if harmful else ())]


async def _sides(settings: Settings, name: str) -> tuple[Adapter, Adapter | None]:
    """The candidate and what is active; what was registered is still what lies there."""
    from bot.deferred import DeferredRegistry, DeferredStore
    from bot.tuning.folder import unchanged
    from bot.tuning.registry import by_name, in_state

    store = DeferredStore(settings.resolved_database_url, settings.resolved_key_file)
    try:
        adapters = await DeferredRegistry(store).adapters()
    finally:
        await store.close()
    chosen = by_name(adapters, name)
    await asyncio.to_thread(unchanged, chosen)
    return chosen, in_state(adapters, "active")


async def _sit(
    cases: list[Case],
    adapters: Sequence[str | None],
    heard: list[dict[str, Answered]] | None = None,
) -> list[dict[str, dict[str, float]]]:
    """The scores of each adapter on the same cases; ``heard`` gets the answers of each."""
    from bot.adapters.cli.progress import bar
    from bot.app import open_examiner
    from bot.settings import load

    with bar() as progress:
        async with open_examiner(load(), progress=progress) as examiner:
            found = []
            for one in adapters:
                answers: dict[str, Answered] = {}
                note = partial(_keep, answers)
                found.append(await examiner.run(cases, one, _teller(one), note=note))
                if heard is not None:
                    heard.append(answers)
            return found


def _keep(answers: dict[str, Answered], case: Case, answered: Answered) -> None:
    answers[case.id] = answered


def _teller(adapter: str | None) -> Tell:
    """Progress on standard error, now and then."""
    import sys

    def tell(done: int, total: int) -> None:
        if done % 20 == 0 or done == total:
            print(f"salus: {adapter or '-'} {done}/{total}", file=sys.stderr)

    return tell
