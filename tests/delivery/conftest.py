"""A mailbox on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.letters import Mailbox
from bot.store.sql import SqlStore
from tests.delivery.parts import opened
from tests.store.conftest import postgres, postgres_url  # noqa: F401  # the real server


@pytest.fixture
async def sqlite(data: Path) -> AsyncIterator[tuple[SqlStore, Mailbox]]:
    """A store on SQLite and its mailbox."""
    async with opened(f"sqlite:///{data / 'salus.sqlite3'}", data) as pair:
        yield pair


@pytest.fixture(params=["sqlite", "postgresql"])
async def both(
    request: pytest.FixtureRequest, data: Path
) -> AsyncIterator[tuple[SqlStore, Mailbox]]:
    """A store and its mailbox, on each database."""
    url = f"sqlite:///{data / 'salus.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    async with opened(url, data) as pair:
        yield pair
