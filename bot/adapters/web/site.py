"""The application of the admin page: routes, errors, shared parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from bot.adapters.web.cached import Cached
from bot.adapters.web.config import WebSettings
from bot.adapters.web.guard import Guard
from bot.adapters.web.jobs import Jobs
from bot.adapters.web.pages import (
    account,
    adding,
    documents,
    draft,
    lessons,
    overview,
    people,
    reports,
    searching,
    versions,
)
from bot.adapters.web.visit import (
    STATIC,
    BusyError,
    GoneError,
    SignInNeededError,
    Site,
    Visit,
    WrongTokenError,
    own_path,
)
from bot.errors import SalusError
from bot.ports import Reports
from rag.types import KnowledgeError
from rag.versions_model import RefusedError, UnknownError

if TYPE_CHECKING:
    from bot.tuning.workshop import Workshop
    from rag.access import Access
    from rag.library import Knowledge

PAGES = (overview, documents, adding, draft, versions, searching, reports, lessons, people, account)
THREADS = 4
_KEPT = "public, max-age=31536000, immutable"  # a static file's address changes with its content


class _Static(StaticFiles):
    """Our own files; their addresses carry a mark of their content."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """The file, to be kept by the browser."""
        answer: Response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        answer.headers["Cache-Control"] = _KEPT
        return answer


def make_site(
    settings: Callable[[], WebSettings],
    knowledge: Callable[[], Awaitable[Knowledge]],
    reports_of: Reports,
    workshop: Callable[[], Awaitable[Workshop]],
    make_access: Callable[[Knowledge], Access] | None = None,
) -> tuple[ASGIApp, Site]:
    """The guarded application and what its pages share."""
    site = Site(
        settings=settings(), knowledge=knowledge, reports=reports_of, jobs=Jobs(), gaps=Cached(),
        votes=Cached(), pool=ThreadPoolExecutor(THREADS, "admin-page"),
        workshop=workshop,
        make_access=make_access or (lambda opened: opened.access()),
    )  # fmt: skip
    app = FastAPI(title="Salus", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.site = site
    for page in PAGES:
        app.include_router(page.router)
    app.mount("/static", _Static(directory=STATIC))
    _add_errors(app)
    return Guard(app, settings), site


def _add_errors(app: FastAPI) -> None:
    """What is raised on purpose becomes a page with its sentence and a fitting status."""
    app.add_exception_handler(SignInNeededError, _to_sign_in)
    app.add_exception_handler(BusyError, _to_job)
    for kind, status in (
        (WrongTokenError, 403), (GoneError, 404), (RefusedError, 403), (UnknownError, 404),
        (KnowledgeError, 503), (SalusError, 503), (HTTPException, 0), (RequestValidationError, 400),
        (Exception, 500),
    ):  # fmt: skip
        app.add_exception_handler(kind, _teller(status))


async def _to_job(_: Request, error: Exception) -> Response:
    return RedirectResponse(f"/jobs/{error}?busy=1", 303)


async def _to_sign_in(request: Request, _: Exception) -> Response:
    if request.method != "GET":
        return RedirectResponse("/sign-in", 303)
    from urllib.parse import urlencode

    query = f"?{request.url.query}" if request.url.query else ""
    back = own_path(f"{request.url.path}{query}")
    return RedirectResponse(
        f"/sign-in?{urlencode({'next': back})}" if back != "/" else "/sign-in", 303
    )


def _teller(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def tell(request: Request, error: Exception) -> Response:
        found = error.status_code if isinstance(error, HTTPException) else status
        try:
            visit = await _plain_visit(request)
        except KnowledgeError as fault:
            return PlainTextResponse(
                f"The knowledge base cannot be opened: {type(fault).__name__}", 503
            )
        if isinstance(error, KnowledgeError | SalusError):
            text = visit.told(error)
        else:
            known = {403: "web.error.token", 404: "web.error.gone", 405: "web.error.gone"}
            known |= {500: "error.unexpected"}
            text = visit.say(known.get(found, "web.error.input"))
        return visit.page("error.html", found, text=text)

    return tell


async def _plain_visit(request: Request) -> Visit:
    """Who asks, without looking at the form again."""
    site: Site = request.app.state.site
    token = request.cookies.get(site.cookie, "")
    door = await site.door()
    return Visit(request, site, token, await site.aside(door.session, token))
