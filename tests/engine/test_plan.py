"""The plan reads any Arrow form of a column, refuses what does not fit, and decides alike however it is cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.compile import compile_pack
from engine.decision import Decision
from engine.model import Pack
from engine.plan import Plan, nodes, rows
from engine.plan.bits import EVERYWHERE, NOWHERE, holds, join, meet, minus, pack, unpack
from engine.plan.columns import ColumnError
from engine.plan.owners import by_owner
from engine.plan.scorecards import divide_half_even
from engine.plan.values import Stored
from engine.snapshot import CustomerFacts, Row, Snapshot, keyed, snapshot_of
from engine.vocabulary import BEGINNING, MAX_SCALED
from tests.engine.corner_case_files import CornerCase, read_case

AS_OF = date(2024, 6, 30)
CUSTOMERS = 37
"""Odd, so that bit-packed columns end within a byte."""


def case(**content: Any) -> CornerCase:
    """Return a pack and a customer, written as in the corner cases."""
    return read_case({"case": "in code", "decides": "in code", "expect": {}, **content})


def columns_pack() -> Pack:
    """Return a pack that reads a column of every type, and rows."""
    conditions = {
        "flag": {"active": True},
        "integer": {"days": {"at_least": 5}},
        "number": {"amount": {"more_than": 10}},
        "date": {"seen_on": {"within_days": 30}},
        "level": {"trust": {"at_least": "aware"}},
        "category": {"industry": ["food", "metal"]},
        "text": {"code": ["X", "Y"]},
        "missing": {"days": {"known": False}},
        "rows": {"complaints": {"count": {"where": {"resolved": False}, "at_least": 2}}},
        "sum": {"complaints": {"sum": {"of": "cost", "where": {"severity": "high"}, "at_least": 5}}},
        "stage": {"proposed_stage": "new"},
    }
    return case(conditions=conditions).pack


def customers(rng: Random, number: int = CUSTOMERS) -> list[CustomerFacts]:
    """Return random customers, in no order of their keys."""
    choices: Mapping[str, Callable[[], Any]] = {
        "active": lambda: rng.random() < 0.5,
        "days": lambda: rng.randint(-10, 10),
        "amount": lambda: Decimal(rng.randint(-2_000, 2_000)).scaleb(-2),
        "seen_on": lambda: date(2024, rng.randint(5, 7), rng.randint(1, 30)),
        "trust": lambda: rng.choice(["unaware", "aware", "confirmed"]),
        "industry": lambda: rng.choice(["food", "packaging", "metal"]),
        "code": lambda: rng.choice(["X", "Y", "Z"]),
        "stage": lambda: rng.choice(["potential", "new"]),
    }
    row_choices: Mapping[str, Callable[[], Any]] = {
        "resolved": lambda: rng.random() < 0.3,
        "cost": lambda: Decimal(rng.randint(-100, 500)).scaleb(-2),
        "severity": lambda: rng.choice(["low", "high"]),
    }

    def facts(of: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        return {name: choose() for name, choose in of.items() if rng.random() < 0.8}

    keys = rng.sample(range(1_000), number)
    return [
        CustomerFacts(
            f"C{key}",
            AS_OF,
            facts(choices),
            {"complaints": tuple(Row(str(place), facts(row_choices)) for place in range(rng.randint(0, 4)))},
            {"complaints": (BEGINNING, None)} if rng.random() < 0.7 else {},
        )
        for key in keys
    ]


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Return the plan of a pack that reads every kind of column."""
    return Plan(compile_pack(columns_pack()))


@pytest.fixture(scope="module")
def snapshot(plan: Plan) -> Snapshot:
    """Return random customers in plain columns."""
    return snapshot_of(plan.program.vocabulary, customers(Random(1)))


@pytest.fixture(scope="module")
def expected(plan: Plan, snapshot: Snapshot) -> list[Decision]:
    """Return the decisions that every form of the snapshot must give; each rule fires somewhere and not everywhere."""
    decisions = list(plan.decisions(snapshot))
    often = [sum(any(fired.rule == rule.id for fired in one.fired) for one in decisions) for rule in plan.program.rules]
    assert all(0 < number < CUSTOMERS for number in often), often
    return decisions


