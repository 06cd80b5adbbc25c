"""The admin's desk as its users see it: draft, diff, review, publish, roll back, log."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag import versions_rules
from rag.ingest.values import Provenance as Origin
from rag.library import Knowledge
from rag.rows import OWN_UPLOAD
from rag.types import PageError, Source
from rag.versions_intake import Intake, gather
from rag.versions_model import ROLES, Person, Provenance, RefusedError, UnknownError
from tests.rag.support import Open, page_text, write_page

SOURCE = Source(organisation="WHO", title="Gout", url="https://who.int/gout", date="2024")
FLOOD = "Should I cool a burn now? You should cool a burn now, fast and for long."
Rows = Callable[..., Intake]


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    """Reads JSONL rows given as ``id="text"`` from a file, with or without a source."""

    def read(name: str = "mine.jsonl", *, proven: bool = True, **texts: str) -> Intake:
        path = tmp_path / name
        lines = (
            json.dumps({"id": doc, "title": doc.title(), "text": text})
            for doc, text in texts.items()
        )
        path.write_text("\n".join(lines), encoding="utf-8")
        given: dict[str, object] = {"source": SOURCE, "licence": "CC0"} if proven else {}
        return gather([path], **given)  # type: ignore[arg-type]

    return read


@pytest.fixture
def knowledge(open_knowledge: Open, pages: Path) -> Knowledge:
    """The tiny knowledge base."""
    return open_knowledge(pages)


def docs(knowledge: Knowledge) -> set[str]:
    """The documents of the published version."""
    return {d["doc"] for d in knowledge.list()}


def canary(tmp_path: Path, *questions: tuple[str, str]) -> None:
    """Write the admin's own canary: (text, expected document)."""
    lines = [
        json.dumps({"id": f"own-{i}", "lang": "en", "text": text, "docs": [doc]})
        for i, (text, doc) in enumerate(questions)
    ]
    (tmp_path / "kb" / "canary.jsonl").write_text("\n".join(lines), encoding="utf-8")


def refused(key: str) -> pytest.RaisesExc[RefusedError]:
    """A refusal with this key."""
    return pytest.RaisesExc(RefusedError, check=lambda error: error.key == key)


# --- draft, diff, publish, rollback ------------------------------------------------


def test_from_draft_to_rollback(knowledge: Knowledge, rows: Rows) -> None:
    """Staging changes nothing that is found; publishing does; rolling back undoes it."""
    desk, first = knowledge.desk(), knowledge.version
    draft = desk.stage(rows(gout="Gout hurts joints at night."), who="ann")
    assert (draft.added, draft.changed, draft.removed, draft.editor) == (("gout",), (), (), "ann")
    assert knowledge.version == first
    assert "gout" not in docs(knowledge)
    diff = desk.diff()
    assert (diff.base, diff.version) == (first, draft.version)
    (change,) = diff.documents
    assert (change.doc, change.kind, change.chunks_added, change.chunks_removed) == (
        "gout", "added", 1, 0,
    )  # fmt: skip
    done = desk.publish(who="ann")
    assert (done.version, done.before, done.added) == (draft.version, first, 1)
    assert knowledge.search("gout joints").hits[0].passage.doc == "gout"
    assert knowledge.search("gout joints").version == done.version
    assert desk.draft().empty
    back = desk.rollback(who="ann")
    assert (back.version, back.before, back.removed) == (first, done.version, 1)
    assert "gout" not in docs(knowledge)
    assert knowledge.check() == []


def test_a_diff_counts_changed_chunks_and_removed_pages(
    knowledge: Knowledge, tmp_path: Path
) -> None:
    """An edited page shows its new and lost chunks, a removal all of them."""
    own = tmp_path / "own" / "en"
    own.mkdir(parents=True)
    (own / "salt.md").write_text(page_text("en/salt").replace("Bread", "Miso"), encoding="utf-8")
    desk = knowledge.desk()
    desk.stage(gather([own / "salt.md"]), who="ann")
    desk.remove(["en/burns"], who="ann")
    found = {d.doc: d for d in desk.diff().documents}
    salt, burns = found["en/salt"], found["en/burns"]
    assert (salt.kind, salt.chunks_added, salt.chunks_removed, salt.chunks) == ("changed", 1, 1, 3)
    assert (burns.kind, burns.chunks_removed, burns.chunks) == ("removed", 3, 0)


