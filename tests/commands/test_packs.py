"""Checking and testing rule packs, and putting them to use."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from facts.store import Store
from tests.commands.conftest import DAY, Call, call_command
from wiring import rules_in_use, shipped_pack

LOCAL = """
pack: local
version: 1.0.0
title: {en: Our own, zh: 本公司}
extends: ../value_marketing
shows: {guard_rails: null}
"""


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    """Return a folder with a copy of the shipped pack, and `local`, which extends it."""
    shutil.copytree(shipped_pack(), tmp_path / "value_marketing")
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "pack.yaml").write_text(LOCAL, encoding="utf-8")
    return tmp_path


def test_the_shipped_pack_is_fine() -> None:
    """Without a folder the shipped pack is checked; what it holds is counted."""
    answer = call_command("rules", "check")
    assert answer.code == 0
    assert answer.lines[-1].startswith("value-marketing ")
    found = call_command("rules", "check", "--json", "--as-of", "2026-06-30").json
    assert {one["level"] for one in found["findings"]} == {"note"}
    assert f"{found['contents']['rules']} rules" in answer.output
    evidence = [one for one in found["findings"] if one["id"] == "evidence-expires"]
    assert [one["message"] for one in evidence] == [
        "evidence `freight` for external_relations is valid until 2026-08-31 only."
    ]


def test_every_problem_is_reported_with_its_place(packs: Path) -> None:
    """Two faults in one file come out together, each with file, line and column; the exit code is 1."""
    path = packs / "local" / "rules.yaml"
    path.write_text(
        "rules:\n"
        "  - rule: too-late\n"
        "    title: {en: a, zh: b}\n"
        "    because: {en: a, zh: b}\n"
        "    when: {days_in_stge: {at_least: 3}}\n"
        "    add: {flags: [stalld]}\n",
        encoding="utf-8",
    )
    answer = call_command("rules", "check", packs / "local")
    assert (answer.code, answer.output) == (1, "")
    first, second, count = answer.errors.splitlines()
    assert first.startswith(f"{path}:5:12: ")
    assert "Did you mean `days_in_stage`?" in first
    assert second.startswith(f"{path}:6:19: ")
    assert "Did you mean `stalled`?" in second
    assert count == "2 problems."
    problems = call_command("rules", "check", packs / "local", "--json").json["findings"]
    assert [(one["line"], one["column"]) for one in problems] == [(5, 12), (6, 19)]


def test_a_misspelt_action_on_record_is_reported(packs: Path) -> None:
    """Where a rule looks for an action on record, an id that no action has is told with the nearest, base included."""
    path = packs / "local" / "rules.yaml"
    path.write_text(
        "rules:\n"
        "  - rule: gap-stays\n"
        "    title: {en: a, zh: b}\n"
        "    because: {en: a, zh: b}\n"
        "    when: {actions: {none: {action: [close-chain-gaps, close-chain-gp]}}}\n"
        "    add: {flags: [stalled]}\n",
        encoding="utf-8",
    )
    answer = call_command("rules", "check", packs / "local")
    assert answer.code == 1
    assert answer.errors.splitlines()[0] == (
        f"{path}:5:56: `close-chain-gp` is no member of `action`, whose members `actions.action` names. "
        "Did you mean `close-chain-gaps`? [unknown-member]"
    )


def test_cases_are_run_by_both_executors(packs: Path) -> None:
    """A case that comes out otherwise is shown with its place, what was expected, and what came out; exit code 1."""
    cases = packs / "local" / "cases"
    cases.mkdir()
    (cases / "wrong.yaml").write_text(
        "cases:\n"
        "  - case: A new customer stays new\n"
        "    as_of: 2024-06-30\n"
        "    facts: {stage: new}\n"
        "    expect: {stage: new}\n"
        "  - case: A new customer is an old one\n"
        "    as_of: 2024-06-30\n"
        "    facts: {stage: new}\n"
        "    expect: {stage: core}\n",
        encoding="utf-8",
    )
    answer = call_command("rules", "test", packs / "local")
    assert answer.code == 1
    assert "wrong.yaml:6:5: A new customer is an old one (by session)" in answer.output
    assert "wrong.yaml:6:5: A new customer is an old one (by plan)" in answer.output
    assert "stage: expected core, but got new" in answer.output
    assert answer.lines[-1] == "2 cases, each decided by session and plan: 1 failed."


def test_tests_that_cases_see_on_one_side_only_are_shown(packs: Path) -> None:
    """Each stands with its place, the side that is missing, the nearest value, and who asks it; the exit code is 1."""
    local = packs / "local"
    rule = (
        "rules:\n"
        "  - rule: long-here\n"
        "    title: {en: a, zh: b}\n"
        "    because: {en: a, zh: b}\n"
        "    sources: [U3]\n"
        "    when: {days_in_stage: {at_least: 4000}}\n"
        "    add: {flags: [stalled]}\n"
    )
    (local / "rules.yaml").write_text(rule, encoding="utf-8")
    (local / "cases").mkdir()
    cases = "cases: [{case: Here for 3999 days, as_of: 2024-06-30, facts: {days_in_stage: 3999}, expect: {}}]\n"
    (local / "cases" / "here.yaml").write_text(cases, encoding="utf-8")
    answer = call_command("rules", "coverage", local, "--conditions", "--lang", "en")
    assert answer.code == 1
    assert answer.lines == [  # and nothing of what the pack inherits, which has cases where it comes from
        f"{local / 'rules.yaml'}:2: days_in_stage at_least 4000: never true (nearest: 3999)",
        "    long-here",
        "Not seen on both sides: 1 of 1 threshold, 0 of 0 other tests.",
    ]
    chinese = call_command("rules", "coverage", local, "--conditions", "--lang", "zh")
    assert chinese.lines[0].endswith("：从未成立（最接近的值：3999）")
    found = call_command("rules", "coverage", local, "--conditions", "--json").json
    (here,) = [one for one in found["tests"] if one["test"] == "days_in_stage at_least 4000"]
    assert here == {
        "test": "days_in_stage at_least 4000",
        "threshold": True,
        "missing": [True],
        "cases": {"true": 0, "false": 1, "unknown": 0},
        "nearest": {"true": None, "false": 3999},
        "asked_by": [{"id": "long-here", "file": str(local / "rules.yaml"), "line": 2}],
        "watched_by": [],
    }
    assert here["test"] in found["lacking"]


def test_a_pack_is_used_and_rolled_back(store_url: str, packs: Path) -> None:
    """A store decides by the pack put to use, copied with the pack that it extends; rolling back undoes that."""
    Store.create(store_url).close()
    shipped = call_command("pack", "show", "--db", store_url, "--json").json
    assert shipped["is_shipped"]
    call_command("pack", "use", packs / "value_marketing", "--db", store_url)
    used = call_command("pack", "use", packs / "local", "--db", store_url, "--as", "ana")
    assert used.output.startswith("In use: local 1.0.0 (")
    shutil.rmtree(packs / "value_marketing")
    shutil.rmtree(packs / "local")
    store = Store.open(store_url)
    rules = rules_in_use(store)
    assert rules.pack.name == "local"
    assert len(rules.pack.gates) > 0
    back = call_command("pack", "rollback", "--db", store_url)
    assert back.output.startswith("In use again: value-marketing ")
    assert rules_in_use(store).pack.name == "value-marketing"
    store.close()


def test_a_version_stands_for_one_pack(store_url: str, packs: Path) -> None:
    """The very same pack again changes nothing; another one under its version is refused with what to do, or forced."""
    Store.create(store_url).close()
    use = ["pack", "use", packs / "local", "--db", store_url, "--as", "ana"]
    first = call_command(*use)
    again = call_command(*use)
    assert again.lines == [first.lines[0].replace("In use:", "Already in use:") + " Nothing was recorded."]
    (packs / "local" / "pack.yaml").write_text(LOCAL.replace("Our own", "Our very own"), encoding="utf-8")
    refused = call_command(*use)
    assert (refused.code, refused.output) == (1, "")
    assert refused.errors == (
        "Error: local 1.0.0 is not put to use: the store keeps another pack under this name and version, and nobody "
        "could tell them apart. Raise `version` in pack.yaml, or put it to use all the same by --force.\n"
    )
    assert len(call_command("rules", "log", "--db", store_url).lines) == 1
    forced = call_command(*use, "--force")
    assert forced.output.startswith("In use: local 1.0.0 (")
    assert forced.output != first.output


def test_rollbacks_go_on_backwards(store_url: str, packs: Path) -> None:
    """Each goes back by one version; at the first the store decides as before, and the message says why."""
    Store.create(store_url).close()
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        (packs / "local" / "pack.yaml").write_text(LOCAL.replace("1.0.0", version), encoding="utf-8")
        call_command("pack", "use", packs / "local", "--db", store_url)
    back = [call_command("pack", "rollback", "--db", store_url) for _ in range(3)]
    assert [answer.output[:25] for answer in back] == ["In use again: local 1.1.0", "In use again: local 1.0.0", ""]
    assert back[2].code == 1
    assert back[2].errors == (
        "Error: The pack cannot be rolled back: none was in use before local 1.0.0 but the one that comes "
        "with Valuelift. For that one: `valuelift pack use rulesets/value_marketing`.\n"
    )
    assert call_command("pack", "show", "--db", store_url).output.startswith("In use: local 1.0.0 ")


def test_a_base_behind_a_symbolic_link_is_copied(store_url: str, packs: Path, tmp_path: Path) -> None:
    """Where a pack extends another by a link, the store keeps that pack where the link was."""
    Store.create(store_url).close()
    (tmp_path / "elsewhere" / "of_the_group").mkdir(parents=True)
    (packs / "value_marketing").rename(tmp_path / "elsewhere" / "of_the_group" / "vm")
    (packs / "value_marketing").symlink_to(tmp_path / "elsewhere" / "of_the_group" / "vm", target_is_directory=True)
    call_command("pack", "use", packs / "local", "--db", store_url, "--as", "ana")
    shutil.rmtree(tmp_path / "elsewhere")
    shutil.rmtree(packs / "local")
    store = Store.open(store_url)
    rules = rules_in_use(store)
    assert rules.pack.name == "local"
    assert len(rules.pack.gates) > 0
    store.close()


def test_a_faulty_pack_is_not_put_to_use(demo: Call, packs: Path) -> None:
    """A pack with a problem is refused; the store decides as before."""
    before = demo("pack", "show", "--json").json
    (packs / "local" / "rules.yaml").write_text("rules: [{rule: x}]\n", encoding="utf-8")
    answer = demo("pack", "use", packs / "local")
    assert answer.code == 1
    assert "rules.yaml:1:" in answer.errors
    assert demo("pack", "show", "--json").json == before


def test_a_pack_may_show_less(demo: Call, packs: Path) -> None:
    """A pack that conveys no value is listed, run and recommended without one."""
    (packs / "local" / "pack.yaml").write_text(LOCAL.replace("guard_rails", "value"), encoding="utf-8")
    by_local = ["--pack", packs / "local", "--as-of", DAY]
    assert set(demo("batch", *by_local, "--json").json["counts"]) == {"stage", "move"}
    assert demo("customers", *by_local).code == 0
    assert "Nothing to convey now." in demo("recommend", "moonbridge", *by_local).output


def test_nothing_to_roll_back_to(demo: Call) -> None:
    """Without an earlier pack a rollback is a problem, said with what to do."""
    answer = demo("pack", "rollback")
    assert answer.code == 1
    assert "none was ever put to use" in answer.errors
    assert "Choose one by `valuelift pack use`." in answer.errors


def test_a_query_may_ask_another_pack(demo: Call, packs: Path) -> None:
    """`--pack` decides by the rules in a folder without putting them to use."""
    found = demo("recommend", "moonbridge", "--pack", packs / "local", "--as-of", DAY, "--json").json
    assert found["decision"]["pack"]["name"] == "local"
    assert found["recommendation"]["guard_rails"] == []
    assert demo("pack", "show", "--json").json["is_shipped"]
