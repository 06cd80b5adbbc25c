"""Does what is owed: the same on every platform, up to what the result is written on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.adapters.chat.handling import Preview, ending
from bot.adapters.chat.hearing import Fetch
from bot.app import App
from bot.delivery.unit import People, Unit
from bot.dialogue.curating.front import Ways
from bot.model import Errand, Platform, Reply
from bot.store.letters import Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Errands:
    """Of one bot. ``fetch`` gets a file from the platform."""

    app: App
    platform: Platform
    mailbox: Mailbox
    people: People
    fetch: Fetch

    async def result(self, errand: Errand, chat: str, unit: Unit, preview: Preview) -> Reply | None:
        """Run it, its progress in ``preview``; None where nobody is to be told, or can be.

        Whoever it is for is held only once the work asks for that, so that they go on talking.
        """
        if errand.account:  # they may have become another since
            user = await self.app.store.user_for(self.platform, errand.account)
            errand = replace(errand, user=user)

        async def hold() -> None:
            await unit.held.enter_async_context(self.people.one(errand.user))

        ways = Ways(fetch=self.fetch, hold=hold)
        last = await ending(self.app.dialogue.run(errand, ways), preview)
        if last is None or not await self.mailbox.reachable(chat):
            return None
        return last
