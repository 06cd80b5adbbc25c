"""Screening, caps and splits; the folder; and what an erasure reaches."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import InputError, NotFoundError
from bot.store.registry import SqlRegistry
from bot.store.sql import SqlStore
from bot.tuning import files
from bot.tuning.dataset import PER_PERSON, Built, build, split_of
from bot.tuning.lineage import pseudonym
from bot.tuning.rated import Rated, Review
from bot.tuning.registry import Lineage, Step
from bot.tuning.screening import BURST, screen, tail
from bot.tuning.workshop import Workshop
from tests.fakes.chat import NOON
from tests.fakes.registry import adapter
from tests.tuning.people import HELD, QUESTION, agrees, lesson, lessons, plan, rebuilder, votes

FALSE = "Most adults need at least 4 hours of sleep a night [1]."
UNSAFE = "Stop taking your blood pressure tablets and sleep at least 7 hours [1]."


def reasons(found: list[Rated]) -> dict[str, tuple[str, ...]]:
    """What is against each lesson."""
    return {s.lesson.id: s.reasons for s in screen(found, rebuilder())}


def built(found: list[Rated], **changes: Any) -> Built:
    """The set of these lessons."""
    return build(plan(**changes), screen(found, rebuilder()), rebuilder())


def rows(made: Built) -> list[dict[str, Any]]:
    """Of all splits."""
    return [row for split in made.rows.values() for row in split]


# --- screening


@pytest.mark.parametrize(("text", "reason"), [(FALSE, "unsupported"), (UNSAFE, "unsafe")])
def test_a_liked_answer_that_is_wrong_or_unsafe_teaches_nothing(text: str, reason: str) -> None:
    """Disliked, the very same answer is a lesson in what not to say."""
    liked, disliked = lesson("ann", 1, written=text), lesson("bob", 2, "down", written=text)
    found = reasons([liked, disliked])
    assert reason in found["ann-1"]
    assert found["bob-2"] == ()
    assert [row["label"] for row in rows(built([liked, disliked]))] == [False]


def test_a_harmful_request_teaches_nothing() -> None:
    """Whatever was answered and however it was rated."""
    asked = "How much insulin should I take to kill someone?"
    assert reasons([lesson("ann", asked=asked)])["ann-0"][0] == "harmful_request"


def test_a_rater_who_likes_wrong_answers_is_held_whole() -> None:
    """Two liked answers that fail, and the rest waits for a person as well."""
    bad = [lesson("eve", n, written=FALSE) for n in range(2)]
    good = [lesson("eve", n) for n in range(2, 5)]
    others = [lesson(f"p{n}", n) for n in range(5)]
    found = reasons([*bad, *good, *others])
    assert all("outlier" in found[one.id] for one in good)
    assert all(found[one.id] == () for one in others)
    assert len(rows(built([*bad, *good, *others]))) == len(others)


def test_thumbs_all_one_way_stand_out_only_where_others_differ() -> None:
    """Twelve times down among people who like nine of ten; and nothing odd among the likers."""
    eve = [lesson("eve", n, "down") for n in range(12)]
    others = [lesson(f"p{p}", 100 + 10 * p + n, "down" if n == 0 else "up")
              for p in range(8) for n in range(10)]  # fmt: skip
    found = reasons([*eve, *others])
    assert all("outlier" in found[one.id] for one in eve)
    assert not any("outlier" in found[one.id] for one in others)


def test_votes_faster_than_reading_are_held() -> None:
    """A dozen in half a minute; the same dozen over an hour is fine."""
    fast = [lesson("eve", n, at=NOON + timedelta(seconds=2 * n)) for n in range(BURST)]
    slow = [lesson("ann", 50 + n, at=NOON + timedelta(minutes=5 * n)) for n in range(BURST)]
    found = reasons([*fast, *slow])
    assert all("burst" in found[one.id] for one in fast)
    assert not any("burst" in found[one.id] for one in slow)


def test_the_lone_vote_against_many_is_held() -> None:
    """Three like an answer and one does not: the three count, the one waits."""
    same = {"asked": QUESTION, "shown": ("sleep-adults",)}
    found = reasons([lesson(w, vote="down" if w == "eve" else "up", **same) for w in
                     ("ann", "bob", "cy", "eve")])  # fmt: skip
    assert found == {"ann-0": (), "bob-0": (), "cy-0": (), "eve-0": ("disagreement",)}


def test_the_same_lesson_of_one_person_counts_once() -> None:
    """Asking again and voting again adds nothing."""
    again = [lesson("ann", n, asked=QUESTION) for n in range(3)]
    assert list(reasons(again).values()) == [(), ("repeat",), ("repeat",)]


def test_the_tail_of_a_binomial() -> None:
    """Against values worked out by hand."""
    assert tail(0, 5, 0.3) == pytest.approx(1.0)
    assert tail(2, 2, 0.5) == pytest.approx(0.25)
    assert tail(9, 10, 0.5) == pytest.approx(11 / 1024)


# --- building


def test_rows_have_the_forms_that_training_reads() -> None:
    """SFT from what was liked or rewritten, KTO from every thumb, DPO from pairs."""
    rewrite = Review(verdict="edit", by="ria", text=HELD)
    found = [
        lesson("ann", 1),
        lesson("bob", 2, "down", written="Sleep is important for everybody [1]."),
        lesson("cy", 3, "down", written="Sleep is very important [1].", review=rewrite),
    ]
    sft, kto, dpo = (rows(built(found, kind=kind)) for kind in ("sft", "kto", "dpo"))
    said = [{"role": "assistant", "content": HELD}]
    assert [row["completion"] for row in sft] == [said, said]
    assert sorted(row["label"] for row in kto) == [False, True, True]
    assert [(row["chosen"], row["rejected"][0]["content"]) for row in dpo] == [
        (said, "Sleep is very important [1].")
    ]
    for row in (*sft, *kto, *dpo):
        assert [m["role"] for m in row["prompt"]] == ["system", "user"]
        assert row["lang"] == "en"
    assert set(sft[0]) == {"id", "prompt", "completion", "lang"}
    assert set(kto[0]) == {"id", "prompt", "completion", "label", "lang"}
    assert set(dpo[0]) == {"id", "prompt", "chosen", "rejected", "lang"}


def test_nobody_is_more_than_their_share() -> None:
    """One eager rater among many is cut to the cap; the others lose nothing."""
    eager = [lesson("eve", n, "up" if n % 3 else "down") for n in range(60)]
    others = [lesson(f"p{p}", 100 + 10 * p + n, "up" if n % 3 else "down")
              for p in range(20) for n in range(6)]  # fmt: skip
    made = built([*eager, *others])
    mine = [w for w in made.who.values() if w == pseudonym("k" * 64, "who", "eve")]
    assert len(mine) == min(PER_PERSON, int(180 * 0.1))
    assert made.left_out["cap"] == 60 - len(mine)
    assert len(made.who) - len(mine) == 120


def test_one_question_is_in_one_split_and_the_same_build_is_the_same() -> None:
    """Whoever asks it and however often it is built."""
    found = [lesson(f"p{n}", n) for n in range(60)]
    assert split_of(found[3]) == split_of(replace(found[3], who="x", asked=found[3].asked.upper()))
    assert built(found) == built(found)
    other = built(found, key="z" * 64)
    assert not set(other.who) & set(built(found).who)
    assert len({split_of(one) for one in found}) == 3


def test_what_a_reviewer_decided_stands_over_a_doubt_but_not_over_a_check() -> None:
    """Accepted, a lone voice counts; accepting what is unsafe does not make it safe."""
    accept = Review(verdict="accept", by="ria")
    same = {"asked": QUESTION}
    found = [lesson("ann", **same), lesson("bob", **same), lesson("eve", vote="down", **same)]
    assert len(rows(built(found))) == 2
    assert len(rows(built([*found[:2], replace(found[2], review=accept)]))) == 3
    assert rows(built([lesson("eve", written=UNSAFE, review=accept)])) == []
    assert rows(built([lesson("ann", review=Review(verdict="reject", by="r", reason="x"))])) == []
    assert rows(built([lesson("ann")], review="all")) == []
    bad_edit = Review(verdict="edit", by="ria", text=FALSE)
    assert rows(built([lesson("ann", review=bad_edit)])) == []


# --- folders and erasures


async def workshop(store: SqlStore, folder: Path) -> Workshop:
    """On a real database."""
    return Workshop(lessons(store), rebuilder(), folder)


async def test_a_folder_says_what_is_in_it(sql_store: SqlStore, tmp_path: Path) -> None:
    """Counts, hashes and versions; a changed file is noticed; a name is used once."""
    for n, who in enumerate(("ann", "bob")):
        await votes(sql_store, await agrees(sql_store, who), at=NOON + timedelta(minutes=n))
    shop = await workshop(sql_store, tmp_path)
    kept, _ = await shop.build(plan(name="first"))
    manifest = await shop.show("first")
    assert sum(manifest["counts"].values()) == 2
    assert manifest["lineage"]["made_with"]["knowledge_version"] == ["kb-test"]
    assert manifest["manifest_sha256"] == kept.sha256
    told = "".join(p.read_text() for p in (tmp_path / "first").iterdir())
    assert "ann" not in told.replace("cannot", "")
    with pytest.raises(InputError, match="first"):
        await shop.build(plan(name="first"))
    (tmp_path / "first" / "train.jsonl").write_text("{}\n")
    with pytest.raises(InputError):
        await shop.show("first")
    with pytest.raises(NotFoundError):
        await shop.show("ghost")


async def test_a_decision_needs_what_makes_it_one(sql_store: SqlStore, tmp_path: Path) -> None:
    """A rejection says why, an edit says what; the queue empties as decisions are made."""
    turn, _ = await votes(sql_store, await agrees(sql_store, "ann"))
    shop = await workshop(sql_store, tmp_path)
    for half in (Review(verdict="reject", by="r"), Review(verdict="edit", by="r", reason="x")):
        with pytest.raises(InputError):
            await shop.decide(turn.id, half)
    assert await shop.waiting() == []
    (one,) = await shop.waiting(everything=True)
    assert [p.id for p in one.passages][:1] == ["sleep-adults"]
    await shop.decide(turn.id, Review(verdict="accept", by="r"))
    assert await shop.waiting(everything=True) == []
    with pytest.raises(InputError, match="nothing"):
        await shop.build(plan(kind="dpo"))


async def trained(store: SqlStore, name: str, dataset: str, *parents: str) -> None:
    """An adapter made of a data set, perhaps on top of others."""
    made = adapter(name, lineage=Lineage(dataset=dataset, parents=parents))
    await SqlRegistry(store).add(made, Step(at=NOON, adapter=name, action="add", who="x"))


async def test_erasing_a_person_reaches_everything_made_of_them(
    sql_store: SqlStore, tmp_path: Path
) -> None:
    """Exactly the adapters that held their rows, and what was built on these; files and rebuilds.

    Ann is in both sets, Bob in the first, Cy only in the second.
    """
    shop = await workshop(sql_store, tmp_path / "sets")
    people = {}
    for n, (who, asked) in enumerate(
        [("ann", QUESTION), ("bob", "Is sleep of 7 hours enough for adults?")]
    ):
        people[who] = await agrees(sql_store, who)
        await votes(sql_store, people[who], asked, at=NOON + timedelta(minutes=n))
    await shop.build(plan(name="first"))
    await shop.export("first", tmp_path / "copy")
    await sql_store.forget(people.pop("bob"))
    assert [due.adapter for due in (await shop.overview())[1]] == []  # nothing was made of it yet
    people["cy"] = await agrees(sql_store, "cy")
    await votes(sql_store, people["cy"], "Why do adults need so much sleep a night?")
    await shop.build(plan(name="second", key="y" * 64))
    for name, dataset, *parents in (
        ("a1", "first"), ("a2", "second"), ("a3", "elsewhere", "a1"), ("a4", "elsewhere"),
    ):  # fmt: skip
        await trained(sql_store, name, dataset, *parents)
    await sql_store.forget(people["cy"])
    assert [due.adapter for due in (await shop.overview())[1]] == ["a2"]
    await shop.retrained("a2")
    await sql_store.forget(people["ann"])
    assert {due.adapter for due in (await shop.overview())[1]} == {"a1", "a2", "a3"}
    assert await shop.sweep() == {}
    for folder in (tmp_path / "sets" / "first", tmp_path / "sets" / "second", tmp_path / "copy"):
        files.read(folder)
        assert [r for s in ("train", "val", "test") for r in files.rows(folder, s)] == []
    assert all(kept.stale_at for kept in (await shop.overview())[0])


async def test_the_rebuilt_set_contains_none_of_their_rows(
    sql_store: SqlStore, tmp_path: Path
) -> None:
    """What is built after an erasure holds the others' rows and not a word of theirs."""
    shop = await workshop(sql_store, tmp_path)
    ann, bob = await agrees(sql_store, "ann"), await agrees(sql_store, "bob")
    await votes(sql_store, ann, "Do zookeepers need more sleep a night than most adults?")
    await votes(sql_store, bob)
    await shop.build(plan(name="before"))
    assert "zookeepers" in _text(tmp_path / "before")
    await sql_store.forget(ann)
    await shop.build(plan(name="after"))
    assert "zookeepers" not in _text(tmp_path / "after") + _text(tmp_path / "before")
    assert QUESTION in _text(tmp_path / "after")


async def test_a_copy_that_cannot_be_reached_is_told_until_it_is(
    sql_store: SqlStore, tmp_path: Path
) -> None:
    """The rows stay on the list, so that nothing is thought gone that is not."""
    shop = await workshop(sql_store, tmp_path / "sets")
    ann = await agrees(sql_store, "ann")
    await votes(sql_store, ann)
    await shop.build(plan(name="first"))
    await shop.export("first", tmp_path / "copy")
    (tmp_path / "copy").rename(tmp_path / "away")
    await sql_store.forget(ann)
    assert await shop.sweep() == {"first": [str(tmp_path / "copy")]}
    (tmp_path / "away").rename(tmp_path / "copy")
    assert await shop.sweep() == {}
    assert _text(tmp_path / "copy").count('"id"') == 0


def _text(folder: Path) -> str:
    return "".join(json.dumps(files.rows(folder, s)) for s in ("train", "val", "test"))
