"""The words by which guard.py tells a log from a question, a goal, a habit or another's.

Data in the form of patterns over folded text, English and Chinese side by side; no decisions.
"""

from __future__ import annotations

import re
from typing import Final

SENTENCE_END: Final = re.compile(
    r"(?<![ap]\.m)(?<!\bdr)(?<!\bvs)[.!?](?=[\s\"')]|$)|[。！？；;\n]+|[!?]"
)
CLAUSE_END: Final = re.compile(
    r"[,，、:]|\s-+\s|--|&|\s(?:but|because|although|though)\s|(?<=[一-鿿])\s+"
    r"(?=[一-鿿])|(?<=[\ue000-\ue003])\s+(?=[一-鿿])|…|但是|可是"
    r"|不过|所以"
)
WINDOW: Final = 160  # characters of a sentence looked at on either side of a value

# --- people ----------------------------------------------------------------------------------

KIN_EN: Final = (
    r"mom|mum|mommy|mummy|mother|dad|daddy|father|wife|husband|partner"
    r"|spouse|girlfriend|boyfriend|gf|bf|fianc[ée]e?|son|daughter"
    r"|kids?|child(?:ren)?"
    r"|baby|toddler|infant|newborn|brother|sister|sibling|grand\w+"
    r"|grandma|grandpa|granny|nana|aunt(?:ie)?|uncle|cousin|niece"
    r"|nephew|friends?|buddy|neighbou?rs?"
    r"|colleagues?|co-?workers?|roommates?|boss|parents?|family|in-?laws?"
    r"|patients?|dog|cat|puppy|kitten|pet|horse|people|adults?|women"
    r"|men|teens?|teenagers?"
    r"|children|athletes?|someone|somebody|anyone|everyone|person"
    r"|guy|lady|teammates?|stepson|twins?|ex"
)
OTHER_EN: Final = (
    r"(?<!with )(?<!with my )(?<!and )(?<!like )(?<!like a )(?<![a-z])"
    r"(?:my\s+|our\s+|the\s+|a\s+|an\s+|his\s+|her\s+)?(?:[a-z']{1,20}\s+)?"
    rf"(?:{KIN_EN})(?![a-z])(?:'s|s')?"
    r"|(?<!i am )(?<!i'm )(?<!im )(?<!as )(?<![a-z])(?:an?|the|this)\s+"
    r"(?:[a-z']{1,20}\s+)?\d{1,3}[\s-](?:year|month|week|day)s?[\s-]old"
    r"|(?<![a-z])(?:he|she|they|his|her|their|him|them|he's|she's|they're|your)(?![a-z])"
)
SELF_EN: Final = r"(?<![a-z'])(?:i|i'm|im|i've|ive|i'd|i'll|my|me|mine|myself|we|our|us)(?![a-z])"
KIN_ZH: Final = (
    r"妈妈?|母亲|老妈|爸爸?|父亲|老爸|爷爷|奶奶|外公|外婆|姥姥|姥爷"
    r"|老公|老婆|妻子|丈夫|爱人|媳妇|对象|男朋友|女朋友|男友|女友"
    r"|儿子|女儿|闺女|孩子|小孩|宝宝"
    r"|宝贝|娃儿?|婴儿|哥哥?|姐姐?|弟弟?|妹妹?|叔叔?|阿姨|伯伯|大伯伯?"
    r"|舅舅?|姑姑?|姨妈|朋友|闺蜜|同事|同学|邻居|岳父|岳母|公公|婆婆"
    r"|亲戚|老人家?|家人|家里人|室友|领导|老板"
    r"|(?<!遛)[猫狗]狗?|宠物|病人|患者|老师|大爷|大妈|孙子|孙女|表[哥弟姐妹]|堂[哥弟姐妹]"
)
OTHER_ZH: Final = (
    rf"(?<![和跟与陪带同])(?:我们?家?的?|俺|咱)?(?:{KIN_ZH})|[他她它]们?"
    r"|[你您](?!好)|小[明红刚李王张丽华]"
)
SELF_ZH: Final = (
    r"(?:和|跟|与|陪|带着?|同)我?(?:"
    + KIN_ZH
    + r")|我们?|本人|俺|咱|自己|(?:我|是)[^，。,]{0,8}患者|给我"
)
PEOPLE: Final = re.compile(
    r"(?P<together>(?<![a-z])walk(?:ed|ing)?\s+(?:my|the|our)\s+dogs?"
    rf"(?![a-z])|(?<![a-z])(?:with|and)\s+my\s+(?:[a-z']{1, 20}\s+)?(?:{KIN_EN})"
    rf"(?![a-z'])|{SELF_ZH.split('|我们')[0]}|是[^，。,]{{0,8}}患者)"
    rf"|(?P<other>{OTHER_EN}|{OTHER_ZH})|(?P<self>{SELF_EN}|我们?"
    r"(?!想|不知|不懂|来?问|[们]?帮[他她我]|[们]?给[他她我])|本人"
    r"|俺|咱|自己)"
)

