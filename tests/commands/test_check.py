"""`valuelift rules check`: what is found is printed in four formats, each compared with a file in `golden/`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from commands.rules_check import FORMATS
from tests.commands.conftest import call_command
from tests.conftest import ROOT
from wiring import shipped_pack

GOLDEN = ROOT / "tests" / "commands" / "golden"
MANIFEST = "pack: small\nversion: 1.0.0\ntitle: {en: Small, zh: 小}\n"
DOUBTFUL = """
rules:
  - rule: never-so
    title: {en: "Never: so, 100%", zh: 从不}
    because: {en: Just so., zh: 如此。}
    when: {days_in_stage: {less_than: 0}}
    set: {assessed_stage: new}
"""
DIGEST = re.compile(r"[0-9a-f]{64}")
BROKEN = DOUBTFUL.replace("days_in_stage", "days_in_stge")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a small pack, seen from the folder that it is in."""
    monkeypatch.chdir(tmp_path)
    Path("small").mkdir()
    Path("small/pack.yaml").write_text(MANIFEST, encoding="utf-8")
    return Path("small")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("kind", "rules"), [("doubtful", DOUBTFUL), ("broken", BROKEN)])
def test_formats_are_as_agreed(small: Path, form: str, kind: str, rules: str) -> None:
    """Level, id, place, text and page stand where other programs look for them; the exit code is 1."""
    (small / "rules.yaml").write_text(rules, encoding="utf-8")
    answer = call_command("rules", "check", small, "--format", form)
    assert answer.code == 1
    printed = DIGEST.sub("DIGEST", answer.output + answer.errors)
    assert printed == (GOLDEN / f"{kind}.{form}").read_text(encoding="utf-8")


@pytest.mark.parametrize(("kind", "rules"), [("doubtful", DOUBTFUL), ("broken", BROKEN)])
def test_a_chinese_reader_is_told_everything_in_chinese(small: Path, kind: str, rules: str) -> None:
    """What is wrong and what to do is in Chinese, names and keys as they are written."""
    (small / "rules.yaml").write_text(rules, encoding="utf-8")
    answer = call_command("rules", "check", small, "--lang", "zh")
    assert answer.code == 1
    assert answer.output + answer.errors == (GOLDEN / f"{kind}.zh.text").read_text(encoding="utf-8")


def test_other_programs_are_told_in_the_language_asked_for(small: Path) -> None:
    """All formats say the same words, where each has its place for them."""
    (small / "rules.yaml").write_text(BROKEN, encoding="utf-8")
    asked = ("rules", "check", small, "--lang", "zh", "--format")
    said, hint = "客户没有事实`days_in_stge`。", "是否应为`days_in_stage`？"
    (found,) = json.loads(call_command(*asked, "json").output)["findings"]
    assert (found["message"], found["hint"]) == (said, hint)
    (run,) = json.loads(call_command(*asked, "sarif").output)["runs"]
    assert run["results"][0]["message"]["text"] == said + hint
    assert run["tool"]["driver"]["rules"][0]["shortDescription"]["text"] == "没有这项事实。"
    assert call_command(*asked, "github").output.rstrip().endswith(f"title=unknown-fact::{said}{hint}")


def test_where_there_is_no_hint_the_kind_says_what_to_do(small: Path) -> None:
    """A message that says nothing but what is wrong is followed by what to do about all of its kind."""
    (small / "rules.yaml").write_text(BROKEN, encoding="utf-8")
    (small / "facts.yaml").write_text("facts: {a: {type: flag, title: {en: A, zh: 甲}, scale: 2}}", encoding="utf-8")
    said = call_command("rules", "check", small, "--lang", "zh").errors
    assert "facts.yaml:1:48: 错误：`flag`类型的事实没有`scale`。请删去。 [unsuited-key]" in said


def test_a_chinese_reader_is_told_that_a_pack_is_fine(small: Path) -> None:
    """The last line is in Chinese, with what the pack holds."""
    assert call_command("rules", "check", small, "--lang", "zh").output == "small 1.0.0 没有问题：还没有内容。\n"
    assert call_command("rules", "check", "--lang", "zh").lines[-1].endswith("条话术。")


def test_a_log_for_scanners_has_what_the_standard_demands(small: Path) -> None:
    """A result names a rule of the tool, a level of the standard, a message, and a place that counts from 1."""
    (small / "rules.yaml").write_text(DOUBTFUL, encoding="utf-8")
    (run,) = json.loads(call_command("rules", "check", small, "--format", "sarif").output)["runs"]
    rules = {one["id"]: one["helpUri"] for one in run["tool"]["driver"]["rules"]}
    assert all((ROOT / page).is_file() for page in rules.values())
    for result in run["results"]:
        assert result["ruleId"] in rules
        assert result["level"] in ("error", "warning", "note")
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == "small/rules.yaml"
        assert min(place["physicalLocation"]["region"].values()) >= 1


