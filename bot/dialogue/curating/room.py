"""Who may look after the knowledge here, and what each word and press of theirs asks for.

Quick things are answered at once; what reads, compares, embeds or waits for the build lock is
an Errand, done in a lane of its own (work.py). Strangers are told one sentence, whatever they
try.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.dialogue.curating import cards, walk
from bot.dialogue.curating.cards import Viewer, said
from bot.dialogue.linking import read_code
from bot.dialogue.turns import Said
from bot.i18n import t
from bot.ids import new_id
from bot.model import Curator, Errand, Lang, Place, Platform, Profile, Upload, UserId
from bot.ports import LINK_LASTS, Shelf, Store

if TYPE_CHECKING:
    from datetime import datetime

    from rag.versions_model import Draft

# Where buttons and errands are carried out; elsewhere nobody looks after the knowledge by chat.
SERVED: frozenset[Platform] = frozenset({"telegram", "discord", "console"})
MOST_BYTES = 20 << 20  # what Telegram gives out, and the limit of the readers
_MINUTES = round(LINK_LASTS.total_seconds() / 60)
# What can also be typed after /kb, and the button it stands for.
_TYPED = {
    "": "home", "status": "home", "draft": "home", "diff": "diff", "submit": "sub",
    "approve": "ok", "reject": "no", "publish": "pub", "rollback": "back", "discard": "out",
    "log": "log", "gaps": "gaps", "read": "text",
}  # fmt: skip
_READ = 20  # documents of a draft that are read at once
_ERRANDS = frozenset({"diff", "sub", "ok", "nn", "pub", "force", "back", "out", "gaps"})


class Visit:
    """One message or press of one account, with the person's profile as it changes."""

    def __init__(  # what every message says of its speaker
        self, profile: Profile, place: Place, account: str, lang: Lang, office: str, at: datetime
    ) -> None:
        """``at`` is aware."""
        self.profile = profile
        self.place = place
        self.account = account
        self.lang = lang
        self.office = office
        self.at = at

    @property
    def user(self) -> UserId:
        """Whose profile it is."""
        return self.profile.user


