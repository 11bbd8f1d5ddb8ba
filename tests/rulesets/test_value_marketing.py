"""The value-marketing pack: its cases hold in both executors, nothing is untested, and both languages are complete."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from engine.cases import Case, load_cases
from engine.compile import compile_pack
from engine.decision import Decision, State
from engine.errors import Location
from engine.judging import judge
from engine.load import load_catalogue, load_pack
from engine.model import Advise, All, Move, Pack, Talk, Told
from engine.plan import Plan
from engine.session import Session
from engine.vocabulary import Text

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "rulesets" / "value_marketing"
PACK = load_pack(FOLDER, load_catalogue(ROOT / "facts" / "catalog.yaml"))
CASES = load_cases(FOLDER, PACK)
TALK = PACK.talk or Talk((), {})
METHOD = {
    f"{chapter}{number}"
    for chapter, last in {"D": 9, "V": 17, "C": 6, "S": 8, "U": 4, "B": 8, "P": 6}.items()
    for number in range(1, last + 1)
}


@cache
def _by_session() -> Mapping[str, Decision]:
    """Decide the customers of all cases one by one."""
    session = Session(compile_pack(PACK))
    return {case.name: session.decide(case.facts) for case in CASES}


@cache
def _by_plan() -> Mapping[str, Decision]:
    """Decide the customers of all cases at once, in columns, for each as-of date."""
    decisions = Plan(compile_pack(PACK)).decide_all(case.facts for case in CASES)
    return {decision.customer: decision for decision in decisions}


@pytest.fixture(params=[_by_session, _by_plan], ids=["session", "plan"])
def decisions(request: pytest.FixtureRequest) -> Mapping[str, Decision]:
    """Return each executor's decisions by the name of the case."""
    by_case: Mapping[str, Decision] = request.param()
    return by_case


# --- cases -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, decisions: Mapping[str, Decision]) -> None:
    """What the case expects comes out."""
    result = judge(case, decisions[case.name])
    assert [str(difference) for difference in result.differences] == []


def test_every_rule_has_a_case_in_which_it_fires() -> None:
    """No rule, table row, gate or point rule is without a case that names it as fired."""
    fired = {_written(rule) for case in CASES for rule in case.expect.fired}
    assert sorted(set(_rules(PACK)) - fired) == []


def test_every_rule_has_a_case_in_which_it_does_not_fire() -> None:
    """No rule that asks anything is without a case that names it as not fired."""
    not_fired = {_written(rule) for case in CASES for rule in case.expect.not_fired}
    assert sorted(set(_rules(PACK)) - not_fired - _always(PACK)) == []


def test_every_gate_is_met_not_met_and_unknown_in_some_case() -> None:
    """Each gate has a case for each of its three states."""
    shown = {(gate, state) for case in CASES for gate, state in case.expect.gates.items()}
    assert [(gate.id, state) for gate in PACK.gates for state in State if (gate.id, state) not in shown] == []


def test_every_action_is_advised_in_some_case() -> None:
    """No action of the catalogue is out of reach."""
    advised = {action for case in CASES for action in (*case.expect.advised, *(case.expect.actions or ()))}
    assert sorted(set(PACK.actions) - advised) == []


def test_cases_end_without_conflict_and_keep_the_invariants() -> None:
    """In no case do rules contradict each other or break an invariant."""
    decisions = _by_session().values()
    assert [(one.customer, one.conflicts, one.violated) for one in decisions if one.conflicts or one.violated] == []


def test_every_customer_gets_something_to_do_and_nobody_too_much() -> None:
    """A plan has at least one action and at most eight."""
    counts = {name: len(decision.actions) for name, decision in _by_session().items()}
    assert {name: count for name, count in counts.items() if not 1 <= count <= 8} == {}


# --- the method ------------------------------------------------------------------------------------------------------


def test_upgrade_gates_ask_exactly_the_six_conditions() -> None:
    """Every gate upwards has required criteria for U1.1 to U1.6 and none beside them."""
    six = [f"U1.{number}" for number in range(1, 7)]
    asked = {
        gate.id: sorted({criterion.condition for criterion in gate.criteria if criterion.required})
        for gate in PACK.gates
        if gate.move is Move.UP
    }
    assert asked == dict.fromkeys(asked, six)


def test_ladder_has_a_step_between_all_neighbours() -> None:
    """Customers can climb from potential to strategic, and fall back each step of it."""
    ladder = ["potential", "target", "new", "established", "core", "strategic"]
    steps = {(stage, gate.to) for gate in PACK.gates for stage in gate.from_stages}
    assert [pair for pair in pairwise(ladder) if pair not in steps] == []
    assert [pair for pair in pairwise(reversed(ladder)) if pair not in steps] == []


def test_meeting_a_core_need_outranks_everything() -> None:
    """No action is ever as urgent as meeting a core need."""
    catalogue = {action.urgency for name, action in PACK.actions.items() if name != "meet-core-need"}
    advised = {part.urgency for rule in PACK.rules for part in rule.conclusions if isinstance(part, Advise)}
    assert PACK.actions["meet-core-need"].urgency > max(catalogue | {urgency or 0 for urgency in advised})


def test_what_others_accept_never_outweighs_the_method() -> None:
    """However the company tunes its weight, it is less than the smallest reason of the method for or against."""
    (scorecard,) = (each for each in PACK.scorecards if each.id == "value-next")
    others = [abs(rule.points.plus) for rule in scorecard.rules if not rule.id.startswith("group-accepts-")]
    most = PACK.parameters["group.weight"].most
    assert most is not None
    assert most < min(others)


