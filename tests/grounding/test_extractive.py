"""The answer made of the pages' own sentences, asked for as people ask."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.grounding.candidates import trim_opener
from bot.grounding.check import Checker
from bot.grounding.extractive import ExtractiveAnswer, compose, passages_of
from bot.model import Hit, Passage, Source
from rag.types import Lang

HELP = "See a doctor if poor sleep keeps coming back. Get urgent help for chest pain at night."
NIGHT = (
    "Adults aged 18 to 60 need at least 7 hours of sleep a night. "
    "However, sleep need differs a little from person to person. "
    "This is normal and no reason to worry."
)
TIPS = (
    "A steady routine is the most useful first step for better sleep:\n"
    "- Go to bed and get up at the same time every day.\n"
    "- Keep the bedroom quiet, dark and cool.\n"
    "- Avoid large meals and alcohol before bedtime."
)
COFFEE = "Up to 400 mg of caffeine a day is not linked with harm for most healthy adults."


def hit(text: str, section: str, score: float = 0.9, lang: Lang = "en", doc: str = "sleep") -> Hit:
    """A found passage."""
    passage = Passage(
        id=f"{doc}#{section}",
        doc=doc,
        title="Sleep",
        section=section,
        text=text,
        lang=lang,
        url=f"https://example.org/{doc}",
        sources=(Source(organisation="CDC", title="Sleep", url="https://example.org"),),
        reviewed="2026-11-22",
    )
    return Hit(passage=passage, score=score)


PAGE = [
    hit(NIGHT, "How much sleep do adults need?"),
    hit(TIPS, "What can I do tonight to sleep better?", 0.8),
    hit(HELP, "When should I see a doctor about my sleep?", 0.7),
]


def ask(question: str, hits: list[Hit] | None = None, lang: Lang = "en") -> ExtractiveAnswer:
    """The answer to a question from the sleep page."""
    return compose(question, PAGE if hits is None else hits, lang=lang)


def test_answers_a_figure_question_with_the_figure_first() -> None:
    """Who asks how much is told how much, with the source behind it."""
    answer = ask("How many hours of sleep do I need?")
    assert answer.text.startswith(
        "Adults aged 18 to 60 need at least 7 hours of sleep a night. [1]"
    )
    first = answer.citations[0]
    assert (first.number, first.organisation, first.url) == (1, "CDC", "https://example.org/sleep")
    assert first.quote.startswith("Adults aged 18 to 60")


def test_a_list_keeps_its_lead_in() -> None:
    """Items are never shown without the sentence that introduces them."""
    text = ask("what can I do to sleep better tonight").text
    assert "first step for better sleep: [1]\n- Go to bed" in text


def test_a_worried_question_ends_with_when_to_get_help() -> None:
    """A symptom question closes with the page's own advice on seeing a doctor."""
    answer = ask("I can't sleep and I'm worried, how much sleep do I need?")
    assert answer.sentences[-1] == "See a doctor if poor sleep keeps coming back."


def test_no_sentence_hangs_in_the_air() -> None:
    """Openers are cut, and "This is normal" never stands without what it refers to."""
    answer = ask("does sleep need differ from person to person")
    assert "Sleep need differs a little" in answer.text
    assert "However" not in answer.text
    if "This is normal" in answer.text:
        assert answer.text.index("Sleep need") < answer.text.index("This is normal")


def test_nothing_found_is_an_empty_answer() -> None:
    """Without a passage there is nothing to quote."""
    assert ask("anything", []).text == ""
    assert ask("anything", [hit("", "Empty")]).citations == ()


def test_another_language_is_said_and_quoted() -> None:
    """A Chinese asker is told that the original is English, and sees it."""
    answer = ask("成年人要睡多久？", lang="zh")
    assert answer.text.startswith("这个问题目前只有英文的审核资料，以下是原文：\n\n")
    assert "7 hours" in answer.text
    assert Checker().check(answer.text, passages_of(answer, PAGE)).supported


