"""Two versions of a pack on the same customers: what differs, and which edit is to blame."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from engine.errors import Location
from engine.impact import Impact, Versions, impact
from engine.load import load_catalogue, load_parts
from engine.load.versions import How
from engine.snapshot import CustomerFacts, Snapshot, snapshot_of
from engine.vocabulary import Vocabulary

CATALOGUE = """
enums:
  grade: {title: {en: Grade, zh: 等级}, members: {low: {en: low, zh: 低}, high: {en: high, zh: 高}}}
  sign: {title: {en: Sign, zh: 信号}, members: {a: {en: a, zh: a}, b: {en: b, zh: b}}}
facts:
  age: {type: integer, title: {en: Age, zh: 年数}}
  worth: {type: number, title: {en: Worth, zh: 价值}}
  proposed_stage: {type: category, enum: grade, origin: derived, title: {en: Grade, zh: 等级}}
  old: {type: flag, origin: derived, title: {en: Old, zh: 老}}
  rich: {type: flag, origin: derived, title: {en: Rich, zh: 富}}
  signs: {type: set, enum: sign, origin: derived, title: {en: Signs, zh: 信号}}
"""
HEAD = "pack: small\nversion: {version}\ntitle: {{en: Small, zh: 小}}\n"
TEXTS = "title: {en: T, zh: 题}, because: {en: B, zh: 因}"
LIMITS = "parameters:\n- {param: limit, value: %s, title: {en: L, zh: 限}}\n"
OLD_RULE = f"- {{rule: old, {TEXTS}, when: {{age: {{at_least: {{param: limit}}}}}}, set: {{old: true}}}}\n"
RICH = "- {rule: rich, %s, when: {worth: {at_least: %s}}, set: {rich: true}}\n"
HIGH = (
    f"- {{rule: high, {TEXTS}, when: {{old: true, rich: true}}, set: {{proposed_stage: high}}, add: {{signs: [a]}}}}\n"
)

Compare = Callable[[Path, Path], Impact]

CUSTOMERS = [
    CustomerFacts("anna", date(2026, 1, 1), {"age": 7, "worth": Decimal(70)}),
    CustomerFacts("bert", date(2026, 1, 1), {"age": 20, "worth": Decimal(70)}),
    CustomerFacts("cora", date(2026, 1, 1), {"age": 20, "worth": Decimal(500)}),
    CustomerFacts("dora", date(2026, 1, 1), {}),
]


def pack(folder: Path, limit: int, *rules: str, version: str = "1.0.0", facts: str = "") -> Path:
    """Write a pack of these rules with this limit."""
    folder.mkdir()
    (folder / "pack.yaml").write_text(HEAD.format(version=version) + LIMITS % limit, encoding="utf-8")
    (folder / "rules.yaml").write_text("rules:\n" + "".join(rules), encoding="utf-8")
    if facts:
        (folder / "facts.yaml").write_text(facts, encoding="utf-8")
    return folder


def parts_of(vocabulary: Vocabulary) -> list[Snapshot]:
    """Return the customers' facts in parts of two customers."""
    return [snapshot_of(vocabulary, CUSTOMERS[first : first + 2]) for first in (0, 2)]


@pytest.fixture
def compared(tmp_path: Path) -> Compare:
    """Return a function that tells the impact of one pack's folder after another's."""
    (tmp_path / "catalogue.yaml").write_text(CATALOGUE, encoding="utf-8")
    catalogue = load_catalogue(tmp_path / "catalogue.yaml")

    def compare(old: Path, new: Path) -> Impact:
        versions = Versions(load_parts(old, catalogue), load_parts(new, catalogue))
        return impact(versions, parts_of(versions.pack.vocabulary), "worth")

    return compare


def causes(found: Impact) -> dict[str, dict[str, tuple[set[str], bool]]]:
    """Return by customer and fact the ids of the edits behind a change, and whether they work together only."""
    return {
        one.customer: {
            str(change.fact): ({found.edits[place].edit.id for place in change.causes}, change.together)
            for change in one.changes
        }
        for one in found.listed
    }


