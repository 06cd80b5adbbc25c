"""The red-flag rules on one message: evaluated in code before any model sees the text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from functools import cache
from pathlib import Path

from bot.model import Observation, TriageLevel, TriageResult
from bot.safety import vitals
from bot.safety.data import LEVELS, Rule, RuleBook, load_rules
from bot.safety.likeness import Likeness, likeness
from bot.safety.reading import Reader, Reading
from bot.safety.remembered import Remembered
from bot.safety.text import Spelling, normalise
from rag.types import Lang

HISTORY_MESSAGES = 4  # how many earlier messages may complete a rule
EXPLAINED = "explained"  # the family of rules that read an alarming word as something milder
LIKE = "like_vignettes"  # the category of what likeness alone raised
ORDINARY = "ordinary"  # the family of messages that say plainly that all is well
MOOD = "low_mood"  # the family of messages that tell of low mood and of nothing dangerous
NOW = frozenset({"today_word", "sudden_word"})  # said to happen now
THIS_MOMENT = "this_moment"  # said to have happened minutes ago
OTHER = "@other"  # ends the rule id when the sick person is somebody else

# LIKE_URGENT by cross-validation (make fit-triage), the others on the second independent set with
# a model that had not seen it; see .github/decisions/0005-second-look.md for the figures.
LIKE_NOTHING = 0.1
LIKE_URGENT = 0.7
LIKE_DESPITE = 0.9  # when the rules know the sign: past, denied, told of, or explained
LIKE_EMERGENCY = 0.75
LIKE_CRISIS = 0.5
LIKE_LOW = 0.85  # below this, words of low mood alone are answered as low mood, not as a crisis
_OTHER_PERSON = re.compile(
    r"\b(?:my|our|his|her) (?:\w+ )?(?:mom|mum|mother|dad|father|son|daughter|baby|wife|husband"
    r"|partner|friend|brother|sister|kid|child|gran|nan|grandma|grandpa|colleague|neighbou?r"
    r"|roommate|flatmate|boyfriend|girlfriend)\b"
    r"|(?:我|俺)?(?:妈|爸|老公|老婆|儿子|女儿|孩子|宝宝|奶奶|爷爷|朋友|同事|邻居|室友|男友|女友|闺蜜)",
    re.IGNORECASE,
)
_YES = frozenset({"yes", "true", "1", "y", "是", "怀孕"})


class Triage:
    """Assesses messages with one loaded rule book; safe to share, and best shared.

    A message is asked about several times on its way (must it overtake others? what is it?), and
    one assessment reads its text for several questions. So the last readings and verdicts are
    remembered, by a digest: the words themselves are not kept.
    """

    def __init__(self, book: RuleBook) -> None:
        """Build the matchers of a rule book."""
        self._book = book
        words = {
            word.rstrip("*")
            for group in (*book.concepts.values(), *book.language.cues.values())
            for pattern in group
            if pattern.lang == "en"
            for word in pattern.words
        }
        spelling = Spelling(
            book.language.spelling,
            book.language.vocabulary,
            words | book.language.real_words,
            book.language.characters,
        )
        self._reader = Reader(book.concepts, book.kinds, book.language.cues, spelling)
        self._rules = [(rule.when.positive(), rule) for rule in book.rules]
        self._readings: Remembered[Reading] = Remembered()
        self._verdicts: Remembered[TriageResult] = Remembered()

    @classmethod
    def load(cls, data_dir: Path | None = None) -> Triage:
        """Load the reviewed data once. Raises SafetyDataError when they are malformed."""
        return cls(load_rules(data_dir))

    @property
    def version(self) -> str:
        """The version of the rules, as written into every result."""
        return self._book.version

    def assess(
        self,
        text: str,
        *,
        lang: Lang | None = None,  # noqa: ARG002 (both languages are always read)
        profile: Mapping[str, str] | None = None,
        observations: Sequence[Observation] = (),
        metrics: Mapping[str, float] | None = None,
        history: Sequence[str] = (),
    ) -> TriageResult:
        """The verdict on a message: the rules, and for what they miss its likeness to vignettes.

        Never raises on any text; see ``by_rules`` for the arguments.
        """
        if not (profile or observations or metrics or history):
            return self._verdicts.of(text, self._assess)
        return self._assess(text, profile, observations, metrics, history)

    def _assess(
        self,
        text: str,
        profile: Mapping[str, str] | None = None,
        observations: Sequence[Observation] = (),
        metrics: Mapping[str, float] | None = None,
        history: Sequence[str] = (),
    ) -> TriageResult:
        ruled = self.by_rules(
            text,
            profile=profile,
            observations=observations,
            metrics=metrics,
            history=history,
        )
        return self.looked_at_again(text, ruled, measured=bool(observations or metrics or history))

    def looked_at_again(
        self,
        text: str,
        ruled: TriageResult,
        *,
        measured: bool = False,
        seen: Likeness | None = None,
        raise_at: float = LIKE_URGENT,
    ) -> TriageResult:
        """The rules' verdict after the second look; ``seen`` and ``raise_at`` are for fitting.

        ``measured``: the rules had values or earlier messages beside the text.
        """
        alone = not (measured or vitals.facts_from_text(text))
        if ruled.level in {"emergency", "urgent"}:
            alone = alone and not self._stands(text, ruled)
            return second_look(text, ruled, words_alone=alone, seen=seen)
        if self._belongs(text, ORDINARY):
            return ruled
        denied = self._belongs(text, EXPLAINED) or self._told_of(text)
        found = second_look(text, ruled, denied=denied, seen=seen, raise_at=raise_at)
        if self._only_low(text, found, seen) and self._belongs(text, MOOD):
            # It stays urgent, but an ambulance is not what a sad person needs to hear of.
            return replace(found, level="urgent", category=MOOD, crisis=False)
        return found

    def _only_low(self, text: str, found: TriageResult, seen: Likeness | None) -> bool:
        """Whether likeness alone raised it: to danger, or to a crisis that it is little like."""
        if found.category == LIKE:
            return True
        raised = found.rule.startswith("likeness.crisis")
        return raised and (seen or likeness(text)).danger < LIKE_LOW

    def by_rules(
        self,
        text: str,
        *,
        lang: Lang | None = None,  # noqa: ARG002 (both languages are always read)
        profile: Mapping[str, str] | None = None,
        observations: Sequence[Observation] = (),
        metrics: Mapping[str, float] | None = None,
        history: Sequence[str] = (),
    ) -> TriageResult:
        """The verdict of the rules alone. Never raises on any text.

        ``profile``: facts such as age (years), pregnant, conditions. ``metrics`` by fact name
        in the units of bot/safety/vitals.py, or by metric kind in canonical units. ``history``:
        the person's earlier messages, oldest first; they complete a rule but never start one.
        """
        now = self.read(text)
        stated = vitals.facts_from_text(text)
        measured = list(vitals.facts_from_observations(observations)) + [
            pair for kind, value in (metrics or {}).items() for pair in vitals.fact(kind, value)
        ]
        known, years = self._profile(profile or {})
        if not now.others and "age_months" not in stated and years is not None:
            measured.append(("age_months", years * 12))
        before = self._earlier(history)
        facts = vitals.merged(vitals.flat(stated), measured)
        concepts = now.active | (known - now.others if not now.others else frozenset())
        fresh = now.active | {name for name, _ in measured} | set(stated)
        rule = self._first(concepts | before.active, facts, fresh)
        return self._result(rule, now)

    def _told_of(self, text: str) -> bool:
        """Whether a serious rule would hold if past, denied and merely told signs counted."""
        now = self.read(text)
        facts = vitals.merged(vitals.flat(vitals.facts_from_text(text)), [])
        every = now.active | now.mentioned
        rule = self._first(every, facts, every)
        return rule is not None and rule.level in {"emergency", "urgent"}

    def _stands(self, text: str, ruled: TriageResult) -> bool:
        """Whether the rule that fired may not be taken down.

        Its data say so, or it happened this minute, or two signs or more of today are told.
        """
        rule = next(r for r in self._book.rules if r.id == ruled.rule.removesuffix(OTHER))
        said = self.read(text).active
        signs = sum(bool(part.positive()) for part in rule.when.parts)
        several = rule.when.op == "and" and signs > 1
        return rule.stands or THIS_MOMENT in said or (several and bool(said & NOW))

    def _belongs(self, text: str, family: str) -> bool:
        """Whether a rule of a family (explained, ordinary) holds for a text."""
        now = self.read(text).active
        facts = vitals.merged(vitals.flat(vitals.facts_from_text(text)), [])
        return any(
            rule.when.holds(now, facts) for rule in self._book.rules if rule.family == family
        )

    def read(self, text: str) -> Reading:
        """What the rules understand of a text."""
        return self._readings.of(text, self._reader.read)

    def _first(
        self, concepts: frozenset[str], facts: Mapping[str, tuple[float, ...]], fresh: Set[str]
    ) -> Rule | None:
        """The most serious rule that holds and that this very message contributes to."""
        for needs_one, rule in self._rules:
            if not needs_one.isdisjoint(fresh) and rule.when.holds(concepts, facts):
                return rule
        return None

    def _result(self, rule: Rule | None, reading: Reading) -> TriageResult:
        if rule is None:
            return TriageResult(level="none", version=self.version)
        other = bool(rule.when.names() & reading.others)
        return TriageResult(
            level=rule.level,
            category=rule.family,
            why=rule.why,
            rule=rule.id + (OTHER if other else ""),
            version=self.version,
            crisis=rule.crisis,
        )

    def _profile(self, profile: Mapping[str, str]) -> tuple[frozenset[str], float | None]:
        """Known conditions as concepts, and the age in years when told."""
        known: set[str] = set()
        if str(profile.get("pregnant", "")).casefold() in _YES:
            known.add("pregnant")
        conditions = str(profile.get("conditions", ""))
        read = self.read(conditions).active if conditions else frozenset()
        known |= {name for name in read if self._book.kinds[name] == "context"}
        age = re.search(r"\d+(?:\.\d+)?", str(profile.get("age", "")))
        return frozenset(known & set(self._book.kinds)), float(age[0]) if age else None

    def _earlier(self, history: Sequence[str]) -> Reading:
        recent = [normalise(text)[:2000] for text in history[-HISTORY_MESSAGES:]]
        readings = [self.read(text) for text in recent]
        return Reading(
            active=frozenset().union(*(r.active for r in readings)),
            others=frozenset().union(*(r.others for r in readings)),
            mentioned=frozenset(),
        )


@cache
def _shared() -> Triage:
    return Triage.load()


def rules_alone(text: str) -> TriageResult:
    """The rules' verdict on a bare text; for fitting and for reviewers."""
    return _shared().by_rules(text)


