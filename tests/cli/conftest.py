"""Runs ``salus`` in this process as a shell would: arguments, input, output, exit code."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.cli import edge


@dataclass(frozen=True)
class Ran:
    """What one run left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


Salus = Callable[..., Ran]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, knowledge_dir: Path) -> Path:
    """A data folder of one's own with a ready index, and no language model."""
    folder = tmp_path / "salus"
    shutil.copytree(knowledge_dir, folder)
    monkeypatch.setenv("SALUS_DATA_DIR", str(folder))
    monkeypatch.setenv("SALUS_MODEL", "off")
    monkeypatch.setenv("SALUS_TZ", "UTC")
    monkeypatch.setenv("SALUS_ENV_FILE", str(tmp_path / "none"))
    return folder


@pytest.fixture
def salus(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Salus:
    """Run a command: ``salus("ask", "…", "--json", stdin="…")``."""

    def run(*arguments: str, stdin: str | bytes = b"") -> Ran:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        capfd.readouterr()
        code = edge.run(arguments)
        told = capfd.readouterr()
        return Ran(code, told.out, told.err)

    return run
