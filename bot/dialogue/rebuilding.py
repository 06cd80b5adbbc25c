"""Builds again the prompt that a recorded answer came from, for learning from it.

The same functions that filled the prompt then fill it now, from the same passages of the same
knowledge version. Where these are gone, or the prompt's texts have changed, there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bot.dialogue import context
from bot.model import ChatMessage, Hit, Passage
from bot.ports import Prompts
from bot.tuning.rated import Rated

_WHOLE = 1 << 30  # what is recorded is what fitted
PassagesOf = Callable[[str, Sequence[str]], Mapping[str, Passage]]  # version, ids


class Rebuilder:
    """A bot.tuning.rated.Rebuilding over the prompt files and the kept knowledge versions."""

    def __init__(self, prompts: Prompts, passages_of: PassagesOf) -> None:
        """``passages_of`` leaves out what a version does not have; it may block."""
        self._prompts = prompts
        self._of = passages_of

    def passages(self, lesson: Rated) -> list[Passage] | None:
        """What the model was shown, in order; None when any of it is gone."""
        found = self._of(lesson.knowledge_version, lesson.shown)
        if not lesson.shown or any(id_ not in found for id_ in lesson.shown):
            return None
        return [found[id_] for id_ in lesson.shown]

    def prompt(self, lesson: Rated) -> list[ChatMessage] | None:
        """The prompt, with the person's words as they may be learned from."""
        passages = self.passages(lesson)
        if passages is None or lesson.prompt_version not in {"", self._prompts.version}:
            return None
        filled = context.build(
            question=lesson.asked,
            hits=[Hit(passage=passage, score=1.0) for passage in passages],
            metrics=(),
            profile=lesson.about,
            history=lesson.earlier,
            budget=_WHOLE,
        )
        return self._prompts.build(**context.prompt_values(filled, lesson.lang))
