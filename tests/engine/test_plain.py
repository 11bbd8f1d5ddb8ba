"""A loaded pack as plain data: what comes back is what went in, in every detail, and decides alike."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from random import Random

import pytest

from bench.check import write_pack
from engine.compile import compile_pack
from engine.model import Constant, Pack
from engine.plain import from_plain, to_plain
from engine.plan import Plan
from engine.program import Program
from engine.session import Session
from engine.vocabulary import Value
from tests.engine.exact import exact
from tests.engine.sample import sample_pack
from tests.generators.facts import random_customers
from tests.generators.packs import random_pack
from tests.oracle import decide as by_oracle
from tests.profiles import count
from wiring import load_rules, shipped_rules


def require_same(pack: Pack, program: Program) -> tuple[Pack, Program]:
    """Return a pack and its program as they come back, once each part of them is known to be the same."""
    found, compiled = from_plain(to_plain((pack, program)))
    for part in fields(pack):
        assert getattr(found, part.name) == getattr(pack, part.name)
    assert compiled == program
    # Equal numbers can be of several types, and maps keep an order: what they look like is compared as well.
    assert (exact(found), exact(compiled)) == (exact(pack), exact(program))
    assert compiled.vocabulary is found.vocabulary
    assert compile_pack(found).stamp == program.stamp
    return found, compiled


def test_a_small_pack_that_uses_every_shape_comes_back() -> None:
    """The sample has every part that the language knows."""
    pack = sample_pack()
    require_same(pack, compile_pack(pack))


def test_the_shipped_pack_comes_back() -> None:
    """So do its places in files, which messages and auditors are told."""
    rules = shipped_rules()
    found, _ = require_same(rules.pack, rules.program)
    assert [rule.at for rule in found.rules] == [rule.at for rule in rules.pack.rules]


def test_a_pack_of_300_rules_comes_back(tmp_path: Path) -> None:
    """As large a pack as `bench.check` times."""
    write_pack(tmp_path, Random(1))
    rules = load_rules(tmp_path)
    assert len(rules.pack.rules) == 300
    require_same(rules.pack, rules.program)


@pytest.mark.parametrize("seed", range(count(quick=10, ci=50, long=500)))
def test_any_pack_comes_back_and_decides_alike(seed: int) -> None:
    """Session, plan and oracle decide by what comes back as the oracle does by what went in."""
    rng = Random(seed)
    pack = random_pack(rng)
    found, program = require_same(pack, compile_pack(pack))
    customers = random_customers(rng, pack, 3)
    expected = [by_oracle(pack, customer, program.stamp) for customer in customers]
    assert [by_oracle(found, customer, program.stamp) for customer in customers] == expected
    assert Plan(program).decide_all(customers) == expected
    assert Session(program).decide_all(customers) == expected


def test_equal_numbers_of_other_types_stay_apart() -> None:
    """A flag, a whole number and decimals that are equal are still what they were, and days stay days."""
    values: tuple[Value, ...] = (
        True,
        1,
        Decimal(1),
        Decimal("1.0"),
        False,
        0,
        "1",
        date(2026, 6, 30),
        frozenset({"a", "b"}),
        frozenset(),
    )
    assert exact(from_plain(to_plain(Constant(values)))) == exact(Constant(values))


class Colour(StrEnum):
    """A class that is none of the model's."""

    RED = "red"


@pytest.mark.parametrize("value", [Colour.RED, datetime(2026, 6, 30, tzinfo=None), 1.5, b"x", [1]])
def test_what_is_no_part_of_a_pack_is_refused(value: object) -> None:
    """Nothing of another class is written."""
    with pytest.raises(TypeError, match="is no part of a pack"):
        to_plain(Constant((value,)))  # type: ignore[arg-type]


def test_nothing_but_the_models_classes_is_made() -> None:
    """A text cannot name anything else to be called."""
    for kind in ("Path", "eval", "os.system", "Popen", "object"):
        with pytest.raises(KeyError):
            from_plain(json.dumps([["plain", "x"], [kind, [0]]]))
