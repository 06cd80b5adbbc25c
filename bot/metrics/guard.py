"""Decides whether a value that was found is a log of the speaker at all.

A wrong figure in a diary is worse than a missing one, so questions about values in general,
goals, advice, habits, conditions, denials and other people's values are turned away here.
The words are looked at around the value, inside its own sentence and clause.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.metrics import cues
from bot.metrics.reading import Reading

# Kinds logged by a verb without a subject ("slept 5 h"); a device's figure needs its owner.
_TOLD_BY_ONESELF: Final = frozenset({"sleep", "steps", "exercise", "water"})
# Where a part of a sentence begins: at a comma, or with none, as people type ("bp 150/95 do i").
_PART: Final = re.compile(
    r"[,，;:]|\s-\s"
    r"|(?<=[\d%a-z])(?<!\bi)\s+(?=(?:do|should|must|can|could|will|am) i\b"
    r"|is (?:that|this|it) (?:too|so|very|bad|ok|normal|high|low|good|fine|enough|serious)\b)"
)
# "Sugar is high, I am 65": how old, not how high. A bare number at the end of what was read.
_AGE: Final = re.compile(
    r"\w.*(?:\b(?:i'?m|i am|aged?)|今年|本人|年龄|年纪)\s*(?:都|已经|快|才)?\s*\d{1,3}$", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Guard:
    """One message, cut into sentences and clauses once, with its people marked."""

    original: str
    text: str
    masked: str
    sentences: Sequence[tuple[int, int]]
    starts: Sequence[int]  # of the sentences
    people: Sequence[tuple[int, int, bool]]  # start, end, is the speaker

    def sentence(self, position: int) -> tuple[int, int]:
        """The sentence that holds the position."""
        return self.sentences[max(0, bisect_right(self.starts, position) - 1)]

    def clause(self, start: int, end: int) -> tuple[int, int]:
        """The clause from that of ``start`` to that of ``end``, at most a window wide."""
        low, high = self.sentence(start)
        low, high = max(low, start - cues.WINDOW), min(high, end + cues.WINDOW)
        for match in cues.CLAUSE_END.finditer(self.masked, low, start):
            low = match.end()
        after = cues.CLAUSE_END.search(self.masked, end, high)
        return low, after.start() if after else high


def prepare(original: str, text: str, masked: str) -> Guard:
    """Cut a folded text into sentences and mark who is spoken of."""
    text = cues.REQUEST.sub(lambda match: "i".ljust(len(match[0])), text)
    sentences: list[tuple[int, int]] = []
    start = 0
    for match in cues.SENTENCE_END.finditer(masked):
        sentences.append((start, match.end()))
        start = match.end()
    if start < len(text) or not sentences:
        sentences.append((start, len(text)))
    people = [(m.start(), m.end(), m.lastgroup != "other") for m in cues.PEOPLE.finditer(text)]
    return Guard(original, text, masked, sentences, [low for low, _ in sentences], people)


def is_question(guard: Guard) -> bool:
    """Whether any sentence of the message asks something."""
    return any(_asks(guard.text[start:end]) for start, end in guard.sentences)


def _asks(sentence: str) -> bool:
    stripped = sentence.strip()
    if stripped.endswith(("?", "？")) or cues.PARTICLE_ZH.search(stripped[-cues.WINDOW :]):
        return True
    return any(cues.ASKING_EN.match(part) for part in _PART.split(stripped[: 4 * cues.WINDOW]))


def is_log(guard: Guard, reading: Reading) -> bool:
    """Whether the reading is the speaker's own, real and present or past value."""
    low, high = guard.sentence(reading.start)
    low, high = max(low, reading.start - cues.WINDOW), min(high, reading.end + cues.WINDOW)
    clause_low, clause_high = guard.clause(reading.start, reading.end)
    said = guard.text[reading.start : reading.end]
    before = guard.text[low : reading.start]
    lead = guard.text[clause_low : reading.start]
    after = guard.text[reading.end : clause_high]
    if _AGE.search(said) or _is_unreal(before, lead, said, after):
        return False
    if _is_routine(lead, said, after, reading):
        return False
    if _is_other(guard, reading, low) or _is_thing(guard, reading, lead):
        return False
    if _is_general(guard.text[low:high], lead, said, after):
        return False
    return not _is_asked(guard, reading, (low, high), (clause_low, clause_high))


