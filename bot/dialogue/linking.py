"""/link and /unlink: one person, several accounts, by a code that is told once.

The code is shown to its maker and to nobody else: neither the record of what was said nor that
of what was answered holds it.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.dialogue.orders import Order
from bot.dialogue.turns import HIDDEN, Said
from bot.dialogue.wording import say
from bot.i18n import t
from bot.ids import new_id
from bot.model import Address, Errand, Lang, Place, Reply, UserId
from bot.ports import LINK_LASTS

if TYPE_CHECKING:
    from bot.ports import Store

# 30 letters and digits without those taken for one another (0 O, 1 I L, U V): 8 of them are
# 39 bits, against five tries an hour.
ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LETTERS: Final = 8
_MINUTES: Final = round(LINK_LASTS.total_seconds() / 60)


class Linking:
    """Makes codes, takes them, and separates an account again."""

    def __init__(self, store: Store) -> None:
        """Codes, tries and accounts are all in the store."""
        self._store = store

    async def link(self, order: Order) -> Said:
        """Without a code: make one. With one: become who made it."""
        heard, place = order.heard, order.heard.message.place
        if not order.rest:
            return await self._offer(order)
        if not heard.message.account:
            return say("link.not_here", heard)
        code = read_code(order.rest)
        if not code:
            return say("link.refused", heard, minutes=_MINUTES)
        done = await self._store.join(
            code, platform=place.platform, account=heard.message.account, now=heard.now
        )
        if done.verdict != "joined" or done.user is None:
            return say(f"link.{done.verdict}", heard, minutes=_MINUTES)
        told = await self._told("joined", done.user, order)
        await self._keep_address(done.user, order)
        said = say("link.joined", heard, person=done.user, minutes=_MINUTES)
        return replace(said, errands=told)

    async def _offer(self, order: Order) -> Said:
        heard = order.heard
        code = new_code()
        await self._store.offer_link(heard.profile.user, code, now=heard.now)
        await self._keep_address(heard.profile.user, order)
        values = {"minutes": _MINUTES}
        return Said(
            text=t("link.code", heard.lang, code=shown(code), **values),
            kept=t("link.code", heard.lang, code=HIDDEN, **values),
            kind="command",
            personal=True,
        )

    async def unlink(self, order: Order) -> Said:
        """Make this account a new person; what was kept stays with the others."""
        heard = order.heard
        message = heard.message
        if not message.account:
            return say("link.not_here", heard)
        user, platform = heard.profile.user, message.place.platform
        told = await self._told("left", user, order)
        if not await self._store.part(user, platform=platform, account=message.account):
            return say("unlink.only", heard)
        said = say("unlink.done", heard, record=False)  # of whom? they are nobody yet
        return replace(said, errands=told)

    async def _keep_address(self, user: UserId, order: Order) -> None:
        """Where this account can be told of what happens to the others."""
        message = order.heard.message
        if message.account and message.office:
            address = Address(
                platform=message.place.platform, account=message.account,
                chat=message.place.chat, office=message.office, lang=order.heard.lang,
            )  # fmt: skip
            await self._store.keep_address(user, address)

    async def _told(self, what: str, user: UserId, order: Order) -> tuple[Errand, ...]:
        """A word to each other account of the person, in its own private chat."""
        message = order.heard.message
        own = (message.place.platform, message.account)
        rest = {"what": what, "platform": message.place.platform}
        return tuple(
            Errand(
                name=f"account:{new_id()}", task="account", user=user, account=one.account,
                place=Place(platform=one.platform, chat=one.chat, private=True),
                lang=one.lang, office=one.office, rest=rest,
            )
            for one in await self._store.addresses(user)
            if (one.platform, one.account) != own
        )  # fmt: skip


def told(errand: Errand, lang: Lang) -> Reply:
    """What another account of the person is told: that one came, or went."""
    platform = t(f"platform.{errand.rest['platform']}", lang)
    text = t(f"link.told.{errand.rest['what']}", lang, platform=platform)
    return Reply(text=text, kind="command", lang=lang, personal=True)


def new_code() -> str:
    """A code nobody can guess."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LETTERS))


def shown(code: str) -> str:
    """As it is told: in two halves."""
    return f"{code[: LETTERS // 2]}-{code[LETTERS // 2 :]}"


def read_code(text: str) -> str:
    """The code as typed or pasted, however it is spaced; empty when it cannot be one."""
    plain = re.sub(r"[\s\-‐-―−_.]", "", unicodedata.normalize("NFKC", text)).upper()
    return plain if len(plain) == LETTERS and set(plain) <= set(ALPHABET) else ""
