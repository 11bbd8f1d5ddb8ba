"""A way to call commands as a user does, and the demo store."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli import main
from engine.decision import Decision
from engine.plan import Plan
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


def call_command(*arguments: object, env: dict[str, str | None] | None = None, typed: str | None = None) -> Answer:
    """Call `valuelift` with these arguments and what is typed, away from the environment of whoever runs the tests."""
    of_tests = {name: None for name in os.environ if name in ("VALUELIFT_PROFILE", "VALUELIFT_SHOTS")}
    clean = {
        **of_tests,
        "VALUELIFT_DB": None,
        "VALUELIFT_LANG": None,
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "80",
        "FORCE_COLOR": None,
    }
    words = [str(each) for each in arguments]
    result = CliRunner().invoke(main, words, env={**clean, **(env or {})}, input=typed)
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
    snapshot = take_snapshot(desk.store.base_tables(AS_OF), vocabulary, AS_OF, base_currency="EUR").snapshot
    facts = list(snapshot.each())
    decisions = Plan(desk.rules.program).decide_all(facts)
    return {each.customer: (each, decision) for each, decision in zip(facts, decisions, strict=True)}


@pytest.fixture(scope="session")
def query(told_store: Path) -> Call:
    """Return a function that asks about the demo store without changing it; the same question is asked once."""

    @cache
    def ask(*arguments: object) -> Answer:
        return call_command(*arguments, "--db", told_store)

    return ask


@pytest.fixture
def demo(told_store: Path, tmp_path: Path) -> Call:
    """Return a function that calls a command on a demo store of the test's own, as of the story's day."""
    path = tmp_path / "demo.db"
    shutil.copy(told_store, path)

    def call(*arguments: object, **options: Any) -> Answer:
        return call_command(*arguments, "--db", path, **options)

    return call


THEN = "2026-01-31"


@pytest.fixture(scope="session")
def two_runs(told_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with a run as of the story's day, and then one as of an earlier day; not to be changed."""
    path = tmp_path_factory.mktemp("runs") / "store.db"
    shutil.copy(told_store, path)
    for day in (DAY, THEN):
        assert call_command("batch", "--db", path, "--as-of", day, "--quiet").code == 0
    return path


SMALL_RULES = """
rules:
  - rule: long-here
    title: {en: Long here, zh: 停留较久}
    because: {en: "Here for {days_in_stage} days.", zh: "已{days_in_stage}天。"}
    when: {stage: new, days_in_stage: {at_least: 90}}
    set: {move: up}
"""
SMALL_CASES = """
cases:
  - case: A new customer is here for long
    as_of: 2026-06-30
    facts: {stage: new, days_in_stage: 100}
    expect: {fired: [long-here]}
  - case: An established one is not
    as_of: 2026-06-30
    facts: {stage: established, days_in_stage: 100}
    expect: {not_fired: [long-here]}
"""


@pytest.fixture
def small_pack(tmp_path: Path) -> Path:
    """Return the folder of a pack whose cases do not stand at the threshold."""
    (tmp_path / "cases").mkdir()
    (tmp_path / "pack.yaml").write_text("pack: small\nversion: 1.0.0\ntitle: {en: S, zh: 小}\n", encoding="utf-8")
    (tmp_path / "rules.yaml").write_text(SMALL_RULES, encoding="utf-8")
    (tmp_path / "cases" / "here.yaml").write_text(SMALL_CASES, encoding="utf-8")
    return tmp_path
