"""The application's commands: what Discord refuses in them, and what a person can call."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.fakes.discord_rules import length
from tests.fakes.discord_values import Json, RefusedError, invalid

if TYPE_CHECKING:
    from tests.fakes.discord_server import FakeDiscord

_NAME = re.compile(r"^[-_'\w]{1,32}$")
_LOCALES = set(
    "id da de en-GB en-US es-ES es-419 fr hr it lt hu nl no pl pt-BR ro fi sv-SE vi tr cs el bg "
    "ru uk hi th zh-CN ja zh-TW ko".split()
)
_MOST = {1: 100, 2: 5, 3: 5}  # commands of each type
CREATES_A_DAY = 200


def put_commands(fake: FakeDiscord, guild: int, given: list[Json]) -> list[Json]:
    """Overwrite all commands of a scope (0: everywhere). Ids of known names stay."""
    for number, command in enumerate(given):
        _check(command, f"{number}")
    _check_whole(given)
    known = {(c["type"], c["name"]): c for c in fake.commands.get(guild, [])}
    new = [c for c in given if (c.get("type", 1), c["name"]) not in known]
    if len(new) > fake.creates_left:
        raise RefusedError(
            400,
            30034,
            f"Max number of daily application command creates has been reached ({CREATES_A_DAY})",
        )
    fake.creates_left -= len(new)
    fake.commands[guild] = [_stored(fake, guild, command, known) for command in given]
    return fake.commands[guild]


def _stored(fake: FakeDiscord, guild: int, command: Json, known: dict[Any, Json]) -> Json:
    kind = command.get("type", 1)
    old = known.get((kind, command["name"]))
    same = old is not None and {k: old.get(k) for k in command} == command
    body: Json = {
        "id": old["id"] if old else str(fake.ids()),
        "application_id": str(fake.application_id),
        "type": kind,
        "description": "",
        "options": [],
        "nsfw": False,
        "default_member_permissions": None,
        "contexts": None,
        "integration_types": [0],
        "version": old["version"] if old and same else str(fake.ids()),
    }
    return body | command | ({"guild_id": str(guild)} if guild else {})


def _check_whole(given: list[Json]) -> None:
    names = Counter((c.get("type", 1), c["name"]) for c in given)
    if any(number > 1 for number in names.values()):
        raise invalid(
            "name",
            "APPLICATION_COMMANDS_DUPLICATE_NAME",
            "Command names must be unique",
        )
    kinds = Counter(c.get("type", 1) for c in given)
    for kind, most in _MOST.items():
        if kinds[kind] > most:
            raise RefusedError(
                400, 30032, f"Maximum number of application commands reached ({most})."
            )


def _check(command: Json, path: str) -> None:
    kind = command.get("type", 1)
    if kind not in _MOST:
        raise invalid(f"{path}.type", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3}.")
    if kind == 1:
        _check_names(command, path)
        _check_options(command.get("options") or [], path)
    else:
        length(command.get("name"), f"{path}.name", 32)
        _check_locales(command, path, described=False)
        if command.get("description") or command.get("options"):
            raise invalid(path, "APPLICATION_COMMAND_CONTEXT_MENU", "No description, no options")
    for key, most in (("contexts", {0, 1, 2}), ("integration_types", {0, 1})):
        if not set(command.get(key) or []) <= most:
            raise invalid(f"{path}.{key}", "BASE_TYPE_CHOICES", "Unknown value")
    if len(json.dumps(_counted(command), ensure_ascii=False)) > 8000:
        raise invalid(path, "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")


def _counted(command: Json) -> list[Any]:
    """What counts towards a command's size: names, descriptions and values."""
    own = [command.get("name"), command.get("description")]
    inner = [_counted(o) for o in command.get("options") or []]
    return [*own, *inner, *[[c["name"], c["value"]] for c in command.get("choices") or []]]


