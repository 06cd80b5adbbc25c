"""How the fake Discord describes members, channels, guilds and what a bot may read of messages."""

from __future__ import annotations

from tests.fakes.discord_values import (
    ALL_PERMISSIONS,
    DM,
    GROUP,
    MEMBER_PERMISSIONS,
    MESSAGE_CONTENT,
    PRIVATE_THREAD,
    THREAD,
    Guild,
    Json,
    Person,
    Place,
    iso,
)


class Payloads:
    """The descriptions; the state is the server's."""

    me: Person
    people: dict[int, Person]
    places: dict[int, Place]

    def member_payload(self, guild: Guild, user: int) -> Json:
        """A member of a guild."""
        return {
            "user": self.people[user].payload(), "nick": guild.members.get(user) or None,
            "roles": [], "joined_at": iso(1.6e9), "deaf": False, "mute": False, "flags": 0,
            "avatar": None, "permissions": permissions_of(guild, user), "pending": False,
        }  # fmt: skip

    def place_payload(self, place: Place) -> Json:
        """A channel of any kind."""
        body: Json = {"id": str(place.id), "type": place.type, "flags": 0}
        body["last_message_id"] = str(place.last) if place.last else None
        if place.type in {DM, GROUP}:
            body["recipients"] = [p.payload() for p in place.people]
            return body | ({"name": place.name, "icon": None} if place.type == GROUP else {})
        assert place.guild is not None
        body |= {"guild_id": str(place.guild.id), "name": place.name, "rate_limit_per_user": 0}
        if place.type in {THREAD, PRIVATE_THREAD}:
            return body | {
                "parent_id": str(place.parent), "owner_id": str(place.owner), "message_count": 0,
                "member_count": 1, "total_message_sent": 0,
                "thread_metadata": thread_metadata(place.made, archived=place.archived),
            }  # fmt: skip
        return body | {
            "position": 0, "permission_overwrites": [], "nsfw": False, "topic": None,
            "parent_id": None,
        }  # fmt: skip

    def guild_payload(self, guild: Guild) -> Json:
        """A guild as GUILD_CREATE carries it."""
        inside = [p for p in self.places.values() if p.guild is guild]
        threads = {THREAD, PRIVATE_THREAD}
        role = {
            "id": str(guild.id), "name": "@everyone", "color": 0, "hoist": False, "position": 0,
            "permissions": ALL_PERMISSIONS, "managed": False, "mentionable": False, "flags": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        }  # fmt: skip
        members = [self.me.id, *guild.members] if guild.bot else list(guild.members)
        return {
            "id": str(guild.id), "name": guild.name, "icon": None, "roles": [role],
            "owner_id": str(next(iter(guild.members), self.me.id)), "unavailable": False,
            "verification_level": 0, "default_message_notifications": 0, "mfa_level": 0,
            "explicit_content_filter": 0, "nsfw_level": 0, "premium_tier": 0, "features": [],
            "preferred_locale": guild.locale, "emojis": [], "stickers": [], "large": False,
            "member_count": len(members), "presences": [], "voice_states": [],
            "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
            "joined_at": iso(1.6e9), "system_channel_id": None, "system_channel_flags": 0,
            "afk_channel_id": None, "afk_timeout": 300, "description": None,
            "members": [self.member_payload(guild, u) for u in members],
            "channels": [self.place_payload(p) for p in inside if p.type not in threads],
            "threads": [self.place_payload(p) for p in inside if p.type in threads],
        }  # fmt: skip

    def seen_by_bot(self, message: Json, intents: int) -> Json:
        """A message without what the intents withhold: in guilds, unless it names the bot."""
        mentioned = any(u["id"] == str(self.me.id) for u in message["mentions"])
        own = message["author"]["id"] == str(self.me.id)
        place = self.places[int(message["channel_id"])]
        if intents & MESSAGE_CONTENT or mentioned or own or place.private:
            return message
        return message | {"content": "", "embeds": [], "attachments": [], "components": []}


def permissions_of(guild: Guild, user: int) -> str:
    """Everything for whoever made the server and for our bot; a member's for the others."""
    first = next(iter(guild.members), user)
    return ALL_PERMISSIONS if user == first or user not in guild.members else MEMBER_PERMISSIONS


def thread_metadata(made: float, *, archived: bool = False) -> Json:
    """As channels of type thread carry it."""
    return {
        "archived": archived, "auto_archive_duration": 1440, "locked": False,
        "archive_timestamp": iso(made), "create_timestamp": iso(made),
    }  # fmt: skip
