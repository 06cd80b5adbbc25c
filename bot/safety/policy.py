"""What Salus must not be asked into and must not say, decided by reviewed patterns.

``check_request`` reads what a person asks for (dose changes, harmful help); ``unsafe_advice``
reads an answer before it is shown. The data are knowledge/safety/policy.yaml. Neither replaces
triage: a wish to die is for Triage to find, whatever this module says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from bot.safety.data import data_folder, load_language, patterns, read_yaml
from bot.safety.errors import SafetyDataError
from bot.safety.expression import Node, parse
from bot.safety.matcher import Matcher, Mention
from bot.safety.pattern import Pattern
from bot.safety.reading import Reader
from bot.safety.text import Sentence, Spelling, normalise, sentences
from rag.types import Lang

PolicyKind = Literal["dose", "harm"]
_LANGS: tuple[Lang, ...] = ("en", "zh")
_EXCUSE_REACH = {"en": 28, "zh": 10}  # characters before a match in which an excuse counts


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyResult:
    """What is asked for: ``kind`` None when nothing of concern; ``rule`` and ``why`` for review."""

    kind: PolicyKind | None = None
    rule: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class _RequestRule:
    id: str
    kind: PolicyKind
    when: Node
    why: str


@dataclass(frozen=True, slots=True)
class _AnswerRule:
    why: str
    refer_ok: bool


class Policy:
    """The loaded policy; stateless and safe to share."""

    def __init__(self, folder: Path) -> None:
        """Load policy.yaml and language.yaml of a data folder. Raises SafetyDataError."""
        raw = read_yaml(folder / "policy.yaml")
        language = load_language(folder)
        own = raw.get("macros") or {}
        self._macros: dict[Lang, Mapping[str, str]] = {
            lang: dict(language.macros[lang]) | dict(own.get(lang) or {}) for lang in _LANGS
        }
        requests, answers = _part(raw, "requests"), _part(raw, "answers")
        concepts = self._named(_part(requests, "concepts"), "policy.yaml: requests")
        self._requests = [_request_rule(row) for row in requests.get("rules") or ()]
        for rule in self._requests:
            if unknown := rule.when.names() - set(concepts):
                raise SafetyDataError(f"policy.yaml: {rule.id}: unknown concept {sorted(unknown)}")
        rows = {str(row.get("id")): row for row in answers.get("rules") or ()}
        self._answers = {
            name: _AnswerRule(str(row["why"]), bool(row.get("refer_ok")))
            for name, row in rows.items()
        }
        spoken = self._named(
            {**rows, "refer": answers.get("refer"), "excuse": answers.get("excuse")},
            "policy.yaml: answers",
        )
        words = {
            word.rstrip("*")
            for group in (*concepts.values(), *spoken.values())
            for pattern in group
            if pattern.lang == "en"
            for word in pattern.words
        }
        self._spelling = Spelling(
            language.spelling,
            language.vocabulary,
            words | language.real_words,
            language.characters,
        )
        kinds = dict.fromkeys(concepts, "firm")
        self._reader = Reader(concepts, kinds, language.cues, self._spelling)  # type: ignore[arg-type]
        self._spoken = {lang: Matcher(spoken, lang) for lang in _LANGS}

    def check_request(self, text: str) -> PolicyResult:
        """Whether a message asks for a dose decision or for harmful help. Never raises."""
        found = self._reader.read(text).mentioned
        for rule in self._requests:
            if rule.when.holds(found, {}):
                return PolicyResult(kind=rule.kind, rule=rule.id, why=rule.why)
        return PolicyResult()

    def unsafe_advice(self, text: str, lang: Lang) -> str | None:
        """Why an answer must not be shown, or None. ``lang`` is read first, then the other."""
        plain = normalise(text)
        parts = list(sentences(plain, self._spelling))
        for one in sorted(_LANGS, key=lambda other: other != lang):
            for part in parts:
                if why := self._sentence(part, one):
                    return why
        return None

    def _sentence(self, part: Sentence, lang: Lang) -> str | None:
        view = part.en if lang == "en" else part.zh
        mentions = self._spoken[lang].find(view)
        referred = any(m.name == "refer" for m in mentions)
        excuses = [m for m in mentions if m.name == "excuse"]
        for mention in mentions:
            rule = self._answers.get(mention.name)
            if rule is None or (rule.refer_ok and referred):
                continue
            if not any(_excuses(excuse, mention, view, lang) for excuse in excuses):
                return rule.why
        return None

    def _named(self, body: Mapping[str, Any], place: str) -> dict[str, Sequence[Pattern]]:
        return {name: patterns(row, f"{place}: {name}", self._macros) for name, row in body.items()}


def _excuses(excuse: Mention, mention: Mention, view: str, lang: Lang) -> bool:
    """ "if you have diabetes", "never stop taking": the words shortly before take it back."""
    if not mention.start - _EXCUSE_REACH[lang] <= excuse.start < mention.start:
        return False
    return not any(mark in view[excuse.end : mention.start] for mark in (" , ", "，", ":"))


def _part(raw: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = raw.get(key)
    if not isinstance(found, dict):
        raise SafetyDataError(f"policy.yaml: {key} must be a mapping")
    return found


def _request_rule(row: Mapping[str, Any]) -> _RequestRule:
    if row.get("kind") not in ("dose", "harm") or not row.get("id") or not row.get("when"):
        raise SafetyDataError(f"policy.yaml: a request rule is malformed: {dict(row)}")
    return _RequestRule(str(row["id"]), row["kind"], parse(str(row["when"])), str(row["why"]))


@cache
def load_policy(data_dir: Path | None = None) -> Policy:
    """The policy of a data folder, loaded once. Raises SafetyDataError."""
    return Policy(data_folder(data_dir))


def check_request(text: str) -> PolicyResult:
    """``Policy.check_request`` with the packaged data."""
    return load_policy().check_request(text)


def unsafe_advice(text: str, lang: Lang) -> str | None:
    """``Policy.unsafe_advice`` with the packaged data."""
    return load_policy().unsafe_advice(text, lang)
