"""What was measured, said and voted: sealed on the way in, opened only for its owner.

The middle of SqlStore, over PeopleStore. Every query names the person, so a row of somebody
else is not found rather than refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    RowMapping,
    Select,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotFoundError
from bot.ids import new_id
from bot.model import (
    LEARNT,
    Feedback,
    Lesson,
    MetricKind,
    Observation,
    ObservationId,
    Turn,
    TurnId,
    UserId,
)
from bot.store import stats
from bot.store.codec import (
    feedback_of,
    mend,
    observation_body,
    observation_of,
    observation_plain,
    plain,
    turn_body,
    turn_of,
    turn_plain,
)
from bot.store.crypto import PersonCipher
from bot.store.lessons import LEARN, lesson
from bot.store.people import PeopleStore
from bot.store.tables import consents, observations, several, turns, users, votes

_REMARK = ""  # in the column of votes: words without a thumb

# What every message asks for, made once (see mail_queries). Each names its person.
_INTO_TURNS, _INTO_OBSERVATIONS = insert(turns), insert(observations)
OWN_TURNS = select(turns).where(turns.c.user_id == bindparam("user"))
_TURN = OWN_TURNS.where(turns.c.id == bindparam("turn"))
_HISTORY = (
    OWN_TURNS.where(turns.c.chat_ref.in_(several("refs")))
    .order_by(turns.c.at.desc(), turns.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)


@cache
def _observed(by_kind: bool, by_time: bool) -> Select[Any]:
    """A person's observations, oldest first: of one ``kind``, ``since`` a time, or all."""
    o = observations.c
    query = select(observations).where(o.user_id == bindparam("user"))
    if by_kind:
        query = query.where(o.kind == bindparam("kind"))
    if by_time:
        query = query.where(o.at >= bindparam("since"))
    return query.order_by(o.at, o.batch, o.position)


