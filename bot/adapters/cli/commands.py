"""The ``salus`` command tree. Each command imports what it needs when it runs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.adapters.cli import admin, evaluate, feedback, kb, metrics, model, tune

if TYPE_CHECKING:
    from bot.app import App

T = TypeVar("T")

app = typer.Typer(
    name="salus",
    help="Salus, a health companion that cites its sources. Start with: salus chat",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(kb.app, name="kb", help="The knowledge base: search, list, check, add.")
app.add_typer(admin.app, name="admin", help="The admin page: who can sign in.")
app.add_typer(metrics.app, name="metrics", help="Logged values: add, show, parse.")
app.add_typer(feedback.app, name="feedback", help="Votes: stats.")
app.add_typer(evaluate.app, name="eval", help="The fixed suites, and the gate.")
app.add_typer(tune.app, name="tune", help="Learning: data sets from votes.")
app.add_typer(model.app, name="model", help="Adapters: list, add, promote, roll back, compare.")

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
AsJsonl = Annotated[bool, typer.Option("--jsonl", help="JSON lines from standard input.")]
User = Annotated[str, typer.Option("--user", help="Whose chat it is.")]


@app.command()
def chat(user: User = "local", as_json: AsJson = False, as_jsonl: AsJsonl = False) -> None:
    """Talk to Salus; from a pipe, each line is one message."""

    async def work(salus: App) -> None:
        from bot.adapters import console

        if as_jsonl:
            await _chat_jsonl(salus, user)
        elif as_json:
            await console.chat_json(salus, user)
        elif sys.stdin.isatty():
            await console.Terminal(salus, user).run()
        else:
            await console.chat_pipe(salus, user)

    in_app(work)


@app.command()
def ask(
    text: Annotated[str, typer.Argument(help="The question.")] = "",
    user: User = "local",
    version: Annotated[str, typer.Option("--version", help="A kept knowledge version.")] = "",
    as_json: AsJson = False,
    as_jsonl: AsJsonl = False,
) -> None:
    """Ask one question and leave; with --version, of the knowledge as it was."""

    async def work(salus: App) -> None:
        from bot.adapters import console, render
        from bot.adapters.cli import jsonl

        if version:
            await _pinned(salus, version)
        if as_jsonl:
            await _chat_jsonl(salus, user)
            return
        reply = await console.final_reply(salus, user, text or sys.stdin.read())
        if as_json:
            jsonl.emit(render.as_json(reply))
            return
        print(reply.text)
        sources = render.sources_text(reply)
        print(f"\n{sources}" if sources else "", end="\n" if sources else "")

    in_app(work)


async def _pinned(salus: App, version: str) -> None:
    from bot.errors import NotFoundError
    from rag.versions_model import UnknownError

    try:
        await salus.retriever.pin(version)
    except UnknownError as error:
        missing = NotFoundError(error.key, **error.details)
        missing.key = error.key
        raise missing from error


async def _chat_jsonl(salus: App, user: str) -> None:
    """Rows ``{"id", "text", "user"?}``; each is one message of that person."""
    from bot.adapters import console, render
    from bot.adapters.cli import jsonl

    async def work(row: jsonl.Row) -> dict[str, object]:
        who = str(row.get("user") or user)
        return render.as_json(await console.final_reply(salus, who, jsonl.text_of(row)))

    await jsonl.each_async(work)


@app.command(name="run")
def serve() -> None:
    """Serve every configured chat platform until stopped (SIGTERM drains)."""

    async def work(salus: App) -> int:
        from bot.adapters import service

        return await service.run(salus)

    raise typer.Exit(in_app(work))


@app.command()
def triage(
    text: Annotated[str, typer.Argument(help="A message; without it, JSON lines are read.")] = "",
    as_json: AsJson = False,
    as_jsonl: AsJsonl = False,
) -> None:
    """How urgent a message is, by the rules that run before any model."""
    from bot.adapters.cli import checks

    checks.run_triage(text, as_json=as_json or as_jsonl)


@app.command()
def ground(as_json: AsJson = False, as_jsonl: AsJsonl = False) -> None:
    """Check answers against passages: JSON lines in, verdicts per sentence out."""
    from bot.adapters.cli import checks

    del as_json, as_jsonl  # JSON lines are the only form it speaks
    checks.run_ground()


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is configured, reachable or missing, and how to mend it."""
    from bot.adapters.cli import doctor as clinic

    raise typer.Exit(asyncio.run(clinic.run(as_json=as_json)))


def in_app(work: Callable[[App], Awaitable[T]]) -> T:
    """Build the application, run ``work`` in it, close it; settings faults raise SettingsError."""
    from bot.adapters.cli.progress import bar
    from bot.app import build
    from bot.logs import configure
    from bot.settings import load

    async def main() -> T:
        settings = load()
        configure(settings.log_level)
        with bar() as progress:
            async with build(settings, progress=progress) as salus:
                return await work(salus)

    return asyncio.run(main())
