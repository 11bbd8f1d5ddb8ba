"""What tells whether decisions still stand: asked in one statement, before anything is decided anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Text, bindparam, cast, func, literal, null, select, union_all

from facts.audit import ABOUT_ONE, ABOUT_RULES
from facts.house_tables import audit, decision_runs
from facts.packs import ACTIVE_DIGEST
from facts.store import Store


@dataclass(frozen=True, slots=True)
class Marks:
    """While they stay the same, so does what the store says of customers. 0 stands for none.

    `pack` is the digest of the pack in use, `run` the number of the run published last, `others` the newest entry of
    the audit log that is about more than one customer, `own` the newest about each customer alone.
    """

    pack: str | None
    run: int
    others: int
    own: Mapping[str, int]

    def of(self, customer: str) -> tuple[int, int, int]:
        """Return the marks of one customer, without the pack."""
        return self.run, self.others, self.own.get(customer, 0)


def marks(store: Store, customers: Collection[str]) -> Marks:
    """Return the marks of customers as they stand now."""
    pack, run, others = None, 0, 0
    own: dict[str, int] = {}
    with store.asking() as connection:
        for what, said, number in connection.execute(_MARKS, {"customers": list(customers)}):
            if what == "pack":
                pack = said
            elif what == "run":
                run = number or 0
            elif what == "others":
                others = number or 0
            else:
                own[said] = number
    return Marks(pack, run, others, own)


def changed_since(store: Store, entry: int) -> frozenset[str] | None:
    """Return the customers about whom something was logged after an entry of the audit log.

    None if facts were told that are not about one customer alone: then all may have changed.
    """
    logged = select(audit.c.customer, audit.c.did).distinct()
    told = logged.where(audit.c.id > entry, audit.c.did.not_in(ABOUT_RULES))
    with store.asking() as connection:
        found = [(customer, did) for customer, did in connection.execute(told)]
    if any(customer is None or did not in ABOUT_ONE for customer, did in found):
        return None
    return frozenset(customer for customer, _ in found)


def log_so_far(store: Store, until: int | None = None) -> tuple[int, int]:
    """Return the number of the newest entry of the audit log, and how many entries there are (0, 0 if none).

    While there are as many up to a number as there were, none was added below it: an entry gets its number before it
    is to be seen, and one with a higher number may be seen first.

    Args:
        store: whose log.
        until: only entries up to this number.
    """
    counted = select(func.coalesce(_NEWEST, 0), func.count())
    with store.asking() as connection:
        newest, entries = connection.execute(
            counted.select_from(audit) if until is None else counted.where(audit.c.id <= until)
        ).one()
    return int(newest), int(entries)


_NEWEST = func.max(audit.c.id)
_MARKS = union_all(
    select(literal("pack"), ACTIVE_DIGEST.scalar_subquery(), literal(0)),
    select(literal("run"), cast(null(), Text), func.max(decision_runs.c.id)),
    select(literal("others"), cast(null(), Text), _NEWEST).where(
        audit.c.did.not_in(ABOUT_ONE) | audit.c.customer.is_(None)
    ),
    select(literal("own"), audit.c.customer, _NEWEST)
    .where(audit.c.customer.in_(bindparam("customers", expanding=True)), audit.c.did.in_(ABOUT_ONE))
    .group_by(audit.c.customer),
)
