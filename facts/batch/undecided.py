"""Customers of a run that cannot be decided, because of values that do not fit: kept beside the facts of the others."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from engine.said import as_given, said
from facts.batch.run_folder import WHY_UNDECIDED, RunFolder
from facts.database import StoreError
from facts.snapshot_checks import Misfit

MOST_UNDECIDED = 1000
"""Customers; if more cannot be decided, something is wrong with the whole, and nothing is published."""

_NAMED = 3
"""Values; no more are named where a run is refused."""


def undecided_by(misfits: Iterable[Misfit]) -> pa.Table:
    """Return who cannot be decided, and why (see `WHY_UNDECIDED`)."""
    rows = [
        {
            "customer": customer,
            "fact": None if each.fact is None else str(each.fact.key),
            "value": str(each.value),
            "why": f"{each.problem.message} {each.problem.hint}".rstrip(),
        }
        for each in misfits
        for customer in each.customers
    ]
    return pa.Table.from_pylist(rows, WHY_UNDECIDED)


def require_few(run: RunFolder, customers: int, most: int) -> None:
    """Check that a run can be published although some customers cannot be decided.

    Args:
        run: with the facts of all parts.
        customers: how many there are in all.
        most: so many of them may be undecided, but not all.

    Raises:
        StoreError: if more are.
    """
    found = run.undecided()
    number = len(found["customer"].unique())
    if not number or (number <= most and number < customers):
        return
    whys = found["why"].unique().to_pylist()
    named, more = as_given(" ".join(whys[:_NAMED]).removesuffix(".")), len(whys) - _NAMED
    why = said("their records have values that do not fit. {named}", named=named)
    if more > 0:
        why = said("{why}. And {number:,} {number:value|values} more", why=why, number=more)
    raise StoreError(
        said(
            "{number:,} {number:customer|customers} of {customers:,} cannot be decided, and nothing is published",
            number=number,
            customers=customers,
        ),
        why,
        said("Correct them where they come from, or let more customers be left out by --max-undecided."),
    )
