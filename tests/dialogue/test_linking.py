"""Linking and unlinking accounts, as people do it, and what is kept of the code."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.curating.front import Ways
from bot.dialogue.linking import ALPHABET, LETTERS, new_code, read_code, shown
from bot.dialogue.turns import without_codes
from bot.errors import StoreLockedError
from bot.model import Reply
from bot.ports import LINK_LASTS, LINK_TRIES
from tests.fakes.chat import Chat

PHONE = {"platform": "telegram", "account": "1", "chat": "1"}
NO_WAYS = Ways(fetch=None, hold=None)  # type: ignore[arg-type]  # nothing is fetched
DESK = {"platform": "discord", "account": "9", "chat": "D9"}


async def code(salus: Chat) -> str:
    """Ask for a code on the phone, and read it as a person would."""
    told = await salus.say("/link", **PHONE)
    found = re.search(r"/link (\w{4}-\w{4})", told.text)
    assert found, told.text
    assert told.personal
    return found.group(1)


async def enter(salus: Chat, what: str, **where: str) -> Reply:
    """Enter a code on Discord."""
    return await salus.say(f"/link {what}", **(where or DESK))


async def test_two_accounts_become_one_person() -> None:
    """What was logged on the phone is there at the desk, and the other way round."""
    chat = Chat()
    await chat.say("slept 5h", **PHONE)
    await chat.say("weight 70 kg", **DESK)
    assert (await enter(chat, await code(chat))).text.startswith("Linked")
    at_desk, on_phone = await chat.say("/trend", **DESK), await chat.say("/trend", **PHONE)
    for shown_there in (at_desk.text, on_phone.text):
        assert "Sleep" in shown_there
        assert "Weight" in shown_there


async def test_the_first_message_of_an_account_may_be_a_code() -> None:
    """Nothing but the code is needed, in any spelling of it."""
    chat = Chat()
    told = await code(chat)
    reply = await enter(chat, f" {told.lower().replace('-', ' ')} ")
    assert reply.text.startswith("Linked")
    assert "automated assistant" in reply.text


@pytest.mark.parametrize("what", ["wrong", "used", "old", "not a code"])
async def test_a_bad_code_is_a_bad_code(what: str) -> None:
    """Wrong, used up, expired: one sentence, which does not say which."""
    chat = Chat()
    told = await code(chat)
    if what == "used":
        await enter(chat, told, platform="console", account="me")
    if what == "old":
        chat.later(seconds=LINK_LASTS.total_seconds())
    entered = {"wrong": "2222-2222", "not a code": "hello"}.get(what, told)
    await chat.say("hi", **DESK)
    reply = await enter(chat, entered)
    assert reply.text == (
        "That code is not valid. It may be mistyped, used already or older than 10 minutes. "
        "Send /link on your other account for a new one."
    )


async def test_guessing_ends_after_five_tries() -> None:
    """Then even the right code waits; an hour later it works again."""
    chat = Chat()
    for n in range(LINK_TRIES):
        assert "not valid" in (await enter(chat, f"2222-222{n + 2}")).text
    assert "wait an hour" in (await enter(chat, await code(chat))).text
    chat.later(hours=1)
    assert "Linked" in (await enter(chat, await code(chat))).text


async def test_ones_own_code_is_said_to_be_that() -> None:
    """Entered on the account that made it, nothing happens, and the person learns why."""
    chat = Chat()
    told = await code(chat)
    assert "made here" in (await enter(chat, told, **PHONE)).text
    assert "Linked" in (await enter(chat, told)).text


async def test_nobody_links_in_a_group() -> None:
    """Codes are told and taken in private only, and what was written there is not kept."""
    chat = Chat()
    for said in ("/link", "/unlink", "/link K7MW-Q3PR"):
        reply = await chat.say(said, **PHONE, private=False)  # type: ignore[arg-type]
        assert "private" in reply.text
    person = await chat.store.user_for("telegram", "1")
    turns = await chat.store.history(person, platform="telegram", chat="1", limit=9)
    assert [turn.asked for turn in turns] == ["/link", "/unlink", "/link •••"]
    assert not chat.store.codes
    assert not chat.store.tries


async def test_no_code_is_ever_recorded() -> None:
    """Neither in what was asked nor in what was answered, right or wrong."""
    chat = Chat()
    told = await code(chat)
    await enter(chat, "2222-2222")
    await enter(chat, told)
    person = await chat.store.user_for("discord", "9")
    kept = str(await chat.store.export(person))
    assert "/link •••" in kept
    for secret in (told, told.replace("-", ""), "2222"):
        assert secret not in kept


async def test_after_linking_the_record_goes_on_under_one_person() -> None:
    """The very message that linked is kept with the person they have become."""
    chat = Chat()
    reply = await enter(chat, await code(chat))
    person = await chat.store.user_for("telegram", "1")
    assert reply.turn is not None
    assert (await chat.store.turn(person, reply.turn)).asked == "/link •••"
    assert "automated" not in (await chat.say("How much sleep do adults need?", **DESK)).text


async def test_unlinking_starts_afresh() -> None:
    """The account that leaves knows nothing; the other has everything."""
    chat = Chat()
    await chat.say("slept 5h", **DESK)
    await enter(chat, await code(chat))
    reply = await chat.say("/unlink", **DESK)
    assert "starts afresh" in reply.text
    assert reply.turn is None, "of whom would it be kept?"
    assert "Nothing logged" in (await chat.say("/trend", **DESK)).text
    assert "Sleep" in (await chat.say("/trend", **PHONE)).text
    assert "only account" in (await chat.say("/unlink", **PHONE)).text


async def test_privacy_lists_linked_accounts_in_private_only() -> None:
    """One line, when there is more than one account, and never where others read."""
    chat = Chat()
    assert "Linked accounts" not in (await chat.say("/privacy", **PHONE)).text
    await enter(chat, await code(chat))
    told = await chat.say("/privacy", **DESK)
    assert "Linked accounts of yours: Telegram, Discord." in told.text
    assert told.personal
    shared = await chat.say("/privacy", **PHONE, private=False)  # type: ignore[arg-type]
    assert "Linked accounts" not in shared.text
    assert not shared.personal
    assert "已关联的账号：Telegram、Discord" in (await chat.say("隐私", **PHONE)).text


async def test_where_there_are_no_accounts() -> None:
    """A place that does not say who is speaking cannot link or part anybody."""
    chat = Chat()
    for said in ("/link 2222-2222", "/unlink"):
        assert "cannot be linked" in (await chat.say(said)).text


async def test_with_the_database_down_nobody_is_linked() -> None:
    """A store that fails is said to have failed, and the code is not used up."""
    chat = Chat()
    told = await code(chat)
    await chat.say("hi", **DESK)
    real, chat.store.join = chat.store.join, failing  # type: ignore[method-assign]
    assert "couldn't save" in (await enter(chat, told)).text
    chat.store.join = real  # type: ignore[method-assign]
    assert "Linked" in (await enter(chat, told)).text


async def failing(*_: object, **__: object) -> None:
    """A database that is locked."""
    raise StoreLockedError("locked")


def test_codes_are_readable_and_never_the_same() -> None:
    """Eight characters, none of which is taken for another."""
    made = {new_code() for _ in range(500)}
    assert len(made) == 500
    assert all(len(one) == LETTERS and set(one) <= set(ALPHABET) for one in made)
    assert not set("01ILOU") & set(ALPHABET)


@given(st.text(alphabet=ALPHABET, min_size=LETTERS, max_size=LETTERS))
def test_a_shown_code_is_read_back(made: str) -> None:
    """However it is typed: halves, spaces, full-width or small letters."""
    wide = "".join(chr(ord(c) + 0xFEE0) for c in made)
    for typed in (made, shown(made), made.lower(), " ".join(made), f"{made[:4]}–{made[4:]}", wide):
        assert read_code(typed) == made


@given(st.text(max_size=60))
def test_whatever_follows_the_word_is_hidden(text: str) -> None:
    """Nothing after /link survives in the record."""
    kept = without_codes(f"/link {text}")
    assert kept in {"/link •••", f"/link {text}"}
    if text.strip():
        assert kept == "/link •••"


@pytest.mark.parametrize("text", ["/links are nice", "link K7MW-Q3PR", "/language en", "/link"])
def test_other_words_are_kept(text: str) -> None:
    """Only the command hides what follows it."""
    assert without_codes(text) == text


async def test_the_other_account_is_told_when_one_comes_and_when_one_goes() -> None:
    """Whoever made the code reads in private that an account came; later, that it went."""
    chat = Chat()
    done = await enter(chat, await code(chat))
    (errand,) = done.errands
    assert (errand.task, errand.place.platform, errand.place.chat) == ("account", "telegram", "1")
    assert errand.place.private
    (reply,) = [r async for r in chat.dialogue.run(errand, NO_WAYS)]
    assert reply.personal
    assert reply.text.startswith("A Discord account was just linked")
    (errand,) = (await chat.say("/unlink", **DESK)).errands
    assert errand.account == "1"
    (reply,) = [r async for r in chat.dialogue.run(errand, NO_WAYS)]
    assert reply.text.startswith("A Discord account of yours was just separated")
    assert (await chat.say("/unlink", **PHONE)).errands == ()


async def test_nobody_is_told_of_a_code_that_was_refused() -> None:
    """A wrong code, one's own code and /unlink on the only account tell nobody."""
    chat = Chat()
    await enter(chat, await code(chat))
    assert (await enter(chat, "AAAA-BBBB")).errands == ()
    told = await code(chat)
    assert (await chat.say(f"/link {told}", **PHONE)).errands == ()
    assert (await Chat().say("/unlink", **PHONE)).errands == ()
