"""Each kind of question, on packs small enough to see the answer: proved, or refuted by a customer who shows it."""

from __future__ import annotations

import pytest

from engine.case_text import case_text
from engine.cases import cases_from_text
from engine.compile import compile_pack
from engine.load import pack_from_texts
from engine.model import Pack
from engine.plan import Plan
from engine.prove import Answer, Kind, Questions, Verdict, ask_all
from engine.prove.findings import Conflicts
from engine.session import Session
from tests.engine.sample import sample_texts

TEXTS = "title: {en: A, zh: 甲}, because: {en: B., zh: 乙。}"


def pack_of(rules: str) -> Pack:
    """Return a pack with these rules, which speak of the sample's facts."""
    beside = sample_texts("catalog.yaml", "pack.yaml", "actions.yaml", "talk/people.yaml")
    return pack_from_texts({**beside, "rules.yaml": rules.replace("TEXTS", TEXTS)})


def answers(rules: str, kind: Kind) -> list[Answer]:
    """Ask one kind of question; both executors must see what the witnesses show."""
    pack = pack_of(rules)
    program = compile_pack(pack)
    found = [question.ask() for question in Questions(pack, program).all([kind])]
    for witness in (witness for answer in found for witness in answer.witnesses):
        for decide in (Session(program).decide, Plan(program).decide):
            assert witness.missed(decide(witness.customer)) == ()
    return found


def refuted(rules: str, kind: Kind) -> list[tuple[str, ...]]:
    """Return what is refuted."""
    return [one.about for one in answers(rules, kind) if one.verdict is Verdict.REFUTED]


def test_rules_of_equal_priority_that_can_meet_are_in_conflict() -> None:
    """Two rules disagree for a key customer with many orders; where the ranges do not meet, nobody is found."""
    rules = """
rules:
  - {rule: few, TEXTS, when: {orders_90d: {at_most: LIMIT}}, set: {interest: unaware}}
  - {rule: many, TEXTS, when: {orders_365d: {at_least: 10}, orders_90d: {at_least: 5}}, set: {interest: recognised}}
"""
    (answer,) = [one for one in answers(rules.replace("LIMIT", "5"), Kind.CONFLICT) if one.verdict is Verdict.REFUTED]
    assert answer.about == ("interest",)
    assert answer.witnesses[0].customer.facts["orders_90d"] == 5
    assert refuted(rules.replace("LIMIT", "4"), Kind.CONFLICT) == []


def test_a_conflict_is_shown_where_a_decision_names_it() -> None:
    """Of three rules two say the same: the second of them is named only where the first does not fire."""
    rules = """
rules:
  - {rule: a, TEXTS, when: {orders_90d: {at_least: 1}}, set: {interest: aware}}
  - {rule: b, TEXTS, when: {orders_90d: {at_least: 2}}, set: {interest: unaware}}
  - {rule: c, TEXTS, when: {is_key: true}, set: {interest: aware}}
"""
    (answer,) = [one for one in answers(rules, Kind.CONFLICT) if one.verdict is Verdict.REFUTED]
    assert [witness.shows for witness in answer.witnesses] == [(Conflicts("interest", frozenset("ab")),)]
    assert refuted(rules.replace("at_least: 2", "at_most: 3").replace("at_least: 1", "at_least: 9"), Kind.CONFLICT)


def test_rows_that_any_allows_only_alike_are_in_conflict() -> None:
    """Of three rows two say the same: a decision names the first hit with the one that differs."""
    rules = """
tables:
  - table: interest-by-orders
    title: {en: A, zh: 甲}
    inputs: [orders_90d, is_key]
    outputs: [interest]
    hit: any
    rows:
      - {id: a, if: [{at_least: 1}, "-"], then: [aware], because: {en: B., zh: 乙。}}
      - {id: b, if: [{at_least: 2}, "-"], then: [unaware], because: {en: B., zh: 乙。}}
      - {id: c, if: ["-", true], then: [aware], because: {en: B., zh: 乙。}}
"""
    (answer,) = [one for one in answers(rules, Kind.CONFLICT) if one.verdict is Verdict.REFUTED]
    names = frozenset(("interest-by-orders#a", "interest-by-orders#b"))
    assert [witness.shows for witness in answer.witnesses] == [(Conflicts("interest-by-orders", names),)]


