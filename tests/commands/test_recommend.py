"""What `valuelift recommend` shows: the right things, in order, in eighty columns, in both languages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from rich.cells import cell_len

from bench.cold import LIBRARIES
from commands.layout import Layout
from commands.output import print_page
from common.texts import Texts, all_texts
from engine.compile import compile_pack
from engine.decision import Decision
from engine.explain import Explainer
from engine.load import pack_from_texts
from engine.recommend import recommend
from engine.session import Session
from engine.snapshot import CustomerFacts
from engine.wording import Wording
from tests.commands.conftest import DAY, Call
from tests.conftest import ROOT
from tests.engine.sample import sample_texts
from wiring import Desk

SECTIONS = ("decision", "value", "plan", "guard_rails", "hangs_on")
LANGUAGES = ("en", "zh")


Decided = Mapping[str, tuple[CustomerFacts, Decision]]


@pytest.fixture(scope="module")
def busiest(decided: Decided) -> str:
    """Return the customer whose plan is the longest."""
    return max(sorted(decided), key=lambda customer: len(decided[customer][1].actions))


@pytest.mark.parametrize("language", LANGUAGES)
def test_sections_come_in_order(query: Call, language: str) -> None:
    """Who and stage, the stage decision, the value, the plan, guard rails, and what all this hangs on."""
    lines = query("recommend", "moonbridge", "--as-of", DAY, "--lang", language).lines
    places = [lines.index(all_texts()[name][language]) for name in SECTIONS]
    assert places == sorted(places)
    assert "Moonbridge" in lines[0]
    assert all_texts()["as_of"][language].split("{")[0] in lines[0]


@pytest.mark.parametrize("show_all", [False, True], ids=["at a glance", "all"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_is_wider_than_eighty_cells(
    desk: Desk, decided: Decided, language: str, show_all: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every customer's page fits a terminal of eighty columns, uncut; a Chinese character takes two of them."""
    cards = desk.cards()
    layout = Layout(Texts(language), desk.rules.pack, show_all)
    for customer, (facts, decision) in decided.items():
        print_page(layout.page(recommend(desk.rules.pack, facts, decision, language), cards[customer]))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 20 * len(decided)
    assert [line for line in lines if cell_len(line) > 80] == []
    assert [line for line in lines if "…" in line] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_columns_of_the_plan_are_aligned(query: Call, busiest: str, language: str) -> None:
    """Owner and due date of every action begin in the cell in which their headings begin."""
    answer = query("recommend", busiest, "--as-of", DAY, "--lang", language)
    plan = query("recommend", busiest, "--as-of", DAY, "--json", "--lang", language).json["recommendation"]["plan"]
    texts = all_texts()
    head = next(line for line in answer.lines if texts["due"][language] in line and texts["owner"][language] in line)
    due_at = cell_len(head[: head.index(texts["due"][language])])
    owner_at = cell_len(head[: head.index(texts["owner"][language])])
    rows = [line for line in answer.lines if plan[0]["action"]["title"] in line or plan[1]["action"]["title"] in line]
    assert len(rows) == 2
    for row, action in zip(rows, plan, strict=False):
        assert cell_len(row[: row.index(action["owner"])]) == owner_at
        assert after_cells(row, due_at)[0].isdigit()


def after_cells(line: str, cells: int) -> str:
    """Return the rest of a line from a cell on."""
    for place in range(len(line)):
        if cell_len(line[:place]) == cells:
            return line[place:]
    return ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_criteria_are_marked_and_grouped(query: Call, language: str) -> None:
    """The checklist shows each criterion with its mark beside the upgrade condition that it belongs to."""
    answer = query("recommend", "moonbridge", "--as-of", DAY, "--lang", language)
    found = query("recommend", "moonbridge", "--as-of", DAY, "--lang", language, "--json").json
    checklist = found["recommendation"]["proposal"]["checklist"]
    marks = {"met": "✓", "not_met": "✗", "unknown": "?"}
    assert {one["condition"] for one in checklist["criteria"]} >= {f"U1.{number}" for number in range(1, 7)}
    for criterion in checklist["criteria"]:
        (line,) = [line for line in answer.lines if f"{marks[criterion['state']]} {criterion['title']}" in line]
        assert line.startswith("    ")
    for number in range(1, 7):
        assert all_texts()[f"condition_U1.{number}"][language] in answer.output


