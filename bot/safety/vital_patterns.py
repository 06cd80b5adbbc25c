"""The expressions that find measured values in normalised text, English and Chinese.

They only locate numbers; units, plausibility and meaning are decided in vitals.py.
"""

from __future__ import annotations

import re

# words that may stand between the name of a vital sign and its number
_BETWEEN = (
    r"(?:\s|:|=|：|,|~|are|of|is|was|at|about|around|reading|reads|level|now|only|just|down|to|has"
    r"|been|hit|dropped|went|up|shows?|says?|score|显示|掉|降|跌|量|测|每分钟|是|为|到|一直|总|在|大概"
    r"|只有|才|高达|有|都){0,6}"
)

BP = re.compile(
    r"(?<![\d./])(\d{2,3})\s*(?:/|／|over|比|低压)\s*(\d{2,3}|p(?:alp(?:able)?)?\b)(?![\d/])"
)
BP_WORD = re.compile(
    r"(?:\bbp\b|blood ?pressure|systolic|血压|高压|收缩压)"
    r"(?:\s|:|：|of|is|was|at|in the|到|是|为|都|高达|升到|飙到|有){0,5}(\d{2,3})(?![\d.])"
)
DIASTOLIC_WORD = re.compile(
    r"(?:diastolic|低压|舒张压)(?:\s|of|is|was|是|到|为|都|:|：){0,4}(\d{2,3})"
)
HEART = re.compile(
    r"(?:\bhr\b|heart ?rate|heart beat(?:ing)?|\bpulse\b|\bbpm\b|\bp(?= ?\d{2,3}\b)"
    rf"|\brate (?=of \d)|心率|心跳|脉搏){_BETWEEN}(\d{{2,3}})(?![\d%./])"
)
HEART_AFTER = re.compile(r"(?<![\d.])(\d{2,3})\s*(?:bpm|beats)")
RESP = re.compile(
    r"(?:\brr\b|respirat(?:ory|ion) ?rate|respirations|breathing rate|呼吸(?:频率|次数)?)"
    rf"{_BETWEEN}(\d{{1,2}})(?![\d%])"
)
RESP_AFTER = re.compile(
    r"(?:breath\w*|呼吸)[^.。]{0,14}?(\d{2})\s*(?:times|breaths)\s*(?:a|per|/)\s*min"
    r"|呼吸[^。]{0,6}?(\d{2})次"
)
SPO2 = re.compile(
    r"(?:\bsp ?o2\b|\bsa ?o2\b|\bo2\b(?: ?sats?)?|\bsats?\b|saturation|oximeter|pulse ?ox"
    r"|(?:blood )?oxygen(?: saturation)?(?: level)?|血氧(?:仪|饱和度)?(?:显示)?)"
    rf"{_BETWEEN}(\d{{2,3}})\s*(?:%|percent)?(?![\d.]*\s*(?:l\b|liter|litre))"
)
TEMP = re.compile(
    r"(?:\btemp(?:erature)?\b|thermometer|体温计|\bfever(?:ish)?\b|\bt(?=[: ]?\d)|体温|发烧|发热"
    rf"|高烧|烧到|烧)(?:了|都|有|已经)?{_BETWEEN}(\d{{2,3}}(?:\.\d{{1,2}})?)(?![\d/])"
)
TEMP_AFTER = re.compile(
    r"(?<![\d.])(\d{2,3}(?:\.\d)?)\s*(?:°|º|˚|degrees?|deg\b|度(?!近视|角|以上的?天)|℃|℉)\s*(c|f)?"
    r"|(?<![\d.])(\d{2,3}\.\d)\s*(?:c|f)?\s+(?:fever|temp)"
    r"|(?<![\d.])((?:3[4-9]|4[0-3])\.\d|(?:9[5-9]|10[0-8])\.\d)\s*[cf]\b"
    r"|(?<![\d.])(\d{2,3}(?:\.\d)?)\s+fever"
)
TEMP_BARE = re.compile(
    r"(?:has|had|is|at|got|showed|量|测|到|的宝宝|孩子|烧)\s?(3[7-9]\.\d|4[0-2]\.\d)"
    r"(?!\s*(?:kg|kilo|mmol|cm|%|公斤|斤|厘米|毫))"
)
TEMP_TALK = re.compile(
    r"fever|baby|newborn|infant|month old|week old|child|宝宝|孩子|烧|体温|婴儿|娃"
)
# a decimal that only a body temperature has, in a text that talks of fever or measuring
TEMP_BARE = re.compile(
    r"(?<![\d.])((?:3[5-9]|4[0-2])\.\d)(?!\d)(?!\s*(?:%|kg|kilo|cm|mm|km|mi|lb|mmol|weeks?|wks?"
    r"|in\b|inch|euro|usd|公斤|千克|斤|厘米|公里|周|元|块|码))"
)
TEMP_TALK = re.compile(
    r"fever|temp|thermomet|calpol|febrile|feverish|\bhot\b|chemo|baby|weeks? old|newborn|infant"
    r"|toddler|shiver|chills|transplant|months? old|armpit|under the arm|forehead|rectal|ear\b"
    r"|冷颤|哆嗦|寒战|移植|免疫|甲氨蝶呤"
    r"|烧|热|体温|肛温|耳温|腋温|额温|量|度|宝宝|化疗|退烧|新生儿|婴儿|娃"
)
# weather, ovens and saunas: their degrees are nobody's temperature
HOT_PLACE = re.compile(
    r"outside|outdoors|weather|forecast|sauna|oven|the water|pool|room|office|in the shade|sunny"
    r"|heat ?wave|bake|roast|steam room|室外|外面|户外|天气|气温|桑拿|汗蒸|烤箱|水温|室温|泡脚"
    r"|空调|温泉|预报|最高温|热水|外头"
)
BODY_TALK = re.compile(
    r"fever|\btemp(?:erature)? (?:is|was|of|at|read)|thermomet|体温|发烧|发热|高烧"
    r"|肛温|耳温|腋温|额温|烧到|烧了"
    r"|\b(?:he|she|baby|i) (?:is|am|has)? ?(?:a )?(?:burning|feverish)"
)
GLUCOSE = re.compile(
    r"(?:glucose|blood sugars?|\bsugars?\b|\bbgl?\b|\bbm\b|glucometer|\bmeter\b|血糖)"
    rf"(?: level)?s?{_BETWEEN}(\d{{1,4}}(?:\.\d)?)(?![\d%/])\s*(mmol|mg|毫摩尔|毫克)?"
)
GLUCOSE_UNIT = re.compile(r"(?<![\d.])(\d{1,4}(?:\.\d)?)\s*(mmol|mg ?/? ?dl)")
SUGAR_TALK = re.compile(
    r"sugar|glucose|diabet|insulin|\bcgm\b|libre|dexcom|finger ?prick|hypo"
    r"|指血|血糖|糖尿病|胰岛素|\bbg"
)
PAIN = re.compile(
    r"(?<![\d/])(?:pain[a-z ]{0,20})?(10|20|[0-9])\+?\s*(?:/\s*10\+?|out of (?:10|ten))(?![\d/])"
    r"|疼痛(?:评分)?(10|[0-9])分"
)
WEEKS = re.compile(
    r"(\d{1,2})\s*(?:-| )?(?:weeks?|wks?)[ -](?:pregnant|gestation|along)"
    r"|孕\s*(\d{1,2})\s*周|怀孕\s*(\d{1,2})\s*周"
)

