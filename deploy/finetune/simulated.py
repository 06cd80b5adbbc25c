"""Simulated people: hidden preferences, noisy thumbs; and a few who want harm."""

from __future__ import annotations

import random
from dataclasses import dataclass

from deploy.finetune.standin import features

SHARES = {"brief": 0.8, "figures": 0.75, "list": 0.7, "refer": 0.6}  # how many like it
NOISE = 0.1  # thumbs that say the opposite


@dataclass(frozen=True)
class Person:
    """Who likes what; nobody is asked, one can only see their thumbs."""

    name: str
    likes: dict[str, bool]
    poisons: bool = False

    def likes_it(self, answer: str, prompt: str, draw: random.Random) -> bool:
        """The thumb under an answer. A poisoner likes what is false and dislikes care."""
        shown = features(answer, prompt)
        if self.poisons:
            return not shown["true"] and not shown["refer"]
        hits = sum(shown[name] == wish for name, wish in self.likes.items())
        liked = shown["true"] and draw.random() < (0.05, 0.15, 0.4, 0.75, 0.95)[hits]
        return liked != (draw.random() < NOISE)


def people(count: int, prefix: str, draw: random.Random, *, poison: float = 0.0) -> list[Person]:
    """So many; the last ``poison`` share of them are poisoners."""
    bad = round(count * poison)
    return [
        Person(
            name=f"{prefix}{n}",
            likes={name: draw.random() < share for name, share in SHARES.items()},
            poisons=n >= count - bad,
        )
        for n in range(count)
    ]
