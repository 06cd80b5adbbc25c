"""The whole application on real parts: real index, real SQLite, the real client, a wire-level
model server that fails in every way we know."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters import console
from bot.app import PAGES, App, build, make_generator
from bot.errors import ModelUnavailableError, SettingsError, StoreError
from bot.generation.embedded import EmbeddedGenerator
from bot.model import Turn
from bot.settings import ROOT, load
from tests.fakes.model_server import Mode, model_server

QUESTION = "How much sleep do adults need?"
NOWHERE = "http://127.0.0.1:9/v1"
FIRST_QUESTION = """
import asyncio, sys
from bot.adapters import console
from bot.app import build
from bot.settings import load

async def main():
    given = {{"SALUS_DATA_DIR": {folder!r}, "SALUS_MODEL_URL": {url!r}, "SALUS_TZ": "UTC"}}
    async with build(load(given)) as app:
        await app.warm()
        loaded = set(sys.modules)
        reply = await console.final_reply(app, "ann", {question!r})
        print(reply.path, *sorted(set(sys.modules) - loaded))

asyncio.run(main())
"""


@asynccontextmanager
async def salus(folder: Path, url: str, **more: str) -> AsyncGenerator[App, None]:
    """The application over a copy of the ready index, asking the model at ``url``."""
    settings = {
        "SALUS_DATA_DIR": str(folder), "SALUS_MODEL_URL": url, "SALUS_TZ": "UTC",
        "SALUS_MODEL_FIRST_TOKEN_S": "2", "SALUS_MODEL_TOTAL_S": "4",
    }  # fmt: skip
    async with build(load(settings | more)) as app:
        await app.retriever.knowledge()
        yield app


async def last_turn(app: App, who: str = "ann") -> Turn:
    """The newest recorded turn of a person."""
    user = await app.person("console", who)
    return (await app.store.history(user, platform="console", chat="terminal", limit=1))[-1]


@pytest.fixture
def folder(tmp_path: Path, knowledge_dir: Path) -> Path:
    """A data folder of one's own."""
    target = tmp_path / "salus"
    shutil.copytree(knowledge_dir, target)
    return target


async def test_a_model_that_cites_is_shown_as_it_is(folder: Path) -> None:
    """A supported, cited sentence of the served model reaches the person."""
    async with model_server() as server, salus(folder, server.url) as app:
        found = await app.retriever.search(QUESTION, lang="en", limit=6)
        server.text = (
            found.hits[0].passage.text.splitlines()[0].split(". ")[0].rstrip(".") + " [1]."
        )
        reply = await console.final_reply(app, "ann", QUESTION)
        turn = await last_turn(app)
    assert reply.path == "model"
    assert reply.model == "fake-model"
    assert reply.citations
    assert turn.model == "fake-model"
    assert turn.timings["first_token_ms"] > 0
    asked = server.requests[0]["messages"]
    assert QUESTION in asked[-1]["content"]
    assert "tools" not in server.requests[0]


@pytest.mark.parametrize(
    ("mode", "failure"),
    [
        ("busy", "error.model_unavailable"),
        ("hang", "error.model_timeout"),
        ("hang_midway", "error.model_timeout"),
        ("cut", "error.model_cut_off"),
        ("no_finish", "error.model_cut_off"),
        ("abort", "error.model_aborted"),
        ("answer", "check."),
    ],
)
async def test_whatever_the_model_does_the_answer_is_whole_and_in_time(
    folder: Path, mode: Mode, failure: str
) -> None:
    """Busy, hung, cut, aborted or made up: the extractive answer, in time, on record."""
    text = "Adults need precisely nineteen hours of sleep according to nobody at all in the world."
    started = datetime.now(UTC)
    async with model_server(mode=mode, text=text) as server, salus(folder, server.url) as app:
        reply = await console.final_reply(app, "ann", QUESTION)
        turn = await last_turn(app)
    assert (datetime.now(UTC) - started).total_seconds() < 12
    assert reply.kind == "answer"
    assert reply.path == "extractive"
    assert "nineteen" not in reply.text
    assert reply.citations
    assert turn.failure.startswith(failure)
    assert turn.id == reply.turn


async def test_with_no_server_at_all(folder: Path) -> None:
    """A refused connection costs next to nothing."""
    async with salus(folder, NOWHERE) as app:
        await app.retriever.warm()
        await console.final_reply(app, "ann", QUESTION)
        reply = await console.final_reply(app, "ann", "How do I lower my blood pressure?")
        turn = await last_turn(app)
    assert reply.path == "extractive"
    assert turn.failure == "error.model_unavailable"
    assert turn.timings["model_ms"] < 1000
    assert reply.timings.total_ms < 3000


