"""Reading a message: which concepts it states as present, of whom, and which it only mentions.

A concept is *active* when at least one of its mentions is neither denied, nor past, nor inside
a general question, a story, a figure of speech, or a question that was asked and answered with
no ("the form asked if I think of suicide and I ticked no") and not taken back. Concepts of kind
``context`` (a known disease, a pregnancy) count although they are history; ``firm`` ones (a
swallowed overdose, a plan to die) count although the sentence is phrased as a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from bot.safety.matcher import Matcher, Mention
from bot.safety.pattern import Pattern
from bot.safety.text import Sentence, Spelling, normalise, sentences
from rag.types import Lang

Kind = Literal["plain", "context", "firm"]
_LANGS: tuple[Lang, ...] = ("en", "zh")
_REPLY = {"en": 40, "zh": 12}  # how far into the next sentence an answer of no may stand
# "what is angina", "中暑是什么": a whole sentence that only asks for a meaning
_DEFINITION = re.compile(
    r"^ (?:so |and |hi |hey |please )?what(?:s| is| are) "
    r"(?!(?:this|that|it|these|wrong|happening|going|causing|up|the matter|the point)\b)"
    r"(?:[a-z]+ ){1,5}?(?:(?:and|or|,) (?:who|how|why|what|when|can|is|does|do) (?:[a-z]+ ){0,8})?$"
    r"|^[^我他她你,]{2,10}是(?:什么|啥)(?:病|意思|情况)?[?？]?$"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text states: active concepts, those said of somebody else, and all mentioned."""

    active: frozenset[str]
    others: frozenset[str]
    mentioned: frozenset[str]


class Reader:
    """Reads texts with the concepts and the language cues of the reviewed data."""

    def __init__(
        self,
        concepts: Mapping[str, Sequence[Pattern]],
        kinds: Mapping[str, Kind],
        cues: Mapping[str, Sequence[Pattern]],
        spelling: Spelling,
    ) -> None:
        """``cues`` by role: negation, negation_not, negation_end, past, present, ..."""
        self._kinds = kinds
        self._spelling = spelling
        self._concepts = {lang: Matcher(concepts, lang) for lang in _LANGS}
        idioms = {"idiom": cues["idiom"]}
        rest = {role: found for role, found in cues.items() if role != "idiom"}
        self._idioms = {lang: Matcher(idioms, lang) for lang in _LANGS}
        self._cues = {lang: Matcher(rest, lang) for lang in _LANGS}

    def read(self, text: str) -> Reading:
        """The concepts of a text. Never raises; the cost is linear in its length."""
        plain = normalise(text)
        readings = [self._read(sentences(plain, self._spelling))]
        if "\n" in plain.strip():  # a line end may be a full stop or a mere wrap
            readings.append(self._read(sentences(plain, self._spelling, break_lines=False)))
        return Reading(
            active=frozenset().union(*(r.active for r in readings)),
            others=frozenset().union(*(r.others for r in readings)),
            mentioned=frozenset().union(*(r.mentioned for r in readings)),
        )

    def _read(self, parts: Iterable[Sentence]) -> Reading:
        active: set[str] = set()
        others: set[str] = set()
        mentioned: set[str] = set()
        rows = [(part.en, part.zh) for part in parts]
        for at, lang in enumerate(_LANGS):
            views = [self._without_idioms(row[at], lang) for row in rows]
            for name, stated, other in self._told(views, lang):
                mentioned.add(name)
                if stated:
                    active.add(name)
                    if other:
                        others.add(name)
        return Reading(frozenset(active), frozenset(others), frozenset(mentioned))

    def _told(self, views: Sequence[str], lang: Lang) -> Iterable[tuple[str, bool, bool]]:
        """(concept, is it stated as present, of somebody else) for each mention of a message."""
        cues = [self._cues[lang].find(view) for view in views]
        roles = {cue.name for found in cues for cue in found}
        for at, view in enumerate(views):
            mentions = self._concepts[lang].find(view)
            if not mentions:
                continue
            answered = self._answered_no(views, at, lang, cues[at], roles)
            scene = _Scene(view, lang, cues[at], answered, roles)
            for mention in mentions:
                kind = self._kinds[mention.name]
                yield mention.name, scene.states(mention, kind), scene.of_other

    def _answered_no(
        self, views: Sequence[str], at: int, lang: Lang, cues: Sequence[Mention], roles: Set[str]
    ) -> tuple[int, int]:
        """Where a sentence tells of a question that was answered with no; (0, 0): nowhere.

        The answer follows in the sentence or opens the next one. Any hint in the message that
        it was not true, and nothing counts as answered.
        """
        asked = [cue for cue in cues if cue.name == "asked"]
        if not asked or roles & {"answered_falsely", "lied"}:
            return 0, 0
        begin = min(cue.start for cue in asked)
        ends = [cue.start for cue in cues if cue.name == "answered_no" and cue.start > begin]
        if not ends and at + 1 < len(views):
            reply = self._cues[lang].find(views[at + 1][: _REPLY[lang]])
            ends = [len(views[at]) for cue in reply if cue.name == "answered_no"]
        return (begin, max(ends)) if ends else (0, 0)

    def _without_idioms(self, view: str, lang: Lang) -> str:
        for _, start, end in self._idioms[lang].find(view):
            blank = "_" * (end - start)
            view = view[:start] + (blank[:-1] + " " if lang == "en" else blank) + view[end:]
        return view


