"""Reads what people add to their knowledge base: files, folders, web addresses.

``gather`` is the whole way, from paths to records with everything to be told about them.
What cannot be used is told by name and reason, and the rest goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from rag.documents import Record
from rag.ingest.address import HOSTS_SETTING
from rag.ingest.duplicates import Duplicate, duplicates
from rag.ingest.encoding import decode
from rag.ingest.errors import (
    EmptyError,
    HostNotAllowedError,
    IngestError,
    MetadataError,
    MissingFileError,
)
from rag.ingest.fetch import FetchPolicy, fetch
from rag.ingest.guard import Guard
from rag.ingest.provenance import SIDECAR, Metadata, filled, read_yaml, sidecar_of, told
from rag.ingest.readers import KINDS, STREAMED, SUFFIXES, Blob, content, kind_of, read_blob
from rag.ingest.records import ImportOptions, record_of_document
from rag.ingest.values import Document, Finding, Provenance, refusal
from rag.pages import read_page, record_of, split_front_matter
from rag.types import PageError

__all__ = [
    "SUFFIXES",
    "Gathered",
    "ImportOptions",
    "address_of",
    "gather",
    "origins_of",
    "read_any",
    "repeated",
]

Progress = Callable[[int, int], None]
# A Path made of an address has lost one of its slashes.
_ADDRESS = re.compile(r"(https?):/+(?=[^/])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One thing to read: a file under the name it is told by, or a web address."""

    name: str
    label: str  # name inside what was added; with the document id it says what replaces what
    path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Everything that paths held.

    ``refused`` was left out, ``flagged`` was taken and deserves a look, ``repeated`` are pairs
    of records of which the first says what the second says (1.0: word for word); all were
    taken. Records without repetitions of the very same revision.
    """

    records: tuple[Record, ...]
    refused: tuple[Finding, ...] = ()
    flagged: tuple[Finding, ...] = ()
    repeated: tuple[tuple[Record, Record, float], ...] = ()
    origins: int = 0


def gather(
    paths: Iterable[Path | str],
    options: ImportOptions | None = None,
    *,
    progress: Progress | None = None,
    policy: FetchPolicy | None = None,
) -> Gathered:
    """Read files, folders, addresses and lists of addresses; never raises for what they hold.

    ``progress`` is called with (read, to read). ``policy``: how to fetch; its hosts are
    those of the options.
    """
    options = options or ImportOptions()
    found: list[Record | Finding] = []
    origins: list[Origin] = []
    for origin in origins_of(paths):
        origins.append(origin) if isinstance(origin, Origin) else found.append(origin)
    with Guard(options.limits) as guard:
        for done, origin in enumerate(origins, 1):
            found += read_any(origin, options, guard=guard, policy=policy)
            if progress is not None:
                progress(done, len(origins))
    unique = {r.rev: r for r in found if isinstance(r, Record)}
    records = tuple(unique.values())
    findings = [f for f in found if isinstance(f, Finding)]
    return Gathered(
        records=records,
        refused=tuple(f for f in findings if f.level == "refused"),
        flagged=tuple(f for f in findings if f.level == "flagged"),
        repeated=tuple((records[d.doc], records[d.of], d.share) for d in repeated(records)),
        origins=len(origins),
    )


def repeated(records: Sequence[Record]) -> list[Duplicate]:
    """Records that say what an earlier one says, word for word or nearly."""
    return duplicates(["\n".join(chunk.text for chunk in record.chunks) for record in records])


def origins_of(paths: Iterable[Path | str]) -> Iterator[Origin | Finding]:
    """What to read, folders walked in order, hidden files and side-cars left out."""
    for given in paths:
        address = address_of(given)
        if address:
            yield Origin(name=address, label=address)
            continue
        path = Path(given)
        try:
            if path.is_dir():
                yield from _below(path)
                continue
            if not path.exists():
                raise MissingFileError
            kind_of(path.suffix)
        except IngestError as error:
            yield refusal(str(path), error)
        except (OSError, ValueError):  # a name no file can have
            yield refusal(str(path), MissingFileError())
        else:
            yield Origin(name=str(path), label=path.name, path=path)


def address_of(path: Path | str) -> str:
    """The web address that a path is meant as; empty when it is none."""
    text = str(path)
    return _ADDRESS.sub(r"\1://", text, count=1) if _ADDRESS.match(text) else ""


def read_any(
    origin: Origin | Path,
    options: ImportOptions,
    *,
    guard: Guard | None = None,
    policy: FetchPolicy | None = None,
) -> Iterator[Record | Finding]:
    """The records of one file or address, and a finding for everything that is to be told."""
    if isinstance(origin, Path):
        address = address_of(origin)
        origin = (
            Origin(name=address, label=address)
            if address
            else Origin(name=str(origin), label=origin.name, path=origin)
        )
    if guard is None:
        with Guard(options.limits) as own:
            yield from read_any(origin, options, guard=own, policy=policy)
        return
    try:
        yield from _read(origin, options, guard, policy or FetchPolicy())
    except IngestError as error:
        yield refusal(origin.name, error)


def _below(folder: Path) -> Iterator[Origin]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if any(part.startswith(".") for part in inside.parts) or path.name.endswith(SIDECAR):
            continue
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink():
            yield Origin(name=str(path), label=inside.as_posix(), path=path)


def _read(
    origin: Origin, options: ImportOptions, guard: Guard, policy: FetchPolicy
) -> Iterator[Record | Finding]:
    if origin.path is None:
        yield from _address(origin, options, guard, policy)
        return
    blob = Blob(name=origin.name, kind=kind_of(origin.path.suffix), path=origin.path)
    if blob.kind == "urls":
        yield from _addresses(blob, options, guard, policy)
        return
    if blob.kind == "markdown" and _is_page(blob):
        yield from _page(origin.path, origin.label)
        return
    said = Metadata()
    try:
        said = sidecar_of(origin.path) or said
    except MetadataError as error:
        yield refusal(f"{origin.name}{SIDECAR}", error)
    # Of many documents in one file each knows itself best; of a single one the side-car does.
    first = blob.kind not in STREAMED
    yield from _documents(
        blob, origin.label, lambda document: told(document, said, first=first), options, guard
    )


def _documents(
    blob: Blob,
    label: str,
    amend: Callable[[Document], Document],
    options: ImportOptions,
    guard: Guard,
) -> Iterator[Record | Finding]:
    """The records of one file's documents; one that cannot be used does not stop the others."""
    many = blob.kind in STREAMED
    for document in read_blob(blob, guard, options.limits):
        if isinstance(document, Finding):
            yield document
            continue
        try:
            yield from record_of_document(amend(document), label, options, row=many)
        except IngestError as error:
            yield refusal(f"{blob.name}: {document.id}" if many else blob.name, error)


