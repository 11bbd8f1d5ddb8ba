"""`valuelift charter`: who gets which service, from the pack's tables and actions."""

from __future__ import annotations

import pytest

from tests.commands.conftest import call_command


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_charter_reads_without_a_customer(language: str) -> None:
    """Nothing in it waits to be filled in: it is about all customers."""
    said = call_command("charter", "--lang", language)
    assert (said.code, [line for line in said.output.splitlines() if "{" in line]) == (0, [])


def test_each_phase_has_tiers_levels_and_services() -> None:
    """What stands in the tables of the phase, and its actions with their steps."""
    phases = call_command("charter", "--json", "--lang", "en").json["phases"]
    assert len(phases) == 3
    for phase in phases:
        assert {policy["tier"] for policy in phase["policies"]} >= {"emergency", "value-added"}
        assert all(item["steps"] and item["owner"] for item in phase["items"])
