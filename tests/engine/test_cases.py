"""Cases are read against a pack, and compared with what an executor decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from engine.cases import Case, cases_from_text, load_cases
from engine.decision import (
    AdvisedAction,
    CriterionState,
    Decision,
    Fired,
    GateState,
    PackStamp,
    Provisional,
    State,
)
from engine.judging import judge
from engine.snapshot import CustomerFacts, Row, SnapshotDigest
from engine.vocabulary import BEGINNING
from tests.engine.sample import PACK as FOLDER
from tests.engine.sample import sample_pack

PACK = sample_pack()
AS_OF = date(2024, 6, 30)
DECISION = Decision(
    customer="c",
    as_of=AS_OF,
    pack=PackStamp("sample", "1.2.3", "0"),
    snapshot=SnapshotDigest(CustomerFacts("c", AS_OF, {})),
    values={"proposed_stage": "established", "risk_score": 30, "move": "up"},
    rows={"complaints": {"1": {"implied_need": "quality"}}},
    fired=(
        Fired("complaint-heard", "1", (("customer.stage", "new"),)),
        Fired("new-to-established", "", (("perception.product", "recognised"), ("x", None))),
    ),
    conflicts=(),
    provisional=(Provisional("move", "", ("new-to-established",), ("perception.product",)),),
    gates=(GateState("new-to-established", State.UNKNOWN, (CriterionState("product-recognised", State.UNKNOWN),)),),
    choices=(),
    actions=(AdvisedAction("visit-customer", "1", date(2024, 7, 7), "manager", "visit", 60, ("complaint-heard",)),),
    violated=(),
)


def case(expect: str) -> Case:
    """Return a case without facts that expects something."""
    (found,) = cases_from_text(f"cases:\n  - {{case: A case, as_of: 2024-06-30, expect: {expect}}}\n", PACK)
    return found


def differences(expect: str) -> list[str]:
    """Return the differences of the decision above from what is expected, as texts."""
    return [str(one) for one in judge(case(expect), DECISION).differences]


def test_a_packs_cases_are_loaded_from_its_folder() -> None:
    """Facts are typed, rows named by their number or `row`, and recorded since the beginning unless said otherwise."""
    (found,) = load_cases(FOLDER, PACK)
    assert found.facts == CustomerFacts(
        customer="A new customer goes up",
        as_of=AS_OF,
        facts={"stage": "new", "days_in_stage": 75, "perception.product": "recognised"},
        rows={
            "needs": (Row("1", {"kind": "quality"}),),
            "complaints": (Row("c", {"raised_on": date(2024, 1, 1), "cost": Decimal("3.00")}),),
        },
        recorded={"needs": (BEGINNING, None), "complaints": (date(2023, 1, 1), date(2024, 5, 31))},
    )
    assert (found.name, found.at.line, found.at.column) == ("A new customer goes up", 2, 5)


def test_the_expectation_is_kept_as_written() -> None:
    """`missing` is None, a list of members a set; what is not mentioned is not looked at."""
    (found,) = load_cases(FOLDER, PACK)
    expect = found.expect
    assert expect.values == {"proposed_stage": "established", "value_next": None, "flags": frozenset()}
    assert expect.rows == {"complaints": {"c": {"implied_need": "quality"}}}
    assert (expect.fired, expect.not_fired) == (
        ("new-to-established", "value-next#gap@brand"),
        ("complaint-to-need#dear",),
    )
    assert (expect.actions, expect.advised, expect.provisional) == (("visit-customer",), ("visit-customer",), ("move",))
    assert expect.gates == {"new-to-established": State.MET}
    assert (case("{}").expect.actions, case("{}").expect.provisional) == (None, None)


def test_a_case_passes_when_everything_is_as_expected() -> None:
    """Values, sets, rows, rules, gates, actions and provisional results are compared; nothing else is."""
    expect = """{proposed_stage: established, risk_score: 30, interest: missing, flags: [],
      rows: {complaints: {"1": {implied_need: quality, implied_tier: missing}}},
      fired: [complaint-heard], not_fired: [new-and-silent], gates: {new-to-established: unknown},
      actions: [visit-customer], advised: {has: [visit-customer]}, provisional: [move]}"""
    result = judge(case(expect), DECISION)
    assert (result.passed, result.differences, result.decision) == (True, (), DECISION)


@pytest.mark.parametrize(
    ("expect", "difference"),
    [
        ("{risk_score: 20}", "risk_score: expected 20, but got 30"),
        ("{interest: aware}", "interest: expected aware, but got missing"),
        ("{flags: [stalled, silent]}", "flags: expected [silent, stalled], but got []"),
        ("{move: stay}", "move: expected stay, but got up (provisional, hangs on new-to-established)"),
        (
            '{rows: {complaints: {"1": {implied_need: missing}}}}',
            "complaints[1].implied_need: expected missing, but got quality",
        ),
        ('{rows: {needs: {"9": {}}, complaints: {"2": {implied_tier: core}}}}',
         "complaints[2].implied_tier: expected core, but got missing"),
        ("{fired: [new-and-silent]}", "new-and-silent: expected fired, but got not fired"),
        (
            "{not_fired: [new-to-established]}",
            "new-to-established: expected not fired, but got fired (perception.product is recognised, x is missing)",
        ),
        (
            "{gates: {new-to-established: met}}",
            "new-to-established: expected met, but got unknown (product-recognised unknown)",
        ),
        ("{actions: []}", "actions: expected [], but got [visit-customer] (visit-customer by complaint-heard)"),
        (
            "{advised: {has_not: [visit-customer]}}",
            "visit-customer: expected not advised, but got advised (by complaint-heard)",
        ),
        ("{provisional: []}", "provisional: expected [], but got [move]"),
    ],
)  # fmt: skip
def test_a_difference_says_what_came_out_and_why(expect: str, difference: str) -> None:
    """Each difference names what was expected, what came out and, where the decision tells it, why."""
    assert differences(expect) == [difference]


def test_a_gate_that_was_not_looked_at_is_a_difference() -> None:
    """A gate that does not lead away from the present stage has no state."""
    decision = replace(DECISION, gates=(), actions=())
    result = judge(case("{gates: {new-to-established: unknown}, advised: {has: [visit-customer]}}"), decision)
    assert [str(one) for one in result.differences] == [
        "new-to-established: expected unknown, but got not looked at (it does not lead away from the present stage)",
        "visit-customer: expected advised, but got not advised",
    ]
