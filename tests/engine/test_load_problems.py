"""One broken file for each kind of problem, with the exact messages: `tests/broken/expected.txt` is the table."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from engine.cases import cases_from_text
from engine.errors import Problem, Problems, ProblemsError
from engine.load import pack_from_texts
from engine.load.files import read_nodes
from engine.load.form import KEBAB
from tests.conftest import ROOT
from tests.engine.sample import sample_pack, sample_texts

FOLDER = ROOT / "tests" / "broken"
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*.yaml"))
EXPECTED = (FOLDER / "expected.txt").read_text(encoding="utf-8").splitlines()

NO_KINDS = {"kebab-case", "utf-8-sig"}
NEED_A_FOLDER = {"no-pack", "wrong-suffix", "extends-cycle", "unreadable-file"}


def load_rules(name: str) -> None:
    """Read the file beside the sample's catalogue, parameters, actions and talk."""
    beside = sample_texts("catalog.yaml", "pack.yaml", "actions.yaml", "talk/people.yaml")
    pack_from_texts({**beside, name: Path(name).read_text()})


def load_manifest(name: str) -> None:
    """Read the file as the sample's `pack.yaml`."""
    texts = {**sample_texts("catalog.yaml"), "pack.yaml": Path(name).read_text()}
    pack_from_texts(texts)


def load_catalogue_file(name: str) -> None:
    """Read the file as the catalogue."""
    pack_from_texts({"catalog.yaml": Path(name).read_text()})


def load_case_file(name: str) -> None:
    """Read the file as cases of the sample."""
    cases_from_text(Path(name).read_text(), sample_pack(), name)


def load_yaml(name: str) -> None:
    """Read the file as YAML and nothing else."""
    problems = Problems()
    read_nodes([Path(name)], problems)
    problems.raise_any()


def load_talk(name: str) -> None:
    """Read the file as the only one of the sample's folder `talk/`."""
    pack_from_texts({**sample_texts("catalog.yaml", "pack.yaml", "actions.yaml"), name: Path(name).read_text()})


LOADERS: Mapping[str, Callable[[str], None]] = {
    "catalogue": load_catalogue_file,
    "pack": load_manifest,
    "cases": load_case_file,
    "talk": load_talk,
    "yaml": load_yaml,
}


def problems_in(name: str) -> list[Problem]:
    """Return what is reported about a file, its own name in place of the one that it is loaded under."""
    kind = name.partition("/")[0]
    with pytest.raises(ProblemsError) as raised:
        LOADERS.get(kind, load_rules)(name)
    loaded_as = {"catalogue": "catalog.yaml", "pack": "pack.yaml"}.get(kind, name)
    return [
        replace(one, location=one.location._replace(file=name)) if one.location.file == loaded_as else one
        for one in raised.value.problems
    ]


def kinds_in_source() -> set[str]:
    """Return every kind of problem that the source of the loader names: its kebab-case words."""
    sources = [*(ROOT / "engine" / "load").glob("*.py"), ROOT / "engine" / "yaml12.py", ROOT / "engine" / "cases.py"]
    trees = (ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for path in sources)
    words = {node.value for tree in trees for node in tree if isinstance(node, ast.Constant)}
    return {word for word in words if isinstance(word, str) and KEBAB.match(word) and "-" in word} - NO_KINDS


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_reported_exactly(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every problem of the file is reported with place, message, hint and kind, and nothing else is."""
    monkeypatch.chdir(FOLDER)
    assert list(map(str, problems_in(name))) == [line for line in EXPECTED if line.startswith(f"{name}:")]


def test_every_line_of_the_table_belongs_to_a_file() -> None:
    """No expectation is left over from a file that is gone."""
    assert {line.partition(":")[0] for line in EXPECTED} == set(FILES)


def test_every_kind_of_problem_has_its_broken_file() -> None:
    """Whoever adds a kind of problem adds a file that shows it; kinds that need a folder are tested with packs."""
    shown = {line.rpartition("[")[2].rstrip("]") for line in EXPECTED}
    assert kinds_in_source() - shown == NEED_A_FOLDER
