"""A wire-level Telegram Bot API server: what a bot can see of Telegram, with every way to fail.

Long polling with offsets and remembered ``allowed_updates``, webhooks, limits, the real error
bodies, flood control per chat, markup refused as Telegram refuses it, dates in seconds. Faults
are injected per method. Everything a bot does is in ``calls``; what people see is in ``messages``.
"""

from __future__ import annotations

import asyncio
import html
import json
import math
import random
import re
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import ClientError, ClientSession, web

from tests.fakes.multipart import SentFile, parts
from tests.fakes.telegram_markup import MarkupError, parse_html, units

Json = dict[str, Any]
TOKEN = "123456:TEST-token"
BOT_ID = 123456
_DAY = 86_400
_NOT_BY_DEFAULT = {"message_reaction", "message_reaction_count", "chat_member"}
_RICH_TAGS = {
    "a", "b", "i", "u", "s", "code", "pre", "p", "br", "hr", "ul", "ol", "li", "h1", "h2", "h3",
    "details", "summary", "blockquote", "footer", "table", "tr", "td", "th",
}  # fmt: skip
_FILES = {"document", "photo"}
_STRUCTURED = {
    "reply_markup", "reply_parameters", "allowed_updates", "commands", "scope", "entities",
    "reaction", "link_preview_options", "rich_message",
}  # fmt: skip


class RefusedError(Exception):
    """An error body: HTTP status, description and parameters."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


def bad(description: str, **parameters: Any) -> RefusedError:
    """A 400 as Telegram words it."""
    return RefusedError(400, f"Bad Request: {description}", **parameters)


@dataclass
class Fault:
    """What goes wrong with the next ``times`` calls of ``method`` (to ``chat``, when given).

    drop: the call is carried out and its answer never sent. reset: the connection is cut before
    anything is done. delay: answered after ``seconds``. status: that HTTP status, nothing done.
    garbage: that HTTP status with a body that is not JSON, nothing done.
    """

    kind: Literal["drop", "reset", "delay", "status", "garbage"]
    method: str = "sendMessage"
    times: int = 1
    chat: int | None = None
    seconds: float = 0.0
    status: int = 502


@dataclass
class Call:
    """One call as it came, and what became of it. ``at`` is the server's clock, seconds."""

    method: str
    params: Json
    at: float
    status: int = 200
    error: str = ""
    result: Any = None


_ADMIN_RIGHTS = (
    "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages",
    "can_manage_video_chats", "can_restrict_members", "can_promote_members", "can_change_info",
    "can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories",
)  # fmt: skip


