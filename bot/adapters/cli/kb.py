"""``salus kb``: search, list, check and add to the knowledge base."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot.adapters.cli import jsonl
from bot.errors import InputError

if TYPE_CHECKING:
    from bot.model import Hit
    from rag.library import AddReport, Knowledge

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
AsJsonl = Annotated[bool, typer.Option("--jsonl", help="JSON lines from standard input.")]
Limit = Annotated[int, typer.Option("-k", "--limit", min=1, max=100, help="How many passages.")]


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="What to look for.")] = "",
    limit: Limit = 5,
    as_json: AsJson = False,
    as_jsonl: AsJsonl = False,
) -> None:
    """Find passages; with --jsonl rows {"id","text"} in, {"id","hits"} out."""

    def work(knowledge: Knowledge) -> None:
        if as_jsonl:
            jsonl.each(lambda row: {"hits": _found(knowledge, jsonl.text_of(row), limit)})
            return
        if not text.strip():
            raise InputError("no query", fault="give a query, or --jsonl")
        hits = _found(knowledge, text, limit)
        if as_json:
            jsonl.emit(hits)
            return
        for hit in hits:
            print(f"{hit['score']:.2f}  {hit['title']}  ({hit['doc']})\n      {hit['text'][:160]}")
        if not hits:
            print("nothing found")

    _in_knowledge(work)


@app.command(name="list")
def list_documents(as_json: AsJson = False) -> None:
    """The documents of the active knowledge version."""

    def work(knowledge: Knowledge) -> None:
        documents = knowledge.list()
        if as_json:
            jsonl.emit(documents)
            return
        for document in documents:
            print(f"{document['doc']}  {document['title']}")
        print(f"{len(documents)} documents, version {knowledge.version}")

    _in_knowledge(work)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Check every page of knowledge/: fields, sources, marks. Exit code 1 when one is broken."""
    from bot.app import PAGES
    from rag.pages import check_pages

    problems = check_pages(PAGES)
    if as_json:
        jsonl.emit({"ok": not problems, "problems": problems})
    else:
        for problem in problems:
            print(problem)
        print("knowledge pages: " + (f"{len(problems)} problems" if problems else "all in order"))
    raise typer.Exit(1 if problems else 0)


@app.command()
def add(
    paths: Annotated[list[Path], typer.Argument(help="Markdown, text or JSONL files or folders.")],
    index_questions: Annotated[
        bool, typer.Option(help="Index the questions of question-answer rows too.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Add documents to the data folder's knowledge. Bad rows are named; the rest goes in."""
    from bot.adapters.cli.progress import bar

    def work(knowledge: Knowledge) -> None:
        missing = [str(path) for path in paths if not path.exists()]
        if missing:
            raise InputError("no such file", fault=f"no such file: {', '.join(missing)}")
        with bar() as progress:
            report = knowledge.add(paths, index_questions=index_questions, progress=progress)
        _tell_added(report, as_json=as_json)

    _in_knowledge(work)


def _tell_added(report: AddReport, *, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        jsonl.emit(asdict(report))
        return
    for problem in report.problems:
        print(problem)
    print(
        f"added {report.added}, unchanged {report.unchanged}, refused {len(report.problems)}; "
        f"version {report.version}"
    )


def _found(knowledge: Knowledge, text: str, limit: int) -> list[dict[str, Any]]:
    return [_hit(hit) for hit in knowledge.search(text, limit=limit).hits]


def _hit(hit: Hit) -> dict[str, Any]:
    passage = hit.passage
    return {
        "id": passage.id,
        "doc": passage.doc,
        "title": passage.title,
        "section": passage.section,
        "url": passage.url,
        "lang": passage.lang,
        "score": round(hit.score, 4),
        "text": passage.text,
    }


def _in_knowledge(work: Callable[[Knowledge], T]) -> T:
    """Open the library with a progress bar, run ``work``, close it."""
    from bot.adapters.cli.progress import bar
    from bot.app import open_knowledge
    from bot.settings import load

    settings = load()
    with bar() as progress:
        knowledge = open_knowledge(settings, progress=progress)
    try:
        return work(knowledge)
    finally:
        knowledge.close()
