"""`valuelift rules mutate`: mistakes that no case finds out, with the cases that are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import call_command

RULES = """
rules:
  - rule: long-here
    title: {en: Long here, zh: 停留较久}
    because: {en: "Here for {days_in_stage} days.", zh: "已{days_in_stage}天。"}
    when: {stage: new, days_in_stage: {at_least: 90}}
    set: {move: up}
"""
CASES = """
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
def small(tmp_path: Path) -> Path:
    """Return the folder of a pack whose cases do not stand at the threshold."""
    (tmp_path / "cases").mkdir()
    (tmp_path / "pack.yaml").write_text("pack: small\nversion: 1.0.0\ntitle: {en: S, zh: 小}\n", encoding="utf-8")
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "cases" / "here.yaml").write_text(CASES, encoding="utf-8")
    return tmp_path


def test_the_missing_cases_can_be_pasted(small: Path) -> None:
    """Survivors stand with their place and a case each; once these are pasted, nothing survives."""
    answer = call_command("rules", "mutate", small, "--jobs", "1")
    assert answer.code == 1
    assert f"{small / 'rules.yaml'}:3:5: long-here: `days_in_stage at_least 91` for" in answer.output
    assert answer.lines[-1] == "7 mistakes; 0 make no difference to anybody. Of the other 7, 3 survive (42.9%)."
    pasted = [line for line in answer.lines if line.startswith("      ")]
    (small / "cases" / "more.yaml").write_text("cases:\n" + "\n".join(pasted) + "\n", encoding="utf-8")
    assert call_command("rules", "test", small).code == 0
    again = call_command("rules", "mutate", small, "--jobs", "1", "--lang", "zh")
    assert (again.code, len(again.lines)) == (0, 1)
    assert "其余7处中有0处未被案例发现（0.0%）" in again.output


def test_survivors_are_printed_as_json(small: Path) -> None:
    """Each has its rule, mistake, place and verdict; the case is written out for as many as asked."""
    found = call_command("rules", "mutate", small, "--jobs", "1", "--json", "--cases", "1").json
    assert found["mutants"] == {"found-out": 4, "unseen": 3}
    assert [(one["rule"], one["line"], bool(one["case"])) for one in found["survivors"]] == [
        ("long-here", 3, True),
        ("long-here", 3, False),
        ("long-here", 3, False),
    ]


def test_only_some_rules_are_tried(small: Path) -> None:
    """A rule is chosen by its id; a misspelt one is answered with the nearest."""
    assert call_command("rules", "mutate", small, "--only", "long-here", "--jobs", "1").code == 1
    wrong = call_command("rules", "mutate", small, "--only", "long-her")
    assert (wrong.code, "long-here" in wrong.errors) == (2, True)
