"""`valuelift rules test`: the cases of a pack, each decided by session and plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.failures import PROBLEMS, report
from commands.options import OutFile, json_option, language_option, pack_argument
from common.texts import Texts
from engine.said import said

if TYPE_CHECKING:
    from engine.cases import Case, CaseResult
    from wiring import Rules


@click.command("test")
@pack_argument
@click.option("--case", "parts", multiple=True, metavar="TEXT", help="Only cases with this text in name or file.")
@click.option(
    "--rule", "ids", multiple=True, metavar="ID", help="Only cases that expect something of this rule or gate."
)
@click.option(
    "--junit", type=OutFile(), metavar="FILE",
    help="Write the results to this file as JUnit XML, for CI servers.",
)  # fmt: skip
@click.option("--watch", is_flag=True, help="Test anew whenever a file of the pack is saved, until Ctrl-C.")
@language_option
@json_option
def command(
    pack: Path | None,
    parts: tuple[str, ...],
    ids: tuple[str, ...],
    junit: Path | None,
    watch: bool,
    language: str,
    as_json: bool,
) -> None:
    """Run the cases of the folder PACK: facts in, expected conclusions out, by both ways of deciding.

    By default the pack that comes with Valuelift is tested. Exit code 1: a case came out otherwise.

    \b
    Example:
      valuelift rules test rulesets/value_marketing
      valuelift rules test our-rules --rule new-to-established --watch
    """
    from wiring import shipped_pack

    folder = pack or shipped_pack()
    texts = Texts(language)
    run = _Run(folder, _Chosen(tuple(part.casefold() for part in parts), frozenset(ids)), junit, as_json, texts)
    if not watch:
        if not run():
            raise click.exceptions.Exit(PROBLEMS)
        return
    from commands.watching import saves

    for _ in saves(folder):
        try:
            run()
        except Exception as error:  # a file saved half-way is no reason to stop watching
            report(error, language)
        click.echo(texts("watching"), err=True)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Which cases to run: with one of the texts in name or file, and with one of the rules; none given: all."""

    parts: tuple[str, ...]
    ids: frozenset[str]

    def among(self, cases: Sequence[Case]) -> list[Case]:
        """Return the cases that are chosen.

        Raises:
            click.UsageError: if none is.
        """
        found = [case for case in cases if self._is_chosen(case)]
        if cases and not found:
            raise click.UsageError(said("No case is chosen. Leave out --case or --rule, or give another."))
        return found

    def _is_chosen(self, case: Case) -> bool:
        words = f"{case.name}\n{Path(case.at.file).name}".casefold()
        named = {name for rule in _named(case) for name in (rule, rule.partition("#")[0], rule.partition("@")[0])}
        return (not self.parts or any(part in words for part in self.parts)) and (
            not self.ids or not self.ids.isdisjoint(named)
        )


def _named(case: Case) -> Iterator[str]:
    yield from (*case.expect.fired, *case.expect.not_fired, *case.expect.gates)


@dataclass(frozen=True, slots=True)
class _Run:
    """How the chosen cases of a pack are run, and how it is told what came out."""

    folder: Path
    chosen: _Chosen
    junit: Path | None
    as_json: bool
    texts: Texts

    def __call__(self) -> bool:
        """Run the chosen cases and tell what came out; return whether all passed."""
        from common.trying import run_cases
        from engine.cases import load_cases
        from wiring import load_rules

        rules = load_rules(self.folder)
        cases = self.chosen.among(load_cases(self.folder, rules.pack))
        results = run_cases(rules, cases)
        failed = sorted(
            ((name, result) for name, result in results if not result.passed), key=lambda found: found[1].case.at
        )
        if self.junit is not None:
            self.junit.write_text(_junit(rules, results), encoding="utf-8")
        if self.as_json:
            from commands.output import print_json

            print_json({"cases": len(cases), "failed": [_failure(name, result) for name, result in failed]})
        else:
            for line in self._told(len(cases), failed):
                click.echo(line)
        return not failed

    def _told(self, number: int, failed: Sequence[tuple[str, CaseResult]]) -> Iterator[str]:
        """Yield each failure with what came out otherwise, and how many there are."""
        texts = self.texts
        for executor, result in failed:
            yield texts("test_failure", at=result.case.at, case=result.case.name, executor=executor)
            yield from differences(result, texts)
        broken = len({result.case.name for _, result in failed})
        yield texts("test_failed" if broken else "test_passed", number=texts.number(number), failed=broken)


def differences(result: CaseResult, texts: Texts) -> Iterator[str]:
    """Yield a line for each thing that came out otherwise than a case expects."""
    yield from (f"    {texts.told(difference.told)}" for difference in result.differences)


def _failure(executor: str, result: CaseResult) -> dict[str, Any]:
    at = str(result.case.at)
    plain = [asdict(difference) for difference in result.differences]
    return {"case": result.case.name, "at": at, "executor": executor, "differences": plain}


def _junit(rules: Rules, results: Sequence[tuple[str, CaseResult]]) -> str:
    """Return the results as JUnit XML: a suite for each executor."""
    from xml.etree.ElementTree import Element, SubElement, indent, tostring

    root = Element("testsuites", name=f"{rules.pack.name} {rules.pack.version}")
    for executor in dict.fromkeys(name for name, _ in results):
        own = [result for name, result in results if name == executor]
        broken = sum(not result.passed for result in own)
        suite = SubElement(root, "testsuite", name=executor, tests=str(len(own)), failures=str(broken), errors="0")
        for result in own:
            at = result.case.at
            where = {"classname": f"{executor}.{Path(at.file).stem}", "file": at.file, "line": str(at.line)}
            case = SubElement(suite, "testcase", {"name": result.case.name, **where})
            if not result.passed:
                told = [str(difference) for difference in result.differences]
                SubElement(case, "failure", message=told[0]).text = "\n".join(told)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"
