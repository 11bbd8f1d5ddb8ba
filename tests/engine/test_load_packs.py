"""Packs as folders: what they extend, change, replace and leave out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from engine.compile import compile_pack
from engine.errors import Location, ProblemsError
from engine.load import load_catalogue, load_pack
from engine.model import Override, Pack
from engine.plan import Plan
from engine.session import Session
from engine.snapshot import CustomerFacts, Row
from tests.engine.sample import CATALOGUE, PACK
from tests.oracle import decide as by_oracle

MANIFEST = "pack: mine\nversion: 0.1.0\ntitle: {en: Mine, zh: 我的}\n"
RULE = "title: {en: A, zh: 甲}, because: {en: B., zh: 乙。}, when: {}"


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files into a folder and return it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def extending(folder: Path, files: Mapping[str, str], manifest: str = "") -> Pack:
    """Load a pack that extends the sample."""
    paths = [*PACK.glob("*.yaml"), *PACK.glob("talk/*.yaml")]
    base = {f"base/{path.relative_to(PACK)}": path.read_text(encoding="utf-8") for path in paths}
    own = {f"own/{name}": text for name, text in files.items()}
    write(folder, {**base, **own, "own/pack.yaml": f"{MANIFEST}extends: ../base\n{manifest}"})
    return load_pack(folder / "own", load_catalogue(CATALOGUE))


def problems(folder: Path) -> list[str]:
    """Return what is reported about a pack, with the paths as seen from the folder's parent."""
    with pytest.raises(ProblemsError) as raised:
        load_pack(folder, load_catalogue(CATALOGUE))
    return [str(problem).replace(f"{folder.parent}/", "") for problem in raised.value.problems]


def test_a_pack_has_everything_of_what_it_extends(tmp_path: Path) -> None:
    """Name, version and title are the pack's own; the rest is inherited, ladder and shows included."""
    base, pack = load_pack(PACK, load_catalogue(CATALOGUE)), extending(tmp_path, {})
    assert (pack.name, pack.version, pack.title.en) == ("mine", "0.1.0", "Mine")
    assert [rule.id for rule in pack.rules] == [rule.id for rule in base.rules]
    assert [table.id for table in pack.tables] == [table.id for table in base.tables]
    assert (list(pack.actions), pack.ladder, pack.shows, pack.overrides) == (
        ["visit-customer"],
        base.ladder,
        base.shows,
        (),
    )


def test_a_pack_adds_rules_facts_and_actions(tmp_path: Path) -> None:
    """Own items stand after the inherited ones and may use own facts."""
    fact = "facts:\n  extra: {type: flag, origin: derived, title: {en: Extra, zh: 额外}}\n"
    pack = extending(
        tmp_path, {"facts.yaml": fact, "more.yaml": f"rules:\n  - {{rule: more, {RULE}, set: {{extra: true}}}}\n"}
    )
    assert [rule.id for rule in pack.rules] == ["new-and-silent", "complaint-heard", "more"]


def test_a_parameter_of_the_same_name_changes_the_inherited_value(tmp_path: Path) -> None:
    """Inherited rules use the new value; title, unit, range and source stay; the override is listed."""
    pack = extending(tmp_path, {}, "parameters:\n  - {param: silent_after_days, value: 90}\n")
    parameter = pack.parameters["silent_after_days"]
    assert (parameter.values, parameter.unit, parameter.source, parameter.most) == ((90,), "day", "S3", Decimal(720))
    assert "values=(90,), param='silent_after_days'" in str(pack.rules[0].when)
    assert [(override.what, override.id, override.change) for override in pack.overrides] == [
        ("parameter", "silent_after_days", "120 -> 90")
    ]


