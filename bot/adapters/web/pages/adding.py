"""Adding documents: files and addresses into the draft, with a verdict on each."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from bot.adapters.web.guard import MB, UPLOAD_BYTES
from bot.adapters.web.jobs import Job, Progress
from bot.adapters.web.visit import MOST_FILES, GoneError, Signed, Visit
from rag.importer import SUFFIXES, address_of
from rag.ingest.provenance import SIDECAR
from rag.ingest.values import Finding, Provenance
from rag.pages import is_url
from rag.types import Source
from rag.versions_intake import Intake, gather

router = APIRouter()
FIELDS = ("organisation", "title", "url", "date", "licence")
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one file or address; ``told`` are (sentence key, details, where, refused)."""

    name: str
    documents: int
    passages: int
    told: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """Whether nothing of it was taken."""
        return not self.documents


@router.get("/add")
async def add_page(visit: Signed) -> Response:
    """The form."""
    visit.need("edit")
    return _form(visit, dict.fromkeys((*FIELDS, "addresses"), ""), "")


@router.post("/add")
async def add(visit: Signed) -> Response:
    """Read what was sent, in a job; then its verdicts."""
    visit.need("edit")
    said = {name: visit.field(name) for name in FIELDS}
    said["addresses"] = visit.field("addresses", 10_000)
    files, addresses = visit.files("files"), said["addresses"].split()
    fault = _fault(said, addresses, files)
    if fault:
        return _form(visit, said, visit.say(fault))
    source = _source(said)
    folder = Path(tempfile.mkdtemp(prefix="salus-add-"))
    try:
        kept = await _kept(files, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    knowledge, who, hosts = await visit.knowledge(), visit.who, visit.site.settings.fetch_hosts
    wanted: list[Path | str] = [*(p for p in kept if not p.name.endswith(SIDECAR)), *addresses]

    def work(progress: Progress) -> tuple[Verdict, ...]:
        try:
            intake = gather(
                wanted, source=source, licence=said["licence"], hosts=hosts, progress=progress,
                defaults=Provenance(
                    organisation=said["organisation"], url=said["url"], licence=said["licence"],
                    published=said["date"],
                ),
            )  # fmt: skip
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        knowledge.desk().stage(intake, who=who)
        return verdicts(intake, wanted)

    job = Job(kind="read", who=who, after="")
    job.after = f"/add/result/{job.id}"
    if visit.site.jobs.busy:
        shutil.rmtree(folder, ignore_errors=True)
    return visit.start(job, work)


@router.get("/add/result/{name}")
async def result(visit: Signed, name: str) -> Response:
    """What became of each file and address."""
    job = visit.site.jobs.get(name)
    if job is None or job.kind != "read" or not isinstance(job.result, tuple):
        raise GoneError
    return visit.page("added.html", verdicts=job.result)


def verdicts(intake: Intake, wanted: Sequence[Path | str]) -> tuple[Verdict, ...]:
    """One per file and address, in the order they were given."""
    return tuple(_verdict(intake, item) for item in wanted)


def _verdict(intake: Intake, item: Path | str) -> Verdict:
    label = item.name if isinstance(item, Path) else address_of(item) or item
    records = [record for record in intake.records if record.path == label]
    docs = {record.doc for record in records}
    told = [f for f in intake.findings if f.where in docs]
    for finding in intake.findings:
        for start in (str(item), label):
            if finding.where == start or finding.where.startswith(f"{start}:"):
                rest = finding.where[len(start) :].strip(": ")
                told.append(
                    Finding(
                        where=rest, key=finding.key, message=finding.message,
                        details=finding.details, level=finding.level,
                    )
                )  # fmt: skip
                break
    return Verdict(
        name=label, documents=len(docs),
        passages=sum(len(r.chunks) for r in records), told=tuple(told),
    )  # fmt: skip


def _form(visit: Visit, said: dict[str, str], fault: str) -> Response:
    return visit.page(
        "add.html", 400 if fault else 200, said=said, fault=fault,
        hosts=visit.site.settings.fetch_hosts, suffixes=sorted(SUFFIXES),
        most_mb=UPLOAD_BYTES // MB, most_files=MOST_FILES,
    )  # fmt: skip


def _fault(said: dict[str, str], addresses: list[str], files: list[UploadFile]) -> str:
    """The key of what is wrong with the form, empty when nothing is."""
    if not files and not addresses:
        return "web.add.nothing"
    if any(not address_of(address) for address in addresses):
        return "web.add.no_address"
    if (said["title"] or said["url"] or said["date"]) and not said["organisation"]:
        return "web.add.no_organisation"
    if said["url"] and not is_url(said["url"]):
        return "web.add.bad_url"
    return "" if not said["date"] or _DATE.fullmatch(said["date"]) else "web.add.bad_date"


def _source(said: dict[str, str]) -> Source | None:
    if not said["organisation"]:
        return None
    return Source(
        organisation=said["organisation"], title=said["title"] or said["organisation"],
        url=said["url"], date=said["date"],
    )  # fmt: skip


async def _kept(files: Sequence[UploadFile], folder: Path) -> list[Path]:
    """The files in a folder of ours, under names that are only names."""
    kept: list[Path] = []
    for number, file in enumerate(files):
        name = safe_name(file.filename or "")
        place = folder if not (folder / name).exists() else folder / str(number)
        place.mkdir(exist_ok=True)
        path = place / name
        with path.open("wb") as out:
            while piece := await file.read(_PIECE):
                out.write(piece)
        kept.append(path)
    return kept


def safe_name(given: str) -> str:
    """The last part of a file's name without anything a file system or a reader trips over."""
    last = re.split(r"[/\\]", given)[-1]
    clean = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').strip(" .")
    stem, dot, suffix = clean.rpartition(".")
    return f"{stem[:100]}{dot}{suffix[:20]}" if stem else (clean[:100] or "file")
