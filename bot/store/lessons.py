"""From a rated turn to a lesson: who said it is gone, and so is what only they could say.

Left out whole: turns that are no answer, and answers that used the person's own numbers (these
may have been measured or typed anywhere). Masked: names given as such, addresses, numbers long
enough to be somebody's. What a rule cannot recognise stays, which is why nobody's words come
here without their agreement.
"""

from __future__ import annotations

import re
from typing import Final

from bot.model import LEARNT, LearntPlatform, Lesson, Turn, Vote

LEARN: Final = "learn"  # the purpose that is agreed to with /learn
_PLATFORMS: Final[dict[str, LearntPlatform]] = {name: name for name in LEARNT}
# The commonest family names, most of the people of mainland China: "我叫" alone also calls a taxi.
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕"
    "丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严"
)
_NAME = r"[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+){0,2}"
_MASKS: Final = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "[email]"),
    (re.compile(r"(?:https?://|www\.)[^\s，。）)]+", re.IGNORECASE), "[link]"),
    (re.compile(r"(?<![\w/])@\w{3,}"), "[account]"),
    # seven digits or more, as one number or in groups: telephones, identity cards, files
    (re.compile(r"(?<![\d.])\+?\(?\d(?:[ ()-]{0,2}\d){6,}[Xx]?"), "[number]"),
    (re.compile(rf"\b((?i:my name is|i am called|i'm called|call me))\s+{_NAME}"), r"\1 [name]"),
    (re.compile(rf"(我叫|我的名字叫|我的名字是)[{_SURNAMES}][一-鿿]{{1,2}}(?=[，。,.、；;！!？?\s]|$)"),
     r"\1[name]"),
)  # fmt: skip


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


def masked(text: str) -> str:
    """The text with what names or reaches a person replaced."""
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text