def test_a_changed_parameter_keeps_to_the_inherited_range(tmp_path: Path) -> None:
    """A value outside the base's range is refused where it stands."""
    with pytest.raises(ProblemsError) as raised:
        extending(tmp_path, {}, "parameters:\n  - {param: silent_after_days, value: 9}\n")
    assert [(str(problem.location).rpartition("/")[2], problem.code) for problem in raised.value.problems] == [
        ("pack.yaml:6:39", "out-of-range")
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            "many",
            "pack.yaml:6:39: parameter `silent_after_days` has a range, so it is a number, not `many`. [wrong-type]",
        ),
        (
            "90.5",
            (
                "pack.yaml:6:39: parameter `silent_after_days`: `days_in_stage` is a whole number, not `90.5`. "
                "Write it without a point. [wrong-type]"
            ),
        ),
        (
            "[90, 95]",
            "pack.yaml:6:39: `at_least` takes one value; parameter `silent_after_days` is a list. [wrong-shape]",
        ),
    ],
)
def test_a_changed_parameter_that_does_not_suit_is_reported_where_it_was_changed(
    tmp_path: Path, value: str, said: str
) -> None:
    """Once, however often the base uses it; whoever changed it cannot mend the base."""
    with pytest.raises(ProblemsError) as raised:
        extending(tmp_path, {}, f"parameters:\n  - {{param: silent_after_days, value: {value}}}\n")
    assert [str(problem).rpartition("own/")[2] for problem in raised.value.problems] == [said]


def test_a_parameter_of_the_base_that_does_not_suit_a_rule_is_reported_at_the_rule(tmp_path: Path) -> None:
    """The rule is what its author can mend, also where a base of the base gave the value."""
    rule = f"rules:\n  - {{rule: a, {RULE.removesuffix('{}')}{{is_key: {{param: silent_after_days}}}}, advise: []}}\n"
    with pytest.raises(ProblemsError) as raised:
        extending(tmp_path, {"own.yaml": rule})
    assert [problem.location.file.rpartition("/")[2] for problem in raised.value.problems] == ["own.yaml"] * 2


def test_items_are_replaced_and_disabled_by_id(tmp_path: Path) -> None:
    """A replacement takes the place of the inherited item; a disabled one is gone; both are listed with their place."""
    replacement = f"replace:\n  rules:\n    - {{rule: new-and-silent, {RULE}, set: {{interest: unaware}}}}\n"
    pack = extending(tmp_path, {"own.yaml": replacement}, "disable: [complaint-heard, risk]\n")
    own = str(tmp_path / "own")
    assert [rule.title.en for rule in pack.rules] == ["A"]
    assert [table.id for table in pack.tables] == ["complaint-to-need"]
    assert pack.overrides == (
        Override("rule", "complaint-heard", "disabled", Location(f"{own}/pack.yaml", 5, 11)),
        Override("table", "risk", "disabled", Location(f"{own}/pack.yaml", 5, 28)),
        Override("rule", "new-and-silent", "replaced", Location(f"{own}/own.yaml", 3, 14)),
    )


GROWN = """\
add_to:
  tables:
    - table: risk
      rows: [{id: old, if: [established, "-"], then: [5], because: {en: Old., zh: 老客户。}}]
  gates:
    - gate: new-to-established
      criteria: [{id: buys, title: {en: Buys, zh: 采购}, when: {orders_90d: {at_least: 1}}}]
  scorecards:
    - scorecard: value-next
      points: [{rule: more, for: [people], points: 3, because: {en: More., zh: 更多。}}]
"""


def test_roles_are_laid_over_those_of_the_base_one_by_one(tmp_path: Path) -> None:
    """A pack that shows a fact more keeps what its base shows; a role that changes its fact is told as an override."""
    pack = extending(tmp_path, {}, "shows: {credit: credit_limit}\n")
    assert (pack.shows, pack.overrides) == ({"value": "value_next", "credit": "credit_limit"}, ())


def test_a_role_that_changes_its_fact_is_an_override(tmp_path: Path) -> None:
    """It stands in the place of the base's; said once more with the same fact, it changes nothing."""
    fact = "facts:\n  own_value: {type: category, enum: value_kind, origin: derived, title: {en: Own, zh: 自有}}\n"
    pack = extending(tmp_path, {"facts.yaml": fact}, "shows: {value: own_value, credit: credit_limit}\n")
    own = str(tmp_path / "own" / "pack.yaml")
    assert pack.shows == {"value": "own_value", "credit": "credit_limit"}
    assert pack.overrides == (Override("role", "value", "value_next -> own_value", Location(own, 5, 9)),)
    assert extending(tmp_path / "again", {}, "shows: {value: value_next}\n").overrides == ()


