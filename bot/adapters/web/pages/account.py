"""Signing in and out, choosing a password with a one-time code, one's own sessions, language."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from bot.adapters.web.visit import LANG_COOKIE, Anyone, Signed, Visit, own_path
from bot.i18n import LANGS
from rag.access_model import SHORTEST, AccessError

router = APIRouter()
_hashing = asyncio.Semaphore(2)  # a password costs 16 MB and a fifth of a second
_YEAR = 31_536_000


@router.get("/sign-in")
async def sign_in_page(visit: Anyone, next: str = "/") -> Response:  # noqa: A002  # its public name
    """The form; whoever is signed in goes on."""
    if visit.session is not None:
        return visit.go(own_path(next))
    return visit.page("sign_in.html", next=own_path(next), name="", fault="")


@router.post("/sign-in")
async def sign_in(visit: Anyone) -> Response:
    """Check name and password; a new token from here on."""
    name, back = visit.field("name", 64), own_path(visit.field("next"))
    door = await visit.site.door()
    try:
        async with _hashing:
            token = await visit.site.aside(door.sign_in, name, visit.secret("password"))
    except AccessError as error:
        return visit.page("sign_in.html", 403, next=back, name=name, fault=visit.told(error))
    if visit.session is not None:
        await visit.site.aside(door.sign_out, visit.token)
    visit.signed_in(token)
    return visit.go(back)


@router.post("/sign-out")
async def sign_out(visit: Signed) -> Response:
    """End this session; the browser forgets its token."""
    await visit.site.aside((await visit.site.door()).sign_out, visit.token)
    answer = RedirectResponse("/sign-in?done=signed_out", 303)
    answer.delete_cookie(visit.site.cookie, path="/", secure=visit.site.settings.secure)
    return answer


@router.get("/join")
async def join_page(visit: Anyone, code: str = "") -> Response:
    """The form for a one-time code; looking at it does not use the code up."""
    return await _join(visit, code.strip()[:200])


@router.post("/join")
async def join(visit: Anyone) -> Response:
    """Use the code up, keep the password, and go to the sign-in."""
    code, password = visit.field("code", 200), visit.secret("password")
    if password != visit.secret("again"):
        return await _join(visit, code, "web.join.differ")
    try:
        async with _hashing:
            await visit.site.aside((await visit.site.door()).redeem, code, password)
    except AccessError as error:
        return await _join(visit, code, error.key, error.details)
    return visit.go("/sign-in", done="joined")


async def _join(
    visit: Visit, code: str, key: str = "", details: dict[str, str] | None = None
) -> Response:
    name = ""
    if code:
        try:
            name = await visit.site.aside((await visit.site.door()).invited, code)
        except AccessError as error:
            key, details = key or error.key, details or error.details
    fault = visit.sentence(key, details or {}) if key else ""
    return visit.page(
        "join.html", 403 if fault else 200, code=code, name=name, fault=fault, shortest=SHORTEST
    )


@router.get("/account")
async def account(visit: Signed) -> Response:
    """One's own sessions and password."""
    return await _account(visit)


@router.post("/account/password")
async def change_password(visit: Signed) -> Response:
    """A new password; all sessions end, this one too."""
    if visit.secret("new") != visit.secret("again"):
        return await _account(visit, visit.say("web.join.differ"))
    door = await visit.site.door()
    try:
        async with _hashing:
            await visit.site.aside(
                door.change_password, visit.who, visit.secret("old"), visit.secret("new")
            )
    except AccessError as error:
        return await _account(visit, visit.told(error))
    return visit.go("/sign-in", done="password")


@router.post("/account/sign-out-everywhere")
async def everywhere(visit: Signed) -> Response:
    """End all of one's own sessions."""
    door = await visit.site.door()
    await visit.site.aside(lambda: door.sign_out_everywhere(visit.who, who=visit.who))
    return visit.go("/sign-in", done="signed_out")


async def _account(visit: Visit, fault: str = "") -> Response:
    door = await visit.site.door()
    sessions = await visit.site.aside(door.sessions, visit.who)
    return visit.page(
        "account.html", 403 if fault else 200, sessions=sessions, fault=fault, shortest=SHORTEST
    )


@router.get("/language/{lang}")
async def language(visit: Anyone, lang: str, back: str = "/") -> Response:
    """Remember the language for this browser."""
    answer = visit.go(own_path(back))
    if lang in LANGS:
        answer.set_cookie(
            LANG_COOKIE, lang, max_age=_YEAR, httponly=True, samesite="lax",
            secure=visit.site.settings.secure,
        )  # fmt: skip
    return answer
