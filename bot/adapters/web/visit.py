"""One request: who is signed in, in which language, what the form says, and the answer.

``Anyone`` and ``Signed`` are what every route takes as its first parameter. Both check the
CSRF token of whatever is not a GET, so a route cannot forget to.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import FormData, UploadFile
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.adapters.web.cached import Cached
from bot.adapters.web.config import WebSettings
from bot.adapters.web.jobs import Job, Jobs
from bot.adapters.web.sections import may, seen_by
from bot.errors import SalusError
from bot.i18n import LANGS, t, texts
from bot.model import Lang
from bot.ports import Reports
from rag.access_model import Session
from rag.types import KnowledgeError
from rag.versions_model import Diff, RefusedError, Right

if TYPE_CHECKING:
    from bot.tuning.workshop import Workshop
    from rag.access import Access
    from rag.library import Knowledge

T = TypeVar("T")
HERE = Path(__file__).parent
STATIC = HERE / "static"
LANG_COOKIE = "salus_lang"
MOST_FILES, MOST_FIELDS = 50, 60


class SignInNeededError(Exception):
    """Nobody is signed in; the edge leads to the sign-in page and back."""


class WrongTokenError(Exception):
    """A form without its page's CSRF token."""


class BusyError(Exception):
    """A job (its message is the job's id) holds the build lock: nothing else can change now."""


class GoneError(Exception):
    """There is nothing (any more) under this address."""


@dataclass(slots=True)
class Site:
    """What all pages of one served site share. ``access`` is made with the first request."""

    settings: WebSettings
    knowledge: Callable[[], Awaitable[Knowledge]]
    reports: Reports
    jobs: Jobs
    gaps: Cached
    votes: Cached
    make_access: Callable[[Knowledge], Access]
    workshop: Callable[[], Awaitable[Workshop]]
    pool: Executor  # threads of the page's own: it never takes those that answer people
    lessons: Cached = field(default_factory=Cached)
    decided: set[str] = field(default_factory=set)  # lessons, since the queue was gathered
    checked: Diff | None = None  # of the draft that was checked last
    access: Access | None = None

    @property
    def cookie(self) -> str:
        """Name of the session cookie; the prefix makes browsers insist on TLS and this host."""
        return "__Host-salus" if self.settings.secure else "salus_admin"

    async def aside(self, work: Callable[..., T], *given: object) -> T:
        """Run blocking work off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, work, *given)

    async def door(self) -> Access:
        """Signing in."""
        if self.access is None:
            self.access = await self.aside(self.make_access, await self.knowledge())
        return self.access

    async def drain(self) -> None:
        """Wait for what is at work, and give the threads back."""
        try:
            await asyncio.gather(
                self.jobs.drain(), self.gaps.drain(), self.votes.drain(), self.lessons.drain()
            )
        finally:
            self.pool.shutdown(wait=False, cancel_futures=True)


class Visit:
    """One request and what its answer needs."""

    def __init__(self, request: Request, site: Site, token: str, session: Session | None) -> None:
        """Made by the dependencies below."""
        self.request = request
        self.site = site
        self.token = token
        self.session = session
        self.lang: Lang = _lang(request, site.settings)
        self.form = FormData()

    @property
    def who(self) -> str:
        """The name of who is signed in, as roles and log know it."""
        return self.session.name if self.session else ""

    def may(self, right: Right) -> bool:
        """Whether the page offers what needs this right; the desk decides by itself again."""
        return self.session is not None and may(self.session.role, right)

    def need(self, right: Right) -> None:
        """RefusedError without the right: for pages that no method of the desk guards."""
        if not self.may(right):
            role = (self.session.role if self.session else None) or ""
            raise RefusedError("web.refused.right", who=self.who, role=role)

    async def knowledge(self) -> Knowledge:
        """The open knowledge base."""
        return await self.site.knowledge()

    async def look(self, work: Callable[[Knowledge], T]) -> T:
        """Run blocking work on the knowledge base off the event loop."""
        return await self.site.aside(work, await self.site.knowledge())

    async def change(self, work: Callable[[Knowledge], T]) -> T:
        """As ``look``, for what writes; BusyError rather than wait for a job to end."""
        running = self.site.jobs.running
        if running is not None:
            raise BusyError(running.id)
        return await self.look(work)

    def field(self, name: str, longest: int = 500) -> str:
        """A text field of the form, trimmed and cut; empty when it is missing."""
        value = self.form.get(name, "")
        return value.strip()[:longest] if isinstance(value, str) else ""

    def secret(self, name: str) -> str:
        """A password field, as it was typed."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def files(self, name: str) -> list[UploadFile]:
        """The files that were chosen; an empty chooser is none."""
        found = [f for f in self.form.getlist(name) if isinstance(f, UploadFile)]
        return [f for f in found if f.filename]

    def start(self, job: Job, work: Callable[[Callable[[int, int], None]], object]) -> Response:
        """Begin a job and go to its page; another one that is at work is shown instead."""
        begun = self.site.jobs.start(job, work)
        busy = "" if begun is job else "?busy=1"
        return self.go(f"/jobs/{begun.id}{busy}")

    def go(self, path: str, **query: str) -> Response:
        """See another page, by GET; one of our own only."""
        answer = RedirectResponse(f"{path}?{urlencode(query)}" if query else path, 303)
        return self._kept(answer)

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """A rendered page."""
        text = ENVIRONMENT.get_template(template).render(
            visit=self, lang=self.lang, t=self.say, csrf=csrf(self.token), when=_when,
            session=self.session, menu=seen_by(self.session.role) if self.session else (),
            path=self.request.url.path, here=_own(self.request), jobs=self.site.jobs,
            done=_told(self.request.query_params.get("done", ""), self.lang), **values,
        )  # fmt: skip
        return self._kept(HTMLResponse(text, status))

    def say(self, key: str, /, **values: object) -> str:
        """A sentence in the visitor's language."""
        return t(key, self.lang, **values)

    def told(self, error: KnowledgeError | SalusError) -> str:
        """The sentence of an error, in the words of a page where there are some."""
        return self.sentence(error.key, getattr(error, "details", {}))

    def sentence(self, key: str, details: dict[str, str]) -> str:
        """As ``told``, for an error that is only known by key and details."""
        own = f"web.{key}"
        return t(own if own in texts(self.lang) else key, self.lang, **details)

    def signed_in(self, token: str) -> None:
        """From this answer on the browser carries a new token: never one from before."""
        self.token = token

    def _kept(self, answer: Response) -> Response:
        """The answer with the session cookie where it is new."""
        if self.request.cookies.get(self.site.cookie) != self.token:
            answer.set_cookie(
                self.site.cookie, self.token, httponly=True, samesite="lax", path="/",
                secure=self.site.settings.secure,
            )  # fmt: skip
        return answer


