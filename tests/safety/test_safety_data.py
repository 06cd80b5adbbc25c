"""The reviewed data: complete, and clearly refused when malformed."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from bot.safety import SafetyDataError, check_data
from bot.safety.data import data_folder, load_rules, patterns, read_yaml
from bot.safety.expression import parse
from bot.safety.pattern import compile_patterns
from bot.safety.policy import Policy
from bot.safety.text import normalise


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the packaged data that a test may break."""
    copy = tmp_path / "safety"
    shutil.copytree(data_folder(), copy)
    return copy


def replaced(path: Path, old: str, new: str) -> None:
    """Replace the first occurrence, which must exist."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_packaged_data_are_in_order() -> None:
    """The linter finds nothing to complain about."""
    assert check_data(today=date(2026, 12, 1)) == []


def test_linter_reports_what_is_wrong(folder: Path) -> None:
    """Unused concepts, missing languages, heads and sources are named."""
    replaced(
        folder / "red_flags_values.yaml",
        "    concepts:\n",
        '    concepts:\n      nobody: {en: ["zzz"]}\n',
    )
    replaced(folder / "red_flags_body.yaml", "clinician_review: pending\n", "")
    replaced(folder / "red_flags_values.yaml", "source: nhs_cold, ", "")
    replaced(folder / "red_flags_brain.yaml", "title: Headaches, ", "")
    found = "\n".join(check_data(folder))
    assert "concept nobody is used by no rule" in found
    assert "concept nobody has no zh pattern" in found
    assert "red_flags_body.yaml: clinician_review is missing" in found
    assert "source nhs_headache lacks title" in found


def test_linter_reports_values_without_a_source(folder: Path) -> None:
    """A rule on a number alone must cite where its threshold comes from."""
    replaced(
        folder / "red_flags_values.yaml",
        "id: very_low, level: emergency, source: ada_hypo",
        "id: very_low, level: emergency",
    )
    assert any("without a source" in line for line in check_data(folder))


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("red_flags_body.yaml", 'version: "2026', 'version: ["2026', "cannot be read"),
        ("red_flags_body.yaml", 'version: "2026.11.2"\n', "", "version is missing"),
        ("red_flags_body.yaml", "level: emergency", "level: deadly", "unknown level"),
        ("red_flags_body.yaml", "level: emergency, ", "", "wrong fields"),
        (
            "red_flags_body.yaml",
            "bleeding_bad & !bleeding_ok",
            "bleeding_bad & nonsense_x",
            "unknown concept",
        ),
        ("red_flags_body.yaml", "systolic < 100", "sysstolic < 100", "unknown fact"),
        ("red_flags_body.yaml", "source: nhs_stomach", "source: nobody", "unknown source"),
        ("red_flags_body.yaml", "id: vomit_blood", "id: severe", "defined twice"),
        ("red_flags_body.yaml", "      bleeding_ok:", "      chest_pain:", "defined twice"),
        (
            "red_flags_body.yaml",
            "bleeding_bad & !bleeding_ok",
            "bleeding_bad & (",
            "ends too early",
        ),
        ("red_flags_body.yaml", "kind: context", "kind: strange", "unknown kind"),
        ("red_flags_body.yaml", "kind: context", "kinds: context", "unknown field"),
        ("red_flags_body.yaml", "families:", "family:", "families must be a mapping"),
        ("language.yaml", "  idiom:", "  idioms:", "missing or unknown"),
        ("language.yaml", "cues:", "cue:", "cues must be a mapping"),
    ],
)
def test_malformed_rules_are_named(
    folder: Path, file: str, old: str, new: str, message: str
) -> None:
    """Loading broken data raises SafetyDataError that says what and where."""
    replaced(folder / file, old, new)
    with pytest.raises(SafetyDataError, match=message):
        load_rules(folder)


def test_missing_files_are_named(tmp_path: Path, folder: Path) -> None:
    """A missing file, an empty folder or a list instead of a mapping is refused."""
    with pytest.raises(SafetyDataError, match=r"language\.yaml"):
        load_rules(tmp_path)
    for path in folder.glob("red_flags_*.yaml"):
        path.unlink()
    with pytest.raises(SafetyDataError, match="no red_flags"):
        load_rules(folder)
    assert check_data(folder) == ["no red_flags_*.yaml in safety"]
    (folder / "x.yaml").write_text("- a")
    with pytest.raises(SafetyDataError, match="must be a mapping"):
        read_yaml(folder / "x.yaml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("requests:", "request:", "requests must be a mapping"),
        ("kind: harm", "kind: evil", "malformed"),
        ('when: "lethal"', 'when: "lethal_x"', "unknown concept"),
    ],
)
def test_malformed_policy_is_named(folder: Path, old: str, new: str, message: str) -> None:
    """Broken policy data raise SafetyDataError too."""
    replaced(folder / "policy.yaml", old, new)
    with pytest.raises(SafetyDataError, match=message):
        Policy(folder)


@pytest.mark.parametrize(
    "source", ["(a", "a)", "a | ", "(a|)", "~", "(a)?", "{nobody} x", "a ? b", "(a b"]
)
def test_malformed_patterns_are_refused(source: str) -> None:
    """Unbalanced, empty and anchorless patterns raise an error that shows them."""
    with pytest.raises(SafetyDataError, match="pattern"):
        compile_patterns(source, "en", {})


def test_patterns_must_be_lists() -> None:
    """Anything but a mapping of lists is refused."""
    with pytest.raises(SafetyDataError, match="en and zh"):
        patterns(["a"], "here", {"en": {}, "zh": {}})


def test_pattern_language() -> None:
    """Words, endings, gaps, options and groups match as documented; gaps stop at a denial."""
    (one,) = compile_patterns("took ~ (all)? bleed*", "en", {})
    assert one.regex.search(" took some of it bleeding ")
    assert not one.regex.search(" took no bleeding ")
    (zh,) = compile_patterns("肚子~痛了?", "zh", {})
    assert zh.regex.search("肚子有点痛")
    assert not zh.regex.search("肚子不痛")


@pytest.mark.parametrize("source", ["a &", "a b", "(a", "a < ", "< 3", "a <= x", "a $ b", ""])
def test_malformed_conditions_are_refused(source: str) -> None:
    """A condition that cannot be read raises an error that shows it."""
    with pytest.raises(SafetyDataError, match="condition"):
        parse(source)


def test_conditions() -> None:
    """And binds tighter than or; facts are true when any stated value satisfies them."""
    node = parse("a | b & !c | spo2 < 90")
    assert node.holds(frozenset({"a"}), {})
    assert node.holds(frozenset({"b"}), {})
    assert not node.holds(frozenset({"b", "c"}), {})
    assert node.holds(frozenset(), {"spo2": (98.0, 85.0)})
    assert node.names() == {"a", "b", "c"}
    assert node.positive() == {"a", "b", "spo2"}


def test_normalise() -> None:
    """Width, case, apostrophes and invisible characters are made one."""
    assert normalise("ＣＡＮ’Ｔ\u200b  Breathe") == "cant breathe"
    assert len(normalise("x" * 500_000)) < 130_000
