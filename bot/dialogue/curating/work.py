"""The longer tasks: read a file, put it into the draft, compare, decide, publish, roll back.

Each may be run again after a crash and then finds done what was done: what is looked at is
named by version, and the desk does the same step once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

from bot.dialogue.curating import cards, walk
from bot.dialogue.curating.cards import Viewer, said
from bot.dialogue.curating.room import Room, refused
from bot.dialogue.turns import Said
from bot.errors import SalusError
from bot.i18n import t, texts
from bot.model import Curator, Errand, Lang, Place, Upload
from bot.ports import Shelf, Store
from rag.types import KnowledgeError

if TYPE_CHECKING:
    from rag.versions import Desk
    from rag.versions_intake import Intake
    from rag.versions_model import Draft, LogEntry, Right, Verdict

T = TypeVar("T")
Fetch = Callable[[Upload], Awaitable[bytes]]
_LOOK_S = 0.5


class StoppedError(KnowledgeError):
    """We are asked to stop; the task is taken up again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What an adapter lends to a task.

    ``fetch`` brings a file's bytes and raises a SalusError; ``hold`` makes the person's other
    messages wait from there until what is changed is stored.
    """

    fetch: Fetch
    hold: Callable[[], Awaitable[None]]


@dataclass
class Meter:
    """How far a task is; called from its thread."""

    stopped: bool = False
    done: int = 0
    total: int = 0

    def __call__(self, done: int, total: int) -> None:
        """Note it. Raises StoppedError when nobody waits for the task any more."""
        if self.stopped:
            raise StoppedError
        self.done, self.total = done, total


@dataclass
class Box:
    """Where a watched task leaves what it found."""

    found: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One errand with who asked for it."""

    errand: Errand
    viewer: Viewer
    ways: Ways
    lang: Lang

    @property
    def argument(self) -> str:
        """What the button was about."""
        return self.errand.rest.get("argument", "")