def test_each_change_names_its_edit_or_those_that_work_together(tmp_path: Path, compared: Compare) -> None:
    """An edit that does it alone is the cause, through chained rules too; else those without which it would not be."""
    old = pack(tmp_path / "old", 10, OLD_RULE, RICH % (TEXTS, 100), HIGH)
    new = pack(tmp_path / "new", 5, OLD_RULE, RICH % (TEXTS, 50), HIGH, version="2.0.0")
    found = compared(old, new)
    assert causes(found) == {
        "anna": {
            "old": ({"limit"}, False),
            "rich": ({"rich"}, False),
            "proposed_stage": ({"limit", "rich"}, True),
            "signs": ({"limit", "rich"}, True),
        },
        "bert": {"rich": ({"rich"}, False), "proposed_stage": ({"rich"}, False), "signs": ({"rich"}, False)},
    }
    assert found.stages == {(None, None): 1, (None, "high"): 2, ("high", "high"): 1}
    assert (found.customers, found.affected, found.moved) == (4, 2, 2)
    assert (found.at_stake, found.moved_at_stake) == (Decimal(140), Decimal(140))
    fired = {one.edit.id: (one.fired_before, one.fired_after, one.affected) for one in found.edits}
    assert fired == {"limit": (0, 0, 1), "rich": (1, 3, 2)}
    tallies = {(str(one.fact), one.value): (one.gained, one.lost) for one in found.tallies}
    assert tallies["signs", "a"] == (2, 0)
    assert tallies["proposed_stage", "high"] == (2, 0)


def test_a_single_edit_is_to_blame_for_everything(tmp_path: Path, compared: Compare) -> None:
    """A removed rule takes its conclusions away."""
    old = pack(tmp_path / "old", 10, OLD_RULE, RICH % (TEXTS, 100), HIGH)
    found = compared(old, pack(tmp_path / "new", 10, OLD_RULE, RICH % (TEXTS, 100)))
    assert causes(found) == {"cora": {"proposed_stage": ({"high"}, False), "signs": ({"high"}, False)}}
    (change,) = [one for one in found.listed[0].changes if one.fact.name == "signs"]
    assert (change.before, change.after) == ("a", None)
    assert [one.edit.how for one in found.edits] == [How.REMOVED]


def test_texts_and_the_order_of_files_and_keys_change_nothing(tmp_path: Path, compared: Compare) -> None:
    """A reworded rule is told as such; what only moved is no edit at all."""
    old = pack(tmp_path / "old", 10, OLD_RULE, RICH % (TEXTS, 100), HIGH)
    other = TEXTS.replace("en: B", "en: Because")
    new = pack(tmp_path / "new", 10, HIGH, RICH % (other, 100), OLD_RULE)
    found = compared(old, new)
    assert [(one.edit.id, one.edit.how, one.edit.parts) for one in found.edits] == [
        ("rich", How.REWORDED, ("because",))
    ]
    assert found.edits[0].edit.at == Location(str(new / "rules.yaml"), 3, 3)
    assert (found.affected, found.listed) == (0, ())


def test_which_words_a_text_names_changes_nothing(tmp_path: Path, compared: Compare) -> None:
    """A declaration by which only words in rules are checked is told as reworded."""
    facts = "facts:\n  last: {type: text, title: {en: Last, zh: 最近}%s}\n"
    old = pack(tmp_path / "old", 10, OLD_RULE, facts=facts % "")
    new = pack(tmp_path / "new", 10, OLD_RULE, facts=facts % ", names: grade")
    found = compared(old, new)
    assert [(one.edit.id, one.edit.how, one.edit.parts) for one in found.edits] == [("last", How.REWORDED, ("names",))]
    assert found.affected == 0


def test_a_rule_is_tried_alone_with_the_words_that_it_needs(tmp_path: Path, compared: Compare) -> None:
    """A new member, and a member that is gone, stand in the way of no comparison."""
    facts = (
        "enums:\n  mood: {title: {en: M, zh: 心}, members: {%s}}\n"
        "facts:\n  mood: {type: category, enum: mood, origin: derived, title: {en: Mood, zh: 心情}%s}\n"
    )
    member = "{name}: {{en: {name}, zh: {name}}}"
    glad, sad, mad = (member.format(name=name) for name in ("glad", "sad", "mad"))
    mood = "- {rule: mood, %s, when: {age: {at_least: 10}}, set: {mood: %s}}\n"
    old = pack(tmp_path / "old", 10, OLD_RULE, mood % (TEXTS, "sad"), facts=facts % (f"{glad}, {sad}", ""))
    new = pack(
        tmp_path / "new", 5, OLD_RULE, mood % (TEXTS, "mad"), facts=facts % (f"{mad}, {glad}", ", default: glad")
    )
    found = compared(old, new)
    assert {name: by["mood"] for name, by in causes(found).items()} == {
        "anna": ({"mood"}, False),
        "bert": ({"mood"}, False),
        "cora": ({"mood"}, False),
        "dora": ({"mood"}, False),
    }
    moods = {one.customer: change for one in found.listed for change in one.changes if change.fact.name == "mood"}
    assert (moods["bert"].before, moods["bert"].after) == ("sad", "mad")
    assert (moods["dora"].before, moods["dora"].after) == (None, "glad")
    kinds = {found.edits[place].edit.kind for change in moods.values() for place in change.causes}
    assert kinds == {"rule", "fact"}
