"""The gallery shows what the command prints today, for customers of all kinds."""

from __future__ import annotations

from pathlib import Path

from engine.decision import Decision
from engine.snapshot import CustomerFacts
from tests.commands.gallery import CUSTOMERS, PAGE, gallery
from wiring import Desk


def test_the_page_is_up_to_date(told_store: Path) -> None:
    """`docs/gallery.md` is what `make gallery` writes."""
    assert PAGE.read_text(encoding="utf-8") == gallery(str(told_store))


def test_every_stage_and_move_is_shown(desk: Desk, decided: dict[str, tuple[CustomerFacts, Decision]]) -> None:
    """Twenty customers stand for all stages and all moves of the story."""
    vocabulary = desk.rules.pack.vocabulary
    values = [decided[customer][1].values for customer in CUSTOMERS]
    assert len(set(CUSTOMERS)) == 20
    assert {one["stage"] for one in values} == set(vocabulary.enums["stage"].members)
    assert {one["move"] for one in values} == set(vocabulary.enums["move"].members)
