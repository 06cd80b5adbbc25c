"""Makes small PDF and DOCX files for tests, honest and harmful ones, from nothing."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from xml.sax.saxutils import escape

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
    'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>'
)
RELS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/'
    '2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)
STYLES = f'<?xml version="1.0"?><w:styles xmlns:w="{W}">' + "".join(
    f'<w:style w:type="paragraph" w:styleId="Heading{i}"><w:name w:val="heading {i}"/></w:style>'
    for i in (1, 2, 3)
) + "</w:styles>"  # fmt: skip
CORE = (
    '<?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/'
    '2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms='
    '"http://purl.org/dc/terms/"><dc:title>{title}</dc:title>'
    "<dcterms:modified>2025-04-01T10:00:00Z</dcterms:modified></cp:coreProperties>"
)


def paragraph(text: str, style: str = "") -> str:
    """One Word paragraph."""
    shape = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{shape}<w:r><w:t xml:space='preserve'>{escape(text)}</w:t></w:r></w:p>"


def table(rows: Sequence[Sequence[str]]) -> str:
    """One Word table."""
    cells = ("".join(f"<w:tc>{paragraph(c)}</w:tc>" for c in row) for row in rows)
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def docx(
    body: str, *, title: str = "", document: str = "", extra: dict[str, bytes] | None = None
) -> bytes:
    """A Word file; ``document`` replaces its main part whole."""
    main = document or (
        f'<?xml version="1.0"?><w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", RELS)
        archive.writestr("word/document.xml", main)
        archive.writestr("word/styles.xml", STYLES)
        if title:
            archive.writestr("docProps/core.xml", CORE.format(title=escape(title)))
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return out.getvalue()


def pdf(
    pages: Sequence[Sequence[str]],
    *,
    outline: Sequence[tuple[str, int, int]] = (),
    password: str | None = None,
    title: str = "",
) -> bytes:
    """A PDF of text lines; ``outline`` holds (heading, level from 1, page from 0)."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(PdfReader(io.BytesIO(raw_pdf([_shown(lines) for lines in pages]))))
    parents: dict[int, object] = {}
    for heading, level, page in outline:
        parents[level] = writer.add_outline_item(
            title=heading, page_number=page, parent=parents.get(level - 1)
        )
    writer.add_metadata({"/Title": title, "/ModDate": "D:20240506120000Z"})
    if password is not None:
        writer.encrypt(password, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _shown(lines: Sequence[str]) -> bytes:
    shown = []
    for i, line in enumerate(lines):
        text = line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        place = 760 - 18 * i
        shown.append(f"BT /F1 12 Tf 1 0 0 1 60 {place} Tm ({text}) Tj ET".encode("latin-1"))
    return b"\n".join(shown)


def raw_pdf(streams: Sequence[bytes], *, filters: str = "/FlateDecode", rounds: int = 1) -> bytes:
    """A PDF written byte by byte, its content streams packed ``rounds`` times."""
    count = len(streams)
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for i, stream in enumerate(streams):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * i} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        packed = stream
        for _ in range(rounds):
            packed = zlib.compress(packed, 9)
        head = f"<< /Length {len(packed)} /Filter [{' '.join([filters] * rounds)}] >>".encode()
        objects.append(head + b"\nstream\n" + packed + b"\nendstream")
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF".encode()
    return bytes(out)
