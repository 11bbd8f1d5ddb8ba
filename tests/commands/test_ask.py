"""`ask`: the questions whose answers matter, and that recording one changes what was said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import DAY, Call

HOLLOW_REED = ("ask", "hollow-reed", "--as-of", DAY)


def test_an_answer_recorded_changes_what_was_told(demo: Call) -> None:
    """The first answer that can be recorded as it stands changes the recommendation just as `ask` says."""
    asked = demo(*HOLLOW_REED, "--json").json["questions"]
    assert [one["weight"] for one in asked] == sorted((one["weight"] for one in asked), reverse=True)
    question = next(one for one in asked if one["question"]["fact"] == "judgement.value_before_price")
    answer = next(one for one in question["answers"] if one["gained"])
    said = f"judgement.value_before_price={answer['value']}"
    before = demo("recommend", "hollow-reed", "--as-of", DAY, "--json").json
    assert demo("record", "fact", "hollow-reed", said, "--as-of", DAY).code == 0
    after = demo("recommend", "hollow-reed", "--as-of", DAY, "--json").json
    actions = [{one["action"] for one in found["decision"]["actions"]} for found in (before, after)]
    assert sorted(actions[1] - actions[0]) == answer["gained"] != []
    open_now = {one["question"]["fact"] for one in demo(*HOLLOW_REED, "--json").json["questions"]}
    assert "judgement.value_before_price" not in open_now


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "unaware, aware, understood → Proposed stage: new customer"),
        ("zh", "不了解、知道、理解 → 建议阶段：新客户"),
    ],
)
def test_answers_with_the_same_effect_stand_together(query: Call, language: str, said: str) -> None:
    """In both languages, within eighty columns."""
    answer = query(*HOLLOW_REED, "--lang", language)
    assert said in answer.output
    assert max(map(len, answer.lines)) <= 80


def test_a_managers_questions_name_the_customer(query: Call) -> None:
    """All customers of a manager are looked at together; the answers are those for each alone."""
    asked = query("ask", "--manager", "林悦", "--as-of", DAY, "--json").json["questions"]
    customers = {one["customer"] for one in asked}
    assert len(customers) > 2
    one = sorted(customers)[0]
    alone = query("ask", one, "--as-of", DAY, "--json").json["questions"]
    assert [each for each in asked if each["customer"] == one] == alone
    told = " ".join(query("ask", "--manager", "林悦", "--as-of", DAY).output.split())
    assert "White Stork 白鹳汽配 white-stork " in told
    assert "Record an answer: valuelift record fact CUSTOMER FACT=VALUE" in told


def test_what_was_heard_long_ago_is_to_be_confirmed(demo: Call) -> None:
    """It is asked for and counts as before; the same said again, or an effect heard, makes it fresh."""
    customer = "iron-persimmon"

    def stale(day: str = DAY) -> dict[str, int]:
        found = demo("ask", customer, "--as-of", day, "--json").json["to_confirm"]
        return {each["fact"]: each["days"] for each in found}

    def decided() -> object:
        return demo("recommend", customer, "--as-of", DAY, "--json").json["decision"]["values"]

    found = {
        "cooperation_acceptance": 646,
        "perception.people": 526,
        "perception.product": 476,
        "perception.brand": 436,
    }
    assert stale() == found
    assert "cooperation_acceptance" in stale("2025-09-23")
    assert "cooperation_acceptance" not in stale("2025-09-22")  # 365 days
    before = decided()
    said = ("cooperation_acceptance=accepted", "--evidence", "said so again", "--as", "ana", "--as-of", DAY)
    assert demo("record", "fact", customer, *said).code == 0
    assert decided() == before
    told = ("--value", "people", "--medium", "visit", "--on", "2026-06-01", "--as", "ana", "--as-of", DAY)
    assert demo("record", "communication", customer, *told).code == 0
    heard = (customer, "people", "--outcome", "accepted", "--on", "2026-06-20", "--as", "ana", "--as-of", DAY)
    assert "cooperation_acceptance" not in stale()
    assert "perception.people" in stale()
    assert demo("record", "effect", *heard).code == 0
    assert set(stale()) == {"perception.product", "perception.brand"}


@pytest.mark.parametrize(("language", "said"), [("en", "last heard 21 months ago"), ("zh", "21个月前")])
def test_its_age_is_said_in_both_languages(query: Call, language: str, said: str) -> None:
    """Within eighty columns, with the value and how to confirm it; `recommend` counts what is to be confirmed."""
    answer = query("ask", "iron-persimmon", "--as-of", DAY, "--lang", language)
    assert said in " ".join(answer.output.split())
    assert "--evidence" in answer.output
    assert max(map(len, answer.lines)) <= 80
    shown = query("recommend", "iron-persimmon", "--as-of", DAY, "--lang", language).lines
    assert shown[-1].endswith("valuelift ask iron-persimmon")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Perception: brand: accepted (heard 20 Apr 2025, entered by demo from “demo story"),
        ("zh", "对品牌价值的认知：接受（2025年4月20日了解，demo据“demo story"),
    ],
)
def test_advice_tells_what_to_confirm_below_it(query: Call, language: str, said: str) -> None:
    """Facts that the advice reads are told with day and source, on the page and in JSON; where none is stale, none."""
    call = ("recommend", "iron-persimmon", "--as-of", DAY, "--lang", language)
    shown = query(*call)
    assert said in " ".join(shown.output.split())
    assert max(map(len, shown.lines)) <= 80
    found = query(*call, "--json").json["to_confirm"]
    asked = query("ask", "iron-persimmon", "--as-of", DAY, "--json").json["to_confirm"]
    assert [each for each in asked if each in found] == found != []
    assert {each["entered_by"] for each in found} == {"demo"}
    assert {each["fresh_days"] for each in found} == {365}
    assert query("recommend", "silver-carp", "--as-of", DAY, "--json").json["to_confirm"] == []


def test_what_the_advice_does_not_read_is_not_told_with_it(demo: Call) -> None:
    """A judgement of another stage's gate is asked for by `ask` alone; of what was entered by hand, by whom is said."""
    call = ("iron-persimmon", "--as-of", DAY)
    for fact in ("judgement.trial_use", "judgement.confident_of_effect"):
        told = demo("record", "fact", call[0], f"{fact}=yes", "--on", "2025-12-01", "--as", "ana", "--as-of", DAY)
        assert told.code == 0, told
    asked = {each["fact"] for each in demo("ask", *call, "--json").json["to_confirm"]}
    below = {each["fact"] for each in demo("recommend", *call, "--json").json["to_confirm"]}
    assert asked - below == {"judgement.trial_use"}
    lines = demo("recommend", *call, "--all").lines
    assert "(heard 1 Dec 2025, entered by ana; over 180 days ago)" in " ".join(" ".join(lines).split())
    assert lines[-1].startswith(f"Facts to confirm ({len(asked)})")


