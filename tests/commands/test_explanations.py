"""`why`, `why-not` and `what-if`: what they say of the demo story's customers, and what they refuse."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from rich.cells import cell_len

from commands.options import STAGES
from commands.output import print_page
from common.explain_layout import Teller
from common.texts import Texts, all_texts
from common.why_layout import WhyLayout
from common.why_not_layout import WhyNotLayout
from engine.decision import Decision
from engine.derivation import Deriver, Kind, named, needed
from engine.nearest import why_not
from engine.plan import Plan
from engine.snapshot import CustomerFacts
from engine.vocabulary import FactKey, Value
from engine.wording import say_date
from tests.commands.conftest import DAY, Answer, Call
from tests.engine.test_derivation import mixed
from tests.lacking import followed
from tests.profiles import count
from wiring import Desk

LANGUAGES = ("en", "zh")
Decided = dict[str, tuple[CustomerFacts, Decision]]


@pytest.fixture(scope="session")
def derivers(desk: Desk, decided: Decided) -> dict[str, Deriver]:
    """Return what derives the conclusions about every demo customer."""
    rules = desk.rules
    return {name: Deriver(rules.pack, rules.plan, *both) for name, both in decided.items()}


def some_of(derivers: dict[str, Deriver]) -> list[Deriver]:
    """Return some of the demo customers, spread over the stages; all with the full counts."""
    return list(derivers.values())[:: count(quick=9, ci=6, long=1)]


def subjects(deriver: Deriver) -> list[FactKey]:
    """Return what `why` explains by default."""
    return [deriver.pack.ladder.proposed, FactKey(None, deriver.pack.shows["value"])]


# --- the demo story ---


def test_what_is_not_named_does_not_matter(derivers: dict[str, Deriver]) -> None:
    """Each customer keeps stage and value with all facts that the derivation does not name taken from another one."""
    others = some_of(derivers)
    kept: list[tuple[str, Value | None, CustomerFacts]] = []
    for deriver, other in zip(others, others[1:] + others[:1], strict=True):
        for key in subjects(deriver):
            node = deriver.fact(key)
            changed = mixed(deriver.customer, other.customer, str(len(kept)), named(node))
            assert changed.facts != deriver.customer.facts
            kept.append((key.name, node.value, changed))
    decisions = Plan(others[0].program).decide_all([changed for _, _, changed in kept])
    for (name, value, changed), decision in zip(kept, decisions, strict=True):
        assert (name, decision.values.get(name)) == (name, value), changed


def test_without_a_needed_fact_the_rule_does_not_fire(derivers: dict[str, Deriver]) -> None:
    """Without any one fact that the deciding rule asks for, the rule no longer decides."""
    tried: list[tuple[str, str, CustomerFacts]] = []
    for deriver in derivers.values():
        stage, facts = deriver.pack.ladder.stage.name, deriver.customer.facts
        rules = [one for key in subjects(deriver) for one in deriver.fact(key).because if one.kind is Kind.RULE]
        for rule in rules:
            for name in {name for name in needed(rule) if name in facts and name != stage}:  # a stage can be assessed
                less = {own: value for own, value in facts.items() if own != name}
                tried.append((rule.id, name, replace(deriver.customer, facts=less)))
    assert len(tried) > 50
    decisions = Plan(next(iter(derivers.values())).program).decide_all([changed for _, _, changed in tried])
    for (rule_id, name, _), decision in zip(tried, decisions, strict=True):
        assert rule_id not in {one.rule for one in decision.fired}, name


def test_what_is_missing_leads_to_the_stage(derivers: dict[str, Deriver]) -> None:
    """With what the nearest gate lacks, it is proposed, or what comes first is named."""
    reached, blocked = followed(list(derivers.values()), STAGES)
    assert (reached > 30, blocked > 0) == (True, True)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("for_auditor", [False, True], ids=["manager", "auditor"])
def test_a_derivation_fits_eighty_columns(
    derivers: dict[str, Deriver], language: str, for_auditor: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line is wider than eighty cells, and no word of our own files stands where a manager reads."""
    for deriver in some_of(derivers):
        layout = WhyLayout(Teller(deriver, Texts(language)), 2, for_auditor)
        for key in subjects(deriver):
            print_page(*layout.trees(deriver.fact(key)))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 10 * len(some_of(derivers))
    assert [line for line in lines if cell_len(line) > 80 or "…" in line] == []
    if not for_auditor:
        assert [line for line in lines if re.search(r"[{}_]|None|True|False", line)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_missing_fits_eighty_columns(
    derivers: dict[str, Deriver], language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """For every stage and every kind of value there is an answer that can be read."""
    pack = next(iter(derivers.values())).pack
    value = FactKey(None, pack.shows["value"])
    kinds = pack.vocabulary.enum_of(pack.vocabulary.facts[value]).members
    for deriver in some_of(derivers):
        layout = WhyNotLayout(Teller(deriver, Texts(language)), None)
        for key, wanted in [*((pack.ladder.proposed, one) for one in STAGES), *((value, one) for one in kinds)]:
            print_page(*layout.page(why_not(deriver, key, wanted)))
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if cell_len(line) > 80 or "…" in line] == []
    assert [line for line in lines if re.search(r"[{}_]|None|True|False", line)] == []


# --- why ---


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_tells_the_gate_line_by_line(query: Call, language: str) -> None:
    """Every line of the deciding gate's checklist is shown with what is recorded, then the value with its points."""
    answer = query("why", "moonbridge", "--as-of", DAY, "--lang", language)
    assert answer.code == 0
    said = {
        "en": ["Proposed stage: new customer", "✓ Trial use has begun", "Orders in 90 days: 1 (needed: at least 1)"],
        "zh": ["建议阶段：新客户", "✓ 已开始试用", "近90天订单数：1（需要：至少1）"],
    }[language]
    for words in said:
        assert words in answer.output
    assert all_texts()["against"][language] in answer.lines
    assert {"en": "people and team · 50 points", "zh": "人员和团队价值 · 50分"}[language] in answer.output


def test_why_names_the_rows_behind_it(query: Call) -> None:
    """The records that pass a test stand below it with their date and kind; an auditor also sees their keys."""
    assert "23 Mar 2026, quality, core need, basic\n" in query("why", "moonbridge", "--as-of", DAY).output
    audited = query("why", "moonbridge", "--as-of", DAY, "--for", "auditor").output
    assert "23 Mar 2026, quality, core need, basic [moonbridge/quality]" in audited


def test_why_for_an_auditor_gives_ids_and_digests(demo: Call) -> None:
    """Rule ids with stratum, precedence and sources, and the digests of rules and facts."""
    answer = demo("why", "moonbridge", "proposed_stage", "--as-of", DAY, "--for", "auditor")
    found = demo("why", "moonbridge", "proposed_stage", "--as-of", DAY, "--json").json
    said = " ".join(re.sub("[│├└─]", " ", answer.output).split())
    assert re.search(r"\[target-to-new, stratum \d, priority 20, S2, S3, U1\]", said)
    assert found["pack"]["digest"] in answer.output
    assert "target-to-new" not in demo("why", "moonbridge", "--as-of", DAY).output


def test_why_goes_as_deep_as_it_is_asked(query: Call) -> None:
    """Each step of depth follows conclusions further down."""
    lines = [len(query("why", "ashgrove", "--as-of", DAY, "--depth", depth).lines) for depth in (1, 2, 5)]
    assert lines[0] < lines[1] <= lines[2]


def test_why_in_json_is_the_same_tree(demo: Call) -> None:
    """The JSON form has the derivations with conditions, values and rules that would have come first."""
    found = demo("why", "moonbridge", "--as-of", DAY, "--json").json
    assert set(found) == {"card", "customer", "as_of", "pack", "why"}
    proposal, value = found["why"]
    (gate,) = proposal["because"]
    assert (gate["id"], gate["truth"], gate["value"]) == ("target-to-new", True, "new")
    assert [one["id"] for one in gate["because"][1:3]] == [
        "target-to-new#core-need-known",
        "target-to-new#people-or-company-recognised",
    ]
    assert {one["id"] for one in proposal["against"]} >= {"any-to-problem"}
    (chosen,) = value["because"]
    assert sum(float(one["points"]) for one in chosen["because"]) == float(chosen["points"]) == 50


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("proposed_stage", "Proposed stage: new customer"),
        ("stage", "Stage: target customer"),
        ("advise-before-sale", "this rule applies"),
        ("any-to-problem", "this rule does not apply"),
        ("needs.suggested_tier", "Suggested tier"),
    ],
)
def test_why_explains_facts_rules_and_rows(query: Call, subject: str, said: str) -> None:
    """Facts, rules that fired or did not, and facts of rows can be asked for."""
    answer = query("why", "moonbridge", subject, "--as-of", DAY)
    assert answer.code == 0
    assert said in answer.output


