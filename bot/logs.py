"""Logging with an allow-list: classes, keys, ids and timings, never what a person said."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

Record = Mapping[str, object]
_OURS = re.compile(r"[/\\](?:bot|rag)[/\\]")

ALLOWED = frozenset(
    "event level timestamp error where key turn path model knowledge_version platform ms count "
    "name state".split()
)


def configure(level: str) -> None:
    """Send records of ``level`` and above to standard error; libraries stay at warning."""
    import structlog

    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def logger() -> FilteringBoundLogger:
    """A bound logger; anything outside the allow-list is dropped from its records."""
    import structlog

    bound: FilteringBoundLogger = structlog.get_logger()
    return bound


def failed(event: str, error: BaseException) -> None:
    """Log that something unexpected was raised: its class and our lines it passed through.

    Never its message and never local variables: either may hold what a person said.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{Path(f.filename).name}:{f.lineno}" for f in frames if _OURS.search(f.filename)]
    logger().error(event, error=type(error).__name__, where=" > ".join(where[-6:]))


def _only_allowed(_: object, __: str, record: MutableMapping[str, object]) -> Record:
    return {key: value for key, value in record.items() if key in ALLOWED}
