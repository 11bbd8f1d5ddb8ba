"""`valuelift rules diff`: who is decided otherwise by edited rules, and by which edit."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from commands.revisions import pack_folder
from engine.decision import Decision
from engine.load import load_pack
from engine.session import Session
from engine.snapshot import CustomerFacts
from tests.commands.conftest import DAY, Answer, Call, call_command
from wiring import catalogue, load_rules, shipped_pack

EDITED = """
pack: local
version: 1.1.0
title: {en: Our own, zh: 本公司}
extends: ../value_marketing
parameters:
  - {param: stalled_after_days.new, value: 70}
rules:
  - rule: greet-new
    title: {en: Greet whoever is new, zh: 问候新客户}
    because: {en: A new customer., zh: 新客户。}
    sources: [S3]
    when: {stage: new, days_in_stage: {at_least: 10}}
    add: {flags: [too_fast]}
    advise: [meet-additional-need]
gates:
  - gate: local-promotion
    title: {en: Quickly established, zh: 快速升级}
    because: {en: As we wish., zh: 按本公司意愿。}
    from: new
    to: established
    move: up
    precedence: 900
    sources: [S3]
    criteria:
      - {id: some-orders, title: {en: Orders, zh: 订单}, condition: U1.1, when: {orders_365d: {at_least: 3}}}
"""


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a pack with a changed parameter, a new rule and a new gate."""
    folder = tmp_path_factory.mktemp("packs")
    shutil.copytree(shipped_pack(), folder / "value_marketing", ignore=shutil.ignore_patterns("schema"))
    (folder / "local").mkdir()
    (folder / "local" / "pack.yaml").write_text(EDITED, encoding="utf-8")
    return folder / "local"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the page with pictures is written."""
    return tmp_path_factory.mktemp("pages") / "impact.html"


@pytest.fixture(scope="module")
def told(edited: Path, told_store: Path, page: Path) -> Answer:
    """Return the impact of all edits on the demo customers, as JSON."""
    store = ("--db", told_store, "--as-of", DAY)
    return call_command(
        "rules", "diff", shipped_pack(), edited, *store, "--all", "--json", "--html", page, "--lang", "zh"
    )


def differences(before: Decision, after: Decision) -> Iterator[tuple[str, Any, Any]]:
    """Yield what of the customer's conclusions differs: values, and members gained or lost."""
    for name in sorted({*before.values, *after.values}):
        old, new = before.values.get(name), after.values.get(name)
        if isinstance(old, frozenset) or isinstance(new, frozenset):
            sets = [side if isinstance(side, frozenset) else frozenset() for side in (old, new)]
            yield from ((name, member, None) for member in sorted(sets[0] - sets[1]))
            yield from ((name, None, member) for member in sorted(sets[1] - sets[0]))
        elif old != new:
            yield name, old, new


def test_the_changes_are_those_between_two_sessions(
    told: Answer, edited: Path, decided: dict[str, tuple[CustomerFacts, Decision]]
) -> None:
    """Customer by customer, what is told is what sessions decide before and after, and each change has a cause."""
    session = Session(load_rules(edited).program)
    expected = {}
    for name, (facts, before) in decided.items():
        found = sorted(differences(before, session.decide(facts)), key=str)
        if found:
            expected[name] = found
    listed = {
        one["customer"]: sorted(((c["fact"], c["before"], c["after"]) for c in one["changes"]), key=str)
        for one in told.json["listed"]
    }
    assert listed == expected
    assert expected
    assert all(change["causes"] for one in told.json["listed"] for change in one["changes"])
    assert told.code == 0
    assert (told.json["customers"], told.json["affected"]) == (len(decided), len(expected))


def test_causes_are_the_edits_that_touch_the_customer(told: Answer) -> None:
    """Who moves does so by the new gate; who is flagged, by the rule or by the parameter."""
    edits = [one["id"] for one in told.json["edits"]]
    assert set(edits) == {"stalled_after_days.new", "greet-new", "local-promotion"}
    causes = {
        (change["fact"], change["after"]): {edits[place] for place in change["causes"]}
        for one in told.json["listed"]
        for change in one["changes"]
    }
    assert causes["proposed_stage", "established"] == {"local-promotion"}
    assert causes["flags", "stalled"] == {"stalled_after_days.new"}
    assert causes["advised", "meet-additional-need"] == {"greet-new"}
    moved = sum(one["customers"] for one in told.json["stages"] if one["before"] != one["after"])
    assert moved == told.json["change_stage"] > 0


def test_the_page_draws_the_flow_and_names_customers(told: Answer, page: Path) -> None:
    """The page stands alone, its picture has a band for each move, customers go by name, and changes by their cause."""
    text = page.read_text(encoding="utf-8")
    assert "http" not in text.replace('xmlns="http', "")
    picture = ElementTree.fromstring(text[text.index("<svg") : text.index("</svg>") + 6])  # noqa: S314 - our own
    bands = [each for each in picture.iter("path") if each.get("class") == "goes"]
    assert len(bands) == sum(one["before"] != one["after"] for one in told.json["stages"])
    assert all(one["name"].replace("&", "&amp;") in text for one in told.json["listed"])
    assert '新客户 → 老客户<span class="quiet"> · 原因：升降级关口 local-promotion' in text


