"""Delivers one letter: by the interaction while it lives, else to the channel or the person.

A message to a channel carries our nonce, so Discord drops a second copy for some minutes, and
after that we look whether it is there before we send it again. An edit may be made twice. A
follow-up may not, and is written down before it is tried.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.adapters.discord import address, attempts
from bot.adapters.discord.acks import Acks
from bot.adapters.discord.api import Breaker, ExpiredError, GoneMessageError, Json
from bot.adapters.discord.attempts import Attempts
from bot.adapters.discord.buttons import components
from bot.adapters.discord.events import Tap
from bot.adapters.discord.letters import tap_of
from bot.adapters.discord.render import as_markdown
from bot.adapters.discord.rest import PAGE, Rest
from bot.adapters.discord.wire import EPHEMERAL, File, Hooks
from bot.delivery.errors import AmbiguousError, PrivacyError, RefusedError
from bot.delivery.privacy import guard
from bot.delivery.rich import load
from bot.i18n import t
from bot.ids import new_id
from bot.logs import logger
from bot.model import Lang
from bot.store.letters import Letter

NOBODY: Json = {"parse": []}  # nobody is pinged, whatever a text says
_TOKEN_S = 14.5 * 60  # a token lives for 15 minutes
_NONCE = timedelta(seconds=100)  # "a few minutes" of Discord's, taken with caution
_PAGES = 20  # of a hundred messages: how far we look for our own
_SILENT = frozenset({"keyboard", "preview", attempts.METHOD})  # nobody would miss these


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How a letter can leave. ``on_direct`` learns of a direct-message channel we opened."""

    rest: Rest
    hooks: Hooks
    acks: Acks
    attempts: Attempts
    breaker: Breaker
    clock: Callable[[], datetime]
    on_direct: Callable[[int], None] = lambda _: None