def test_why_says_how_surely_a_fact_is_known(demo: Call) -> None:
    """Where that was recorded: in words with by whom and since when, for an auditor with the row; in JSON always."""
    said = ("silver-carp", "perception.product=understood", "--evidence", "they asked", "--sure", "estimate")
    assert demo("record", "fact", *said, "--as", "ana", "--on", "2026-06-20", "--as-of", DAY).code == 0
    call = ("why", "silver-carp", "--as-of", DAY)
    assert "Perception: product: understood · our own estimate (ana, 20 Jun 2026)" in demo(*call).output
    assert "理解 · 我方估计（ana，2026年6月20日）" in demo(*call, "--lang", "zh").output
    audited = " ".join(demo(*call, "--for", "auditor").output.replace("│", "").split())
    assert "our own estimate (ana, 20 Jun 2026) [silver-carp/product]" in audited
    assert '"sure": "estimate"' in demo(*call, "--json").output
    need = ("moonbridge", "--kind", "quality", "--state", "unmet", "--sure", "estimate", "--on", "2026-06-10")
    assert demo("record", "need", *need, "--as", "ana", "--as-of", DAY).code == 0
    told = " ".join(demo("why", "moonbridge", "--as-of", DAY).output.replace("│", "").split())
    assert "10 Jun 2026, quality, core need, basic · our own estimate (ana, 10 Jun 2026)" in told
    asked = demo("recommend", "moonbridge", "--as-of", DAY, "--all").output
    assert "Need: quality: unmet (10 Jun 2026, entered by ana; only our own" in asked


