"""Read the corner cases of `tests/corner_cases`: small packs with facts, and what must follow, written by hand.

A case's pack leaves out what never matters there: titles, reasons and the manifest are filled in here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.decision import AdvisedAction, Candidate, Decision
from engine.load import pack_from_texts
from engine.model import Pack
from engine.snapshot import CustomerFacts, Recorded, Row
from engine.vocabulary import BEGINNING, Fact, FactKey, Type, Value, Vocabulary
from engine.yaml12 import Node, YList, YMap, read_yaml

FOLDER = Path(__file__).parents[1] / "corner_cases"
CATALOGUE = "catalogue"
AS_OF = "2024-06-30"

TEXTS = {"en": "text", "zh": "文字"}
MARKS = "marks"
MISSING = "missing"

KEYS = {"case", "decides", "as_of", "catalogue", "pack", "conditions", "facts", "rows", "recorded", "expect"}


@dataclass(frozen=True, slots=True)
class CornerCase:
    """One case: what it decides, its pack and customer, and the parts of the decision that it expects."""

    name: str
    decides: str
    pack: Pack
    customer: CustomerFacts
    expected: Mapping[str, Any]


def corner_cases() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield an id and the content of every case in the folder."""
    for path in sorted(FOLDER.glob("*.yaml")):
        if path.stem != CATALOGUE:
            for content in plain(read_yaml(path))["cases"]:
                yield f"{path.stem}: {content['case']}", content


def read_case(content: Mapping[str, Any]) -> CornerCase:
    """Build the pack and the customer of a case."""
    unknown = set(content) - {
        "case",
        "decides",
        "as_of",
        "catalogue",
        "pack",
        "conditions",
        "facts",
        "rows",
        "recorded",
    }
    assert unknown == {"expect"}, f"keys of the case: {sorted(unknown)}"
    pack = pack_from_texts({name: as_yaml(part) for name, part in files_of(content).items()})
    return CornerCase(
        name=content["case"],
        decides=content["decides"],
        pack=pack,
        customer=_customer(content, pack.vocabulary),
        expected=content["expect"],
    )


def value_of(fact: Fact, written: Any) -> Value:
    """Return a fact's value as a case writes it."""
    match fact.type:
        case Type.NUMBER:
            number = Decimal(written).quantize(Decimal(1).scaleb(-fact.scale))
            return number if number else number.copy_abs()
        case Type.DATE:
            return date.fromisoformat(written)
        case Type.SET:
            return frozenset(written)
        case _:
            assert isinstance(written, bool | int | str)
            return written


def plain(node: Node) -> Any:
    """Return a YAML node as lists, mappings and scalars."""
    if isinstance(node, YMap):
        return {key.text: plain(value) for key, value in node.entries}
    return [plain(item) for item in node.items] if isinstance(node, YList) else node.value


def as_yaml(content: Any) -> str:
    """Write lists, mappings and scalars as YAML, every number digit by digit."""
    if isinstance(content, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {as_yaml(value)}" for key, value in content.items()) + "}"
    if isinstance(content, list):
        return "[" + ", ".join(map(as_yaml, content)) + "]"
    return format(content, "f") if isinstance(content, Decimal) else json.dumps(content, ensure_ascii=False)


# --- what a case leaves out ----------------------------------------------------------------------------------------


def files_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the files of a case's pack, as plain data, with what the case leaves out."""
    pack = dict(content.get("pack", {}))
    pack["rules"] = [*pack.get("rules", []), *_condition_rules(content.get("conditions", {}))]
    manifest = {"pack": "corner-case", "version": "1.0.0", "title": TEXTS}
    if "ladder" in pack:
        manifest["ladder"] = pack.pop("ladder")
    catalogue = corner_catalogue()
    for section, added in content.get("catalogue", {}).items():
        catalogue[section] |= added
    return {
        "catalog.yaml": _filled_catalogue(catalogue),
        "pack.yaml": manifest,
        "rules.yaml": {section: [_filled(section, item) for item in items] for section, items in pack.items()},
    }


def corner_catalogue() -> dict[str, Any]:
    """Return the catalogue of all cases, as it is written."""
    content: dict[str, Any] = plain(read_yaml(FOLDER / f"{CATALOGUE}.yaml"))
    return content