@pytest.mark.embedded
async def test_the_embedded_model_is_asked_and_never_shown_unchecked(folder: Path) -> None:
    """The embedded model needs no server; whatever it says, the answer is cited."""
    patience = {"SALUS_MODEL_FIRST_TOKEN_S": "4", "SALUS_MODEL_TOTAL_S": "5"}
    given = {"SALUS_DATA_DIR": str(folder), "SALUS_TZ": "UTC", "SALUS_MODEL": "embedded"}
    settings = load(given | patience)
    assert isinstance(make_generator(settings), EmbeddedGenerator)
    async with build(settings) as app:
        await app.warm()
        reply = await console.final_reply(app, "ann", QUESTION)
        turn = await last_turn(app)
        chinese = await console.final_reply(app, "ann", "成年人每天要睡几个小时？")
    assert reply.citations
    assert reply.path in {"model", "extractive"}
    assert turn.model.startswith("smollm2")
    assert reply.path == "model" or turn.failure
    assert chinese.path == "extractive"


def test_the_packaged_model_waits_for_weights_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is packaged it is left alone; with an adapter it answers without being asked for."""
    assert make_generator(load({"SALUS_MODEL": "off"})) is None
    monkeypatch.setattr("bot.generation.embedded.adapter_name", lambda _folder: "")
    assert make_generator(load({})) is None
    monkeypatch.setattr("bot.generation.embedded.adapter_name", lambda _folder: "ours-1")
    assert isinstance(make_generator(load({})), EmbeddedGenerator)


def test_weights_of_a_site_of_its_own(tmp_path: Path) -> None:
    """Those that a folder names are recorded with every turn; a folder without any is told."""
    given = {"SALUS_MODEL_ADAPTER": str(tmp_path)}
    with pytest.raises(SettingsError, match=r"SALUS_MODEL_ADAPTER: no adapter\.gguf"):
        make_generator(load(given))
    (tmp_path / "adapter.gguf").write_bytes(b"GGUF")
    (tmp_path / "lineage.json").write_text('{"name": "embedded-1-liked"}', encoding="utf-8")
    generator = make_generator(load(given))
    assert generator is not None
    assert generator.adapter == "embedded-1-liked"


async def test_export_and_forget_reach_the_disk(folder: Path) -> None:
    """After /forget nothing the person said can be found in any file of the data folder."""
    async with salus(folder, "", SALUS_MODEL="off") as app:
        await console.final_reply(app, "ann", "slept 5h")
        await console.final_reply(app, "ann", "how does zanzibar moonlight change my sleep?")
        assert "zanzibar" in (await console.final_reply(app, "ann", "/export")).text
        await console.final_reply(app, "ann", "/forget")
        await console.final_reply(app, "ann", "yes")
        again = await console.final_reply(app, "ann", "/trend")
        assert "Nothing logged" in again.text
        assert "automated assistant" in again.text
    assert not files_with(folder, b"zanzibar")


def files_with(folder: Path, text: bytes) -> list[Path]:
    """The files below a folder that hold some bytes."""
    return [p for p in folder.rglob("*") if p.is_file() and text in p.read_bytes()]


async def test_the_first_question_waits_for_the_index_however_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the very first run the answer comes after the index was built, not instead of it."""
    from bot import deferred
    from rag.library import Knowledge

    monkeypatch.setattr(deferred, "SEARCH_DEADLINE_S", 1.0)
    opened = Knowledge.open

    def slow(*arguments: object, **options: object) -> Knowledge:
        time.sleep(3)
        return opened(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Knowledge, "open", slow)
    pages = tmp_path / "pages" / "en"
    pages.mkdir(parents=True)
    (pages / "sleep-adults.md").write_bytes((PAGES / "en" / "sleep-adults.md").read_bytes())
    monkeypatch.setattr("bot.app.PAGES", tmp_path / "pages")
    settings = load({"SALUS_DATA_DIR": str(tmp_path / "data"), "SALUS_MODEL": "off"})
    async with build(settings) as app:
        reply = await console.final_reply(app, "ann", QUESTION)
    assert reply.citations


async def test_once_warm_the_first_question_loads_no_library(folder: Path) -> None:
    """Nobody waits for an import, which beside people being answered takes many times as long.

    In a process of its own: this one has loaded everything already.
    """
    async with model_server() as server:
        code = FIRST_QUESTION.format(url=server.url, folder=str(folder), question=QUESTION)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, cwd=ROOT, stdout=PIPE, stderr=PIPE
        )
        said, faults = await process.communicate()
    assert process.returncode == 0, faults.decode()[-2000:]
    path, *loaded = said.decode().split()
    assert path in {"model", "extractive"}
    assert server.requests
    ours = {"bot", "rag"}
    strangers = {name for name in loaded if name.split(".")[0] not in ours}
    assert len(strangers) <= 20, " ".join(sorted(strangers))


async def test_a_warm_start_tries_every_part(folder: Path) -> None:
    """Without a model server, or without a database, the rest is open all the same."""
    given = {"SALUS_DATA_DIR": str(folder), "SALUS_MODEL_URL": NOWHERE}
    async with build(load(given)) as app:
        with pytest.raises(ModelUnavailableError):
            await app.warm()
        assert (folder / "salus.sqlite3").exists()
    async with build(load(given | {"SALUS_DATABASE_URL": f"sqlite:///{folder}"})) as app:
        assert app.retriever.similarity("sleep", ["sleep"]) == [0.0]  # not open yet
        with pytest.raises(StoreError):
            await app.warm()
        assert app.retriever.similarity("sleep", ["sleep"])[0] > 0.9
