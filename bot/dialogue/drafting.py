"""A model's answer while it is written: what of it holds, sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.dialogue.question import Question
from bot.grounding.check import Checker, CitedPassage
from bot.grounding.marks import blank_marks
from bot.grounding.sentences import complete_sentences, parse_sentences
from bot.i18n import t
from bot.model import Generation, Hit
from bot.safety import unsafe_advice

__all__ = ["Draft", "Rejected"]

_END = re.compile(r"[.!?…。！？\n]")  # without one of these no sentence is complete
_MARKED_END = re.compile(r" (?=[.!?…。！？])")  # where a mark stood before the full stop
_LONG = 900  # characters; a little less than where a sentence without an end is cut


class Rejected(Exception):  # noqa: N818  # not a failure: the verdict that ends a model answer
    """The model's answer did not hold; ``key`` says how, for the record."""

    def __init__(self, key: str) -> None:
        """Keep the reason."""
        super().__init__(key)
        self.key = key


class _Lists:
    """Gives sentences quoted from a list of the passages their lines and bullets back.

    A model that chooses sentences, or quotes them one after the other, runs lists into prose.
    """

    def __init__(self, passages: Sequence[CitedPassage]) -> None:
        """Items by their sentences; True for the first one of an item."""
        self._items: dict[str, bool] = {}
        for passage in passages:
            line = -1
            for sentence in parse_sentences(passage.text):
                if sentence.item:
                    begins = passage.text.rfind("\n", 0, sentence.start)
                    self._items.setdefault(sentence.text, begins != line)
                    line = begins
        self._inside = False

    def shaped(self, piece: str) -> str:
        """The sentence with the space it stands behind; what is written as a list stays so."""
        body = piece.lstrip()
        gap = piece[: len(piece) - len(body)]
        first = self._items.get(_MARKED_END.sub("", " ".join(blank_marks(body).split())))
        inside, self._inside = self._inside, first is not None
        if first is None:
            return f"\n\n{body}" if inside and "\n" not in gap else piece
        if inside and not first:
            return piece
        before = gap if "\n" in gap and not inside else "\n"
        return f"{before}- {body}"


class Draft:
    """The model's answer as far as it has been checked: complete sentences that hold."""

    def __init__(self, checker: Checker, hits: Sequence[Hit], question: Question) -> None:
        """The hits are the numbered passages the model was shown, in order."""
        self._checker = checker
        self._passages = [
            CitedPassage(id=h.passage.id, text=h.passage.text, title=h.passage.title) for h in hits
        ]
        self._lists = _Lists(self._passages)
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
            self._kept.append(self._lists.shaped(sentence))
            return
        self._dropped += 1
        # One stray sentence may go; an answer that goes on making things up is not trimmed
        # into shape, it is given up at once.
        if self._dropped > max(1, len(self._kept) // 2):
            raise Rejected("check.unsupported")
