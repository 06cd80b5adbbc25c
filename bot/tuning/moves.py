"""What an operator does with adapters: register, promote, roll back, retire; each is one step."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.errors import InputError
from bot.tuning import folder, gate
from bot.tuning.registry import (
    SERVING,
    Action,
    Adapter,
    AdapterServer,
    Registry,
    Step,
    by_name,
    differences,
    in_state,
    promoted,
    rolled_back,
)


class Moves:
    """The only way to change who is answered by what."""

    def __init__(
        self,
        registry: Registry,
        *,
        who: str,
        server: AdapterServer | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        """``who`` acts; it goes into the log. ``server`` None: nothing has to be loaded."""
        self._server = server
        self._registry = registry
        self._who = who
        self._now = now or (lambda: datetime.now(UTC))

    async def add(self, path: Path, name: str = "", why: str = "") -> Adapter:
        """Register the adapter in a folder as a candidate. InputError: unusable, or name taken."""
        adapter = replace(folder.read(path, name), added_at=self._now())
        after = {adapter.name: adapter.state}
        step = Step(
            at=self._now(), adapter=adapter.name, action="add", who=self._who, why=why, after=after
        )
        await self._registry.add(adapter, step)
        return adapter

    async def promote(
        self, name: str, *, share: float | None, report: Path | None, why: str, force: bool = False
    ) -> Step:
        """Put an adapter on trial (``share``) or in front of everybody (None).

        Without a passed gate report of exactly these weights: GateError. ``force`` overrides
        that, needs a reason, and is in the log for good.
        """
        kept = await self._registry.adapters()
        chosen = by_name(kept, name)
        folder.unchanged(chosen)
        shown = self._gate(chosen, in_state(kept, "active"), report, why=why, force=force)
        changed = promoted(kept, name, share=share, salt=secrets.token_hex(16))
        step = self._step("promote", name, kept, changed, why)
        step = replace(step, gate=shown, forced=force, share=share or 0.0)
        await self._load(changed)  # before anybody is sent there
        await self._registry.take(step, changed)
        return step

    async def _load(self, changed: Sequence[Adapter]) -> None:
        for one in changed:
            if self._server is not None and one.state in SERVING:
                await self._server.load(one)

    def _gate(
        self, chosen: Adapter, active: Adapter | None, report: Path | None, *, why: str, force: bool
    ) -> str:
        """The sha256 of the report that allows it; empty when it was forced."""
        if force:
            if not why.strip():
                raise InputError("a reason", fault="--force needs a reason: --why")
            return ""
        if report is None:
            fault = f"no gate report for {chosen.name}: run salus eval gate first"
            raise gate.GateError(fault, fault=fault)
        read, sha256 = gate.from_json(report)
        gate.prove(read, chosen, active)
        return sha256

    async def rollback(self, why: str = "") -> Step:
        """Undo the newest promotion that still serves. InputError when there is none."""
        kept = await self._registry.adapters()
        undone, changed = rolled_back(kept, await self._registry.steps())
        step = self._step("rollback", undone.adapter, kept, changed, why)
        # The registry first: a server that does not answer must not stop a rollback. Whoever is
        # sent to an adapter that is not loaded is answered by the base meanwhile.
        await self._registry.take(step, changed)
        await self._load(changed)
        return step

    async def retire(self, name: str, why: str = "") -> Step:
        """Take a candidate out of the running. InputError for one that serves: roll it back."""
        kept = await self._registry.adapters()
        chosen = by_name(kept, name)
        if chosen.state in SERVING:
            raise InputError("serving", fault=f"{name} serves people: roll it back")
        changed = [replace(chosen, state="retired")]
        step = self._step("retire", name, kept, changed, why)
        await self._registry.take(step, changed)
        return step

    def _step(
        self,
        action: Action,
        name: str,
        kept: Sequence[Adapter],
        changed: Sequence[Adapter],
        why: str,
    ) -> Step:
        before, after = differences(kept, changed)
        return Step(
            at=self._now(), adapter=name, action=action, who=self._who, why=why,
            before=before, after=after,
        )  # fmt: skip
