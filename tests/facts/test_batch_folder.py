"""A folder of facts gives what the store gives, and says what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from facts.arrow_rows import arrow_schema
from facts.batch import scattered
from facts.batch.folder import FactsFolder, Part
from facts.batch.opening import open_folder
from facts.batch.pipeline import part_size
from facts.database import StoreError
from facts.demo import AS_OF, build
from facts.feature_database import open_database, prepare
from facts.features import base_schemas
from facts.generate import generate
from facts.reading import readable_columns
from facts.snapshot import snapshot_in, take_snapshot
from facts.store import Store
from facts.tables import FACT_TABLES
from tests.commands.conftest import call_command
from wiring import catalogue

CUSTOMERS = 200


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of invented facts, not to be changed."""
    path = tmp_path_factory.mktemp("facts")
    generate(path, CUSTOMERS, 3)
    return path


def read(folder: FactsFolder, part: Part, known_at: datetime | None = None, as_of: date = AS_OF) -> dict[str, pa.Table]:
    """Return the tables of a part."""
    with open_database(as_of, "EUR") as database:
        folder.show_part(database, part, known_at)
        folder.fill(database)
        return {name: database.sql(f"FROM {name}").to_arrow_table() for name in base_schemas() if name != "portfolio"}


def everybody(folder: FactsFolder) -> Part:
    """Return the part of all customers."""
    (part,) = folder.divided(AS_OF, None, 10**9)
    return part


def raw(store: Store, place: Path) -> FactsFolder:
    """Write all rows of a store as they stand, with their history, into a folder of facts."""
    place.mkdir()
    with store.reading() as connection:
        for name, table in FACT_TABLES.items():
            columns = [*readable_columns(table), "recorded_at", "retracted_at"]
            schema = pa.schema([each for each in arrow_schema(table, tuple(columns)) if each.name != "is_current"])
            rows = connection.execute(table.select()).mappings().all()
            values = {each.name: [row[each.name] for row in rows] for each in schema}
            if name != "merges":
                pq.write_table(pa.table(values, schema=schema), place / f"{name}.parquet")
    return open_folder(place)


def test_a_folder_gives_what_the_store_gives(tmp_path: Path) -> None:
    """As of any date and as known at any moment, the snapshot is that of the store with the same rows."""
    store = Store.create(str(tmp_path / "demo.db"))
    build(store)
    folder = raw(store, tmp_path / "raw")
    earlier = datetime.combine(AS_OF - timedelta(days=100), datetime.min.time(), UTC)
    for day, known_at in ((AS_OF, None), (AS_OF - timedelta(days=60), earlier)):
        expected = take_snapshot(store.base_tables(day, known_at), catalogue(), day, base_currency="EUR")
        (part,) = folder.divided(day, known_at, 10**9)
        with open_database(day, "EUR") as database:
            folder.show_part(database, part, known_at)
            folder.fill(database)
            database.register("portfolio", base_schemas()["portfolio"].empty_table())
            prepare(database)
            assert snapshot_in(database, catalogue(), day) == expected
    store.close()


@pytest.mark.parametrize("sorted_first", [False, True])
def test_the_parts_together_are_the_whole(
    generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sorted_first: bool
) -> None:
    """Each customer's rows are in one part, whether the files are read as they are or sorted first."""
    if sorted_first:
        monkeypatch.setattr(scattered, "_MOST_READ", 0)
    names = ("customers", "orders", "order_lines", "needs", "perceptions")
    known = open_folder(generated)
    folder = replace(known, files={name: known.files[name] for name in names})
    parts = folder.divided(AS_OF, None, 120)
    assert [part.customers for part in parts] == [120, 80]
    ready = folder.sorted_for(parts, tmp_path)
    assert (ready == folder) != sorted_first
    whole, found = read(folder, everybody(folder)), [read(ready, part) for part in parts]
    for name in names:
        together = pa.concat_tables(each[name] for each in found)
        order = [(column, "ascending") for column in together.column_names]
        assert together.sort_by(order) == whole[name].sort_by(order), name


Change = Callable[[pa.Table], pa.Table]


def without(column: str) -> Change:
    """Return a change that leaves out a column."""
    return lambda table: table.drop_columns([column])


def cast(column: str, kind: pa.DataType) -> Change:
    """Return a change that gives a column another type."""
    return lambda table: table.set_column(table.column_names.index(column), column, pa.array([None] * len(table), kind))


def value(column: str, said: object) -> Change:
    """Return a change that gives the first row another value."""

    def change(table: pa.Table) -> pa.Table:
        values = [said, *table[column].to_pylist()[1:]]
        place = table.column_names.index(column)
        return table.set_column(place, column, pa.array(values, table.schema.field(column).type))

    return change


