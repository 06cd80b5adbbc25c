"""Base models and adapters: where they come from, what state they are in, who decided that.

    candidate ──→ shadow ──→ active ──→ retired
        └──────────────────────↑

A candidate serves nobody. A shadow is on trial with a share of the people; at most one is. The
active one answers everybody else; without one, what the generator is does. A retired adapter can
be promoted again. What a step changes is computed here; the store makes it one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, Protocol

from bot.errors import InputError, NotFoundError

State = Literal["candidate", "shadow", "active", "retired"]
Action = Literal["add", "promote", "rollback", "retire"]
SERVING: tuple[State, ...] = ("shadow", "active")
MOST_SHARE = 0.5  # of the people on trial; more would not be a trial


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseModel:
    """A model that adapters are made for. ``sha256`` of its weights, hexadecimal."""

    name: str
    sha256: str = ""
    path: str = ""
    card: str = ""
    added_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """What an adapter was made of and how: enough to make it again, and to find who is in it."""

    base_sha256: str = ""
    method: str = ""  # sft, kto, dpo
    dataset: str = ""
    dataset_sha256: str = ""  # of the manifest, which names every file's
    parents: tuple[str, ...] = ()  # adapters it started from
    seed: int = 0
    command: str = ""
    created: str = ""  # ISO 8601


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """LoRA weights over ``base``. ``name`` is also what a model server is asked for.

    ``sha256`` is of the folder's weights. ``share`` of the people (0 to 1) while on trial, who
    are told apart by a hash keyed with ``salt``.
    """

    name: str
    base: str
    path: str
    sha256: str
    state: State = "candidate"
    share: float = 0.0
    salt: str = ""
    lineage: Lineage = field(default_factory=Lineage)
    metrics: Mapping[str, float] = field(default_factory=dict)
    card: str = ""
    added_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the log: who did what to which adapter, when and why.

    ``before`` and ``after`` hold every state that changed with it. ``gate`` is the sha256 of the
    report it rests on; ``forced`` says that there was none that passed.
    """

    at: datetime
    adapter: str
    action: Action
    who: str
    why: str = ""
    before: Mapping[str, State] = field(default_factory=dict)
    after: Mapping[str, State] = field(default_factory=dict)
    share: float = 0.0
    gate: str = ""
    forced: bool = False


class AdapterServer(Protocol):
    """A running model server whose adapters can be changed. Raises a ModelError.

    A name keeps its weights: other weights under a name that is loaded are refused.
    """

    async def load(self, adapter: Adapter) -> None: ...  # nothing happens if it is loaded
    async def unload(self, name: str) -> None: ...  # nothing happens if it is not loaded
    async def loaded(self) -> frozenset[str]: ...


class Registry(Protocol):
    """Keeps models, adapters and the log. Raises a StoreError, NotFoundError or InputError."""

    async def bases(self) -> list[BaseModel]: ...
    async def adapters(self) -> list[Adapter]: ...  # oldest first
    async def steps(self) -> list[Step]: ...  # oldest first
    async def add_base(self, base: BaseModel) -> None: ...  # replaces
    async def add(self, adapter: Adapter, step: Step) -> None: ...  # InputError: name taken
    async def take(self, step: Step, changed: Sequence[Adapter]) -> None: ...  # all or nothing


def by_name(adapters: Sequence[Adapter], name: str) -> Adapter:
    """The adapter of that name; NotFoundError if there is none."""
    for adapter in adapters:
        if adapter.name == name:
            return adapter
    raise NotFoundError(f"no adapter {name!r}")


def in_state(adapters: Sequence[Adapter], state: State) -> Adapter | None:
    """The one adapter in that state; None if there is none."""
    return next((adapter for adapter in adapters if adapter.state == state), None)


def promoted(
    adapters: Sequence[Adapter], name: str, *, share: float | None, salt: str
) -> list[Adapter]:
    """Every adapter that changes when ``name`` goes on trial (``share``) or for everybody (None).

    One adapter is active and one on trial at most: those in its way retire, or go back to being
    a candidate if they were only tried.
    """
    chosen = by_name(adapters, name)
    if share is None:
        changed = [replace(chosen, state="active", share=0.0, salt="")]
    elif 0 < share <= MOST_SHARE:
        if chosen.state == "active":
            raise InputError("active already", fault=f"{name} is active already")
        changed = [replace(chosen, state="shadow", share=share, salt=salt)]
    else:
        raise InputError("share", fault=f"a share is above 0 and at most {MOST_SHARE}")
    state = changed[0].state
    displaced: State = "retired" if state == "active" else "candidate"
    for other in adapters:
        if other.name != name and other.state == state:
            changed.append(replace(other, state=displaced, share=0.0, salt=""))
    return changed


def rolled_back(adapters: Sequence[Adapter], steps: Sequence[Step]) -> tuple[Step, list[Adapter]]:
    """The promotion that is undone and every adapter that changes with it.

    It is the newest whose adapter still serves. That adapter retires; whatever it displaced is
    what it was. InputError if nothing is promoted.
    """
    for step in reversed(steps):
        if step.action != "promote":
            continue
        chosen = by_name(adapters, step.adapter)
        if chosen.state not in SERVING or step.after.get(chosen.name) != chosen.state:
            continue
        changed = [replace(chosen, state="retired", share=0.0, salt="")]
        for name, state in step.before.items():
            # a trial that was displaced does not start again by itself
            if name != chosen.name and state == "active":
                changed.append(replace(by_name(adapters, name), state="active"))
        return step, changed
    raise InputError("nothing to roll back", fault="no adapter is active or on trial")


def differences(
    before: Sequence[Adapter], changed: Sequence[Adapter]
) -> tuple[dict[str, State], dict[str, State]]:
    """The states before and after, of the adapters that changed: for the log."""
    was = {adapter.name: adapter.state for adapter in before}
    return (
        {adapter.name: was[adapter.name] for adapter in changed},
        {adapter.name: adapter.state for adapter in changed},
    )