@dataclass
class Worker:
    """Runs errands; see the module."""

    store: Store
    shelf: Shelf
    room: Room
    steps: dict[str, Callable[[Job], AsyncGenerator[Said, None]]] = field(init=False)

    def __post_init__(self) -> None:
        """Every task by its name."""
        self.steps = {
            "read": self._read, "put": self._put, "diff": self._diff, "sub": self._submit,
            "ok": self._verdict, "nn": self._verdict, "pub": self._publish,
            "force": self._publish, "back": self._back, "out": self._out, "gaps": self._gaps,
            "notice": self._notice,
        }  # fmt: skip

    async def run(self, errand: Errand, ways: Ways) -> AsyncGenerator[Said, None]:
        """Snapshots, then the card that stays. Raises only what is worth another try."""
        lang = errand.lang
        viewer = await self.room.viewer(errand.place.platform, errand.account, lang)
        if viewer is None or errand.task not in self.steps:
            yield refused(lang)
            return
        job = Job(errand=errand, viewer=viewer, ways=ways, lang=lang)
        steps = self.steps[errand.task](job)
        try:
            async for one in steps:
                yield one
        except (KnowledgeError, SalusError) as error:
            yield await self._failed(job, error)
        finally:
            await steps.aclose()

    async def _failed(self, job: Job, error: KnowledgeError | SalusError) -> Said:
        """In plain words, with a way on where there is one."""
        details = getattr(error, "details", {})
        key = _CHAT_WORDS.get(error.key, error.key)
        try:
            text = t(key, job.lang, **details)
        except KeyError:
            text = texts(job.lang)["error.unexpected"]
        draft = await self._draft()
        if error.key == "kb.refused.canary" and "force" in job.viewer.rights:
            buttons = cards.rows(job.lang, [("force", draft.version), ("home", "")])
            return said(text, buttons)
        again = [(job.errand.task, job.argument)] if job.argument and _worth(error) else []
        return said(text, cards.rows(job.lang, [*again, ("home", "")]))

    # --- a file --------------------------------------------------------------

    async def _read(self, job: Job) -> AsyncGenerator[Said, None]:
        box = Box()
        async for one in self._intake(job, box, {}):
            yield one
        await job.ways.hold()
        profile = await self.store.profile(job.errand.user)
        open_walk = walk.of(profile)
        if open_walk is None or open_walk.id != job.errand.rest["walk"]:
            yield said(t("curate.file_gone", job.lang))
            return
        done = walk.read(open_walk, box.found)
        await self.store.save_profile(walk.kept(profile, done if done.documents else None))
        yield cards.read(done, job.lang)

    async def _put(self, job: Job) -> AsyncGenerator[Said, None]:
        """Stage exactly what was shown; what has changed since is shown anew instead."""
        profile = await self.store.profile(job.errand.user)
        open_walk = walk.of(profile)
        if open_walk is None or open_walk.id != job.errand.rest["walk"]:
            yield said(t("curate.file_gone", job.lang))
            return
        box = Box()
        async for one in self._intake(job, box, dict(open_walk.given)):
            yield one
        intake: Intake = box.found
        if intake.digest != open_walk.digest:
            await job.ways.hold()
            profile = await self.store.profile(job.errand.user)
            fresh = walk.read(replace(open_walk, given={}, skipped=()), intake)
            await self.store.save_profile(walk.kept(profile, fresh))
            yield cards.read(fresh, job.lang, t("curate.file_changed", job.lang))
            return
        who = job.viewer.name
        async for one in self._watched(job, "put", lambda d, _: d.stage(intake, who=who), box):
            yield one
        await job.ways.hold()
        profile = await self.store.profile(job.errand.user)
        still = walk.of(profile)
        if still is not None and still.id == open_walk.id:
            await self.store.save_profile(walk.kept(profile, None))
        heading = t("curate.staged", job.lang, name=open_walk.upload.name)
        yield cards.home(box.found, job.viewer, heading)

    async def _intake(
        self, job: Job, box: Box, given: dict[str, str]
    ) -> AsyncGenerator[Said, None]:
        """Read what was handed over, in the guarded readers; the Intake is in the box."""
        upload = job.errand.upload
        if upload is None:
            raise SalusError("nothing to read")
        address = walk.address_in(upload.name) if not upload.ref else ""
        data = b"" if address else await job.ways.fetch(upload)

        def work(desk: Desk, meter: Meter) -> Intake:  # noqa: ARG001  # one shape for all
            from rag.ingest.values import Provenance
            from rag.versions_intake import gather

            told = {("published" if k == "date" else k): v for k, v in given.items()}
            defaults = Provenance(**told)
            hosts = self.shelf.hosts
            if address:
                return gather([address], hosts=hosts, defaults=defaults)
            with TemporaryDirectory(prefix="salus-") as folder:
                path = Path(folder) / _file_name(upload.name)
                path.write_bytes(data)
                return _without(folder, gather([path], hosts=hosts, defaults=defaults))

        async for one in self._watched(job, "read", work, box):
            yield one

    # --- the draft -----------------------------------------------------------

    async def _diff(self, job: Job) -> AsyncGenerator[Said, None]:
        box = Box()
        async for one in self._watched(job, "diff", lambda d, meter: d.diff(meter), box):
            yield one
        yield cards.diff(box.found, job.viewer, await self._draft())

    async def _submit(self, job: Job) -> AsyncGenerator[Said, None]:
        box, who = Box(), job.viewer.name
        version = job.argument
        async for one in self._watched(
            job, "sub", lambda d, _: d.submit(who=who, expect=version), box
        ):
            yield one
        draft: Draft = box.found
        reviewers = await self._others("review", {who, draft.editor})
        told = self._notices(job, reviewers, "submitted", version)
        names = t("metrics.comma", job.lang).join(sorted({c.name for c in reviewers}))
        key = "curate.submitted" if told else "curate.submitted_nobody"
        heading = t(key, job.lang, names=names)
        yield replace(cards.home(draft, job.viewer, heading), errands=told)

    async def _verdict(self, job: Job) -> AsyncGenerator[Said, None]:
        verdict: Verdict = "approve" if job.errand.task == "ok" else "reject"
        box, who, note = Box(), job.viewer.name, job.errand.rest.get("note", "")
        version = job.argument

        def work(desk: Desk, _: Meter) -> Draft:
            return desk.review(verdict, who=who, note=note, expect=version)

        async for one in self._watched(job, job.errand.task, work, box):
            yield one
        draft: Draft = box.found
        what = "approved" if verdict == "approve" else "rejected"
        told = self._notices(job, await self._named(draft.editor), what, version)
        heading = t(f"curate.you_{what}", job.lang, version=version, editor=draft.editor)
        yield replace(cards.home(draft, job.viewer, heading), errands=told)

    async def _publish(self, job: Job) -> AsyncGenerator[Said, None]:
        who, version, box = job.viewer.name, job.argument, Box()
        force = job.errand.task == "force"
        editor = (await self._draft()).editor

        def work(desk: Desk, meter: Meter) -> object:
            desk.publish(who=who, force=force, expect=version, progress=meter)
            return desk.entry("publish", version)

        async for one in self._watched(job, "pub", work, box):
            yield one
        told = self._notices(job, await self._named(editor, but=who), "published", version)
        heading = _published(job.lang, box.found, version)
        card = cards.home(await self._draft(), job.viewer, heading, switched=True)
        yield replace(card, errands=told)

    async def _back(self, job: Job) -> AsyncGenerator[Said, None]:
        who, active, box = job.viewer.name, job.argument, Box()

        def work(desk: Desk, _: Meter) -> object:
            return desk.rollback(who=who, expect=active)

        async for one in self._watched(job, "back", work, box):
            yield one
        heading = t("curate.rolled_back", job.lang, version=box.found.version, before=active)
        yield cards.home(await self._draft(), job.viewer, heading, switched=True)

    async def _out(self, job: Job) -> AsyncGenerator[Said, None]:
        box, who, version = Box(), job.viewer.name, job.argument
        async for one in self._watched(
            job, "out", lambda d, _: d.discard(who=who, expect=version), box
        ):
            yield one
        yield cards.home(box.found, job.viewer, t("curate.discarded", job.lang))

    async def _gaps(self, job: Job) -> AsyncGenerator[Said, None]:
        found = await self.shelf.gaps()
        yield cards.gaps(found, job.viewer, await self._draft())

    # --- telling others ------------------------------------------------------

    async def _notice(self, job: Job) -> AsyncGenerator[Said, None]:
        """Something another admin did, in this one's own private chat."""
        rest, draft = job.errand.rest, await self._draft()
        heading = t(f"curate.notice.{rest['what']}", job.lang, by=rest["by"],
                    version=rest["version"])  # fmt: skip
        if rest["what"] != "published" and draft.version != rest["version"]:
            heading += "\n\n" + t("curate.outdated", job.lang)
        yield cards.home(draft, job.viewer, heading)

    async def _others(self, right: Right, but: set[str]) -> list[Curator]:
        """The accounts of those who have a right, but for some."""
        found = []
        for curator in await self.store.curators():
            viewer = await self.room.viewer(curator.platform, curator.account, curator.lang)
            if viewer is not None and right in viewer.rights and viewer.name not in but:
                found.append(curator)
        return found

    async def _named(self, name: str, but: str = "") -> list[Curator]:
        if not name or name == but:
            return []
        return [c for c in await self._others("edit", set()) if c.name == name]

    def _notices(
        self, job: Job, people: list[Curator], what: str, version: str
    ) -> tuple[Errand, ...]:
        """One errand for each account, named so that it is told once."""
        rest = {"what": what, "version": version, "by": job.viewer.name}
        return tuple(
            Errand(
                name=f"kb:{what}:{version}:{job.viewer.name}:{c.platform}:{c.account}",
                task="notice", user=job.errand.user, account=c.account, lang=c.lang,
                place=Place(platform=c.platform, chat=c.chat, private=True), office=c.office,
                rest=rest,
            )
            for c in people
        )  # fmt: skip

    # --- the inside ----------------------------------------------------------

    async def _draft(self) -> Draft:
        return await self.shelf.look(lambda desk: desk.draft())

    async def _watched(
        self, job: Job, key: str, work: Callable[[Desk, Meter], object], box: Box
    ) -> AsyncGenerator[Said, None]:
        """Do it in a thread, with a snapshot whenever it is further; the box holds the result."""
        meter, shown = Meter(), (0, 0)
        task = await self.shelf.begin(lambda desk: work(desk, meter))
        try:
            while not (await asyncio.wait({task}, timeout=_LOOK_S))[0]:
                now = (meter.done, meter.total)
                if now != shown and meter.total:
                    shown = now
                    text = t("curate.progress", job.lang, what=t(f"curate.doing.{key}", job.lang),
                             done=meter.done, total=meter.total)  # fmt: skip
                    yield replace(said(text), final=False)
            box.found = task.result()
        finally:
            meter.stopped = True
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


