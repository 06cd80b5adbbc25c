"""Measures size and speed of the installed command and prints one table (``make bench-speed``).

Every figure is taken from a real process: ``salus --help``; an interactive chat on a terminal
from start to its prompt; its memory after two answers; and the search itself.
"""

from __future__ import annotations

import json
import os
import pty
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SALUS = Path(sys.executable).with_name("salus")
QUESTIONS = Path(__file__).resolve().parents[1] / "tests" / "retrieval"


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"SALUS_DATA_DIR": folder, "SALUS_TZ": "UTC"}
        first = timed([str(SALUS), "kb", "list"], environment)
        rows = [
            ("salus --help, median of 5", help_time(environment), "<= 0.5 s"),
            ("first run: index of all pages", f"{first:.1f} s", ""),
            ("second run: one cited answer, whole process", answer_time(environment), "<= 15 s"),
        ]
        start, memory = chat(environment | {"SALUS_MODEL": "off"})
        rows += [
            ("warm start of the chat to its prompt", f"{start:.2f} s", "<= 5 s"),
            ("resident memory of that chat after two answers", f"{memory:.0f} MB", "<= 400 MB"),
            ("search p50 / p95, query embedding included", search(folder), "p95 <= 20 ms"),
        ]
    width = max(len(name) for name, _, _ in rows)
    for name, value, bar in rows:
        print(f"{name:<{width}}  {value:>18}  {bar}")


def timed(command: list[str], environment: dict[str, str]) -> float:
    """Seconds a command takes."""
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


def help_time(environment: dict[str, str]) -> str:
    """Median of five."""
    return (
        f"{statistics.median(timed([str(SALUS), '--help'], environment) for _ in range(5)):.2f} s"
    )


def answer_time(environment: dict[str, str]) -> str:
    """A whole ``salus ask``, as it is set up by default."""
    return f"{timed([str(SALUS), 'ask', 'How much sleep do adults need?'], environment):.1f} s"


def chat(environment: dict[str, str]) -> tuple[float, float]:
    """(seconds to the prompt, MB resident after two answers) of a chat on a real terminal."""
    started = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(SALUS, [str(SALUS), "chat"], environment)
    wait_for(terminal, "›", 60)
    ready = time.perf_counter() - started
    for line in ("How much sleep do adults need?", "我血压150/95，要紧吗？"):
        os.write(terminal, f"{line}\n".encode())
        wait_for(terminal, "/good", 60)
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    os.write(terminal, b"\x04")
    time.sleep(0.5)
    os.close(terminal)
    os.waitpid(pid, 0)
    return ready, pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def wait_for(terminal: int, text: str, seconds: float) -> None:
    """Read until ``text`` was shown."""
    seen, until = b"", time.perf_counter() + seconds
    while text.encode() not in seen:
        if not select.select([terminal], [], [], max(0, until - time.perf_counter()))[0]:
            sys.exit(f"{text!r} was not shown within {seconds} s:\n{seen.decode(errors='replace')}")
        seen += os.read(terminal, 65536)


def search(folder: str) -> str:
    """p50 and p95 in ms over the checked-in questions, each asked once, after a warm-up."""
    from rag.library import Knowledge

    knowledge = Knowledge.open(Path(folder), pages_dir=QUESTIONS.parents[1] / "knowledge" / "pages")
    texts = [
        json.loads(line)["text"]
        for file in sorted(QUESTIONS.glob("questions_*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    knowledge.warm()
    times = []
    for text in texts:
        started = time.perf_counter()
        knowledge.search(text, limit=6)
        times.append((time.perf_counter() - started) * 1000)
    knowledge.close()
    times.sort()
    return f"{statistics.median(times):.1f} / {times[int(len(times) * 0.95)]:.1f} ms"


if __name__ == "__main__":
    main()
