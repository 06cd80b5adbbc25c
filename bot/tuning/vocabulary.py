"""The words that the knowledge writes with a small letter: none of them is a person's name."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_SMALL = re.compile(r"(?<![\w])[a-z][a-z'’-]+")


@cache
def small_words(pages: Path) -> frozenset[str]:
    """Every such word of the Markdown pages under ``pages``."""
    found: set[str] = set()
    for path in sorted(pages.rglob("*.md")):
        found.update(_SMALL.findall(path.read_text(encoding="utf-8")))
    return frozenset(found)
