"""The way out of the store for training data, and the way back for what reviewers decide.

As ``SqlStore.lessons`` (rated, agreed to, said where learning is allowed), with all that the
prompt held, and the words de-identified before they leave. An answer whose prompt repeated
anything with the person's own numbers stays out whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, delete, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotFoundError
from bot.model import LEARNT, Turn
from bot.store import lineage
from bot.store.codec import Row, mend, plain, profile_of, turn_of
from bot.store.lessons import LEARN, lesson, masked
from bot.store.tables import consents, profiles, turns, users, votes
from bot.store.tuning_tables import lesson_reviews
from bot.tuning.lineage import Kept, Retraining
from bot.tuning.rated import Earlier, Rated, Review

if TYPE_CHECKING:
    from bot.store.crypto import PersonCipher
    from bot.store.sql import SqlStore

Mask = Callable[[str, Sequence[str]], str]  # (text, the person's own names) -> masked text
OWN_FACTS: Final = frozenset(
    "name nickname first_name last_name family city town address employer school doctor".split()
)


async def rated(store: SqlStore, mask: Mask, *, since: datetime | None = None) -> list[Rated]:
    """Every lesson, the oldest question first; ``since``: rated at or after."""

    async def work(connection: AsyncConnection) -> list[Rated]:
        rows = (await connection.execute(_query(since))).mappings().all()
        found = []
        for row in rows:
            cipher = store._unwrapped(row["user_id"], row["key_id"], row["wrapped"])
            made = await _made(connection, cipher, row, mask)
            if made is not None:
                found.append(made)
        return found

    return await store._db.read(work)


def _query(since: datetime | None) -> Select[Any]:
    agreed = exists().where(
        consents.c.user_id == turns.c.user_id,
        consents.c.purpose == LEARN,
        consents.c.withdrawn_at.is_(None),
    )
    columns = (
        turns, votes.c.vote, votes.c.at.label("voted_at"), votes.c.body.label("why"),
        lesson_reviews.c.verdict, lesson_reviews.c.body.label("review"),
        profiles.c.body.label("profile"), users.c.key_id, users.c.wrapped,
    )  # fmt: skip
    joined = (
        turns.join(votes, votes.c.turn_id == turns.c.id)
        .join(users, users.c.id == turns.c.user_id)
        .outerjoin(profiles, profiles.c.user_id == turns.c.user_id)
        .outerjoin(lesson_reviews, lesson_reviews.c.turn_id == turns.c.id)
    )
    query = (
        select(*columns)
        .select_from(joined)
        .where(turns.c.platform.in_(LEARNT), votes.c.vote.in_(("up", "down")), agreed)
        .order_by(turns.c.at, turns.c.id)
    )
    return query if since is None else query.where(votes.c.at >= since)


async def _made(
    connection: AsyncConnection, cipher: PersonCipher, row: Row, mask: Mask
) -> Rated | None:
    turn = turn_of(row, cipher.open(row["body"], "turns", row["id"]))
    if lesson(turn, row["vote"]) is None or not turn.written or not turn.relevant:
        return None
    own = _own(cipher, row)
    earlier = await _earlier(connection, cipher, turn)
    if earlier is None:
        return None
    return Rated(
        id=turn.id,
        who=turn.user,
        at=row["voted_at"],
        lang=turn.lang,
        asked=mask(turn.asked, own),
        written=masked(turn.written),
        vote=row["vote"],
        path=turn.path,
        reason=mask(_opened(cipher, row["why"], "votes", row["id"], "reason"), own),
        shown=turn.shown,
        about=tuple(mask(line, own) for line in turn.about),
        earlier=tuple(
            Earlier(id=e.id, asked=mask(e.asked, own), answered=mask(e.answered, own))
            for e in earlier
        ),
        model=turn.model,
        adapter=turn.adapter,
        prompt_version=turn.prompt_version,
        knowledge_version=turn.knowledge_version,
        review=_review(cipher, row),
    )


def _own(cipher: PersonCipher, row: Row) -> list[str]:
    """Names and places that the person told us."""
    if row["profile"] is None:
        return []
    body = cipher.open(row["profile"], "profiles", cipher.user)
    facts = profile_of(row["user_id"], body, frozenset()).facts
    return [value for name, value in facts.items() if name.lower() in OWN_FACTS]


async def _earlier(
    connection: AsyncConnection, cipher: PersonCipher, turn: Turn
) -> list[Turn] | None:
    """The exchanges the prompt repeated; None when one is gone or holds the person's numbers."""
    if not turn.recalled:
        return []
    mine = (turns.c.user_id == cipher.user, turns.c.id.in_(turn.recalled))
    found = (await connection.execute(select(turns).where(*mine))).mappings()
    opened = {r["id"]: turn_of(r, cipher.open(r["body"], "turns", r["id"])) for r in found}
    if set(opened) != set(turn.recalled):
        return None
    wanted = [opened[id_] for id_ in turn.recalled]
    return None if any(e.metric_summary or e.kind == "logged" for e in wanted) else wanted


