"""Replies as letters: addressed by privacy, split to Telegram's size, with their buttons."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.adapters.chat.copies import packed
from bot.adapters.chat.spans import as_spans, fold_of
from bot.adapters.telegram import buttons
from bot.adapters.telegram.buttons import Rows
from bot.adapters.telegram.events import Event
from bot.charts.data import dump as dump_chart
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
    publicly,
)
from bot.delivery.rich import Span, Spans, dump, split
from bot.i18n import t
from bot.ids import new_id
from bot.model import Lang, Reply
from bot.store.letters import Letter

LONGEST_FILE = 49 * 2**20  # bytes; sendDocument takes 50 MB
LIMIT = 4096  # UTF-16 units after parsing (Bot API, sendMessage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What all letters that answer one event have in common."""

    event: Event
    origin: str
    username: str
    replace: int = 0  # our message that the first letter takes the place of

    def address(self) -> PrivateTo | Shared:
        """Where answers go."""
        chat = str(self.event.chat)
        return PrivateTo(chat) if self.event.private else Shared(chat)

    # --- letters

    def reply(self, reply: Reply, *, keyboard: Rows | None = None, note: str = "") -> list[Letter]:
        """A final reply; where it must not be shown, the way to the private chat instead."""
        if reply.charts or (note and self.event.private):  # both tell of the person
            reply = replace(reply, personal=True)
        out = outgoing(self.address(), content(reply))
        if out is None:
            return [self.say("place.in_private", reply.lang, keyboard=self._private(reply.lang))]
        memo = {
            "turn": reply.turn or "",
            "user": str(self.event.user),
            "undo": list(reply.undo),
        }
        rows = self._buttons(reply, keyboard or [])
        text = _with_note(reply, out.text, note)
        letters = self._parts(out, as_spans(reply, text), memo, rows, reply.lang)
        if len(letters) == 1 and reply.kind == "answer" and out.private:
            letters = [_foldable(letters[0], fold_of(reply, text))]
        return hurried(reply, letters + self._charts(reply, len(letters)))

    def _charts(self, reply: Reply, before: int) -> list[Letter]:
        """Each chart as data, to be drawn when it leaves; only one person may see it."""
        to = self.address()
        if not isinstance(to, PrivateTo):
            return []
        found: list[Letter] = []
        for number, chart in enumerate(reply.charts, start=before + 1):
            out = privately(to, Personal(chart.alt))
            body = self._body(out, (Span(out.text),), first=False)
            body |= {"method": "photo", "chart": dump_chart(chart), "lang": chart.lang}
            found.append(self._letter(body, number))
        return found

    def say(
        self, key: str, lang: Lang, *, keyboard: Rows | None = None, **values: object
    ) -> Letter:
        """One of our own short sentences; nothing personal is ever among them."""
        return self.words(t(key, lang, **values), keyboard=keyboard)

    def words(self, text: str, *, keyboard: Rows | None = None, part: int = 1) -> Letter:
        """A short general text."""
        out = outgoing(self.address(), General(text))
        assert out is not None  # noqa: S101  # general text may go anywhere
        body = self._body(out, (Span(text),), first=True) | {"keyboard": keyboard or []}
        return self._letter(body, part)

    def keyboard(self, rows: Rows, *, part: int = 1) -> Letter:
        """New buttons under the message whose button was pressed."""
        out = outgoing(self.address(), General(""))
        assert out is not None  # noqa: S101
        body = out.marks() | {
            "method": "keyboard",
            "message_id": self.event.message_id,
            "keyboard": rows,
        }
        return self._letter(body, part)

    def copy(self, reply: Reply, caption: str) -> list[Letter]:
        """A person's own copy, the reply's text, as a file."""
        out = outgoing(self.address(), content(reply))
        if out is None:
            return [self.say("place.in_private", reply.lang, keyboard=self._private(reply.lang))]
        file = packed(out.text, most=LONGEST_FILE)
        if file is None:
            return [self.say("export.too_long", reply.lang)]
        body = self._body(out, (Span(caption),), first=True)
        body |= {"method": "document", "name": file[0]}
        return [self._letter(body | {"data": base64.b64encode(file[1]).decode()}, 1)]

    # --- inside

    def _private(self, lang: Lang) -> Rows:
        return buttons.to_private(self.username, lang)

    def _buttons(self, reply: Reply, keyboard: Rows) -> Rows:
        if not self.event.private and reply.text == t("place.in_private", reply.lang):
            return self._private(reply.lang)
        rows = keyboard + buttons.of(reply)
        if reply.votable and reply.turn:
            rows = rows + buttons.thumbs(reply.turn)
        return rows

    def _parts(
        self, out: Outgoing, spans: Spans, memo: dict[str, Any], rows: Rows, lang: Lang
    ) -> list[Letter]:
        parts = split(spans, limit=LIMIT) or [(Span("…"),)]
        found: list[Letter] = []
        for number, part in enumerate(parts[:-1], start=1):
            body = self._body(out, part, first=number == 1)
            found.append(self._letter(body, number, memo={**memo, "undo": []}))
        id_ = new_id()  # known first: the undo button names its own letter
        body = self._body(out, parts[-1], first=len(parts) == 1)
        body["keyboard"] = (buttons.undo(id_, lang) if memo["undo"] else []) + rows
        found.append(self._letter(body, len(parts), id_, memo))
        return found

    def _body(self, out: Outgoing, spans: Spans, *, first: bool) -> dict[str, Any]:
        body: dict[str, Any] = {
            **out.marks(),
            "method": "send",
            "spans": dump(spans),
            "keyboard": [],
            "lang": self.event.lang or "en",
        }
        if self.event.thread is not None:
            body["thread"] = self.event.thread
        if first and self.replace:
            body |= {"method": "edit", "message_id": self.replace}
        elif first and not self.event.private and self.event.kind == "said":
            body["reply_to"] = self.event.message_id
        return body

    def _letter(
        self, body: dict[str, Any], part: int, id_: str = "", memo: dict[str, Any] | None = None
    ) -> Letter:
        return Letter(
            id=id_ or new_id(),
            chat=str(self.event.chat),
            body=body,
            origin=self.origin,
            part=part,
            memo=memo or {"user": str(self.event.user)},
            source=self.event.source if self.event.kind == "said" else "",
        )


def _with_note(reply: Reply, text: str, note: str) -> str:
    """The note above the text, but nothing stands above what to do in an emergency."""
    if not note:
        return text
    urgent = reply.kind in {"emergency", "crisis"}
    return f"{text}\n\n{note}" if urgent else f"{note}\n\n{text}"


def _foldable(letter: Letter, fold: int) -> Letter:
    """Where the sources begin, for clients that can fold them away."""
    return replace(letter, body={**letter.body, "fold": fold}) if fold else letter


def notice(chat: str, text: str, lang: Lang, origin: str) -> Letter:
    """Something we say of ourselves to the private chat of one person (``chat``/topic)."""
    chat_id, _, thread = chat.partition("/")
    out = privately(PrivateTo(chat_id), General(text))
    body: dict[str, Any] = {
        **out.marks(),
        "method": "send",
        "spans": dump([Span(text)]),
        "keyboard": [],
        "lang": lang,
    }
    if thread.isdecimal():
        body["thread"] = int(thread)
    return Letter(id=new_id(), chat=chat_id, body=body, origin=origin, part=1)


def greeting(event: Event, origin: str, username: str, lang: Lang) -> Sequence[Letter]:
    """What a group sees when we are added."""
    out = publicly(Shared(str(event.chat)), General(t("telegram.group_hello", lang)))
    return [Paper(event=event, origin=origin, username=username).words(out.text)]
