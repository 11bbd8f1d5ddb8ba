"""Every shape of the language becomes the model that `docs/language.md` says it stands for."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest

from engine.errors import Location, ProblemsError
from engine.load import pack_from_texts
from engine.model import (
    AddTo,
    Advise,
    All,
    AnyOf,
    Bound,
    Collect,
    Condition,
    Constant,
    FactOperand,
    Hit,
    Move,
    Not,
    Op,
    Points,
    Quantified,
    Quantifier,
    SetFact,
    Status,
    Test,
)
from engine.vocabulary import Change, Changer, Constraint, FactKey, Kind, Origin, Text, Type, Value
from tests.engine.sample import sample_pack, sample_texts

PACK = sample_pack()
FACTS = PACK.vocabulary.facts
TEXTS = "title: {en: A, zh: 甲}, because: {en: B., zh: 乙。}"


def key(name: str) -> FactKey:
    """Return the key of a customer's fact, or of `collection.fact`."""
    scope, _, rest = name.partition(".")
    return FactKey(scope, rest) if scope in PACK.vocabulary.collections else FactKey(None, name)


def asked(condition: Condition) -> object:
    """Return a condition without its places: tests as (fact, operator, operand), the rest by its structure."""
    if isinstance(condition, Test):
        return str(condition.fact), condition.op.value, condition.operand
    if isinstance(condition, All | AnyOf):
        return type(condition).__name__, [asked(item) for item in condition.items]
    if isinstance(condition, Not):
        return "Not", asked(condition.item)
    return condition.collection, condition.quantifier.value, asked(condition.where), condition.of, condition.bounds


def condition(text: str, scope: str = "") -> object:
    """Read a condition, of the customer or of a row, and return it without places."""
    each = f"each: {scope}, " if scope else ""
    rule = f"rules:\n  - {{rule: a, {TEXTS}, {each}when: {text}, advise: visit-customer}}\n"
    files = sample_texts("catalog.yaml", "pack.yaml", "actions.yaml")
    return asked(pack_from_texts({**files, "rules.yaml": rule}).rules[0].when)


