"""How text becomes index terms: English words with light plural and verb endings cut,
Chinese characters and bigrams, and numbers kept together with their unit.

Pure functions.
"""

from __future__ import annotations

import re
import unicodedata

from rag.types import Lang

_CJK = re.compile(r"[\u3400-\u9fff]")
_CJK_RUN = re.compile(r"[\u3400-\u9fff]+")
# A reading such as 140/90, 7.5, 5'10 or b12 stays one term; so do hyphen-free words.
_LATIN = re.compile(r"\d+(?:[./]\d+)+|[a-zµμ]+\d+[a-z0-9]*|\d+[a-z]+|\d+|[a-zµμà-ÿ]+(?:'[a-z]+)?")

STOP_EN = frozenset(
    """a about after again all also am an and any anyone anybody are aren't as ask at be because
    been before being both but by can can't could couldn't did didn't do does doesn't doing
    don't each else even ever few for from further get gets getting give go going gonna got had
    hadn't has hasn't have haven't having he hello her here hers hey hi him his honestly how i
    i'd i'll i'm i've if im in into is isn't it it's its ive just know lately let like likely
    lol lot lots made make makes many may maybe me mean might mine more most much must my myself
    need no nor not now of off ok okay on only or other our out over own please pls possible
    probably quite rather really same say see seem seems she should so some someone something
    still such sure take tell than thank thanks that that's the their them then there these they
    thing things think this those though to too u until up us use used using very want wanna was
    wasn't way we well were weren't what what's when where which while who why will with won't
    would wouldn't yes yet you you're your""".split()
)  # fmt: skip
STOP_ZH = frozenset(
    """的 了 吗 呢 啊 吧 呀 哦 嘛 么 我 你 他 她 它 我们 你们 他们 是 在 有 和
    与 及 或 也 都 就 还 又 很 太 最 更 这 那 这个 那个 这些 那些 这样 那样
    一个 一下 一些 一点 什么 怎么 怎样 如何 为什么 怎么办 哪些 哪个 哪里 哪 多少
    几 请问 请 您好 你好 谢谢 帮忙 医生 大夫 专家 想问 问一下 知道 觉得 感觉 老是
    总是 一直 最近 现在 时候 可以 能 能够 会 要 应该 需要 是不是 有没有 可不可以
    能不能 要不要 该 该不该 不 没 没有 不是 把 被 给 对 对于 从 到 得 地 着 过
    上 下 里 个 之 其 而 但 但是 因为 所以 如果 然后 以及 并且 于 以 为 等 跟
    比 让 使 由 向 就是 还是 或者 可能 吃 喝 做 有点 到底 究竟 会不会 进行 情况
    问题 方法""".split()
)  # fmt: skip

# Characters that ask or link but name nothing; as single-character terms they only add noise.
STOP_CHARS = STOP_ZH | frozenset("怎办么什为如何哪请问谁样些种点时候因所以知道觉总直现在")

_IRREGULAR = {
    "feet": "foot", "teeth": "tooth", "children": "child", "kids": "child", "kid": "child",
    "women": "woman", "men": "man", "slept": "sleep", "ate": "eat", "eaten": "eat",
    "fell": "fall", "fallen": "fall", "felt": "feel", "woke": "wake", "drank": "drink",
    "drunk": "drink", "ran": "run", "running": "run", "lungs": "lung", "diabetes": "diabetes",
    "diabetic": "diabetes", "diabetics": "diabetes", "asthmatic": "asthma", "apnea": "apnoea",
    "anemia": "anaemia", "anemic": "anaemia", "anaemic": "anaemia", "diarrhea": "diarrhoea",
    "fiber": "fibre", "hemorrhage": "haemorrhage", "hemoglobin": "haemoglobin",
    "pediatric": "paediatric", "estrogen": "oestrogen", "edema": "oedema", "tumor": "tumour",
    "esophagus": "oesophagus", "gynecology": "gynaecology", "leukemia": "leukaemia",
    "hyperglycemia": "hyperglycaemia", "hypoglycemia": "hypoglycaemia", "hypos": "hypo",
    "nauseous": "nausea", "allergic": "allergy", "allergies": "allergy",
    "constipated": "constipation", "dehydrated": "dehydration", "depressed": "depression",
    "anxious": "anxiety",
    "pregnant": "pregnancy", "dizzy": "dizziness", "lonely": "loneliness", "tired": "tiredness",
    "grieving": "grief", "stressed": "stress", "vaccinated": "vaccine", "vaccination": "vaccine",
    "vaccinations": "vaccine", "breathless": "breathlessness", "feverish": "fever",
}  # fmt: skip


def normalise(text: str) -> str:
    """NFKC (full-width digits and letters become plain), lower case, straight apostrophes."""
    return unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'").lower()


def detect_lang(text: str) -> Lang:
    """``zh`` when at least a fifth of the letters are Han characters, else ``en``."""
    han = len(_CJK.findall(text))
    letters = sum(ch.isalpha() for ch in text)
    return "zh" if han and han * 5 >= letters else "en"


def stem(word: str) -> str:
    """Cut the commonest English endings so that walk, walks, walking and walked meet.

    Deliberately lighter than Porter: medical words ending in -osis, -itis, -ss or -us are kept.
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    word = word.removesuffix("'s").replace("'", "")
    if len(word) < 4 or not word.isascii() or word.endswith(("ss", "us", "sis", "tis")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    if word.endswith("s"):
        return _IRREGULAR.get(word[:-1], word[:-1])
    return _verb(word)


def _verb(word: str) -> str:
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root == word or len(root) < 3 or not re.search(r"[aeiouy]", root):
            continue
        if root[-1] == root[-2] and root[-1] not in "lsz":
            return root[:-1]
        return root
    return word.removesuffix("e") if len(word) > 4 else word


def words_en(text: str) -> list[str]:
    """The English words and numbers of normalised text, in order, stop words left out."""
    return [w for w in _LATIN.findall(text) if w not in STOP_EN and (len(w) > 1 or w.isdigit())]


def bigrams_zh(text: str) -> list[str]:
    """Every pair of neighbouring Han characters, pairs of two stop characters left out."""
    found: list[str] = []
    for run in _CJK_RUN.findall(text):
        found += [run[i : i + 2] for i in range(len(run) - 1)]
    return [pair for pair in found if not all(ch in STOP_ZH for ch in pair) and pair not in STOP_ZH]


def terms(text: str) -> list[str]:
    """All index terms of a text in either language, with repetitions.

    Chinese text gives single characters and bigrams. The characters carry the most recall:
    they meet however a question is worded. Longer words, cut by a segmenter, added nothing.
    """
    text = normalise(text)
    found = [stem(w) for w in words_en(text)]
    if _CJK.search(text):
        found += bigrams_zh(text)
        found += [ch for ch in _CJK.findall(text) if ch not in STOP_CHARS]
    return found
