"""``salus model`` as an operator uses it, from a folder of weights to a rollback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.tuning.folder import CONFIG, WEIGHTS, sha256
from tests.cli.conftest import Salus


@pytest.fixture(autouse=True)
def no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder of one's own; none of this needs the index."""
    monkeypatch.setenv("SALUS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SALUS_ENV_FILE", str(tmp_path / "none"))


def trained(folder: Path, weights: bytes = b"weights", **lineage: object) -> Path:
    """A folder as the training leaves it."""
    folder.mkdir()
    (folder / WEIGHTS).write_bytes(weights)
    (folder / CONFIG).write_text("{}")
    told = {"name": folder.name, "base": "small", "method": "kto", "seed": 3} | lineage
    (folder / "lineage.json").write_text(json.dumps(told))
    (folder / "card.md").write_text("# What it is\n")
    return folder


def report(path: Path, candidate: Path, baseline: Path | None = None, *, low: float = 0.1) -> Path:
    """A gate report over these weights; ``low`` below 0 is one that was not passed."""
    interval = {"mean": 0.2, "low": low, "high": 0.3, "count": 50}
    finding = {
        "measure": "coverage", "role": "target", "bound": 0.0, "candidate": 0.7, "baseline": 0.5,
        "difference": interval, "passed": low > 0,
    }  # fmt: skip
    sides = {
        "candidate": {"base": "small", "adapter": candidate.name, "sha256": _sha(candidate)},
        "baseline": {"base": "small", "adapter": "", "sha256": _sha(baseline)},
    }
    told = {"format": "salus-gate-1", "gate_sha256": "g", "suites_sha256": "s", "created": "now"}
    path.write_text(json.dumps(sides | told | {"findings": [finding]}))
    return path


def _sha(folder: Path | None) -> str:
    return sha256(folder / WEIGHTS) if folder else ""


def states(salus: Salus) -> dict[str, str]:
    """Every adapter's state."""
    (found,) = salus("model", "list", "--json").lines
    return {one["name"]: one["state"] for one in found["adapters"]}


def test_from_a_folder_to_people_and_back(salus: Salus, tmp_path: Path) -> None:
    """Added, tried on some, for everybody, the next one, and taken back in one command."""
    one, two = trained(tmp_path / "one"), trained(tmp_path / "two", b"other")
    assert salus("model", "add", str(one)).code == 0
    assert salus("model", "add", str(two)).code == 0
    assert states(salus) == {"one": "candidate", "two": "candidate"}
    passed = str(report(tmp_path / "gate.json", one))
    assert salus("model", "promote", "one", "--gate", passed, "--share", "0.2").code == 0
    assert salus("model", "promote", "one", "--gate", passed).code == 0
    later = str(report(tmp_path / "gate2.json", two, one))
    assert salus("model", "promote", "two", "--gate", later).code == 0
    assert states(salus) == {"one": "retired", "two": "active"}
    back = salus("model", "rollback", "--why", "people complain", "--as", "ann", "--json")
    assert back.lines[0]["after"] == {"two": "retired", "one": "active"}
    assert states(salus) == {"one": "active", "two": "retired"}
    (shown,) = salus("model", "show", "two", "--json").lines
    assert [s["action"] for s in shown["steps"]] == ["add", "promote", "rollback"]
    assert (shown["steps"][-1]["who"], shown["steps"][-1]["why"]) == ("ann", "people complain")
    assert shown["lineage"]["seed"] == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("none", "no gate report"),
        ("lost", "not passed: coverage"),
        ("other weights", "not of this adapter's weights"),
        ("other baseline", "does not compare it with what is active now"),
        ("torn", "no gate report ("),
    ],
)
def test_without_exactly_its_report_nothing_is_promoted(
    salus: Salus, tmp_path: Path, change: str, said: str
) -> None:
    """No report, a lost one, one of other weights or against something else: refused."""
    one, two = trained(tmp_path / "one"), trained(tmp_path / "two", b"other")
    salus("model", "add", str(one))
    path = tmp_path / "gate.json"
    measured = two if change == "other weights" else one
    against = two if change == "other baseline" else None
    report(path, measured, against, low=-0.1 if change == "lost" else 0.1)
    if change == "torn":
        path.write_text(path.read_text()[:50])
    given = [] if change == "none" else ["--gate", str(path)]
    ran = salus("model", "promote", "one", *given)
    assert ran.code == 1
    assert said in ran.err
    assert states(salus) == {"one": "candidate"}


def test_forcing_needs_a_reason_and_is_remembered(salus: Salus, tmp_path: Path) -> None:
    """An override works, names who and why, and stays in the log."""
    salus("model", "add", str(trained(tmp_path / "one")))
    assert salus("model", "promote", "one", "--force").code == 2
    forced = salus("model", "promote", "one", "--force", "--why", "demo", "--as", "bo", "--json")
    (step,) = forced.lines
    assert (step["forced"], step["who"], step["why"], step["gate"]) == (True, "bo", "demo", "")


def test_weights_that_changed_since_are_not_promoted(salus: Salus, tmp_path: Path) -> None:
    """What was measured is what serves, or nothing."""
    one = trained(tmp_path / "one")
    salus("model", "add", str(one))
    passed = report(tmp_path / "gate.json", one)
    (one / WEIGHTS).write_bytes(b"swapped")
    ran = salus("model", "promote", "one", "--gate", str(passed))
    assert ran.code == 2
    assert "not those that were registered" in ran.err


@pytest.mark.parametrize("missing", [WEIGHTS, CONFIG, "lineage.json"])
def test_half_a_folder_is_refused(salus: Salus, tmp_path: Path, missing: str) -> None:
    """A file that is missing is named; nothing is registered."""
    folder = trained(tmp_path / "one")
    (folder / missing).unlink()
    ran = salus("model", "add", str(folder))
    assert ran.code == 2
    assert f"{missing} is missing" in ran.err
    assert states(salus) == {}


def test_nothing_to_roll_back_and_nothing_by_that_name(salus: Salus) -> None:
    """Each says so with its own code."""
    assert salus("model", "rollback").code == 2
    assert salus("model", "show", "ghost").code == 3
    assert "no adapters" in salus("model", "list").out