def test_a_diff_names_the_questions_that_change_their_answer(
    knowledge: Knowledge, rows: Rows, tmp_path: Path
) -> None:
    """A new document that takes the first place shows with the question it took it from."""
    canary(tmp_path, ("first aid for a scald", "en/burns"), ("how much salt?", "en/salt"))
    desk = knowledge.desk()
    desk.stage(rows(scald="First aid for a scald: first aid, scald, first aid."), who="ann")
    diff = desk.diff()
    changed = {a.id: a for a in diff.answers}
    assert changed["own-0"].top
    assert changed["own-0"].after[0] == "scald"
    assert "scald" not in changed["own-0"].before
    assert diff.canary.questions == diff.canary.found
    assert desk.diff() == diff  # built once, the same again


def test_an_empty_draft_publishes_nothing(knowledge: Knowledge, rows: Rows) -> None:
    """Nothing staged, or only what is published already, leaves version and log alone."""
    desk, version = knowledge.desk(), knowledge.version
    assert desk.publish(who="ann").version == version
    assert desk.diff().version == ""
    desk.add_now(rows(gout="Gout hurts."), who="ann")
    entries = len(desk.log())
    assert desk.stage(rows(gout="Gout hurts."), who="ann").empty
    done = desk.publish(who="ann")
    assert done.version == done.before
    assert [e.action for e in desk.log()][: len(desk.log()) - entries] == ["unstage", "stage"]


def test_staging_again_replaces_and_discarding_takes_back(knowledge: Knowledge, rows: Rows) -> None:
    """The draft holds the last text of a file's document; documents can leave it again."""
    desk = knowledge.desk()
    desk.stage(rows(gout="Old.", flu="Flu is a fever."), who="ann")
    desk.stage(rows(gout="New text about gout."), who="bob")
    assert set(desk.discard(["flu"], who="bob").added) == {"gout"}
    desk.publish(who="bob")
    assert {h.passage.text for h in knowledge.search("gout text").hits} >= {"New text about gout."}
    assert {"flu"}.isdisjoint(docs(knowledge))
    desk.remove(["gout"], who="bob")
    assert desk.discard(who="bob").empty
    with pytest.raises(UnknownError, match="staged"):
        desk.discard(["gout"], who="bob")


def test_a_removed_page_stays_away_until_it_is_added_again(
    knowledge: Knowledge, open_knowledge: Open, pages: Path
) -> None:
    """Shipped pages that an admin took out do not come back with the next release."""
    desk = knowledge.desk()
    desk.remove(["en/burns"], who="ann")
    desk.publish(who="ann")
    write_page(pages, "en/salt", page_text("en/salt").replace("Bread", "Rolls"))
    later = open_knowledge(pages)
    assert "en/burns" not in docs(later)
    assert "Rolls" in later.search("where does salt hide?").hits[0].passage.text
    later.add([pages / "en" / "burns.md"])
    write_page(pages, "en/salt", page_text("en/salt").replace("Bread", "Buns"))
    assert "en/burns" in docs(open_knowledge(pages))


def test_removing_what_is_not_there_names_the_nearest(knowledge: Knowledge) -> None:
    """A misspelt document id is refused with the one that was meant."""
    with pytest.raises(UnknownError) as told:
        knowledge.desk().remove(["en/slat"], who="ann")
    assert told.value.details == {"doc": "en/slat", "near": "en/salt"}


def test_a_draft_is_laid_over_whatever_is_published(
    knowledge: Knowledge, rows: Rows, open_knowledge: Open, pages: Path
) -> None:
    """Pages that change meanwhile and documents added at once do not touch the draft."""
    knowledge.desk().stage(rows("a.jsonl", gout="Gout hurts."), who="ann")
    write_page(pages, "en/salt", page_text("en/salt").replace("Bread", "Rolls"))
    later = open_knowledge(pages)
    later.desk().add_now(rows("b.jsonl", flu="Flu is a fever."), who="bob")
    assert later.desk().draft().added == ("gout",)
    later.desk().publish(who="ann")
    assert {"gout", "flu"} <= docs(later)
    assert "Rolls" in later.search("where does salt hide?").hits[0].passage.text


