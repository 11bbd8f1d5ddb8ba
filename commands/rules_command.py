"""`valuelift rules`: check and test the files in which rules are written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.failures import PROBLEMS
from commands.options import json_option, pack_argument
from commands.rules_coverage import command as coverage

if TYPE_CHECKING:
    from engine.cases import CaseResult
    from engine.errors import Problem, ProblemsError
    from wiring import Rules


@click.group("rules")
def command() -> None:
    """Check and test rule packs.

    \b
    Example:
      valuelift rules check rulesets/value_marketing
    """


command.add_command(coverage)


@command.command("check")
@pack_argument
@json_option
def check(pack: Path | None, as_json: bool) -> None:
    """Read the rules in the folder PACK and report every problem with its place.

    By default the pack that comes with Valuelift is checked. Exit code 1: there are problems.

    \b
    Example:
      valuelift rules check rulesets/value_marketing
    """
    from engine.errors import ProblemsError
    from wiring import load_rules, shipped_pack

    try:
        rules = load_rules(pack or shipped_pack())
    except ProblemsError as error:
        if not as_json:
            raise
        _print_problems(error)
        raise click.exceptions.Exit(PROBLEMS) from None
    if as_json:
        from commands.output import print_json

        print_json({"pack": rules.program.stamp, "contents": contents(rules), "problems": []})
        return
    held = ", ".join(f"{number} {name if number > 1 else name[:-1]}" for name, number in contents(rules).items())
    click.echo(f"{rules.pack.name} {rules.pack.version} is fine: {held}.")


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


def contents(rules: Rules) -> dict[str, int]:
    """Return how much of everything the pack holds."""
    pack = rules.pack
    parts = {
        "rules": pack.rules,
        "tables": pack.tables,
        "gates": pack.gates,
        "scorecards": pack.scorecards,
        "actions": pack.actions,
        "invariants": pack.invariants,
        "parameters": pack.parameters,
        "overrides": pack.overrides,
    }
    return {name: len(items) for name, items in parts.items() if items}


def _print_problems(error: ProblemsError) -> None:
    from commands.output import print_json

    print_json({"problems": [_problem(problem) for problem in error.problems]})


def _problem(problem: Problem) -> dict[str, Any]:
    at = problem.location
    where = {"file": at.file, "line": at.line, "column": at.column}
    return {**where, "code": problem.code, "message": problem.message, "hint": problem.hint}


def _failures(failed: Iterable[tuple[str, CaseResult]]) -> Iterable[str]:
    for executor, result in failed:
        yield f"{result.case.at}: {result.case.name} (by {executor})"
        yield from (f"    {difference}" for difference in result.differences)


def _failure(executor: str, result: CaseResult) -> dict[str, Any]:
    at = str(result.case.at)
    differences = [asdict(difference) for difference in result.differences]
    return {"case": result.case.name, "at": at, "executor": executor, "differences": differences}
