"""Looking after the knowledge in the terminal: paths, choices by number, who sits there."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from bot.adapters.console import chat_json, chat_pipe
from tests.fakes.curators import LEAFLET, curated, library, roles
from tests.fakes.telegram_world import make_app


async def test_a_file_is_added_and_published_by_typing_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An install of one person: read, put into the draft, publish; each choice is a number."""
    leaflet = tmp_path / "gout.md"
    leaflet.write_text(LEAFLET, encoding="utf-8")
    knowledge, app = library(tmp_path), make_app(tmp_path)
    typed = io.StringIO(f"/kb add {leaflet}\n1\n3\n/kb add {tmp_path / 'none.md'}\n")
    async with curated(app, knowledge, operator="ada") as app:
        await chat_pipe(app, "local", typed)
        assert "gout" in {d["doc"] for d in knowledge.list()}
        await app.store.close()
    said = capsys.readouterr().out
    assert "Type the number of what you want: 1 Put into the draft  2 Let go of it" in said
    assert "1 added" in said
    assert "The file could not be fetched." in said


async def test_programs_get_the_buttons_and_strangers_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where somebody has a role, the system's user needs one too."""
    knowledge, app = library(tmp_path), make_app(tmp_path)
    roles(knowledge, ada="admin")
    async with curated(app, knowledge, operator="ada") as mine:
        await chat_json(mine, "local", io.StringIO("/kb\n"))
        async with curated(app, knowledge, operator="eve") as theirs:
            await chat_json(theirs, "local", io.StringIO("/kb\n"))
        await app.store.close()
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["buttons"] == ["Log", "Gaps"]
    assert second["text"] == "I can't do that for you here."
    assert "buttons" not in second