def _is_unreal(before: str, lead: str, said: str, after: str) -> bool:
    """A condition, a goal, advice or a denial."""
    if cues.CONDITION.search(before) or cues.CONDITION_AFTER.search(after):
        return True
    if cues.GOAL.search(lead + said) or re.search(r"(?:goal|target|目标)[^.。!！]{0,24}$", before):
        return True
    denials = list(cues.DENIAL.finditer(lead + said))
    return bool(denials) and not cues.RESTART.search((lead + said)[denials[-1].end() :])


def _is_routine(lead: str, said: str, after: str, reading: Reading) -> bool:
    """A habit ("usually 7 hours") or a bound ("below 140/90") is no reading."""
    if cues.HABIT.search(lead + said) or cues.HABIT_AFTER.search(after):
        return True
    if reading.kind in _TOLD_BY_ONESELF:
        return False
    head = re.split(r"\d", said)[0]
    return bool(
        cues.BOUND.search(lead + head) or cues.BOUND.search(lead) or cues.BOUND_AFTER.search(after)
    )


def _is_other(guard: Guard, reading: Reading, low: int) -> bool:
    """Somebody else's: the person named last before the value, or in the sentence before."""
    index = bisect_right(guard.people, reading.end - 1, key=lambda person: person[0]) - 1
    if index >= 0 and guard.people[index][0] >= low:
        return not guard.people[index][2]
    name = cues.NAME.search(guard.original[max(0, reading.start - 40) : reading.start])
    if (
        name
        and (name[1] or name[2]) not in cues.NO_NAME
        and re.match(r"[a-z]", guard.text[reading.start])
    ):
        verb = re.match(r"slept|weigh|ran|walk|drank", guard.text[reading.start :])
        return name[1] is not None or verb is not None
    if reading.kind in _TOLD_BY_ONESELF:
        return False  # "My mom is here. Slept 5 h." is the speaker's night
    if index >= 0 and low > 0 and guard.people[index][0] >= guard.sentence(low - 1)[0]:
        _, end = guard.sentence(reading.start)
        own_later = any(own for start, _, own in guard.people[index + 1 : index + 9] if start < end)
        return not guard.people[index][2] and not own_later
    return False


def _is_thing(guard: Guard, reading: Reading, lead: str) -> bool:
    """The weight of an object: "my suitcase weighs 23 kg"."""
    said = guard.text[reading.start : reading.end]
    return (
        reading.kind == "weight"
        and said.startswith("weigh")
        and not said.startswith("weight")
        and (cues.OBJECT.search(lead) is not None)
    )


def _is_general(sentence: str, lead: str, said: str, after: str) -> bool:
    """A statement about a value as such: "a bp of 150/95 is high", 150/95属于高血压."""
    if cues.NORMAL.search(lead + said):
        return True
    if cues.OWN.search(sentence):
        return False
    if (
        cues.GENERIC.search(lead)
        and not cues.HAVING.search(lead)
        and re.search(r"(?<![a-z])(?:of|over|above|below)(?![a-z])", said)
    ):
        return True
    return cues.TABLE.search(after) is not None


def _is_asked(
    guard: Guard, reading: Reading, sentence: tuple[int, int], clause: tuple[int, int]
) -> bool:
    """Whether the value itself is the subject of a question that is not about the speaker's own."""
    text = guard.text[clause[0] : clause[1]]
    closes = guard.text[clause[1] - 1 : clause[1] + 1]
    whole = guard.text[sentence[0] : sentence[1]]
    question_mark = closes.strip()[-1:] in ("?", "？") or text.rstrip().endswith(("?", "？"))
    asking = (
        question_mark
        or cues.PARTICLE_ZH.search(text)
        or cues.ASKING_EN.match(text)
        or (cues.ASKING_EN.match(whole) and not cues.OWN.search(text))
    )
    if not asking:
        return False
    lead = guard.text[clause[0] : reading.end]
    if cues.MODAL_QUESTION.search(text) and not cues.MODAL_EXEMPT.search(text):
        return True
    if re.search(
        r"(?<![a-z])to\s+\S*$", guard.text[clause[0] : reading.end]
    ) and cues.ASKING_EN.match(text):
        return True
    if cues.OWN.search(lead):
        return False
    return not (cues.OWN.search(whole) and cues.TAKEN.search(guard.text[sentence[0] : reading.end]))
