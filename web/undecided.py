"""The page of a customer that cannot be decided: what stops the decision, in which records, and how to mend them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from common.confirming import Confirming
from common.misfits import misfit_told
from common.saying import say
from common.texts import PAGES, Texts
from engine.wording import Wording
from facts.audit import Entry
from facts.book import said_by
from facts.cards import known
from facts.snapshot_checks import Misfit, MisfitsError
from facts.unfit import Unfit, row_of
from web.access import Visitor, site_of
from web.rendering import language_of, page
from web.site import Site, now


@dataclass(frozen=True, slots=True)
class Stopping:
    """A record that stops the decision: what it says, what is wrong with it, who entered it, and who can mend it.

    `number` is that of the entry that the reader can take back here, `by` who else could, with which command:
    both None for what came by an import.
    """

    said: str
    wrong: tuple[str, ...]
    entered: str
    number: int | None
    by: Entry | None


def undecided_page(
    request: Request, who: Visitor, customer: str, error: MisfitsError, *, refused: str = "", taken_back: bool = False
) -> Response:
    """Return the page that a customer has as long as it cannot be decided."""
    site = site_of(request)
    with site.store.asking() as connection:
        found = known(connection, customer, site.today(), now())
    mending = Mending(site, Texts(language_of(request), PAGES), who)
    return page(
        request,
        "undecided.html",
        who,
        status=422 if refused else 200,
        customer=customer,
        card=found[1] if found else {},
        stopping=[mending.stopping(each) for each in site.desk().unfit(customer)],
        wrong=list(mending.wrong(error.misfits)),
        refused=refused,
        taken_back=taken_back,
    )


def may_undo(entry: Entry, who: Visitor) -> bool:
    """Whether somebody may take an entry back on the pages: their own records."""
    return entry.user == who.account.name and entry.did in ("record", "confirm") and who.may("record")


class Mending:
    """Says to one reader what is wrong with records, and how to mend it."""

    def __init__(self, site: Site, texts: Texts, who: Visitor) -> None:
        self.site, self.texts, self.who = site, texts, who
        self.wording = Wording(site.rules().pack.vocabulary, texts.language)

    def wrong(self, misfits: tuple[Misfit, ...]) -> Iterator[str]:
        """Yield what is wrong with values, in words."""
        return (misfit_told(self.texts, self.wording, each.fact, each.value) for each in misfits)

    def stopping(self, unfit: Unfit) -> Stopping:
        """Return what a record says and what can be done about it."""
        row, entry = row_of(self.site.store, unfit)
        is_own = entry is not None and may_undo(entry, self.who)
        return Stopping(
            self._said(unfit.table, said_by(row)),
            tuple(self.wrong(unfit.misfits)),
            Confirming(self.texts, self.wording).by(row["entered_by"], row["source"]),
            entry.id if entry is not None and is_own else None,
            None if is_own else entry,
        )

    def _said(self, table: str, row: Mapping[str, Any]) -> str:
        """Return what a record says; of an order, a payment and so on, which nobody types, its key."""
        if self.texts.has(f"record_{table}"):
            kind, date = self.texts(f"record_{table}"), self.texts.date(row["holds_from"])
            return self.texts("said", kind=kind, said=row["key"], date=date)
        return say(self.texts, self.wording, table, row)
