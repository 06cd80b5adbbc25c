"""Passages in both languages that the grounding tests speak about."""

from __future__ import annotations

import pytest

from bot.grounding.check import Checker, CitedPassage

SLEEP = (
    "Adults aged 18 to 60 need at least 7 hours of sleep a night. Older adults need 7 to 9 hours. "
    "Too little sleep is linked with heart disease, diabetes and depression. "
    "Driving while sleepy is dangerous, because sleep loss slows reactions.\n"
    "A steady routine helps most:\n"
    "- Go to bed at the same time every day.\n"
    "- Avoid large meals and alcohol before bedtime."
)
METFORMIN = (
    "Metformin is usually the first medicine for type 2 diabetes. It lowers the amount of sugar "
    "the liver releases. The most common side effects are nausea and diarrhoea. "
    "Do not stop taking metformin without talking to your doctor."
)
PRESSURE = (
    "A normal blood pressure is below 120/80 mmHg. High blood pressure is diagnosed when readings "
    "are 140/90 mmHg or higher on several days. Eating less salt can lower blood pressure. "
    "Adults should eat less than 5 g of salt a day. A fasting glucose of 126 mg/dL (7.0 mmol/L) "
    "or higher on two tests means diabetes."
)
ZH_SLEEP = (
    "成年人每天需要睡7～8小时。长期睡眠不足会增加高血压和糖尿病的风险。睡前30分钟不要看手机。"
)
ZH_PRESSURE = (
    "多次测量达到140/90毫米汞柱及以上，可诊断为高血压。成年人每天食盐摄入量不超过5克。"
    "有肾病的人不建议使用布洛芬。二甲双胍是2型糖尿病的首选药物。"
)


@pytest.fixture
def english() -> list[CitedPassage]:
    """Three English passages: sleep, metformin, blood pressure."""
    return [
        CitedPassage("sleep", SLEEP, "Sleep – How much sleep do adults need?"),
        CitedPassage("metformin", METFORMIN, "Metformin"),
        CitedPassage("pressure", PRESSURE, "Blood pressure"),
    ]


@pytest.fixture
def chinese() -> list[CitedPassage]:
    """Two Chinese passages: sleep, blood pressure."""
    return [
        CitedPassage("sleep", ZH_SLEEP, "成年人每天要睡多久"),
        CitedPassage("pressure", ZH_PRESSURE, "高血压"),
    ]


@pytest.fixture(scope="session")
def checker() -> Checker:
    """A checker without embeddings."""
    return Checker()
