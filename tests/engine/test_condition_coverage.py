"""What cases see of the tests that conditions are made of: the sides, the nearest values, and who asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.cases import cases_from_text
from engine.compile import compile_pack
from engine.condition_coverage import Seen, condition_coverage
from engine.load import pack_from_texts
from engine.model import Pack, SetFact, Status
from engine.mutation.mutants import Mistake, Mutants
from engine.written import written
from tests.engine.sample import sample_pack, sample_texts

TEXT = "{en: a, zh: b}"
MANIFEST = f"{{pack: small, version: 1.0.0, title: {TEXT}}}"
CASES = """
cases:
  - case: A new customer complains
    as_of: 2024-06-30
    facts:
      {stage: new, days_in_stage: 119, last_contact_on: 2024-06-10, contract_ends_on: 2024-07-30, is_key: true,
      perception.product: aware}
    rows:
      complaints: [{raised_on: 2024-06-01, signal: price_high}, {raised_on: 2024-06-02, signal: product_quality}]
    expect: {}
  - case: A strategic partner waits
    as_of: 2025-06-30
    facts:
      {stage: strategic, days_in_stage: 125, last_contact_on: 2025-05-30, contract_ends_on: 2025-08-30, is_key: true}
    rows: {complaints: [{raised_on: 2025-06-01}]}
    expect: {}
  - case: Another customer waits
    as_of: 2025-06-30
    facts: {stage: established, days_in_stage: 40, last_contact_on: 2025-06-04, contract_ends_on: 2025-12-30}
    expect: {}
"""


def active() -> Pack:
    """Return the sample whose rule `new-and-silent`, which asks everything once, takes part in decisions."""
    pack = sample_pack()
    first, *others = pack.rules
    only = tuple(one for one in first.conclusions if isinstance(one, SetFact))
    return replace(pack, rules=(replace(first, status=Status.ACTIVE, conclusions=only), *others))


def seen() -> dict[str, Seen]:
    """Return what the cases see, by test."""
    pack = active()
    return {one.test: one for one in condition_coverage(pack, compile_pack(pack), cases_from_text(CASES, pack))}


SAID = {
    "4 × credit_limit at_least 5 × credit_used": "4 × credit_limit less_than 5 × credit_used",
    "advised has visit-customer": "advised has_none visit-customer",
    "complaints sum of cost {raised_on within_days 90} at_least 10.51": (
        "complaints sum of cost {raised_on within_days 90} less_than 10.51"
    ),
    "complaints.signal is price_high": "complaints.signal is_not price_high",
    "contract_ends_on due_within_days 60": "not contract_ends_on due_within_days 60",
    "days_in_stage at_least 120": "days_in_stage less_than 120",
    "days_in_stage known true": "days_in_stage known false",
    "is_key is true": "is_key is_not true",
    "last_contact_on within_days 30": "not last_contact_on within_days 30",
    "needs any {tier one_of [core, additional]}": "needs none {tier one_of [core, additional]}",
    "needs count {kind is quality} at_least 3": "needs count {kind is quality} less_than 3",
    "orders_365d at_least orders_90d": "orders_365d less_than orders_90d",
    "perception.product at_least recognised": "perception.product less_than recognised",
    "region one_of [north, south]": "region none_of [north, south]",
}


def test_every_kind_of_test_is_said_in_the_words_of_the_language() -> None:
    """A test and its negation read as a rule author would write them, with the values that parameters have."""
    program = compile_pack(active())
    said = {written(program, index): written(program, index, positive=False) for index in range(len(program.leaves))}
    assert {test: said.get(test) for test in SAID} == SAID


def test_conditions_on_rows_are_said_with_the_names_of_row_and_customer() -> None:
    """Within a test of rows their facts go by name, the customer's with `customer.`; alternatives stand in brackets."""
    when = (
        "{needs: {any: {customer.stage: new, any: [{kind: {is_not: quality}}, {not: {tier: {known: true}}}]}}, "
        "orders_90d: {is: {fact: orders_365d}}}"
    )
    rule = f"rules: [{{rule: r, title: {TEXT}, because: {TEXT}, when: {when}, set: {{interest: aware}}}}]"
    program = compile_pack(pack_from_texts({**sample_texts("catalog.yaml"), "pack.yaml": MANIFEST, "rules.yaml": rule}))
    assert {written(program, index) for index in range(len(program.leaves))} >= {
        "needs any {customer.stage is new, any [kind is_not quality; tier known false]}",
        "orders_90d is orders_365d",
    }


