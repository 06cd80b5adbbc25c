"""``salus kb``: the admin's way from a file to a published version and back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.cli import kb_common
from bot.i18n import LANGS, texts
from rag.library import Knowledge
from rag.vectors import ExactBackend
from tests.cli.conftest import Ran, Salus
from tests.rag.support import PAGES, HashEmbedder, write_page


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder on five tiny pages and the quick embedder."""
    folder, pages = tmp_path / "salus", tmp_path / "pages"
    for name in PAGES:
        write_page(pages, name)
    monkeypatch.setenv("SALUS_DATA_DIR", str(folder))
    monkeypatch.setenv("SALUS_MODEL", "off")
    monkeypatch.setenv("SALUS_ENV_FILE", str(tmp_path / "none"))

    def opened(_settings: object, *, progress: Any = None, meanwhile: bool = False) -> Knowledge:
        return Knowledge.open(
            folder, pages_dir=pages, embedder=HashEmbedder(), backend=ExactBackend(),
            progress=progress, meanwhile=meanwhile,
        )  # fmt: skip

    monkeypatch.setattr("bot.app.open_knowledge", opened)
    return folder


def file(folder: Path, name: str = "own.jsonl", **texts: str) -> str:
    """A JSONL file of rows ``id="text"``."""
    path = folder / name
    rows = (json.dumps({"id": doc, "title": doc, "answer": text}) for doc, text in texts.items())
    path.write_text("\n".join(rows), encoding="utf-8")
    return str(path)


def only(ran: Ran) -> Any:
    """The one JSON value a successful command printed."""
    assert ran.code == 0, ran.err
    (value,) = ran.lines
    return value


PROVEN = ("--source-organisation", "WHO", "--source-url", "https://who.int/gout",
          "--source-date", "2024-05", "--licence", "CC-BY-4.0")  # fmt: skip


def test_adding_for_oneself_is_found_at_once(salus: Salus, quick: Path, tmp_path: Path) -> None:
    """Without roles, plain add and --publish both publish; --draft waits."""
    gout = file(tmp_path, gout="Gout hurts joints.")
    report = only(salus("kb", "add", gout, "--json"))
    assert (report["state"], report["added"], report["unproven"]) == ("published", 1, 1)
    (hit,) = only(salus("kb", "search", "gout joints", "-k", "1", "--json"))
    assert hit["doc"] == "gout"
    assert hit["sources"] == ["own upload (no source given), own.jsonl"]
    flu = file(tmp_path, "flu.jsonl", flu="Flu brings fever.")
    staged = only(salus("kb", "add", flu, "--draft", "--json"))
    assert (staged["state"], staged["added"]) == ("staged", ["flu"])
    assert only(salus("kb", "search", "flu fever", "-k", "1", "--json"))[0]["doc"] != "flu"
    cold = file(tmp_path, "cold.jsonl", cold="A cold brings a cough.")
    assert only(salus("kb", "add", cold, "--publish", "--json"))["state"] == "published"
    assert only(salus("kb", "draft", "--json"))["added"] == ["flu"]
    assert salus("kb", "add", cold, "--publish", "--draft").code == 2


def test_draft_diff_publish_rollback_log(salus: Salus, quick: Path, tmp_path: Path) -> None:
    """The whole way as text and as JSON, with the exit codes of the README."""
    gout = file(tmp_path, gout="Gout hurts joints.")
    assert "added    gout" in salus("kb", "add", gout, "--draft", "--as", "ann", *PROVEN).out
    assert "last changed by ann" in salus("kb", "draft").out
    diff = only(salus("kb", "diff", "--json"))
    (change,) = diff["documents"]
    assert (change["kind"], change["chunks_added"], change["missing"]) == ("added", 1, [])
    assert diff["canary"]["blocked"] == ""
    text = salus("kb", "diff").out
    assert "gout  +1 −0" in text
    done = only(salus("kb", "publish", "--as", "bob", "--json"))
    assert (done["added"], done["changed_version"]) == (1, True)
    old = only(salus("kb", "search", "gout", "--version", done["before"], "--json"))
    assert "gout" not in {hit["doc"] for hit in old}
    asked = ("ask", "What is gout?", "--json", "--version")
    assert only(salus(*asked, done["before"]))["knowledge_version"] == done["before"]
    assert salus(*asked, "nowhere").code == 3
    assert "is published, in place of" in salus("kb", "rollback").out
    assert only(salus("kb", "rollback", done["version"], "--json"))["added"] == 1
    log = only(salus("kb", "log", "--json"))
    assert [(e["who"], e["action"]) for e in log[2:]] == [
        ("bob", "publish"), ("ann", "stage"), ("salus", "pages"),
    ]  # fmt: skip
    assert all(e["kept"] for e in log)
    told = salus("kb", "log").out
    assert "rolled back" in told
    assert "canary 2/2" in told
    assert "nothing to publish" in salus("kb", "publish").out
    assert salus("kb", "rollback", "nowhere").code == 3