def test_why_explains_an_action(query: Call) -> None:
    """An advised action shows the rules that advise it; another one says where to see what is missing, exit code 1."""
    plan = query("recommend", "moonbridge", "--as-of", DAY, "--json").json["recommendation"]["plan"]
    advised = plan[0]["action"]
    answer = query("why", "moonbridge", advised["id"], "--as-of", DAY)
    assert (answer.code, advised["title"] in answer.output, plan[0]["reasons"][0] in _joined(answer)) == (0, True, True)
    other = query("why", "moonbridge", "settle-complaint", "--as-of", DAY)
    assert (other.code, "why-not moonbridge --action settle-complaint" in other.output) == (1, True)


def _joined(answer: Answer) -> str:
    return " ".join(re.sub("[│├└─]", " ", answer.output).split())


# --- why-not ---


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_not_shows_what_is_and_what_is_needed(query: Call, language: str) -> None:
    """The next step's gate with its missing lines, actual and needed values, and the way to a far stage."""
    answer = query("why-not", "moonbridge", "--stage", "core", "--as-of", DAY, "--lang", language)
    assert answer.code == 0
    said = {
        "en": ["new customer → established customer →", "Perception: product: understood (needed: recognised or more)"],
        "zh": ["新客户 → 老客户 → 核心客户", "对产品价值的认知：理解（需要：认可或更高）"],
    }[language]
    for words in said:
        assert words in answer.output


