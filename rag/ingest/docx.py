"""DOCX documents: mammoth turns them into HTML, which goes the way of all HTML.

The archive is weighed before it is opened, and its XML parts may declare nothing.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from rag.ingest.clean import clean_line
from rag.ingest.dates import iso_date
from rag.ingest.errors import BombError, BrokenError, EncryptedError, UnsafeXmlError
from rag.ingest.html import parse_html
from rag.ingest.markup import sections_of_tree
from rag.ingest.values import MB, Document, Limits, Provenance, Section

_OLE = b"\xd0\xcf\x11\xe0"  # the container of password-protected and of old Word files
_PART = re.compile(r".*\.(?:xml|rels)", re.IGNORECASE)
_CORE = "docProps/core.xml"


def read_docx(data: bytes, limits: Limits) -> list[Document]:
    """The one document of the file; raises an IngestError."""
    if data.startswith(_OLE):
        raise EncryptedError
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _weigh(archive, limits)
            core = _checked_parts(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise BrokenError(kind="DOCX") from error
    except RuntimeError as error:  # an encrypted member
        raise EncryptedError from error
    sections = sections_of_tree(parse_html(_html(data), limits), limits.depth)
    title = core.get("title", "")
    if not title and sections and len(sections[0].path) == 1:
        title = sections[0].path[0]
    return [
        Document(
            title=title,
            sections=tuple(_below(title, sections)),
            lang=core.get("language", "")[:2].lower(),
            provenance=Provenance(published=iso_date(core.get("modified", ""))),
        )
    ]


def _weigh(archive: zipfile.ZipFile, limits: Limits) -> None:
    members = archive.infolist()
    if len(members) > limits.members:
        raise BombError
    if sum(member.file_size for member in members) > limits.unpacked_bytes:
        raise BombError
    for member in members:
        ratio = member.file_size / max(1, member.compress_size)
        if member.file_size > MB and ratio > limits.unpack_ratio:
            raise BombError


def _checked_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Parse every XML part with all declarations refused; returns the core properties."""
    from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
    from defusedxml.ElementTree import ParseError, fromstring  # type: ignore[import-untyped]

    core: dict[str, str] = {}
    names = [n for n in archive.namelist() if _PART.fullmatch(n)]
    if "word/document.xml" not in names:
        raise BrokenError(kind="DOCX")
    for name in names:
        try:
            root = fromstring(archive.read(name), forbid_dtd=True)
        except DefusedXmlException as error:
            raise UnsafeXmlError from error
        except (ParseError, ValueError, LookupError) as error:
            raise BrokenError(kind="DOCX") from error
        if name == _CORE:
            core = {e.tag.rpartition("}")[2]: clean_line(e.text or "") for e in root}
    return core


def _html(data: bytes) -> str:
    import mammoth  # type: ignore[import-untyped]

    def no_picture(_image: object) -> Mapping[str, str]:
        return {}

    drop_pictures: Any = mammoth.images.img_element(no_picture)
    result = mammoth.convert_to_html(
        io.BytesIO(data), convert_image=drop_pictures, external_file_access=False
    )
    return str(result.value) or "<p></p>"


def _below(title: str, sections: list[Section]) -> list[Section]:
    return [
        Section(path=s.path[1:], text=s.text) if s.path[:1] == (title,) else s for s in sections
    ]
