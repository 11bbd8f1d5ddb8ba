"""`valuelift rules test`: which cases are run, and what CI servers and watchers are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from commands.watching import saves
from tests.commands.conftest import DAY, call_command

WRONG = """
cases:
  - case: "A new customer <is> up & away"
    as_of: 2026-06-30
    facts: {stage: new, days_in_stage: 89}
    expect: {move: up}
"""


@pytest.fixture
def tested(small_pack: Path) -> Path:
    """Return a pack with two cases that pass and, in another file, one that fails."""
    (small_pack / "cases" / "wrong.yaml").write_text(WRONG, encoding="utf-8")
    return small_pack


@pytest.mark.parametrize(
    ("chosen", "number", "code"),
    [
        ((), 3, 1),
        (("--case", "here for LONG"), 1, 0),
        (("--case", "wrong.yaml"), 1, 1),
        (("--case", "here.yaml", "--case", "away"), 3, 1),
        (("--rule", "long-here"), 2, 0),
        (("--rule", "long-here", "--case", "established"), 1, 0),
    ],
)
def test_cases_are_chosen_by_text_and_by_rule(tested: Path, chosen: tuple[str, ...], number: int, code: int) -> None:
    """A text is looked for in names and files whatever its case; a rule in what a case expects."""
    answer = call_command("rules", "test", tested, *chosen, "--json")
    assert (answer.json["cases"], answer.code) == (number, code)


def test_to_choose_no_case_is_wrong_usage(tested: Path) -> None:
    """Otherwise a misspelt text would look like success."""
    assert call_command("rules", "test", tested, "--case", "nowhere").code == 2


def test_results_are_written_for_ci_servers(tested: Path) -> None:
    """Each executor is a suite; a failure has its place, and what was expected, what came out and why."""
    file = tested / "junit.xml"
    call_command("rules", "test", tested, "--junit", file)
    root = ElementTree.parse(file).getroot()  # noqa: S314 - our own
    assert [(one.get("name"), one.get("tests"), one.get("failures")) for one in root] == [
        ("session", "3", "1"),
        ("plan", "3", "1"),
    ]
    failed = [case for case in root.iter("testcase") if len(case)]
    assert [case.get("name") for case in failed] == ["A new customer <is> up & away"] * 2
    assert [(case.get("file"), case.get("line")) for case in failed] == [(str(tested / "cases/wrong.yaml"), "3")] * 2
    assert failed[0][0].get("message") == "move: expected up, but got stay"


def saving(monkeypatch: pytest.MonkeyPatch, file: Path, *texts: str) -> None:
    """Let a file be saved with each of these texts while it is watched, as a person would, and then press Ctrl-C."""
    left = iter(texts)

    def wait(_: float) -> None:
        text = next(left, None)
        if text is None:
            raise KeyboardInterrupt
        file.write_text(text, encoding="utf-8")

    monkeypatch.setattr("commands.watching.saves.__defaults__", (wait,))


def test_the_pack_is_tested_anew_whenever_a_file_is_saved(tested: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch goes on over a file that is saved half-way, and ends with Ctrl-C."""
    file = tested / "cases" / "wrong.yaml"
    saving(monkeypatch, file, "cases: [", WRONG.replace("move: up", "move: stay"))
    answer = call_command("rules", "test", tested, "--watch")
    assert [line for line in answer.lines if line.endswith("failed.")] == [
        "3 cases, each decided by session and plan: 1 failed.",
        "3 cases, each decided by session and plan: none failed.",
    ]
    assert f"{file}:2:1: " in answer.errors
    assert answer.code == 0


def test_bases_are_watched_too(tested: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A pack that extends another is tested anew when a file of that one changes; what is not YAML does not matter."""
    own = tmp_path_factory.mktemp("own")
    (own / "pack.yaml").write_text(f"extends: {tested}\n", encoding="utf-8")
    edits: Iterator[tuple[Path, str]] = iter([(own / "notes.txt", "x"), (tested / "more.yaml", "rules: []\n")])

    def wait(_: float) -> None:
        """Save the next file, or press Ctrl-C."""
        edit = next(edits, None)
        if edit is None:
            raise KeyboardInterrupt
        edit[0].write_text(edit[1], encoding="utf-8")

    assert len(list(saves(own, wait))) == 2


def test_a_watch_tells_problems_in_the_reader_s_language(
    small_pack: Path, told_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors of a broken save and warnings of a whole one are told as `rules check` tells them."""
    file = small_pack / "rules.yaml"
    rules = file.read_text(encoding="utf-8")
    saving(monkeypatch, file, "rules: [", rules.replace("days_in_stage:", "days_in_stge:"))
    answer = call_command("rules", "watch", small_pack, "--db", told_store, "--as-of", DAY, "--lang", "zh")
    assert "错误：文件不符合 YAML 格式：缺少内容。" in answer.errors
    assert "错误：客户没有事实`days_in_stge`。是否应为`days_in_stage`？ [unknown-fact]" in answer.errors
    (small_pack / "parameters.yaml").write_text(
        "parameters: [{param: unused, value: 1, title: {en: A, zh: 甲}}]", encoding="utf-8"
    )
    saving(monkeypatch, file, rules)
    answer = call_command("rules", "watch", small_pack, "--db", told_store, "--as-of", DAY, "--lang", "zh")
    assert "警告：参数`unused`没有用到。" in answer.output


def test_a_watch_tells_what_each_save_does(small_pack: Path, told_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Failing cases and the impact against the version saved before; a broken save is told and passed over."""
    file = small_pack / "rules.yaml"
    rules = file.read_text(encoding="utf-8")
    saving(monkeypatch, file, "rules: [", rules.replace("at_least: 90", "at_least: 20"))
    answer = call_command("rules", "watch", small_pack, "--db", told_store, "--as-of", DAY, "--lang", "en", "--top", 1)
    assert answer.code == 0
    assert answer.output.count("2 cases, 0 failed.") == 2
    assert f"{file}:" in answer.errors
    assert " rule long-here   changed: when" in answer.output
    assert "more with --all" in answer.output
