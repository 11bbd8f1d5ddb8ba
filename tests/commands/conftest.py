"""A way to call commands as a user does, and the demo store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli import main
from engine.decision import Decision
from engine.session import Session
from engine.snapshot import CustomerFacts
from facts.demo import AS_OF
from facts.snapshot import take_snapshot
from facts.store import Store
from wiring import Desk, shipped_rules

DAY = AS_OF.isoformat()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        """The output as JSON."""
        return json.loads(self.output)

    @property
    def lines(self) -> list[str]:
        """The lines of the output."""
        return self.output.splitlines()


Call = Callable[..., Answer]


def call_command(*arguments: object, env: dict[str, str | None] | None = None) -> Answer:
    """Call `valuelift` with these arguments, away from the environment of whoever runs the tests."""
    clean = {"VALUELIFT_DB": None, "VALUELIFT_LANG": None, "LC_ALL": "C.UTF-8", "COLUMNS": "80", "FORCE_COLOR": None}
    result = CliRunner().invoke(main, [str(each) for each in arguments], env={**clean, **(env or {})})
    return Answer(result.exit_code, result.stdout, result.stderr)


@pytest.fixture(scope="session")
def desk(told_store: Path) -> Iterator[Desk]:
    """Return a desk over the demo store, to look at many customers quickly."""
    store = Store.open(str(told_store))
    yield Desk(store, shipped_rules(), AS_OF)
    store.close()


@pytest.fixture(scope="session")
def decided(desk: Desk) -> dict[str, tuple[CustomerFacts, Decision]]:
    """Return the facts and the decision of every demo customer."""
    vocabulary = desk.rules.pack.vocabulary
    snapshot = take_snapshot(desk.store.base_tables(AS_OF), vocabulary, AS_OF, base_currency="EUR")
    facts = [snapshot.customer(key) for key in snapshot.customers["customer"].to_pylist()]
    session = Session(desk.rules.program)
    return {each.customer: (each, session.decide(each)) for each in facts}


@pytest.fixture
def demo(told_store: Path, tmp_path: Path) -> Call:
    """Return a function that calls a command on a demo store of the test's own, as of the story's day."""
    path = tmp_path / "demo.db"
    shutil.copy(told_store, path)

    def call(*arguments: object, **options: Any) -> Answer:
        return call_command(*arguments, "--db", path, **options)

    return call
