"""Errands on their way: committed with the reply that owes them, then done like any arrival.

An errand has a lane of its own beside its chat's, so that a person goes on talking while a
book is embedded for them; a crash leaves it in the inbox, and it is done again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from bot.model import Errand, Place, Upload
from bot.store.letters import Arrival, Letter, Mailbox, Office

if TYPE_CHECKING:
    from bot.delivery.unit import Unit
    from bot.ports import Store
    from bot.store import PersonStore

LONG_S = 3600.0  # an errand may take this long
_WAIT_S = 5.0  # for the message that says that we are at work
_KEY = "errand"
TOLD = frozenset({"notice", "account"})  # messages of their own, to somebody else's chat


def is_errand(body: Mapping[str, Any]) -> bool:
    """Whether an arrival is one."""
    return isinstance(body.get(_KEY), dict)


def chat_of(place: Place) -> str:
    """The outbox's address of a place."""
    chat = place.chat.partition("/")[0]  # without a topic
    if place.platform == "discord":
        return f"{'D' if place.private else 'C'}{chat}"
    return chat


def owe(  # what is owed, by whom, when, and how it is answered
    unit: Unit,
    errands: Sequence[Errand],
    office: Office,
    letters: Sequence[Letter],
    now: datetime,
    *,
    way: Mapping[str, Any] | None = None,
) -> None:
    """Commit the errands with the unit; the last letter is the one their result takes over.

    ``way``: what the adapter needs to answer where it was asked, beyond the place.
    """
    shown = letters[-1] if letters else None
    for errand in errands:
        ours = not errand.office or errand.office == office.bot
        ours = ours and errand.place.platform == office.platform
        to = office if ours else Office(platform=errand.place.platform, bot=errand.office)
        here = ours and errand.task not in TOLD
        made = arrival(errand, shown if here else None, way if here else None)
        unit.writes.append(_Accept(to, made, now))


class _Accept:
    """Put an arrival into an office's inbox."""

    def __init__(self, office: Office, arrival: Arrival, now: datetime) -> None:
        """Of this or another platform."""
        self._office = office
        self._arrival = arrival
        self._now = now

    async def __call__(self, store: Store) -> None:
        """In the transaction of the unit."""
        from bot.store.mailbox import open_mailbox

        await open_mailbox(cast("PersonStore", store), self._office).accept(
            [self._arrival], now=self._now
        )


def arrival(
    errand: Errand, shown: Letter | None = None, way: Mapping[str, Any] | None = None
) -> Arrival:
    """An errand as what lies in the inbox."""
    chat = chat_of(errand.place)
    body: dict[str, Any] = {_KEY: asdict(errand)} | ({"way": way} if way else {})
    if shown is not None:
        body["shown"] = {"origin": shown.origin, "part": shown.part}
    return Arrival(dedup=errand.name, chat=chat, lane=f"{chat}!errands", body=body)


def errand_of(body: Mapping[str, Any]) -> Errand | None:
    """The errand of an arrival."""
    found = body.get(_KEY)
    if not isinstance(found, dict):
        return None
    upload = found.get("upload")
    place = Place(**found["place"])
    made = Upload(**upload) if isinstance(upload, dict) else None
    return Errand(**{**found, "place": place, "upload": made})


async def shown_message(mailbox: Mailbox, body: Mapping[str, Any]) -> int:
    """The message that says that we are at work, once it has left; 0 without one."""
    shown = body.get("shown")
    if not isinstance(shown, dict):
        return 0
    for _ in range(round(_WAIT_S / 0.05)):
        letter = await mailbox.letter_of(str(shown["origin"]), int(shown["part"]))
        if letter is None or letter.state not in ("pending", "sending"):
            ours = letter.platform_message_id if letter and letter.state == "sent" else ""
            return int(ours or 0)
        await asyncio.sleep(0.05)
    return 0
