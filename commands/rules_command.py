"""`valuelift rules`: check and test the files in which rules are written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.failures import PROBLEMS
from commands.options import json_option, pack_argument
from commands.rules_check import command as check
from commands.rules_coverage import command as coverage
from commands.rules_diff import command as diff
from commands.rules_graph import command as graph
from commands.rules_mutate import command as mutate
from commands.rules_prove import command as prove
from commands.rules_schema import command as schema
from commands.rules_show import command as show

if TYPE_CHECKING:
    from engine.cases import CaseResult


@click.group("rules")
def command() -> None:
    """Check and test rule packs.

    \b
    Example:
      valuelift rules check rulesets/value_marketing
    """


command.add_command(check)
command.add_command(coverage)
command.add_command(mutate)
command.add_command(prove)
command.add_command(graph)
command.add_command(diff)
command.add_command(schema)
command.add_command(show)


@command.command("test")
@pack_argument
@json_option
def test(pack: Path | None, as_json: bool) -> None:
    """Run the cases of the folder PACK: facts in, expected conclusions out, by both ways of deciding.

    By default the pack that comes with Valuelift is tested. Exit code 1: a case came out otherwise.

    \b
    Example:
      valuelift rules test rulesets/value_marketing
    """
    from engine.cases import judge, load_cases
    from engine.plan import Plan
    from engine.session import Session
    from wiring import load_rules, shipped_pack

    folder = pack or shipped_pack()
    rules = load_rules(folder)
    cases = load_cases(folder, rules.pack)
    facts = [case.facts for case in cases]
    decided = {
        "session": map(Session(rules.program).decide, facts),
        "plan": Plan(rules.program).decide_all(facts),
    }
    results = [
        (name, judge(case, decision))
        for name, decisions in decided.items()
        for case, decision in zip(cases, decisions, strict=True)
    ]
    failed = sorted(
        ((name, result) for name, result in results if not result.passed), key=lambda found: found[1].case.at
    )
    if as_json:
        from commands.output import print_json

        print_json({"cases": len(cases), "failed": [_failure(name, result) for name, result in failed]})
    else:
        for line in _failures(failed):
            click.echo(line)
        broken = len({result.case.name for _, result in failed})
        click.echo(f"{len(cases)} cases, each decided by session and plan: {broken or 'none'} failed.")
    if failed:
        raise click.exceptions.Exit(PROBLEMS)


def _failures(failed: Iterable[tuple[str, CaseResult]]) -> Iterable[str]:
    for executor, result in failed:
        yield f"{result.case.at}: {result.case.name} (by {executor})"
        yield from (f"    {difference}" for difference in result.differences)


def _failure(executor: str, result: CaseResult) -> dict[str, Any]:
    at = str(result.case.at)
    differences = [asdict(difference) for difference in result.differences]
    return {"case": result.case.name, "at": at, "executor": executor, "differences": differences}
