"""The knowledge base as a whole: build, search, follow changes, add, mend, share, refuse."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.hybrid import HybridRetriever
from rag.library import Knowledge
from rag.rows import OWN_UPLOAD
from rag.types import KnowledgeStoreError, SearchResult
from rag.upkeep import KEEP_RETIRED
from rag.vectors import ChromaBackend
from tests.rag.support import HashEmbedder, Open, page_text, write_page


def docs(result: SearchResult) -> list[str]:
    """Distinct documents of a result, in order."""
    return list(dict.fromkeys(hit.passage.doc for hit in result.hits))


def index_folder(tmp_path: Path, knowledge: Knowledge) -> Path:
    """Where the active version's index lies."""
    return tmp_path / "kb" / "knowledge-index" / knowledge.version


# --- building and searching ----------------------------------------------------


def test_first_open_builds_and_answers_in_both_languages(open_knowledge: Open, pages: Path) -> None:
    """A fresh data directory answers an English and a Chinese question from the right page."""
    knowledge = open_knowledge(pages)
    english = knowledge.search("how much salt is too much?")
    assert docs(english)[0] == "en/salt"
    assert english.version == knowledge.version
    hit = english.hits[0]
    assert hit.passage.sources[0].organisation == "World Health Organization (WHO)"
    assert hit.passage.reviewed == "2026-11-22"
    assert "[^" not in hit.passage.text
    assert 0 <= hit.score <= 1
    assert set(hit.why) == {"dense", "words", "twin", "heading"}
    assert docs(knowledge.search("每天吃多少盐"))[0] == "zh/salt"


def test_results_are_bounded_ordered_and_diverse(open_knowledge: Open, pages: Path) -> None:
    """At most ``limit`` hits, best first, at most three of a document, all of them real."""
    knowledge = open_knowledge(pages)
    result = knowledge.search("sleep and salt and burn", limit=5)
    assert 0 < len(result.hits) <= 5
    scores = [hit.score for hit in result.hits]
    assert scores == sorted(scores, reverse=True)
    found = [hit.passage.doc for hit in result.hits]
    assert max(found.count(doc) for doc in found) <= 3
    assert (
        knowledge.search("salt", limit=1).hits[0].passage.id
        == knowledge.search("salt").hits[0].passage.id
    )


@pytest.mark.parametrize("text", ["", "   ", "???", "😀", "\x00", "a" * 100_000, "\ud800"])
def test_odd_questions_are_not_relevant(open_knowledge: Open, pages: Path, text: str) -> None:
    """Nothing to search for gives a calm, irrelevant result."""
    assert open_knowledge(pages).search(text).relevant is False


def test_a_page_without_a_twin_is_found_across_languages(open_knowledge: Open, pages: Path) -> None:
    """A Chinese question about burns gets the English page, and its language shows."""
    result = open_knowledge(pages).search("烫伤怎么办")
    assert result.hits[0].passage.doc == "en/burns"
    assert result.hits[0].passage.lang == "en"


def test_an_english_question_finds_chinese_only_documents(
    open_knowledge: Open, tmp_path: Path
) -> None:
    """With nothing in English, the Chinese text is what there is."""
    pages = tmp_path / "zh-only"
    write_page(pages, "zh/salt")
    assert docs(open_knowledge(pages).search("salt"))[:1] == ["zh/salt"]


def test_versions_and_ids_depend_on_content_alone(
    open_knowledge: Open, pages: Path, tmp_path: Path
) -> None:
    """Two machines with the same pages get the same version and the same passage ids."""
    one, two = open_knowledge(pages), open_knowledge(pages, data_dir=tmp_path / "other")
    assert one.version == two.version
    ids = [[h.passage.id for h in k.search("salt").hits] for k in (one, two)]
    assert ids[0] == ids[1]


async def test_the_retriever_of_the_dialogue(open_knowledge: Open, pages: Path) -> None:
    """The asynchronous wrapper gives the same hits."""
    knowledge = open_knowledge(pages)
    result = await HybridRetriever(knowledge).search("salt", lang="en", limit=2)
    assert result == knowledge.search("salt", "en", 2)


