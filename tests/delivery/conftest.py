"""A data folder with a migrated database, and a mailbox on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.store.letters import Mailbox
from bot.store.migrate import upgrade
from bot.store.sql import SqlStore
from tests.delivery.parts import opened
from tests.store.conftest import postgres, postgres_url  # noqa: F401  # the real server


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as a first start leaves it, without a key."""
    folder = tmp_path_factory.mktemp("template")
    url = f"sqlite:///{folder / 'salus.sqlite3'}"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(upgrade(url))).result()
    return folder


@pytest.fixture
def data(tmp_path: Path, template: Path) -> Path:
    """This test's own data folder."""
    return Path(shutil.copytree(template, tmp_path / "telegram"))


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
