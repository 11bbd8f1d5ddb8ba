"""Whether decisions that were made twice are the same, customer by customer."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from engine.said import Said, said
from facts.batch.files import plain, read_table
from facts.batch.run_folder import RunFolder
from facts.database import StoreError


def require_same(stored: RunFolder, again: RunFolder) -> None:
    """Check that two runs decided the same, customer by customer.

    Raises:
        StoreError: naming how many differ, and the first of them.
    """
    one, other = (set(run.undecided()["customer"].to_pylist()) for run in (stored, again))
    _require_none(sorted(one ^ other), stored, again, said("of those whom only one could decide"))
    for number in range(again.parts()):
        decided = again.get_table(again.decisions(number))
        if decided.num_rows:
            different = differing(_decided_by(stored, decided["customer"]), decided)
            _require_none(different, stored, again, said("of part {number}", number=str(number)))


def _require_none(different: Sequence[str], stored: RunFolder, again: RunFolder, which: Said) -> None:
    if different:
        raise StoreError(
            said("The decisions of run {name} are not what its facts lead to", name=stored.name),
            said(
                "{which} {number:,} {number:customer differs|customers differ}, first {first!r}",
                which=which,
                number=len(different),
                first=different[0],
            ),
            said("Compare {stored} and {again}, and tell the developers.", stored=stored.path, again=again.path),
        )


def _decided_by(run: RunFolder, customers: pa.ChunkedArray) -> pa.Table:
    """Return a run's decisions on some customers, given in order, whatever parts they are in."""
    bounds = [("customer", ">=", customers[0].as_py()), ("customer", "<=", customers[-1].as_py())]
    found = read_table(run.path / "decisions", filters=[*bounds, ("customer", "in", customers.to_pylist())])
    return found.sort_by("customer").combine_chunks()


def differing(one: pa.Table, other: pa.Table) -> list[str]:
    """Return the customers for whom two tables of decisions differ."""
    if plain(one).equals(plain(other)):
        return []
    rows = [{row["customer"]: row for row in table.to_pylist()} for table in (one, other)]
    return sorted(key for key in rows[0].keys() | rows[1].keys() if rows[0].get(key) != rows[1].get(key))
