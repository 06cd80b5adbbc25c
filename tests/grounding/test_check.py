"""What the checker lets pass and what it stops, told with the answers a model might give."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.grounding.check import Checker, CitedPassage
from bot.grounding.sentences import split_sentences
from tests.grounding.conftest import METFORMIN, PRESSURE, SLEEP, ZH_PRESSURE, ZH_SLEEP

FAITHFUL = [
    "Adults aged 18 to 60 need at least 7 hours of sleep a night [1].",
    "If you are between 18 and 60, aim for seven hours of sleep or more each night [1].",
    "Adults aged 18 to 60 need at least 420 minutes of sleep each night [1].",
    "Too little sleep is associated with depression, diabetes and heart disease [1].",
    "Sleepy driving is dangerous because sleep loss slows reactions [1].",
    "Avoid big meals and alcohol before going to bed [1].",
    "For type 2 diabetes, metformin is usually the first medicine [2].",
    "Metformin reduces how much sugar your liver releases [2].",
    "Talk to your doctor before you stop taking metformin [2].",
    "Readings of 140/90 mmHg or above on several days mean hypertension [3].",
    "Adults should keep salt below 5000 mg a day [3].",
    "A fasting glucose of 7.0 mmol/L or more on two tests means diabetes [3].",
    "Older adults need 7 to 9 hours, and too little sleep is linked with diabetes [1].",
]
SPOILED = [
    ("Adults aged 18 to 60 need at least 9 hours of sleep a night [1].", "9 hours"),
    ("Adults aged 18 to 60 need at most 7 hours of sleep a night [1].", "limit"),
    ("Adults aged 18 to 60 need at least 7 minutes of sleep a night [1].", "7 minutes"),
    ("Adults aged 18 to 60 need at least 7 hours of sleep a week [1].", "a week"),
    ("Children need at least 7 hours of sleep a night [1].", "Children"),
    ("Too little sleep is linked with asthma, diabetes and depression [1].", "asthma"),
    ("Driving while sleepy is not dangerous, because sleep loss slows reactions [1].", "negation"),
    ("Driving while sleepy is safe, because sleep loss slows reactions [1].", "source says"),
    ("Eat large meals and alcohol before bedtime [1].", "negation"),
    ("Go to bed at the same time every day, because the liver stores toxins [1].", "liver"),
    ("Glipizide is usually the first medicine for type 2 diabetes [2].", "Glipizide"),
    ("Metformin is usually the first medicine for type 1 diabetes [2].", "type 1"),
    ("It raises the amount of sugar the liver releases [2].", "raises"),
    ("You can stop taking metformin without talking to your doctor [2].", "not"),
    ("Metformin also prevents cancer [2].", "cancer"),
    ("The most common side effects are nausea and hair loss [2].", "hair loss"),
    (
        "Readings are always 140/90 mmHg or higher on several days in high blood pressure [3].",
        "always",
    ),
    ("A fasting glucose of 126 mmol/L or higher on two tests means diabetes [3].", "126 mmol/L"),
    ("Adults should eat less than 5 g of sugar a day [3].", "sugar"),
    ("Eating less salt can lower blood pressure [1].", ""),
    ("Honey cures insomnia within a week [1].", ""),
]


@pytest.mark.parametrize("answer", FAITHFUL)
def test_a_faithful_answer_passes(
    answer: str, checker: Checker, english: list[CitedPassage]
) -> None:
    """Rewordings, conversions and merged sentences of the cited passage are supported."""
    report = checker.check(answer, english)
    assert report.supported, report.sentences[0].why


@pytest.mark.parametrize(("answer", "names"), SPOILED)
def test_a_spoiled_answer_is_stopped(
    answer: str, names: str, checker: Checker, english: list[CitedPassage]
) -> None:
    """Swapped figures, names and directions and inventions are stopped, and named."""
    check = checker.check(answer, english).sentences[0]
    assert not check.supported
    assert names in check.why


@pytest.mark.parametrize(
    ("answer", "supported"),
    [
        ("成人每天应睡七到八个小时[1]。", True),
        ("长期睡不够，得高血压和糖尿病的风险会上升[1]。", True),
        ("睡前半小时不要看手机[1]。", True),
        ("血压多次达到140/90或以上，就可以诊断高血压[2]。", True),
        ("成年人每天的盐不要超过5000毫克[2]。", True),
        ("成人每天应睡五到六个小时[1]。", False),
        ("成人每周应睡7～8小时[1]。", False),
        ("长期睡眠不足会降低高血压的风险[1]。", False),
        ("睡前30分钟要看手机[1]。", False),
        ("有肾病的人可以使用布洛芬[2]。", False),
        ("有肾病的人不建议使用阿司匹林[2]。", False),
        ("二甲双胍是1型糖尿病的首选药物[2]。", False),
        ("孕妇每天食盐摄入量不超过5克[2]。", False),
        ("成年人每天食盐摄入量不少于5克[2]。", False),
        ("二甲双胍还能根治糖尿病[2]。", False),
        ("如果担心，请咨询医生。", True),
    ],
)
def test_chinese_answers(
    answer: str, supported: bool, checker: Checker, chinese: list[CitedPassage]
) -> None:
    """The same holds in Chinese."""
    assert checker.check(answer, chinese).supported is supported


@pytest.mark.parametrize(
    "text",
    [
        "I'm an automated assistant, not a doctor.",
        "Please see a doctor if you are worried.",
        "How long have you slept badly?",
        "Hello!",
        "I hope this helps.",
        "Talk to your pharmacist if you are unsure.",
        "Here is what the reviewed pages say:",
        "我是自动健康助手，不是医生。",
        "您好！",
        "这种情况持续多久了？",
        "希望对您有帮助。",
        "---",
    ],
)
def test_sentences_without_a_claim_need_no_source(text: str, checker: Checker) -> None:
    """Greetings, questions, self-description and plain referrals pass without a source."""
    assert checker.check(text, []).supported


@pytest.mark.parametrize(
    "text",
    [
        "Ask your doctor for 500 mg of metformin.",
        "Call 555 right away.",
        "You do not need to see a doctor.",
        "I hope this cures your asthma.",
        "Sleep is good for the heart.",
        "您不需要看医生。",
    ],
)
def test_a_claim_without_a_source_is_stopped(text: str, checker: Checker) -> None:
    """A claim in polite clothes is still a claim."""
    report = checker.check(text, [])
    assert not report.supported
    assert report.sentences[0].why == "no source cited"


def test_wrong_citation_is_named(checker: Checker, english: list[CitedPassage]) -> None:
    """A mark that names no passage says which."""
    check = checker.check("Adults need at least 7 hours [4].", english).sentences[0]
    assert check.why == "cites [4], only 3 passages"


def test_marks_may_stand_once_in_a_paragraph(checker: Checker, english: list[CitedPassage]) -> None:
    """A sentence without a mark rests on the marks of its paragraph, and on nothing beyond."""
    answer = "Metformin is usually the first medicine for type 2 diabetes. It lowers sugar [2]."
    assert checker.check(answer, english).supported
    apart = "Metformin is usually the first medicine for type 2 diabetes.\n\nSleep matters [1]."
    assert not checker.check(apart, english).sentences[0].supported


def test_every_kind_of_mark_is_read(checker: Checker, english: list[CitedPassage]) -> None:
    """Positions, lists, spans, ids and full-width marks name passages; other brackets do not."""
    sentence = "Older adults need 7 to 9 hours"
    for mark in ("[1]", "[1, 2]", "[1-2]", "[sleep]", "[^sleep]", "【1】", "[1][3]"):
        assert checker.check(f"{sentence} {mark}.", english).supported, mark
    assert not checker.check(f"{sentence} [metformin].", english).supported
    assert not checker.check(f"{sentence} [^nowhere].", english).supported
    assert checker.check(f"{sentence} [sic] [1].", english).sentences[0].why != "no source cited"


def test_without_marks_all_passages_count_when_optional(
    checker: Checker, english: list[CitedPassage]
) -> None:
    """With optional citations an unmarked sentence may rest on any passage."""
    answer = "Older adults need 7 to 9 hours."
    assert checker.check(answer, english, citations="optional").supported
    assert not checker.check(answer, english).supported


def test_a_figure_said_twice_must_be_there_twice(checker: Checker) -> None:
    """A source figure put in the place of another one of the same sentence is found."""
    passage = [CitedPassage("p", "Keep total cholesterol below 200 mg/dL and LDL below 100 mg/dL.")]
    spoiled = "Keep total cholesterol below 200 mg/dL and LDL below 200 mg/dL [1]."
    assert not checker.check(spoiled, passage).supported
    assert checker.check(spoiled.replace("LDL below 200", "LDL below 100"), passage).supported


def test_a_sentence_full_of_figures_is_refused(checker: Checker) -> None:
    """A table squeezed into one sentence cannot be checked, so it is not shown."""
    table = " and ".join(f"{n} mg" for n in range(100, 150))
    check = checker.check(f"{table} [1]", [CitedPassage("p", table)]).sentences[0]
    assert check.why == "too many figures"


def test_own_figures_need_no_passage(checker: Checker, english: list[CitedPassage]) -> None:
    """Figures computed from the person's log are known; invented ones are not."""
    metrics = ["Sleep, last 7 days: average 6.4 hours, trend falling"]
    good = "Your average sleep over the last 7 days was 6.4 hours."
    assert checker.check(good, english, metrics=metrics).supported
    assert not checker.check(good.replace("6.4", "8.4"), english, metrics=metrics).supported
    both = "Your average of 6.4 hours of sleep is below the 7 hours adults aged 18 to 60 need [1]."
    assert checker.check(both, english, metrics=metrics).supported