def test_a_role_may_be_shown_no_more(tmp_path: Path) -> None:
    """`null` takes it out of what the base shows; a role without a value was forgotten, and is an error."""
    pack = extending(tmp_path, {}, "shows: {value: null}\n")
    assert (pack.shows, [(one.id, one.change) for one in pack.overrides]) == ({}, [("value", "value_next -> null")])
    with pytest.raises(ProblemsError, match="the role `value` has no fact"):
        extending(tmp_path / "empty", {}, "shows: {value: }\n")


def test_inherited_items_grow(tmp_path: Path) -> None:
    """What is added stands behind what the base has, with its own place; the rest stays, and the overrides tell it."""
    pack = extending(tmp_path, {"own.yaml": GROWN})
    risk = next(table for table in pack.tables if table.id == "risk")
    (gate,), (card,) = pack.gates, pack.scorecards
    assert [row.id for row in risk.rows] == ["new", "old"]
    assert [criterion.id for criterion in gate.criteria] == ["product-recognised", "has-time", "buys"]
    assert [(rule.id, rule.candidate) for rule in card.rules][-1] == ("more", "people")
    assert card.rules[-1].at.file == str(tmp_path / "own" / "own.yaml")
    assert gate.title.en == "From new to established"
    assert [(one.what, one.id, one.change) for one in pack.overrides] == [
        ("table", "risk", "has more rows: 1"),
        ("gate", "new-to-established", "has more criteria: 1"),
        ("scorecard", "value-next", "has more points: 1"),
    ]


FIRST = """\
tables:
  - table: risk-first
    title: {en: Risk, zh: 风险}
    inputs: [stage]
    outputs: [risk_score]
    hit: first
    rows:
      - {id: new, if: [new], then: [1], because: {en: New., zh: 新。}}
      - {id: rest, if: ["-"], then: [2], because: {en: Rest., zh: 其余。}}
"""
ABOVE = """\
add_to:
  tables:
    - table: risk-first
      above: rest
      rows: [{id: old, if: [established], then: [5], because: {en: Old., zh: 老客户。}}]
"""


def rows_above(folder: Path, own: str, first: str = FIRST) -> list[str]:
    """Return the rows of a table that a pack adds to."""
    base = write(folder / "base", {"pack.yaml": MANIFEST, "a.yaml": first})
    write(folder / "own", {"pack.yaml": f"{MANIFEST}extends: ../base\n", "own.yaml": own})
    (table,) = load_pack(base.parent / "own", load_catalogue(CATALOGUE)).tables
    return [row.id for row in table.rows]


def test_rows_are_added_above_the_one_that_takes_the_rest(tmp_path: Path) -> None:
    """Where the first row that holds decides, rows behind one that always holds would never be looked at."""
    assert rows_above(tmp_path, ABOVE) == ["new", "old", "rest"]
    assert rows_above(tmp_path / "behind", ABOVE.replace("      above: rest\n", "")) == ["new", "rest", "old"]


@pytest.mark.parametrize(
    ("own", "hit", "said"),
    [
        (ABOVE.replace("above: rest", "above: rset"), "first", "the table has no row `rset`. Did you mean `rest`?"),
        (ABOVE, "any", "only in a table with `hit: first` does the order of rows decide anything. Leave out `above`."),
    ],
)
def test_a_place_that_is_none_is_told(tmp_path: Path, own: str, hit: str, said: str) -> None:
    """An unknown row, and a table in which rows have no order."""
    with pytest.raises(ProblemsError, match=re.escape(said)):
        rows_above(tmp_path, own, FIRST.replace("hit: first", f"hit: {hit}"))


@pytest.mark.parametrize(
    ("changed", "by", "said"),
    [
        ("gate: new-to-established", "gate: new-to-establishd", "Did you mean `new-to-established`?"),
        ("      criteria: [", "      precedence: 3\n      criteria: [", "has no key `precedence`"),
        ("id: buys,", "id: has-time,", "two criteria `has-time`"),
        ("      rows: [{id: old", "      row: [{id: old", "Did you mean `rows`?"),
    ],
)
def test_what_cannot_be_added_says_why(tmp_path: Path, changed: str, by: str, said: str) -> None:
    """An item that is not inherited, another key than the list that grows, and an id that is taken are errors."""
    assert changed in GROWN
    with pytest.raises(ProblemsError) as raised:
        extending(tmp_path, {"own.yaml": GROWN.replace(changed, by)})
    assert said in " ".join(str(problem) for problem in raised.value.problems)


