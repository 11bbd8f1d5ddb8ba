"""What is said when a database refuses: role, password, database and server are told apart."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url

from facts.backup import back_up
from facts.database import StoreError, bulk, database_url, shown
from facts.database_words import refusal
from facts.store import Store
from tests.facts.server import Server, own_server

MAY_CONNECT = """
host all valuelift 127.0.0.1/32 trust
host all ann,bert,nobody 127.0.0.1/32 scram-sha-256
host all carol 127.0.0.1/32 trust
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Return a server that asks ann for a password, and knows of dora but lets her connect from nowhere."""
    with own_server() as server:
        engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE ROLE ann LOGIN PASSWORD 'right'")
            connection.exec_driver_sql("CREATE ROLE dora LOGIN")
            connection.exec_driver_sql("CREATE ROLE erin NOLOGIN")
            Path(connection.exec_driver_sql("SHOW hba_file").scalar_one()).write_text(
                f"{MAY_CONNECT}host all erin 127.0.0.1/32 trust\n", "utf-8"
            )
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        engine.dispose()
        yield server


@pytest.mark.parametrize(
    ("changed", "why", "hint"),
    [
        ({"username": "carol"}, "the server has no such user", "Check the user in the URL"),
        ({"username": "nobody", "password": "x"}, "does not know this user with this password", "user and password"),
        ({"username": "ann", "password": "wrong"}, "does not know this user with this password", "user and password"),
        ({"username": "ann"}, "the server asks for a password", "USER:PASSWORD@HOST"),
        ({"username": "dora"}, "the server does not let this user connect from here", "pg_hba.conf"),
        ({"username": "erin"}, "the server does not let this user connect from here", "LOGIN"),
        ({"database": "none"}, "the server has no such database", "valuelift init"),
        ({"port": 1}, "the server cannot be reached", "Check host and port"),
        ({"host": "nowhere.invalid"}, "the server's name is not known", "Check the host"),
        ({}, "the database has no tables of ours", "valuelift init"),
    ],
)
def test_why_a_server_refuses_is_told_apart(server: Server, changed: dict[str, Any], why: str, hint: str) -> None:
    """User, password, right to connect, database, address and name of the server each have their words."""
    url = make_url(server.url).set(**changed)
    with pytest.raises(StoreError) as refused:
        Store.open(url.render_as_string(hide_password=False))
    assert why in refused.value.why
    assert hint in refused.value.hint
    if changed:
        with pytest.raises(StoreError) as refused_in_bulk, bulk(url):
            pass
        assert refused_in_bulk.value.why == refused.value.why


def test_what_a_server_says_in_another_language_is_passed_on() -> None:
    """A server that answers can be reached: what it says is told, if not in our words."""
    said = 'connection failed: connection to server at "10.0.0.1", port 5432 failed: 致命错误:  角色 "ann" 不存在'
    assert refusal(said, None) is None


@pytest.mark.parametrize("code", ["23505", "40001", "40P01", "42P07"])
def test_who_came_at_the_same_moment_is_asked_to_try_again(code: str) -> None:
    """What PostgreSQL refuses because of somebody else's writing is told as that, in whatever words it says it."""
    found = refusal("可串行化访问", code)
    assert found is not None
    assert found.why == "somebody else was writing the same at the same moment"


@pytest.mark.skipif(shutil.which("pg_dump") is None, reason="no client programs of PostgreSQL")
def test_a_backup_is_refused_in_the_same_words(server: Server, tmp_path: Path) -> None:
    """What PostgreSQL's own programs are refused with is told as what we are refused with."""
    url = make_url(server.url).set(username="carol").render_as_string()
    with pytest.raises(StoreError, match="pg_dump failed: the server has no such user"):
        back_up(Store.as_it_is(url), tmp_path / "store.dump")


def test_a_password_among_the_options_of_a_url_is_hidden() -> None:
    """It is read as the password that it is, so that neither messages nor other programs' arguments show it."""
    url = database_url("postgresql://ann@db.example/acme?password=hidden&sslmode=require")
    assert (url.password, dict(url.query)) == ("hidden", {"sslmode": "require"})
    assert "hidden" not in shown(url)
