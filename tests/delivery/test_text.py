"""Splitting loses nothing and breaks nothing; the pace is kept; the unit is all or nothing."""

from __future__ import annotations

import re
from collections import deque

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.adapters.telegram.render import as_html
from bot.delivery.pace import Limits, Pace
from bot.delivery.rich import Span, dump, joined, load, parse, plain, split, utf16, with_addresses
from bot.delivery.unit import Unit, UnitStore, unit
from bot.errors import NotFoundError
from bot.model import Feedback, Profile, TurnId, UserId
from tests.fakes.store import FakeStore
from tests.fakes.telegram_markup import parse_html, units
from tests.store.samples import NOON, turn, weight

spans = st.lists(
    st.builds(
        Span,
        st.text(max_size=60),
        st.sampled_from(["", "bold", "italic", "code", "pre"]),
        st.sampled_from(["", 'https://example.org/a?b=1&c="2"', "http://x.y"]),
    ),
    max_size=30,
).map(tuple)
LONG = " ".join(f"Sentence number {n} of the answer." for n in range(1200))


def squeezed(text: str) -> str:
    """Without white space and part numbers."""
    return re.sub(r"\s", "", re.sub(r"\n\(\d+/\d+\)(?=\0|\Z)", "", text))


@settings(max_examples=150, deadline=None)
@given(spans, st.integers(40, 400))
@example((Span("👩‍👩‍👧‍👦" * 40),), 50)
@example((Span("字" * 500, "bold"),), 64)
def test_splitting_keeps_every_character_and_the_limit(
    given_: tuple[Span, ...], limit: int
) -> None:
    """All parts together are the text; none is too long, for Telegram's own count too."""
    parts = split(given_, limit=limit)
    assert all(utf16(plain(p)) == units(plain(p)) <= limit for p in parts)
    assert all(sum(bool(s.style or s.href) for s in p) <= 90 for p in parts)
    together = "\0".join(plain(p) for p in parts)
    assert squeezed(together).replace("\0", "") == squeezed(plain(given_)).replace("\0", "")


@settings(max_examples=150, deadline=None)
@given(spans)
def test_our_markup_is_always_understood(given_: tuple[Span, ...]) -> None:
    """Whatever the text, Telegram's parser takes our HTML and shows the same text."""
    text, _ = parse_html(as_html(given_))
    assert text == plain(given_)


