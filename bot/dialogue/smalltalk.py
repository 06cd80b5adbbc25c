"""Greetings and thanks, answered by fixed texts: no search, no model."""

from __future__ import annotations

import re

from bot.dialogue.turns import Heard, Said
from bot.dialogue.wording import say

_KINDS = {
    "smalltalk.hello": r"(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening)"
    r"|你好|您好|嗨|哈喽|早上好|晚上好)(?: (?:there|salus))?",
    "smalltalk.thanks": r"(?:thanks?(?: you)?(?: so much| a lot| very much)?|thx|ty|cheers"
    r"|ok(?:ay)?|great|cool|谢谢(?:你|您)?|多谢|感谢|好的|知道了|明白了)",
    "smalltalk.who": r"(?:who|what) are you"
    r"|are you (?:a )?(?:real|human|robot|bot|an ai|ai|doctor|a doctor)"
    r"|你是谁|你是什么|你是(?:真人|机器人|人工智能|医生)吗?",
    "smalltalk.bye": r"(?:bye|goodbye|good night|see you|再见|拜拜|晚安)",
}
_PATTERNS = {
    key: re.compile(rf"(?:{pattern})[\s!.。！~～?？]*\Z", re.IGNORECASE)
    for key, pattern in _KINDS.items()
}


def reply(heard: Heard) -> Said | None:
    """The fixed text for a message that is nothing but small talk; None otherwise."""
    for key, pattern in _PATTERNS.items():
        if pattern.match(heard.text):
            return say(key, heard)
    return None
