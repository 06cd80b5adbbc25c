"""Ordinary health questions must be answered, not met with an emergency text.

The retrieval questions were written by others to test search. The few that a nurse would also
treat as an emergency are listed with the reason; those rated urgent are answered, with a notice.
The likeness model is fitted on the harmless ones, so this guards against regressions only. On
questions it has not seen (five folds) it still raises about 9 % in English, 6 % in Chinese.
"""

from __future__ import annotations

import json
from functools import cache

import pytest

from bot.model import TriageResult
from bot.safety import Triage, replies
from bot.safety.triage import rules_alone
from bot.settings import ROOT

EMERGENCIES = {
    "zh-high-blood-pressure-3": "systolic 190, sudden, with severe headache",
    "en-low-blood-sugar-3": "on insulin and could not be woken properly",
    "en-urinary-infection-3": "urine infection and new confusion at 85: possible sepsis",
    "en-childrens-fever-2": "eight weeks old and hot",
    "en-childrens-fever-3": "a seizure with fever; whether it was the first is not said",
    "zh-childrens-fever-1": "two months old with 38 degrees",
    "en-allergy-hayfever-2": "face swells after prawns: possible anaphylaxis",
    "zh-allergy-hayfever-3": "rash and swollen lips after seafood: possible anaphylaxis",
    "zh-pregnancy-basics-3": "bleeding with belly pain in pregnancy",
    "en-older-adults-falls-3": "head injury on a blood thinner",
    "en-first-aid-3": "a deep cut that does not stop bleeding",
    "zh-first-aid-3": "a cut that keeps bleeding",
    "zh-dizziness-2": "sudden dizziness and veering to one side: possible stroke",
}
URGENT = {
    "en-sleep-apnoea-2": "wakes gasping: heart failure must be told from sleep apnoea",
    "en-low-blood-pressure-3": "fainted this morning, low reading",
    "en-diabetes-type2-2": "thirst and much urine: sugar must be measured today",
    "zh-diabetes-type2-2": "thirst, much urine and weight loss",
    "en-low-blood-sugar-1": "3.4 mmol/L with symptoms",
    "zh-low-blood-sugar-1": "3.5 mmol/L with symptoms",
    "en-palpitations-2": "sudden spells of 150 at rest",
    "en-oxygen-saturation-1": "oxygen of 92 %",
    "en-asthma-2": "the reliever no longer helps and is used every few hours",
    "zh-asthma-1": "cannot get air whenever the season changes",
    "zh-asthma-2": "tight chest with noisy breath at night",
    "zh-stress-3": "chest tightness and headache",
    "en-diarrhoea-vomiting-2": "keeps no water down",
    "en-pregnancy-basics-3": "spotting in pregnancy",
    "zh-older-adults-falls-3": "an old person fell and cannot stand: possible hip fracture",
    "en-first-aid-1": "boiling water on an arm",
    "zh-first-aid-1": "boiling water on a hand",
    "en-mouth-teeth-2": "a tooth knocked out: a dentist within the hour",
    "zh-mouth-teeth-2": "a wisdom tooth with half the face swollen",
    "zh-periods-2": "a pad soaked through in an hour",
    "zh-stomach-pylori-3": "burning pain at the pit of the stomach, which may be the heart",
}


@cache
def verdicts() -> dict[str, TriageResult]:
    """Every retrieval and off-topic question by id, judged as the app does it."""
    triage = Triage.load()
    found: dict[str, TriageResult] = {}
    for name in ("questions_a", "questions_b", "questions_c", "offtopic"):
        file = ROOT / "tests" / "retrieval" / f"{name}.jsonl"
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found[row["id"]] = triage.assess(row["text"], lang=row["lang"])
    return found


def test_only_reviewed_questions_are_emergencies() -> None:
    """Of more than five hundred questions only the reviewed ones stop at the emergency text."""
    found = {name for name, verdict in verdicts().items() if verdict.level == "emergency"}
    assert len(verdicts()) >= 500
    assert found == set(EMERGENCIES)


def test_no_question_is_taken_for_a_crisis() -> None:
    """No ordinary question gets the text for a crisis of the mind."""
    assert [name for name, verdict in verdicts().items() if verdict.crisis] == []


