"""The page beside the chat platforms: started when it is asked for, drained when told to stop."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.adapters import service
from bot.adapters.web.adapter import WebAdapter
from bot.adapters.web.config import web_settings
from bot.adapters.web.jobs import Job, Jobs
from bot.deferred import DeferredStore
from bot.errors import SettingsError
from bot.settings import Settings, load
from rag.types import RetrievalError
from rag.versions_model import RefusedError
from tests.web.client import Visitor
from tests.web.served import App, Retriever, Served, tiny


def app_of(folder: Path, **settings: object) -> App:
    """An application that has a page and nothing else."""
    given = Settings.model_validate({"data_dir": str(folder)} | settings)
    store = DeferredStore(f"sqlite:///{folder / 's.sqlite3'}", folder / "keys" / "k")
    return App(settings=given, retriever=Retriever(tiny(folder)), store=store)


async def test_salus_run_serves_the_page_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """With an address set the page is one of the adapters; a stop ends it cleanly."""
    app = app_of(tmp_path, admin_listen="127.0.0.1:0")
    said: list[str] = []
    stop, serving = asyncio.Event(), asyncio.Event()

    def say(line: str) -> None:
        said.append(line)
        serving.set()

    app.warm = lambda: asyncio.sleep(0)  # type: ignore[attr-defined]
    app.keep_adapters = lambda _: asyncio.sleep(0)  # type: ignore[attr-defined]
    running = asyncio.create_task(service.run(app, say=say, stop=stop))  # type: ignore[arg-type]
    await asyncio.wait_for(serving.wait(), 10)
    url = said[0].rpartition(" ")[2]
    answer = await asyncio.to_thread(Visitor(url).get, "/sign-in")
    assert answer.status == 200
    stop.set()
    assert await asyncio.wait_for(running, 10) == 0
    assert said[-1] == "Admin page has stopped."
    app.retriever.opened.close()


async def test_a_taken_port_and_an_open_door_are_said(tmp_path: Path) -> None:
    """A port in use, and an address for others without a name, are faults of the settings."""
    app = app_of(tmp_path, admin_listen="127.0.0.1:0")
    first = WebAdapter(app, web_settings(app.settings), say=lambda _: None)  # type: ignore[arg-type]
    held = first._listen()
    taken = f"127.0.0.1:{held.getsockname()[1]}"
    again = app.settings.model_copy(update={"admin_listen": taken})
    with pytest.raises(SettingsError, match="cannot listen"):
        WebAdapter(app, web_settings(again), say=lambda _: None)._listen()  # type: ignore[arg-type]
    held.close()
    for open_to_all in ("0.0.0.0:8080", "desk.example:80"):
        with pytest.raises(SettingsError, match="SALUS_ADMIN_URL"):
            web_settings(Settings.model_validate({"admin_listen": open_to_all}))
    said: list[str] = []
    wide = App(
        settings=app.settings.model_copy(update={"admin_listen": "0.0.0.0:80"}),
        retriever=app.retriever, store=app.store,
    )  # fmt: skip
    assert await service.run(wide, say=said.append) == 2  # type: ignore[arg-type]
    assert "SALUS_ADMIN_URL" in said[0]
    with pytest.raises(SettingsError, match="SALUS_ADMIN_LISTEN"):
        load({"SALUS_ADMIN_LISTEN": "8080"})
    app.retriever.opened.close()


def test_the_address_people_use_decides_about_names_and_cookies() -> None:
    """Usual ports are left out of names; only https makes cookies secure."""
    given = {"admin_listen": "0.0.0.0:8080", "admin_url": "https://Desk.Example:443/"}
    found = web_settings(Settings.model_validate(given))
    assert found.hosts == {"desk.example"}
    assert found.secure
    local = web_settings(Settings.model_validate({"admin_listen": "127.0.0.1:8080"}))
    assert local.hosts == {"127.0.0.1:8080", "localhost:8080", "[::1]:8080"}
    assert not local.secure


async def test_one_job_at_a_time_and_every_end_is_told() -> None:
    """A second one is not begun; refusals, faults and surprises end with a sentence."""
    jobs = Jobs()
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(progress: object) -> str:
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result(5)
        return "done"

    first = jobs.start(Job(kind="check", who="ann", after="/"), slow)
    assert jobs.start(Job(kind="publish", who="bob", after="/"), slow) is first
    assert jobs.busy
    release.set()
    await jobs.drain()
    assert (first.result, jobs.busy) == ("done", False)

    def fail(error: Exception) -> Job:
        def work(progress: object) -> None:
            raise error

        return jobs.start(Job(kind="publish", who="ann", after="/"), work)

    for error, key in (
        (RefusedError("kb.refused.empty"), "kb.refused.empty"),
        (RetrievalError("x"), "error.retrieval"),
        (ZeroDivisionError(), "error.unexpected"),
    ):
        job = fail(error)
        await jobs.drain()
        assert (job.ended, job.error_key) == (True, key)
    assert jobs.get(first.id) is first


def test_a_fault_shows_a_sentence_and_not_itself(served: Served) -> None:
    """What goes wrong inside is noted by class; the page shows a plain sentence and its headers."""
    served.settle("ann")
    visitor = Visitor(served.url).sign_in("ann")

    def broken(*_: object, **__: object) -> object:
        raise ZeroDivisionError("somebody's words")

    served.knowledge.stats = broken  # type: ignore[method-assign, assignment]
    answer = visitor.get("/")
    assert answer.status == 500
    assert "somebody" not in answer.text
    assert "content-security-policy" in answer.headers

    def corrupt(*_: object, **__: object) -> object:
        raise RetrievalError("somebody's words")

    served.knowledge.explain = corrupt  # type: ignore[method-assign, assignment]
    answer = visitor.get("/search?q=salt")
    assert (answer.status, "somebody" in answer.text) == (503, False)
