"""A progress bar on standard error, drawn only when something takes long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from bot.i18n import t


@contextmanager
def bar() -> Generator[Callable[[int, int], None], None, None]:
    """A function (done, total) that draws a bar; plain lines when nobody is watching."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    progress = Progress(
        *columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True
    )
    task = progress.add_task(t("console.indexing", "en"), total=None, start=False)

    def draw(done: int, total: int) -> None:
        if not progress.live.is_started:
            progress.start()
            progress.start_task(task)
        progress.update(task, completed=done, total=total)
        if done >= total:
            progress.stop()

    try:
        yield draw
    finally:
        progress.stop()


def _lines() -> Callable[[int, int], None]:
    begun = False

    def tell(_done: int, total: int) -> None:
        nonlocal begun
        if not begun:
            begun = True
            print(f"salus: {t('console.indexing', 'en')}: {total} passages", file=sys.stderr)

    return tell
