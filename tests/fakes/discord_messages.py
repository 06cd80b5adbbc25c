"""Messages of the fake Discord: made, edited, deleted, listed, reacted to; threads and typing."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from tests.fakes.discord_rules import check_message, length
from tests.fakes.discord_server import Ask, FakeDiscord
from tests.fakes.discord_values import (
    DM,
    EPHEMERAL,
    LAYOUT,
    LOADING,
    PRIVATE_THREAD,
    THREAD,
    Edit,
    Json,
    Person,
    Place,
    RefusedError,
    Sent,
    Tap,
    Upload,
    invalid,
    iso,
    unknown,
)

_SETTABLE = EPHEMERAL | LAYOUT | (1 << 2) | (1 << 12)  # what a bot may set; also suppress, silent
_CHANGED = ("content", "embeds", "components")


# --- building a message ------------------------------------------------------


def build(
    fake: FakeDiscord,
    place: Place,
    author: Person,
    body: Json,
    files: list[Upload],
    tap: Tap | None = None,
) -> Sent:
    """A message that is not stored yet."""
    now = fake.clock()
    content = str(body.get("content") or "")
    payload: Json = {
        "id": str(fake.ids()),
        "type": 0,
        "channel_id": str(place.id),
        "author": author.payload(),
        "content": content.strip(),
        "timestamp": iso(now),
        "edited_timestamp": None,
        "tts": False,
        "pinned": False,
        "mention_roles": [],
        "mention_everyone": _everyone(content, body.get("allowed_mentions")),
        "mentions": _mentions(fake, content, body),
        "attachments": attach(fake, files),
        "embeds": _embeds(body),
        "components": body.get("components") or [],
        "flags": int(body.get("flags") or 0),
    }
    nonce = body.get("nonce")
    if nonce is not None:
        payload["nonce"] = nonce
    if tap is not None:
        payload |= _from_tap(fake, tap)
    audience = tap.person.id if tap is not None and payload["flags"] & EPHEMERAL else 0
    return Sent(
        payload, place, author, now, str(nonce or ""), list(files), [], tap, audience, asked=body
    )


def _from_tap(fake: FakeDiscord, tap: Tap) -> Json:
    meta: Json = {
        "id": str(tap.id),
        "type": tap.type,
        "user": tap.person.payload(),
        "authorizing_integration_owners": tap.payload["authorizing_integration_owners"],
    }
    if tap.type == 2:
        meta["name"] = tap.payload["data"]["name"]
    if tap.message is not None:
        meta["interacted_message_id"] = str(tap.message.id)
    return {
        "interaction_metadata": meta,
        "application_id": str(fake.application_id),
        "webhook_id": str(fake.application_id),
        "type": 20 if tap.type == 2 else 19 if tap.message is not None else 0,
    }


def _mentions(fake: FakeDiscord, content: str, body: Json) -> list[Json]:
    """Who is named and may be pinged."""
    allowed = body.get("allowed_mentions")
    ids = [int(i) for i in dict.fromkeys(re.findall(r"<@!?(\d+)>", content))]
    if allowed is not None and "users" not in (allowed.get("parse") or []):
        named = {int(u) for u in allowed.get("users") or []}
        ids = [i for i in ids if i in named]
    return [fake.people[i].payload() for i in ids if i in fake.people]


def _everyone(content: str, allowed: Json | None) -> bool:
    may = allowed is None or "everyone" in (allowed.get("parse") or [])
    return may and bool(re.search(r"@(everyone|here)\b", content))


def _embeds(body: Json) -> list[Json]:
    return [{"type": "rich"} | e for e in body.get("embeds") or []]


def attach(fake: FakeDiscord, files: list[Upload]) -> list[Json]:
    found = []
    for upload in files:
        id_ = str(fake.ids())
        path = f"{id_}/{upload.name}"
        fake.files[path] = upload
        url = f"http://127.0.0.1:{fake.port}/attachments/{path}"
        body: Json = {
            "id": id_, "filename": upload.name, "size": len(upload.data), "url": url,
            "proxy_url": url, "content_type": upload.content_type,
        }  # fmt: skip
        body |= dict(upload.extra)
        if upload.description:
            body["description"] = upload.description
        found.append(body)
    return found


async def change(fake: FakeDiscord, sent: Sent, body: Json, files: list[Upload]) -> Json:
    """Edit a message of the bot; fields that are not named stay. Its new payload."""
    payload = sent.payload
    trial = {k: payload[k] for k in _CHANGED} | {k: body[k] for k in _CHANGED if k in body}
    trial["flags"] = payload["flags"] | (int(body.get("flags") or 0) & LAYOUT)
    trial["attachments"] = body.get("attachments") or []
    trial["allowed_mentions"] = body.get("allowed_mentions")
    check_message(trial, files, edit=bool(payload["attachments"]))
    if not any(trial[k] for k in _CHANGED) and not files and not payload["attachments"]:
        raise RefusedError(400, 50006, "Cannot send an empty message")
    sent.edits.append(Edit(fake.clock(), sent.content, list(sent.components), list(sent.embeds)))
    first = payload["flags"] & LOADING
    payload["content"] = str(trial["content"] or "").strip()
    payload["embeds"], payload["components"] = _embeds(trial), trial["components"] or []
    payload["flags"] = trial["flags"] & ~LOADING
    if "attachments" in body:
        kept = {str(a.get("id")) for a in body["attachments"] or []}
        payload["attachments"] = [a for a in payload["attachments"] if a["id"] in kept]
    payload["attachments"] = payload["attachments"] + attach(fake, files)
    sent.files += files
    if not first:
        payload["edited_timestamp"] = iso(fake.clock())
    if not sent.ephemeral:
        await fake.tell("MESSAGE_UPDATE", sent)
    return payload


# --- finding -----------------------------------------------------------------


def the_place(fake: FakeDiscord, ask: Ask) -> Place:
    """A channel the bot can read. Raises 10003 or 50001."""
    place = fake.places.get(ask.number("channel"))
    if place is None:
        raise unknown(10003, "Channel")
    if not place.bot:
        raise RefusedError(403, 50001, "Missing Access")
    return place


def the_message(fake: FakeDiscord, ask: Ask, place: Place) -> Sent:
    """A message in it that the bot can address. Raises 10008."""
    found = fake.messages.get(ask.number("message"))
    if found is None or found.deleted or found.place is not place or found.ephemeral:
        raise unknown(10008, "Message")
    return found


# --- routes ------------------------------------------------------------------


async def create(fake: FakeDiscord, ask: Ask) -> Json:
    """POST /channels/{channel}/messages."""
    place, body = the_place(fake, ask), ask.body
    check_message(body, ask.files)
    _sendable(fake, place)
    nonce = str(body.get("nonce") or "")
    if nonce and body.get("enforce_nonce"):
        known = fake.messages.get(fake.nonces.get((fake.me.id, nonce), 0))
        if known is not None and fake.clock() - known.at < fake.nonce_s:
            return known.payload
    reference = _referenced(fake, place, body.get("message_reference"))
    body = body | {"flags": int(body.get("flags") or 0) & _SETTABLE & ~EPHEMERAL}
    sent = build(fake, place, fake.me, body, ask.files)
    sent.payload |= reference
    if nonce:
        fake.nonces[fake.me.id, nonce] = sent.id
    await fake.keep(sent)
    return sent.payload


def _sendable(fake: FakeDiscord, place: Place) -> None:
    if place.refusal is not None:
        raise place.refusal
    if place.type == DM and any(p.id in fake.closed_to_bot for p in place.people):
        raise RefusedError(403, 50007, "Cannot send messages to this user")


def _referenced(fake: FakeDiscord, place: Place, reference: Json | None) -> Json:
    if not reference:
        return {}
    found = fake.messages.get(int(reference["message_id"]))
    if found is None or found.deleted or found.place is not place:
        if reference.get("fail_if_not_exists", True):
            raise invalid(
                "message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message"
            )
        return {}
    ref: Json = {"message_id": str(found.id), "channel_id": str(place.id)}
    if place.guild is not None:
        ref["guild_id"] = str(place.guild.id)
    return {"type": 19, "message_reference": ref, "referenced_message": dict(found.payload)}


async def edit(fake: FakeDiscord, ask: Ask) -> Json:
    """PATCH /channels/{channel}/messages/{message}."""
    sent = the_message(fake, ask, the_place(fake, ask))
    if sent.author is not fake.me:
        raise RefusedError(403, 50005, "Cannot edit a message authored by another user")
    return await change(fake, sent, ask.body, ask.files)


async def delete(fake: FakeDiscord, ask: Ask) -> None:
    """DELETE /channels/{channel}/messages/{message}."""
    place = the_place(fake, ask)
    sent = the_message(fake, ask, place)
    if sent.author is not fake.me and place.guild is None:
        raise RefusedError(403, 50003, "Cannot execute action on this channel type")
    sent.deleted = True
    body: Json = {"id": str(sent.id), "channel_id": str(place.id)}
    guild = place.guild
    if guild is not None:
        body["guild_id"] = str(guild.id)
    await fake.gateway.dispatch("MESSAGE_DELETE", body, guild.id if guild else 0)


async def get(fake: FakeDiscord, ask: Ask) -> Json:
    """GET /channels/{channel}/messages/{message}."""
    sent = the_message(fake, ask, the_place(fake, ask))
    return _fetched(fake, sent)


def _fetched(fake: FakeDiscord, sent: Sent) -> Json:
    """As REST gives a message: what the app may read of it, and no nonce any more."""
    seen = fake.seen_by_bot(sent.payload, fake.privileged)
    return {k: v for k, v in seen.items() if k != "nonce"}


async def history(fake: FakeDiscord, ask: Ask) -> list[Json]:
    """GET /channels/{channel}/messages: newest first; ``after`` gives those next to it."""
    place = the_place(fake, ask)
    limit = int(ask.query.get("limit", 50))
    if not 1 <= limit <= 100:
        raise invalid("limit", "NUMBER_TYPE_MAX", "int value should be less than or equal to 100.")
    there = [
        m for m in fake.messages.values() if m.place is place and not (m.deleted or m.ephemeral)
    ]
    there.sort(key=lambda m: m.id)
    if "after" in ask.query:
        there = [m for m in there if m.id > int(ask.query["after"])][:limit]
    elif "before" in ask.query:
        there = [m for m in there if m.id < int(ask.query["before"])]
    elif "around" in ask.query:
        near = int(ask.query["around"])
        there = sorted(sorted(there, key=lambda m: abs(m.id - near))[:limit], key=lambda m: m.id)
    return [_fetched(fake, m) for m in there[-limit:][::-1]]


async def typing(fake: FakeDiscord, ask: Ask) -> None:
    """POST /channels/{channel}/typing."""
    fake.typing.append((fake.clock(), the_place(fake, ask).id))


async def react(fake: FakeDiscord, ask: Ask) -> None:
    """PUT …/reactions/{emoji}/@me."""
    sent = the_message(fake, ask, the_place(fake, ask))
    await put_reaction(fake, sent, fake.me, str(ask.at["emoji"]))


async def put_reaction(
    fake: FakeDiscord, sent: Sent, person: Person, emoji: str, *, added: bool = True
) -> None:
    """Tell the bot of a reaction."""
    guild = sent.place.guild
    body: Json = {
        "user_id": str(person.id), "channel_id": str(sent.place.id), "message_id": str(sent.id),
        "message_author_id": str(sent.author.id), "emoji": {"id": None, "name": emoji},
        "burst": False, "type": 0,
    }  # fmt: skip
    if guild is not None:
        body |= {"guild_id": str(guild.id)}
        if added and person.id in guild.members:
            body["member"] = fake.member_payload(guild, person.id)
    event = "MESSAGE_REACTION_ADD" if added else "MESSAGE_REACTION_REMOVE"
    await fake.gateway.dispatch(event, body, guild.id if guild else 0)


async def thread_of(fake: FakeDiscord, ask: Ask) -> Json:
    """POST /channels/{channel}/messages/{message}/threads: its id is the message's."""
    place = the_place(fake, ask)
    sent = the_message(fake, ask, place)
    if sent.id in fake.places:
        raise RefusedError(400, 160004, "A thread has already been created for this message")
    return await _thread(fake, place, ask.body, THREAD, sent.id)


