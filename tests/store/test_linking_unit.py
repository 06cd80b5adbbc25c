"""Linking inside the transaction of one message, and with messages of both people under way."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.adapters import console
from bot.delivery.unit import UnitStore, unit
from bot.errors import StoreError
from bot.model import Joining
from bot.store.sql import SqlStore
from tests.fakes.store import FakeStore
from tests.fakes.telegram_world import world
from tests.store.samples import NOON, turn, weight

CODE = "K7MWQ3PR"


async def enter(store: UnitStore | SqlStore | FakeStore, account: str = "9") -> Joining:
    """Enter the code on Discord."""
    return await store.join(CODE, platform="discord", account=account, now=NOON)


async def test_in_a_unit_linking_happens_with_everything_else(sql_store: SqlStore) -> None:
    """Until the unit is applied nothing is joined; then it is, and the record is the maker's."""
    ann, other = await sql_store.user_for("telegram", "1"), await sql_store.user_for("discord", "9")
    store = UnitStore(sql_store)
    await sql_store.add_observations(other, [weight()])
    with unit() as making:
        await store.offer_link(ann, CODE, now=NOON)
    await making.apply(sql_store)
    with unit() as held:
        said = await enter(store)
        assert said == Joining(verdict="joined", user=ann)
        kept = turn(ann, "/link •••")
        await store.add_turn(kept)
        assert await store.platforms(ann) == ["telegram"]
    assert await sql_store.user_for("discord", "9") == other
    await sql_store._db.together(lambda: held.apply(sql_store))
    assert await sql_store.user_for("discord", "9") == ann
    assert await sql_store.turn(ann, kept.id) == kept
    assert len(await sql_store.observations(ann)) == 1


async def test_a_code_that_was_used_in_between_changes_nothing(sql_store: SqlStore) -> None:
    """The message is handled anew rather than told of a link that is not there."""
    ann = await sql_store.user_for("telegram", "1")
    await sql_store.offer_link(ann, CODE, now=NOON)
    store = UnitStore(sql_store)
    with unit() as held:
        assert (await enter(store)).verdict == "joined"
    assert (await enter(sql_store, "10")).verdict == "joined"
    with pytest.raises(StoreError):
        await sql_store._db.together(lambda: held.apply(sql_store))
    assert await sql_store.platforms(ann) == ["telegram", "discord"]
    with unit() as again:
        assert (await enter(store)).verdict == "refused"
    await again.apply(sql_store)


async def test_parting_in_a_unit() -> None:
    """Seen at once whether it can be, done when applied, refused when the other went first."""
    real = FakeStore()
    store = UnitStore(real)
    ann = await real.user_for("telegram", "1")
    for done in (False, True):
        with unit() as held:
            assert await store.part(ann, platform="telegram", account="1") is done
        if not done:
            await held.apply(real)
            await real.link(ann, "discord", "9")
    assert await real.user_for("telegram", "1") == ann
    await real.unlink(ann, "discord", "9")
    with pytest.raises(StoreError):
        await held.apply(real)


async def test_outside_a_unit_it_is_the_store_itself() -> None:
    """Codes, joining, parting and lessons go straight through."""
    real = FakeStore()
    store = UnitStore(real)
    ann = await real.user_for("telegram", "1")
    await store.offer_link(ann, CODE, now=NOON)
    assert (await enter(store)).verdict == "joined"
    assert await store.part(ann, platform="discord", account="9")
    assert await store.lessons() == []
    assert await store.votes(ann) == []


async def test_from_the_terminal_to_telegram(tmp_path: Path) -> None:
    """A whole Salus: a code made in the terminal, entered on Telegram, with messages queued."""
    async with world(tmp_path / "data") as here:
        for said in ("weight 83.7 kg", "slept 6h"):
            await console.final_reply(here.app, "ann", said)
        logged = await here.ask("bp 128/82")
        told = await console.final_reply(here.app, "ann", "/link")
        code = told.text.split("/link ")[1].split("\n")[0]
        before = len(here.fake.sent())
        for said in ("pulse 66", f"/link {code}", "spo2 97%", "/trend"):
            await here.fake.say(said)  # all at once: the lane keeps them in order
        await here.until(lambda: len(here.fake.sent()) >= before + 4)
        trend = here.fake.sent()[-1]["text"]
        for value in ("128/82", "66", "97"):
            assert value in trend
        maker = await here.app.store.user_for("console", "ann")
        assert await here.person() == maker
        undo = logged["reply_markup"]["inline_keyboard"][0][1]["callback_data"]
        await here.press(logged, undo)  # a button from before still finds what it logged
        kinds = {o.kind for o in await here.app.store.observations(maker)}
        assert kinds == {"weight", "sleep", "heart_rate", "spo2"}
        assert "Telegram" in (await console.final_reply(here.app, "ann", "/privacy")).text
        gone = await here.ask("/unlink")
        assert "starts afresh" in gone["text"]
        assert "Nothing logged" in (await here.ask("/trend"))["text"]
