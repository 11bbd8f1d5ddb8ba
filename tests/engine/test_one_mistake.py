"""One mistake is told once, at its place: nothing is said of what follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ProblemsError
from engine.load import load_catalogue, load_pack
from tests.engine.sample import CATALOGUE, PACK

MANIFEST = """\
pack: own
version: 1.0.0
title: {en: Own, zh: 自有}
extends: ../sample
"""
FACTS = """\
enums:
  grade:
    title: {en: Grade, zh: 等级}
    ordered: true
    members: {low: {en: low, zh: 低}, high: {en: high, zh: 高}}
  side: {title: {en: Side, zh: 方}, members: {ours: {en: ours, zh: 我方}, theirs: {en: theirs, zh: 对方}}}
facts:
  grade: {type: level, enum: grade, origin: derived, default: low, title: {en: Grade, zh: 等级}}
  points: {type: integer, origin: derived, range: [0, 100], title: {en: Points, zh: 分数}}
  paid_late: {type: flag, title: {en: Paid late, zh: 曾逾期}}
  told_next: {type: category, enum: side, origin: derived, title: {en: Told next, zh: 下一项}}
"""
RULES = """\
rules:
  - rule: late
    title: {en: Paid late, zh: 曾逾期}
    because: {en: "Points: {points}.", zh: "分数：{points}。"}
    when: {paid_late: true, grade: {at_least: high}}
    add: {flags: [stalled]}
  - rule: graded
    title: {en: Graded, zh: 评级}
    because: {en: Graded., zh: 已评级。}
    when: {points: {at_least: 60}}
    set: {grade: high}
tables:
  - table: points
    title: {en: Points, zh: 分数}
    inputs: [stage]
    outputs: [points]
    hit: collect
    collect: sum
    rows:
      - {id: new, if: [new], then: [30], because: {en: New., zh: 新。}}
      - {id: any, if: ["-"], then: [40], because: {en: Any., zh: 都。}}
invariants:
  - invariant: high-has-points
    title: {en: High has points, zh: 高等级有分}
    never: {grade: high, points: 0}
scorecards:
  - scorecard: told-next
    title: {en: Told next, zh: 下一项}
    chooses: told_next
    candidates: [ours, theirs]
    points:
      - {rule: own, for: [ours], when: {paid_late: false}, points: 5, because: {en: Own., zh: 我方。}}
