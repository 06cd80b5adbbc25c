"""Loads and checks the reviewed safety data of knowledge/safety; knows their shape, no medicine.

``load_rules`` reads language.yaml (macros, cues, spelling) and every red_flags_*.yaml
(families of concepts and rules). All problems raise SafetyDataError naming file and place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from bot.model import TriageLevel
from bot.safety.errors import SafetyDataError
from bot.safety.expression import Node, parse
from bot.safety.pattern import Pattern, compile_patterns
from bot.safety.reading import Kind
from rag.types import Lang

LEVELS: tuple[TriageLevel, ...] = ("none", "selfcare", "soon", "urgent", "emergency")
LANGS: tuple[Lang, ...] = ("en", "zh")
CUES = (
    "idiom", "negation", "negation_not", "negation_end", "negation_after", "past",
    "past_before", "present", "clause", "general", "personal", "personal_not", "story",
    "other", "other_not", "self", "asked", "answered_no", "answered_falsely",
    "past_since", "recurs", "lied",
)  # fmt: skip
FACTS = frozenset(
    "systolic diastolic heart_rate resp_rate spo2 temperature glucose age_months pain_score "
    "pregnancy_weeks".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One reviewed rule: when its condition holds, the message has at least this level.

    ``stands``: the second look never takes it down, however calm the message sounds.
    """

    id: str
    family: str
    level: TriageLevel
    when: Node
    why: str
    crisis: bool = False
    stands: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The language side of the data: macros, cue patterns and spelling tables."""

    macros: Mapping[Lang, Mapping[str, str]]
    cues: Mapping[str, tuple[Pattern, ...]]
    spelling: Mapping[str, str]
    vocabulary: frozenset[str]
    real_words: frozenset[str]
    characters: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """Everything triage needs, as loaded. ``version`` goes into every result."""

    version: str
    reviewed: str
    concepts: Mapping[str, tuple[Pattern, ...]]
    kinds: Mapping[str, Kind]
    rules: tuple[Rule, ...]
    sources: Mapping[str, Mapping[str, str]]
    language: Language


def data_folder(given: Path | None = None) -> Path:
    """The folder with the safety data: the given one or knowledge/safety beside the package."""
    return given or Path(__file__).resolve().parents[2] / "knowledge" / "safety"


def read_yaml(path: Path) -> dict[str, Any]:
    """One YAML file as a mapping. Raises SafetyDataError when missing or malformed."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 (safe loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SafetyDataError(f"{path.name}: cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise SafetyDataError(f"{path.name}: must be a mapping")
    return found


def load_rules(folder: Path | None = None) -> RuleBook:
    """The rule book of a data folder. Raises SafetyDataError."""
    folder = data_folder(folder)
    language = load_language(folder)
    files = sorted(folder.glob("red_flags_*.yaml"))
    if not files:
        raise SafetyDataError(f"no red_flags_*.yaml in {folder.name}")
    concepts: dict[str, tuple[Pattern, ...]] = {}
    kinds: dict[str, Kind] = {}
    rules: list[Rule] = []
    sources: dict[str, Mapping[str, str]] = {}
    heads: set[tuple[str, str]] = set()
    for path in files:
        raw = read_yaml(path)
        heads.add((_text(raw, "version", path.name), str(raw.get("reviewed", ""))))
        sources |= raw.get("sources") or {}
        for family, body in _mapping(raw, "families", path.name).items():
            place = f"{path.name}: {family}"
            _add_concepts(body, place, language, concepts, kinds)
            rules.extend(_rules(body, family, place))
    _check_names(rules, concepts, sources)
    return RuleBook(
        version=max(version for version, _ in heads),
        reviewed=min(reviewed for _, reviewed in heads),
        concepts=concepts,
        kinds=kinds,
        rules=tuple(sorted(rules, key=_order)),
        sources=sources,
        language=language,
    )


def _order(rule: Rule) -> tuple[int, bool, bool]:
    """The most serious first; among equals a crisis, then what stands, then file order."""
    return -LEVELS.index(rule.level), not rule.crisis, not rule.stands


def load_language(folder: Path) -> Language:
    """Macros, cues and spelling of language.yaml. Raises SafetyDataError."""
    raw = read_yaml(folder / "language.yaml")
    macros = {lang: dict(_mapping(raw, "macros", "language.yaml").get(lang, {})) for lang in LANGS}
    cues = _mapping(raw, "cues", "language.yaml")
    if missing := set(CUES) ^ set(cues):
        raise SafetyDataError(f"language.yaml: cues: missing or unknown {sorted(missing)}")
    typed = cast("Mapping[Lang, Mapping[str, str]]", macros)
    return Language(
        macros=typed,
        cues={role: patterns(body, f"language.yaml: {role}", typed) for role, body in cues.items()},
        spelling=_pairs(raw.get("spelling", {}), "language.yaml: spelling"),
        vocabulary=frozenset(str(raw.get("vocabulary", "")).split()),
        real_words=frozenset(str(raw.get("real_words", "")).split()),
        characters=_characters(str(raw.get("traditional", ""))),
    )


