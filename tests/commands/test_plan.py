"""What `valuelift plan` writes down for the visit."""

from __future__ import annotations

from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from commands.documents import rendered
from common.texts import Texts
from tests.commands.conftest import DAY, Call


class Page(HTMLParser):
    """The texts of a page by the element that they stand in, and the elements that were left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the base's signature
        """Note an element; those that never end aside."""
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """End the innermost element, which must be this one."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if data.strip():
            self.texts.setdefault(self.open[-1], []).append(data.strip())


def test_the_plan_names_goals_actions_and_review(query: Call) -> None:
    """An individual plan has owner, goals and review date; each action owner, date, steps, effect and feedback."""
    lines = query("plan", "iron-persimmon", "--as-of", DAY, "--lang", "en").lines
    assert lines[0].endswith(": One customer, one strategy")
    assert "| Plan | a plan of its own |" in lines
    assert "| Next review | 29 Aug 2026 |" in lines
    headings = [line for line in lines if line.startswith("## ")]
    assert {"## Where the relationship goes", "## Value to convey next", "## Plan", "## Guard rails"} <= set(headings)
    actions = [line for line in lines if line.startswith("### ")]
    assert len([line for line in lines if line.startswith("Owner: ") and "Due: " in line]) == len(actions) > 0
    assert len([line for line in lines if line.startswith("Heard by: ")]) == len(actions)


def test_what_is_missing_for_the_next_step_is_the_goal(query: Call) -> None:
    """The criteria of the way up that are not met are listed to be ticked off, and no others."""
    shown = query("recommend", "hollow-reed", "--as-of", DAY, "--json").json["recommendation"]["proposal"]["checklist"]
    missing = [one["title"] for one in shown["criteria"] if one["required"] and one["state"] != "met"]
    goals = query("plan", "hollow-reed", "--as-of", DAY, "--json").json["goals"]
    assert goals == missing != []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_plan_says_what_to_say_and_what_proves_it(query: Call, language: str) -> None:
    """Under the value stand the track, and its evidence with source and last day, on both kinds of page."""
    call = ("plan", "kelpford", "--as-of", DAY, "--lang", language)
    talk = query(*call, "--json").json["shown"]["value"]["talk"]
    texts = Texts(language)
    (one,) = talk["evidence"]
    proof = texts("proof", proof=one["text"], source=one["source"], date=texts.date(date(2027, 1, 31)))
    colon = texts("colon")
    lines = query(*call).lines
    assert f"- {texts('part_say')}{colon}{talk['text']}" in lines
    assert f"- {texts('part_proof')}{colon}{proof}" in lines
    page = Page(query(*call, "--format", "html").output)
    assert {talk["text"], proof} <= set(page.texts["dd"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_whole(demo: Call, language: str, tmp_path: Path) -> None:
    """The printed page is well-formed, loads nothing from elsewhere and says what the Markdown says."""
    file = tmp_path / "plan.html"
    demo("plan", "kelpford", "--as-of", DAY, "--lang", language, "--format", "html", "--out", str(file))
    text = file.read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    assert "http" not in text
    markdown = demo("plan", "kelpford", "--as-of", DAY, "--lang", language).lines
    assert page.texts["h2"] == [line.removeprefix("## ") for line in markdown if line.startswith("## ")]
    assert page.texts["h3"] == [line.removeprefix("### ") for line in markdown if line.startswith("### ")]


def test_what_stands_in_the_data_is_not_taken_for_markdown(demo: Call, tmp_path: Path) -> None:
    """A name with signs of Markdown is shown as it is, and breaks no table, in the plan and in the form."""
    (tmp_path / "customers.csv").write_text(
        'key,name,holds_from,industry,account_manager\nk|1,"A* <b>Co|</b>",2026-01-31,"pipes | valves","A | [Bo](y)"\n'
    )
    assert demo("import", str(tmp_path / "customers.csv"), "--mapping", "canonical").code == 0
    for command in ("plan", "form"):
        lines = demo(command, "k|1", "--as-of", DAY, "--lang", "zh").lines
        assert lines[0].startswith(r"# A\* \<b>Co\|\</b>：")
        assert r"| 客户 | k\|1 |" in lines
        assert r"| 负责人 | A \| \[Bo](y) |" in lines
    assert r"| 行业 | pipes \| valves |" in lines


def test_what_stands_in_the_data_is_not_taken_for_html() -> None:
    """A customer may be called whatever it likes."""
    plan = {
        "customer": "<script>", "card": {"name": "<b>A & B</b>", "account_manager": None}, "kind": "", "needs": (),
        "as_of": None, "review_on": None, "goals": (), "currency": "EUR",
        "shown": {"stage": None, "proposal": None, "value": None, "plan": (), "pressing": (), "profile": (),
                  "flags": (), "guard_rails": (), "questions": ()},
    }  # fmt: skip

    class Undated(Texts):
        def date(self, day: object) -> str:  # noqa: ARG002 - no date is given here
            return "-"

    text = rendered("plan.html", Undated("en"), plan=plan)
    assert "<script>" not in text
    assert "&lt;b&gt;A &amp; B&lt;/b&gt;" in text
