"""What keeps a store, accounts, tokens and packs speaks Chinese throughout, as what advises does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands.conftest import Answer, call_command
from tests.commands.test_particulars import english_in
from tests.commands.test_rules_test import WRONG, saving
from wiring import shipped_pack

CHINESE: dict[str, str | None] = {"VALUELIFT_LANG": "zh"}
AS_TYPED = re.compile(r"valuelift( [a-z]+)+|--[a-z]+|Ctrl-C|UTC|[!-~]*/[!-~]+|\b[0-9a-f]{12}\b")
"""What stays as one types it in a sentence of any language, addresses of files and the web, and digests."""


def english_left(said: str, *given: str) -> set[str]:
    """Return the English words in what a command says, but for what was given to it and what can be typed."""
    for word in given:
        said = said.replace(word, "")
    return english_in(AS_TYPED.sub("", said))


def chinese(answer: Answer, *given: str) -> str:
    """Return what a command that ended well said, after a look that it is Chinese."""
    assert answer.code == 0, answer.errors
    said = answer.output + answer.errors
    assert english_left(said, *given) == set(), said
    return said.rstrip("\n")


# --- packs ---

FAILING = """
rules:
  - rule: send-word
    title: {en: Send word, zh: 捎信}
    because: {en: New., zh: 新客户。}
    when: {stage: new}
    advise: [write]
actions:
  - action: write
    title: {en: Write, zh: 写信}
    family: visit
    phase: before
    owner: account_manager
    days: 14
"""
EXTENDING = "pack: own\nversion: 1.0.0\ntitle: {{en: Own, zh: 自有}}\nextends: {base}\n"
CASES = """
cases:
  - case: 新客户
    as_of: 2026-06-30
    facts: {stage: new, days_in_stage: 89}
    expect: {move: up, fired: [long-here], not_fired: [send-word], actions: [], advised: {has_not: [write]}}
  - case: 老客户
    as_of: 2026-06-30
    facts: {stage: established, days_in_stage: 5}
    expect: {move: missing, advised: {has: [write]}}
"""


@pytest.fixture
def failing(small_pack: Path) -> Path:
    """Return a pack whose cases go wrong in several ways."""
    (small_pack / "more.yaml").write_text(FAILING, encoding="utf-8")
    (small_pack / "cases" / "more.yaml").write_text(CASES, encoding="utf-8")
    return small_pack


def test_cases_that_fail(failing: Path) -> None:
    """What came out otherwise, and why, is told in Chinese; names and values stay as cases write them."""
    answer = call_command("rules", "test", failing, "--case", "新客户", "--lang", "zh")
    file = failing / "cases" / "more.yaml"
    told = [
        "    `move`：预期`up`，实际`stay`",
        "    `long-here`：预期触发，实际未触发",
        "    `send-word`：预期未触发，实际触发（`stage`为`new`）",
        "    `actions`：预期`[]`，实际`[write]`（`write`由`send-word`建议）",
        "    `write`：预期无此建议，实际有此建议（由`send-word`建议）",
    ]
    assert answer.code == 1
    assert answer.lines == [
        *(f"{file}:3:5：新客户（按`session`判定）", *told),
        *(f"{file}:3:5：新客户（按`plan`判定）", *told),
        "1个用例，均按`session`和`plan`两种方式判定，1个未通过。",
    ]


def test_what_is_told_of_cases_is_chinese(failing: Path) -> None:
    """Other differences too; JSON and JUnit XML stay as they are."""
    junit = failing / "junit.xml"
    answer = call_command("rules", "test", failing, "--junit", junit, env=CHINESE)
    assert english_left(answer.output, str(failing)) == set()
    assert "    `move`：预期没有值，实际`stay`" in answer.lines
    assert "move: expected up, but got stay" in junit.read_text(encoding="utf-8")
    said = call_command("rules", "test", failing, "--json", env=CHINESE).json["failed"][0]["differences"][2]
    assert said == {"what": "send-word", "expected": "not fired", "actual": "fired", "why": "stage is new"}


def test_what_hangs_on_what_is_not_known(tmp_path: Path) -> None:
    """Conclusions that can still change, gates with their criteria, and gates that were not looked at."""
    expected = "{move: up, gates: {new-to-established: met, core-to-strategic: met}}"
    (tmp_path / "cases").mkdir()
    (tmp_path / "pack.yaml").write_text(EXTENDING.format(base=shipped_pack()), encoding="utf-8")
    (tmp_path / "cases" / "new.yaml").write_text(
        f"cases: [{{case: 新客户, as_of: 2026-06-30, facts: {{stage: new}}, expect: {expected}}}]", encoding="utf-8"
    )
    answer = call_command("rules", "test", tmp_path, "--case", "新客户", "--lang", "zh")
    assert english_left(answer.output) == set()
    move, leading, other = answer.lines[1:4]
    assert move.startswith("    `move`：预期`up`，实际`stay`（结论可能变化，取决于`any-to-exited`、`any-to-problem`、")
    assert re.fullmatch("    `new-to-established`：预期`met`，实际`unknown`（`buys-again`为`unknown`，.*）", leading), (
        leading
    )
    assert other == "    `core-to-strategic`：预期`met`，实际未检查（该关口不从现阶段出发）"


def test_a_watch(small_pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each save is answered in Chinese, and how to end it is told."""
    file = small_pack / "cases" / "wrong.yaml"
    saving(monkeypatch, file, "cases: [", WRONG.replace("move: up", "move: stay"))
    answer = call_command("rules", "test", small_pack, "--watch", "--lang", "zh")
    assert [line for line in answer.lines if "通过" in line] == [
        "2个用例，均按`session`和`plan`两种方式判定，全部通过。",
        "3个用例，均按`session`和`plan`两种方式判定，全部通过。",
    ]
    assert english_left(answer.output + answer.errors, "[yaml-syntax]") == set()
    assert answer.errors.count("正在等待文件保存，按 Ctrl-C 结束。\n") == 3
