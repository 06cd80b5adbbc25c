"""The real page on a real port in a thread of its own, over a tiny knowledge base."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from bot.adapters.web.adapter import WebAdapter
from bot.adapters.web.config import made
from bot.app import make_workshop
from bot.deferred import DeferredStore
from bot.settings import Settings
from bot.tuning.workshop import Workshop
from rag.access import Access
from rag.library import Knowledge
from rag.passwords import Cost
from rag.vectors import ExactBackend
from tests.rag.support import PAGES, HashEmbedder, write_page

T = TypeVar("T")
PASSWORD = "a long walk by the sea"
QUICK = Cost(n=2, r=1, p=1)


@dataclass
class Retriever:
    """The part of DeferredRetriever that the page uses."""

    opened: Knowledge

    async def knowledge(self) -> Knowledge:
        """The open knowledge base."""
        return self.opened


@dataclass
class App:
    """The part of the application that the page uses."""

    settings: Settings
    retriever: Retriever
    store: DeferredStore

    async def workshop(self) -> Workshop:
        """Where rated answers are reviewed, as the application makes it."""
        return make_workshop(self.settings, await self.store.opened(), self.retriever.opened)


@dataclass
class Served:
    """A served page, its knowledge, and who can sign in to it."""

    url: str
    knowledge: Knowledge
    access: Access
    store: DeferredStore
    loop: asyncio.AbstractEventLoop
    folder: Path
    listening: int = 0
    said: list[str] = field(default_factory=list)

    def run(self, work: Coroutine[Any, Any, T], patience_s: float = 60) -> T:
        """Run a coroutine where the page runs."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(patience_s)

    def settle(self, name: str, role: str | None = None, who: str = "root") -> None:
        """Let somebody sign in with PASSWORD."""
        code = self.access.invite(name, who=who, role=role)  # type: ignore[arg-type]
        self.access.redeem(code, PASSWORD)


@contextmanager
def serving(
    folder: Path, *, knowledge: Knowledge | None = None, **settings: object
) -> Iterator[Served]:
    """Serve until the block ends; a wrong end of the page's thread is raised."""
    given = knowledge or tiny(folder)
    app = App(
        settings=Settings.model_validate({"data_dir": str(folder / "data")} | settings),
        retriever=Retriever(given),
        store=DeferredStore(f"sqlite:///{folder / 'salus.sqlite3'}", folder / "keys" / "salus.key"),
    )
    adapter = WebAdapter(app, made("127.0.0.1", 0, app.settings), say=lambda _: None)  # type: ignore[arg-type]
    adapter.make_access = lambda opened: Access(opened, cost=QUICK)
    ready, ended = threading.Event(), []
    stop: list[Callable[[], object]] = []

    async def main() -> None:
        stopping = asyncio.Event()
        loops.append(asyncio.get_running_loop())
        stop.append(lambda: loops[0].call_soon_threadsafe(stopping.set))
        adapter._say = lambda _: ready.set()  # said when it listens
        try:
            await adapter.run(stopping)
        finally:
            await app.store.close()

    def work() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001  # raised in the test's thread
            ended.append(error)
        finally:
            ready.set()

    loops: list[asyncio.AbstractEventLoop] = []
    thread = threading.Thread(target=work, name="served page")
    thread.start()
    assert ready.wait(20)
    try:
        assert not ended, ended
        access = Access(given, cost=QUICK)
        yield Served(
            url=adapter.url, knowledge=given, access=access, store=app.store, loop=loops[0],
            folder=folder, listening=adapter.port,
        )  # fmt: skip
    finally:
        stop[0]()
        thread.join(20)
        if knowledge is None:
            given.close()
    assert not thread.is_alive()
    if ended:
        raise ended[0]


def tiny(folder: Path) -> Knowledge:
    """The tiny knowledge base of tests/rag, with a canary of its own pages."""
    for name in PAGES:
        write_page(folder / "pages", name)
    return Knowledge.open(
        folder / "kb", pages_dir=folder / "pages", embedder=HashEmbedder(), backend=ExactBackend()
    )