def test_similarity_moves_only_the_doubtful(english: list[CitedPassage]) -> None:
    """An embedding similarity can tip a doubtful sentence, never excuse a wrong figure."""
    doubtful = "Sleepiness behind the wheel is dangerous since it slows reactions down [1]."
    wrong = "Adults aged 18 to 60 need at least 9 hours of sleep a night [1]."
    high = Checker(lambda _sentence, texts: [1.0] * len(texts))
    low = Checker(lambda _sentence, texts: [-1.0] * len(texts))
    assert not high.check(wrong, english).supported
    assert high.check(doubtful, english).supported
    assert not low.check(doubtful, english).supported


def test_an_empty_answer_is_trivially_supported(checker: Checker) -> None:
    """Nothing said, nothing to support."""
    assert checker.check("", []).supported


SENTENCES = [
    (passage, sentence)
    for passage in (SLEEP, METFORMIN, PRESSURE, ZH_SLEEP, ZH_PRESSURE)
    for sentence in split_sentences(passage)
]


@given(st.sampled_from(SENTENCES))
def test_a_verbatim_sentence_is_always_supported(case: tuple[str, str]) -> None:
    """Copying a sentence with its citation always passes."""
    passage, sentence = case
    assert Checker().check(f"{sentence} [1]", [CitedPassage("p", passage)]).supported