def patterns(
    body: object, place: str, macros: Mapping[Lang, Mapping[str, str]]
) -> tuple[Pattern, ...]:
    """The patterns of {"en": [...], "zh": [...]}. Raises SafetyDataError."""
    if not isinstance(body, dict):
        raise SafetyDataError(f"{place}: must hold en and zh lists")
    found: list[Pattern] = []
    for lang in LANGS:
        for source in body.get(lang) or ():
            try:
                for one in _orders(str(source)):
                    found += compile_patterns(one, lang, macros[lang])
            except SafetyDataError as error:
                raise SafetyDataError(f"{place}: {error}") from error
    return tuple(found)


def _orders(source: str) -> tuple[str, ...]:
    """ "chest + tight": both, in either order, with a wide gap between them."""
    first, plus, second = source.partition(" + ")
    return (f"{first} ~~ {second}", f"{second} ~~ {first}") if plus else (source,)


def _add_concepts(
    body: Mapping[str, Any],
    place: str,
    language: Language,
    concepts: dict[str, tuple[Pattern, ...]],
    kinds: dict[str, Kind],
) -> None:
    for name, raw in (body.get("concepts") or {}).items():
        if name in concepts or name in FACTS:
            raise SafetyDataError(f"{place}: concept {name} is defined twice")
        concepts[name] = patterns(raw, f"{place}: {name}", language.macros)
        kind = raw.get("kind", "plain")
        if kind not in get_args(Kind):
            raise SafetyDataError(f"{place}: {name}: unknown kind {kind!r}")
        kinds[name] = kind
        if unknown := set(raw) - {"en", "zh", "kind"}:
            raise SafetyDataError(f"{place}: {name}: unknown field {sorted(unknown)}")


def _rules(body: Mapping[str, Any], family: str, place: str) -> Sequence[Rule]:
    found = []
    for raw in body.get("rules") or ():
        unknown = set(raw) - {"id", "level", "when", "why", "crisis", "stands", "source"}
        if unknown or not {"id", "level", "when", "why"} <= set(raw):
            raise SafetyDataError(f"{place}: a rule has wrong fields: {sorted(raw)}")
        if raw["level"] not in LEVELS:
            raise SafetyDataError(f"{place}: {raw['id']}: unknown level {raw['level']!r}")
        try:
            when = parse(str(raw["when"]))
        except SafetyDataError as error:
            raise SafetyDataError(f"{place}: {raw['id']}: {error}") from error
        found.append(
            Rule(
                id=f"{family}.{raw['id']}",
                family=family,
                level=raw["level"],
                when=when,
                why=str(raw["why"]),
                crisis=bool(raw.get("crisis", False)),
                stands=bool(raw.get("stands", False)),
                source=str(raw.get("source", "")),
            )
        )
    return found


def _check_names(
    rules: Sequence[Rule], concepts: Mapping[str, object], sources: Mapping[str, object]
) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise SafetyDataError(f"rule {rule.id} is defined twice")
        seen.add(rule.id)
        if unknown := rule.when.names() - set(concepts):
            raise SafetyDataError(f"rule {rule.id}: unknown concept {sorted(unknown)}")
        if unknown := rule.when.names("fact") - FACTS:
            raise SafetyDataError(f"rule {rule.id}: unknown fact {sorted(unknown)}")
        if rule.source and rule.source not in sources:
            raise SafetyDataError(f"rule {rule.id}: unknown source {rule.source!r}")


def _mapping(raw: Mapping[str, Any], key: str, place: str) -> dict[str, Any]:
    found = raw.get(key)
    if not isinstance(found, dict):
        raise SafetyDataError(f"{place}: {key} must be a mapping")
    return found


def _text(raw: Mapping[str, Any], key: str, place: str) -> str:
    if not raw.get(key):
        raise SafetyDataError(f"{place}: {key} is missing")
    return str(raw[key])


def _pairs(raw: object, place: str) -> dict[str, str]:
    """{"to": "from from"} turned round: every variant to its one spelling."""
    if not isinstance(raw, dict):
        raise SafetyDataError(f"{place}: must be a mapping")
    return {
        variant: str(target)
        for target, variants in raw.items()
        for variant in str(variants).split()
    }


def _characters(pairs: str) -> dict[str, str]:
    """ "過过 頭头": traditional and simplified character side by side."""
    return {pair[0]: pair[1] for pair in pairs.split() if len(pair) == 2}