def test_an_inherited_id_is_not_taken_silently(tmp_path: Path) -> None:
    """An item under an inherited id stands under `replace`, or it is an error."""
    with pytest.raises(ProblemsError) as raised:
        extending(tmp_path, {"own.yaml": f"rules:\n  - {{rule: complaint-heard, {RULE}, set: {{interest: aware}}}}\n"})
    (problem,) = raised.value.problems
    assert (problem.code, problem.hint) == ("duplicate-id", "Put it under `replace:` to replace the inherited one.")


def test_only_what_is_inherited_is_replaced_or_disabled(tmp_path: Path) -> None:
    """A misspelt id to replace or disable is reported with the nearest inherited one."""
    replacement = f"replace:\n  rules:\n    - {{rule: complaint-herd, {RULE}, set: {{interest: unaware}}}}\n"
    with pytest.raises(ProblemsError) as raised:
        extending(tmp_path, {"own.yaml": replacement}, "disable: [new-and-silnt]\n")
    assert [(problem.code, problem.hint) for problem in raised.value.problems] == [
        ("unknown-id", "Did you mean `complaint-heard`?"),
        ("unknown-id", "Did you mean `new-and-silent`?"),
    ]


@pytest.mark.parametrize(
    ("manifest", "files", "said"),
    [
        (
            "disable: [visit-customer]\n",
            {},
            "only rules, tables, gates and scorecards are disabled. Disable the rules that advise it.",
        ),
        ("disable: [new-and-silent, new-and-silent]\n", {}, "is disabled a second time. Leave it out here."),
        (
            "disable: [complaint-heard]\n",
            {"own.yaml": f"replace:\n  rules:\n    - {{rule: complaint-heard, {RULE}, set: {{interest: unaware}}}}\n"},
            "own/pack.yaml:5:11, so it cannot be replaced. Do one of both.",
        ),
        (
            "parameters: [{param: silent_aftr_days, value: 3}]\n",
            {},
            "could be changed. Did you mean `silent_after_days`? A parameter of your own needs a `title`.",
        ),
    ],
)
def test_an_override_that_cannot_be_says_why(
    tmp_path: Path, manifest: str, files: Mapping[str, str], said: str
) -> None:
    """What is no rule is not disabled, what is disabled not replaced, and a misspelt parameter is told as that."""
    with pytest.raises(ProblemsError) as raised:
        extending(tmp_path, files, manifest)
    (problem,) = raised.value.problems
    assert problem.code == "unknown-id"
    assert f"{problem.message} {problem.hint}".replace(f"{tmp_path}/", "").endswith(said)


LETTER = """actions:
  - {action: send-letter, title: {en: A, zh: 甲}, family: letter, phase: before, owner: account_manager, days: 7}
"""
ANSWERED = f"rules:\n  - {{rule: answered, {RULE}, add: {{flags: [silent]}}}}\n".replace(
    "when: {}", "when: {complaints: {any: {answered_by: IDS}}}"
)


def test_a_test_may_name_own_and_inherited_actions(tmp_path: Path) -> None:
    """A text that names actions takes the ids of all packs together; any other is reported with the nearest."""
    files = {"actions.yaml": LETTER, "answered.yaml": ANSWERED.replace("IDS", "[visit-customer, send-letter]")}
    assert extending(tmp_path, files).rules[-1].id == "answered"
    files["answered.yaml"] = ANSWERED.replace("IDS", "[visit-custmer, send-lettre]")
    with pytest.raises(ProblemsError) as raised:
        extending(tmp_path, files)
    place = ANSWERED.splitlines()[1].index("IDS") + 2
    assert [(one.location.line, one.location.column, one.hint) for one in raised.value.problems] == [
        (2, place, "Did you mean `visit-customer`?"),
        (2, place + len("visit-custmer, "), "Did you mean `send-letter`?"),
    ]


