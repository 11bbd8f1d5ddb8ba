"""Decision runs: published whole or not at all, each kept under what it was decided from."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Table, and_, delete, false, func, insert, or_, select, update

from engine.said import said
from facts import arrow_rows, reading
from facts.database import StoreError, bulk, run
from facts.house_tables import LISTED, decision_runs, decisions, portfolio, rule_lists
from facts.run_rows import place_of_run, put_beside, remove_rows, without_leftovers
from facts.store import Store
from facts.tables import customer_keys

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor


@dataclass(frozen=True, slots=True)
class Run:
    """What a decision run was decided from. As-of date, pack and facts together name it."""

    as_of: date
    known_at: datetime
    pack: str
    pack_version: str
    pack_digest: str
    catalogue_digest: str
    facts_digest: str
    decided_by: str
    snapshot_file: str | None = None


def publish(
    store: Store,
    run_of: Run,
    customers: int,
    decided: Iterable[pa.Table],
    portfolio_facts: pa.Table | None = None,
    *,
    add_customers: bool = False,
) -> int:
    """Store the decisions of a run in one transaction, and return the run's number.

    A run that is there already is left as it is, but for where its facts are: the same facts and rules decide the same.

    Args:
        store: where.
        run_of: what it was decided from.
        customers: how many were decided.
        decided: tables with one row for each customer, with the columns of `house_tables.decisions` except `run`, and
            with `fired_rules` (JSON list of rule ids) for `rule_list`.
        portfolio_facts: one row for each customer, with the columns of `house_tables.portfolio` except `run`; only of
            customers that were decided.
        add_customers: let the store know the keys of customers that it has not heard of.

    Raises:
        StoreError: if the database refuses; then nothing of the run is stored.
        ValueError: if there are portfolio facts of a customer who was not decided; then neither is anything.
    """
    with without_leftovers(store.url), bulk(store.url, write=True) as cursor:
        found = _number(cursor, store, run_of)
        if found is not None:
            here = update(decision_runs).where(decision_runs.c.id == found).values(snapshot_file=run_of.snapshot_file)
            run(cursor, store.url, here)
            return found
        has_portfolio = portfolio_facts is not None and len(portfolio_facts) > 0
        told = {"customers": customers, "has_portfolio": has_portfolio, "published_at": datetime.now(UTC)}
        run(cursor, store.url, insert(decision_runs).values({**asdict(run_of), **told}))
        number = _number(cursor, store, run_of)
        assert number is not None, "the row was inserted just now"  # noqa: S101
        beside: AbstractContextManager[None] = nullcontext()
        if portfolio_facts is not None and has_portfolio:
            put = partial(_add, portfolio, portfolio_facts, number)
            beside = put_beside(cursor, store.url, portfolio, number, put)
        with beside:
            keys = _add_decisions(cursor, store, number, decided)
            if portfolio_facts is not None:
                _require_decided(portfolio_facts, keys)
        unknown = _unknown(cursor, store, keys)
        if add_customers:
            _ingest(customer_keys, pa.table({"key": unknown}), cursor, customer_keys.name)
        elif len(unknown):
            what = said("The run cannot be stored: customer {customer!r}", customer=unknown[0].as_py())
            hint = said("Import it first, or let the batch add customers (`--facts`).")
            raise StoreError(what, said("the store does not know it"), hint)
    return number


def _add_decisions(cursor: Cursor, store: Store, number: int, decided: Iterable[pa.Table]) -> pa.ChunkedArray:
    """Store the decisions of a run with its lists of rules, and return the keys of the customers decided."""
    lists: dict[str, int] = {}
    keys: list[pa.Array] = []
    with place_of_run(cursor, store.url, decisions, number) as place:
        for part in decided:
            keys += part["customer"].cast(pa.string()).chunks
            _add(decisions, _with_lists(cursor, part, lists, number), number, cursor, place)
    return pa.chunked_array(keys, pa.string())


def _unknown(cursor: Cursor, store: Store, keys: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the customers whom the store does not know: all at once, in a fraction of foreign keys' time."""
    schema = arrow_rows.arrow_schema(customer_keys, ("key",))
    known = pa.Table.from_batches(arrow_rows.stream(cursor, store.url, select(customer_keys.c.key), schema), schema)
    return _others(keys, known["key"])


