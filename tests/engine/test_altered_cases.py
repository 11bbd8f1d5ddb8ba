"""Corner cases with something altered: what the loader takes of them, oracle, session and plan decide alike."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.compile import compile_pack
from engine.errors import ProblemsError
from engine.load import load_catalogue, load_pack, pack_from_texts
from engine.model import Pack
from tests.engine.corner_case_files import as_yaml, corner_cases, files_of
from tests.engine.test_differential import by_oracle, by_plan, by_session, check
from tests.generators.altered import Altering, customers_of
from tests.generators.extending import Extending, Files, laid_over
from tests.profiles import count

CASES = [content for _, content in corner_cases()]
ALTERING = Altering(CASES)
EXTENDING = Extending(CASES, ALTERING)
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


@pytest.mark.parametrize("batch", range(BATCHES))
def test_what_is_taken_of_a_pack_that_extends_another_means_one_thing(batch: int, tmp_path: Path) -> None:
    """Whoever disables, replaces, adds and changes gets problems in the pack's own files, or the same decisions."""
    taken = 0
    for seed in range(batch, count(quick=200, ci=800, long=40_000), BATCHES):
        rng = Random(seed)
        folder = tmp_path / str(seed)
        base, own = (
            _written(folder / name, files) for name, files in zip(("base", "own"), EXTENDING.packs(rng), strict=True)
        )
        for pack in _taken(base, own, seed):
            taken += 1
            customers = customers_of(pack, rng, CUSTOMERS)
            expected = by_oracle(pack, customers)
            for decide_all in (by_session, by_plan):
                check(pack, customers, expected, decide_all, f"seed {seed}")
        shutil.rmtree(folder)
    assert taken


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_pack_that_extends_another_is_its_items_laid_over_those_of_the_base(batch: int, tmp_path: Path) -> None:
    """It decides as one pack in which an author put everything by hand."""
    taken = 0
    for seed in range(batch, count(quick=80, ci=400, long=20_000), BATCHES):
        rng = Random(seed)
        files = EXTENDING.packs(rng, altered=False)
        folder = tmp_path / str(seed)
        base, own = (_written(folder / name, each) for name, each in zip(("base", "own"), files, strict=True))
        for pack in _taken(base, own, seed):
            taken += 1
            whole = pack_from_texts({name: as_yaml(content) for name, content in laid_over(*files).items()})
            customers = customers_of(pack, rng, CUSTOMERS)
            expected = by_oracle(whole, customers)
            for decide_all in (by_session, by_plan):
                check(pack, customers, expected, decide_all, f"seed {seed}")
        shutil.rmtree(folder)
    assert taken


def _written(folder: Path, files: Files) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(as_yaml(content), encoding="utf-8")
    return folder


def _taken(base: Path, own: Path, seed: int) -> Iterator[Pack]:
    """Yield the pack that extends a base, unless it has problems, which must stand in its own files."""
    catalogue = load_catalogue(base / "catalog.yaml")
    (base / "catalog.yaml").unlink()  # what is left is a pack
    load_pack(base, catalogue)
    try:
        pack = load_pack(own, catalogue)
        compile_pack(pack)
    except ProblemsError as error:
        strange = [str(one) for one in error.problems if not Path(one.location.file).is_relative_to(own)]
        assert strange == [], f"seed {seed}"
        return
    except Exception as error:
        error.add_note(f"with seed {seed}")
        raise
    yield pack


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
