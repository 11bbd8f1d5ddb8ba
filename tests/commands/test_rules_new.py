"""`valuelift rules new`: what is started is content with the checks right away."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.rules_new import KINDS
from tests.commands.conftest import call_command

MANIFEST = "pack: own\nversion: 1.0.0\ntitle: {en: Own, zh: 自有}\n"
METHOD = "method:\n  - {item: B5, title: {en: What the customer base is used for, zh: 客户数据库的用途}}\n"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return the folder of a pack in which there is nothing but its name and its method."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "pack.yaml").write_text(MANIFEST + METHOD, encoding="utf-8")
    return tmp_path / "own"


def test_whatever_is_started_is_clean_right_away(own: Path) -> None:
    """One of each kind beside each other: no error, no warning, no note, and all cases pass."""
    for kind in KINDS:
        answer = call_command("rules", "new", kind, f"new-{kind}", "--pack", own, "--source", "B5")
        assert answer.code == 0, answer.errors
        assert all(Path(line).is_file() for line in answer.lines[:-1])
        checked = call_command("rules", "check", own, "--json")
        assert (checked.code, checked.json["findings"]) == (0, [])
    tested = call_command("rules", "test", own)
    assert (tested.code, tested.lines) == (0, ["14 cases, each decided by session and plan: none failed."])


def test_a_pack_without_a_method_needs_no_source(own: Path) -> None:
    """There is nothing to cite, so nothing is cited."""
    (own / "pack.yaml").write_text(MANIFEST, encoding="utf-8")
    written = call_command("rules", "new", "scorecard", "card", "--pack", own, "--json").json["written"]
    assert [Path(path).relative_to(own).as_posix() for path in written] == [
        "card.yaml",
        "cases/card.yaml",
        "facts.yaml",
    ]
    assert "sources" not in (own / "card.yaml").read_text(encoding="utf-8")
    assert call_command("rules", "check", own).code == 0


def test_an_action_and_a_fact_come_with_a_rule(own: Path) -> None:
    """So nothing stands unused: the rule advises the action, or reads the fact, which people record."""
    assert call_command("rules", "new", "action", "send-box", "--pack", own, "--source", "B5").code == 0
    assert "advise: [send-box]" in (own / "send-box.yaml").read_text(encoding="utf-8")
    assert call_command("rules", "new", "fact", "production-lines", "--pack", own, "--source", "B5").code == 0
    assert "when: {production_lines: {at_least: 10}}" in (own / "production-lines.yaml").read_text(encoding="utf-8")
    declared = (own / "facts.yaml").read_text(encoding="utf-8")
    assert "production_lines: {type: integer, range: [0, 1000]" in declared
    assert "origin" not in declared
    again = call_command("rules", "new", "fact", "production-lines", "--pack", own, "--source", "B5")
    assert (again.code, "already" in again.errors) == (2, True)


def test_a_fact_is_put_before_those_that_are_there(own: Path) -> None:
    """What facts.yaml says stays, comments too."""
    facts = "# Ours\nenums: {}\nfacts:\n    # first\n    kept: {type: flag, title: {en: K, zh: 留}, origin: derived}\n"
    (own / "facts.yaml").write_text(facts, encoding="utf-8")
    assert call_command("rules", "new", "table", "odd", "--pack", own, "--source", "B5").code == 0
    lines = (own / "facts.yaml").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "odd" not in line] == facts.splitlines()
    assert lines[4].startswith("    odd: {type: flag,")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rul", "one"), "Did you mean `rule`?"),
        (("rule", "One"), "small letters"),
        (("rule", "one"), "name one of B5"),
        (("rule", "one", "--source", "B6"), "Name one of B5."),
        (("rule", "taken", "--source", "B5"), "already"),
    ],
)
def test_what_cannot_be_started_is_wrong_usage(own: Path, arguments: tuple[str, ...], said: str) -> None:
    """It is said why and what to do, and nothing is written."""
    (own / "taken.yaml").write_text("rules: []\n", encoding="utf-8")
    before = sorted(own.rglob("*"))
    answer = call_command("rules", "new", *arguments, "--pack", own)
    assert (answer.code, said in answer.errors) == (2, True), answer.errors
    assert sorted(own.rglob("*")) == before


def test_a_pack_is_begun_on_the_one_that_comes_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It extends the shipped pack by a path from its own folder, and is fine right away; twice is refused."""
    monkeypatch.chdir(tmp_path)
    begun = call_command("rules", "new", "pack", "our-rules")
    assert begun.lines[0] == "our-rules/pack.yaml"
    assert call_command("rules", "check", "our-rules").code == 0
    assert call_command("rules", "new", "rule", "quiet", "--pack", "our-rules", "--source", "B5").code == 0
    assert "is there already" in call_command("rules", "new", "pack", "our-rules").errors
    assert "is no id" in call_command("rules", "new", "pack", "Our Rules").errors
    for place in ([], ["--pack", "nowhere"]):
        lost = call_command("rules", "new", "rule", "quiet", *place)
        assert (lost.code, "Begin one: `valuelift rules new pack" in lost.errors) == (2, True)
