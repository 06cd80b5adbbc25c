"""From a rated turn to a lesson: who said it is gone, and so is what only they could say.

Left out whole: turns that are no answer, and answers that used the person's own numbers (these
may have been measured or typed anywhere). Masked: names given as such, addresses, numbers long
enough to be somebody's. What a rule cannot recognise stays, which is why nobody's words come
here without their agreement.
"""

from __future__ import annotations

from typing import Final

from bot.model import LEARNT, LearntPlatform, Lesson, Turn, Vote
from bot.tuning.deidentify import masked

__all__ = ["LEARN", "lesson", "masked"]

LEARN: Final = "learn"  # the purpose that is agreed to with /learn
_PLATFORMS: Final[dict[str, LearntPlatform]] = {name: name for name in LEARNT}


def lesson(turn: Turn, vote: Vote) -> Lesson | None:
    """The turn as a lesson, or None when it is none. ValueError off the platforms of LEARNT."""
    platform = _PLATFORMS.get(turn.place.platform)
    if platform is None:
        raise ValueError(f"nothing said on {turn.place.platform!r} may be learned from")
    if turn.kind != "answer" or turn.metric_summary:
        return None
    return Lesson(
        platform=platform,
        lang=turn.lang,
        asked=masked(turn.asked),
        answered=masked(turn.answered),
        vote=vote,
        path=turn.path,
        passages=turn.passages,
        model=turn.model,
        adapter=turn.adapter,
        prompt_version=turn.prompt_version,
        knowledge_version=turn.knowledge_version,
    )
