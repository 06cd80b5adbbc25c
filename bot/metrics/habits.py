"""Rules for steps, exercise, water and mood."""

from __future__ import annotations

import re
from typing import Final

from bot.metrics.numbers import NUM_HEAD, N, T
from bot.metrics.reading import (
    DURATION,
    EDGE,
    END,
    FOREIGN,
    GAP,
    NEAR,
    SEP,
    Reading,
    Rule,
    Scene,
    duration,
    rule,
    unit_of,
)

# --- steps -----------------------------------------------------------------------------------


def _steps(scene: Scene, match: re.Match[str]) -> Reading | None:
    value = scene.value(match, "v")
    told = "k" in match.groupdict()
    if value != int(value) or (not told and value < 50):
        return None
    return Reading(kind="steps", start=match.start(), end=match.end(), value=value, unit="steps")


_STEP_WORDS: Final = (
    rf"(?:{EDGE}(?:step\s*-?count|steps\s+(?:today|yesterday)|steps\s*[:=]"
    rf"|steps\s+(?:was|were|is|are)){END}|步数|{EDGE}steps(?=\s*(?:{T})?\s*[:=]?\s"
    rf"*{NUM_HEAD}))"
)

# --- exercise --------------------------------------------------------------------------------

_MOVE_EN: Final = (
    r"ran|run(?:ning|s)?|jog(?:ged|ging)?|walk(?:ed|ing|s)?|cycl"
    r"(?:ed|ing)|bik(?:ed|ing)|bike\s+ride|rode\s+(?:my|a|the)\s+bike"
    r"|swam|swim(?:ming)?"
    r"|hik(?:ed|e|ing)|row(?:ed|ing)|exercis(?:ed|e|ing)|work(?:ed)?\s*-?\s?"
    r"(?:ing\s+)?out|workouts?|yoga|pilates|cardio|hiit|gym|treadmill"
    r"|elliptical"
    r"|aerobics|zumba|danc(?:ed|ing)|tennis|badminton|basketball"
    r"|football|soccer|squash|volleyball|golf|weights|strength\s+training"
    r"|weight\s+training"
    r"|stretch(?:ed|ing)|crossfit|spin(?:ning)?(?:\s+class)?|climb"
    r"(?:ed|ing)|boxing|martial\s+arts|tai\s*-?chi|trained|training"
    r"|ski(?:ed|ing)|skat(?:ed|ing)|gardening|jump(?:ed)?\s+rope"
    r"|active\s+minutes"
)
_MOVE_ZH: Final = (
    r"跑步机|跑步|慢跑|晨跑|夜跑|长跑|跑了|走路|散步|快走|健走|暴走"
    r"|走了|走步|遛弯|遛狗|游泳|游了|骑车|骑行|骑自行车|骑了|单车"
    r"|瑜伽|健身操|健身|锻炼|运动|打球|打了?(?:篮球|羽毛球|乒乓球"
    r"|网球|排球|太极拳?)"
    r"|踢了?(?:足球|球)|篮球|羽毛球|乒乓球|网球|足球|跳绳|跳舞|跳操"
    r"|跳了|广场舞|太极拳?|爬山|登山|爬楼|徒步|有氧|力量训练|撸铁"
    r"|举铁|普拉提|椭圆机|划船机|训练|八段锦|拉伸|练了|操课|健步走"
)
_MOVE: Final = rf"(?:{EDGE}(?:{_MOVE_EN}){END}|{_MOVE_ZH})"
_IDLE: Final = re.compile(
    r"\b(?:before|after|every|until|since|late|drive|drove|job|meeting"
    r"|hours?\s+of\s+work|watch\w*|video|ago)\b|\bslept\b|睡|休息"
    r"|坐|看|等|后头|之后|开车|心率|血压"
)


def _exercise(scene: Scene, match: re.Match[str]) -> Reading | None:
    gap = match.groupdict().get("gap") or ""
    if _IDLE.search(gap):
        return None
    if re.search(r"^work|工作", match["k"]) and not re.search(r"out", match["k"]):
        return None
    value, unit = duration(scene, match)
    return Reading(kind="exercise", start=match.start(), end=match.end(), value=value, unit=unit)


