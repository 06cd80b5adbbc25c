"""Keeps on the model servers what the registry says may be asked for.

Weights go first, then the word: an adapter is loaded everywhere before anybody is sent to it. A
server that was started anew has lost its adapters; until they are back its people are answered
by the base model (bot/dialogue/asking.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.errors import ModelError, StoreError
from bot.tuning.registry import SERVING, Adapter, AdapterServer, Registry, Step

LOOK_S = 10.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What a look did. Names."""

    loaded: tuple[str, ...] = ()
    unloaded: tuple[str, ...] = ()


def wanted(adapters: Sequence[Adapter], steps: Sequence[Step]) -> list[Adapter]:
    """What serves, and the one that served last before: going back must not wait for a disk."""
    left = [
        name
        for step in reversed(steps)
        for name, state in step.before.items()
        if state in SERVING and step.after.get(name) not in SERVING
    ]
    names = {adapter.name for adapter in adapters if adapter.state in SERVING} | set(left[:1])
    return [adapter for adapter in adapters if adapter.name in names]


async def put(registry: Registry, server: AdapterServer) -> Kept:
    """Load what is wanted and missing; unload what is ours and no longer wanted.

    Adapters that the registry does not know are left alone. Raises a StoreError or ModelError.
    """
    adapters = await registry.adapters()
    keep = wanted(adapters, await registry.steps())
    there = await server.loaded()
    missing = [adapter for adapter in keep if adapter.name not in there]
    names = {adapter.name for adapter in keep}
    over = [a.name for a in adapters if a.name in there and a.name not in names]
    for adapter in missing:
        await server.load(adapter)
    for name in over:
        await server.unload(name)
    return Kept(tuple(adapter.name for adapter in missing), tuple(over))


async def keep(
    registry: Registry,
    server: AdapterServer,
    *,
    every_s: float = LOOK_S,
    tell: Callable[[Kept | ModelError | StoreError], None] = lambda _: None,
) -> None:
    """Look for ever, until cancelled; a server or database that is away is looked for again."""
    while True:
        try:
            done = await put(registry, server)
            if done != Kept():
                tell(done)
        except (ModelError, StoreError) as error:
            tell(error)
        await asyncio.sleep(every_s)
