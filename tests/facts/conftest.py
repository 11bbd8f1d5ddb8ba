"""Fixtures that several tests of facts share."""

from collections.abc import Iterator

import pytest

from facts.store import Store


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Return an empty store."""
    store = Store.create(store_url)
    yield store
    store.close()
