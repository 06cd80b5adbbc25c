"""A store in memory that keeps the contract of bot.store.PersonStore; for tests of everything else.

Set ``failure`` to an error, and every call raises it until it is set back to None.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bot.errors import NotFoundError, SalusError, StoreError
from bot.ids import new_user_id
from bot.model import (
    LEARNT,
    Address,
    Admission,
    Curator,
    Feedback,
    Joining,
    Lesson,
    MetricKind,
    Observation,
    ObservationId,
    Profile,
    Turn,
    TurnId,
    UserId,
)
from bot.ports import LINK_LASTS, LINK_TRIES, LINK_TRIES_IN
from bot.store import Consent, new_id, stats
from bot.store.codec import (
    mend,
    observation_body,
    observation_of,
    observation_plain,
    plain,
    profile_body,
    profile_of,
    turn_body,
    turn_of,
    turn_plain,
)
from bot.store.export import Everything, readable
from bot.store.lessons import LEARN, lesson
from bot.store.merging import merged_profile


@dataclass
class Person:
    """Everything about one person."""

    profile: Profile
    consents: list[Consent] = field(default_factory=list)
    batches: list[list[Observation]] = field(default_factory=list)
    turns: dict[str, Turn] = field(default_factory=dict)
    votes: dict[str, Feedback] = field(default_factory=dict)  # remarks too


class FakeStore:
    """The store without a disk: nothing is encrypted and nothing outlives the process."""

    def __init__(self, *, consent_wording: str = "") -> None:
        self.people: dict[str, Person] = {}
        self.accounts: dict[tuple[str, str], tuple[str, datetime]] = {}
        self.forgotten: set[str] = set()
        self.codes: dict[str, tuple[str, datetime]] = {}
        self.tries: list[tuple[str, str, datetime]] = []
        self.desk_codes: dict[str, tuple[str, datetime]] = {}  # name -> code, made at
        self.book: dict[tuple[str, str], tuple[str, Address]] = {}  # account -> owner, address
        self.desk: dict[tuple[str, str], tuple[str, Curator]] = {}  # account -> owner, curator
        self.failure: SalusError | None = None
        self.calls: Counter[str] = Counter()
        self.closed = False
        self._wording = consent_wording

    def _called(self, name: str) -> None:
        self.calls[name] += 1
        if self.failure is not None:
            raise self.failure

    def _known(self, user: str) -> Person:
        user = plain(user)
        return self.people.get(user) or Person(Profile(user=UserId(user)))

    def _ensured(self, user: str) -> Person:
        if plain(user) in self.forgotten:
            raise NotFoundError("this person asked to be forgotten")
        return self.people.setdefault(plain(user), self._known(user))

    # --- people

    async def user_for(self, platform: str, external_id: str) -> UserId:
        self._called("user_for")
        key = (plain(platform), plain(external_id))
        if key not in self.accounts:
            user = new_user_id()
            self._ensured(user)
            self.accounts[key] = (user, datetime.now(UTC))
        return UserId(self.accounts[key][0])

    async def link(self, user: UserId, platform: str, external_id: str) -> UserId | None:
        self._called("link")
        if plain(user) not in self.people:
            raise NotFoundError("no such person")
        key = (plain(platform), plain(external_id))
        before = self.accounts.get(key, (plain(user),))[0]
        self.accounts[key] = (plain(user), datetime.now(UTC))
        return UserId(before) if before != plain(user) else None

    async def unlink(self, user: UserId, platform: str, external_id: str) -> None:
        self._called("unlink")
        key = (plain(platform), plain(external_id))
        if self.accounts.get(key, ("",))[0] != plain(user):
            raise NotFoundError("no such account")
        del self.accounts[key]

    async def platforms(self, user: UserId) -> list[str]:
        self._called("platforms")
        mine = [(at, key) for key, (owner, at) in self.accounts.items() if owner == plain(user)]
        return [platform for _, (platform, _) in sorted(mine)]

    # --- linking

    async def offer_link(self, user: UserId, code: str, *, now: datetime) -> None:
        self._called("offer_link")
        self._ensured(user)
        self.codes = {c: made for c, made in self.codes.items() if made[0] != plain(user)}
        self.codes[code] = (plain(user), now + LINK_LASTS)

    async def weigh_link(self, code: str, *, platform: str, account: str, now: datetime) -> Joining:
        self._called("weigh_link")
        recent = [
            t for t in self.tries if t[:2] == (platform, account) and t[2] > now - LINK_TRIES_IN
        ]
        if len(recent) >= LINK_TRIES:
            return Joining(verdict="locked")
        maker, until = self.codes.get(code, ("", now))
        if until <= now or maker not in self.people:
            return Joining(verdict="refused")
        owner = self.accounts.get((plain(platform), plain(account)), ("",))[0]
        return Joining(verdict="own" if owner == maker else "joined", user=UserId(maker))

    async def join(self, code: str, *, platform: str, account: str, now: datetime) -> Joining:
        found = await self.weigh_link(code, platform=platform, account=account, now=now)
        self._called("join")
        if found.verdict == "refused":
            self.tries.append((platform, account, now))
        if found.verdict == "joined" and found.user is not None:
            del self.codes[code]
            key = (plain(platform), plain(account))
            joiner = self.accounts.get(key, ("",))[0]
            self.accounts[key] = (found.user, datetime.now(UTC))
            if joiner:
                self._merge(joiner, found.user, datetime.now(UTC))
        return found

    def _leave(self, user: str) -> None:
        self.book = {key: made for key, made in self.book.items() if made[0] != user}
        self.desk = {key: made for key, made in self.desk.items() if made[0] != user}

    def _merge(self, joiner: str, maker: UserId, now: datetime) -> None:
        book = {k: (str(maker), a) for k, (o, a) in self.book.items() if o == joiner}
        self._leave(joiner)
        self.book |= book
        old, new = self.people.pop(joiner), self.people[maker]
        self.forgotten.add(joiner)
        self.accounts = {k: (maker, now) if v[0] == joiner else v for k, v in self.accounts.items()}
        self.codes = {c: made for c, made in self.codes.items() if made[0] != joiner}
        known = {(o.kind, o.at) for batch in new.batches for o in batch}
        batches = [[o for o in b if (o.kind, o.at) not in known] for b in old.batches]
        new.batches = sorted([*new.batches, *filter(None, batches)], key=lambda b: str(b[0].id))
        new.turns |= {i: replace(turn, user=maker) for i, turn in old.turns.items()}
        new.votes |= {i: replace(vote, user=maker) for i, vote in old.votes.items()}
        new.profile = merged_profile(new.profile, old.profile, old.consents)
        old_ones = [replace(c, withdrawn_at=c.withdrawn_at or now) for c in old.consents]
        kept = [
            c
            if c.withdrawn_at or c.purpose in new.profile.consents
            else replace(c, withdrawn_at=now)
            for c in new.consents
        ]
        new.consents = sorted([*kept, *old_ones], key=lambda c: c.given_at)

    async def keep_address(self, user: UserId, address: Address) -> None:
        self._called("keep_address")
        self._ensured(user)
        self.book.pop((address.platform, address.account), None)
        self.book[address.platform, address.account] = (plain(user), address)

    async def addresses(self, user: UserId) -> list[Address]:
        self._called("addresses")
        return [address for owner, address in self.book.values() if owner == plain(user)]

    async def part(self, user: UserId, *, platform: str, account: str) -> bool:
        self._called("part")
        key = (plain(platform), plain(account))
        if self.accounts.get(key, ("",))[0] != plain(user):
            raise NotFoundError("no such account")
        if len(await self.platforms(user)) < 2:
            return False
        self.book.pop(key, None)
        new = new_user_id()
        self._ensured(new)
        self.accounts[key] = (new, datetime.now(UTC))
        return True

    async def profile(self, user: UserId) -> Profile:
        self._called("profile")
        return self._known(user).profile

    async def save_profile(self, profile: Profile) -> None:
        self._called("save_profile")
        person, now = self._ensured(profile.user), datetime.now(UTC)
        wanted = frozenset(map(plain, profile.consents))
        holding = {c.purpose for c in person.consents if c.withdrawn_at is None}
        person.consents = [
            replace(c, withdrawn_at=now)
            if c.withdrawn_at is None and c.purpose not in wanted
            else c
            for c in person.consents
        ] + [
            Consent(purpose=p, given_at=now, wording=self._wording)
            for p in sorted(wanted - holding)
        ]
        user = UserId(plain(profile.user))
        person.profile = profile_of(user, _stored(profile_body(profile)), wanted)

    async def consents(self, user: UserId) -> list[Consent]:
        self._called("consents")
        return list(self._known(user).consents)

    # --- observations

    async def add_observations(
        self, user: UserId, observations: Sequence[Observation]
    ) -> list[ObservationId]:
        self._called("add_observations")
        if not observations:
            return []
        batch = [
            observation_of(
                {**observation_plain(o), "id": new_id(), "at": _utc(o.at)},
                _stored(observation_body(o)),
            )
            for o in observations
        ]
        self._ensured(user).batches.append(batch)
        return [o.id for o in batch if o.id]

    async def observations(
        self, user: UserId, *, kind: MetricKind | None = None, since: datetime | None = None
    ) -> list[Observation]:
        self._called("observations")
        found = [o for batch in self._known(user).batches for o in batch]
        kept = [o for o in found if kind in (None, o.kind) and (since is None or o.at >= since)]
        return sorted(kept, key=lambda o: o.at)

    async def remove_observations(self, user: UserId, ids: Sequence[ObservationId]) -> int:
        self._called("remove_observations")
        person = self._known(user)
        before = sum(map(len, person.batches))
        person.batches[:] = [[o for o in batch if o.id not in ids] for batch in person.batches]
        person.batches[:] = [batch for batch in person.batches if batch]
        return before - sum(map(len, person.batches))

    async def last_logged(self, user: UserId) -> list[ObservationId]:
        self._called("last_logged")
        batches = self._known(user).batches
        return [o.id for o in batches[-1] if o.id] if batches else []

    # --- turns and votes

    async def add_turn(self, turn: Turn) -> None:
        self._called("add_turn")
        row = {**turn_plain(turn), "id": plain(turn.id), "user_id": plain(turn.user)}
        person = self._ensured(turn.user)
        if any(row["id"] in other.turns for other in self.people.values()):
            raise StoreError("this turn exists")
        person.turns[row["id"]] = turn_of(row | {"at": _utc(turn.at)}, _stored(turn_body(turn)))

    async def turn(self, user: UserId, turn: TurnId) -> Turn:
        self._called("turn")
        if plain(turn) not in self._known(user).turns:
            raise NotFoundError("no such turn")
        return self._known(user).turns[plain(turn)]

    async def history(self, user: UserId, *, platform: str, chat: str, limit: int) -> list[Turn]:
        self._called("history")
        here = [
            t
            for t in self._known(user).turns.values()
            if (t.place.platform, t.place.chat) == (plain(platform), mend(chat))
        ]
        return sorted(here, key=lambda t: (t.at, t.id))[-limit:] if limit > 0 else []

    async def vote(self, feedback: Feedback) -> None:
        self._called("vote")
        person, turn = self._known(feedback.user), TurnId(plain(feedback.turn))
        if turn not in person.turns:
            raise NotFoundError("no such turn")
        before = person.votes.get(turn)
        new = replace(feedback, turn=turn, reason=mend(feedback.reason))
        if before and new.vote is None:
            new = replace(new, vote=before.vote)
        elif before and before.vote is None and not new.reason:
            new = replace(new, reason=before.reason)
        person.votes[turn] = new

    async def votes(self, user: UserId | None = None) -> list[Feedback]:
        self._called("votes")
        people = self.people.values() if user is None else [self._known(user)]
        found = [v for person in people for v in person.votes.values() if v.vote]
        return sorted(found, key=lambda v: (v.at, v.turn))

    async def lessons(self, *, since: datetime | None = None) -> list[Lesson]:
        self._called("lessons")
        rated = [
            (person.turns[vote.turn], vote.vote)
            for person in self.people.values()
            for vote in person.votes.values()
            if LEARN in person.profile.consents and vote.vote
            if since is None or vote.at >= since
            if person.turns[vote.turn].place.platform in LEARNT
        ]
        made = (lesson(*one) for one in sorted(rated, key=lambda pair: (pair[0].at, pair[0].id)))
        return [one for one in made if one is not None]

    async def feedback_stats(self, reasons: Collection[str] = ()) -> dict[str, object]:
        self._called("feedback_stats")
        groups = []
        for person in self.people.values():
            for vote in filter(lambda v: v.vote, person.votes.values()):
                turn = turn_plain(person.turns[vote.turn])
                groups.append(turn | {"vote": vote.vote, "count": 1})
        given = [v.reason for person in self.people.values() for v in person.votes.values()]
        return stats.tally(groups, given, reasons)

    # --- the whole person

    async def export(self, user: UserId) -> dict[str, object]:
        self._called("export")
        person = self._known(user)
        mine = [(p, at) for (p, _), (u, at) in self.accounts.items() if u == plain(user)]
        found = Everything(
            profile=person.profile,
            accounts=mine,
            consents=person.consents,
            observations=await self.observations(user),
            turns=sorted(person.turns.values(), key=lambda t: (t.at, t.id)),
            votes=sorted(person.votes.values(), key=lambda v: (v.at, v.turn)),
            challenges=[],
            curator=[c.name for owner, c in self.desk.values() if owner == plain(user)],
        )
        return readable(found, datetime.now(UTC))

    # --- curators

    async def offer_desk(self, name: str, code: str, *, now: datetime) -> None:
        self._called("offer_desk")
        self.desk_codes[plain(name)] = (code, now)

    async def weigh_desk(
        self, code: str, *, platform: str, account: str, now: datetime
    ) -> Admission:
        self._called("weigh_desk")
        recent = [
            t for t in self.tries if t[:2] == (platform, account) and t[2] > now - LINK_TRIES_IN
        ]
        if len(recent) >= LINK_TRIES:
            return Admission(verdict="locked")
        for name, (made, at) in self.desk_codes.items():
            if made == code and at > now - LINK_LASTS:
                return Admission(verdict="bound", name=name, since=_utc(at))
        return Admission(verdict="refused")

    async def enter_desk(
        self, code: str, curator: Curator, *, user: UserId, now: datetime
    ) -> Admission:
        platform, account = curator.platform, curator.account
        found = await self.weigh_desk(code, platform=platform, account=account, now=now)
        self._called("enter_desk")
        if found.verdict == "refused":
            self.tries.append((platform, account, now))
        if found.verdict == "bound" and found.since is not None:
            self._ensured(user)
            del self.desk_codes[found.name]
            bound = replace(curator, name=found.name, since=found.since)
            self.desk[platform, account] = (plain(user), bound)
        return found

    async def curator(self, platform: str, account: str) -> Curator | None:
        self._called("curator")
        found = self.desk.get((platform, account))
        return None if found is None else found[1]

    async def curators(self) -> list[Curator]:
        self._called("curators")
        found = [curator for _, curator in self.desk.values()]
        return sorted(found, key=lambda c: (c.name, c.platform, c.account))

    async def leave_desk(self, *, name: str = "", platform: str = "", account: str = "") -> int:
        self._called("leave_desk")
        gone = [
            key
            for key, (_, curator) in self.desk.items()
            if key == (platform, account) or (name and curator.name == name)
        ]
        self.desk_codes.pop(name, None)
        for key in gone:
            del self.desk[key]
        return len(gone)

    async def forget(self, user: UserId) -> None:
        self._called("forget")
        self._leave(plain(user))
        if self.people.pop(plain(user), None) is not None:
            self.forgotten.add(plain(user))
        self.accounts = {k: v for k, v in self.accounts.items() if v[0] != plain(user)}
        self.codes = {c: made for c, made in self.codes.items() if made[0] != plain(user)}

    async def close(self) -> None:
        self.closed = True


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise StoreError("a time without a zone cannot be stored")
    return at.astimezone(UTC)


def _stored(body: dict[str, object]) -> dict[str, Any]:
    """The body as it comes back from a disk."""
    found: dict[str, Any] = json.loads(json.dumps(body))
    return found
