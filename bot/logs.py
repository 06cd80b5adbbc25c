"""Logging with an allow-list: classes, keys, ids and timings, never what a person said."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

Record = Mapping[str, object]

ALLOWED = frozenset(
    "event level timestamp error key turn path model knowledge_version platform exc_info exception "
    "ms count name url state".split()
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
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def logger() -> FilteringBoundLogger:
    """A bound logger; anything outside the allow-list is dropped from its records."""
    import structlog

    bound: FilteringBoundLogger = structlog.get_logger()
    return bound


def _only_allowed(_: object, __: str, record: MutableMapping[str, object]) -> Record:
    return {key: value for key, value in record.items() if key in ALLOWED}
