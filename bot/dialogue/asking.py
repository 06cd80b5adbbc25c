"""Asks the generator with the adapter that this person is assigned to.

Where the server does not have it (it was just taken away, or a replica started anew), what the
generator is answers instead, and the record says so.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from bot.errors import AdapterMissingError
from bot.model import Assignment, ChatMessage, Generation
from bot.ports import Generator


def named(generator: Generator, assigned: Assignment) -> str:
    """The adapter that an assignment comes to; empty for the bare base."""
    return generator.adapter if assigned.adapter is None else assigned.adapter


async def ask(
    generator: Generator, prompt: Sequence[ChatMessage], *, tenant: str, assigned: Assignment
) -> AsyncGenerator[tuple[str, Generation], None]:
    """(adapter that answers, the answer so far). Raises a ModelError."""
    wanted = assigned.adapter
    if wanted is not None:
        try:
            async with aclosing(generator.stream(prompt, tenant=tenant, adapter=wanted)) as stream:
                async for generation in stream:
                    yield wanted, generation
            return
        except AdapterMissingError:
            pass  # raised before the first word, so nothing has been said twice
    async with aclosing(generator.stream(prompt, tenant=tenant)) as stream:
        async for generation in stream:
            yield generator.adapter, generation