def _condition_rules(conditions: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Make each condition a rule that adds a mark of its own: true if it fires, unknown if the marks hang on it."""
    return [
        {"rule": name, "when": when, "add": {MARKS: [f"m{number}"]}}
        for number, (name, when) in enumerate(conditions.items(), 1)
    ]


_INSIDE = {"tables": "rows", "gates": "criteria", "scorecards": "points"}
_HAVE_BECAUSE = {"rules", "gates", "rows", "points"}
_HAVE_NO_TITLE = {"rows", "points"}


def _filled(section: str, item: Mapping[str, Any]) -> dict[str, Any]:
    filled = dict(item)
    if section not in _HAVE_NO_TITLE:
        filled["title"] = TEXTS
    if section in _HAVE_BECAUSE:
        filled["because"] = TEXTS
    if section in _INSIDE:
        inside = _INSIDE[section]
        filled[inside] = [_filled(inside, part) for part in item[inside]]
    return filled


def _filled_catalogue(catalogue: Mapping[str, Any]) -> dict[str, Any]:
    def titled(items: Mapping[str, Any]) -> dict[str, Any]:
        return {name: {"title": TEXTS, **item} for name, item in items.items()}

    enums = {
        name: {**enum, "members": dict.fromkeys(enum["members"], TEXTS)}
        for name, enum in titled(catalogue["enums"]).items()
    }
    collections = {
        name: {**collection, "facts": titled(collection["facts"])}
        for name, collection in titled(catalogue["collections"]).items()
    }
    return {"enums": enums, "facts": titled(catalogue["facts"]), "collections": collections}


# --- the customer --------------------------------------------------------------------------------------------------


def _customer(content: Mapping[str, Any], vocabulary: Vocabulary) -> CustomerFacts:
    def facts(written: Mapping[str, Any], scope: str | None) -> dict[str, Value]:
        return {name: value_of(vocabulary.facts[FactKey(scope, name)], value) for name, value in written.items()}

    rows = {
        collection: tuple(Row(str(number), facts(row, collection)) for number, row in enumerate(written, 1))
        for collection, written in content.get("rows", {}).items()
    }
    recorded = dict.fromkeys(rows, "beginning") | content.get("recorded", {})
    return CustomerFacts(
        customer="C1",
        as_of=date.fromisoformat(content.get("as_of", AS_OF)),
        facts=facts(content.get("facts", {}), None),
        rows=rows,
        recorded={name: _recorded(since) for name, since in recorded.items() if since != "never"},
    )


def _recorded(written: Any) -> Recorded:
    start, end = written if isinstance(written, list) else (written, None)
    return (BEGINNING if start == "beginning" else date.fromisoformat(start), end and date.fromisoformat(end))


# --- a decision in the words of the cases --------------------------------------------------------------------------


def shown(decision: Decision, part: str, about: Any) -> Any:
    """Return one part of a decision as cases write it; of values, reasons and truths only what is asked about."""
    match part:
        case "truths":
            return {rule: _truth(decision, rule) for rule in about}
        case "values":
            return {name: _written(decision.values.get(name)) for name in about}
        case "rows":
            return _written(decision.rows)
        case "fired":
            return [_named(one.rule, one.row) for one in decision.fired]
        case "because":
            reasons = {_named(one.rule, one.row): _written(dict(one.because)) for one in decision.fired}
            return {name: reasons[name] for name in about}
        case "conflicts":
            return [
                _without({"about": one.about, "row": one.row, "rules": list(one.rules)}, row="")
                for one in decision.conflicts
            ]
        case "provisional":
            return {
                _named(one.fact, one.row): {"rules": list(one.rules), "unknown": list(one.unknown)}
                for one in decision.provisional
            }
        case "gates":
            return {
                gate.gate: {
                    "state": str(gate.state),
                    "criteria": {one.criterion: str(one.state) for one in gate.criteria},
                }
                for gate in decision.gates
            }
        case "choices":
            whole = {
                choice.scorecard: {
                    "chosen": list(choice.chosen),
                    "ranked": [_candidate(one) for one in choice.ranked],
                }
                for choice in decision.choices
            }
            return {
                card: {key: value for key, value in choice.items() if key in about.get(card, choice)}
                for card, choice in whole.items()
            }
        case "actions":
            return [_action(action) for action in decision.actions]
        case "violated":
            return list(decision.violated)
    raise AssertionError(f"a case cannot expect `{part}`")


def _truth(decision: Decision, rule: str) -> bool | str:
    if any(fired.rule == rule for fired in decision.fired):
        return True
    hanging = [one.rules for one in decision.provisional if one.fact == MARKS]
    return "unknown" if hanging and rule in hanging[0] else False


def _candidate(one: Candidate) -> dict[str, Any]:
    whole = {
        "candidate": one.candidate,
        "points": one.points,
        "eligible": str(one.eligible),
        "provisional": one.provisional,
        "given": dict(one.given),
    }
    return _without(whole, eligible="met", provisional=False)


def _action(one: AdvisedAction) -> dict[str, Any]:
    whole = {
        "action": one.action,
        "row": one.row,
        "due_on": one.due_on.isoformat(),
        "owner": one.owner,
        "medium": one.medium,
        "urgency": one.urgency,
        "rules": list(one.rules),
        "is_open": one.is_open,
    }
    return _without(whole, row="", medium=None, is_open=False)


def _named(name: str, row: str) -> str:
    return f"{name}/{row}" if row else name


def _without(content: dict[str, Any], **usual: Any) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key not in usual or value != usual[key]}


def _written(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _written(inner) for name, inner in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, date):
        return value.isoformat()
    return MISSING if value is None else value
