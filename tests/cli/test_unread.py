"""Pages that are left out of what is searched are told where their keeper sits: in the terminal."""

from __future__ import annotations

import io
import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from bot.adapters.console import Terminal, chat_pipe
from bot.app import PAGES, App, build
from bot.settings import load

WITHOUT_SOURCE = """---
id: steps
lang: en
title: Steps
---
## How many steps?

Ten thousand.
"""
QUESTIONS = ("成年人每天要睡多久？", "how much sleep do adults need?")

Opened = Callable[[], AbstractAsyncContextManager[App]]


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A knowledge base of one page in each language."""
    folder = tmp_path / "pages"
    for lang in ("en", "zh"):
        (folder / lang).mkdir(parents=True)
        shutil.copy(PAGES / lang / "sleep-adults.md", folder / lang)
    monkeypatch.setattr("bot.app.PAGES", folder)
    return folder


@pytest.fixture
def opened(pages: Path) -> Opened:
    """The application over these pages."""

    @asynccontextmanager
    async def over() -> AsyncGenerator[App, None]:
        settings = load({"SALUS_DATA_DIR": str(pages.parent / "data"), "SALUS_MODEL": "off"})
        async with build(settings) as app:
            yield app

    return over


async def test_a_page_that_cannot_be_read_is_told_beside_the_transcript(
    pages: Path, opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, once: whoever reads the answers from a pipe gets answers alone."""
    (pages / "en" / "steps.md").write_text(WITHOUT_SOURCE, encoding="utf-8")
    async with opened() as app:
        await chat_pipe(app, "local", io.StringIO("\n".join(QUESTIONS)))
    out, told = capsys.readouterr()
    assert told.count("Pages with faults are left out") == 1
    assert "steps.md" in told
    assert "salus kb check" in told
    assert "steps.md" not in out


async def test_with_every_page_in_its_place_nothing_is_told(
    opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing to say."""
    async with opened() as app:
        await chat_pipe(app, "local", io.StringIO(QUESTIONS[0]))
    assert "kb check" not in "".join(capsys.readouterr())


async def test_at_the_prompt_it_is_told_once_in_the_persons_language(
    pages: Path,
    opened: Opened,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Below the first answer, not in the middle of what is being typed."""
    (pages / "en" / "steps.md").write_text(WITHOUT_SOURCE, encoding="utf-8")
    typed = iter(QUESTIONS)

    def read(_prompt: str) -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", read)
    async with opened() as app:
        await Terminal(app, "local").run()
    said = capsys.readouterr().out
    assert said.count("salus kb check") == 1
    assert said.index("有问题的页面没有收进检索") < said.index("hours")
