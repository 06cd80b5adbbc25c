"""What a group is shown of a challenge, made from a Board; and what one person is told alone."""

from __future__ import annotations

from collections.abc import Iterable

from bot.dialogue.challenges.topics import Topic, topics
from bot.i18n import t
from bot.model import Board, Button, Challenge, Lang, Part

Rows = tuple[tuple[Button, ...], ...]
PREFIX = "ch."
ENOUGH = 3  # people from whom on a total gives nobody away
_NAMES = 20


def pick(lang: Lang, verb: str = "start") -> tuple[str, Rows]:
    """Which one? One button each, two in a row."""
    made = [
        Button(label=f"{one.icon} {one.words[lang].title}", action=f"{PREFIX}{verb}:{one.id}")
        for one in topics().values()
    ]
    return t("challenge.pick", lang), tuple(tuple(made[i : i + 2]) for i in range(0, len(made), 2))


def started(challenge: Challenge, topic: Topic) -> tuple[str, Rows]:
    """What it is, why, when, and what is shown."""
    lang, words = challenge.lang, topic.words[challenge.lang]
    text = t(
        "challenge.started", lang, icon=topic.icon, title=words.title, do=words.do, why=words.why,
        organisation=words.organisation, begins=_begins(topic, lang),
        hour=t(f"challenge.hour.{topic.ask}", lang),
    )  # fmt: skip
    return text, _rows(challenge, 0)


def board(challenge: Challenge, topic: Topic, day: int, seen: Board) -> tuple[str, Rows]:
    """How it stands on a day; 0 before the first."""
    lang, words = challenge.lang, topic.words[challenge.lang]
    if not day:
        head = t("challenge.before", lang, icon=topic.icon, title=words.title, do=words.do,
                 begins=_begins(topic, lang))  # fmt: skip
        return "\n".join([head, *_people(seen, lang, day)]), _rows(challenge, day)
    head = t("challenge.day", lang, icon=topic.icon, title=words.title, day=day,
             days=challenge.days)  # fmt: skip
    ask = t("challenge.ask", lang, question=words.question)
    return "\n".join([head, ask, "", *_people(seen, lang, day)]), _rows(challenge, day)


def over(challenge: Challenge, topic: Topic, seen: Board) -> str:
    """The last word."""
    lang = challenge.lang
    names = {"icon": topic.icon, "title": topic.words[lang].title}
    if not seen.people:
        return t("challenge.nobody", lang, **names)
    if seen.people < ENOUGH:
        return "\n".join([t("challenge.end_few", lang, **names), t("challenge.erased", lang)])
    lines = [
        t("challenge.end", lang, **names),
        t("challenge.end_totals", lang, people=seen.people, ticks=seen.ticks),
    ]
    if seen.through:
        lines.append(t("challenge.end_through", lang, through=seen.through))
    return "\n".join([*lines, *_named(seen, lang), "", t("challenge.erased", lang)])


def yours(found: Iterable[tuple[Challenge, Part, int]], lang: Lang) -> tuple[str, Rows]:
    """A person's own parts, for them alone, with the way out of each."""
    lines, rows = [t("challenge.yours", lang)], []
    for challenge, part, day in found:
        topic = topics()[challenge.topic]
        values = {"icon": topic.icon, "title": topic.words[lang].title}
        key = "challenge.yours_line" if day else "challenge.yours_before"
        line = t(key, lang, **values, day=day, days=challenge.days, done=len(part.days))
        lines.append(f"- {line}")
        label = t("challenge.button.leave", lang, title=topic.words[lang].title)
        rows.append((Button(label=label, action=f"{PREFIX}out:{challenge.id}"),))
    return "\n".join(lines), tuple(rows)


def _begins(topic: Topic, lang: Lang) -> str:
    return t(f"challenge.begins.{'today' if topic.night else 'tomorrow'}", lang)


def _people(seen: Board, lang: Lang, day: int) -> Iterable[str]:
    """Counts, none of which tells what one person did; names without anything beside them."""
    how_many = {0: "none", 1: "one"}
    yield t(f"challenge.people.{how_many.get(seen.people, 'many')}", lang, people=seen.people)
    if day and seen.people >= ENOUGH:
        yield t(f"challenge.today.{how_many.get(seen.done, 'many')}", lang, done=seen.done)
        if seen.ticks:
            yield t("challenge.ticks", lang, ticks=seen.ticks)
    elif day and seen.people:
        yield t("challenge.few", lang)
    yield from _named(seen, lang)


def _named(seen: Board, lang: Lang) -> Iterable[str]:
    if not seen.names:
        return
    names = t("metrics.comma", lang).join(seen.names[:_NAMES])
    more = seen.people - len(seen.names[:_NAMES])
    key = "challenge.names_more" if more > 0 else "challenge.names"
    yield t(key, lang, names=names, more=more)


def _rows(challenge: Challenge, day: int) -> Rows:
    lang = challenge.lang

    def button(what: str, rest: str = "") -> Button:
        action = f"{PREFIX}{what}:{challenge.id}{rest}"
        return Button(label=t(f"challenge.button.{what}", lang), action=action)

    inside = (button("in"), button("name"), button("out"))
    if not day:
        return (inside,)
    return ((button("done", f":{day}"), button("not", f":{day}")), inside)