def test_chinese_page_reads_as_chinese() -> None:
    """Chinese sentences follow each other without spaces, the mark after the full stop."""
    page = [
        hit(
            "成年人每天需要睡7～8小时。睡得太少会伤身体。\n- 睡前不喝酒。",
            "每天要睡几个小时？",
            lang="zh",
        ),
        hit("睡不好超过一个月应去医院就诊。", "什么时候要看医生？", 0.6, lang="zh"),
    ]
    answer = ask("每天要睡多久，睡不好怎么办", page, "zh")
    assert answer.text.startswith("成年人每天需要睡7～8小时。[1]")
    assert answer.text.endswith("睡不好超过一个月应去医院就诊。[2]")


def test_far_hits_and_other_languages_are_left_out() -> None:
    """A hit far below the best one, or in another language, is not mixed in."""
    hits = [PAGE[0], hit(COFFEE, "Coffee", 0.1, doc="coffee"), hit("睡觉。", "睡", 0.9, "zh", "zh")]
    answer = ask("how much sleep do I need", hits)
    assert "caffeine" not in answer.text
    assert "睡" not in answer.text


def test_repetition_is_left_out() -> None:
    """The same thing from two pages is said once."""
    twin = hit(
        "Adults aged 18 to 60 need at least 7 hours of sleep every night.", "Sleep", 0.85, doc="b"
    )
    answer = ask("how much sleep do adults need", [PAGE[0], twin])
    assert answer.text.count("18 to 60") == 1


def test_similarity_helps_to_choose() -> None:
    """An embedding similarity can bring up a sentence that shares no word with the question."""
    hits = [hit("Walking is for everyone. Bread contains wheat.", "Facts")]
    chosen = compose(
        "mood",
        hits,
        lang="en",
        max_sentences=1,
        similarity=lambda _q, texts: [1.0 if "wheat" in t else 0.0 for t in texts],
    )
    assert chosen.sentences == ("Bread contains wheat.",)


def test_brackets_in_a_page_are_never_quoted() -> None:
    """A sentence that itself holds a bracket could pass for a citation, so it is skipped."""
    answer = ask("sleep hours", [hit("Sleep 9 hours [7]. Adults need sleep of 7 hours.", "Sleep")])
    assert answer.sentences == ("Adults need sleep of 7 hours.",)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("However, sleep helps.", "Sleep helps."),
        ("But sleep helps.", "Sleep helps."),
        ("Therefore, rest.", "Rest."),
        ("此外，要多喝水。", "要多喝水。"),
        ("因此应就医。", "应就医。"),
        ("Still water is fine.", "Still water is fine."),
        ("Butter is fat.", "Butter is fat."),
        ("Also", "Also"),
    ],
)
def test_openers(text: str, wanted: str) -> None:
    """Only a connecting opener goes; words that merely look like one stay."""
    assert trim_opener(text) == wanted


WORDS = st.sampled_from(
    [
        "Sleep helps the heart.",
        "However, 7 hours are enough.",
        "This is normal.",
        "Signs are:",
        "\n- Rest well.",
        "\n- Never take 5 g of salt.",
        "See a doctor if it lasts 2 weeks.",
        "睡7小时。",
        "It hurts [3].",
        "\n",
        "他很累",
    ]
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.lists(WORDS, max_size=6), max_size=4), st.text(max_size=40))
def test_always_verbatim_and_always_supported(pages: list[list[str]], question: str) -> None:
    """Whatever the pages: each sentence is theirs, numbers run 1, 2, …, and the Checker agrees."""
    hits = [
        hit(" ".join(page), f"Section {i}?", 1 - i / 10, doc=f"d{i}")
        for i, page in enumerate(pages)
    ]
    answer = compose(question, hits, lang="en")
    source = "\n".join(h.passage.text for h in hits)
    for sentence in answer.sentences:
        assert sentence in source or sentence[1:] in source
    numbers = [int(n) for n in re.findall(r"\[(\d+)\]", answer.text)]
    assert sorted(set(numbers)) == [c.number for c in answer.citations]
    assert list(dict.fromkeys(numbers)) == [c.number for c in answer.citations]
    assert Checker().check(answer.text, passages_of(answer, hits)).supported


BMI = [
    hit("BMI等于体重（千克）除以身高（米）的平方。早上空腹测量更准。", "BMI怎么算？", 0.9, "zh"),
    hit(
        "中国成年人的BMI在18.5～23.9千克/平方米为正常。24～27.9为超重，28及以上为肥胖。"
        "世界卫生组织的标准是25及以上为超重，30及以上为肥胖。",
        "BMI多少算正常？",
        0.85,
        "zh",
    ),
]


