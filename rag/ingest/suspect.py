"""Spots text that speaks to a machine instead of a reader, for the reviewer to judge.

Nothing in a document is ever obeyed; these are hints, so text is flagged and never dropped.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MOST = 5  # findings shown per document; one is enough to look

# Name of the rule; words of which one must occur (a cheap look before the pattern); pattern.
_TABLE = (
    (
        "override",
        "ignore disregard forget override bypass follow",
        r"""\b(?:ignore|disregard|forget|override|bypass|do\ not\ follow|stop\ following)\b
        [^.!?\n]{0,40}\b(?:previous|prior|above|earlier|preceding|all|any|your|other|these|those
        |system)\b[^.!?\n]{0,30}\b(?:instructions?|prompts?|rules?|directions?|guidelines?
        |safeguards?|guardrails?|messages?|programming|training)\b""",
    ),
    (
        "role",
        "you pretend act mode jailbreak",
        r"""\byou\ are\ now\ (?:an?|the|in|dan|free|unrestricted|called|named)\b
        |\bfrom\ now\ on,?\ you\b|\bpretend\ (?:to\ be|that\ you\ are)\b
        |\bact\ as\ (?:if\ you|an?\ (?:ai|assistant|unrestricted|different))\b
        |\benter\ (?:developer|dan|god)\ mode\b|\bjailbreak\b""",
    ),
    (
        "prompt",
        "prompt instruction",
        r"""\b(?:system|hidden|initial|developer)\ (?:prompt|instructions?)\b
        |\b(?:reveal|print|repeat|output|show)\ (?:me\ )?your\ (?:system\ |hidden\ )?
        (?:prompt|instructions)\b|\bnew\ instructions?\s*:""",
    ),
    (
        "machine",
        "ai llm model bot",
        r"""\b(?:as|if\ you\ are|dear|attention|note\ to|instructions?\ (?:for|to))
        \ (?:an?\ |the\ |any\ |all\ )?(?:ai|llms?|(?:large\ )?language\ models?|chat\ ?bots?
        |ai\ (?:models?|assistants?|systems?|agents?))\b""",
    ),
    (
        "secrecy",
        "user reader person",
        r"""\b(?:do\ not|don't|never)\ (?:tell|inform|mention\ (?:this|it)\ to|alert|warn|show)
        \ (?:this\ to\ )?the\ (?:user|person\ asking|reader)\b""",
    ),
    (
        "answer",
        "ask answer respond reply flag user",
        r"""\b(?:when|if|whenever)\ (?:asked|answering|you\ answer|(?:the\ user|someone)\ asks)\b
        [^.!?\n]{0,60}\b(?:always|only|must|reply|respond|say|answer|recommend)\b
        |\b(?:respond|reply|answer)\ (?:only\ )?with\ (?:exactly\ )?["'“]
        |\bignore\ (?:the\ |any\ |all\ )?red\ flags?\b
        |\b(?:tell|instruct|advise)\ the\ user\b""",
    ),
    (
        "markup",
        "<| inst] <<sys system assistant instruction",
        r"""<\|(?:im_start|im_end|system|user|assistant|endoftext)[^>]{0,20}\|?>|\[/?INST\]
        |<<SYS>>|^\#{2,3}\s*(?:system|assistant|instruction)\s*:|^\s*(?:system|assistant)\s*:\s+\S
        """,
    ),
    (
        "override",
        "忽略 无视 忘记 忘掉 理会 绕过 推翻 取消",
        r"""(?:忽略|无视|忘记|忘掉|不要理会|不用理会|绕过|推翻|取消)[^。！？\n]{0,12}
        (?:以上|上述|上面|之前|先前|前面|此前|所有|全部|一切|任何|你的|系统)[^。！？\n]{0,10}
        (?:指令|指示|提示|提示词|规则|要求|设定|命令|限制|约束)""",
    ),
    (
        "role",
        "你 越狱",
        r"""从现在(?:开始|起)[，,]?你|你现在(?:是(?:一个|一名|一位|DAN)|扮演)|请你?扮演|假装你是
        |进入(?:开发者|越狱)模式|越狱""",
    ),
    (
        "prompt",
        "提示 指令 设定",
        r"""系统提示词?|系统指令|隐藏指令|新的?指令[:：]
        |(?:输出|泄露|显示|重复)你的(?:提示词?|指令|设定)""",
    ),
    (
        "machine",
        "ai 人工智能 模型 机器人",
        r"""作为(?:一个|一名)?(?:AI|人工智能|语言模型|大模型|聊天机器人)
        |致(?:AI|人工智能|大模型|语言模型)|请(?:AI|大模型|机器人)(?:助手)?""",
    ),
    (
        "secrecy",
        "用户 提问者 读者",
        r"(?:不要|不得|禁止|切勿|千万别)(?:告诉|告知|透露给|提醒)(?:用户|提问者|读者)",
    ),
    (
        "answer",
        "回答 回复 推荐 说 用户 忽略",
        r"""(?:当|如果|只要)(?:用户|有人|被)[^。！？\n]{0,20}(?:一律|必须|总是|只能)
        (?:回答|回复|推荐|说)|告诉用户|忽略(?:危险信号|警示信号|红旗征)""",
    ),
)
_RULES = [
    (rule, tuple(words.split()), re.compile(pattern, re.IGNORECASE | re.MULTILINE | re.VERBOSE))
    for rule, words, pattern in _TABLE
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A piece of text that reads like an instruction; ``quote`` is at most 160 characters."""

    rule: str
    quote: str


def suspicions(text: str) -> tuple[Suspicion, ...]:
    """The pieces of cleaned text that read like instructions to a machine, at most ``MOST``."""
    plain = unicodedata.normalize("NFKC", text)
    low = plain.lower()
    found: list[Suspicion] = []
    for rule, words, pattern in _RULES:
        if not any(word in low for word in words):
            continue
        match = pattern.search(plain)
        if match is not None:
            start, end = max(0, match.start() - 30), min(len(plain), match.end() + 60)
            quote = " ".join(plain[start:end].split())[:160]
            found.append(Suspicion(rule=rule, quote=quote))
    return tuple(found[:MOST])