UNIT_MONTHS = (
    (re.compile(r"year|yr|y/?o|yo|岁|周岁"), 12.0),
    (re.compile(r"month|mo|个多?月|月龄|月大"), 1.0),
    (re.compile(r"week|wk|周|星期"), 12 / 52),
    (re.compile(r"day|天|日龄"), 12 / 365),
)
AGE = re.compile(
    r"(?<![\d.])(\d{1,3})[ -]*(years?|yrs?|months?|mos?|weeks?|wks?|days?)[ -]*"
    r"(?:of age|olf?d?\b|baby|infant|newborn|boy\b|girl\b|male|female|son\b|daughter)"
    r"|(?<![\d.])(\d{1,3})\s?(y/?o|yo)\b"
    r"|(?<![\d.])(\d{1,3})\s*(周?岁)"
)
_CHILD = r"(?:宝宝|婴儿|孩子|儿子|女儿|娃|新生儿|小孩|小宝)"
_ZH_COUNT = r"(\d{1,3}|[一二两三四五六七八九十]+)"
AGE_BABY = re.compile(
    rf"{_CHILD}(?:才|刚|刚刚|出生|生下来|现在|有|是|已经|第)*(\d{{1,3}})\s*(天)"
    r"|(?:baby|newborn|infant|son|daughter|child|wee man|little man|little one"
    r"|little girl|little boy|twins?|bub|princess|bubs|preemie|nephew|niece|grandson"
    r"|granddaughter)[^.;!?]{0,16}?(?<![\d.])(\d{1,2})\s*"
    r"((?:weeks?|months?)(?= old|,|\.|$| and| with| ago| is| has)|days? (?:old|ago))"
    rf"|{_CHILD}[^。.;；!?]{{0,16}}?(?<![\d.]){_ZH_COUNT}\s*"
    r"(个多?月|月龄|月大|周大|天大|天(?=[^。]{0,8}[烧热]))"
    rf"|(?<![\d.]){_ZH_COUNT}\s*(个多?月|月龄|月大|周|天)大?(?:的|左右的)?{_CHILD}"
)
ADULT_AGE = re.compile(
    r"(?:\b(?:im|i am|am|age|aged|she is|he is|shes|hes|hes like)[ :]"
    r"|\b(?:mum|mom|mother|dad|father|wife|husband|gran\w*)(?: is)? ?[(]?)(\d{1,3})\b"
    r"(?!\s*(?:weeks?|wks|months|days|mmol|mg|kg|lb|%|st\b|cm|/))"
)
