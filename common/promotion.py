"""What stands between a new version of a pack and its use: check, test, proofs, and its impact against limits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.checked import line
from common.texts import Texts

if TYPE_CHECKING:
    from engine.check import Finding
    from engine.impact import Impact
    from facts.store import Store
    from wiring import Rules

NAMED = 5
"""So many failures of one kind are named; the commands themselves tell all."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence before it is said in a language: the name of its text, and what is filled in; or just words.

    Words are the same in all languages, or given by language.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def said(self, texts: Texts) -> str:
        """Return the sentence."""
        if self.text:
            return texts(self.text, **self.values)
        words = self.values["words"]
        return words if isinstance(words, str) else str(words[texts.language])


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it found, in a sentence, and the reasons against the new version, if there are any."""

    name: str
    finding: Phrase
    against: tuple[Phrase, ...] = ()

    def said(self, texts: Texts) -> dict[str, Any]:
        """Return the step in words: its `name`, what is `said`, and the `reasons`."""
        reasons = [reason.said(texts) for reason in self.against]
        return {"name": self.name, "said": self.finding.said(texts), "reasons": reasons}


class Promotion:
    """A new version of a pack on its way into a store."""

    def __init__(self, store: Store, folder: Path, as_of: date, jobs: int | None = None) -> None:
        self._store, self._folder, self._as_of, self._jobs = store, folder, as_of, jobs or os.cpu_count() or 1

    def steps(self) -> Iterator[Step]:
        """Yield the steps one by one; the impact is not asked for if something is wrong already.

        Raises:
            ProblemsError: if the pack, or a case, has an error.
        """
        from wiring import checked

        rules, findings = checked(self._folder, self._as_of)
        warnings = [Phrase("", {"words": _in_languages(one)}) for one in findings if one.level == "warning"]
        counts = {"warnings": len(warnings), "number": len(findings) - len(warnings)}
        steps: list[Callable[[], Step]] = [
            lambda: self._step("check", Phrase("promote_checked", counts), warnings),
            self._version,
            lambda: self._test(rules),
            lambda: self._prove(rules),
            lambda: self._impact(rules),
        ]
        for number, take in enumerate(steps):
            step = take()
            yield step
            if step.against and number >= 1:
                return

    def _step(self, name: str, finding: Phrase, against: list[Phrase]) -> Step:
        more = [Phrase("promote_more", {"number": len(against) - NAMED})] if len(against) > NAMED else []
        return Step(name, finding, (*against[:NAMED], *more))

    def _version(self) -> Step:
        """Refuse other content under a name and version that the store knows already."""
        from facts.packs import packs_of, same_among
        from wiring import stored_form

        new = stored_form(self._folder)
        kept = packs_of(self._store, new.name, new.version)
        is_taken = kept and not same_among(kept, new)
        reasons = [Phrase("promote_same_version", {"version": new.version})] if is_taken else []
        return self._step("version", Phrase("", {"words": f"{new.name} {new.version}"}), reasons)

    def _test(self, rules: Rules) -> Step:
        from common.trying import run_cases
        from engine.cases import load_cases

        cases = load_cases(self._folder, rules.pack)
        failed = {result.case.at: result.case.name for _, result in run_cases(rules, cases) if not result.passed}
        reasons = [Phrase("promote_case", {"at": str(at), "case": name}) for at, name in sorted(failed.items())]
        return self._step("test", Phrase("promote_tested", {"number": len(cases)}), reasons)

    def _prove(self, rules: Rules) -> Step:
        from engine.prove import Kind, Questions, Verdict, ask_all
        from wiring import examples

        questions = Questions(rules.pack, rules.program, examples(self._folder, rules))
        asked = list(questions.all([Kind.INVARIANT]))
        answers = list(ask_all(asked, self._jobs))
        doubted = sorted((one.about[0], one.verdict) for one in answers if one.verdict is not Verdict.PROVED)
        reasons = [
            Phrase("promote_broken" if verdict is Verdict.REFUTED else "promote_open", {"invariant": name})
            for name, verdict in doubted
        ]
        return self._step("prove", Phrase("promote_proved", {"number": len(answers)}), reasons)

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
            return self._step("impact", Phrase("promote_no_customers"), [])
        found = impact(versions, desk.parts(), AMOUNT, top=0, explain=False)
        reasons = []
        for key, number in (("change_stage", found.moved), ("affected", found.affected)):
            limits = [pack.promotion[key] for pack in (before, rules.pack) if key in pack.promotion]
            if limits and number * 100 > min(limits) * found.customers:
                share = f"{number / found.customers:.1%}"
                values = {"number": number, "share": share, "limit": str(min(limits))}
                reasons.append(Phrase(f"promote_{key}", values))
        return self._step("impact", _impact_phrase(found), reasons)


def _in_languages(finding: Finding) -> dict[str, str]:
    return {language: line(finding, Texts(language)) for language in ("en", "zh")}


def _impact_phrase(found: Impact) -> Phrase:
    return Phrase("promote_impact", {"affected": found.affected, "moved": found.moved, "of": found.customers})
