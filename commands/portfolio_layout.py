"""How the portfolio looks on a terminal: a figure to each section, its counts beside its shares, eighty columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from common.page_parts import bullets, section
from common.shares import share
from common.texts import Texts
from engine.model import Pack
from engine.wording import Wording
from wiring import Portfolio

AT_A_GLANCE = 8
_BESIDE = {"unknown": "?", "absent": "–"}

Row = dict[str, Any]
Each = TypeVar("Each")


class PortfolioLayout:
    """Lay out the portfolio in one language, with amounts in `currency`; `show_all` unfolds what is folded at first."""

    def __init__(self, texts: Texts, pack: Pack, show_all: bool = False, currency: str = "") -> None:
        self.texts = texts
        self.currency = currency
        self.pack = pack
        self.wording = Wording(pack.vocabulary, texts.language)
        self.show_all = show_all

    def page(self, found: Portfolio, only: Sequence[str] = ()) -> RenderableType:
        """Return all figures; `only` names what they were restricted to."""
        days = {name: self.wording.number(value or 0) for name, value in found.limits.items()}
        return Group(
            self._head(found, only),
            self._section("problem_share", self._problem(found)),
            self._section("stage_flow", self._flow(found.figures["flow"])),
            self._section("stalled", self._stalled(found)),
            self._section("upgrade_rates", self._upgrades(found)),
            self._section("acceptance", self._acceptance(found), days=days["look_back_days"]),
            self._section("core_needs", self._core_needs(found)),
            self._section("overdue_plans", self._overdue(found)),
            self._section("classes", self._classes(found)),
            self._section("sources", self._sources(found)),
            self._section("hints", self._hints(found)),
            self._section("segments", self._segments(found)),
        )

    def look_alikes(self, found: Portfolio) -> RenderableType:
        """Return the ideal customers and who resembles them."""
        alike = [
            self.texts(
                "look_alike_line",
                who=self._who(row),
                stage=self._member("stage", row["stage"]),
                subject=row["subject"],
                traits=self.wording.listed(self.texts(f"trait_{trait}") for trait in row["shared"]),
            )
            for row in found.look_alikes
        ]
        return Group(
            self._head(found, ()),
            self._section("ideal", self._ideal(found.ideal_customers)),
            self._section("look_alikes", self._bullets(alike) if alike else Text(self.texts("nobody"))),
        )

    # --- the stages --------------------------------------------------------------------------------------------------

    def _head(self, found: Portfolio, only: Sequence[str]) -> RenderableType:
        number = self.texts.number(found.customers)
        lines = [
            Text(self.texts("portfolio_head", date=self.wording.date(found.as_of)), style="bold"),
            Text(self.texts("portfolio_since", number=number, date=self.wording.date(found.since))),
        ]
        return Group(*lines, *([Text(self.texts("portfolio_only", what=self.wording.listed(only)))] if only else []))

    def _problem(self, found: Portfolio) -> RenderableType:
        n, of = found.problem_share
        limit = found.limits["problem_share"]
        if not n and not any(self._recorded(found, name) for name in ("disputes", "stage_history")):
            return Text(self.texts("problem_unrecorded"))
        if not of or limit is None:
            return Text(self._share(n, of))
        is_above = 100 * n > limit * of
        name = "problem_above" if is_above else "problem_within"
        said = self.texts(name, share=self._share(n, of), limit=self.wording.number(limit))
        names = self._bullets(self._who(row) for row in found.figures["problem"])
        return Group(Text(said, style="red" if is_above else ""), names)

    def _flow(self, rows: Sequence[Row]) -> RenderableType:
        present = {row[end] for row in rows for end in ("from_stage", "to_stage")}
        places = [place for place in (*self._stages(), "unknown", "absent") if place in present]
        counts = {(row["from_stage"], row["to_stage"]): row["customers"] for row in rows}
        titles = {place: self._place(place) for place in places}
        table = self._table("stage", "before", *(self._number(place) for place in places), "today")
        for place in places:
            to = [counts.get((place, other), 0) for other in places]
            now = sum(counts.get((other, place), 0) for other in places)
            is_absent = place == "absent"
            cells = ["" if is_absent else str(sum(to)), *(str(n or "·") for n in to), "" if is_absent else str(now)]
            table.add_row(f"{self._number(place)} {titles[place]}", *cells)
        return Group(Text(self.texts("stage_flow_says"), style="dim"), table)

    def _stalled(self, found: Portfolio) -> RenderableType:
        rows = found.figures["stalled"]
        if not rows:
            return Text(self.texts("nobody"))
        return self._bullets(
            self.texts("stalled_line", who=self._who(row), stage=self._member("stage", row["stage"]), days=row["days"])
            if row["days"] is not None
            else self._who(row)
            for row in rows
        )

    def _segments(self, found: Portfolio) -> RenderableType:
        rows = found.figures["segments"]
        entered = {row["dimension"] for row in rows if row["member"]}
        known = [dimension for dimension in ("industry", "region") if dimension in entered]
        if not known:
            return Text(self.texts("not_recorded"))
        rows = [row for row in rows if row["dimension"] == known[0]]
        present = {row["stage"] or "unknown" for row in rows}
        places = [place for place in (*self._stages(), "unknown") if place in present]
        counts = {(row["member"], row["stage"] or "unknown"): row["customers"] for row in rows}
        totals = {member: sum(counts.get((member, place), 0) for place in places) for member, _ in counts}
        table = self._table(f"by_{known[0]}", *(self._number(place) for place in places), "count")
        shown = sorted(totals, key=lambda member: (-totals[member], member or ""))
        for member in self._first(shown):
            cells = [str(counts.get((member, place)) or "·") for place in places]
            table.add_row(member or self.texts("not_known"), *cells, self.texts.number(totals[member]))
        return Group(Text(self.texts("segments_says"), style="dim"), table, *self._more(len(shown)))

    def _upgrades(self, found: Portfolio) -> RenderableType:
        rows = found.figures["upgrades"]
        parts: list[RenderableType] = []
        total = [row for row in rows if row["dimension"] == "all"]
        table = self._table("", "moved_up", "moved_down")
        for row in total:
            table.add_row(self.texts("upgrade_all"), self._share(row["up"], row["customers"]), str(row["down"]))
        for dimension in ("stage", "account_manager", "industry", "region"):
            group = [row for row in rows if row["dimension"] == dimension]
            if not any(row["member"] for row in group):
                continue
            if dimension == "stage":
                group.sort(key=lambda row: self._stages().index(row["member"]))
            else:
                group.sort(key=lambda row: (-row["customers"], row["member"] or ""))
            table.add_section()
            table.add_row(Text(self.texts(f"by_{dimension}"), style="bold"), "", "")
            for row in self._first(group):
                title = self._member("stage", row["member"]) if dimension == "stage" else row["member"]
                up = self._share(row["up"], row["customers"])
                table.add_row(f"  {title or self.texts('not_known')}", up, str(row["down"]))
            for more in self._more(len(group)):
                table.add_row(Padding(more, (0, 0, 0, 2)), "", "")
        parts.append(table if total else Text(self.texts("nobody")))
        return Group(*parts)

    # --- values and needs --------------------------------------------------------------------------------------------

    def _acceptance(self, found: Portfolio) -> RenderableType:
        rows = found.figures["acceptance"]
        if not rows:
            return self._nothing(found, "communications")
        table = self._table("acceptance_value", "stage_then", "part_medium", "accepted_of_heard", "unheard", texts=3)
        for row in self._first(rows):
            table.add_row(
                self._member("value_kind", row["value_kind"]),
                self._member("stage", row["stage"]),
                self._member("channel", row["medium"]),
                self._share(row["accepted"], row["heard"]) if row["heard"] else "–",
                str(row["unheard"] or "–"),
            )
        return Group(table, *self._more(len(rows)))

    def _core_needs(self, found: Portfolio) -> RenderableType:
        met, known = found.core_needs_met
        if not known:
            return self._nothing(found, "needs")
        said = self.texts("core_needs_met", share=self._share(met, known), unknown=found.customers - known)
        lines = [
            self.texts(
                "lacking",
                who=self._who(row),
                needs=self.wording.listed(self._member("need_kind", kind) for kind in row["lacking"]),
            )
            for row in found.figures["core_needs"]
            if not row["all_met"]
        ]
        return Group(Text(said), self._bullets(lines))

    def _overdue(self, found: Portfolio) -> RenderableType:
        overdue = [
            self.texts("overdue_line", who=self._who(row), action=self._action(row["action"]), days=row["days"])
            for row in found.figures["overdue"]
        ]
        unheard = [
            self.texts(
                "unheard_line",
                who=self._who(row),
                value=self._member("value_kind", row["value_kind"]),
                medium=self._member("channel", row["medium"]),
                days=row["days"],
            )
            for row in found.figures["unheard"]
        ]
        heard_of = self._recorded(found, "communications") or found.figures["acceptance"]
        return Group(
            self._bullets(overdue) if overdue else Text(self.texts("no_overdue")),
            self._bullets(unheard) if unheard else Text(self.texts("no_unheard" if heard_of else "unheard_unrecorded")),
        )

    def _hints(self, found: Portfolio) -> RenderableType:
        figures = found.figures
        needs = [
            self.texts("hint_need", **{**row, "kind": self._member("need_kind", row["kind"])})
            for row in figures["unmet_needs"]
        ]
        complaints = [
            self.texts("hint_complaint", **{**row, "signal": self._member("complaint_signal", row["signal"])})
            for row in figures["complaints"]
        ]
        is_recorded = any(self._recorded(found, name) for name in ("needs", "complaints"))
        none = [] if needs or complaints else [Text(self.texts("nobody" if is_recorded else "not_recorded"))]
        (fresh,) = figures["freshness"]
        share = self._share(fresh["heard"], fresh["customers"])
        days = self.wording.number(found.limits["heard_within_days"] or 0)
        said = [Text(self.texts("freshness", days=days, share=share))] if fresh["customers"] else []
        return Group(*none, self._bullets(needs), self._bullets(complaints), *said)

    # --- classes, sources, ideal customers ---------------------------------------------------------------------------

    def _classes(self, found: Portfolio) -> RenderableType:
        table = self._table("class_name", "count", self.texts("contribution", currency=self.currency), "share")
        for row in found.figures["classes"]:
            is_known = row["abc_class"] is not None
            money = self.wording.number(round(row["contribution"])) if is_known else ""
            share = f"{row['share']:.1f}%" if is_known and row["share"] is not None else "–"
            title = self._member("portfolio_class", row["abc_class"])
            table.add_row(title, self.texts.number(row["customers"]), money, share)
        return table

    def _sources(self, found: Portfolio) -> RenderableType:
        rows = found.figures["sources"]
        if not any(row["acquisition_source"] for row in rows):
            return Text(self.texts("not_recorded"))
        table = self._table("source", "count", "accepted_of_heard", "moved_up")
        for row in rows:
            table.add_row(
                self._member("acquisition_source", row["acquisition_source"]),
                self.texts.number(row["customers"]),
                self._share(row["accepted"], row["heard"]),
                self._share(row["up"], row["could_rise"]),
            )
        return table

    def _ideal(self, rows: Sequence[Row]) -> RenderableType:
        parts: list[RenderableType] = []
        groups = [list(group) for _, group in groupby(rows, key=itemgetter("subject"))]
        for group in self._first(groups):
            parts.append(Text(self.texts("ideal_of", **group[0])))
            parts.append(self._bullets(self._trait(row) for row in group))
        return Group(*parts, *self._more(len(groups))) if parts else Text(self.texts("no_ideal"))

    def _trait(self, row: Row) -> str:
        value = self.texts(f"size_{row['value']}") if row["trait"] == "size" else row["value"]
        return self.texts("ideal_trait", **{**row, "trait": self.texts(f"trait_{row['trait']}"), "value": value})

    # --- words -------------------------------------------------------------------------------------------------------

    def _share(self, n: int, of: int) -> str:
        return share(self.texts, n, of)

    def _member(self, enum: str, member: str | None) -> str:
        return self.texts("not_known") if member is None else self.wording.member_of(enum, member)

    def _stages(self) -> tuple[str, ...]:
        return self.pack.vocabulary.enums["stage"].members

    def _place(self, place: str) -> str:
        special = {"unknown": "not_known", "absent": "absent"}
        return self.texts(special[place]) if place in special else self._member("stage", place)

    def _number(self, place: str) -> str:
        """Return the number by which a stage's row and column are known."""
        return _BESIDE[place] if place in _BESIDE else str(self._stages().index(place) + 1)

    def _who(self, row: Row) -> str:
        name, manager = row["name"] or row["customer"], row.get("account_manager")
        return self.texts("name_with_manager", name=name, manager=manager) if manager else str(name)

    def _action(self, action: str) -> str:
        found = self.pack.actions.get(action)
        return action if found is None else self.wording.text(found.title)

    # --- shapes ------------------------------------------------------------------------------------------------------

    def _section(self, name: str, content: RenderableType, **values: object) -> RenderableType:
        return section(self.texts(name, **values), content)

    def _table(self, *columns: str, texts: int = 1) -> Table:
        """Return an empty table; the first `texts` columns hold words, the others numbers."""
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
        for place, name in enumerate(columns):
            title = self.texts(name) if self.texts.has(name) else name
            is_text = place < texts
            table.add_column(title, justify="left" if is_text else "right", overflow="fold", no_wrap=not is_text)
        return table

    def _bullets(self, lines: Iterable[str]) -> RenderableType:
        every = list(lines)
        return Group(bullets(self._first(every)), *self._more(len(every)))

    def _first(self, items: Sequence[Each]) -> Sequence[Each]:
        return items if self.show_all else items[:AT_A_GLANCE]

    def _more(self, number: int) -> list[RenderableType]:
        """Return a line that says how many were left out, if any."""
        folded = 0 if self.show_all else number - AT_A_GLANCE
        return [Text(self.texts("and_more", number=folded), style="dim")] if folded > 0 else []

    def _recorded(self, found: Portfolio, collection: str) -> bool:
        return any(row["collection"] == collection for row in found.figures["coverage"])

    def _nothing(self, found: Portfolio, collection: str) -> RenderableType:
        return Text(self.texts("nobody" if self._recorded(found, collection) else "not_recorded"))
