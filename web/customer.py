"""A customer's page: where it stands, what to do next, and forms to record what was done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from common.recording import CONVEY, Outcome
from common.saying import changes, how, how_it_changed, say, still_advised
from common.strategy import Plan, plan_of
from common.taken_on import no_longer_advised
from common.texts import PAGES, Texts
from engine.model import Pack
from engine.recommend import Checklist, Recommendation, recommend
from engine.snapshot import Row
from engine.vocabulary import FactKey
from engine.wording import Wording
from facts.audit import entries
from facts.book import said_by
from facts.on_record import OnRecord, on_record
from facts.snapshot_checks import MisfitsError
from facts.stored import Advised
from facts.tables import SURE
from web.access import OwnCustomer, Reader, Visitor, site_of
from web.asking import Asking
from web.rendering import answer, is_part, language_of, write
from web.site import Site
from web.things import ShownForm, shown_forms
from web.undecided import may_undo, undecided_page
from wiring import Decided

router = APIRouter()

TIMELINE = (
    "communications", "interactions", "complaints", "disputes", "needs", "perceptions", "assessments", "agreements",
    "competitor_signals", "referrals", "own_facts", "actions", "stage_history",
)  # fmt: skip
"""The tables whose rows the timeline tells."""

AT_A_GLANCE = 20
ASKED_AT_ONCE = 6
"""Questions; the others are folded. Those that settle most come first."""

RUNS = 100
"""Of how many runs at most the timeline tells what they advised."""

OWN_SHOWN, LOOKED_THROUGH = 5, 25
"""How many own records can be taken back on the page, and among how many of the newest entries they are sought."""

BESIDE = ("problem", "exited")
"""Stages that stand beside the ladder."""


@dataclass(frozen=True, slots=True)
class Step:
    """A stage on the path: whether the customer stands there, and whether it is proposed."""

    id: str
    title: str
    is_here: bool
    is_proposed: bool
    is_beside: bool


@dataclass(frozen=True, slots=True)
class Perceived:
    """How far a kind of value has come with the customer: the level's words and its place (None: not known)."""

    title: str
    level: str
    place: int | None


@dataclass(frozen=True, slots=True)
class Unheard:
    """A communication whose effect nobody has heard yet: its key, and what it was, in words."""

    key: str
    said: str


@dataclass(frozen=True, slots=True)
class Told:
    """What was recorded just now, and what changed by it."""

    number: int
    says: tuple[str, ...]
    heading: str
    changes: tuple[str, ...]
    still_advised: tuple[str, ...]
    may_undo: bool


class Own(NamedTuple):
    """What the reader recorded of the customer and may take back: its number in the log, and what it says."""

    number: int
    says: tuple[str, ...]


@router.get("/customers/{customer:path}")
def show(
    request: Request, who: Reader, customer: OwnCustomer, recorded: int | None = None, taken_back: bool = False
) -> Response:
    """Show the page; after something was recorded, with what changed by it."""
    return customer_page(request, who, customer, recorded=recorded, taken_back=taken_back)


def customer_page(
    request: Request,
    who: Visitor,
    customer: str,
    *,
    recorded: int | None = None,
    taken_back: bool = False,
    refused: str = "",
    status: int = 200,
) -> Response:
    """Return the page, with what was recorded last or why something was not.

    Raises:
        HTTPException: if nothing is known of the customer today.
    """
    site, language = site_of(request), language_of(request)
    try:
        view = view_of(site, customer, language)
    except MisfitsError as error:
        return undecided_page(request, who, customer, error, refused=refused, taken_back=taken_back)
    if view is None:
        raise HTTPException(404)
    # The same page for the same reader is written out once; a receipt or a refusal is shown but once.
    is_plain = recorded is None and not refused and not taken_back
    mark = (who, request.url, is_part(request), site.today()) if is_plain else None
    if mark is not None and view.written is not None and view.written[0] == mark:
        return answer(view.written[1], status)
    written = write(
        request,
        "customer.html",
        who,
        customer=customer,
        told=None if recorded is None else view.told(recorded, who),
        own=view.own_entries(who) if who.may("record") else [],
        refused=refused,
        taken_back=taken_back,
        words=view.words,
        soon=site.today() + timedelta(days=7),
        AT_A_GLANCE=AT_A_GLANCE,
        ASKED_AT_ONCE=ASKED_AT_ONCE,
        **view.values,
    )
    view.written = None if mark is None else (mark, written)
    return answer(written, status)


def view_of(site: Site, customer: str, language: str) -> View | None:
    """Return what a customer's page shows to whoever looks, put together anew where the decision no longer stands."""
    rules, found = site.decided_by([customer])
    decided = found.get(customer)
    if decided is None:
        return None
    kept = site.views.get((customer, language))
    if isinstance(kept, View) and kept.decided is decided:
        return kept
    pack, texts = rules.pack, Texts(language, PAGES)
    shown = recommend(pack, decided.facts, decided.decision, language)
    view = View(site, pack, decided, shown, texts, Wording(pack.vocabulary, language))
    site.views.put((customer, language), view)
    return view


