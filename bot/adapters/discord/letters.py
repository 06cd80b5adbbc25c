"""Replies as letters: addressed by privacy, split to Discord's size, with their buttons."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.adapters.chat.copies import packed
from bot.adapters.chat.spans import as_spans
from bot.adapters.discord import buttons
from bot.adapters.discord.address import person
from bot.adapters.discord.buttons import Rows
from bot.adapters.discord.events import Event, Tap
from bot.adapters.discord.render import parts
from bot.delivery.hurry import hurried
from bot.delivery.privacy import (
    General,
    Outgoing,
    Personal,
    PrivateTo,
    Shared,
    content,
    outgoing,
    privately,
)
from bot.delivery.rich import Span, Spans, dump
from bot.i18n import t
from bot.ids import new_id
from bot.model import Lang, Reply
from bot.store.letters import Letter

Body = dict[str, Any]
LONGEST_FILE = 9 * 2**20  # bytes; the API takes requests of 10 MiB where nobody boosts the server


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart, drawn."""

    png: bytes
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What all letters that answer one event have in common."""

    event: Event
    origin: str
    replace: int = 0  # our message that the first letter takes the place of

    def address(self) -> PrivateTo | Shared:
        """Where answers go."""
        chat = self.event.chat
        return PrivateTo(chat) if self.event.private else Shared(chat)

    # --- letters

    def reply(
        self,
        reply: Reply,
        *,
        rows: Rows | None = None,
        note: str = "",
        pictures: Sequence[Picture] = (),
    ) -> list[Letter]:
        """A final reply; where it must not be shown, the way to direct messages instead."""
        out = outgoing(self.address(), content(reply))
        if out is None:
            text = t("place.in_private", reply.lang)
            return [self.words(text, rows=buttons.to_private(reply.lang))]
        text = f"{note}\n\n{out.text}" if note else out.text
        found = self._parts(out, as_spans(reply, text), reply, self._buttons(reply, rows or []))
        return hurried(reply, found + self._pictures(pictures, len(found), reply))

    def say(self, key: str, lang: Lang, *, rows: Rows | None = None, **values: object) -> Letter:
        """One of our own short sentences; nothing personal is ever among them."""
        return self.words(t(key, lang, **values), rows=rows)

    def words(self, text: str, *, rows: Rows | None = None, part: int = 1) -> Letter:
        """A short general text: the answer to a command, else a message of its own."""
        out = outgoing(self.address(), General(text))
        assert out is not None  # noqa: S101  # general text may go anywhere
        first = part == 1
        return self._letter(self._body(out, (Span(text),), first=first, rows=rows), part)

    def to_person(self, text: str, *, part: int = 1) -> Letter:
        """A short general text in the person's direct messages."""
        out = privately(PrivateTo(person(self.event.user)), General(text))
        body = out.marks() | {"method": "send", "spans": dump((Span(text),)), "rows": []}
        return self._letter(body, part, chat=out.chat)

    def keyboard(self, rows: Rows, *, part: int = 1) -> Letter:
        """New buttons under the message whose button was pressed."""
        by_bot = self.event.ack == "form"  # a form stands between us and the message
        return self._change("keyboard", {"rows": rows, "by_bot": by_bot}, part)

    def thread(self, name: str, hello: str, rows: Rows, *, part: int = 1) -> Letter:
        """A thread that begins at the message whose button was pressed, with a first word."""
        more = {"name": name, "spans": dump((Span(hello),)), "rows": rows}
        return self._change("thread", more, part)

    def copy(self, reply: Reply, caption: str) -> list[Letter]:
        """A person's own copy, the reply's text, as a file."""
        out = outgoing(self.address(), content(reply))
        if out is None:
            text = t("place.in_private", reply.lang)
            return [self.words(text, rows=buttons.to_private(reply.lang))]
        file = packed(out.text, most=LONGEST_FILE)
        if file is None:
            return [self.words(t("export.too_long", reply.lang))]
        body = self._body(out, (Span(caption),), first=True)
        kept = {"name": file[0], "data": base64.b64encode(file[1]).decode(), "about": ""}
        return [self._letter(body | {"file": kept}, 1)]

    # --- inside

    def _change(self, method: str, more: Body, part: int) -> Letter:
        out = outgoing(self.address(), General(""))
        assert out is not None  # noqa: S101
        body = out.marks() | {"method": method, "message_id": self.event.message_id}
        return self._letter(body | more | self._token(), part)

    def _buttons(self, reply: Reply, rows: Rows) -> Rows:
        event = self.event
        if not event.private and reply.text == t("place.in_private", reply.lang):
            return buttons.to_private(reply.lang)
        found = [rows]
        if reply.votable and reply.turn:
            found.append(buttons.thumbs(reply.turn, event.user))
            foreign = event.tap is not None and event.tap.foreign
            if event.guild and not (event.private or event.thread or foreign):
                found.append(buttons.thread(reply.turn, event.user, reply.lang))
        return buttons.side_by_side(*found)

    def _parts(self, out: Outgoing, spans: Spans, reply: Reply, rows: Rows) -> list[Letter]:
        memo = {"turn": reply.turn or "", "user": str(self.event.user), "undo": list(reply.undo)}
        pieces = parts(spans) or [(Span("…"),)]
        found: list[Letter] = []
        for number, piece in enumerate(pieces[:-1], start=1):
            body = self._body(out, piece, first=number == 1)
            found.append(self._letter(body, number, memo={**memo, "undo": []}))
        id_ = new_id()  # known first: the undo button names its own letter
        under = buttons.undo(id_, reply.lang) if reply.undo else []
        under = buttons.side_by_side(under, rows) + buttons.of(reply)
        body = self._body(out, pieces[-1], first=len(pieces) == 1, rows=under)
        found.append(self._letter(body, len(pieces), id_, memo))
        return found

    def _pictures(self, pictures: Sequence[Picture], after: int, reply: Reply) -> list[Letter]:
        """Each chart as a message of its own; they are always about the person."""
        to = self.address()
        if isinstance(to, Shared):
            return []
        found: list[Letter] = []
        for number, one in enumerate(pictures, start=1):
            out = privately(to, Personal(""))
            data = base64.b64encode(one.png).decode()
            file = {"name": f"chart{number}.png", "data": data, "about": one.about}
            body = self._body(out, (), first=False) | {"file": file, "lang": reply.lang}
            found.append(self._letter(body, after + number))
        return found

    def _body(self, out: Outgoing, spans: Spans, *, first: bool, rows: Rows | None = None) -> Body:
        event = self.event
        body: Body = {
            **out.marks(),
            "method": "send",
            "spans": dump(spans),
            "rows": rows or [],
            "lang": event.lang or "en",
        } | self._token()
        if first and event.tap is not None and event.tap.command:
            body["method"] = "answer"
        elif first and self.replace:
            body |= {"method": "edit", "message_id": self.replace}
        elif first and event.guild and event.kind == "said" and event.tap is None:
            body["reply_to"] = event.message_id
        return body

    def _token(self) -> Body:
        """What the courier needs to answer by the interaction, or without it when it is over."""
        tap = self.event.tap
        return {"user": self.event.user} | ({} if tap is None else {"tap": tap_body(tap)})

    def _letter(
        self,
        body: Body,
        part: int,
        id_: str = "",
        memo: Body | None = None,
        chat: str = "",
    ) -> Letter:
        said = self.event.kind == "said" and self.event.tap is None
        return Letter(
            id=id_ or new_id(),
            chat=chat or self.event.chat,
            body=body,
            origin=self.origin,
            part=part,
            memo=memo or {"user": str(self.event.user)},
            source=self.event.source if said else "",
        )


def tap_body(tap: Tap) -> Body:
    """An interaction as JSON values."""
    return {
        "id": tap.id,
        "token": tap.token,
        "whisper": tap.whisper,
        "made": tap.made,
        "foreign": tap.foreign,
        "command": tap.command,
    }


def tap_of(body: Body) -> Tap | None:
    """Back from ``tap_body``; None when the letter answers no interaction."""
    found = body.get("tap")
    return Tap(**found) if isinstance(found, dict) else None