def test_a_guess_is_asked_for_until_somebody_was_told(demo: Call) -> None:
    """It is said with the advice that rests on it, with the why, and first by `ask`; it counts as before all along."""
    day = ("--as-of", DAY)
    known = ("iron-persimmon", "judgement.confident_of_effect=yes", "--as", "ana", *day)
    assert demo("record", "fact", "iron-persimmon", "judgement.trial_use=yes", "--sure", "estimate", *day).code == 0
    said = demo("record", "fact", *known, "--sure", "estimate", "--on", "2026-06-01").output
    assert "our own estimate" in " ".join(said.split())
    before = demo("recommend", "iron-persimmon", *day, "--json").json
    asked = demo("ask", "iron-persimmon", *day, "--json").json["to_confirm"]
    reasons = {each["fact"]: (each["reasons"], each["decides"]) for each in asked}
    assert reasons["judgement.confident_of_effect"] == (["estimate"], True)
    assert reasons["judgement.trial_use"] == (["estimate"], False)
    assert asked[-1]["fact"] == "judgement.trial_use"  # the advice does not rest on it
    shown = " ".join(demo("recommend", "iron-persimmon", *day, "--all").output.split())
    assert "yes (1 Jun 2026, entered by ana; only our own estimate)" in shown
    told = " ".join(demo("ask", "iron-persimmon", *day, "--all", "--lang", "zh").output.split())
    assert "这只是我方估计（2026年6月1日，ana）" in told.replace(" ", "")
    assert demo("record", "fact", *known, "--sure", "told").code == 0
    left = {each["fact"] for each in demo("ask", "iron-persimmon", *day, "--json").json["to_confirm"]}
    assert set(reasons) - left == {"judgement.confident_of_effect"}
    assert demo("recommend", "iron-persimmon", *day, "--json").json["decision"] == before["decision"]


def test_two_people_who_say_otherwise_are_both_named(demo: Call, tmp_path: Path) -> None:
    """What ana recorded and bob's import replaced: both rows, who and when, and how to settle it, in both languages."""
    known = ("moonbridge", "judgement.both_want=yes", "--as", "ana", "--as-of", DAY)
    assert demo("record", "fact", *known, "--on", "2026-06-01").code == 0
    file = tmp_path / "assessments.csv"
    file.write_text("customer,criterion,verdict,holds_from,sure\nmoonbridge,both_want,no,2026-06-01,told\n")
    assert demo("import", file, "--mapping", "canonical", "--as", "bob").code == 0
    for language, said in (
        ("en", "as bob from “canonical” entered it on 1 Jun 2026 (moonbridge/both_want), but: yes as ana entered it"),
        ("zh", "bob据“canonical”于2026年6月1日登记（moonbridge/both_want），但ana于2026年6月1日登记为“是”"),
    ):
        told = "".join(demo("ask", "moonbridge", "--as-of", DAY, "--lang", language).output.split())
        assert said.replace(" ", "") in told
        assert "--suretold" in told
    assert demo("record", "fact", *known, "--sure", "told").code == 0
    assert demo("ask", "moonbridge", "--as-of", DAY, "--json").json["to_confirm"] == []


