"""``salus kb``: search, list, check and add; the other commands are in kb_*.py."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.adapters.cli import jsonl, kb_gaps, kb_graph, kb_people, kb_versions
from bot.adapters.cli.kb_common import (
    AsJson,
    AsName,
    canary_json,
    in_knowledge,
    say,
    say_canary,
    who,
)
from bot.errors import InputError
from rag.types import Source

if TYPE_CHECKING:
    from bot.model import Hit
    from rag.library import Knowledge
    from rag.versions_intake import Intake

app = typer.Typer(no_args_is_help=True)
AsJsonl = Annotated[bool, typer.Option("--jsonl", help="JSON lines from standard input.")]
Limit = Annotated[int, typer.Option("-k", "--limit", min=1, max=100, help="How many passages.")]
SourceOrganisation = Annotated[
    str, typer.Option("--source-organisation", help="Who says so, for what names no source.")
]
SourceTitle = Annotated[str, typer.Option("--source-title", help="The source's title.")]
SourceUrl = Annotated[str, typer.Option("--source-url", help="The source's address.")]
SourceDate = Annotated[str, typer.Option("--source-date", help="YYYY, YYYY-MM or YYYY-MM-DD.")]
Licence = Annotated[str, typer.Option("--licence", help="Under which licence it may be shown.")]


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="What to look for.")] = "",
    limit: Limit = 5,
    version: Annotated[str, typer.Option("--version", help="Ask a kept version.")] = "",
    as_json: AsJson = False,
    as_jsonl: AsJsonl = False,
) -> None:
    """Find passages; with --jsonl rows {"id","text"} in, {"id","hits"} out."""

    def work(knowledge: Knowledge) -> None:
        def find(asked: str) -> list[dict[str, Any]]:
            found = knowledge.search(asked, limit=limit, version=version or None)
            return [_hit(hit) for hit in found.hits]

        if as_jsonl:
            jsonl.each(lambda row: {"hits": find(jsonl.text_of(row))})
            return
        if not text.strip():
            raise InputError("no query", fault="give a query, or --jsonl")
        hits = find(text)
        if as_json:
            jsonl.emit(hits)
            return
        _tell_hits(hits)

    in_knowledge(work)


def _tell_hits(hits: list[dict[str, Any]]) -> None:
    for hit in hits:
        print(f"{hit['score']:.2f}  {hit['title']}  ({hit['doc']})\n      {hit['text'][:160]}")
        if hit["sources"]:
            say("kb.hit.source", source=" · ".join(hit["sources"]))
    if not hits:
        say("kb.hit.none")


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

    in_knowledge(work)


@app.command()
def check(
    index: Annotated[
        bool, typer.Option("--index", help="Also the index of this data folder, against SQL.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check knowledge/: pages, canary questions, graph. Exit code 1 when something is broken."""
    from bot.app import GRAPH, PAGES
    from rag import graph_lint
    from rag.canary import SHIPPED, lint
    from rag.graph import load_graph
    from rag.pages import check_pages, page_files

    problems = check_pages(PAGES)
    problems += lint([SHIPPED], (f"{p.parent.name}/{p.stem}" for p in page_files(PAGES)))
    problems += graph_lint.lint(load_graph(GRAPH), graph_lint.sections(PAGES))
    if index:
        problems += in_knowledge(lambda knowledge: knowledge.check())
    if as_json:
        jsonl.emit({"ok": not problems, "problems": problems})
    else:
        for problem in problems:
            print(problem)
        say("kb.check.faults", count=len(problems)) if problems else say("kb.check.fine")
    raise typer.Exit(1 if problems else 0)


