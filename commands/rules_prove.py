"""`valuelift rules prove`: what holds for every possible customer, and for whom it does not."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.failures import PROBLEMS
from commands.options import Word, json_option, language_option, pack_argument
from engine.said import said

if TYPE_CHECKING:
    from rich.console import RenderableType

    from common.texts import Texts
    from engine.model import Pack
    from engine.program import Program
    from engine.prove import Answer, Question

KINDS = (
    "invariant",
    "monotone",
    "reachable",
    "circle",
    "conflict",
    "gap",
    "dead",
    "outprioritised",
    "redundant-rule",
    "redundant-condition",
)
NOTED = ("redundant-rule", "redundant-condition")
"""These are told, and are no problems: a rule may be there for its reason, and a condition to be shown."""


@click.command("prove")
@pack_argument
@click.option("--only", multiple=True, type=Word(KINDS), metavar="KIND", help=f"Ask only this: {', '.join(KINDS)}.")
@click.option("--rows", type=click.IntRange(1, 20), default=2, show_default=True, help="Rows looked at.")
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), default=10, show_default=True, help="Time per question."
)
@click.option(
    "--against",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="OLD",
    help="Compare with the pack in this folder instead: tell for whom PACK concludes otherwise.",
)
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Processor cores to use. By default all.")
@language_option
@json_option
def command(
    pack: Path | None,
    only: tuple[str, ...],
    rows: int,
    seconds: float,
    against: Path | None,
    jobs: int | None,
    language: str,
    as_json: bool,
) -> None:
    """Prove what the folder PACK claims for every possible customer, or show one for whom it does not hold.

    Asks whether invariants and monotonicity hold, all stages can be reached and nobody is led round in circles, rules
    disagree, can never fire or never win, and what could be left out. A customer is possible if its facts keep the
    catalogue's ranges and constraints, with up to ROWS rows in a collection (more where a rule counts more). By default
    the pack that comes with Valuelift is looked at. Exit code 1: something does not hold, or was not answered in time.

    With --against each derived fact and each rule of two versions is proved to come out alike for every possible
    customer, or the smallest customer for whom it does not is shown.

    \b
    Example:
      valuelift rules prove rulesets/value_marketing --only invariant
      valuelift rules prove our-rules --against rulesets/value_marketing
    """
    from commands.output import print_json, print_page
    from common.texts import Texts
    from engine.prove import Difference, DifferentFactsError, Kind, Questions, Verdict
    from wiring import examples, load_rules, shipped_pack

    if against and only:
        raise click.UsageError(said("--only chooses among questions about one pack, and --against compares two."))
    folder = pack or shipped_pack()
    rules = load_rules(folder)
    programs = [rules.program]
    questions: Questions | Difference
    if against:
        programs.insert(0, load_rules(against).program)
        try:
            questions = Difference(programs[0], rules.program, rows, seconds)
        except DifferentFactsError as error:
            why = said("the versions differ in stored facts, so no customer suits both: {facts}.", facts=error)
            raise click.ClickException(why) from None
        asked = list(questions.questions())
    else:
        questions = Questions(rules.pack, rules.program, examples(folder, rules), rows, seconds)
        asked = list(questions.all([Kind(name) for name in only or KINDS]))
    texts = Texts(language)
    answers = _answers(texts, asked, jobs or os.cpu_count() or 1)
    _try_out(programs, answers)
    if as_json:
        print_json({"pack": rules.program.stamp, "rows": questions.rows, "answers": [_plain(one) for one in answers]})
    else:
        print_page(*_page(texts, rules.pack, folder, questions.rows, answers))
    if any(one.verdict is not Verdict.PROVED and one.kind not in NOTED for one in answers):
        raise click.exceptions.Exit(PROBLEMS)


def _answers(texts: Texts, asked: Sequence[Question], jobs: int) -> list[Answer]:
    """Return the answers to questions in their order, and report on the way how many there are."""
    from commands.progress import progress
    from engine.prove import ask_all

    answers: list[Answer] = []
    with progress() as report:
        for answer in ask_all(asked, jobs):
            answers.append(answer)
            report(texts("prove_progress"), len(answers), len(asked))
    places = {(question.kind, question.about): place for place, question in enumerate(asked)}
    return sorted(answers, key=lambda answer: places[answer.kind, answer.about])


def _try_out(programs: Sequence[Program], answers: Sequence[Answer]) -> None:
    """Let both executors decide on the customers who refute something: for two versions, each on its own witness.

    Raises:
        RuntimeError: if one of them does not show what it should: then the prover is wrong.
    """
    from engine.plan import Plan
    from engine.prove import Verdict
    from engine.session import Session

    refuted = [one for one in answers if one.verdict is Verdict.REFUTED and one.witnesses]
    executors = [(Session(program), Plan(program)) for program in programs if refuted]
    for answer in refuted:
        for place, witness in enumerate(answer.witnesses):
            for executor in executors[place % len(executors)]:
                missed = witness.missed(executor.decide(witness.customer))
                if missed:
                    raise RuntimeError(f"the customer {witness.customer} does not show {missed}")


# --- output ---


def _plain(answer: Answer) -> dict[str, Any]:
    found = asdict(answer)
    shown = [[{type(one).__name__.lower(): asdict(one)} for one in witness.shows] for witness in answer.witnesses]
    for witness, shows in zip(found["witnesses"], shown, strict=True):
        witness["shows"] = shows
    if answer.verdict == "proved":
        del found["witnesses"]
    return found


def _page(
    texts: Texts, pack: Pack, folder: Path, rows: Mapping[str, int], answers: Sequence[Answer]
) -> Iterator[RenderableType]:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    usual = min(rows.values(), default=0)
    more = {name: number for name, number in rows.items() if number > usual}
    listed = ", ".join(f"{name} {number}" for name, number in more.items()) or "–"
    yield Text(texts("prove_scope", name=pack.name, version=pack.version, rows=usual, more=listed))
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, header_style="bold")
    table.add_column(texts("prove_question"), ratio=1)
    for name in ("proved", "refuted", "unanswered"):
        table.add_column(texts(f"prove_{name}"), justify="right", no_wrap=True, min_width=10)
    by_kind: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_kind[answer.kind].append(answer)
    for kind, found in by_kind.items():
        counts = [sum(one.verdict == verdict for one in found) for verdict in ("proved", "refuted", "unanswered")]
        table.add_row(texts(f"prove_{kind}"), *(str(count or "–") for count in counts))
    yield table
    open_ones = [one for one in answers if one.verdict != "proved"]
    problems = [one for one in open_ones if one.kind not in NOTED]
    for answer in problems:
        yield Text(_said(texts, pack, answer), style="bold red")
        yield from (Text(line) for line in _witnesses(texts, answer))
    noted = [one for one in open_ones if one.kind in NOTED]
    own = [one for one in noted if _is_own(pack, folder, one)]
    for answer in own:
        yield Text(texts("prove_note", text=_said(texts, pack, answer)))
    if len(noted) > len(own):
        yield Text(texts("prove_inherited", number=len(noted) - len(own)))
    if not problems:
        yield Text(texts("prove_fine"), style="bold green")


def _is_own(pack: Pack, folder: Path, answer: Answer) -> bool:
    """Return whether what is noted stands in the pack's own files: what it inherits, others look after."""
    from engine.load.built_in import EVIDENCED
    from engine.relations import relations

    whole, _, part = answer.about[0].partition("#")
    evidence = {} if pack.talk is None else pack.talk.evidence
    item = evidence.get(part) if whole == EVIDENCED.name else relations(pack).items.get(whole)
    return item is None or item.at.lies_in(folder)


