"""`valuelift rules prove`: what is proved is counted, what is not is shown by a customer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from commands.rules_prove import KINDS
from engine.cases import cases_from_text
from engine.plan import Plan
from engine.prove import Kind
from tests.commands.conftest import call_command
from wiring import load_rules, shipped_pack

BROKEN = """
pack: local
version: 1.0.0
title: {en: Our own, zh: 本公司}
extends: ../value_marketing
shows: {value: value_next}
rules:
  - rule: gift-for-new
    title: {en: A gift, zh: 赠礼}
    because: {en: "New for {days_in_stage} days.", zh: "新客户{days_in_stage}天。"}
    sources: [S3]
    when: {stage: new, days_in_stage: {at_least: 3}}
    advise: [meet-additional-need]
"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Return the folder of a pack that advises what the method forbids."""
    shutil.copytree(shipped_pack(), tmp_path / "value_marketing")
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "pack.yaml").write_text(BROKEN, encoding="utf-8")
    return tmp_path / "local"


def test_every_kind_of_question_can_be_chosen() -> None:
    """The help lists the kinds itself, so as not to load the solver; it lists them all."""
    assert set(KINDS) == set(Kind)


def test_what_holds_is_counted() -> None:
    """The shipped pack's claims are proved, and the ladder leads nobody round in circles."""
    answer = call_command("rules", "prove", "--only", "monotone", "--only", "circle", "--jobs", "1")
    assert answer.code == 0
    assert "up to 2 rows" in answer.output
    assert answer.lines[-1] == "Nothing is wrong."


def test_what_does_not_hold_is_shown_by_a_customer_to_paste(broken: Path) -> None:
    """The invariant's title is told, and the customer printed is one for whom the plan breaks it too."""
    answer = call_command("rules", "prove", str(broken), "--only", "invariant")
    assert answer.code == 1
    assert "`new-gets-no-extras` does not hold: A new customer is granted no extras." in answer.output
    rules = load_rules(broken)
    start = next(place for place, line in enumerate(answer.lines) if "as_of:" in line)
    end = next(
        (place for place, line in enumerate(answer.lines) if place > start and not line.startswith("      ")), None
    )
    pasted = (
        "cases:\n      - case: shown\n"
        + "\n".join("  " + line for line in answer.lines[start:end])
        + "\n        expect: {}\n"
    )
    (case,) = cases_from_text(pasted, rules.pack)
    assert "new-gets-no-extras" in Plan(rules.program).decide(case.facts).violated


def test_answers_are_printed_as_json(broken: Path) -> None:
    """Each answer has its kind, what it is about, its verdict, and where refuted its customers."""
    found = call_command("rules", "prove", str(broken), "--only", "invariant", "--json")
    assert found.code == 1
    by_name = {one["about"][0]: one for one in found.json["answers"]}
    assert by_name["one-primary-value"]["verdict"] == "proved"
    (witness,) = by_name["new-gets-no-extras"]["witnesses"]
    facts = witness["customer"]["facts"]  # which ones depends on what the solver was asked before in this process
    assert facts
    assert all(load_rules(broken).pack.vocabulary.fact(name) for name in facts)
    assert witness["shows"] == [{"violates": {"invariant": "new-gets-no-extras"}}]
    assert found.json["rows"]["opportunities"] == 5


def test_it_speaks_chinese(broken: Path) -> None:
    """Questions, titles and the verdict are in the reader's language."""
    answer = call_command("rules", "prove", str(broken), "--only", "invariant", "--lang", "zh")
    assert "“new-gets-no-extras”不成立：新客户不给额外条件。" in answer.output


def test_two_versions_are_told_apart_by_a_customer(broken: Path) -> None:
    """Only what the new rule concludes differs; the customer shows it in the old version and in the new one."""
    old = broken.parent / "value_marketing"
    answer = call_command("rules", "prove", str(broken), "--against", str(old), "--json")
    assert answer.code == 1
    refuted = {one["about"][0]: one["witnesses"] for one in answer.json["answers"] if one["verdict"] == "refuted"}
    assert list(refuted) == ["advised"]
    before, after = refuted["advised"]
    assert before["customer"] == after["customer"]
    assert before["shows"] == [{"includes": {"fact": "advised", "member": "meet-additional-need", "included": False}}]
    assert call_command("rules", "prove", str(old), "--against", str(old), "--jobs", "1").code == 0
    assert call_command("rules", "prove", str(old), "--against", str(old), "--only", "dead").code == 2


def test_an_unknown_kind_is_named_with_what_was_meant() -> None:
    """A misspelt kind of question is wrong usage."""
    answer = call_command("rules", "prove", "--only", "invariants")
    assert answer.code == 2
    assert "invariant" in answer.errors


def test_what_could_be_left_out_is_noted_of_own_items_alone(broken: Path) -> None:
    """What a pack inherits, others look after: of that, the notes are counted, and listed for other programs."""
    rule = BROKEN.partition("rules:\n")[2].replace("gift-for-new", "gift-again")
    (broken / "again.yaml").write_text(f"rules:\n{rule}", encoding="utf-8")
    proved = call_command("rules", "prove", broken, "--only", "redundant-rule", "--lang", "en")
    notes = [line for line in proved.lines if line.startswith("Note:")]
    assert len(notes) == 2, proved.output
    assert all("gift-" in note for note in notes)
    assert "Notes on what the pack inherits: " in proved.output
