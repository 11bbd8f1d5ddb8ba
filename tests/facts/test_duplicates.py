"""Pairs of customers that may be one: what makes them likely, and what does not."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from facts.company_names import company_name
from facts.database import StoreError
from facts.duplicates import LIKELY, POINTS, Pair, duplicates, merge_into
from facts.recording import record
from facts.store import Store
from facts.undoing import undo

TODAY = date(2026, 6, 30)
Row = Mapping[str, object]
THEN = datetime(2026, 1, 1, tzinfo=UTC)


def found(store: Store, *told: Row, contacts: Sequence[Row] = ()) -> list[Pair]:
    """Record customers A, B, C ... and contacts at them, and return the pairs."""
    rows = [{"key": key, "holds_from": date(2020, 1, 1), **row} for key, row in zip("ABCDEFG", told, strict=False)]
    record(store, "customers", rows, user="ann", source="test", at=THEN)
    if contacts:
        people = [{"name": "P", "holds_from": date(2020, 1, 1), **row} for row in contacts]
        record(store, "contacts", people, user="ann", source="test", at=THEN)
    return duplicates(store, TODAY)


def signs(pair: Pair) -> set[str]:
    """Return what is said for and against a pair."""
    return {each.sign for each in pair.signs}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Trading GmbH", "ＡＣＭＥ  trading gmbh."),
        ("Acme Trading Co., Ltd.", "ACME Trading Limited"),
        ("Acme Trading", "Acme Trading Inc."),
        ("Müller & Söhne S.A.", "Muller and Sohne SA"),
        ("北京华兴贸易有限公司", "北京华兴贸易有限责任公司"),
        ("北京华兴贸易有限公司", "北京华兴贸易 有限公司"),
        ("西门子（中国）有限公司", "西门子(中国)有限公司"),
        ("株式会社東京商事", "株式会社 東京商事"),
    ],
)
def test_the_same_name_is_found_however_it_is_written(store: Store, one: str, other: str) -> None:
    """Legal form, case, width, accents and punctuation do not count; a name alone is listed and not likely."""
    (pair,) = found(store, {"name": one}, {"name": other})
    assert (signs(pair), pair.score, pair.is_likely) == ({"name"}, POINTS["name"], False)


@pytest.mark.parametrize(
    ("one", "other"), [("CN", "China"), ("中国", "cn"), ("Deutschland", "Deutschland"), ("USA", "US")]
)
def test_one_country_may_be_written_in_several_ways(store: Store, one: str, other: str) -> None:
    """Its code, and its name in either language, are the same country and speak against nothing."""
    (pair,) = found(store, {"name": "Acme", "country": one}, {"name": "Acme", "country": other})
    assert signs(pair) == {"name"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"name": "Acme Trading GmbH"}, {"name": "Acme Trading AG"}),  # two legal forms
        ({"name": "华兴贸易有限公司"}, {"name": "华兴贸易股份有限公司"}),
        ({"name": "Acme Trading", "city": "Bonn"}, {"name": "Acme Trading", "city": "Köln"}),
        ({"name": "Acme Trading", "country": "DE"}, {"name": "Acme Trading", "country": "FR"}),
        ({"name": "Acme North"}, {"name": "Acme South"}),
        ({"name": "北京华兴贸易有限公司"}, {"name": "北京华信贸易有限公司"}),
        ({"name": "华兴贸易有限公司"}, {"name": "华兴贸易有限公司上海分公司"}),
        ({"name": "GmbH"}, {"name": "Ltd"}),
        ({"name": "!!!"}, {"name": "???"}),
        ({"name": "ハス商事"}, {"name": "バス商事"}),
        ({"name": "Store 12", "telephone": "030 1234567"}, {"name": "Store 14", "telephone": "030 1234567"}),
        ({"name": "Acme", "telephone": "12345"}, {"name": "Bolt", "telephone": "12345"}),
        ({"name": "Acme", "telephone": "030 1234567"}, {"name": "Bolt", "telephone": "030 1234567"}),
    ],
)
def test_companies_that_may_well_be_two_are_not_listed(store: Store, one: Row, other: Row) -> None:
    """Similar names, one name in two places or of two legal forms, and different names that share a telephone."""
    assert found(store, one, other) == []


def test_who_shares_everything_but_the_name_is_never_likely(store: Store) -> None:
    """Companies of one house share telephone, address and even a person's e-mail address."""
    same = {"telephone": "+49 30 1234567", "address": "Hauptstr. 1", "city": "Berlin"}
    people = [{"key": f"p{key}", "customer": key, "email": "office@house.de"} for key in "AB"]
    (pair,) = found(store, {"name": "Acme", **same}, {"name": "Bolt Works", **same}, contacts=people)
    assert signs(pair) == {"telephone", "email", "address", "city", "other_name"}
    assert pair.score == 35 + 35 + 25 + 10 - 50 < LIKELY


def test_a_name_with_another_sign_is_likely(store: Store) -> None:
    """The telephone with and without the country's code; each sign says its points, and they make the score."""
    (pair,) = found(
        store,
        {"name": "Acme Trading", "telephone": "+49 (30) 123-4567", "first_business_on": date(2022, 1, 1)},
        {"name": "ACME Trading Ltd", "telephone": "030 1234567", "first_business_on": date(2021, 1, 1)},
    )
    assert (pair.customer, pair.other) == ("B", "A")  # whom we have known longer stands for both
    assert {each.sign: each.points for each in pair.signs} == {"name": 50, "telephone": 35}
    assert (pair.score, pair.is_likely) == (85, True)