# --- the dependencies ----------------------------------------------------------


async def visitor(request: Request) -> AsyncIterator[Visit]:
    """Whoever asks; the token of a form is checked. What was uploaded is closed at the end."""
    site: Site = request.app.state.site
    token = request.cookies.get(site.cookie, "")
    door = await site.door()
    session = await site.aside(door.session, token)
    visit = Visit(request, site, token or secrets.token_urlsafe(32), session)
    if request.method in {"GET", "HEAD"}:
        yield visit
        return
    async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS) as form:
        visit.form = form
        sent = form.get("csrf", "")
        if not (isinstance(sent, str) and hmac.compare_digest(sent.encode(), csrf(token).encode())):
            raise WrongTokenError
        yield visit


Anyone = Annotated[Visit, Depends(visitor)]


async def signed(visit: Anyone) -> Visit:
    """Somebody who is signed in; the others are led to the sign-in page."""
    if visit.session is None:
        raise SignInNeededError
    return visit


Signed = Annotated[Visit, Depends(signed)]


def csrf(token: str) -> str:
    """The form token that goes with a session token, and says nothing about it."""
    key = token.encode("utf-8", "surrogatepass")
    made = hmac.new(key, b"salus admin form", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def own_path(text: str) -> str:
    """A path of this site to go back to; "/" for anything that could lead elsewhere."""
    parts = urlsplit(text.replace("\\", "/"))
    good = text.startswith("/") and not text.startswith("//") and text.isprintable()
    return text if good and not parts.scheme and not parts.netloc else "/"


def _own(request: Request) -> str:
    """The path of this request with its query, for coming back to."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def _lang(request: Request, settings: WebSettings) -> Lang:
    """Chosen, else asked for by the browser, else the operator's, else English."""
    chosen = request.cookies.get(LANG_COOKIE, "")
    wanted = [w.strip()[:2].lower() for w in request.headers.get("accept-language", "").split(",")]
    for name in (chosen, *wanted[:10]):
        for lang in LANGS:
            if name == lang:
                return lang
    return settings.lang or "en"


def _told(key: str, lang: Lang) -> str:
    """What was just done, by a key of ours; nothing for any other word in the address."""
    name = f"web.done.{key}"
    return texts(lang).get(name, "") if key else ""


# --- templates -------------------------------------------------------------------


def _when(at: datetime) -> str:
    """A time for people, in UTC."""
    return at.strftime("%Y-%m-%d %H:%M")


def _link(url: str) -> str:
    """An address that may stand in a link; empty for any other scheme than http(s)."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in {"http", "https"} and parts.netloc else ""


def _figure(value: float) -> str:
    return f"{value:.3f}"


def _mark(name: str) -> str:
    """The address of a static file with a mark of its content, so that it can be kept."""
    data = (STATIC / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(data).hexdigest()[:12]}"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {"link": _link, "figure": _figure, "path": lambda s: quote(str(s), safe="")}
    made.globals |= {"known_texts": texts, "dict": dict}
    made.globals |= {"css": _mark("salus.css"), "js": _mark("salus.js")}
    return made


ENVIRONMENT = _environment()
