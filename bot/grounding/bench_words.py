"""Word tables of the benchmark: what a careless or a faithful writer would put instead.

They are kept apart from the checker's lexicon on purpose, and hold words it does not know.
"""

from __future__ import annotations

from rag.types import Lang

Pairs = tuple[tuple[str, str], ...]

FLIPS: dict[Lang, Pairs] = {
    "en": (
        ("increases", "decreases"), ("increase", "decrease"), ("raises", "lowers"), ("raise", "lower"),
        ("higher", "lower"), ("more", "less"), ("better", "worse"), ("improves", "worsens"),
        ("improve", "worsen"), ("before", "after"), ("safe", "dangerous"), ("dangerous", "safe"),
        ("lowers", "raises"), ("reduces", "increases"), ("reduce", "increase"), ("causes", "prevents"),
        ("cause", "prevent"), ("rise", "fall"), ("rises", "falls"), ("drops", "climbs"), ("low", "high"),
        ("high", "low"), ("slowly", "quickly"), ("early", "late"), ("worse", "better"),
        ("start", "stop"), ("helps", "harms"), ("morning", "evening"), ("harder", "easier"),
    ),
    "zh": (
        ("增加", "减少"), ("减少", "增加"), ("升高", "降低"), ("降低", "升高"), ("提高", "降低"), ("改善", "恶化"),
        ("加重", "减轻"), ("减轻", "加重"), ("缓解", "加剧"), ("更高", "更低"), ("更容易", "更难"), ("偏高", "偏低"),
        ("偏低", "偏高"), ("上升", "下降"), ("下降", "上升"), ("安全", "危险"), ("危险", "安全"), ("导致", "预防"),
        ("预防", "导致"), ("有害", "有益"), ("有益", "有害"), ("饭前", "饭后"), ("饭后", "饭前"), ("睡前", "睡醒后"),
        ("早上", "晚上"), ("多吃", "少吃"), ("少吃", "多吃"), ("过高", "过低"), ("变差", "变好"), ("长期", "短期"),
    ),
}  # fmt: skip

NEGATE: dict[Lang, Pairs] = {
    "en": (
        ("should not", "should"), ("do not", "do"), ("does not", "does"), ("is not", "is"),
        ("are not", "are"), ("cannot", "can"), ("can't", "can"), ("don't", "do"), ("never", "always"),
        ("should", "should not"), ("can", "cannot"), ("is", "is not"), ("are", "are not"),
        ("need", "do not need"), ("needs", "does not need"), ("helps", "does not help"),
        ("may", "does not"), ("has", "has no"), ("Avoid", "Choose"), ("without", "with"),
    ),
    "zh": (
        ("不应该", "应该"), ("不应", "应"), ("不要", "要"), ("不能", "能"), ("不可以", "可以"), ("不宜", "宜"), ("不建议", "建议"),
        ("没有", "有"), ("不会", "会"), ("避免", "多"), ("不必", "必须"), ("应该", "不应该"), ("可以", "不可以"), ("需要", "不需要"),
        ("建议", "不建议"), ("会", "不会"), ("能", "不能"), ("是", "不是"), ("有助于", "无助于"),
    ),
}  # fmt: skip

SWAPS: dict[str, dict[Lang, tuple[str, ...]]] = {
    "condition": {
        "en": ("high blood pressure", "diabetes", "asthma", "heart disease", "stroke", "depression", "anxiety", "migraine",
               "kidney disease", "obesity", "cancer", "pneumonia", "flu", "insomnia", "sleep apnoea", "gout", "anaemia",
               "constipation", "reflux", "osteoporosis", "type 2 diabetes", "COPD", "heart failure", "dementia", "fever"),
        "zh": ("高血压", "糖尿病", "哮喘", "心脏病", "中风", "抑郁", "焦虑", "偏头痛", "肾病", "肥胖", "癌症", "肺炎", "流感", "失眠",
               "睡眠呼吸暂停", "痛风", "贫血", "便秘", "骨质疏松", "2型糖尿病", "慢阻肺", "痴呆", "冠心病", "发热"),
    },
    "group": {
        "en": ("adults", "children", "pregnant women", "older adults", "teenagers", "men", "women", "babies", "athletes", "older people", "shift workers", "teens"),
        "zh": ("成年人", "儿童", "孕妇", "老年人", "青少年", "男性", "女性", "婴儿", "运动员", "成人", "孩子"),
    },
    "medicine": {
        "en": ("metformin", "ibuprofen", "paracetamol", "aspirin", "warfarin", "atorvastatin", "lisinopril", "amlodipine", "omeprazole",
               "amoxicillin", "sertraline", "levothyroxine", "insulin", "melatonin", "salbutamol", "cetirizine", "statins", "antibiotics", "zolpidem"),
        "zh": ("二甲双胍", "布洛芬", "对乙酰氨基酚", "阿司匹林", "华法林", "阿托伐他汀", "氨氯地平", "奥美拉唑", "阿莫西林", "舍曲林",
               "左甲状腺素", "胰岛素", "褪黑素", "沙丁胺醇", "西替利嗪", "他汀类", "抗生素"),
    },
    "thing": {
        "en": ("salt", "sugar", "caffeine", "alcohol", "fibre", "protein", "calcium", "vitamin D", "iron", "potassium", "coffee", "water", "milk"),
        "zh": ("食盐", "糖", "咖啡因", "酒精", "膳食纤维", "蛋白质", "钙", "维生素D", "铁", "钾", "咖啡", "牛奶"),
    },
    "organ": {
        "en": ("heart", "kidneys", "liver", "lungs", "brain", "stomach", "bones", "eyes", "skin", "bladder"),
        "zh": ("心脏", "肾脏", "肝脏", "肺", "大脑", "胃", "骨骼", "眼睛", "皮肤", "膀胱"),
    },
}  # fmt: skip

