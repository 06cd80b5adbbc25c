"""``salus metrics``: read values from sentences, keep them, show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.adapters.cli import jsonl
from bot.errors import InputError

if TYPE_CHECKING:
    from bot.app import App
    from bot.model import Lang, Observation

app = typer.Typer(no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
AsJsonl = Annotated[bool, typer.Option("--jsonl", help="JSON lines from standard input.")]
User = Annotated[str, typer.Option("--user", help="Whose values.")]


@app.command()
def parse(
    text: Annotated[str, typer.Argument(help="A sentence; without it, JSON lines are read.")] = "",
    as_json: AsJson = False,
    as_jsonl: AsJsonl = False,
) -> None:
    """Read values from a sentence without keeping them."""

    def work(row: jsonl.Row) -> dict[str, Any]:
        from bot.metrics.parse import parse as parse_metrics
        from bot.metrics.parse import to_json

        tz = str(row.get("tz") or "UTC")
        now = _now(row.get("now"), tz)
        return to_json(parse_metrics(jsonl.text_of(row), lang=_lang(row), now=now, tz=tz))

    if not text:
        jsonl.each(work)
        return
    found = work({"text": text})
    if as_json or as_jsonl:
        jsonl.emit(found)
        return
    for metric in found["metrics"]:
        print(f"{metric['kind']}: {metric['value']} {metric['unit']} at {metric['at']}")
    for ask in found["asks"]:
        print(f"? {ask}")
    if not found["metrics"] and not found["asks"]:
        print("nothing to log")


@app.command()
def add(
    text: Annotated[str, typer.Argument(help="A sentence such as “slept 6.5 h”.")] = "",
    user: User = "local",
    as_json: AsJson = False,
    as_jsonl: AsJsonl = False,
) -> None:
    """Keep the values of a sentence, exactly as a chat message would."""

    async def work(salus: App) -> None:
        from bot.adapters import console, render

        async def one(row: jsonl.Row) -> dict[str, Any]:
            who, sentence = str(row.get("user") or user), jsonl.text_of(row)
            return render.as_json(await console.final_reply(salus, who, f"/log {sentence}"))

        if as_jsonl or not text:
            await jsonl.each_async(one)
            return
        reply = await one({"text": text})
        if as_json:
            jsonl.emit(reply)
        else:
            print(reply["text"])
        if reply["kind"] not in {"logged", "emergency"}:
            raise typer.Exit(1)

    from bot.adapters.cli.commands import in_app

    in_app(work)


@app.command()
def show(
    user: User = "local",
    days: Annotated[int, typer.Option(min=1, max=3660, help="How far back.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Kept values with 7- and 30-day averages and trend."""

    async def work(salus: App) -> None:
        from bot.adapters import console
        from bot.metrics.summary import summarise
        from bot.metrics.words import describe

        person = await salus.person("console", user)
        now, tz = datetime.now(UTC), console.zone(salus)
        kept = await salus.store.observations(person, since=now - timedelta(days=days))
        windows = {n: summarise(kept, now=now, tz=tz, days=n) for n in (7, 30)}
        if as_json:
            jsonl.emit(_shown(kept, windows))
            return
        lang: Lang = "zh" if salus.settings.lang == "zh" else "en"
        told = [line for found in windows.values() for line in describe(found, lang)]
        for line in dict.fromkeys(told):
            print(line)
        if not kept:
            print("nothing logged")

    from bot.adapters.cli.commands import in_app

    in_app(work)


def _shown(kept: list[Observation], windows: dict[int, Any]) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "observations": [asdict(o) for o in kept],
        "summaries": [asdict(s) for found in windows.values() for s in found],
    }


def _lang(row: jsonl.Row) -> Lang | None:
    lang = row.get("lang")
    if lang in (None, "", "en", "zh"):
        return lang or None
    raise InputError("lang", fault=f"lang {lang!r} is neither 'en' nor 'zh'")


def _now(given: object, tz: str) -> datetime:
    """The reference time of a row, aware; a time without offset is in ``tz``."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        zone = ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError("tz", fault=f"tz {tz!r} is no IANA time zone") from error
    if given in (None, ""):
        return datetime.now(zone)
    try:
        at = datetime.fromisoformat(str(given))
    except ValueError as error:
        raise InputError("now", fault=f"now {given!r} is no ISO 8601 time") from error
    return at if at.tzinfo else at.replace(tzinfo=zone)
