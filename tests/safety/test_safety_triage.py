"""Triage as people use it: symptoms, denials, stories, third persons, numbers, profiles."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import MetricKind, Observation
from bot.safety import Triage, from_json, is_about_other
from bot.safety.data import LEVELS
from bot.safety.triage import more_serious


def seen(kind: MetricKind, value: float, unit: str, value2: float | None = None) -> Observation:
    """A stored observation."""
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return Observation(kind=kind, value=value, unit=unit, at=at, text="", value2=value2)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("no chest pain but short of breath", "urgent"),
        ("没有胸痛，但喘不上气", "emergency"),
        ("no chest pain, shortness of breath or dizziness", "none"),
        ("没有胸痛、气短和头晕", "none"),
        ("denies chest pain, palpitations, shortness of breath", "none"),
        ("chest pain: no", "none"),
        ("胸痛倒没有", "none"),
        ("I have never had pain like this in my chest, it is crushing", "emergency"),
        ("haven't thought of suicide", "none"),
        ("I don't want to live", "emergency"),
        ("No fever. My chest hurts and I am sweating.", "emergency"),
    ],
)
def test_denials(triage: Triage, text: str, level: str) -> None:
    """What is denied does not count; what follows a "but" does."""
    assert triage.assess(text).level == level


@pytest.mark.parametrize(
    "text",
    [
        "I had crushing chest pain in 2015",
        "my father died of a stroke",
        "去年胸痛过",
        "I used to have seizures as a child",
        "in the movie he has crushing chest pain",
        "小说里主角中毒了",
        "what are the signs of a stroke?",
        "心梗有什么症状？",
        "how to prevent an overdose",
        "this deadline is killing me",
        "I died laughing",
        "笑死我了",
        "heart attack of a price",
        "If someone faints, what should I do?",
    ],
)
def test_past_stories_questions_and_idioms_do_not_trigger(triage: Triage, text: str) -> None:
    """Resolved, fictional, general and figurative mentions raise no alarm."""
    assert triage.assess(text).level not in ("urgent", "emergency")


@pytest.mark.parametrize(
    "text",
    [
        "is chest pain with sweating serious?",
        "胸痛出汗要紧吗",
        "I had a stroke in 2019 and today my left arm is weak again",
        "What are the signs of a stroke? My mum's face is drooping",
        "My wife says it is nothing but I have crushing chest pain and I'm sweating",
        "家里人都说没事，可我胸口压着疼还出冷汗",
        "I was watching a movie and now I can't breathe",
        "chset pain and swaeting",
        "I cant breeathe",
        "I'm suicdal",
        "s u i c i d a l",
        "my chest is sooo tiiight and I'm sweeeating",
        "I cant breatheeee",
        "I want to k1ll myself",
        "胸悶、喘不過氣",
        "chest pain\nand sweating",
    ],
)
def test_present_danger_triggers_however_it_is_phrased(triage: Triage, text: str) -> None:
    """Own questions, minimising families, typos, old script and line ends do not hide danger."""
    assert triage.assess(text).level == "emergency"


def test_a_method_raises_and_never_lowers(triage: Triage) -> None:
    """With a stated method or plan the wish to die stays a crisis of the highest level."""
    for text in ("I want to die", "I want to die, I have a rope and a plan for tonight"):
        assert (triage.assess(text).level, triage.assess(text).crisis) == ("emergency", True)
    assert triage.assess("I want to die, I have a rope").rule == "suicide.plan"
    assert triage.assess("I took 40 paracetamol because I want to die").rule == "suicide.attempt"


def test_somebody_else_is_sick(triage: Triage) -> None:
    """The rule id says when the danger is somebody else's, and a told opinion is not a patient."""
    assert is_about_other(triage.assess("my dad has crushing chest pain and is sweating"))
    assert is_about_other(triage.assess("我妈突然嘴歪了"))
    own = triage.assess("my wife says it is nothing but I have crushing chest pain")
    assert own.level == "emergency"
    assert not is_about_other(own)
    friend = triage.assess("my friend says he wants to die")
    assert friend.crisis
    assert is_about_other(friend)


