"""Which interactions have been acknowledged: nothing else may be sent by one before that."""

from __future__ import annotations

import asyncio

_REMEMBERED = 4096
_PATIENCE_S = 4.0  # Discord wants the acknowledgement within three seconds


class Acks:
    """Of one process. An interaction from before a restart counts as acknowledged."""

    def __init__(self) -> None:
        """None is open."""
        self._open: dict[int, asyncio.Future[bool]] = {}

    def begin(self, id_: int) -> None:
        """An interaction came; it will be acknowledged."""
        self._open[id_] = asyncio.get_running_loop().create_future()
        if len(self._open) > _REMEMBERED:
            self._open.pop(next(iter(self._open)))

    def end(self, id_: int, *, well: bool) -> None:
        """It was acknowledged, or it cannot be any more."""
        waiting = self._open.get(id_)
        if waiting is not None and not waiting.done():
            waiting.set_result(well)

    async def done(self, id_: int) -> bool:
        """Wait for the acknowledgement; whether the interaction can be answered."""
        waiting = self._open.get(id_)
        if waiting is None:
            return True
        try:
            return await asyncio.wait_for(asyncio.shield(waiting), _PATIENCE_S)
        except TimeoutError:
            return False
