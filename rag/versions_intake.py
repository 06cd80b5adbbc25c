"""From paths to records: what an admin hands over, read once, complaints apart.

The formats are the importer's; this only gathers what it yields and fills in what the admin
said about all of it (source, licence).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.types import Lang, Source

if TYPE_CHECKING:
    from rag.documents import Record
    from rag.ingest.values import Finding


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
    findings: tuple[Finding, ...] = ()

    @property
    def chunks(self) -> int:
        """Chunks of all records."""
        return sum(len(record.chunks) for record in self.records)

    @property
    def unsourced(self) -> int:
        """Documents that name no source."""
        return len({record.doc for record in self.records if not record.sources})


def gather(
    paths: Iterable[Path | str],
    *,
    index_questions: bool = True,
    source: Source | None = None,
    licence: str = "",
    lang: Lang | None = None,
    hosts: tuple[str, ...] = (),
) -> Intake:
    """Read files, folders and addresses (of ``hosts`` alone).

    ``source`` and ``licence`` are for what names none itself; ``lang`` is believed.
    """
    from rag import importer

    options = importer.ImportOptions(
        index_questions=index_questions, source=source, lang=lang, hosts=hosts
    )
    found = importer.gather(paths, options)
    records = {
        record.rev: record
        for record in (replace(r, licence=r.licence or licence) for r in found.records)
    }
    return Intake(
        records=tuple(records.values()),
        problems=tuple(map(str, found.refused)),
        flagged=tuple(map(str, found.flagged)),
        repeated=len(found.repeated),
        findings=(*found.refused, *found.flagged),
    )


def is_address(path: Path | str) -> bool:
    """Whether a web address is meant rather than a file."""
    from rag.importer import address_of

    return bool(address_of(path))
