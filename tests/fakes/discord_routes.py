"""The addresses of the fake Discord, and the small answers behind them."""

from __future__ import annotations

from aiohttp import web

from tests.fakes import discord_messages as messages
from tests.fakes import discord_taps as taps
from tests.fakes.discord_commands import put_commands
from tests.fakes.discord_messages import the_place
from tests.fakes.discord_server import Ask, FakeDiscord, Handler
from tests.fakes.discord_values import (
    DM,
    PRIVATE_THREAD,
    THREAD,
    Guild,
    Json,
    Place,
    RefusedError,
    invalid,
    iso,
    unknown,
)


async def _gateway(fake: FakeDiscord, _: Ask) -> Json:
    total, used = fake.identifies_a_day, len(fake.gateway.identifies)
    limit = {
        "total": total, "remaining": max(0, total - used), "reset_after": 86_400_000,
        "max_concurrency": 1,
    }  # fmt: skip
    return {"url": fake.gateway_url, "shards": fake.shards, "session_start_limit": limit}


async def _me(fake: FakeDiscord, _: Ask) -> Json:
    return fake.me.payload() | {
        "verified": True,
        "mfa_enabled": False,
        "locale": "en-US",
        "flags": 0,
    }


async def _application(fake: FakeDiscord, _: Ask) -> Json:
    flags = (1 << 18 | 1 << 19) if fake.privileged & (1 << 15) else 0
    return {
        "id": str(fake.application_id), "name": fake.username, "icon": None, "description": "",
        "bot_public": True, "bot_require_code_grant": False, "verify_key": "0" * 64,
        "owner": fake.me.payload(), "team": None, "flags": flags, "summary": "",
        "integration_types_config": {"0": {}, "1": {}},
    }  # fmt: skip


async def _user(fake: FakeDiscord, ask: Ask) -> Json:
    found = fake.people.get(ask.number("user"))
    if found is None:
        raise unknown(10013, "User")
    return found.payload()


async def _direct(fake: FakeDiscord, ask: Ask) -> Json:
    person = fake.people.get(int(ask.body.get("recipient_id") or 0))
    if person is None or person.bot:
        raise RefusedError(400, 50033, "Invalid Recipient(s)")
    return fake.place_payload(direct(fake, person.id))


def direct(fake: FakeDiscord, user: int) -> Place:
    """The direct message channel of a person and the bot, made when it is not there."""
    for place in fake.places.values():
        if place.private and place.people[0].id == user:
            return place
    made = Place(fake.ids(), DM, people=[fake.people[user]], made=fake.clock())
    fake.places[made.id] = made
    return made


async def _channel(fake: FakeDiscord, ask: Ask) -> Json:
    return fake.place_payload(the_place(fake, ask))


def _the_guild(fake: FakeDiscord, ask: Ask) -> Guild:
    found = fake.guilds.get(ask.number("guild"))
    if found is None or not found.bot:
        raise unknown(10004, "Guild")
    return found


async def _guild(fake: FakeDiscord, ask: Ask) -> Json:
    body = fake.guild_payload(_the_guild(fake, ask))
    return {k: v for k, v in body.items() if k not in {"channels", "threads", "members"}}


async def _guild_channels(fake: FakeDiscord, ask: Ask) -> list[Json]:
    found: list[Json] = fake.guild_payload(_the_guild(fake, ask))["channels"]
    return found


async def _guild_threads(fake: FakeDiscord, ask: Ask) -> Json:
    body = fake.guild_payload(_the_guild(fake, ask))
    mine = [
        {"id": t["id"], "user_id": str(fake.me.id), "join_timestamp": iso(1.6e9), "flags": 0}
        for t in body["threads"]
    ]
    return {"threads": body["threads"], "members": mine}


async def _guild_roles(fake: FakeDiscord, ask: Ask) -> list[Json]:
    found: list[Json] = fake.guild_payload(_the_guild(fake, ask))["roles"]
    return found


async def _member(fake: FakeDiscord, ask: Ask) -> Json:
    guild, user = _the_guild(fake, ask), ask.number("user")
    if user not in {fake.me.id, *guild.members}:
        raise unknown(10007, "Member")
    return fake.member_payload(guild, user)


async def _my_guilds(fake: FakeDiscord, _: Ask) -> list[Json]:
    keys = ("id", "name", "icon", "features")
    found = [fake.guild_payload(g) for g in fake.guilds.values() if g.bot]
    return [{k: g[k] for k in keys} | {"owner": False, "permissions": "0"} for g in found]


