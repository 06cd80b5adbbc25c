"""``salus kb gaps``: what people asked that the knowledge could not answer well."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bot.adapters.cli import jsonl
from bot.adapters.cli.kb_common import AsJson, KbRefusedError, in_knowledge, say
from bot.adapters.cli.kb_people import with_store
from bot.errors import InputError

if TYPE_CHECKING:
    from bot.model import Unhelped
    from rag.gaps import Gaps
    from rag.library import Knowledge


def gaps(
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="How far back.")] = 90,
    people: Annotated[
        int, typer.Option("-k", "--people", min=2, max=100, help="Least people per group shown.")
    ] = 2,
    everything: Annotated[
        bool, typer.Option("--all", help="Every group; only for one person's own terminal.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Groups of questions that found nothing or earned thumbs down, with the nearest page."""
    found = asyncio.run(_unhelped(datetime.now(UTC) - timedelta(days=days), own=everything))

    def work(knowledge: Knowledge) -> None:
        from rag.gaps import Asked, find

        asked = [Asked(text=u.text, lang=u.lang, who=u.who, why=u.why) for u in found]
        least = 1 if everything else people
        _tell(find(knowledge, asked, people=least), least, as_json=as_json)

    in_knowledge(work)


async def _unhelped(since: datetime, *, own: bool) -> list[Unhelped]:
    try:
        return await with_store(lambda store: store.unhelped(since=since, own=own))
    except InputError as error:
        raise KbRefusedError("kb.refused.others", {}) from error


def _tell(found: Gaps, least: int, *, as_json: bool) -> None:
    if as_json:
        jsonl.emit(asdict(found))
        return
    if not found.questions:
        say("kb.gaps.none")
        return
    say("kb.gaps.title", count=found.questions, groups=len(found.shown))
    for gap in found.shown:
        say("kb.gaps.group", count=gap.count, people=gap.people, label=gap.label)
        say("kb.gaps.counts", nothing=gap.nothing, down=gap.down)
        if gap.nearest is not None:
            near = gap.nearest
            say("kb.gaps.nearest", title=near.title, doc=near.doc, score=f"{near.score:.2f}")
    if found.hidden:
        say("kb.gaps.hidden", count=found.hidden, k=least)