def test_a_base_must_not_name_actions_of_those_that_extend_it(tmp_path: Path) -> None:
    """The base alone has no such action, and is refused; laid under the pack that has it, it is not."""
    assert extending(tmp_path, {"actions.yaml": LETTER})
    (tmp_path / "base" / "answered.yaml").write_text(ANSWERED.replace("IDS", "send-letter"), encoding="utf-8")
    assert "`send-letter` is no member of `action`" in problems(tmp_path / "base")[0]
    assert load_pack(tmp_path / "own", load_catalogue(CATALOGUE)).actions.keys() == {"visit-customer", "send-letter"}


def test_a_record_may_hold_an_action_that_the_pack_does_not_have(tmp_path: Path) -> None:
    """An id of an earlier version is one more text to session, plan and oracle: another than those that rules name."""
    pack = extending(tmp_path, {"answered.yaml": ANSWERED.replace("IDS", "{is_not: visit-customer}")})
    program = compile_pack(pack)
    for action, fires in (("visit-customer", False), ("of-an-earlier-version", True)):
        rows = {"complaints": (Row("1", {"answered_by": action}),)}
        customer = CustomerFacts("c", date(2024, 6, 30), {}, rows, {"complaints": (date.min, None)})
        decisions = (
            Plan(program).decide(customer),
            Session(program).decide(customer),
            by_oracle(pack, customer, program.stamp),
        )
        assert [any(one.rule == "answered" for one in decision.fired) for decision in decisions] == [fires] * 3


def test_packs_do_not_extend_each_other_in_a_circle(tmp_path: Path) -> None:
    """A circle of `extends` is reported, not followed forever."""
    write(tmp_path, {"a/pack.yaml": f"{MANIFEST}extends: ../b\n", "b/pack.yaml": f"{MANIFEST}extends: ../a\n"})
    assert problems(tmp_path / "a") == [
        "b/pack.yaml:4:10: packs extend each other in a circle: `../a`. Break it. [extends-cycle]"
    ]


SUM = """\
tables:
  - table: adds-up
    title: {en: Sum, zh: 合计}
    inputs: [stage]
    outputs: [risk_score]
    hit: collect
    collect: sum
    rows: [{id: new, if: [new], then: [400], because: {en: New., zh: 新。}}]
"""


@pytest.mark.parametrize(
    ("base", "own", "said"),
    [
        (
            SUM,
            "add_to: {tables: [{table: adds-up, rows: [{id: b, if: [-], then: [700], because: {en: A., zh: 甲}}]}]}\n",
            "own.yaml:1:43: the rows can come to 1100 together, but `risk_score` lies between 0 and 1000, not 1100.",
        ),
        (
            SUM,
            f"rules:\n  - {{rule: also, {RULE}, set: {{risk_score: 5}}}}\n",
            "own.yaml:2:5: table `adds-up` alone concludes `risk_score`, but rule `also` does as well.",
        ),
        (
            FIRST,
            ABOVE.replace("id: old", "id: rest"),
            "own.yaml:5:14: table `risk-first` has two rows `rest`. Rename one.",
        ),
        (FIRST, "replace: {parameters: [{param: a, value: 1}]}\n", "own.yaml:1:11: parameters are not replaced. Under"),
    ],
)
def test_what_a_pack_makes_wrong_with_its_base_is_told_in_the_pack(
    tmp_path: Path, base: str, own: str, said: str
) -> None:
    """The base was right before, and whoever extends it cannot mend it."""
    with pytest.raises(ProblemsError) as raised:
        rows_above(tmp_path, own, base)
    (problem,) = raised.value.problems
    assert str(problem).rpartition("own/")[2].startswith(said)


def test_places_in_a_base_are_told_without_ways_round(tmp_path: Path) -> None:
    """`own/../base` is told as `base`, but not behind a link, where `..` leads elsewhere."""
    base = write(tmp_path / "base", {"pack.yaml": MANIFEST, "a.yaml": "rules: 5\n"})
    own = write(tmp_path / "own", {"pack.yaml": f"{MANIFEST}extends: ../base\n"})
    assert problems(own) == [
        "base/a.yaml:1:8: `rules` is a list, not `5`. Begin each with `- rule: ...`. [wrong-shape]"
    ]
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link").symlink_to(own)
    (found,) = problems(tmp_path / "elsewhere" / "link")
    assert found.startswith("link/../base/a.yaml:1:8: ")
    assert base.samefile(tmp_path / "elsewhere" / "link" / ".." / "base")


