"""Sentences that claim nothing about health and so need no source.

Greetings, what Salus is, questions back to the person, "here is what I found" and the advice
to see a professional. A referral is only exempt from *having* a source: when it follows one
and twists it, the comparisons still apply.
"""

from __future__ import annotations

import re

from bot.grounding.claims import Claims
from bot.grounding.lexicon import MEDICINE

__all__ = ["is_claimless", "is_referral"]

_GREETING = re.compile(
    r"\W*(?:hi|hello|hey|thanks|thank you|you(?:'re| are) welcome|good (?:morning|afternoon"
    r"|evening|question)|great question"
    r"|i(?:'m| am) (?:sorry|glad|happy|here)|sorry to hear|that sounds|take care|i hope (?:this"
    r"|that|you)|i understand|i hear you"
    r"|feel free|let me know|please let me know|you(?:'re| are) not alone|well done"
    r"|你好|您好|谢谢|感谢|不客气|很抱歉|抱歉|好的|希望|祝|保重|请放心|我理解|我明白|听到您"
    r"|听到你|辛苦了|别客气|早上好|晚上好|如需|如果您?还有(?:其他|别的)?(?:问题|疑问))",
    re.IGNORECASE,
)
_SELF = re.compile(
    r"\b(?:i(?:'m| am) (?:an? |not an? |just an? )?(?:automated|ai|assistant|bot|computer"
    r"|program|doctor|clinician|health|salus)"
    r"|i (?:cannot|can't|can not|don't|do not|could not|couldn't|am not able to) (?:diagnose"
    r"|prescribe|examine|replace|know|find|see|give)"
    r"|(?:this|it|that) (?:is|does) (?:general|not) (?:information|a diagnosis|medical advice"
    r"|replace|a substitute)"
    r"|general (?:health )?information|based on (?:the |reviewed |these "
    r"|my )?(?:reviewed )?(?:sources|passages|pages|information)"
    r"|here(?:'s| is| are) (?:what|some|the|a few)|(?:cover|have) this only in (?:english|chinese)"
    r"|according to (?:the )?(?:sources?"
    r"|passages?) (?:below|above|here))"
    r"|我(?:只|仅|不)?是(?:一个|一名|一款)?(?:自动|人工智能|AI|健康助手|机器人|程序|医生)"
    r"|我(?:不能|无法|没法|没有)(?:诊断|开药|代替|替代|判断|找到|查到|给出)"
    r"|(?:不能|无法|不可)(?:代替|替代)(?:医生|专业|面诊|就医)|仅供参考|不构成(?:医疗|诊疗)"
    r"|以下(?:是|内容|信息|几点|资料)|根据(?:经过审核的|已审核的|以上|以下|这些|现有"
    r"|审核过的)?(?:资料|来源|页面|内容)[，,：:]?\Z",
    re.IGNORECASE,
)
_REFERRAL = re.compile(
    r"\b(?:see|visit|talk (?:to|with)|speak (?:to|with)|contact|consult|ask|call|check with"
    r"|tell|seek|get|go to|phone|ring)\b"
    r"(?:\s\w+){0,5}?\s(?:doctor|gp|physician|pharmacist|nurse|clinician|midwife|professional"
    r"|provider|specialist|dentist|medical help|medical advice"
    r"|medical attention|medical care|emergency|urgent care|emergency services|ambulance"
    r"|hospital|help)\b"
    r"|\bcall (?:911|999|112|000|120|your local emergency)"
    r"|(?:请|应|要|建议|最好|尽快|及时|立即|马上|可以|需要|务必|不妨)?(?:去|到|向|找|联系|咨询"
    r"|问|看|拨打|告诉|前往)?(?:您的|你的|当地)?(?:医生|医院|药师|专业人员|急诊|就医|就诊|看病"
    r"|120|急救电话|医务人员|专业人士|门诊)",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"[?？][\s\"”’)）]*\Z")
_ASKS = re.compile(
    r"\b(?:do|did|does|are|is|have|has|can|could|would|how|what|when|where|which|who)\b"
    r"|[吗呢么多几哪]",
    re.IGNORECASE,
)
_MUCH = 3.0  # more content weight than this is a claim, whatever it starts with


def is_claimless(claims: Claims) -> bool:
    """True when the sentence states nothing that a source would have to carry."""
    text = claims.text.strip()
    if claims.quantities or any(slot.axis == MEDICINE for slot in claims.slots):
        return bool(_QUESTION.search(text)) and _asks(text)
    if text.endswith((":", "：")) and not claims.negations and _light(claims):
        return True  # a heading or lead-in: what follows is checked
    if not claims.items or (_QUESTION.search(text) and _asks(text)):
        return True
    return bool(_GREETING.match(text) and _light(claims)) or bool(
        _SELF.search(text) and _light(claims, 9.0)
    )


def _asks(text: str) -> bool:
    return bool(_ASKS.search(text))


def _light(claims: Claims, most: float = _MUCH) -> bool:
    named = [slot for slot in claims.slots if slot.axis in {"condition", "effect", "safe"}]
    return claims.weight <= most and not named


def is_referral(claims: Claims) -> bool:
    """Plain advice to see somebody: without a figure, a medicine or a "not"."""
    if claims.quantities or claims.negations:
        return False
    if any(slot.axis in {MEDICINE, "effect"} for slot in claims.slots):
        return False
    return bool(_REFERRAL.search(claims.text)) and claims.weight <= 9.0
