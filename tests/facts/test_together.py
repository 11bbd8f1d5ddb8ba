"""Rows of several tables by one statement: the same as by a statement for each, in both databases."""

from operator import itemgetter

from sqlalchemy import select

from facts.demo import build
from facts.store import Store
from facts.tables import FACT_TABLES
from facts.together import Together


def test_rows_read_together_are_those_of_each_table(store_url: str) -> None:
    """All columns of all tables, whatever their types: amounts, days, moments, flags and what is empty."""
    store = Store.create(store_url)
    build(store)
    selects = {name: select(table) for name, table in FACT_TABLES.items()}
    with store.reading() as connection:
        together = Together(selects).read(connection, {})
        alone = {
            name: [dict(row) for row in connection.execute(each.order_by("id")).mappings()]
            for name, each in selects.items()
        }
    store.close()
    assert sum(map(bool, alone.values())) > 10
    assert {name: sorted(rows, key=itemgetter("id")) for name, rows in together.items()} == alone
