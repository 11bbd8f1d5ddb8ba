"""Facts split by a hash of the customer are the same facts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facts import reading
from facts.batch import shards as module
from facts.batch.folder import TABLES, FactsFolder, Part
from facts.batch.opening import open_folder
from facts.batch.shards import NOBODY, of_shard, pieces, slices, write
from facts.demo import AS_OF
from facts.feature_database import open_database
from facts.features import base_schemas
from facts.generate import generate

SHARDS = 7
EVERYBODY = Part(0, "", None, 0)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> FactsFolder:
    """Return a folder of invented facts, some of them about nobody; one table has no rows."""
    place = tmp_path_factory.mktemp("facts")
    generate(place, 200, 3)
    pq.write_table(pq.read_table(place / "referrals.parquet").slice(0, 0), place / "referrals.parquet")
    assert pq.read_metadata(place / "referrals.parquet").num_row_groups == 1
    return open_folder(place)


def split(facts: FactsFolder, place: Path) -> None:
    """Split facts as Spark's tasks do."""
    write(place, (piece for part in slices(facts) for piece in pieces(SHARDS, part)))


def loaded(facts: FactsFolder, as_of: date = AS_OF) -> dict[str, pa.Table]:
    """Return all rows, by table."""
    with open_database(as_of, "EUR") as database:
        facts.show_part(database, EVERYBODY, None)
        facts.fill(database)
        return {name: database.sql(f"FROM {name}").to_arrow_table() for name in base_schemas() if name != "portfolio"}


def in_order(table: pa.Table) -> pa.Table:
    """Return the rows in an order that depends on nothing but them."""
    return table.sort_by([(name, "ascending") for name in table.column_names]).combine_chunks()


def test_the_shards_together_are_the_whole(facts: FactsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each customer's rows are in one shard, and rows about nobody in each, however few rows are written at once."""
    monkeypatch.setattr(module, "_GROUP", 50)
    split(facts, tmp_path)
    shards = [loaded(of_shard(facts, tmp_path, shard)) for shard in range(SHARDS)]
    for name, whole in loaded(facts).items():
        owner = reading.owner(TABLES[name])
        if owner is None or whole[owner.name].null_count == len(whole) > 0:
            assert all(in_order(shard[name]).equals(in_order(whole)) for shard in shards)
        else:
            assert in_order(pa.concat_tables(shard[name] for shard in shards)).equals(in_order(whole))
            owners = [set(shard[name][owner.name].to_pylist()) for shard in shards]
            assert sum(map(len, owners)) == len(set().union(*owners))


def test_a_shard_without_customers_is_empty(facts: FactsFolder, tmp_path: Path) -> None:
    """Where a hash hits nobody there is nothing but what is about nobody."""
    split(facts, tmp_path)
    of_nobody = of_shard(facts, tmp_path, SHARDS)
    assert set(of_nobody.files) == {"coverage", "exchange_rates"}
    assert (tmp_path / str(NOBODY)).is_dir()


def test_splitting_again_leaves_what_is_written(facts: FactsFolder, tmp_path: Path) -> None:
    """A task that is done a second time, because the first was believed lost, changes nothing."""
    split(facts, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    split(facts, tmp_path)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert sum(pq.read_metadata(path).num_rows for path in tmp_path.glob("*/orders.*")) == facts.rows("orders")