def test_who_gives_a_value_is_told_all_limits_around_it() -> None:
    """超重 stands beside 正常, and the WHO line does not make the Chinese one redundant."""
    answer = ask("我身高170体重80公斤，算胖吗", BMI, "zh")
    normal, over = answer.text.index("18.5～23.9"), answer.text.index("24～27.9")
    assert normal < over
    assert "25及以上" in answer.text
    assert "早上空腹" not in answer.text


def test_a_line_that_needs_the_one_before_brings_it_along() -> None:
    """24～27.9为超重 alone says not of what."""
    answer = ask("多少算超重", BMI, "zh")
    assert "24～27.9" in answer.text
    assert "BMI在18.5" in answer.text


ENDING = Hit(
    passage=hit(HELP, "When should I see a doctor about my sleep?").passage,
    score=0.6,
    why={"ending": 1.0},
)


def test_how_the_page_ends_is_said_to_the_worried_only() -> None:
    """The page's last section says when to get help, though the search did not find it."""
    found = [*PAGE[:2], ENDING]
    worried = ask("I am so tired and can't sleep, should I be worried?", found)
    assert worried.text.rstrip(" []0123456789").endswith("coming back.")
    plain = ask("How much sleep do adults need?", found)
    assert "doctor" not in plain.text
    other = replace(ENDING, passage=replace(ENDING.passage, section="Further reading"))
    assert "doctor" not in ask("I am so tired, should I be worried?", [*PAGE[:2], other]).text


def test_a_plea_to_get_help_does_not_silence_the_answer() -> None:
    """Both name the same figures; the normal range is what was asked for."""
    found = [
        hit("成年人安静时的心率一般是每分钟60～100次。", "安静时心跳多少次？", 0.8, "zh"),
        hit(
            "安静时心率经常超过每分钟100次，或不是运动员却常低于60次，应去医院检查。",
            "心率异常什么情况要看医生？",
            0.82,
            "zh",
        ),
    ]
    answer = ask("静息心率55正常吗", found, "zh")
    assert answer.sentences[0].startswith("成年人安静时的心率")
    assert "应去医院检查" in answer.sentences[-1]


ULCERS = (
    "单个的口腔溃疡，多半是咬到、烫到，或者被尖牙、不合适的假牙磨破的。"
    "劳累、压力大、激素变化、家族体质和刚戒烟也会引起。"
    "有的人是缺铁、叶酸或B族维生素，有的是药物引起，比如某些消炎止痛药。医生开的药不要自己停。"
    "口腔溃疡不传染。嘴里好几处溃疡，手脚又起疹子，要想到手足口病。"
)
HEALING = (
    "多数口腔溃疡1～2周自己会好，没有一抹就好的办法。好之前少刺激它。疼得厉害，问药师要止疼的凝胶。"
)
GERM = "感染者中只有少数人会得胃癌，但根除能降低风险。药要吃满疗程，吃完再复查。"
TEST = "查幽门螺杆菌首选吹气，也可以查大便抗原。抽血查抗体不能说明现在有没有感染。"


def test_what_a_chinese_question_asks_besides_is_said() -> None:
    """The piece that the fitting sentences do not name: whether it comes from lack of vitamins."""
    hits = [
        hit(ULCERS, "为什么会长口腔溃疡？", 0.86, lang="zh"),
        hit(HEALING, "口腔溃疡怎样好得快？", 0.78, lang="zh"),
    ]
    found = compose("口腔溃疡老不好是缺维生素吗", hits, lang="zh")
    assert "缺铁、叶酸或B族维生素" in found.text


def test_a_chinese_sentence_need_not_repeat_its_heading() -> None:
    """The section that is asked for leads, although its sentences do not name the germ."""
    hits = [
        hit(GERM, "幽门螺杆菌阳性一定要治吗？", 0.78, lang="zh"),
        hit(TEST, "怎么查幽门螺杆菌？", 0.77, lang="zh"),
    ]
    found = compose("幽门螺杆菌阳性要治吗", hits, lang="zh")
    assert found.sentences[0].startswith("感染者中只有少数人会得胃癌")
