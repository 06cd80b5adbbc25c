"""A data folder with a migrated database in it: cheaper than migrating for each test."""

from __future__ import annotations

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.store.migrate import upgrade
from tests.fakes.chat import TRIAGE


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
    return Path(shutil.copytree(template, tmp_path / "discord"))


class _Loaded:
    """The rules, read once for all tests instead of once for each adapter."""

    load = staticmethod(lambda: TRIAGE)


@pytest.fixture(autouse=True)
def rules_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading them takes most of a second."""
    monkeypatch.setattr("bot.adapters.discord.handler.Triage", _Loaded)