def test_forty_thousand_characters_in_good_places() -> None:
    """Parts end with a sentence, carry their number, and are as few as can be."""
    parts = split((Span(LONG),), limit=4096)
    assert len(LONG) > 38_000
    assert len(parts) == -(-len(LONG) // 4080)
    for number, part in enumerate(parts, start=1):
        assert plain(part).endswith(f".\n({number}/{len(parts)})")
    assert split((Span(" \n "),), limit=100) == []
    assert [plain(p) for p in split((Span("short"),), limit=100)] == ["short"]


def test_many_marks_are_spread_over_parts() -> None:
    """Telegram shows about a hundred entities of a message: no part has more."""
    marked = tuple(Span(f"{n}", "bold" if n % 2 else "italic") for n in range(300))
    parts = split(marked, limit=4096)
    assert len(parts) > 3
    assert joined(marked) == marked


def test_light_markup_and_links() -> None:
    """Bold, code and citations are read; the plain form spells addresses out."""
    found = parse("**Take** `care` [1] [2] [3](x)", {1: "https://a.b/c"})
    assert dump(found)[0] == ["Take", "bold", ""]
    assert load(dump(found)) == found
    assert with_addresses(found) == "Take care [1] (https://a.b/c) [2] [3](x)"


# --- pace --------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 3)), min_size=20, max_size=200))
def test_no_window_holds_more_than_it_may(asks: list[tuple[str, float]]) -> None:
    """Whatever is asked for, each chat, group and the bot stay within their windows."""
    limits = Limits(chat_s=1.0, burst=3, group=20, bot=10)
    pace, now = Pace(limits), 1000.0
    sent: deque[tuple[str, float]] = deque()
    for chat, step in asks:
        now += step
        if pace.take(chat, now, group=chat == "c") == 0:
            sent.append((chat, now))
    times = [at for _, at in sent]
    assert all(sum(t <= x < t + 1 for x in times) <= 10 for t in times)
    for chat in "abc":
        own = [at for c, at in sent if c == chat]
        assert all(sum(t <= x < t + 10 for x in own) <= 13 for t in own)


def test_previews_give_way() -> None:
    """A preview goes only when the chat's whole budget is there, and never in a silence."""
    pace = Pace(Limits(bot=10))
    assert pace.take("a", 0.0) == 0
    assert not pace.spare("a", 0.5)
    assert pace.spare("a", 1.0)
    assert pace.take("a", 1.0) == 0  # the final text does not wait for it
    pace.silence("b", 9.0)
    assert not pace.spare("b", 5.0)
    assert pace.take("b", 5.0) == 4.0
    for n in range(7):
        pace.take(f"x{n}", 20.0)
    assert not pace.spare("y", 20.0)
    assert pace.take("y", 20.0) == 0


def test_the_pace_forgets_chats_that_are_free() -> None:
    """Memory stays flat over many chats."""
    pace = Pace(Limits(bot=10**9))
    for n in range(20_000):
        pace.take(str(n), n * 1.0, group=True)
    assert len(pace._free_at) < 5000


# --- the unit ----------------------------------------------------------------

ANN = UserId("ann")


async def test_outside_a_unit_it_is_the_store_itself() -> None:
    """Reads and writes go straight through."""
    real = FakeStore()
    store = UnitStore(real)
    ids = await store.add_observations(ANN, [weight()])
    await store.save_profile(Profile(user=ANN, country="PT"))
    kept = turn(ANN)
    await store.add_turn(kept)
    await store.vote(Feedback(turn=kept.id, user=ANN, vote="up", at=NOON))
    assert (await real.profile(ANN)).country == "PT"
    assert await store.last_logged(ANN) == ids
    assert len(await store.votes()) == 1
    assert await store.remove_observations(ANN, ids) == 1
    assert (await store.export(ANN))["measurements"] == []
    await store.forget(ANN)
    assert ANN in real.forgotten
    await store.close()
    assert real.closed


async def test_inside_a_unit_everything_is_seen_and_nothing_stored() -> None:
    """The dialogue sees its own writes; the store changes only when the unit is applied."""
    real = FakeStore()
    before = await real.add_observations(ANN, [weight()])
    store = UnitStore(real)
    with unit() as held:
        ids = await store.add_observations(ANN, [weight(), weight()])
        assert len(await store.observations(ANN)) == 3
        assert await store.last_logged(ANN) == ids
        assert await store.remove_observations(ANN, [ids[0], before[0], TurnId("odd")]) == 2  # type: ignore[list-item]
        assert await store.last_logged(ANN) == [ids[1]]
        await store.save_profile(Profile(user=ANN, country="PT"))
        assert (await store.profile(ANN)).country == "PT"
        kept = turn(ANN)
        await store.add_turn(kept)
        assert await store.turn(ANN, kept.id) == kept
        here = {"platform": kept.place.platform, "chat": kept.place.chat}
        assert await store.history(ANN, **here, limit=5) == [kept]
        await store.vote(Feedback(turn=kept.id, user=ANN, vote="up", at=NOON))
        try:
            await store.vote(Feedback(turn=TurnId("none"), user=ANN, vote="up", at=NOON))
        except NotFoundError:
            pass
        else:
            raise AssertionError("a vote on nothing")
        assert [o.id for o in await real.observations(ANN)] == before
    await held.apply(real)
    stored = await real.observations(ANN)
    assert [o.id for o in stored] == held.ids([ids[1]])
    assert (await real.profile(ANN)).country == "PT"
    assert len(await real.votes()) == 1


async def test_forgetting_in_a_unit_drops_what_was_to_be_kept() -> None:
    """After the word to erase, nothing of the same message is stored."""
    real = FakeStore()
    await real.save_profile(Profile(user=ANN))
    store = UnitStore(real)
    with unit() as held:
        await store.add_observations(ANN, [weight()])
        await store.add_turn(turn(ANN))
        await store.forget(ANN)
    await held.apply(real)
    assert ANN in real.forgotten
    assert await real.observations(ANN) == []
    assert Unit().ids(["x"]) == ["x"]