@dataclass
class View:
    """Puts one customer's page together. `written` is the page as it was written out last, and for whom."""

    site: Site
    pack: Pack
    decided: Decided
    shown: Recommendation
    texts: Texts
    wording: Wording
    written: tuple[object, str] | None = None

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """What the page shows, by the names that it goes by there."""
        shown, decided = self.dated, self.decided
        lacking = "record-cost" if self._without("communications", "cost_class") else ""
        effects = "effects" if any(self.unheard()) else lacking or ("record-value" if shown.value else "")
        asking = Asking(self.pack, self.texts, self.wording, {"communications": effects, "stage_history": "ladder"})
        return {
            "card": decided.card,
            "shown": shown,
            "strategy": self.strategy,
            "steps": list(self.steps()),
            "lists": self.checklists(),
            "facts": dict(self.head()),
            "perceived": list(self.perceived()),
            "unheard": list(self.unheard()),
            "forms": list(self.forms()),
            "asked": [asking.asked(each) for each in shown.questions],
            "to_confirm": list(asking.to_confirm(self.site.store, decided)),
            "sure": {member: self.texts(f"sure_{member}") for member in SURE},
            "timeline": self.timeline(),
            "left_open": list(no_longer_advised(self.pack, decided, self.texts.language)),
            "convey": next((each for each in shown.plan if each.action.id == CONVEY), None),
            "abouts": [each.row for each in decided.decision.actions],
            "chosen": self.chosen,
            "value_fact": self.pack.shows.get("value", ""),
            "may_be_asked": self.subjects(),
            "levels": len(self.pack.vocabulary.enums["perception"].members),
            "seen": self.on_record.newest,
        }

    @cached_property
    def on_record(self) -> OnRecord:
        return on_record(self.site.store, self.decided.facts.customer, self.site.today(), TIMELINE, RUNS)

    @cached_property
    def dated(self) -> Recommendation:
        """What is shown, with the days since when actions have been advised."""
        return self.site.advised_since([self.decided.facts.customer]).added(self.decided, self.shown)

    @cached_property
    def strategy(self) -> Plan:
        return plan_of(self.pack, self.decided, self.dated, self.texts.language, self.site.currency)

    def words(self, enum: str) -> dict[str, str]:
        """Return the members of a list with their words."""
        found = self.wording.vocabulary.enums[enum]
        return {member: self.wording.text(found.titles[member]) for member in found.members}

    def chosen(self, role: str) -> str:
        """Return what rules chose for a part of the value; of several, the first."""
        value = self.decided.decision.values.get(self.pack.shows.get(role, ""))
        if isinstance(value, frozenset):
            return min(value, default="")
        return value if isinstance(value, str) else ""

    # --- where it stands ---

    def steps(self) -> Iterator[Step]:
        here = self.shown.stage.stage.id if self.shown.stage else None
        proposal = self.shown.proposal
        proposed = proposal.proposed.id if proposal and proposal.move.id not in ("", "stay") else None
        for member, title in self.words("stage").items():
            is_beside = member in BESIDE
            if not is_beside or member in (here, proposed):
                yield Step(member, title, member == here, member == proposed, is_beside)

    def checklists(self) -> tuple[Checklist, ...]:
        proposal = self.shown.proposal
        return (proposal.checklist, *proposal.others) if proposal and proposal.checklist else ()

    def head(self) -> Iterator[tuple[str, str]]:
        """Yield what the head of the page says beside name and stage, where it is known."""
        for name in ("abc_class", self.pack.shows.get("customer_value", "")):
            fact = self.wording.vocabulary.fact(name) if name else None
            value = self.decided.decision.values.get(name, self.decided.facts.facts.get(name))
            if fact is not None and value is not None:
                yield self.wording.title(name), self.wording.value(fact, value)
        if self.strategy.review_on is not None:
            yield self.texts("next_review"), self.texts.date(self.strategy.review_on)
        yield self.texts("amounts_in"), self.site.currency
        if self.decided.unconvertible:
            yield (
                self.texts("not_counted"),
                self.texts("without_rate", currencies=", ".join(self.decided.unconvertible)),
            )

    def perceived(self) -> Iterator[Perceived]:
        levels = self.pack.vocabulary.enums["perception"].members
        for fact in self.pack.vocabulary.in_scope(None):
            if fact.family == "perception" or fact.name == "cooperation_acceptance":
                level = self.decided.facts.facts.get(fact.name)
                place = levels.index(str(level)) if level in levels else None
                title = self.words("value_kind").get(fact.member or "", self.wording.text(fact.title))
                said = self.texts("not_known") if place is None else self.words("perception")[levels[place]]
                yield Perceived(title, said, place)

    # --- what was done ---

    def unheard(self) -> Iterator[Unheard]:
        for row in self.decided.facts.rows.get("communications", ()):
            if not row.facts.get("heard") and row.facts.get("outcome") is None:
                yield Unheard(row.key, self._event("communications", row, "value_kind", "medium"))

    def forms(self) -> Iterator[ShownForm]:
        """Yield the forms for what happened; of what is not settled, or lacks its cost, more can be told."""
        open_rows = {
            "complaints": self._open("complaints", "settled", "signal"),
            "disputes": self._open("disputes", "settled"),
            "communications": self._without("communications", "cost_class", "value_kind", "medium"),
        }
        return shown_forms(self.texts, self.wording, open_rows, self.on_record.standing)

    def _open(self, table: str, until: str, *names: str) -> dict[str, str]:
        """Return the records of a table that are not over, the newest first, by key in words."""
        rows = [row for row in self.decided.facts.rows.get(table, ()) if row.facts.get(until) is False]
        return {row.key: self._event(table, row, *names) for row in reversed(rows)}

    def _without(self, table: str, lacks: str, *names: str) -> dict[str, str]:
        """Return the records of a table of which something is not known, the newest first, by key in words."""
        rows = [row for row in self.decided.facts.rows.get(table, ()) if lacks not in row.facts]
        return {row.key: self._event(table, row, *names) for row in reversed(rows)}

    def _event(self, table: str, row: Row, *names: str) -> str:
        said = [
            self.wording.value(fact, row.facts[name])
            for name in names
            if name in row.facts and (fact := self.wording.vocabulary.facts.get(FactKey(table, name)))
        ]
        when = next((value for value in row.facts.values() if isinstance(value, date)), None)
        return self.texts("comma").join([*said, *([self.texts.date(when)] if when else [])])

    def timeline(self) -> list[str]:
        """Return what is on record and what was advised, the newest first, without personal data."""
        today = self.site.today()
        rows = [(table, row) for table, found in self.on_record.standing.items() for row in found]
        told = [
            (row["holds_from"], 0, row["id"], self._said(table, dict(row)))
            for table, row in rows
            if date.min < row["holds_from"] <= today
        ]
        advised = [(each.as_of, 1, each.run, said) for each, said in self._advised()]
        return [said for *_, said in sorted([*told, *advised], reverse=True)]

    def _advised(self) -> Iterator[tuple[Advised, str]]:
        """Yield what the runs advised, where it was another than before, in words."""
        before: dict[str, str] | None = None
        for each in self.on_record.advised:
            now = self._advice(each)
            said = [
                self.texts("advice_part", what=self.texts(name), now=value)
                if before is None
                else self.texts("changed", what=self.texts(name), before=before[name], after=value)
                for name, value in now.items()
                if before is None or before[name] != value
            ]
            if said:
                kind = self.texts("advice_first" if before is None else "advice_other")
                told = self.texts("comma").join(said)
                yield each, self.texts("said", kind=kind, said=told, date=self.texts.date(each.as_of))
            before = now

    def _advice(self, advised: Advised) -> dict[str, str]:
        """Return the parts of an advice in words, by the names of the texts that say what they are."""
        stages, none = self.words("stage"), self.texts("none")
        return {
            "stage": stages.get(advised.stage or "", none),
            "stage_proposed": stages.get(advised.proposed_stage or "", none),
            "value": self.words("value_kind").get(advised.value_next or "", none),
        }

    def _said(self, table: str, row: Mapping[str, Any]) -> str:
        return say(self.texts, self.wording, table, said_by(row))

    def told(self, number: int, who: Visitor) -> Told | None:
        """Return what an entry of the log recorded of this customer, and what changed by it."""
        entry = next(iter(entries(self.site.store, number=number)), None)
        if entry is None or entry.customer != self.decided.facts.customer or entry.undone_by is not None:
            return None
        before = self.site.desk(entry.at - timedelta(microseconds=1)).decide(entry.customer)
        outcome = Outcome("recorded", number, entry.customer, entry.says, before, self.decided)
        earlier = recommend(self.pack, before.facts, before.decision, self.texts.language)
        found = changes(outcome, earlier, self.shown, self.texts, self.wording)
        return Told(
            number,
            tuple(say(self.texts, self.wording, table, row) for table, row in entry.says),
            how_it_changed(found, is_other=earlier != self.shown),
            tuple(self.texts(how(each), what=each.what, before=each.before, after=each.after) for each in found),
            tuple(still_advised(outcome, self.wording)),
            may_undo=may_undo(entry, who),
        )

    def own_entries(self, who: Visitor) -> list[Own]:
        """Return what the reader recorded of this customer last and may take back, the newest first."""
        customer = self.decided.facts.customer
        found = entries(self.site.store, customer=customer, user=who.account.name, most=LOOKED_THROUGH)
        return [
            Own(entry.id, tuple(say(self.texts, self.wording, table, row) for table, row in entry.says))
            for entry in found
            if entry.customer == customer and entry.undone_by is None and may_undo(entry, who)
        ][:OWN_SHOWN]

    # --- what to ask ---

    def subjects(self) -> dict[str, dict[str, str]]:
        """Return what can be asked about by `why not`, by kind: stages, values, actions."""
        actions = {id_: self.wording.text(action.title) for id_, action in self.pack.actions.items()}
        return {"stage": self.words("stage"), "value": self.words("value_kind"), "action": actions}