def test_only_reviewed_questions_are_urgent() -> None:
    """A notice to be seen today goes above the answers of the reviewed questions only."""
    found = {name for name, verdict in verdicts().items() if verdict.level == "urgent"}
    assert found == set(URGENT)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_look_alikes_and_their_dangers(triage: Triage, lang: str) -> None:
    """Everyday troubles pass, and the emergencies that use the same words do not."""
    file = ROOT / "tests" / "safety" / f"vignettes_ordinary.{lang}.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    wrong = [
        row["text"]
        for row in rows
        if (triage.assess(row["text"]).level in {"emergency", "urgent"}) != row["trigger"]
    ]
    assert min(sum(row["trigger"] for row in rows), len(rows) - 40) >= 40
    assert wrong == []


@pytest.mark.parametrize(
    ("mild", "grave"),
    [
        (
            "my husband snores and stops breathing for a few seconds every night",
            "my husband snores and stops breathing for a few seconds, his lips are blue",
        ),
        ("antacids for weeks, i wake choking on acid", "choking on bread, i wake choking on acid"),
        ("胃酸老反流，嗓子有异物感", "吃鱼的时候卡了鱼刺，嗓子有异物感"),
        ("便秘四天了肚子胀", "便秘四天没排便肚子胀，一直吐"),
        ("腰疼，从屁股到小腿发麻", "腰疼，屁股和会阴发麻，小便没感觉"),
        ("my aunt had a heart attack at 61", "my aunt, 61, is having a heart attack"),
        ("每到换季就咳嗽气喘", "换季气喘，现在嘴唇发紫"),
        ("停经两年了突然又见红", "怀孕38周见红了"),
        ("上厕所擦出血了，鲜红的，不疼", "拉了一马桶鲜血，头晕"),
        ("hives since last night, itchy", "hives since last night and my tongue is swelling"),
        ("am i slowly killing myself with crisps", "i am killing myself tonight"),
        ("quitting smoking, i could strangle everyone", "i want to strangle my wife"),
    ],
)
def test_rules_tell_the_mild_from_the_grave(mild: str, grave: str) -> None:
    """The same word is read by what stands beside it, without help from the likeness model."""
    assert rules_alone(mild).level not in {"emergency", "urgent"}
    assert rules_alone(grave).level == "emergency"


def test_a_tight_chest_counts_once(triage: Triage) -> None:
    """胸闷 alone is urgent; with short breath or on effort, again and again, an emergency."""
    assert triage.assess("我有点胸闷").level == "urgent"
    assert triage.assess("胸闷气短").level == "emergency"
    assert triage.assess("爬楼就胸闷，歇会儿就好，这周好几次了").level == "emergency"


def test_two_signs_of_today_are_not_taken_down(triage: Triage) -> None:
    """A reassuring beginning does not take down a faint with palpitations of today."""
    text = "doctor said my heart is fine but i have palpitations and fainted today"
    assert triage.assess(text).level == "emergency"


@pytest.mark.parametrize(
    "text",
    [
        "i've been feeling down and can't get out of bed",
        "I feel empty inside",
        "I feel like a failure",
        "I wake up with dread every morning",
    ],
)
def test_low_mood_is_not_answered_with_an_ambulance(text: str) -> None:
    """What only sounds like an emergency gets the word on where help is, and an answer."""
    found = Triage.load().assess(text)
    assert (found.level, found.category, found.crisis) == ("urgent", "low_mood", False)
    said = replies.urgent_text(found, "en", "GB")
    assert "can be treated" in said
    assert "999" in said


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("my back hurts so much I can't get out of bed", "soon"),
        ("腰疼得下不了床", "soon"),
        ("感冒在床上躺了两天", "selfcare"),
        ("my back hurts, I can't get out of bed and I can't pee", "emergency"),
        ("I want to sleep and not wake up", "emergency"),
        ("i feel down, dizzy and my chest is tight", "emergency"),
    ],
)
def test_staying_in_bed_is_read_by_its_reason(text: str, level: str) -> None:
    """A cold or a strained back is no emergency; a danger sign beside it still is."""
    found = Triage.load().assess(text)
    assert found.level == level
    assert found.category != "low_mood"
