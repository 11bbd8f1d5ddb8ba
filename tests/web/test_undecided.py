"""Customers that cannot be decided: their page says why and lets the record be taken back, and others are as usual."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from facts.recording import record
from tests.web.api import program_of
from tests.web.conftest import FOREIGN, OWN, Pages
from tests.web.test_customer import CUSTOMER, said_after, words

EARLY = {"signal": "price_high", "holds_from": date(1700, 1, 1)}


def broken_by(pages: Pages, table: str, said: dict[str, Any], user: str = "manager", customer: str = OWN) -> int:
    """Store a row that no command would take, as an older version did, and return the number of its entry."""
    number = record(pages.store, table, [{"customer": customer, **said}], user=user, source="pages").entry
    assert number is not None
    return number


SETTLED_BEFORE = {**EARLY, "holds_from": date(2026, 6, 20), "settled_on": date(2026, 6, 10)}
FAME = {"key": f"{OWN}/fame", "holds_from": date(2026, 6, 1)}


@pytest.mark.parametrize(
    ("table", "said", "en", "zh"),
    [
        ("complaints", EARLY, "Days open: 119,249 days. It must lie between 0 days and", "应在0天至100,000天之间"),
        ("complaints", SETTLED_BEFORE, "-10 days", "-10天"),
        ("needs", {**FAME, "kind": "fame", "state": "met"}, "“fame” is none of", "“fame”不在规则可用的选项中"),
        ("perceptions", {**FAME, "value_kind": "fame", "level": "aware"}, "Perception: fame, ", "认知：fame"),
    ],
)  # fmt: skip
def test_the_page_says_what_stops_the_decision(
    own_pages: Pages, table: str, said: dict[str, Any], en: str, zh: str
) -> None:
    """It tells the record and what is wrong with it in the reader's language, and offers to take it back."""
    number = broken_by(own_pages, table, said)
    for language, expected in (("en", en), ("zh", zh)):
        page = own_pages.visit("manager", language).get(CUSTOMER)
        assert page.status_code == 200
        assert expected in words(page.text)
        assert f'name="number" value="{number}"' in page.text
    assert "was taken back" in said_after(own_pages.visit("manager"), "undo", number=str(number))
    assert 'id="ladder"' in own_pages.visit("manager").get(CUSTOMER).text


def test_each_of_several_bad_records_is_told(own_pages: Pages) -> None:
    """Two bad records among many good ones are both told; once both are taken back the page is as usual."""
    numbers = [broken_by(own_pages, "complaints", EARLY)]
    numbers += [broken_by(own_pages, "complaints", {**EARLY, "signal": "supply_late", "holds_from": date(1600, 1, 1)})]
    visitor = own_pages.visit("manager")
    for left in (2, 1):
        found = re.findall(r'name="number" value="(\d+)"', visitor.get(CUSTOMER).text)
        assert len(found) == left
        visitor.send(f"{CUSTOMER}/undo", {"number": found[0]})
    assert 'id="ladder"' in visitor.get(CUSTOMER).text
    assert len(numbers) == 2


def test_others_are_told_who_can_take_it_back(own_pages: Pages) -> None:
    """Only who entered a record takes it back on the page; of an imported one the source is to be corrected."""
    number = broken_by(own_pages, "complaints", EARLY, user="operator")
    page = own_pages.visit("manager").get(CUSTOMER).text
    assert "operator can take it back on this page" in words(page)
    assert f"valuelift record undo {number}" in words(page)
    assert 'name="number"' not in page
    assert f'value="{number}"' in own_pages.visit("operator").get(CUSTOMER).text


def test_pages_beside_the_customer_s_lead_back_to_it(own_pages: Pages) -> None:
    """Explanations and forms of a customer that cannot be decided lead to the page that says why, never to an error."""
    broken_by(own_pages, "complaints", EARLY)
    visitor = own_pages.visit("manager")
    for below in ("/why", "/why-not?named=stage:core", "/what-if", "/plan"):
        answer = visitor.get(CUSTOMER + below)
        assert (answer.status_code, answer.headers["location"]) == (303, CUSTOMER)
    talk = {"medium": "visit", "on": "2026-06-20"}
    answer = visitor.send(f"{CUSTOMER}/records/talk", talk)
    assert (answer.status_code, answer.headers["location"]) == (303, CUSTOMER)


def test_one_bad_record_hides_nobody_else(own_pages: Pages) -> None:
    """My day lists all that can be decided, and apart from them who cannot; of others' customers it says nothing."""
    visitor = own_pages.visit("manager")
    before = re.findall(r'class="name" href="/customers/([^"]+)"', visitor.get("/").text)
    broken_by(own_pages, "complaints", EARLY)
    broken_by(own_pages, "complaints", EARLY, customer=FOREIGN)
    page = visitor.get("/").text
    assert re.findall(r'class="name" href="/customers/([^"]+)"', page) == [key for key in before if key != OWN]
    aside = re.search(r'aria-labelledby="undecided">(.*?)</section>', page, re.DOTALL)
    assert aside is not None
    assert page.index('aria-labelledby="undecided"') < page.index('aria-labelledby="customers"')
    assert re.findall(r'href="/customers/([^"]+)"', aside[1]) == [OWN]
    for language, said in (("en", "customers of unknown stage"), ("zh", "阶段未知")):
        whole = own_pages.visit("manager", language).get("/portfolio")
        named = re.search(r'aria-labelledby="undecided">(.*?)</section>', whole.text, re.DOTALL)
        assert named is not None
        assert said in words(named[1])
        assert re.findall(r'href="/customers/([^"]+)"', named[1]) == [OWN]


def test_programs_are_told_what_stops_a_decision(own_pages: Pages) -> None:
    """Every question of the interface about such a customer is a problem with what is wrong; undoing it helps."""
    number = broken_by(own_pages, "complaints", EARLY)
    asks = program_of(own_pages, "manager")
    about_core = "?about=stage&named=core"
    questions = (
        "recommendation",
        "why",
        "questions",
        f"why-not{about_core}",
        f"path{about_core}",
        "what-if?set=stage%3Dnew",
    )
    for below in questions:
        answer = asks.get(f"{CUSTOMER}/{below}")
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:valuelift:problem:undecided"), below
        assert "119249" in answer.json()["errors"][0]["message"]
    assert asks.post(f"{CUSTOMER}/undo", {"number": number}).status_code == 201
    assert asks.get(f"{CUSTOMER}/recommendation").status_code == 200
