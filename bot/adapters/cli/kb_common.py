"""What the ``salus kb`` commands share: opening the library, names, options, told refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot.errors import NotFoundError, SalusError
from bot.i18n import t
from bot.model import Lang

if TYPE_CHECKING:
    from rag.library import Knowledge
    from rag.versions_model import CanaryReport, Provenance

T = TypeVar("T")
SHOWN = 20  # entries of a long list in text and of ``unproven`` in JSON

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
AsName = Annotated[
    str, typer.Option("--as", help="Who acts, for roles and the log; default: the system's user.")
]


class KbRefusedError(SalusError):
    """The rules of the knowledge base forbid it; ``key`` is the desk's own."""

    exit_code = 1

    def __init__(self, key: str, details: dict[str, str]) -> None:
        """Carry the desk's sentence to the edge."""
        super().__init__(key, **details)
        self.key = key


def in_knowledge(work: Callable[[Knowledge], T]) -> T:
    """Open the library with a progress bar, run ``work``, close it; refusals become ours."""
    from bot.adapters.cli.progress import bar
    from bot.app import open_knowledge
    from bot.settings import load
    from rag.versions_model import RefusedError, UnknownError

    settings = load()
    with bar() as progress:
        knowledge = open_knowledge(settings, progress=progress)
    try:
        return work(knowledge)
    except UnknownError as error:
        missing = NotFoundError(error.key, **error.details)
        missing.key = error.key
        raise missing from error
    except RefusedError as error:
        raise KbRefusedError(error.key, error.details) from error
    finally:
        knowledge.close()


def who(name: str) -> str:
    """The name given with ``--as``, else that of the system's user."""
    if name.strip():
        return name.strip()
    from bot.app import operator

    return operator()


def say(key: str, **values: object) -> None:
    """Print a sentence in the operator's language."""
    print(t(key, lang(), **values))


def lang() -> Lang:
    """The language of the terminal's own sentences."""
    from bot.settings import load

    return "zh" if load().lang == "zh" else "en"


def listed(names: Iterable[str]) -> list[str]:
    """The first names of a long list, and how many there are besides."""
    found = list(names)
    more = [t("kb.more", lang(), count=len(found) - SHOWN)] if len(found) > SHOWN else []
    return found[:SHOWN] + more


def canary_json(report: CanaryReport | None) -> dict[str, Any] | None:
    """The canary's figures; None when it did not run."""
    return None if report is None else report.counts()


def say_canary(report: CanaryReport | None) -> None:
    """The canary's figures in one line, and what is wrong with them."""
    if report is None or not report.questions:
        return
    say("kb.canary", found=report.found, questions=report.questions,
        before_found=report.before_found, before=report.before)  # fmt: skip
    if report.blocked:
        say("kb.canary_fell", why=report.blocked)


def unproven_json(found: Iterable[Provenance]) -> list[dict[str, Any]]:
    """The first documents whose provenance is incomplete, and what they lack."""
    return [{"doc": p.doc, "path": p.path, "missing": list(p.missing)} for p in found][:SHOWN]
