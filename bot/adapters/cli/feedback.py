"""``salus feedback``: what people thought of the answers, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.app import App

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep ``stats`` a subcommand while it is the only one."""


@app.command()
def stats(
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Votes by answer path, model, prompt, knowledge version and language."""

    async def work(salus: App) -> None:
        from bot.adapters.cli import jsonl

        found = await salus.store.feedback_stats()
        if as_json:
            jsonl.emit(found)
            return
        for name, value in found.items():
            print(f"{name}: {_worded(value)}")

    from bot.adapters.cli.commands import in_app

    in_app(work)


def _worded(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key or '–'} {_worded(part)}" for key, part in value.items()) or "–"
    return str(value)
