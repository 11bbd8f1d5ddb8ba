"""Fixtures that several tests share."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from facts.demo import build
from facts.store import Store
from tests import profiles

ROOT = Path(__file__).parents[1]

profiles.activate()


def pytest_report_header() -> str:
    """Say at the top of a run how much it does."""
    return f"profile: {profiles.ACTIVE}"


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Return the folder of real data sets, which lies outside the repository."""
    folder = Path(os.environ.get("VALUELIFT_TEST_DATA", ROOT.parent / "shared" / "data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set VALUELIFT_TEST_DATA to its folder")
    return folder


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder, none of the user's, in which commands keep what they loaded."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VALUELIFT_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def told_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that holds the demo story; not to be changed."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    store = Store.create(str(path))
    build(store)
    store.close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the URL of an empty database of each supported kind, gone after the test."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
    else:
        monkeypatch.setenv("VALUELIFT_RUNS", str(tmp_path))
        yield from _postgresql_database()


def _postgresql_database() -> Iterator[str]:
    server_url = os.environ.get("VALUELIFT_TEST_POSTGRES")
    if server_url is None:
        pytest.skip("no PostgreSQL server; set VALUELIFT_TEST_POSTGRES to the URL of one that may create databases")
    name = f"valuelift_test_{uuid4().hex}"
    server = create_engine(server_url, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        server.dispose()
