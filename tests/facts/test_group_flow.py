"""What became of customers like one, and its account manager's problem customers: counted by hand."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from facts.customer_facts import customer_facts
from facts.feature_database import prepared_base
from facts.group_flow import Flow, flow_in
from facts.portfolio import with_portfolio
from facts.snapshot import portfolio_facts
from tests.facts.base_tables import AS_OF, BASE_CURRENCY, ago, base_of, catalogue, snapshot_of

WANTED = Flow(flow_days=365, flow_least=3)
NAMES = (
    "manager_customers",
    "manager_problems",
    "manager_problem_share",
    "group_customers",
    "group_moved_up",
    "group_fell_back",
)

# Key: industry, account manager, and the stages confirmed so and so many days ago.
BASE: dict[str, tuple[str, str | None, dict[int, str]]] = {
    "f1": ("food", "ana", {500: "new"}),  # stayed
    "f2": ("food", "ana", {500: "new", 100: "established"}),  # moved up
    "f3": ("food", "ana", {500: "new", 100: "problem"}),  # fell beside the ladder
    "f4": ("food", "ana", {365: "new", 200: "core"}),  # stood there on the first day of the look-back
    "f5": ("food", "bo", {364: "new"}),  # came a day later
    "m1": ("metal", "bo", {800: "established", 400: "new", 0: "target"}),  # fell back; two metal customers are too few
    "m2": ("metal", "bo", {500: "new", 20: "strategic"}),
    "m3": ("metal", None, {900: "problem", 300: "new"}),  # did not stand on the ladder then
    "m4": ("metal", "bo", {}),  # no stage is known
}


def tables() -> dict[str, Any]:
    """Return the base above as rows; a stage ends when the next one begins."""
    customers = [
        {"key": key, "name": key, "industry": industry, "account_manager": manager}
        for key, (industry, manager, _) in BASE.items()
    ]
    stages = [
        {
            "key": key,
            "customer": key,
            "stage": stage,
            "holds_from": ago(days),
            "holds_until": next((ago(later) for later in stood if later < days), None),
            "is_current": days == min(stood),
        }
        for key, (_, _, stood) in BASE.items()
        for days, stage in stood.items()
    ]
    return {"customers": customers, "stage_history": stages}


def found_in(given: dict[str, Any], wanted: Flow) -> pa.Table:
    """Return what is found in a base."""
    with prepared_base(base_of(**given), AS_OF, BASE_CURRENCY) as database:
        return flow_in(database, wanted).to_arrow_table()


def flow(wanted: Flow = WANTED) -> dict[str, tuple[int | None, ...]]:
    """Return what is found for each customer, without its name."""
    found = found_in(tables(), wanted)
    return {row.pop("customer"): tuple(row.values()) for row in found.to_pylist()}


def test_counts_are_of_those_who_stood_there_and_of_the_manager() -> None:
    """The segment speaks where enough stood in it, else the stage; only confirmed stages count."""
    found = flow()
    ana, bo = (4, 1), (3, 0)
    assert found == {
        "f1": (*ana, 4, 2, 1),
        "f2": (*ana, None, None, None),  # nobody stood at established
        "f3": (*ana, None, None, None),
        "f4": (*ana, None, None, None),
        "f5": (*bo, 4, 2, 1),
        "m1": (*bo, None, None, None),
        "m2": (*bo, None, None, None),
        "m3": (None, None, 6, 3, 2),  # two of metal are too few: all who were new
        "m4": (*bo, None, None, None),
    }
    assert flow(Flow(flow_days=365, flow_least=2))["m3"] == (None, None, 2, 1, 1)
    assert flow(Flow(flow_days=365, flow_least=7))["f1"] == (*ana, None, None, None)
    assert flow(Flow(flow_days=100, flow_least=3))["f1"] == (4, 1, 5, 1, 1)


def test_one_customer_and_the_whole_base_have_the_same_facts() -> None:
    """What a run found returns in one customer's facts and in everybody's columns, as shares in per cent."""
    given = tables()
    flowed = found_in(given, WANTED)
    found = portfolio_facts(snapshot_of(**given), flow=flowed)
    whole = with_portfolio(snapshot_of(**given), found)
    published = found.append_column("run", pa.array([1] * len(found), pa.int64()))
    shown = {}
    for each in whole.each():
        base = base_of(**{**given, "customers": [row for row in given["customers"] if row["key"] == each.customer]})
        one = published.filter(pc.equal(published["customer"], each.customer))
        base["portfolio"] = one.select(["run", *found.column_names])
        alone = customer_facts(base, catalogue(), AS_OF, base_currency=BASE_CURRENCY).facts
        assert [alone.get(name) for name in NAMES] == [each.facts.get(name) for name in NAMES]
        shown[each.customer] = [alone.get(name) if name in alone else None for name in NAMES]
    assert [str(value) for value in shown["f1"]] == ["4", "1", "25.0", "4", "50", "25"]
    assert [str(value) for value in shown["m3"]] == ["None", "None", "None", "6", "50", "33"]