def _scope(fake: FakeDiscord, ask: Ask) -> int:
    if ask.number("app") != fake.application_id:
        raise RefusedError(403, 20012, "You are not authorized to perform this action.")
    return ask.number("guild") if "guild" in ask.at else 0


async def _commands(fake: FakeDiscord, ask: Ask) -> list[Json]:
    return fake.commands.get(_scope(fake, ask), [])


async def _put_commands(fake: FakeDiscord, ask: Ask) -> list[Json]:
    if not isinstance(ask.body, list):
        raise invalid("_errors", "BASE_TYPE_LIST", "Only iterables may be used in a ListType")
    return put_commands(fake, _scope(fake, ask), ask.body)


async def _join_thread(fake: FakeDiscord, ask: Ask) -> None:
    if the_place(fake, ask).type not in {THREAD, PRIVATE_THREAD}:
        raise RefusedError(400, 50024, "Cannot execute action on this channel type")


async def download(fake: FakeDiscord, request: web.Request) -> web.Response:
    """GET /attachments/{id}/{name}: outside of the API, without a token."""
    info = request.match_info
    found = fake.files.get(f"{info['id']}/{info['name']}")
    if found is None:
        return web.Response(status=404)
    return web.Response(body=found.data, content_type=found.content_type)


_CHANNEL, _HOOK = "/channels/{channel}", "/webhooks/{app}/{token}"
_ONE = _CHANNEL + "/messages/{message}"
_APP = "/applications/{app}"

ROUTES: list[tuple[str, str, str, Handler]] = [
    ("GET", "/gateway/bot", "gateway", _gateway),
    ("GET", "/gateway", "gateway", _gateway),
    ("GET", "/users/@me", "me", _me),
    ("GET", "/users/@me/guilds", "guilds.mine", _my_guilds),
    ("POST", "/users/@me/channels", "dm.create", _direct),
    ("GET", "/users/{user}", "user.get", _user),
    ("GET", "/applications/@me", "application", _application),
    ("GET", "/oauth2/applications/@me", "application", _application),
    ("GET", _APP + "/commands", "commands.get", _commands),
    ("PUT", _APP + "/commands", "commands.put", _put_commands),
    ("GET", _APP + "/guilds/{guild}/commands", "commands.get", _commands),
    ("PUT", _APP + "/guilds/{guild}/commands", "commands.put", _put_commands),
    ("GET", "/guilds/{guild}", "guild.get", _guild),
    ("GET", "/guilds/{guild}/channels", "guild.channels", _guild_channels),
    ("GET", "/guilds/{guild}/roles", "guild.roles", _guild_roles),
    ("GET", "/guilds/{guild}/threads/active", "guild.threads", _guild_threads),
    ("GET", "/guilds/{guild}/members/{user}", "member.get", _member),
    ("GET", _CHANNEL, "channel.get", _channel),
    ("PATCH", _CHANNEL, "channel.edit", messages.patch_place),
    ("POST", _CHANNEL + "/typing", "typing", messages.typing),
    ("POST", _CHANNEL + "/threads", "thread.create", messages.thread),
    ("PUT", _CHANNEL + "/thread-members/@me", "thread.join", _join_thread),
    ("GET", _CHANNEL + "/messages", "message.list", messages.history),
    ("POST", _CHANNEL + "/messages", "message.create", messages.create),
    ("GET", _ONE, "message.get", messages.get),
    ("PATCH", _ONE, "message.edit", messages.edit),
    ("DELETE", _ONE, "message.delete", messages.delete),
    ("POST", _ONE + "/threads", "thread.create", messages.thread_of),
    ("PUT", _ONE + "/reactions/{emoji}/@me", "reaction.put", messages.react),
    ("POST", "/interactions/{id}/{token}/callback", "callback", taps.callback),
    ("POST", _HOOK, "followup.create", taps.follow_up),
    ("GET", _HOOK + "/messages/@original", "original.get", taps.get),
    ("PATCH", _HOOK + "/messages/@original", "original.edit", taps.edit),
    ("DELETE", _HOOK + "/messages/@original", "original.delete", taps.delete),
    ("GET", _HOOK + "/messages/{message}", "followup.get", taps.get),
    ("PATCH", _HOOK + "/messages/{message}", "followup.edit", taps.edit),
    ("DELETE", _HOOK + "/messages/{message}", "followup.delete", taps.delete),
]
