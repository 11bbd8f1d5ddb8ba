"""What stands between a new version of a pack and its use: check, test, proofs, and its impact against limits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from common.texts import Texts

if TYPE_CHECKING:
    from engine.impact import Impact
    from facts.store import Store
    from wiring import Rules

NAMED = 5
"""So many failures of one kind are named; the commands themselves tell all."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it found, in a sentence, and the reasons against the new version, if there are any."""

    name: str
    said: str
    reasons: tuple[str, ...] = ()


class Promotion:
    """A new version of a pack on its way into a store."""

    def __init__(self, store: Store, folder: Path, as_of: date, texts: Texts) -> None:
        self._store, self._folder, self._as_of, self._texts = store, folder, as_of, texts

    def steps(self) -> Iterator[Step]:
        """Yield the steps one by one; the impact is not asked for if something is wrong already.

        Raises:
            ProblemsError: if the pack, or a case, has an error.
        """
        from wiring import checked

        rules, findings = checked(self._folder, self._as_of)
        warnings = [str(one) for one in findings if one.level == "warning"]
        steps: list[Callable[[], Step]] = [
            lambda: self._step("check", self._texts("promote_checked", number=len(findings) - len(warnings)), warnings),
            self._version,
            lambda: self._test(rules),
            lambda: self._prove(rules),
            lambda: self._impact(rules),
        ]
        for number, take in enumerate(steps):
            step = take()
            yield step
            if step.reasons and number >= 1:
                return

    def _step(self, name: str, said: str, reasons: list[str]) -> Step:
        more = [self._texts("promote_more", number=len(reasons) - NAMED)] if len(reasons) > NAMED else []
        return Step(name, said, (*reasons[:NAMED], *more))

    def _version(self) -> Step:
        """Refuse other content under a name and version that the store knows already."""
        from facts.packs import versions_of
        from wiring import stored_form

        new = stored_form(self._folder)
        same = [digest for digest, version in versions_of(self._store, new.name) if version == new.version]
        reasons = [] if not same or new.digest in same else [self._texts("promote_same_version", version=new.version)]
        return self._step("version", f"{new.name} {new.version}", reasons)

    def _test(self, rules: Rules) -> Step:
        from commands.rules_test import run_cases
        from engine.cases import load_cases

        cases = load_cases(self._folder, rules.pack)
        failed = {result.case.at: result.case.name for _, result in run_cases(rules, cases) if not result.passed}
        reasons = [self._texts("promote_case", at=at, case=name) for at, name in sorted(failed.items())]
        return self._step("test", self._texts("promote_tested", number=len(cases)), reasons)

    def _prove(self, rules: Rules) -> Step:
        from engine.prove import Kind, Questions, Verdict, ask_all
        from wiring import examples

        questions = Questions(rules.pack, rules.program, examples(self._folder, rules))
        asked = list(questions.all([Kind.INVARIANT]))
        answers = list(ask_all(asked, os.cpu_count() or 1))
        doubted = sorted((one.about[0], one.verdict) for one in answers if one.verdict is not Verdict.PROVED)
        reasons = [
            self._texts("promote_broken" if verdict is Verdict.REFUTED else "promote_open", invariant=name)
            for name, verdict in doubted
        ]
        return self._step("prove", self._texts("promote_proved", number=len(answers)), reasons)

    def _impact(self, rules: Rules) -> Step:
        """Hold the impact against the limits of both versions: the stricter one counts."""
        from engine.impact import Versions, impact
        from engine.load import load_pack, load_parts
        from wiring import AMOUNT, Desk, Rules, catalogue, pack_in_use

        with pack_in_use(self._store) as used:
            before = load_pack(used, catalogue())
            versions = Versions(load_parts(used, catalogue()), load_parts(self._folder, catalogue()))
        desk = Desk(self._store, Rules(versions.pack, versions.after), self._as_of)
        if not desk.cards():
            return self._step("impact", self._texts("promote_no_customers"), [])
        found = impact(versions, desk.snapshot(), AMOUNT, top=0, explain=False)
        reasons = []
        for key, number in (("change_stage", found.moved), ("affected", found.affected)):
            limits = [pack.promotion[key] for pack in (before, rules.pack) if key in pack.promotion]
            if limits and number * 100 > min(limits) * found.customers:
                share = f"{number / found.customers:.1%}"
                reasons.append(self._texts(f"promote_{key}", number=number, share=share, limit=min(limits)))
        return self._step("impact", self._said(found), reasons)

    def _said(self, found: Impact) -> str:
        return self._texts("promote_impact", affected=found.affected, moved=found.moved, of=found.customers)