async def thread(fake: FakeDiscord, ask: Ask) -> Json:
    """POST /channels/{channel}/threads: without a message."""
    kind = int(ask.body.get("type") or PRIVATE_THREAD)
    return await _thread(fake, the_place(fake, ask), ask.body, kind, fake.ids())


async def _thread(fake: FakeDiscord, place: Place, body: Json, kind: int, id_: int) -> Json:
    if place.guild is None or place.type in {THREAD, PRIVATE_THREAD}:
        raise RefusedError(400, 50024, "Cannot execute action on this channel type")
    length(body.get("name"), "name", 100)
    made = Place(id_, kind, body["name"], place.guild, place.id, fake.me.id, made=fake.clock())
    fake.places[id_] = made
    payload: dict[str, Any] = fake.place_payload(made)
    await fake.gateway.dispatch("THREAD_CREATE", payload | {"newly_created": True}, place.guild.id)
    return payload


async def patch_place(fake: FakeDiscord, ask: Ask) -> Json:
    """PATCH /channels/{channel}: a name, or archiving a thread."""
    place = the_place(fake, ask)
    if "name" in ask.body:
        length(ask.body["name"], "name", 100)
    changed = replace(place)
    place.name = str(ask.body.get("name") or changed.name)
    place.archived = bool(ask.body.get("archived", changed.archived))
    return fake.place_payload(place)