def test_result_carries_rule_version_and_reason(triage: Triage) -> None:
    """A reviewer can trace every verdict."""
    result = triage.assess("vomiting blood")
    assert (result.category, result.rule) == ("bleeding", "bleeding.vomit_blood")
    assert result.why
    assert result.version == triage.version
    assert triage.assess("hello").version == triage.version


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("my sugar is 32 mmol", "emergency"),
        ("spo2 85", "emergency"),
        ("血氧85", "emergency"),
        ("发烧40度, 宝宝2个月", "emergency"),
        ("bp 200/120 with headache and blurred vision", "emergency"),
        ("blood pressure 190/100", "urgent"),
        ("BP 70/palp, HR 140, RR 32, SpO2 88%", "emergency"),
        ("bp 118/76", "none"),
        ("glucose 95 mg/dl", "none"),
        ("血糖2.5", "emergency"),
        ("temp 104.4", "urgent"),
        ("my run: heart rate 170 during intervals", "none"),
        ("heart rate 35 and dizzy", "emergency"),
        ("his breathing is 34 times a minute", "urgent"),
        ("高压185", "urgent"),
    ],
)
def test_values_in_text(triage: Triage, text: str, level: str) -> None:
    """Numbers inside a message are read with their units."""
    assert triage.assess(text).level == level


@pytest.mark.parametrize(
    ("observation", "text", "level"),
    [
        (seen("blood_pressure", 185, "mm[Hg]", 95), "", "urgent"),
        (seen("blood_pressure", 185, "mm[Hg]", 125), "bad headache", "emergency"),
        (seen("spo2", 88, "%"), "logged", "emergency"),
        (seen("spo2", 92, "%"), "", "urgent"),
        (seen("glucose", 2.8, "mmol/L"), "", "emergency"),
        (seen("glucose", 50, "mg/dL"), "", "emergency"),
        (seen("glucose", 17, "mmol/L"), "", "urgent"),
        (seen("glucose", 17, "mmol/L"), "I keep vomiting", "emergency"),
        (seen("temperature", 40.2, "Cel"), "", "urgent"),
        (seen("temperature", 104.4, "[degF]"), "", "urgent"),
        (seen("temperature", 34.2, "Cel"), "", "urgent"),
        (seen("heart_rate", 36, "/min"), "", "urgent"),
        (seen("weight", 70, "kg"), "", "none"),
    ],
)
def test_observations(triage: Triage, observation: Observation, text: str, level: str) -> None:
    """Stored values alone, or with symptoms, decide."""
    assert triage.assess(text, observations=[observation]).level == level


def test_metrics_by_kind(triage: Triage) -> None:
    """A plain table of values works like observations."""
    assert triage.assess("", metrics={"spo2": 86}).level == "emergency"
    assert triage.assess("", metrics={"systolic": 190, "diastolic": 100}).level == "urgent"
    assert triage.assess("hi", metrics={"heart_rate": 70}).level == "none"


def test_profile_completes_rules(triage: Triage) -> None:
    """Age, pregnancy and known conditions count for the person, not for a third one."""
    assert triage.assess("chest pain", profile={"age": "30"}).level == "urgent"
    assert triage.assess("chest pain", profile={"age": "66"}).level == "emergency"
    headache = "bad headache and seeing spots"
    assert triage.assess(headache, profile={"pregnant": "yes"}).category == "pregnancy"
    vomiting = triage.assess(
        "I keep vomiting and I'm so thirsty", profile={"conditions": "diabetes"}
    )
    assert vomiting.category == "diabetes"
    assert triage.assess("my neighbour has chest pain", profile={"age": "66"}).level == "urgent"


def test_history_completes_but_never_starts(triage: Triage) -> None:
    """Earlier messages complete a picture; alone they raise nothing again."""
    earlier = ["my chest hurts"]
    assert triage.assess("now I'm sweating a lot", history=earlier).level == "emergency"
    assert triage.assess("thanks, bye", history=earlier).level == "none"


def test_symptom_levels(triage: Triage) -> None:
    """Everyday symptoms are self-care, lasting changes soon, plain questions none."""
    assert triage.assess("I have a cold").level == "selfcare"
    assert triage.assess("我有点头痛").level == "selfcare"
    assert triage.assess("I found a lump in my breast").level == "soon"
    assert triage.assess("How do I sleep better?").level == "none"
    assert triage.assess("").level == "none"