def test_staged_documents_survive_pruning(
    knowledge: Knowledge, rows: Rows, open_knowledge: Open, pages: Path
) -> None:
    """A long-lived draft keeps its texts though generations come and go."""
    knowledge.desk().stage(rows(gout="Gout hurts joints."), who="ann")
    knowledge.upkeep.keep = 1
    for name in ("One", "Two", "Three"):
        knowledge.desk().add_now(rows("other.jsonl", flu=f"{name} fever."), who="bob")
    knowledge.desk().publish(who="ann")
    assert knowledge.search("gout joints").hits[0].passage.text == "Gout hurts joints."


# --- versions -------------------------------------------------------------------------


def test_rolling_back_goes_further_each_time_and_forward_by_name(
    knowledge: Knowledge, rows: Rows
) -> None:
    """Two rollbacks go two versions back; a named version is published again."""
    desk = knowledge.desk()
    versions = [knowledge.version]
    versions += [desk.add_now(rows(gout=t), who="ann")[0].version for t in ("One.", "Two.")]
    assert desk.rollback(who="ann").version == versions[1]
    assert desk.rollback(who="ann").version == versions[0]
    with pytest.raises(UnknownError, match="earlier"):
        desk.rollback(who="ann")
    assert desk.rollback(versions[2], who="ann").version == versions[2]
    assert desk.rollback(versions[2], who="ann").before == versions[2]  # it is active already
    with pytest.raises(UnknownError, match="version"):
        desk.rollback("000000000000", who="ann")


def test_a_rollback_survives_a_restart(
    knowledge: Knowledge, open_knowledge: Open, pages: Path
) -> None:
    """Going back behind a change of the pages holds until the pages change again."""
    first = knowledge.version
    broken = page_text("en/burns").replace("licence: CC-BY-4.0", "licence: ?")
    write_page(pages, "en/burns", broken)
    write_page(pages, "en/salt", page_text("en/salt").replace("Bread", "Rolls"))
    second = open_knowledge(pages)
    assert second.desk().rollback(who="ann").version == first
    third = open_knowledge(pages)
    assert third.version == first
    assert third.problems
    write_page(pages, "en/salt", page_text("en/salt").replace("Bread", "Buns"))
    assert open_knowledge(pages).version != first


def test_old_versions_answer_as_they_did(knowledge: Knowledge, rows: Rows, tmp_path: Path) -> None:
    """A kept version gives the same hits as when it was active, also without its index."""
    import shutil

    first = knowledge.version
    before = knowledge.search("how much salt?")
    own = rows("salt.jsonl", more="How much salt? Salt, salt, salt and how much of it.")
    knowledge.desk().add_now(own, who="ann")
    assert knowledge.search("how much salt?") != before
    assert knowledge.search("how much salt?", version=first) == before
    shutil.rmtree(tmp_path / "kb" / "knowledge-index" / first)
    assert knowledge.search("how much salt?", version=first) == before
    (tmp_path / "kb" / "knowledge-index" / first / "ids.json").write_text("[]")
    assert knowledge.search("how much salt?", version=first) == before
    assert knowledge.search("how much salt?", version=knowledge.version).version != first
    with pytest.raises(UnknownError, match=r"unknown\.version"):
        knowledge.search("salt", version="000000000000")


def test_a_rebuilt_version_has_identical_ids(knowledge: Knowledge, tmp_path: Path) -> None:
    """An index made anew from SQL is the same, file by file where the order is ours."""
    import shutil

    folder = tmp_path / "kb" / "knowledge-index" / knowledge.version
    names = ("ids.json", "matrix-en.npy", "vector.npy", "words/vocabulary.json")
    before = {name: (folder / name).read_bytes() for name in names}
    shutil.rmtree(folder)
    knowledge.search("salt")
    assert {name: (folder / name).read_bytes() for name in names} == before


def test_an_index_of_other_passages_is_noticed(knowledge: Knowledge, tmp_path: Path) -> None:
    """A sound index that does not match SQL is reported by the check."""
    import sqlite3

    with sqlite3.connect(tmp_path / "kb" / "knowledge.sqlite3") as database:
        database.execute("UPDATE kb_chunks SET passage_id = 'x' WHERE position = 0")
    database.close()
    assert "differ between index and database" in knowledge.check()[0]


