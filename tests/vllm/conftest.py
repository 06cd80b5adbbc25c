"""The real vLLM server on this machine's CPU, for the suite behind ``make test-vllm``.

It is built by ``deploy/vllm/cpu.sh build`` before pytest starts; nothing here skips: a server
that does not come up fails every test with the end of its log.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.settings import ROOT
from tests.serving_contract import Place

START_S = 420.0
FIGURES = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """How often what must never fail is done; more gives a tighter bound."""
    parser.addoption("--rounds", type=int, default=100, help="swaps and abandoned streams")
    parser.addoption("--port", type=int, default=0, help="a server that runs already (not killed)")


@pytest.fixture(scope="session")
def rounds(request: pytest.FixtureRequest) -> int:
    """Swaps under load, and streams abandoned."""
    return int(request.config.getoption("--rounds"))


def figures(config: pytest.Config) -> list[str]:
    """What was measured on the way; told at the end of the run."""
    return config.stash.setdefault(FIGURES, [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """The figures, above the closing line."""
    for line in figures(config):
        terminalreporter.write_line(f"vllm: {line}")


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keeps a figure for the end of the run."""
    return figures(request.config).append


class Server:
    """One server process group on a port of its own."""

    def __init__(self, log: Path, port: int = 0) -> None:
        """Choose a free port unless one is given; nothing is started."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = port or int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it and wait until it is well; seconds that took."""
        begun = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(ROOT / "deploy/vllm/cpu.sh")],
                stdout=log, stderr=log, start_new_session=True,
                env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp"),
                     "PORT": str(self.port)},
            )  # fmt: skip
        while time.monotonic() - begun < START_S:
            if self._process.poll() is not None:
                break
            if self._well():
                return time.monotonic() - begun
            time.sleep(0.5)
        self.stop()
        told = self.log.read_text(encoding="utf-8", errors="replace")[-3000:]
        pytest.fail(f"the vLLM server did not come up:\n{told}", pytrace=False)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Its engine stands still: what it writes stays unfinished, what waits goes on waiting,
        and no processor is taken, however fast or slow the machine is."""
        engines = self.engines()
        try:
            for pid in engines:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in engines:
                os.kill(pid, signal.SIGCONT)

    def engines(self) -> list[int]:
        """The ids of the processes that compute."""
        found = [pid for pid, name in processes() if name.startswith("VLLM::EngineCor")]
        assert found, "no engine runs"
        return found

    def kill(self) -> None:
        """As a crash would: SIGKILL to the whole group."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """In order, and by force after a while."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for sign in (how, signal.SIGKILL):
            try:
                os.killpg(process.pid, sign)
            except ProcessLookupError:
                break
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                continue
        process.wait(20)

    def _well(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as a:
                return bool(a.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def processes() -> Iterator[tuple[int, str]]:
    """All that run on this machine: id and name (15 characters of it)."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            yield int(folder.name), (folder / "comm").read_text(encoding="utf-8").strip()
        except OSError:  # it has ended meanwhile
            continue


@pytest.fixture(scope="session")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The one server of this run."""
    port = int(request.config.getoption("--port"))
    running = Server(tmp_path_factory.mktemp("vllm") / "server.log", port)
    if port:
        yield running
        return
    figures(request.config).append(f"the server was up after {running.start():.0f} s")
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def place(server: Server) -> Place:
    """What the contract needs; patient, since two cores do the work of a GPU."""
    folder = ROOT / "build" / "adapters"
    return Place(url=server.url, folder=folder, first_token_s=60, total_s=120)