def test_from_json_is_tolerant(triage: Triage) -> None:
    """Numbers, booleans, lists and units of a JSON line are understood; rubbish is left out."""
    line = {
        "id": "1",
        "text": "I keep vomiting",
        "lang": "en",
        "profile": {"age": 34, "pregnant": True, "conditions": ["diabetes", "asthma"], "x": None},
        "metrics": {"glucose": 320, "unit": "mg/dL"},
        "history": ["so thirsty", {"text": "peeing a lot"}, 7],
    }
    given_ = from_json(line)
    assert given_["profile"] == {"age": "34", "pregnant": "True", "conditions": "diabetes, asthma"}
    assert given_["metrics"]["glucose"] == pytest.approx(17.76, abs=0.01)
    assert triage.assess(**given_).level == "emergency"
    assert from_json({}) == {
        "text": "",
        "lang": None,
        "profile": None,
        "metrics": {},
        "history": [],
    }
    rows = [
        {"kind": "blood_pressure", "value": "190/125", "unit": "mmHg"},
        {"kind": "bp", "value": 200, "value2": 130},
        {"kind": "spo2", "value": None},
        {"kind": "temperature", "value": True},
        "rubbish",
    ]
    assert from_json({"text": 5, "metrics": rows})["metrics"] == {"systolic": 200, "diastolic": 130}
    nested = {
        "metrics": {"temperature": {"value": 104, "unit": "F"}, "bp": {"value": 1, "value2": 2}}
    }
    assert from_json(nested)["metrics"] == {"temperature": 40.0, "systolic": 1, "diastolic": 2}
    assert from_json({"metrics": 3, "history": "x", "lang": "fr"})["metrics"] == {}


def test_more_serious() -> None:
    """Two levels compare by danger."""
    assert more_serious("soon", "urgent") == "urgent"
    assert more_serious("emergency", "none") == "emergency"


ALPHABET = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="胸痛不没有我死了想 ，。0123456789/.abcdehinoprst\u200b\n", max_size=300),
)


@given(ALPHABET)
@settings(max_examples=150, deadline=None)
def test_any_text_gets_the_same_verdict_twice(triage: Triage, text: str) -> None:
    """No text crashes the rules and the verdict is deterministic."""
    first = triage.assess(text)
    assert first.level in LEVELS
    assert triage.assess(text) == first


DANGERS = [
    "I have crushing chest pain and I am sweating",
    "my face is drooping and my speech is slurred",
    "I want to kill myself",
    "胸口压着疼还出冷汗",
    "我不想活了",
    "宝宝2个月，发烧39度",
]


@given(st.sampled_from(DANGERS), st.data())
@settings(max_examples=120, deadline=None)
def test_disguise_does_not_lower_the_level(triage: Triage, text: str, data: st.DataObject) -> None:
    """Case, doubled spaces and invisible characters leave an emergency an emergency."""
    spots = data.draw(st.lists(st.integers(0, len(text)), max_size=6))
    hidden = data.draw(st.sampled_from(["\u200b", "\u2060", "\U000e0041", "\ufeff"]))
    for spot in sorted(spots, reverse=True):
        text = text[:spot] + hidden + text[spot:]
    text = text.replace(" ", data.draw(st.sampled_from([" ", "  ", " \t"])))
    text = data.draw(st.sampled_from([str.upper, str.lower, str.title]))(text)
    assert triage.assess(f"  {text} \n").level == "emergency"


def test_long_texts_stay_bounded_and_are_read_to_the_end(triage: Triage) -> None:
    """Hundred thousand characters are read in bounded time, and danger at either end is seen."""
    filler = "I walked to the park and had a sandwich. " * 700
    assert triage.assess(filler + "I want to kill myself").crisis
    assert triage.assess("我不想活了。" + "今天天气很好。" * 4_000).crisis
    assert triage.assess("a" * 100_000).level == "none"
    assert triage.assess("took " * 20_000).level == "none"
    assert triage.assess("pain " * 60_000).level in LEVELS