def _said(texts: Texts, pack: Pack, answer: Answer) -> str:
    """Return what does not hold, or was not answered, in a sentence."""
    from engine.prove import Has

    titles = {one.id: one.title for one in pack.invariants} | {one.id: one.title for one in pack.monotonicity}
    first, *rest = answer.about
    title = titles[first][texts.language] if first in titles else first
    if answer.verdict == "unanswered":
        return texts("prove_open", about=" ".join(answer.about), question=texts(f"prove_{answer.kind}"))
    steps = [str(shown.value) for witness in answer.witnesses for shown in witness.shows if isinstance(shown, Has)]
    path = " → ".join((*steps[-1:], *steps))
    return texts(f"prove_not_{answer.kind}", about=first, title=title, other=" ".join(rest), path=path)


def _witnesses(texts: Texts, answer: Answer) -> Iterator[str]:
    from engine.case_text import case_text

    for place, witness in enumerate(answer.witnesses):
        yield f"  {texts('prove_customer', shows=', '.join(_shown(one) for one in witness.shows))}"
        if not place or witness.customer != answer.witnesses[place - 1].customer:
            yield case_text(witness.customer, "      ")


def _shown(shows: Any) -> str:
    return ", ".join(f"{name} {_listed(value)}" for name, value in asdict(shows).items())


def _listed(value: Any) -> str:
    return ", ".join(sorted(value)) if isinstance(value, frozenset) else str(value)