# --- chunks ---


@pytest.mark.parametrize("chunk", [1, 2, 7, CUSTOMERS - 1, CUSTOMERS, CUSTOMERS + 1])
def test_chunks_do_not_matter(plan: Plan, snapshot: Snapshot, expected: list[Decision], chunk: int) -> None:
    """However many customers are decided at once, their decisions are the same."""
    assert list(plan.decisions(snapshot, chunk)) == expected


def test_customers_of_several_dates_are_decided_in_their_order(plan: Plan) -> None:
    """Each customer is decided as of its own date, and stands where it stood."""
    dated = [
        replace(customer, as_of=date(2024, 6, 30 - 7 * (place % 3)))
        for place, customer in enumerate(customers(Random(2)))
    ]
    assert plan.decide_all(dated) == [plan.decide(customer) for customer in dated]
    again = [replace(customer, customer="the same") for customer in dated]
    assert plan.decide_all(again) == [plan.decide(customer) for customer in again]


@pytest.mark.parametrize("chunk", [1, 5, CUSTOMERS])
def test_results_in_columns_are_those_in_full(
    plan: Plan, snapshot: Snapshot, expected: list[Decision], chunk: int
) -> None:
    """The masks of `run` say of each rule where it fired, chunk after chunk."""
    found = [
        (key, {plan.program.rules[rule].id for rule, mask in result.fired.items() if mask[place]})
        for result in plan.run(snapshot, chunk)
        for place, key in enumerate(result.customers.to_pylist())
    ]
    assert found == [(one.customer, {fired.rule for fired in one.fired}) for one in expected]


def test_no_customers(plan: Plan, snapshot: Snapshot) -> None:
    """A snapshot without customers gives no decisions and a result about nobody, even if it has rows."""
    empty = replace(snapshot, customers=snapshot.customers.slice(0, 0))
    assert list(plan.decisions(empty)) == []
    assert [len(result.customers) for result in plan.run(empty)] == [0]