UNITS: dict[Lang, Pairs] = {
    "en": (("hours", "minutes"), ("minutes", "hours"), ("days", "weeks"), ("weeks", "months"), ("months", "days"),
           ("mg", "g"), ("kg", "pounds"), ("mmol/L", "mg/dL"), ("mg/dL", "mmol/L"), ("years", "months"), ("grams", "milligrams"),
           ("g", "mg"), ("%", " mg"), ("ml", "litres"), ("cm", "inches"), ("bpm", "steps"), ("kcal", "g"), ("mmHg", "bpm"), ("steps", "minutes")),
    "zh": (("小时", "分钟"), ("分钟", "小时"), ("天", "周"), ("周", "个月"), ("个月", "天"), ("毫克", "克"), ("千克", "斤"), ("克", "毫克"),
           ("mmol/L", "mg/dL"), ("mg/dL", "mmol/L"), ("岁", "个月"), ("毫升", "升"), ("厘米", "英寸"), ("%", "毫克"), ("步", "分钟"), ("次", "天"), ("公斤", "斤")),
}  # fmt: skip

RATES: dict[Lang, Pairs] = {
    "en": (("a day", "a week"), ("a week", "a day"), ("a night", "a week"), ("per day", "per week"), ("every day", "every month"),
           ("each day", "each week"), ("daily", "weekly"), ("a month", "a day"), ("a year", "a week"), ("each week", "each day")),
    "zh": (("每天", "每周"), ("每周", "每天"), ("每日", "每月"), ("每月", "每天"), ("每年", "每周"), ("一天", "一周")),
}  # fmt: skip

LIMITS: dict[Lang, Pairs] = {
    "en": (("at least", "at most"), ("no more than", "no less than"), ("less than", "more than"), ("more than", "less than"),
           ("below", "above"), ("above", "below"), ("under", "over"), ("over", "under"), ("up to", "at least"), ("or more", "or less"),
           ("or higher", "or lower"), ("or over", "or under")),
    "zh": (("至少", "最多"), ("不超过", "不少于"), ("低于", "高于"), ("高于", "低于"), ("以上", "以下"), ("以下", "以上"), ("少于", "多于"),
           ("超过", "不到"), ("达到", "低于"), ("不低于", "不超过")),
}  # fmt: skip

OVERCLAIM: dict[Lang, Pairs] = {
    "en": (("may", "always"), ("some", "all"), ("can help", "is guaranteed to help"), ("most", "all"), ("often", "never"),
           ("usually", "never"), ("many", "no"), ("Some", "All"), ("Most", "No"), ("Many", "No"), ("sometimes", "always")),
    "zh": (("可能", "一定"), ("有时", "总是"), ("大多数", "所有"), ("多数", "所有"), ("部分", "全部"), ("经常", "从不"), ("很多", "所有"), ("往往", "从不")),
}  # fmt: skip

INVENTED: dict[Lang, tuple[str, ...]] = {
    "en": (
        "Drinking warm lemon water every morning cleans the liver.",
        "A spoon of honey at night cures {topic} within a week.",
        "Studies in Norway found that {topic} disappears on a raw food diet.",
        "People with {topic} should take zinc tablets for a month.",
        "{Topic} is mostly inherited from the mother's side.",
        "Acupuncture on the left foot works better than any tablet for {topic}.",
        "Vitamin C in high doses makes {topic} go away.",
        "Doctors now agree that {topic} needs no treatment at all.",
        "Half of all people with {topic} recover after giving up gluten.",
        "Magnetic bracelets lower the risk of {topic}.",
        "The best results come from fasting for three days.",
        "Children with {topic} must not go to school.",
        "{Topic} can be spread by sharing towels.",
        "Cold showers strengthen the immune system against {topic}.",
        "Coconut oil protects the heart and brain.",
    ),
    "zh": (
        "每天早上喝一杯柠檬水可以清洁肝脏。", "睡前吃一勺蜂蜜，一周就能治好{topic}。", "挪威的研究发现，生食能让{topic}消失。",
        "有{topic}的人应该连吃一个月锌片。", "{topic}大多由母亲遗传。", "针灸左脚比任何药片都管用。", "大剂量维生素C能根治{topic}。",
        "医生们现在一致认为{topic}完全不用治疗。", "一半的{topic}患者戒掉面筋后就痊愈了。", "佩戴磁疗手环能防住{topic}。",
        "断食三天效果最好。", "{topic}会通过共用毛巾传播。", "洗冷水澡能让免疫系统打败{topic}。", "椰子油能保护心脏和大脑。",
    ),
}  # fmt: skip