@pytest.mark.parametrize(
    ("own", "hint"),
    [
        (
            f"rules:\n  - {{rule: new-and-silent, {RULE}, advise: []}}\n",
            "Put it under `replace:` to replace the inherited one. [duplicate-id]",
        ),
        (
            "tables:\n  - {table: risk, title: {en: A, zh: 甲}, inputs: [stage], outputs: [risk_score], rows: []}\n",
            "To add rows, put it under `add_to:`. Put it under `replace:` to replace the inherited one. [duplicate-id]",
        ),
    ],
)
def test_an_id_of_the_base_is_told_where_it_belongs(tmp_path: Path, own: str, hint: str) -> None:
    """Whoever writes an item once more wants to replace it, or to add to it."""
    with pytest.raises(ProblemsError) as raised:
        extending(tmp_path, {"own.yaml": own})
    (problem,) = [one for one in raised.value.problems if one.code == "duplicate-id"]
    assert str(problem).endswith(hint)


def test_a_folder_without_manifest_is_no_pack(tmp_path: Path) -> None:
    """A missing pack, or base, is reported where it was asked for."""
    write(tmp_path, {"a/pack.yaml": f"{MANIFEST}extends: ../none\n"})
    assert problems(tmp_path / "a") == [
        (
            "a/pack.yaml:4:10: `a/../none` is no rule pack: it has no pack.yaml. "
            "Check the path, which counts from the folder of this pack. [no-pack]"
        )
    ]
    assert problems(tmp_path / "b") == [
        (
            "b/pack.yaml:1:1: `b` is no rule pack: it has no pack.yaml. "
            "Check the path, or begin a pack: `valuelift rules new pack ID`. [no-pack]"
        )
    ]


def test_a_file_that_would_not_be_read_is_reported(tmp_path: Path) -> None:
    """Rules in a `.yml` file are not left out in silence."""
    write(tmp_path, {"a/pack.yaml": MANIFEST, "a/rules.yml": "rules: []\n", "a/.hidden.yaml": "x\n"})
    assert problems(tmp_path / "a") == [
        "a/rules.yml:1:1: rule files end in `.yaml`; this one is not read. Rename it. [wrong-suffix]"
    ]


def test_problems_of_all_files_come_out_together(tmp_path: Path) -> None:
    """Each file's problems are reported in one go, in the order of files and lines."""
    rule = f"rules:\n  - {{rule: a, {RULE}, set: {{interst: aware}}}}\n"
    write(tmp_path, {"a/pack.yaml": MANIFEST.replace("0.1.0", "1"), "a/x.yaml": rule, "a/y.yaml": "tabels: []\n"})
    assert [line.partition(": ")[0] for line in problems(tmp_path / "a")] == [
        "a/pack.yaml:2:10",
        f"a/x.yaml:2:{len(f'  - {{rule: a, {RULE}, set: {{') + 1}",
        "a/y.yaml:1:1",
    ]


def test_the_order_of_files_and_items_is_that_of_their_names(tmp_path: Path) -> None:
    """Files are read in the order of their names, so that a pack is the same on every machine."""
    files = {
        f"a/{name}.yaml": f"rules:\n  - {{rule: {name}, {RULE}, set: {{interest: aware}}}}\n"
        for name in ("z", "m", "b")
    }
    write(tmp_path, {"a/pack.yaml": MANIFEST, **files})
    assert [rule.id for rule in load_pack(tmp_path / "a", load_catalogue(CATALOGUE)).rules] == ["b", "m", "z"]


# --- talk ------------------------------------------------------------------------------------------------------------

TALK = """\
evidence:
  - {evidence: known-name, value: brand, text: {en: A, zh: 甲}, source: {en: B, zh: 乙},
     dated: 2024-03-01, valid_until: 2024-06-30}
"""


def test_a_pack_without_talk_of_its_own_inherits_it(tmp_path: Path) -> None:
    """Tracks, evidence and the set of evidenced values are those of the base."""
    talk = extending(tmp_path, {}).talk
    assert talk is not None
    assert ([track.id for track in talk.tracks], list(talk.evidence)) == (["people-for-quality"], ["same-team"])


