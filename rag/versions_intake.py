"""From paths to records: what an admin hands over, read once, complaints apart.

The formats are the importer's; this only gathers what it yields and fills in what the admin
said about all of it (source, licence).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents import digest, version_of
from rag.types import Lang, Source

if TYPE_CHECKING:
    from rag.documents import Record
    from rag.ingest.values import Finding, Provenance

Progress = Callable[[int, int], None]
GAPS = ("organisation", "url", "licence", "date")  # what a publish asks of every document


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Records without repetitions, and one line for everything to be told.

    ``problems`` were left out; ``flagged`` were taken and deserve a reviewer's look;
    ``repeated`` counts records that say (nearly) what an earlier one says. ``findings`` are the
    same problems and flags as values, for who tells them in another language than English.
    """

    records: tuple[Record, ...]
    problems: tuple[str, ...] = ()
    flagged: tuple[str, ...] = ()
    repeated: int = 0
    findings: tuple[Finding, ...] = ()  # the same, to be told in a person's language

    @property
    def documents(self) -> int:
        """How many documents the records are of."""
        return len({record.doc for record in self.records})

    @property
    def langs(self) -> dict[Lang, int]:
        """Documents by language, the most frequent first."""
        counts = Counter(lang for _, lang in {(r.doc, r.lang) for r in self.records})
        return dict(counts.most_common())

    @property
    def missing(self) -> dict[str, int]:
        """How many documents lack organisation, url, licence or date; only what is missing."""
        lacking: dict[str, set[str]] = {name: set() for name in GAPS}
        for record in self.records:
            for name in gaps_of(record):
                lacking[name].add(record.doc)
        return {name: len(docs) for name, docs in lacking.items() if docs}

    @property
    def digest(self) -> str:
        """The same for the same words: what was shown is what is staged, or it is said."""
        said = [digest(r.doc, *(c.text for c in r.chunks)) for r in self.records]
        return version_of(said, "")

    @property
    def chunks(self) -> int:
        """Chunks of all records."""
        return sum(len(record.chunks) for record in self.records)

    @property
    def unsourced(self) -> int:
        """Documents that name no source."""
        return len({record.doc for record in self.records if not record.sources})


def gather(  # noqa: PLR0913  # what an admin may say about everything read in one go
    paths: Iterable[Path | str],
    *,
    index_questions: bool = True,
    source: Source | None = None,
    licence: str = "",
    lang: Lang | None = None,
    hosts: tuple[str, ...] = (),
    defaults: Provenance | None = None,
    progress: Progress | None = None,
) -> Intake:
    """Read files, folders and addresses (of ``hosts`` alone).

    ``source`` and ``licence`` are for what names none itself; ``defaults`` fill single gaps of
    each document's provenance; ``lang`` is believed. ``progress``: (read, to read).
    """
    from rag import importer
    from rag.ingest.values import Provenance as Nothing

    options = importer.ImportOptions(
        index_questions=index_questions,
        source=source,
        lang=lang,
        hosts=hosts,
        defaults=defaults or Nothing(),
    )
    found = importer.gather(paths, options, progress=progress)
    records = {
        record.rev: record
        for record in (replace(r, licence=r.licence or licence) for r in found.records)
    }
    return Intake(
        records=tuple(records.values()),
        problems=tuple(map(str, found.refused)),
        flagged=tuple(map(str, found.flagged)),
        repeated=len(found.repeated),
        findings=(*found.refused, *found.flagged, *map(_repeated, found.repeated)),
    )


def gaps_of(record: Record) -> tuple[str, ...]:
    """What a record does not say about where it comes from; the rule of the database's rows."""
    has = {
        "organisation": any(s.organisation for s in record.sources),
        "url": bool(record.url) or any(s.url for s in record.sources),
        "licence": bool(record.licence),
        "date": bool(record.reviewed) or any(s.date for s in record.sources),
    }
    return tuple(name for name in GAPS if not has[name])


def _repeated(pair: tuple[Record, Record, float]) -> Finding:
    """A near-duplicate, as something to look at."""
    from rag.ingest.values import Finding

    one, other, share = pair
    percent = str(round(share * 100))
    return Finding(
        where=one.doc,
        key="ingest.flag.repeated",
        message=f"says what {other.doc} says ({percent} % the same)",
        details={"other": other.doc, "share": percent},
        level="flagged",
    )


def is_address(path: Path | str) -> bool:
    """Whether a web address is meant rather than a file."""
    from rag.importer import address_of

    return bool(address_of(path))
