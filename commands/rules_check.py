"""`valuelift rules check`: everything that is wrong or doubtful in a pack, with its place."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.failures import PROBLEMS
from commands.options import Day, Word, json_option, language_option, pack_argument
from common.checked import contents, findings_in_json, line, text_of
from common.texts import PROBLEM_KINDS, Texts, read_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.check import Finding
    from wiring import Rules

FORMATS = ("text", "json", "sarif", "github")


@click.command("check")
@pack_argument
@click.option("--as-of", type=Day(), metavar="DATE", help="Note what evidence lacks on this date. By default today.")
@click.option(
    "--format", "form", type=Word(FORMATS), default="text", metavar="|".join(FORMATS),
    help="Lines (default), JSON, SARIF for code scanners, or annotations of GitHub Actions.",
)  # fmt: skip
@language_option
@json_option
def command(pack: Path | None, as_of: date | None, form: str, language: str, as_json: bool) -> None:
    """Read the rules in the folder PACK and report every problem with its place.

    By default the pack that comes with Valuelift is checked. An error keeps the pack from being used. A warning is
    nearly always a mistake: a fact or parameter that nothing uses, a threshold that decides nothing, a rule without a
    case or a source, a text that is not translated. Notes are worth a look: tables with gaps, rules that could be one,
    evidence about to expire. docs/lints/ has a page for each, with an example. Exit code 1: errors or warnings.

    \b
    Example:
      valuelift rules check rulesets/value_marketing
      valuelift rules check our-rules --format github
    """
    from engine.check import Level, finding_of
    from engine.errors import ProblemsError
    from wiring import checked, shipped_pack

    chosen = "json" if as_json else form
    rules: Rules | None
    try:
        rules, findings = checked(pack or shipped_pack(), as_of or date.today())
    except ProblemsError as error:
        if chosen == "text" and language == "en":
            raise
        rules, findings = None, tuple(map(finding_of, error.problems))
    if chosen == "text":
        _tell(rules, findings, Texts(language))
    else:
        {"json": _json, "sarif": _sarif, "github": _github}[chosen](rules, findings, Texts(language))
    if any(one.level is not Level.NOTE for one in findings):
        raise click.exceptions.Exit(PROBLEMS)


# --- formats ---------------------------------------------------------------------------------------------------------


def _tell(rules: Rules | None, findings: Sequence[Finding], texts: Texts) -> None:
    for one in findings:
        click.echo(line(one, texts), err=rules is None)
    if rules is None:
        click.echo(texts("check_problems", number=texts.number(len(findings))), err=True)
        return
    click.echo(_summary(rules, findings, texts))
    for override in rules.pack.overrides:
        values = {"at": override.at, "what": override.what, "id": override.id, "change": override.change}
        click.echo(texts("check_override", **values))
    for page in sorted({one.page for one in findings if one.level == "warning"}):
        click.echo(texts("check_see", page=page))


def _summary(rules: Rules, findings: Sequence[Finding], texts: Texts) -> str:
    counts = Counter(str(one.level) for one in findings)
    held = [texts(f"check_{name}", number=texts.number(number)) for name, number in contents(rules).items()]
    return texts(
        "check_doubtful" if counts["warning"] else "check_fine",
        pack=rules.pack.name,
        version=rules.pack.version,
        number=counts["warning"],
        noted=texts("check_noted", number=counts["note"]) if counts["note"] else "",
        held=texts("comma").join(held) or texts("check_nothing"),
    )


def _json(rules: Rules | None, findings: Sequence[Finding], texts: Texts) -> None:
    from commands.output import print_json

    print_json(findings_in_json(rules, findings, texts))


def _sarif(rules: Rules | None, findings: Sequence[Finding], texts: Texts) -> None:  # noqa: ARG001 - all formats are called alike
    """Print a log of version 2.1.0 of the Static Analysis Results Interchange Format."""
    from commands.output import print_json

    ids = sorted({one.id: one.page for one in findings}.items())
    kinds = read_texts(PROBLEM_KINDS)
    described = {name: {"shortDescription": {"text": kinds[name][texts.language]}} for name, _ in ids if name in kinds}
    known = [{"id": name, "helpUri": page, **described.get(name, {})} for name, page in ids]
    driver = {"name": "valuelift", "rules": known}
    print_json(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{"tool": {"driver": driver}, "results": [_result(one, texts) for one in findings]}],
        }
    )


def _result(one: Finding, texts: Texts) -> dict[str, Any]:
    region = {"startLine": one.location.line, "startColumn": one.location.column}
    place = {"artifactLocation": {"uri": _from_here(one.location.file)}, "region": region}
    message = {"text": text_of(one, texts)}
    return {"ruleId": one.id, "level": one.level, "message": message, "locations": [{"physicalLocation": place}]}


def _github(rules: Rules | None, findings: Sequence[Finding], texts: Texts) -> None:  # noqa: ARG001 - all formats are called alike
    for one in findings:
        kind = "notice" if one.level == "note" else one.level
        at = one.location
        where = f"file={_escaped(_from_here(at.file), ':,')},line={at.line},col={at.column},title={one.id}"
        click.echo(f"::{kind} {where}::{_escaped(text_of(one, texts))}")


def _escaped(text: str, also: str = "") -> str:
    """Return a text as GitHub reads it in a command."""
    for sign in f"%\r\n{also}":
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def _from_here(file: str) -> str:
    """Return a path as seen from here, if it lies below."""
    path = Path(file)
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else path.as_posix()
