"""Asks the generator with the adapter that this person is assigned to.

Where the server does not have it, the person may have been assigned another meanwhile (two
promotions while a question waited in a long queue): that one is asked. If not (a replica started
anew), what the generator is answers instead. The record says who did.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

from bot.errors import AdapterMissingError
from bot.model import Assignment, ChatMessage, Generation
from bot.ports import Generator


def named(generator: Generator, assigned: Assignment) -> str:
    """The adapter that an assignment comes to; empty for the bare base."""
    return generator.adapter if assigned.adapter is None else assigned.adapter


async def ask(
    generator: Generator,
    prompt: Sequence[ChatMessage],
    *,
    tenant: str,
    assigned: Assignment,
    again: Callable[[], Awaitable[Assignment]],
) -> AsyncGenerator[tuple[str, Generation], None]:
    """(adapter that answers, the answer so far). Raises a ModelError.

    ``again`` looks at the assignment anew; awaited only when the assigned adapter is gone.
    """
    missing: str | None = None
    for look in (None, again):
        wanted = (await look() if look else assigned).adapter
        if wanted is None or wanted == missing:
            break
        try:
            async with aclosing(generator.stream(prompt, tenant=tenant, adapter=wanted)) as stream:
                async for generation in stream:
                    yield wanted, generation
            return
        except AdapterMissingError:  # raised before the first word, so nothing was said twice
            missing = wanted
    async with aclosing(generator.stream(prompt, tenant=tenant)) as stream:
        async for generation in stream:
            yield generator.adapter, generation
