"""The steps that handling an event takes on every platform."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from bot.delivery.unit import Unit
from bot.i18n import t
from bot.model import Lang, Message, ObservationId, Place, Reply, UserId
from bot.ports import Store
from bot.store.letters import Letter, Mailbox

Note = Callable[[Lang], str]  # a sentence of ours above an answer, in the answer's language


class Said(Protocol):
    """What is read of an event; each adapter's own has it."""

    @property
    def user(self) -> int: ...
    @property
    def place(self) -> Place: ...
    @property
    def text(self) -> str: ...
    @property
    def sent_at(self) -> datetime: ...
    @property
    def lang(self) -> Lang | None: ...
    @property
    def source(self) -> str: ...


class Preview(Protocol):
    """Shows snapshots. Never raises."""

    async def show(self, reply: Reply) -> None: ...


def note(key: str, **values: str) -> Note:
    """The sentence of a key."""
    return lambda lang: t(key, lang, **values)


def no_note(_: Lang) -> str:
    """A Note that says nothing."""
    return ""


def message_of(event: Said, user: UserId, *, tz: str, **more: Any) -> Message:  # noqa: ANN401
    """The words of an event as the dialogue takes them; ``more`` are further fields of Message.

    ``tz`` is the operator's; empty means UTC.
    """
    return Message(
        user=user,
        place=event.place,
        text=event.text,
        sent_at=event.sent_at,
        tz=tz or "UTC",
        lang=event.lang,
        account=str(event.user),
        **more,
    )


async def ending(replies: AsyncGenerator[Reply, None], preview: Preview) -> Reply | None:
    """What a run of the dialogue ends with; its snapshots are shown on the way."""
    last: Reply | None = None
    async with aclosing(replies) as snapshots:
        async for reply in snapshots:
            if reply.final:
                last = reply
            else:
                await preview.show(reply)
    return last


def unforeseen(lang: Lang) -> Reply:
    """What is said when the dialogue said nothing."""
    return Reply(text=t("error.unexpected", lang), kind="clarify", lang=lang)


async def taken_back(store: Store, mailbox: Mailbox, event: Said, user: UserId) -> int:
    """Remove what the earlier wording of a message logged; how many values there were."""
    ids = [
        ObservationId(i)
        for letter in await mailbox.letters_about(event.source)
        if letter.memo.get("user") == str(event.user)
        for i in letter.memo.get("undo", [])
    ]
    return await store.remove_observations(user, ids) if ids else 0


def with_real_ids(letter: Letter, unit: Unit) -> Letter:
    """The ids that were stored in place of those we handed out before."""
    undo = letter.memo.get("undo")
    if not undo:
        return letter
    return replace(letter, memo={**letter.memo, "undo": unit.ids(undo)})
