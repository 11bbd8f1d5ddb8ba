"""What was recorded, and what changed in the recommendation by it, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from common.recording import Outcome
from common.texts import Texts
from engine.decision import State
from engine.recommend import Checklist, Recommendation
from engine.vocabulary import Vocabulary
from engine.wording import Wording
from facts.audit import Entry
from facts.book import outcome_in
from facts.own import fault_of, said_facts, value_of
from facts.recording import ALWAYS
from facts.tables import FACT_TABLES

_ENUMS = {
    ("perceptions", "level"): "perception",
    ("assessments", "verdict"): "verdict",
    ("actions", "action"): "action",
    ("stage_history", "stage"): "stage",
    ("stage_history", "proposed_stage"): "stage",
}
_NOT_SHOWN = ("key", "customer", "holds_until")
_LEFT_OUT = (
    "holds_from", "heard_on", "settled_on", "advised_on", "advised_by", "about", "message", "reason",
)  # fmt: skip
UNCLEAR = "unclear"
"""A verdict: somebody asked, and cannot say; no condition is met by it, and it is not asked for as unknown."""

_AMOUNTS = ("annual_revenue", "credit_limit")
"""What is an amount in the currency of its row."""

_SHOWN_FACTS = ("perception", "cooperation_acceptance")


def say(texts: Texts, wording: Wording, table: str, row: Mapping[str, Any]) -> str:
    """Return in one line what a row says: what it is, its words and its day, without personal data."""
    words = [
        _word(texts, wording, table, name, value) for name, value in _with_currency(texts, _shown(table, row)).items()
    ]
    if table == "own_facts":
        evidence = row.get("evidence")
        words = [_own_fact(wording, row), texts("column_evidence", value=evidence) if evidence else ""]
    if row.get("settled_on"):
        words.append(texts("is_settled"))
    said = texts("comma").join(word for word in words if word)
    kind = "effect" if row.get("outcome") else table
    when = next((row[name] for name in ("heard_on", "settled_on", "holds_from") if row.get(name)), None)
    return texts("said", kind=texts(f"kind_{kind}"), said=said, date=_day(texts, when))


def _day(texts: Texts, when: date | None) -> str:
    if when is None:
        return ""
    return texts("from_beginning") if when == ALWAYS else texts.date(when)


def _shown(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    hidden = _hidden(table)
    return {name: value for name, value in row.items() if name not in hidden and value is not None}


def _with_currency(texts: Texts, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a row shows with the currency behind amounts, and nothing of a currency that no amount is in."""
    currency = row.get("currency")
    amounts = {
        name: f"{texts.number(row[name])} {currency}" for name in _AMOUNTS if currency is not None and name in row
    }
    return {name: amounts.get(name, value) for name, value in row.items() if name != "currency"}


@cache
def _hidden(table: str) -> frozenset[str]:
    personal = {column.name for column in FACT_TABLES[table].columns if column.info.get("personal")}
    return frozenset(personal.union(_NOT_SHOWN))


def _word(texts: Texts, wording: Wording, table: str, name: str, value: Any) -> str:
    """Return one word of a line, or nothing for what the line says elsewhere or leaves to --json."""
    if name in _LEFT_OUT:
        return ""
    if (table, name, value) == ("perceptions", "value_kind", "cooperation"):
        return texts("way_of_cooperation")
    if isinstance(value, bool):
        named = f"is_{name}" if value else f"not_{name}"
        return texts(named) if texts.has(named) else ""
    if name == "sure":
        return texts(f"sure_{value}")
    if (table, name) == ("perceptions", "evidence") and (outcome := outcome_in(value)):
        return texts("evidence_of_effect", outcome=wording.member_of("outcome", outcome))
    if (table, name, value) == ("assessments", "verdict", UNCLEAR):
        return texts("verdict_unclear", word=wording.member_of("verdict", value))
    if isinstance(value, date):
        said = texts.date(value)
    elif isinstance(value, int | Decimal):
        said = texts.number(value)
    else:
        said = _member(texts, wording, table, name, str(value))
    return texts(f"column_{name}", value=said) if texts.has(f"column_{name}") else said


def _own_fact(wording: Wording, row: Mapping[str, Any]) -> str:
    """Return a fact that the pack declares for itself, with its value, as long as it declares it."""
    fact = said_facts(wording.vocabulary).get(row["fact"])
    if fact is None or fault_of(wording.vocabulary, fact.name, row["value"]):
        return f"{row['fact']} {row['value']}"
    return f"{wording.text(fact.title)} {wording.measure(fact, value_of(wording.vocabulary, fact, row['value']))}"


def _member(texts: Texts, wording: Wording, table: str, name: str, value: str) -> str:
    """Return a word of a list in the reader's words: the catalogue's, or of a list that only the store has, ours."""
    enum = enum_of(wording.vocabulary, table, name)
    if enum is not None and enum in wording.vocabulary.enums:
        return wording.member_of(enum, value)
    return texts(f"word_{value}") if "members" in FACT_TABLES[table].c[name].info else value


def enum_of(vocabulary: Vocabulary, table: str, column: str) -> str | None:
    """Return the enum that a column's words are of, if they are of one."""
    found: str | None = FACT_TABLES[table].c[column].info.get("enum") or _ENUMS.get((table, column))
    if found is None:
        fact = vocabulary.fact(column, table)
        found = None if fact is None else fact.enum
    return found


