"""The portfolio in a reader's language: tables with links to names, and the pictures before them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from common.flow_picture import Flow, flow
from common.shares import FEW, share
from common.texts import Texts
from engine.wording import Wording
from web.pictures import Bars, Map, bars, share_map
from web.portfolio_scope import Row, Scope, place_of
from web.rendering import customer_path
from web.sheets import Cell, Sheet
from web.site import Site
from wiring import Portfolio
from wiring.portfolio import each_of

Figure = Literal[
    "stages",
    "flow",
    "problem",
    "stalled",
    "upgrades",
    "acceptance",
    "sources",
    "overdue",
    "unheard",
    "customers",
    "all",
]


@dataclass(frozen=True)
class View:
    """Puts the figures into tables and pictures, in the reader's language."""

    site: Site
    found: Portfolio
    asked: Scope
    texts: Texts
    wording: Wording

    @property
    def sheets(self) -> list[Sheet]:
        """Every table."""
        return [self.sheet(name) for name in get_args(Figure) if name != "all"]

    def sheet(self, name: str) -> Sheet:
        """Return a table by the name of its figure."""
        made: Sheet = getattr(self, name)
        return made

    # --- the head ---

    @property
    def days(self) -> dict[str, str]:
        """The limits in words."""
        return {name: self.wording.number(value or 0) for name, value in self.found.limits.items()}

    @property
    def regions(self) -> list[str]:
        """The regions of those who may be looked at."""
        whole = self.site.portfolio(self.asked.since, self.asked.manager or None, None)
        return sorted(filter(None, whole.standing["region"].unique().to_pylist()))

    @property
    def problem_said(self) -> tuple[bool, str]:
        """Whether there are more problem customers than usual, and how many there are in words."""
        (n, of), limit = self.found.problem_share, self.found.limits["problem_share"]
        if not n and not any(self.recorded(name) for name in ("disputes", "stage_history")):
            return False, self.texts("problem_unrecorded")
        if not of or limit is None:
            return False, self._share(n, of)
        is_above = 100 * n > limit * of
        name = "problem_above" if is_above else "problem_within"
        return is_above, self.texts(name, share=self._share(n, of), limit=self.wording.number(limit))

    def recorded(self, collection: str) -> bool:
        """Whether anything of a kind is on record, without which an absence proves nothing."""
        return any(row["collection"] == collection for row in self.found.figures["coverage"])

    # --- pictures ---

    @property
    def stage_bars(self) -> Bars:
        """The stages, as long as there are customers at them, now and before."""
        return bars(
            [
                (self._stage(row["stage"] or "unknown"), self.texts.number(now), now, was, self._names(stage=place))
                for row in self._by_stage
                for place, now, was in [(row["stage"] or "unknown", row["customers"], row["customers_before"])]
            ]
        )

    @property
    def flow_picture(self) -> Flow:
        """The flow from the stages then to the stages now."""
        return flow(
            self._places, lambda a, b: self._moves.get((a, b), 0), lambda place: self._stage(place or "unknown")
        )

    @property
    def problem_bar(self) -> Bars | None:
        """The share of problem customers against its limit."""
        (n, of), limit = self.found.problem_share, self.found.limits["problem_share"]
        if not of or limit is None:
            return None
        percent = 100 * n / of
        title, said = self._stage("problem"), f"{percent:.1f}%"
        row = (title, said, percent, None, self._names(stage="problem"))
        return bars([row], most=max(percent, 2 * float(limit)), limit=float(limit))

    @property
    def heat_map(self) -> Map:
        """How often each kind of value was accepted at each stage."""
        cells = [
            [(*self._heard.get((kind, stage), (0, 0)), self._names(value=kind, then=stage)) for stage in self._columns]
            for kind in self._kinds
        ]
        titles = [self._stage(stage) for stage in self._columns]
        return share_map(titles, [self._member("value_kind", kind) for kind in self._kinds], cells)

    @property
    def upgrade_bars(self) -> Bars:
        """The rates of upgrades, of all and by stage then."""
        rows = [row for row in self._upgrade_rows if row["dimension"] in ("all", "stage")]
        return bars([self._rate(self._group(row), row["up"], row["customers"]) for row in rows], most=1)

    @property
    def source_bars(self) -> Bars:
        """How often those of each source accepted what we conveyed."""
        rows = self.found.figures["sources"]
        return bars([self._rate(self._source(row), row["accepted"], row["heard"]) for row in rows], most=1)

    def _rate(self, title: str, n: int, of: int) -> tuple[str, str, float, None, str]:
        return title, self._share(n, of), n / of if of else 0, None, ""

    # --- tables ---

    @cached_property
    def stages(self) -> Sheet:
        """P2: how many stand where."""
        rows = [
            (
                self._stage(place),
                Cell(row["customers_before"], self._names(was=place)),
                Cell(row["customers"], self._names(stage=place)),
            )
            for row in self._by_stage
            for place in [row["stage"] or "unknown"]
        ]
        return self._made("stages", "stages_now", ("stage", "before", "today"), rows)

    @cached_property
    def flow(self) -> Sheet:
        """P2: how many went from where to where."""
        rows = [
            (
                self._stage(was),
                *(Cell(n, self._names(was=was, stage=to)) if n else "·" for to in self._places
                  for n in [self._moves.get((was, to), 0)]),
            )
            for was in self._places
        ]  # fmt: skip
        header = (self.texts("from_to"), *(self._stage(place) for place in self._places))
        return Sheet("flow", self.texts("stage_flow"), header, _cells(rows))

    @cached_property
    def problem(self) -> Sheet:
        """P1: the problem customers."""
        rows = [(self._who(row), row["account_manager"] or "") for row in self.found.figures["problem"]]
        return self._made("problem", "problem_share", ("diff_customer", "looked_after_by"), rows)

    @cached_property
    def stalled(self) -> Sheet:
        """Whose progress has stalled."""
        rows = [
            (self._who(row), self._stage(row["stage"] or "unknown"), _known(row["days"]), row["account_manager"] or "")
            for row in self.found.figures["stalled"]
        ]
        return self._made("stalled", "stalled", ("diff_customer", "stage", "days_there", "looked_after_by"), rows)

    @cached_property
    def upgrades(self) -> Sheet:
        """P3: who moved up, by groups."""
        rows = [
            (
                self._group(row),
                self._narrowed(row, row["up"], "up"),
                self._narrowed(row, row["down"], "down"),
                row["customers"],
                _percent(row["up"], row["customers"]),
            )
            for row in self._upgrade_rows
        ]
        return self._made(
            "upgrades", "upgrade_rates", ("group", "moved_up", "moved_down", "of_how_many", "share"), rows
        )

    @cached_property
    def acceptance(self) -> Sheet:
        """P4: how many values conveyed were accepted of those heard of, by kind and stage then."""
        rows = [
            (
                self._member("value_kind", kind),
                *(
                    Cell(self.texts("n_of_m", n=n, m=of), self._names(value=kind, then=stage)) if of else "·"
                    for stage in self._columns
                    for n, of in [self._heard.get((kind, stage), (0, 0))]
                ),
            )
            for kind in self._kinds
        ]
        header = (self.texts("acceptance_value"), *(self._stage(stage) for stage in self._columns))
        title = self.texts("acceptance", days=self.days["look_back_days"])
        return Sheet("acceptance", title, header, _cells(rows))

    @cached_property
    def sources(self) -> Sheet:
        """B8: acceptance and upgrades by where customers came from."""
        rows = [
            (
                self._source(row),
                Cell(row["customers"], self._names(source=row["acquisition_source"] or "unknown")),
                row["accepted"],
                row["heard"],
                _percent(row["accepted"], row["heard"]),
                row["up"],
                row["could_rise"],
                _percent(row["up"], row["could_rise"]),
            )
            for row in self.found.figures["sources"]
        ]
        header = ("source", "count", "accepted_of_heard", "heard_of", "share", "moved_up", "could_rise", "share")
        return self._made("sources", "sources", header, rows)

    @cached_property
    def overdue(self) -> Sheet:
        """P6: actions that are late."""
        actions = self.site.rules().pack.actions
        rows = [
            (
                self._who(row),
                self.wording.text(actions[row["action"]].title) if row["action"] in actions else row["action"],
                row["days"],
                row["account_manager"] or "",
            )
            for row in self.found.figures["overdue"]
        ]
        return self._made(
            "overdue", "overdue_actions", ("diff_customer", "action", "days_late", "looked_after_by"), rows
        )

    @cached_property
    def unheard(self) -> Sheet:
        """P6: values of which nobody has heard yet how they were received."""
        rows = [
            (
                self._who(row),
                self._member("value_kind", row["value_kind"]),
                self._member("channel", row["medium"]),
                row["days"],
                row["account_manager"] or "",
            )
            for row in self.found.figures["unheard"]
        ]
        header = ("diff_customer", "acceptance_value", "part_medium", "days_unheard", "looked_after_by")
        return self._made("unheard", "unheard_values", header, rows)

    @cached_property
    def customers(self) -> Sheet:
        """The customers behind a number, by name."""
        talked = None
        if self.asked.value or self.asked.then:
            talked = frozenset(
                talk["customer"]
                for talk in each_of(self.found.talks)
                if talk["outcome"] is not None
                and self.asked.value in ("", talk["value_kind"])
                and self.asked.then in ("", talk["stage_then"] or "unknown")
            )
        behind = (row for row in each_of(self.found.standing) if self.asked.holds(row, talked))
        rows = [
            (
                self._who(row),
                self._stage(place_of(row["was_here"], row["stage_before"])),
                self._stage(place_of(row["is_here"], row["stage"])),
                row["account_manager"] or "",
                row["region"] or "",
                row["industry"] or "",
            )
            for row in sorted(behind, key=lambda row: (row["name"] or row["customer"]).casefold())
        ]
        header = ("diff_customer", "before", "today", "looked_after_by", "region", "industry")
        return self._made("customers", "customers", header, rows)

    def restricted(self) -> Iterator[str]:
        """Yield in words what the names are restricted to."""
        asked, texts = self.asked, self.texts
        if asked.stage:
            yield texts("only_stage", stage=self._stage(asked.stage))
        if asked.was:
            yield texts("only_was", stage=self._stage(asked.was), date=texts.date(asked.since))
        if asked.moved in ("up", "down"):
            yield texts("only_moved", how=texts(f"moved_{asked.moved}"))
        if asked.source:
            yield texts("only_source", source=self._source({"acquisition_source": asked.source}))
        if asked.value:
            yield texts("only_value", value=self._member("value_kind", asked.value))
        if asked.then:
            yield texts("only_then", stage=self._stage(asked.then))
        if asked.stalled:
            yield texts("stalled")
        yield from (name for name in (asked.manager, asked.region) if name)

    # --- rows ---

    @cached_property
    def _by_stage(self) -> list[Row]:
        found = {row["stage"]: row for row in self.found.figures["stages"]}
        nobody = {"customers": 0, "customers_before": 0}
        every = [*self._stages, *([None] if None in found else [])]
        return [{**nobody, "stage": stage, **found.get(stage, {})} for stage in every]

    @cached_property
    def _moves(self) -> dict[tuple[str | None, str | None], int]:
        return {(row["from_stage"], row["to_stage"]): row["customers"] for row in self.found.figures["flow"]}

    @cached_property
    def _places(self) -> list[str]:
        present = {place for pair in self._moves for place in pair}
        return [place for place in (*self._stages, "unknown", "absent") if place in present]

    @cached_property
    def _heard(self) -> dict[tuple[str, str], tuple[int, int]]:
        """How many were accepted, of how many heard of, by kind and stage then: over all media."""
        found: dict[tuple[str, str], tuple[int, int]] = {}
        for row in self.found.figures["acceptance"]:
            at = (row["value_kind"], row["stage"] or "unknown")
            n, of = found.get(at, (0, 0))
            found[at] = (n + row["accepted"], of + row["heard"])
        return found

    @cached_property
    def _kinds(self) -> list[str]:
        present = {kind for kind, _ in self._heard}
        return [kind for kind in self.wording.vocabulary.enums["value_kind"].members if kind in present]

    @cached_property
    def _columns(self) -> list[str]:
        present = {stage for _, stage in self._heard}
        return [stage for stage in (*self._stages, "unknown") if stage in present]

    @cached_property
    def _upgrade_rows(self) -> list[Row]:
        order = ("all", "stage", "account_manager", "industry", "region")
        rows = self.found.figures["upgrades"]
        known = {row["dimension"] for row in rows if row["member"]} | {"all"}

        def place(row: Row) -> tuple[int, int, str]:
            is_stage = row["dimension"] == "stage"
            inside = self._stages.index(row["member"]) if is_stage else -row["customers"]
            return order.index(row["dimension"]), inside, row["member"] or ""

        return sorted((row for row in rows if row["dimension"] in known), key=place)

    def _narrowed(self, row: Row, number: int, moved: str) -> Cell:
        """Return a number with the link to its names, where the address can say whose they are."""
        if row["dimension"] == "all":
            return Cell(number, self._names(moved=moved) if number else "")
        if row["dimension"] == "stage":
            return Cell(number, self._names(moved=moved, was=row["member"]) if number else "")
        return Cell(number)

    def _group(self, row: Row) -> str:
        if row["dimension"] == "all":
            return self.texts("upgrade_all")
        if row["dimension"] == "stage":
            return self._stage(row["member"])
        return f"{self.texts('by_' + row['dimension'])}{self.texts('colon')}{row['member'] or self.texts('not_known')}"

    # --- words ---

    @property
    def _stages(self) -> tuple[str, ...]:
        return self.wording.vocabulary.enums["stage"].members

    def _stage(self, place: str) -> str:
        if place in ("unknown", "absent"):
            return self.texts("not_known" if place == "unknown" else "absent")
        return self._member("stage", place)

    def _source(self, row: Row) -> str:
        source = row["acquisition_source"]
        return self.texts("not_known") if source in (None, "unknown") else self._member("acquisition_source", source)

    def _member(self, enum: str, member: str) -> str:
        is_member = member in self.wording.vocabulary.enums[enum].members
        return self.wording.member_of(enum, member) if is_member else member

    def _share(self, n: int, of: int) -> str:
        return share(self.texts, n, of)

    def _who(self, row: Row) -> Cell:
        return Cell(row["name"] or row["customer"], customer_path(row["customer"]))

    def _names(self, **narrowed: str) -> str:
        return f"/portfolio/customers?{self.asked.whole.query(**narrowed)}"

    def _made(self, name: str, title: str, header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Sheet:
        return Sheet(name, self.texts(title), tuple(self.texts(each) for each in header), _cells(rows))


def _cells(rows: list[tuple[Any, ...]]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(tuple(each if isinstance(each, Cell) else Cell(each) for each in row) for row in rows)


def _known(number: int | None) -> int | str:
    return "" if number is None else number


def _percent(n: int, of: int) -> str:
    return f"{n / of:.1%}" if of >= FEW else ""