@dataclass
class FakeTelegram:
    """The server's state. Set switches, inject updates, read ``calls`` and ``messages``."""

    token: str = TOKEN
    username: str = "SalusTestBot"
    read_all_groups: bool = False
    drafts: bool = True  # sendMessageDraft exists
    rich: bool = False  # sendRichMessage and sendRichMessageDraft exist
    clock: Callable[[], float] = time.time
    flood_share: float = 0.0  # this share of sends is answered 429 ...
    flood_seconds: tuple[int, int] = (1, 60)  # ... with a retry_after from here
    enforce_rate: bool = False  # more than one send a second to one chat is answered 429
    seed: int = 7
    port: int = 0

    calls: list[Call] = field(default_factory=list)
    messages: dict[tuple[int, int], Json] = field(default_factory=dict)
    chats: dict[int, Json] = field(default_factory=dict)
    updates: list[Json] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    blocked: set[int] = field(default_factory=set)
    admins: set[tuple[int, int]] = field(default_factory=set)  # (group, user)
    names: dict[int, str] = field(default_factory=dict)
    migrated: dict[int, int] = field(default_factory=dict)
    topics: set[tuple[int, int]] = field(default_factory=set)
    flooded_until: dict[int, float] = field(default_factory=dict)
    polls: int = 0  # getUpdates calls, which are not in ``calls``
    first_polls: int = 0  # of them those that say no offset, as a process does that has begun
    watch: Callable[[Call], None] = lambda _: None  # sees every call as it comes
    early: int = 0  # sends that came before their retry_after was over
    menus: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    documents: list[tuple[int, str, bytes]] = field(default_factory=list)
    photos: list[tuple[int, bytes]] = field(default_factory=list)
    photo_rights: bool = True  # False: sendPhoto is refused as in a chat that allows no media
    allowed_updates: list[str] | None = None
    webhook: Json = field(default_factory=dict)
    url: str = ""

    def __post_init__(self) -> None:
        """Ids start where a real bot's would: somewhere."""
        self._next_update = 700_000_000
        self._next_message = 100
        self._next_callback = 1
        self._answered: set[str] = set()
        self._callbacks: dict[str, float] = {}
        self._queued: dict[int, float] = {}
        self._changed = asyncio.Condition()
        self._poller: asyncio.Event | None = None
        self._random = random.Random(self.seed)

    # --- what a test does: people and their messages -------------------------

    def person(self, user: int, *, name: str = "", lang: str = "en") -> Json:
        """A user as updates carry it."""
        name = name or self.names.get(user, "Ada")
        return {"id": user, "is_bot": False, "first_name": name, "language_code": lang}

    def chat(self, chat: int, *, title: str = "", forum: bool = False) -> Json:
        """A chat, made at first sight: positive ids are private chats, negative ones groups."""
        if chat not in self.chats:
            if chat > 0:
                self.chats[chat] = {"id": chat, "type": "private", "first_name": "Ada"}
            else:
                kind = "supergroup" if chat < -1_000_000_000_000 else "group"
                self.chats[chat] = {"id": chat, "type": kind, "title": title or "Walkers"}
                if forum:
                    self.chats[chat]["is_forum"] = True
        return self.chats[chat]

    async def say(
        self,
        text: str,
        *,
        user: int = 1001,
        chat: int | None = None,
        lang: str = "en",
        reply_to: tuple[int, int] | None = None,
        thread: int | None = None,
        age_s: float = 0.0,
        **extra: Any,
    ) -> Json:
        """A person writes; commands and mentions get the entities Telegram would add."""
        place = self.chat(chat if chat is not None else user, forum=thread is not None)
        message: Json = {
            "message_id": self._message_id(),
            "from": self.person(user, lang=lang),
            "chat": place,
            "date": int(self.clock() - age_s),
        }
        if text:
            message |= {"text": text} | ({"entities": e} if (e := _entities(text)) else {})
        if reply_to is not None:
            message["reply_to_message"] = self.messages[reply_to]
        if thread is not None:
            self.topics.add((place["id"], thread))
            message |= {"message_thread_id": thread, "is_topic_message": True}
        message |= extra
        self.messages[place["id"], message["message_id"]] = message
        await self.inject({"message": message})
        return message

    async def edit(self, message: Json, text: str) -> Json:
        """A person edits a message of theirs."""
        changed = message | {"text": text, "edit_date": int(self.clock()) + 1}
        changed.pop("entities", None)
        self.messages[message["chat"]["id"], message["message_id"]] = changed
        await self.inject({"edited_message": changed})
        return changed

    async def press(self, message: Json, data: str, *, user: int = 1001, lang: str = "en") -> str:
        """A person presses an inline button; the id of the callback query."""
        id_ = str(90_000_000 + self._next_callback)
        self._next_callback += 1
        self._callbacks[id_] = self.clock()
        query = {
            "id": id_,
            "from": self.person(user, lang=lang),
            "message": message,
            "chat_instance": "1",
            "data": data,
        }
        await self.inject({"callback_query": query})
        return id_

    async def react(self, message: Json, emoji: str, *, user: int = 1001) -> None:
        """A person puts a reaction on a message (``""`` takes it away)."""
        new = [{"type": "emoji", "emoji": emoji}] if emoji else []
        reaction = {
            "chat": message["chat"],
            "message_id": message["message_id"],
            "user": self.person(user),
            "date": int(self.clock()),
            "old_reaction": [],
            "new_reaction": new,
        }
        await self.inject({"message_reaction": reaction})

    async def inject(self, update: Json, *, update_id: int | None = None) -> int:
        """Queue one update as the real server would: only kinds the bot asked for."""
        kind = next(iter(update))
        wanted = self.allowed_updates
        if (wanted and kind not in wanted) or (not wanted and kind in _NOT_BY_DEFAULT):
            return 0
        if update_id is None:
            update_id, self._next_update = self._next_update, self._next_update + 1
        self.updates.append({"update_id": update_id, **update})
        self._queued[update_id] = self.clock()
        async with self._changed:
            self._changed.notify_all()
        return update_id

    def fail(self, kind: Any, method: str = "sendMessage", times: int = 1, **more: Any) -> None:
        """Add a fault."""
        self.faults.append(Fault(kind, method, times, **more))

    def sent(self, chat: int | None = None) -> list[Json]:
        """The bot's messages people see now, oldest first."""
        found = [m for m in self.messages.values() if m["from"]["id"] == BOT_ID]
        return [m for m in found if chat is None or m["chat"]["id"] == chat]

    def called(self, method: str) -> list[Call]:
        """Calls of one method, in order."""
        return [call for call in self.calls if call.method == method]

    def answered(self, callback: str) -> bool:
        """Whether a callback query was answered."""
        return callback in self._answered

    # --- HTTP ----------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """POST or GET /bot<token>/<method>."""
        method = request.match_info["method"]
        params = await _params(request)
        call = Call(method, {k: v for k, v in params.items() if k not in _FILES}, self.clock())
        if request.match_info["token"] != self.token:
            return _error(RefusedError(401, "Unauthorized"))
        self.watch(call)
        if method == "getUpdates":
            self.polls += 1
            self.first_polls += not int(params.get("offset") or 0)
        else:
            self.calls.append(call)
        fault = self._fault(method, params)
        if fault is not None and fault.kind in {"reset", "status", "garbage"}:
            call.status, call.error = fault.status, fault.kind
            return self._broken(request, fault)
        try:
            call.result = await self._run(method, params)
        except RefusedError as refused:
            call.status, call.error = refused.code, refused.description
            return _error(refused)
        if fault is not None and fault.kind == "drop":
            return self._cut(request)
        if fault is not None:
            await asyncio.sleep(fault.seconds)
        return web.json_response({"ok": True, "result": call.result})

    async def download(self, request: web.Request) -> web.Response:
        """GET /file/bot<token>/<path>."""
        found = self.files.get(request.match_info["path"])
        if request.match_info["token"] != self.token or found is None:
            return web.Response(status=404)
        return web.Response(body=found)

    def _fault(self, method: str, params: Json) -> Fault | None:
        for fault in self.faults:
            here = fault.chat is None or str(fault.chat) == str(params.get("chat_id"))
            if fault.method in {method, "*"} and here and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    def _broken(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.kind == "reset":
            return self._cut(request)
        if fault.kind == "garbage":
            return web.Response(status=fault.status, text="<html>Bad Gateway</html>")
        return _error(RefusedError(fault.status, "Internal Server Error"))

    @staticmethod
    def _cut(request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    async def _run(self, method: str, params: Json) -> Any:
        handler = getattr(self, "_do_" + re.sub(r"(?<!^)([A-Z])", r"_\1", method).lower(), None)
        if handler is None or (method == "sendMessageDraft" and not self.drafts):
            raise RefusedError(404, "Not Found: method not found")
        if method.startswith("sendRich") and not self.rich:
            raise RefusedError(404, "Not Found: method not found")
        if method.startswith(("send", "edit")) and method != "sendChatAction":
            self._reachable(params)
            self._flood(int(params["chat_id"]))
        return await handler(params)

    # --- getting updates -----------------------------------------------------

    async def _do_get_updates(self, params: Json) -> list[Json]:
        if self.webhook.get("url"):
            raise RefusedError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        if self._poller is not None:
            self._poller.set()  # the older of two pollers is thrown out
        mine = self._poller = asyncio.Event()
        if params.get("allowed_updates") is not None:
            self.allowed_updates = list(params["allowed_updates"])
        offset = int(params.get("offset") or 0)
        self._confirm(offset)
        try:
            async with asyncio.timeout(float(params.get("timeout") or 0)):
                await self._until_some(mine)
        except TimeoutError:
            pass
        finally:
            if self._poller is mine:
                self._poller = None
        if mine.is_set():
            raise RefusedError(
                409,
                "Conflict: terminated by other getUpdates request; "
                "make sure that only one bot instance is running",
            )
        self._expire()
        return self.updates[: int(params.get("limit") or 100)]

    def _confirm(self, offset: int) -> None:
        """Updates below the offset are the bot's now; a negative one keeps only the last."""
        if offset < 0:
            self.updates = self.updates[offset:]
        elif offset:
            ids = [u["update_id"] for u in self.updates]
            if offset - 1 in ids:
                self.updates = self.updates[ids.index(offset - 1) + 1 :]
            else:
                self.updates = [u for u in self.updates if u["update_id"] >= offset]

    def _expire(self) -> None:
        """Telegram keeps what waits for a day, then drops it."""
        oldest = self.clock() - _DAY
        self.updates = [u for u in self.updates if self._queued[u["update_id"]] >= oldest]

    async def _until_some(self, mine: asyncio.Event) -> None:
        while not self.updates and not mine.is_set():
            async with self._changed:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.02)

    async def _do_set_webhook(self, params: Json) -> bool:
        self.webhook = {"url": params.get("url", ""), "secret": params.get("secret_token", "")}
        if params.get("allowed_updates") is not None:
            self.allowed_updates = list(params["allowed_updates"])
        return True

    async def _do_delete_webhook(self, params: Json) -> bool:
        self.webhook = {}
        if str(params.get("drop_pending_updates", "")).lower() == "true":
            self.updates.clear()
        return True

    async def push(self) -> list[int]:
        """Post every waiting update to the webhook until each is answered 200; the statuses."""
        statuses: list[int] = []
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.get("secret", "")}
        async with ClientSession() as session:
            while self.updates:
                try:
                    async with session.post(
                        self.webhook["url"], json=self.updates[0], headers=headers
                    ) as answer:
                        statuses.append(answer.status)
                except ClientError:
                    statuses.append(0)
                if statuses[-1] != 200:
                    return statuses
                self.updates.pop(0)
        return statuses

    # --- everything else -----------------------------------------------------

    async def _do_get_chat_member(self, params: Json) -> Json:
        chat, user = int(params["chat_id"]), int(params["user_id"])
        if chat in self.blocked:
            raise RefusedError(403, "Forbidden: bot is not a member of the group chat")
        status = "administrator" if (chat, user) in self.admins else "member"
        rights = dict.fromkeys(_ADMIN_RIGHTS, False) if status == "administrator" else {}
        return {"user": self.person(user), "status": status, **rights}

    async def _do_get_me(self, _: Json) -> Json:
        return {
            "id": BOT_ID,
            "is_bot": True,
            "first_name": "Salus",
            "username": self.username,
            "can_join_groups": True,
            "can_read_all_group_messages": self.read_all_groups,
            "supports_inline_queries": False,
        }

    async def _do_send_message(self, params: Json) -> Json:
        text, entities = _formatted(params, 4096)
        if not text.strip():
            raise bad("message text is empty")
        message = self._new(params) | {"text": text}
        if entities:
            message["entities"] = entities
        return self._keep(message)

    async def _do_send_rich_message(self, params: Json) -> Json:
        text = _rich_text(params)
        return self._keep(self._new(params) | {"text": text, "rich_message": {"blocks": []}})

    async def _do_send_rich_message_draft(self, params: Json) -> bool:
        _rich_text(params)
        return await self._do_send_message_draft({**params, "text": "", "parse_mode": None})

    async def _do_send_message_draft(self, params: Json) -> bool:
        if int(params["chat_id"]) < 0:
            raise bad("PEER_ID_INVALID")
        if not int(params.get("draft_id") or 0):
            raise bad("RANDOM_ID_INVALID")
        _formatted(params, 4096)
        return True

    async def _do_send_photo(self, params: Json) -> Json:
        if not self.photo_rights:
            raise bad("not enough rights to send photos to the chat")
        _, content = params["photo"]
        if len(content) > 10 * 2**20:
            raise bad("PHOTO_INVALID_DIMENSIONS")
        if not content.startswith(b"\x89PNG"):
            raise bad("IMAGE_PROCESS_FAILED")
        caption, _ = _formatted(params | {"text": params.get("caption", "")}, 1024)
        self.photos.append((int(params["chat_id"]), content))
        photo = {"file_id": f"P{len(self.photos)}", "file_unique_id": "u", "width": 900,
                 "height": 500}  # fmt: skip
        return self._keep(self._new(params) | {"photo": [photo], "caption": caption})

    async def _do_send_document(self, params: Json) -> Json:
        name, content = params["document"]
        if len(content) > 50 * 2**20:
            raise RefusedError(413, "Request Entity Too Large")
        self.documents.append((int(params["chat_id"]), name, content))
        caption, _ = _formatted(params | {"text": params.get("caption", "")}, 1024)
        document = {"file_id": f"D{len(self.documents)}", "file_unique_id": "u", "file_name": name}
        return self._keep(self._new(params) | {"document": document, "caption": caption})

    async def _do_edit_message_text(self, params: Json) -> Json:
        old = self._own(params)
        text, entities = _formatted(params, 4096)
        if not text.strip():
            raise bad("message text is empty")
        new = {k: v for k, v in old.items() if k not in {"entities", "reply_markup"}}
        new |= {"text": text} | ({"entities": entities} if entities else {})
        return self._changed_to(old, new | _markup(params))

    async def _do_edit_message_reply_markup(self, params: Json) -> Json:
        old = self._own(params)
        new = {k: v for k, v in old.items() if k != "reply_markup"}
        return self._changed_to(old, new | _markup(params))

    def _changed_to(self, old: Json, new: Json) -> Json:
        same = all(old.get(k) == new.get(k) for k in ("text", "entities", "reply_markup"))
        if same:
            raise bad(
                "message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message"
            )
        return self._keep(new | {"edit_date": int(self.clock())})

    async def _do_delete_message(self, params: Json) -> bool:
        if self.messages.pop((int(params["chat_id"]), int(params["message_id"])), None) is None:
            raise bad("message to delete not found")
        return True

    async def _do_answer_callback_query(self, params: Json) -> bool:
        id_ = str(params.get("callback_query_id"))
        made = self._callbacks.get(id_)
        if made is None or self.clock() - made > 900:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        self._answered.add(id_)
        return True

    async def _do_send_chat_action(self, params: Json) -> bool:
        self._reachable(params)
        return True

    async def _do_set_message_reaction(self, params: Json) -> bool:
        if (int(params["chat_id"]), int(params["message_id"])) not in self.messages:
            raise bad("message to react not found")
        return True

    async def _do_set_my_commands(self, params: Json) -> bool:
        commands = params.get("commands") or []
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise bad("BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        if len(commands) > 100:
            raise bad("BOT_COMMANDS_TOO_MUCH")
        lang = params.get("language_code") or ""
        if lang and not re.fullmatch(r"[a-z]{2}", lang):
            raise bad("invalid language code specified")
        scope = (params.get("scope") or {}).get("type", "default")
        self.menus[scope, lang] = commands
        return True

    async def _do_get_file(self, params: Json) -> Json:
        path = f"files/{params['file_id']}"
        if path not in self.files:
            raise bad("invalid file_id")
        size = len(self.files[path])
        return {"file_id": params["file_id"], "file_unique_id": "u", "file_path": path,
                "file_size": size}  # fmt: skip

    # --- rules of sending ----------------------------------------------------

    def _reachable(self, params: Json) -> None:
        chat = int(params.get("chat_id") or 0)
        if chat in self.migrated:
            raise bad(
                "group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=self.migrated[chat],
            )
        if chat in self.blocked:
            raise RefusedError(
                403,
                "Forbidden: bot was blocked by the user"
                if chat > 0
                else "Forbidden: bot was kicked from the group chat",
            )
        if chat not in self.chats:
            raise bad("chat not found")
        thread = int(params.get("message_thread_id") or 0)
        if thread and (chat, thread) not in self.topics:
            raise bad("message thread not found")

    def _flood(self, chat: int) -> None:
        now = self.clock()
        until = self.flooded_until.get(chat, 0.0)
        if now < until:
            self.early += 1
            self._refuse_flood(max(1, math.ceil(until - now)))
        if self.flood_share and self._random.random() < self.flood_share:
            wait = self._random.randint(*self.flood_seconds)
            self.flooded_until[chat] = now + wait
            self._refuse_flood(wait)
        if self.enforce_rate:
            recent = [c for c in self.calls[-40:] if c.at > now - 1 and c.status == 200]
            same = [c for c in recent if str(c.params.get("chat_id")) == str(chat)]
            if (
                len([c for c in same if c.method.startswith(("sendM", "sendP", "sendR", "edit"))])
                > 2
            ):
                self.flooded_until[chat] = now + 1
                self._refuse_flood(1)

    @staticmethod
    def _refuse_flood(seconds: int) -> None:
        raise RefusedError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)

    def _message_id(self) -> int:
        self._next_message += 1
        return self._next_message

    def _new(self, params: Json) -> Json:
        chat = int(params["chat_id"])
        me = {"id": BOT_ID, "is_bot": True, "first_name": "Salus", "username": self.username}
        message: Json = {
            "message_id": self._message_id(),
            "from": me,
            "chat": self.chats[chat],
            "date": int(self.clock()),
        }
        reply = params.get("reply_parameters") or {}
        if reply:
            target = self.messages.get((chat, int(reply["message_id"])))
            if target is None and not reply.get("allow_sending_without_reply"):
                raise bad("message to be replied not found")
            if target is not None:
                message["reply_to_message"] = target
        if params.get("message_thread_id"):
            message |= {
                "message_thread_id": int(params["message_thread_id"]),
                "is_topic_message": True,
            }
        return message | _markup(params)

    def _keep(self, message: Json) -> Json:
        self.messages[message["chat"]["id"], message["message_id"]] = message
        return message

    def _own(self, params: Json) -> Json:
        found = self.messages.get((int(params["chat_id"]), int(params["message_id"])))
        if found is None:
            raise bad("message to edit not found")
        if found["from"]["id"] != BOT_ID:
            raise bad("message can't be edited")
        return found


