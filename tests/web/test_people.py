"""Who is our counterpart at a customer: listed, given out and erased on pages, by those who may."""

from __future__ import annotations

import json

import pytest

from facts.audit import entries
from facts.contacts import ERASED, export, people
from tests.web.conftest import OWN, Pages
from tests.web.test_customer import words

PLACE = f"/customers/{OWN}/contacts"


def anybody(pages: Pages) -> tuple[str, str]:
    """Return the key and the name of a contact of the customer."""
    first = people(pages.store, OWN)[0]
    return first.key, first.name


@pytest.mark.parametrize(("role", "links"), [("manager", False), ("operator", False), ("admin", True)])
def test_contacts_are_listed(pages: Pages, role: str, links: bool) -> None:
    """The customer's page leads to all contacts with name and role; who may erase is led on from there."""
    browser = pages.visit(role)
    assert f'href="{PLACE}"' in browser.get(f"/customers/{OWN}").text
    page = browser.get(PLACE).text
    roles = pages.app.state.site.rules().pack.vocabulary.enums["contact_role"].titles
    found = people(pages.store, OWN)
    assert found
    assert all(each.name in page and roles[each.role or ""].en.casefold() in page.casefold() for each in found)
    assert ("/contacts/kept" in page) is links


def test_others_see_no_link(pages: Pages) -> None:
    """To an auditor the customer's page says nothing of contacts."""
    assert PLACE not in pages.visit("auditor").get(f"/customers/{OWN}").text


def test_what_is_kept_is_given_out(pages: Pages) -> None:
    """The file holds what `valuelift contact export` prints, and the page before it names the texts it found."""
    key, name = anybody(pages)
    admin = pages.visit("admin")
    shown = admin.get(f"{PLACE}/kept?contact={key}").text
    assert name in shown
    answer = admin.get(f"{PLACE}/export?contact={key}&also=price%0Aprices")
    assert answer.headers["content-disposition"].startswith("attachment")
    found = json.loads(answer.text)
    expected = export(pages.store, OWN, key, ["price", "prices"])
    assert (found["contact"], found["mentions"]) == (key, expected["mentions"])
    assert [row["name"] for row in found["rows"]] == [row["name"] for row in expected["rows"]]


@pytest.mark.parametrize(("language", "why"), [("en", "no contact of"), ("zh", "没有找到该联系人")])
def test_nobody_is_given_out_who_is_not_there(pages: Pages, language: str, why: str) -> None:
    """A contact of another customer, or of nobody, is refused in the reader's language."""
    admin = pages.visit("admin", language)
    for below in ("kept", "export"):
        answer = admin.get(f"{PLACE}/{below}?contact=harrowmere/user")
        assert answer.status_code == 422
        assert why in words(answer.text)


def test_a_person_is_erased_once_it_is_meant(own_pages: Pages) -> None:
    """Without the tick nothing is erased; with it the name is gone from the list, and the log tells who did it."""
    key, name = anybody(own_pages)
    admin = own_pages.visit("admin")
    before = admin.get(PLACE).text
    unsure = admin.send(f"{PLACE}/erase", {"contact": key})
    assert unsure.status_code == 422
    assert admin.get(PLACE).text == before
    done = admin.send(f"{PLACE}/erase", {"contact": key, "sure": "yes"})
    assert done.status_code == 303
    after = words(admin.get(done.headers["location"]).text)
    assert "Personal data erased" in after
    assert name not in after
    assert people(own_pages.store, OWN)[0].name == ERASED
    (entry,) = entries(own_pages.store, most=1)
    assert (entry.did, entry.user, entry.origin, entry.customer) == ("erase", "admin", "pages", OWN)
    again = admin.send(f"{PLACE}/erase", {"contact": key, "sure": "yes"})
    assert again.status_code == 422
    assert admin.get(f"/customers/{OWN}").status_code == 200
