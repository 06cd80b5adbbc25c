"""Decides whether a value that was found is a log of the speaker at all.

A wrong figure in a diary is worse than a missing one, so questions about values in general,
goals, advice, habits, conditions, denials and other people's values are turned away here.
The words are looked at around the value, inside its own sentence and clause.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.metrics.reading import Reading

_SENTENCE_END: Final = re.compile(r"(?<![ap]\.m)(?<!\bdr)(?<!\bvs)[.!?](?=[\s\"')]|$)|[。！？；;\n]+|[!?]")
_CLAUSE_END: Final = re.compile(
    r"[,，、:]|\s-+\s|--|&|\s(?:but|because|although|though)\s|(?<=[一-鿿])\s+(?=[一-鿿])|(?<=[\ue000-\ue003])\s+(?=[一-鿿])|…|但是|可是|不过|所以"
)
_WINDOW: Final = 160  # characters of a sentence looked at on either side of a value

# --- people ----------------------------------------------------------------------------------

_KIN_EN: Final = (
    r"mom|mum|mommy|mummy|mother|dad|daddy|father|wife|husband|partner|spouse|girlfriend|boyfriend|gf|bf|fianc[ée]e?|son|daughter|kids?|child(?:ren)?"
    r"|baby|toddler|infant|newborn|brother|sister|sibling|grand\w+|grandma|grandpa|granny|nana|aunt(?:ie)?|uncle|cousin|niece|nephew|friends?|buddy|neighbou?rs?"
    r"|colleagues?|co-?workers?|roommates?|boss|parents?|family|in-?laws?|patients?|dog|cat|puppy|kitten|pet|horse|people|adults?|women|men|teens?|teenagers?"
    r"|children|athletes?|someone|somebody|anyone|everyone|person|guy|lady|teammates?|stepson|twins?|ex"
)
_OTHER_EN: Final = (
    rf"(?<!with )(?<!with my )(?<!and )(?<![a-z])(?:my\s+|our\s+|the\s+|a\s+|an\s+|his\s+|her\s+)?(?:\w+\s+)?(?:{_KIN_EN})(?![a-z])(?:'s|s')?"
    r"|(?<![a-z])(?:he|she|they|his|her|their|him|them|he's|she's|they're|your)(?![a-z])"
)
_SELF_EN: Final = r"(?<![a-z'])(?:i|i'm|im|i've|ive|i'd|i'll|my|me|mine|myself|we|our|us)(?![a-z])"
_KIN_ZH: Final = (
    r"妈妈?|母亲|老妈|爸爸?|父亲|老爸|爷爷|奶奶|外公|外婆|姥姥|姥爷|老公|老婆|妻子|丈夫|爱人|媳妇|对象|男朋友|女朋友|男友|女友|儿子|女儿|闺女|孩子|小孩|宝宝"
    r"|宝贝|娃儿?|婴儿|哥哥?|姐姐?|弟弟?|妹妹?|叔叔?|阿姨|伯伯|大伯伯?|舅舅?|姑姑?|姨妈|朋友|闺蜜|同事|同学|邻居|岳父|岳母|公公|婆婆|亲戚|老人家?|家人|家里人|室友|领导|老板"
    r"|[猫狗]狗?|宠物|病人|患者|老师|大爷|大妈|孙子|孙女|表[哥弟姐妹]|堂[哥弟姐妹]"
)
_OTHER_ZH: Final = rf"(?<![和跟与陪带同])(?:我们?家?的?|俺|咱)?(?:{_KIN_ZH})|[他她它]们?|[你您](?!好)|小[明红刚李王张丽华]"
_SELF_ZH: Final = r"(?:和|跟|与|陪|带着?|同)我?(?:" + _KIN_ZH + r")|我们?|本人|俺|咱|自己|(?:我|是)[^，。,]{0,8}患者|给我"
_PEOPLE: Final = re.compile(
    rf"(?P<together>(?<![a-z])(?:with|and)\s+my\s+(?:\w+\s+)?(?:{_KIN_EN})(?![a-z'])|{_SELF_ZH.split('|我们')[0]}|是[^，。,]{{0,8}}患者)|(?P<other>{_OTHER_EN}|{_OTHER_ZH})|(?P<self>{_SELF_EN}|我们?(?!想|不知|不懂|来?问|[们]?帮[他她我]|[们]?给[他她我])|本人|俺|咱|自己)"
)

# --- speech acts -----------------------------------------------------------------------------

_CONDITION: Final = re.compile(
    r"(?<![a-z])(?:if|suppose|supposing|imagine|assuming|unless|whether|in\s+case|let's\s+say|what\s+about|for\s+example|e\.g|such\s+as|whenever|every\s+time|when\s+(?:my|your|the|a)\s+\w+\s+(?:is|are|gets|hits))(?![a-z])"
    r"|如果|要是|假如|假设|倘若|万一|若是|比如|例如|譬如|是否|的人(?!民)|的时候(?=.*[吗？?])"
)
_CONDITION_AFTER: Final = re.compile(r"^[^，,。]{0,6}的话|^\s*的人")
_GOAL: Final = re.compile(
    r"(?<![a-z])(?:want(?:s|ed|ing)?|goals?|targets?|aim(?:s|ing|ed)?|hop(?:e|ing)|plan(?:s|ning|ned)?|trying|tried|try|intend|wish|dream|would|should|shouldn't|must|ought|supposed|need(?:s|ed)?"
    r"|will|won't|gonna|going\s+to|i'll|we'll|i'd|recommend\w*|advi[sc]\w*|suggest\w*|told\s+me\s+to|ideal\w*|optimal|healthy|safe|prescri\w*|might|could|may\s+(?:be|get|drop|go)|can(?!not)|let\s+me|let's|remind(?:er)?|challenge|limit|threshold|requir\w*|planning|thinking\s+(?:of|about)|consider\w*|at\s+least\s+(?:\S+\s+)?(?:hours|glasses)?\s*(?:a|per|every|each)"
    r"|(?<!managed )(?<!able )(?<!got )(?<!went )(?<!gone )(?<!due )(?<!have )(?<!had )to\s+(?:walk|drink|sleep|get|do|run|exercise|reach|be|weigh|hit|lose|keep|log|have|jog|swim|stay|maintain|lower|bring|take))(?![a-z])"
    r"|目标|希望|打算|计划(?!外)|准备(?!好)|争取|应该|应当|该(?=[睡喝走吃跑])|最好|理想|建议|推荐|需要|必须|想(?!问|知道|咨询|请|了解|请教|说|确认|进行|来问|看)|要(?=[喝睡走减瘦跑吃达控运锻做坚保])|得(?=[睡喝走跑])|控制在|不超过|不应|正常(?:值|范围|人|血压|心率|体温|的|情况|是|应|成)|标准|参考|至少要|医嘱|医生让|医生说要|明天|后天|下周|能不能|可以(?=[喝睡走])|提醒"
)
_NORMAL: Final = re.compile(r"(?<!than )(?<!to )(?<!from )(?<!not )(?<!as )(?<!is )(?<!my )(?<![a-z])(?:normal|typical)(?![a-z])(?!\s+day)")
_DENIAL: Final = re.compile(
    r"(?<![a-z])(?:not|didn't|did\s+not|don't|doesn't|haven't|hasn't|wasn't|isn't|aren't|couldn't|can't|cannot|never|no\s+longer|without|instead\s+of|rather\s+than|hardly|nowhere\s+near|didnt|dont|wasnt|isnt)(?![a-z])(?!\s+(?:bad|great|good|so|too|feeling|only|sure|well))"
    r"|没(?:有)?(?=[^，。]{0,3}(?:睡|走|喝|跑|运动|锻炼|达到|到|超过|量|测|满|够))(?!睡好|睡着|睡踏实)|不是|并非|未(?:达|到|满|超)|从不|从来不|从没|别(?=[喝睡走])"
)
_RESTART: Final = re.compile(r"(?<![a-z])(?:only|just|instead|but)(?![a-z])|只|才(?!能)|就|而是|但|好|着")
_HABIT: Final = re.compile(
    r"(?<![a-z])(?:usually|normally|typically|generally|used\s+to|always|often|sometimes|every\s*day|everyday|every\s+(?:night|morning|week|evening)|each\s+(?:day|night)|daily|on\s+average|as\s+a\s+rule|tends?\s+to|ranges?|between|most\s+(?:days|nights)|for\s+years|back\s+when|as\s+a\s+(?:kid|child|teen\w*))(?![a-z])"
    r"|(?<!和)(?<!跟)(?<!比)(?:平时|平常|通常|每[天晚日周次]|经常|常常|总是|往常|一般(?:都|是|在|来说|情况|每)|向来|以前|曾经|当年|年轻(?:时|的))"
)
_HABIT_AFTER: Final = re.compile(
    r"^\s*(?:a|per|each|every|/)\s*(?:day|night|week|d|morning|evening|meal)(?![a-z])|^[^.,!?]{0,16}(?<![a-z])(?:daily|every\s*(?:day|night|week|morning)|most\s+(?:days|nights)|on\s+average)(?![a-z])|^\s*(?:/|每)[天日晚]"
)
_BOUND: Final = re.compile(r"(?<![a-z])(?:under|below|above|over|less\s+than|more\s+than|lower\s+than|higher\s+than|greater\s+than|(?<!went )(?<!shot )(?<!gone )(?<!goes )up\s+to|at\s+least|at\s+most|no\s+more\s+than|or|<|>)\s*$|低于|高于|小于|大于|不超过|超过|[<>≤≥]\s*$")
_BOUND_AFTER: Final = re.compile(r"^\s*(?:mmhg|次|公斤|度|mmol/l)?\s*(?:以[上下内外]|之[上下内]|or\s+(?:lower|higher|less|more|above|below|over|under|so)(?![a-z]))(?!\s*so)")
_TABLE: Final = re.compile(
    r"^\s*(?:is|are|means?|indicates?|counts?\s+as|would\s+be|was\s+considered|=)\s+(?:\w+\s+)?(?:considered|normal|ideal|high|low|healthy|optimal|too|regarded|classed|defined|the|a|an|hypert\w+|fever|recommended|enough|dangerous|good|bad|stage|within|elevated|obese|overweight|roughly|about|equal|equivalent)(?![a-z])"
    r"|^\s*(?:是|算|属于|就是|就算|为|即为|被认为)(?:不是|不算)?(?:高血压|正常|低血压|糖尿病|发烧|发热|低烧|高烧|标准|肥胖|超重|理想|偏高|偏低|几级|[一二三1-3\ue000][级期]|什么|多少|轻度|中度|重度)"
)
_GENERIC: Final = re.compile(r"(?<![a-z])(?:an?|any|the\s+(?:normal|average|typical|usual))\s+(?:\w+\s+){0,2}$")
_ASKING_EN: Final = re.compile(
    r"^\W*(?:(?:hi|hello|hey|so|and|ok|okay|well|please|doctor|dr|salus|quick\s+question|question)\W+)*"
    r"(?:(?:what|what's|whats|how|how's|why|which|who|explain|define|tell\s+me|any\s+idea|i\s+wonder|wondering|convert|compare|is\s+it)(?![a-z'])"
    r"|(?:is|are|am|was|were|does|do|did|has|have|should|can|could|will|would|may|might)\s+"
    r"(?:it|this|that|my|the|an?|i|you|we|they|he|she|there|having|one|these|those|your|resting|bp|blood|fasting|people|adults|over|under|\w+ing)(?![a-z])"
    r"|(?:is|are|was|were|does)\s+(?:a\s+)?[\d\ue000])"
)
_MODAL_QUESTION: Final = re.compile(
    r"^\W*(?:(?:hi|hello|hey|so|and|ok|well)\W+)*(?:(?:what|how|when|which|why|where)\s+(?:\w+\s+){0,3}?)?(?:should|can|could|do|does|did|would|will|must|may|have|has)\s+(?:i|my|we|one|you|someone)(?![a-z])"
)
_MODAL_EXEMPT: Final = re.compile(r"(?<![a-z])(?:that|because|since|about|with|of|given|now)\s+(?:my|i|i'm)(?![a-z])|why")
_PARTICLE_ZH: Final = re.compile(r"[吗呢么嘛]\s*[?？。!！]?\s*$|什么|怎么|怎样|多少|几(?=[级点个度步]|岁|时)|哪|是不是|要不要|能不能|有没有|算不算|会不会|正不正常|高不高|如何|为何|为啥|咋|吗(?=[，,])|多[大高久长重]")
_OWN: Final = re.compile(rf"{_SELF_EN}|我|本人|俺")
_TAKEN: Final = re.compile(
    r"(?<![a-z])(?:measured|took|checked|tested|reading|got|weighed|recorded|came\s+out|just)(?![a-z])|量了?|测|查|称|检查|体检|结果"
)
_OBJECT: Final = re.compile(r"(?<![a-z])(?:the|this|that|an?|my|our|which|it|each)\s+(?!scales?\s|body\s|own\s|current\s|total\s|weight\s)(?:\w+\s+){0,2}$")
_NAME: Final = re.compile(
    r"(?<![A-Za-z])([A-Z][a-z]+)(?:'s|’s)\s+(?:\w+\s+)?$|(?:^|[.!?,]\s+)([A-Z][a-z]+)\s+(?:only\s+|just\s+|has\s+)?$"
)
_NO_NAME: Final = frozenset(
    "Today Yesterday Tonight Morning Monday Tuesday Wednesday Thursday Friday Saturday Sunday It That What Here There Let Also And But So Then Just Only Still Finally Have Had Again Really Barely Hardly "
    "Currently Now Hi Hello Hey Ok Okay Well Doctor Nurse Update Log Please Record Add Note Currently Apparently Actually Honestly Managed Resting Fasting Average My Our Last This On At In The Blood Body Heart Evening Afternoon Pre Post After Before Been Mostly Easily Slept Walked Went Got".split()
)


@dataclass(frozen=True, slots=True)
class Guard:
    """One message, cut into sentences and clauses once, with its people marked."""

    original: str
    text: str
    masked: str
    sentences: Sequence[tuple[int, int]]
    people: Sequence[tuple[int, int, bool]]  # start, end, is the speaker

    def sentence(self, position: int) -> tuple[int, int]:
        """The sentence that holds the position."""
        starts = [start for start, _ in self.sentences]
        return self.sentences[max(0, bisect_right(starts, position) - 1)]

    def clause(self, start: int, end: int) -> tuple[int, int]:
        """The clause from that of ``start`` to that of ``end``, at most a window wide."""
        low, high = self.sentence(start)
        low, high = max(low, start - _WINDOW), min(high, end + _WINDOW)
        for match in _CLAUSE_END.finditer(self.masked, low, start):
            low = match.end()
        after = _CLAUSE_END.search(self.masked, end, high)
        return low, after.start() if after else high


def prepare(original: str, text: str, masked: str) -> Guard:
    """Cut a folded text into sentences and mark who is spoken of."""
    sentences: list[tuple[int, int]] = []
    start = 0
    for match in _SENTENCE_END.finditer(masked):
        sentences.append((start, match.end()))
        start = match.end()
    if start < len(text) or not sentences:
        sentences.append((start, len(text)))
    people = [
        (m.start(), m.end(), m.lastgroup != "other") for m in _PEOPLE.finditer(text)
    ]
    return Guard(original, text, masked, sentences, people)


def is_question(guard: Guard) -> bool:
    """Whether any sentence of the message asks something."""
    return any(_asks(guard.text[start:end]) for start, end in guard.sentences)


def _asks(sentence: str) -> bool:
    stripped = sentence.strip()
    if stripped.endswith(("?", "？")) or _PARTICLE_ZH.search(stripped[-_WINDOW:]):
        return True
    return any(
        _ASKING_EN.match(part) for part in re.split(r"[,，;:]|\s-\s", stripped[: 4 * _WINDOW])
    )


def is_log(guard: Guard, reading: Reading) -> bool:
    """Whether the reading is the speaker's own, real and present or past value."""
    low, high = guard.sentence(reading.start)
    low, high = max(low, reading.start - _WINDOW), min(high, reading.end + _WINDOW)
    clause_low, clause_high = guard.clause(reading.start, reading.end)
    said = guard.text[reading.start : reading.end]
    before = guard.text[low : reading.start]
    lead = guard.text[clause_low : reading.start]
    after = guard.text[reading.end : clause_high]
    if _is_unreal(before, lead, said, after) or _is_routine(lead, said, after, reading):
        return False
    if _is_other(guard, reading, low) or _is_thing(guard, reading, lead):
        return False
    if _is_general(guard.text[low:high], lead, said, after):
        return False
    return not _is_asked(guard, reading, (low, high), (clause_low, clause_high))


