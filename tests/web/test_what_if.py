"""What if: facts by what they are about, those first that could matter, and values to choose from."""

from __future__ import annotations

import re

import pytest

from common.texts import PAGES, all_texts
from facts.answers import source_of
from facts.features import features
from tests.web.conftest import OWN, Pages
from tests.web.test_customer import CUSTOMER, recommendation, words


def groups_of(html: str) -> dict[str, list[str]]:
    """Return the facts that can be set, by group."""
    found = re.findall(r'<optgroup label="([^"]+)">(.*?)</optgroup>', html, re.DOTALL)
    return {label: re.findall(r'<option value="([^"]+)"', options) for label, options in found}


@pytest.mark.parametrize(
    ("language", "first"), [("en", "Not known and could matter here"), ("zh", "尚不了解且可能影响结论")]
)
def test_facts_are_grouped_and_what_could_matter_comes_first(pages: Pages, language: str, first: str) -> None:
    """The questions of the customer's page come first, in their order; every other recorded fact follows once."""
    groups = groups_of(pages.visit("auditor", language).get("/customers/bamboo-gate/what-if").text)
    vocabulary = pages.app.state.site.rules().pack.vocabulary
    recorded = [fact.name for fact in vocabulary.in_scope(None) if not fact.is_derived]
    asked = [each.fact for each in recommendation(pages, "bamboo-gate", language).questions if each.fact in recorded]
    assert asked
    assert next(iter(groups.items())) == (first, asked)
    assert sorted(name for names in groups.values() for name in names) == sorted(recorded)
    assert max(len(names) for names in groups.values()) < 30


def test_every_source_of_facts_has_a_title() -> None:
    """Whatever table facts come from, there is a text for their group."""
    sources = {each.name for kind in ("customers", "members", "spans", "own") for each in features(kind)}
    assert {f"about_{name}" for name in (*sources, "facts", "asked")} <= all_texts(PAGES).keys()


def test_each_fact_comes_from_some_records(pages: Pages) -> None:
    """No recorded fact of the catalogue is without a table that it comes from."""
    vocabulary = pages.app.state.site.rules().pack.vocabulary
    recorded = [fact for fact in vocabulary.in_scope(None) if not fact.is_derived]
    assert [fact.name for fact in recorded if source_of(fact) == "facts"] == []


def test_values_are_chosen_in_the_reader_s_words(pages: Pages) -> None:
    """Of a chosen fact the words are on offer that it can have, a number is given as one; what it is now is told."""
    visitor = pages.visit("manager", "zh")
    page = visitor.get(f"{CUSTOMER}/what-if?fact=perception.product&choose=true").text
    assert '<option value="perception.product" selected>' in page
    assert '<option value="recognised">认可</option>' in page
    assert "当前：" in words(page)
    assert "重新判定" in words(page)
    stands = str(pages.app.state.site.decided([OWN])[OWN].facts.facts["perception.product"])
    assert f'<option value="{stands}" selected>' in page
    assert 'name="value" type="number"' in visitor.get(f"{CUSTOMER}/what-if?fact=orders_90d&choose=true").text
    assert 'name="value" type="date"' in visitor.get(f"{CUSTOMER}/what-if?fact=founded_on&choose=true").text


def test_changes_are_left_out_and_made_anew(pages: Pages) -> None:
    """Each change can be left out, is replaced when its fact is set again, and is not kept where it cannot be read."""
    visitor = pages.visit("manager")
    page = visitor.get(f"{CUSTOMER}/what-if?set=stage=core&set=credit_score=400&fact=stage&value=new").text
    assert re.findall(r'name="set" value="([^"]+)"', page) == ["credit_score=400", "stage=new"]
    assert f'href="{CUSTOMER}/what-if?set=credit_score%3D400"' in page
    refused = visitor.get(f"{CUSTOMER}/what-if?set=stage=core&fact=credit_score&value=much")
    assert refused.status_code == 422
    assert re.findall(r'name="set" value="([^"]+)"', refused.text) == ["stage=core"]
    alone = visitor.get(f"{CUSTOMER}/what-if?fact=won_90d&value=90000")
    assert alone.status_code == 422
    assert re.findall(r'name="set" value="([^"]+)"', alone.text) == ["won_90d=90000"]
    assert visitor.get(f"{CUSTOMER}/what-if?set=won_90d=90000&fact=won_365d&value=90000").status_code == 200
