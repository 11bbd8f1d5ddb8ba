"""Requests made up by schemathesis, such as the description allows and such as it does not: answers are described."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.profiles import count
from tests.web.api import token_of
from tests.web.conftest import FOREIGN, OWN, Pages

schemathesis = pytest.importorskip("schemathesis")

ROLES = ("manager", "admin")
"""Whose tokens are sent: one sees own customers only, the other may do everything."""

CUSTOMERS = (OWN, FOREIGN, "plum-gate", None)
"""Who is asked about; None: whoever is made up."""


@pytest.mark.parametrize("role", ROLES)
def test_answers_are_as_described(own_pages: Pages, role: str) -> None:
    """No answer is a failure of ours; status, type, headers and form are described; what is not allowed is refused."""
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", own_pages.app)
    sent = {"Authorization": f"Bearer {token_of(own_pages.store, role)}"}
    # Records can be in order by themselves and yet not fit what is on record: then 422 is right.
    left_out = [schemathesis.checks.CHECKS.get_one("positive_data_acceptance")]
    failed = []
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=count(quick=2, ci=2, long=100),
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(
            case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode)),
            customer=st.sampled_from(CUSTOMERS),
        )
        def ask(case: Any, customer: str | None) -> None:
            is_allowed = case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE
            if is_allowed and customer is not None and "customer" in (case.path_parameters or {}):
                case.path_parameters["customer"] = customer
            case.call_and_validate(headers={} if _forges_headers(case) else sent, excluded_checks=left_out)

        try:
            ask()
        except BaseExceptionGroup as group:
            failed.append(f"{operation.label}: {group.exceptions}")
        except Exception as error:
            failed.append(f"{operation.label}: {error}")
    assert failed == []


def _forges_headers(case: Any) -> bool:
    """Whether what is wrong with a request is in its headers, among them the token."""
    negative = schemathesis.GenerationMode.NEGATIVE
    return any(where == "header" and each.mode is negative for where, each in case.meta.components.items())