def _is_unreal(before: str, lead: str, said: str, after: str) -> bool:
    """A condition, a goal, advice or a denial."""
    if _CONDITION.search(before) or _CONDITION_AFTER.search(after):
        return True
    if _GOAL.search(lead + said) or re.search(r"(?:goal|target|目标)[^.。!！]{0,24}$", before):
        return True
    denial = None
    for denial in _DENIAL.finditer(lead + said):
        pass
    return denial is not None and not _RESTART.search((lead + said)[denial.end() :])


def _is_routine(lead: str, said: str, after: str, reading: Reading) -> bool:
    """A habit ("usually 7 hours") or a bound ("below 140/90") is no reading."""
    if _HABIT.search(lead + said) or _HABIT_AFTER.search(after):
        return True
    if reading.kind in ("sleep", "steps", "exercise", "water"):
        return False
    head = re.split(r"\d", said)[0]
    return bool(_BOUND.search(lead + head) or _BOUND.search(lead) or _BOUND_AFTER.search(after))


def _is_other(guard: Guard, reading: Reading, low: int) -> bool:
    """Somebody else's: the person named last before the value, or in the sentence before."""
    starts = [start for start, _, _ in guard.people]
    index = bisect_right(starts, reading.end - 1) - 1
    if index >= 0 and guard.people[index][0] >= low:
        return not guard.people[index][2]
    name = _NAME.search(guard.original[max(0, reading.start - 40) : reading.start])
    if name and (name[1] or name[2]) not in _NO_NAME and re.match(r"[a-z]", guard.text[reading.start]):
        verb = re.match(r"slept|weigh|ran|walk|drank", guard.text[reading.start :])
        return name[1] is not None or verb is not None
    if index >= 0 and low > 0 and guard.people[index][0] >= guard.sentence(low - 1)[0]:
        _, end = guard.sentence(reading.start)
        own_later = any(own for start, _, own in guard.people[index + 1 :] if start < end)
        return not guard.people[index][2] and not own_later
    return False