class _Scene:
    """The cues of one sentence and what they say about a mention in it."""

    def __init__(
        self,
        view: str,
        lang: Lang,
        cues: list[Mention],
        answered: tuple[int, int],
        roles: Set[str],
    ) -> None:
        """``roles``: those of the whole message, for what one sentence says of another."""
        self._view = view
        self._lied = "lied" in roles
        self._recurs = "recurs" in roles
        self._answered = answered
        self._lang = lang
        self._by_role: dict[str, list[Mention]] = {}
        for cue in cues:
            self._by_role.setdefault(cue.name, []).append(cue)
        self._false = self._role("negation_not")
        self._negations = [
            n for n in self._role("negation") if not any(_overlap(n, f) for f in self._false)
        ]
        self._general = self._is_general()
        self._story = bool(self._role("story")) and not self._is_own()
        self.of_other = self._is_of_other()

    def states(self, mention: Mention, kind: Kind) -> bool:
        """Whether this mention says that the thing is there now."""
        if self._story or self._denied(mention):
            return False
        if kind == "context":
            return True
        if self._past(mention):
            return False
        return kind == "firm" or not self._general

    def _role(self, role: str) -> list[Mention]:
        return self._by_role.get(role, [])

    def _is_personal(self) -> bool:
        """Somebody in particular is spoken of: "my chest", not "how can I recognise"."""
        asking = self._role("personal_not")
        return any(not any(_overlap(p, a) for a in asking) for p in self._role("personal"))

    def _is_own(self) -> bool:
        """The speaker tells of themselves: "I can't breathe", not "I am writing a story"."""
        asking = self._role("personal_not")
        return any(not any(_overlap(s, a) for a in asking) for s in self._role("self"))

    def _is_general(self) -> bool:
        asked = bool(self._role("general")) or _DEFINITION.match(self._view) is not None
        return asked and not self._is_personal()

    def _is_of_other(self) -> bool:
        told = self._role("other_not")
        others = [o for o in self._role("other") if not any(_overlap(o, t) for t in told)]
        return bool(others) and not self._role("self")

    def _denied(self, mention: Mention) -> bool:
        if self._lied:
            return False
        begin, end = self._answered
        if begin <= mention.start and mention.end <= end + 1:
            return True
        for cue in self._role("negation_after"):
            if cue.start == mention.end and not any(_overlap(cue, f) for f in self._false):
                return True
        return any(self._reaches(cue, mention) for cue in self._negations)

    def _reaches(self, cue: Mention, mention: Mention) -> bool:
        if cue.start >= mention.start or cue.end >= mention.end:
            return False
        until = min(cue.end, mention.start)  # "haven't thought of | suicide" may overlap
        between = self._view[until : mention.start]
        ends = self._role("negation_end")
        if any(cue.end <= e.start and e.end <= mention.start + 1 for e in ends):
            return False
        if self._lang == "zh":
            return len(between) <= 16 and not re.search(r"[，,：:（(]", between)
        commas = between.count(" , ") + between.startswith(", ")
        if ":" in between or "(" in between or len(between) > 120:
            return False
        return commas == 0 or self._listed(cue, mention, until)

    def _listed(self, cue: Mention, mention: Mention, until: int) -> bool:
        """ "no fever, cough or chest pain", "denies fever, cough, chest pain": one list."""
        if self._view[cue.start : cue.end].startswith(("deni", "deny", "negative")):
            return True
        return bool(re.search(r" (?:or|nor) ", self._view[until - 1 : mention.end + 40]))

    def _past(self, mention: Mention) -> bool:
        if self._recurs:
            return False
        start, end = self._clause(mention)
        for cue in self._role("past_before"):
            if start <= cue.start and cue.end <= mention.start + 1 and self._near(cue, mention):
                return True
        inside = [p for p in self._role("past") if start <= p.start <= end]
        now = [p for p in self._role("present") if start <= p.start and p.end <= end + 1]
        since = any(p.start >= mention.end - 1 for p in self._role("past_since"))
        return (bool(inside) or since) and not now

    def _near(self, cue: Mention, mention: Mention) -> bool:
        between = self._view[cue.end : mention.start]
        return len(between) <= (40 if self._lang == "en" else 12)

    def _clause(self, mention: Mention) -> tuple[int, int]:
        """The span between the nearest clause marks, with a short opening clause taken along."""
        marks = sorted((m.start, m.end) for m in self._role("clause"))
        start = max((e for _, e in marks if e <= mention.start + 1), default=0)
        end = min((s for s, _ in marks if s >= mention.end - 1), default=len(self._view))
        opening = self._view[:start].strip(" ,，")
        size = len(opening.split()) if self._lang == "en" else len(opening) / 2
        return (0 if start and size <= 4 else start), end


def _overlap(one: Mention, other: Mention) -> bool:
    return one.start < other.end and other.start < one.end
