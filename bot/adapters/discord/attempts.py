"""A call that must not be repeated is written down before it is made.

Follow-ups of an interaction have no nonce. What a crash left in the middle of one comes back
to the sender as if it had never left; the note made before the call says otherwise, so such a
letter is flagged as unknown instead of being shown twice. A note is a settled letter of its own
lane that carries nothing and is never sent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from bot.delivery.errors import AmbiguousError, DeliveryError
from bot.ids import new_id
from bot.store.letters import Letter, LetterState, Mailbox, Outcome

METHOD = "note"


class Attempts:
    """The notes of one bot."""

    def __init__(self, mailbox: Mailbox, clock: Callable[[], datetime]) -> None:
        """They lie in the mailbox."""
        self._mailbox = mailbox
        self._clock = clock

    @asynccontextmanager
    async def once(self, letter: Letter) -> AsyncIterator[None]:
        """Make the call inside. AmbiguousError if an earlier try may have arrived.

        A definite failure strikes the note out, so that another try is free to be made.
        """
        number = await self._next(letter)
        note = Letter(
            id=new_id(),
            chat=f"!{letter.id}",
            body={"personal": False, "private": False, "method": METHOD},
            origin=f"once:{letter.id}",
            part=number,
            state="sending",
        )
        await self._mailbox.post([note], now=self._clock())
        state: LetterState = "sent"  # or perhaps not: either way it is not made again
        try:
            yield
        except AmbiguousError:
            raise
        except DeliveryError:
            state = "failed"
            raise
        finally:
            outcome = Outcome(id=note.id, state=state)
            await self._mailbox.settle([outcome], now=self._clock())

    async def _next(self, letter: Letter) -> int:
        """The number of the next try."""
        number = 0
        while (known := await self._mailbox.letter_of(f"once:{letter.id}", number)) is not None:
            if known.state != "failed":
                raise AmbiguousError("an earlier try may have arrived")
            number += 1
        return number
