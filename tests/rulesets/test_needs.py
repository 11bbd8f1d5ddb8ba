"""Needs as the method states them: what complaints say, and that the tiers keep their order."""

from __future__ import annotations

from datetime import date

import pytest

from engine.compile import compile_pack
from engine.session import Session
from engine.snapshot import CustomerFacts, Row
from engine.vocabulary import BEGINNING, Value
from tests.rulesets.test_value_marketing import PACK

AS_OF = date(2024, 6, 30)
SIGNALS = {  # D5; the second kind is the one in brackets there
    "product_quality_poor": ("quality", None),
    "price_high": ("benefit", None),
    "quality_standard_low": ("quality", None),
    "price_follows_market_slowly": ("information", "benefit"),
    "supply_late": ("service", None),
    "staff_serve_badly": ("service", None),
    "company_small": ("brand", None),
    "stingy": ("relationship", "benefit"),
}


@pytest.fixture(scope="module")
def session() -> Session:
    """Return a session of the shipped pack."""
    return Session(compile_pack(PACK))


def test_the_method_has_eight_signals() -> None:
    """The catalogue's signals are those that the method names."""
    assert tuple(PACK.vocabulary.enums["complaint_signal"].members) == tuple(SIGNALS)


@pytest.mark.parametrize("signal", SIGNALS)
def test_what_a_complaint_says_is_what_the_method_says(session: Session, signal: str) -> None:
    """Each of the eight signals points to the kind of need of D5, and to the second one where D5 names one."""
    told: dict[str, Value] = {
        "raised_on": date(2024, 6, 1),
        "signal": signal,
        "severity": "medium",
        "settled": False,
        "days_open": 29,
    }
    complaints = {"complaints": (Row("1", told),)}
    customer = CustomerFacts("a", AS_OF, {"stage": "established"}, complaints, {"complaints": (BEGINNING, None)})
    decision = session.decide(customer)
    kinds = [kind for kind in SIGNALS[signal] if kind]
    concluded = decision.rows["complaints"]["1"]
    assert [concluded.get("implied_need"), concluded.get("further_need")] == list(SIGNALS[signal])
    assert decision.values["implied_needs"] == frozenset(kinds)
