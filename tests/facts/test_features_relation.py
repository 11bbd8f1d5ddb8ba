"""What is known of stage, talks, values conveyed, perceptions, complaints and the plan."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.vocabulary import Value
from facts.customer_facts import customer_facts
from facts.snapshot_checks import MisfitsError, customers_of
from tests.facts.base_tables import (
    AS_OF,
    BASE_CURRENCY,
    Rows,
    ago,
    base_of,
    catalogue,
    customer_of,
    facts_of,
    recorded,
    rows_of,
    taken_of,
)

STAGE = ("stage", "stage_since", "days_in_stage", "stage_before")


def stage(name: str, days_ago: int, **columns: Any) -> dict[str, Any]:
    """Return a confirmed stage of customer `a`, not the current row unless said."""
    return {"key": "a", "stage": name, "holds_from": ago(days_ago), "is_current": False, **columns}


def test_confirming_a_stage_again_does_not_begin_it_anew() -> None:
    """Days in the stage count from the first of the confirmations in a row."""
    history = [stage("target", 300), stage("new", 200), stage("new", 100), stage("new", 50, is_current=True)]
    assert facts_of(*STAGE, stage_history=history) == ["new", ago(200), 200, "target"]


def test_the_stage_before_a_problem_is_remembered() -> None:
    """After coming back to a stage, the one before is the last that differs."""
    history = [stage("established", 300), stage("problem", 100), stage("established", 50, is_current=True)]
    assert facts_of(*STAGE, stage_history=history) == ["established", ago(50), 50, "problem"]


def test_a_stage_that_ended_is_not_the_present_one() -> None:
    """Without a current confirmation the stage is missing."""
    assert facts_of(*STAGE, stage_history=[stage("new", 50)]) == [None, None, None, None]


def test_of_merged_customers_the_own_history_counts() -> None:
    """The history of a duplicate is used only if the surviving customer has none."""
    other = stage("core", 10, key="duplicate", is_current=True)
    own = [stage("potential", 300), stage("new", 200, is_current=True)]
    assert facts_of(*STAGE, stage_history=[*own, other]) == ["new", ago(200), 200, "potential"]
    assert facts_of(*STAGE, stage_history=[other]) == ["core", ago(10), 10, None]


def test_contacts_sought_by_the_customer_count_only_if_always_noted() -> None:
    """Who sought a contact must be known of each, or the number is missing."""
    talks = [
        {"holds_from": ago(90), "medium": "visit", "direction": "theirs"},
        {"holds_from": ago(20), "medium": "visit", "direction": "both"},
        {"holds_from": ago(10), "medium": "email", "direction": "ours"},
        {"holds_from": ago(91), "medium": "email", "direction": None},
    ]
    names = ["interactions_90d", "customer_initiatives_90d", "days_since_last_interaction"]
    coverage = recorded("interactions", since=ago(90))
    assert facts_of(*names, interactions=talks, coverage=coverage) == [3, 2, 10]
    unsaid = {"holds_from": ago(0), "medium": "letter", "direction": None}
    assert facts_of(*names, interactions=[*talks, unsaid], coverage=coverage) == [4, None, 0]


def test_each_kind_of_value_has_its_last_communication_and_outcome() -> None:
    """The last outcome is the one heard last, whenever the value was conveyed."""
    sent = [
        {
            "value_kind": "brand",
            "medium": "company_visit",
            "holds_from": ago(60),
            "heard_on": ago(5),
            "outcome": "accepted",
        },
        {"value_kind": "brand", "medium": "visit", "holds_from": ago(40), "heard_on": ago(30), "outcome": "rejected"},
        {"value_kind": "brand", "medium": "visit", "holds_from": ago(20)},
        {"value_kind": "people", "medium": "telephone", "holds_from": ago(100)},
    ]
    names = ["days_since_conveyed.brand", "days_since_conveyed.people", "days_since_conveyed.product"]
    tables: dict[str, Rows] = {"communications": sent, "coverage": recorded("communications", since=ago(365))}
    assert facts_of(*names, **tables) == [20, 100, None]
    assert facts_of("last_outcome.brand", "last_outcome.people", **tables) == ["accepted", None]
    assert facts_of("communications_90d", "media_90d", "accepted_365d", **tables) == [3, 2, 1]
    assert [row.get("days_unheard") for row in rows_of("communications", **tables)] == [None, None, 20, 100]


def test_perceptions_are_kept_per_kind_of_value() -> None:
    """Perceptions become one fact for each kind of value; that of the cooperation is a fact of its own."""
    perceptions: Rows = [
        {"value_kind": "product", "level": "aware", "holds_from": ago(90), "is_current": False},
        {"value_kind": "product", "level": "recognised", "holds_from": ago(30)},
        {"value_kind": "cooperation", "level": "accepted"},
    ]
    names = ["perception.product", "perception.brand", "cooperation_acceptance"]
    assert facts_of(*names, perceptions=perceptions) == ["recognised", None, "accepted"]


def test_of_merged_customers_the_latest_perception_counts() -> None:
    """Two current rows of one kind come from duplicates; the younger one holds."""
    perceptions = [
        {"value_kind": "product", "level": "accepted", "holds_from": ago(90)},
        {"value_kind": "product", "level": "aware", "holds_from": ago(30)},
    ]
    assert facts_of("perception.product", perceptions=perceptions) == ["aware"]


def test_a_judgement_is_kept_per_criterion() -> None:
    """Verdicts become one fact for each criterion."""
    judged = [{"criterion": "both_want", "verdict": "yes"}, {"criterion": "right_time", "verdict": "unclear"}]
    names = ["judgement.both_want", "judgement.right_time", "judgement.two_way"]
    assert facts_of(*names, assessments=judged) == ["yes", "unclear", None]


def test_the_strongest_competitor_counts() -> None:
    """Of several competitors in one kind of value the strongest decides."""
    signals: Rows = [
        {"value_kind": "brand", "strength": "weak"},
        {"value_kind": "brand", "strength": "equal"},
        {"value_kind": "people", "strength": "weak", "disturbing": True},
        {"value_kind": "people", "strength": "strong", "is_current": False},
    ]
    names = ["competitor_strength.brand", "competitor_strength.people"]
    assert facts_of(*names, competitor_signals=signals) == ["equal", "weak"]


@pytest.mark.parametrize(
    ("columns", "late"),
    [
        ({"delivered_on": ago(10)}, 0),
        ({"delivered_on": ago(9)}, 1),
        ({"delivered_on": ago(9), "shipped_on": ago(12)}, 1),
        ({"shipped_on": ago(10)}, 0),
        ({"shipped_on": ago(9)}, 1),
        ({}, 1),
    ],
)
def test_a_delivery_is_late_after_its_promised_day(columns: dict[str, date], late: int) -> None:
    """Arrival decides, or shipping where arrivals are not recorded; a missing delivery is late."""
    delivery = {"holds_from": ago(30), "promised_on": ago(10), **columns}
    names = ["deliveries_365d", "late_deliveries_365d", "late_deliveries_90d", "on_time_rate_365d"]
    facts = facts_of(*names, deliveries=[delivery], coverage=recorded("deliveries"))
    assert facts == [1, late, late, Decimal(100 - 100 * late)]


def test_deliveries_still_within_their_promise_are_not_judged() -> None:
    """A delivery promised for today or later is not late, and before its day it does not count."""
    deliveries: Rows = [
        {"holds_from": ago(30), "promised_on": AS_OF},
        {"holds_from": ago(30), "promised_on": ago(-1)},
        {"holds_from": ago(30), "promised_on": None},
    ]
    names = ["deliveries_365d", "late_deliveries_365d", "on_time_rate_365d"]
    assert facts_of(*names, deliveries=deliveries, coverage=recorded("deliveries")) == [1, 0, Decimal(100)]
    assert facts_of(*names, coverage=recorded("deliveries")) == [0, 0, None]


def test_only_actions_taken_on_can_be_overdue() -> None:
    """Open and accepted actions are overdue after their due day; the plan is always recorded."""
    usual = {"action": "visit-customer", "advised_on": ago(40), "about": ""}
    states = [("open", 1), ("accepted", 5), ("open", 0), ("done", 9), ("snoozed", 9), ("advised", 9)]
    actions = [{**usual, "state": state, "due_on": ago(days)} for state, days in states]
    assert facts_of("overdue_actions", actions=actions) == [2]
    assert facts_of("overdue_actions") == [0]
    assert customer_of().recorded["actions"] == (date.min, None)


def test_a_complaint_says_whether_the_need_behind_it_was_asked_for() -> None:
    """Done or declined for this complaint, not for another; snoozed, it has the day on which to ask."""
    usual = {"action": "check-need-behind-complaint", "advised_on": ago(9)}
    states: list[tuple[str, dict[str, Value]]] = [
        ("done", {"need_asked": True}),
        ("declined", {"need_asked": True}),
        ("open", {"need_asked": False}),
        ("snoozed", {"need_asked": False, "need_put_off_until": ago(-3)}),
        ("", {"need_asked": False}),
    ]
    complaints = [{"key": f"c/{state}", "signal": "supply_late", "holds_from": ago(20)} for state, _ in states]
    actions = [
        {**usual, "about": f"c/{state}", "state": state, "until": ago(-3) if state == "snoozed" else None}
        for state, _ in states
        if state
    ]
    other = {**usual, "action": "settle-complaint", "about": "c/", "state": "done"}
    rows = customer_of(complaints=complaints, actions=[*actions, other]).rows["complaints"]
    found = {row.key: {name: row.facts[name] for name in row.facts if name.startswith("need_")} for row in rows}
    assert found == {f"c/{state}": said for state, said in states}


def test_a_complaint_is_one_row_however_often_it_was_asked_behind() -> None:
    """Two systems may have the action under keys of their own: the last one holds."""
    usual = {"action": "check-need-behind-complaint", "advised_on": ago(9), "about": "c"}
    actions = [
        {**usual, "key": "one", "state": "done", "holds_from": ago(5)},
        {**usual, "key": "other", "state": "open", "holds_from": ago(2)},
    ]
    complaint = {"key": "c", "signal": "supply_late", "holds_from": ago(20)}
    (row,) = customer_of(complaints=[complaint], actions=actions).rows["complaints"]
    assert row.facts["need_asked"] is False


def test_rows_say_how_things_stand() -> None:
    """Complaints and disputes carry whether and when they were settled, needs whether there is evidence."""
    complaints = [
        {"signal": "supply_late", "severity": "high", "holds_from": ago(20), "settled_on": ago(5)},
        {"signal": "price_high", "severity": "low", "holds_from": ago(7)},
    ]
    disputes = [
        {"key": "d", "talks_held": 1, "settled": False, "cooperation_broken": False, "holds_from": ago(30)},
        {"key": "d", "talks_held": 3, "settled": True, "cooperation_broken": False, "holds_from": ago(10)},
    ]
    disputes[0]["is_current"] = False
    needs = [{"kind": "quality", "tier": "core", "state": "met", "felt": True, "evidence": "said so"}]
    facts = customer_of(complaints=complaints, disputes=disputes, needs=needs).rows
    assert [(row.facts["settled"], row.facts["days_open"]) for row in facts["complaints"]] == [(True, 15), (False, 7)]
    expected_dispute: dict[str, Value] = {
        "began_on": ago(30),
        "days_open": 20,
        "talks_held": 3,
        "settled": True,
        "settled_on": ago(10),
        "cooperation_broken": False,
    }
    assert [row.facts for row in facts["disputes"]] == [expected_dispute]
    assert facts["needs"][0].facts["has_evidence"] is True


def test_base_data_is_taken_over() -> None:
    """Base data appear as they stand, with amounts in the base currency and without names."""
    customer = {
        "key": "a",
        "name": "A",
        "parent": "group",
        "industry": "food",
        "employees": 20,
        "annual_revenue": Decimal("1000"),
        "currency": "USD",
        "account_manager": "Ann",
        "holds_from": ago(10),
    }
    rates = [{"currency": "USD", "rate_to_base": Decimal("0.9"), "holds_from": ago(100)}]
    names = ["industry", "employees", "annual_revenue", "belongs_to_group", "has_account_manager"]
    facts = facts_of(*names, customers=[customer], exchange_rates=rates)
    assert facts == ["food", 20, Decimal("900.00"), True, True]
    assert facts_of(*names) == [None, None, None, None, None]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (
            {"customers": [{"key": "a", "name": "A", "acquisition_source": "partners"}]},
            (
                "`acquisition_source` has the value `partners` in the records of customer `a`. "
                "Did you mean `partner`? [unknown-member]"
            ),
        ),
        (
            {"customers": [{"key": "a", "name": "A", "credit_score": 1200}]},
            (
                "`credit_score` has the value 1200 in the records of customer `a`. "
                "It lies between 0 and 1000. [out-of-range]"
            ),
        ),
        (
            {"customers": [{"key": "a", "name": "A", "annual_revenue": Decimal("100000000000.01"), "currency": "EUR"}]},
            (
                "`annual_revenue` has the value 100000000000.01 in the records of customer `a`. "
                "It lies between -100000000000.00 and 100000000000.00. [out-of-range]"
            ),
        ),
        (
            {"needs": [{"kind": "prestige", "state": "met"}]},
            (
                "`needs.kind` has the value `prestige` in the records of customer `a`. "
                "Write one of quality, service, relationship, information, benefit, brand. [unknown-member]"
            ),
        ),
        (
            {"perceptions": [{"value_kind": "prodct", "level": "aware"}]},
            (
                "`perception` is recorded of `prodct`, which is not a member of `value_kind`, for customer `a`. "
                "Did you mean `product`? [unknown-member]"
            ),
        ),
    ],
)
def test_values_that_the_catalogue_does_not_know_are_named(tables: dict[str, Rows], message: str) -> None:
    """An unknown word or a number out of range is named, with the place of its declaration; who has it is left out."""
    with pytest.raises(MisfitsError) as raised:
        customer_of(**tables)
    taken = taken_of(**tables)
    assert taken.snapshot.customers.num_rows == 0
    assert [rows.num_rows for rows in taken.snapshot.rows.values()] == [0] * len(taken.snapshot.rows)
    for misfits in (raised.value.misfits, taken.misfits):
        assert [str(each.problem).split(": ", 1)[1] for each in misfits] == [message]


def test_everybody_with_a_value_out_of_range_is_left_out_and_nobody_else() -> None:
    """Each such value is told with those who have it, of whom three are named: nobody is said to have another's."""
    scores = {"a": 1200, "b": 1200, "c": 5000, "d": 1200, "e": 1200, "f": 700, "g": -3, "h": 0, "i": 1000, "j": None}
    snapshot, misfits = taken_of(customers=[{"key": key, "credit_score": score} for key, score in scores.items()])
    assert snapshot.customers["customer"].to_pylist() == ["f", "h", "i", "j"]
    assert [(each.value, each.customers) for each in misfits] == [
        (-3, ("g",)),
        (1200, ("a", "b", "d", "e")),
        (5000, ("c",)),
    ]
    assert [each.problem.message for each in misfits] == [
        "`credit_score` has the value -3 in the records of customer `g`.",
        "`credit_score` has the value 1200 in the records of customers `a`, `b`, `d` and 1 more.",
        "`credit_score` has the value 5000 in the records of customer `c`.",
    ]


def test_rows_of_those_who_are_left_out_go_with_them() -> None:
    """One bad row keeps its customer out with all its rows; the rows of others stay."""
    needs = [
        {"customer": "a", "key": "a/quality", "kind": "quality", "state": "met"},
        {"customer": "b", "key": "b/quality", "kind": "quality", "state": "met"},
        {"customer": "b", "key": "b/prestige", "kind": "prestige", "state": "met"},
    ]
    snapshot, misfits = taken_of(customers=[{"key": "a"}, {"key": "b"}], needs=needs)
    assert customers_of(misfits) == {"b"}
    assert [facts.customer for facts in snapshot.each()] == ["a"]
    assert snapshot.customer("a") == customer_facts(
        base_of(customers=[{"key": "a"}], needs=needs[:1]), catalogue(), AS_OF, base_currency=BASE_CURRENCY
    )
