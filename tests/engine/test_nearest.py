"""What is missing for another conclusion: the nearest rule, what it lacks, what blocks it, when it comes by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from random import Random

import pytest

from engine.compile import compile_pack
from engine.derivation import Deriver, Kind, Node, named
from engine.load import pack_from_texts
from engine.model import Not, Pack, Test, facts_of
from engine.nearest import why_not
from engine.passing import day_it_passes
from engine.plan import Plan
from engine.program import Single
from engine.snapshot import CustomerFacts, Row
from engine.truths import Truths
from engine.vocabulary import BEGINNING, FactKey, Value
from engine.ways import Missing, Way
from tests.engine.test_derivation import derive
from tests.generators import random_customers, random_pack
from tests.generators.facts import values_of
from tests.profiles import count

AS_OF = date(2024, 6, 30)
CATALOGUE = """
enums:
  stage:
    title: {en: Stage, zh: 阶段}
    members:
      new: {en: new customer, zh: 新客户}
      established: {en: established customer, zh: 老客户}
      core: {en: core customer, zh: 核心客户}
      exited: {en: exited customer, zh: 退出客户}
  move:
    title: {en: Move, zh: 变动}
    members: {stay: {en: stay, zh: 保持}, up: {en: up, zh: 升级}, aside: {en: aside, zh: 转出}}
  value: {title: {en: Value, zh: 价值}, members: {brand: {en: brand, zh: 品牌}, product: {en: product, zh: 产品}}}
  action_family: {title: {en: Family, zh: 类}, members: {visit: {en: visit, zh: 拜访}}}
  phase: {title: {en: Phase, zh: 阶段}, members: {in: {en: in, zh: 中}}}
  speaker_role: {title: {en: Role, zh: 角色}, members: {seller: {en: seller, zh: 销售}}}
facts:
  stage: {type: category, enum: stage, origin: remembered, title: {en: Stage, zh: 阶段}}
  proposed_stage: {type: category, enum: stage, origin: derived, falls_back_to: stage, title: {en: Proposal, zh: 建议}}
  move: {type: category, enum: move, origin: derived, default: stay, title: {en: Move, zh: 变动}}
  value_next: {type: category, enum: value, origin: derived, title: {en: Value next, zh: 价值}}
  days_in_stage:
    {type: integer, unit: day, title: {en: Days, zh: 天数}, change: {by: time, direction: up, cost: low}}
  visited_on: {type: date, title: {en: Visited on, zh: 拜访日期}}
  orders: {type: integer, title: {en: Orders, zh: 订单数}}
  wish: {type: flag, title: {en: Wish, zh: 意愿}}
  leaving: {type: flag, title: {en: Leaving, zh: 流失}}
  loyal: {type: flag, origin: derived, default: false, title: {en: Loyal, zh: 忠诚}}
collections:
  complaints:
    title: {en: Complaints, zh: 投诉}
    kind: register
    facts:
      open: {type: flag, title: {en: Open, zh: 未解决}, change: {by: us, direction: up, cost: low}}
      severe: {type: flag, title: {en: Severe, zh: 严重}}
"""
PACK = """
pack: small
version: 1.0.0
title: {en: Small, zh: 小}
shows: {value: value_next}
"""
RULES = """
rules:
  - rule: loyal
    title: {en: Loyal, zh: 忠诚}
    because: {en: Orders and wishes., zh: 有订单有意愿。}
    when: {orders: {at_least: 10}, wish: true}
    set: {loyal: true}
  - rule: visit-severe
    title: {en: Visit after a complaint, zh: 投诉后拜访}
    because: {en: A severe complaint is open., zh: 严重投诉未解决。}
    each: complaints
    when: {open: true, severe: true}
    advise: [visit]
actions:
  - {action: visit, title: {en: Visit, zh: 拜访}, family: visit, phase: in, owner: seller, days: 3}
gates:
  - gate: new-to-established
    title: {en: Up, zh: 升级}
    because: {en: Long enough., zh: 时间足够。}
    from: new
    to: established
    move: up
    precedence: 20
    criteria:
      - {id: days, title: {en: Days, zh: 天数}, when: {days_in_stage: {at_least: 60}}}
      - {id: rest, title: {en: Rest, zh: 间隔}, when: {not: {visited_on: {within_days: 10}}}}
  - gate: established-to-core
    title: {en: Up again, zh: 再升级}
    because: {en: Loyal., zh: 忠诚。}
    from: established
    to: core
    move: up
    precedence: 20
    criteria:
      - {id: loyal, title: {en: Loyal, zh: 忠诚}, when: {loyal: true}}
  - gate: to-exited
    title: {en: Leaves, zh: 退出}
    because: {en: Leaving., zh: 流失。}
    from: [new, established, core]
    to: exited
    move: aside
    precedence: 50
    criteria:
      - {id: leaving, title: {en: Leaving, zh: 流失}, when: {leaving: true}}
