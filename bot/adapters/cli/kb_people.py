"""``salus kb people``: who has which role, and which chat accounts act under it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.adapters.cli import jsonl
from bot.adapters.cli.kb_common import AsJson, AsName, in_knowledge, say, who
from bot.errors import InputError

if TYPE_CHECKING:
    from bot.store import PersonStore

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True)


async def with_store(work: Callable[[PersonStore], Awaitable[T]]) -> T:
    """Open the store of the settings, do something, close it."""
    from bot.settings import load
    from bot.store import KeyRing, open_store

    settings = load()
    keys = await asyncio.to_thread(KeyRing.load_or_create, settings.resolved_key_file)
    store = await open_store(settings.resolved_database_url, keys=keys)
    try:
        return await work(store)
    finally:
        await store.close()


@app.command(name="list")
def list_people(as_json: AsJson = False) -> None:
    """Who has which role; nobody has one in an install of one person."""

    found = in_knowledge(lambda knowledge: knowledge.desk().people())
    bound = asyncio.run(with_store(lambda store: store.curators()))
    chats = {p.name: [c.platform for c in bound if c.name == p.name and c.since >= p.added_at]
             for p in found}  # fmt: skip
    if as_json:
        jsonl.emit([asdict(p) | {"added_at": p.added_at.isoformat(), "chats": chats[p.name]}
                    for p in found])  # fmt: skip
        return
    for person in found:
        print("  ".join(filter(None, (person.name, person.role, ", ".join(chats[person.name])))))
    if not found:
        say("kb.people.none")


@app.command(name="add")
def add_person(
    person: Annotated[str, typer.Argument(help="The name, as given with --as.")],
    role: Annotated[str, typer.Option("--role", help="editor, reviewer or admin.")],
    name: AsName = "",
) -> None:
    """Give somebody a role. The first must be an admin; one reviewer makes reviews compulsory."""
    from rag.versions_model import ROLES

    wanted = next((r for r in ROLES if r == role), None)
    if wanted is None:
        raise InputError("role", fault=f"role {role!r} is none of {', '.join(ROLES)}")
    in_knowledge(lambda k: k.desk().set_person(person, wanted, who=who(name)))
    say("kb.people.set", name=person, role=role)


@app.command(name="remove")
def remove_person(
    person: Annotated[str, typer.Argument(help="Whose role to take.")], name: AsName = ""
) -> None:
    """Take somebody's role away; one admin stays as long as anybody has a role."""
    in_knowledge(lambda k: k.desk().set_person(person, None, who=who(name)))
    asyncio.run(with_store(lambda store: store.leave_desk(name=person)))
    say("kb.people.gone", name=person)


@app.command()
def link(
    person: Annotated[str, typer.Argument(help="Who will look after the knowledge by chat.")],
    name: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Print a one-time code; whoever sends it to the bot in private acts as NAME by chat."""
    from bot.dialogue.linking import new_code, shown
    from bot.ports import LINK_LASTS

    in_knowledge(lambda k: k.desk().may_link(person, who=who(name)))
    code, minutes = new_code(), round(LINK_LASTS.total_seconds() / 60)
    asyncio.run(with_store(lambda store: store.offer_desk(person, code, now=datetime.now(UTC))))
    if as_json:
        jsonl.emit({"name": person, "code": shown(code), "minutes": minutes})
        return
    say("kb.people.code", name=person, code=shown(code), minutes=minutes)


@app.command()
def unlink(
    person: Annotated[str, typer.Argument(help="Whose chat accounts to cut off.")],
    name: AsName = "",
) -> None:
    """End the access of every chat account of somebody, and their open code."""
    in_knowledge(lambda k: k.desk().may_link(person, who=who(name), known=False))
    count = asyncio.run(with_store(lambda store: store.leave_desk(name=person)))
    say("kb.people.unlinked", name=person, count=count)