def _opened(cipher: PersonCipher, body: bytes | None, table: str, row: str, field: str) -> str:
    return "" if body is None else str(cipher.open(body, table, row)[field])


def _review(cipher: PersonCipher, row: Row) -> Review | None:
    if row["review"] is None:
        return None
    body: dict[str, Any] = cipher.open(row["review"], "lesson_reviews", row["id"])
    return Review(verdict=row["verdict"], **body)


async def review(store: SqlStore, turn: str, decided: Review, at: datetime) -> None:
    """Keep what a reviewer decided, in place of what was; NotFoundError for an unknown lesson."""

    async def work(connection: AsyncConnection) -> None:
        owner = await connection.scalar(select(turns.c.user_id).where(turns.c.id == plain(turn)))
        cipher = None if owner is None else await store._cipher(connection, owner)
        if cipher is None:
            raise NotFoundError("no such lesson")
        body = {
            "by": mend(decided.by), "reason": mend(decided.reason), "text": mend(decided.text),
        }  # fmt: skip
        row = {
            "turn_id": plain(turn), "user_id": cipher.user, "verdict": decided.verdict, "at": at,
            "body": cipher.seal(body, "lesson_reviews", plain(turn)),
        }  # fmt: skip
        gone = delete(lesson_reviews).where(lesson_reviews.c.turn_id == plain(turn))
        await connection.execute(gone)
        await connection.execute(insert(lesson_reviews).values(row))

    await store._db.write(work)


class SqlLessons:
    """bot.tuning.lineage.Lessons on the store's database."""

    def __init__(self, store: SqlStore, mask: Mask) -> None:
        """``mask`` de-identifies what people wrote."""
        self._store = store
        self._mask = mask

    async def rated(self, *, since: datetime | None = None) -> list[Rated]:
        """See ``rated``."""
        return await rated(self._store, self._mask, since=since)

    async def review(self, lesson: str, decided: Review, at: datetime) -> None:
        """See ``review``."""
        await review(self._store, lesson, decided, at)

    async def keep(self, kept: Kept, *, key: str, rows: Mapping[str, str]) -> None:
        """See lineage.py, as all that follow."""
        await lineage.keep(self._store, kept, key=key, rows=rows)

    async def kept(self) -> list[Kept]:
        """Every data set that was built."""
        return await lineage.kept_sets(self._store)

    async def copied(self, name: str, folder: str) -> None:
        """One more place where a data set lies."""
        await lineage.copied(self._store, name, folder)

    async def rows_to_sweep(self) -> dict[str, list[str]]:
        """Rows of erased people."""
        return await lineage.rows_to_sweep(self._store)

    async def swept(self, name: str, rows: Sequence[str], sha256: str) -> None:
        """They are gone from the files."""
        await lineage.swept(self._store, name, rows, sha256)

    async def due(self) -> list[Retraining]:
        """What has to be trained anew."""
        return await lineage.retraining_due(self._store)

    async def retrained(self, adapter: str) -> bool:
        """It was."""
        return await lineage.retrained(self._store, adapter)