def test_removing_documents(salus: Salus, quick: Path) -> None:
    """A page is staged for removal, dropped from the draft again, and removed for good."""
    assert only(salus("kb", "remove", "en/salt", "--json"))["removed"] == ["en/salt"]
    assert only(salus("kb", "draft", "--drop", "en/salt", "--json"))["empty"]
    salus("kb", "remove", "en/salt")
    assert "the draft is empty" in salus("kb", "draft", "--discard").out
    assert only(salus("kb", "remove", "en/salt", "--publish", "--json"))["removed"] == 1
    missing = salus("kb", "remove", "en/slt")
    assert missing.code == 3
    assert "no document en/slt" in missing.err


def test_a_second_person_reviews(salus: Salus, quick: Path, tmp_path: Path) -> None:
    """With a reviewer, adding stages, publishing waits for an approval by somebody else."""
    assert "nobody has a role" in salus("kb", "people", "list").out
    assert salus("kb", "people", "add", "root", "--role", "boss").code == 2
    for name, role in (("root", "admin"), ("rev", "reviewer"), ("ed", "editor")):
        assert salus("kb", "people", "add", name, "--role", role, "--as", "root").code == 0
    gout = file(tmp_path, gout="Gout hurts joints.")
    staged = only(salus("kb", "add", gout, "--as", "ed", "--json"))
    assert staged["waiting"] == ["approval", "provenance"]
    early = salus("kb", "publish", "--as", "rev")
    assert early.code == 1
    assert "needs the approval of somebody other than ed" in early.err
    assert salus("kb", "review", "--as", "rev").code == 2
    salus("kb", "review", "--approve", "--as", "rev")
    unproven = salus("kb", "publish", "--as", "rev")
    assert "do not say where they come from: gout: organisation" in unproven.err
    refused = salus("kb", "add", gout, *PROVEN, "--publish", "--as", "ed")
    assert refused.code == 1  # staged, but an editor does not publish
    approved = salus("kb", "review", "--approve", "--note", "checked", "--as", "rev").out
    assert "approved by rev: checked" in approved
    assert only(salus("kb", "publish", "--as", "rev", "--json"))["added"] == 1
    assert salus("kb", "publish", "--as", "stranger").code == 1
    assert [p["name"] for p in only(salus("kb", "people", "list", "--json"))] == [
        "ed", "rev", "root",
    ]  # fmt: skip
    assert "no role any more" in salus("kb", "people", "remove", "ed", "--as", "root").out
    assert "root  admin" in salus("kb", "people", "list").out


def test_a_regression_is_told_and_needs_force(salus: Salus, quick: Path, tmp_path: Path) -> None:
    """The canary blocks a draft that hides a page; an admin may publish it all the same."""
    salus("kb", "list")
    rows = [
        {"id": f"c{i}", "lang": "en", "text": f"cool a burn {w}", "docs": ["en/burns"]}
        for i, w in enumerate(("now", "fast", "under water"))
    ]
    (quick / "canary.jsonl").write_text("\n".join(map(json.dumps, rows)))
    text = "Cool a burn now, cool a burn fast, and cool a burn under water."
    flood = file(tmp_path, **{f"flood{i}": text for i in range(6)})
    salus("kb", "add", flood, "--draft")
    diff = salus("kb", "diff").out
    assert "the canary fell" in diff
    assert "flood0  +1 −0  (lacks date, licence, organisation, url)" in diff
    blocked = salus("kb", "publish")
    assert blocked.code == 1
    assert "the published version stays" in blocked.err
    assert only(salus("kb", "publish", "--force", "--json"))["forced"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        ("--source-url", "https://who.int"),
        ("--source-organisation", "WHO", "--source-url", "ftp://who.int"),
        ("--source-organisation", "WHO", "--source-date", "May 2024"),
    ],
)
def test_a_half_source_is_refused(
    salus: Salus, quick: Path, tmp_path: Path, wrong: tuple[str, ...]
) -> None:
    """A source needs an organisation, a real address and a real date."""
    assert salus("kb", "add", file(tmp_path, gout="Gout hurts."), *wrong).code == 2


def test_checking_the_index(salus: Salus, quick: Path) -> None:
    """``check --index`` compares the index with SQL; the pages are checked in any case."""
    assert only(salus("kb", "check", "--index", "--json")) == {"ok": True, "problems": []}
    import sqlite3

    with sqlite3.connect(quick / "knowledge.sqlite3") as database:
        database.execute("UPDATE kb_chunks SET passage_id = 'x' WHERE position = 0")
    database.close()
    ran = salus("kb", "check", "--index")
    assert ran.code == 1
    assert "differ between index and database" in ran.out


