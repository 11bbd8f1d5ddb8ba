"""The cases find out every small mistake in the pack's rules that any customer would notice, or say why none would."""

from __future__ import annotations

from functools import partial

from engine.compile import compile_pack
from engine.mutation import SURVIVES, Mutation, load_equivalents
from tests.profiles import count
from tests.rulesets.test_value_marketing import CASES, FOLDER, PACK

STEP = count(quick=25, ci=10, long=1)
"""Of so many rules one is tried, and those with something justified always."""


def test_no_mistake_survives() -> None:
    """Each mistake is found out, proved to make no difference, or justified in a case file and not disproved."""
    mutation = Mutation(compile_pack(PACK), CASES, equivalents=partial(load_equivalents, FOLDER))
    rules = sorted({mutant.rule for mutant in mutation.mutants.all})[::STEP]
    justified = {rule for rule, _ in mutation.equivalents}
    tried = list(mutation.run(frozenset(rules) | justified, jobs=1))
    assert [(one.mutant.rule, one.mutant.what) for one in tried if one.verdict in SURVIVES] == []
    disproved = {one.mutant.key for one in tried if one.verdict == "found-out"}
    assert disproved.isdisjoint(mutation.equivalents)
    assert len(tried) > 5_000 / STEP / 2
