"""The statements that every message needs of the mailbox, made once for an office.

Making a statement of expressions takes ten times as long as SQLite takes to run it, and a message
needs some twenty. What changes from call to call is a bound value: ``b_`` names those of an
UPDATE, where a column's own name would set the column.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Update,
    bindparam,
    exists,
    func,
    insert,
    select,
    update,
)

from bot.store.delivery_tables import IN_TURN, URGENT, inbox, outbox
from bot.store.letters import Office
from bot.store.tables import several

OWED = ("pending", "sending")
INTO_INBOX, INTO_OUTBOX = insert(inbox), insert(outbox)


def _limit() -> BindParameter[int]:
    return bindparam("limit", type_=Integer)


class MailQueries:
    """Of one office."""

    def __init__(self, office: Office) -> None:
        """Nothing is made before it is asked for."""
        self._office = office

    def here(self, table: FromClause) -> ColumnElement[bool]:
        """Whether a row is the office's own."""
        of = self._office
        return (table.c.platform == of.platform) & (table.c.bot == of.bot)

    # --- in

    @cached_property
    def known(self) -> Select[Any]:
        """Which of ``dedups`` and ``echoes`` were accepted before."""
        i = inbox.c
        same = i.dedup.in_(several("dedups")) | i.echo.in_(several("echoes"))
        return select(i.dedup, i.echo).where(self.here(inbox), same)

    @cached_property
    def waiting(self) -> Select[Any]:
        """What waits in its turn behind ``after``, ``limit`` at most."""
        i = inbox.c
        open_ = (i.state == "open") & (i.rank == IN_TURN) & i.worker.is_(None)
        query = select(inbox).where(self.here(inbox), open_, i.seq > bindparam("after"))
        return query.order_by(i.seq).limit(_limit())

    @cached_property
    def _claimable(self) -> Select[Any]:
        """The oldest open arrival of each lane that ``holder`` may begin at ``now``."""
        i, before = inbox.c, inbox.alias("before")
        older = (before.c.lane == i.lane) & (before.c.seq < i.seq)
        first = ~exists().where(self.here(before), before.c.state == "open", older)
        free = i.worker.is_(None) | (i.worker != bindparam("holder"))
        due = i.not_before.is_(None) | (i.not_before <= bindparam("now"))
        return select(inbox).where(self.here(inbox), i.state == "open", free, due, first)

    @cached_property
    def claimable(self) -> Select[Any]:
        """Those, ``limit`` at most, urgent ones first."""
        i = inbox.c
        return self._claimable.order_by(i.rank, i.seq).limit(_limit())

    @cached_property
    def claimable_urgent(self) -> Select[Any]:
        """The urgent ones of those, ``limit`` at most."""
        i = inbox.c
        return self._claimable.where(i.rank == URGENT).order_by(i.seq).limit(_limit())

    @cached_property
    def any_claimable(self) -> dict[bool, Select[Any]]:
        """Whether there is one: an urgent one, or any."""
        return {
            urgent: select(query.exists())
            for urgent, query in ((True, self.claimable_urgent), (False, self.claimable))
        }

    @cached_property
    def to_claim(self) -> dict[bool, Select[Any]]:
        """The urgent ones, or all, passing over what another process is claiming."""
        return {
            urgent: query.with_for_update(skip_locked=True, of=inbox)
            for urgent, query in ((True, self.claimable_urgent), (False, self.claimable))
        }

    @cached_property
    def claimed(self) -> Update:
        """Makes the rows of ``b_seqs`` those of ``b_holder``."""
        i = inbox.c
        row = {"worker": bindparam("b_holder"), "tries": i.tries + 1}
        return update(inbox).where(i.seq.in_(several("b_seqs"))).values(row)

    @cached_property
    def ended(self) -> Update:
        """Sets what it is given on the row ``b_seq``, if it is still open."""
        return update(inbox).where(inbox.c.seq == bindparam("b_seq"), inbox.c.state == "open")

    # --- out

    @cached_property
    def queued(self) -> Select[Any]:
        """The parts that are queued already of ``origins``."""
        o = outbox.c
        query = select(o.origin, o.part)
        return query.where(self.here(outbox), o.origin.in_(several("origins")))

    @cached_property
    def heads(self) -> Select[Any]:
        """The first letter owed to each chat whose lane is none of ``busy``."""
        o, before = outbox.c, outbox.alias("before")
        older = (before.c.lane == o.lane) & (before.c.seq < o.seq) & before.c.state.in_(OWED)
        first = ~exists().where(self.here(before), older)
        query = select(outbox).where(self.here(outbox), o.state == "pending", first)
        return query.where(o.lane.not_in(several("busy")))

    @cached_property
    def due_heads(self) -> Select[Any]:
        """Those that may go at ``now``, ``limit`` at most, urgent ones first."""
        o = outbox.c
        due = o.not_before.is_(None) | (o.not_before <= bindparam("now"))
        return self.heads.where(due).order_by(o.rank, o.seq).limit(_limit())

    @cached_property
    def next_due(self) -> Select[Any]:
        """When the next of those that must wait after ``now`` may go."""
        head = self.heads.subquery()
        return select(func.min(head.c.not_before)).where(head.c.not_before > bindparam("now"))

    @cached_property
    def leaving(self) -> Update:
        """Marks ``b_ids`` as about to go out, by ``b_holder``."""
        o = outbox.c
        row = {"state": "sending", "worker": bindparam("b_holder")}
        return update(outbox).where(o.id.in_(several("b_ids")), o.state == "pending").values(row)

    @cached_property
    def settled(self) -> Update:
        """What became of letter ``b_id`` at ``b_now``; its body is emptied."""
        row: dict[str, Any] = {
            "state": bindparam("b_state"),
            "platform_message_id": bindparam("b_shown"),
            "settled_at": bindparam("b_now"),
            "worker": None,
            "body": None,
        }
        return self._still_owed.values(row)

    @cached_property
    def postponed(self) -> Update:
        """Letter ``b_id`` goes again from ``b_until`` on; ``b_more`` counts as a try."""
        row: dict[str, Any] = {
            "state": "pending",
            "worker": None,
            "not_before": bindparam("b_until"),
            "tries": outbox.c.tries + bindparam("b_more"),
        }
        return self._still_owed.values(row)

    @cached_property
    def _still_owed(self) -> Update:
        o = outbox.c
        owed = (o.state == "pending") | (o.state == "sending")  # IN has no executemany
        return update(outbox).where(o.id == bindparam("b_id"), owed)
