"""The prompt files: filled as a snapshot, versioned by content, strict about variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.generation.prompts import VARIABLES, PromptBook
from bot.settings import ROOT

VALUES = {name: f"<{name}>" for name in VARIABLES}


def test_the_shipped_prompt_fills_every_variable() -> None:
    """Each variable appears once filled, and nothing is left in braces."""
    book = PromptBook.load(ROOT / "prompts" / "answer")
    system, user = book.build(**VALUES)
    whole = system.content + user.content
    assert (system.role, user.role) == ("system", "user")
    assert all(value in whole for value in VALUES.values())
    assert "{" not in whole


def test_values_are_data_even_with_braces() -> None:
    """A passage or a message that holds braces is not read as a template."""
    book = PromptBook(system="s {question}", user="u {passages}")
    system, user = book.build(question="{history} {0}", passages="{{x}}")
    assert system.content == "s {history} {0}"
    assert user.content == "u {{x}}"


def test_a_missing_variable_raises() -> None:
    """A prompt never goes out with a hole in it."""
    with pytest.raises(KeyError):
        PromptBook(system="{question}", user="{passages}").build(question="q")


def test_a_variable_nobody_fills_raises() -> None:
    """A typo in a prompt file is found at the first use."""
    with pytest.raises(KeyError, match="quesion"):
        PromptBook(system="{quesion}", user="x").build(quesion="q")


def test_the_version_follows_the_text(tmp_path: Path) -> None:
    """Changing a word changes the version that every turn records."""
    for name, text in (("system.txt", "a"), ("user.txt", "b")):
        (tmp_path / name).write_text(text)
    first = PromptBook.load(tmp_path).version
    (tmp_path / "user.txt").write_text("c")
    assert PromptBook.load(tmp_path).version != first
    assert len(first) == 12