def test_threads_share_a_knowledge_base(open_knowledge: Open, pages: Path) -> None:
    """Eight threads asking at once, from a cold start, all get the same answer."""
    knowledge = open_knowledge(pages, backend=ChromaBackend())
    answers: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(docs(knowledge.search("burn"))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert all(answer == answers[0] for answer in answers)


def test_warmed_up_no_heading_is_embedded_for_a_question(
    open_knowledge: Open, pages: Path, embedder: HashEmbedder
) -> None:
    """After warming up a search embeds the question alone; once closed, warming up ends at once."""
    knowledge = open_knowledge(pages)
    before = embedder.embedded
    knowledge.warm()
    known = embedder.embedded
    assert known > before
    assert docs(knowledge.search("how much salt should I eat?"))[0] == "en/salt"
    assert embedder.embedded == known


def test_similarity_compares_a_question_with_texts(open_knowledge: Open) -> None:
    """The same words are at cosine one, in the order of the texts."""
    knowledge = open_knowledge()
    near, far = knowledge.similarity("salty bread", ["salty bread", "sleep well"])
    assert near == pytest.approx(1, abs=1e-5)
    assert far < 0.5
    assert knowledge.similarity("salt", []) == []


# --- following the pages -------------------------------------------------------


def test_opening_again_embeds_nothing(
    open_knowledge: Open, pages: Path, embedder: HashEmbedder
) -> None:
    """Unchanged pages are neither read into a new version nor embedded again."""
    version = open_knowledge(pages).version
    done = embedder.embedded
    assert done == 9  # three English pages of three sections
    assert open_knowledge(pages).version == version
    assert embedder.embedded == done


def test_one_changed_section_is_the_only_one_embedded(
    open_knowledge: Open, pages: Path, embedder: HashEmbedder
) -> None:
    """Editing one section of a page re-embeds that section and publishes a new version."""
    first = open_knowledge(pages)
    before, done = first.version, embedder.embedded
    write_page(pages, "en/salt", page_text("en/salt").replace("Bread, sauces", "Pizza, sauces"))
    second = open_knowledge(pages)
    assert second.version != before
    assert embedder.embedded == done + 1
    assert "Pizza" in second.search("where does salt hide?").hits[0].passage.text
    first._looked = 0  # the open one notices within a second
    assert first.search("salt").version == second.version


def test_taking_an_edit_back_gives_the_old_version(open_knowledge: Open, pages: Path) -> None:
    """The version is a hash of the set, so an undone edit is the old version again."""
    before = open_knowledge(pages).version
    write_page(pages, "en/salt", page_text("en/salt").replace("Bread", "Cake"))
    assert open_knowledge(pages).version != before
    write_page(pages, "en/salt")
    again = open_knowledge(pages)
    assert again.version == before
    assert docs(again.search("salt"))[0] == "en/salt"


def test_removed_pages_go(open_knowledge: Open, pages: Path) -> None:
    """A page that is deleted is no longer found."""
    open_knowledge(pages).close()
    (pages / "en" / "burns.md").unlink()
    assert "en/burns" not in [d["doc"] for d in open_knowledge(pages).list()]


def test_a_broken_page_keeps_its_last_good_revision(open_knowledge: Open, pages: Path) -> None:
    """A page broken by an edit stays as it was, is complained about, and the rest goes on."""
    version = open_knowledge(pages).version
    write_page(pages, "en/salt", page_text("en/salt").replace("licence: CC-BY-4.0", "licence: ?"))
    knowledge = open_knowledge(pages)
    assert knowledge.version == version
    assert any("licence" in problem for problem in knowledge.problems)
    assert knowledge.check() == list(knowledge.problems)
    write_page(pages, "en/salt")
    assert open_knowledge(pages).problems == ()


def test_refresh_follows_pages_while_open(open_knowledge: Open, pages: Path) -> None:
    """A running process can be told to read the pages again."""
    knowledge = open_knowledge(pages)
    write_page(pages, "en/salt", page_text("en/salt").replace("Bread", "Cheese"))
    version = knowledge.refresh(pages)
    assert knowledge.search("where does salt hide").version == version
    assert knowledge.refresh(pages) == version


def test_progress_counts_up_to_the_end(open_knowledge: Open, pages: Path) -> None:
    """Progress is told as (embedded, to embed) and ends complete."""
    seen: list[tuple[int, int]] = []
    open_knowledge(pages, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (9, 9)
    assert seen == sorted(seen)


def test_old_generations_are_pruned(open_knowledge: Open, pages: Path, tmp_path: Path) -> None:
    """After many edits only the last few generations and their rows remain."""
    for number in range(KEEP_RETIRED + 4):
        write_page(pages, "en/salt", page_text("en/salt").replace("Bread", f"Food{number}"))
        knowledge = open_knowledge(pages)
    assert knowledge.stats().generations == KEEP_RETIRED + 1
    with sqlite3.connect(tmp_path / "kb" / "knowledge.sqlite3") as database:
        texts = [row[0] for row in database.execute("SELECT text FROM kb_chunks")]
    database.close()
    assert not any("Food0" in text for text in texts)
    assert len(list((tmp_path / "kb" / "knowledge-index").iterdir())) <= 5


# --- adding --------------------------------------------------------------------


def add_rows(folder: Path, *rows: dict[str, object], name: str = "mine.jsonl") -> Path:
    """A JSONL file of rows."""
    path = folder / name
    path.write_text("\n".join(json.dumps(r) for r in rows), encoding="utf-8")
    return path


def test_added_rows_are_found_under_their_own_id(
    open_knowledge: Open, pages: Path, tmp_path: Path
) -> None:
    """A hit's doc is the row's id, exactly; adding twice changes nothing."""
    knowledge = open_knowledge(pages)
    path = add_rows(
        tmp_path,
        {
            "id": "G/01 x",
            "focus": "Gout",
            "question": "What is gout?",
            "answer": "Gout hurts joints.",
        },
        {"id": "bad"},
    )
    report = knowledge.add([path])
    assert (report.added, report.unchanged, report.unsourced) == (1, 0, 1)
    assert report.problems == (f"{path}:2: answer: (or text) is missing or empty",)
    hit = knowledge.search("what is gout?").hits[0]
    assert hit.passage.doc == "G/01 x"
    (source,) = hit.passage.sources
    assert (source.organisation, source.title, source.url) == (OWN_UPLOAD["en"], "mine.jsonl", "")
    again = knowledge.add([path])
    assert (again.added, again.unchanged, again.version) == (0, 1, report.version)
    entry = next(d for d in knowledge.list() if d["doc"] == "G/01 x")
    assert (entry["origin"], entry["sourced"]) == ("added", False)


def test_rows_that_share_an_id_are_all_kept(open_knowledge: Open, tmp_path: Path) -> None:
    """Repeated ids are chunks of one document, and identical rows are one."""
    knowledge = open_knowledge()
    first = {"id": "a", "answer": "Asthma narrows airways."}
    report = knowledge.add([add_rows(tmp_path, first, first, {"id": "a", "answer": "Gout hurts."})])
    assert report.added == 2
    assert knowledge.stats().documents == 1
    assert {h.passage.text for h in knowledge.search("asthma gout").hits} == {
        "Asthma narrows airways.",
        "Gout hurts.",
    }


def test_adding_an_edited_file_replaces_its_rows(open_knowledge: Open, tmp_path: Path) -> None:
    """The same file with another text for an id replaces that row and leaves others."""
    knowledge = open_knowledge()
    knowledge.add([add_rows(tmp_path, {"id": "a", "text": "Old."}, {"id": "b", "text": "Other."})])
    knowledge.add([add_rows(tmp_path, {"id": "a", "text": "New."})])
    assert sorted(d["doc"] for d in knowledge.list()) == ["a", "b"]
    assert {h.passage.text for h in knowledge.search("new old").hits} >= {"New."}
    assert "Old." not in {h.passage.text for h in knowledge.search("old").hits}


def test_added_documents_survive_a_change_of_pages(
    open_knowledge: Open, pages: Path, tmp_path: Path
) -> None:
    """Pages and added documents live side by side across restarts and edits."""
    open_knowledge(pages).add([add_rows(tmp_path, {"id": "a", "text": "Gout hurts."})])
    write_page(pages, "en/salt", page_text("en/salt").replace("Bread", "Rolls"))
    found = [d["doc"] for d in open_knowledge(pages).list()]
    assert "a" in found
    assert "en/salt" in found


def test_an_added_page_hides_the_shipped_one(
    open_knowledge: Open, pages: Path, tmp_path: Path
) -> None:
    """Somebody's own version of a page replaces ours."""
    knowledge = open_knowledge(pages)
    own = tmp_path / "own" / "en"
    own.mkdir(parents=True)
    (own / "salt.md").write_text(page_text("en/salt").replace("Bread", "Miso"), encoding="utf-8")
    knowledge.add([own / "salt.md"])
    entries = [d for d in knowledge.list() if d["doc"] == "en/salt"]
    assert [d["origin"] for d in entries] == ["added"]
    assert "Miso" in knowledge.search("where does salt hide").hits[0].passage.text


def test_an_empty_knowledge_base_of_ones_own(open_knowledge: Open) -> None:
    """Without pages there is nothing, and searching says so without failing."""
    knowledge = open_knowledge()
    result = knowledge.search("salt")
    assert (result.hits, result.relevant, result.confidence) == ((), False, 0.0)
    assert knowledge.stats().chunks == 0
    assert knowledge.check() == []
    assert knowledge.list() == []


# --- damage and mending ----------------------------------------------------------

Damage = Callable[[Path], None]


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


DAMAGES: dict[str, Damage] = {
    "folder gone": shutil.rmtree,
    "manifest gone": lambda f: (f / "manifest.json").unlink(),
    "manifest edited": lambda f: (f / "manifest.json").write_text('{"body": {}}'),
    "vectors gone": lambda f: shutil.rmtree(f / "vectors-en"),
    "chroma truncated": lambda f: (f / "vectors-en" / "chroma.sqlite3").write_bytes(b"SQLite"),
    "chroma bit flipped": lambda f: _flip(f / "vectors-en" / "chroma.sqlite3"),
    "graph bit flipped": lambda f: _flip(next((f / "vectors-en").rglob("data_level0.bin"))),
    "words truncated": lambda f: (f / "words" / "body" / "data.npy").write_bytes(b"\x93NUMPY"),
    "vocabulary flipped": lambda f: _flip(f / "words" / "vocabulary.json"),
    "ids emptied": lambda f: (f / "ids.json").write_bytes(b""),
    "matrix gone": lambda f: (f / "matrix-en.npy").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize("when", ["while open", "before open"])
def test_a_damaged_index_is_mended_within_one_query(
    open_knowledge: Open, pages: Path, tmp_path: Path, damage: Damage, when: str
) -> None:
    """Whatever happens to the index files, the next question is answered as before."""
    backend = ChromaBackend()
    knowledge = open_knowledge(pages, backend=backend)
    expected = knowledge.search("how much salt?")
    folder = index_folder(tmp_path, knowledge)
    if when == "before open":
        knowledge.close()
    damage(folder)
    if when == "before open":
        knowledge = open_knowledge(pages, backend=backend)
    assert knowledge.search("how much salt?") == expected
    assert knowledge.check() == []


def test_a_damaged_private_copy_is_replaced(
    open_knowledge: Open, pages: Path, tmp_path: Path
) -> None:
    """Chroma failing inside its private copy is noticed and answered from a new one."""
    knowledge = open_knowledge(pages, backend=ChromaBackend())
    expected = knowledge.search("salt")
    for copy in (tmp_path / "kb" / "knowledge-index").glob(".open-*"):
        for file in copy.rglob("*"):
            if file.is_file():
                file.write_bytes(b"garbage" * 50)
    assert knowledge.search("salt") == expected


def test_a_touched_but_sound_index_is_not_rebuilt(
    open_knowledge: Open, pages: Path, tmp_path: Path, embedder: HashEmbedder
) -> None:
    """A new time stamp alone costs a check, not a rebuild."""
    knowledge = open_knowledge(pages)
    knowledge.search("salt")
    manifest = index_folder(tmp_path, knowledge) / "manifest.json"
    inode = index_folder(tmp_path, knowledge).stat().st_ino
    manifest.touch()
    knowledge.search("salt")
    assert index_folder(tmp_path, knowledge).stat().st_ino == inode


@pytest.mark.parametrize("done", [0, 4, 8])
def test_a_killed_build_leaves_nothing_half_done(
    open_knowledge: Open, pages: Path, embedder: HashEmbedder, done: int
) -> None:
    """Killed in the middle of the first build, the next start finishes it, keeping vectors."""
    embedder.fail_after = done
    with pytest.raises(KeyboardInterrupt):
        open_knowledge(pages)
    embedder.fail_after = None
    knowledge = open_knowledge(pages)
    assert embedder.embedded == 9  # what was embedded before the kill was kept
    assert docs(knowledge.search("salt"))[0] == "en/salt"


def test_a_killed_update_leaves_the_old_version_answering(
    open_knowledge: Open, pages: Path, embedder: HashEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that dies at any step before the switch leaves the published version as it was."""
    from rag import index
    from rag.store import KnowledgeStore

    knowledge = open_knowledge(pages)
    version = knowledge.version
    write_page(pages, "en/salt", page_text("en/salt").replace("Bread", "Rolls"))
    for target, name in (
        (KnowledgeStore, "draft"),
        (index, "_write_manifest"),
        (KnowledgeStore, "publish"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(target, name, _die)
            with pytest.raises(KeyboardInterrupt):
                open_knowledge(pages)
        assert knowledge.version == version
        assert "Bread" in knowledge.search("where does salt hide").hits[0].passage.text
    assert open_knowledge(pages).version != version


def _die(*_args: object) -> None:
    raise KeyboardInterrupt


def test_left_overs_of_dead_processes_are_swept(
    open_knowledge: Open, pages: Path, tmp_path: Path
) -> None:
    """Private copies of processes that no longer run and half-built folders are removed."""
    open_knowledge(pages).close()
    folder = tmp_path / "kb" / "knowledge-index"
    for name in (".open-999999999-1-abc", ".building-abc-1", "000000000000"):
        (folder / name).mkdir()
    open_knowledge(pages)
    assert [p.name for p in folder.iterdir() if p.name.startswith((".", "0000"))] == []


# --- refusing --------------------------------------------------------------------


def test_a_data_directory_that_is_a_file_is_refused(open_knowledge: Open, tmp_path: Path) -> None:
    """Where no directory can be, the error says that it cannot be written."""
    (tmp_path / "kb").write_text("I am a file")
    with pytest.raises(KnowledgeStoreError, match="cannot be written"):
        open_knowledge()


def test_a_read_only_data_directory_is_refused(
    open_knowledge: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even the superuser gets the clear message when the system refuses to write."""

    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Read-only file system")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(KnowledgeStoreError, match="Read-only"):
        open_knowledge()


def test_a_database_that_is_none_is_refused(open_knowledge: Open, tmp_path: Path) -> None:
    """A damaged truth is named, never silently replaced: people's documents are in it."""
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "knowledge.sqlite3").write_bytes(b"this is no database" * 100)
    with pytest.raises(KnowledgeStoreError, match="not a database"):
        open_knowledge()


@pytest.mark.parametrize("url", ["nonsense", "oracle9://x/y"])
def test_an_unusable_database_address_is_refused(open_knowledge: Open, url: str) -> None:
    """An address nobody can connect to raises the named error."""
    with pytest.raises(KnowledgeStoreError, match="address"):
        open_knowledge(database_url=url)


def test_an_unreachable_database_is_refused(open_knowledge: Open) -> None:
    """A server that is not there raises the named error."""
    with pytest.raises(KnowledgeStoreError):
        open_knowledge(database_url="postgresql+asyncpg://u:p@127.0.0.1:9/x?connect_timeout=1")


# --- several processes -------------------------------------------------------------

CHILD = """
import sys
from pathlib import Path
from rag.upkeep import KEEP_RETIRED
from rag.vectors import ChromaBackend
from tests.rag.support import HashEmbedder
from rag.library import Knowledge
k = Knowledge.open(Path(sys.argv[1]), pages_dir=Path(sys.argv[2]), embedder=HashEmbedder(),
                   backend=ChromaBackend())
print(k.version, [k.search(q).hits[0].passage.doc for q in ("salt", "burn", "sleep")])
k.close()
"""


def test_two_processes_open_one_directory(
    open_knowledge: Open, pages: Path, tmp_path: Path
) -> None:
    """Two processes starting at once on a fresh directory agree, and so does a third."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", CHILD, str(tmp_path / "kb"), str(pages)]
    both = [
        subprocess.Popen(
            command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    results = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    assert results[0][0] == results[1][0]
    third = open_knowledge(pages, backend=ChromaBackend())
    assert third.version in results[0][0]
    assert third.check() == []


def test_importing_the_library_is_light() -> None:
    """``import rag.library`` loads none of the heavy libraries."""
    code = (
        "import sys, rag.library, rag.langchain\n"
        "heavy = {'chromadb', 'onnxruntime', 'langchain_core', 'sqlalchemy', 'alembic', 'numpy',"
        " 'tokenizers', 'bm25s', 'yaml', 'langchain_text_splitters'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_how_the_best_page_ends_comes_along(open_knowledge: Open, tmp_path: Path) -> None:
    """The last section's first passage, found or not: that is where pages say when to get help."""
    knowledge = open_knowledge()
    path = tmp_path / "ankle.md"
    path.write_text(
        "# Sprained ankle\n\n## First aid\n\nRest and cool the sprained ankle.\n\n"
        "## When should I see a doctor?\n\nWhen you cannot stand on it.\n",
        encoding="utf-8",
    )
    knowledge.add([path])
    found = knowledge.search("cool sprained ankle", limit=1)
    assert found.hits[0].passage.section == "First aid"
    assert found.ending is not None
    assert found.ending.passage.section == "When should I see a doctor?"
    assert found.ending.why == {"ending": 1.0}
    assert found.ending.score < found.hits[0].score


def test_what_stands_around_the_best_hits_comes_along(open_knowledge: Open, tmp_path: Path) -> None:
    """A section cut into chunks: the neighbours of a hit are there to be read on, no hits."""
    knowledge = open_knowledge()
    said = (f"Step {n}: rest the ankle, {word} it. " for n, word in enumerate(WORDS_OF_STEPS))
    text = "\n\n".join(one * 6 for one in said)
    path = tmp_path / "ankle.md"
    path.write_text(f"# Sprained ankle\n\n## First aid\n\n{text}\n", encoding="utf-8")
    knowledge.add([path])
    found = knowledge.search("compress sprained ankle", limit=1)
    (hit,) = found.hits
    around = {one.passage.position - hit.passage.position for one in found.around}
    assert around <= {-1, 1}
    assert around
    assert all(one.passage.section == hit.passage.section for one in found.around)
    assert all(one.score < hit.score for one in found.around)
    whole = knowledge.search("compress sprained ankle", limit=8)
    shown = {one.passage.id for one in whole.hits}
    assert not shown & {one.passage.id for one in whole.around}


WORDS_OF_STEPS = ("cool", "raise", "compress", "tape", "move", "stretch", "load", "watch")
