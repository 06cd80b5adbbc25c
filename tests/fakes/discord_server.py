"""A wire-level Discord: REST and gateway as a bot sees them, with every way to fail.

Sessions that resume, intents, nonces, interaction deadlines, ephemeral answers, limits with the
real error bodies, rate limits by bucket. Faults are injected per route. Everything the bot asked
for is in ``calls``; what people see is in ``messages``.
People act through ``discord_world.DiscordWorld``; ``python -m tests.fakes.discord_world`` serves
a fake by itself.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import random
import time
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiohttp import web

from tests.fakes.discord_gateway import Gateway
from tests.fakes.discord_payloads import Payloads
from tests.fakes.discord_values import (
    SENDS,
    Call,
    Fault,
    Guild,
    Ids,
    Json,
    Person,
    Place,
    RefusedError,
    Sent,
    Tap,
    Upload,
)
from tests.fakes.multipart import SentFile, parts

TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAw.Gtest.discord-test-token"
Answer = Json | list[Json] | None


@dataclass
class Ask:
    """A request, read."""

    route: str
    at: dict[str, int | str]  # the parts of the path
    query: dict[str, str]
    body: Any
    files: list[Upload]
    raw: str = ""  # the JSON as it came

    def number(self, name: str) -> int:
        """An id in the path. Raises RefusedError when it is none."""
        value = str(self.at[name])
        if not value.isdigit():
            raise RefusedError(400, 50035, "Invalid Form Body")
        return int(value)


Handler = Callable[["FakeDiscord", Ask], Awaitable[Answer]]


@dataclass
class FakeDiscord(Payloads):
    """The server's state. Set switches, let people act, read ``calls`` and ``messages``."""

    token: str = TOKEN
    application_id: int = 100_000_000_000_000_000
    username: str = "Salus"
    privileged: int = 0  # privileged intents switched on for the app, e.g. MESSAGE_CONTENT
    shards: int = 1  # what /gateway/bot advises
    clock: Callable[[], float] = time.time
    heartbeat_ms: int = 41_250
    deadline_s: float = 3.0  # to answer an interaction
    token_s: float = 900.0  # that its token lives
    nonce_s: float = 300.0  # that a nonce is remembered
    rate: tuple[int, float] = (1000, 1.0)  # requests, seconds, of one bucket
    message_rate: tuple[int, float] = (1000, 1.0)  # (5, 5.0) is what is reported of the real one
    flood_share: float = 0.0  # this share of sends is answered 429 ...
    flood_seconds: tuple[float, float] = (1, 60)  # ... with a retry_after from here
    watch: Callable[[Call], None] = lambda _: None  # sees every call as it comes
    identifies_a_day: int = 1000  # more of them and the token is reset
    ban_at: int = 10_000  # refused requests in ten minutes that get the address shut out
    seed: int = 7
    port: int = 0

    calls: list[Call] = field(default_factory=list)
    people: dict[int, Person] = field(default_factory=dict)
    guilds: dict[int, Guild] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    messages: dict[int, Sent] = field(default_factory=dict)
    taps: dict[int, Tap] = field(default_factory=dict)
    tokens: dict[str, Tap] = field(default_factory=dict)
    commands: dict[int, list[Json]] = field(default_factory=dict)
    creates_left: int = 200
    faults: list[Fault] = field(default_factory=list)
    closed_to_bot: set[int] = field(default_factory=set)  # people whose direct messages are shut
    files: dict[str, Upload] = field(default_factory=dict)
    typing: list[tuple[float, int]] = field(default_factory=list)  # when, where
    invalid_requests: list[tuple[float, int]] = field(default_factory=list)  # when, 401/403/429
    early: int = 0  # requests that came before their retry_after was over
    url: str = ""
    gateway_url: str = ""

    def __post_init__(self) -> None:
        """The bot, its gateway and its buckets."""
        self.ids = Ids(self.clock)
        self.me = Person(self.application_id, self.username, bot=True)
        self.people[self.me.id] = self.me
        self.gateway = Gateway(self)
        self.buckets: dict[tuple[str, str], tuple[int, float]] = {}  # used, window's end
        self.flooded_until: dict[tuple[str, str], float] = {}
        self.nonces: dict[tuple[int, str], int] = {}
        self.random = random.Random(self.seed)

    def fail(self, kind: Any, route: str = "send", times: int = 1, **more: Any) -> None:
        """Add a fault; see Fault."""
        self.faults.append(Fault(kind, route, times, **more))

    def called(self, route: str) -> list[Call]:
        """Calls of one route, in order."""
        return [call for call in self.calls if call.route == route]

    def sent(self, place: int | None = None) -> list[Sent]:
        """The bot's messages people see now, oldest first; ephemeral ones included."""
        found = [m for m in self.messages.values() if m.author is self.me and not m.deleted]
        return [m for m in found if place in (None, m.place.id)]

    # --- storing --------------------------------------------------------------

    async def keep(self, sent: Sent) -> Sent:
        """A new message: stored, and told to the bot if it may see it."""
        self.messages[sent.id] = sent
        sent.place.last = sent.id
        if not sent.ephemeral:
            await self.tell("MESSAGE_CREATE", sent)
        return sent

    async def tell(self, event: str, sent: Sent) -> None:
        """MESSAGE_CREATE or MESSAGE_UPDATE."""
        place = sent.place
        if not place.bot:
            return
        body = dict(sent.payload)
        guild = place.guild
        if guild is not None:
            body["guild_id"] = str(guild.id)
            if sent.author.id in guild.members:
                member = self.member_payload(guild, sent.author.id)
                body["member"] = {
                    k: v for k, v in member.items() if k not in {"user", "permissions"}
                }
        await self.gateway.dispatch(event, body, guild.id if guild else 0)

    # --- HTTP -----------------------------------------------------------------

    async def answer(
        self, route: str, handler: Handler, request: web.Request
    ) -> web.StreamResponse:
        """One call: faults first, then the rate limit, then the work."""
        try:
            ask = await _read(request, route)
        except ValueError:
            return self._refuse(RefusedError(400, 50109, "The request body contains invalid JSON."))
        call = Call(route, request.path, ask.body, self.clock())
        self.calls.append(call)
        self.watch(call)
        key = (route, str(ask.at.get("channel") or ask.at.get("token") or ""))
        fault = self._fault(ask)
        if self.banned:
            return self._refuse(FloodError(3600, Fault("flood", via=False)))
        try:
            self._authorised(request, route)
            if fault is not None and (broken := await self._broken(request, fault, call, key)):
                return broken
            headers = self._limit(key, route)
            if fault is not None and fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
            call.result = await handler(self, ask)
        except RefusedError as refused:
            call.status, call.code, call.error = refused.status, refused.code, refused.message
            return self._refuse(refused)
        return await self._done(request, call, fault, headers)

    async def _done(
        self, request: web.Request, call: Call, fault: Fault | None, headers: dict[str, str]
    ) -> web.StreamResponse:
        if fault is not None and fault.kind == "drop":
            return _cut(request)
        if fault is not None and fault.kind == "late":
            return self._refuse(RefusedError(fault.status, fault.code, "Late fault"))
        if fault is not None and fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        if call.result is None:
            return web.Response(status=204, headers=headers)
        return _json(call.result, 200, headers)

    def _authorised(self, request: web.Request, route: str) -> None:
        free = {"callback", "followup.create", "followup.get", "followup.edit", "followup.delete"}
        if route in free or route.startswith("original."):
            return  # the interaction's token is the key
        if request.headers.get("Authorization") != f"Bot {self.token}":
            raise RefusedError(401, 0, "401: Unauthorized")

    def _fault(self, ask: Ask) -> Fault | None:
        for fault in self.faults:
            here = fault.channel is None or str(fault.channel) == str(ask.at.get("channel"))
            named = fault.route in {ask.route, "*"} or (
                fault.route == "send" and ask.route in SENDS
            )
            if named and here and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    async def _broken(
        self, request: web.Request, fault: Fault, call: Call, key: tuple[str, str]
    ) -> web.StreamResponse | None:
        call.error = fault.kind
        if fault.kind == "hang":
            await asyncio.sleep(fault.seconds)
        if fault.kind in {"reset", "hang"}:
            return _cut(request)
        if fault.kind == "garbage":
            call.status = fault.status
            return web.Response(status=fault.status, text="<html>error</html>")
        if fault.kind == "flood":
            call.status = 429
            self.flooded_until[("", "") if fault.everywhere else key] = self.clock() + fault.seconds
            return self._refuse(FloodError(fault.seconds, fault))
        if fault.kind == "status":
            raise RefusedError(fault.status, fault.code, "Injected fault")
        call.error = ""
        return None

    @property
    def banned(self) -> bool:
        """So many answers 401, 403 and 429 that the proxy in front answers from now on."""
        since = self.clock() - 600
        recent = itertools.takewhile(lambda one: one[0] > since, reversed(self.invalid_requests))
        return sum(1 for _ in itertools.islice(recent, self.ban_at)) >= self.ban_at

    # --- rate limits ----------------------------------------------------------

    def _limit(self, key: tuple[str, str], route: str) -> dict[str, str]:
        """Count one request; the headers to answer with. Raises RefusedError (429)."""
        now = self.clock()
        if now < self.flooded_until.get(key, 0.0) or now < self.flooded_until.get(("", ""), 0.0):
            self.early += 1
            raise FloodError(max(self.flooded_until.get(key, 0.0), now + 0.01) - now)
        if self.flood_share and route in SENDS and self.random.random() < self.flood_share:
            wait = round(self.random.uniform(*self.flood_seconds), 3)
            self.flooded_until[key] = now + wait
            raise FloodError(wait)
        limit, window = self.message_rate if route.startswith("message.") else self.rate
        used, ends = self.buckets.get(key, (0, 0.0))
        if now >= ends:
            used, ends = 0, now + window
        if used >= limit:
            raise FloodError(ends - now)
        self.buckets[key] = (used + 1, ends)
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(limit - used - 1),
            "X-RateLimit-Reset": f"{ends:.3f}",
            "X-RateLimit-Reset-After": f"{max(ends - now, 0.001):.3f}",
            "X-RateLimit-Bucket": f"{zlib.crc32(route.encode()):032x}",
        }

    def _refuse(self, refused: RefusedError) -> web.Response:
        flood = refused if isinstance(refused, FloodError) else None
        if refused.status in {401, 403, 429} and not (flood and flood.how.shared):
            self.invalid_requests.append((self.clock(), refused.status))
        if flood is None:
            return _json(refused.body(), refused.status, {})
        everywhere, shared = flood.how.everywhere, flood.how.shared
        headers = {
            "Retry-After": str(math.ceil(flood.seconds)),
            "X-RateLimit-Scope": "global" if everywhere else "shared" if shared else "user",
        }
        if everywhere:
            headers["X-RateLimit-Global"] = "true"
        if not flood.how.via:
            return web.Response(status=429, text="error code: 1015", headers=headers)
        return _json(refused.body(), 429, headers | {"Via": "1.1 google"})


