"""Who is answered by which adapter, in the arithmetic and in a conversation."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from bot.errors import AdapterMissingError, InputError, StoreError
from bot.generation.openai_compat import Endpoint, OpenAICompatibleGenerator
from bot.model import Assignment, ChatMessage, UserId
from bot.store.registry import SqlRegistry
from bot.tuning.arms import Arms, arm
from bot.tuning.registry import Adapter, Step, by_name, differences, promoted
from tests.fakes.chat import Chat
from tests.fakes.generator import ScriptedGenerator
from tests.fakes.model_server import model_server
from tests.fakes.registry import FakeRegistry, adapter
from tests.store.conftest import OpenStore
from tests.store.samples import NOON

PEOPLE = [UserId(f"person-{n}") for n in range(2000)]
ANSWER = "Most adults need at least 7 hours of sleep a night [1]."


def test_a_trial_gets_its_share_and_each_person_stays_where_they_are() -> None:
    """A fifth of the people are answered by the one on trial, the same fifth every time."""
    active = adapter("old", state="active")
    trial = adapter("new", state="shadow", share=0.2, salt="s")
    arms = {user: arm([active, trial], user) for user in PEOPLE}
    assert 0.17 < sum(name == "new" for name in arms.values()) / len(PEOPLE) < 0.23
    assert arms == {user: arm([active, trial], user) for user in PEOPLE}
    wider = adapter("new", state="shadow", share=0.4, salt="s")
    assert all(arm([active, wider], user) == "new" for user in PEOPLE if arms[user] == "new")


def test_another_trial_tries_other_people() -> None:
    """Nobody is always the one who is experimented on."""
    first = {u for u in PEOPLE if arm([adapter("a", state="shadow", share=0.2, salt="s1")], u)}
    second = {u for u in PEOPLE if arm([adapter("a", state="shadow", share=0.2, salt="s2")], u)}
    assert len(first & second) < 0.35 * len(first)


def test_without_any_adapter_the_generator_is_what_it_is() -> None:
    """Candidates and retired ones serve nobody."""
    kept = [adapter("c"), adapter("r", state="retired")]
    assert {arm(kept, user) for user in PEOPLE} == {None}


async def test_what_another_process_changed_holds_within_two_seconds() -> None:
    """The registry is asked again once a second, not with every message."""
    now = 0.0
    registry = FakeRegistry([adapter("new", state="active")])
    arms = Arms(registry, clock=lambda: now)
    assert await arms.assigned(UserId("ann")) == Assignment(adapter="new")
    registry.kept["new"] = adapter("new", state="retired")
    now = 0.9
    assert (await arms.assigned(UserId("ann"))).adapter == "new"
    assert registry.reads == 1
    now = 1.1
    assert (await arms.assigned(UserId("ann"))).adapter is None


async def test_a_rollback_by_another_process_reaches_a_running_service(
    open_store: OpenStore,
) -> None:
    """Two stores on one file, as ``salus run`` and ``salus model`` are: within two seconds."""
    serving, operator = await open_store(), SqlRegistry(await open_store())
    arms = Arms(SqlRegistry(serving))
    kept = adapter("new", state="active")
    await operator.add(kept, Step(at=NOON, adapter="new", action="add", who="ann"))
    assert (await arms.assigned(UserId("ann"))).adapter == "new"
    step = Step(at=NOON, adapter="new", action="rollback", who="ann", before={"new": "active"})
    await operator.take(step, [replace(kept, state="retired")])
    started = time.monotonic()
    while (await arms.assigned(UserId("ann"))).adapter is not None:
        assert time.monotonic() - started < 2
        await asyncio.sleep(0.05)


async def test_with_the_store_down_the_last_word_holds() -> None:
    """A locked database changes nobody's adapter and stops nobody's answer."""
    now = 0.0
    registry = FakeRegistry([adapter("new", state="active")])
    arms = Arms(registry, clock=lambda: now)
    await arms.assigned(UserId("ann"))
    registry.failure = StoreError("down")
    now = 5.0
    assert (await arms.assigned(UserId("ann"))).adapter == "new"
    assert (await Arms(registry).assigned(UserId("bob"))).adapter is None


async def test_a_turn_says_which_adapter_answered() -> None:
    """What is recorded is who spoke, also when the adapter asked for is gone."""
    generator = ScriptedGenerator([ANSWER] * 2, adapters=frozenset({"new"}))
    chat = Chat(generator=generator, models=Arms(FakeRegistry([adapter("new", state="active")])))
    await chat.say("How much sleep do I need?")
    generator.adapters = frozenset()
    await chat.say("How much sleep do I need?")
    assert [turn.adapter for turn in await chat.turns()] == ["new", ""]
    assert [turn.path for turn in await chat.turns()] == ["model", "model"]
    assert generator.asked_for == ["new", "new", None]


async def test_who_waited_through_two_promotions_is_answered_by_the_one_that_is_there() -> None:
    """The adapter assigned first is gone when its turn comes: the assignment is looked at anew."""
    generator = ScriptedGenerator([ANSWER], adapters=frozenset({"newer"}))
    looks = iter(["new", "newer"])

    class Promoted:
        async def assigned(self, _user: UserId) -> Assignment:
            return Assignment(adapter=next(looks))

    chat = Chat(generator=generator, models=Promoted())
    await chat.say("How much sleep do I need?")
    assert [turn.adapter for turn in await chat.turns()] == ["newer"]
    assert generator.asked_for == ["new", "newer"]


async def test_a_served_adapter_is_asked_for_by_its_name() -> None:
    """On the wire the adapter is the model, as vLLM serves it; a missing one is no fault."""
    prompt = [ChatMessage(role="user", content="hello")]
    async with model_server(adapters={"new"}) as server:
        generator = OpenAICompatibleGenerator(
            Endpoint(url=server.url, first_token_s=60, total_s=60)
        )
        try:
            assert [g async for g in generator.stream(prompt, adapter="new")][-1].finish == "stop"
            for _ in range(5):
                with pytest.raises(AdapterMissingError):
                    await anext(generator.stream(prompt, adapter="gone"))
            assert [g async for g in generator.stream(prompt)][-1].finish == "stop"
        finally:
            await generator.close()
        asked = [request["model"] for request in server.requests]
        assert asked == ["new", *["gone"] * 5, "fake-model"]


def test_one_is_active_and_one_on_trial() -> None:
    """Whatever is in the way retires, or goes back to being a candidate."""
    kept: list[Adapter] = [adapter("a", state="active"), adapter("b", state="shadow"), adapter("c")]
    trial = promoted(kept, "c", share=0.1, salt="s")
    assert differences(kept, trial) == (
        {"c": "candidate", "b": "shadow"}, {"c": "shadow", "b": "candidate"},
    )  # fmt: skip
    whole = promoted(kept, "b", share=None, salt="")
    assert differences(kept, whole)[1] == {"b": "active", "a": "retired"}
    assert by_name(whole, "b").share == 0


@pytest.mark.parametrize("share", [0.0, -1.0, 0.51])
def test_a_trial_is_for_some_not_for_all(share: float) -> None:
    """Nobody, and more than half, is no trial."""
    with pytest.raises(InputError):
        promoted([adapter("c")], "c", share=share, salt="s")