def _active(scene: Scene, match: re.Match[str]) -> Reading | None:
    """Active minutes, as trackers count them."""
    value = scene.value(match, "mv")
    return Reading(kind="exercise", start=match.start(), end=match.end(), value=value, unit="min")


# --- water -----------------------------------------------------------------------------------

_WATER_UNITS: Final = {
    "ml|mls|millilit(?:er|re)s?|毫升|cc": "mL",
    "l|lit(?:er|re)s?|升|公升": "L",
    "cups?": "cup",
    "glass(?:es)?": "glass",
    "bottles?": "bottle",
    r"oz|(?:fl\.?|fluid)\s*oz|(?:fluid\s+)?ounces?|fl\.?\s*ounces?": "oz",
    "大?杯|大?玻璃杯|马克杯": "杯",
    "小?瓶|大瓶": "瓶",
}
_VOLUME: Final = (
    r"\s*-?\s*(?:(?:big|large|full|tall|small)\s+)?(?P<u>(?:mls?"
    r"|millilit(?:er|re)s?|cc|l|lit(?:er|re)s?|cups?|glass(?:es)?"
    rf"|bottles?|(?:fl\.?\s*|fluid\s+)?(?:oz|ounces?)){END}|毫升|公升"
    r"|升|大?玻璃杯|大?杯|小?瓶|大瓶)"
)
_WATER_EN: Final = (
    rf"\s*(?:of\s+)?(?:(?:plain|cold|warm|hot|tap|mineral|sparkling|lemon)\s+)?(?:water|h2o){END}"
)
_WATER_ZH: Final = r"\s*的?(?:[温热凉冷白开清淡纯矿泉净]{0,4}水)(?!果|饺|煮)"
_DRANK: Final = (
    rf"(?:{EDGE}(?:drank|drunk|drink|drinking|hydrat(?:ed|ion)|fluids?"
    rf"(?:\s+intake)?|water(?:\s+intake)?){END}|喝了?|饮水量?|饮了"
    r"|水量|补水|喝水)"
)
_OTHER_DRINK: Final = re.compile(
    r"\s*(?:of\s+)?(?:[a-z']{1,20}\s+){0,2}(?:wine|beers?|coffees?|tea|milk"
    r"|juice|whisk\w+|vodka|rum|sodas?|cola|coke|pepsi|broth|soup"
    r"|alcohol|sake|gin|cocktails?|smoothies?|shakes?|gatorade|lemonade"
    r"|kombucha|espresso|latte|prep)\b"
    r"|\s*的?(?:[红白啤黄米葡萄]{0,2}酒|咖啡|奶茶|[红绿花]?茶|牛?奶"
    r"|酸奶|可乐|饮料|豆浆|汤|粥|果汁|雪碧|啤|药|蜂蜜|中药|口服液"
    r"|五粮液|茅台|拿铁|美式|果茶)"
)
_DRUG: Final = re.compile(
    r"\b(?:syrup|medicine|medication|tylenol|ibuprofen|insulin|solution"
    r"|dose|cough|saline|blood|urine)\b|糖浆|药水|药液|胰岛素|注射"
    r"|输液|点滴|尿|吊"
)


_EXACT: Final = frozenset(
    {"ml", "mls", "l", "liter", "litre", "liters", "litres", "oz", "毫升", "升", "公升"}
)
_WATERY: Final = re.compile(r"水|water|h2o|hydrat|fluid|drank|喝了")


def _water(scene: Scene, match: re.Match[str]) -> Reading | None:
    groups = match.groupdict()
    tail = scene.text[match.end() : match.end() + 30]
    before = scene.text[max(0, match.start() - 20) : match.start()]
    if (
        _OTHER_DRINK.match(tail)
        or _DRUG.search(tail)
        or _DRUG.search(before + (groups.get("gap") or ""))
    ):
        return None
    if match["u"] not in _EXACT and not _WATERY.search(match[0]):
        return None  # "have a glass", 喝一杯: a drink, but which?
    if _OTHER_DRINK.search(groups.get("gap") or ""):
        return None
    return Reading(
        kind="water",
        start=match.start(),
        end=match.end(),
        value=scene.value(match, "v") if match["v"] else 0.5,
        unit=unit_of(match["u"], _WATER_UNITS),
    )