def second_look(
    text: str,
    ruled: TriageResult,
    *,
    words_alone: bool = True,
    denied: bool = False,
    seen: Likeness | None = None,
    raise_at: float = LIKE_URGENT,
) -> TriageResult:
    """Raise what the rules missed when it is much like a vignette that must trigger.

    A rule that fired on words alone, in a message that is hardly like any such vignette ("why
    is carbon monoxide so dangerous?"), is taken down to ``soon``; never a crisis, never a rule
    that read a value, a measurement or earlier messages (``words_alone`` False). ``denied``: the
    rules found a sign and read it as not present; then only great likeness raises. ``seen``: the
    likeness when it is already known.
    """
    seen = seen or likeness(text)
    if ruled.level in {"emergency", "urgent"}:
        unlike = 0.0 < seen.danger < LIKE_NOTHING
        if unlike and words_alone and not ruled.crisis:
            return replace(ruled, level="soon", why=f"{ruled.why}; but hardly like one")
        return ruled
    if seen.danger < (LIKE_DESPITE if denied else raise_at):
        return ruled
    crisis = seen.crisis >= LIKE_CRISIS
    level: TriageLevel = "emergency" if crisis or seen.danger >= LIKE_EMERGENCY else "urgent"
    other = OTHER if _OTHER_PERSON.search(text) else ""
    return TriageResult(
        level=level,
        category="suicide" if crisis else LIKE,
        why=f"much like messages that must trigger ({seen.danger:.2f})",
        rule=f"likeness.{'crisis' if crisis else 'danger'}{other}",
        version=ruled.version,
        crisis=crisis,
    )


def more_serious(one: TriageLevel, other: TriageLevel) -> TriageLevel:
    """The higher of two levels."""
    return max(one, other, key=LEVELS.index)
