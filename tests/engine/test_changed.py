"""Changes of facts are read and checked; two decisions are told apart."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

import pytest

from engine.changed import SettingError, difference, read_settings, with_changes
from engine.compile import compile_pack
from engine.load import pack_from_texts
from engine.plan import Plan
from engine.snapshot import CustomerFacts
from engine.vocabulary import Value, Vocabulary
from tests.generators import random_customers, random_pack
from tests.profiles import count

CATALOGUE = """
enums:
  mood: {title: {en: Mood, zh: 情绪}, members: {good: {en: good, zh: 好}, bad: {en: bad, zh: 坏}}}
facts:
  mood: {type: category, enum: mood, title: {en: Mood, zh: 情绪}}
  wish: {type: flag, title: {en: Wish, zh: 意愿}}
  orders: {type: integer, range: [0, 100], title: {en: Orders, zh: 订单}}
  orders_ever: {type: integer, title: {en: Orders ever, zh: 累计订单}}
  revenue: {type: number, scale: 2, title: {en: Revenue, zh: 收入}}
  since: {type: date, title: {en: Since, zh: 起始}}
  note: {type: text, title: {en: Note, zh: 备注}}
  risk: {type: flag, origin: derived, title: {en: Risk, zh: 风险}}
collections:
  needs: {title: {en: Needs, zh: 需求}, kind: register, facts: {kind: {type: text, title: {en: Kind, zh: 种类}}}}
constraints:
  - orders <= orders_ever
"""
PACK = "{pack: small, version: 1.0.0, title: {en: Small, zh: 小}}"
CUSTOMER = CustomerFacts("C-1", date(2024, 6, 30), {"orders": 3, "orders_ever": 5, "note": "old"})


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    """Return a small catalogue."""
    return pack_from_texts({"catalog.yaml": CATALOGUE, "pack.yaml": PACK}).vocabulary


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("mood=bad", "bad"),
        ("wish=yes", True),
        ("wish = 否", False),
        ("orders=0", 0),
        ("revenue=12.5", Decimal("12.50")),
        ("since=2024-01-31", date(2024, 1, 31)),
        ("note=a = b", "a = b"),
        ("orders=", None),
    ],
)
def test_a_change_is_read(vocabulary: Vocabulary, written: str, value: Value | None) -> None:
    """A value is read by its fact's type; nothing behind the sign means not known."""
    (change,) = read_settings(vocabulary, CUSTOMER, [written])
    assert (change.after, type(change.after)) == (value, type(value))
    name = change.fact
    assert change.before == CUSTOMER.facts.get(name)
    assert with_changes(CUSTOMER, [change]).facts.get(name) == value
    assert name in with_changes(CUSTOMER, [change]).facts or value is None


def test_a_change_to_minus_nothing_is_one_to_nothing(vocabulary: Vocabulary) -> None:
    """There is one zero, in what is shown as well."""
    (change,) = read_settings(vocabulary, CUSTOMER, ["revenue=-0"])
    assert str(change.after) == "0.00"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (["orderz=3"], "`orderz` is no fact of a customer. Did you mean `orders`?"),
        (["risk=yes"], "`risk` follows from the rules and cannot be set"),
        (["needs=3"], "`needs` holds records of their own"),
        (["needs.kind=x"], "`needs` holds records of their own"),
        (["orders"], "'orders' is no change. Write it as fact=value"),
        (["orders=3", "orders=4"], "`orders` is set twice"),
        (["orders=3.5"], "`orders` is a whole number, not '3.5'"),
        (["orders=101"], "`orders` lies between 0 and 100; 101 is not possible"),
        (["orders_ever=10000000000001"], "`orders_ever` lies between -10000000000000 and 10000000000000"),
        (["wish=maybe"], "`wish` is yes or no, not 'maybe'"),
        (["mood=god"], "'god' is no value of `mood`. Did you mean `good`?"),
        (["revenue=1.234"], "`revenue` has at most 2 digits after the point"),
        (["revenue=1e400"], "`revenue` lies between -100000000000.00 and 100000000000.00; 1E+400 is not possible"),
        (["revenue=NaN"], "`revenue` is a number, not 'NaN'"),
        (["revenue=much"], "`revenue` is a number, not 'much'"),
        (["since=June"], "`since` is a date, not 'June'. Write it as 2024-06-30."),
        (["orders=6"], "`orders` would be 6 and `orders_ever` 5, but the first is never above the second. Set `ord"),
        (["orders=6", "orders_ever=4"], "`orders` would be 6 and `orders_ever` 4, but the first is never above"),
    ],
)
def test_a_wrong_change_is_refused(vocabulary: Vocabulary, written: list[str], said: str) -> None:
    """Whatever cannot be set is named with what is wrong about it."""
    with pytest.raises(SettingError) as caught:
        read_settings(vocabulary, CUSTOMER, written)
    assert str(caught.value).startswith(said)


def test_facts_can_change_together(vocabulary: Vocabulary) -> None:
    """A constraint is held against the facts after all changes."""
    changes = read_settings(vocabulary, CUSTOMER, ["orders=9", "orders_ever=9"])
    assert with_changes(CUSTOMER, changes).facts == {"orders": 9, "orders_ever": 9, "note": "old"}


@pytest.mark.parametrize("seed", range(count(quick=20, ci=40, long=2_000)))
def test_a_difference_leads_from_one_decision_to_the_other(seed: int) -> None:
    """Applied to the first decision, the difference gives the second: conclusions, actions and rules that fire."""
    rng = Random(seed)
    pack = random_pack(rng)
    one, other = (Plan(compile_pack(pack)).decide(customer) for customer in random_customers(rng, pack, 2))
    found = difference(one, other)
    values: dict[str, Value | None] = dict(one.values)
    for change in found.concluded:
        if not change.row:
            assert values.get(change.fact) == change.before
            values[change.fact] = change.after
    assert {name: value for name, value in values.items() if value is not None} == dict(other.values)
    kept = {action for action in one.actions if action not in found.lost}
    moved = dict(found.moved)
    after = {moved.get(action, action) for action in kept} | set(found.gained)
    assert {(action.action, action.row, action.due_on) for action in after} == {
        (action.action, action.row, action.due_on) for action in other.actions
    }
    rules, rules_after = ({fired.rule for fired in decision.fired} for decision in (one, other))
    assert (rules | set(found.fires)) - set(found.fires_no_more) == rules_after
    assert difference(one, one).concluded == ()
