"""Mapping files: the ones that come with the program load, and every kind of mistake is named at its place."""

from pathlib import Path

import pytest

from engine.errors import ProblemsError
from facts.import_files import Heading
from facts.mapping import Cell, CellTest, ColumnMapping, FileMapping, ImportMapping, SetAside, Step, TableMapping
from facts.mapping_load import FOLDER, load_mapping, mapping_names

SMALL = """\
mapping: small
covers: [orders]
files:
  sales:
    match: [sales.csv]
    columns: [Number, Buyer, Day]
    missing: ["-"]
    set_aside:
      - reason: no buyer
        when: {Buyer: missing}
tables:
  - table: orders
    file: sales
    columns:
      key: Number
      customer: {from: Buyer, trim: true}
      holds_from: {from: Day, date: "%d.%m.%Y"}
"""


def test_a_mapping_says_what_its_file_says(tmp_path: Path) -> None:
    """Files, tables, columns with their steps in order, tests and coverage are read as written."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    loaded = load_mapping(path)
    assert loaded == ImportMapping(
        name="small",
        files=(
            FileMapping(
                name="sales",
                match=("sales.csv",),
                heading=Heading(("Number", "Buyer", "Day")),
                missing=("", "-"),
                set_aside=(SetAside("no buyer", (CellTest("Buyer", "missing"),)),),
            ),
        ),
        tables=(
            TableMapping(
                table="orders",
                file="sales",
                columns=(
                    ColumnMapping("key", Cell("Number")),
                    ColumnMapping("customer", Cell("Buyer"), (Step("trim"),)),
                    ColumnMapping("holds_from", Cell("Day"), (Step("date", "%d.%m.%Y"),)),
                ),
            ),
        ),
        covers=("orders",),
        digest=loaded.digest,
    )


@pytest.mark.parametrize("name", mapping_names())
def test_the_mappings_that_come_with_the_program_load(name: str) -> None:
    """Each mapping file has no problems and is named like its file."""
    assert load_mapping(FOLDER / f"{name}.yaml").name == name


BROKEN = [
    ("mapping: small", "maping: small", ["1:1: `maping` is no key.", "1:1: `mapping` is missing here."]),
    ("covers: [orders]", "covers: [payments]", ["2:10: `payments` is no filled table."]),
    ("match: [sales.csv]", "matches: [sales.csv]", ["5:5: `matches` is no key.", "5:5: `match` is missing here."]),
    ('missing: ["-"]', "encoding: gb1803", ["7:15: `gb1803` is no encoding. Give one such as `gb18030`,"]),
    ('missing: ["-"]', "encoding: rot13", ["7:15: `rot13` is no encoding."]),
    ("{Buyer: missing}", "{Byer: missing}", ["10:22: `Byer` is no column. Did you mean `Buyer`?"]),
    ("{Buyer: missing}", "{Buyer: mising}", ["10:23: `mising` is no test. Did you mean `missing`?"]),
    ("{Buyer: missing}", "{Buyer: {like: x}}", ["10:24: `like` is no key.", "10:23: name one test"]),
    ("table: orders", "table: order", ["12:12: `order` is no table. Did you mean `orders`?"]),
    ("file: sales", "file: sale", ["13:11: `sale` is no file. Did you mean `sales`?"]),
    ("key: Number", "keys: Number", ["15:13: `keys` is no column of orders.", "orders needs 'key'"]),
    ("key: Number", "source: Number", ["15:15: `source` is no column of orders.", "orders needs 'key'"]),
    ("key: Number", "key: Nummer", ["15:12: `Nummer` is no column. Did you mean `Number`?"]),
    ("{from: Buyer, trim: true}", "{trim: true}", ["16:17: name one source: from, value, join"]),
    ("trim: true", "strip: true", ["16:31: `strip` is no key."]),
    ("trim: true", "trim: maybe", ["16:37: true or false belongs here."]),
    ("%d.%m.%Y", "%d.%q.%Y", ["17:37: `%d.%q.%Y` is no form of a date. Give one such as `%d.%m.%Y`"]),
    ("trim: true", "times: many", ["16:38: `many` is no whole number to multiply with."]),
    ("    columns:", "    delimiter: ';;'\n    columns:", ["6:16: `;;` cannot stand between cells. Give one"]),
    ("files:\n", "files: &all\n", ["3:8: anchor `&all`"]),
]


@pytest.mark.parametrize(("right", "wrong", "messages"), BROKEN)
def test_a_mistake_is_named_at_its_place(tmp_path: Path, right: str, wrong: str, messages: list[str]) -> None:
    """Each mistake is reported with line and column, and with what was perhaps meant."""
    assert right in SMALL
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace(right, wrong, 1))
    with pytest.raises(ProblemsError) as refused:
        load_mapping(path)
    for message in messages:
        assert message in str(refused.value)


def test_a_step_can_be_switched_off(tmp_path: Path) -> None:
    """`trim: false` does not trim."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace("trim: true", "trim: false"))
    assert load_mapping(path).tables[0].columns[1] == ColumnMapping("customer", Cell("Buyer"))


def test_a_table_is_filled_once(tmp_path: Path) -> None:
    """Filling a table a second time is refused where it is done."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL + SMALL[SMALL.index("  - table: orders") :])
    with pytest.raises(ProblemsError, match=r":18:12: `orders` is filled a second time here\."):
        load_mapping(path)


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    """Two mistakes in one file are both named."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace("Buyer: missing", "Byer: missing").replace("key: Number", "key: Nummer"))
    with pytest.raises(ProblemsError) as refused:
        load_mapping(path)
    assert len(refused.value.problems) == 2


def test_columns_that_tell_facts_make_rows(tmp_path: Path) -> None:
    """`facts` gives the file the columns `fact` and `value`; a column that is not there, or of that name, is told."""
    path = tmp_path / "small.yaml"
    facts = SMALL.replace('    missing: ["-"]\n', "    facts: {Day: opened_on}\n")
    path.write_text(facts.replace("key: Number", "key: {join: {parts: [Number, fact]}}"))
    mapping = load_mapping(path)
    assert mapping.files[0].facts == (("Day", "opened_on"),)
    for wrong, said in (
        (facts.replace("{Day: opened_on}", "{Dey: opened_on}"), "`Dey` is no column. Did you mean `Day`?"),
        (facts.replace("[Number, Buyer, Day]", "[Number, Buyer, Day, value]"), "has a column `value` already"),
    ):
        path.write_text(wrong)
        with pytest.raises(ProblemsError) as raised:
            load_mapping(path)
        assert said in str(raised.value)
