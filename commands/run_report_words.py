"""What changed between two runs in words and pictures, for the terminal and for the page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from commands.bar_picture import Bars, Grid, bars, grid
from common.flow_picture import NARROW, NARROW_EDGE, Flow, flow
from common.run_report import LISTS, Row, RunReport
from common.texts import Texts
from engine.model import Pack
from engine.wording import Wording

REASONS = 2
"""More of a customer's reasons are for its own page."""


@dataclass(frozen=True, slots=True)
class NamedCustomer:
    """A customer in a list: who, what changes, and why."""

    who: str
    key: str
    change: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class List:
    """A list of customers, of whom the first are named."""

    name: str
    title: str
    total: int
    named: tuple[NamedCustomer, ...]


class RunReportWords:
    """Words for everything in a report."""

    def __init__(self, texts: Texts, pack: Pack, found: RunReport) -> None:
        self.found = found
        self._texts, self._pack = texts, pack
        self._wording = Wording(pack.vocabulary, texts.language)
        self._stages = pack.vocabulary.enums["stage"].members

    # --- head ---

    @property
    def runs(self) -> str:
        """Which runs are compared."""
        run, other, day = self.found.run, self.found.against, self._texts.date
        return self._texts("report_runs", run=run.run, date=day(run.as_of), other=other.run, before=day(other.as_of))

    @property
    def size(self) -> str:
        """How many customers there are."""
        now, before = map(self._texts.number, self.found.customers)
        return self._texts("report_size", number=now, before=before)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader has to know besides, as far as it applies."""
        found, texts = self.found, self._texts
        run, other = found.run, found.against
        notes = [texts("portfolio_only", what=found.manager)] if found.manager else []
        if run.pack_digest != other.pack_digest:
            now, before = (f"{each.pack} {each.pack_version} ({each.pack_digest[:8]})" for each in (run, other))
            notes.append(texts("report_other_rules", now=now, before=before))
        if not found.rules_known:
            notes.append(texts("report_rules_unknown", other=other.run))
        if run.folder is None:
            notes.append(texts("report_facts_gone", run=run.run))
        if not found.has_names:
            notes.append(texts("report_nameless"))
        return tuple(notes)

    @property
    def problem(self) -> str:
        """The share of problem customers, against what is usual, and before."""
        (n, of), (n_before, of_before) = self.found.problem_share
        said = self.share(n, of)
        if self.found.limit is not None and of:
            name = "problem_above" if self.found.is_above_limit else "problem_within"
            said = self._texts(name, share=said, limit=self._wording.number(self.found.limit))
        return f"{said} {self._texts('report_before', said=self.share(n_before, of_before))}"

    def share(self, n: int, of: int) -> str:
        """Return counts, and their share."""
        said = self._texts("n_of_m", n=self._texts.number(n), m=self._texts.number(of))
        return f"{said} · {n / of:.1%}" if of else "–"

    # --- customers ---

    @property
    def counts(self) -> tuple[tuple[str, str], ...]:
        """How many customers each list has that has any."""
        return tuple((one.title, self._texts.number(one.total)) for one in self.lists)

    @cached_property
    def lists(self) -> tuple[List, ...]:
        """The lists that have customers."""
        found = self.found
        return tuple(
            List(name, self._texts(f"report_{name}"), found.totals[name], tuple(self._named(name, found.listed[name])))
            for name in LISTS
            if found.totals[name]
        )

    def more(self, one: List) -> str:
        """Return that some of a list are not named, or nothing."""
        left = one.total - len(one.named)
        return self._texts("report_more", number=self._texts.number(left)) if left else ""

    def _named(self, name: str, rows: list[Row]) -> Iterator[NamedCustomer]:
        for row in rows:
            who, manager = row["name"] or row["customer"], row["account_manager"]
            said = self._texts("name_with_manager", name=who, manager=manager) if manager else who
            yield NamedCustomer(said, row["customer"], self._change(name, row), row["reasons"][:REASONS])

    def _change(self, name: str, row: Row) -> str:
        stage, before = self.stage(row["stage"]), self.stage(row["stage_before"])
        if name == "actions":
            signed = [("+", row["actions_gained"]), ("−", row["actions_lost"])]
            return self._wording.listed(f"{sign}{self.action(each)}" for sign, some in signed for each in some or ())
        if name == "value":
            return f"{self.value(row['value_before'])} → {self.value(row['value'])}"
        if name.startswith("propose_"):
            return f"{stage} → {self.stage(row['proposed_stage'])}"
        if row["stage"] == row["stage_before"] or name == "arrived":
            return stage
        return before if name == "gone" else f"{before} → {stage}"

    # --- members ---

    def stage(self, stage: str | None) -> str:
        """Return a stage's title; of `absent` and `unknown` as well."""
        if stage == "absent":
            return self._texts("absent")
        return self._texts("not_known") if stage in (None, "unknown") else self._wording.member_of("stage", stage)

    def value(self, value: str | None) -> str:
        """Return the title of a kind of value."""
        return self._texts("none_of_them") if value is None else self._wording.member_of("value_kind", value)

    def action(self, action: str) -> str:
        """Return an action's title."""
        found = self._pack.actions.get(action)
        return action if found is None else self._wording.text(found.title)

    def sign(self, sign: str) -> str:
        """Return a sign's title."""
        fact = self._pack.vocabulary.fact(self._pack.shows["flags"])
        return sign if fact is None else self._wording.member(fact, sign)

    # --- pictures ---

    @property
    def places(self) -> tuple[str, ...]:
        """The stages that customers come from or go to, in the ladder's order."""
        present = {row[end] for row in self.found.figures["flow"] for end in ("from_stage", "to_stage")}
        return tuple(place for place in (*self._stages, "unknown", "absent") if place in present)

    @property
    def stage_rows(self) -> tuple[tuple[str, int, int], ...]:
        """Each stage with its customers now and before, in the ladder's order."""
        counts = {row["stage"]: (row["customers"], row["customers_before"]) for row in self.found.figures["stages"]}
        order = [stage for stage in (*self._stages, None) if stage in counts]
        return tuple((self.stage(stage), *counts[stage]) for stage in order)

    @property
    def funnel_rows(self) -> tuple[tuple[str, int, int], ...]:
        """Each rung with the customers at it or above, now and before."""
        rows = self.found.figures["funnel"]
        return tuple((self.stage(row["stage"]), row["customers"], row["customers_before"]) for row in rows)

    @property
    def stage_bars(self) -> Bars:
        """The distribution over the stages, to be drawn."""
        return bars(self.stage_rows)

    @property
    def funnel(self) -> Bars:
        """The funnel, to be drawn."""
        return bars(self.funnel_rows, centred=True)

    @property
    def flow(self) -> Flow:
        """The flow between the stages, to be drawn."""
        moved = {(row["from_stage"], row["to_stage"]): row["customers"] for row in self.found.figures["flow"]}
        count = lambda before, after: moved.get((before, after), 0)  # noqa: E731 - only what `flow` asks for
        return flow(self.places, count, self.stage, NARROW, NARROW_EDGE)

    @property
    def flow_rows(self) -> tuple[tuple[str, str, int, bool], ...]:
        """From where to where how many go, and whether they stay; those who go come first."""
        order = {place: number for number, place in enumerate(self.places)}
        rows = sorted(
            self.found.figures["flow"],
            key=lambda row: (row["from_stage"] == row["to_stage"], order[row["from_stage"]], order[row["to_stage"]]),
        )
        return tuple(
            (
                self.stage(row["from_stage"]),
                self.stage(row["to_stage"]),
                row["customers"],
                row["from_stage"] == row["to_stage"],
            )
            for row in rows
        )

    @cached_property
    def acceptance(self) -> dict[tuple[str, str | None], tuple[int, int, int]]:
        """Accepted, heard and unheard communications by value and stage of the customer in this run."""
        found: dict[tuple[str, str | None], list[int]] = defaultdict(lambda: [0, 0, 0])
        for row in self.found.figures.get("acceptance", ()):
            for place, name in enumerate(("accepted", "heard", "unheard")):
                found[row["value_kind"], row["stage"]][place] += row[name]
        values = list(self._pack.vocabulary.enums["value_kind"].members)
        stages = [*self._stages, None]
        order = sorted(found, key=lambda key: (values.index(key[0]), stages.index(key[1])))
        return {key: (found[key][0], found[key][1], found[key][2]) for key in order}

    @property
    def acceptance_grid(self) -> Grid:
        """The shares accepted of those heard, to be drawn."""
        heard = {key: counts for key, counts in self.acceptance.items() if counts[1]}
        values = list(dict.fromkeys(value for value, _ in heard))
        present = {stage for _, stage in heard}
        stages = [stage for stage in (*self._stages, None) if stage in present]
        return grid(
            [self.value(value) for value in values],
            [self.stage(stage) for stage in stages],
            [(values.index(value), stages.index(stage), n, of) for (value, stage), (n, of, _) in heard.items()],
        )

    @property
    def values(self) -> tuple[Row, ...]:
        """The values to convey next, those first that change for most."""
        return tuple(self.found.figures["values"])