def test_hits_that_a_table_forbids_are_in_conflict() -> None:
    """Two rows of a table with hit policy `unique` overlap."""
    rules = """
tables:
  - table: interest-by-orders
    title: {en: A, zh: 甲}
    inputs: [orders_90d]
    outputs: [interest]
    hit: unique
    rows:
      - {id: few, if: [{at_most: 3}], then: [unaware], because: {en: B., zh: 乙。}}
      - {id: some, if: [{between: [3, 5]}], then: [aware], because: {en: B., zh: 乙。}}
      - {id: many, if: [{more_than: 5}], then: [recognised], because: {en: B., zh: 乙。}}
"""
    (answer,) = [one for one in answers(rules, Kind.CONFLICT) if one.verdict is Verdict.REFUTED]
    assert answer.about == ("interest-by-orders",)
    assert [witness.customer.facts for witness in answer.witnesses] == [{"orders_90d": 3}]


def test_a_rule_against_the_catalogues_constraints_is_dead() -> None:
    """More orders in 90 days than in a year: no possible customer has them."""
    rules = """
rules:
  - {rule: dead, TEXTS, when: {orders_90d: {at_least: 5}, orders_365d: {at_most: 4}}, set: {interest: aware}}
  - {rule: alive, TEXTS, when: {orders_90d: {at_least: 4}, orders_365d: {at_most: 4}}, set: {interest: unaware}}
"""
    assert refuted(rules, Kind.DEAD) == [("dead",)]


def test_a_rule_that_others_always_beat_is_outprioritised() -> None:
    """The narrower rule of lower priority can fire and never win."""
    rules = """
rules:
  - {rule: wide, TEXTS, priority: 2, when: {orders_90d: {at_least: 5}}, set: {interest: aware}}
  - {rule: narrow, TEXTS, priority: 1, when: {orders_90d: {at_least: 6}}, set: {interest: recognised}}
"""
    assert refuted(rules, Kind.DEAD) == []
    assert refuted(rules, Kind.OUTPRIORITISED) == [("narrow", "interest")]


def test_a_rule_whose_members_others_add_is_redundant() -> None:
    """The narrow rule adds nothing to the set; the wide one does."""
    rules = """
rules:
  - {rule: wide, TEXTS, when: {orders_90d: {at_least: 5}}, add: {flags: [silent]}}
  - {rule: narrow, TEXTS, when: {orders_90d: {at_least: 6}}, add: {flags: [silent]}}
"""
    assert refuted(rules, Kind.REDUNDANT_RULE) == [("narrow",)]


def test_a_weaker_condition_beside_a_stronger_one_is_redundant() -> None:
    """The second of the two bounds makes no difference; that a fact is known does, where it decides what is open."""
    rules = """
rules:
  - {rule: both, TEXTS, when: {all: [{orders_90d: {at_least: 5}}, {orders_90d: {at_least: 3}}]}, add: {flags: [silent]}}
  - {rule: settled, TEXTS, when: {all: [{is_key: {known: true}}, {is_key: true}]}, add: {flags: [silent]}}
"""
    assert refuted(rules, Kind.REDUNDANT_CONDITION) == [("both", "2")]


def test_an_invariant_is_refuted_by_the_smallest_customer() -> None:
    """Only what is needed to break it is known of the customer."""
    rules = """
rules:
  - {rule: silent, TEXTS, when: COMPLAINTS, add: {flags: [silent]}}
invariants:
  - {invariant: broken, title: {en: A, zh: 甲}, never: {stage: new, flags: {has: silent}}}
  - {invariant: kept, title: {en: A, zh: 甲}, never: {complaints: {none: {signal: price_high}}, flags: {has: silent}}}
"""
    complaints = "{complaints: {count: {where: {signal: price_high}, at_least: 2}}}"
    found = {one.about: one for one in answers(rules.replace("COMPLAINTS", complaints), Kind.INVARIANT)}
    assert found["kept",].verdict is Verdict.PROVED
    (witness,) = found["broken",].witnesses
    assert witness.customer.facts == {"stage": "new"}
    assert [row.facts for row in witness.customer.rows["complaints"]] == [{"signal": "price_high"}] * 2


def test_monotonicity_is_refuted_by_two_customers() -> None:
    """Alike but for the one fact, the one with more of it ends lower."""
    rules = """
rules:
  - {rule: few, TEXTS, when: {orders_90d: {at_most: 3}}, set: {interest: aware}}
  - {rule: many, TEXTS, when: {orders_90d: {at_least: 7}}, set: {interest: unaware}}
monotonicity:
  - {claim: orders-help, title: {en: A, zh: 甲}, more: [orders_90d, days_in_stage], never_lowers: interest}
  - {claim: orders-cost, title: {en: A, zh: 甲}, more: orders_90d, never_raises: interest}
"""
    found = {one.about: one for one in answers(rules, Kind.MONOTONE)}
    assert [about for about, one in found.items() if one.verdict is Verdict.PROVED] == [
        ("orders-help", "days_in_stage"),
        ("orders-cost", "orders_90d"),
    ]
    less, more = found["orders-help", "orders_90d"].witnesses
    assert str(less.customer.facts["orders_90d"]) in "0123"
    assert int(str(more.customer.facts["orders_90d"])) >= 7
    assert {**less.customer.facts, "orders_90d": 0} == {**more.customer.facts, "orders_90d": 0}