def constant(*values: Value, param: str | None = None) -> Constant:
    """Return a constant operand."""
    return Constant(values, param)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", ("All", [])),
        ("{stage: new}", ("stage", "is", constant("new"))),
        ("{stage: {is: new}}", ("stage", "is", constant("new"))),
        ("{stage: [new, strategic]}", ("stage", "one_of", constant("new", "strategic"))),
        ("{stage: {none_of: [new]}}", ("stage", "none_of", constant("new"))),
        ("{is_key: false}", ("is_key", "is", constant(False))),
        ("{region: '12'}", ("region", "is", constant("12"))),
        ("{region: 10:30}", ("region", "is", constant("10:30"))),
        ("{region: 😀}", ("region", "is", constant("😀"))),
        ("{credit_used: 7}", ("credit_used", "is", constant(Decimal("7.00")))),
        ("{credit_used: {at_most: -0.5}}", ("credit_used", "at_most", constant(Decimal("-0.50")))),
        ("{credit_used: 1.5000}", ("credit_used", "is", constant(Decimal("1.50")))),
        ("{orders_90d: {between: [3, 3]}}", ("orders_90d", "between", constant(3, 3))),
        ("{last_contact_on: {less_than: 2024-02-29}}", ("last_contact_on", "less_than", constant(date(2024, 2, 29)))),
        ("{last_contact_on: {within_days: 0}}", ("last_contact_on", "within_days", constant(0))),
        ("{stage: {known: false}}", ("stage", "known", constant(False))),
        ("{flags: {has_any: [silent, stalled]}}", ("flags", "has_any", constant("silent", "stalled"))),
        ("{advised: {has: visit-customer}}", ("advised", "has", constant("visit-customer"))),
        (
            "{days_in_stage: {param: silent_after_days}}",
            ("days_in_stage", "is", constant(120, param="silent_after_days")),
        ),
        (
            "{days_in_stage: {between: [1, {param: silent_after_days}]}}",
            ("days_in_stage", "between", constant(1, 120)),
        ),
        ("{proposed_stage: {fact: stage}}", ("proposed_stage", "is", FactOperand(key("stage")))),
        (
            "{orders_90d: {at_least: {fact: credit_limit, times: 0.10}}}",
            ("orders_90d", "at_least", FactOperand(key("credit_limit"), Decimal("0.10"))),
        ),
        (
            "{perception.brand: {less_than: {fact: perception.people}}}",
            ("perception.brand", "less_than", FactOperand(key("perception.people"))),
        ),
        (
            "{orders_90d: {at_least: 1, at_most: 3}}",
            ("All", [("orders_90d", "at_least", constant(1)), ("orders_90d", "at_most", constant(3))]),
        ),
        (
            "{any: [{stage: new}, {all: [{is_key: true}, {orders_90d: 1}]}]}",
            (
                "AnyOf",
                [
                    ("stage", "is", constant("new")),
                    ("All", [("is_key", "is", constant(True)), ("orders_90d", "is", constant(1))]),
                ],
            ),
        ),
        ("{not: {not: {is_key: true}}}", ("Not", ("Not", ("is_key", "is", constant(True))))),
        ("{needs: {every: {}}}", ("needs", "every", ("All", []), None, ())),
        (
            "{needs: {any: {tier: {param: tiers.felt}, kind: {is_not: quality}}}}",
            (
                "needs",
                "any",
                (
                    "All",
                    [
                        ("needs.tier", "one_of", constant("core", "additional", param="tiers.felt")),
                        ("needs.kind", "is_not", constant("quality")),
                    ],
                ),
                None,
                (),
            ),
        ),
        (
            "{needs: {count: {is: 0}}}",
            ("needs", "count", ("All", []), None, (Bound(Op.IS, constant(0)),)),
        ),
        (
            "{complaints: {sum: {of: cost, where: {customer.is_key: true}, less_than: 9, at_least: 1}}}",
            (
                "complaints",
                "sum",
                ("is_key", "is", constant(True)),
                key("complaints.cost"),
                (Bound(Op.AT_LEAST, constant(Decimal("1.00"))), Bound(Op.LESS_THAN, constant(Decimal("9.00")))),
            ),
        ),
    ],
)
def test_a_condition_becomes_tests(text: str, expected: object) -> None:
    """Shorthand, operators, operands, connectives and quantifiers read as documented; numbers get the fact's scale."""
    assert condition(text) == expected


def test_in_a_row_a_name_is_the_rows_fact() -> None:
    """A row-scoped rule names the row's facts plainly and the customer's by `customer.`, as operands too."""
    assert condition("{signal: price_high, cost: {more_than: {fact: customer.credit_limit}}}", "complaints") == (
        "All",
        [
            ("complaints.signal", "is", constant("price_high")),
            ("complaints.cost", "more_than", FactOperand(key("credit_limit"))),
        ],
    )


def test_a_rule_keeps_everything_it_says() -> None:
    """All keys of a rule arrive in the model, and its place is where the item begins."""
    rule = PACK.rules[0]
    assert (rule.id, rule.title, rule.priority, rule.sources) == (
        "new-and-silent",
        Text("A new customer falls silent", "新客户沉默"),
        20,
        ("S3", "U1.2"),
    )
    assert rule.conclusions == (SetFact(key("interest"), "aware"), AddTo(key("flags"), ("silent",)))
    assert (rule.valid_from, rule.valid_until, rule.status) == (date(2024, 1, 1), date(2030, 12, 31), Status.DRAFT)
    assert (rule.note, rule.owner, rule.tags) == ("Written for the tests.", "sales", ("example",))
    assert (rule.at.line, rule.at.column) == (2, 5)


def test_there_is_one_zero() -> None:
    """A constant or a parameter written as -0 is 0, in what is shown as well."""
    text = "{credit_used: {between: [-0.0, -0]}, rate: {less_than: {fact: share, times: -0}}}"
    assert "-0" not in str(condition(text))


