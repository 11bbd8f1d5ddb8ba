"""Corner cases with something altered: what the loader takes of them, oracle, session and plan decide alike."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from engine.compile import compile_pack
from engine.errors import ProblemsError
from engine.load import pack_from_texts
from engine.model import Pack
from tests.engine.corner_case_files import as_yaml, corner_cases, files_of
from tests.engine.test_differential import by_oracle, by_plan, by_session, check
from tests.generators.altered import Altering, customers_of
from tests.profiles import count

ALTERING = Altering([content for _, content in corner_cases()])
BATCHES = 8
CUSTOMERS = 5


@pytest.mark.parametrize("batch", range(BATCHES))
def test_what_is_taken_means_one_thing(batch: int) -> None:
    """Whoever alters a rule file at random gets problems, or the same decisions three times."""
    taken = 0
    for seed in range(batch, count(quick=400, ci=1_600, long=80_000), BATCHES):
        rng = Random(seed)
        case = ALTERING.case(rng)
        for pack in _packs(case, seed):
            taken += 1
            customers = customers_of(pack, rng, CUSTOMERS)
            expected = by_oracle(pack, customers)
            for decide_all in (by_session, by_plan):
                check(pack, customers, expected, decide_all, f"seed {seed}")
    assert taken


def _packs(case: dict[str, Any], seed: int) -> Iterator[Pack]:
    """Yield the pack of an altered case, unless it cannot be written down or has problems."""
    try:
        texts = {name: as_yaml(part) for name, part in files_of(case).items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return  # what is filled in here has no place any more
    try:
        pack = pack_from_texts(texts)
        compile_pack(pack)
    except ProblemsError:
        return
    except Exception as error:
        error.add_note(f"with seed {seed}")
        raise
    yield pack