GATES = """
gates:
  - gate: new-to-established
    TEXTS
    from: new
    to: established
    move: up
    precedence: 1
    criteria: [{id: orders, title: {en: A, zh: 甲}, when: {orders_90d: {at_least: 5}}}]
  - gate: established-to-new
    TEXTS
    from: established
    to: new
    move: down
    precedence: 2
    criteria: [{id: orders, title: {en: A, zh: 甲}, when: {orders_90d: {at_most: LIMIT}}}]
""".replace("    TEXTS", "    title: {en: A, zh: 甲}\n    because: {en: B., zh: 乙。}")


def test_gates_whose_grounds_meet_lead_round_in_a_circle() -> None:
    """With five orders the customer goes up and down for ever; with a gap between the thresholds nobody does."""
    (answer,) = answers(GATES.replace("LIMIT", "5"), Kind.CIRCLE)
    assert [witness.shows[0] for witness in answer.witnesses]
    assert {witness.customer.facts["stage"] for witness in answer.witnesses} == {"new", "established"}
    assert refuted(GATES.replace("LIMIT", "4"), Kind.CIRCLE) == []


def test_stages_that_no_gate_leads_to_are_out_of_reach() -> None:
    """From the first stage no gate leads away."""
    assert refuted(GATES.replace("LIMIT", "4"), Kind.REACHABLE) == [("new",), ("established",), ("strategic",)]


def test_a_stage_without_fallback_is_a_gap() -> None:
    """Nobody assesses a stage here, so a customer of whom none is recorded has none."""
    assert refuted(GATES.replace("LIMIT", "4"), Kind.GAP) == [("stage",), ("proposed_stage",)]


def test_questions_asked_side_by_side_get_the_same_answers() -> None:
    """Two processes answer what one answers."""
    rule = "  - {rule: r%d, TEXTS, when: {orders_90d: {at_least: %d}, orders_365d: 9}, add: {flags: [silent]}}"
    pack = pack_of("\n".join(["rules:", *(rule % (number, number) for number in range(20))]))
    asked = list(Questions(pack, compile_pack(pack)).all([Kind.DEAD]))
    alone = {one.about: one.verdict for one in ask_all(asked, 1)}
    assert {one.about: one.verdict for one in ask_all(asked, 2)} == alone
    assert list(alone.values()).count(Verdict.REFUTED) == 10


def test_a_witness_names_what_a_case_may_give() -> None:
    """Of a text that names actions a witness holds an id of the pack, so that it can be pasted as a case."""
    rules = """
actions:
  - {action: send-letter, title: {en: A, zh: 甲}, family: letter, phase: before, owner: seller, days: 7}
rules:
  - {rule: other, TEXTS, when: {complaints: {any: {answered_by: {is_not: visit-customer}}}}, add: {flags: [silent]}}
"""
    (answer,) = [one for one in answers(rules, Kind.DEAD) if one.about == ("other",)]
    rows = [row.facts for row in answer.witnesses[0].customer.rows["complaints"]]
    assert {"answered_by": "send-letter"} in rows
    assert {row["answered_by"] for row in rows if row} <= {"send-letter", "visit-customer"}


@pytest.mark.parametrize("rows", ["never", "beginning", "{from: 2024-01-01, to: 2024-06-01}"])
def test_a_witness_can_be_pasted_as_a_case(rows: str) -> None:
    """What is printed of a customer is read back as the same customer."""
    pack = pack_of("rules: []")
    text = f"""cases:
  - case: possible
    as_of: 2024-06-30
    facts: {{stage: new, credit_used: 3.50, is_key: false, region: "no", last_contact_on: 2024-06-01}}
    rows:
      complaints:
        - {{row: "1", signal: price_high, note: "say \\"no\\": 10:30"}}
    recorded: {{complaints: {rows}, needs: 2024-01-01}}
    expect: {{}}
"""
    (case,) = cases_from_text(text, pack)
    again = f"cases:\n  - case: possible\n{case_text(case.facts, '    ')}\n    expect: {{}}\n"
    assert cases_from_text(again, pack)[0].facts == case.facts
