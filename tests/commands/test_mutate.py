"""`valuelift rules mutate`: mistakes that no case finds out, with the cases that are missing."""

from __future__ import annotations

from pathlib import Path

from tests.commands.conftest import Answer, call_command


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
    assert "其余7处中有0处未被用例发现（0.0%）" in again.output


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


def test_what_is_justified_as_equivalent_is_not_counted(small_pack: Path) -> None:
    """It is told with its reason; an entry that names no mistake is an error, one that a case disproves is told."""
    entry = "equivalent:\n  - {{rule: {}, mistake: '{}', because: {{en: Nobody stays 91 days., zh: 无人停留91天。}}}}\n"
    moved = "`days_in_stage at_least 91` for `days_in_stage at_least 90`"
    cases = small_pack / "cases" / "here.yaml"
    plain = cases.read_text(encoding="utf-8")

    def answer(rule: str, mistake: str, *options: str) -> Answer:
        cases.write_text(plain + entry.format(rule, mistake), encoding="utf-8")
        return call_command("rules", "mutate", small_pack, "--jobs", "1", *options)

    told = answer("long-here", moved)
    assert f"long-here: {moved}: equivalent, because Nobody stays 91 days." in told.output
    assert "1 is equivalent and justified. Of the other 6, 2 survive" in told.lines[-1]
    assert answer("long-here", moved, "--json").json["equivalent"][0]["disproved"] is False
    assert "said to be equivalent, but a case shows it" in answer("long-here", "removed").output
    assert "Did you mean `long-here`?" in answer("long-her", moved).errors
    assert "Did you mean `removed`? [unknown-mistake]" in answer("long-here", "remove").errors