scorecards:
  - scorecard: next
    title: {en: Next, zh: 下一步}
    candidates: [brand, product]
    chooses: value_next
    points:
      - {rule: always, for: [brand], points: 20, when: {}, because: {en: Always., zh: 总是。}}
      - {rule: base, for: [product], points: 5, when: {}, because: {en: Base., zh: 基础。}}
      - {rule: much, for: [product], points: 30, when: {orders: {at_least: 5}}, because: {en: Much., zh: 很多。}}
      - {rule: some, for: [product], points: 4, when: {wish: true}, because: {en: Some., zh: 一些。}}
      - {rule: drag, for: [product], points: -3, when: {stage: new}, because: {en: Drag., zh: 拖累。}}
"""
PROPOSED = FactKey(None, "proposed_stage")


@pytest.fixture(scope="module")
def pack() -> Pack:
    """Return a small pack."""
    return pack_from_texts({"catalog.yaml": CATALOGUE, "pack.yaml": PACK, "rules.yaml": RULES})


def ask(pack: Pack, facts: dict[str, Value], complaints: list[Row] | None = None) -> Deriver:
    """Decide on these facts and return what derives the conclusions."""
    rows = {} if complaints is None else {"complaints": tuple(complaints)}
    recorded = {} if complaints is None else {"complaints": (BEGINNING, None)}
    return derive(pack, CustomerFacts("C-1", AS_OF, facts, rows, recorded))


def test_what_is_reached_needs_nothing(pack: Pack) -> None:
    """What the decision says already has no ways to it."""
    found = why_not(ask(pack, {"stage": "new"}), PROPOSED, "new")
    assert (found.reached, found.ways) == (True, ())


def test_time_alone_leads_there(pack: Pack) -> None:
    """Where all that is missing passes by itself, the last of its days is named."""
    found = why_not(ask(pack, {"stage": "new", "days_in_stage": 55, "visited_on": AS_OF}), PROPOSED, "established")
    (way,) = found.ways
    assert [one.passes_on for one in way.missing] == [date(2024, 7, 5), date(2024, 7, 11)]
    assert way.passes_on == date(2024, 7, 11)


def test_time_does_not_lead_past_a_rule_that_comes_first(pack: Pack) -> None:
    """A fired gate of higher precedence is named, and no day is promised."""
    facts: dict[str, Value] = {"stage": "new", "days_in_stage": 55, "visited_on": date(2024, 1, 1), "leaving": True}
    (way,) = why_not(ask(pack, facts), PROPOSED, "established").ways
    assert [(one.rule, one.value, one.priority) for one in way.blockers] == [("to-exited", "exited", 50)]
    assert (way.priority, way.passes_on, way.distance) == (20, None, 2)


def test_the_present_stage_returns_once_nothing_says_otherwise(pack: Pack) -> None:
    """What holds without rules has the fired rule as its only obstacle."""
    (way,) = why_not(ask(pack, {"stage": "new", "leaving": True}), PROPOSED, "new").ways
    assert (way.rule, way.missing, [one.rule for one in way.blockers]) == ("", (), ["to-exited"])


def test_a_conclusion_is_followed_to_the_rule_that_would_give_it(pack: Pack) -> None:
    """A test of what rules conclude shows the nearest rule, whose missing tests count."""
    (way,) = why_not(ask(pack, {"stage": "established", "orders": 3}), PROPOSED, "core").ways
    (missing,) = way.missing
    assert (missing.criterion, missing.way and missing.way.rule) == ("established-to-core#loyal", "loyal")
    assert missing.way is not None
    assert [(str(one.condition.fact), one.value) for one in missing.way.missing if isinstance(one.condition, Test)] == [
        ("orders", 3),
        ("wish", None),
    ]
    assert way.distance == 2


def test_a_far_stage_is_reached_step_by_step(pack: Pack) -> None:
    """Where no gate leads there, the stages on the way are named, and what is missing for the next one."""
    far = why_not(ask(pack, {"stage": "new", "days_in_stage": 1}), PROPOSED, "core")
    assert (far.through, far.step, [way.rule for way in far.ways]) == (
        ("established", "core"),
        "established",
        ["new-to-established"],
    )
    facts: dict[str, Value] = {"stage": "new", "days_in_stage": 90, "visited_on": date(2024, 1, 1)}
    nearer = why_not(ask(pack, facts), PROPOSED, "core")
    assert (nearer.step, [way.rule for way in nearer.ways]) == ("core", ["established-to-core"])


def test_a_value_shows_the_points_that_it_is_behind(pack: Pack) -> None:
    """Rules that would decide come first; those that take points away are named."""
    found = why_not(ask(pack, {"stage": "new"}), FactKey(None, "value_next"), "product")
    assert found.standing is not None
    assert (found.standing.points, found.standing.leader, found.standing.gap) == (Decimal(2), "brand", Decimal(18))
    assert found.standing.drags == (("next#drag@product", Decimal(-3)),)
    assert [(way.rule, way.points, way.enough) for way in found.ways] == [
        ("next#much@product", Decimal(30), True),
        ("next#some@product", Decimal(4), False),
    ]


@pytest.mark.parametrize(
    ("complaints", "row", "about"),
    [
        (
            [Row("1", {"open": False, "severe": True}), Row("2", {"open": True, "severe": False})],
            "1",
            "complaints.open",
        ),
        ([Row("2", {"open": True, "severe": False})], "", "complaints"),
        ([], "", "complaints"),
    ],
)
def test_an_action_of_rows_looks_for_the_nearest_row(pack: Pack, complaints: list[Row], row: str, about: str) -> None:
    """The row that can still come to it is named; if what it lacks never changes, another record would be needed."""
    (way,) = why_not(ask(pack, {"stage": "new"}, complaints), FactKey(None, "advised"), "visit").ways
    (missing,) = way.missing
    condition = missing.condition
    assert (way.row, str(condition.fact) if isinstance(condition, Test) else condition.collection) == (row, about)


@pytest.mark.parametrize(
    ("written", "wanted", "day"),
    [
        ("within_days: 10", True, None),
        ("within_days: 10", False, timedelta(6)),
        ("due_within_days: 10", True, None),
    ],
)
def test_the_day_is_the_first_on_which_the_test_passes(written: str, wanted: bool, day: timedelta) -> None:
    """The plan confirms each named day: the test comes out as wanted on it, and not on the day before."""
    rules = RULES.replace("visited_on: {within_days: 10}", f"visited_on: {{{written}}}")
    changed = pack_from_texts({"catalog.yaml": CATALOGUE, "pack.yaml": PACK, "rules.yaml": rules})
    when = changed.gates[0].criteria[1].when
    assert isinstance(when, Not)
    test = when.item
    assert isinstance(test, Test)
    visited = AS_OF - timedelta(5)
    found = day_it_passes(changed.vocabulary.facts[test.fact], test, visited, wanted, AS_OF)
    assert found == (None if day is None else AS_OF + day)
    if found is not None:
        for offset, comes_out in ((-1, not wanted), (0, wanted)):
            customer = CustomerFacts("C-1", found + timedelta(offset), {"visited_on": visited})
            assert Truths(Plan(compile_pack(changed)), customer).of(test) is comes_out


def test_no_day_is_named_beyond_the_last() -> None:
    """What would pass after more days than there are, time alone does not do."""
    days = "{type: integer, unit: day, change: {by: time, direction: up}, title: {en: Days, zh: 天数}}"
    said = "title: {en: A, zh: 甲}, because: {en: B., zh: 乙。}"
    rule = f"{{rule: a, {said}, when: {{days: {{at_least: 10000000}}}}, set: {{old: true}}}}"
    old = "{type: flag, origin: derived, title: {en: Old, zh: 旧}}"
    texts = {
        "catalog.yaml": f"facts: {{days: {days}, old: {old}}}",
        "pack.yaml": "{pack: old, version: 1.0.0, title: {en: Old, zh: 旧}}",
        "rules.yaml": f"rules: [{rule}]",
    }
    pack = pack_from_texts(texts)
    test = pack.rules[0].when
    assert isinstance(test, Test)
    fact = pack.vocabulary.facts[test.fact]
    assert day_it_passes(fact, test, 5, True, AS_OF) is None
    assert day_it_passes(fact, test, 9_999_999, True, AS_OF) == AS_OF + timedelta(1)


# --- generated packs ---


def settable(deriver: Deriver, way: Way) -> dict[FactKey, list[Value]] | None:
    """Return the recorded facts that a way asks to be others, with values to try; None if it asks for anything else."""
    tests = [one.condition for one in way.missing]
    if way.row or any(one.instead for one in way.missing) or not all(isinstance(test, Test) for test in tests):
        return None
    keys = {key for test in tests if isinstance(test, Test) for key in facts_of(test)}
    if any(key.scope or key in deriver.resolutions for key in keys):
        return None
    return {key: options_of(deriver, key) for key in keys}


def options_of(deriver: Deriver, key: FactKey) -> list[Value]:
    """Return the values that generated customers have of a fact."""
    fact = deriver.program.fact(key)
    return list(deriver.pack.vocabulary.enum_of(fact).members if fact.enum else values_of(fact))


def tried(deriver: Deriver, way: Way, options: dict[FactKey, list[Value]]) -> CustomerFacts | None:
    """Return the customer with what is missing as it is needed, or None if none of the values does that."""
    fitting = [
        [value for value in values if all_as_needed(with_facts(deriver, {key: value}), deriver, about_alone(way, key))]
        for key, values in options.items()
    ]  # so that few of the combinations are left: an enum may have a hundred members
    for values in product(*fitting):
        customer = with_facts(deriver, dict(zip(options, values, strict=True)))
        if all_as_needed(customer, deriver, way.missing):
            return customer
    return None


def about_alone(way: Way, key: FactKey) -> list[Missing]:
    """Return what a way lacks of one fact without any other."""
    return [one for one in way.missing if isinstance(one.condition, Test) and set(facts_of(one.condition)) == {key}]


def with_facts(deriver: Deriver, facts: dict[FactKey, Value]) -> CustomerFacts:
    """Return the customer with some facts as said."""
    changed = {key.name: value for key, value in facts.items()}
    return replace(deriver.customer, facts={**deriver.customer.facts, **changed})


def all_as_needed(customer: CustomerFacts, deriver: Deriver, missing: Iterable[Missing]) -> bool:
    """Whether tests come out for a customer as a way needs them."""
    truths = Truths(deriver.plan, customer)
    return all(truths.of(one.condition) is one.wanted for one in missing)


@pytest.mark.parametrize("seed", range(count(quick=40, ci=50, long=2_000)))
def test_what_is_missing_is_all_that_is_missing(seed: int) -> None:
    """With what the nearest way lacks, its rule fires and gives what is wanted, unless a named rule comes first."""
    rng = Random(seed)
    pack = random_pack(rng)
    for customer in random_customers(rng, pack, 3):
        deriver = derive(pack, customer)
        for resolution in deriver.program.resolutions:
            if not isinstance(resolution, Single) or resolution.fact.scope is not None:
                continue
            key = resolution.fact
            for wanted in {deriver.decoded(key, entry.value) for entry in resolution.entries}:
                for way in [one for one in why_not(deriver, key, wanted).ways if one.rule and not one.begins][:1]:
                    check(pack, deriver, key, way)


def check(pack: Pack, deriver: Deriver, key: FactKey, way: Way) -> None:
    """Make true what a way lacks, and look whether its rule fires and wins."""
    options = settable(deriver, way)
    changed = tried(deriver, way, options) if options is not None else None
    if changed is None or options is None:
        return
    decision = Plan(deriver.program).decide(changed)
    again = Deriver(pack, deriver.plan, changed, decision)
    others = {str(name) for name in options}
    if (way.rule, "") not in again.fired:  # what was as it is needed no longer is: it hangs on the same facts
        both = zip(parts_of(deriver.rule(way.rule)), parts_of(again.rule(way.rule)), strict=True)
        lost = [test for (test, was_right), (_, is_right) in both if was_right and not is_right]
        assert others & {name for test in lost for name in named(test)}
        return
    if decision.values.get(key.name) != way.value:
        (same,) = [one for one in why_not(again, key, way.value).ways if one.rule == way.rule]
        assert same.blockers


def parts_of(node: Node, wanted: bool = True) -> Iterator[tuple[Node, bool]]:
    """Yield the tests of a rule, each with whether it is as the rule needs it."""
    if node.kind in (Kind.TEST, Kind.ROWS):
        yield node, node.truth is wanted
        return
    for part in node.because:
        yield from parts_of(part, wanted is not (node.kind is Kind.NOT))