# --- the log --------------------------------------------------------------------------


def test_the_log_says_who_did_what(knowledge: Knowledge, rows: Rows) -> None:
    """Every act leaves a line with name, counts and canary figures, newest first."""
    desk, first = knowledge.desk(), knowledge.version
    desk.stage(rows(gout="Gout hurts."), who="ann")
    version = desk.publish(who="bob").version
    desk.rollback(who="cat")
    log = desk.log()
    assert [(e.who, e.action) for e in log] == [
        ("cat", "rollback"), ("bob", "publish"), ("ann", "stage"), ("salus", "pages"),
    ]  # fmt: skip
    assert (log[1].before, log[1].version) == (first, version)
    assert log[1].detail["added"] == 1
    assert log[1].detail["documents"] == 6
    assert log[1].detail["canary"]["blocked"] == ""  # type: ignore[index]
    assert all(e.at.tzinfo is not None for e in log)
    assert len(desk.log(2)) == 2


# --- the canary -----------------------------------------------------------------------


def test_a_regression_is_not_published(knowledge: Knowledge, rows: Rows, tmp_path: Path) -> None:
    """Documents that crowd the expected page out of the first five block the publish."""
    asked = [(f"should I cool a burn {i}", "en/burns") for i in ("now", "fast", "long")]
    canary(tmp_path, *asked)
    flood = {f"flood{i}": FLOOD for i in range(6)}
    desk, version = knowledge.desk(), knowledge.version
    desk.stage(rows(**flood), who="ann")
    report = desk.diff().canary
    assert report.blocked
    assert report.before_found > report.found
    with refused("kb.refused.canary"):
        desk.publish(who="ann")
    assert knowledge.version == version
    done = desk.publish(who="ann", force=True)
    assert done.forced
    assert desk.log()[0].detail["forced"] is True


def test_adding_at_once_reports_a_regression_and_goes_on(
    knowledge: Knowledge, rows: Rows, tmp_path: Path
) -> None:
    """In an install of one person the canary is measured and told, not enforced."""
    canary(tmp_path, *[(f"should I cool a burn {i}", "en/burns") for i in ("now", "fast")])
    flood = {f"flood{i}": FLOOD for i in range(6)}
    done, fresh = knowledge.desk().add_now(rows(**flood), who="ann")
    assert fresh == 6
    assert done.canary is not None
    assert done.canary.blocked
    assert knowledge.version == done.version


def test_questions_about_removed_pages_do_not_count(knowledge: Knowledge, tmp_path: Path) -> None:
    """Removing a page on purpose is no regression."""
    canary(tmp_path, ("what should I not put on a burn?", "en/burns"))
    knowledge.desk().remove(["en/burns"], who="ann")
    assert knowledge.desk().publish(who="ann").removed == 1


def test_a_broken_canary_file_is_named(knowledge: Knowledge, rows: Rows, tmp_path: Path) -> None:
    """A faulty line stops the publish with file, line and fault, before anything is built."""
    (tmp_path / "kb" / "canary.jsonl").write_text('{"id": "a", "lang": "fr"}\n')
    knowledge.desk().stage(rows(gout="Gout hurts."), who="ann")
    with pytest.raises(PageError, match=r"canary\.jsonl:1: text"):
        knowledge.desk().publish(who="ann")


# --- roles ------------------------------------------------------------------------------


@pytest.fixture
def staffed(knowledge: Knowledge) -> Knowledge:
    """An admin (root), a reviewer (rev) and an editor (ed)."""
    desk = knowledge.desk()
    desk.set_person("root", "admin", who="root")
    desk.set_person("rev", "reviewer", who="root")
    desk.set_person("ed", "editor", who="root")
    return knowledge


def test_a_reviewed_draft_needs_a_second_person(staffed: Knowledge, rows: Rows) -> None:
    """Nobody approves their own draft; approved by somebody else, it goes out."""
    desk = staffed.desk()
    assert desk.stage(rows(gout="Gout hurts."), who="ed").waiting == ("approval",)
    with refused("kb.refused.approval"):
        desk.publish(who="rev")
    assert desk.review("approve", who="rev").waiting == ()
    assert desk.publish(who="rev").added == 1
    desk.stage(rows(gout="Gout hurts more."), who="rev")
    with refused("kb.refused.own_work"):
        desk.review("approve", who="rev")
    desk.review("approve", who="root", note=" fine ")
    assert desk.draft().reviews[0].note == "fine"
    assert desk.publish(who="rev").changed == 1


