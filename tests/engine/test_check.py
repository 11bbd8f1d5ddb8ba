"""Every lint fires on the bad example of its page and not on the good one; all examples together are one corpus."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from engine.cases import load_cases
from engine.check import LINTS, Finding, check
from engine.compile import compile_pack
from engine.load import load_catalogue, load_pack
from engine.load.uses import uses_of_parameters
from engine.vocabulary import FactKey
from tests.conftest import ROOT

PAGES = ROOT / "docs" / "lints"
LINT_PACK = ROOT / "tests" / "lints"
DAY = date(2026, 6, 30)
SECTION = re.compile(r"^## (?P<head>\w+)\n(?P<body>.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"^```yaml\n# (?P<file>\S+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
COUNTED = {FactKey(None, "calls_made"): "ring-up"}
TALKS = ("no-evidence", "evidence-expires", "no-track")
"""Each of their examples is the whole talk of a pack."""


def examples(name: str, head: str) -> dict[str, str]:
    """Return the files of a page's bad or good example."""
    (body,) = (
        each["body"] for each in SECTION.finditer((PAGES / f"{name}.md").read_text("utf-8")) if each["head"] == head
    )
    return {each["file"]: each["text"] for each in BLOCK.finditer(body)}


def found(folder: Path, *examples: tuple[str, dict[str, str]]) -> tuple[Finding, ...]:
    """Return what is found in a pack of examples, by lint with their files."""
    folder.mkdir()
    (folder / "pack.yaml").write_text((LINT_PACK / "pack.yaml").read_text("utf-8"), "utf-8")
    declared: dict[str, str] = defaultdict(str)
    for name, files in examples:
        for file, text in files.items():
            if file == "facts.yaml":
                for section, lines in _sections(text):
                    declared[section] += lines
                continue
            path = folder / (f"{name}.yaml" if file == "rules.yaml" else file)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
    if declared:
        (folder / "facts.yaml").write_text("".join(f"{key}\n{text}" for key, text in declared.items()), "utf-8")
    pack = load_pack(folder, load_catalogue(LINT_PACK / "catalog.yaml"))
    return check(folder, pack, compile_pack(pack), load_cases(folder, pack), uses_of_parameters(folder), DAY, COUNTED)


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield the top-level keys of a file with the lines below them, so that several files make one."""
    for part in re.split(r"^(?=\w)", text, flags=re.MULTILINE):
        if part:
            key, _, lines = part.partition("\n")
            yield key, lines


def test_every_lint_has_a_page_and_every_page_a_lint() -> None:
    """Pages are named after lints, and nothing is left over on either side."""
    assert {path.stem for path in PAGES.glob("*.md")} == set(LINTS)


@pytest.mark.parametrize("name", LINTS)
def test_a_lint_fires_on_the_bad_example_alone(name: str, tmp_path: Path) -> None:
    """The bad example has one finding, which is the page's; the good example has none."""
    bad = found(tmp_path / "bad", (name, examples(name, "Bad")))
    assert [one.id for one in bad] == [name]
    assert bad[0].level == LINTS[name]
    assert bad[0].page == f"docs/lints/{name}.md"
    assert found(tmp_path / "good", (name, examples(name, "Good"))) == ()


def test_all_lints_fire_on_one_corpus(tmp_path: Path) -> None:
    """All bad examples make one pack, and each has its finding in its own file; all good ones make one without any."""
    rules = [name for name in LINTS if name not in TALKS]
    bad = found(tmp_path / "bad", *((name, examples(name, "Bad")) for name in rules), ("talk", _bad_talk()))
    assert {one.id for one in bad} == set(LINTS)
    for one in bad:
        assert one.id in TALKS or Path(one.location.file).name in (f"{one.id}.yaml", "facts.yaml")
    good = ("no-track", examples("no-track", "Good"))
    assert found(tmp_path / "good", *((name, examples(name, "Good")) for name in rules), good) == ()


def _bad_talk() -> dict[str, str]:
    """Return a talk with what is wrong in each bad example: expiring evidence, another missing, a missing track."""
    (file,) = examples("no-track", "Bad")
    evidence = examples("evidence-expires", "Bad")[file].partition("  - evidence: known-name")[0]
    return {file: evidence + "tracks:" + examples("no-track", "Bad")[file].partition("tracks:")[2]}


def test_what_is_inherited_is_not_complained_about(tmp_path: Path) -> None:
    """A pack that extends another is told of its own files only."""
    found(tmp_path / "base", ("missing-source", examples("missing-source", "Bad")))
    own = tmp_path / "own"
    own.mkdir()
    (own / "pack.yaml").write_text("pack: own\nversion: 1.0.0\ntitle: {en: Own, zh: 自}\nextends: ../base\n", "utf-8")
    pack = load_pack(own, load_catalogue(LINT_PACK / "catalog.yaml"))
    assert check(own, pack, compile_pack(pack), (), uses_of_parameters(own), DAY) == ()
