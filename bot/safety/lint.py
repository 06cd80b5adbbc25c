"""Checks the reviewed safety data as a whole; used by the tests and before a release."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bot.i18n import texts
from bot.safety.data import LANGS, RuleBook, data_folder, load_rules, read_yaml
from bot.safety.errors import SafetyDataError
from bot.safety.numbers import numbers_table, stale_rows
from bot.safety.policy import load_policy

_HEAD = ("version", "reviewed", "clinician_review")


def check_data(data_dir: Path | None = None, *, today: date | None = None) -> list[str]:
    """Everything wrong with the safety data, one line each; empty when all is well.

    ``today`` (an aware caller's date) also checks the age of the emergency numbers.
    """
    folder = data_folder(data_dir)
    try:
        book = load_rules(folder)
        load_policy(data_dir)
        numbers_table(data_dir)
    except SafetyDataError as error:
        return [str(error)]
    problems = [*_heads(folder), *_concepts(book), *_sources(book), *_locales()]
    return problems + (stale_rows(today) if today else [])


def _heads(folder: Path) -> list[str]:
    return [
        f"{path.name}: {field} is missing"
        for path in sorted(folder.glob("*.yaml"))
        for field in _HEAD
        if not read_yaml(path).get(field)
    ]


def _concepts(book: RuleBook) -> list[str]:
    used = frozenset().union(*(rule.when.names() for rule in book.rules))
    unused = [f"concept {name} is used by no rule" for name in sorted(set(book.concepts) - used)]
    one_sided = [
        f"concept {name} has no {lang} pattern"
        for name, group in book.concepts.items()
        for lang in LANGS
        if not any(pattern.lang == lang for pattern in group)
    ]
    return unused + one_sided


def _sources(book: RuleBook) -> list[str]:
    missing = [
        f"rule {rule.id} decides on measured values without a source"
        for rule in book.rules
        if rule.when.names("fact") and not rule.when.names() and not rule.source
    ]
    incomplete = [
        f"source {name} lacks {field}"
        for name, source in book.sources.items()
        for field in ("organisation", "title", "url")
        if not source.get(field)
    ]
    return missing + incomplete


def _locales() -> list[str]:
    keys = {lang: {k for k in texts(lang) if k.startswith("safety.")} for lang in LANGS}
    return [f"sentence {key} is missing in one language" for key in keys["en"] ^ keys["zh"]]
