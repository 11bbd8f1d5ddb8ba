"""What came true, in words: sentences and tables that the terminal and the page share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from commands.interval_picture import Line, Lines, Mark, Marks, lines, marks
from common.backtest import Backtest, Period
from common.texts import Texts
from engine.model import Pack
from engine.wording import Wording
from facts.backtest.compare import LIFETIME, OURS, Comparison, Group
from facts.backtest.resample import DRAWS, Estimate

FEW = 10
"""Of fewer customers than this a share would say more than is known."""

NAMED = 5
"""Customers who are left out; the others are counted."""

GROUPS = ("stage", "class", "risk", "sign", "move")


@dataclass(frozen=True, slots=True)
class Table:
    """A table in words: the first column is text, the others are numbers or short words."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class BacktestWords:
    """A backtest in one language."""

    def __init__(self, texts: Texts, pack: Pack, found: Backtest) -> None:
        self.texts = texts
        self.pack = pack
        self.found = found
        self.wording = Wording(pack.vocabulary, texts.language)

    # --- what was done -----------------------------------------------------------------------------------------------

    @cached_property
    def head(self) -> str:
        """From when to when decisions were made, and how long was waited."""
        dates = self.found.wanted.dates
        return self.texts(
            "backtest_head",
            first=self.texts.date(dates[0]),
            last=self.texts.date(dates[-1]),
            number=len(dates),
            months=self.found.wanted.months,
        )

    @cached_property
    def assumptions(self) -> list[str]:
        """What the figures rest on."""
        wanted = self.found.wanted
        lines = [self.texts("backtest_known_recorded" if wanted.as_recorded else "backtest_known_held")]
        if wanted.recorded_from is not None:
            lines.append(self.texts("backtest_assumed", date=self.texts.date(wanted.recorded_from)))
        without = [each for each in self.found.dates if not each.has_classes]
        if without:
            lines.append(self.texts("backtest_no_classes", number=len(without), of=len(self.found.dates)))
        unknown = sum(each.customers - each.known for each in self.found.dates)
        if unknown:
            lines.append(self.texts("backtest_unknown", number=self.texts.number(unknown)))
        if self.found.undecided:
            lines.append(self._undecided(self.found.undecided))
        if any(each.period == "between" for each in self.found.dates):
            lines.append(self.texts("backtest_left_out"))
        if self.found.lifetime != "computed":
            lines.append(self.texts(f"backtest_lifetime_{self.found.lifetime}"))
        return [*lines, self.texts("backtest_interval", draws=self.texts.number(DRAWS))]

    def _undecided(self, customers: Sequence[str]) -> str:
        """Return who is left out because records do not fit the rules; of many, the first."""
        named, rest = customers[:NAMED], len(customers) - NAMED
        more = [self.texts("undecided_more", number=self.texts.number(rest))] if rest > 0 else []
        who = self.texts("comma").join([*named, *more])
        return self.texts("backtest_undecided", number=self.texts.number(len(customers)), who=who)

    def period(self, period: Period) -> str:
        """Return a period's title with its dates."""
        first, last = (self.texts.date(day) for day in (period.dates[0], period.dates[-1]))
        return self.texts(f"backtest_period_{period.name}", first=first, last=last)

    # --- comparisons -------------------------------------------------------------------------------------------------

    def question(self, one: Comparison) -> str:
        """Return what is asked."""
        return self.texts(f"backtest_question_{one.question}")

    def asked(self, one: Comparison) -> str:
        """Return of how many it is asked, and how many we chose."""
        name = "backtest_asked" if one.chosen else "backtest_nobody_chosen"
        numbers = {"asked": self.texts.number(one.asked), "chosen": self.texts.number(one.chosen)}
        said = self.texts(name, **numbers)
        if one.chosen and one.question != "revenue":
            said += " " + self.texts(f"backtest_overall_{one.question}", share=_bare(one.overall, _percent))
        return said

    def comparison(self, one: Comparison, *, is_brief: bool = False) -> Table:
        """Return each method's value and lift, by how many points ours is ahead, and unless brief what that means."""
        columns = ["backtest_method", f"backtest_value_{one.question}", "backtest_lift", "backtest_ahead"]
        rows = []
        for each in one.choices:
            row = (self.method(one, each.method), _share(each.value), _times(each.lift), self._points(each.ahead))
            rows.append(row if is_brief else (*row, self._verdict(each.ahead)))
        return self._table([*columns, *([] if is_brief else ["backtest_verdict"])], rows)

    def method(self, one: Comparison, method: str) -> str:
        """Return the title of a method of answering a question."""
        if method == LIFETIME:
            return self.texts("backtest_method_gamma" if one.question == "revenue" else "backtest_method_lifetime")
        name = f"{method}_{one.question}" if method in (OURS, "number") else method
        return self.texts(f"backtest_method_{name}")

    def _verdict(self, ahead: Estimate | None) -> str:
        if ahead is None:
            return ""
        if ahead.low > 0:
            return self.texts("backtest_verdict_better")
        return self.texts("backtest_verdict_worse" if ahead.high < 0 else "backtest_verdict_even")

    # --- what came of whom -------------------------------------------------------------------------------------------

    def groups(self, period: Period, kind: str, *, is_brief: bool = False) -> Table | None:
        """Return what came of the customers of whom the same was concluded; None if there are fewer than two groups.

        Of few customers the count alone is told. If brief, of the revenue no interval.
        """
        found = [each for each in period.groups if each.kind == kind]
        if len(found) < 2:
            return None
        is_told = any(each.complained is not None for each in found)
        columns = [f"backtest_{name}" for name in ("rows", "again", "lift", "revenue", "before", "after")]
        rows = []
        for each in found:
            again, lift, revenue, before, after, complained = (
                one if each.rows >= FEW else None
                for one in (each.again, each.lift, each.revenue, each.before, each.after, each.complained)
            )
            money = _bare(revenue, self._amount) if is_brief else self._money(revenue)
            row = [self.group(each), self.texts.number(each.rows), _share(again), _bare(lift, _decimal), money]
            row += [_bare(one, _percent) for one in (before, after, *([complained] if is_told else []))]
            rows.append(tuple(row))
        return self._table([f"backtest_group_{kind}", *columns, *(["backtest_complained"] if is_told else [])], rows)

    def group(self, each: Group) -> str:
        """Return the title of a group."""
        if each.kind == "risk":
            return self.texts(f"backtest_risk_{each.name}")
        if each.kind == "sign":
            return next(self.wording.text(rule.title) for rule in self.pack.rules if rule.id == each.name)
        enum = {"stage": "stage", "move": "move", "class": "portfolio_class"}[each.kind]
        return self.wording.member_of(enum, each.name)

    def tenths(self, period: Period) -> Table | None:
        """Return what BG/NBD and Gamma-Gamma expected of each tenth, and what came; None if they were not computed."""
        columns = (
            "backtest_tenth",
            "backtest_rows",
            "backtest_expected_revenue",
            "backtest_revenue",
            "backtest_expected_orders",
            "backtest_orders",
        )
        rows = [
            (
                str(each.tenth),
                self.texts.number(each.rows),
                _bare(each.expected_revenue, self._amount),
                self._money(each.revenue),
                _bare(each.expected_orders, _decimal),
                _times(each.orders),
            )
            for each in period.tenths
        ]
        return self._table(columns, rows) if rows else None

    def dates(self) -> Table:
        """Return every date with its outcome."""
        columns = (
            "backtest_date",
            "backtest_until",
            "backtest_customers",
            "backtest_top",
            "backtest_at_risk",
            "backtest_silent",
            "backtest_revenue_sum",
            "backtest_period",
        )
        rows = [
            (
                each.as_of.isoformat(),
                each.until.isoformat(),
                self.texts.number(each.customers),
                self.texts.number(each.top) if each.has_classes else "–",
                self.texts.number(each.at_risk),
                self.texts.number(each.silent),
                self.texts.number(round(each.revenue)),
                self.texts(f"backtest_in_{each.period}"),
            )
            for each in self.found.dates
        ]
        return self._table(columns, rows)

    def by_date(self, period: Period, one: Comparison) -> Table:
        """Return each method's value on each date."""
        columns = (
            self.texts("backtest_date"),
            self.texts("backtest_chosen"),
            *(self.method(one, x.method) for x in one.choices),
        )
        rows = []
        for place, day in enumerate(period.dates):
            values = [choice.by_date[place] for choice in one.choices]
            said = ["–" if value is None else _percent(value) for value in values]
            rows.append((day.isoformat(), self.texts.number(one.chosen_by_date[place]), *said))
        return Table(columns, tuple(rows))

    # --- pictures ----------------------------------------------------------------------------------------------------

    def picture(self, one: Comparison) -> Marks:
        """Return each method's value with its interval."""
        shown = [(self.method(one, choice.method), choice.value, choice.method == OURS) for choice in one.choices]
        return marks([Mark(title, value, _percent, is_ours) for title, value, is_ours in shown if value is not None])

    def again_picture(self, period: Period, kind: str) -> Marks:
        """Return, for each group, the share that ordered again with its interval."""
        found = [each for each in period.groups if each.kind == kind and each.rows >= FEW]
        return marks([Mark(self.group(each), each.again, _percent, False) for each in found if each.again is not None])

    def tenths_picture(self, period: Period) -> Marks:
        """Return, for each tenth, the revenue that came, with its interval; what was expected stands in its title."""
        found = [
            Mark(f"{each.tenth} · {_bare(each.expected_revenue, self._amount)}", each.revenue, self._amount, False)
            for each in period.tenths
            if each.revenue is not None
        ]
        return marks(found)

    def dates_picture(self, period: Period, one: Comparison) -> Lines:
        """Return each method's value over the dates."""
        days = [day.isoformat() for day in period.dates]
        return lines(
            days, [Line(self.method(one, each.method), each.by_date, each.method == OURS) for each in one.choices]
        )

    # --- numbers -----------------------------------------------------------------------------------------------------

    def _table(self, names: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
        values = {"currency": self.found.currency, "months": self.found.wanted.months}
        return Table(tuple(self.texts(name, **values) for name in names), tuple(rows))

    def _points(self, one: Estimate | None) -> str:
        if one is None:
            return ""
        value, low, high = (f"{100 * each:+.1f}".replace("-", "−") for each in (one.value, one.low, one.high))
        return self.texts("backtest_from_to", value=value, low=low, high=high)

    def _money(self, one: Estimate | None) -> str:
        return _with_interval(one, self._amount, self._amount)

    def _amount(self, value: float) -> str:
        return self.texts.number(round(value))


def _share(one: Estimate | None) -> str:
    return _with_interval(one, _percent, lambda value: f"{100 * value:.1f}")


def _times(one: Estimate | None) -> str:
    return _with_interval(one, _decimal, _decimal)


def _with_interval(one: Estimate | None, said: Callable[[float], str], bound: Callable[[float], str]) -> str:
    return "–" if one is None else f"{said(one.value)} ({bound(one.low)}–{bound(one.high)})"


def _bare(one: Estimate | None, said: Callable[[float], str]) -> str:
    return "–" if one is None else said(one.value)


def _percent(value: float) -> str:
    return f"{value:.1%}"


def _decimal(value: float) -> str:
    return f"{value:.2f}"
