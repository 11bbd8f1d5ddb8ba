"""What webhooks tell: which customer something was recorded of, and what changed by it. No personal data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from common.recording import Outcome
from common.saying import changes
from common.texts import Texts
from engine.recommend import recommend
from engine.wording import Wording
from facts.audit import entries
from web.site import Site
from wiring import Decided


def event_of(site: Site, number: int) -> Mapping[str, Any]:
    """Return what an entry of the audit log about one customer changed, as the store knew it just then."""
    (entry,) = entries(site.store, number=number)
    customer = site.store.survivor(entry.customer or "", site.today())
    pack = site.rules().pack
    before, after = (site.desk(entry.at - lag).decide(customer) for lag in (timedelta(microseconds=1), timedelta()))
    was, now = (recommend(pack, each.facts, each.decision, "en") for each in (before, after))
    outcome = Outcome("recorded", number, customer, entry.says, before, after)
    return {
        "event": "customer.changed",
        "number": number,
        "at": entry.at,
        "did": entry.did,
        "by": entry.user,
        "from": entry.origin,
        "customer": customer,
        "as_of": after.decision.as_of,
        "changes": changes(outcome, was, now, Texts("en"), Wording(pack.vocabulary, "en")),
        "recommendation_changed": was != now,
        "before": _in_short(site, before),
        "after": _in_short(site, after),
    }


def _in_short(site: Site, decided: Decided) -> dict[str, Any]:
    """Return the columns that lists show, by ids."""
    values = decided.decision.values
    return {name: values.get(key.name) for name, key in site.rules().columns.items()}
