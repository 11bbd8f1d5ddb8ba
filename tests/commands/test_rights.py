"""The roles of `ops/postgresql-roles.sql` may do what they are for, and no more."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from facts.accounts import Account, Role, add_account, log_in, log_out
from facts.demo import AS_OF
from facts.store import Store
from tests.commands.conftest import call_command
from tests.conftest import ROOT
from tests.facts.server import own_server

CUSTOMER = "kelpford"
PASSWORD = "a long enough password"
CONVEYED = ("communication", CUSTOMER, "--value", "product", "--medium", "visit", "--on", "2026-06-10")
USERS = ("owner", "ann", "bea")
"""Ann may read, Bea write."""


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return the URL of a demo store with two runs for each user."""
    with own_server() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("VALUELIFT_RUNS", str(tmp_path_factory.mktemp("runs")))
        engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE ROLE owner LOGIN")
            connection.exec_driver_sql("CREATE DATABASE ours OWNER owner")
            urls = {user: f"postgresql://{user}@127.0.0.1:{server.port}/ours" for user in USERS}
            assert call_command("demo", "--db", urls["owner"]).code == 0
            assert call_command("batch", "--as-of", "2026-06-29", "--db", urls["owner"]).code == 0
            for _ in ("at first", "after an upgrade"):
                _give_rights(server.programs / "psql", server.port)
            connection.exec_driver_sql("CREATE ROLE ann LOGIN IN ROLE valuelift_reader")
            connection.exec_driver_sql("CREATE ROLE bea LOGIN IN ROLE valuelift_writer")
        engine.dispose()
        yield urls


def _give_rights(psql: Path, port: int) -> None:
    at = ["--host", "127.0.0.1", "--port", str(port), "--username", "valuelift", "--dbname", "ours"]
    script = ROOT / "ops" / "postgresql-roles.sql"
    subprocess.run([psql, "--quiet", *at, "--file", script], check=True, capture_output=True)


@pytest.mark.parametrize(
    "asked",
    [
        ("recommend", CUSTOMER),
        ("customers",),
        ("portfolio",),
        ("effects",),
        ("why", CUSTOMER),
        ("path", CUSTOMER, "--to", "core"),
        ("what-if", CUSTOMER, "--set", "stage=new"),
        ("plan", CUSTOMER),
        ("ledger", CUSTOMER),
        ("ask", CUSTOMER),
    ],
    ids=lambda asked: str(asked[0]),
)
def test_a_reader_is_answered(stores: dict[str, str], asked: tuple[str, ...]) -> None:
    """Every question about customers is answered as the owner's is."""
    answers = [call_command(*asked, "--db", stores[user], "--as-of", AS_OF) for user in ("owner", "ann")]
    assert answers[1].code == 0, answers[1].errors
    assert answers[0].output.replace("owner@", "ann@") == answers[1].output


@pytest.mark.parametrize(
    ("user", "asked"),
    [
        ("ann", ("record", *CONVEYED, "--as-of", AS_OF)),
        ("ann", ("user", "list")),
        ("bea", ("runs", "prune", "--keep", "1")),
        ("bea", ("batch", "--as-of", "2026-06-28")),
    ],
    ids=lambda case: case if isinstance(case, str) else case[0],
)
def test_more_is_refused(stores: dict[str, str], user: str, asked: tuple[object, ...]) -> None:
    """What a role is not for is refused as a lack of rights, and nothing is changed."""
    answer = call_command(*asked, "--db", stores[user])
    assert answer.code == 1
    assert "the user lacks the permission" in answer.errors


def test_a_writer_records_and_takes_back(stores: dict[str, str]) -> None:
    """Records, undoing them and stages are the writer's."""
    for asked in (
        ("record", *CONVEYED),
        ("record", "undo"),
        ("confirm", CUSTOMER, "--stage", "established"),
    ):
        answer = call_command(*asked, "--db", stores["bea"], "--as-of", AS_OF)
        assert answer.code == 0, answer.errors


def test_a_writer_serves_the_pages(stores: dict[str, str]) -> None:
    """Who has an account logs in and out where the server's user is a writer."""
    now = datetime.now(UTC)
    owner, writer = Store.open(stores["owner"]), Store.open(stores["bea"])
    add_account(owner, Account("ana", Role.AUDITOR, None), PASSWORD, now)
    assert log_in(writer, "ana", "a wrong password", now) is None
    token = log_in(writer, "ana", PASSWORD, now)
    assert token is not None
    log_out(writer, token)
    for store in (owner, writer):
        store.close()
