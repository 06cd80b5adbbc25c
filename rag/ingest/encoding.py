"""Bytes to text: UTF-8 first, then UTF-16 with its mark, GB 18030, Windows-1252.

Only plausible text is accepted: what is neither is refused rather than guessed into mojibake.
"""

from __future__ import annotations

import re

from rag.ingest.errors import EncodingError

_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
# Undefined in Windows-1252, or letters (þ, ÿ) that no text of ours holds.
_NOT_1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d\xfe\xff]")


def decode(data: bytes) -> tuple[str, str]:
    """The text and the name of its encoding; raises EncodingError."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _strict(data, "utf-16"), "utf-16"
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    if _BINARY.search(data):
        raise EncodingError
    runs = _HIGH_RUN.findall(data)
    high = sum(map(len, runs))
    # In GB text high bytes stand in pairs; in Western text one accented letter stands alone.
    paired = sum(len(run) for run in runs if len(run) % 2 == 0)
    if paired * 10 >= high * 8:
        try:
            return data.decode("gb18030"), "gb18030"
        except UnicodeDecodeError:
            pass
    if _NOT_1252.search(data) or high * 4 > len(data):
        raise EncodingError
    return _strict(data, "cp1252"), "cp1252"


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise EncodingError from error