ADDED: dict[Lang, tuple[str, ...]] = {
    "en": (", and it also cures migraine", ", which prevents cancer in most people", ", so antibiotics are needed",
           ", and this reverses ageing of the brain", ", especially when combined with ginseng", ", because the liver stores toxins",
           ", and surgery is then the only option", ", as a Swedish trial proved", ", so you can stop your tablets", ", which doubles life expectancy"),
    "zh": ("，还能治好偏头痛", "，并能预防癌症", "，因此需要使用抗生素", "，还能让大脑变年轻", "，配合人参效果更好", "，因为肝脏会储存毒素",
           "，之后只能做手术", "，瑞典的试验已经证明了这一点", "，所以可以停药了", "，还能让寿命翻倍"),
}  # fmt: skip

SYNONYMS: dict[Lang, Pairs] = {
    "en": (
        ("doctor", "physician"), ("about", "around"), ("help", "assist"), ("helps", "assists"), ("important", "essential"),
        ("linked with", "associated with"), ("medicines", "medications"), ("often", "frequently"), ("exercise", "physical activity"),
        ("physical activity", "exercise"), ("children", "kids"), ("raises", "increases"), ("lowers", "reduces"), ("signs", "symptoms"),
        ("symptoms", "signs"), ("enough", "sufficient"), ("high blood pressure", "hypertension"), ("tired", "fatigued"),
        ("usually", "generally"), ("choose", "pick"), ("every day", "daily"), ("start", "begin"), ("adults", "grown-ups"),
        ("blood sugar", "blood glucose"), ("quickly", "rapidly"), ("slowly", "gradually"), ("try", "attempt"), ("check", "test"),
        ("illness", "disease"), ("chance", "likelihood"), ("keep", "maintain"), ("worse", "more severe"), ("trouble", "difficulty"),
        ("many", "a lot of"), ("because", "since"), ("whole", "entire"), ("near", "close to"), ("steady", "stable"),
        ("good reasons", "valid reasons"), ("regularly", "on a regular basis"), ("meals", "food"), ("smoking", "tobacco use"),
        ("need", "require"), ("needs", "requires"), ("older people", "seniors"), ("lasts", "persists"), ("feel", "experience"),
    ),
    "zh": (
        ("医生", "大夫"), ("建议", "推荐"), ("帮助", "有助"), ("经常", "常常"), ("运动", "锻炼"), ("就医", "去医院"), ("疲劳", "疲倦"),
        ("症状", "表现"), ("立即", "马上"), ("导致", "引起"), ("孩子", "儿童"), ("成年人应", "成人应"), ("每天", "每日"), ("规律", "有规律"),
        ("升高", "上升"), ("降低", "下降"), ("出现", "发生"), ("重要", "关键"), ("尽快", "尽早"), ("食物", "食品"),
        ("体重", "身体重量"), ("情绪", "心情"), ("选择", "选用"), ("往往", "常"), ("会让", "会使"), ("看医生", "就诊"), ("不要", "别"),
        ("检查", "检测"), ("足够", "充足"), ("影响", "干扰"), ("大约", "约"), ("持续", "一直"), ("减少", "降低"),
    ),
}  # fmt: skip

OPENERS: dict[Lang, tuple[str, ...]] = {
    "en": ("According to the sources, ", "In general, ", "Yes, ", "Put simply, ", "Based on the reviewed pages, "),
    "zh": ("根据资料，", "总的来说，", "一般来说，", "简单说，", "是的，"),
}
CHATTER: dict[Lang, tuple[str, ...]] = {
    "en": ("I'm an automated assistant, not a doctor.", "I hope this helps.", "Please see a doctor if you are worried.",
           "How long have you had this?", "Talk to your pharmacist if you are unsure.", "Here is what the reviewed pages say:"),
    "zh": ("我是自动健康助手，不是医生。", "希望对您有帮助。", "如果担心，请咨询医生。", "这种情况持续多久了？", "如有疑问，请咨询药师。", "以下是资料中的内容："),
}  # fmt: skip
