"""Facts that features count of one action by its id are known, so that authors are told when a pack lacks it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from shutil import copytree

from facts.counted_actions import COUNTED_ACTIONS
from tests.conftest import ROOT
from wiring import shipped_rules
from wiring.rules import catalogue, checked, shipped_pack

ID = re.compile(r"\baction\s*(?:=|IN|<>)\s*\(?'([^']+)'")


def test_features_name_no_other_actions() -> None:
    """Whatever id stands in the SQL of a feature is that of a fact which is known to count it."""
    named = [
        id_ for path in (ROOT / "facts" / "features").rglob("*.sql") for id_ in ID.findall(path.read_text("utf-8"))
    ]
    assert set(named) == set(COUNTED_ACTIONS.values())


def test_the_catalogue_has_these_facts_and_the_shipped_pack_these_actions() -> None:
    """Neither is renamed without the other."""
    assert COUNTED_ACTIONS.keys() <= catalogue().facts.keys()
    assert set(COUNTED_ACTIONS.values()) <= shipped_rules().pack.actions.keys()


def test_who_renames_the_action_is_told(tmp_path: Path) -> None:
    """A pack in which the action has another id is warned at the rule that reads whether it was done."""
    pack = tmp_path / "pack"
    copytree(shipped_pack(), pack)
    for file in pack.rglob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("check-need-behind-complaint", "ask-need-behind-complaint"), encoding="utf-8")
    findings = [one for one in checked(pack, date(2026, 6, 30))[1] if one.id == "missing-action"]
    assert [one.message for one in findings] == [
        f"`need-behind-settled-complaint` reads `complaints.{fact}`, which counts the action "
        "`check-need-behind-complaint`, and the pack has none."
        for fact in ("need_asked", "need_put_off_until")
    ]
    assert {one.hint for one in findings} == {"Did you mean `ask-need-behind-complaint`?"}
