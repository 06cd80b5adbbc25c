"""Shared fixtures: no network but loopback, no environment leaking in, data dir per test."""

from __future__ import annotations

import asyncio
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No SALUS_* or tracing variable of the machine reaches a test; data go to a temp folder."""
    for name in list(os.environ):
        if name.startswith(("SALUS_", "LANGSMITH_", "LANGCHAIN_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SALUS_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The measuring data beside the checkout; tests that need it skip with a word without it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("measuring data not beside this checkout")
    return SHARED_DATA


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as a first start leaves it, without a key: cheaper than migrating each time."""
    from bot.store.migrate import upgrade

    folder = tmp_path_factory.mktemp("template")
    url = f"sqlite:///{folder / 'salus.sqlite3'}"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(upgrade(url))).result()
    return folder


@pytest.fixture
def data(tmp_path: Path, template: Path) -> Path:
    """This test's own data folder, with a migrated database in it."""
    return Path(shutil.copytree(template, tmp_path / "salus"))


@pytest.fixture(scope="session")
def knowledge_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose index was built once, for all workers, from the real pages with the real
    embedders; each worker has its copy."""
    from bot.app import PAGES
    from rag.library import Knowledge

    folder = tmp_path_factory.mktemp("knowledge")
    if "PYTEST_XDIST_WORKER" not in os.environ:
        Knowledge.open(folder, pages_dir=PAGES).close()
        return folder
    shared = tmp_path_factory.getbasetemp().parent / "knowledge"
    knowledge = Knowledge.open(shared, pages_dir=PAGES)  # one builds, the others wait for its lock
    passing = shutil.ignore_patterns(".open-*", ".probe-*")
    with knowledge.upkeep.building():
        shutil.copytree(shared, folder, dirs_exist_ok=True, ignore=passing)
    knowledge.close()
    return folder