# --- reading requests --------------------------------------------------------


async def _params(request: web.Request) -> Json:
    if request.content_type == "application/json":
        found: Json = await request.json()
        return found
    found = dict(request.query)
    if request.content_type.startswith("multipart/"):
        for name, value in (await parts(request)).items():
            if isinstance(value, SentFile):
                given = (value.filename, value.content)
                found[name if name in _FILES else f"attached {name}"] = given
            else:
                found[name] = value
        for name in _FILES & set(found):
            if isinstance(found[name], str):
                found[name] = found.pop(f"attached {found[name].removeprefix('attach://')}")
    elif request.can_read_body:
        found |= dict(await request.post())
    for name in _STRUCTURED & set(found):
        with suppress(ValueError, TypeError):
            found[name] = json.loads(found[name])
    return found


def _formatted(params: Json, limit: int) -> tuple[str, list[Json]]:
    source = str(params.get("text") or "")
    mode = params.get("parse_mode")
    text, entities = source, params.get("entities") or []
    if mode == "HTML":
        try:
            text, entities = parse_html(source)
        except MarkupError as error:
            raise bad(f"can't parse entities: {error}") from error
    if units(text) > limit:
        raise bad("message is too long" if limit > 1024 else "message caption is too long")
    return text.rstrip() if mode else text.strip(), entities[:100]


