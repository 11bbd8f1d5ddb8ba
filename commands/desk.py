"""Open the desk, the store or the runs that a command asks for, and close the store at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from commands.options import Query
from engine.errors import Problem, ProblemsError

if TYPE_CHECKING:
    from facts.batch.ledger import Ledger
    from facts.store import Store
    from facts.unfit import Unfit
    from wiring import Desk


@contextmanager
def desk_for(query: Query, customer: str | None = None, *, explains: bool = False) -> Iterator[Desk]:
    """Give the desk for a query. If it is about one customer, DuckDB gets ready while the command imports the rest.

    What `explains` a decision needs the plan, which then decides as well: to compile the session would take longer.
    """
    if customer is not None:
        from facts.customer_facts import make_ready

        make_ready(query.as_of)
    from wiring import Desk, rules_in_use

    with open_store(query.db) as store:
        desk = Desk(store, rules_in_use(store, query.pack), query.as_of, query.known_at, in_columns=explains)
        try:
            yield desk
        except ProblemsError as error:
            if problems := list(_unfit_records(desk, error)):
                raise ProblemsError(problems) from error
            raise


def _unfit_records(desk: Desk, error: ProblemsError) -> Iterator[Problem]:
    """Yield what is wrong with records, where an error is about a customer's values that do not fit."""
    from facts.snapshot_checks import MisfitsError, customers_of

    if isinstance(error, MisfitsError):
        for customer in customers_of(error.misfits):
            for unfit in desk.unfit(customer):
                yield from _told(desk, unfit)


def _told(desk: Desk, unfit: Unfit) -> Iterator[Problem]:
    """Yield what is wrong with a record, which it is, and what to do about it."""
    from facts.unfit import row_of

    row, entry = row_of(desk.store, unfit)
    record = f"The record is `{unfit.key}` in {unfit.table}, entered by {row['entered_by']} for {unfit.holds_from}."
    way = (
        f"Take it back by `valuelift record undo {entry.id}`."
        if entry
        else f"Correct it where it comes from ({row['source']}), and import it again."
    )
    for misfit in unfit.misfits:
        was = misfit.problem
        yield Problem(was.location, was.code, was.message, f"{was.hint} {record} {way}")


@contextmanager
def open_store(db: str | None) -> Iterator[Store]:
    """Give the store at a path or URL."""
    from facts.store import Store

    store = Store.open(db)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def store_as_it_is(db: str | None) -> Iterator[Store]:
    """Give the store at a path or URL, whatever version made it."""
    from facts.store import Store

    store = Store.as_it_is(db)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def ledger_for(db: str | None, out: Path | None) -> Iterator[tuple[Ledger, Store | None]]:
    """Give the runs of a store; with a folder and no store, those of the folder alone."""
    from facts.batch.ledger import Ledger, runs_folder

    if out is not None and db is None:
        yield Ledger.at(out), None
        return
    with open_store(db) as store:
        yield Ledger.at(out or runs_folder(store.url)), store
