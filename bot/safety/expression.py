"""The conditions of the rules: ``chest_pain & (sweating | age >= 40) & !muscle_strain``.

Names are concepts; a name with a comparison is a measured fact (``spo2 < 90``), true when any
stated value satisfies it. ``&`` binds tighter than ``|``; ``!`` negates what follows.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass

from bot.safety.errors import SafetyDataError

Facts = Mapping[str, tuple[float, ...]]

_TOKEN = re.compile(r"\s*(?:([a-z_][a-z0-9_]*)|(<=|>=|<|>)|(-?\d+(?:\.\d+)?)|([&|!()]))")
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Node:
    """A condition: ``op`` is name, fact, not, and, or; the names below it are in ``names()``."""

    op: str
    name: str = ""
    sign: str = ""
    limit: float = 0.0
    parts: tuple[Node, ...] = ()

    def holds(self, concepts: Set[str], facts: Facts) -> bool:
        """Whether the condition is true of these active concepts and measured facts."""
        if self.op == "name":
            return self.name in concepts
        if self.op == "fact":
            compare = _COMPARE[self.sign]
            return any(compare(value, self.limit) for value in facts.get(self.name, ()))
        if self.op == "not":
            return not self.parts[0].holds(concepts, facts)
        if self.op == "and":
            return all(part.holds(concepts, facts) for part in self.parts)
        return any(part.holds(concepts, facts) for part in self.parts)

    def names(self, op: str = "name") -> frozenset[str]:
        """All concept names (``op="fact"``: fact names) that occur in the condition."""
        found = frozenset({self.name}) if self.op == op else frozenset()
        return found.union(*(part.names(op) for part in self.parts))

    def positive(self) -> frozenset[str]:
        """Concept and fact names that can make it true (those not under a ``!``)."""
        if self.op == "not":
            return frozenset()
        own = frozenset({self.name}) if self.name else frozenset()
        return own.union(*(part.positive() for part in self.parts))


def parse(source: str) -> Node:
    """Parse a condition. Raises SafetyDataError naming the condition when it is malformed."""
    tokens: list[str] = []
    position = 0
    while position < len(source.rstrip()):
        match = _TOKEN.match(source, position)
        if match is None:
            raise SafetyDataError(f"cannot read condition {source!r} at {source[position:]!r}")
        tokens.append(match[0].strip())
        position = match.end()
    node, rest = _either(tokens, 0, source)
    if rest != len(tokens):
        raise SafetyDataError(f"cannot read condition {source!r} at {tokens[rest]!r}")
    return node


def _either(tokens: list[str], at: int, source: str) -> tuple[Node, int]:
    return _chain(tokens, at, source, "|", "or")


def _both(tokens: list[str], at: int, source: str) -> tuple[Node, int]:
    return _chain(tokens, at, source, "&", "and")


def _chain(tokens: list[str], at: int, source: str, mark: str, op: str) -> tuple[Node, int]:
    inner = _both if mark == "|" else _single
    node, at = inner(tokens, at, source)
    parts = [node]
    while at < len(tokens) and tokens[at] == mark:
        node, at = inner(tokens, at + 1, source)
        parts.append(node)
    return (parts[0] if len(parts) == 1 else Node(op, parts=tuple(parts))), at


def _single(tokens: list[str], at: int, source: str) -> tuple[Node, int]:
    if at >= len(tokens):
        raise SafetyDataError(f"condition {source!r} ends too early")
    word = tokens[at]
    if word == "!":
        node, at = _single(tokens, at + 1, source)
        return Node("not", parts=(node,)), at
    if word == "(":
        node, at = _either(tokens, at + 1, source)
        if at >= len(tokens) or tokens[at] != ")":
            raise SafetyDataError(f"unbalanced bracket in condition {source!r}")
        return node, at + 1
    if not word[0].isalpha():
        raise SafetyDataError(f"condition {source!r}: {word!r} is not a name")
    if at + 1 < len(tokens) and tokens[at + 1] in _COMPARE:
        return _comparison(tokens, at, source)
    return Node("name", name=word), at + 1


def _comparison(tokens: list[str], at: int, source: str) -> tuple[Node, int]:
    try:
        limit = float(tokens[at + 2])
    except (IndexError, ValueError):
        raise SafetyDataError(f"condition {source!r}: a number is missing") from None
    return Node("fact", name=tokens[at], sign=tokens[at + 1], limit=limit), at + 3