def _rich_text(params: Json) -> str:
    """The text of a rich message. Its HTML must close what it opens, with known tags only."""
    rich = params.get("rich_message") or {}
    if len({"html", "markdown", "blocks"} & set(rich)) != 1:
        raise bad("exactly one of html, markdown and blocks must be given")
    source = str(rich.get("html") or rich.get("markdown") or "")
    if not source or units(source) > 32_768:
        raise bad("rich message is empty or too long")
    opened: list[str] = []
    for closing, tag in re.findall(r"<(/?)([a-z0-9-]+)[^>]*>", source):
        if tag not in _RICH_TAGS:
            raise bad(f'can\'t parse rich message: unsupported start tag "{tag}"')
        if closing and (not opened or opened.pop() != tag):
            raise bad("can't parse rich message: unexpected end tag")
        if not closing and tag not in {"br", "hr"}:
            opened.append(tag)
    if opened:
        raise bad("can't parse rich message: can't find end tag")
    return html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"<br>|</p>|</li>", "\n", source)))


def _markup(params: Json) -> Json:
    markup = params.get("reply_markup")
    if not isinstance(markup, dict):
        return {}
    for row in markup.get("inline_keyboard", []):
        for button in row:
            data = button.get("callback_data")
            if "url" not in button and not (data and len(data.encode()) <= 64):
                raise bad("BUTTON_DATA_INVALID")
    return {"reply_markup": markup} if markup.get("inline_keyboard") else {}