def test_everything_cites_the_method() -> None:
    """Every rule, table, gate, scorecard, invariant and action names the items of the method that it implements."""
    points = tuple(rule for scorecard in PACK.scorecards for rule in scorecard.rules)
    shapes = (PACK.rules, PACK.tables, PACK.gates, PACK.scorecards, PACK.invariants, PACK.actions.values(), points)
    sources = [(item.id, item.sources) for shape in (*shapes, TALK.tracks) for item in shape]
    assert [name for name, cited in sources if not cited or not set(cited) <= METHOD] == []
    assert [parameter.name for parameter in PACK.parameters.values() if parameter.source not in METHOD] == []


def test_pack_shows_the_five_parts_of_conveying() -> None:
    """Value, time, medium, intended effect and how it will be heard are facts that the pack concludes."""
    parts = {role: PACK.vocabulary.fact(PACK.shows[role]) for role in ("value", "when", "medium", "effect", "heard_by")}
    assert [role for role, fact in parts.items() if fact is None or not fact.is_derived] == []


def test_every_value_has_talk_and_evidence() -> None:
    """Each kind of value has evidence, tracks, and one of them needs no evidence; a third of all are stories."""
    kinds = set(PACK.vocabulary.enums["value_kind"].members)
    assert {one.value for one in TALK.evidence.values()} == kinds
    assert {track.value for track in TALK.tracks} == kinds
    assert {track.value for track in TALK.tracks if not track.evidence} == kinds
    assert 3 * sum(track.told is Told.STORY for track in TALK.tracks) >= len(TALK.tracks)


def test_nothing_is_claimed_or_told_without_evidence() -> None:
    """Only a question may do without evidence, and each piece of evidence is cited."""
    bare = [track.id for track in TALK.tracks if not track.evidence and track.told is not Told.QUESTION]
    cited = {name for track in TALK.tracks for name in track.evidence}
    assert (bare, set(TALK.evidence) - cited) == ([], set())


def test_tracks_are_spoken() -> None:
    """A track is two to four sentences that are said in half a minute."""
    sentences = {
        track.id: (len(re.findall(r"[.?!](?: |$)", track.text.en)), len(re.findall(r"[。？！]", track.text.zh)))
        for track in TALK.tracks
    }
    assert {name: count for name, count in sentences.items() if not all(2 <= each <= 4 for each in count)} == {}
    assert [track.id for track in TALK.tracks if len(track.text.en) > 280 or len(track.text.zh) > 120] == []


# --- the languages ---------------------------------------------------------------------------------------------------


def test_chinese_texts_are_chinese() -> None:
    """Every Chinese text has Chinese characters, no English words beyond single ones, and Chinese punctuation."""
    wrong = [
        text.zh
        for text in _texts(PACK)
        if not re.search(r"[一-鿿]", _bare(text.zh))
        or re.search(r"[A-Za-z]{2,}\W+[A-Za-z]{2,}", _bare(text.zh))
        or re.search(r"[一-鿿}][,;:?!]", text.zh)
    ]
    assert wrong == []


def test_english_texts_are_english() -> None:
    """No English text holds Chinese characters or Chinese punctuation."""
    assert [text.en for text in _texts(PACK) if re.search(r"[一-鿿　-〿！-～]", text.en)] == []


def test_both_languages_say_the_same_numbers() -> None:
    """A reason's placeholders are the same in both languages, so that neither hides a figure."""
    differing = [text for text in _texts(PACK) if _placeholders(text.en) != _placeholders(text.zh)]
    assert differing == []


# --- helpers ---------------------------------------------------------------------------------------------------------


def _rules(pack: Pack) -> Iterator[str]:
    """Yield each rule's id as written: a point rule counts once for all its candidates."""
    yield from (rule.id for rule in pack.rules)
    yield from (f"{table.id}#{row.id}" for table in pack.tables for row in table.rows)
    yield from (gate.id for gate in pack.gates)
    yield from (f"{scorecard.id}#{rule.id}" for scorecard in pack.scorecards for rule in scorecard.rules)
    yield from (f"evidenced#{name}" for name in TALK.evidence)


def _written(rule: str) -> str:
    return rule.partition("@")[0]


def _always(pack: Pack) -> set[str]:
    """Return the rules that ask nothing and therefore always fire."""
    rows = {f"{table.id}#{row.id}": row.when for table in pack.tables for row in table.rows}
    conditions = {**rows, **{rule.id: rule.when for rule in pack.rules}}
    return {rule for rule, when in conditions.items() if isinstance(when, All) and not when.items}


def _texts(part: object) -> Iterator[Text]:
    """Yield every text in the pack's own parts, wherever it stands."""
    if isinstance(part, Text):
        yield part
    elif isinstance(part, Pack):
        own = (part.title, part.rules, part.tables, part.gates, part.scorecards, part.actions, part.invariants)
        yield from _texts((*own, part.parameters, part.talk))
        yield from _texts([fact for fact in part.vocabulary.facts.values() if _is_own(fact.at)])
        yield from _texts([enum for enum in part.vocabulary.enums.values() if _is_own(enum.at)])
    elif isinstance(part, dict):
        yield from _texts(list(part.values()))
    elif isinstance(part, Iterable) and not isinstance(part, str | bytes):
        for item in part:
            yield from _texts(item)
    elif is_dataclass(part):
        for field in fields(part):
            yield from _texts(getattr(part, field.name))


def _is_own(at: Location) -> bool:
    return at.file.endswith("facts.yaml")


def _bare(text: str) -> str:
    return re.sub(r"\{[^}]*\}", "", text)


def _placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{[^}]*\}", text))