def test_gaps_of_ones_own_terminal(salus: Salus, quick: Path) -> None:
    """Without agreement nothing is shown; alone with --all one's own questions are."""
    from bot.model import Place
    from bot.settings import load
    from bot.store import KeyRing, open_store
    from tests.store.samples import turn

    async def ask() -> None:
        settings = load()
        keys = KeyRing.load_or_create(settings.resolved_key_file)
        store = await open_store(settings.resolved_database_url, keys=keys)
        user = await store.user_for("console", "local")
        place = Place(platform="console", chat="local")
        from datetime import UTC, datetime

        for text in ("what is zorbitis", "zorbitis what is"):
            now = datetime.now(UTC)
            await store.add_turn(turn(user, text, relevant=False, place=place, at=now))
        await store.close()

    quick.mkdir(exist_ok=True)
    asyncio.run(ask())
    assert "no gaps" in salus("kb", "gaps").out
    found = only(salus("kb", "gaps", "--all", "--json"))
    (gap,) = found["shown"]
    assert (gap["count"], gap["people"], gap["nothing"]) == (2, 1, 2)
    told = salus("kb", "gaps", "--all").out
    assert "2× (1 people) " in told
    assert "zorbitis" in told


def test_gaps_are_refused_beside_other_people(salus: Salus, quick: Path) -> None:
    """--all is for one person's terminal; in a bot's database it is refused, in words."""
    from bot.settings import load
    from bot.store import KeyRing, open_store

    async def people() -> None:
        settings = load()
        keys = KeyRing.load_or_create(settings.resolved_key_file)
        store = await open_store(settings.resolved_database_url, keys=keys)
        for name in ("a", "b"):
            await store.user_for("telegram", name)
        await store.close()

    quick.mkdir(exist_ok=True)
    asyncio.run(people())
    ran = salus("kb", "gaps", "--all")
    assert ran.code == 1
    assert "--all is for one person's own terminal" in ran.err


def test_the_terminal_speaks_chinese_too(
    salus: Salus, quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With SALUS_LANG=zh the admin reads Chinese."""
    monkeypatch.setenv("SALUS_LANG", "zh")
    assert "草稿是空的" in salus("kb", "draft").out


def test_every_refusal_has_its_sentence() -> None:
    """Each key that the desk raises is worded in both languages, with the details it gives."""
    import re

    from bot.settings import ROOT

    sources = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "rag").glob("versions*.py"))
    keys = set(re.findall(r'"(kb\.(?:refused|unknown)\.[a-z_]+)"', sources))
    keys |= {f"kb.refused.{r}" for r in ("edit", "review", "publish", "force", "people")}
    keys |= {"kb.refused.approval", "kb.refused.rejected"}
    assert len(keys) >= 18
    for lang in LANGS:
        assert keys <= texts(lang).keys()


def test_long_lists_are_cut() -> None:
    """Twenty entries are shown and the rest counted."""
    assert kb_common.listed(["a"]) == ["a"]
    assert kb_common.listed(map(str, range(25)))[-1] == "… and 5 more"


def test_a_name_is_found_for_whoever_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name given, else the system's, else a bare number in a container."""
    import pwd

    assert kb_common.who(" ann ") == "ann"
    assert kb_common.who("")

    def unknown(_uid: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert kb_common.who("").startswith("uid-")


@pytest.mark.slow
def test_the_real_thing(salus: Salus, data_dir: Path, tmp_path: Path) -> None:
    """On the shipped pages with the real embedder: staged, measured, published, taken back."""
    zorb = file(tmp_path, zorb="Zorbing needs a helmet and a spotter on the hill.")
    only(salus("kb", "add", zorb, "--draft", "--json"))
    done = only(salus("kb", "publish", "--json"))
    assert done["canary"]["questions"] >= 80
    assert done["canary"]["recall"] >= 0.9
    (hit,) = only(salus("kb", "search", "zorbing helmet", "-k", "1", "--json"))
    assert hit["doc"] == "zorb"
    assert only(salus("kb", "rollback", "--json"))["version"] == done["before"]


def test_the_graph_is_shown_and_exported(salus: Salus) -> None:
    """Every relation with the section that says so; around one thing; unknown things refused."""
    whole = only(salus("kb", "graph", "--json"))
    assert {"from", "relation", "to", "source", "clinician_review"} == set(whole["edges"][0])
    gout = only(salus("kb", "graph", "--about", "gout attack", "--json"))
    assert 0 < len(gout["edges"]) < len(whole["edges"])
    assert all("gout" in (edge["from"], edge["to"]) for edge in gout["edges"])
    assert "gout – measured by: uric acid  (gout-uric-acid/2)" in salus("kb", "graph").out
    assert salus("kb", "graph", "--about", "spanners").code == 2
