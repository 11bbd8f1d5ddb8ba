"""What changed between two runs of the batch: figures, who is concerned, and why."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from common.misfits import kept_misfit_told
from common.texts import Texts
from engine.explain import Explainer
from engine.program import Union, decode
from engine.recommend import Recommendation, recommend
from engine.said import said
from engine.vocabulary import FactKey
from engine.wording import Wording
from facts.batch.register import Entry
from facts.batch.sides import Effects, cards_of, communications, decided, facts_of, require_manager, undecided
from facts.database import StoreError
from facts.figures import figures_of_runs
from facts.pack_files import unpacked
from facts.packs import packs_of
from facts.store import Store
from wiring import LIMITS, Rules, load_rules, shipped_rules

Row = dict[str, Any]

LISTS = (
    "undecided", "up", "down", "aside", "back", "problem", "stalled", "propose_up", "propose_down", "propose_aside",
    "propose_back", "value", "actions", "placed", "unplaced", "arrived", "gone",
)  # fmt: skip
"""The lists of customers, in the order in which they are read."""

STALLED = "stalled"
_LOOK_BACK_DAYS = 365  # where the pack does not say


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run against an earlier one. `figures` are named as the SQL files that compute them, without `listed`.

    `listed` has the customers of each list that are named, with `reasons`, and `totals` how many belong to it.
    """

    run: Entry
    against: Entry
    manager: str | None
    rules_known: bool
    has_names: bool
    limit: Decimal | None
    look_back_days: int
    figures: Mapping[str, list[Row]]
    listed: Mapping[str, list[Row]]
    totals: Mapping[str, int]

    @property
    def customers(self) -> tuple[int, int]:
        """How many customers are in the base: now, before."""
        rows = self.figures["stages"]
        return sum(row["customers"] for row in rows), sum(row["customers_before"] for row in rows)

    @property
    def problem_share(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """How many are problem customers, of how many with a known stage: now, before."""
        known = [row for row in self.figures["stages"] if row["stage"] is not None]
        now, before = (
            (sum(row[side] for row in known if row["stage"] == "problem"), sum(row[side] for row in known))
            for side in ("customers", "customers_before")
        )
        return now, before

    @property
    def is_above_limit(self) -> bool:
        """Whether there are more problem customers than usual."""
        (n, of), _ = self.problem_share
        return self.limit is not None and 100 * n > self.limit * of


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is made of: two runs, where they are, and the rules that decided each (None: not at hand)."""

    run: Entry
    against: Entry
    rules: Rules
    rules_before: Rules | None
    store: Store | None
    facts: Path | None
    language: str
    most_listed: int
    manager: str | None = None

    def report(self) -> RunReport:
        """Compare the runs.

        Raises:
            StoreError: if nobody is looked after by the manager, or a file cannot be used.
        """
        cards = [cards_of(entry, self.store, self.facts) for entry in (self.run, self.against)]
        if self.manager is not None:
            require_manager(cards[0], self.manager)
        days = int(self.rules.number(LIMITS["look_back_days"]) or _LOOK_BACK_DAYS)
        found = figures_of_runs(
            decided(self.run, self.store, cards[0], _effects_of(self.rules)),
            decided(self.against, self.store, cards[1], _effects_of(self.rules_before) if self.rules_before else None),
            communications(self.run, days),
            rules_known=self.rules_before is not None,
            look_back_days=days,
            most_listed=self.most_listed,
            manager=self.manager,
        )
        rows = found.pop("listed")
        return RunReport(
            run=self.run,
            against=self.against,
            manager=self.manager,
            rules_known=self.rules_before is not None,
            has_names=cards[0].num_rows > 0,
            limit=self.rules.number(LIMITS["problem_share"]),
            look_back_days=days,
            figures=found,
            listed=self._with_reasons(rows),
            totals=dict.fromkeys(LISTS, 0) | {row["list"]: row["total"] for row in rows},
        )

    def _with_reasons(self, rows: Iterable[Row]) -> dict[str, list[Row]]:
        lists: dict[str, list[Row]] = {name: [] for name in LISTS}
        by_customer: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            kept = {name: value for name, value in row.items() if name not in ("list", "total", "was_here", "is_here")}
            lists[row["list"]].append({**kept, "reasons": ()})
            by_customer[row["customer"]].append(lists[row["list"]][-1] | {"list": row["list"]})
        reasons = {
            (customer, each["list"]): why(each["list"], each)
            for customer, why in self._explained(set(by_customer))
            for each in by_customer[customer]
        }
        reasons |= {(customer, "undecided"): why for customer, why in self._misfits().items()}
        return {
            name: [{**row, "reasons": reasons.get((row["customer"], name), ())} for row in listed]
            for name, listed in lists.items()
        }

    def _misfits(self) -> dict[str, tuple[str, ...]]:
        """Return why customers cannot be decided."""
        texts, wording = Texts(self.language), Wording(self.rules.pack.vocabulary, self.language)
        found: dict[str, tuple[str, ...]] = defaultdict(tuple)
        for each in undecided(self.run):
            found[each["customer"]] += (kept_misfit_told(texts, wording, each),)
        return found

    def _explained(self, customers: set[str]) -> Iterator[tuple[str, Callable[[str, Row], tuple[str, ...]]]]:
        """Yield the customers whose facts the run kept, with what explains their place in a list."""
        pack, plan = self.rules.pack, self.rules.plan
        wording, flags = Wording(pack.vocabulary, self.language), _signs(self.rules)
        for snapshot in facts_of(self.run, customers):
            each = list(snapshot.each())
            for facts, decision in zip(each, plan.decide_all(each), strict=True):
                shown = recommend(pack, facts, decision, self.language)
                explainer = Explainer(pack, facts, decision, wording)
                fired = {one.rule for one in decision.fired}
                stalled = explainer.reasons(rule for rule in sorted(fired) if STALLED in flags.get(rule, ()))
                yield facts.customer, _Why(shown, stalled)


@dataclass(frozen=True, slots=True)
class _Why:
    shown: Recommendation
    stalled: tuple[str, ...]

    def __call__(self, name: str, row: Row) -> tuple[str, ...]:
        """Return why a customer is in a list."""
        shown = self.shown
        if name.startswith("propose_"):
            return shown.proposal.reasons if shown.proposal else ()
        if name == STALLED:
            return self.stalled
        if name == "value":
            return tuple(reason for reason, _ in shown.value.score.reasons) if shown.value and shown.value.score else ()
        if name == "actions":
            gained = row["actions_gained"] or ()
            return tuple(one.reasons[0] for one in shown.plan if one.action.id in gained and one.reasons)
        return shown.stage.reasons if shown.stage else ()


def rules_that_decided(entry: Entry, at_hand: Sequence[Rules], store: Store | None) -> Rules | None:
    """Return the rules that decided a run: of those at hand, those we ship or those the store keeps; None if none did.

    Packs are compared by what they compile to, as runs note it.
    """
    for rules in (*at_hand, shipped_rules()):
        if rules.program.stamp.digest == entry.pack_digest:
            return rules
    for stored in packs_of(store, entry.pack, entry.pack_version) if store else ():
        with tempfile.TemporaryDirectory(prefix="valuelift-") as place:
            rules = load_rules(unpacked(stored.content, Path(place)))
        if rules.program.stamp.digest == entry.pack_digest:
            return rules
    return None


def require_rules(entry: Entry, at_hand: Sequence[Rules], store: Store | None) -> Rules:
    """Return the rules that decided a run.

    Raises:
        StoreError: if they are not at hand.
    """
    found = rules_that_decided(entry, at_hand, store)
    if found is None:
        raise StoreError(
            said("Run {run} cannot be reported on", run=entry.run),
            said(
                "the rules that decided it, {pack} {version} ({digest}), are not at hand",
                pack=entry.pack,
                version=entry.pack_version,
                digest=entry.pack_digest[:16],
            ),
            said("Give their folder by --pack."),
        )
    return found


def _effects_of(rules: Rules) -> Callable[[Sequence[str]], Effects]:
    """Return what says which actions rules advise and which signs they set."""
    actions = {rule.id: [advise.action for advise in rule.advises] for rule in rules.program.rules if rule.advises}
    signs = _signs(rules)

    def effects(fired: Sequence[str]) -> Effects:
        found = [sorted({each for rule in fired for each in some.get(rule, ())}) for some in (actions, signs)]
        return tuple(found[0]), tuple(found[1])

    return effects


def _signs(rules: Rules) -> dict[str, set[str]]:
    """Return the signs that each rule sets, by its id."""
    program, found = rules.program, defaultdict[str, set[str]](set)
    key = FactKey(None, rules.pack.shows.get("flags", ""))
    for resolution in program.resolutions:
        if isinstance(resolution, Union) and resolution.fact == key:
            fact = program.fact(key)
            for rule, codes in resolution.entries:
                found[program.rules[rule].id] |= {str(decode(program.vocabulary, fact, code)) for code in codes}
    return dict(found)
