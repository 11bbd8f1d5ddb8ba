"""`path`: the changes that lead to another conclusion, and what it says where none do."""

from __future__ import annotations

import pytest

from commands.options import STAGES
from engine.decision import Decision
from engine.derivation import Deriver
from engine.path import find_paths
from engine.snapshot import CustomerFacts
from tests.commands.conftest import DAY, Call
from tests.profiles import count
from wiring import Desk

SILVER_CARP = ("path", "silver-carp", "--to", "established", "--as-of", DAY)


def test_the_path_leads_to_the_stage(query: Call) -> None:
    """What the way says, tried with `what-if`, does come to the stage; in Chinese it is said as well."""
    (path,) = query(*SILVER_CARP, "--json").json["path"]["paths"]
    settings = [f"{one['fact']}={one['after']}" for one in path["alterations"]]
    assert (settings, path["is_cheapest"]) == (
        ["perception.product=recognised", "cooperation_acceptance=accepted"],
        True,
    )
    options = [word for one in settings for word in ("--set", one)]
    changed = query("what-if", "silver-carp", "--as-of", DAY, "--json", *options)
    assert changed.json["after"]["proposed_stage"] == "established"
    for language, said in (("en", "1. Effort 9 · nothing easier leads there"), ("zh", "1. 投入9 · 没有更省力的办法")):
        lines = query(*SILVER_CARP, "--lang", language).lines
        assert said in lines
        assert max(map(len, lines)) <= 80


def test_stages_on_the_way_are_confirmed_one_by_one(query: Call) -> None:
    """For a stage beyond the next one, the way leads to the first that is not proposed already."""
    found = query("path", "moonbridge", "--to", "established", "--as-of", DAY, "--json").json["path"]
    assert (found["through"], found["confirmed"], found["step"]) == (["new", "established"], "new", "established")
    (first, *_) = found["paths"]
    assert first["days"] == 30
    assert (
        "Confirm new customer first; it is proposed already."
        in query(*SILVER_CARP[:1], "moonbridge", *SILVER_CARP[2:]).output
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--to", "new"], 0, "Proposed stage is new customer already."),
        (["--to", "problem"], 0, "It would take what nobody can change:"),
        (["--value", "social"], 0, "Nothing that somebody can change leads there."),
        (["--value", "sevice"], 2, "Did you mean `service`?"),
        (["--action", "settle"], 2, "'settle' is no action of this pack."),
        (["--to", "establish"], 2, "established"),
        (["--to", "core", "--value", "brand"], 2, "Ask about one thing: --to, --value, --action or --fact."),
        ([], 2, "Ask about one thing"),
    ],
)
def test_path_answers_whatever_is_asked(query: Call, arguments: list[str], code: int, said: str) -> None:
    """What is reached, what nobody can bring about, and what there is not."""
    answer = query("path", "silver-carp", "--as-of", DAY, *arguments)
    assert (answer.code, said in " ".join((answer.output + answer.errors).split())) == (code, True), answer


def test_no_answer_in_time_is_said_to_be_none(query: Call) -> None:
    """When time is over, neither a way nor its absence is claimed."""
    answer = query(*SILVER_CARP, "--seconds", "0.01", "--json").json["path"]
    assert answer["in_time"] is False or answer["paths"]


def test_every_way_is_tried_out(desk: Desk, decided: dict[str, tuple[CustomerFacts, Decision]]) -> None:
    """For the demo story's customers and every stage: `find_paths` has both executors decide on each way."""
    rules, found = desk.rules, 0
    for facts, decision in list(decided.values())[:: count(quick=23, ci=17, long=1)]:
        deriver = Deriver(rules.pack, rules.plan, facts, decision)
        for stage in STAGES:
            answer = find_paths(
                deriver, desk.executors, rules.pack.ladder.proposed, stage, count(quick=1, ci=1, long=3)
            )
            assert answer.in_time
            found += len(answer.paths)
    assert found > 5
