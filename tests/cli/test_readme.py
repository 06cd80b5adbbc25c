"""The README shows what Salus really says: its transcript is run again and compared."""

from __future__ import annotations

import re
from pathlib import Path

from bot.settings import ROOT
from tests.cli.conftest import Salus

_BLOCK = re.compile(r"<!-- transcript:begin -->\n```\n(.*?)```\n<!-- transcript:end -->", re.DOTALL)


def told() -> str:
    """The transcript in the README."""
    found = _BLOCK.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert found is not None
    return found.group(1)


def steady(text: str) -> str:
    """The text without the clock time of what was logged, and without trailing blanks."""
    text = re.sub(r"\((today|yesterday)[^)]*\)|（(今天|昨天)[^）]*）", "(when)", text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def test_the_transcript_is_what_salus_says(salus: Salus, data_dir: Path) -> None:
    """The questions of the README, asked again, get the answers of the README."""
    asked = re.findall(r"^> (.*)$", told(), re.MULTILINE)
    ran = salus("chat", stdin="\n".join(asked) + "\n")
    assert steady(ran.out) == steady(told())


def test_the_readme_names_real_files_and_targets() -> None:
    """Every path in the table of rooms and every make target it mentions exists."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in re.findall(r"^\| `([a-z][a-z_.]*/[a-z/_.]*|bot/[a-z/_.]+)` \|", text, re.MULTILINE):
        assert (ROOT / path).exists(), path
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for folder in ("README.md", "CONTRIBUTING.md", "deploy/README.md"):
        document = (ROOT / folder).read_text(encoding="utf-8")
        for target in re.findall(r"\bmake ([a-z-]+)", document):
            if target not in {"it", "them", "a"}:
                assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{folder}: {target}"
