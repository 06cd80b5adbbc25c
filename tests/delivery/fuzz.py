"""Generated updates through a whole Salus: what became of each, and whether anything broke.

Each platform brings its updates and its Scene; ``main`` generates, sends and prints the table.
An update ends answered, left alone on purpose, or failed; an error that a catch-all had to
catch is a crash, and what nothing moves any more is a stuck lane. Either makes ``main`` exit 1.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.delivery.errands import is_errand
from bot.delivery.errors import DeliveryError, FloodedError, NotSentError, PrivacyError
from bot.delivery.office import PostOffice
from bot.delivery.sorting import Handler, Owed
from bot.delivery.unit import Unit
from bot.i18n import t
from bot.logs import configure
from bot.store.letters import Arrival, Letter, Parcel

Json = dict[str, Any]
AT_ONCE = 100  # so many updates are sent before everything has to be settled again
PATIENCE_S = 60.0
_SORRY = {t("error.unexpected", "en"), t("error.unexpected", "zh")}
_GIVEN_UP = {"letter given up", "message given up"}  # counted as failed, by what refused them

# --- what is generated on every platform --------------------------------------

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
PLAIN = [
    "how much sleep do adults need?", "昨晚睡了6小时", "成年人需要睡多久？", "weight 70 kg",
    "bp 128/82", "I have crushing chest pain and cannot breathe", "/start", "/help", "/today",
    "/trend weight", "/goal", "/log weight 71.5 kg", "/remind", "/why", "/language zh",
    "/language en", "/privacy", "/export", "/forget", "/forget yes", "/feedback", "/challenge",
    "/country AU", "yes", "no", "thanks", "what is asthma?", "/kb",
]  # fmt: skip
ODD = [
    "\u202e\u0000", "<b>&amp;</i>", "/", "//", "👍", "🏳️‍🌈" * 300, "a" * 2000, "字" * 2000,
    "/log", "/log weight", "/country ??", "/language zz", "@everyone", "@", "0", "...", "\ud800",
    "bp 1/1", "weight 99999999 kg", "\n\n\n", "[1](x) **b", "```", "||x|| ~~y~~ __z__", "# head",
    "-# small", "> quote", "<@1> <#2> <t:1>", "https://x_y_z.example/a_b?c=*d*", "／help",
    "\u202egnp", "<b>&amp;", "[a](b)",
]  # fmt: skip


def mostly(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Twenty-nine times of thirty what the platform would send."""
    return st.integers(0, 29).flatmap(lambda n: odd if n == 29 else usual)


