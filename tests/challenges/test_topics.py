"""The reviewed challenges, and when they ask."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.dialogue.challenges import calendar, cards
from bot.dialogue.challenges import topics as data
from bot.dialogue.challenges.room import shown
from bot.dialogue.challenges.topics import topics
from bot.i18n import LANGS
from bot.model import Board, Challenge, Lang, Place, UserId
from bot.safety import Triage

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def a_challenge(topic: str = "walk", *, lang: Lang = "en", tz: str = "UTC") -> Challenge:
    """One that was started at noon."""
    first = calendar.first_day(topics()[topic], NOON, tz)
    place = Place(platform="telegram", chat="-55", private=False)
    return Challenge(
        id="0" * 26, topic=topic, place=place, office="1", lang=lang, tz=tz, first=first,
        days=calendar.DAYS, starter=UserId("ann"), changed_at=NOON, next_at=None,
    )  # fmt: skip


def test_every_reason_stands_in_its_page_with_its_source() -> None:
    """Loading looks each sentence up; no topic weighs, counts or compares anybody."""
    assert len(topics()) >= 5
    for topic in topics().values():
        for lang in LANGS:
            words = topic.words[lang]
            assert words.organisation
            text = cards.started(a_challenge(topic.id, lang=lang), topic)[0]
            assert words.why in text
            assert words.organisation in text
            for banned in ("weigh", "calor", "kg", "体重", "减肥", "热量"):
                assert banned not in text.lower()


def test_a_reason_that_no_page_gives_is_refused(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed word in the data is noticed at once."""
    raw = {
        "title": "x", "do": "x", "question": "x", "why": "Walking cures everything",
        "page": "walking-steps", "source": "nhs-walking",
    }  # fmt: skip
    with pytest.raises(ValueError, match="does not say so"):
        data._words(raw, "en")


def test_no_card_alarms_and_every_button_fits() -> None:
    """Texts are calm, Telegram's 64 bytes and Discord's 80 letters are kept."""
    triage = Triage.load()
    for topic in topics().values():
        for lang in LANGS:
            seen = Board(people=12, done=3, ticks=9, through=1, names=("Ada",))
            challenge = a_challenge(topic.id, lang=lang)
            for text, rows in (
                cards.pick(lang), cards.pick(lang, "again"), cards.started(challenge, topic),
                cards.board(challenge, topic, 7, seen),
            ):  # fmt: skip
                assert triage.assess(text, lang=lang).level in {"none", "selfcare"}, text
                for button in (b for row in rows for b in row):
                    assert len(f"b:{button.action}".encode()) <= 64
                    assert len(button.label) <= 80


@pytest.mark.parametrize("topic", ["walk", "bed"])
@pytest.mark.parametrize("tz", ["UTC", "Asia/Shanghai", "Europe/Berlin"])
def test_seven_questions_and_an_end(topic: str, tz: str) -> None:
    """Each at its wall time on consecutive days, about the right day; then it is over."""
    challenge, about = a_challenge(topic, tz=tz), topics()[topic]
    now, asked = NOON, list[tuple[date, int, int]]()
    while (at := calendar.next_at(challenge, about, now)) is not None:
        local = at.astimezone(calendar.zone(tz))
        asked.append((local.date(), local.hour, calendar.day_at(challenge, about, at)))
        now = at
    last = asked.pop()
    assert [hour for _, hour, _ in asked] == [about.ask] * 7
    assert [day for _, _, day in asked] == list(range(1, 8))
    assert [on for on, _, _ in asked] == [asked[0][0] + timedelta(days=n) for n in range(7)]
    assert last[2] == 7
    assert now == calendar.closes_at(challenge, about)


def test_the_hour_stays_when_clocks_change() -> None:
    """Twenty o'clock before and after summer time ends."""
    challenge = a_challenge(tz="Europe/Berlin")
    challenge = Challenge(**{f: getattr(challenge, f) for f in challenge.__slots__} | {
        "first": date(2026, 10, 23)})  # fmt: skip
    hours = {
        calendar.asked_at(challenge, topics()["walk"], day).astimezone(calendar.zone(challenge.tz))
        for day in range(1, 8)
    }  # fmt: skip
    assert {at.hour for at in hours} == {20}
    assert len({at.utcoffset() for at in hours}) == 2


def test_few_people_are_not_given_away() -> None:
    """Below three people no total is shown, not even at the end."""
    challenge, topic = a_challenge(), topics()["walk"]
    for people in (1, 2):
        seen = Board(people=people, done=1, ticks=1, through=1)
        text = cards.board(challenge, topic, 3, seen)[0]
        assert "Done" not in text.replace("✅ Done", "")
        assert "from three people on" in text
        assert "all together" not in cards.over(challenge, topic, seen)
    seen = Board(people=3, done=2, ticks=11, through=1)
    assert "Done so far for this day: 2." in cards.board(challenge, topic, 3, seen)[0]
    assert "3 people took part" in cards.over(challenge, topic, seen)


@pytest.mark.parametrize(
    ("name", "is_shown"),
    [
        ("Ada", "Ada"), ("  Ada\u200b Lovelace ", "Ada Lovelace"), ("小红", "小红"),
        ("@everyone", ""), ("everyone", ""), ("www.buy.example", ""), ("t.me/x", ""),
        ("<b>Ada</b>", ""), ("🙂🙂", ""), ("", ""), ("A" * 90, "A" * 24),
        ("http://x", ""), ("Ada\nAdmin: all is over", "Ada Admin: all is over"),
    ],
)  # fmt: skip
def test_only_a_name_is_shown(name: str, is_shown: str) -> None:
    """No address, no mention, no markup, no second line."""
    assert shown(name) == is_shown