def test_a_change_after_the_approval_asks_again(staffed: Knowledge, rows: Rows) -> None:
    """An approval is of exactly this content."""
    desk = staffed.desk()
    desk.stage(rows(gout="Gout hurts."), who="ed")
    desk.review("approve", who="rev")
    desk.stage(rows("b.jsonl", flu="Flu is a fever."), who="ed")
    with refused("kb.refused.approval"):
        desk.publish(who="root")


def test_a_rejection_blocks_until_it_is_taken_back(staffed: Knowledge, rows: Rows) -> None:
    """The last word of a reviewer counts."""
    desk = staffed.desk()
    desk.stage(rows(gout="Gout hurts."), who="ed")
    desk.review("approve", who="root")
    assert desk.review("reject", who="rev", note="no source").waiting == ("rejected",)
    with refused("kb.refused.rejected"):
        desk.publish(who="root")
    desk.review("approve", who="rev")
    assert desk.publish(who="root").added == 1
    with refused("kb.refused.empty"):
        desk.review("approve", who="rev")


def test_reviewed_documents_must_say_where_they_come_from(staffed: Knowledge, rows: Rows) -> None:
    """Without organisation, address, licence and date an approved draft still waits."""
    desk = staffed.desk()
    draft = desk.stage(rows(proven=False, gout="Gout hurts."), who="ed")
    assert draft.unproven[0].missing == ("organisation", "url", "licence", "date")
    desk.review("approve", who="rev")
    with refused("kb.refused.provenance"):
        desk.publish(who="rev")
    desk.stage(rows(gout="Gout hurts."), who="ed")
    desk.review("approve", who="rev")
    assert desk.publish(who="rev").unproven == ()


@pytest.mark.parametrize(
    ("who", "key"),
    [("ed", "kb.refused.publish"), ("nobody", "kb.refused.stranger")],
)
def test_rights_go_with_roles(staffed: Knowledge, rows: Rows, who: str, key: str) -> None:
    """Editors do not publish, strangers do nothing."""
    desk = staffed.desk()
    desk.stage(rows(gout="Gout hurts."), who="ed")
    for act in (desk.publish, desk.rollback):
        with refused(key):
            act(who=who)
    with refused("kb.refused.review" if who == "ed" else key):
        desk.review("approve", who=who)
    with refused("kb.refused.people" if who == "ed" else key):
        desk.set_person("x", "admin", who=who)


def test_only_admins_overrule_the_canary(staffed: Knowledge, rows: Rows) -> None:
    """A reviewer may publish, not force."""
    desk = staffed.desk()
    desk.stage(rows(gout="Gout hurts."), who="ed")
    desk.review("approve", who="rev")
    with refused("kb.refused.force"):
        desk.publish(who="rev", force=True)


def test_where_somebody_reviews_nothing_is_added_at_once(staffed: Knowledge, rows: Rows) -> None:
    """Not even by an admin; in an install of one person everybody may."""
    desk = staffed.desk()
    assert not desk.at_once("root")
    with refused("kb.refused.at_once"):
        desk.add_now(rows(gout="Gout hurts."), who="root")
    desk.set_person("rev", None, who="root")
    assert desk.at_once("root")
    assert not desk.at_once("ed")


def test_there_is_always_an_admin(knowledge: Knowledge) -> None:
    """The first person is an admin, the last admin stays, and the last person may go."""
    desk = knowledge.desk()
    with refused("kb.refused.last_admin"):
        desk.set_person("ann", "editor", who="ann")
    with refused("kb.refused.no_roles"):
        desk.review("approve", who="ann")
    desk.set_person(" ann ", "admin", who="ann")
    desk.set_person("bob", "editor", who="ann")
    for role in (None, "reviewer"):
        with refused("kb.refused.last_admin"):
            desk.set_person("ann", role, who="ann")
    desk.set_person("bob", None, who="ann")
    with pytest.raises(UnknownError, match="person"):
        desk.set_person("bob", None, who="ann")
    desk.set_person("ann", None, who="ann")
    assert desk.people() == []
    for name in ("", "  ", "x" * 65, "a\nb"):
        with pytest.raises(UnknownError, match="name"):
            desk.set_person(name, "admin", who="ann")


people = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(ROLES)), max_size=4, unique_by=lambda p: p[0]
)


@given(people=people, who=st.sampled_from("abcde"))
def test_an_editor_never_outdoes_an_admin(people: list[tuple[str, str]], who: str) -> None:
    """Whoever may force may do everything else, and a stranger among people nothing."""
    from datetime import UTC, datetime

    staff = [
        Person(name=n, role=r, added_at=datetime.now(UTC), added_by="a")  # type: ignore[arg-type]
        for n, r in people
    ]

    def may(right: str) -> bool:
        try:
            versions_rules.require(staff, who, right)  # type: ignore[arg-type]
        except RefusedError:
            return False
        return True

    rights = [may(r) for r in ("edit", "review", "publish", "force")]
    assert rights == sorted(rights, reverse=True)
    assert any(rights) == (not staff or who in {n for n, _ in people})


# --- provenance ---------------------------------------------------------------------------


def test_an_unsourced_upload_is_shown_as_what_it_is(knowledge: Knowledge, rows: Rows) -> None:
    """In an install of one person it is published, counted, and cited as an own upload."""
    done, _ = knowledge.desk().add_now(
        rows("notes.jsonl", proven=False, gout="Gout hurts joints.", 痛风="痛风会让关节疼。"),
        who="ann",
    )
    assert len(done.unproven) == 2
    for asked, lang in (("gout joints", "en"), ("痛风关节疼", "zh")):
        (source,) = knowledge.search(asked, lang).hits[0].passage.sources
        assert (source.organisation, source.title) == (OWN_UPLOAD[lang], "notes.jsonl")


def test_what_the_admin_says_fills_only_what_is_missing(tmp_path: Path) -> None:
    """A row's own source and licence stay; the given ones are for the others."""
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"id": "a", "text": "One.", "source": "CDC", "url": "https://cdc.gov", "licence": "PD"}\n'
        '{"id": "b", "text": "Two."}\n{"id": "b", "text": "Two."}\nnonsense\n'
    )
    intake = gather([path, tmp_path / "none.md"], source=SOURCE, licence="CC0")
    one, two = intake.records
    assert (one.sources[0].organisation, one.licence) == ("CDC", "PD")
    assert (two.sources[0].organisation, two.licence) == ("WHO", "CC0")
    assert (intake.chunks, intake.unsourced) == (2, 0)
    assert len(intake.problems) == 2


def test_a_waiting_list_is_empty_without_reviewers() -> None:
    """Provenance blocks reviewed drafts alone."""
    bare = Provenance(doc="a", rev="r", title="", lang="en", path="", missing=("url",))
    assert versions_rules.waiting([], "ann", [], [bare]) == ()


# --- any order of acts -------------------------------------------------------------------

