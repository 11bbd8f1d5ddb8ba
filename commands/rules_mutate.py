"""`valuelift rules mutate`: which small mistakes in rules no case would find out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.failures import PROBLEMS
from commands.options import json_option, language_option, pack_argument
from engine.said import one_after_other, said

if TYPE_CHECKING:
    from common.texts import Texts
    from engine.errors import Location
    from engine.mutation import Mutation, Tried
    from wiring import Rules

CASES = 10


@click.command("mutate")
@pack_argument
@click.option("--only", multiple=True, metavar="ID", help="Try only this rule, row, table, gate or scorecard.")
@click.option("--cases", type=click.IntRange(0), default=CASES, show_default=True, help="Missing cases to write out.")
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), default=5, show_default=True, help="Time per proof."
)
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Processor cores to use. By default all.")
@language_option
@json_option
def command(
    pack: Path | None,
    only: tuple[str, ...],
    cases: int,
    seconds: float,
    jobs: int | None,
    language: str,
    as_json: bool,
) -> None:
    """Make small mistakes in the rules of the folder PACK, and list those that no case finds out.

    One at a time a threshold is moved by one (an amount by a tenth), an operator flipped, a condition dropped, a rule
    removed; what the pack inherits is left alone. A mistake survives if every case comes out as expected all the same.
    For the first survivors the missing case is written out, ready to paste. A mistake that no possible customer shows
    is proved to be none, and not counted; nor is one that a case file justifies under `equivalent`, with its rule,
    its mistake in the words of this list, and why (`because`). By default the pack that comes with Valuelift is tried.
    Exit code 1: a mistake survives, or one is said to be equivalent that a case shows.

    \b
    Example:
      valuelift rules mutate our-rules
      valuelift rules mutate our-rules --only new-to-established --cases 50
    """
    from commands.output import print_json
    from common.texts import Texts
    from engine.cases import load_cases
    from engine.mutation import SURVIVES, Mutation, load_equivalents
    from wiring import load_rules, shipped_pack

    folder = pack or shipped_pack()
    rules = load_rules(folder)
    cases_ = load_cases(folder, rules.pack)
    mutation = Mutation(rules.program, cases_, seconds, partial(load_equivalents, folder))
    _check_ids(mutation, only)
    texts = Texts(language)
    tried = _tried(texts, mutation, frozenset(only) or _own(rules, folder), jobs or os.cpu_count() or 1)
    survivors = [one for one in tried if one.verdict in SURVIVES]
    survivors[:cases] = [mutation.with_case(one) for one in survivors[:cases]]
    told = _Told(rules, survivors, cases)
    said = _Said(mutation, tried)
    if as_json:
        counts = Counter(one.verdict for one in tried)
        print_json({"mutants": counts, "survivors": list(told.plain()), **said.plain()})
    else:
        for line in (*told.lines(texts), *said.lines(texts)):
            click.echo(line)
        click.echo(_summary(texts, tried))
    if survivors or said.wrong:
        raise click.exceptions.Exit(PROBLEMS)


def _check_ids(mutation: Mutation, only: Sequence[str]) -> None:
    """Refuse an id that no rule has."""
    known = {name for one in mutation.mutants.all for name in (one.rule, one.rule.partition("#")[0])}
    for name in only:
        if name not in known:
            from engine.errors import did_you_mean

            problem = said("no rule is called {name!r}.", name=name)
            raise click.BadParameter(one_after_other(problem, did_you_mean(name, known)))


def _own(rules: Rules, folder: Path) -> frozenset[str]:
    """Return the rules of a pack's own files: those it inherits are tested by the cases of the pack they come from."""
    from engine.condition_coverage import places_of

    return frozenset(name.partition("@")[0] for name, at in places_of(rules.pack).items() if at.lies_in(folder))


def _tried(texts: Texts, mutation: Mutation, only: frozenset[str], jobs: int) -> list[Tried]:
    from commands.progress import progress

    found: list[Tried] = []
    number = len(mutation.chosen(only))
    with progress() as report:
        for one in mutation.run(only, jobs):
            found.append(one)
            report(texts("mutate_progress"), len(found), number)
    return sorted(found, key=lambda one: one.place)


