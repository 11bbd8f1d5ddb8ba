"""What a run kept is read instead of the store only as long as both say the same."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import update

from engine.snapshot import CustomerFacts
from facts.audit import entry_of
from facts.batch.files import read_facts
from facts.batch.kept import KeptRun, kept_run, parts_of
from facts.batch.ledger import Ledger, runs_folder
from facts.batch.pipeline import facts_of_part
from facts.batch.run import Batch
from facts.batch.run_folder import RunFolder
from facts.database import StoreError
from facts.demo import AS_OF, build
from facts.house_tables import decision_runs
from facts.recording import merge_customers, record
from facts.runs import last_run
from facts.store import Store
from wiring import FEW, Desk, Rules, catalogue_digest, load_rules, shipped_pack, shipped_rules

PART = 25
"""Customers of a part: the demo's make three, the last one smaller."""


@pytest.fixture(scope="module")
def decided_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store whose customers a batch has decided in several parts; not to be changed."""
    path = tmp_path_factory.mktemp("kept") / "demo.db"
    store = Store.create(f"sqlite:///{path}")
    build(store)
    decide(store)
    store.close()
    return path


@pytest.fixture
def store(decided_store: Path, tmp_path: Path) -> Store:
    """Return a store of the test's own, whose runs are those of the other one."""
    path = tmp_path / "demo.db"
    shutil.copy(decided_store, path)
    return Store.open(str(path))


def decide(store: Store, known_at: datetime | None = None, rules: Rules | None = None) -> None:
    """Decide all customers of a store."""
    batch = Desk(store, rules or shipped_rules(), AS_OF, known_at).batch("night", Ledger.at(runs_folder(store.url)))
    Batch(**{name: getattr(batch, name) for name in batch.__dataclass_fields__} | {"part": PART}).run(lambda *_: None)


def desk(store: Store) -> Desk:
    """Return a desk that knows all that the store knows."""
    return Desk(store, shipped_rules(), AS_OF)


def kept(store: Store) -> KeptRun:
    """Return the run that stands for the store."""
    found = kept_run(store, last_run(store, AS_OF), AS_OF, catalogue_digest(shipped_rules().pack.vocabulary))
    assert found is not None
    return found


def facts_in(one: Desk) -> list[CustomerFacts]:
    """Return the facts of all customers."""
    return [each for part in one.parts() for each in part.each()]


def is_taken_over(one: Desk) -> bool:
    """Return whether the facts are those that a run kept."""
    return one._kept() is not None


def test_what_a_run_kept_is_what_the_store_says(store: Store) -> None:
    """Facts and rows of every customer, and all decisions, are those that are computed from the store."""
    one, now = desk(store), Desk(store, shipped_rules(), AS_OF, datetime.now(UTC))
    assert is_taken_over(one)
    assert not is_taken_over(now)
    assert facts_in(one) == facts_in(now)
    assert one.overview().to_pylist() == now.overview().to_pylist()


def test_after_facts_of_many_were_recorded_the_store_is_read(store: Store) -> None:
    """A run knows nothing of what was entered after it had begun."""
    with store.writing() as connection:
        connection.execute(entry_of("ana", "test", "pack_use", "a pack", at=datetime.now(UTC)))
    assert is_taken_over(desk(store)), "facts are not made of rules"
    with store.writing() as connection:
        connection.execute(entry_of("ana", "import", "import", "orders", at=datetime.now(UTC)))
    assert not is_taken_over(desk(store))


def test_another_day_is_computed(store: Store) -> None:
    """Facts depend on the day."""
    assert not is_taken_over(Desk(store, shipped_rules(), AS_OF + timedelta(1)))
    assert not is_taken_over(Desk(store, shipped_rules(), AS_OF - timedelta(1)))


def test_a_run_of_earlier_knowledge_is_not_taken_over(store: Store) -> None:
    """It may have known less than the store does now."""
    decide(store, known_at=datetime.now(UTC))
    assert not is_taken_over(desk(store))


HOUSE = {
    "pack.yaml": f"pack: house\nversion: 1.0.0\ntitle: {{en: House, zh: 本公司}}\nextends: {shipped_pack()}\n",
    "facts.yaml": """facts:
  machines:
    type: integer
    title: {en: Machines, zh: 机器}
    description: {en: How many machines they have., zh: 机器台数。}
    range: [0, 1000]
""",
}
"""A pack that declares a fact of its own."""


@pytest.fixture(scope="module")
def house_rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """Return the rules of a pack that reads a fact of its own."""
    folder = tmp_path_factory.mktemp("house")
    for name, text in HOUSE.items():
        (folder / name).write_text(text, encoding="utf-8")
    return load_rules(folder)


