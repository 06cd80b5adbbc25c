"""The way from the dialogue into the room, and back as replies."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from bot.dialogue.curating import walk
from bot.dialogue.curating.room import Room, Visit, refused
from bot.dialogue.curating.work import Ways, Worker
from bot.dialogue.turns import Heard, Said
from bot.model import Errand, Place, Press, Profile, Reply, Upload
from bot.ports import Shelf, Store

__all__ = ["Curating", "Ways"]

_ONESELF = re.compile(r"\b(?:i|i'm|i've|my|me)\b|[我俺咱]", re.IGNORECASE)


class Curating:
    """Looking after the knowledge by chat; in private only."""

    def __init__(self, store: Store, shelf: Shelf, operator: str = "") -> None:
        """See Room."""
        self._store = store
        self._room = Room(store, shelf, operator)
        self._worker = Worker(store, shelf, self._room)

    async def curates(self, place: Place, account: str) -> bool:
        """Whether a file from this account is meant for the knowledge."""
        if not place.private:
            return False
        return await self._room.viewer(place.platform, account, "en") is not None

    async def command(self, heard: Heard, rest: str) -> Said:
        """/kb; the dialogue has made sure that the place is private."""
        visit = await self._visit(heard)
        return await self._room.command(visit, rest, heard.message.upload)

    async def spoken(self, heard: Heard) -> Said | None:
        """A file without words, a bare address, or an answer to a question of ours; else None."""
        if not heard.private:
            return None
        message, address = heard.message, walk.address_in(heard.text)
        bare = message.upload is not None and not heard.text
        upload = message.upload if bare else Upload(name=address) if address else None
        asked = bool(heard.text) and walk.asked(heard.profile) and not _of_oneself(heard)
        if upload is None and not asked:
            return None
        visit = await self._visit(heard)
        settled = await self._room.settle(visit, heard.text) if asked else None
        if settled is not None or upload is None:
            return settled
        viewer = await self._room.viewer(message.place.platform, message.account, visit.lang)
        if viewer is None:
            return refused(visit.lang) if bare else None
        return await self._room.take(visit, viewer, upload)

    async def _visit(self, heard: Heard) -> Visit:
        """Names and addresses say nothing about a person's language: what they chose does."""
        message = heard.message
        lang = heard.profile.lang or message.lang
        if lang is None:
            known = await self._store.curator(message.place.platform, message.account)
            lang = known.lang if known is not None else heard.lang
        return Visit(
            heard.profile, message.place, message.account, lang, message.office, message.sent_at
        )

    async def press(self, press: Press, profile: Profile) -> Reply:
        """A button on one of our cards."""
        visit = Visit(
            profile, press.place, press.account, profile.lang or press.lang, press.office, press.at
        )
        if not press.place.private:
            return _reply(refused(visit.lang), visit.lang)
        return replace(_reply(await self._room.press(visit, press.action), visit.lang), stale=True)

    async def run(self, errand: Errand, ways: Ways) -> AsyncGenerator[Reply, None]:
        """Do an errand: snapshots, then the card that stays."""
        profile = await self._store.profile(errand.user)
        errand = replace(errand, lang=profile.lang or errand.lang)
        async with aclosing(self._worker.run(errand, ways)) as steps:
            async for said in steps:
                yield _reply(said, errand.lang)


def _of_oneself(heard: Heard) -> bool:
    """Whether words that sound urgent are somebody's trouble rather than a name or a reason."""
    urgent = heard.triage.level not in {"none", "selfcare", "soon"}
    return urgent and bool(_ONESELF.search(heard.text))


def _reply(said: Said, lang: str) -> Reply:
    return Reply(
        text=said.text,
        kind=said.kind,
        lang="zh" if lang == "zh" else "en",
        final=said.final,
        personal=said.personal,
        buttons=said.buttons,
        errands=said.errands,
    )
