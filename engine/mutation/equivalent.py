"""Mistakes that make no difference, and why: what a pack's authors say of those that no proof could settle.

They stand under `equivalent` in the files of `cases/`, beside the cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Location, Problems, did_you_mean
from engine.load.files import read_nodes
from engine.load.form import Form
from engine.mutation.mutants import Mutant
from engine.said import said
from engine.vocabulary import Text
from engine.yaml12 import YList, YMap

Key = tuple[str, str]
"""A rule's id, and its mistake in words."""


@dataclass(frozen=True, slots=True)
class Equivalent:
    """Why a mistake makes no difference to anybody, and where that is said."""

    because: Text
    at: Location


def load_equivalents(folder: Path, mutants: Iterable[Mutant]) -> dict[Key, Equivalent]:
    """Load what a pack's case files say of mistakes that make no difference.

    Raises:
        ProblemsError: with every entry that is wrong, names no mistake, or names one a second time.
    """
    problems = Problems()
    known: dict[str, list[str]] = {}
    for mutant in mutants:
        known.setdefault(mutant.rule, []).append(mutant.what)
    found: dict[Key, Equivalent] = {}
    for node in read_nodes(sorted((folder / "cases").glob("*.yaml")), problems).values():
        entries = node.get("equivalent") if isinstance(node, YMap) else None
        for item in entries.items if isinstance(entries, YList) else ():
            form = Form(item, said("an entry of `equivalent`"), problems)
            key = (form.word("rule"), form.word("mistake"))
            entry = Equivalent(form.text("because"), form.at)
            form.close()
            _check(form, key, known, problems)
            if key in found:
                message = said("`{mistake}` of `{rule}` stands here twice.", mistake=key[1], rule=key[0])
                problems.add(form.at, "duplicate-id", message, said("Remove one."))
            found[key] = entry
    problems.raise_any()
    return found


def _check(form: Form, key: Key, known: Mapping[str, list[str]], problems: Problems) -> None:
    rule, mistake = key
    if rule and rule not in known:
        message = said("there is no rule `{rule}`.", rule=rule)
        problems.add(form.value_place("rule"), "unknown-rule", message, did_you_mean(rule, known))
    elif mistake and mistake not in known.get(rule, ()):
        hint = did_you_mean(mistake, known.get(rule, ())) or said(
            "`valuelift rules mutate --only {rule}` lists them.", rule=rule
        )
        message = said("no mistake of `{rule}` is called `{mistake}`.", rule=rule, mistake=mistake)
        problems.add(form.value_place("mistake"), "unknown-mistake", message, hint)