def test_a_run_of_rules_without_a_pack_s_own_facts_is_not_taken_over(store: Store, house_rules: Rules) -> None:
    """What was recorded of such a fact before the run counts for the pack that declares it, and for no other one."""
    (customer, *_) = (each.customer for each in facts_in(desk(store)))
    said = {"customer": customer, "fact": "machines", "value": "7", "holds_from": AS_OF}
    record(store, "own_facts", [said], user="ana", source="test")
    decide(store)
    of_house = Desk(store, house_rules, AS_OF)
    assert is_taken_over(desk(store))
    assert not is_taken_over(of_house)
    assert [each.facts.facts["machines"] for each in of_house.decide_many([customer])] == [7]
    decide(store, rules=house_rules)
    assert is_taken_over(of_house)
    assert facts_in(of_house)[0].facts["machines"] == 7
    assert not is_taken_over(desk(store))
    assert desk(store).decide_many([customer]) == [desk(store).decide(customer)]


def own_run(store: Store, tmp_path: Path) -> RunFolder:
    """Let the store's run be a copy, in which files may be changed."""
    copy = tmp_path / "runs" / "0123456789ab"
    shutil.copytree(kept(store).folder.path, copy)
    with store.writing() as connection:
        connection.execute(update(decision_runs).values(snapshot_file=str(copy)))
    return RunFolder(copy)


@pytest.mark.parametrize("damaged", [False, True])
def test_of_whom_something_was_recorded_since_is_read_from_the_store(
    store: Store, tmp_path: Path, damaged: bool
) -> None:
    """All others are taken over; a new customer comes in, and what is told of a merged one counts for whom it is."""
    known = [each.customer for each in facts_in(desk(store))]
    merge_customers(store, known[1], known[-1], user="ana")
    decide(store)
    run = own_run(store, tmp_path)
    new = {"key": "newcomer", "name": "Newcomer", "country": "DE", "holds_from": AS_OF}
    met = {"customer": known[1], "value_kind": "brand", "level": "accepted", "holds_from": AS_OF}
    for table, row in (("customers", new), ("perceptions", met)):
        record(store, table, [row], user="ana", source="test")
    if damaged:
        (run.snapshot(1) / "rows-needs.arrow").write_bytes(b"ARROW1")
    one = desk(store)
    assert is_taken_over(one)
    found = {each.customer: each for each in facts_in(one)}
    assert found[known[-1]].facts["perception.brand"] == "accepted"
    assert found == {each.customer: each for each in facts_in(Desk(store, shipped_rules(), AS_OF, datetime.now(UTC)))}
    assert sorted(found) == sorted({*known, "newcomer"} - {known[1]})
    assert len(facts_in(one)) == len(found)
    some = sorted((known[0], known[-1], "newcomer"))
    assert one.decide_many([*some, known[1], "nobody"]) == [one.decide(key) for key in some]
    with_new = [each.customer for part in one.parts(only_of=["newcomer"]) for each in part.each()]
    assert sorted(with_new) == sorted(found if damaged else {*found} - {known[-1]})


def test_after_many_were_told_of_the_store_is_read(store: Store) -> None:
    """To read them one by one would take longer."""
    keys = [each.customer for each in facts_in(desk(store))]
    with store.writing() as connection:
        for key in keys[: FEW + 1]:
            connection.execute(entry_of("ana", "test", "record", "needs", key, at=datetime.now(UTC)))
    assert not is_taken_over(desk(store))


def test_where_a_run_is_damaged_the_store_is_read(store: Store, tmp_path: Path) -> None:
    """Whoever asks gets the same answer all the same, also if some parts were read before."""
    before, run = facts_in(desk(store)), own_run(store, tmp_path)
    (run.snapshot(1) / "rows-needs.arrow").write_bytes(b"ARROW1")
    with pytest.raises(StoreError, match="rows-needs"):
        list(parts_of(kept(store).folder))
    assert facts_in(desk(store)) == before


def test_a_part_is_the_same_in_the_files_of_earlier_versions(store: Store, tmp_path: Path) -> None:
    """They kept facts as Parquet, rows with their customers' keys, and not what follows from the whole base."""
    run = own_run(store, tmp_path)
    part, place, own = facts_of_part(run, 1), run.snapshot(1), run.customers(1)["customer"].combine_chunks()
    for file in place.glob("*.arrow"):
        table = read_facts(file)
        if file.stem.startswith("rows-"):
            keys = pa.DictionaryArray.from_arrays(table["customer"].combine_chunks(), own)
            table = table.set_column(table.column_names.index("customer"), "customer", keys)
        pq.write_table(table, place / f"{file.stem}.parquet")
    for file in (*place.glob("*.arrow"), run.whole(1)):
        file.unlink()
    assert list(facts_of_part(run, 1).each()) == list(part.each())
    assert len(run.rows(1, "needs", run.customers(1)["customer"])) > 0


@pytest.mark.parametrize("what", ["damaged", "without a sum"])
def test_facts_are_used_only_if_they_are_those_that_were_written(store: Store, tmp_path: Path, what: str) -> None:
    """One bit that turned is noticed, and so is a file whose sum is gone."""
    file = own_run(store, tmp_path).whole(1)
    if what == "damaged":
        content = file.read_bytes()
        file.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
    else:
        file.with_name("_00001.sum").unlink()
    with pytest.raises(StoreError, match=f"{file.name} cannot be used"):
        read_facts(file)
