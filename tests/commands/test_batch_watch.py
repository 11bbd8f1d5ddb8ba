"""A batch tells programs how it goes: events as JSON lines, and metrics that a monitoring system can read."""

from __future__ import annotations

import json
import re
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from common.metrics import Metric, exposition, put
from tests.commands.conftest import DAY, Answer, call_command

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9.e+-]+)")


@pytest.fixture(scope="module")
def place(told_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a store."""
    path = tmp_path_factory.mktemp("watched")
    shutil.copy(told_store, path / "store.db")
    return path


@pytest.fixture(scope="module")
def answer(place: Path) -> Answer:
    """Return what a batch says that logs JSON and writes metrics."""
    return batch(place, DAY)


def batch(place: Path, day: str, *arguments: object) -> Answer:
    """Run a batch that logs JSON and writes metrics."""
    told = ("--log", "json", "--metrics", place / "valuelift.prom")
    return call_command("batch", "--db", place / "store.db", "--as-of", day, *told, *arguments)


def events(answer: Answer) -> list[dict[str, Any]]:
    """Return the events of a log; every line is one."""
    return [json.loads(line) for line in answer.errors.splitlines()]


def linted(text: str) -> dict[tuple[str, str], float]:
    """Return samples by name and labels; fail on anything that the format does not allow."""
    found: dict[tuple[str, str], float] = {}
    described: dict[str, list[str]] = {}
    current = ""
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("#"):
            _, what, current, rest = line.split(" ", 3)
            assert what not in described.setdefault(current, []), "described once, before its samples"
            assert rest == "gauge" if what == "TYPE" else rest.endswith(".")
            described[current].append(what)
            continue
        match = SAMPLE.fullmatch(line)
        assert match is not None, line
        assert (match[1], described[match[1]]) == (current, ["HELP", "TYPE"]), "all samples of a metric in one group"
        key = (match[1], match[2] or "")
        assert key not in found
        found[key] = float(match[3])
    return found


def test_a_log_is_json_lines_alone(answer: Answer) -> None:
    """From begin to end each line is an event with its moment and level; standard output stays empty."""
    told = events(answer)
    assert (answer.code, answer.output) == (0, "")
    assert [told[0]["event"], told[-1]["event"]] == ["begun", "done"]
    assert {each["level"] for each in told} == {"info"}
    moments = [datetime.fromisoformat(each["time"]) for each in told]
    assert moments == sorted(moments)
    steps = [each["step"] for each in told if each["event"] == "progress"]
    assert list(dict.fromkeys(steps)) == ["reading", "deciding", "publishing"]
    assert (told[-1]["customers"], told[-1]["is_new"], sum(told[-1]["counts"]["stage"].values())) == (68, True, 68)


def test_metrics_can_be_collected(place: Path, answer: Answer) -> None:
    """The file keeps to the format, and its numbers are those of the log."""
    file = place / "valuelift.prom"
    found, done = linted(file.read_text()), events(answer)[-1]
    assert found["valuelift_batch_success", ""] == found["valuelift_batch_new", ""] == 1
    assert found["valuelift_batch_customers", ""] == 68
    stages = {key[1]: value for key, value in found.items() if key[0] == "valuelift_customers_by_stage"}
    assert stages == {f'stage="{stage}"': number for stage, number in done["counts"]["stage"].items()}
    steps = [value for key, value in found.items() if key[0] == "valuelift_batch_step_duration_seconds"]
    assert len(steps) == 3
    assert 0 < sum(steps) <= found["valuelift_batch_duration_seconds", ""]
    began, ended = (found[f"valuelift_batch_{which}_timestamp_seconds", ""] for which in ("start", "end"))
    assert began < ended == found["valuelift_batch_last_success_timestamp_seconds", ""]
    assert file.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in place.glob(".*")] == []


def test_a_failure_is_an_event_and_keeps_the_last_success(place: Path, answer: Answer) -> None:
    """A batch that fails says so in its last line and in its metrics; when one last succeeded is still told."""
    assert answer.code == 0
    last = linted((place / "valuelift.prom").read_text())["valuelift_batch_last_success_timestamp_seconds", ""]
    told = batch(place, "1990-01-01", "--quiet")
    end = events(told)[-1]
    assert (told.code, end["event"], end["level"], end["exit_code"]) == (1, "failed", "error", 1)
    assert "There are no customers as of 1990-01-01" in end["message"]
    found = linted((place / "valuelift.prom").read_text())
    assert found["valuelift_batch_success", ""] == 0
    assert found["valuelift_batch_last_success_timestamp_seconds", ""] == last
    assert "valuelift_batch_customers" not in {name for name, _ in found}


def test_json_stays_on_standard_output(place: Path, answer: Answer) -> None:
    """With --json too, the result stands on standard output and the quiet log has begin and end alone."""
    told = batch(place, DAY, "--json", "--quiet")
    assert [each["event"] for each in events(told)] == ["begun", "done"]
    assert (told.json["is_new"], told.json["customers"]) == (False, 68)
    assert {name: events(told)[-1][name] for name in told.json} == told.json
    assert answer.code == 0


def test_where_metrics_cannot_go_is_said_before_the_work(place: Path) -> None:
    """A folder that is not there is wrong usage, before anything is decided."""
    told = call_command("batch", "--db", place / "store.db", "--metrics", place / "gone" / "x.prom")
    assert (told.code, "cannot be written to" in told.errors) == (2, True)


def test_labels_are_escaped(tmp_path: Path) -> None:
    """Quotes, backslashes and line ends in a label do not break the format."""
    metrics = [Metric("a", "About it.", [({"name": 'one "two"\\\nthree'}, 1.5), ({"name": ""}, 0)])]
    assert linted(exposition(metrics)) == {("a", r'name="one \"two\"\\\nthree"'): 1.5, ("a", 'name=""'): 0}
    put(tmp_path / "m.prom", metrics)
    assert (tmp_path / "m.prom").read_text() == exposition(metrics)
