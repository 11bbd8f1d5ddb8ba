"""Which records keep a customer from being decided."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from facts.recording import record
from facts.store import Store
from wiring import Desk, rules_in_use

AS_OF = date(2026, 6, 30)


def desk_with(path: Path, complaints: int, bad: set[int]) -> Desk:
    """Return a desk over a store of one customer with so many complaints, some of them of a day too early to count."""
    store = Store.create(str(path / "store.db"))
    start = AS_OF - timedelta(days=complaints)
    record(store, "customers", [{"key": "c", "name": "C", "holds_from": start}], user="ann", source="test")
    rows = [
        {
            "key": f"c/{number}",
            "customer": "c",
            "signal": "price_high",
            "severity": "low",
            "holds_from": date(1700, 1, 1) if number in bad else start + timedelta(days=number),
        }
        for number in range(complaints)
    ]
    record(store, "complaints", rows, user="ann", source="test")
    return Desk(store, rules_in_use(store, None), AS_OF, in_columns=True)


def test_bad_records_are_found_among_many(tmp_path: Path) -> None:
    """Each record that does not fit is named with its values, and no other."""
    found = desk_with(tmp_path, 40, {3, 17, 39}).unfit("c")
    assert sorted(each.key for each in found) == ["c/17", "c/3", "c/39"]
    assert {(each.table, each.holds_from) for each in found} == {("complaints", date(1700, 1, 1))}
    assert {misfit.fact.name for each in found for misfit in each.misfits if misfit.fact} == {"days_open"}


def test_of_a_customer_that_can_be_decided_all_records_fit(tmp_path: Path) -> None:
    """Where there is nothing to mend nothing is named."""
    assert desk_with(tmp_path, 5, set()).unfit("c") == []


def test_the_customer_s_own_row_is_named_too(tmp_path: Path) -> None:
    """A word of the base data that no list has is found, and does not hide other bad records of other tables."""
    desk = desk_with(tmp_path, 3, set())
    strange = {"key": "c", "name": "C", "acquisition_source": "alchemy", "holds_from": AS_OF - timedelta(days=1)}
    record(desk.store, "customers", [strange], user="ann", source="test")
    (found,) = desk.anew().unfit("c")
    assert (found.table, found.key, found.holds_from) == ("customers", "c", AS_OF - timedelta(days=1))
    assert [misfit.value for misfit in found.misfits] == ["alchemy"]