def test_a_slip_in_the_name_needs_more_than_a_domain(store: Store) -> None:
    """Nearly the same name counts half; a person's mail provider is nobody's domain, the company's own is."""
    people = [
        {"key": "pA", "customer": "A", "email": "li@moonbridge.cn"},
        {"key": "pB", "customer": "B", "email": "wang@moonbridge.cn"},
        {"key": "pC", "customer": "C", "email": "c@qq.com"},
        {"key": "pD", "customer": "D", "email": "d@qq.com"},
    ]
    names = ("Moonbridge Logistics", "Moonbrige Logistics", "Sunbridge Logistics", "Sunbrige Logistics")
    (pair,) = found(store, *({"name": name, "city": "Wuhan"} for name in names), contacts=people)
    assert (pair.customer, pair.other, pair.is_likely) == ("A", "B", False)
    assert {each.sign: each.points for each in pair.signs} == {"name_alike": 25, "email_domain": 20, "city": 10}


def test_the_address_counts_in_one_place_alone(store: Store) -> None:
    """The same street in two cities is not the same address."""
    street = {"name": "Acme", "address": "Hauptstr. 1"}
    (pair,) = found(store, {**street, "city": "Bonn"}, {**street, "city": "bonn"}, {**street, "city": "Ulm"})
    assert (pair.customer, pair.other) == ("A", "B")
    assert signs(pair) == {"name", "address", "city"}


def test_a_daughter_is_not_its_mother(store: Store) -> None:
    """Somebody recorded that one belongs to the other, so they were told apart."""
    same = {"name": "Acme Trading", "telephone": "030 1234567"}
    assert found(store, same, {**same, "parent": "A"}) == []


def test_what_many_share_tells_nothing(store: Store) -> None:
    """A key of more than twenty customers makes no pair; of twenty it makes every pair."""
    rows = [{"key": f"K{n}", "name": "Chain", "holds_from": date(2020, 1, 1)} for n in range(21)]
    record(store, "customers", rows[:20], user="ann", source="test", at=THEN)
    assert len(duplicates(store, TODAY)) == 20 * 19 / 2
    record(store, "customers", rows[20:], user="ann", source="test", at=THEN)
    assert duplicates(store, TODAY) == []


def test_pairs_are_those_of_the_day(store: Store) -> None:
    """What holds later, was recorded later or holds no longer makes no pair."""
    row = {"name": "Acme", "holds_from": date(2020, 1, 1)}
    record(store, "customers", [{"key": "A", **row}], user="ann", source="test", at=THEN)
    record(store, "customers", [{"key": "B", **row, "holds_from": date(2026, 6, 1)}], user="a", source="t", at=THEN)
    assert len(duplicates(store, TODAY)) == 1
    assert duplicates(store, date(2026, 5, 31)) == []
    assert duplicates(store, TODAY, THEN - timedelta(days=1)) == []
    renamed = {"key": "B", "name": "Bolt", "holds_from": date(2026, 6, 15)}
    record(store, "customers", [renamed], user="ann", source="test", at=THEN)
    assert duplicates(store, TODAY) == []


def test_merging_makes_one_of_two_and_undoing_two_of_one(store: Store) -> None:
    """A pair that was merged is listed no more; its contacts count for the survivor."""
    people = [{"key": "pB", "customer": "B", "telephone": "030 1234567"}]
    same = {"name": "Acme"}
    assert len(found(store, same, same, {**same, "telephone": "030 1234567"}, contacts=people)) == 3
    recorded = merge_into(store, "B", "A", user="ann", source="command line")
    (pair,) = duplicates(store, TODAY)
    assert ((pair.customer, pair.other), signs(pair)) == (("A", "C"), {"name", "telephone"})
    with pytest.raises(StoreError, match="'A' is not merged into 'B': 'A' stands for 'B' already"):
        merge_into(store, "A", "B", user="ann", source="command line")
    with pytest.raises(StoreError, match="it was merged into 'A' already"):
        merge_into(store, "B", "C", user="ann", source="command line")
    with pytest.raises(StoreError, match="both are the same customer"):
        merge_into(store, "C", "C", user="ann", source="command line")
    assert undo(store, user="ann") == recorded.entry
    assert len(duplicates(store, TODAY)) == 3


def test_merging_into_a_merged_customer_takes_the_one_that_stands_for_it(store: Store) -> None:
    """So that no chain is left behind, and no ring can be made."""
    found(store, {"name": "Acme"}, {"name": "Bolt"}, {"name": "Cone"})
    merge_into(store, "B", "A", user="ann", source="command line")
    merge_into(store, "C", "B", user="ann", source="command line")
    assert store.survivor("C", TODAY) == "A"
    with pytest.raises(StoreError, match="'X'"):
        merge_into(store, "X", "A", user="ann", source="command line")


def test_a_name_keeps_what_is_not_its_legal_form() -> None:
    """A legal form in the middle, or alone, belongs to the name; several at the end do not."""
    assert company_name("AG Weser GmbH & Co. KG").words == ("ag", "weser")
    assert company_name("Limited").core == "limited"
    assert company_name("Limited Ltd").core == "limited"
    assert company_name("有限公司").core == "有限公司"
    assert company_name("Store 12 Ltd").numbers == ("12",)
    assert company_name("Acme Co.").form == frozenset()
