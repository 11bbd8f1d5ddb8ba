"""What is kept about a person at a customer is given out whole, and erased everywhere."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from facts import migrations
from facts.audit import entries
from facts.contacts import ERASED, erase, export, people
from facts.database import StoreError, connect, database_url, is_sqlite
from facts.house_tables import kept_answers as kept
from facts.recording import merge_customers, record
from facts.store import Store
from facts.tables import FACT_TABLES, metadata
from facts.undoing import undo
from tests.commands.conftest import call_command

AT, DAY = datetime(2026, 1, 1, tzinfo=UTC), date(2025, 6, 1)
SECRETS = ("Li Na", "李娜", "li.na@example.org", "555-0142", "likes tea")
"""What nobody is to find after the erasure."""


def enter(store: Store, table: str, **row: Any) -> None:
    """Record one row."""
    given = {"holds_from": DAY, **({} if table == "customers" else {"customer": "K1"}), **row}
    record(store, table, [given], user="ann", source="test", at=AT)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Return a store in which a person is told of in many places, also by a duplicate of the customer."""
    store = Store.create(store_url)
    for key in ("K1", "K2", "K9"):
        enter(store, "customers", key=key, name=f"Company {key}")
    person = {"name": "Li Na", "role": "buyer", "title": "Head of buying", "telephone": "555-0142"}
    enter(store, "contacts", key="K1/buyer", **person, email="li.na@example.org", notes="likes tea")
    enter(store, "contacts", key="K1/buyer", **person | {"name": "李娜"})  # corrected: the first row stands no longer
    enter(store, "contacts", key="K1/user", name="Bo Holm", role="user", notes="works for li na, not Alina")
    sent = {"value_kind": "product", "medium": "visit"}
    enter(store, "communications", key="C1", **sent, heard_reason="Li Na: too dear")
    enter(store, "communications", key="C2", **sent, heard_reason="Bo Holm said so")
    enter(store, "complaints", key="P1", signal="price_high", summary="李娜来电说太贵")
    enter(store, "needs", key="N1", kind="information", state="unmet", evidence="asked by Li Na in Malina's presence")
    enter(store, "interactions", customer="K2", key="I1", medium="visit", summary="met LI NA")
    enter(store, "complaints", customer="K9", key="P9", signal="price_high", summary="another company's Li Na")
    merge_customers(store, "K2", "K1", user="ann")
    yield store
    store.close()


def everything(store: Store) -> str:
    """Return all that the store holds, but for what is of another company."""
    with store.reading() as connection:
        rows = [row for table in metadata.tables.values() for row in connection.execute(select(table)).all()]
    return "\n".join(str(row) for row in rows if "K9" not in row)


def of(store: Store, table: str, key: str) -> Any:
    """Return the rows of a key."""
    with store.reading() as connection:
        found = connection.execute(select(FACT_TABLES[table]).where(FACT_TABLES[table].c.key == key))
        return found.mappings().all()


def test_all_that_is_kept_is_given_out(store: Store) -> None:
    """The rows with their history, and every text that names the person, also by a word of one's own."""
    found = export(store, "K2", "buyer")
    assert (found["customer"], found["contact"]) == ("K1", "K1/buyer")
    assert [row["name"] for row in found["rows"]] == ["Li Na", "李娜"]
    named = {(each["table"], each["key"]) for each in found["mentions"]}
    assert named == {
        ("contacts", "K1/user"), ("communications", "C1"), ("complaints", "P1"), ("needs", "N1"),
        ("interactions", "I1"),
    }  # fmt: skip
    assert ("communications", "C2") in {
        (each["table"], each["key"]) for each in export(store, "K1", "李娜", ["said so"])["mentions"]
    }


