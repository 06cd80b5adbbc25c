"""Who is in what: pseudonyms that hold for one data set only, and what follows from an erasure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.tuning.rated import Rated, Review
from bot.tuning.registry import Adapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A data set that was built. ``folders``: every place where its files were written."""

    name: str
    kind: str
    sha256: str
    folders: tuple[str, ...]
    created_at: datetime
    stale_at: datetime | None = None  # somebody in it was erased


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraining:
    """An adapter that has to be made anew without somebody's rows."""

    adapter: str
    dataset: str
    asked_at: datetime


class Lessons(Protocol):
    """Where lessons come from and where it is kept who is in what. Raises a StoreError."""

    async def rated(self, *, since: datetime | None = None) -> list[Rated]: ...
    async def review(self, lesson: str, decided: Review, at: datetime) -> None: ...
    async def keep(self, kept: Kept, *, key: str, rows: Mapping[str, str]) -> None: ...
    async def kept(self) -> list[Kept]: ...  # oldest first
    async def copied(self, name: str, folder: str) -> None: ...
    async def rows_to_sweep(self) -> dict[str, list[str]]: ...
    async def swept(self, name: str, rows: Sequence[str], sha256: str) -> None: ...
    async def due(self) -> list[Retraining]: ...  # oldest first
    async def retrained(self, adapter: str) -> bool: ...


def pseudonym(key: str, kind: str, value: str) -> str:
    """24 hexadecimal digits for ``value``; with another data set's ``key``, others."""
    return hmac.new(key.encode(), f"{kind}\0{value}".encode(), hashlib.sha256).hexdigest()[:24]


def touched(adapters: Sequence[Adapter], datasets: Collection[str]) -> list[str]:
    """Every adapter made from one of these data sets, or on top of one that was; oldest first."""
    found: set[str] = set()
    while True:
        more = {
            one.name
            for one in adapters
            if one.lineage.dataset in datasets or found & set(one.lineage.parents)
        }
        if more <= found:
            return [one.name for one in adapters if one.name in found]
        found |= more