# --- mood ------------------------------------------------------------------------------------

_MOOD: Final = rf"(?:{EDGE}(?:mood|spirits?){END}|心情(?:指数|评分|打分)?|情绪(?:评分|指数)?)"
_FEEL: Final = (
    rf"(?:{EDGE}(?:feeling|feel|felt|i'?m\s+(?:at\s+)?an?|rate\s+my\s+(?:mood|day)|day\s+was){END})"
)
_OUT_OF: Final = rf"\s*(?:/|out\s+of|of)\s*(?P<of>{N})"
_NOT_MOOD: Final = re.compile(
    r"\b(?:pain|ache|headache|hurt\w*|anxi\w+|stress|energy|fatigue"
    r"|nausea|itch\w*|sore\w*|hunger|swing\w*|tired\w*)\b|痛|疼|焦虑"
    r"|压力|精力|疲劳"
)


def _mood(scene: Scene, match: re.Match[str]) -> Reading | None:
    groups = match.groupdict()
    window = scene.text[max(0, match.start() - 16) : match.end() + 10]
    if _NOT_MOOD.search(window):
        return None
    top = next((name for name in ("of", "of2") if groups.get(name)), "")
    scale = scene.value(match, top) if top else 10.0
    return Reading(
        kind="mood",
        start=match.start(),
        end=match.end(),
        value=scene.value(match, "v"),
        unit="/10",
        scale=scale,
    )


_BIG: Final = rf"(?P<v>{N})(?:\s*(?:多|余|来))?"

RULES: Final[tuple[Rule, ...]] = (
    rule(rf"(?P<k>{_STEP_WORDS}){SEP}{NEAR}{_BIG}{FOREIGN}步?", _steps),
    rule(
        (
            rf"(?<!第)(?<![-~]){_BIG}\s*-?(?:steps?{END}(?!\s*(?:program|process"
            r"|guide|plan|test|method))|步(?!骤|行))"
        ),
        _steps,
    ),
    rule(
        (
            rf"(?P<k>{_MOVE})(?P<gap>[^\n.!?;。！？；，{NUM_HEAD}]{{0,30}}?"
            rf"(?:{N}\s*(?:km|k|miles?|公里|千米|km|米|圈|laps?)[^\n.!?;。！？；{NUM_HEAD}"
            rf"]{{0,10}}?)?){DURATION}(?!\s*(?:ago|before|later|前|后))"
        ),
        _exercise,
    ),
    rule(
        (
            rf"{DURATION}\s*(?P<gap>(?:(?:of|on|at|in|session|doing|brisk"
            r"|easy|light|hard|long|slow|the|a|my|spent|good|morning|evening"
            rf"|outdoor|indoor|hot|power|gentle|moderate|intense)\s+|的){{0,4}})"
            rf"(?P<k>{_MOVE})"
        ),
        _exercise,
    ),
    rule(rf"(?P<mv>{N})\s+active\s+min(?:ute)?s{END}", _active),
    rule(rf"(?P<v>{N}){_VOLUME}{_WATER_EN}", _water),
    rule(rf"(?P<v>{N}){_VOLUME}{_WATER_ZH}", _water),
    rule(rf"(?P<k>{_DRANK}){SEP}(?P<gap>{GAP})(?P<v>{N}){_VOLUME}", _water),
    rule(
        (
            rf"(?P<k>{_MOOD}){SEP}{GAP}(?P<v>{N})(?:{_OUT_OF}|\s*分(?!钟|之)"
            rf"(?:[(（]?满分(?P<of2>{N})分?[)）]?)?|{FOREIGN}(?!\s*/))"
        ),
        _mood,
    ),
    rule(rf"心情[^\n。！？；{NUM_HEAD}]{{0,8}}?(?P<v>{N})(?:{_OUT_OF}|分(?!钟|之))", _mood),
    rule(rf"(?P<k>{_FEEL}){NEAR}(?P<v>{N}){_OUT_OF}", _mood),
)
