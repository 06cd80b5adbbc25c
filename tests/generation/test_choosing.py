"""The grammar that lets a small model choose among numbered sentences."""

from __future__ import annotations

import re

from bot.dialogue import context
from bot.generation.choosing import grammar, sentences_of
from bot.generation.prompts import PromptBook
from bot.grounding.check import Checker, CitedPassage
from bot.model import Hit
from bot.settings import ROOT
from tests.fakes.retriever import PASSAGES

HITS = [Hit(passage=p, score=0.9) for p in PASSAGES[:2]]


def prompt() -> str:
    """The short prompt, as the embedded model gets it."""
    filled = context.brief(question="How much sleep do adults need?", hits=HITS)
    book = PromptBook.load(ROOT / "prompts" / "embedded")
    return book.build(**context.prompt_values(filled, "en"))[-1].content


def written(rules: str) -> set[str]:
    """Every answer the grammar allows, spelled out by a small reader of its own."""
    found = dict(line.split(" ::= ", 1) for line in rules.splitlines())

    def spell(name: str) -> set[str]:
        said: set[str] = set()
        for option in found[name].split(" | ") if name[0] != "s" else [found[name]]:
            literal = re.fullmatch(r'"(.*)"', option.strip())
            more = re.fullmatch(r'(s-\d+) (?:\( " " (a-\d+-\d+) \)\?)?', option.strip() + " ")
            more = more or re.fullmatch(r'(s-\d+) \( " " (a-\d+-\d+) \)\? ?', option)
            if literal:
                said.add(literal[1])
            elif more:
                heads = spell(more[1])
                said |= heads
                if more[2]:
                    said |= {f"{h} {t}" for h in heads for t in spell(more[2])}
            else:
                said |= spell(option.strip())
        return said

    return spell("root")


def test_an_answer_is_a_few_sentences_in_order() -> None:
    """Every subset in reading order up to the most, each sentence once, and nothing else."""
    assert written(grammar(["A. [1]", "B. [1]", "C. [2]"], most=2)) == {
        "A. [1]", "B. [1]", "C. [2]", "A. [1] B. [1]", "A. [1] C. [2]", "B. [1] C. [2]",
    }  # fmt: skip


def test_whatever_is_chosen_passes_the_check() -> None:
    """The sentences a model may choose stand in the passage whose mark they carry."""
    choices = sentences_of(prompt())
    assert choices
    passages = [CitedPassage(h.passage.id, h.passage.text, h.passage.title) for h in HITS]
    for choice in choices:
        assert Checker().check(choice, passages, lang="en", citations="required").supported


def test_quotes_and_backslashes_stay_text() -> None:
    """What a page says cannot become a rule of the grammar."""
    rules = grammar(['He said "a-0-1 | x" \\ once. [1]'])
    assert 's-0 ::= "He said \\"a-0-1 | x\\" \\\\ once. [1]"' in rules.splitlines()
    assert "\n\n" not in rules


def test_a_prompt_without_numbered_sentences_gives_none() -> None:
    """An ordinary prompt is not turned into a choice."""
    assert sentences_of("How are you?") == []
    assert sentences_of("Question: x\n[1] Title without a sentence") == []
    assert sentences_of("Passages:\n[1] Sleep: adults\nAdults need 7 hours.") == []