def members_of(vocabulary: Vocabulary, table: str, column: str) -> Sequence[str]:
    """Return the words that a column can hold: the store's own list, or an enum's; none if it holds other things."""
    enum = enum_of(vocabulary, table, column)
    own: Sequence[str] = FACT_TABLES[table].c[column].info.get("members", ())
    return own or (vocabulary.enums[enum].members if enum else ())


# --- what changed ---


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed, as it was and as it is: None if it was not there, or is there no longer."""

    what: str
    before: str | None
    after: str | None


def changes(
    outcome: Outcome, before: Recommendation, after: Recommendation, texts: Texts, wording: Wording
) -> list[Changed]:
    """Return what changed by a record, the perceptions first; `before` and `after` are the advice in words."""
    return [*_perceptions(outcome, wording), *_changes(before, after, texts)]


def how_it_changed(found: Sequence[Changed], *, is_other: bool) -> str:
    """Return the name of the text that heads what changed; `is_other` tells whether any advice did."""
    return "what_changes" if found else "details_changed" if is_other else "nothing_changed"


def still_advised(outcome: Outcome, wording: Wording) -> list[str]:
    """Return the titles of actions recorded as dealt with that are advised all the same: their reason lasts."""
    advised = {f"{each.action}/{each.row or ''}" for each in outcome.after.decision.actions}
    dealt_with = [row for table, row in outcome.says if table == "actions" and row.get("state") != "open"]
    return [
        wording.member_of("action", row["action"])
        for row in dealt_with
        if outcome.done == "recorded" and row["key"].removeprefix(f"{row['customer']}/") in advised
    ]


def outcome_in_json(outcome: Outcome, found: Sequence[Changed], *, is_other: bool) -> dict[str, Any]:
    """Return for other programs what was done and what changed by it; `is_other` tells whether any advice did."""
    return {
        "done": outcome.done,
        "number": outcome.number,
        "customer": outcome.customer,
        "says": [{"table": table, **row} for table, row in outcome.says],
        "changes": found,
        "recommendation_changed": is_other,
    }


def undone_in_json(entry: Entry, advice: Recommendation | None) -> dict[str, Any]:
    """Return for other programs what was taken back where nothing can be compared: `advice` is what is advised now."""
    return {
        "done": "undone",
        "number": entry.id,
        "customer": entry.customer,
        "says": [{"table": table, **row} for table, row in entry.says],
        "changes": None,
        "recommendation_changed": None,
        "recommendation": advice,
    }


def how(changed: Changed) -> str:
    """Return the name of the text that tells a change."""
    if changed.before is None:
        return "changed_in"
    return "changed_out" if changed.after is None else "changed"


def _perceptions(outcome: Outcome, wording: Wording) -> Iterator[Changed]:
    for fact in wording.vocabulary.in_scope(None):
        if (fact.family or fact.name) in _SHOWN_FACTS:
            was, now = (each.facts.facts.get(fact.name) for each in (outcome.before, outcome.after))
            if was != now:
                yield Changed(wording.text(fact.title), wording.value(fact, was), wording.value(fact, now))


def headlines(shown: Recommendation, texts: Texts) -> dict[str, str]:
    """Return the titles of the stage, the stage proposed, the value and the first action, by the names of texts."""
    none = texts("none")
    return {
        "stage": shown.stage.stage.title if shown.stage else none,
        "stage_proposed": shown.proposal.proposed.title if shown.proposal else none,
        "value": shown.value.content.title if shown.value else none,
        "first_action": shown.plan[0].action.title if shown.plan else none,
    }


def _changes(before: Recommendation, after: Recommendation, texts: Texts) -> Iterator[Changed]:
    had, has = headlines(before, texts), headlines(after, texts)
    pairs = {name: [was, has[name]] for name, was in had.items()}
    yield from (Changed(texts(name), was, now) for name, (was, now) in pairs.items() if was != now)
    earlier = {each.gate.id: each for each in _checklists(before)}
    for gate in _checklists(after):
        if gate.gate.id in earlier:
            was, now = (_met(each, texts) for each in (earlier[gate.gate.id], gate))
            if was != now:
                yield Changed(texts("gate_conditions", gate=gate.gate.title), was, now)
    yield from _plan_changes(before, after, texts("plan"), pairs["first_action"])


def _plan_changes(before: Recommendation, after: Recommendation, plan: str, first: Sequence[str]) -> Iterator[Changed]:
    """Yield what came into the plan and what left it, except for a first action that is named already."""
    had, has = ({(each.action.id, each.about): each.action.title for each in shown.plan} for shown in (before, after))
    named = set(first) if first[0] != first[1] else set()
    yield from (Changed(title, None, plan) for key, title in has.items() if key not in had and title not in named)
    yield from (Changed(title, plan, None) for key, title in had.items() if key not in has and title not in named)


def _checklists(shown: Recommendation) -> Iterator[Checklist]:
    if shown.proposal and shown.proposal.checklist:
        yield shown.proposal.checklist
        yield from shown.proposal.others


def _met(gate: Checklist, texts: Texts) -> str:
    required = [each for each in gate.criteria if each.required]
    return texts("n_of_m", n=sum(each.state is State.MET for each in required), m=len(required))