def test_a_small_factor_may_be_a_parameter() -> None:
    """A parameter that Python would write with an exponent is the number that was written."""
    parameter = "parameters: [{param: tiny, value: 0.0000001, title: {en: A, zh: 甲}}]\n"
    points = "[{rule: a, for: all, points: {fact: share, times: {param: tiny}}, because: {en: B., zh: 乙。}}]"
    card = f"{{scorecard: s, title: {{en: A, zh: 甲}}, candidates: [brand], chooses: value_next, points: {points}}}"
    files = {**sample_texts("catalog.yaml", "pack.yaml"), "rules.yaml": f"{parameter}scorecards: [{card}]"}
    assert pack_from_texts(files).scorecards[0].rules[0].points.times == Decimal("0.0000001")


def test_a_row_scoped_rule_concludes_about_its_row() -> None:
    """`set` names the row's facts; advice keeps its overrides."""
    rule = PACK.rules[1]
    assert (rule.each, rule.conclusions) == (
        "complaints",
        (
            SetFact(key("complaints.implied_tier"), "latent"),
            Advise("visit-customer", 7, "manager", "letter", 80),
        ),
    )


def test_a_tables_rows_become_conditions() -> None:
    """Entries stand for tests of the inputs, `-` for nothing, a mapping for a whole condition."""
    table, risk = PACK.tables
    assert (table.hit, table.order, table.priority, table.each) == (
        Hit.PRIORITY,
        ("quality", "benefit"),
        -5,
        "complaints",
    )
    assert [(row.id, asked(row.when), row.values) for row in table.rows] == [
        ("poor", ("complaints.signal", "is", constant("product_quality")), ("quality", "core")),
        ("dear", ("complaints.signal", "is", constant("price_high")), ("benefit", "additional")),
    ]
    assert (risk.hit, risk.collect, risk.outputs, risk.rows[0].values) == (
        Hit.COLLECT,
        Collect.SUM,
        (key("risk_score"),),
        (30,),
    )
    assert asked(risk.rows[0].when) == (
        "All",
        [("stage", "is", constant("new")), ("needs", "any", ("needs.tier", "is", constant("core")), None, ())],
    )


def test_a_gate_has_its_criteria() -> None:
    """Criteria are required unless they say otherwise and keep the upgrade condition they belong to."""
    (gate,) = PACK.gates
    assert (gate.from_stages, gate.to, gate.move, gate.precedence) == (("new",), "established", Move.UP, 30)
    assert [(one.id, one.condition, one.required, asked(one.when)) for one in gate.criteria] == [
        ("product-recognised", "U1.2", True, ("perception.product", "at_least", constant("recognised"))),
        ("has-time", "", False, ("All", [])),
    ]


def test_a_point_rule_is_written_out_for_each_candidate() -> None:
    """`{candidate}` becomes the candidate in fact names, and its title in the sentence."""
    (scorecard,) = PACK.scorecards
    assert (scorecard.chooses, scorecard.best, scorecard.fallback) == (key("value_next"), 1, "brand")
    assert {name: asked(one) for name, one in scorecard.eligible.items()} == {
        "people": ("perception.people", "known", constant(True))
    }
    assert [(rule.id, rule.candidate, rule.points) for rule in scorecard.rules] == [
        ("frame", "product", Points(Decimal(40))),
        ("gap", "brand", Points(Decimal(15))),
        ("gap", "people", Points(Decimal(15))),
        ("gap", "product", Points(Decimal(15))),
        ("share", "brand", Points(Decimal(1), key("share"), Decimal("0.5"))),
    ]
    gap = scorecard.rules[2]
    assert asked(gap.when) == ("perception.people", "at_most", constant("aware"))
    assert gap.because == Text("Of our people they are {perception.people}.", "对人员{perception.people}。")


def test_an_action_keeps_everything_it_says() -> None:
    """All keys of an action arrive in the model."""
    action = PACK.actions["visit-customer"]
    assert (action.family, action.phase, action.owner, action.days) == ("visit", "before", "account_manager", 14)
    assert (action.medium, action.cost, action.urgency, action.per) == ("visit", "high", 60, "complaints")
    assert action.steps == (Text("Prepare", "准备"), Text("Go", "出发"))
    assert (action.effect, action.heard_by) == (
        Text("They trust us.", "建立信任。"),
        Text("They say so.", "客户反馈。"),
    )


