"""The stand-in's training is KTO, and learns what was liked and nothing else."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

import pytest

from deploy.finetune.standin import BETA, DECAY, REFER, START, StandIn, features, kto

PROMPT = "[1] Sleep\nAdults need 7 hours. Rest helps.\n\nThe person asks"


def row(answer: str, liked: bool) -> dict[str, Any]:
    """A thumb under an answer, as a KTO set keeps it."""
    return {
        "prompt": [{"role": "user", "content": PROMPT}],
        "completion": [{"role": "assistant", "content": answer}],
        "label": liked,
    }


def answers(seed: int, count: int) -> list[str]:
    """What the untrained stand-in says, near enough: all switches at random."""
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        lines = ["Adults need 7 hours [1]." if draw.random() < 0.5 else "Rest helps [1]."]
        lines += ["Rest helps [1]."] * (draw.random() < 0.6)
        text = "\n".join(f"- {one}" for one in lines) if draw.random() < 0.4 else " ".join(lines)
        found.append(f"{text}\n\n{REFER['en']}" if draw.random() < 0.4 else text)
    return found


def loss(
    style: Mapping[str, float], reference: Mapping[str, float], rows: list[dict[str, Any]], z: float
) -> float:
    """The KTO loss with the divergence ``z`` held, and the decay: written once more, slowly."""
    total = {True: 0.0, False: 0.0}
    for one in rows:
        shown = features(one["completion"][0]["content"], PROMPT)
        r = sum(_log(style[n], on) - _log(reference[n], on) for n, on in shown.items())
        sign = 1 if one["label"] else -1
        total[one["label"]] += 1 - 1 / (1 + math.exp(-BETA * sign * (r - z)))
    ups = sum(one["label"] for one in rows)
    far = sum((style[name] - reference[name]) ** 2 for name in style)
    decay = DECAY / len(rows) * far / 2
    return total[True] / ups / 2 + total[False] / (len(rows) - ups) / 2 + decay


def apart(style: Mapping[str, float], reference: Mapping[str, float]) -> float:
    """The divergence of two styles (nats)."""
    found = 0.0
    for name in style:
        p = math.exp(_log(style[name], True))
        found += p * (_log(style[name], True) - _log(reference[name], True))
        found += (1 - p) * (_log(style[name], False) - _log(reference[name], False))
    return found


def _log(logit: float, on: bool) -> float:
    return -math.log1p(math.exp(-logit if on else logit))


def test_it_is_the_minimum_of_the_loss() -> None:
    """No small step of any switch makes it better, and it is better than before."""
    draw = random.Random(4)
    rows = [
        row(text, draw.random() < (0.7 if features(text, PROMPT)["brief"] else 0.4))
        for text in answers(4, 200)
    ]
    style = kto(START, rows)
    z = apart(style, START)
    least = loss(style, START, rows, z)
    assert least < loss(START, START, rows, 0.0)
    for name in style:
        for step in (-0.1, 0.1):
            assert loss(style | {name: style[name] + step}, START, rows, z) >= least - 1e-6


@pytest.mark.parametrize("name", ["brief", "figures", "list", "refer"])
def test_what_is_liked_grows_and_what_is_not_shrinks(name: str) -> None:
    """One taste, some noise: that switch moves and the way it should."""
    for wish in (True, False):
        draw = random.Random(7)
        rows = [
            row(text, (features(text, PROMPT)[name] == wish) != (draw.random() < 0.1))
            for text in answers(7, 150)
        ]
        moved = {
            n: (logit - START[n]) * (1 if wish else -1) for n, logit in kto(START, rows).items()
        }
        assert moved[name] > 1
        assert moved[name] == max(moved.values())


def test_the_same_luck_draws_the_same() -> None:
    """So that a panel before and after differs by the style alone."""
    from bot.model import ChatMessage

    async def said(model: StandIn, luck: str) -> str:
        model.luck = luck
        prompt = [ChatMessage(role="user", content=PROMPT)]
        return [one async for one in model.stream(prompt)][-1].text

    import asyncio

    one, two = StandIn(1), StandIn(1)
    drawn = [asyncio.run(said(one, f"{n}")) for n in range(20)]
    assert drawn == [asyncio.run(said(two, f"{n}")) for n in range(20)]
    assert len(set(drawn)) > 3
