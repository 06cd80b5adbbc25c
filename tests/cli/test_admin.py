"""``salus admin``: the first way in to the admin page is made at the terminal."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Salus


def test_the_first_admin_is_invited_at_the_terminal(salus: Salus, data_dir: Path) -> None:
    """A link and a code for one day, with what is still to be set; then the list knows them."""
    assert "nobody can sign in yet" in salus("admin", "list").out
    ran = salus("admin", "invite", "ann", "--role", "admin", "--as", "root")
    assert ran.code == 0
    assert "http://127.0.0.1:8080/join?code=" in ran.out
    assert "SALUS_ADMIN_LISTEN" in ran.out
    assert salus("kb", "people", "list").out == "ann  admin\n"
    (found,) = salus("admin", "list", "--json").lines[0]
    assert (found["name"], found["password"], found["sessions"]) == ("ann", False, 0)
    assert "ann: invited" in salus("admin", "list").out
    assert "0 sessions" in salus("admin", "sign-out", "ann", "--as", "ann").out
    (made,) = salus("admin", "invite", "ann", "--as", "ann", "--json").lines
    assert made["url"].endswith(made["code"])
    assert salus("admin", "remove", "ann", "--as", "ann").code == 0
    assert salus("admin", "list", "--json").lines == [[]]


def test_who_may_not_is_told_so(salus: Salus, data_dir: Path) -> None:
    """A wrong role is wrong usage; a stranger is refused where roles are set."""
    assert salus("admin", "invite", "ann", "--role", "boss").code == 2
    salus("kb", "people", "add", "ann", "--role", "admin", "--as", "root")
    assert salus("admin", "invite", "eve", "--as", "eve").code == 1
    assert salus("admin", "invite", "eve", "--as", "ann").code == 3