class RecordStore(PeopleStore):
    """Observations, turns and votes."""

    # --- observations

    async def add_observations(
        self, user: UserId, observations: Sequence[Observation]
    ) -> list[ObservationId]:
        """Keep what one message measured, as one batch; the new ids, in the order given."""
        if not observations:
            return []
        ids = [ObservationId(new_id()) for _ in observations]

        async def work(connection: AsyncConnection) -> None:
            cipher = await self._ensured(connection, user)
            batch = new_id()
            numbered = enumerate(zip(ids, observations, strict=True))
            rows = [_observation_row(cipher, batch, n, *pair) for n, pair in numbered]
            await connection.execute(_INTO_OBSERVATIONS, rows)

        await self._db.write(work)
        return ids

    async def observations(
        self, user: UserId, *, kind: MetricKind | None = None, since: datetime | None = None
    ) -> list[Observation]:
        """The person's observations, oldest first; ``since`` is inclusive."""
        given: dict[str, Any] = {} if kind is None else {"kind": plain(kind)}
        if since is not None:
            given["since"] = since

        async def work(connection: AsyncConnection) -> list[Observation]:
            cipher = await self._reader(connection, user)
            return await self._observations(connection, cipher, given) if cipher else []

        return await self._db.read(work)

    async def _observations(
        self,
        connection: AsyncConnection,
        cipher: PersonCipher,
        given: Mapping[str, Any] | None = None,
    ) -> list[Observation]:
        given = {"user": cipher.user, **(given or {})}
        query = _observed("kind" in given, "since" in given)
        found = await connection.execute(query, given)
        return [
            observation_of(row, cipher.open(row["body"], "observations", row["id"]))
            for row in found.mappings()
        ]

    async def remove_observations(self, user: UserId, ids: Sequence[ObservationId]) -> int:
        """Remove those of ``ids`` that are the person's own; how many there were."""
        if not ids:
            return 0
        o = observations.c
        query = delete(observations).where(o.user_id == plain(user), o.id.in_(map(plain, ids)))

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(query)).rowcount

        return await self._db.write(work)

    async def last_logged(self, user: UserId) -> list[ObservationId]:
        """The ids of the batch logged last that still has rows: what "undo" takes back."""
        o = observations.c
        newest = select(func.max(o.batch)).where(o.user_id == plain(user)).scalar_subquery()
        query = select(o.id).where(o.user_id == plain(user), o.batch == newest)
        found = await self._db.read(lambda c: c.execute(query.order_by(o.position)))
        return [ObservationId(id_) for id_ in found.scalars()]

    # --- turns

    async def add_turn(self, turn: Turn) -> None:
        """Keep a turn; a StoreError if its id is taken."""

        async def work(connection: AsyncConnection) -> None:
            cipher = await self._ensured(connection, turn.user)
            id_ = plain(turn.id)
            row = turn_plain(turn) | {
                "id": id_,
                "user_id": cipher.user,
                "chat_ref": self._chat_refs(cipher.user, turn.place.platform, turn.place.chat)[0],
                "body": cipher.seal(turn_body(turn), "turns", id_),
            }
            await connection.execute(_INTO_TURNS, row)

        await self._db.write(work)

    def _chat_refs(self, user: str, platform: str, chat: str) -> list[str]:
        """Keyed HMACs of a chat, different for each person in it; the active key's first."""
        return list(
            self._keys.references("chat", plain(user), plain(platform), mend(chat)).values()
        )

    async def turn(self, user: UserId, turn: TurnId) -> Turn:
        """One turn of the person's own; NotFoundError otherwise."""
        found = await self._found(user, _TURN, {"turn": plain(turn)})
        if not found:
            raise NotFoundError("no such turn")
        return found[0]

    async def history(self, user: UserId, *, platform: str, chat: str, limit: int) -> list[Turn]:
        """The last ``limit`` turns of this person in this place alone, oldest first."""
        if limit <= 0:
            return []
        given = {"refs": self._chat_refs(user, platform, chat), "limit": limit}
        return (await self._found(user, _HISTORY, given))[::-1]

    async def _found(self, user: str, wanted: Select[Any], given: Mapping[str, Any]) -> list[Turn]:
        async def work(connection: AsyncConnection) -> list[Turn]:
            cipher = await self._reader(connection, user)
            return await self._turns(connection, cipher, wanted, given) if cipher else []

        return await self._db.read(work)

    async def _turns(
        self,
        connection: AsyncConnection,
        cipher: PersonCipher,
        wanted: Select[Any] = OWN_TURNS,
        given: Mapping[str, Any] | None = None,
    ) -> list[Turn]:
        """The person's own: ``wanted`` is OWN_TURNS with more said about it."""
        found = await connection.execute(wanted, {**(given or {}), "user": cipher.user})
        return [
            turn_of(row, cipher.open(row["body"], "turns", row["id"])) for row in found.mappings()
        ]

    # --- votes

    async def vote(self, feedback: Feedback) -> None:
        """Keep the person's one vote on a turn; NotFoundError if the turn is not theirs.

        A remark takes the place of the reason and leaves the vote as it is; a first vote
        without a reason leaves a remark that was there before it.
        """
        user, turn = plain(feedback.user), plain(feedback.turn)

        async def work(connection: AsyncConnection) -> None:
            cipher = await self._cipher(connection, user)
            own = select(turns.c.id).where(turns.c.id == turn, turns.c.user_id == user)
            if cipher is None or (await connection.execute(own)).first() is None:
                raise NotFoundError("no such turn")
            reason = cipher.seal({"reason": mend(feedback.reason)}, "votes", turn)
            row = {
                "vote": plain(feedback.vote or _REMARK),
                "at": feedback.at,
                "body": reason if feedback.reason else None,
            }
            before = await connection.scalar(select(votes.c.vote).where(votes.c.turn_id == turn))
            if before is None:
                new = {"turn_id": turn, "user_id": user, "created_at": feedback.at}
                await connection.execute(insert(votes).values(row | new))
                return
            if feedback.vote is None:
                del row["vote"]
            elif before == _REMARK and not feedback.reason:
                del row["body"]
            await connection.execute(update(votes).where(votes.c.turn_id == turn).values(row))

        await self._db.write(work)

    async def votes(self, user: UserId | None = None) -> list[Feedback]:
        """Everybody's votes, or one person's, oldest first; no remarks without a vote."""
        wanted = [votes.c.vote != _REMARK]
        if user is not None:
            wanted.append(votes.c.user_id == plain(user))
        return await self._db.read(lambda c: self._votes(c, *wanted))

    async def lessons(self, *, since: datetime | None = None) -> list[Lesson]:
        """What may be learned from, oldest first: the only way out for a training set.

        Rated turns of people whose agreement to "learn" stands now, said where learning is
        allowed: all of it decided in SQL, from plain columns. ``since``: rated or rated anew
        at or after. See lessons.lesson for what is left out and masked.
        """
        agreed = exists().where(
            consents.c.user_id == turns.c.user_id,
            consents.c.purpose == LEARN,
            consents.c.withdrawn_at.is_(None),
        )
        rated = turns.join(votes, votes.c.turn_id == turns.c.id).join(users)
        query = (
            select(turns, votes.c.vote, users.c.key_id, users.c.wrapped)
            .select_from(rated)
            .where(turns.c.platform.in_(LEARNT), votes.c.vote.in_(("up", "down")), agreed)
            .order_by(turns.c.at, turns.c.id)
        )
        if since is not None:
            query = query.where(votes.c.at >= since)
        found = (await self._db.read(lambda c: c.execute(query))).mappings()
        made = (lesson(self._opened(row), row["vote"]) for row in found)
        return [one for one in made if one is not None]

    def _opened(self, row: RowMapping) -> Turn:
        cipher = self._unwrapped(row["user_id"], row["key_id"], row["wrapped"])
        return turn_of(row, cipher.open(row["body"], "turns", row["id"]))

    async def _votes(
        self, connection: AsyncConnection, *wanted: ColumnElement[bool]
    ) -> list[Feedback]:
        owner = votes.join(users, votes.c.user_id == users.c.id)
        query = select(votes, users.c.key_id, users.c.wrapped).select_from(owner).where(*wanted)
        found = await connection.execute(query.order_by(votes.c.at, votes.c.turn_id))
        return [feedback_of(row, self._reason(row)) for row in found.mappings()]

    def _reason(self, row: RowMapping) -> str:
        if row["body"] is None:
            return ""
        cipher = self._unwrapped(row["user_id"], row["key_id"], row["wrapped"])
        return str(cipher.open(row["body"], "votes", row["turn_id"])["reason"])

    async def feedback_stats(self, reasons: Collection[str] = ()) -> dict[str, object]:
        """Counts of votes by what made the answers; of ``reasons`` by name (see stats.tally)."""
        aspects = [turns.c[name] for name in stats.ASPECTS]
        joined = votes.join(turns, votes.c.turn_id == turns.c.id)
        counted = select(*aspects, votes.c.vote, func.count().label("count")).select_from(joined)
        query = counted.where(votes.c.vote != _REMARK)

        async def work(connection: AsyncConnection) -> dict[str, object]:
            groups = await connection.execute(query.group_by(*aspects, votes.c.vote))
            given = await self._votes(connection, votes.c.body.is_not(None))
            counts = [dict(row) for row in groups.mappings()]
            return stats.tally(counts, (f.reason for f in given), reasons)

        return await self._db.read(work)


def _observation_row(
    cipher: PersonCipher, batch: str, position: int, id_: str, observation: Observation
) -> dict[str, Any]:
    return observation_plain(observation) | {
        "id": id_,
        "user_id": cipher.user,
        "batch": batch,
        "position": position,
        "body": cipher.seal(observation_body(observation), "observations", id_),
    }
