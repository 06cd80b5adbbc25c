"""Personal text and shared places do not meet: not by type, not by value, not at the edge."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.delivery.errors import PrivacyError
from bot.delivery.privacy import (
    General,
    Outgoing,
    Personal,
    PrivateTo,
    Shared,
    address,
    content,
    guard,
    outgoing,
    privately,
    publicly,
)
from bot.model import Place, Reply

HERE = Path(__file__).parent
WRONG = """
from bot.delivery.privacy import Personal, Shared, publicly
publicly(Shared("-5"), Personal("weight 70 kg"))
"""
RIGHT = """
from bot.delivery.privacy import General, Personal, PrivateTo, Shared, privately, publicly
publicly(Shared("-5"), General("hello"))
privately(PrivateTo("5"), Personal("weight 70 kg"))
"""


def test_a_personal_reply_finds_no_way_into_a_group() -> None:
    """There is no outgoing text for it, and making one by force raises."""
    reply = Reply(text="weight 70 kg", kind="command", lang="en", personal=True)
    group = address(Place(platform="telegram", chat="-5", private=False))
    home = address(Place(platform="telegram", chat="5", private=True))
    assert outgoing(group, content(reply)) is None
    private = outgoing(home, content(reply))
    assert private is not None
    assert private.marks() == {"personal": True, "private": True}
    with pytest.raises(PrivacyError):
        publicly(Shared("-5"), Personal("weight 70 kg"))  # type: ignore[arg-type]
    with pytest.raises(PrivacyError):
        Outgoing("-5", "weight 70 kg", personal=True, private=False)


def test_what_is_general_may_go_anywhere() -> None:
    """A general text goes to both."""
    assert outgoing(Shared("-5"), General("hello")) == publicly(Shared("-5"), General("hello"))
    assert privately(PrivateTo("5"), General("hello")).personal is False


@pytest.mark.parametrize(
    ("body", "private", "leaves"),
    [
        ({"personal": False, "private": False}, False, True),
        ({"personal": False, "private": True}, False, True),
        ({"personal": True, "private": True}, True, True),
        ({"personal": True, "private": True}, False, False),
        ({"personal": True, "private": False}, True, False),
        ({"personal": "no", "private": False}, False, False),
        ({}, False, False),
    ],
)
def test_the_guard_trusts_nobody(body: dict[str, object], private: bool, leaves: bool) -> None:
    """The platform's word about the chat counts, and silence counts as personal."""
    if leaves:
        guard(body, private=private)
    else:
        with pytest.raises(PrivacyError):
            guard(body, private=private)


@pytest.mark.slow
def test_the_type_checker_refuses_it_too(tmp_path: Path) -> None:
    """A deliberate attempt does not type-check; the right ways do."""
    for name, source in (("wrong", WRONG), ("right", RIGHT)):
        (tmp_path / f"{name}.py").write_text(source)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent"]
    cache = ["--cache-dir", str(HERE.parents[1] / ".mypy_cache")]
    files = [str(tmp_path / "wrong.py"), str(tmp_path / "right.py")]
    found = subprocess.run(
        [*command, *cache, *files], capture_output=True, text=True, check=False, cwd=HERE.parents[1]
    )
    assert "wrong.py:3" in found.stdout
    assert "arg-type" in found.stdout
    assert "right.py" not in found.stdout
