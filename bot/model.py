"""The values the whole bot speaks in: frozen, without I/O, no SDK object among them.

Names follow the glossary in CONTRIBUTING.md; the same words stand in tables and docs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, NewType, get_args

from rag.types import Hit, Lang, Passage, SearchResult, Source

__all__ = ["Hit", "Lang", "Passage", "SearchResult", "Source"]

UserId = NewType("UserId", str)  # a person inside Salus, whatever platform they come from
TurnId = NewType("TurnId", str)
ObservationId = NewType("ObservationId", str)

Platform = Literal["console", "telegram", "discord"]
LearntPlatform = Literal["console", "telegram"]  # Discord forbids training on what is said there
ReplyKind = Literal["answer", "logged", "command", "emergency", "crisis", "refusal", "clarify"]
AnswerPath = Literal["model", "extractive", "fixed"]
Vote = Literal["up", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message was said. ``private`` is True when only this person can read a reply."""

    platform: Platform
    chat: str
    private: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file or a web address somebody hands over; nothing of it has been fetched yet.

    ``ref`` is what the platform fetches it by (empty for an address, which is ``name``);
    ``size`` in bytes, 0 where the platform is silent.
    """

    name: str
    ref: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """Something to press under a reply; ``action`` are at most 60 letters, ids and codes only."""

    label: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button of ours that was pressed, by whom and where."""

    user: UserId
    place: Place
    account: str
    action: str
    at: datetime
    lang: Lang
    office: str = ""
    name: str = ""  # what the platform shows of them to everybody in that place


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Longer work that is owed: done in a lane of its own, and told where it was asked for.

    ``name`` names it once and for all: asked for twice it is done once. ``office`` is the bot
    that writes to ``place`` (empty: the one that was spoken to); ``rest`` is what the task
    needs besides.
    """

    name: str
    task: str
    user: UserId
    place: Place
    account: str
    lang: Lang
    office: str = ""
    upload: Upload | None = None
    rest: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing a person said. ``sent_at`` is aware; ``tz`` is the person's IANA zone."""

    user: UserId
    place: Place
    text: str
    sent_at: datetime
    tz: str = "UTC"
    lang: Lang | None = None  # a hint from the platform; the text decides when it can
    account: str = ""  # the speaker's id on the platform; empty where there are no accounts
    office: str = ""  # the bot's own id on the platform
    upload: Upload | None = None  # a file that came with it, or instead of words
    admin: bool = False  # the platform says that they look after this place


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A numbered source under an answer; ``quote`` is the sentence the answer rests on."""

    id: str
    number: int
    title: str
    url: str
    quote: str
    organisation: str = ""
    reviewed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Milliseconds since the message was accepted."""

    first_token_ms: float | None = None
    total_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A snapshot of what to show: each replaces the one before, the ``final`` one stays.

    ``personal`` marks text that holds anything about this person; it may leave only to a
    private place. ``turn`` is set on a final reply that was recorded and can be voted on.
    """

    text: str
    kind: ReplyKind
    lang: Lang
    final: bool = True
    personal: bool = False
    turn: TurnId | None = None
    citations: tuple[Citation, ...] = ()
    path: AnswerPath = "fixed"
    model: str = ""
    knowledge_version: str = ""
    timings: Timings = field(default_factory=Timings)
    undo: tuple[ObservationId, ...] = ()  # observations this reply logged and can take back
    votable: bool = False
    charts: tuple[Chart, ...] = ()  # always personal; drawn where the reply leaves
    buttons: tuple[tuple[Button, ...], ...] = ()  # rows
    errands: tuple[Errand, ...] = ()  # what is owed besides
    stale: bool = False  # the card whose button was pressed has nothing left to press
    aside: str = ""  # a word that only whoever pressed sees; with no text nothing else is said


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Which adapter answers a person. None: what the generator is; empty: its bare base."""

    adapter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What a generator yields: ``text`` is the whole answer so far; ``finish`` on the last one.

    Only ``stop`` and ``length`` are real ends; everything else is raised as an error.
    """

    text: str
    finish: Literal["stop", "length"] | None = None


# --- metrics -----------------------------------------------------------------

MetricKind = Literal[
    "weight", "height", "blood_pressure", "heart_rate", "glucose", "sleep", "steps",
    "exercise", "water", "mood", "temperature", "spo2", "waist",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One measured value in the kind's canonical unit (UCUM, see bot/metrics/kinds.py).

    ``value`` is the number; blood pressure carries systolic in ``value`` and diastolic in
    ``value2`` (mmHg). ``at`` is aware. ``text`` is the piece of the message it was read from;
    ``shown_value``/``shown_unit`` are what the person wrote, so a reply can repeat it.
    """

    kind: MetricKind
    value: float
    unit: str
    at: datetime
    text: str
    value2: float | None = None
    shown_value: str = ""
    shown_unit: str = ""
    note: str = ""  # e.g. "fasting"
    id: ObservationId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A value that must not be stored before the person answers.

    ``reason``: implausible (outside the possible range), ambiguous_unit, missing_unit,
    incomplete (e.g. one half of a blood pressure), future (a time that has not come).
    ``options`` are ready-made readings the person can choose from.
    """

    kind: MetricKind
    reason: Literal["implausible", "ambiguous_unit", "missing_unit", "incomplete", "future"]
    text: str
    value: str
    options: tuple[Observation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMetrics:
    """Everything read from one message."""

    observations: tuple[Observation, ...] = ()
    asks: tuple[Ask, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSummary:
    """Statistics of one kind over one window, computed by code.

    ``slope`` is in canonical units per day (least squares over daily means), None below
    three days of data; ``trend`` is the worded direction after a noise test.
    """

    kind: MetricKind
    unit: str
    days: int
    count: int
    mean: float
    minimum: float
    maximum: float
    latest: float
    latest_at: datetime
    slope: float | None
    trend: Literal["rising", "falling", "steady", "unknown"]
    mean2: float | None = None
    minimum2: float | None = None
    maximum2: float | None = None
    latest2: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One kind over time, as data; an adapter that can show pictures draws it (bot/charts).

    ``points`` are (aware time, value) in ``unit``, oldest first; ``points2`` the second line
    (diastolic). ``title`` and ``alt`` are in ``lang``; ``alt`` says in words what is to be seen.
    """

    kind: MetricKind
    unit: str
    lang: Lang
    tz: str
    title: str
    alt: str
    points: tuple[tuple[datetime, float], ...]
    points2: tuple[tuple[datetime, float], ...] = ()


