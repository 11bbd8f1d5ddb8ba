"""Values in words, in both languages."""

from datetime import date
from decimal import Decimal

import pytest

from engine.load import pack_from_texts
from engine.vocabulary import Value
from engine.wording import Wording, agreeing

CATALOGUE = """
enums:
  colour:
    title: {en: Colour, zh: 颜色}
    members: {red: {en: red, zh: 红色}, dark_blue: {en: dark blue, zh: 深蓝色}}
facts:
  orders: {type: integer, title: {en: Orders, zh: 订单数}}
  age: {type: integer, unit: day, title: {en: Age, zh: 天数}}
  rate: {type: number, unit: "%", title: {en: Rate, zh: 比率}}
  revenue: {type: number, title: {en: Revenue, zh: 销售额}}
  paint: {type: category, enum: colour, title: {en: Paint, zh: 油漆}}
  paints: {type: set, enum: colour, origin: derived, title: {en: Paints, zh: 油漆种类}}
  primer: {type: text, names: colour, title: {en: Primer, zh: 底漆}}
  loyal: {type: flag, title: {en: Loyal, zh: 忠诚}}
  since: {type: date, title: {en: Since, zh: 起始}}
collections:
  needs:
    title: {en: Needs, zh: 需求}
    kind: register
    facts: {kind: {type: text, title: {en: Kind, zh: 种类}}}
"""
PACK = "pack: small\nversion: 1.0.0\ntitle: {en: Small, zh: 小}\n"


@pytest.fixture(scope="module")
def vocabulary() -> Wording:
    """Return English wording over a small catalogue."""
    texts = {"catalog.yaml": CATALOGUE, "pack.yaml": PACK}
    return Wording(pack_from_texts(texts).vocabulary, "en")


@pytest.mark.parametrize(
    ("name", "value", "english", "chinese"),
    [
        ("orders", 1234567, "1,234,567", "1,234,567"),
        ("revenue", Decimal("1234.50"), "1,234.50", "1,234.50"),
        ("revenue", Decimal("1200.00"), "1,200", "1,200"),
        ("revenue", Decimal("-0.05"), "-0.05", "-0.05"),
        ("age", 1, "1 day", "1天"),
        ("age", 1200, "1,200 days", "1,200天"),
        ("rate", Decimal("12.50"), "12.50%", "12.50%"),
        ("paint", "dark_blue", "dark blue", "深蓝色"),
        ("paint", "mauve", "mauve", "mauve"),
        ("primer", "dark_blue", "dark blue", "深蓝色"),
        ("primer", "of an earlier version", "of an earlier version", "of an earlier version"),
        ("paints", frozenset({"dark_blue", "red"}), "red, dark blue", "红色、深蓝色"),
        ("loyal", True, "yes", "是"),
        ("loyal", False, "no", "否"),
        ("since", date(2024, 6, 30), "30 Jun 2024", "2024年6月30日"),
        ("age", None, "not known", "未知"),
    ],
)
def test_a_value_is_said_as_the_language_says_it(
    vocabulary: Wording, name: str, value: Value | None, english: str, chinese: str
) -> None:
    """Numbers have separators and units, members their titles, sets their declared order."""
    fact = vocabulary.vocabulary.fact(name)
    assert fact is not None
    assert vocabulary.measure(fact, value) == english
    assert Wording(vocabulary.vocabulary, "zh").measure(fact, value) == chinese


def test_inside_a_sentence_there_is_no_unit(vocabulary: Wording) -> None:
    """The sentence says the unit itself."""
    fact = vocabulary.vocabulary.fact("age")
    assert fact is not None
    assert vocabulary.value(fact, 1200) == "1,200"


@pytest.mark.parametrize(
    ("name", "english", "chinese"),
    [
        ("age", "Age", "天数"),
        ("needs", "Needs", "需求"),
        ("needs.kind", "Needs: Kind", "需求：种类"),
        ("nothing", "nothing", "nothing"),
    ],
)
def test_facts_and_collections_have_titles(vocabulary: Wording, name: str, english: str, chinese: str) -> None:
    """A fact of a row is named with its collection; a name without a title stands for itself."""
    assert vocabulary.title(name) == english
    assert Wording(vocabulary.vocabulary, "zh").title(name) == chinese


@pytest.mark.parametrize(
    ("filled_in", "said"),
    [
        ("Open for 1 days.", "Open for 1 day."),
        ("Of 1 orders, 2 products.", "Of 1 order, 2 products."),
        ("21 days, 1,001 days, 0.1 days", "21 days, 1,001 days, 0.1 days"),
        ("1 daystar", "1 daystar"),
        ("Of 1 deliveries, 11 deliveries", "Of 1 delivery, 11 deliveries"),
    ],
)
def test_after_one_stands_the_singular(filled_in: str, said: str) -> None:
    """A sentence is written for many and read for one."""
    assert agreeing(filled_in) == said


@pytest.mark.parametrize(
    ("number", "unit", "said"),
    [
        (1, "order", "1 order"),
        (3, "order", "3 orders"),
        (2, "delivery", "2 deliveries"),
        (2, "survey", "2 surveys"),
        (2, "person", "2 people"),
        (4, "seats", "4 seats"),
        (2, "kg", "2 kg"),
        (2, "%", "2%"),
        (2, "day", "2 days"),
    ],
)
def test_a_unit_stands_in_the_plural(vocabulary: Wording, number: int, unit: str, said: str) -> None:
    """English words take it behind any number but 1; signs and what is given in the plural stay as they are."""
    assert vocabulary.with_unit(number, unit) == said
    assert Wording(vocabulary.vocabulary, "zh").with_unit(3, "单") == "3单"