def _entities(text: str) -> list[Json]:
    found = []
    for match in re.finditer(r"(?<!\S)/[A-Za-z0-9_]+(?:@\w+)?|@\w{5,}", text):
        kind = "bot_command" if match.group(0).startswith("/") else "mention"
        found.append(
            {
                "type": kind,
                "offset": units(text[: match.start()]),
                "length": units(match.group(0)),
            }
        )
    return found


def _error(refused: RefusedError) -> web.Response:
    body: Json = {"ok": False, "error_code": refused.code, "description": refused.description}
    if refused.parameters:
        body["parameters"] = refused.parameters
    return web.json_response(body, status=refused.code)


@asynccontextmanager
async def telegram_server(
    kind: type[FakeTelegram] = FakeTelegram, **options: Any
) -> AsyncGenerator[FakeTelegram, None]:
    """A running fake; ``url`` is what SALUS_TELEGRAM_BASE_URL would be."""
    fake = kind(**options)
    app = web.Application(client_max_size=60 * 2**20)
    app.router.add_route("*", "/bot{token}/{method}", fake.handle)
    app.router.add_get("/file/bot{token}/{path:.+}", fake.download)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", fake.port).start()
    fake.port = runner.addresses[0][1]
    fake.url = f"http://127.0.0.1:{fake.port}"
    try:
        yield fake
    finally:
        await runner.cleanup()
