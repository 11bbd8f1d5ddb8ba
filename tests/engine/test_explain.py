"""Reasons, standing criteria and questions of one decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from engine.compile import compile_pack
from engine.decision import State
from engine.errors import Location
from engine.explain import Explainer
from engine.load import pack_from_texts
from engine.model import All, Constant, Not, Op, Pack, Test
from engine.plan import Plan
from engine.snapshot import CustomerFacts, Row
from engine.vocabulary import BEGINNING, FactKey, Value
from engine.wording import Wording

AT = Location("rules.yaml")
CATALOGUE = """
enums:
  stage:
    title: {en: Stage, zh: 阶段}
    members: {new: {en: new customer, zh: 新客户}, core: {en: core customer, zh: 核心客户}}
  move: {title: {en: Move, zh: 变动}, members: {stay: {en: stay, zh: 保持}, up: {en: up, zh: 升级}}}
  contact_role: {title: {en: Role, zh: 角色}, members: {buyer: {en: buyer, zh: 采购}}}
  risk: {title: {en: Risk, zh: 风险}, members: {low: {en: low, zh: 低}, high: {en: high, zh: 高}}}
facts:
  stage: {type: category, enum: stage, origin: remembered, title: {en: Stage, zh: 阶段}}
  proposed_stage: {type: category, enum: stage, origin: derived, falls_back_to: stage, title: {en: Proposal, zh: 建议}}
  move: {type: category, enum: move, origin: derived, default: stay, title: {en: Move, zh: 变动}}
  orders:
    type: integer
    title: {en: Orders, zh: 订单数}
    ask: {en: "How many orders?", zh: 多少订单？}
    ask_role: buyer
  wish: {type: flag, title: {en: Wish, zh: 意愿}}
  risk: {type: category, enum: risk, origin: derived, title: {en: Risk, zh: 风险}}
  alarm: {type: flag, origin: derived, default: false, title: {en: Alarm, zh: 警报}}
collections:
  needs:
    title: {en: Needs, zh: 需求}
    kind: register
    facts:
      kind: {type: text, title: {en: Kind, zh: 种类}}
      weight: {type: integer, title: {en: Weight, zh: 分量}}
"""
PACK = """
pack: small
version: 1.0.0
title: {en: Small, zh: 小}
parameters:
  - {param: few, value: 3, source: S1, title: {en: Few, zh: 少}}
"""
RULES = """
rules:
  - rule: few-orders
    title: {en: Few orders, zh: 订单少}
    because:
      en: "{stage} with {orders} orders, fewer than {param:few}."
      zh: "{stage}只有{orders}单，不到{param:few}单。"
    sources: [S1]
    when: {orders: {less_than: {param: few}}}
    set: {risk: high}
  - rule: heavy-need
    title: {en: Heavy need, zh: 重要需求}
    because:
      en: "Need {kind} weighs {weight} at {customer.orders} orders."
      zh: "{customer.orders}单，需求{kind}分量{weight}。"
    sources: [S1]
    each: needs
    when: {weight: {at_least: 5}}
    add: {advised_signs: [low]}
  - rule: alarm
    title: {en: Alarm, zh: 警报}
    because: {en: The risk is high., zh: 风险高。}
    sources: [S1]
    when: {risk: high}
    set: {alarm: true}
gates:
  - gate: new-to-core
    title: {en: From new to core, zh: 新客户升为核心客户}
    because: {en: Everything is there., zh: 条件齐备。}
    from: new
    to: core
    move: up
    precedence: 10
    sources: [S1]
    criteria:
      - {id: orders, title: {en: Orders, zh: 订单}, condition: U1.1, when: {orders: {at_least: 10}}}
      - id: wish
        title: {en: Wish, zh: 意愿}
        condition: U1.2
        when: {any: [{wish: true}, {needs: {any: {weight: 9}}}]}
"""
SIGNS = """
facts:
  advised_signs: {type: set, enum: risk, origin: derived, title: {en: Signs, zh: 信号}}
