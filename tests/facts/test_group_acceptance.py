"""What customers like one accept: counted by hand, the same for one customer and for the whole base."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from facts.acceptance import Weights
from facts.customer_facts import customer_facts
from facts.feature_database import prepared_base
from facts.group_acceptance import Judged, acceptance_in
from facts.portfolio import with_portfolio
from facts.snapshot import portfolio_facts
from tests.facts.base_tables import AS_OF, BASE_CURRENCY, ago, base_of, catalogue, snapshot_of

JUDGED = Judged(look_back_days=365, weights=Weights(least_heard=5, prior_heard=4, interval=90))
CUSTOMERS = [{"key": key, "name": key, "industry": industry} for key, industry in
             {"a": "food", "b": "food", "c": "metal", "d": "metal", "e": None}.items()]  # fmt: skip
STAGES = [{"key": key, "customer": key, "stage": stage, "holds_from": ago(300)} for key, stage in
          {"a": "new", "b": "new", "c": "new", "d": "core"}.items()]  # fmt: skip


def talks(customer: str, kind: str, *outcomes: str | None, days: int = 100) -> list[dict[str, Any]]:
    """Return communications of a kind of value with these outcomes."""
    said = {"customer": customer, "value_kind": kind, "medium": "visit", "holds_from": ago(days)}
    return [
        {**said, "key": f"{customer}/{kind}/{days}/{number}", "outcome": outcome, "heard_on": outcome and ago(days - 5)}
        for number, outcome in enumerate(outcomes)
    ]


YES, NO = "accepted", "rejected"
TALKS = [
    *talks("a", "brand", YES, YES, YES, YES, YES),  # enough for brand × new × food
    *talks("c", "brand", NO, NO, NO, NO, None),  # not for brand × new × metal, but for brand × new
    *talks("c", "people", YES, YES, NO, NO),  # not for people at all
    *talks("d", "people", NO, days=366),  # too long ago
]


def tables(**more: Any) -> dict[str, Any]:
    """Return the rows above, and others."""
    return {"customers": CUSTOMERS, "stage_history": STAGES, "communications": TALKS, **more}


def found_in(given: dict[str, Any]) -> pa.Table:
    """Return what is found in a base."""
    with prepared_base(base_of(**given), AS_OF, BASE_CURRENCY) as database:
        return acceptance_in(database, JUDGED).to_arrow_table()


def acceptance(**more: Any) -> dict[str, str]:
    """Return what is found for each customer."""
    found = found_in(tables(**more))
    return {row["customer"]: row["acceptance"] for row in found.to_pylist()}


def test_the_narrowest_group_with_enough_evidence_speaks() -> None:
    """Stage and segment first, then the stage, then the kind of value as a whole; of `people` too little was heard."""
    # All: 7 of 13. Of `brand`, 5 of 9, the prior is that of 2 of 4: Beta(3, 3), weight 6 * 4 / 11 = 24/11 at 1/2.
    # So 5 + 12/11 of 9 + 24/11: 54 %. `brand` × new has no others beside it, 14: prior 24/11 * 4 / (24/11 + 5), at 1/2.
    found = acceptance()
    assert found["b"] == found["a"]  # of the same group, though nothing was ever conveyed to `b`
    brand_new = (5 + (24 / 11 * 4 / (24 / 11 + 5)) / 2) / (9 + 24 / 11 * 4 / (24 / 11 + 5))
    assert found["c"] == f"brand:{round(100 * brand_new)}"  # four heard in its own group: all new customers speak
    assert found["d"] == "brand:54"  # nobody told the brand to core customers: the kind of value speaks
    assert found["e"] == "brand:54"
    assert int(found["a"].removeprefix("brand:")) > 54
    five = acceptance(communications=[*TALKS, *talks("d", "people", NO)])
    assert sorted(part.partition(":")[0] for part in five["b"].split(",")) == ["brand", "people"]


def test_one_customer_and_the_whole_base_have_the_same_facts() -> None:
    """What a run found returns in one customer's facts and in everybody's columns; what it did not stays unknown."""
    given = tables()
    found = portfolio_facts(snapshot_of(**given), acceptance=found_in(given))
    whole = with_portfolio(snapshot_of(**given), found)
    published = found.append_column("run", pa.array([1] * len(found), pa.int64()))
    for each in whole.each():
        base = base_of(**{**given, "customers": [row for row in CUSTOMERS if row["key"] == each.customer]})
        base["portfolio"] = published.filter(pa.compute.equal(published["customer"], each.customer)).select(
            base["portfolio"].column_names if "portfolio" in base else ["run", *found.column_names]
        )
        alone = customer_facts(base, catalogue(), AS_OF, base_currency=BASE_CURRENCY).facts
        assert alone["group_acceptance.brand"] == each.facts["group_acceptance.brand"]
        assert "group_acceptance.people" not in alone
        assert "group_acceptance.people" not in each.facts


def test_a_run_that_did_not_look_at_it_leaves_it_unknown() -> None:
    """What earlier versions published has no such column; its customers simply have no such fact."""
    snapshot = snapshot_of(**tables())
    older = portfolio_facts(snapshot).drop_columns(["acceptance"])
    assert [name for each in with_portfolio(snapshot, older).each() for name in each.facts if "group" in name] == []


def test_without_evidence_nothing_is_said() -> None:
    """A base in which nothing was heard has no shares, not shares of nought."""
    assert acceptance(communications=talks("a", "brand", None, None)) == {}
