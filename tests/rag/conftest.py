"""Fixtures: the tiny pages, the counting embedder, and knowledge bases that get closed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.library import Knowledge
from rag.vectors import ExactBackend
from tests.rag.support import PAGES, HashEmbedder, Open, write_page


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """The folder of the tiny knowledge base."""
    folder = tmp_path / "pages"
    for name in PAGES:
        write_page(folder, name)
    return folder


@pytest.fixture
def embedder() -> HashEmbedder:
    """The deterministic embedder; counts what it embeds."""
    return HashEmbedder()


@pytest.fixture
def open_knowledge(tmp_path: Path, embedder: HashEmbedder) -> Iterator[Open]:
    """Opens knowledge bases on the exact backend and closes them all."""
    opened: list[Knowledge] = []

    def opener(pages_dir: Path | None = None, **changes: object) -> Knowledge:
        options: dict[str, object] = {"embedder": embedder, "backend": ExactBackend()}
        data_dir = changes.pop("data_dir", tmp_path / "kb")
        knowledge = Knowledge.open(data_dir, pages_dir=pages_dir, **(options | changes))
        opened.append(knowledge)
        return knowledge

    yield opener
    for knowledge in opened:
        knowledge.close()