def test_nothing_of_the_person_is_left(store: Store) -> None:
    """Rows, corrected rows, free texts and kept answers lose the person; role, dates and other people stay."""
    with store.writing() as connection:
        body = json.dumps({"said": "Li Na"}, ensure_ascii=False)
        account = {"role": "admin", "password_hash": "-", "failures": 0, "created_at": AT}
        connection.execute(insert(metadata.tables["accounts"]).values(name="erp", **account))
        connection.execute(
            insert(kept).values(account="erp", key="1", request_digest="-", at=AT, status=201, body=body)
        )
    before = of(store, "contacts", "K1/buyer")
    done = erase(store, "K1", "buyer", user="dpo", source="test")
    assert done.rows == {
        "contacts": 3, "communications": 1, "complaints": 1, "needs": 1, "interactions": 1, "kept_answers": 1,
    }  # fmt: skip
    said = everything(store)
    assert [each for each in SECRETS if each.lower() in said.lower()] == []
    assert [(row["role"], row["holds_from"], row["name"]) for row in of(store, "contacts", "K1/buyer")] == [
        (row["role"], row["holds_from"], ERASED) for row in before
    ]
    assert of(store, "needs", "N1")[0]["evidence"] == f"asked by {ERASED} in Malina's presence"
    assert of(store, "complaints", "P1")[0]["summary"] == ERASED
    assert of(store, "communications", "C2")[0]["heard_reason"] == "Bo Holm said so"
    assert "another company's Li Na" in of(store, "complaints", "P9")[0]["summary"]


def test_the_log_tells_of_it_without_the_data(store: Store) -> None:
    """One entry says who erased something of which customer; it cannot be taken back, nor done twice."""
    number = erase(store, "K1", "buyer", user="dpo", source="test").number
    (entry,) = entries(store, number=number)
    assert (entry.user, entry.did, entry.subject, entry.customer, entry.changes) == (
        "dpo",
        "erase",
        "contacts",
        "K1",
        (),
    )
    with pytest.raises(StoreError, match="is not taken back"):
        undo(store, user="dpo", number=number)
    with pytest.raises(StoreError, match="erased already"):
        erase(store, "K1", "buyer", user="dpo", source="test")
    with pytest.raises(StoreError, match="is no contact of K1"):
        export(store, "K1", "nobody")


def test_the_file_holds_it_no_longer(store: Store) -> None:
    """In SQLite what was erased is gone from the file and its log too, not only from the rows."""
    if not is_sqlite(store.url):
        pytest.skip("PostgreSQL lets go of it by VACUUM")
    erase(store, "K1", "buyer", user="dpo", source="test")
    path = Path(str(store.url.database))
    files = [each for each in (path, path.with_name(f"{path.name}-wal")) if each.exists()]
    assert [one for one in SECRETS[1:] for each in files if one.encode() in each.read_bytes()] == []


def test_an_older_log_is_taken_along(store_url: str) -> None:
    """A log of a version before erasures keeps its entries and stays one that is only added to."""
    entry = text(
        "INSERT INTO audit (at, done_by, origin, did, subject, customer, changes) "
        "VALUES ('2026-01-01T00:00:00.000000', 'ann', 'command line', 'record', 'needs', 'K1', '[]')"
    )
    with connect(database_url(store_url)).execution_options(writes=True).begin() as connection:
        migrations.upgrade(connection, "0008")
        connection.execute(entry)
    store = Store.open(store_url)
    (told,) = entries(store)
    assert (told.id, told.user, told.did, told.customer) == (1, "ann", "record", "K1")
    with pytest.raises((StoreError, sqlite3.Error), match="only added to"), store.writing() as connection:
        connection.execute(text("DELETE FROM audit"))
    store.close()


def test_the_people_of_a_customer_are_listed(store: Store) -> None:
    """Everybody who stands today is listed by key, with name and role."""
    found = [(each.key, each.name, each.role, each.stands) for each in people(store, "K1")]
    assert found == [("K1/buyer", "李娜", "buyer", True), ("K1/user", "Bo Holm", "user", True)]


def test_the_commands_list_export_and_erase(store: Store, tmp_path: Path) -> None:
    """The command line lists people, prints what is kept, and erases when told so; runs from before replay as ever."""
    db, runs = ["--db", store.url.render_as_string(hide_password=False)], ["--out", tmp_path / "runs"]
    assert call_command("batch", "--as-of", "2026-02-01", *db, *runs).code == 0
    assert "K1/buyer  李娜  buyer" in call_command("contact", "list", "K1", *db).output
    assert call_command("contact", "export", "K1", "李娜", *db).json["contact"] == "K1/buyer"
    assert call_command("contact", "erase", "K1", "李娜", *db).code == 1  # nobody answers whether to erase
    assert call_command("contact", "erase", "K1", "李娜", "--yes", "--json", *db).json["rows"]["contacts"] == 3
    assert "erased what was kept about a person" in call_command("audit", "--lang", "en", *db).output
    replayed = call_command("replay", "latest", "--json", *db, *runs).json
    assert (replayed["customers"], replayed["different"]) == (2, [])