class FloodError(RefusedError):
    """A 429 with its wait, seconds; ``how`` says whose limit it is."""

    def __init__(self, seconds: float, how: Fault | None = None) -> None:
        super().__init__(429, 0, "You are being rate limited.")
        self.seconds, self.how = seconds, how or Fault("flood")

    def body(self) -> Json:
        """As discord.py reads it."""
        return {
            "message": self.message, "retry_after": round(self.seconds, 3),
            "global": self.how.everywhere,
        }  # fmt: skip


def _json(body: Any, status: int, headers: dict[str, str]) -> web.Response:
    """Exactly this content type: discord.py compares it whole."""
    data = json.dumps(body).encode()
    kind = {"Content-Type": "application/json"}
    return web.Response(body=data, status=status, headers=headers | kind)


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _read(request: web.Request, route: str) -> Ask:
    """Raises ValueError for a body that is not JSON."""
    raw, files = "", []
    if request.content_type.startswith("multipart/"):
        form = await parts(request)
        raw = str(form.get("payload_json") or "{}")
        body = json.loads(raw)
        told = (body.get("data") or body) if route == "callback" else body
        about = {str(a.get("id")): a for a in told.get("attachments") or []}
        for name, value in form.items():
            if isinstance(value, SentFile):
                known = about.get(name.removeprefix("files[").removesuffix("]"), {})
                note = str(known.get("description") or "")
                files.append(Upload(value.filename, value.content, note))
    else:
        raw = await request.text()
        body = json.loads(raw) if raw else {}
    return Ask(route, dict(request.match_info), dict(request.query), body, files, raw)


@asynccontextmanager
async def discord_server(**options: Any) -> AsyncGenerator[FakeDiscord, None]:
    """A running fake; ``url`` and ``gateway_url`` are what the settings would say."""
    from tests.fakes.discord_routes import ROUTES, download

    fake = FakeDiscord(**options)
    app = web.Application(client_max_size=150 * 2**20)
    for method, path, route, handler in ROUTES:
        app.router.add_route(method, f"/api/v10{path}", partial(fake.answer, route, handler))
    app.router.add_get("/gateway", fake.gateway.handle)
    app.router.add_get("/attachments/{id}/{name}", partial(download, fake))
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", fake.port).start()
    fake.port = runner.addresses[0][1]
    fake.url = f"http://127.0.0.1:{fake.port}/api/v10"
    fake.gateway_url = f"ws://127.0.0.1:{fake.port}/gateway"
    try:
        yield fake
    finally:
        fake.gateway.drop()
        await runner.cleanup()
