"""An app whose knowledge is a small real one, looked after by people with roles."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.app import App
from bot.deferred import DeferredRetriever
from bot.delivery.unit import UnitStore
from bot.dialogue.curating.front import Curating
from bot.dialogue.linking import shown
from bot.dialogue.manager import DialogueManager
from bot.model import Platform
from bot.shelf import DeferredShelf
from rag.library import Knowledge
from rag.vectors import ExactBackend
from rag.versions_model import Role
from tests.fakes.chat import TRIAGE
from tests.rag.support import PAGES, HashEmbedder, write_page

CODES = ("K7MWQ3PR", "ABCD2345", "WXYZ6789", "MNPQ2345")
LEAFLET = """---
organisation: National Health Service (NHS)
url: https://www.nhs.uk/conditions/gout/
licence: OGL v3.0
date: 2024-05
---
# Gout

## What helps during an attack?

Rest the joint, raise it and keep it cool.

## What should I avoid?

Alcohol and sugary drinks make an attack more likely.
"""


def library(data: Path, **options: Any) -> Knowledge:
    """The tiny pages, embedded by counting."""
    pages = data / "pages"
    for name in PAGES:
        write_page(pages, name)
    given = {"embedder": HashEmbedder(), "backend": ExactBackend()} | options
    knowledge = Knowledge.open(data / "kb", pages_dir=pages, **given)
    knowledge.canary_files = ()
    return knowledge


@asynccontextmanager
async def curated(
    app: App,
    knowledge: Knowledge,
    *,
    operator: str = "",
    hosts: tuple[str, ...] = (),
    education_only: frozenset[Platform] = frozenset(),
) -> AsyncGenerator[App, None]:
    """The app with a knowledge base that can be looked after by chat."""
    retriever = DeferredRetriever(lambda: knowledge)
    shelf = DeferredShelf(retriever, app.store, hosts)
    store = UnitStore(app.store)
    dialogue = DialogueManager(
        store=store,
        answerer=app.dialogue._answerer,
        triage=TRIAGE,
        education_only=education_only,
        curating=Curating(store, shelf, operator),
    )
    try:
        yield replace(app, dialogue=dialogue)
    finally:
        shelf.close()
        knowledge.close()


def roles(knowledge: Knowledge, **people: Role) -> None:
    """Give roles; the first must be an admin."""
    for name, role in people.items():
        knowledge.desk().set_person(name, role, who=next(iter(people)))


async def code_for(app: App, name: str, number: int = 0) -> str:
    """A code as ``salus kb people link NAME`` tells it."""
    await app.store.offer_desk(name, CODES[number], now=datetime.now(UTC))
    return shown(CODES[number])
