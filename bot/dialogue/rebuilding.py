"""Builds again the prompt that a recorded answer came from, for learning from it.

The same functions that filled the prompt then fill it now, from the same passages of the same
knowledge version. Where these are gone, or the prompt's texts have changed, there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bot.dialogue import context
from bot.grounding.choosing import reading
from bot.model import ChatMessage, Hit, Passage
from bot.ports import Prompts
from bot.tuning.rated import Rated

_WHOLE = 1 << 30  # what is recorded is what fitted
PassagesOf = Callable[[str, Sequence[str]], Mapping[str, Passage]]  # version, ids


class Rebuilder:
    """A bot.tuning.rated.Rebuilding over the prompt files and the kept knowledge versions."""

    def __init__(
        self, prompts: Prompts, passages_of: PassagesOf, *, brief: Prompts | None = None
    ) -> None:
        """``passages_of`` leaves out what a version does not have; it may block. ``brief``: the
        prompt of a model that reads little, whose answers came from a few sentences."""
        self._prompts = prompts
        self._brief = brief
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
        if passages is None:
            return None
        hits = [Hit(passage=passage, score=1.0) for passage in passages]
        if self._brief is not None and lesson.prompt_version == self._brief.version:
            return _read(self._brief, lesson, hits)
        if lesson.prompt_version not in {"", self._prompts.version}:
            return None
        filled = context.build(
            question=lesson.asked,
            hits=hits,
            metrics=(),
            profile=lesson.about,
            history=lesson.earlier,
            budget=_WHOLE,
        )
        return self._prompts.build(**context.prompt_values(filled, lesson.lang))


def _read(prompts: Prompts, lesson: Rated, hits: Sequence[Hit]) -> list[ChatMessage] | None:
    """The few sentences that were read; None where not all that was said is among them.

    Which sentences these are depends on the question's words, and some may be masked by now.
    """
    filled = context.brief(question=lesson.asked, hits=hits)
    prompt = prompts.build(**context.prompt_values(filled, lesson.lang))
    read = reading(*(message.content for message in prompt))
    if lesson.path == "model":
        rest = lesson.written
        for choice in read.choices if read else ():
            rest = rest.replace(choice.cited, "", 1)
        if rest.strip():
            return None
    return prompt
