"""One item of the rules in words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.load import load_catalogue, load_pack
from engine.load.uses import uses_of_parameters
from engine.model import Condition
from engine.phrasing import Phrasing, texts_of
from engine.portrait import Gallery
from engine.wording import LANGUAGES, Wording
from tests.commands.conftest import call_command
from tests.engine import sample
from tests.engine.sample import sample_pack
from wiring import shipped_pack, shipped_rules


def condition(rule: str) -> Condition:
    """Return the condition of a rule of the sample."""
    (found,) = (one.when for one in sample_pack().rules if one.id == rule)
    return found


def said(rule: str, language: str, scope: str | None = None) -> list[str]:
    """Return the condition of a rule of the sample in words."""
    pack = sample_pack()
    phrasing = Phrasing(pack, Wording(pack.vocabulary, language))
    return texts_of(phrasing.lines(condition(rule), scope))


def test_every_kind_of_condition_is_said_in_english() -> None:
    """The sample's rule, which asks in every way there is, reads line by line as a person would say it."""
    assert said("new-and-silent", "en") == [
        "Stage: new customer",
        "Days in this stage: at least 120 days (silent_after_days)",
        "Days in this stage: known",
        "Credit used: more than 0.80 × Credit limit",
        "Last contact: within the last 30 days",
        "End of contract: within the next 60 days",
        "Perception of the product: from unaware to aware",
        "Region: north or south",
        "Key customer: yes",
        "at least one of these:",
        "  Orders in 90 days: 0",
        "  not (Orders in a year: less than Orders in 90 days)",
        "Needs: none with Tier: core or additional (tiers.felt)",
        "Needs: at most 2 with Kind: quality",
        "Complaints: Cost more than 10.50 in all, of those with Raised on: within the last 90 days",
        "Flags: without stalled",
        "Advised actions: with Visit the customer",
    ]


def test_every_kind_of_condition_is_said_in_chinese() -> None:
    """The same in Chinese."""
    assert said("new-and-silent", "zh")[:6] == [
        "阶段：新客户",
        "本阶段天数：至少120天（silent_after_days）",
        "本阶段天数：已知",
        "已用信用：超过0.80 × 信用额度",
        "最近联系：最近30天内",
        "合同到期：今后60天内",
    ]
    assert said("complaint-heard", "zh", "complaints") == ["信号：价格高", "客户的阶段：新客户"]


def test_a_gate_is_shown_with_all_around_it() -> None:
    """A gate shows its move, checklist, facts, readers, items of the method and cases, and where it stands."""
    answer = call_command("rules", "show", "new-to-established")
    assert answer.code == 0
    head, place, *rest = answer.lines
    assert head == "From new to established customer  gate new-to-established"
    assert place.startswith("rulesets/value_marketing/gates-up.yaml:") or "/gates-up.yaml:" in place
    text = "\n".join(rest)
    for expected in ("new customer → established customer", "· Days in this stage: at least 30 days (fastest_days.new)",
                     "Stage (stage)", "Proposed stage (proposed_stage)", "S3 New customer",
                     "more with --all"):  # fmt: skip
        assert expected in text, expected
    whole = call_command("rules", "show", "new-to-established", "--all", "--lang", "zh").output
    assert "新客户 → 老客户" in whole
    assert "检查清单" in whole
    assert "After 30 days a new customer may move up at the earliest" in whole
    assert "--all" not in whole


def test_a_fact_a_parameter_and_an_action_are_shown() -> None:
    """A fact names who sets and reads it, a parameter who uses it, an action who advises it."""
    fact, parameter, action = (
        call_command("rules", "show", name, "--json").json[0]
        for name in ("chain_gaps", "stalled_after_days.new", "close-chain-gaps")
    )
    assert (fact["kind"], fact["shown_as"]) == ("fact", ["chain_gaps"])
    assert {"chain-before", "chain-in"} <= set(fact["made_by"])
    assert "chain-has-gaps" in fact["read_by"]
    assert "A value told 365 days ago still counts" in fact["cases"]
    assert (parameter["kind"], parameter["says"]) == ("parameter", {"value": ["120 days"]})
    assert "stalled-new" in parameter["used_by"]
    assert (action["kind"], action["advised_by"]) == ("action", ["chain-has-gaps"])
    assert action["at"]["file"].endswith("chain.yaml")


