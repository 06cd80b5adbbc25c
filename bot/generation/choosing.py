"""A grammar that lets a small model choose and nothing else (GBNF, as llama.cpp reads it).

The short prompt numbers its passages: ``[1] Title: sentence. sentence.`` An answer is then a few of
these sentences in their order, each with its passage's mark, or the one sentence that says that
there is no answer. What the model decides is which sentences answer the question, and when to stop.
"""

from __future__ import annotations

import re

from bot.grounding.sentences import split_sentences

__all__ = ["grammar", "sentences_of"]

MOST = 5
_OPENING = "Question: "
_LINE = re.compile(r"^\[(\d{1,2})\] .*?: (.+)$", re.MULTILINE)
_MOST_CHOICES = 24  # the grammar grows with choices x MOST
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": " ", "\r": " "})


def sentences_of(prompt: str) -> list[str]:
    """The sentences of the numbered passages with their marks, in order, each once.

    Empty for any other prompt than the short one.
    """
    if not prompt.startswith(_OPENING):
        return []
    found = [
        f"{sentence} [{number}]"
        for number, text in _LINE.findall(prompt)
        for sentence in split_sentences(text)
        if sentence[-1] in ".!\"')"
    ]
    return list(dict.fromkeys(found))[:_MOST_CHOICES]


def grammar(choices: list[str], most: int = MOST) -> str:
    """At most ``most`` of ``choices`` in their order; GBNF.

    Rule ``a-i-k`` is an answer of 1 to k sentences from the i-th on.
    """
    rules = [f"root ::= a-0-{most}"]
    rules += [f"s-{i} ::= {_quoted(choice)}" for i, choice in enumerate(choices)]
    last = len(choices) - 1
    for place in range(len(choices)):
        for left in range(1, most + 1):
            more = f'( " " a-{place + 1}-{left - 1} )?' if place < last and left > 1 else ""
            later = f" | a-{place + 1}-{left}" if place < last else ""
            rules.append(f"a-{place}-{left} ::= s-{place} {more}{later}")
    return "\n".join(rules)


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPED)}"'