def test_five_actions_at_a_glance_and_all_on_demand(query: Call, busiest: str) -> None:
    """At most five actions are shown, with the number of the others; `--all` shows every one with its steps."""
    plan = query("recommend", busiest, "--as-of", DAY, "--json").json["recommendation"]["plan"]
    assert len(plan) > 5
    page = query("recommend", busiest, "--as-of", DAY).output
    whole = query("recommend", busiest, "--as-of", DAY, "--all").output
    assert f"{len(plan) - 5} more with --all" in page
    assert f"\n  {len(plan)}  " in whole
    assert f"\n  {len(plan)}  " not in page
    assert plan[0]["steps"][0] in " ".join(whole.split())


def test_reasons_carry_the_numbers_of_the_facts(query: Call) -> None:
    """A reason is its rule's text with the values of the facts, their thousands separated."""
    answer = query("recommend", "garnetfeld", "--as-of", DAY, "--all")
    found = query("recommend", "garnetfeld", "--as-of", DAY, "--json").json
    (fired,) = [one for one in found["decision"]["fired"] if one["rule"] == "buys-less"]
    before, now = (float(dict(fired["because"])[name]) for name in ("revenue_prev_90d", "revenue_90d"))
    said = " ".join(answer.output.split())
    assert f"from {before:,.2f}".removesuffix(".00") in said
    assert f"to {now:,.2f}".removesuffix(".00") in said