def test_the_action_catalogue_brings_an_enum_and_a_set() -> None:
    """Every pack knows the enum `action` of its actions and the derived set `advised`."""
    advised = FACTS[key("advised")]
    assert PACK.vocabulary.enums["action"].members == ("visit-customer",)
    assert (advised.type, advised.enum, advised.origin) == (Type.SET, "action", Origin.DERIVED)


def test_an_invariant_is_always_or_never() -> None:
    """`never` is kept as such, with its condition."""
    (invariant,) = PACK.invariants
    assert (invariant.id, invariant.never) == ("no-visit", True)
    assert asked(invariant.condition) == (
        "All",
        [("stage", "is", constant("new")), ("advised", "has", constant("visit-customer"))],
    )


def test_a_fact_keeps_everything_it_says() -> None:
    """All keys of a fact arrive in the vocabulary; defaults are those of the language."""
    days, rate = FACTS[key("days_in_stage")], FACTS[key("credit_used")]
    assert (days.type, days.unit) == (Type.INTEGER, "day")
    assert (days.least, days.most) == (Decimal(0), Decimal(100_000))
    assert days.change == Change(Changer.TIME, "up", 1)
    assert (days.ask, days.ask_role) == (
        Text("Since when is the customer in this stage?", "客户何时进入本阶段？"),
        "buyer",
    )
    assert (rate.scale, rate.least, rate.origin, rate.change) == (2, None, Origin.MEASURED, Change())
    assert (FACTS[key("orders_90d")].least, FACTS[key("orders_90d")].most) == (Decimal(0), None)
    assert (FACTS[key("region")].personal, FACTS[key("move")].default) == (True, "stay")
    assert (FACTS[key("complaints.answered_by")].names, FACTS[key("region")].names) == ("action", None)
    assert FACTS[key("proposed_stage")].falls_back_to == "stage"


def test_a_family_declares_a_fact_for_each_member() -> None:
    """Each has the member's title in its own; the family's name alone is no fact."""
    assert PACK.vocabulary.families == {FactKey(None, "perception"): "value_kind"}
    assert [(fact.name, fact.title) for fact in FACTS.values() if fact.family == "perception"] == [
        ("perception.brand", Text("Perception of the brand", "对品牌的认知")),
        ("perception.people", Text("Perception of our people", "对人员的认知")),
        ("perception.product", Text("Perception of the product", "对产品的认知")),
    ]
    assert key("perception") not in FACTS


SMALL = "pack: small\nversion: 1.0.0\ntitle: {en: Small, zh: 小}\n"
TWO_FAMILIES = """
enums:
  part: {title: {en: Part, zh: 部分}, members: {left: {en: left, zh: 左}, right: {en: right, zh: 右}}}
  side: {title: {en: Side, zh: 面}, members: {inner: {en: inner, zh: 内}, outer: {en: outer, zh: 外}}}
facts:
  worn: {type: flag, per: part, title: {en: "Worn {member}", zh: "{member}磨损"}}
  mended: {type: flag, per: part, origin: derived, falls_back_to: worn, title: {en: Mended, zh: 修}}
  loose: {type: flag, per: part, title: {en: "Loose {member}", zh: "{member}松"}}
collections:
  visits:
    title: {en: Visits, zh: 拜访}
    kind: register
    facts:
      worn: {type: flag, per: side, title: {en: "Worn {member}", zh: "{member}磨损"}}
      seen: {type: flag, per: side, title: {en: "Seen {member}", zh: "{member}见"}}
"""


def test_families_of_one_name_are_told_apart_by_their_scope() -> None:
    """A row's and the customer's have members of their own, and what falls back to one does so to its own."""
    vocabulary = pack_from_texts({"pack.yaml": SMALL, "catalog.yaml": TWO_FAMILIES}).vocabulary
    assert (vocabulary.families[FactKey(None, "worn")], vocabulary.families[FactKey("visits", "worn")]) == (
        "part",
        "side",
    )
    assert [fact.name for fact in vocabulary.in_scope("visits")] == [
        "worn.inner",
        "worn.outer",
        "seen.inner",
        "seen.outer",
    ]
    assert vocabulary.facts[FactKey(None, "mended.left")].falls_back_to == "worn.left"


