"""A person's own copy as a file that the platform takes."""

from __future__ import annotations

import io
import zipfile

__all__ = ["NAME", "packed"]

NAME = "salus-export"
_PLAIN = 2**20  # bytes; a longer copy is no reading matter, and base64 of it fills the outbox
_MADE = (1980, 1, 1, 0, 0, 0)  # the earliest a ZIP can say: the same copy is the same file


def packed(text: str, *, most: int) -> tuple[str, bytes] | None:
    """(file name, bytes): JSON as it is, or in a ZIP where it is long.

    ``most``: bytes the platform takes. None when the ZIP is longer than that too.
    """
    data = text.encode()
    if len(data) <= min(_PLAIN, most):
        return f"{NAME}.json", data
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        inside = zipfile.ZipInfo(f"{NAME}.json", _MADE)
        inside.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(inside, data)
    return (f"{NAME}.zip", kept.getvalue()) if kept.tell() <= most else None