def test_talk_of_its_own_takes_the_place_of_the_base_as_a_whole(tmp_path: Path) -> None:
    """Evidence is a company's own: nothing of the base's remains, and that is listed."""
    pack = extending(tmp_path, {"talk/brand.yaml": TALK})
    assert pack.talk is not None
    assert (pack.talk.tracks, list(pack.talk.evidence)) == ((), ["known-name"])
    assert [(override.what, override.change) for override in pack.overrides] == [("talk", "replaced")]


def test_without_talk_there_is_no_set_of_evidenced_values(tmp_path: Path) -> None:
    """A pack that declares no talk says nothing about evidence, neither that there is some nor that there is none."""
    pack = load_pack(write(tmp_path, {"pack.yaml": MANIFEST}), load_catalogue(CATALOGUE))
    assert (pack.talk, pack.vocabulary.fact("evidenced")) == (None, None)


@pytest.mark.parametrize(
    ("day", "values"),
    [("2024-02-29", ""), ("2024-03-01", "brand"), ("2024-06-30", "brand"), ("2024-07-01", "")],
)
def test_evidence_counts_from_its_date_to_its_last_day(tmp_path: Path, day: str, values: str) -> None:
    """Session, plan and oracle alike know a value as evidenced from the first to the last day, both inclusive."""
    pack = extending(tmp_path, {"talk/brand.yaml": TALK})
    program, customer = compile_pack(pack), CustomerFacts("C", date.fromisoformat(day), {}, {}, {})
    decisions = [
        Session(program).decide(customer),
        Plan(program).decide(customer),
        by_oracle(pack, customer, program.stamp),
    ]
    found = [
        (one.values["evidenced"], "evidenced#known-name" in {fired.rule for fired in one.fired}) for one in decisions
    ]
    assert found == [(frozenset(values.split()), bool(values))] * 3


def test_evidence_is_part_of_what_a_pack_decides(tmp_path: Path) -> None:
    """Packs whose evidence ends on different days have different digests."""
    later = TALK.replace("2024-06-30", "2024-07-31")
    packs = [extending(tmp_path / name, {"talk/brand.yaml": talk}) for name, talk in (("a", TALK), ("b", later))]
    assert len({compile_pack(pack).stamp.digest for pack in packs}) == 2


def own_problems(folder: Path, files: Mapping[str, str], manifest: str = "") -> list[str]:
    """Return what is said of a pack that extends the sample, in loading and compiling, as seen from its folder."""
    with pytest.raises(ProblemsError) as raised:
        compile_pack(extending(folder, files, manifest))
    return [str(problem).replace(f"{folder}/own/", "") for problem in raised.value.problems]


def test_a_circle_is_told_at_what_closes_it(tmp_path: Path) -> None:
    """The gate is the base's and was right; the criterion added to it, or a rule of the pack's own, is to be mended."""
    criterion = "{id: up, title: {en: A, zh: 甲}, when: {proposed_stage: established}}"
    grown = f"add_to:\n  gates:\n    - gate: new-to-established\n      criteria: [{criterion}]\n"
    (problem,) = own_problems(tmp_path / "added", {"own.yaml": grown})
    assert problem.startswith("own.yaml:3:13: these rules wait for each other: fact `proposed_stage` ← rule `new-to-e")
    criterion = criterion.replace("proposed_stage: established", "interest: aware")
    texts = "title: {en: A, zh: 甲}, because: {en: B., zh: 乙。}"
    rule = f"rules:\n  - {{rule: own, {texts}, when: {{proposed_stage: established}}, set: {{interest: aware}}}}\n"
    grown = f"add_to: {{gates: [{{gate: new-to-established, criteria: [{criterion}]}}]}}\n"
    (problem,) = own_problems(tmp_path / "own", {"own.yaml": rule + grown})
    assert problem.startswith("own.yaml:2:5: these rules wait for each other: ")


STAGES = """\
facts:
  own_stage: {type: category, enum: tier, origin: derived, title: {en: A, zh: 甲}}
  own_proposal: {type: category, enum: tier, origin: derived, title: {en: A, zh: 甲}}
"""