def _summary(texts: Texts, tried: Sequence[Tried]) -> str:
    """Return how many mistakes were made, found out, and survived."""
    counts = Counter(str(one.verdict) for one in tried)
    survived = counts["unnoticed"] + counts["unseen"] + counts["open"]
    justified = counts["equivalent"]
    counted = len(tried) - counts["without-effect"] - justified
    return texts(
        "mutate_summary",
        number=texts.number(len(tried)),
        none=texts.number(counts["without-effect"]),
        justified=texts("mutate_justified", number=texts.number(justified)) if justified else "",
        survived=texts.number(survived),
        counted=texts.number(counted),
        share=f"{survived / counted:.1%}" if counted else "–",
    )


class _Said:
    """What is said of mistakes to be equivalent: rightly, as far as the cases show, or wrongly."""

    def __init__(self, mutation: Mutation, tried: Sequence[Tried]) -> None:
        self._equivalents = mutation.equivalents
        verdicts: dict[tuple[str, str], set[str]] = {}
        for one in tried:
            if one.mutant.key in self._equivalents:
                verdicts.setdefault(one.mutant.key, set()).add(one.verdict)
        self._verdicts = verdicts
        self.wrong = [key for key, seen in verdicts.items() if seen & {"found-out", "unnoticed"}]

    def lines(self, texts: Texts) -> Iterator[str]:
        """Yield what is said, with the reason, and what a case disproves."""
        for key in self._verdicts:
            entry = self._equivalents[key]
            name = "mutate_disproved" if key in self.wrong else "mutate_equivalent"
            yield texts(name, at=entry.at, rule=key[0], what=key[1], because=entry.because[texts.language])

    def plain(self) -> dict[str, Any]:
        """Return what is said for other programs."""
        told = [
            {"rule": rule, "what": what, "because": asdict(self._equivalents[rule, what].because),
             "disproved": (rule, what) in self.wrong}
            for rule, what in self._verdicts
        ]  # fmt: skip
        return {"equivalent": told}


class _Told:
    """Survivors in lines and in JSON form, each at the place of its rule; the first ones with the missing case."""

    def __init__(self, rules: Rules, survivors: Sequence[Tried], cases: int) -> None:
        from engine.condition_coverage import places_of

        self._survivors = survivors
        self._cases = cases
        self._places = {name.partition("@")[0]: at for name, at in places_of(rules.pack).items()}

    def _at(self, one: Tried) -> Location:
        return self._places[one.mutant.rule]

    def lines(self, texts: Texts) -> Iterator[str]:
        """Yield the survivors, and their cases as YAML."""
        for place, one in enumerate(self._survivors):
            yield texts("mutate_survivor", at=self._at(one), rule=one.mutant.rule, what=one.mutant.what)
            if one.missing is not None and place < self._cases:
                if one.verdict == "unnoticed":
                    yield "    " + texts("mutate_unnoticed", case=one.missing.customer.customer)
                yield self._case(one, "      ")

    def plain(self) -> Iterator[dict[str, Any]]:
        """Yield the survivors for other programs."""
        for one in self._survivors:
            at = self._at(one)
            yield {
                "rule": one.mutant.rule,
                "mistake": one.mutant.mistake,
                "what": one.mutant.what,
                "verdict": one.verdict,
                "file": at.file,
                "line": at.line,
                "case": self._case(one, "") or None,
            }

    def _case(self, one: Tried, indent: str) -> str:
        from engine.case_text import case_text, quoted

        missing = one.missing
        if missing is None:
            return ""
        fires, name = ("fires, but would not", "fired") if missing.fires else ("does not fire, but would", "not_fired")
        joined = {"dropped": "", "removed": "if "}.get(one.mutant.mistake, "with ")
        title = quoted(f"{missing.rule} {fires} {joined}{one.mutant.what}".replace("`", ""))
        facts = case_text(missing.customer, indent + "  ")
        return f"{indent}- case: {title}\n{facts}\n{indent}  expect: {{{name}: [{quoted(missing.rule)}]}}"