def _check_names(one: Json, path: str) -> None:
    name = str(one.get("name") or "")
    if not _NAME.match(name) or name != name.lower():
        raise invalid(f"{path}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    length(one.get("description"), f"{path}.description", 100)
    _check_locales(one, path, described=True)


def _check_locales(one: Json, path: str, *, described: bool) -> None:
    names, texts = one.get("name_localizations") or {}, one.get("description_localizations") or {}
    if not set(names) | set(texts) <= _LOCALES:
        raise invalid(f"{path}.name_localizations", "BASE_TYPE_CHOICES", "Unknown locale")
    for lang, name in names.items():
        if described and (not _NAME.match(name) or name != name.lower()):
            raise invalid(
                f"{path}.name_localizations.{lang}", "APPLICATION_COMMAND_INVALID_NAME", "Invalid"
            )
        length(name, f"{path}.name_localizations.{lang}", 32)
    for lang, text in texts.items():
        length(text, f"{path}.description_localizations.{lang}", 100)


def _check_options(options: list[Json], path: str, depth: int = 0) -> None:
    if len(options) > 25:
        raise invalid(f"{path}.options", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    optional = False
    for number, option in enumerate(options):
        here = f"{path}.options.{number}"
        _check_names(option, here)
        if option["type"] in {1, 2}:
            if depth > 1:
                raise invalid(here, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Too deep")
            _check_options(option.get("options") or [], here, depth + 1)
            continue
        if option.get("required") and optional:
            raise invalid(
                here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )  # fmt: skip
        optional = optional or not option.get("required")
        _check_choices(option.get("choices") or [], here)
    if len({o["name"] for o in options}) < len(options):
        raise invalid(path, "APPLICATION_COMMAND_OPTIONS_NAME_UNIQUE", "Names must be unique")


def _check_choices(choices: list[Json], path: str) -> None:
    if len(choices) > 25:
        raise invalid(f"{path}.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for number, choice in enumerate(choices):
        length(choice.get("name"), f"{path}.choices.{number}.name", 100)
        _check_locales(choice, f"{path}.choices.{number}", described=False)


# --- what a person can call ---------------------------------------------------


def callable_here(command: Json, *, context: int, owners: Json) -> bool:
    """Whether a client shows a command in this kind of place under these installations."""
    contexts, kinds = command.get("contexts"), command.get("integration_types") or [0]
    fits = context in (contexts if contexts is not None else [0, 1, 2])
    return fits and any(str(kind) in owners for kind in kinds)


def called(command: Json, words: list[str], values: dict[str, Any]) -> list[Json]:
    """The options of a call, as a client would send them: required there, types and choices right.

    Raises AssertionError where a client would not let a person send it.
    """
    options = command.get("options") or []
    if words:
        found = [o for o in options if o["name"] == words[0] and o["type"] in {1, 2}]
        assert found, f"no subcommand {words[0]!r}, only {[o['name'] for o in options]}"
        inner = called(found[0], words[1:], values)
        return [{"name": words[0], "type": found[0]["type"], "options": inner}]
    known = {o["name"]: o for o in options}
    assert set(values) <= set(known), f"no option {set(values) - set(known)}, only {set(known)}"
    missing = [n for n, o in known.items() if o.get("required") and n not in values]
    assert not missing, f"a client asks for {missing} first"
    return [_value(known[name], value) for name, value in values.items()]


def _value(option: Json, value: Any) -> Json:
    kinds: dict[int, Any] = {3: str, 4: int, 5: bool, 10: (int, float)}
    if option["type"] in kinds:
        assert isinstance(value, kinds[option["type"]]), f"{option['name']} takes another type"
    else:
        value = str(value)  # users, channels, roles, attachments: an id
    choices = [c["value"] for c in option.get("choices") or []]
    assert not choices or value in choices, f"{value!r} is not one of {choices}"
    if option["type"] == 3:
        least, most = option.get("min_length") or 0, option.get("max_length") or 6000
        assert least <= len(value) <= most, f"{option['name']} takes {least} to {most} characters"
    if option["type"] in {4, 10}:
        least, most = option.get("min_value"), option.get("max_value")
        assert least is None or value >= least, f"{option['name']} is at least {least}"
        assert most is None or value <= most, f"{option['name']} is at most {most}"
    return {"name": option["name"], "type": option["type"], "value": value}
