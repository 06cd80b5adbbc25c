"""The outermost edge of the command line: runs typer, turns errors into one line and a code.

Exit codes: 0 done · 1 failed or a check found faults · 2 wrong input or settings ·
3 not found · 4 database · 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from bot.errors import SalusError
from rag.types import KnowledgeError


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code."""
    import typer

    _plain_pipes()
    try:
        return _dispatch(arguments)
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except typer.TyperException as error:
        return _wrong_usage(error)
    except SalusError as error:
        return _tell(error.key, str(error), error.exit_code, error.details)
    except KnowledgeError as error:
        return _tell(error.key, str(error), 4, {})
    except BrokenPipeError:
        # The reader went away (`| head`): nothing is wrong; keep the interpreter quiet about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001  # the one catch-all of this edge
        from bot.logs import failed

        failed("unexpected", error)
        return _tell("error.unexpected", type(error).__name__, 1, {})


def _dispatch(arguments: Sequence[str]) -> int:
    """typer's own run; a command leaves with a code by raising Exit."""
    import typer

    from bot.adapters.cli.commands import app

    try:
        result = app(args=list(arguments), standalone_mode=False, prog_name="salus")
    except typer.Exit as leave:
        return leave.exit_code
    return result if isinstance(result, int) else 0


def _wrong_usage(error: Exception) -> int:
    """A wrong command or option, worded by typer, with its exit code."""
    show = getattr(error, "show", None)
    if show is not None:
        show()
    else:
        print(f"salus: {error}", file=sys.stderr)
    return int(getattr(error, "exit_code", 2))


def _tell(key: str, message: str, code: int, details: dict[str, str]) -> int:
    """One line on standard error: what failed and, where we know it, the mend."""
    from bot.i18n import t

    try:
        sentence = t(key, "en", **details)
    except KeyError:
        sentence = ""
    parts = [part for part in (sentence, message if message != key else "") if part]
    shown = parts[0] if len(parts) == 1 or parts[0] == parts[-1] else f"{parts[0]} ({parts[1]})"
    print(f"salus: {shown}", file=sys.stderr)
    return code


def _plain_pipes() -> None:
    """Never die on broken UTF-8 in a pipe or on a terminal that cannot show a character."""
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)  # type: ignore[union-attr]
