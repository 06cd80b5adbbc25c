"""The steps that handling an event takes on every platform."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from bot.delivery.unit import Unit
from bot.i18n import t
from bot.model import Lang, ObservationId, Reply, UserId
from bot.ports import Store
from bot.store.letters import Letter, Mailbox

Note = Callable[[Lang], str]  # a sentence of ours above an answer, in the answer's language


class Preview(Protocol):
    """Shows snapshots. Never raises."""

    async def show(self, reply: Reply) -> None: ...


def note(key: str, **values: str) -> Note:
    """The sentence of a key."""
    return lambda lang: t(key, lang, **values)


def no_note(_: Lang) -> str:
    """A Note that says nothing."""
    return ""


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


async def taken_back(
    store: Store, mailbox: Mailbox, *, source: str, account: str, user: UserId
) -> int:
    """Remove what the earlier wording of a message logged; how many values there were."""
    ids = [
        ObservationId(i)
        for letter in await mailbox.letters_about(source)
        if letter.memo.get("user") == account
        for i in letter.memo.get("undo", [])
    ]
    return await store.remove_observations(user, ids) if ids else 0


def with_real_ids(letter: Letter, unit: Unit) -> Letter:
    """The ids that were stored in place of those we handed out before."""
    undo = letter.memo.get("undo")
    if not undo:
        return letter
    return replace(letter, memo={**letter.memo, "undo": unit.ids(undo)})