def _is_page(blob: Blob) -> bool:
    """Whether it is a page in our own format, which has its own checks."""
    try:
        front, _ = split_front_matter(decode(content(blob))[0])
        return front is not None and "clinician_review" in read_yaml(front)
    except IngestError:
        return False  # the Markdown reader tells what is wrong


def _page(path: Path, label: str) -> Iterator[Record | Finding]:
    try:
        yield replace(record_of(read_page(path), path=label), origin="added")
    except PageError as error:
        for line in str(error).splitlines():
            fault = line.removeprefix(f"{path}: ")
            yield Finding(
                where=str(path), key="ingest.page", message=fault, details={"fault": fault}
            )


def _addresses(
    blob: Blob, options: ImportOptions, guard: Guard, policy: FetchPolicy
) -> Iterator[Record | Finding]:
    """Every address of a list, one per line; # begins a remark."""
    lines = [line.partition(" #")[0].strip() for line in decode(content(blob))[0].splitlines()]
    addresses = [line for line in lines if line and not line.startswith("#")]
    if not addresses:
        raise EmptyError
    for address in dict.fromkeys(addresses):
        yield from read_any(
            Origin(name=address, label=address), options, guard=guard, policy=policy
        )


def _address(
    origin: Origin, options: ImportOptions, guard: Guard, policy: FetchPolicy
) -> Iterator[Record | Finding]:
    """What lies at a web address; the document is known by the address without its scheme."""
    if not options.hosts:
        raise HostNotAllowedError(host=urlsplit(origin.name).hostname or "", setting=HOSTS_SETTING)
    limit = options.limits.file_bytes
    got = fetch(origin.name, replace(policy, hosts=options.hosts, max_bytes=limit))
    blob = Blob(name=origin.name, kind=KINDS[got.suffix], data=got.data)
    short = origin.name.partition("://")[2].strip("/")

    def amend(document: Document) -> Document:
        """The address it was fetched from is its own, the host stands in for a publisher."""
        known = filled(Provenance(url=got.url), document.provenance)
        known = filled(known, Provenance(organisation=got.host))
        return replace(document, id=document.id or short, provenance=known)

    yield from _documents(blob, origin.label, amend, options, guard)
