"""What `valuelift runs report` says about two runs, on the terminal, as JSON and as a page."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.cells import cell_len

from facts.demo import AS_OF
from facts.store import Store
from tests.commands.conftest import THEN, Answer, call_command


@pytest.fixture(scope="module")
def store(two_runs: Path) -> Path:
    """Return a store with two runs."""
    return two_runs


@pytest.fixture(scope="module")
def found(store: Path) -> Any:
    """Return the report that names everybody."""
    return report(store, "1", "--all", "--json").json


def report(store: Path, *arguments: object) -> Answer:
    """Call the command on a store."""
    return call_command("runs", "report", *arguments, "--db", store)


def listed(store: Path, day: object) -> dict[str, dict[str, Any]]:
    """Return what each customer is decided on a day, by key, without what a look at the whole base adds."""
    rows = call_command("customers", "--db", store, "--as-of", day, "--json").json
    return {row["customer"]: row for row in rows}


def test_the_run_before_is_that_of_the_earlier_day(store: Path, found: Any) -> None:
    """Whichever was published first, a run is compared with the one before it by date; the first one with none."""
    assert (found["run"]["run"], found["against"]["run"]) == ("1", "2")
    alone = report(store)
    assert (alone.code, "no run to compare run 2 with" in alone.errors) == (1, True)
    assert report(store, "--against", "1", "--json").json["run"]["run"] == "2"


def test_who_moves_is_whose_stage_differs(store: Path, found: Any) -> None:
    """The lists of moves, new problem customers and arrivals are those that the decisions at both dates give."""
    now, then = listed(store, AS_OF), listed(store, THEN)
    ladder = ("potential", "target", "new", "established", "core", "strategic")

    def change(key: str) -> str | None:
        if key not in then:
            return "arrived"
        stage, before = now[key]["stage"], then[key]["stage"]
        if stage == before:
            return None
        if stage not in ladder:
            return "aside"
        if before not in ladder:
            return "back"
        return "up" if ladder.index(stage) > ladder.index(before) else "down"

    expected = Counter(change(key) for key in now) - Counter({None: len(now)})
    assert {name: found["totals"][name] for name in ("up", "down", "aside", "back", "arrived")} == {
        name: expected[name] for name in ("up", "down", "aside", "back", "arrived")
    }
    assert {row["customer"] for row in found["listed"]["up"]} == {key for key in now if change(key) == "up"}
    problem = {key for key, row in now.items() if row["stage"] == "problem" and change(key) is not None}
    assert {row["customer"] for row in found["listed"]["problem"]} == problem
    share = found["problem_share"]
    assert (share["n"], share["of"], share["n_before"]) == (7, 68, 0)
    assert (share["limit"], share["is_above"]) == ("3", True)


def test_values_actions_and_signs_are_those_of_the_recommendations(store: Path, found: Any) -> None:
    """For a customer, what changed is what the recommendations at both dates differ in, with the reason given there."""
    (row,) = [row for row in found["listed"]["actions"] if row["customer"] == "great-loom"]
    sides = [
        call_command("recommend", "great-loom", "--db", store, "--as-of", day, "--json").json for day in (THEN, AS_OF)
    ]
    before, now = ({one["action"]["id"] for one in side["recommendation"]["plan"]} for side in sides)
    assert (set(row["actions_gained"]), set(row["actions_lost"])) == (now - before, before - now)
    said = [reason for one in sides[1]["recommendation"]["plan"] for reason in one["reasons"]]
    assert row["reasons"]
    assert set(row["reasons"]) <= set(said)
    values = {row["value"]: row for row in found["values"]}
    assert sum(each["gained"] for each in values.values()) == len(found["listed"]["value"]) == found["totals"]["value"]
    assert found["totals"]["stalled"] == sum(row["stalled"] for row in found["managers"]) > 0
    assert all(row["reasons"] for name in ("stalled", "propose_up", "value") for row in found["listed"][name])


def test_managers_add_up_and_one_may_be_asked_for(store: Path, found: Any) -> None:
    """The counts of all account managers are those of the base; one's own report has their customers alone."""
    rows = found["managers"]
    assert (
        sum(row["customers"] for row in rows) == found["customers"] == sum(row["customers"] for row in found["stages"])
    )
    assert sum(row["up"] for row in rows) == found["totals"]["up"]
    own = report(store, "1", "--manager", rows[0]["account_manager"], "--all", "--json").json
    assert own["managers"] == rows[:1]
    assert {row["account_manager"] for each in own["listed"].values() for row in each} == {rows[0]["account_manager"]}
    wrong = report(store, "1", "--manager", rows[0]["account_manager"] + "x")
    assert (wrong.code, f"Did you mean `{rows[0]['account_manager']}`?" in wrong.errors) == (1, True)


