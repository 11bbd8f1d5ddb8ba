"""`valuelift doctor` finds what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common import doctor
from tests.commands.conftest import Answer, call_command
from wiring import shipped_pack


@pytest.fixture(scope="module")
def healthy(two_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a store, `store.db`, and a run; not to be changed."""
    place = moved(two_runs.parent, tmp_path_factory.mktemp("healthy") / "place")
    assert call_command("runs", "prune", "--keep", 1, "--db", place / "store.db").code == 0
    return place


@pytest.fixture
def place(healthy: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    return moved(healthy, tmp_path / "place")


def moved(folder: Path, to: Path) -> Path:
    """Copy a store and its runs, which the store then finds in their new place."""
    return Path(shutil.copytree(folder, to, symlinks=True))


def change(folder: Path, statement: str, *values: str) -> None:
    """Change the store by one statement."""
    connection = sqlite3.connect(folder / "store.db")
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def examine(folder: Path, *arguments: object, **environment: str) -> Answer:
    """Call the command on the store of a folder, for JSON."""
    return call_command("doctor", "--db", folder / "store.db", "--json", *arguments, env=dict(environment))


def noted(folder: Path, name: str, edit: Callable[[str], str]) -> None:
    """Edit what a run noted."""
    (file,) = folder.glob(f"store.db.runs/[0-9a-f]*/{name}")
    file.write_text(edit(file.read_text()))


def test_a_healthy_store_is_well(healthy: Path) -> None:
    """Every check is made and fine, in both languages, and the store stays as it is."""
    before = (healthy / "store.db").read_bytes()
    answer = examine(healthy)
    assert (answer.code, answer.json["problems"]) == (0, 0)
    assert {each["state"] for each in answer.json["findings"]} == {"fine"}
    checks = {"configuration", "versions", "store", "schema", "settings", "facts", "disk", "rules", "catalogue", "runs"}
    assert {each["check"] for each in answer.json["findings"]} == checks
    for language, words in (("en", "No problems."), ("zh", "没有问题。")):
        told = call_command("doctor", "--db", healthy / "store.db", "--lang", language)
        assert (told.code, told.lines[-1]) == (0, words)
    assert (healthy / "store.db").read_bytes() == before


def test_the_pack_that_is_broken_is_told(healthy: Path, tmp_path: Path) -> None:
    """Rules that cannot be loaded are a problem, with the first place that is wrong."""
    (tmp_path / "pack.yaml").write_text("pack: broken\n")
    answer = examine(healthy, "--pack", tmp_path)
    (found,) = [each for each in answer.json["findings"] if each["state"] == "problem"]
    assert (answer.code, found["id"], "pack.yaml" in found["said"]) == (1, "rules_broken", True)
    assert found["said"].endswith("pack.yaml:1:1: `pack.yaml` needs `title`. Add `title: ...`. [missing-key]")
    chinese = examine(healthy, "--pack", tmp_path, "--lang", "zh").json["findings"]
    (said,) = [each["said"] for each in chinese if each["state"] == "problem"]
    assert said.endswith("pack.yaml:1:1：`pack.yaml`缺少`title`。请补上`title: ...`。[missing-key]")


def _old(folder: Path) -> None:
    then = (datetime.now(UTC) - timedelta(hours=50)).isoformat()
    noted(folder, "published.json", lambda text: re.sub(r'"at": "[^"]+"', f'"at": "{then}"', text))


def _no_runs(folder: Path) -> None:
    for table in ("decisions", "portfolio", "rule_lists", "decision_runs"):
        change(folder, f"DELETE FROM {table}")  # noqa: S608 - no text of others
    shutil.rmtree(folder / "store.db.runs")


def _unfinished(folder: Path) -> None:
    (run,) = [path for path in (folder / "store.db.runs").glob("[0-9a-f]*") if path.is_dir()]
    (run.with_name("0123456789ab")).mkdir()
    shutil.copy(run / "run.json", run.with_name("0123456789ab"))


def _torn(folder: Path) -> None:
    content = bytearray((folder / "store.db").read_bytes())
    for at in range(len(content) // 2 // 4096 * 4096, len(content), 4096):  # the first pages say what there is
        content[at : at + 32] = b"\xa5" * 32
    (folder / "store.db").write_bytes(content)


LOST_ORDER = "UPDATE orders SET customer = 'nobody' WHERE id = (SELECT min(id) FROM orders)"
FIRST_COVERAGE = "UPDATE coverage SET recorded_to = '2026-01-31' WHERE collection = 'orders'"
PAYMENTS_SHORTER = "UPDATE coverage SET recorded_from = '2025-01-31' WHERE collection = 'payments'"
FIRST_COMPLAINT = "UPDATE complaints SET {} WHERE id = (SELECT min(id) FROM complaints)"


def _a_file_for_runs(folder: Path) -> None:
    shutil.rmtree(folder / "store.db.runs")
    (folder / "store.db.runs").touch()


def _circle(folder: Path) -> None:
    for one, other in (("moonbridge", "silver-carp"), ("silver-carp", "moonbridge")):
        change(folder, MERGE, f"{one}-merge", one, other)


MERGE = (
    "INSERT INTO merges (key, customer, survivor, source, recorded_at, holds_from, entered_by)"
    " VALUES (?, ?, ?, 'our-erp', '2026-01-01T00:00:00', '2026-01-01', 'ann')"
)


EARLIER_COVERAGE = (
    "INSERT INTO coverage (key, collection, recorded_from, recorded_to, holds_from, source, recorded_at, entered_by)"
    " VALUES ('x', 'orders', '2001-01-01', '2001-12-31', '2001-01-01', 'our-erp', '2026-01-01T00:00:00', 'ann')"
)


def _broken(folder: Path) -> None:
    change(folder, EARLIER_COVERAGE)
    change(folder, "UPDATE coverage SET recorded_from = '2025-01-01' WHERE key <> 'x' AND collection = 'orders'")


FAULTS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "refused": ("problem", lambda folder: (folder / "store.db").unlink()),
    "store_empty": ("problem", lambda folder: (folder / "store.db").write_bytes(b"")),
    "schema_pending": ("problem", lambda folder: change(folder, "UPDATE alembic_version SET version_num = '0004'")),
    "schema_newer": ("problem", lambda folder: change(folder, "UPDATE alembic_version SET version_num = '9999'")),
    "settings_missing": ("problem", lambda folder: change(folder, "DELETE FROM settings WHERE name = 'time_zone'")),
    "integrity_broken": ("problem", _torn),
    "rows_apart": ("problem", lambda folder: change(folder, LOST_ORDER)),
    "runs_no_folder": ("problem", _a_file_for_runs),
    "facts_ended": ("warning", lambda folder: change(folder, FIRST_COVERAGE)),
    "facts_broken": ("warning", _broken),
    "facts_unsettled": ("warning", lambda folder: change(folder, PAYMENTS_SHORTER)),
    "facts_early": ("problem", lambda folder: change(folder, FIRST_COMPLAINT.format("holds_from = '1700-01-01'"))),
    "facts_late": ("warning", lambda folder: change(folder, FIRST_COMPLAINT.format("holds_from = '2999-01-01'"))),
    "facts_disordered": ("problem", lambda folder: change(folder, FIRST_COMPLAINT.format("settled_on = '1900-01-01'"))),
    "facts_circle": ("problem", _circle),
    "facts_word": ("problem", lambda folder: change(folder, "UPDATE needs SET kind = 'taste' WHERE kind = 'quality'")),
    "facts_unconvertible": ("warning", lambda folder: change(folder, "UPDATE payments SET currency = 'XPF'")),
    "rules_differ": (
        "problem",
        lambda folder: noted(folder, "run.json", lambda said: said.replace('"pack_digest": "', '"pack_digest": "0')),
    ),
    "catalogue_differs": (
        "problem",
        lambda folder: noted(
            folder, "run.json", lambda said: said.replace('catalogue_digest": "', 'catalogue_digest": "0')
        ),
    ),
    "runs_old": ("problem", _old),
    "runs_none": ("problem", _no_runs),
    "runs_gone": ("warning", lambda folder: shutil.rmtree(folder / "store.db.runs")),
    "runs_unfinished": ("warning", _unfinished),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_told(place: Path, fault: str) -> None:
    """A fault is found as what it is, alone, with what to do about it; problems end with exit code 1."""
    state, make = FAULTS[fault]
    make(place)
    answer = examine(place)
    found = [each for each in answer.json["findings"] if each["state"] != "fine"]
    assert [(each["id"], each["state"]) for each in found] == [(fault, state)]
    assert found[0]["do"]
    assert answer.code == (1 if state == "problem" else 0)
    told = call_command("doctor", "--db", place / "store.db", "--lang", "zh").output
    assert "→" in told


def test_proofs_of_the_invented_company_are_not_told_to_real_customers(healthy: Path, tmp_path: Path) -> None:
    """Who has customers of its own is told until the pack in use has talk of its own; the story is told as it is."""
    store = tmp_path / "store.db"
    shutil.copy(healthy / "store.db", store)
    own = tmp_path / "own"
    (own / "talk").mkdir(parents=True)
    base = f"extends: {shipped_pack()}"
    (own / "pack.yaml").write_text(f"pack: own\nversion: 1.0.0\ntitle: {{en: Own, zh: 本公司}}\n{base}\n")
    text = "{en: We are punctual., zh: 我们守时。}"
    proof = f"text: {text}, source: {text}, dated: 2025-01-01, valid_until: 2026-12-31"
    (own / "talk" / "own.yaml").write_text(f"evidence:\n  - {{evidence: punctual, value: service, {proof}}}\n")

    def told(*options: object) -> list[str]:
        found = call_command("doctor", "--db", store, "--json", *options).json["findings"]
        return [each["said"] for each in found if each["id"] == "talk_invented"]

    assert told() == []
    change(tmp_path, "UPDATE customers SET entered_by = 'ann' WHERE key = 'moonbridge'")
    assert "the demo's invented company" in told()[0]
    assert told("--pack", own) == []


def test_nothing_is_brought_up_to_date(place: Path) -> None:
    """Pending migrations are told and not run."""
    change(place, "UPDATE alembic_version SET version_num = '0004'")
    assert examine(place).code == 1
    connection = sqlite3.connect(place / "store.db")
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0004",)
    connection.close()


def test_variables_are_looked_at(healthy: Path, tmp_path: Path) -> None:
    """A misspelt variable, an unknown language and a folder of runs that is not there are told."""
    wrong = {
        "VALUELIFT_RUN": "x",
        "VALUELIFT_WEBHOOK_SECRET": "x" * 32,
        "VALUELIFT_LANG": "fr",
        "VALUELIFT_RUNS": str(tmp_path / "gone"),
    }
    answer = examine(healthy, **wrong)
    found = {each["id"]: each for each in answer.json["findings"] if each["state"] != "fine"}
    assert set(found) == {"variable_unknown", "language_unknown", "runs_missing"}
    assert "VALUELIFT_RUNS" in found["variable_unknown"]["do"]


def test_a_full_disk_is_told(healthy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where less is free than another run takes, that is a problem."""
    monkeypatch.setattr(doctor, "SPARE", 1 << 60)
    answer = examine(healthy)
    assert (answer.code, "disk_short" in {each["id"] for each in answer.json["findings"]}) == (1, True)


def test_a_store_that_may_only_be_read_is_told(place: Path) -> None:
    """Its folder may be written to, but not the store in it."""
    store = place / "store.db"
    if os.geteuid() != 0 or subprocess.run(["mount", "--bind", store, store], check=False).returncode:
        pytest.skip("only root may mount a file so that it can be read alone")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", store], check=True)
        found = [each for each in examine(place).json["findings"] if each["state"] != "fine"]
    finally:
        subprocess.run(["umount", "-l", store], check=True)
    assert [(each["id"], each["values"]["place"]) for each in found] == [("not_writable", str(store))]


def test_a_server_is_examined(store_url: str) -> None:
    """A store of either kind without a run has that problem alone."""
    call_command("init", "--db", store_url)
    answer = call_command("doctor", "--db", store_url, "--json", "--max-age", 1)
    assert [each["id"] for each in answer.json["findings"] if each["state"] != "fine"] == ["runs_none"]
    assert json.dumps(answer.json)