# --- safety ------------------------------------------------------------------

TriageLevel = Literal["emergency", "urgent", "soon", "selfcare", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageResult:
    """The verdict of the rules on one message. ``rule`` and ``version`` go into the turn."""

    level: TriageLevel
    category: str = ""  # rule family, e.g. "cardiac", "suicide", "infant_fever"
    why: str = ""  # one line a reviewer can check, never shown as advice
    rule: str = ""
    version: str = ""
    crisis: bool = (
        False  # a crisis of the mind: the reply is the crisis text, not the ambulance one
    )


# --- people, turns, votes ----------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a person chose to tell. ``facts`` e.g. {"age": "34", "pregnant": "yes"}."""

    user: UserId
    lang: Lang | None = None
    country: str = ""  # ISO 3166-1 alpha-2; chosen, never guessed from the language
    tz: str = "UTC"
    consents: frozenset[str] = frozenset()  # purposes agreed to, e.g. "store", "learn"
    facts: Mapping[str, str] = field(default_factory=dict)
    greeted: bool = False  # has been told that Salus is an automated assistant
    pending: Mapping[str, str] = field(default_factory=dict)  # an open question of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One exchange, recorded with all that is needed to explain or learn from it."""

    id: TurnId
    user: UserId
    place: Place
    asked: str
    answered: str
    kind: ReplyKind
    lang: Lang
    at: datetime
    path: AnswerPath
    model: str = ""
    adapter: str = ""
    prompt_version: str = ""
    knowledge_version: str = ""
    passages: tuple[str, ...] = ()  # passage ids in the order they were cited
    metric_summary: str = ""
    triage: TriageResult | None = None
    failure: str = ""  # key of what failed on the way, e.g. "error.model_timeout"
    relevant: bool = True  # False: nothing in the knowledge was about the question
    timings: Mapping[str, float] = field(default_factory=dict)
    written: str = ""  # the answer alone, its [n] in the numbering of the prompt
    # What a prompt held besides the question: enough to build the very same one again.
    shown: tuple[str, ...] = ()  # passage ids in the order they were numbered
    recalled: tuple[TurnId, ...] = ()  # earlier turns, oldest first
    about: tuple[str, ...] = ()  # lines of the profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A person's one vote on a turn; a later vote replaces it.

    ``vote`` None is a remark: it goes with a vote that is there, or stands alone until one is.
    """

    turn: TurnId
    user: UserId
    vote: Vote | None
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """What became of a linking code. ``user``: who the account belongs to from then on.

    ``refused`` is one word for wrong, expired and used up, on purpose. ``locked``: too many
    wrong tries. ``own``: the code was made by the account that enters it.
    """

    verdict: Literal["joined", "refused", "locked", "own"]
    user: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where one account of a person is written to in private, by the bot ``office``."""

    platform: Platform
    account: str
    chat: str
    office: str
    lang: Lang


@dataclass(frozen=True, slots=True, kw_only=True)
class Curator:
    """A chat account that looks after the knowledge under a name that has a role there.

    ``chat`` is where the account alone is written to, by the bot ``office``. ``since`` is when
    its code was made: a name given to somebody else later is not this account's.
    """

    name: str
    platform: Platform
    account: str
    chat: str
    office: str
    lang: Lang
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What became of a curator's code; see Joining for ``refused`` and ``locked``."""

    verdict: Literal["bound", "refused", "locked"]
    name: str = ""
    since: datetime | None = None


# --- groups ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a group does together for some days. ``first`` is a local date in ``tz``.

    ``state``: running, over (all days went by), ended (by its starter, or by us), stopped (by an
    admin). ``next_at`` is when it has something to say. ``place`` is never private.
    """

    id: str
    topic: str
    place: Place
    office: str
    lang: Lang
    tz: str
    first: date
    days: int
    starter: UserId | None
    changed_at: datetime
    next_at: datetime | None
    state: Literal["running", "over", "ended", "stopped"] = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a group may see of a challenge: counts, and the names that were chosen to be shown.

    ``done`` on the day asked about, ``ticks`` on all days, ``through`` people on every day. It
    says nothing of who did what, and nothing else of a challenge is ever shown in a group.
    """

    people: int = 0
    done: int = 0
    ticks: int = 0
    through: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One person's part in a challenge; theirs alone. ``name`` empty: not to be shown."""

    name: str = ""
    days: frozenset[int] = frozenset()


LEARNT: tuple[LearntPlatform, ...] = get_args(LearntPlatform)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A rated exchange that its person agreed may be learned from; it says nothing of who.

    Words from a platform that forbids training cannot be one: ValueError, whoever tries.
    """

    platform: LearntPlatform
    lang: Lang
    asked: str
    answered: str
    vote: Vote
    path: AnswerPath
    passages: tuple[str, ...] = ()
    model: str = ""
    adapter: str = ""
    prompt_version: str = ""
    knowledge_version: str = ""

    def __post_init__(self) -> None:
        """The type checker's promise, kept at run time too."""
        if self.platform not in LEARNT:
            raise ValueError(f"nothing said on {self.platform!r} may be learned from")


Unmet = Literal["nothing", "down"]  # nothing was found, or the answer earned a thumbs down


@dataclass(frozen=True, slots=True, kw_only=True)
class Unhelped:
    """One masked question that was not helped; ``who`` only tells people apart."""

    text: str
    lang: Lang
    who: str
    why: Unmet


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageVotes:
    """Votes on the answers that cited one passage, by how many different people."""

    passage: str
    up: int
    down: int
    people: int


# --- grounding ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceCheck:
    """One sentence of an answer and whether its sources carry it. ``why`` names what is missing."""

    text: str
    supported: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundingReport:
    """The verdict on a whole answer; ``supported`` only when every sentence is."""

    supported: bool
    sentences: tuple[SentenceCheck, ...]
