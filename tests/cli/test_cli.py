"""The command line as a person and as a program use it, on the real knowledge and a real SQLite."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Salus

KEYS = {
    "text", "kind", "lang", "turn", "sources", "path", "model", "knowledge_version", "timings",
}  # fmt: skip


def test_two_questions_in_a_pipe(salus: Salus, data_dir: Path) -> None:
    """A pipe gets two cited answers in the asker's languages and exit code 0."""
    ran = salus("chat", stdin="How much sleep do adults need?\n我血压150/95，要紧吗？\n")
    assert ran.code == 0
    assert "> How much sleep do adults need?" in ran.out
    assert "7" in ran.out
    assert "Sources" in ran.out
    assert "资料来源" in ran.out
    assert "150/95" in ran.out
    assert ran.out.count("https://") + ran.out.count("http://") >= 2


def test_the_json_object_of_a_reply(salus: Salus, data_dir: Path) -> None:
    """The object programs rely on: these keys, cited sources, timings."""
    ran = salus("ask", "How much sleep do adults need?", "--json")
    (reply,) = ran.lines
    assert set(reply) == KEYS
    assert reply["kind"] == "answer"
    assert reply["path"] == "extractive"
    assert reply["sources"]
    assert set(reply["sources"][0]) == {"id", "title", "url", "quote"}
    assert reply["timings"]["total_ms"] > 0
    assert reply["turn"]


def test_a_chat_remembers_what_was_logged(salus: Salus, data_dir: Path) -> None:
    """The mean of two nights and the reading come back in the answer, also in a later run."""
    first = salus("chat", "--user", "u1", "--json", stdin="slept 5h\nslept 5.5 hours\nbp 148/96\n")
    assert [line["kind"] for line in first.lines] == ["logged"] * 3
    then = salus("chat", "--user", "u1", "--json", stdin="why am I tired?\n")
    (reply,) = then.lines
    assert "5 h 15 min" in reply["text"]
    assert "148/96" in reply["text"]
    other = salus("chat", "--user", "u2", "--json", stdin="why am I tired?\n")
    assert "148/96" not in other.lines[0]["text"]


def test_asking_in_plain_text_shows_sources(salus: Salus, data_dir: Path) -> None:
    """Without --json the answer reads as text, from an argument or from standard input."""
    asked = salus("ask", "How much sleep do adults need?")
    assert "Sources" in asked.out
    piped = salus("ask", stdin="hello")
    assert "Sources" not in piped.out
    assert piped.code == 0


def test_a_batch_keeps_order_and_ids_and_survives_bad_lines(salus: Salus, data_dir: Path) -> None:
    """One result line per input line; a broken line yields an error object."""
    rows = (
        '{"id": "a", "text": "hello"}\nnonsense\n{"id": "b"}\n[1]\n'
        '{"id": 3, "text": "你好", "user": "x"}\n'
    )
    for command in (("ask", "--jsonl"), ("chat", "--jsonl")):
        lines = salus(*command, stdin=rows).lines
        assert [line.get("id") for line in lines] == ["a", None, "b", None, 3]
        assert [("error" in line) for line in lines] == [False, True, True, True, False]


def test_searching(salus: Salus, data_dir: Path) -> None:
    """One query gives a list of hits; a batch gives hits per id; text is for people."""
    (hits,) = salus("kb", "search", "how much sleep", "-k", "3", "--json").lines
    assert len(hits) == 3
    assert {"id", "doc", "title", "url", "lang", "score", "text"} <= set(hits[0])
    assert hits[0]["doc"] == "en/sleep-adults"
    rows = '{"id": 1, "text": "高血压"}\n{"id": 2, "text": "back pain"}\n'
    lines = salus("kb", "search", "--jsonl", "-k", "2", stdin=rows).lines
    assert [line["id"] for line in lines] == [1, 2]
    assert lines[0]["hits"][0]["lang"] == "zh"
    assert "back" in salus("kb", "search", "back pain").out.lower()
    assert salus("kb", "search").code == 2


