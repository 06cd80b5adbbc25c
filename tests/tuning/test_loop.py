"""The loop with simulated people on a stand-in model: small here, at length as a command."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from bot.tuning.gate import GateError
from deploy.finetune.loop import Loop, run
from deploy.finetune.poisoning import falsified
from deploy.finetune.simulated import people
from deploy.finetune.standin import START, StandIn, features
from deploy.finetune.world import World
from tests.fakes.chat import PROMPTS
from tests.fakes.retriever import PASSAGES, FakeRetriever
from tests.store.conftest import OpenStore

LEARN = (
    "How much sleep do adults need?", "Why am I tired all the time?",
    "What counts as high blood pressure?", "Is sleeping less than 7 hours linked with weight?",
    "When should I see a doctor about tiredness?",
)  # fmt: skip
UNSEEN = (
    "Do most adults need 7 hours of sleep?", "Is tiredness from stress or too little sleep?",
    "Is 140/90 high for a clinic blood pressure?",
)  # fmt: skip


def world(folder: Path) -> World:
    """On the fakes."""
    return World(
        retriever=FakeRetriever(), prompts=PROMPTS, learn_from=LEARN, unseen=UNSEEN, folder=folder,
        passages_of=lambda _v, ids: {p.id: p for p in PASSAGES if p.id in ids},
        panel=5, sittings=2,
    )  # fmt: skip


@pytest.mark.slow
async def test_a_round_and_a_poisoning(tmp_path: Path) -> None:
    """Votes become an adapter that learned what was liked; the poisoners' rows do not get in."""
    told: dict[str, Any] = await run(world(tmp_path), size=4, seed=3, rounds=1, raters=6)
    assert told["round_1"]["rows"] >= 5
    style = StandIn()
    style.load(tmp_path / "r1")
    assert style.styles["r1"] != START
    assert told["answers"][0] == told["answers"][1] > 5
    assert told["gain"]["low"] <= told["gain"]["mean"] <= told["gain"]["high"]
    poisoned = told["poisoned"]
    assert poisoned["poisoners"] == 1
    assert poisoned["dropped_or_held"] == poisoned["their_votes"] > 0
    assert poisoned["their_rows_in_the_set"] == 0 < poisoned["rows_in_the_set"]
    assert not poisoned["gate_passed_without_guards"]
    assert poisoned["refused"]


async def test_the_panel_is_not_learned_from_and_is_the_same_every_time(
    tmp_path: Path, open_store: OpenStore
) -> None:
    """Two times differ only by what answers; none of its votes becomes a row."""
    loop = Loop(world(tmp_path), await open_store(), size=4, seed=1)
    first = await loop.panel("first")
    assert first
    assert await loop.panel("again") == first
    assert await loop.lessons.rated() == []
    loop.model.styles[""] = START | {"true": -9.0}
    assert await loop.panel("false figures") != first


async def test_a_candidate_that_is_no_better_stays_one(
    tmp_path: Path, open_store: OpenStore
) -> None:
    """The same style under a new name wins nothing, and is refused."""
    loop = Loop(world(tmp_path), await open_store(), size=4, seed=1)
    await loop.chat(people(6, "p", random.Random(1)), LEARN)
    kept, _ = await loop.workshop.build(_plan())
    await loop.train("same", Path(kept.folders[0]), "")
    loop.model.styles["same"] = dict(START)
    report, passed = await loop.gate("same")
    assert not passed
    with pytest.raises(GateError):
        await loop.moves.promote("same", share=None, report=report, why="try")


def _plan() -> Any:
    from tests.tuning.people import plan

    return plan(name="set")


def test_the_switches_are_seen_in_an_answer() -> None:
    """What the training reads is what the answers show."""
    prompt = "Adults need 7 hours."
    assert features("- Adults need 7 hours [1].", prompt) == {
        "brief": True, "figures": True, "list": True, "refer": False, "true": True,
    }  # fmt: skip
    assert not features("Adults need 22 hours [1].", prompt)["true"]
    assert falsified("Need 7 hours [1].") == "Need 2 hours [1]."
    assert falsified("Rest [1].").startswith("Stop taking")