@pytest.mark.parametrize(
    ("ladder", "said"),
    [
        (
            "stage: own_stage, proposed: own_proposal",
            "inherited gates lead between stages that `own_stage` does not have",
        ),
        ("stage: own_stage, proposed: interest", "`own_stage` and `interest` must be categories of one enum."),
        ("stage: own_stag", "the customer has no fact `own_stag`. Did you mean `own_stage`?"),
    ],
)
def test_a_ladder_that_does_not_suit_is_told_there(tmp_path: Path, ladder: str, said: str) -> None:
    """Not once more at each gate, which the pack inherits and which was right."""
    (problem,) = own_problems(tmp_path, {"facts.yaml": STAGES}, f"ladder: {{{ladder}}}\n")
    assert problem.startswith("pack.yaml:5:")
    assert said in problem


@pytest.mark.parametrize(
    ("files", "manifest", "said"),
    [
        ({"own.yaml": "replace: {rules: [complaint-heard]}\n"}, "",
         "own.yaml:1:19: what is replaced of rules is a mapping of keys to values, not `complaint-heard`. Begin each"),
        ({"own.yaml": "add_to:\n  - {table: complaint-to-need, rows: []}\n"}, "",
         "own.yaml:2:3: `add_to` holds sections, not a list. Write `tables:`, `gates:` or `scorecards:` below it"),
        ({"own.yaml": "replace: [{rule: complaint-heard}]\n"}, "",
         "own.yaml:1:10: `replace` holds sections, not a list. Write `rules:`, `tables:`, `gates:`, `score"),
        ({"own.yaml": "replace: {rules: [{title: {en: A, zh: 甲}}]}\n"}, "",
         "own.yaml:1:19: what is replaced of rules needs `rule`."),
        ({}, 'disable: ["complaint-to-need#poor-quality"]\n',
         "pack.yaml:5:11: `complaint-to-need#poor-quality` is one of the rows of `complaint-to-need`, which are not "),
    ],
)  # fmt: skip
def test_what_is_not_replaced_or_disabled_so_is_told(
    tmp_path: Path, files: Mapping[str, str], manifest: str, said: str
) -> None:
    """An item to replace says which; rows, criteria and points go with their item."""
    (problem,) = own_problems(tmp_path, files, manifest)
    assert problem.startswith(said)


@pytest.mark.parametrize(
    ("extends", "said"),
    [
        ("extends:\n", "pack.yaml:4:1: `extends` has no value. Give it one or remove the line. [empty-value]"),
        ("extends: [../base]\n", "pack.yaml:4:10: a pack extends one other. Write the path of its folder. [wrong-sh"),
        ("", "own.yaml:1:1: `add_to` needs `extends`. Name in pack.yaml the folder of the pack that it changes"),
    ],
)
def test_a_pack_without_its_base_is_told_as_that(tmp_path: Path, extends: str, said: str) -> None:
    """Not as if everything of the base were unknown to it, and never silently."""
    own = {"pack.yaml": f"{MANIFEST}{extends}", "own.yaml": GROWN}
    (problem,) = problems(write(tmp_path / "own", own))
    assert problem.removeprefix("own/").startswith(said)


def test_what_stands_in_the_wrong_file_is_told_where_it_belongs(tmp_path: Path) -> None:
    """Facts, cases and evidence have files of their own; what speaks of the facts is not reported as well."""
    facts = "facts:\n  shiny: {type: flag, title: {en: A, zh: 甲}}\ncases: []\nevidence: []\n"
    rule = f"rules:\n  - {{rule: own, {RULE.replace('when: {}', 'when: {shiny: true}')}, set: {{interest: aware}}}}\n"
    assert own_problems(tmp_path, {"own.yaml": facts + rule}) == [
        "own.yaml:1:1: `own.yaml` has no key `facts`. Put it in `facts.yaml`. [unknown-key]",
        "own.yaml:3:1: `own.yaml` has no key `cases`. Put it in a file of the folder `cases/`. [unknown-key]",
        "own.yaml:4:1: `own.yaml` has no key `evidence`. Put it in a file of the folder `talk/`. [unknown-key]",
    ]


def test_cases_in_a_file_that_is_not_read_are_told(tmp_path: Path) -> None:
    """A file of cases that ends in `.yml` would look as if all its cases passed."""
    assert own_problems(tmp_path, {"cases/more.yml": "cases: []\n"}) == [
        "cases/more.yml:1:1: rule files end in `.yaml`; this one is not read. Rename it. [wrong-suffix]"
    ]