def test_it_is_told_in_words(small_pack: Path, told_store: Path, tmp_path: Path) -> None:
    """Edits, conclusions and customers stand below each other, with the edit behind each change."""
    new = tmp_path / "new"
    shutil.copytree(small_pack, new)
    rules = (new / "rules.yaml").read_text(encoding="utf-8")
    (new / "rules.yaml").write_text(rules.replace("at_least: 90", "at_least: 20"), encoding="utf-8")
    options = ("--db", told_store, "--as-of", DAY, "--top", 1, "--lang", "en")
    said = call_command("rules", "diff", small_pack, new, *options).lines
    assert said[0] == "small 1.0.0 → small 1.0.0  as of 30 Jun 2026"
    assert any(line.startswith(" rule long-here   changed: when ") for line in said)
    assert any(line.startswith(" Move   up ") for line in said)
    assert "  Move: stay → up · by rule long-here" in said
    assert said[-1].endswith("more with --all")


def test_a_version_may_be_a_git_revision(edited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """REV:PATH is the folder as it was, beside the pack that it extends; what git does not know is refused."""
    repository = tmp_path / "repository"
    shutil.copytree(edited.parent, repository)
    git = ["git", "-C", str(repository), "-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "Rules"]):
        subprocess.run([*git, *arguments], check=True)
    (repository / "local" / "pack.yaml").write_text("changed: since\n", encoding="utf-8")
    monkeypatch.chdir(repository / "local")
    for named in ("HEAD:local", "HEAD:./"):
        with pack_folder(named) as folder:
            assert (folder / "pack.yaml").read_text(encoding="utf-8") == EDITED
            assert load_pack(folder, catalogue()).name == "local"
    with pack_folder(".") as folder:
        assert folder == Path()
    for wrong, said in (
        ("HAED:local", "no revision"),
        ("HEAD:lokal", "no folder"),
        ("HEAD:../..", "no folder"),
        ("lokal", "no folder"),
    ):
        answer = call_command("rules", "diff", wrong, ".")
        assert answer.code == 2
        assert said in answer.errors


def test_the_facts_may_be_those_that_a_run_kept(edited: Path, told_store: Path, tmp_path: Path) -> None:
    """The impact is that on the store of the day; a run has its own day, and must be there."""
    store = tmp_path / "customers.db"
    shutil.copy(told_store, store)
    assert call_command("batch", "--db", store, "--as-of", DAY, "--quiet").code == 0
    arguments = ("rules", "diff", shipped_pack(), edited, "--db", store)
    kept = call_command(*arguments, "--run", "latest", "--all", "--json")
    read = call_command(*arguments, "--as-of", DAY, "--known-at", datetime.now(UTC).isoformat(), "--all", "--json")
    assert kept.json == read.json
    assert kept.json["affected"] > 0

    unknown = call_command(*arguments, "--run", "lates")
    assert unknown.code == 1
    assert "Run 'lates' is not known" in unknown.errors
    both = call_command(*arguments, "--run", "latest", "--as-of", DAY)
    assert both.code == 2
    assert "leave out --as-of and --known-at, or --run" in both.errors


def test_who_was_told_of_since_the_last_run_is_explained_with_the_others(edited: Path, demo: Call) -> None:
    """Of one affected customer the facts are read from the store, of the others from what the run kept."""
    assert demo("batch", "--as-of", DAY, "--quiet").code == 0
    talk = ("--medium", "visit", "--by", "theirs", "--on", "2026-06-29")
    assert demo("record", "talk", "plum-gate", *talk, "--as-of", DAY).code == 0
    arguments = ("rules", "diff", shipped_pack(), edited, "--as-of", DAY, "--all", "--json")
    found = demo(*arguments)
    assert found.code == 0, found.errors
    assert found.json == demo(*arguments, "--known-at", datetime.now(UTC).isoformat()).json
    assert "plum-gate" in [one["customer"] for one in found.json["listed"]]


TALK = """
tracks:
  - track: only-one
    value: people
    needs: [quality]
    form: question
    text: {en: What do you expect of us?, zh: 您对我们有什么期望？}
    sources: [V1]
"""


def test_what_changes_for_everybody_is_told_once(edited: Path, told_store: Path, tmp_path: Path) -> None:
    """Talk of its own takes evidence from all customers: one line says so, and only who has other changes is listed."""
    (talk := edited.parent / "told" / "talk").mkdir(parents=True)
    (talk.parent / "pack.yaml").write_text(EDITED, encoding="utf-8")
    (talk / "own.yaml").write_text(TALK, encoding="utf-8")
    page = tmp_path / "impact.html"
    query = ("rules", "diff", shipped_pack(), talk.parent, "--db", told_store, "--as-of", DAY)
    found = call_command(*query, "--json").json
    assert {one["fact"] for one in found["alike"]} == {"evidenced", "guard_rails"}
    assert all(one["before"] and one["after"] is None for one in found["alike"] if one["fact"] == "evidenced")
    assert found["affected"] == found["customers"] > found["apart"] >= len(found["listed"]) > 0
    assert not any(change["fact"] == "evidenced" for one in found["listed"] for change in one["changes"])
    answer = call_command(*query, "--html", page, "--lang", "en").output
    assert answer.count("evidence: −") == 1
    heading = f"For all {found['customers']} customers"
    assert f"{heading}\n  Values with valid evidence: −" in answer
    assert "by talk talk/" in " ".join(answer.split())
    assert page.read_text(encoding="utf-8").count(heading) == 1