act = st.tuples(
    st.sampled_from(["stage", "remove", "publish", "rollback", "discard", "now"]),
    st.sampled_from("abc"),
    st.integers(0, 3),
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=st.lists(act, max_size=8))
def test_whatever_is_done_the_published_version_is_whole(
    acts: list[tuple[str, str, int]], open_knowledge: Open, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After any sequence of acts the index matches SQL and the version is the hash of its set."""

    folder = tmp_path_factory.mktemp("any")
    knowledge = open_knowledge(data_dir=folder / "kb")
    desk = knowledge.desk()
    for what, doc, number in acts:
        path = folder / f"{doc}.jsonl"
        path.write_text(json.dumps({"id": doc, "text": f"{doc} says number {number}."}))
        try:
            if what == "stage":
                desk.stage(gather([path]), who="ann")
            elif what == "now":
                desk.add_now(gather([path]), who="ann")
            elif what == "remove":
                desk.remove([doc], who="ann")
            elif what == "publish":
                desk.publish(who="ann")
            elif what == "rollback":
                desk.rollback(who="ann")
            else:
                desk.discard(who="ann")
        except UnknownError:
            continue
    store = knowledge.upkeep.store
    assert knowledge.check() == []
    members = store.members(knowledge.version)
    assert knowledge.upkeep.version_of([m.rev for m in members]) == knowledge.version
    found = knowledge.search("says number")
    assert {h.passage.doc for h in found.hits} == docs(knowledge)
    knowledge.close()


# --- what was looked at is what is decided on --------------------------------------


def test_a_decision_is_about_the_draft_that_was_looked_at(knowledge: Knowledge, rows: Rows) -> None:
    """Approving, publishing, submitting or discarding another draft than the seen is refused."""
    desk = knowledge.desk()
    desk.set_person("ada", "admin", who="ada")
    desk.set_person("rob", "reviewer", who="ada")
    seen = desk.stage(rows(gout="Gout hurts joints at night."), who="ada").version
    desk.stage(rows("more.jsonl", scurvy="Scurvy comes from too little vitamin C."), who="ada")
    for act in (
        lambda: desk.review("approve", who="rob", expect=seen),
        lambda: desk.publish(who="ada", expect=seen),
        lambda: desk.submit(who="ada", expect=seen),
        lambda: desk.discard(who="ada", expect=seen),
    ):
        with refused("kb.refused.moved"):
            act()
    now = desk.draft().version
    assert desk.review("approve", who="rob", expect=now).waiting == ()
    assert desk.publish(who="ada", expect=now).version == now


def test_the_same_step_twice_is_done_once(knowledge: Knowledge, rows: Rows) -> None:
    """A repeated stage, submit, verdict or publish leaves one line in the log each."""
    desk = knowledge.desk()
    desk.set_person("ada", "admin", who="ada")
    desk.set_person("rob", "reviewer", who="ada")
    intake = rows(gout="Gout hurts joints at night.")
    for _ in range(2):
        version = desk.stage(intake, who="ada").version
    for _ in range(2):
        desk.submit(who="ada", expect=version)
    for _ in range(2):
        desk.review("approve", who="rob", expect=version)
    for _ in range(2):
        done = desk.publish(who="ada", expect=version)
    assert (done.version, done.before) == (version, version)
    assert [e.action for e in desk.log() if e.action not in ("people", "pages")] == [
        "publish", "approve", "submit", "stage",
    ]  # fmt: skip


def test_nothing_is_submitted_that_does_not_say_where_it_comes_from(
    knowledge: Knowledge, rows: Rows
) -> None:
    """A draft with gaps in its provenance, or an empty one, is not sent to a reviewer."""
    desk = knowledge.desk()
    with refused("kb.refused.nothing_to_submit"):
        desk.submit(who="ada")
    desk.stage(rows(proven=False, gout="Gout hurts joints at night."), who="ada")
    with refused("kb.refused.provenance"):
        desk.submit(who="ada")


def test_what_is_missing_is_counted_and_can_be_filled_in(tmp_path: Path) -> None:
    """A reading names the gaps of its documents; what an admin says fills exactly those."""
    path = tmp_path / "mine.jsonl"
    rows = [
        {"id": "a", "text": "Gout hurts joints at night.", "source": "WHO"},
        {"id": "b", "text": "Scurvy comes from too little vitamin C.", "licence": "CC0"},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    bare = gather([path])
    assert bare.missing == {"organisation": 1, "url": 2, "licence": 1, "date": 2}
    given = Origin(organisation="NHS", url="https://nhs.uk/x", licence="OGL", published="2024-05")
    full = gather([path], defaults=given)
    assert (full.missing, full.digest) == ({}, bare.digest)
    assert {(r.sources[0].organisation, r.licence) for r in full.records} == {
        ("WHO", "OGL"), ("NHS", "CC0"),
    }  # fmt: skip


def test_a_role_that_changes_leaves_the_name_its_persons(knowledge: Knowledge) -> None:
    """``added_at`` stays through a change of role and begins anew once the name was free."""
    desk = knowledge.desk()
    desk.set_person("ada", "admin", who="ada")
    desk.set_person("rob", "editor", who="ada")
    first = next(p for p in desk.people() if p.name == "rob")
    desk.set_person("rob", "reviewer", who="ada")
    second = next(p for p in desk.people() if p.name == "rob")
    assert (second.role, second.added_at) == ("reviewer", first.added_at)
    desk.set_person("rob", None, who="ada")
    desk.set_person("rob", "editor", who="ada")
    assert next(p for p in desk.people() if p.name == "rob").added_at > first.added_at