@given(st.sampled_from([s for s in SENTENCES if any(c.isdigit() for c in s[1])]), st.data())
def test_a_changed_figure_is_never_supported(case: tuple[str, str], data: st.DataObject) -> None:
    """A figure that the passage does not hold never passes."""
    passage, sentence = case
    if "2型" in sentence or "type 2" in sentence:
        return
    digits = [i for i, c in enumerate(sentence) if c.isdigit() and not sentence[i - 1].isdigit()]
    place = data.draw(st.sampled_from(digits))
    changed = sentence[:place] + "3" + sentence[place:]
    assert not Checker().check(f"{changed} [1]", [CitedPassage("p", passage)]).supported


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(max_size=200), st.lists(st.text(max_size=120), max_size=3))
def test_any_text_gets_a_verdict(answer: str, passages: list[str]) -> None:
    """Whatever is written, there is a report on exactly its sentences and no crash."""
    cited = [CitedPassage(str(i), text, text[:9]) for i, text in enumerate(passages)]
    report = Checker().check(answer, cited, metrics=passages[:1], citations="optional")
    assert [s.text for s in report.sentences] == split_sentences(answer)


@pytest.mark.parametrize(
    "piece", ["7 hours not ", "不要7小时，", "[1] a. ", "((((", "1/2 ", "he is not "]
)
def test_time_is_linear(piece: str, english: list[CitedPassage]) -> None:
    """100 kB of the nastiest text takes about ten times as long as 10 kB, and only seconds."""
    text = piece * (100_000 // len(piece.encode()))
    started = time.perf_counter()
    Checker().check(text, english, citations="optional")
    assert time.perf_counter() - started < 8.0


def test_is_fast_enough_to_run_on_every_answer(
    checker: Checker, english: list[CitedPassage]
) -> None:
    """120 words against six passages take well under 20 ms once warm (best of five)."""
    answer = " ".join(FAITHFUL[:10])
    passages = [*english, *(CitedPassage(p.id + "2", p.text) for p in english)]
    best = 1.0
    for number in range(6):
        started = time.perf_counter()
        checker.check(f"{answer} {number} hours [1].", passages)
        best = min(best, time.perf_counter() - started)
    assert best < 0.02