@app.command()
def add(  # noqa: PLR0913, PLR0917  # the options of a command are its parameters
    paths: Annotated[list[Path], typer.Argument(help="Files or folders to read.")],
    index_questions: Annotated[
        bool, typer.Option(help="Index the questions of question-answer rows too.")
    ] = True,
    publish: Annotated[bool, typer.Option("--publish", help="Publish at once.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Only stage into the draft.")] = False,
    source: SourceOrganisation = "",
    source_title: SourceTitle = "",
    source_url: SourceUrl = "",
    source_date: SourceDate = "",
    licence: Licence = "",
    name: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Add documents: published at once, or staged where somebody reviews. Bad rows are named."""
    if publish and draft:
        raise InputError("publish", fault="give either --publish or --draft")

    told = _source(source, source_title, source_url, source_date)

    def work(knowledge: Knowledge) -> None:
        from rag.versions_intake import gather, is_address

        missing = [str(p) for p in paths if not is_address(p) and not p.exists()]
        if missing:
            raise InputError("no such file", fault=f"no such file: {', '.join(missing)}")
        intake = gather(
            paths, index_questions=index_questions, source=told, licence=licence, hosts=_hosts()
        )
        if draft or not knowledge.desk().at_once(who(name)):
            _stage(knowledge, intake, who(name), publish=publish, as_json=as_json)
        else:
            _add_now(knowledge, intake, who(name), as_json=as_json)

    in_knowledge(work)


def _hosts() -> tuple[str, ...]:
    """The hosts that documents may be fetched from."""
    from bot.settings import load
    from bot.shelf import hosts_of

    return hosts_of(load().kb_hosts)


def _source(organisation: str, title: str, url: str, date: str) -> Source | None:
    """The source of rows that name none; InputError for a half one or a wrong date."""
    from rag.pages import is_url

    if not any((organisation, title, url, date)):
        return None
    if not organisation:
        raise InputError("source", fault="a source needs --source-organisation")
    if url and not is_url(url):
        raise InputError("source", fault=f"--source-url {url!r} is no http(s) address")
    if date and not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", date):
        raise InputError(
            "source", fault=f"--source-date {date!r} is not YYYY, YYYY-MM or YYYY-MM-DD"
        )
    return Source(organisation=organisation, title=title or organisation, url=url, date=date)


def _add_now(knowledge: Knowledge, intake: Intake, name: str, *, as_json: bool) -> None:
    from bot.adapters.cli.progress import bar

    with bar() as progress:
        report = knowledge.add_now(intake, who=name, progress=progress)
    if as_json:
        canary = canary_json(report.canary)
        jsonl.emit({"state": "published"} | asdict(report) | {"canary": canary})
        return
    for line in (*report.problems, *report.flagged):
        print(line)
    say("kb.added", added=report.added, unchanged=report.unchanged, refused=len(report.problems),
        version=report.version)  # fmt: skip
    say_canary(report.canary)
    if report.unproven:
        say("kb.unproven", count=report.unproven)


def _stage(
    knowledge: Knowledge, intake: Intake, name: str, *, publish: bool, as_json: bool
) -> None:
    from bot.adapters.cli.kb_versions import draft_json, tell_draft, tell_published

    found = knowledge.desk().stage(intake, who=name)
    if publish:
        tell_published(knowledge.desk().publish(who=name), as_json=as_json)
        return
    if as_json:
        told = {"state": "staged", "chunks": intake.chunks, "unsourced": intake.unsourced}
        lists = {"problems": list(intake.problems), "flagged": list(intake.flagged)}
        jsonl.emit(draft_json(found) | told | lists)
        return
    for line in (*intake.problems, *intake.flagged):
        print(line)
    tell_draft(found, as_json=False)


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
        "sources": [
            ", ".join(filter(None, (s.organisation, s.title, s.url, s.date)))
            for s in passage.sources
        ],
    }


app.command()(kb_versions.remove)
app.command()(kb_versions.draft)
app.command()(kb_versions.diff)
app.command()(kb_versions.review)
app.command()(kb_versions.publish)
app.command()(kb_versions.rollback)
app.command()(kb_versions.log)
app.command()(kb_gaps.gaps)
app.command()(kb_graph.graph)
app.add_typer(kb_people.app, name="people", help="Roles and chat accounts.")
