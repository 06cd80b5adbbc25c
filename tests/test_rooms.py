"""Rules about the whole tree that no import contract can see."""

from __future__ import annotations

import ast
import json
import re
import string
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from bot.i18n import LANGS, t, texts
from bot.settings import ROOT

PACKAGES = ("bot", "rag")
_HAN = re.compile(r"[\u3400-\u9fff]")


@cache
def modules() -> tuple[tuple[Path, ast.Module], ...]:
    """Every module of the product, parsed once."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return tuple(
        (path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))) for path in paths
    )


def attributes(tree: ast.Module) -> set[str]:
    """Dotted names used in a module, as far as they are plain."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add(f"{node.value.id}.{node.attr}")
    return found


def test_only_settings_reads_the_environment() -> None:
    """Nobody else may look at os.environ or os.getenv."""
    readers = {
        str(path) for path, tree in modules() if attributes(tree) & {"os.environ", "os.getenv"}
    }
    assert readers == {"bot/settings.py"}


def test_no_detached_tasks() -> None:
    """A task is made only where its owner also awaits or cancels it."""
    makers = {
        str(path)
        for path, tree in modules()
        if attributes(tree) & {"asyncio.create_task", "asyncio.ensure_future"}
    }
    # The store shields a running transaction from cancellation, and waits for it.
    edges = ("bot/adapters/", "bot/delivery/", "bot/store/database.py")
    assert {maker for maker in makers if not maker.startswith(edges)} == set()


def test_everything_is_caught_only_at_the_edges() -> None:
    """``except Exception`` stands in adapters alone."""
    catchers = set()
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None
                or (isinstance(node.type, ast.Name) and node.type.id in {"Exception"})
            ):
                catchers.add(str(path))
    assert all(path.startswith(("bot/adapters/", "bot/delivery/")) for path in catchers), catchers


def test_every_module_says_what_it_owns() -> None:
    """Each module opens with a docstring."""
    silent = [str(path) for path, tree in modules() if not ast.get_docstring(tree)]
    assert silent == []


def test_both_languages_have_the_same_sentences_and_placeholders() -> None:
    """A key or placeholder missing in one language would break a reply in it."""
    english, chinese = texts("en"), texts("zh")
    assert english.keys() == chinese.keys()
    for key in english:
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
            for text in (english[key], chinese[key])
        ]
        assert fields[0] == fields[1], key


def test_no_key_is_written_twice_in_one_language() -> None:
    """Two files with the same key would hide one of the sentences."""
    for lang in LANGS:
        seen: dict[str, str] = {}
        for part in (files("bot") / "locales" / lang).iterdir():
            if not part.name.endswith(".json"):
                continue
            for key in json.loads(part.read_text(encoding="utf-8")):
                assert key not in seen, f"{key} in {seen.get(key)} and {part.name}"
                seen[key] = part.name


def test_chinese_sentences_are_chinese() -> None:
    """No sentence was left in English."""
    told = {key: re.sub(r"\{.*?\}", "", text) for key, text in texts("zh").items()}
    bare = {k for k, v in told.items() if not _HAN.search(v) and re.search(r"[a-z]+ [a-z]+", v)}
    assert bare == set()


def test_every_error_has_a_sentence_in_both_languages() -> None:
    """Whatever is raised can be told."""
    import bot.errors
    import rag.types

    for module in (bot.errors, rag.types):
        for value in vars(module).values():
            key = getattr(value, "key", None)
            if isinstance(key, str):
                for lang in LANGS:
                    assert texts(lang)[key]


def test_a_missing_sentence_or_value_is_an_error() -> None:
    """A hole in a sentence never reaches a person."""
    with pytest.raises(KeyError):
        t("no.such.key", "en")
    with pytest.raises(KeyError):
        t("input.too_long", "en")


def test_no_prompt_or_page_hides_characters() -> None:
    """Prompts, pages and safety data hold no zero-width or tag characters."""
    hidden = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
    for folder in ("prompts", "knowledge"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".md", ".txt", ".yaml"}:
                assert not hidden.search(path.read_text(encoding="utf-8")), path
