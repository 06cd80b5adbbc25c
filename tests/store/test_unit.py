"""What a message's unit does when the world has changed before it is applied."""

from __future__ import annotations

from bot.delivery.unit import UnitStore, unit
from bot.model import Feedback
from bot.store.sql import SqlStore
from tests.store.samples import NOON, turn


async def test_a_thumb_on_an_answer_that_was_just_erased_spoils_nothing(
    sql_store: SqlStore,
) -> None:
    """Pressed in the moment of "/forget yes": what is committed with the thumb is kept."""
    ann, bea = await sql_store.user_for("telegram", "1"), await sql_store.user_for("telegram", "2")
    store, rated, said = UnitStore(sql_store), turn(ann, "hello"), turn(bea, "good morning")
    await sql_store.add_turn(rated)
    with unit() as thumb:
        await store.vote(Feedback(user=ann, turn=rated.id, vote="up", at=NOON))
    with unit() as other:
        await store.add_turn(said)
    await sql_store.forget(ann)

    async def committed() -> None:
        await thumb.apply(sql_store)
        await other.apply(sql_store)

    await sql_store._db.together(committed)
    assert await sql_store.turn(bea, said.id) == said
    assert await sql_store.votes() == []