class DiscordCourier:
    """delivery.sender.Courier for Discord."""

    def __init__(self, ways: Ways) -> None:
        """All parts are given."""
        self._rest = ways.rest
        self._hooks = ways.hooks
        self._acks = ways.acks
        self._attempts = ways.attempts
        self._breaker = ways.breaker
        self._clock = ways.clock
        self._on_direct = ways.on_direct
        self._ways: dict[str, Callable[[Letter], Awaitable[str]]] = {
            "send": self._send,
            "answer": self._answer,
            "edit": self._edit,
            "keyboard": self._keyboard,
            "thread": self._thread,
            "preview": self._preview,
            attempts.METHOD: _nothing,
        }

    def private(self, chat: str) -> bool:
        """As the address says."""
        return address.private(chat)

    def group(self, chat: str) -> bool:  # noqa: ARG002  # Discord limits channels alike
        """No limit of their own."""
        return False

    async def deliver(self, letter: Letter) -> str:
        """Send; the message's id. Raises a DeliveryError, or PrivacyError before anything left."""
        self._guard(letter)
        way = self._ways.get(str(letter.body.get("method")))
        if way is None:
            raise RefusedError("no such kind of letter")
        self._breaker.check()
        return await way(letter)

    def _guard(self, letter: Letter) -> None:
        """The one guard; and what is personal in a channel must be whispered."""
        guard(letter.body, private=self.private(letter.chat))
        tap = tap_of(dict(letter.body))
        if address.whispered(letter.chat) and (tap is None or not tap.whisper):
            raise PrivacyError("a whisper would have been heard")

    def apology(self, letter: Letter) -> Letter | None:
        """What to say when a part was refused for good; None for what nobody would miss."""
        body = letter.body
        if body.get("method") in _SILENT or body.get("sorry"):
            return None
        lang: Lang = "zh" if body.get("lang") == "zh" else "en"
        kept = {k: body[k] for k in ("tap", "user") if k in body}
        sorry = kept | {
            "personal": False,
            "private": self.private(letter.chat),
            "method": "answer" if body.get("method") == "answer" else "send",
            "spans": [[t("discord.failed_part", lang), "", ""]],
            "rows": [],
            "lang": lang,
            "sorry": True,
        }
        return Letter(id=new_id(), chat=letter.chat, body=sorry, origin=f"sorry:{letter.id}")

    # --- by the interaction

    async def _answer(self, letter: Letter) -> str:
        """Fill in what was deferred; may be done again. Else as a message of its own."""
        tap = await self._alive(letter)
        if tap is None:
            return await self._late(letter)
        try:
            return await self._hooks.fill(tap.token, _body(letter), _files(letter))
        except ExpiredError:
            return await self._late(letter)
        except GoneMessageError:  # somebody dismissed it while we were thinking
            return await self._follow(letter, tap)

    async def _follow(self, letter: Letter, tap: Tap) -> str:
        """One more message by the interaction, at most once."""
        body = _body(letter)
        if address.whispered(letter.chat):
            body["flags"] = EPHEMERAL
        try:
            async with self._attempts.once(letter):
                return await self._hooks.follow(tap.token, body, _files(letter))
        except ExpiredError:
            return await self._late(letter)

    async def _late(self, letter: Letter) -> str:
        """The interaction is over: to the channel what is general, to the person the rest."""
        tap = tap_of(dict(letter.body))
        general = not address.private(letter.chat)
        if general and not (tap is not None and tap.foreign):
            return await self._post(address.number(letter.chat), letter)
        if letter.chat[:1] == "D":
            return await self._post(address.number(letter.chat), letter)
        return await self._post(await self._direct(int(letter.body["user"])), letter)

    async def _alive(self, letter: Letter) -> Tap | None:
        """The interaction, once it was acknowledged, if it can still be answered."""
        tap = tap_of(dict(letter.body))
        if tap is None or self._clock().timestamp() - tap.made > _TOKEN_S:
            return None
        return tap if await self._acks.done(tap.id) else None

    # --- to a channel

    async def _send(self, letter: Letter) -> str:
        """A new message, wherever the letter is for."""
        if letter.chat[:1] == "U":
            return await self._post(await self._direct(address.number(letter.chat)), letter)
        tap = tap_of(dict(letter.body))
        by_token = address.whispered(letter.chat) or (tap is not None and tap.foreign)
        if tap is not None and by_token:
            alive = await self._alive(letter)
            return await (self._late(letter) if alive is None else self._follow(letter, alive))
        return await self._post(address.number(letter.chat), letter)

    async def _post(self, channel: int, letter: Letter) -> str:
        """POST with our nonce: safe to repeat; when the nonce is old, we look first."""
        body = _body(letter)
        if reply := letter.body.get("reply_to"):
            body["message_reference"] = {"message_id": str(reply), "fail_if_not_exists": False}
        queued = letter.queued_at
        if queued is not None and self._clock() - queued > _NONCE:
            there = await self._there(channel, body, letter, queued)
            if there:
                return there
        return await self._rest.post(channel, body, nonce=letter.nonce, files=_files(letter))

    async def _there(self, channel: int, body: Json, letter: Letter, since: datetime) -> str:
        """The id of what an earlier try left in the channel; empty when it left nothing.

        Raises AmbiguousError where too much was said since to look through: better once
        perhaps than twice for sure.
        """
        start: int | datetime = since - timedelta(seconds=30)
        wanted = body["content"].strip(), [(f.name, f.about) for f in _files(letter)]
        if wanted == ("", []):
            return ""
        for _ in range(_PAGES):
            page = await self._rest.after(channel, start)
            for one in page:
                if str(one["author"]["id"]) == self._rest.me and _shown(one) == wanted:
                    return str(one["id"])
            if len(page) < PAGE:
                return ""
            start = int(page[-1]["id"])
        raise AmbiguousError("too much was said since")

    async def _direct(self, user: int) -> int:
        channel = await self._rest.direct(user)
        self._on_direct(channel)
        return channel

    async def _edit(self, letter: Letter) -> str:
        """Put the text in the place of a message of ours; a new one if that one is gone."""
        message = int(letter.body["message_id"])
        channel = address.number(letter.chat)
        try:
            await self._rest.edit(channel, message, _body(letter), _files(letter))
        except GoneMessageError:
            return await self._post(channel, letter)
        return str(message)

    async def _preview(self, letter: Letter) -> str:
        """A message that was to grow and whose fate a crash left open: find it by its nonce."""
        queued = letter.queued_at
        if queued is None or self._clock() - queued > _NONCE:
            raise AmbiguousError("too old to be found by its nonce")
        return await self._post(address.number(letter.chat), letter)

    # --- what was pressed

    async def _keyboard(self, letter: Letter) -> str:
        """New buttons under a message. That it is gone, or out of reach by now, is no tragedy."""
        body = {"components": components(letter.body.get("rows") or [])}
        tap = await self._alive(letter)
        try:
            if tap is not None and not tap.command and not letter.body.get("by_bot"):
                await self._hooks.fill(tap.token, body)
                return ""
        except (ExpiredError, GoneMessageError):
            logger().debug("buttons not changed by the interaction")
        if letter.chat[:1] not in {"C", "D"}:
            return ""
        message = int(letter.body["message_id"])
        try:
            await self._rest.edit(address.number(letter.chat), message, body)
        except RefusedError as error:
            logger().debug("buttons not changed", error=type(error).__name__)
        return ""

    async def _thread(self, letter: Letter) -> str:
        """Begin a thread at a message, and say the first word in it."""
        message = int(letter.body["message_id"])
        channel = address.number(letter.chat)
        thread = await self._rest.thread(channel, message, str(letter.body["name"]))
        return await self._post(thread, letter)


async def _nothing(letter: Letter) -> str:  # noqa: ARG001  # a note says nothing
    return ""


def _shown(message: Json) -> tuple[str, list[tuple[str, str]]]:
    """A message's words, and its files with their descriptions."""
    files = [(a["filename"], a.get("description") or "") for a in message.get("attachments") or []]
    return message["content"], files


def _body(letter: Letter) -> Json:
    """Content, buttons, and that nobody is pinged."""
    return {
        "content": as_markdown(load(letter.body.get("spans") or [])),
        "components": components(letter.body.get("rows") or []),
        "allowed_mentions": NOBODY,
    }


def _files(letter: Letter) -> tuple[File, ...]:
    found = letter.body.get("file")
    if not isinstance(found, dict):
        return ()
    data = base64.b64decode(found["data"])
    return (File(name=str(found["name"]), data=data, about=str(found.get("about") or "")),)