def too_large(column: str) -> Change:
    """Return a change that gives the first row an amount for which the store has no room."""

    def change(table: pa.Table) -> pa.Table:
        amounts = [Decimal(10**15), *table[column].to_pylist()[1:]]
        return table.set_column(table.column_names.index(column), column, pa.array(amounts, pa.decimal128(20, 4)))

    return change


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        ("customers", lambda table: table.slice(0, 0), "there are no customers in customers.parquet"),
        ("customers", without("key"), "column 'key' is missing"),
        ("customers", lambda table: pa.concat_tables([table, table.slice(3, 1)]), "key 'C00000003' stands in several"),
        ("customers", value("key", None), "column 'key' has no value in 1 row"),
        ("orders", without("holds_from"), "column 'holds_from' is missing"),
        ("orders", cast("holds_from", pa.string()), "column 'holds_from' is string, not date32[day]"),
        ("orders", value("customer", None), "column 'customer' has no value in 1 row"),
        ("orders", value("kind", "ordr"), "column 'kind' holds 'ordr'. Did you mean `order`?"),
        ("order_lines", cast("amount", pa.float64()), "column 'amount' is double, not decimal128(18, 4)"),
        ("order_lines", lambda table: table.rename_columns(
            ["custmer" if name == "customer" else name for name in table.column_names]
        ), "column 'customer' is missing. Did you mean `custmer`?"),
        ("order_lines", too_large("amount"), "order_lines: Conversion Error"),
        ("payments", too_large("amount"), "payments: Conversion Error"),
        ("perceptions", value("level", "enlightened"), "column 'level' holds 'enlightened'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(generated: Path, tmp_path: Path, table: str, change: Change, said: str) -> None:
    """A file that cannot be used ends the batch with a message that says why, and exit code 1; nothing is published."""
    facts = tmp_path / "facts"
    facts.mkdir()
    for path in generated.iterdir():
        (facts / path.name).symlink_to(path)
    (facts / f"{table}.parquet").unlink()
    pq.write_table(change(pq.read_table(generated / f"{table}.parquet")), facts / f"{table}.parquet")
    answer = call_command("batch", "--facts", facts, "--out", tmp_path / "runs", "--as-of", AS_OF, "--workers", 1)
    assert (answer.code, answer.output) == (1, "")
    assert said in answer.errors
    assert not (tmp_path / "runs" / "latest").exists()


def test_a_damaged_file_is_said(generated: Path, tmp_path: Path) -> None:
    """Neither a file that is no Parquet nor one that was cut off or changed on the way is read as if it were whole."""
    whole = (generated / "customers.parquet").read_bytes()
    for content in (b"", b"customers", whole[:-100], whole[:4000] + bytes(3000) + whole[7000:]):
        (tmp_path / "customers.parquet").write_bytes(content)
        answer = call_command("batch", "--facts", tmp_path, "--out", tmp_path / "runs", "--as-of", AS_OF)
        assert answer.code == 1, answer.errors
        assert f"The facts in {tmp_path} cannot be used: customers" in answer.errors


@pytest.mark.parametrize(("table", "column"), [("payments", "amount"), ("interactions", "medium"), ("needs", "kind")])
def test_a_damaged_column_is_said(generated: Path, tmp_path: Path, table: str, column: str) -> None:
    """What cannot be read is found in whatever column it is, also in one that is read for the features alone."""
    whole = (generated / f"{table}.parquet").read_bytes()
    group = pq.read_metadata(generated / f"{table}.parquet").row_group(0)
    chunk = group.column(pq.read_schema(generated / f"{table}.parquet").get_field_index(column))
    start = (chunk.dictionary_page_offset or chunk.data_page_offset) + 20
    (tmp_path / "customers.parquet").symlink_to(generated / "customers.parquet")
    (tmp_path / f"{table}.parquet").write_bytes(whole[:start] + bytes(100) + whole[start + 100 :])
    answer = call_command("batch", "--facts", tmp_path, "--out", tmp_path / "runs", "--as-of", AS_OF)
    assert answer.code == 1, answer.errors
    assert f"The facts in {tmp_path} cannot be used: {table}: " in answer.errors


def test_other_files_and_columns_are_told_apart(generated: Path, tmp_path: Path) -> None:
    """A misspelt table is a problem; columns that nobody knows, however many, are left aside."""
    table = pq.read_table(generated / "customers.parquet")
    wide = {f"column_{number}": pa.nulls(len(table)) for number in range(3000)}
    pq.write_table(
        pa.table({**dict(zip(table.column_names, table.columns, strict=True)), **wide}), tmp_path / "customers.parquet"
    )
    folder = open_folder(tmp_path)
    assert read(folder, everybody(folder))["customers"].num_rows == CUSTOMERS
    (tmp_path / "ordrs.parquet").write_bytes((generated / "orders.parquet").read_bytes())
    with pytest.raises(StoreError, match=r"ordrs\.parquet is no table of facts\. Did you mean `orders`"):
        open_folder(tmp_path)


def test_a_table_may_be_a_folder_of_files(generated: Path, tmp_path: Path) -> None:
    """Several files of one table are read together, and types that say the same are accepted."""
    table = pq.read_table(generated / "customers.parquet")
    (tmp_path / "customers").mkdir()
    pq.write_table(table.slice(0, 50), tmp_path / "customers" / "a.parquet")
    encoded = table.slice(50).set_column(0, "key", table["key"].slice(50).dictionary_encode())
    revenue = pc.cast(encoded["annual_revenue"].combine_chunks().fill_null(Decimal("1.0000")), pa.decimal128(20, 4))
    place = encoded.column_names.index("annual_revenue")
    pq.write_table(encoded.set_column(place, "annual_revenue", revenue), tmp_path / "customers" / "b.parquet")
    folder = open_folder(tmp_path)
    assert read(folder, everybody(folder))["customers"].num_rows == CUSTOMERS


@pytest.mark.parametrize(
    ("customers", "workers", "parts"), [(1, 2, 1), (100, 8, 1), (101, 2, 2), (101, 3, 3), (1000, 4, 12), (1000, 1, 10)]
)
def test_parts_are_equally_large(customers: int, workers: int, parts: int) -> None:
    """No part is larger than wanted, and all workers have equally much to do; a small base is not divided."""
    size = part_size(customers, 100, workers)
    assert size <= 100
    assert -(-customers // size) == parts
