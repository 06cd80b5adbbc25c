"""``salus admin``: who can sign in to the admin page; the first way in is made here."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from bot.adapters.cli import jsonl
from bot.adapters.cli.kb_common import AsJson, AsName, in_knowledge, lang, say, who
from bot.errors import InputError
from bot.i18n import t

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The name, as in salus kb people.")]


@app.command()
def invite(
    person: Name,
    role: Annotated[str, typer.Option("--role", help="Also give: editor, reviewer, admin.")] = "",
    name: AsName = "",
    as_json: AsJson = False,
) -> None:
    """Make a one-time link with which somebody chooses a password; it lasts a day."""
    from bot.settings import load
    from rag.versions_model import ROLES

    wanted = next((r for r in ROLES if r == role), None)
    if role and wanted is None:
        raise InputError("role", fault=f"role {role!r} is none of {', '.join(ROLES)}")
    settings = load()
    code = in_knowledge(lambda k: k.access().invite(person, who=who(name), role=wanted))
    listening = settings.admin_listen or "127.0.0.1:8080"
    url = settings.admin_url or f"http://{listening}"
    if as_json:
        jsonl.emit({"name": person.strip(), "code": code, "url": f"{url}/join?code={code}"})
        return
    say("web.cli.invited", name=person.strip())
    print(f"  {url}/join?code={code}")
    say("web.cli.code", url=url, code=code)
    if not settings.admin_listen:
        say("web.cli.no_page")


@app.command(name="list")
def list_accounts(as_json: AsJson = False) -> None:
    """Who can sign in, or was invited to."""
    found = in_knowledge(lambda k: k.access().accounts())
    if as_json:
        until = [a.invited_until.isoformat() if a.invited_until else None for a in found]
        jsonl.emit([asdict(a) | {"invited_until": at} for a, at in zip(found, until, strict=True)])
        return
    for account in found:
        told = {
            "web.cli.has_password": account.password,
            "web.cli.is_invited": account.invited_until is not None,
            "web.cli.is_locked": account.locked,
        }
        state = ", ".join(t(key, lang()) for key, true in told.items() if true)
        say("web.cli.account", name=account.name, state=state)
    if not found:
        say("web.cli.nobody")


@app.command(name="sign-out")
def sign_out(person: Name, name: AsName = "") -> None:
    """End all sessions of somebody."""
    acting = who(name)
    count = in_knowledge(lambda k: k.access().sign_out_everywhere(person, who=acting))
    say("web.cli.signed_out", count=count, name=person)


@app.command()
def remove(person: Name, name: AsName = "") -> None:
    """Take somebody's password, invitations and sessions away; their role stays."""
    in_knowledge(lambda k: k.access().close_account(person, who=who(name)))
    say("web.cli.closed", name=person)
