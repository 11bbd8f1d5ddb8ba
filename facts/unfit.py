"""Which records keep a customer from being decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import pyarrow as pa
from sqlalchemy import select

from engine.vocabulary import Vocabulary
from facts.audit import Entry, entry_that_said
from facts.customer_facts import customer_facts
from facts.database import StoreError
from facts.feature_database import Base
from facts.snapshot_checks import Misfit, MisfitsError
from facts.store import Store
from facts.tables import FACT_TABLES, customers
from facts.undoing import entry_to_undo

Misfits = tuple[Misfit, ...]


@dataclass(frozen=True, slots=True)
class Unfit:
    """A record that does not fit: its table and key, from when it holds, and the values that follow from it."""

    table: str
    key: str
    holds_from: date
    misfits: Misfits


def unfit_records(base: Base, vocabulary: Vocabulary, as_of: date, *, base_currency: str) -> list[Unfit]:
    """Return the records without which a customer could be decided; none if it can be as it is.

    Whatever is wrong with a value, the records behind it are found by leaving them out: of each table half of what does
    not fit is tried, and half of that, until one record is left. So few bad records among many take few trials.

    Args:
        base: what the store knew about the customer, read as of the same date.
        vocabulary: the facts wanted.
        as_of: the date on which the facts hold.
        base_currency: the ISO 4217 code of the currency that amounts are converted into.
    """
    fitting = {customers.name: base[customers.name]}
    always = _misfits(fitting, vocabulary, as_of, base_currency)
    found = list(_each_of(customers.name, base[customers.name], always)) if always else []

    def added(name: str, rows: pa.Table) -> Misfits:
        misfits = _misfits({**fitting, name: rows}, vocabulary, as_of, base_currency)
        return tuple(each for each in misfits if each not in always)

    for name in FACT_TABLES:
        if name in base and name != customers.name:
            fitting[name], unfit = _parted(base[name], partial(added, name))
            found += [each for row, misfits in unfit for each in _each_of(name, row, misfits)]
    return found


def row_of(store: Store, unfit: Unfit) -> tuple[Mapping[str, Any], Entry | None]:
    """Return the row of a record, and the entry of the audit log that can be taken back to mend it, if there is one."""
    table = FACT_TABLES[unfit.table]
    of_key = (table.c.key == unfit.key) & (table.c.holds_from == unfit.holds_from)
    with store.asking() as connection:
        row = connection.execute(select(table).where(of_key, table.c.retracted_at.is_(None))).mappings().one()
        number = entry_that_said(connection, unfit.table, row["id"])
    try:
        return dict(row), None if number is None else entry_to_undo(store, "", number)
    except StoreError:
        return dict(row), None


def _parted(
    table: pa.Table, misfits_of: Callable[[pa.Table], Misfits]
) -> tuple[pa.Table, list[tuple[pa.Table, Misfits]]]:
    """Return the rows that fit together, and each row that does not with the misfits that it brings."""
    fitting, unfit, waiting = table.slice(0, 0), [], [table]
    while waiting:
        part = waiting.pop()
        tried = pa.concat_tables([fitting, part])
        misfits = misfits_of(tried)
        half = part.num_rows // 2
        if not misfits:
            fitting = tried
        elif half == 0:
            unfit.append((part, misfits))
        else:
            waiting += [part.slice(half), part.slice(0, half)]
    return fitting, unfit


def _misfits(base: Base, vocabulary: Vocabulary, as_of: date, base_currency: str) -> Misfits:
    try:
        customer_facts(base, vocabulary, as_of, base_currency=base_currency)
    except MisfitsError as error:
        return error.misfits
    return ()


def _each_of(table: str, rows: pa.Table, misfits: Misfits) -> Iterator[Unfit]:
    for row in rows.select(["key", "holds_from"]).to_pylist():
        yield Unfit(table, row["key"], row["holds_from"], misfits)