def shares(**ways: tuple[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[tuple[str, Any]]:
    """(name, value): each way as often as its number says; ``one_of`` would share out evenly."""
    names = [name for name, (times, _) in ways.items() for _ in range(times)]
    return st.sampled_from(names).flatmap(lambda name: st.tuples(st.just(name), ways[name][1]))


words = mostly(
    st.one_of(st.sampled_from(PLAIN), st.sampled_from(ODD), st.text(max_size=300)), scalars
)

# --- what is counted ----------------------------------------------------------


@dataclass
class Tally:
    """What became of the updates. ``generated`` is the sum of all ends and of the stuck."""

    platform: str
    generated: int = 0
    accepted: int = 0
    answered: int = 0
    ignored: Counter[str] = field(default_factory=Counter)  # on purpose, by reason
    failed: Counter[str] = field(default_factory=Counter)
    stuck: set[str] = field(default_factory=set)  # lanes
    crashes: Counter[str] = field(default_factory=Counter)
    unread: int = 0  # the reading crashed
    unsent: int = 0  # not sent any more, because a lane was stuck
    letters: int = 0
    seconds: float = 0.0

    @property
    def lost(self) -> int:
        """Those without any end."""
        ended = self.answered + self.ignored.total() + self.failed.total() + self.unread
        return self.generated - ended

    @property
    def good(self) -> bool:
        """Whether nothing crashed and every lane is empty."""
        return not self.crashes and not self.stuck

    def table(self) -> str:
        """For people."""
        rows: list[tuple[str, object]] = [
            ("platform", self.platform), ("generated", self.generated),
            ("accepted", self.accepted), ("answered", self.answered),
            ("ignored on purpose", self.ignored.total()), *_below(self.ignored),
            ("failed", self.failed.total()), *_below(self.failed),
            ("stuck lanes", len(self.stuck)), ("not sent any more", self.unsent),
            ("crashes", self.crashes.total()), *_below(self.crashes),
            ("letters delivered", self.letters), ("seconds", round(self.seconds, 1)),
            ("updates a second", round(self.generated / max(self.seconds, 0.001), 1)),
        ]  # fmt: skip
        return "\n".join(f"{name:52} {value}" for name, value in rows)


def _below(counts: Counter[str]) -> list[tuple[str, object]]:
    return [(f"    {name}", number) for name, number in counts.most_common()]


class Scene(Protocol):
    """One platform's fake and a Salus that runs on it."""

    platform: str

    @property
    def office(self) -> PostOffice: ...
    def reads(self, update: Json) -> bool:
        """Whether the adapter takes it; AssertionError where what is taken makes no sense."""
        ...

    def why_not(self, update: Json) -> str:
        """Why an update is none of our business; "" for one that has to be taken."""
        ...

    async def send(self, update: Json) -> Json | None:
        """Put it on the wire, with the ids and from a place that the platform would know.

        The update as sent where it is answered without being stored.
        """
        ...

    async def settled(self, *, seconds: float) -> None:
        """Wait until nothing is open or owed. Raises AssertionError."""
        ...

    def shown(self, body: Mapping[str, Any]) -> bool:
        """Whether something other than a letter answered an update."""
        ...

    def quiet(self, body: Mapping[str, Any]) -> str:
        """Why a stored update may be left without an answer; "" where it may not."""
        ...

    async def alive(self) -> None:
        """Ask a plain question and get an answer. Raises AssertionError."""
        ...


class Watch:
    """Stands before an office's inbox, handler and courier, and notes what passes."""

    def __init__(self, scene: Scene, crashes: Counter[str]) -> None:
        """From now on."""
        self._scene = scene
        self._crashes = crashes
        office = scene.office
        self._accept = office.accept
        self._handler: Handler = office.sorter._handler
        self._deliver = office.sender._courier.deliver
        self.new = self.known = 0
        self.begun: dict[int, Parcel] = {}
        self.owed: dict[int, list[str]] = {}  # the letters' origins, of what was handled
        self.buried: set[int] = set()
        self.refused: dict[str, str] = {}  # the origin of a letter that was not delivered: why
        office.accept = self.accept  # type: ignore[method-assign]
        office.sorter._handler = self
        office.sender._courier.deliver = self.deliver  # type: ignore[method-assign]

    async def accept(self, arrivals: Sequence[Arrival]) -> int:
        """Count what is new. What the clock brings is no update."""
        new = await self._accept(arrivals)
        if not any(is_errand(one.body) for one in arrivals):
            self.new += new
            self.known += len(arrivals) - new
        return new

    async def handle(self, parcel: Parcel, unit: Unit) -> Owed:
        """See delivery.sorting.Handler."""
        self.begun[parcel.seq] = parcel
        owed = await self._handler.handle(parcel, unit)

        def noted() -> Sequence[Letter]:
            letters = owed()
            self.owed[parcel.seq] = [letter.origin for letter in letters]
            if any(_SORRY & {span[0] for span in x.body.get("spans") or ()} for x in letters):
                self._crashes["answered that something unexpected happened"] += 1
            return letters

        return noted

    def give_up(self, parcel: Parcel) -> Sequence[Letter]:
        """See delivery.sorting.Handler."""
        self.buried.add(parcel.seq)
        return self._handler.give_up(parcel)

    async def deliver(self, letter: Letter) -> str:
        """See delivery.sender.Courier."""
        try:
            return await self._deliver(letter)
        except (FloodedError, NotSentError):  # goes again
            raise
        except (DeliveryError, PrivacyError) as error:
            said = str(error.__cause__ or error) or "no reason given"
            self.refused[letter.origin] = f"{type(error).__name__}: {said[:60]}"
            raise

    async def stuck(self) -> set[str]:
        """Lanes in which something is still open, worked on or owed."""
        mailbox = self._scene.office.mailbox
        later = datetime.now(UTC) + timedelta(days=2)
        open_ = await mailbox.waiting(after=0, limit=100_000)
        ended = self.owed.keys() | self.buried
        at_work = [p for seq, p in self.begun.items() if seq not in ended]
        owed = await mailbox.heads(now=later, busy=[])
        return {f"in {p.lane}" for p in (*open_, *at_work)} | {f"out {x.lane}" for x in owed}

    def sum_up(self, tally: Tally) -> None:
        """Every accepted update into one end."""
        tally.accepted = self.new
        if self.known:
            tally.ignored["came before, under this name or another"] += self.known
        for seq, parcel in self.begun.items():
            if is_errand(parcel.body):
                continue
            if seq in self.buried:
                tally.failed["given up after too many tries"] += 1
            elif seq in self.owed:
                self._ended(self.owed[seq], parcel.body, tally)
        if tally.lost and not tally.stuck:
            tally.failed["sent and not seen again"] += tally.lost

    def _ended(self, origins: list[str], body: Mapping[str, Any], tally: Tally) -> None:
        refused = [self.refused[origin] for origin in origins if origin in self.refused]
        if refused:
            tally.failed[refused[0]] += 1
        elif origins or self._scene.shown(body):
            tally.answered += 1
        elif reason := self._scene.quiet(body):
            tally.ignored[reason] += 1
        else:
            tally.failed["left without an answer"] += 1


class Faults(logging.Handler):
    """Every error that something had to catch: ours, and those of asyncio and aiohttp."""

    def __init__(self, crashes: Counter[str]) -> None:
        """Counts into ``crashes``."""
        super().__init__(logging.ERROR)
        self._crashes = crashes

    def emit(self, record: logging.LogRecord) -> None:
        """Of the standard library's logging."""
        self._crashes[f"{record.name}: {record.getMessage()[:80]}"] += 1

    def ours(self, _: object, level: str, record: Json) -> Json:
        """As a processor of structlog."""
        event = str(record.get("event"))
        if level in {"error", "critical"} and event not in _GIVEN_UP:
            what = f"{event}: {record.get('error')} {record.get('where') or ''}"
            self._crashes[what.strip()] += 1
        raise structlog.DropEvent

    def __enter__(self) -> Faults:
        """Listen."""
        self._before = structlog.get_config()
        configure("error")
        structlog.configure(processors=[structlog.processors.add_log_level, self.ours])
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        """As it was."""
        logging.getLogger().removeHandler(self)
        structlog.configure(**self._before)


# --- the run ------------------------------------------------------------------


async def run(
    staged: Callable[[Path], AbstractAsyncContextManager[Scene]],
    data: Path,
    updates: Sequence[Json],
) -> Tally:
    """Send them all; what became of them."""
    crashes: Counter[str] = Counter()
    started = time.monotonic()
    with Faults(crashes):
        async with staged(data) as scene:
            tally = Tally(scene.platform, generated=len(updates), crashes=crashes)
            watch = Watch(scene, crashes)
            await _feed(scene, watch, tally, updates)
            watch.sum_up(tally)
            tally.letters = scene.office.sender.tally.sent
            if not tally.stuck:
                await scene.alive()
    tally.seconds = time.monotonic() - started
    return tally


async def _feed(scene: Scene, watch: Watch, tally: Tally, updates: Sequence[Json]) -> None:
    for start in range(0, len(updates), AT_ONCE):
        ours = [u for u in updates[start : start + AT_ONCE] if concerns_us(scene, u, tally)]
        unstored = [sent for update in ours if (sent := await scene.send(update))]
        try:
            await scene.settled(seconds=PATIENCE_S)
            tally.answered += sum(scene.shown(sent) for sent in unstored)
        except AssertionError:
            tally.stuck = await watch.stuck() or {"the wire"}
            tally.unsent = len(updates) - start - AT_ONCE
            return


def concerns_us(scene: Scene, update: Json, tally: Tally) -> bool:
    """Whether to send it: what the adapter leaves alone must have a reason for that."""
    if not _can_be_sent(update):
        tally.ignored["half a character, which no wire carries"] += 1
        return False
    reason = scene.why_not(update)
    try:
        taken = scene.reads(update)
    except Exception as error:  # noqa: BLE001  # the reading must never raise
        tally.crashes[f"reading: {type(error).__name__} {error}"[:120]] += 1
        tally.unread += 1
        return False
    if taken and reason:
        tally.failed[f"taken although: {reason}"] += 1
    elif not taken:
        into = tally.ignored if reason else tally.failed
        into[reason or "left alone without a reason"] += 1
    return taken and not reason


def _can_be_sent(update: Json) -> bool:
    """JSON on the wire is UTF-8: half a pair cannot be in it."""
    try:
        json.dumps(update, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def generated(
    updates: st.SearchStrategy[Json], count: int, *, always_the_same: bool = False
) -> list[Json]:
    """So many of them. ``always_the_same``: for the suite, whose few must hold enough of what is
    answered and must not fail by luck; the command draws new ones every time."""
    found: list[Json] = []

    @settings(
        max_examples=count,
        derandomize=always_the_same,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(updates)
    def every(update: Json) -> None:
        found.append(update)

    every()
    return found


def main(
    staged: Callable[[Path], AbstractAsyncContextManager[Scene]],
    updates: st.SearchStrategy[Json],
) -> None:
    """The command: how many is the first argument. Prints the table; exits 1 for a defect."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    made = generated(updates, count)
    with tempfile.TemporaryDirectory() as folder:
        tally = asyncio.run(run(staged, Path(folder), made))
    print(tally.table())  # noqa: T201  # the command's whole purpose
    sys.exit(0 if tally.good else 1)
