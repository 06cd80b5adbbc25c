"""Raw interactions as events: commands, context menus, presses and forms.

What an answer may hold is decided here, once, from what Discord said about the place: the same
reading tells the first acknowledgement whether to whisper and every later letter where it goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.adapters.discord import address
from bot.adapters.discord.api import Me
from bot.adapters.discord.events import Ack, Event, Tap, attached, handed_over, without_mention
from bot.adapters.discord.raw import Json, items, language, made_at, mapping, number, string
from bot.i18n import t
from bot.model import Upload

CHECK, LOG = "Was this right?", "Log this"  # context menus; Discord sends the English name
_FILE = 11  # the type of an option that takes an attachment
_OURS = 1  # the context of a direct message with us; 0 a server, 2 other people's messages
_EPHEMERAL = 1 << 6
_ADMIN = 1 << 3 | 1 << 5 | 1 << 13  # administrator, manage server, manage messages
_OPEN = frozenset({"challenge"})  # answered before everybody, in a server


def read_tap(data: Json, me: Me) -> Event | None:
    """The event of an interaction; None for what asks for no answer of ours."""
    member = mapping(data, "member")
    person = mapping(member, "user") or mapping(data, "user")
    user = number(person, "id")
    channel = number(data, "channel_id") or number(mapping(data, "channel"), "id")
    id_, token = number(data, "id"), string(data, "token")
    if not (user and channel and id_ and token):
        return None
    match data.get("type"):
        case 2:
            return _command(data, me, user, channel)
        case 3:
            return _press(data, user, channel)
        case 5:
            return _form(data, user, channel)
        case _:
            return None


def _base(data: Json, user: int, channel: int, *, whisper: bool, command: bool) -> Event:
    """What all have in common. In our direct messages nothing needs to be whispered."""
    ours = data.get("context") == _OURS
    owners = mapping(data, "authorizing_integration_owners")
    if ours:
        chat = address.direct(channel)
    else:
        chat = address.whisper(user, channel) if whisper else address.shared(channel)
    id_ = number(data, "id")
    at = made_at(id_)
    tap = Tap(
        id=id_,
        token=string(data, "token"),
        whisper=whisper and not ours,
        made=at.timestamp(),
        foreign=not ours and not number(owners, "0"),
        command=command,
    )
    return Event(
        kind="pressed",
        chat=chat,
        channel=channel,
        user=user,
        sent_at=at,
        guild="guild_id" in data,
        lang=language(string(data, "locale")),
        tap=tap,
        name=_name(data),
        admin=bool(number(mapping(data, "member"), "permissions") & _ADMIN),
    )


def _name(data: Json) -> str:
    """What people in this place see of whoever called or pressed."""
    member = mapping(data, "member")
    person = mapping(member, "user") or mapping(data, "user")
    shown = string(member, "nick") or string(person, "global_name") or string(person, "username")
    return shown[:64]


# --- commands ----------------------------------------------------------------


def _command(data: Json, me: Me, user: int, channel: int) -> Event | None:
    about = mapping(data, "data")
    name = string(about, "name")
    if about.get("type", 1) != 1:
        return _menu(data, about, me, user, channel)
    options = items(about, "options")
    given = {string(o, "name"): o.get("value") for o in options if o.get("type") != _FILE}
    public = given.get("public") is True and name == "ask"
    if name in _OPEN and number(mapping(data, "authorizing_integration_owners"), "0"):
        public = True  # we are a member there
    base = _base(data, user, channel, whisper=not public, command=True)
    upload = _file(about, options) if name == "kb" and base.private else None
    return replace(base, kind="said", ack="think", text=_said(name, given), upload=upload)


def _file(about: Json, options: Sequence[Json]) -> Upload | None:
    """What was attached to a command, whatever its kind: the readers say what they can read."""
    files = mapping(mapping(about, "resolved"), "attachments")
    for option in options:
        found = mapping(files, str(option.get("value"))) if option.get("type") == _FILE else {}
        if found:
            return handed_over("document", attached(found))
    return None


def _said(name: str, given: Mapping[str, Any]) -> str:
    """What was asked for, as if it had been written."""
    words = next((value.strip() for value in given.values() if isinstance(value, str)), "")
    return words if name == "ask" else f"/{name} {words}".strip()


def _menu(data: Json, about: Json, me: Me, user: int, channel: int) -> Event | None:
    """A command on a message: look at it, or log one's own."""
    message = mapping(mapping(mapping(about, "resolved"), "messages"), string(about, "target_id"))
    words = without_mention(string(message, "content"), me)[:4000]
    base = _base(data, user, channel, whisper=True, command=True)
    base = replace(base, kind="said", ack="think")
    match string(about, "name"):
        case name if name == LOG:
            own = number(mapping(message, "author"), "id") == user
            text = f"/log {words}" if own and words else ""
            return replace(base, text=text, data="" if text else "own")
        case name if name == CHECK:
            # Quoted, so that somebody else's "/forget yes" or "yes" commands nothing here.
            quoted = words.replace("“", "„").replace("”", "„")
            text = t("discord.check", base.lang or "en", text=quoted) if words else ""
            return replace(base, text=text, about=True)
        case _:
            return None


# --- presses and forms -------------------------------------------------------


def _press(data: Json, user: int, channel: int) -> Event:
    custom = string(mapping(data, "data"), "custom_id")[:100]
    return _on_message(data, user, channel, custom, _press_ack(custom, user))


def _press_ack(custom: str, user: int) -> Ack:
    """A thumb down opens a form, which must be the first answer; so it is judged at once."""
    code, _, rest = custom.partition(":")
    if code == "v" and rest.rpartition(":")[2] not in {"", str(user)}:
        return "not_yours"
    return "form" if custom.startswith("v:down:") else "update"


def _form(data: Json, user: int, channel: int) -> Event:
    about = mapping(data, "data")
    found = _on_message(data, user, channel, string(about, "custom_id")[:100], "update")
    return replace(found, reason=_chosen(about))


def _on_message(data: Json, user: int, channel: int, custom: str, ack: Ack) -> Event:
    message = mapping(data, "message")
    whisper = bool(number(message, "flags") & _EPHEMERAL)
    return replace(
        _base(data, user, channel, whisper=whisper, command=False),
        ack=ack,
        data=custom,
        message_id=number(message, "id"),
        thread=mapping(data, "channel").get("type") in {10, 11, 12},
        begins=any(
            string(button, "custom_id").startswith("t:")
            for row in items(message, "components")
            for button in items(row, "components")
        ),
    )


def _chosen(form: Json, depth: int = 0) -> str:
    """The first thing chosen in a form; Discord nests components three deep."""
    for one in items(form, "components") if depth < 6 else ():
        values = one.get("values")
        if isinstance(values, list) and values and isinstance(values[0], str):
            return values[0][:32]
        inner = one.get("component")
        nested = [inner] if isinstance(inner, dict) else []
        found = _chosen({"components": [*nested, *items(one, "components")]}, depth + 1)
        if found:
            return found
    return ""
