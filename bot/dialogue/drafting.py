"""A model's answer while it is written: what of it holds, sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.dialogue.question import Question
from bot.grounding.check import Checker, CitedPassage
from bot.grounding.sentences import complete_sentences
from bot.i18n import t
from bot.model import Generation, Hit
from bot.safety import unsafe_advice

__all__ = ["Draft", "Rejected"]

_END = re.compile(r"[.!?…。！？\n]")  # without one of these no sentence is complete
_LONG = 900  # characters; a little less than where a sentence without an end is cut


class Rejected(Exception):  # noqa: N818  # not a failure: the verdict that ends a model answer
    """The model's answer did not hold; ``key`` says how, for the record."""

    def __init__(self, key: str) -> None:
        """Keep the reason."""
        super().__init__(key)
        self.key = key


class Draft:
    """The model's answer as far as it has been checked: complete sentences that hold."""

    def __init__(self, checker: Checker, hits: Sequence[Hit], question: Question) -> None:
        """The hits are the numbered passages the model was shown, in order."""
        self._checker = checker
        self._passages = [
            CitedPassage(id=h.passage.id, text=h.passage.text, title=h.passage.title) for h in hits
        ]
        self._question = question
        self._seen = 0
        self._kept: list[str] = []
        self._dropped = 0
        self._done = 0  # characters of the sentences that were seen
        self._finish: str | None = None

    @property
    def text(self) -> str:
        """The sentences that hold, with the spaces, line breaks and bullets they stood behind."""
        return "".join(self._kept).strip()

    def due(self, generation: Generation) -> bool:
        """Whether a sentence may have ended: most of what comes only makes the last one longer."""
        if generation.finish is not None or len(generation.text) - self._done > _LONG:
            return True
        return _END.search(generation.text, self._done) is not None

    def take(self, generation: Generation) -> bool:
        """Check the newly completed sentences; True when there is more to show."""
        self._finish = generation.finish
        sentences, rest = complete_sentences(generation.text)
        self._done = len(generation.text) - len(rest)
        if generation.finish == "stop" and rest.strip():
            sentences.append(rest)  # the end of the answer completes its last sentence
        fresh, self._seen = sentences[self._seen :], len(sentences)
        before = len(self._kept)
        for sentence in fresh:
            self._judge(sentence)
        return len(self._kept) > before

    def finish(self) -> None:
        """Accept the whole, or raise Rejected when too little of it holds."""
        if self._question.lang == "en" and not self._kept:
            raise Rejected("check.nothing_supported")
        if not any("[" in sentence for sentence in self._kept):
            raise Rejected("check.no_citation")
        if self._finish == "length":
            self._kept.append(" " + t("answer.shortened", self._question.lang))

    def _judge(self, sentence: str) -> None:
        if not sentence.strip():
            return
        report = self._checker.check(
            sentence,
            self._passages,
            metrics=self._question.own.accepted,
            lang=self._question.lang,
            citations="required",
        )
        if report.supported and unsafe_advice(sentence, self._question.lang) is None:
            self._kept.append(sentence)
            return
        self._dropped += 1
        # One stray sentence may go; an answer that goes on making things up is not trimmed
        # into shape, it is given up at once.
        if self._dropped > max(1, len(self._kept) // 2):
            raise Rejected("check.unsupported")
