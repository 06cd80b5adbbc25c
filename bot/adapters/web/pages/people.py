"""Who may do what and who can sign in; and the trail of who did what, sign-ins included."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from bot.adapters.web.visit import Signed, Visit
from rag.access_model import Account
from rag.library import Knowledge
from rag.versions_model import RIGHTS, ROLES, LogEntry, Person, Role

router = APIRouter()
PER_PAGE = 100


@router.get("/people")
async def people(visit: Signed) -> Response:
    """Roles, accounts, invitations."""
    visit.need("people")
    return await _people(visit)


@router.post("/people/role")
async def set_role(visit: Signed) -> Response:
    """Give or take a role."""
    name, wanted = visit.field("name", 64), visit.field("role")
    role: Role | None = next((known for known in ROLES if known == wanted), None)
    await visit.change(lambda k: k.desk().set_person(name, role, who=visit.who))
    return visit.go("/people", done="role" if role else "role_gone")


@router.post("/people/invite")
async def invite(visit: Signed) -> Response:
    """A one-time link for somebody, shown once, on this answer alone."""
    name, wanted = visit.field("name", 64), visit.field("role")
    role: Role | None = next((known for known in ROLES if known == wanted), None)
    door = await visit.site.door()
    code = await visit.change(lambda _: door.invite(name, who=visit.who, role=role))
    return await _people(visit, invited=name, code=code)


@router.post("/people/sign-out")
async def sign_out(visit: Signed) -> Response:
    """End all sessions of somebody."""
    name = visit.field("name", 64)
    door = await visit.site.door()
    await visit.site.aside(lambda: door.sign_out_everywhere(name, who=visit.who))
    return visit.go("/people", done="signed_out_other")


@router.post("/people/close")
async def close(visit: Signed) -> Response:
    """Take somebody's way in, not their role."""
    name = visit.field("name", 64)
    door = await visit.site.door()
    await visit.site.aside(lambda: door.close_account(name, who=visit.who))
    return visit.go("/people", done="closed")


async def _people(visit: Visit, *, invited: str = "", code: str = "") -> Response:
    def work(knowledge: Knowledge) -> list[Person]:
        return knowledge.desk().people()

    found = await visit.look(work)
    accounts = {a.name: a for a in await visit.site.aside((await visit.site.door()).accounts)}
    names = sorted({p.name for p in found} | accounts.keys())
    roles = {p.name: p.role for p in found}
    lines: list[tuple[str, Role | None, Account | None]] = [
        (name, roles.get(name), accounts.get(name)) for name in names
    ]
    link = f"{visit.site.settings.url}/join?code={code}" if code else ""
    return visit.page(
        "people.html", lines=lines, roles=ROLES, rights=RIGHTS, any_role=bool(found),
        invited=invited, code=code, link=link,
    )  # fmt: skip


@router.get("/audit")
async def audit(visit: Signed, page: int = 1) -> Response:
    """Everything that was done, newest first."""
    page = max(1, min(page, 1_000_000))

    def work(knowledge: Knowledge) -> list[LogEntry]:
        return knowledge.desk().audit(PER_PAGE + 1, who=visit.who, start=(page - 1) * PER_PAGE)

    entries = await visit.look(work)
    return visit.page(
        "audit.html", log=entries[:PER_PAGE], number=page, more=len(entries) > PER_PAGE
    )