"""
FILES = {"pack.yaml": MANIFEST, "facts.yaml": FACTS, "rules.yaml": RULES}


def problems_of(folder: Path, files: dict[str, str]) -> list[str]:
    """Return what is said of a pack on the sample, each with the file, line and column of its own."""
    own = folder / "own"
    own.mkdir()
    (folder / "sample").symlink_to(PACK)
    for name, text in files.items():
        (own / name).write_text(text, encoding="utf-8")
    try:
        load_pack(own, load_catalogue(CATALOGUE))
    except ProblemsError as error:
        return [str(problem).removeprefix(f"{own}/") for problem in error.problems]
    return []


def test_without_a_mistake_nothing_is_said(tmp_path: Path) -> None:
    """The pack to be altered is fine."""
    assert problems_of(tmp_path, FILES) == []


@pytest.mark.parametrize(
    ("file", "right", "wrong", "said"),
    [
        ("facts.yaml", "facts:", "fact:", "facts.yaml:7:1: the catalogue has no key `fact`. Did you mean `facts`?"),
        ("facts.yaml", "enums:", "enmus:", "facts.yaml:1:1: the catalogue has no key `enmus`. Did you mean `enums`?"),
        ("facts.yaml", "members:", "member:", "facts.yaml:5:5: enum `grade` has no key `member`. Did you mean `membe"),
        ("facts.yaml", "enum: grade", "enum: grades", "facts.yaml:8:30: `enum` is one of action, stage, move, value_"),
        ("facts.yaml", "type: level", "type: lvl", "facts.yaml:8:17: `type` is one of flag, integer, number, category"),
        ("facts.yaml", "origin: derived, default", "origin: derivd, default", "facts.yaml:8:45: `origin` is one of "),
        ("facts.yaml", "paid_late:", "paidLate:", "facts.yaml:10:3: the name of a fact must be snake_case; `paidLate`"),
        ("pack.yaml", "extends:", "extend:", "pack.yaml:4:1: `pack.yaml` has no key `extend`. Did you mean `extends`?"),
        ("rules.yaml", "tables:", "tabels:", "rules.yaml:12:1: `rules.yaml` has no key `tabels`. Did you mean `tables"),
        ("rules.yaml", "add: {f", "adds: {f", "rules.yaml:6:5: rule `late` has no key `adds`. Did you mean `add`?"),
        ("rules.yaml", "set: {g", "set:{g", "rules.yaml:11:5: rule `graded` has no key `set:{grade`. Put a space aft"),
        ("rules.yaml", "set: {g", "set： {g", "rules.yaml:11:5: rule `graded` has no key `set： {grade`. `：` is a "),
        ("rules.yaml", "when: {po", "wen: {po", "rules.yaml:10:5: rule `graded` has no key `wen`. Did you mean `when`"),
        ("rules.yaml", "never:", "nevr:", "rules.yaml:25:5: invariant `high-has-points` has no key `nevr`. Did you me"),
        ("rules.yaml", "zh: 评级}", "cn: 评级}", "rules.yaml:8:25: `title` has no key `cn`. Known here: en, zh."),
        ("rules.yaml", "outputs: [points]", "outputs: [pionts]", "rules.yaml:16:15: the customer has no fact `pionts`"),
        ("rules.yaml", "outputs:", "otuputs:", "rules.yaml:16:5: table `points` has no key `otuputs`. Did you mean `o"),
        ("rules.yaml", "inputs:", "ipnuts:", "rules.yaml:15:5: table `points` has no key `ipnuts`. Did you mean `inp"),
        ("rules.yaml", "invariants:", "trakcs:", "rules.yaml:22:1: `rules.yaml` has no key `trakcs`. Put it in a file"),
        ("rules.yaml", "invariants:", "fatcs:", "rules.yaml:22:1: `rules.yaml` has no key `fatcs`. Put it in `facts.y"),
        ("rules.yaml", "candidates:", "cadnidates:", "rules.yaml:30:5: scorecard `told-next` has no key `cadnidates`."),
        ("rules.yaml", "hit: collect", "hit: colect", "rules.yaml:17:10: `hit` is one of unique, any, priority, first"),
        ("rules.yaml", "collect: sum", "collect: total", "rules.yaml:18:14: `collect` is one of list, sum, min, max, "),
    ],
)  # fmt: skip
def test_one_mistake_is_told_once(tmp_path: Path, file: str, right: str, wrong: str, said: str) -> None:
    """Not a second time as what is missing, nor at every place that speaks of what could not be read."""
    assert right in FILES[file]
    (problem,) = problems_of(tmp_path, {**FILES, file: FILES[file].replace(right, wrong, 1)})
    assert problem.startswith(said)


def test_what_is_missing_beside_a_misspelt_key_is_told(tmp_path: Path) -> None:
    """A key that is near to a misspelt one is told once, any other one that is missing as well."""
    rules = RULES.replace("    title: {en: Graded, zh: 评级}\n    because:", "    becuase:", 1)
    assert [problem.partition(": ")[2] for problem in problems_of(tmp_path, {**FILES, "rules.yaml": rules})] == [
        "rule `graded` needs `title`. Add `title: ...`. [missing-key]",
        "rule `graded` has no key `becuase`. Did you mean `because`? [unknown-key]",
    ]


def test_a_text_that_lacks_translation_hides_nothing_else(tmp_path: Path) -> None:
    """Of a fact whose title is not translated all uses are judged."""
    facts = FACTS.replace("{en: Paid late, zh: 曾逾期}", "{en: Paid late}")
    rules = RULES.replace("paid_late: true", "paid_late: yes")
    said = problems_of(tmp_path, {**FILES, "facts.yaml": facts, "rules.yaml": rules})
    assert [problem.partition(":")[0] for problem in said] == ["facts.yaml", "rules.yaml"]
