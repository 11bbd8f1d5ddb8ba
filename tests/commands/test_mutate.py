"""`valuelift rules mutate`: mistakes that no case finds out, with the cases that are missing."""

from __future__ import annotations

from pathlib import Path

from tests.commands.conftest import call_command


def test_the_missing_cases_can_be_pasted(small_pack: Path) -> None:
    """Survivors stand with their place and a case each; once these are pasted, nothing survives."""
    answer = call_command("rules", "mutate", small_pack, "--jobs", "1")
    assert answer.code == 1
    assert f"{small_pack / 'rules.yaml'}:3:5: long-here: `days_in_stage at_least 91` for" in answer.output
    assert answer.lines[-1] == "7 mistakes; 0 make no difference to anybody. Of the other 7, 3 survive (42.9%)."
    pasted = [line for line in answer.lines if line.startswith("      ")]
    (small_pack / "cases" / "more.yaml").write_text("cases:\n" + "\n".join(pasted) + "\n", encoding="utf-8")
    assert call_command("rules", "test", small_pack).code == 0
    again = call_command("rules", "mutate", small_pack, "--jobs", "1", "--lang", "zh")
    assert (again.code, len(again.lines)) == (0, 1)
    assert "其余7处中有0处未被案例发现（0.0%）" in again.output


def test_survivors_are_printed_as_json(small_pack: Path) -> None:
    """Each has its rule, mistake, place and verdict; the case is written out for as many as asked."""
    found = call_command("rules", "mutate", small_pack, "--jobs", "1", "--json", "--cases", "1").json
    assert found["mutants"] == {"found-out": 4, "unseen": 3}
    assert [(one["rule"], one["line"], bool(one["case"])) for one in found["survivors"]] == [
        ("long-here", 3, True),
        ("long-here", 3, False),
        ("long-here", 3, False),
    ]


def test_only_some_rules_are_tried(small_pack: Path) -> None:
    """A rule is chosen by its id; a misspelt one is answered with the nearest."""
    assert call_command("rules", "mutate", small_pack, "--only", "long-here", "--jobs", "1").code == 1
    wrong = call_command("rules", "mutate", small_pack, "--only", "long-her")
    assert (wrong.code, "long-here" in wrong.errors) == (2, True)
