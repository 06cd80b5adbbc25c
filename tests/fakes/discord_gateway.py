"""The gateway of the fake Discord: sessions that outlive their sockets, and ways to lose them.

A session remembers what it sent, so RESUME replays what a dropped connection missed; a new
IDENTIFY starts empty-handed, as after a crash of the bot.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tests.fakes.discord_values import (
    DIRECT_MESSAGES,
    DIRECT_REACTIONS,
    GUILD_MESSAGES,
    GUILD_REACTIONS,
    GUILDS,
    MEMBERS,
    PRIVILEGED,
    Json,
)

if TYPE_CHECKING:
    from tests.fakes.discord_server import FakeDiscord

SENDS_A_MINUTE = 120
# The intent an event needs: in a guild, and outside of one. 0: always sent.
_NEEDS = {
    "MESSAGE_CREATE": (GUILD_MESSAGES, DIRECT_MESSAGES),
    "MESSAGE_UPDATE": (GUILD_MESSAGES, DIRECT_MESSAGES),
    "MESSAGE_DELETE": (GUILD_MESSAGES, DIRECT_MESSAGES),
    "MESSAGE_REACTION_ADD": (GUILD_REACTIONS, DIRECT_REACTIONS),
    "MESSAGE_REACTION_REMOVE": (GUILD_REACTIONS, DIRECT_REACTIONS),
    "GUILD_CREATE": (GUILDS, 0),
    "GUILD_DELETE": (GUILDS, 0),
    "CHANNEL_CREATE": (GUILDS, 0),
    "THREAD_CREATE": (GUILDS, 0),
    "THREAD_UPDATE": (GUILDS, 0),
    "GUILD_MEMBER_ADD": (MEMBERS, 0),
}


@dataclass
class Session:
    """What Discord remembers of a connection: its events, and its socket while there is one."""

    id: str
    shard: int
    shards: int
    intents: int
    socket: web.WebSocketResponse | None = None
    transport: asyncio.Transport | None = None
    events: list[Json] = field(default_factory=list)
    seq: int = 0
    dead: bool = False
    gone_at: float = 0.0

    @property
    def connected(self) -> bool:
        """Somebody is listening."""
        return self.socket is not None and not self.socket.closed


@dataclass
class Gateway:
    """Every session. Counts what the bot did; switches say how the next things go."""

    fake: FakeDiscord
    sessions: dict[str, Session] = field(default_factory=dict)
    identifies: list[tuple[float, int]] = field(default_factory=list)  # when, shard
    resumes: list[tuple[float, str, bool]] = field(default_factory=list)  # when, session, granted
    beats: int = 0
    closes: list[int] = field(default_factory=list)  # codes we closed with
    refuse_resume: bool = False
    silent: bool = False  # heartbeats are not acknowledged
    refuse_connect: int = 0  # this many upgrades are answered 503
    resume_s: float = 300.0  # a lost session can be resumed for so long
    identify_gap_s: float = 0.0  # IDENTIFY sooner than this after another is refused

    # --- what a test does -----------------------------------------------------

    @property
    def live(self) -> list[Session]:
        """Sessions with a socket."""
        return [s for s in self.sessions.values() if s.connected]

    def drop(self, shard: int | None = None) -> None:
        """Cut the sockets without a word; the sessions stay."""
        for session in self._of(shard):
            session.socket, session.gone_at = None, self.fake.clock()
            if session.transport is not None:
                session.transport.abort()

    async def close(self, code: int, shard: int | None = None) -> None:
        """Close the sockets with a code; 1000 and 1001 end the session too."""
        for session in self._of(shard):
            session.dead = session.dead or code in {1000, 1001, 4007, 4009}
            assert session.socket is not None
            await self._shut(session.socket, code)

    async def reconnect(self, shard: int | None = None) -> None:
        """Op 7: asks the bot to connect again and resume."""
        for session in self._of(shard):
            await self._write(session, {"op": 7, "d": None})

    async def invalidate(self, *, resumable: bool = False, shard: int | None = None) -> None:
        """Op 9: the session is over, or to be resumed."""
        for session in self._of(shard):
            session.dead = session.dead or not resumable
            await self._write(session, {"op": 9, "d": resumable})

    async def dispatch(self, event: str, data: Json, guild: int = 0) -> None:
        """Send an event to every session of its shard that asked for its kind."""
        inside, outside = _NEEDS.get(event, (0, 0))
        need = inside if guild else outside
        now = self.fake.clock()
        for session in list(self.sessions.values()):
            if session.dead or (not session.connected and now - session.gone_at > self.resume_s):
                self.sessions.pop(session.id, None)  # another event may have been first
                continue
            shard = (guild >> 22) % session.shards if guild else 0
            if shard == session.shard and (not need or session.intents & need):
                await self._event(session, event, self._stripped(session, event, data))

    # --- the connection -------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One socket, from HELLO to its end."""
        if self.refuse_connect > 0:  # no new sockets for a while
            self.refuse_connect -= 1
            return web.Response(status=503)
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        session: Session | None = None
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": self.fake.heartbeat_ms}})
        sends: list[float] = []
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    continue
                now = self.fake.clock()
                sends = [*[at for at in sends if at > now - 60], now]
                if len(sends) > SENDS_A_MINUTE:
                    await self._shut(socket, 4008)
                    break
                found = await self._message(socket, session, json.loads(message.data))
                if found is not None and found is not session:
                    found.transport = request.transport
                session = found
        finally:
            if session is not None and session.socket is socket:
                session.socket, session.gone_at = None, self.fake.clock()
                # A bot that closes with 1000 or 1001 says that it will not come back.
                session.dead = session.dead or socket.close_code in {1000, 1001}
        return socket

    async def _message(
        self, socket: web.WebSocketResponse, session: Session | None, said: Json
    ) -> Session | None:
        op, data = said.get("op"), said.get("d")
        if op == 1:
            self.beats += 1
            if not self.silent:
                await socket.send_json({"op": 11})
        elif op == 2 and session is None:
            return await self._identify(socket, data or {})
        elif op == 6 and session is None:
            return await self._resume(socket, data or {})
        elif op in {2, 6}:
            await self._shut(socket, 4005)
        elif session is None:
            await self._shut(socket, 4003)
        elif op == 8:
            await self._members(session, data or {})
        elif op not in {3, 4}:
            await self._shut(socket, 4001)
        return session

    async def _identify(self, socket: web.WebSocketResponse, data: Json) -> Session | None:
        fake = self.fake
        shard, shards = data.get("shard") or (0, 1)
        now = fake.clock()
        hurried = any(now - at < self.identify_gap_s for at, _ in self.identifies[-1:])
        self.identifies.append((now, shard))
        intents: Any = data.get("intents")
        code = 0
        if data.get("token") != fake.token or len(self.identifies) > fake.identifies_a_day:
            code = 4004
        elif not 0 <= shard < shards:
            code = 4010
        elif not isinstance(intents, int) or intents >= 1 << 26:
            code = 4013
        elif intents & PRIVILEGED & ~fake.privileged:
            code = 4014
        if code:
            await self._shut(socket, code)
            return None
        if hurried:
            await socket.send_json({"op": 9, "d": False})
            return None
        session = Session(secrets.token_hex(16), shard, shards, intents, socket)
        self.sessions[session.id] = session
        await self._ready(session)
        return session

    async def _ready(self, session: Session) -> None:
        fake = self.fake
        guilds = [
            g
            for g in fake.guilds.values()
            if g.bot and (g.id >> 22) % session.shards == session.shard
        ]
        ready: Json = {
            "v": 10,
            "user": fake.me.payload(),
            "guilds": [{"id": str(g.id), "unavailable": True} for g in guilds],
            "session_id": session.id,
            "resume_gateway_url": fake.gateway_url,
            "shard": [session.shard, session.shards],
            "application": {"id": str(fake.application_id), "flags": 0},
            "private_channels": [],
        }
        await self._event(session, "READY", ready)
        for guild in guilds:
            if session.intents & GUILDS:
                await self._event(session, "GUILD_CREATE", fake.guild_payload(guild))

    async def _resume(self, socket: web.WebSocketResponse, data: Json) -> Session | None:
        now = self.fake.clock()
        session = self.sessions.get(str(data.get("session_id")))
        if data.get("token") != self.fake.token:
            await self._shut(socket, 4004)
            return None
        fresh = session is not None and not session.dead and not self.refuse_resume
        if fresh and session is not None and not session.connected:
            fresh = now - session.gone_at <= self.resume_s
        self.resumes.append((now, str(data.get("session_id")), fresh))
        if session is None or not fresh:
            await socket.send_json({"op": 9, "d": False})
            return None
        seen = int(data.get("seq") or 0)
        if seen > session.seq:
            await self._shut(socket, 4007)
            return None
        session.socket = socket
        for event in [e for e in session.events if e["s"] > seen]:
            await self._write(session, event)
        await self._event(session, "RESUMED", {"_trace": []})
        return session

    async def _members(self, session: Session, data: Json) -> None:
        guild = self.fake.guilds.get(int(data.get("guild_id") or 0))
        if guild is None:
            return
        wanted = {int(u) for u in data.get("user_ids") or []} or set(guild.members)
        body: Json = {
            "guild_id": str(guild.id),
            "members": [self.fake.member_payload(guild, u) for u in guild.members if u in wanted],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [],
        }
        if data.get("nonce"):
            body["nonce"] = data["nonce"]
        await self._event(session, "GUILD_MEMBERS_CHUNK", body)

    # --- sending --------------------------------------------------------------

    def _stripped(self, session: Session, event: str, data: Json) -> Json:
        if event in {"MESSAGE_CREATE", "MESSAGE_UPDATE"}:
            return self.fake.seen_by_bot(data, session.intents)
        return data

    async def _event(self, session: Session, event: str, data: Json) -> None:
        session.seq += 1
        frame = {"op": 0, "s": session.seq, "t": event, "d": data}
        session.events.append(json.loads(json.dumps(frame)))  # as it was, whatever changes later
        await self._write(session, frame)

    @staticmethod
    async def _write(session: Session, frame: Json) -> None:
        if session.connected:
            assert session.socket is not None
            with suppress(ConnectionError):  # the bot has just gone
                await session.socket.send_json(frame)

    async def _shut(self, socket: web.WebSocketResponse, code: int) -> None:
        self.closes.append(code)
        with suppress(ConnectionError):
            await socket.close(code=code, message=b"", drain=False)

    def _of(self, shard: int | None) -> list[Session]:
        return [s for s in self.live if shard in (None, s.shard)]