@pytest.mark.parametrize(
    ("each", "name", "hint"),
    [
        ("", "worn", "There is one for each part, such as `worn.left`."),
        ("each: visits, ", "worn", "There is one for each side, such as `worn.inner`."),
        ("each: visits, ", "loose", "There is one for each part, such as `customer.loose.left`."),
        ("", "seen", "A row of `visits` has it: test it under `visits: {any: ...}`."),
    ],
)
def test_a_family_without_its_member_is_told_by_what_its_scope_has(each: str, name: str, hint: str) -> None:
    """Whoever names a family alone is told of a member that can be written there."""
    rule = f"rule: a, title: {{en: A, zh: 甲}}, because: {{en: B., zh: 乙。}}, {each}when: {{{name}: true}}, advise: []"
    with pytest.raises(ProblemsError, match=re.escape(hint)):
        pack_from_texts({"pack.yaml": SMALL, "catalog.yaml": TWO_FAMILIES, "rules.yaml": f"rules:\n  - {{{rule}}}\n"})


def test_a_collection_has_a_kind_and_facts_of_its_rows() -> None:
    """Events name their date; row facts have the collection as scope."""
    complaints, needs = (PACK.vocabulary.collections[name] for name in ("complaints", "needs"))
    assert (complaints.kind, complaints.date, needs.kind, needs.date) == (Kind.EVENTS, "raised_on", Kind.REGISTER, None)
    assert [fact.name for fact in PACK.vocabulary.in_scope("needs")] == ["kind", "tier"]


def test_a_constraint_orders_two_facts() -> None:
    """A constraint keeps its facts and its place."""
    (found,) = PACK.vocabulary.constraints
    assert (found.lower, found.upper) == ("orders_90d", "orders_365d")
    assert found == Constraint("orders_90d", "orders_365d", Location(found.at.file, found.at.line, 5))


def test_a_pack_says_what_a_recommendation_shows() -> None:
    """Roles are mapped to facts; without `ladder` the usual facts are read and concluded by gates."""
    assert (PACK.shows, PACK.ladder.proposed) == ({"value": "value_next"}, key("proposed_stage"))


def test_a_pack_needs_no_catalogue_of_its_own() -> None:
    """A pack may declare all its facts itself."""
    manifest = "pack: p\nversion: 1.0.0\ntitle: {en: P, zh: 包}\n"
    facts = "facts:\n  a: {type: flag, origin: derived, title: {en: A, zh: 甲}}\n"
    rules = f"rules:\n  - {{rule: r, {TEXTS}, when: {{}}, set: {{a: true}}}}\n"
    pack = pack_from_texts({"pack.yaml": manifest, "facts.yaml": facts, "rules.yaml": rules})
    assert pack.rules[0].conclusions == (SetFact(key("a"), True),)


def test_a_problem_for_several_candidates_is_reported_once() -> None:
    """A rule for all candidates with one mistake has one problem, not one for each candidate."""
    texts = sample_texts()
    texts["rules.yaml"] = texts["rules.yaml"].replace('{"perception', '{stage: old, "perception')
    with pytest.raises(ProblemsError) as raised:
        pack_from_texts(texts)
    assert [problem.code for problem in raised.value.problems] == ["unknown-member"]


@pytest.mark.parametrize("quantifier", list(Quantifier))
def test_a_quantified_test_names_the_quantifier(quantifier: Quantifier) -> None:
    """Each quantifier is written by its own word."""
    inner = {Quantifier.COUNT: "{at_least: 1}", Quantifier.SUM: "{of: cost, at_least: 1}"}.get(quantifier, "{}")
    found = condition(f"{{complaints: {{{quantifier}: {inner}}}}}")
    assert isinstance(found, tuple)
    assert found[:2] == ("complaints", quantifier.value)


def test_the_sample_uses_a_quantified_model() -> None:
    """Quantified parts of the sample's first rule keep collection, amount and bounds."""
    parts = PACK.rules[0].when
    assert isinstance(parts, All)
    assert [(part.collection, part.quantifier, part.of) for part in parts.items if isinstance(part, Quantified)] == [
        ("needs", Quantifier.NONE, None),
        ("needs", Quantifier.COUNT, None),
        ("complaints", Quantifier.SUM, key("complaints.cost")),
    ]
