"""A value in a question: what is searched for, and the BMI of whoever asks whether they are fat."""

from __future__ import annotations

import pytest

from bot.dialogue.followup import with_readings
from bot.model import Lang
from tests.fakes.chat import Chat


@pytest.mark.parametrize(
    ("text", "lang", "wanted"),
    [
        ("血压142/88高不高", "zh", "血压多少算高血压"),
        ("血压85/50要紧吗", "zh", "血压多少算低血压"),
        ("is a blood pressure of 88/58 too low", "en", "what counts as low blood pressure"),
        ("空腹血糖6.5正常吗", "zh", "空腹血糖和餐后血糖的正常范围"),
        ("is a pulse of 55 ok", "en", "normal resting heart rate"),
    ],
)
def test_a_value_that_is_only_asked_about_is_searched_with_its_limits(
    text: str, lang: Lang, wanted: str
) -> None:
    """Nothing was logged, yet the limits are what is wanted."""
    query = with_readings(text, (), lang)
    assert query.startswith(f"{text} ")
    assert wanted in query


@pytest.mark.parametrize(
    "text", ["why is blood pressure taken on the left arm", "糖尿病60岁以后怎么办", "血糖高怎么办"]
)
def test_a_question_without_a_value_stays_as_it_is(text: str) -> None:
    """No limits are searched for where no value is told."""
    assert with_readings(text, (), "zh") == text


@pytest.mark.parametrize(
    ("log", "question", "bmi"),
    [
        ("我身高170厘米，体重80公斤", "我算胖吗？", "27.7"),
        ("weight 80 kg, height 170 cm", "am I overweight?", "27.7"),
    ],
)
async def test_who_asks_about_their_build_gets_their_bmi(log: str, question: str, bmi: str) -> None:
    """Computed from what was logged, not left to the reader."""
    chat = Chat()
    assert (await chat.say(log)).kind == "logged"
    reply = await chat.say(question)
    assert bmi in reply.text


async def test_fat_in_food_is_no_question_about_ones_build() -> None:
    """Nobody is told their BMI for asking about butter."""
    chat = Chat()
    await chat.say("weight 80 kg, height 170 cm")
    assert "27.7" not in (await chat.say("is saturated fat bad for me?")).text
