"""Snapshots: nothing from the future leaks in, one customer and all give the same, and all is declared."""

import re
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest

from engine.errors import Location, ProblemsError
from engine.snapshot import CustomerFacts, Snapshot, arrow_type
from engine.snapshot import snapshot_of as columns_of
from engine.vocabulary import Fact, Text, Type, Vocabulary
from facts.customer_facts import customer_facts, make_ready
from facts.features import FOLDER, KINDS, PREPARED, PREPARED_FOR_FEATURES, features
from facts.recording import record
from facts.snapshot import portfolio_facts, take_snapshot
from facts.store import Store
from tests.facts import worlds
from tests.facts.base_tables import AS_OF, BASE_CURRENCY, ago, base_of, catalogue, recorded, snapshot_of
from tests.profiles import count

KNOWN_AT = datetime(2024, 7, 1, tzinfo=UTC)
CUSTOMERS = ("a", "b", "c")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Return an empty store."""
    store = Store.create(store_url, base_currency=BASE_CURRENCY)
    yield store
    store.close()


def tell(store: Store, table: str, rows: list[dict[str, object]], at: datetime) -> None:
    """Record rows as if at that moment."""
    if rows:
        record(store, table, rows, user="ann", source="test", at=at)


def populate(store: Store, random: Random) -> None:
    """Record arbitrary facts of three customers, some of which hold only after as-of."""
    at = KNOWN_AT - timedelta(1)
    people = [{"key": key, "name": key, "region": "north", "holds_from": ago(900)} for key in CUSTOMERS]
    tell(store, "customers", people, at)
    tell(store, "coverage", worlds.coverage(random, None), at)
    tell(store, "coverage", worlds.coverage(random, "b"), at)
    tell(store, "exchange_rates", worlds.exchange_rates(random), at)
    tell_of_all(store, random, at, 5, ago(800), ago(-60))


def tell_of_all(store: Store, random: Random, at: datetime, number: int, first: date, last: date) -> None:
    """Record arbitrary rows of all customers in all tables, which hold from days between two dates."""
    for table in worlds.ABOUT_CUSTOMERS:
        made = (distinct(worlds.rows(random, table, customer, number, first, last)) for customer in CUSTOMERS)
        tell(store, table, list(chain.from_iterable(made)), at)


def distinct(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Leave one row per day, so that no row corrects another."""
    return list({row["holds_from"]: row for row in rows}.values())


def taken(store: Store) -> Snapshot:
    """Take the snapshot of the whole base as of the usual day."""
    return take_snapshot(store.base_tables(AS_OF, KNOWN_AT), catalogue(), AS_OF, base_currency=BASE_CURRENCY).snapshot


def alone(store: Store, customer: str) -> CustomerFacts:
    """Compute one customer's facts from that customer's rows."""
    base = store.base_tables(AS_OF, KNOWN_AT, customer)
    return customer_facts(base, catalogue(), AS_OF, base_currency=BASE_CURRENCY)


@pytest.mark.parametrize("seed", range(count(quick=1, ci=4, long=200)))
def test_what_holds_or_was_recorded_later_changes_nothing(store: Store, seed: int) -> None:
    """A snapshot stays the same, whatever is told later or will hold later."""
    random = Random(seed)
    populate(store, random)
    before = taken(store)
    tell_of_all(store, random, KNOWN_AT - timedelta(hours=1), 3, ago(-61), ago(-200))
    tell_of_all(store, random, KNOWN_AT + timedelta(seconds=1), 3, ago(800), ago(-60))
    tell(store, "coverage", worlds.coverage(random, None), KNOWN_AT + timedelta(seconds=1))
    tell(store, "exchange_rates", worlds.exchange_rates(random), KNOWN_AT + timedelta(seconds=1))
    after = taken(store)
    assert after.customers.to_pylist() == before.customers.to_pylist()
    rows = [{name: table.to_pylist() for name, table in each.rows.items()} for each in (before, after)]
    assert rows[1] == rows[0]
    assert [after.customer(key) for key in CUSTOMERS] == [alone(store, key) for key in CUSTOMERS]