def test_adding_documents(salus: Salus, data_dir: Path, tmp_path: Path) -> None:
    """Rows become findable under their own id; bad rows are named; twice changes nothing."""
    file = tmp_path / "own.jsonl"
    rows = [
        {"id": "zorb-1", "title": "Zorbing safety", "answer": "Zorbing needs a helmet."},
        {"id": "bad"},
    ]  # fmt: skip
    file.write_text("\n".join(json.dumps(row) for row in rows))
    (report,) = salus("kb", "add", str(file), "--json").lines
    assert report["added"] == 1
    assert len(report["problems"]) == 1
    (hits,) = salus("kb", "search", "zorbing helmet", "--json").lines
    assert hits[0]["doc"] == "zorb-1"
    again = salus("kb", "add", str(file))
    assert "added 0, unchanged 1" in again.out
    missing = salus("kb", "add", str(tmp_path / "nothing.md"))
    assert missing.code == 2
    assert "no such file" in missing.err


def test_listing_and_checking_the_pages(salus: Salus, data_dir: Path) -> None:
    """At least sixty topics in each language, all in order."""
    (documents,) = salus("kb", "list", "--json").lines
    for lang in ("en", "zh"):
        assert sum(d["doc"].startswith(f"{lang}/") for d in documents) >= 60
    assert "documents, version" in salus("kb", "list").out
    assert salus("kb", "check").code == 0
    assert salus("kb", "check", "--json").lines[0] == {"ok": True, "problems": []}


def test_triage_in_batches_and_alone(salus: Salus) -> None:
    """Emergencies are told from the rest, with a reason, and ids are kept."""
    rows = (
        '{"id": 1, "text": "crushing chest pain and sweating"}\n'
        '{"id": 2, "text": "how much water should I drink?"}\n{"id": 3}\n'
    )
    one, two, three = salus("triage", "--json", stdin=rows).lines
    assert one["level"] == "emergency"
    assert one["category"]
    assert one["why"]
    assert two["level"] == "none"
    assert "error" in three
    assert salus("triage", "胸口压榨样疼痛，出冷汗").out.startswith("emergency")
    assert salus("triage", "hello", "--json").lines[0]["level"] == "none"


def test_grounding_in_batches(salus: Salus) -> None:
    """A swapped number is caught, a faithful sentence passes, a bad row is named."""
    passage = {"id": "p1", "text": "Most adults need at least 7 hours of sleep a night."}
    told = "Most adults need at least {} hours of sleep [1]."
    rows = [
        {"id": "a", "answer": told.format(7), "passages": [passage]},
        {"id": "b", "answer": told.format(9), "passages": [passage]},
        {"id": "c", "answer": "x"},
    ]
    text = "\n".join(json.dumps(row) for row in rows)
    good, bad, broken = salus("ground", "--json", stdin=text).lines
    assert good["supported"] is True
    assert bad["supported"] is False
    assert bad["sentences"][0]["why"]
    assert "passages" in broken["error"]


def test_reading_metrics(salus: Salus) -> None:
    """Values, units and times come back per row; a bad zone or time is named."""
    rows = [
        {"id": 1, "text": "bp 148/96", "now": "2026-11-20T08:00:00+01:00", "tz": "Europe/Berlin"},
        {"id": 2, "text": "空腹血糖6.8", "lang": "zh"},
        {"id": 3, "text": "x", "tz": "Mars/Base"},
        {"id": 4, "text": "x", "now": "soon"},
        {"id": 5, "text": "x", "lang": "fr"},
    ]
    lines = salus("metrics", "parse", "--json", stdin="\n".join(map(json.dumps, rows))).lines
    assert lines[0]["metrics"][0]["value"] == "148/96"
    assert lines[0]["metrics"][0]["at"].startswith("2026-11-20")
    assert lines[1]["metrics"][0]["kind"] == "glucose"
    assert all("error" in line for line in lines[2:])
    assert "weight" in salus("metrics", "parse", "weight 70 kg").out
    assert "nothing to log" in salus("metrics", "parse", "hello").out
    assert "?" in salus("metrics", "parse", "weight 700 kg").out
    assert salus("metrics", "parse", "weight 70 kg", "--json").lines[0]["metrics"]