def test_how_rows_are_arranged_does_not_matter(
    plan: Plan, snapshot: Snapshot, expected: list[Decision], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows in layers, with few or many of them left over, give the decisions that rows one by one give."""
    monkeypatch.setattr(nodes, "OFTEN", 1)
    for filled in (1, 2, 1_000):
        monkeypatch.setattr(rows, "FILLED", filled)
        layered = Plan(plan.program)
        for chunk in (1, 7, CUSTOMERS):
            assert list(layered.decisions(snapshot, chunk)) == expected


@pytest.mark.parametrize("filled", [1, 2, 1_000])
@pytest.mark.parametrize("number", [1, 8, 21])
def test_rows_are_combined_by_customer(filled: int, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some, how many and how much over each customer's rows, and what is repeated for them, are as counted one by one.

    One customer has many rows, some have none; in whatever way they are arranged, the way back is the table's order.
    """
    monkeypatch.setattr(rows, "FILLED", filled)
    rng = Random(number)
    owners = sorted(rng.randrange(number) for _ in range(3 * number)) + [number - 1] * 40
    table = pa.table({"row": [str(place) for place in range(len(owners))]})
    of_customers = [rng.random() < 0.5 for _ in range(number)]
    for is_layered in (True, False):
        arranged = rows.Rows(table, np.array(owners, np.int32), number, is_layered)
        amounts = [rng.randint(-5, 5) for _ in owners]
        values = arranged.arranged(Stored(np.array(amounts, np.int64), EVERYWHERE))
        assert arranged.in_order(values.codes).tolist() == amounts
        passing = values.is_in([1, 2, 3])
        found = [
            [amount for owner, amount in zip(owners, amounts, strict=True) if owner == one] for one in range(number)
        ]
        some = [any(amount in (1, 2, 3) for amount in own) for own in found]
        assert unpack(arranged.someone(passing), number).tolist() == some
        assert arranged.how_many(passing).tolist() == [sum(amount in (1, 2, 3) for amount in own) for own in found]
        sums = [sum(amount for amount in own if amount in (1, 2, 3)) for own in found]
        assert arranged.total(values.codes, passing).tolist() == sums
        assert unpack(arranged.someone(EVERYWHERE), number).tolist() == [bool(own) for own in found]
        spread = arranged.in_order(unpack(arranged.spread(pack(np.array(of_customers))), arranged.size))
        assert spread.tolist() == [of_customers[owner] for owner in owners]
        spans = [arranged.span(one) for one in range(number)]
        assert [key for span in spans for key in span.values()] == table["row"].to_pylist()
        assert all(arranged.owner(place) == one for one, span in enumerate(spans) for place in span)
        assert all(values.at(place) == amounts[int(key)] for span in spans for place, key in span.items())


@pytest.mark.parametrize("size", [1, 7, 8, 9, 64, 100])
def test_bits_hold_what_was_packed(size: int) -> None:
    """Bits that are the same everywhere are recognised, whatever the size; others come back as they were."""
    rng = np.random.default_rng(size)
    assert pack(np.zeros(size, np.bool_)) is NOWHERE
    assert pack(np.ones(size, np.bool_)) is EVERYWHERE
    one, other = (rng.random(size) < 0.5 for _ in range(2))
    assert unpack(pack(one), size).tolist() == one.tolist()
    assert [holds(pack(one), place) for place in range(size)] == one.tolist()
    assert unpack(minus(pack(one), pack(other)), size).tolist() == (one & ~other).tolist()
    assert join(pack(one), pack(~one)) is EVERYWHERE
    assert meet(pack(one), pack(~one)) is NOWHERE


# --- forms of columns ---


def dictionaries(table: pa.Table) -> pa.Table:
    return _texts(table, lambda column: column.dictionary_encode())


def large_texts(table: pa.Table) -> pa.Table:
    return _texts(table, lambda column: column.cast(pa.large_string()))


def _texts(table: pa.Table, change: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> pa.Table:
    for place, name in enumerate(table.column_names):
        if pa.types.is_string(table.schema.field(name).type) and name not in ("customer", "row"):
            table = table.set_column(place, name, change(table[name]))
    return table


def shared_dictionary(table: pa.Table) -> pa.Table:
    """Encode texts by a dictionary that has more entries than are used, in an order of its own, and a null."""

    def encode(column: pa.ChunkedArray) -> pa.ChunkedArray:
        used = [value for value in reversed(column.unique().to_pylist()) if value is not None]
        entries = ["unused", *used, None]
        codes = [len(used) + 1 if value is None else entries.index(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(entries))])

    return _texts(table, encode)


def sliced(offset: int) -> Callable[[pa.Table], pa.Table]:
    """Return a change to arrays that begin in the middle of their buffers."""

    def change(table: pa.Table) -> pa.Table:
        padded = pa.concat_tables([table.slice(0, min(offset, len(table)))] * offset + [table]).combine_chunks()
        return padded.slice(len(padded) - len(table))

    return change


def in_chunks(table: pa.Table) -> pa.Table:
    """Return chunked arrays, one of the chunks without rows."""
    parts = [table.slice(0, 3), table.slice(3, 0), table.slice(3, 8), table.slice(11)]
    return pa.concat_tables(parts)


def other_dictionary_in_each_chunk(table: pa.Table) -> pa.Table:
    return pa.concat_tables([dictionaries(table.slice(0, 9)), dictionaries(table.slice(9))])


def without_empty_columns(table: pa.Table) -> pa.Table:
    return table.select([name for name in table.column_names if not _is_empty(table, name)])


def _is_empty(table: pa.Table, name: str) -> bool:
    return name not in ("customer", "row") and table[name].null_count == len(table)


def empty_columns_of_no_type(table: pa.Table) -> pa.Table:
    for place, name in enumerate(table.column_names):
        if _is_empty(table, name):
            table = table.set_column(place, name, pa.nulls(len(table)))
    return table


FORMS = {
    "dictionaries": dictionaries,
    "shared-dictionary": shared_dictionary,
    "large-texts": large_texts,
    "in-chunks": in_chunks,
    "other-dictionaries": other_dictionary_in_each_chunk,
    "absent": without_empty_columns,
    "of-no-type": empty_columns_of_no_type,
    **{f"offset-{offset}": sliced(offset) for offset in (1, 3, 8, 13)},
}


@pytest.mark.parametrize("chunk", [5, 1_000])
@pytest.mark.parametrize("form", FORMS)
def test_the_form_of_a_column_does_not_matter(
    plan: Plan, snapshot: Snapshot, expected: list[Decision], form: str, chunk: int
) -> None:
    """Dictionaries, slices that begin within a byte, chunks, absent and null columns hold the same facts."""
    change = FORMS[form]
    changed = Snapshot(
        AS_OF, change(snapshot.customers), {name: change(table) for name, table in snapshot.rows.items()}
    )
    assert list(plan.decisions(changed, chunk)) == expected


def test_the_order_of_rows_does_not_matter(plan: Plan, snapshot: Snapshot, expected: list[Decision]) -> None:
    """Rows belong to their customer wherever they stand; rows of customers that the snapshot lacks are passed over."""
    rng = np.random.default_rng(1)
    rows = {}
    for name, table in snapshot.rows.items():
        strangers = table.slice(0, 3).set_column(0, "customer", pa.array(["nobody"] * min(3, len(table)), pa.string()))
        by_text = table.set_column(0, "customer", table["customer"].cast(pa.string()))
        mixed = pa.concat_tables([by_text, strangers])
        rows[name] = mixed.take(rng.permutation(len(mixed)))
    assert list(plan.decisions(replace(snapshot, rows=rows), chunk=5)) == expected


def test_a_snapshot_without_collections_records_none(plan: Plan, snapshot: Snapshot) -> None:
    """Without any table of rows the same follows as with empty ones."""
    empty = {name: table.slice(0, 0) for name, table in snapshot.rows.items()}
    without = list(plan.decisions(replace(snapshot, rows={}), chunk=5))
    assert without == list(plan.decisions(replace(snapshot, rows=empty), chunk=5))
    assert all(("rows", "") not in [(one.rule, one.row) for one in decision.fired] for decision in without)


# --- columns that do not fit ---


WRONG = {
    "active": (pa.array([1, 0], pa.int8()), "column `active` is int8, .* type flag"),
    "days": (pa.array([1.5, 2]), "column `days` is double, .* type integer"),
    "amount": (pa.array([1, 2], pa.decimal128(18, 3)), r"column `amount` is decimal128\(18, 3\), .* type number"),
    "seen_on": (pa.array([1, 2], pa.timestamp("s")), r"column `seen_on` is timestamp\[s\], .* type date"),
    "industry": (pa.array([1, 2]), "column `industry` is int64, .* type category"),
    "code": (pa.array([1, 2]), "column `code` is int64, .* type text"),
    "complaints.recorded_from": (
        pa.array([1, 2], pa.timestamp("s")),
        r"column `complaints.recorded_from` is timestamp\[s\], .* a date",
    ),
    "trust": (pa.array(["aware", "Aware"]), "column `trust` holds `Aware`, which is not a member of `perception`"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("executor", ["run", "decisions"])
def test_a_column_that_does_not_fit_is_named(plan: Plan, name: str, executor: str) -> None:
    """A wrong Arrow type, or a value outside the enum, is an error that says which column and why."""
    column, said = WRONG[name]
    wrong = Snapshot(AS_OF, pa.table({"customer": ["a", "b"], name: column}))
    with pytest.raises(ColumnError, match=said):
        list(getattr(plan, executor)(wrong))


def test_a_wrong_value_that_no_customer_has_does_not_matter(plan: Plan) -> None:
    """A dictionary may hold entries that are no members as long as no row uses them, or only a null would."""
    entries = pa.array(["Aware", "aware"])
    column = pa.DictionaryArray.from_arrays(pa.array([1, None], pa.int8()), entries)
    decisions = plan.decisions(Snapshot(AS_OF, pa.table({"customer": ["a", "b"], "trust": column})))
    assert ["level" in [fired.rule for fired in one.fired] for one in decisions] == [True, False]


# --- numbers ---


EXTREMES = [-MAX_SCALED, -MAX_SCALED + 1, -1, 0, 1, MAX_SCALED - 1, MAX_SCALED]


def test_factors_are_exact_at_the_ends_of_the_range() -> None:
    """Comparisons with factors up to ±10¹³ neither overflow nor round."""
    factors = ("0.8", "1", "1.25", "-3")
    conditions = {
        f"{op}-{number}": {"days": {op.replace("-", "_"): {"fact": "amount", "times": Decimal(factor)}}}
        for op in ("at-least", "less-than", "is")
        for number, factor in enumerate(factors)
    }
    plan = Plan(compile_pack(case(conditions=conditions).pack))
    pairs = [(left, right) for left in EXTREMES for right in EXTREMES]
    table = {
        "customer": [str(place) for place in range(len(pairs))],
        "days": pa.array([left for left, _ in pairs], pa.int64()),
        "amount": pa.array([Decimal(right).scaleb(-2) for _, right in pairs], pa.decimal128(18, 2)),
    }
    (result,) = plan.run(Snapshot(AS_OF, pa.table(table)))
    fired = {plan.program.rules[rule].id: mask.tolist() for rule, mask in result.fired.items()}
    for number, factor in enumerate(factors):
        sides = [(left * 100 * 100, right * int(Decimal(factor) * 100)) for left, right in pairs]
        assert fired[f"at-least-{number}"] == [left >= right for left, right in sides]
        assert fired[f"less-than-{number}"] == [left < right for left, right in sides]
        assert fired[f"is-{number}"] == [left == right for left, right in sides]


@pytest.mark.parametrize("divisor", [1, 2, 3, 4, 10, 1_000, 10**6])
def test_division_rounds_half_to_even(divisor: int) -> None:
    """Points are rounded half to even on both sides of zero, as decimals are."""
    values = [
        *range(-60, 61),
        10**17 + 5,
        -(10**17) - 5,
        *(sign * divisor * odd // 2 for sign in (-1, 1) for odd in (1, 3, 5)),
    ]
    expected = [int((Decimal(value) / divisor).quantize(Decimal(1), ROUND_HALF_EVEN)) for value in values]
    assert divide_half_even(np.array(values, np.int64), divisor).tolist() == expected


def test_sums_of_rows_are_exact() -> None:
    """Amounts are added as scaled integers: large ones of both signs leave the single cent between them."""
    conditions = {
        f"at-least-{cents}": {"complaints": {"sum": {"of": "cost", "at_least": Decimal(cents).scaleb(-2)}}}
        for cents in (1, 2)
    }
    plan = Plan(compile_pack(case(conditions=conditions).pack))
    amounts = [*[MAX_SCALED] * 5_000, 1, *[-MAX_SCALED] * 5_000]
    rows = tuple(Row(str(place), {"cost": Decimal(cents).scaleb(-2)}) for place, cents in enumerate(amounts))
    customer = CustomerFacts("C1", AS_OF, {}, {"complaints": rows}, {"complaints": (BEGINNING, None)})
    assert [one.rule for one in plan.decide(customer).fired] == ["at-least-1"]


@pytest.mark.parametrize("form", ["texts", "a dictionary", "places among the customers"])
def test_rows_find_their_customers_however_keys_are_stored(form: str) -> None:
    """Rows come sorted by customer with each customer's place, rows of nobody left out, whatever holds their keys."""
    customers = pa.chunked_array([["c", "a"], ["b"]])
    keys = pa.chunked_array([["a", "b", "a"], ["nobody", "c", "c"]])
    rows = pa.table({"customer": keys, "row": ["1", "2", "3", "4", "5", "6"]})
    if form == "a dictionary":
        rows = rows.set_column(0, "customer", keys.combine_chunks().dictionary_encode())
    elif form != "texts":
        rows = keyed(rows, customers)
    found = by_owner(customers, {"rows": rows, "empty": rows.slice(0, 0)})
    table, owners = found["rows"]
    assert owners.tolist() == [0, 0, 1, 1, 2]
    assert table["row"].to_pylist() == ["5", "6", "1", "3", "2"]
    assert len(found["empty"][1]) == 0