def test_why_not_says_what_comes_first(query: Call) -> None:
    """A fired gate of higher precedence is named with its reason."""
    answer = query("why-not", "ashgrove", "--stage", "core", "--as-of", DAY)
    assert "✗ Comes first: Leaves us or is let go → exited customer" in answer.output
    (first, *_) = query("why-not", "ashgrove", "--stage", "core", "--as-of", DAY, "--json").json["why_not"]["ways"]
    assert (first["rule"], [one["rule"] for one in first["blockers"]]) == ("established-to-core", ["any-to-exited"])
    assert {"about": "perception.brand", "actual": "recognised"}.items() <= first["missing"][0].items()


def test_why_not_names_the_day(demo: Call) -> None:
    """Where time alone is missing, the day is told on which it comes, and as of that day the test has passed."""
    demo("confirm", "moonbridge", "--stage", "new", "--as-of", DAY)
    call = ("why-not", "moonbridge", "--stage", "established", "--as-of")
    (way,) = [one for one in demo(*call, DAY, "--json").json["why_not"]["ways"] if one["rule"] == "new-to-established"]
    (day,) = [one["passes_on"] for one in way["missing"] if one["about"] == "days_in_stage"]
    assert f"comes by itself on {say_date(date.fromisoformat(day), 'en')}" in _joined(demo(*call, DAY))
    for as_of, missing in ((date.fromisoformat(day) - timedelta(1), True), (date.fromisoformat(day), False)):
        (way,) = [one for one in demo(*call, as_of, "--json").json["why_not"]["ways"] if "new-to" in one["rule"]]
        assert ("days_in_stage" in {one["about"] for one in way["missing"]}) is missing


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--stage", "new"], "Proposed stage is new customer already."),
        (["--value", "people"], "Value to convey next is people and team already."),
        (["--value", "brand"], "Brand has 43 points, people and team 50: 7 behind."),
        (["--action", "settle-complaint"], "Settle the complaint is not among them."),
        (["--fact", "move=down"], "Move is up, not down."),
    ],
)
def test_why_not_answers_whatever_is_asked(query: Call, arguments: list[str], said: str) -> None:
    """Stages, values, actions and facts can be asked for; what is reached already is said to be so."""
    answer = query("why-not", "moonbridge", *arguments, "--as-of", DAY)
    assert (answer.code, said in answer.output) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Ask about one thing: --stage, --value, --action or --fact."),
        (["--stage", "new", "--value", "brand"], "Ask about one thing"),
        (["--stage", "cor"], "'cor' is not known. Did you mean `core`?"),
        (["--value", "brandt"], "'brandt' is no value of `value_next`. Did you mean `brand`?"),
        (["--action", "settle-complaints"], "no action of this pack. Did you mean `settle-complaint`?"),
        (["--fact", "move"], "'move' says no value. Write it as NAME=VALUE."),
        (["--fact", "moves=up"], "conclude. Did you mean `move`?"),
        (["--fact", "move=upp"], "'upp' is no value of `move`. Did you mean `up`?"),
        (["--fact", "orders_90d=3"], "'orders_90d' is no fact that the rules of this pack conclude."),
    ],
)
def test_why_not_refuses_what_it_does_not_know(query: Call, arguments: list[str], said: str) -> None:
    """Wrong usage is exit code 2, with the nearest word."""
    answer = query("why-not", "moonbridge", *arguments, "--as-of", DAY)
    assert (answer.code, said in answer.errors) == (2, True), answer.errors