_CANARY = ("found", "questions", "before_found", "before")
_CHAT_WORDS = {
    "kb.refused.approval": "curate.refused.approval",
    "kb.refused.canary": "curate.refused.canary",
    "kb.unknown.earlier": "curate.refused.earlier",
}


def _worth(error: KnowledgeError | SalusError) -> bool:
    """Whether the same may work a moment later."""
    return error.key in {"error.knowledge_store", "error.knowledge", "error.store_locked"}


def _file_name(name: str) -> str:
    """The last part of a name, harmless as a file's."""
    plain = name.replace("\\", "/").rpartition("/")[2].strip().lstrip(".") or "file"
    return "".join(c if c.isprintable() else "_" for c in plain)[-120:]


def _without(folder: str, intake: Intake) -> Intake:
    """The findings without the place where the file lay for a moment."""
    findings = tuple(replace(f, where=f.where.replace(f"{folder}/", "")) for f in intake.findings)
    return replace(intake, findings=findings)


def _published(lang: Lang, entry: LogEntry | None, version: str) -> str:
    if entry is None:
        return t("curate.published_already", lang, version=version)
    detail = entry.detail
    text = t("curate.published", lang, version=version, before=entry.before or "–",
             added=detail["added"], changed=detail["changed"], removed=detail["removed"],
             documents=detail["documents"])  # fmt: skip
    asked = detail.get("canary")
    if isinstance(asked, dict) and asked["questions"]:
        text += "\n" + t("curate.canary", lang, **{k: asked[k] for k in _CANARY})
    return text