def test_a_need_in_two_tiers_is_told_with_both_rows(demo: Call, tmp_path: Path) -> None:
    """What ana recorded of a need and bob's import replaced, each column for itself, until it is settled."""
    said_by_ana = ("record", "need", "moonbridge", "--kind", "brand", "--as", "ana", "--as-of", DAY)
    assert demo(*said_by_ana, "--state", "met", "--tier", "additional", "--on", "2026-06-01").code == 0
    file = tmp_path / "needs.csv"
    file.write_text("customer,kind,state,tier,holds_from\nmoonbridge,brand,unmet,core,2026-06-01\n")
    assert demo("import", file, "--mapping", "canonical", "--as", "bob").code == 0
    for language, title, said in (
        ("en", "Need: brand, Tier: core need, as bob", "but: additional need as ana entered it on 1 Jun 2026"),
        ("zh", "需求：品牌、层次：核心需求，bob", "但ana于2026年6月1日登记为“附加需求”"),
    ):
        told = "".join(demo("ask", "moonbridge", "--as-of", DAY, "--lang", language).output.split())
        assert title.replace(" ", "") in told
        assert said.replace(" ", "") in told
    found = demo("ask", "moonbridge", "--as-of", DAY, "--json").json["to_confirm"]
    contradicted = {each["fact"]: each["value"] for each in found if "contradicted" in each["reasons"]}
    assert contradicted == {"needs.brand": "unmet", "needs.brand.tier": "core"}
    assert demo(*said_by_ana, "--state", "met", "--tier", "additional").code == 0
    left = demo("ask", "moonbridge", "--as-of", DAY, "--json").json["to_confirm"]
    assert [each["fact"] for each in left if each["fact"].startswith("needs.")] == []


def test_what_a_row_lacks_is_asked_with_the_command_for_rows(demo: Call) -> None:
    """A value was conveyed without its cost: the command told says it of that record, and then nothing is asked."""
    said = ("record", "communication", "silver-carp", "--value", "product", "--medium", "visit", "--on", "2026-06-20")
    assert demo(*said, "--as-of", DAY).code == 0
    rejected = ("record", "effect", "silver-carp", "product", "--outcome", "rejected", "--as-of", DAY)
    assert demo(*rejected).code == 0
    answer = demo("ask", "silver-carp", "--as-of", DAY).output
    assert "Values conveyed: Cost class not entered in 1 of " in answer
    told = " ".join(answer.split()).rpartition("Record an answer: ")[2]
    assert told == "valuelift record communication silver-carp product/visit/2026-06-20 --cost CLASS"
    assert demo(*told.replace("CLASS", "low").split()[1:], "--as-of", DAY).code == 0
    assert "Cost class not entered" not in demo("ask", "silver-carp", "--as-of", DAY).output


def test_what_was_not_heard_is_asked_with_the_command_for_effects(query: Call) -> None:
    """Where the outcome of values conveyed is missing, that is said, with the command that records it."""
    answer = query("ask", "pellwood", "--as-of", DAY).output
    assert "Values conveyed: Outcome not entered in 2 of 3." in answer
    assert "valuelift record effect pellwood communications-" in " ".join(answer.split())


def test_what_is_counted_is_asked_with_the_command_that_counts(query: Call) -> None:
    """The days since the last contact follow from talks; where no fact can be said, no command for facts is told."""
    answer = " ".join(query("ask", "paper-crane", "--as-of", DAY).output.split())
    assert "days_since_last_interaction" in answer
    assert "valuelift record talk paper-crane" in answer
    assert "record fact" not in answer


def test_nothing_is_asked_where_all_is_settled(query: Call) -> None:
    """A customer of whom everything is known has no questions."""
    assert "Nothing is open" in query("ask", "silver-carp", "--as-of", DAY).output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name either a customer, or an account manager by --manager."),
        (["silver-carp", "--manager", "林悦"], "Name either"),
        (["--manager", "Marta Hol"], "Did you mean `Marta Holm`?"),
    ],
)
def test_ask_refuses_what_it_does_not_know(query: Call, arguments: list[str], said: str) -> None:
    """One customer or one manager, known by name."""
    answer = query("ask", *arguments, "--as-of", DAY)
    assert (answer.code, said in " ".join(answer.errors.split())) == (2, True), answer