def test_keeping_and_showing_metrics(salus: Salus, data_dir: Path) -> None:
    """What is added is shown with averages; what is no value leaves with code 1."""
    assert salus("metrics", "show").out.strip() == "nothing logged"
    assert "128/82" in salus("metrics", "add", "bp 128/82").out
    assert salus("metrics", "add", "bp 132/84", "--json").lines[0]["kind"] == "logged"
    assert salus("metrics", "add", stdin='{"id": 1, "text": "slept 7h"}\n').lines[0]["id"] == 1
    assert "130/83" in salus("metrics", "show").out
    (shown,) = salus("metrics", "show", "--json").lines
    assert len(shown["observations"]) == 3
    assert shown["summaries"]
    assert salus("metrics", "add", "weight 700 kg").code == 1


def test_feedback_in_numbers(salus: Salus, data_dir: Path) -> None:
    """Votes are counted without anybody's words."""
    salus(
        "chat", stdin="How much sleep do adults need?\n/good\n成年人要睡几个小时？\n/bad 太长了\n"
    )
    (stats,) = salus("feedback", "stats", "--json").lines
    text = json.dumps(stats, ensure_ascii=False)
    assert "太长了" not in text
    assert '"up": 1' in text
    assert "up" in salus("feedback", "stats").out


def test_doctor(salus: Salus, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All is well here; a gone model server is a warning with a mend; bad settings are code 2."""
    well = salus("doctor", "--json")
    assert well.code == 0
    assert well.lines[0]["ok"] is True
    monkeypatch.delenv("SALUS_MODEL")
    monkeypatch.setenv("SALUS_MODEL_URL", "http://127.0.0.1:9/v1")
    gone = salus("doctor")
    assert "! model" in gone.out
    assert "SALUS_MODEL_URL" in gone.out
    assert gone.code == 0
    monkeypatch.setenv("SALUS_MODEL_NAMES", "x")
    bad = salus("doctor")
    assert bad.code == 2
    assert "SALUS_MODEL_NAME" in bad.out


def test_doctor_names_a_broken_database(
    salus: Salus, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unreachable database fails with a mend, and its password is not shown."""
    monkeypatch.setenv("SALUS_DATABASE_URL", "postgresql://me:hunter2@127.0.0.1:9/db")
    ran = salus("doctor")
    assert ran.code == 1
    assert "hunter2" not in ran.out + ran.err
    assert "SALUS_DATABASE_URL" in ran.out


@pytest.mark.parametrize(
    ("environ", "told"),
    [({"SALUS_MODEL_URLS": "x"}, "SALUS_MODEL_URL"), ({"SALUS_MODEL_URL": "x"}, "http")],
)
def test_wrong_settings_end_in_one_line(
    salus: Salus, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], told: str
) -> None:
    """The line names the setting; the code is 2."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    ran = salus("ask", "hello")
    assert ran.code == 2
    assert told in ran.err
    assert len(ran.err.splitlines()) == 1


def test_wrong_usage_is_code_2(salus: Salus) -> None:
    """A missing command or a wrong option is the caller's fault."""
    assert salus("kb", "search", "x", "-k", "0").code == 2
    assert salus("nonsense").code == 2