"""


@pytest.fixture(scope="module")
def pack() -> Pack:
    """Return a small pack."""
    files = {"catalog.yaml": CATALOGUE, "facts.yaml": SIGNS, "pack.yaml": PACK, "rules.yaml": RULES}
    return pack_from_texts(files)


def explain(
    pack: Pack, language: str, facts: dict[str, Value], needs: list[Row] | None = None, *, all_known: bool = True
) -> Explainer:
    """Decide and return what explains the decision; needs that are given are `all_known` since the beginning or not."""
    rows = {} if needs is None else {"needs": tuple(needs)}
    recorded = {"needs": (BEGINNING, None)} if needs is not None and all_known else {}
    customer = CustomerFacts("C-1", date(2024, 6, 30), facts, rows, recorded)
    decision = Plan(compile_pack(pack)).decide(customer)
    return Explainer(pack, customer, decision, Wording(pack.vocabulary, language))


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "New customer with 2 orders, fewer than 3."), ("zh", "新客户只有2单，不到3单。")],
)
def test_a_reason_is_filled_with_facts_and_parameters(pack: Pack, language: str, said: str) -> None:
    """Placeholders may be facts that the condition does not read, too; a sentence begins with a capital letter."""
    explainer = explain(pack, language, {"stage": "new", "orders": 2})
    assert explainer.reasons(["few-orders"]) == (said,)


def test_a_row_speaks_for_itself(pack: Pack) -> None:
    """The reason of a row-scoped rule has the row's facts and the customer's; each row gives its own."""
    needs = [Row("1", {"kind": "speed", "weight": 7}), Row("2", {"kind": "price", "weight": 5})]
    explainer = explain(pack, "en", {"stage": "new", "orders": 1200}, needs)
    speed, price = "Need speed weighs 7 at 1,200 orders.", "Need price weighs 5 at 1,200 orders."
    assert explainer.reasons(["heavy-need"]) == (speed, price)
    assert explainer.reasons(["heavy-need"], row="2") == (price,)


def test_a_criterion_tells_what_is_missing(pack: Pack) -> None:
    """Not met: the facts as they are. Unknown: only those that are not known. Met: nothing needs to be said."""
    explainer = explain(pack, "en", {"stage": "new", "orders": 2})
    orders, wish = pack.gates[0].criteria
    assert explainer.standing(orders.when, State.NOT_MET) == ("Orders: 2",)
    assert explainer.standing(wish.when, State.UNKNOWN) == ("Wish: not known", "Needs: not recorded")
    assert explainer.standing(orders.when, State.MET) == ()
    with_needs = explain(pack, "zh", {"stage": "new", "orders": 2}, [Row("1", {"weight": 1})])
    assert with_needs.standing(wish.when, State.UNKNOWN) == ("意愿：未知",)


def test_a_criterion_tells_few_rows_one_by_one(pack: Pack) -> None:
    """Of up to three rows what the criterion looks at is told of each; of more, how many there are."""
    wish = pack.gates[0].criteria[1].when
    needs = [Row("1", {"weight": 1}), Row("2", {}), Row("3", {"weight": 2}), Row("4", {"weight": 3})]
    for language, rows, said in (
        ("en", needs[:2], "Needs: weight: 1; weight: not known"),
        ("zh", needs[:1], "需求：分量：1"),
        ("en", needs, "Needs: 4 on record"),
    ):
        explainer = explain(pack, language, {"stage": "new", "wish": False}, rows)
        assert explainer.standing(wish, State.NOT_MET)[1] == said


def test_an_unknown_criterion_leaves_out_what_is_false_anyway(pack: Pack) -> None:
    """A part that wants a fact to be known is false without it: nothing in that part keeps the criterion unknown."""
    wish = pack.gates[0].criteria[1].when
    orders = Test(FactKey(None, "orders"), Op.AT_LEAST, Constant((3,)), AT)
    known = Test(FactKey(None, "orders"), Op.KNOWN, Constant((True,)), AT)
    guarded = All((wish, Not(All((known, orders), AT), AT)), AT)
    explainer = explain(pack, "en", {"stage": "new"})
    assert explainer.standing(guarded, State.UNKNOWN) == ("Wish: not known", "Needs: not recorded")
    assert explainer.standing(All((wish, Not(orders, AT)), AT), State.UNKNOWN)[-1] == "Orders: not known"


def test_what_is_asked_of_a_collection_depends_on_what_is_there(pack: Pack) -> None:
    """Rows are not nothing where nobody said since when all are recorded; where that was said, a row lacks a value."""
    _, wish = pack.gates[0].criteria
    some = explain(pack, "en", {"stage": "new"}, [Row("1", {})], all_known=False)
    assert some.standing(wish.when, State.UNKNOWN)[1] == "Needs: 1 on record, not known since when all are"
    asked = {question.fact: question.text for question in some.questions(["proposed_stage"])}
    assert asked["needs"] == "Needs: since when is every one of them recorded?"
    rows = [Row("1", {}), Row("2", {"weight": 3})]
    for language, said in (
        ("en", "Needs: Weight not entered in 1 of 2. What do we know?"),
        ("zh", "需求：2条中有1条未登记分量，请补充。"),
    ):
        every = explain(pack, language, {"stage": "new"}, rows)
        asked = {question.fact: question.text for question in every.questions(["proposed_stage"])}
        assert asked["needs"] == said


def test_what_is_recorded_too_late_is_asked_for(pack: Pack) -> None:
    """Where no row lacks a value, what happened before the records began is asked for."""
    found = explain(pack, "en", {"stage": "new"})
    for since, expected in (
        (date(2026, 3, 1), "Needs: what happened before 1 Mar 2026, since when they are recorded?"),
        (BEGINNING, "Needs: the records leave something open. What do we know?"),
    ):
        late = replace(found.customer, rows={}, recorded={"needs": (since, None)})
        asked = Explainer(pack, late, found.decision, found.wording)
        (said,) = (each.text for each in asked.questions(["proposed_stage"]) if each.fact == "needs")
        assert said == expected


def test_questions_go_back_to_what_can_be_recorded(pack: Pack) -> None:
    """A derived fact is no question: what it hangs on is asked, by the catalogue's question and of its role."""
    explainer = explain(pack, "en", {"stage": "new"})
    assert explainer.unknown("alarm") == ("orders",)
    (question,) = explainer.questions(["alarm", "risk"])
    assert (question.text, question.role) == ("How many orders?", "buyer")
    assert question.settles == ("Alarm", "Risk")


def test_what_settles_most_is_asked_first(pack: Pack) -> None:
    """Questions come by the number of results that their answers would settle."""
    explainer = explain(pack, "en", {"stage": "new"})
    questions = explainer.questions(["proposed_stage", "alarm"])
    assert [question.fact for question in questions] == ["orders", "needs", "wish"]
    assert questions[1].text == "Needs: nobody keeps a record of these yet. What do we know?"
    assert questions[2].text == "What is known of this: Wish?"
