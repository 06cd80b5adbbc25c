"""MedQuAD's form questions in the words people use. Training and held-back wordings differ."""

from __future__ import annotations

import random
import re

TRAINED: dict[str, tuple[str, ...]] = {
    "information": (
        "What is {f}?", "what is {f}", "can you explain {f}?", "tell me about {f}",
        "my doctor mentioned {f}, what is that?", "{f} - what is it exactly?",
    ),
    "symptoms": (
        "What are the symptoms of {f}?", "how do I know if it is {f}?", "signs of {f}?",
        "what does {f} do to you?", "{f} symptoms", "what would I notice with {f}?",
    ),
    "treatment": (
        "How is {f} treated?", "what helps against {f}?", "treatment for {f}?",
        "what can be done about {f}?", "is there anything that helps with {f}",
    ),
    "causes": (
        "What causes {f}?", "why do people get {f}?", "where does {f} come from?",
        "what brings on {f}",
    ),
    "exams and tests": (
        "How is {f} diagnosed?", "what tests are there for {f}?", "how do doctors find {f}?",
    ),
    "outlook": ("What is the outlook for {f}?", "does {f} get better?", "how serious is {f}?"),
    "prevention": ("How can I prevent {f}?", "how do I avoid {f}?", "can {f} be prevented?"),
    "susceptibility": ("Who is at risk for {f}?", "who gets {f}?", "am I likely to get {f}?"),
    "complications": ("What problems can {f} cause?", "what happens if {f} is left alone?"),
    "considerations": ("What should I know about {f}?", "what matters with {f}?"),
    "frequency": ("How common is {f}?", "how many people have {f}?", "is {f} rare?"),
    "inheritance": ("Is {f} inherited?", "does {f} run in families?"),
    "research": ("What research is being done on {f}?",),
}  # fmt: skip
HELD_BACK: dict[str, tuple[str, ...]] = {
    "information": ("what does {f} mean?", "I was told I have {f}. What is it?"),
    "symptoms": ("how can you tell somebody has {f}?", "what are signs of {f} to look out for?"),
    "treatment": ("what do doctors do for {f}?", "how do you get rid of {f}?"),
    "causes": ("why does {f} happen?", "what is behind {f}?"),
    "exams and tests": ("which tests show {f}?",),
    "outlook": ("what happens to people with {f} in the long run?",),
    "prevention": ("what can I do so that I don't get {f}?",),
    "susceptibility": ("what makes {f} more likely?",),
    "complications": ("what can {f} lead to?",),
    "considerations": ("anything to keep in mind about {f}?",),
    "frequency": ("how often does {f} occur?",),
    "inheritance": ("can {f} be passed on to children?",),
    "research": ("what is being studied about {f}?",),
}
_SPACE = re.compile(r"\s+")


def cleaned(question: str) -> str:
    """A MedQuAD question without its spacing marks: "What is (are) Gout ?" → "What is Gout?"."""
    text = _SPACE.sub(" ", question.replace("(are)", "").replace("is (are)", "is"))
    return text.replace(" ?", "?").strip()


def reworded(question: str, qtype: str, focus: str, *, held_back: bool, rng: random.Random) -> str:
    """The question as somebody might type it; in one of three cases MedQuAD's own form."""
    options = (HELD_BACK if held_back else TRAINED).get(qtype, ())
    if not options or rng.random() < 1 / 3:
        return cleaned(question)
    return rng.choice(options).format(f=_lower(focus.strip()))


def _lower(focus: str) -> str:
    """A focus as it stands in a sentence: names with capitals inside keep them."""
    head, _, rest = focus.partition(" ")
    plain = head[:1].isupper() and head[1:].islower() and not head.endswith("'s")
    return f"{head.lower() if plain else head} {rest}".strip()