@pytest.mark.parametrize("show_all", [False, True], ids=["at a glance", "all"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_points_shown_add_up(
    desk: Desk, decided: Decided, language: str, show_all: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The points beside the reasons, those of folded reasons in one line, come to the candidate's points."""
    layout = Layout(Texts(language), desk.rules.pack, show_all)
    expected, folded = [], 0
    for facts, decision in decided.values():
        shown = recommend(desk.rules.pack, facts, decision, language)
        print_page(layout.page(shown, {}))
        if shown.value is not None:
            both = [scored for scored in (shown.value.score, shown.value.runner_up) if scored is not None]
            expected += [scored.points for scored in both]
            folded += sum(len(scored.reasons) > 1 for scored in both)
    output = capsys.readouterr().out
    points = re.escape(Texts(language)("points", points="POINTS")).replace("POINTS", r"[\d.]+")
    _, *parts = re.split(rf" · {points}\n", output)
    blocks = [part.partition("\n\n")[0] for part in parts]  # the section ends with a blank line
    assert [sum(map(Decimal, re.findall(r"^ +([+-][\d.]+)  ", block, re.MULTILINE))) for block in blocks] == expected
    assert ("--all" in "".join(blocks)) is (not show_all and folded > 0)
    assert folded > 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_to_say_stands_under_the_value(query: Call, language: str) -> None:
    """The track for need and wish is shown in full with its proof; where the proof stands only with `--all`."""
    call = ("recommend", "kelpford", "--as-of", DAY, "--lang", language)
    found = query(*call, "--json").json["recommendation"]
    talk, texts = found["value"]["talk"], all_texts()
    assert (talk["track"], talk["form"], [one["id"] for one in talk["evidence"]]) == (
        "product-next-drum",
        "story",
        ["batch-records"],
    )
    labels = [texts[name][language] for name in ("part_content", "part_say", "part_proof", "part_when")]
    for page, whole in ((query(*call), False), (query(*call, "--all"), True)):
        starts = [next(n for n, line in enumerate(page.lines) if line.startswith(f"  {label} ")) for label in labels]
        assert starts == sorted(starts)
        said = _together(page.output)
        assert _together(talk["text"]) in said
        assert _together(talk["evidence"][0]["text"]) in said
        assert (_together(talk["evidence"][0]["source"]) in said) is whole
        assert starts[3] - starts[1] <= (8 if whole else 7)


def _together(text: str) -> str:
    return "".join(text.split())


def test_what_is_said_is_proved_on_the_day(desk: Desk, decided: Decided) -> None:
    """Each demo customer is told something of the value chosen, by evidence that is valid, most of it by a story."""
    talk = desk.rules.pack.talk
    assert talk is not None
    tracks = {track.id: track for track in talk.tracks}
    for facts, decision in decided.values():
        shown = recommend(desk.rules.pack, facts, decision, "en").value
        assert shown is not None
        assert shown.talk is not None
        assert tracks[shown.talk.track].value == shown.content.id
        assert all(one.valid_until >= decision.as_of for one in shown.talk.evidence)
        assert bool(shown.talk.evidence) is bool(tracks[shown.talk.track].evidence)


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_talk_nothing_is_said(
    desk: Desk, decided: Decided, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pack without talk has no lines for it."""
    pack = replace(desk.rules.pack, talk=None)
    facts, decision = decided["kelpford"]
    decision = replace(decision, fired=tuple(one for one in decision.fired if not one.rule.startswith("evidenced#")))
    shown = recommend(pack, facts, decision, language)
    assert shown.value is not None
    assert shown.value.talk is None
    print_page(Layout(Texts(language), pack, show_all=True).page(shown, {}))
    page = capsys.readouterr().out
    assert [name for name in ("part_say", "part_proof") if f"  {all_texts()[name][language]} " in page] == []


def test_before_there_was_evidence_nothing_is_claimed(query: Call) -> None:
    """As of a day before all evidence something is asked rather than claimed, and a guard rail says why."""
    found = query("recommend", "east-tower", "--as-of", "2024-12-31", "--json").json["recommendation"]
    assert (found["value"]["talk"]["form"], found["value"]["talk"]["evidence"]) == ("question", [])
    assert "Claim nothing that we cannot prove; let the customer try it" in found["guard_rails"]


@pytest.mark.parametrize(
    ("name", "head"), [("Customer moonbridge", ""), ("Moonbridge Ltd", "  moonbridge"), (None, "")]
)
def test_a_key_that_the_name_says_is_not_repeated(
    desk: Desk, decided: Decided, name: str | None, head: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key stands beside the name, unless it is a word of it or stands in its place."""
    shown = recommend(desk.rules.pack, *decided["moonbridge"], "en")
    print_page(Layout(Texts("en"), desk.rules.pack).page(shown, {"name": name}))
    assert capsys.readouterr().out.splitlines()[0].partition("   ")[0] == f"{name or 'moonbridge'}{head}"


def test_of_several_candidates_that_a_scorecard_chose_all_reasons_are_told() -> None:
    """A set that a scorecard fills and the pack shows is said with what each member got its points for."""
    texts = sample_texts()
    texts["pack.yaml"] = texts["pack.yaml"].replace("shows: {", "shows: {best: best_two, ")
    texts["facts.yaml"] = (
        "facts: {best_two: {type: set, enum: value_kind, origin: derived, title: {en: Best, zh: 最佳}}}"
    )
    texts["best.yaml"] = """
scorecards:
  - scorecard: best-two
    title: {en: Two, zh: 两项}
    candidates: [brand, people, product]
    chooses: best_two
    best: 2
    points:
      - {rule: a, for: [brand], points: 3, because: {en: Known., zh: 知名。}}
      - {rule: b, for: [product], points: 5, because: {en: Good., zh: 好。}}
"""
    pack = pack_from_texts(texts)
    customer = CustomerFacts("C1", date(2026, 6, 30), {}, {}, {})
    decision = Session(compile_pack(pack)).decide(customer)
    (line,) = (one for one in recommend(pack, customer, decision, "en").profile if one.title == "Best")
    assert (line.said, line.parts) == ("the brand, the product", ("+5 Good.", "+3 Known."))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_reasons_are_complete_sentences(desk: Desk, decided: Decided, language: str) -> None:
    """No reason shows a placeholder, a missing value or a word of our own files."""
    strange = []
    for facts, decision in decided.values():
        explainer = Explainer(desk.rules.pack, facts, decision, Wording(desk.rules.pack.vocabulary, language))
        reasons = [explainer.reason(fired) for fired in decision.fired]
        strange += [reason for reason in reasons if re.search(r"[{}_]|None|not known|未知", reason)]
    assert strange == []


def test_a_confirmed_stage_shows_since_when(demo: Call) -> None:
    """After the account manager has decided, the stage is shown as confirmed with its date and days."""
    demo("confirm", "moonbridge", "--stage", "new", "--as-of", "2026-06-20")
    lines = demo("recommend", "moonbridge", "--as-of", DAY).lines
    assert lines[1] == "New customer since 20 Jun 2026 (10 days), confirmed"


def test_what_is_unknown_is_asked_for(query: Call) -> None:
    """What could still change is named, and the questions are those of the catalogue about unknown facts."""
    found = query("recommend", "amber-snail", "--as-of", DAY, "--json").json
    shown, decision = found["recommendation"], found["decision"]
    assert shown["provisional"] != []
    unknown = {name for one in decision["provisional"] for name in one["unknown"]}
    assert {question["fact"] for question in shown["questions"]} <= unknown
    page = " ".join(query("recommend", "amber-snail", "--as-of", DAY).output.split())
    assert shown["questions"][0]["text"] in page


def test_json_holds_the_whole_decision(query: Call) -> None:
    """The JSON form has the recommendation in words and the decision with every fired rule and its facts."""
    found = query("recommend", "moonbridge", "--as-of", DAY, "--json").json
    assert set(found) == {"card", "recommendation", "left_open", "decision", "to_confirm", "without_rate", "ended"}
    assert found["decision"]["customer"] == "moonbridge"
    assert found["recommendation"]["value"]["content"]["id"] == found["decision"]["values"]["value_next"]
    assert found["decision"]["fired"] != []


def test_nothing_is_coloured_where_nobody_looks(query: Call) -> None:
    """Output into a file or another program is plain text, without blanks at the ends of lines."""
    answer = query("recommend", "moonbridge", "--as-of", DAY)
    assert "\x1b" not in answer.output
    assert [line for line in answer.lines if line != line.rstrip()] == []


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color_is_respected(demo: Call, environment: dict[str, str], coloured: bool) -> None:
    """On a terminal there is colour, unless NO_COLOR is set."""
    answer = demo("recommend", "moonbridge", "--as-of", DAY, env={"FORCE_COLOR": "1", **environment})
    assert ("\x1b[36m" in answer.output or "\x1b[1;36m" in answer.output) is coloured


@pytest.mark.parametrize(
    ("customer", "day", "said"),
    [
        (
            "moonbrige",
            DAY,
            "Customer 'moonbrige' is not known: no fact about it was recorded. Did you mean `moonbridge`?",
        ),
        ("moonbridge", "2001-01-01", "Nothing is known of customer 'moonbridge' as of 2001-01-01"),
    ],
)
def test_an_unknown_customer_is_a_problem(query: Call, customer: str, day: str, said: str) -> None:
    """A misspelt customer, or one that came later, is said to be so; the exit code is 1."""
    answer = query("recommend", customer, "--as-of", day)
    assert (answer.code, answer.output) == (1, "")
    assert said in answer.errors


def test_an_earlier_moment_knows_less(demo: Call) -> None:
    """`--known-at` leaves out what was recorded later."""
    demo("confirm", "moonbridge", "--stage", "new", "--as-of", "2026-06-20")
    now = demo("recommend", "moonbridge", "--as-of", DAY, "--json").json
    before = demo("recommend", "moonbridge", "--as-of", DAY, "--known-at", "2026-07-01T00:00+00:00", "--json").json
    assert now["recommendation"]["stage"]["stage"]["id"] == "new"
    assert before["recommendation"]["stage"]["stage"]["id"] == "target"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["recommend", "moonbridge"], "Nothing is known of customer 'moonbridge'"),
        (["customers"], "There are no customers"),
    ],
)
def test_a_moment_before_everything_was_recorded(query: Call, arguments: list[str], what: str) -> None:
    """Where `--known-at` leaves out everything that holds on the date, the error names it and no other option."""
    answer = query(*arguments, "--as-of", DAY, "--known-at", "2020-01-01T00:00+00:00")
    assert (answer.code, answer.output) == (1, "")
    assert f"{what}: what holds on {DAY} was recorded after 2020-01-01T00:00" in answer.errors
    assert re.findall("--[a-z-]+", answer.errors) == ["--known-at"]


def test_a_process_of_its_own_loads_what_it_needs_and_ends_in_silence(told_store: Path, tmp_path: Path) -> None:
    """All libraries that `bench.cold` holds against it are loaded, another database's dialect is not."""
    arguments = ["recommend", "moonbridge", "--db", str(told_store), "--as-of", DAY]
    program = "import atexit, sys, cli\natexit.register(lambda: print(*sys.modules))\ncli.run()"
    own_cache = {**os.environ, "VALUELIFT_CACHE": str(tmp_path)}  # from which no other test removes the rules
    for _ in range(2):  # the first time rules are loaded from YAML
        command = [sys.executable, "-c", program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True, env=own_cache)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert set(LIBRARIES.removeprefix("import ").split(", ")) <= loaded
    assert not {"yaml", "engine.load", "engine.compile"} & loaded
    assert not {"alembic", "psycopg", "adbc_driver_manager", "sqlalchemy.dialects.postgresql"} & loaded
    assert done.stderr == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_amounts_that_cannot_be_converted_are_named(demo: Call, tmp_path: Path, language: str) -> None:
    """Without a rate a sum is unknown, and whoever reads the advice is told why."""
    said = all_texts()["amounts_unknown"][language].format(currencies="XPF")
    asked = ("recommend", "moonbridge", "--as-of", DAY, "--lang", language)
    assert said not in demo(*asked).output
    (tmp_path / "invoices.csv").write_text(
        f"key,customer,amount,currency,holds_from\nX-1,moonbridge,10,XPF,{DAY}\n", encoding="utf-8"
    )
    told = demo("import", tmp_path / "invoices.csv", "--mapping", "canonical").output
    assert "invoices: 1 row in XPF from 30 Jun 2026 on" in " ".join(told.split())
    assert said in demo(*asked).output
    assert demo(*asked, "--json").json["without_rate"] == ["XPF"]
