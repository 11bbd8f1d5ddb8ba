"""The account manager decides, the system proposes: what `valuelift confirm` records and refuses."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from facts.demo import build
from facts.store import Store
from facts.tables import stage_history
from tests.commands.conftest import DAY, Call, call_command


def test_the_proposal_is_confirmed(store_url: str) -> None:
    """The proposed stage is recorded with who decided, and the next recommendation starts from it."""
    store = Store.create(store_url)
    build(store)
    answer = call_command("confirm", "moonbridge", "--stage", "new", "--as", "ana", "--db", store_url, "--as-of", DAY)
    assert answer.lines == ["moonbridge is now: new customer, from 30 Jun 2026, confirmed by ana."]
    with store.reading() as connection:
        statement = select(stage_history).where(stage_history.c.key == "moonbridge").order_by(stage_history.c.id.desc())
        row = connection.execute(statement).first()
    assert row is not None
    assert (row.stage, row.proposed_stage, row.entered_by, row.override_reason) == ("new", "new", "ana", None)
    shown = call_command("recommend", "moonbridge", "--db", store_url, "--as-of", DAY, "--json").json["recommendation"]
    assert (shown["stage"]["stage"]["id"], shown["stage"]["confirmed"]) == ("new", True)
    store.close()


def test_the_log_names_the_stage_though_it_stays(demo: Call) -> None:
    """A stage that is confirmed once more is named, in the log and when it is taken back."""
    demo("confirm", "silver-carp", "--stage", "new", "--as", "ana", "--as-of", DAY)
    assert "Stage: new customer (30 Jun 2026)" in demo("audit", "--customer", "silver-carp", "--lang", "en").output
    undone = demo("record", "undo", "--as", "ana", "--as-of", DAY, "--lang", "zh")
    assert "  阶段：新客户（2026年6月30日）" in undone.lines


def test_another_stage_needs_an_override(demo: Call) -> None:
    """Deciding otherwise is refused without --override, and recorded with its reason and date with it."""
    refused = demo("confirm", "moonbridge", "--stage", "established", "--as-of", DAY)
    assert refused.code == 2
    assert "The proposal for moonbridge is 'new', not 'established'" in refused.errors
    given = ["--override", "--reason", "they asked", "--until", "2026-09-30"]
    accepted = demo("confirm", "moonbridge", "--stage", "established", *given, "--as-of", DAY, "--json").json
    assert accepted["changed"]
    assert (accepted["proposed"], accepted["reason"], accepted["until"]) == ("new", "they asked", "2026-09-30")


def test_an_override_is_said_in_the_language(demo: Call) -> None:
    """The answer tells what was overruled and until when."""
    given = ["--override", "--reason", "客户要求", "--until", "2026-09-30", "--as", "ana"]
    answer = demo("confirm", "moonbridge", "--stage", "established", *given, "--as-of", DAY, "--lang", "zh")
    assert answer.lines == [
        "moonbridge自2026年6月30日起为老客户，由ana确认。",
        "未采纳系统建议（新客户），2026年9月30日复核。",
    ]


def test_an_override_stands_for_a_while_and_can_be_extended(demo: Call) -> None:
    """Without a date it stands for 90 days; then the proposal is to keep the stage, and more time can be given."""
    given = ["--override", "--reason", "they asked", "--lang", "en"]
    decided = demo("confirm", "moonbridge", "--stage", "established", *given, "--as-of", DAY)
    assert decided.lines[-1] == "Decided against the proposal (new customer). Look at it again on 28 Sep 2026."
    later = ["--until", "2026-12-31", "--as-of", "2026-07-31"]
    assert demo("confirm", "moonbridge", "--stage", "established", *given, *later).lines[-1] == (
        "The decision stands. Look at it again on 31 Dec 2026."
    )
    shown = demo("recommend", "moonbridge", "--as-of", "2026-10-31", "--json").json["recommendation"]
    assert (shown["stage"]["stage"]["id"], shown["proposal"]["move"]["id"]) == ("established", "stay")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--stage", "establishd"], "'establishd' is not known. Did you mean `established`?"),
        (["--stage", "core", "--override"], "--override needs a --reason"),
        (["--stage", "core", "--override", "--reason", "  "], "'--reason': It is blank."),
        (["--stage", "new", "--as", ""], "'--as': It is blank. Write something, or leave the option out."),
        (["--stage", "new", "--as", " \u3000 "], "'--as': It is blank."),
        (["--stage", "new", "--reason", "because"], "--reason and --until belong to --override"),
        (["--stage", "new", "--override", "--reason", "because"], "'new' is what is proposed"),
        (["--stage", "core", "--until", "tomorrow"], "'tomorrow' is no date. Write it as 2024-06-30."),
        (["--stage", "core", "--override", "--reason", "because", "--until", DAY], f"{DAY} is not after {DAY}"),
        ([], "Missing option '--stage'"),
    ],
)
def test_wrong_usage_is_explained(demo: Call, arguments: list[str], said: str) -> None:
    """What does not fit together is refused with exit code 2, and nothing is recorded."""
    answer = demo("confirm", "moonbridge", *arguments, "--as-of", DAY)
    assert (answer.code, answer.output) == (2, "")
    assert said in answer.errors
    shown = demo("recommend", "moonbridge", "--as-of", DAY, "--json").json["recommendation"]
    assert shown["stage"]["stage"]["id"] == "target"