@pytest.mark.parametrize(
    ("language", "said"), [("en", "120 in the pack that this one extends"), ("zh", "所扩展的规则包中为120")]
)
def test_a_changed_parameter_says_what_it_was(tmp_path: Path, language: str, said: str) -> None:
    """Beside the value of the pack stands that of the pack which it extends, and nothing where nothing changed."""
    manifest = "pack: mine\nversion: 0.1.0\ntitle: {en: Mine, zh: 我的}\nextends: " + os.path.relpath(
        sample.PACK, tmp_path
    )
    (tmp_path / "pack.yaml").write_text(f"{manifest}\nparameters: [{{param: silent_after_days, value: 90}}]\n")
    pack = load_pack(tmp_path, load_catalogue(sample.CATALOGUE))
    (changed,) = Gallery(pack, language).portraits("silent_after_days")
    (kept,) = Gallery(pack, language).portraits("warn_share")
    assert (changed.notes[0], kept.notes) == (said, ())


def test_a_parameter_within_a_factor_or_a_list_is_used() -> None:
    """Who names a parameter is read from the files: a loaded rule knows but its value."""
    used = dict.fromkeys(("silent_after_days", "warn_share", "tiers.felt"), ("new-and-silent",))
    assert uses_of_parameters(sample.PACK) == used


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("new-to-establishd", "new-to-established"),
        ("days_in_stge", "days_in_stage"),
        ("visit-custmer", "visit-customer"),
    ],
)
def test_a_misspelt_id_is_answered_with_the_nearest(name: str, meant: str) -> None:
    """What is meant by an id that there is not is asked; exit code 2."""
    answer = call_command("rules", "show", name)
    assert answer.code == 2
    assert f"Did you mean `{meant}`?" in answer.errors


def test_an_item_of_the_method_is_shown_with_what_carries_it_out() -> None:
    """Its title comes first, then the rules, scorecards, actions and parameters that cite it or a point of it."""
    lines = call_command("rules", "show", "U1", "--lang", "en").lines
    assert lines[0].split()[0] == "U1"
    ids = {line.split()[0] for line in lines}
    assert {"new-to-established", "confirm-stage"} <= ids
    assert "complaint-to-need" not in ids
    by_point = {line.split()[0] for line in call_command("rules", "show", "V5", "--lang", "en").lines}
    assert "value-next" in by_point


def test_an_item_of_the_method_is_found_by_a_word_of_its_title() -> None:
    """So an author finds what `sources` may name."""
    assert any(line.startswith("D5 ") for line in call_command("rules", "show", "tell the needs", "--lang", "en").lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_can_be_shown(language: str) -> None:
    """There is a portrait of every rule, table, gate, scorecard, invariant, action, parameter and fact."""
    gallery = Gallery(shipped_rules().pack, language)
    for name in gallery.ids():
        found = gallery.portraits(name)
        assert found, name
        for one in found:
            assert one.title
            assert all(line.text for lines in one.says.values() for line in lines), name


def test_a_row_stands_in_its_table() -> None:
    """The id of a row or of a point rule shows the whole to which it belongs."""
    assert call_command("rules", "show", "value-next#gap", "--json").json[0]["id"] == "value-next"


def test_the_cases_about_an_item_come_first() -> None:
    """A table whose last row fires nearly always is shown first with the cases that expect something of it."""
    (table,) = call_command("rules", "show", "how-deep", "--json").json
    assert "A new customer hears the core of a value" in table["cases"][:8]
    assert len(table["cases"]) > 100


def test_a_word_of_a_title_lists_what_has_it() -> None:
    """Whoever does not know an id finds it by a word, in either language, whatever language is shown."""
    listed = call_command("rules", "show", "SILENT", "--lang", "zh").lines
    assert {"is_silent", "call-silent-customer", "silent.days"} <= {line.split()[0] for line in listed}
    found = call_command("rules", "show", "停购", "--lang", "en")
    assert found.lines == [
        "ask-the-silent        Ask why it has become quiet",
        "call-silent-customer  Call and ask why it has become quiet",
    ]
    unknown = call_command("rules", "show", "zzz")
    assert (unknown.code, "Give an id, or a word of a title" in unknown.errors) == (2, True)
    assert call_command("rules", "show", "停购", "--json").code == 2


def test_what_a_pack_disables_is_told_with_its_place(tmp_path: Path) -> None:
    """A disabled rule is not told as unknown."""
    text = (
        f"pack: own\nversion: 1.0.0\ntitle: {{en: O, zh: 我}}\nextends: {shipped_pack()}\ndisable: [ask-the-silent]\n"
    )
    (tmp_path / "pack.yaml").write_text(text, encoding="utf-8")
    answer = call_command("rules", "show", "ask-the-silent", "--pack", tmp_path)
    assert (answer.code, "rule 'ask-the-silent' is disabled at" in answer.errors) == (2, True)