@pytest.mark.parametrize("seed", range(count(quick=1, ci=4, long=300)))
def test_one_customers_snapshot_is_its_row_of_the_whole(store: Store, seed: int) -> None:
    """The facts of one customer's rows are those that the whole base's snapshot has of it."""
    populate(store, Random(1000 + seed))
    snapshot = taken(store)
    assert [snapshot.customer(key) for key in CUSTOMERS] == [alone(store, key) for key in CUSTOMERS]


def test_a_merged_customers_rows_belong_to_the_one_that_stands_for_it(store: Store) -> None:
    """Rows of both are counted for the survivor, alone and in the whole; the duplicate is gone."""
    populate(store, Random(7))
    tell(store, "merges", [{"customer": "b", "survivor": "a", "holds_from": date.min}], KNOWN_AT - timedelta(1))
    snapshot = taken(store)
    assert snapshot.customers["customer"].to_pylist() == ["a", "c"]
    assert snapshot.customer("a") == alone(store, "b") == alone(store, "a")


def test_real_orders_give_every_customer_the_same_alone(test_data: Path) -> None:
    """On real invoices each sampled customer's own snapshot is its row of the whole base's."""
    base = online_retail(test_data / "online_retail_2009_2010" / "online_retail_II.parquet")
    as_of = date(2010, 12, 9)
    snapshot = take_snapshot(base, catalogue(), as_of, base_currency="GBP").snapshot
    keys = snapshot.customers["customer"].to_pylist()
    assert len(keys) == 4383
    for key in keys[:: len(keys) // count(quick=10, ci=60, long=4383)]:
        own = {
            name: table.filter(pa.compute.equal(table["key" if name == "customers" else "customer"], key))
            for name, table in base.items()
            if name != "coverage"
        }
        rows = {**own, "coverage": base["coverage"]}
        assert snapshot.customer(key) == customer_facts(rows, catalogue(), as_of, base_currency="GBP")


def online_retail(path: Path) -> dict[str, pa.Table]:
    """Return base tables of the invoice lines that have a customer."""
    import duckdb

    with duckdb.connect() as database:
        database.execute(
            """
            CREATE TABLE lines AS
            SELECT
                "Customer ID"::BIGINT::VARCHAR AS customer,
                "Invoice" AS order_key,
                "Invoice" || '-' || row_number() OVER () AS key,
                CASE WHEN "Invoice" LIKE 'C%' THEN 'return' ELSE 'order' END AS kind,
                "StockCode" AS product,
                "StockCode" SIMILAR TO '[0-9]+.*' AS goods,
                "Quantity"::DECIMAL(18, 4) AS quantity,
                "Price"::DECIMAL(18, 4) AS unit_price,
                ("Quantity"::DECIMAL(9, 0) * "Price"::DECIMAL(9, 4))::DECIMAL(18, 4) AS amount,
                'GBP' AS currency,
                "InvoiceDate"[:10]::DATE AS holds_from
            FROM read_parquet($path)
            WHERE "Customer ID" IS NOT NULL
            """,
            {"path": str(path)},
        )
        queries = {
            "customers": "SELECT DISTINCT customer AS key, 'name' AS name FROM lines",
            "orders": "SELECT DISTINCT ON (order_key) order_key AS key, customer, kind, holds_from FROM lines",
            "order_lines": "FROM lines",
        }
        tables = {name: database.sql(query).to_arrow_table() for name, query in queries.items()}
    schemas = {name: table.schema for name, table in base_of(**dict.fromkeys(tables, ())).items()}
    nulls = {
        name: [
            pa.nulls(len(table), field.type) if field.name not in table.column_names else table[field.name]
            for field in schemas[name]
        ]
        for name, table in tables.items()
    }
    base = {name: pa.table(columns, schema=schemas[name]) for name, columns in nulls.items()}
    return base | base_of(customers=(), coverage=recorded("orders", since=date(2009, 12, 1))) | base


def test_every_column_of_a_feature_is_declared() -> None:
    """What the SQL files compute is in the catalogue, and everything measured in the catalogue is computed."""
    snapshot = snapshot_of(coverage=recorded("orders"))
    vocabulary = catalogue()
    derived = {fact.name for fact in vocabulary.in_scope(None) if fact.is_derived}
    ends = {f"{name}.{end}" for name in vocabulary.collections for end in ("recorded_from", "recorded_to")}
    declared = {fact.name for fact in vocabulary.in_scope(None)} - derived
    assert set(snapshot.customers.column_names) == {"customer"} | declared | ends
    assert set(snapshot.rows) == set(vocabulary.collections)
    computed = _decoded(snapshot.customers.schema)
    types = {fact.name: arrow_type(fact) for fact in vocabulary.in_scope(None) if fact.name in declared}
    assert {name: computed.field(name).type for name in declared} == types
    made = columns_of(vocabulary, [snapshot.customer("a")]).customers  # has no columns for what is missing
    assert {name: each for name, each in snapshot.customers.to_pylist()[0].items() if each is not None} == {
        name: each for name, each in made.to_pylist()[0].items() if each is not None
    }
    assert all(made.schema.field(name) == computed.field(name) for name in made.column_names)


def _decoded(schema: pa.Schema) -> pa.Schema:
    """Return a schema with the types of the words where there are dictionaries of words."""
    types = [each.type.value_type if pa.types.is_dictionary(each.type) else each.type for each in schema]
    return pa.schema(list(zip(schema.names, types, strict=True)))


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.sql")), ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_a_feature_file_says_what_it_is(path: Path) -> None:
    """Each SQL file begins with a comment in whole sentences."""
    comment = re.match(r"(-- .*\n)+", path.read_text(encoding="utf-8"))
    assert comment is not None
    assert comment[0].rstrip().endswith((".", ")", ":"))


def test_prepared_tables_are_all_made() -> None:
    """Every file of prepared tables is run, and nothing else is expected there."""
    files = {path.stem for path in (FOLDER / "prepared").glob("*.sql")}
    assert files == {*PREPARED, *PREPARED_FOR_FEATURES, "macros"}
    assert all(feature.reads for kind in KINDS for feature in features(kind))


def test_a_measured_fact_without_a_feature_is_a_problem() -> None:
    """A pack that declares a measured fact which nothing computes is told where and what to do."""
    at = Location("facts.yaml", 3, 5)
    fact = Fact("orders_80d", None, Type.INTEGER, Text("Orders", "订单"), at)
    known = catalogue()
    vocabulary = Vocabulary(known.enums, {**known.facts, fact.key: fact}, known.collections, (), known.families)
    with pytest.raises(ProblemsError) as raised:
        take_snapshot(base_of(), vocabulary, AS_OF, base_currency=BASE_CURRENCY)
    assert [str(problem) for problem in raised.value.problems] == [
        "facts.yaml:3:5: No feature computes the fact `orders_80d`. Did you mean `orders_90d`? [no-feature]"
    ]


def test_kept_plans_serve_every_date_and_currency() -> None:
    """One customer's facts are those of the whole base, whatever date and currency were asked for before."""
    line = {"kind": "order", "order_key": "o", "goods": True, "amount": Decimal(100), "currency": "USD"}
    base = base_of(
        order_lines=[{**line, "holds_from": ago(200)}, {**line, "holds_from": ago(20)}],
        exchange_rates=[{"currency": "USD", "rate_to_base": Decimal("0.9"), "holds_from": ago(300)}],
        coverage=recorded("orders"),
    )
    revenues = []
    for day, currency in [(AS_OF, "EUR"), (ago(40), "EUR"), (AS_OF, "USD"), (AS_OF, "EUR")]:
        alone = customer_facts(base, catalogue(), day, base_currency=currency)
        assert alone == take_snapshot(base, catalogue(), day, base_currency=currency).snapshot.customer("a")
        revenues.append(alone.facts["revenue_365d"])
    assert revenues == [Decimal(180), Decimal(90), Decimal(200), Decimal(180)]


@pytest.mark.parametrize("pause", [0, 0.03, 0.3])
def test_facts_are_the_same_however_far_the_database_is_ready(pause: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may ask before the workspace is there, while statements are planned, or once all are."""
    day = ago(round(1000 + 100 * pause))  # for which no test has asked
    base = base_of(customers=[{"key": "a"}], orders=[{"key": "1", "customer": "a", "kind": "order"}])
    failures: list[object] = []
    monkeypatch.setattr(threading, "excepthook", failures.append)
    make_ready(day)
    time.sleep(pause)
    alone = customer_facts(base, catalogue(), day, base_currency=BASE_CURRENCY)
    assert not failures
    assert alone == take_snapshot(base, catalogue(), day, base_currency=BASE_CURRENCY).snapshot.customer("a")


def test_python_has_its_usual_turns_once_several_databases_are_ready() -> None:
    """Threads take turns quickly only while a database gets ready, also where several do so at once."""
    usual = sys.getswitchinterval()
    for past in range(6):
        make_ready(ago(2000 + past))
    for each in threading.enumerate():
        if each.name.endswith("(_make_ready)"):
            each.join()
    assert sys.getswitchinterval() == usual


def test_one_customer_is_wanted_not_several() -> None:
    """The single customer's way refuses rows of several customers."""
    base = base_of(customers=[{"key": "a", "name": "A"}, {"key": "b", "name": "B"}])
    with pytest.raises(ValueError, match="one customer's rows are wanted, these are of 2 customers"):
        customer_facts(base, catalogue(), AS_OF, base_currency=BASE_CURRENCY)


def test_classes_are_cut_at_80_and_95_percent_of_a_region() -> None:
    """Who steps over a limit still belongs to the better class; regions are ranked apart."""
    revenue = {"n1": 50, "n2": 40, "n3": 6, "n4": 4, "n5": 0, "s1": 100, "s2": 0}
    customers = [{"key": key, "name": key, "region": key[0]} for key in revenue]
    lines = [
        {
            "customer": key,
            "kind": "order",
            "order_key": "o",
            "goods": True,
            "quantity": 1,
            "unit_price": amount,
            "amount": Decimal(amount),
            "holds_from": ago(5),
        }
        for key, amount in revenue.items()
        if amount
    ]
    snapshot = snapshot_of(customers=customers, order_lines=lines, coverage=recorded("orders"))
    columns = ["customer", "abc_class", "contribution", "rank_in_region", "share_of_region"]
    found = [tuple(row.values()) for row in portfolio_facts(snapshot).select(columns).to_pylist()]
    assert found == [
        ("n1", "A", Decimal(50), 1, Decimal("0.5")),
        ("n2", "A", Decimal(40), 2, Decimal("0.4")),
        ("n3", "B", Decimal(6), 3, Decimal("0.06")),
        ("n4", "C", Decimal(4), 4, Decimal("0.04")),
        ("n5", "C", Decimal(0), 5, Decimal(0)),
        ("s1", "A", Decimal(100), 1, Decimal(1)),
        ("s2", "C", Decimal(0), 2, Decimal(0)),
    ]


def test_an_unknown_revenue_is_not_replaced_by_what_was_won() -> None:
    """Of two customers who won us 10, the one whose orders nobody can convert has no class; the other has no orders."""
    line = {
        "customer": "a",
        "kind": "order",
        "order_key": "o",
        "goods": True,
        "quantity": 1,
        "unit_price": 9,
        "amount": 9,
    }
    won = [{"customer": key, "holds_from": ago(40), "closed_on": ago(20), "won": True, "amount": 10} for key in "ab"]
    snapshot = snapshot_of(
        customers=[{"key": key, "name": key} for key in "ab"],
        orders=[{"customer": "a", "key": "o", "kind": "order", "holds_from": ago(5)}],
        order_lines=[{**line, "currency": "JPY", "holds_from": ago(5)}],
        opportunities=won,
        coverage=[*recorded("opportunities"), *recorded("orders", customer="a")],
    )
    found = portfolio_facts(snapshot).select(["customer", "abc_class", "contribution"]).to_pylist()
    assert [tuple(row.values()) for row in found if row["abc_class"]] == [("b", "A", Decimal(10))]


def test_portfolio_facts_of_the_last_run_return_in_the_next_snapshot() -> None:
    """What a batch run found becomes facts of each customer; shares are percentages."""
    snapshot = snapshot_of(coverage=recorded("orders"), order_lines=())
    found = portfolio_facts(snapshot)
    published = found.append_column("run", pa.array([1], pa.int64()))
    base = {**base_of(), "portfolio": published.select(["run", *found.column_names])}
    facts = customer_facts(base, catalogue(), AS_OF, base_currency=BASE_CURRENCY).facts
    names = ["abc_class", "contribution", "rank_in_region", "share_of_region"]
    assert [facts[name] for name in names] == ["C", Decimal("0.00"), 1, Decimal("0.0000")]