def _require_decided(portfolio_facts: pa.Table, keys: pa.ChunkedArray) -> None:
    """Check here that all were decided: the database would take as long for it as for the decisions themselves."""
    found = portfolio_facts["customer"].cast(pa.string())
    if found.equals(keys):  # as a batch has them; to look each up would take half as long as to send them
        return
    others = _others(found, keys)
    if len(others):
        raise ValueError(f"portfolio facts of customer {others[0].as_py()!r}, who was not decided")


def _others(found: pa.ChunkedArray, known: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return those that are not among the known ones."""
    return found.filter(pc.invert(pc.is_in(found, value_set=known)))


def _with_lists(cursor: Cursor, part: pa.Table, lists: dict[str, int], run_number: int) -> pa.Table:
    """Return decisions with their lists of rules as numbers; lists that occur for the first time are stored."""
    fired = _as_words(part["fired_rules"])
    texts = fired.dictionary.to_pylist()
    new = [text for text in texts if text not in lists]
    lists.update({text: len(lists) + place for place, text in enumerate(new)})
    rows = pa.table({"number": [lists[text] for text in new], "rules": pa.array(new, pa.string())})
    _add(rule_lists, rows, run_number, cursor, rule_lists.name)
    numbers = pa.array([lists[text] for text in texts], pa.int64()).take(fired.indices)
    return part.drop_columns(["fired_rules"]).append_column("rule_list", numbers)


def _as_words(texts: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return texts as one array of their places in a dictionary, whether they came as such or not."""
    if pa.types.is_dictionary(texts.type):
        return texts.unify_dictionaries().combine_chunks()
    return texts.cast(pa.string()).combine_chunks().dictionary_encode()


def run_number(store: Store, run_of: Run) -> int | None:
    """Return the number of the run that was decided from the same, or None if there is none yet."""
    with bulk(store.url) as cursor:
        return _number(cursor, store, run_of)


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """A run as the store lists it.

    `key` is the digest of all that it was decided from (see `batch.run_folder.RunKey`), `folder` where it was computed:
    the store, or the folder, may have been moved since.
    """

    number: int
    as_of: date
    known_at: datetime
    pack: str
    pack_version: str
    pack_digest: str
    catalogue_digest: str
    customers: int
    by: str
    at: datetime
    key: str
    folder: str | None


def last_run(store: Store, as_of: date) -> PublishedRun | None:
    """Return the run whose portfolio facts stand for a date (see `last_portfolio`), or None if there is none."""
    with store.reading() as connection:
        number: int | None = connection.scalar(reading.last_run(), {"as_of": as_of, "known_at": datetime.now(UTC)})
    return next((run for run in published_runs(store) if run.number == number), None)


def published_runs(store: Store) -> list[PublishedRun]:
    """Return all runs of a store, the oldest first."""
    with store.reading() as connection:
        rows = connection.execute(select(decision_runs).order_by(decision_runs.c.id)).all()
    return [
        PublishedRun(
            number=row.id,
            as_of=row.as_of,
            known_at=row.known_at,
            pack=row.pack,
            pack_version=row.pack_version,
            pack_digest=row.pack_digest,
            catalogue_digest=row.catalogue_digest,
            customers=row.customers,
            by=row.decided_by,
            at=row.published_at,
            key=row.facts_digest,
            folder=row.snapshot_file,
        )
        for row in rows
    ]


def remove_run(store: Store, number: int) -> None:
    """Delete a run with its decisions, in one transaction, while nobody publishes."""
    with store.alone() as connection:
        remove_rows(connection, number)
        connection.execute(delete(decision_runs).where(decision_runs.c.id == number))


_NEWEST = select(func.max(decision_runs.c.id))


def newest_run(store: Store) -> int:
    """Return the number of the run that was published last, 0 if none was."""
    with store.asking() as connection:
        return connection.scalar(_NEWEST) or 0


def firing_in(store: Store, number: int) -> dict[str, int]:
    """Return for how many customers of a run each rule, or some rule of each table, gate and scorecard, fired."""
    counted = select(rule_lists.c.rules, func.count()).join_from(decisions, rule_lists, LISTED)
    found: dict[str, int] = {}
    with store.reading() as connection:
        for rules, customers in connection.execute(
            counted.where(decisions.c.run == number).group_by(rule_lists.c.rules)
        ):
            for name in {rule.partition("#")[0] for rule in json.loads(rules)}:
                found[name] = found.get(name, 0) + customers
    return found


def listed_decisions(store: Store, number: int) -> tuple[pa.Table, dict[int, str]]:
    """Return what a run decided, each customer with the number of its list of rules, and the lists (JSON) by number.

    A list is long and few occur: to give each customer its own takes many times the memory.
    """
    columns = ("customer", "stage", "proposed_stage", "move", "value_next", "rule_list")
    lists = ("number", "rules")
    statements = {
        "decisions": select(*(decisions.c[name] for name in columns)).where(decisions.c.run == number),
        "lists": select(*(rule_lists.c[name] for name in lists)).where(rule_lists.c.run == number),
    }
    schemas = {
        "decisions": arrow_rows.arrow_schema(decisions, columns),
        "lists": arrow_rows.arrow_schema(rule_lists, lists),
    }
    found = arrow_rows.read_many(store.url, statements, schemas)
    return found["decisions"], {row["number"]: row["rules"] for row in found["lists"].to_pylist()}


def contributions(store: Store, number: int) -> pa.Table:
    """Return `customer` and `contribution` (base currency) of a run, as far as it looked at the whole base."""
    columns = ("customer", "contribution")
    statement = select(*(portfolio.c[name] for name in columns)).where(portfolio.c.run == number)
    schema = arrow_rows.arrow_schema(portfolio, columns)
    return arrow_rows.read_many(store.url, {"portfolio": statement}, {"portfolio": schema})["portfolio"]


def advice(
    store: Store, since: date, as_of: date, known_at: datetime | None, rules: Collection[str]
) -> dict[str, pa.Table]:
    """Return which rules fired for whom in the runs between two dates, both included.

    Args:
        store: where.
        since: runs as of earlier dates are left out.
        as_of: runs as of later dates are left out.
        known_at: runs published later are left out; now by default.
        rules: the rules that are asked about.

    Returns:
        `advice` (`run`, `customer`, `rule_list`) and `rule_lists` (`run`, `rule_list`, `rule`).
    """
    chosen = select(decision_runs.c.id).where(
        decision_runs.c.as_of.between(since, as_of), decision_runs.c.published_at <= (known_at or datetime.now(UTC))
    )
    with store.reading() as connection:
        runs = connection.scalars(chosen).all()
        rows = [
            (row.run, row.number, rule)
            for row in connection.execute(select(rule_lists).where(rule_lists.c.run.in_(runs)))
            for rule in json.loads(row.rules)
            if rule in rules
        ]
    listed = pa.schema([("run", pa.int64()), ("rule_list", pa.int64()), ("rule", pa.string())])
    columns = ("run", "customer", "rule_list")
    of_runs = or_(false(), *(decisions.c.run == number for number in runs))  # of `in_` bulk reading knows no values
    fired = select(*(decisions.c[name] for name in columns)).where(of_runs)
    schema = arrow_rows.arrow_schema(decisions, columns)
    return {
        **arrow_rows.read_many(store.url, {"advice": fired}, {"advice": schema}),
        "rule_lists": pa.Table.from_pylist([dict(zip(listed.names, row, strict=True)) for row in rows], listed),
    }


def last_portfolio(store: Store, as_of: date, known_at: datetime | None = None) -> pa.Table:
    """Return the portfolio facts of the last run up to a date that looked at the whole base.

    Args:
        store: where.
        as_of: runs as of later dates are left out.
        known_at: runs published later are left out; now by default.
    """
    schema = arrow_rows.arrow_schema(portfolio, tuple(portfolio.c.keys()))
    statements, seen = (
        {"portfolio": reading.portfolio_rows()},
        {"as_of": as_of, "known_at": known_at or datetime.now(UTC)},
    )
    return arrow_rows.read_many(store.url, statements, {"portfolio": schema}, **seen)["portfolio"]


def _number(cursor: Cursor, store: Store, run_of: Run) -> int | None:
    columns = decision_runs.c
    same = and_(
        columns.as_of == run_of.as_of,
        columns.pack_digest == run_of.pack_digest,
        columns.facts_digest == run_of.facts_digest,
    )
    run(cursor, store.url, select(columns.id).where(same))
    found = cursor.fetchone()
    return None if found is None else int(found[0])


def _add(table: Table, rows: pa.Table, number: int, cursor: Cursor, place: str) -> None:
    """Put rows of a run, made for a table, into the table of a name."""
    _ingest(table, rows.append_column("run", pa.repeat(pa.scalar(number, pa.int64()), len(rows))), cursor, place)


def _ingest(table: Table, rows: pa.Table, cursor: Cursor, place: str) -> None:
    stored = [arrow_rows.to_stored(batch, table) for batch in rows.to_batches()]
    if stored:
        cursor.adbc_ingest(place, pa.Table.from_batches(stored), mode="append")