def test_the_funnel_counts_who_stands_there_or_above(found: Any) -> None:
    """Each rung of the funnel holds its own customers and those of the rungs above."""
    stages = {row["stage"]: row for row in found["stages"]}
    for side in ("customers", "customers_before"):
        above = 0
        for row in reversed(found["funnel"]):
            above += stages[row["stage"]][side]
            assert row[side] == above


def test_folders_say_the_same_without_a_store(store: Path, found: Any, tmp_path: Path) -> None:
    """The folder of runs alone leads to the same report; names come from a folder of facts, or are missing."""
    told = Store.open(str(store))
    pq.write_table(told.base_tables(AS_OF)["customers"], tmp_path / "customers.parquet")
    told.close()
    runs = f"{store}.runs"
    (name,) = [entry["run"] for entry in call_command("runs", "--out", runs, "--json").json if entry["as_of"] != THEN]
    asked = ("runs", "report", name, "--out", runs, "--all")
    bare = call_command(*asked, "--json").json
    figures = ("totals", "stages", "flow", "funnel", "values", "actions", "signs", "acceptance", "problem_share")
    assert {name: bare[name] for name in figures} == {name: found[name] for name in figures}
    assert bare["listed"]["up"][0]["name"] is None
    assert "Names and account managers are not known here" in call_command(*asked).output
    named = {row["customer"]: row["name"] for row in found["listed"]["up"]}
    own = call_command(*asked, "--facts", tmp_path, "--manager", "Marta Holm", "--json").json
    assert {row["customer"]: row["name"] for row in own["listed"]["up"]}.items() <= named.items()
    assert own["totals"]["up"] > 0


def test_a_run_without_its_folder_is_told_from_the_store(store: Path, found: Any, tmp_path: Path) -> None:
    """The store alone gives the same lists and figures; reasons and acceptance need the facts, and that is said."""
    copy = tmp_path / "store.db"
    shutil.copy(store, copy)
    bare = report(copy, "1", "--all", "--json").json
    for name in ("totals", "stages", "values", "actions", "managers"):
        assert bare[name] == found[name]
    assert "acceptance" not in bare
    assert (found["gives_reasons"], bare["gives_reasons"]) == (True, False)
    keys = [row["customer"] for row in found["listed"]["up"]]
    assert [row["customer"] for row in bare["listed"]["up"]] == keys
    assert "the facts that run 1 was decided on are gone" in " ".join(report(copy, "1").output.split())


def test_other_rules_are_named_and_not_guessed(store: Path) -> None:
    """Where the rules of the earlier run are not at hand, actions are not compared; those of the run must be."""
    said = store.with_name("store.db.runs")
    texts = {path: path.read_text() for path in said.glob("[0-9a-f]*/run.json")}
    (then,) = [path for path, text in texts.items() if THEN in text]
    then.write_text(texts[then].replace('"pack_digest": "', '"pack_digest": "0'))
    try:
        found = report(store, "1", "--json").json
        assert (found["compares_actions"], found["totals"]["actions"], found["actions"]) == (False, 0, [])
        output = " ".join(report(store, "1").output.split())
        assert "The rules differ" in output
        assert "the rules of run 2 are not at hand" in output
        refused = report(store, "2", "--against", "1")
        assert (refused.code, "Give their folder by --pack" in refused.errors) == (1, True)
    finally:
        then.write_text(texts[then])


class _Page(HTMLParser):
    """Reads a page: its tags, what it refers to, its texts, and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action")]
        if tag not in ("meta", "br", "rect", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("rect", "path"):
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def pages(store: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the page in each language."""
    place = tmp_path_factory.mktemp("pages")
    for language in ("en", "zh"):
        assert report(store, "1", "--html", place / language, "--lang", language).output == ""
    return {language: (place / language).read_text() for language in ("en", "zh")}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_stands_alone_and_has_a_table_for_each_picture(pages: dict[str, str], language: str) -> None:
    """It needs nothing from elsewhere, runs nothing, fits phone, paper and dark screens, and names every number."""
    text = pages[language]
    page = _Page(text)
    assert page.open == []
    assert [link for link in page.links if not link.startswith("#")] == []
    assert all(f'id="{link[1:]}"' in text for link in page.links)
    assert page.tags["script"] == 0
    figures = re.findall(r"<figure>.*?</figure>", text, re.DOTALL)
    assert [("<svg" in each, "<table" in each, 'role="img" aria-label="' in each) for each in figures] == [
        (True,) * 3
    ] * 4
    for sign in ("width=device-width", "prefers-color-scheme: dark", "@media print", f'<html lang="{language}">'):
        assert sign in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_fits_eighty_columns(store: Path, language: str) -> None:
    """Every line fits, in both languages."""
    answer = report(store, "1", "--lang", language)
    assert answer.code == 0
    assert [line for line in answer.lines if cell_len(line) > 80] == []