@pytest.mark.parametrize(
    "line",
    [
        b"", b"   ", b"\xff\xfe broken utf-8 \xc3\x28", "😀".encode(), "\u202e\u200b".encode(),
        b"\x00\x01\x02 sleep?", "كم ساعة يجب أن أنام؟".encode(), b"a" * 100_000, b"0" * 100_000,
        "睡".encode() * 30_000,
    ],
    ids=["empty", "blank", "broken", "emoji", "hidden", "control", "rtl", "100kB", "digits", "han"],
)  # fmt: skip
def test_hostile_lines_get_one_reply_each(salus: Salus, data_dir: Path, line: bytes) -> None:
    """Whatever comes down the pipe, there is one JSON reply, exit 0, and the next line works."""
    ran = salus("chat", "--json", stdin=line + b"\nhello\n")
    assert ran.code == 0
    assert len(ran.lines) == 2
    assert ran.lines[0]["text"]
    assert ran.lines[1]["kind"] == "command"


def test_an_emergency_with_everything_down(
    salus: Salus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No database, no index, no model: the fixed reply still comes, at once."""
    blocked = tmp_path / "file"
    blocked.write_text("a file where the data folder should be")
    monkeypatch.setenv("SALUS_DATA_DIR", str(blocked))
    monkeypatch.setenv("SALUS_DATABASE_URL", "postgresql://a:b@127.0.0.1:9/c")
    monkeypatch.setenv("SALUS_MODEL_URL", "http://127.0.0.1:9/v1")
    ran = salus("ask", "crushing chest pain and my left arm is numb", "--json")
    assert ran.code == 0
    assert ran.lines[0]["kind"] == "emergency"
    assert ran.lines[0]["timings"]["total_ms"] < 1000


def test_an_unusable_data_folder_is_said_plainly(
    salus: Salus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question gets a plain word, a log is refused, and kb ends in one line with code 4."""
    blocked = tmp_path / "file"
    blocked.write_text("x")
    monkeypatch.setenv("SALUS_DATA_DIR", str(blocked))
    monkeypatch.setenv("SALUS_MODEL", "off")
    ran = salus("chat", "--json", stdin="How much sleep do adults need?\nbp 128/82\n")
    assert ran.code == 0
    asked, logged = ran.lines
    assert "can't reach my reviewed sources" in asked["text"]
    assert logged["kind"] == "clarify"
    assert logged["turn"] is None
    searched = salus("kb", "search", "sleep")
    assert searched.code == 4
    assert len(searched.err.splitlines()) == 1


def test_a_corrupt_index_rebuilds_itself(salus: Salus, data_dir: Path) -> None:
    """With the index files overwritten the next question is answered as before."""
    before = salus("ask", "How much sleep do adults need?", "--json").lines[0]
    for path in (data_dir / "knowledge-index").rglob("*"):
        if path.is_file():
            path.write_bytes(b"garbage")
    after = salus("ask", "How much sleep do adults need?", "--json").lines[0]
    assert [s["id"] for s in after["sources"]] == [s["id"] for s in before["sources"]]
    assert after["knowledge_version"] == before["knowledge_version"]


def test_a_locked_database_is_named_and_nothing_is_lost(salus: Salus, data_dir: Path) -> None:
    """While another process holds the database, a log is refused in words and can be repeated."""
    assert salus("metrics", "add", "bp 120/80").code == 0
    holder = sqlite3.connect(data_dir / "salus.sqlite3", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        refused = salus("chat", "--json", stdin="bp 128/82\n").lines[0]
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert refused["kind"] == "clarify"
    assert refused["turn"] is None
    assert salus("metrics", "add", "bp 128/82").code == 0
    (shown,) = salus("metrics", "show", "--json").lines
    assert len(shown["observations"]) == 2


def test_the_installed_command_in_a_real_pipe(data_dir: Path) -> None:
    """The entry point, a real pipe, a reader that leaves early: no traceback."""
    command = [sys.executable, "-m", "bot", "chat", "--json"]
    ran = subprocess.run(
        command, input=b"hello\n", capture_output=True, timeout=60, check=False, env=os.environ
    )
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["kind"] == "command"
    shell = f"printf 'hello\\nhello\\nhello\\n' | {sys.executable} -m bot chat | head -c 5"
    left = subprocess.run(
        ["bash", "-c", shell], capture_output=True, timeout=60, check=False, env=os.environ
    )
    assert b"Traceback" not in left.stderr
