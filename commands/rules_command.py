"""`valuelift rules`: check and test the files in which rules are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.failures import PROBLEMS
from commands.options import Day, json_option, pack_argument
from commands.rules_coverage import command as coverage
from commands.rules_diff import command as diff
from commands.rules_graph import command as graph
from commands.rules_prove import command as prove
from commands.rules_schema import command as schema
from commands.rules_show import command as show

if TYPE_CHECKING:
    from engine.cases import CaseResult
    from engine.errors import Problem, ProblemsError
    from engine.talk import Gaps
    from wiring import Rules


@click.group("rules")
def command() -> None:
    """Check and test rule packs.

    \b
    Example:
      valuelift rules check rulesets/value_marketing
    """


command.add_command(coverage)
command.add_command(prove)
command.add_command(graph)
command.add_command(diff)
command.add_command(schema)
command.add_command(show)


@command.command("check")
@pack_argument
@click.option("--as-of", type=Day(), metavar="DATE", help="Note what evidence lacks on this date. By default today.")
@json_option
def check(pack: Path | None, as_of: date | None, as_json: bool) -> None:
    """Read the rules in the folder PACK and report every problem with its place.

    By default the pack that comes with Valuelift is checked. Exit code 1: there are problems. Notes are none: values
    without valid evidence, evidence that expires within 90 days, values that nothing is said of for a need.

    \b
    Example:
      valuelift rules check rulesets/value_marketing
    """
    from engine.errors import ProblemsError
    from engine.talk import gaps_in
    from wiring import load_rules, shipped_pack

    try:
        rules = load_rules(pack or shipped_pack())
    except ProblemsError as error:
        if not as_json:
            raise
        _print_problems(error)
        raise click.exceptions.Exit(PROBLEMS) from None
    gaps = gaps_in(rules.pack, as_of or date.today())
    if as_json:
        from commands.output import print_json

        notes = _notes(gaps)
        print_json({"pack": rules.program.stamp, "contents": contents(rules), "problems": [], "notes": notes})
        return
    held = ", ".join(f"{number} {name if number > 1 else name[:-1]}" for name, number in contents(rules).items())
    click.echo(f"{rules.pack.name} {rules.pack.version} is fine: {held}.")
    for line in _noted(gaps):
        click.echo(f"Note: {line}")


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
        "tracks": pack.talk.tracks if pack.talk else (),
        "overrides": pack.overrides,
    }
    return {name: len(items) for name, items in parts.items() if items}


def _notes(gaps: Gaps | None) -> dict[str, Any]:
    """Return in JSON form what a pack's talk lacks."""
    if gaps is None:
        return {}
    return {
        "unproven": gaps.unproven,
        "expiring": [{"evidence": one.id, "value": one.value, "valid_until": one.valid_until} for one in gaps.expiring],
        "untold": [{"value": value, "need": need} for value, need in gaps.untold],
    }


def _noted(gaps: Gaps | None) -> Iterator[str]:
    """Yield a line for everything that a pack's talk lacks; of what nothing is said only how much."""
    if gaps is None:
        return
    if gaps.unproven:
        yield f"there is no valid evidence for {', '.join(gaps.unproven)}."
    for one in gaps.expiring:
        yield f"evidence `{one.id}` for {one.value} is valid until {one.valid_until} only."
    if gaps.untold:
        yield f"{len(gaps.untold)} pairs of value and need have no talk track; --json lists them."


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