def test_a_test_is_seen_on_a_side_where_a_case_makes_it_true_or_false() -> None:
    """A row's test counts for its customer's case; cases of several days count together; unknown counts apart."""
    signal = seen()["complaints.signal is price_high"]
    assert signal.true == signal.false == ("A new customer complains",)
    assert (signal.unknown, signal.missing) == (("A strategic partner waits",), ())
    stage = seen()["stage is new"]
    assert (stage.true, stage.false) == (
        ("A new customer complains",),
        ("A strategic partner waits", "Another customer waits"),
    )
    key = seen()["is_key is true"]
    assert (key.false, key.unknown, key.missing) == ((), ("Another customer waits",), (False,))


def test_the_values_nearest_to_a_threshold_are_found_on_either_side() -> None:
    """Of numbers and levels the fact's own value, of dates the days from the as-of day."""
    found = {test: (one.nearest_true, one.nearest_false) for test, one in seen().items() if one.is_threshold}
    assert found["days_in_stage at_least 120"] == (125, 119)
    assert found["last_contact_on within_days 30"] == (26, 31)
    assert found["contract_ends_on due_within_days 60"] == (30, 61)
    assert found["perception.product at_least recognised"] == (None, "aware")
    assert found["needs count {kind is quality} at_least 3"] == (None, None)


def test_who_asks_is_named_with_its_place() -> None:
    """A gate's test is named after the criterion, what is left after the gate; a restricted candidate asks too."""
    asking = {test: [(use.id, use.at.line) for use in one.uses] for test, one in seen().items()}
    assert ("new-to-established: product-recognised", 78) in asking["perception.product at_least recognised"]
    assert "new-to-established" not in dict(asking["perception.product at_least recognised"])
    assert "new-to-established" in dict(asking["stage is new"])
    assert dict(asking["perception.people known true"]) == {"value-next@people": 90}


def test_what_only_an_invariant_asks_lacks_no_side() -> None:
    """What must never be is in no case, and that is no gap; what rules ask as well is expected on both sides."""
    pack = sample_pack()
    found = {one.test: one for one in condition_coverage(pack, compile_pack(pack), ())}
    watched, asked = found["advised has visit-customer"], found["stage is new"]
    assert [use.id for use in watched.watched_by] == ["no-visit"]
    assert (watched.true, watched.uses, watched.missing) == ((), (), ())
    assert (asked.true, asked.missing) == ((), (True, False))


@pytest.mark.parametrize("test", ["perception.product more_than recognised", "last_contact_on more_than 9999-12-31"])
def test_what_is_above_the_highest_is_said_as_the_language_says_it(test: str) -> None:
    """Nobody is above the highest level, and no day after the last; a rule may ask for it all the same."""
    fact, op, highest = test.split()
    rules = f"""
rules:
  - rule: beyond
    title: {TEXT}
    because: {TEXT}
    when: {{{fact}: {{{op}: {highest}}}}}
    add: {{flags: [silent]}}
"""
    program = compile_pack(pack_from_texts({**sample_texts("catalog.yaml"), "pack.yaml": MANIFEST, "r.yaml": rules}))
    (leaf,) = range(len(program.leaves))
    assert written(program, leaf) == test
    assert {mutant.mistake for mutant in Mutants(program).all} >= {Mistake.FLIPPED, Mistake.REMOVED}
    assert written(program, leaf, positive=False) == f"{fact} at_most {highest}"