def test_problems_in_cases_are_found_too(small: Path) -> None:
    """A case that names what is not there is an error of the pack."""
    (small / "cases").mkdir()
    (small / "cases" / "one.yaml").write_text(
        "cases:\n  - {case: One, as_of: 2026-06-30, facts: {stge: new}, expect: {}}\n", encoding="utf-8"
    )
    (found,) = call_command("rules", "check", small, "--json").json["findings"]
    assert (found["id"], found["line"], found["level"]) == ("unknown-fact", 2, "error")


def test_without_findings_it_says_so(small: Path) -> None:
    """A pack that nothing is wrong with is fine, and the exit code 0."""
    answer = call_command("rules", "check", small)
    assert (answer.code, answer.output) == (0, "small 1.0.0 is fine: nothing in it yet.\n")
    assert call_command("rules", "check", small, "--format", "jsn").code == 2


def test_overrides_are_listed_with_their_places(small: Path) -> None:
    """Whoever looks at a pack sees what it changes in the pack that it extends."""
    manifest = f"{MANIFEST}extends: {shipped_pack()}\ndisable: [ask-the-silent]\n"
    changed = "parameters: [{param: stalled_after_days.new, value: 90}]\n"
    (small / "pack.yaml").write_text(manifest + changed, encoding="utf-8")
    assert call_command("rules", "check", small).output.splitlines()[1:] == [
        "small/pack.yaml:5:11: override: rule `ask-the-silent` disabled",
        "small/pack.yaml:6:22: override: parameter `stalled_after_days.new` 120 -> 90",
    ]


@pytest.mark.parametrize(
    ("key", "word", "hint"),
    [("owner", "acount_manager", "Did you mean `account_manager`?"), ("family", "visits", "Did you mean `visit`?")],
)
def test_an_action_has_a_family_and_an_owner_that_there_are(small: Path, key: str, word: str, hint: str) -> None:
    """A misspelt role or family would stand as it is on pages and plans."""
    action = {"family": "visit", "owner": "account_manager", key: word}
    (small / "actions.yaml").write_text(
        "actions:\n  - {action: call, title: {en: Call, zh: 电话}, phase: before, days: 7, "
        f"family: {action['family']}, owner: {action['owner']}}}\n",
        encoding="utf-8",
    )
    (found,) = call_command("rules", "check", small, "--json").json["findings"]
    assert (found["id"], found["line"], found["hint"]) == ("unknown-member", 2, hint)


def test_pairs_without_a_track_are_told_by_value(small: Path) -> None:
    """Of a value that lacks some needs these are named; values of which nothing is said stand together."""
    (small / "pack.yaml").write_text(f"{MANIFEST}extends: {shipped_pack()}\n", encoding="utf-8")
    (small / "talk").mkdir()
    (small / "talk" / "ours.yaml").write_text(
        "tracks:\n  - {track: fresh, value: product, needs: [quality, service, relationship, information], "
        "form: question, text: {en: Fresh?, zh: 新鲜吗？}, sources: [V8]}\n",
        encoding="utf-8",
    )
    found = call_command("rules", "check", small, "--json").json["findings"]
    (said,) = (one["message"] for one in found if one["id"] == "no-track")
    assert said.startswith(
        "56 pairs of value and need have no talk track: product for benefit, brand; service, people, "
    )
    assert said.endswith(" for every need.")


@pytest.mark.parametrize("words", [("rules", "show", "new-to-established", "--pack"), ("rules", "prove")])
def test_every_command_tells_problems_in_the_reader_s_language(small_pack: Path, words: tuple[str, ...]) -> None:
    """Whatever is done with a pack that cannot be read: what is wrong is told in Chinese too."""
    (small_pack / "more.yaml").write_text("rules: [{rule: Wrong}]\n", encoding="utf-8")
    english = call_command(*words, small_pack, "--lang", "en")
    assert english.code == 1
    assert "rule `Wrong` needs `title`. Add `title: ...`. [missing-key]" in english.errors
    chinese = call_command(*words, small_pack, "--lang", "zh")
    assert chinese.code == 1
    assert "错误：规则`Wrong`缺少`title`。请补上`title: ...`。 [missing-key]" in chinese.errors
    assert chinese.errors.splitlines()[-1] == "共5个问题。"