# --- speech acts -----------------------------------------------------------------------------

CONDITION: Final = re.compile(
    r"(?<![a-z])(?:if|suppose|supposing|imagine|assuming|unless|whether"
    r"|in\s+case|let's\s+say|what\s+about|for\s+example|e\.g|such\s+as"
    r"|whenever|every\s+time|when\s+(?:my|your|the|a)\s+[a-z']{1,20}\s+(?:is"
    r"|are|gets|hits))(?![a-z])"
    r"|如果|要是|假如|假设|倘若|万一|若是|比如|例如|譬如|是否|的人(?!民)|的时候(?=.*[吗？?])"
)
CONDITION_AFTER: Final = re.compile(r"^[^，,。]{0,6}的话|^\s*的人")
GOAL: Final = re.compile(
    r"(?<![a-z])(?:want(?:s|ed|ing)?|goals?|targets?|aim(?:s|ing"
    r"|ed)?|hop(?:e|ing)|plan(?:s|ning|ned)?|trying|tried|try|intend"
    r"|wish|dream|would|should|shouldn't|must|ought|supposed|need"
    r"(?:s|ed)?"
    r"|will|won't|gonna|going\s+to|i'll|we'll|i'd|recommend\w*|advi[sc]\w*"
    r"|suggest\w*|told\s+me\s+to|ideal\w*|optimal|healthy|safe|prescri\w*"
    r"|might|could|may\s+(?:be|get|drop|go)|can(?!not)|let\s+me|let's"
    r"|remind(?:er)?|challenge|limit|threshold|requir\w*|planning"
    r"|thinking\s+(?:of|about)|consider\w*|at\s+least\s+(?:\S+\s+)?"
    r"(?:hours|glasses)?\s*(?:a|per|every|each)"
    r"|(?<!managed )(?<!able )(?<!got )(?<!went )(?<!gone )(?<!due"
    r" )(?<!have )(?<!had )to\s+(?:walk|drink|sleep|get|do|run|exercise"
    r"|reach|be|weigh|hit|lose|keep|log|have|jog|swim|stay|maintain"
    r"|lower|bring|take))(?![a-z])"
    r"|目标|希望|打算|计划(?!外)|准备(?!好)|争取|应该|应当|该(?=[睡喝走吃跑])"
    r"|最好|理想|建议|推荐|需要|必须|想(?!问|知道|咨询|请|了解|请教"
    r"|说|确认|进行|来问|看)|要(?=[喝睡走减瘦跑吃达控运锻做坚保])"
    r"|得(?=[睡喝走跑])|控制在|不超过|不应|正常(?:值|范围|人|血压"
    r"|心率|体温|的|情况|是|应|成)|标准|参考|至少要|医嘱|医生让|医生说要"
    r"|明天|后天|下周|能不能|可以(?=[喝睡走])|提醒"
)
NORMAL: Final = re.compile(
    r"(?<!than )(?<!to )(?<!from )(?<!not )(?<!as )(?<!is )(?<!my"
    r" )(?<![a-z])(?:normal|typical)(?![a-z])(?!\s+day)"
)
DENIAL: Final = re.compile(
    r"(?<![a-z])(?:not|didn't|did\s+not|don't|doesn't|haven't|hasn't"
    r"|wasn't|isn't|aren't|couldn't|can't|cannot|never|no\s+longer"
    r"|without|instead\s+of|rather\s+than|hardly|nowhere\s+near|didnt"
    r"|dont|wasnt|isnt)(?![a-z])(?!\s+(?:bad|great|good|so|too|feeling"
    r"|only|sure|well))"
    r"|没(?:有)?(?=[^，。]{0,3}(?:睡|走|喝|跑|运动|锻炼|达到|到|超过"
    r"|量|测|满|够))(?!睡好|睡着|睡踏实)|不是|并非|未(?:达|到|满"
    r"|超)|从不|从来不|从没|别(?=[喝睡走])"
)
RESTART: Final = re.compile(
    r"(?<![a-z])(?:only|just|instead|but)(?![a-z])|只|才(?!能)|就|而是|但|好|着"
)
HABIT: Final = re.compile(
    r"(?<![a-z])(?:usually|normally|typically|generally|used\s+to"
    r"|always|often|sometimes|every\s*day|everyday|every\s+(?:night"
    r"|morning|week|evening)|each\s+(?:day|night)|daily|on\s+average"
    r"|as\s+a\s+rule|tends?\s+to|ranges?|between|most\s+(?:days|nights)"
    r"|for\s+years|back\s+when|as\s+a\s+(?:kid|child|teen\w*))(?![a-z])"
    r"|(?<!和)(?<!跟)(?<!比)(?:平时|平常|通常|每[天晚日周次]|经常"
    r"|常常|总是|往常|一般(?:都|是|在|来说|情况|每)|向来|以前|曾经"
    r"|当年|年轻(?:时|的))"
)
HABIT_AFTER: Final = re.compile(
    r"^\s*(?:a|per|each|every|/)\s*(?:day|night|week|d|morning|evening"
    r"|meal)(?![a-z]|\s+ago)|^[^.,!?]{0,16}(?<![a-z])(?:daily|every\s*(?:day"
    r"|night|week|morning)|most\s+(?:days|nights)|on\s+average)(?![a-z])"
    r"|^\s*(?:/|每)[天日晚]"
)
BOUND: Final = re.compile(
    r"(?<![a-z])(?:under|below|above|over|less\s+than|more\s+than"
    r"|lower\s+than|higher\s+than|greater\s+than|(?<!went )(?<!shot"
    r" )(?<!gone )(?<!goes )up\s+to|at\s+least|at\s+most|no\s+more\s+than"
    r"|or|<|>)\s*$|低于|高于|小于|大于|不超过|超过|[<>≤≥]\s*$"
)
BOUND_AFTER: Final = re.compile(
    r"^\s*(?:mmhg|次|公斤|度|mmol/l)?\s*(?:以?[上下内外](?![午周次月车])"
    r"|之[上下内]|or\s+(?:lower|higher|less|more|above|below|over"
    r"|under|so)(?![a-z]))(?!\s*so)"
)
TABLE: Final = re.compile(
    r"^\s*(?:is|are|means?|indicates?|counts?\s+as|would\s+be|was\s+considered"
    r"|=)\s+(?:[a-z']{1,20}\s+)?(?:considered|normal|ideal|high|low|healthy"
    r"|optimal|too|regarded|classed|defined|the|a|an|hypert\w+|fever"
    r"|recommended|enough|dangerous|good|bad|stage|within|elevated"
    r"|obese|overweight|roughly|about|equal|equivalent)(?![a-z])"
    r"|^\s*(?:是|算|属于|就是|就算|为|即为|被认为)(?:不是|不算)?"
    r"(?:高血压|正常|低血压|糖尿病|发烧|发热|低烧|高烧|标准|肥胖"
    r"|超重|理想|偏高|偏低|几级|[一二三1-3\ue000][级期]|什么|多少"
    r"|轻度|中度|重度)"
)
GENERIC: Final = re.compile(
    r"(?<![a-z])(?:an?|any|the\s+(?:normal|average|typical|usual))\s+(?:[a-z']{1,20}\s+){0,2}$"
)
HAVING: Final = re.compile(
    r"(?<![a-z])(?:running|with|got|had|have|having|hit|recorded|showed)\s+an?\s+$"
)
ASKING_EN: Final = re.compile(
    r"^\W*(?:(?:hi|hello|hey|so|and|ok|okay|well|please|doctor|dr"
    r"|salus|quick\s+question|question)\W+)*"
    r"(?:(?:what|what's|whats|how|how's|why|which|who|explain|define"
    r"|tell\s+me|any\s+idea|i\s+wonder|wondering|convert|compare"
    r"|is\s+it)(?![a-z'])"
    r"|(?:is|are|am|was|were|does|do|did|has|have|should|can|could|will|would|may|might)\s+"
    r"(?:it|this|that|my|the|an?|i|you|we|they|he|she|there|having"
    r"|one|these|those|your|resting|bp|blood|fasting|people|adults"
    r"|over|under|\w+ing)(?![a-z])"
    r"|(?:is|are|was|were|does)\s+(?:a\s+)?[\d\ue000])"
)
MODAL_QUESTION: Final = re.compile(
    r"^\W*(?:(?:hi|hello|hey|so|and|ok|well)\W+)*(?:(?:what|how|when"
    r"|which|why|where)\s+(?:[a-z']{1,20}\s+){0,3}?)?(?:should|can|could|do"
    r"|does|did|would|will|must|may|have|has)\s+(?:i|my|we|one|you"
    r"|someone)(?![a-z])"
)
MODAL_EXEMPT: Final = re.compile(
    r"(?<![a-z])(?:that|because|since|about|with|of|given|now)\s+(?:my|i|i'm)(?![a-z])|why"
)
PARTICLE_ZH: Final = re.compile(
    r"(?<![a-z])how\s+(?:much|many|high|bad)(?![a-z])|[吗呢么嘛]\s*[?？。!！]?\s"
    r"*$|什么|怎么|怎样|多少|几(?=[级点个度步]|岁|时)|哪|是不是|要不要"
    r"|能不能|有没有|算不算|会不会|正不正常|高不高|如何|为何|为啥"
    r"|咋|吗(?=[，,])|多[大高久长重]"
)
OWN: Final = re.compile(rf"{SELF_EN}|我|本人|俺")
TAKEN: Final = re.compile(
    r"(?<![a-z])(?:measured|took|checked|tested|reading|got|weighed"
    r"|recorded|came\s+out|just)(?![a-z])|量了?|测|查|称|检查|体检"
    r"|结果"
)
OBJECT: Final = re.compile(
    r"(?<![a-z])(?:the|this|that|an?|my|our|which|it|each)\s+(?!scales?\s"
    r"|body\s|own\s|current\s|total\s|weight\s)(?:[a-z']{1,20}\s+){0,2}$"
)
NAME: Final = re.compile(
    r"(?<![A-Za-z])([A-Z][a-z]+)(?:'s|’s)\s+(?:[a-z']{1,20}\s+)?$|(?:^|[.!?,]\s+)"
    r"([A-Z][a-z]+)\s+(?:only\s+|just\s+|has\s+)?$"
)
NO_NAME: Final = frozenset(
    "Today Yesterday Tonight Morning Monday Tuesday Wednesday Thursday"
    " Friday Saturday Sunday It That What Here There Let Also And"
    " But So Then Just Only Still Finally Have Had Again Really"
    " Barely Hardly "
    "Currently Now Hi Hello Hey Ok Okay Well Doctor Nurse Update"
    " Log Please Record Add Note Currently Apparently Actually Honestly"
    " Managed Resting Fasting Average My Our Last This On At In"
    " The Blood Body Heart Evening Afternoon Pre Post After Before"
    " Been Mostly Easily Slept Walked Went Got".split()
)


# "Can you log ...?" is an order, not a question: it is read as if the speaker stated the value.
REQUEST: Final = re.compile(
    r"(?<![a-z])(?:can|could|would|will)\s+you\s+(?:please\s+)?(?="
    r"(?:log|record|save|add|note|track|put|write)(?![a-z]))"
    r"|(?:能不能|可不可以|可以|能|请)?帮我(?=记|存|录|登记)"
)
