"""Fills the generated tables of README.md from the code; ``--check`` fails when they are stale.

A generated part stands between ``<!-- name:begin -->`` and ``<!-- name:end -->``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bot.dialogue.commands import COMMANDS  # noqa: E402
from bot.i18n import t  # noqa: E402
from bot.settings import PREFIX, Settings  # noqa: E402


def settings_table() -> str:
    """One row per setting: name, default, meaning."""
    rows = ["| setting | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = "" if default in ("", None) else f"`{default}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(rows)


def commands_table() -> str:
    """One row per chat command, worded as /help words it."""
    rows = ["| command | also understood | what it does |", "| --- | --- | --- |"]
    for command in COMMANDS:
        words = ", ".join(f"`{w}`" for w in command.words[:4])
        what = t(f"command.about.{command.name}", "en")
        rows.append(f"| `/{command.name}` | {words} | {what} |")
    return "\n".join(rows)


def cli_table() -> str:
    """One row per ``salus`` command with the first line of its help."""
    import typer

    from bot.adapters.cli.commands import app

    rows = ["| command | what it does |", "| --- | --- |"]
    group = typer.main.get_command(app)
    for name, command in sorted(group.commands.items()):  # type: ignore[attr-defined]
        for path, one in _leaves(name, command):
            rows.append(f"| `salus {path}` | {(one.help or '').splitlines()[0]} |")
    return "\n".join(rows)


def _leaves(path: str, command: object) -> list[tuple[str, object]]:
    inner = getattr(command, "commands", None)
    if not inner:
        return [(path, command)]
    return [leaf for name in inner for leaf in _leaves(f"{path} {name}", inner[name])]


def fill(text: str) -> str:
    """The text with every generated part made anew."""
    for name, made in (
        ("settings", settings_table()),
        ("commands", commands_table()),
        ("cli", cli_table()),
    ):
        pattern = rf"(<!-- {name}:begin -->\n)(?:.*?\n)?(<!-- {name}:end -->)"
        if not re.search(pattern, text, re.DOTALL):
            sys.exit(f"README.md has no place for the table {name!r}")
        text = re.sub(pattern, lambda m, made=made: f"{m[1]}{made}\n{m[2]}", text, flags=re.DOTALL)
    return text


def main() -> None:
    """Write README.md, or with --check say whether it is up to date."""
    readme = ROOT / "README.md"
    before = readme.read_text(encoding="utf-8")
    after = fill(before)
    if "--check" in sys.argv:
        sys.exit(0 if before == after else "README.md is stale: run `make docs`")
    readme.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
