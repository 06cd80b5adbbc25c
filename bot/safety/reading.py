"""Reading a message: which concepts it states as present, of whom, and which it only mentions.

A concept is *active* when at least one of its mentions is neither denied, nor past, nor inside
a general question, a story or a figure of speech. Concepts of kind ``context`` (a known
disease, a pregnancy) count although they are history; ``firm`` ones (a swallowed overdose, a
plan to die) count although the sentence is phrased as a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from bot.safety.pattern import Pattern
from bot.safety.text import Sentence, Spelling, normalise, sentences
from rag.types import Lang

Kind = Literal["plain", "context", "firm"]
_LANGS: tuple[Lang, ...] = ("en", "zh")
_SHORTEST_PREFIX = 2
# "what is angina", "中暑是什么": a whole sentence that only asks for a meaning
_DEFINITION = re.compile(
    r"^ (?:so |and |hi |hey |please )?what(?:s| is| are) "
    r"(?!(?:this|that|it|these|wrong|happening|going|causing|up|the matter|the point)\b)"
    r"(?:[a-z]+ ){1,5}?(?:(?:and|or|,) (?:who|how|why|what|when|can|is|does|do) (?:[a-z]+ ){0,8})?$"
    r"|^[^我他她你,]{2,10}是(?:什么|啥)(?:病|意思|情况)?[?？]?$"
)


class Mention(NamedTuple):
    """A place in a sentence view where a pattern of ``name`` matched."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text states: active concepts, those said of somebody else, and all mentioned."""

    active: frozenset[str]
    others: frozenset[str]
    mentioned: frozenset[str]


class Matcher:
    """Finds the mentions of many patterns in one sentence, trying only those that can match."""

    def __init__(self, patterns: Mapping[str, Sequence[Pattern]], lang: Lang) -> None:
        """``patterns`` by name; those of the other language are left out."""
        self._lang = lang
        self._whole: dict[str, list[tuple[str, Pattern]]] = {}
        self._start: dict[str, list[tuple[str, Pattern]]] = {}
        for name, group in patterns.items():
            for pattern in group:
                if pattern.lang == lang:
                    self._index(name, pattern)

    def find(self, view: str) -> list[Mention]:
        """All mentions in this view of a sentence, in order."""
        if not view:
            return []
        found = {
            Mention(name, *match.span())
            for name, pattern in self._candidates(view)
            for match in pattern.regex.finditer(view)
        }
        return sorted(found, key=lambda m: (m.start, m.end, m.name))

    def _index(self, name: str, pattern: Pattern) -> None:
        for anchor in pattern.anchors:
            if self._lang == "zh":
                self._start.setdefault(anchor[:2], []).append((name, pattern))
            elif anchor.endswith("*"):
                self._start.setdefault(anchor[:-1], []).append((name, pattern))
            else:
                self._whole.setdefault(anchor, []).append((name, pattern))

    def _candidates(self, view: str) -> Iterable[tuple[str, Pattern]]:
        seen: dict[int, tuple[str, Pattern]] = {}
        for key in self._keys(view):
            for entry in self._start.get(key, ()):
                if self._lang == "en" or any(a in view for a in entry[1].anchors):
                    seen[id(entry)] = entry
        if self._lang == "en":
            for word in set(view.split()):
                for entry in self._whole.get(word, ()):
                    seen[id(entry)] = entry
        return seen.values()

    def _keys(self, view: str) -> set[str]:
        if self._lang == "zh":
            return {view[i : i + n] for i in range(len(view)) for n in (1, 2)}
        return {w[:n] for w in set(view.split()) for n in range(_SHORTEST_PREFIX, len(w) + 1)}


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
        for part in parts:
            for lang in _LANGS:
                view = part.en if lang == "en" else part.zh
                for name, stated, other in self._sentence(view, lang):
                    mentioned.add(name)
                    if stated:
                        active.add(name)
                        if other:
                            others.add(name)
        return Reading(frozenset(active), frozenset(others), frozenset(mentioned))

    def _sentence(self, view: str, lang: Lang) -> Iterable[tuple[str, bool, bool]]:
        view = self._without_idioms(view, lang)
        mentions = self._concepts[lang].find(view)
        if not mentions:
            return
        scene = _Scene(view, lang, self._cues[lang].find(view))
        for mention in mentions:
            kind = self._kinds[mention.name]
            yield mention.name, scene.states(mention, kind), scene.of_other

    def _without_idioms(self, view: str, lang: Lang) -> str:
        for _, start, end in self._idioms[lang].find(view):
            blank = "_" * (end - start)
            view = view[:start] + (blank[:-1] + " " if lang == "en" else blank) + view[end:]
        return view


class _Scene:
    """The cues of one sentence and what they say about a mention in it."""

    def __init__(self, view: str, lang: Lang, cues: list[Mention]) -> None:
        self._view = view
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
        start, end = self._clause(mention)
        for cue in self._role("past_before"):
            if start <= cue.start and cue.end <= mention.start + 1 and self._near(cue, mention):
                return True
        inside = [p for p in self._role("past") if start <= p.start <= end]
        now = [p for p in self._role("present") if start <= p.start and p.end <= end + 1]
        return bool(inside) and not now

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
