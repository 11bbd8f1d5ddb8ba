"""Open the desk that a query asks for, and close its store at the end."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from commands.options import Query

if TYPE_CHECKING:
    from facts.store import Store
    from wiring import Desk


@contextmanager
def desk_for(query: Query) -> Iterator[Desk]:
    """Give the desk for a query."""
    from wiring import Desk, rules_in_use

    with open_store(query.db) as store:
        rules = rules_in_use(store, query.pack)
        # Libraries and rules stay as long as the process does. Without this, Python goes over all of them at its end.
        # DuckDB must not be among them: it would take its frozen objects for lost, and say so.
        if "duckdb" not in sys.modules:
            gc.freeze()
        yield Desk(store, rules, query.as_of, query.known_at)


@contextmanager
def open_store(db: str | None) -> Iterator[Store]:
    """Give the store at a path or URL."""
    from facts.store import Store

    store = Store.open(db)
    try:
        yield store
    finally:
        store.close()