# --- what-if ---


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_if_shows_both_decisions(query: Call, language: str) -> None:
    """The change, stage and value before and after, and what comes and goes in the plan; eighty columns."""
    call = ("what-if", "moonbridge", "--set", "stage=new", "--set", "perception.product=accepted", "--as-of", DAY)
    answer = query(*call, "--lang", language)
    assert answer.code == 0
    assert [line for line in answer.lines if cell_len(line) > 80] == []
    said = {"en": ["target customer", "new customer", "people and team", "product"], "zh": ["目标客户", "新客户"]}
    row = next(line for line in answer.lines if line.startswith(("Stage ", "阶段 ")))
    assert all(words in row for words in said[language][:2])
    assert [line[:2] for line in answer.lines if line.startswith((" +", " −"))] != []


def test_what_if_says_in_json_what_changes(demo: Call) -> None:
    """The JSON form has the change, both decisions' conclusions and their difference; nothing is recorded."""
    before = demo("recommend", "ashgrove", "--as-of", DAY, "--json").json["decision"]
    found = demo("what-if", "ashgrove", "--set", "judgement.serves_both=yes", "--as-of", DAY, "--json").json
    assert found["set"] == [{"fact": "judgement.serves_both", "row": "", "before": "no", "after": "yes"}]
    assert (found["before"]["proposed_stage"], found["after"]["proposed_stage"]) == ("exited", "established")
    changed = {one["fact"]: (one["before"], one["after"]) for one in found["difference"]["concluded"]}
    assert changed["proposed_stage"] == ("exited", "established")
    assert found["difference"]["fires_no_more"][0] == "any-to-exited"
    assert [one["action"] for one in found["difference"]["lost"]] == ["confirm-stage"]
    assert demo("recommend", "ashgrove", "--as-of", DAY, "--json").json["decision"] == before


def test_what_if_nothing_changes(query: Call) -> None:
    """A fact set to what it is changes nothing, and that is said."""
    answer = query("what-if", "moonbridge", "--set", "stage=target", "--as-of", DAY)
    assert (answer.code, "Nothing else changes." in answer.output) == (0, True)


def test_what_if_a_fact_were_not_known(query: Call) -> None:
    """Nothing behind the sign takes a fact as not known."""
    found = query("what-if", "moonbridge", "--set", "perception.people=", "--as-of", DAY, "--json").json
    assert (found["set"][0]["after"], found["after"]["proposed_stage"]) == (None, "target")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["stag=new"], "`stag` is no fact of a customer. Did you mean `stage`?"),
        (["move=up"], "`move` follows from the rules and cannot be set"),
        (["stage=new", "stage=core"], "`stage` is set twice"),
        (["orders_90d=5"], "Set `orders_365d` too."),
        (["stage=odd"], "'odd' is no value of `stage`."),
    ],
)
def test_what_if_refuses_what_cannot_be(query: Call, settings: list[str], said: str) -> None:
    """A change that cannot be is wrong usage, exit code 2."""
    arguments = [part for one in settings for part in ("--set", one)]
    answer = query("what-if", "moonbridge", *arguments, "--as-of", DAY)
    assert (answer.code, said in answer.errors) == (2, True), answer.errors


@pytest.mark.parametrize(
    "arguments",
    [["why", "moonbrige"], ["why-not", "moonbrige", "--stage", "core"], ["what-if", "moonbrige", "--set", "stage=new"]],
)
def test_an_unknown_customer_is_named(query: Call, arguments: list[str]) -> None:
    """A misspelt customer is exit code 1 with the nearest one."""
    answer = query(*arguments, "--as-of", DAY)
    assert (answer.code, "Did you mean `moonbridge`?" in answer.errors) == (1, True)


def test_why_refuses_what_the_pack_does_not_have(query: Call) -> None:
    """An unknown subject is wrong usage with the nearest name."""
    answer = query("why", "moonbridge", "propsed_stage", "--as-of", DAY)
    assert answer.code == 2
    assert "'propsed_stage' is no fact, action or rule of this pack. Did you mean `proposed_stage`?" in answer.errors