class Room:
    """Says who may, and does what is quick."""

    def __init__(self, store: Store, shelf: Shelf, operator: str = "") -> None:
        """``operator`` is who sits at the terminal; elsewhere accounts are bound by code."""
        self._store = store
        self._shelf = shelf
        self._operator = operator

    # --- who may -------------------------------------------------------------

    async def viewer(self, platform: Platform, account: str, lang: Lang) -> Viewer | None:
        """What an account may do; None for everybody without a role.

        A binding holds as long as its name is the same person's: a name that was taken away
        and given again needs a new code.
        """
        from rag.versions_model import RIGHTS

        if platform not in SERVED:
            return None
        curator: Curator | None = None
        if platform != "console":
            curator = await self._store.curator(platform, account)
            if curator is None:
                return None
        people = await self._shelf.look(lambda desk: desk.people())
        reviewed = any(p.role == "reviewer" for p in people)
        name = curator.name if curator else self._operator
        if curator is None and not people and name:
            return Viewer(name=name, rights=RIGHTS["admin"], lang=lang, reviewed=False)
        for person in people:
            if person.name == name and (curator is None or person.added_at <= curator.since):
                return Viewer(name=name, rights=RIGHTS[person.role], lang=lang, reviewed=reviewed)
        return None

    # --- words ---------------------------------------------------------------

    async def command(self, visit: Visit, rest: str, upload: Upload | None) -> Said:
        """/kb and what follows."""
        if visit.place.platform not in SERVED:
            return refused(visit.lang)
        word, _, more = rest.partition(" ")
        word, more = word.lower(), more.strip()
        if word in {"link", "绑定"}:
            return await self._enter(visit, more)
        viewer = await self.viewer(visit.place.platform, visit.account, visit.lang)
        if viewer is None:
            return refused(visit.lang)
        if word in {"leave", "解绑"}:
            return await self._leave(visit)
        if upload is not None or word == "add":
            return await self.take(visit, viewer, upload or Upload(name=more))
        if word not in _TYPED:
            return said(t("curate.usage", visit.lang))
        verb = _TYPED[word]
        draft = await self._shelf.look(lambda desk: desk.draft())
        version = draft.base if verb == "back" else draft.version
        if not version and verb not in {"home", "log", "gaps"}:
            return cards.home(draft, viewer)
        return await self.do(visit, viewer, verb, version, more)

    async def take(self, visit: Visit, viewer: Viewer, upload: Upload) -> Said:
        """A file or an address to read; the one before is let go of."""
        lang = visit.lang
        if "edit" not in viewer.rights or not upload.name:
            return said(t("curate.usage", lang))
        if upload.size > MOST_BYTES:
            size = f"{upload.size / (1 << 20):.1f}"
            return said(t("ingest.too_big", lang, size=size, limit=MOST_BYTES >> 20))
        begun = walk.begun(upload)
        visit.profile = walk.kept(walk.noting(visit.profile, ""), begun)
        await self._store.save_profile(visit.profile)
        errand = self._errand(visit, "read", {"walk": begun.id}, upload)
        return replace(said(t("curate.reading", lang, name=upload.name)), errands=(errand,))

    async def settle(self, visit: Visit, text: str) -> Said | None:
        """An answer to a question of ours about a file or a draft; None for other words."""
        open_walk, version = walk.of(visit.profile), visit.profile.pending.get(walk.NOTE, "")
        if not (version or (open_walk and open_walk.asks)):
            return None
        viewer = await self.viewer(visit.place.platform, visit.account, visit.lang)
        if viewer is None:
            return None
        if version:
            note = " ".join(text.split())[:500]
            if note.endswith(("?", "？")):
                return None
            return await self._decided(visit, "nn", version, note)
        if open_walk is None:
            return None
        value = walk.value_of(open_walk.asks, text)
        if not value:
            if text.strip().endswith(("?", "？")) or len(text) > 200:
                return None  # not an answer: a question of theirs
            return cards.asking(open_walk, visit.lang, again=True)
        return await self._filled(visit, open_walk, value)

    async def _enter(self, visit: Visit, words: str) -> Said:
        """Bind this account with a code. Wrong, expired and used up are one word."""
        lang, code = visit.lang, read_code(words)
        if not code or not visit.account or visit.place.platform == "console":
            return said(t("curate.code_refused", lang, minutes=_MINUTES))
        curator = Curator(
            name="", platform=visit.place.platform, account=visit.account,
            chat=visit.place.chat, office=visit.office, lang=lang, since=visit.at,
        )  # fmt: skip
        done = await self._store.enter_desk(code, curator, user=visit.user, now=visit.at)
        if done.verdict != "bound":
            key = "link.locked" if done.verdict == "locked" else "curate.code_refused"
            return said(t(key, lang, minutes=_MINUTES))
        return said(t("curate.bound", lang, name=done.name))

    async def _leave(self, visit: Visit) -> Said:
        await self._store.leave_desk(platform=visit.place.platform, account=visit.account)
        return said(t("curate.left", visit.lang))

    # --- presses -------------------------------------------------------------

    async def press(self, visit: Visit, action: str) -> Said:
        """Do what a button stands for, once; ``stale`` in the answer takes the buttons away."""
        verb, _, rest = action.partition(":")
        card, _, argument = rest.partition(":")
        viewer = await self.viewer(visit.place.platform, visit.account, visit.lang)
        if viewer is None:
            return refused(visit.lang)
        profile = walk.used(visit.profile, card)
        if profile is None:
            return said(t("curate.used", visit.lang))
        visit.profile = profile
        await self._store.save_profile(profile)
        return await self.do(visit, viewer, verb, argument)

    async def do(
        self, visit: Visit, viewer: Viewer, verb: str, argument: str, note: str = ""
    ) -> Said:
        """What a verb asks for; anything unknown shows how things stand."""
        if verb in {"ask", "skip", "drop", "put", "lic"}:
            return await self._on_walk(visit, verb, argument)
        draft = await self._shelf.look(lambda desk: desk.draft())
        if verb == "log":
            entries = await self._shelf.look(lambda desk: desk.log(10))
            return cards.log(entries, viewer, draft)
        if verb == "text" and not moved(verb, argument, draft):
            shown = draft.docs[:_READ]
            found = await self._shelf.look(lambda desk: [desk.document(doc) for doc in shown])
            return cards.text(found, viewer, draft)
        if verb == "no" and not note and not moved(verb, argument, draft):
            visit.profile = walk.noting(visit.profile, argument)
            await self._store.save_profile(visit.profile)
            buttons = cards.rows(visit.lang, [("nn", argument), ("home", "")])
            return said(t("curate.why_not", visit.lang), buttons)
        if verb == "no":
            verb = "nn"
        if verb not in _ERRANDS and verb != "text":
            return cards.home(draft, viewer)
        if moved(verb, argument, draft):
            return cards.home(draft, viewer, t("curate.outdated", visit.lang))
        return await self._decided(visit, verb, argument, note)

    async def _decided(self, visit: Visit, verb: str, argument: str, note: str) -> Said:
        if visit.profile.pending.get(walk.NOTE):
            visit.profile = walk.noting(visit.profile, "")
            await self._store.save_profile(visit.profile)
        errand = self._errand(visit, verb, {"argument": argument, "note": note})
        working = said(t(f"curate.working.{verb}", visit.lang))
        return replace(working, errands=(errand,))

    async def _on_walk(self, visit: Visit, verb: str, argument: str) -> Said:
        """A press on the card of a file."""
        id_, _, choice = argument.partition(".")
        open_walk = walk.of(visit.profile)
        if open_walk is None or open_walk.id != id_ or open_walk.step != "read":
            return said(t("curate.file_gone", visit.lang))
        if verb == "drop":
            await self._keep(visit, None)
            return said(t("curate.dropped", visit.lang, name=open_walk.upload.name))
        if verb == "put":
            await self._keep(visit, replace(open_walk, asks=""))
            errand = self._errand(visit, "put", {"walk": open_walk.id}, open_walk.upload)
            working = said(t("curate.working.put", visit.lang, name=open_walk.upload.name))
            return replace(working, errands=(errand,))
        if verb == "lic" and choice.isdecimal() and int(choice) < len(walk.LICENCES):
            return await self._filled(visit, open_walk, walk.LICENCES[int(choice)])
        if verb == "skip" and open_walk.asks:
            skipped = (*open_walk.skipped, open_walk.asks)
            return await self._asked(visit, replace(open_walk, skipped=skipped))
        return await self._asked(visit, replace(open_walk, skipped=()))

    async def _filled(self, visit: Visit, open_walk: walk.Walk, value: str) -> Said:
        given = {**open_walk.given, open_walk.asks: value}
        return await self._asked(visit, replace(open_walk, given=given))

    async def _asked(self, visit: Visit, open_walk: walk.Walk) -> Said:
        """The next question about a file, or its card when there is none."""
        open_walk = replace(open_walk, asks=open_walk.next or "")
        await self._keep(visit, open_walk)
        if open_walk.asks:
            return cards.asking(open_walk, visit.lang)
        return cards.read(open_walk, visit.lang)

    async def _keep(self, visit: Visit, open_walk: walk.Walk | None) -> None:
        visit.profile = walk.kept(visit.profile, open_walk)
        await self._store.save_profile(visit.profile)

    def _errand(
        self, visit: Visit, task: str, rest: dict[str, str], upload: Upload | None = None
    ) -> Errand:
        return Errand(
            name=f"kb:{task}:{new_id()}", task=task, user=visit.user, place=visit.place,
            account=visit.account, lang=visit.lang, office=visit.office, upload=upload,
            rest={k: v for k, v in rest.items() if v},
        )  # fmt: skip


def moved(verb: str, argument: str, draft: Draft) -> bool:
    """Whether a button is about another state than the present one."""
    if verb == "gaps":
        return False
    return argument != (draft.base if verb == "back" else draft.version)


def refused(lang: Lang) -> Said:
    """All that a stranger hears."""
    return said(t("curate.refused", lang))
