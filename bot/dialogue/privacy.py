"""What is kept and for what: /privacy, /learn, /export."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bot.dialogue.orders import Order
from bot.dialogue.turns import Said
from bot.dialogue.wording import here, say
from bot.i18n import t

if TYPE_CHECKING:
    from bot.ports import Store

LEARN: Final = "learn"  # the purpose: rated answers may improve Salus
WORDING: Final = "2026-11-22"  # of learn.about and of the agreement under /start
_YES = frozenset({"yes", "y", "on", "是", "同意", "好", "开"})
_NO = frozenset({"no", "n", "off", "否", "不", "不同意", "关"})


class Privacy:
    """Shows what is kept, and asks for what needs asking."""

    def __init__(self, store: Store) -> None:
        """Agreements are part of the profile; their history is in the store."""
        self._store = store

    async def privacy(self, order: Order) -> Said:
        """What is stored; in private also which accounts are one's own."""
        heard = order.heard
        text = here("command.privacy", heard)
        linked = await self._store.platforms(heard.profile.user) if heard.private else []
        if len(linked) < 2:
            return Said(text=text, kind="command")
        names = t("privacy.and", heard.lang).join(
            t(f"platform.{name}", heard.lang) for name in linked
        )
        line = t("privacy.linked", heard.lang, platforms=names)
        return Said(text=f"{text}\n{line}", kind="command", personal=True)

    async def learn(self, order: Order) -> Said:
        """Agree to learning, take it back, or see how it stands. The default is no."""
        heard, answer = order.heard, order.rest.lower().rstrip(".。!！")
        consents = heard.profile.consents
        if answer in _YES | _NO:
            agreed = answer in _YES
            wanted = consents | {LEARN} if agreed else consents - {LEARN}
            await self._store.save_profile(replace(heard.profile, consents=wanted))
            return say("learn.on" if agreed else "learn.off", heard, personal=True)
        state = t("learn.is_on" if LEARN in consents else "learn.is_off", heard.lang)
        text = f"{t('learn.about', heard.lang)}\n{state}"
        return Said(text=text, kind="command", personal=True)

    async def export(self, order: Order) -> Said:
        """Everything about the person; without values of the body where these do not belong."""
        heard = order.heard
        data: Mapping[str, Any] = await self._store.export(heard.profile.user)
        if heard.education:
            note = here("export.left_out", heard)
            data = without_the_body(data, heard.message.place.platform, note)
        text = json.dumps(data, ensure_ascii=False, indent=2)
        return Said(text=text, kind="command", personal=True)


def without_the_body(data: Mapping[str, Any], platform: str, note: str) -> dict[str, Any]:
    """The export for a place where nothing about the body is shown: what was said there itself.

    Left out: measurements, facts, conversations elsewhere and the votes on them.
    """
    said = [
        {name: value for name, value in one.items() if name != "your_numbers_used"}
        for one in data["conversations"]
        if one["platform"] == platform
    ]
    ids = {one["id"] for one in said}
    profile = {k: v for k, v in data["profile"].items() if k not in {"facts", "open_question"}}
    left = {k: v for k, v in data.items() if k != "measurements"}
    votes = [vote for vote in data["votes"] if vote["conversation"] in ids]
    return left | {
        "left_out": note, "profile": profile, "conversations": said, "votes": votes,
    }  # fmt: skip
