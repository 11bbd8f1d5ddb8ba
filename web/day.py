"""My day: the customers that somebody looks after, the most urgent first, with what is due and what to ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from engine.explain import Question
from engine.model import Pack
from engine.recommend import Named, PlannedAction, Recommendation, recommend
from facts.audit import PAGES
from facts.card import Card
from web.access import Reader, Visitor, note_reads, site_of
from web.rendering import language_of, page
from wiring import Decided

router = APIRouter()

PER_PAGE = 50
SOON = timedelta(days=7)
QUESTIONS = 8
SHOW = ("all", "due", "moves", "ask")
"""What a list is narrowed to: customers with something due, with a change of stage proposed, with
something that is not known and could matter."""


@dataclass(frozen=True, slots=True)
class Line:
    """A customer on the list: where it stands, how urgent it is (0 to 100), and why."""

    key: str
    card: Card
    stage: Named | None
    proposed: Named | None
    value: Named | None
    urgency: int
    first: PlannedAction | None
    due: tuple[PlannedAction, ...]
    questions: tuple[Question, ...]

    @property
    def why(self) -> str:
        """Why it is as urgent as that, in one line."""
        return self.first.reasons[0] if self.first and self.first.reasons else ""


@dataclass(frozen=True, slots=True)
class Filter:
    """What the address asks for; everything can be left out."""

    show: str = "all"
    stage: str = ""
    manager: str = ""
    find: str = ""
    number: int = 1

    def query(self, **other: object) -> dict[str, object]:
        """Return the query of the address, with something changed."""
        own = {"show": self.show, "stage": self.stage, "manager": self.manager, "find": self.find, "page": self.number}
        asked = {**own, "page": 1, **other}
        return {name: value for name, value in asked.items() if value not in ("", "all", 1)}


@router.get("/")
def my_day(
    request: Request, who: Reader, show: str = "all", stage: str = "", manager: str = "", find: str = "", page: int = 1
) -> Response:
    """Show the list."""
    asked = Filter(show if show in SHOW else "all", stage, manager, find.strip(), max(page, 1))
    return _page(request, who, asked)


def _page(request: Request, who: Visitor, asked: Filter) -> Response:
    site = site_of(request)
    seen = {key: card for key, card in site.desk().cards().items() if who.sees(card)}
    wanted = [key for key, card in seen.items() if _fits(key, card, asked)]
    pack, language = site.rules().pack, language_of(request)
    fit = site.decided_if_fit(wanted)
    decided = sorted(
        (each for each in fit.values() if _narrowed(each, asked, pack, site.today())),
        key=lambda each: (-_urgency(each), each.facts.customer),
    )
    on_page = decided[(asked.number - 1) * PER_PAGE : asked.number * PER_PAGE]
    since = site.advised_since([each.facts.customer for each in on_page])
    here = [
        _line(each, since.added(each, recommend(pack, each.facts, each.decision, language)), site.today())
        for each in on_page
    ]
    stages = pack.vocabulary.enums["stage"].titles
    note_reads(request, who, PAGES, [line.key for line in here])
    return page(
        request,
        "day.html",
        who,
        lines=here,
        currency=site.currency,
        due=_due(here),
        questions=list(_questions(here))[:QUESTIONS],
        total=len(decided),
        undecided={key: seen[key]["name"] or key for key in wanted if key not in fit},
        pages=-(-len(decided) // PER_PAGE),
        asked=asked,
        stages={id_: (title.zh if language == "zh" else title.en) for id_, title in stages.items()},
        managers=sorted({card["account_manager"] or "" for card in seen.values()} - {""}),
        shows=SHOW,
    )


def _fits(key: str, card: Mapping[str, str | None], asked: Filter) -> bool:
    is_found = asked.find.casefold() in f"{key} {card['name'] or ''}".casefold()
    return is_found and asked.manager in ("", card["account_manager"])


def _line(decided: Decided, shown: Recommendation, today: date) -> Line:
    stays = shown.proposal is None or shown.proposal.move.id in ("", "stay")
    return Line(
        key=shown.customer,
        card=decided.card,
        stage=shown.stage.stage if shown.stage else None,
        proposed=None if stays or shown.proposal is None else shown.proposal.proposed,
        value=shown.value.content if shown.value else None,
        urgency=shown.plan[0].urgency if shown.plan else 0,
        first=shown.plan[0] if shown.plan else None,
        due=tuple(each for each in shown.plan if each.due_on <= today + SOON),
        questions=shown.questions,
    )


def _narrowed(decided: Decided, asked: Filter, pack: Pack, today: date) -> bool:
    """Whether a customer is on the list; only those shown are put into words, which takes longer than to look."""
    decision, ladder = decided.decision, pack.ladder
    moves = decision.values.get(ladder.move.name) not in (None, "stay")
    due = any(each.due_on <= today + SOON for each in decision.actions)
    shown = {"all": True, "due": due, "moves": moves, "ask": bool(decision.provisional)}[asked.show]
    return shown and asked.stage in ("", decision.values.get(ladder.stage.name))


def _urgency(decided: Decided) -> int:
    return max((each.urgency for each in decided.decision.actions), default=0)


def _due(lines: Iterable[Line]) -> list[tuple[Line, PlannedAction]]:
    """Return what is due soon or overdue, the earliest first."""
    found = [(line, each) for line in lines for each in line.due]
    return sorted(found, key=lambda item: (item[1].due_on, -item[1].urgency, item[0].key))


def _questions(lines: Iterable[Line]) -> Iterator[tuple[Line, Question]]:
    """Yield of each customer the question that settles most."""
    yield from ((line, line.questions[0]) for line in lines if line.questions)
