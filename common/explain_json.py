"""Recommendations and explanations for other programs: ids beside the words, the same graph as a tree."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from common.explain_layout import Teller
from engine.derivation import Kind, Node, Source
from engine.model import Test
from engine.phrases import Phrases
from engine.ways import Missing, Way, WhyNot

if TYPE_CHECKING:
    from common.taken_on import TakenOn
    from engine.asking import Asked
    from engine.changed import Change, Difference
    from engine.path import Paths
    from engine.prove.cheapest import Path
    from engine.recommend import Recommendation
    from facts.ended import Ended
    from facts.to_confirm import ToConfirm
    from wiring import Decided


class Derivations:
    """Derivations in JSON form, conclusions followed `depth` steps down; each conclusion is told once."""

    def __init__(self, teller: Teller, depth: int) -> None:
        self._teller = teller
        self._depth = depth
        self._told: set[tuple[str, str]] = set()

    def of(self, node: Node, depth: int | None = None) -> dict[str, Any]:
        """Return a node with everything below it; `told: true` stands for what was told before or lies too deep."""
        levels = self._depth if depth is None else depth
        found = {"kind": node.kind, "id": node.id, "said": self._said(node), **self._own(node)}
        below = levels
        if node.kind is Kind.FACT and node.source not in (Source.RECORDED, Source.NOWHERE):
            place = node.id, node.row
            if place in self._told or levels < 1:
                return {**found, "told": True}
            self._told.add(place)
            below = levels - 1
        found["because"] = [self.of(one, below) for one in node.because]
        found["against"] = [self.of(one, min(below, 0)) for one in node.against] if levels == self._depth else []
        return {key: value for key, value in found.items() if value not in (None, "", [])}

    def _own(self, node: Node) -> dict[str, Any]:
        found: dict[str, Any] = {"row": node.row, "truth": node.truth, "value": node.value, "source": node.source}
        if node.truth is None and node.kind not in (Kind.FACT, Kind.ACTION) and not _is_collection(node):
            found["unknown"] = True
        if node.points is not None:
            found["points"] = node.points
        if node.condition is not None:
            found["needed"] = self._teller.phrases.asks(node.condition)
        if node.kind in (Kind.TEST, Kind.FACT, Kind.ROW):
            found["heard"] = self._teller.heard.get(node.id)
        if node.kind is Kind.RULE:
            written = self._teller.deriver.book[node.id]
            found |= {"priority": node.priority, "sources": list(written.sources), "shape": written.shape}
            found["stratum"] = self._teller.strata.get(node.id)
        if node.kind is Kind.ROW:
            found["facts"] = self._teller.explainer.row_facts(node.scope or "", node.row)
        return found

    def _said(self, node: Node) -> str:
        teller = self._teller
        match node.kind:
            case Kind.FACT | Kind.TEST:
                said = teller.value(teller.key(node.id), node.value)
                return teller.colon(teller.wording.title(node.id), said)
            case Kind.RULE:
                return teller.rule(node.id, node.row)
            case Kind.ACTION:
                return teller.wording.text(teller.pack.actions[node.id].title)
            case Kind.CRITERION:
                return teller.criterion(node.id)
            case Kind.CANDIDATE:
                return teller.candidate(node)
            case Kind.ROWS:
                return teller.wording.title(node.id)
            case Kind.ROW:
                return teller.phrases.row(node.scope or "", node.row)
        return ""


def ways_in_json(teller: Teller, found: WhyNot) -> dict[str, Any]:
    """Return in JSON form what leads to a conclusion that was not come to."""
    standing = found.standing
    return {
        "fact": str(found.fact),
        "wanted": found.wanted,
        "value": found.value,
        "reached": found.reached,
        "through": list(found.through),
        "standing": None if standing is None else {**_fields(standing), "gap": standing.gap},
        "ways": [_way(teller, way) for way in found.ways],
    }


def _fields(standing: Any) -> dict[str, Any]:
    names = ("points", "eligible", "leader", "leader_points", "drags")
    return {name: getattr(standing, name) for name in names}


def _way(teller: Teller, way: Way) -> dict[str, Any]:
    return {
        "rule": way.rule or None,
        "row": way.row or None,
        "gives": way.value,
        "priority": way.priority,
        "distance": way.distance,
        "points": way.points,
        "enough": way.enough,
        "begins": way.begins,
        "passes_on": way.passes_on,
        "missing": [_missing(teller, one) for one in way.missing],
        "blockers": [
            {"rule": one.rule, "gives": one.value, "priority": one.priority, "said": teller.called(one.rule)}
            for one in way.blockers
        ],
    }


def _missing(teller: Teller, missing: Missing) -> dict[str, Any]:
    condition = missing.condition
    asks: Phrases = teller.phrases
    return {
        "about": str(condition.fact) if isinstance(condition, Test) else condition.collection,
        "row": missing.row or None,
        "criterion": missing.criterion or None,
        "actual": missing.value,
        "needed": asks.asks(condition, missing.wanted),
        "unknown": missing.truth is None,
        "passes_on": missing.passes_on,
        "way": None if missing.way is None else _way(teller, missing.way),
        "instead": [[_missing(teller, one) for one in others] for others in missing.instead],
    }


def _is_collection(node: Node) -> bool:
    return node.kind is Kind.ROWS and node.condition is None


# --- paths ---


def paths_in_json(found: Paths) -> dict[str, Any]:
    """Return the ways for other programs."""
    plain = asdict(replace(found, paths=(), beyond=None))
    beyond = found.beyond and _path(found.beyond)
    return {**plain, "fact": found.fact.name, "paths": [_path(path) for path in found.paths], "beyond": beyond}


def _path(path: Path) -> dict[str, Any]:
    """Return a way with its day, without all that is known of the customer at its end."""
    return {**{name: value for name, value in asdict(path).items() if name != "customer"}, "on": path.customer.as_of}


# --- whole answers ---


def recommendation_in_json(
    decided: Decided,
    shown: Recommendation,
    left_open: Sequence[TakenOn],
    below: Sequence[ToConfirm],
    ended: Sequence[Ended],
) -> dict[str, Any]:
    """Return a recommendation in words, with the whole decision that it puts into words, and what belongs to it.

    Args:
        decided: the customer as it stands.
        shown: the recommendation.
        left_open: the actions that were taken on and are not advised any more.
        below: what it rests on and somebody should confirm.
        ended: the collections of the customer that are not recorded any more.
    """
    decision = json.loads(decided.decision.to_json())
    return {
        "card": decided.card,
        "recommendation": shown,
        "left_open": left_open,
        "decision": decision,
        "to_confirm": below,
        "without_rate": decided.unconvertible,
        "ended": ended,
    }


def why_in_json(decided: Decided, teller: Teller, nodes: list[Node], depth: int) -> dict[str, Any]:
    """Return what conclusions rest on, followed `depth` steps down."""
    why = [Derivations(teller, depth).of(node) for node in nodes]
    return {**_about(decided), "pack": decided.decision.pack, "why": why}


def why_not_in_json(decided: Decided, teller: Teller, found: WhyNot) -> dict[str, Any]:
    """Return what is missing for another conclusion."""
    return {**_about(decided), "why_not": ways_in_json(teller, found)}


def path_in_json(decided: Decided, found: Paths) -> dict[str, Any]:
    """Return the cheapest changes after which the rules come to another conclusion."""
    return {**_about(decided), "path": paths_in_json(found)}


def what_if_in_json(before: Decided, after: Decided, changes: Sequence[Change], found: Difference) -> dict[str, Any]:
    """Return both decisions, and what differs."""
    values = {"before": before.decision.values, "after": after.decision.values}
    return {**_about(before), "set": changes, **values, "difference": found}


def questions_in_json(as_of: date, found: Sequence[Asked], to_confirm: Sequence[ToConfirm]) -> dict[str, Any]:
    """Return what to ask next, and which facts to confirm."""
    return {"as_of": as_of, "questions": found, "to_confirm": to_confirm}


def _about(decided: Decided) -> dict[str, Any]:
    return {"card": decided.card, "customer": decided.facts.customer, "as_of": decided.decision.as_of}