def _is_thing(guard: Guard, reading: Reading, lead: str) -> bool:
    """The weight of an object: "my suitcase weighs 23 kg"."""
    said = guard.text[reading.start : reading.end]
    return reading.kind == "weight" and said.startswith("weigh") and not said.startswith("weight") and (
        _OBJECT.search(lead) is not None
    )


def _is_general(sentence: str, lead: str, said: str, after: str) -> bool:
    """A statement about a value as such: "a bp of 150/95 is high", 150/95属于高血压."""
    if _NORMAL.search(lead + said):
        return True
    if _OWN.search(sentence):
        return False
    if _GENERIC.search(lead) and re.search(r"(?<![a-z])(?:of|over|above|below)(?![a-z])", said):
        return True
    return _TABLE.search(after) is not None


def _is_asked(
    guard: Guard, reading: Reading, sentence: tuple[int, int], clause: tuple[int, int]
) -> bool:
    """Whether the value itself is the subject of a question that is not about the speaker's own."""
    text = guard.text[clause[0] : clause[1]]
    closes = guard.text[clause[1] - 1 : clause[1] + 1]
    whole = guard.text[sentence[0] : sentence[1]]
    question_mark = closes.strip()[-1:] in ("?", "？") or text.rstrip().endswith(("?", "？"))
    asking = question_mark or _PARTICLE_ZH.search(text) or _ASKING_EN.match(text) or (
        _ASKING_EN.match(whole) and not _OWN.search(text)
    )
    if not asking:
        return False
    lead = guard.text[clause[0] : reading.end]
    if _MODAL_QUESTION.search(text) and not _MODAL_EXEMPT.search(text):
        return True
    if re.search(r"(?<![a-z])to\s+\S*$", guard.text[clause[0] : reading.end]) and _ASKING_EN.match(text):
        return True
    if _OWN.search(lead):
        return False
    return not (_OWN.search(whole) and _TAKEN.search(guard.text[sentence[0] : reading.end]))
