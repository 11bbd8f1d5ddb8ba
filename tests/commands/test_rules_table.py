"""`valuelift rules table`: decision tables to spreadsheets and back."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook
from xlsxwriter.utility import xl_cell_to_rowcol

from common.table_book import as_xlsx, read_book
from common.table_cells import flow, read_test, same, shown, word
from common.table_exchange import Back, TableFile, as_book, brought_back
from engine.errors import Location, Problems
from engine.yaml12 import Node, YList, YMap, YScalar, parse_yaml
from tests.commands.conftest import Answer, call_command
from tests.profiles import count
from wiring import shipped_pack

MANIFEST = "pack: own\nversion: 1.0.0\ntitle: {en: Own, zh: 自有}\n"
FACTS = """
facts:
  wish: {type: category, enum: value_kind, origin: derived, title: {en: Wish, zh: 愿望}}
  points: {type: number, scale: 2, range: [0, 10], origin: derived, title: {en: Points, zh: 分数}}
  due: {type: date, origin: derived, title: {en: Due, zh: 期限}}
  marks: {type: set, enum: value_kind, origin: derived, title: {en: Marks, zh: 标记}}
"""
TABLES = Path(__file__).with_name("sample_tables.yaml").read_text(encoding="utf-8")
"""Tables laid out in all ways, with comments."""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return the folder of a pack with two tables, laid out in all ways, in a file with comments."""
    folder = tmp_path / "own"
    folder.mkdir()
    for name, text in {"pack.yaml": MANIFEST, "facts.yaml": FACTS, "tables.yaml": TABLES}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def exported(folder: Path, table: str = "wishes", language: str = "en") -> Path:
    """Export a table beside its pack, and return the workbook."""
    path = folder.parent / f"{table}.xlsx"
    answer = call_command("rules", "table", "export", table, "--pack", folder, "--out", path, "--lang", language)
    assert answer.code == 0, answer.errors
    return path


def sheets_of(path: Path) -> dict[str, list[list[Any]]]:
    """Return the cells of a workbook by sheet."""
    workbook = CalamineWorkbook.from_path(str(path))
    return {name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in workbook.sheet_names}


def rewritten(path: Path, cells: Mapping[str, object] | None = None, lines: list[int] | None = None) -> None:
    """Write a workbook anew, as a spreadsheet would: with other cells in its first sheet, or with these lines only."""
    sheets = sheets_of(path)
    first = next(iter(sheets.values()))
    for name, value in (cells or {}).items():
        line, column = xl_cell_to_rowcol(name)
        while len(first) <= line:
            first.append([""] * len(first[0]))
        first[line] += [""] * (column + 1 - len(first[line]))
        first[line][column] = value
    if lines is not None:
        first[:] = [first[line - 1] for line in lines]
    with Workbook(
        str(path), {"strings_to_formulas": False, "strings_to_numbers": False, "default_date_format": "yyyy-mm-dd"}
    ) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for line, row in enumerate(rows):
                sheet.write_row(line, 0, row)


def import_(path: Path, folder: Path, *options: str) -> Answer:
    """Import a workbook."""
    return call_command("rules", "table", "import", path, "--pack", folder, "--lang", "en", *options)


def text_of(folder: Path) -> str:
    """Return the file of the tables."""
    return (folder / "tables.yaml").read_text(encoding="utf-8")


def test_a_workbook_can_be_worked_in(own: Path) -> None:
    """Titles stand above ids, cells are short, numbers are numbers; sheets say what is taken, and what the file is."""
    sheets = sheets_of(exported(own, language="zh"))
    assert list(sheets) == ["决策表", "可填内容", "文件说明"]
    table, takes, about = sheets.values()
    assert table[0][0] == "行"
    assert table[1] == [
        "id", "if stage", "if days_in_stage", "if any",
        "then wish", "then points", "then due", "because en", "because zh",
    ]  # fmt: skip
    assert table[2] == ["new", "new", "-", "-", "product", 1.5, "2026-01-31", "New.", "新。"]
    assert table[3][:7] == ["long", "core, strategic", ">= 90", "-", "brand", 3, "2026-02-01"]
    assert table[4][3] == "[{orders_90d: 3}, {belongs_to_group: true}]"
    assert "strategic" in {line[2] for line in takes}
    assert {line[0] for line in about} == {"valuelift table", "table", "title", "hit", "pack", "pack digest", "digest"}


def test_what_comes_back_unchanged_changes_nothing(own: Path) -> None:
    """Every byte of the file stays."""
    for table in ("wishes", "other"):
        answer = import_(exported(own, table), own)
        assert (answer.code, answer.output) == (0, "The workbook says what the table says. Nothing was changed.\n")
    assert text_of(own) == TABLES


def test_only_what_was_changed_is_edited(own: Path) -> None:
    """Cells of rows on one line and in lines are edited in place; comments, quotes and all other lines stay."""
    path = exported(own)
    rewritten(
        path,
        {
            "B3": "new, established",
            "F3": 2.25,
            "C4": "> 100",
            "G4": date(2026, 3, 1),
            "I4": "很久了。",
            "D5": "-",
            "E5": True,
        },
    )
    refused = import_(path, own)
    assert refused.code == 1
    assert f"{path} Table!E5: `true` is no member of `value_kind`, which `wish` takes." in refused.errors
    rewritten(path, {"E5": "social"})
    shown = import_(path, own, "--dry-run")
    assert (shown.code, text_of(own)) == (0, TABLES)
    assert shown.lines[-1] == "3 rows would change, 0 would be added, 0 removed. Nothing was changed."
    assert import_(path, own).code == 0
    expected = (
        TABLES.replace('[new, "-"], then: [product, 1.50,', '[[new, established], "-"], then: [product, 2.25,')
        .replace("- {at_least: 90}", "- {more_than: 100}")
        .replace("- '2026-02-01'", "- 2026-03-01")
        .replace("zh: 很久。", "zh: 很久了。")
        .replace(
            "if: {stage: target, any: [{orders_90d: 3}, {belongs_to_group: true}]}, then: [service,",
            "if: {stage: target}, then: [social,",
        )
    )
    assert text_of(own) == expected
    assert [line for line in shown.lines if line.startswith("+      ")] == [
        f"+{line}" for line in expected.splitlines() if line not in TABLES.splitlines()
    ]


def test_rows_are_added_removed_and_moved_with_their_comments(own: Path) -> None:
    """A row's line takes along what is written above and behind it; a new row stands on a line of its own."""
    path = exported(own)
    more = dict(
        zip("ABCDEFGHI", ("more", "new", ">= 3", "-", "social", 1, "2026-02-03", "More.", "还有。"), strict=True)
    )
    rewritten(path, {f"{column}6": value for column, value in more.items()})
    rewritten(path, lines=[1, 2, 5, 6, 3])
    told = import_(path, own, "--json")
    assert [told.json[name] for name in ("changed", "added", "removed", "written")] == [[], ["more"], ["long"], True]
    lines = TABLES.splitlines()
    new = (
        "      - {id: more, if: [new, {at_least: 3}], then: [social, 1, 2026-02-03], because: {en: More., zh: 还有。}}"
    )
    first, odd = lines.index("      # the newest first"), lines.index("      # nobody knows why")
    moved = [*lines[odd - 1 : odd + 2], new, *lines[first : first + 2]]
    assert text_of(own).splitlines() == [*lines[:first], *moved, *lines[odd + 2 :]]


def test_rows_on_one_line_are_edited_too(own: Path) -> None:
    """Rows in brackets get another beside them; a test that no row asked so far makes a condition."""
    path = exported(own, "other")
    rewritten(path, {"A5": "c", "B5": "target", "C5": "product", "D5": "C.", "E5": "丙。", "F2": "if belongs_to_group"})
    rewritten(path, {"F3": "-", "F4": "true", "F5": "-"})
    assert import_(path, own).code == 0
    row = "{id: c, if: [target], then: [product], because: {en: C., zh: 丙。}}"
    changed = TABLES.replace(
        "if: [core], then: [product]", "if: {stage: core, belongs_to_group: true}, then: [product]"
    )
    assert text_of(own) == changed.replace("乙。}}]", f"乙。}}}}, {row}]")


def test_a_list_right_below_its_key_becomes_a_condition(own: Path) -> None:
    """The items of a list may begin where their key does; what comes to stand there may not."""
    rows = "- id: a\n        if:\n        - core\n        then: [product]\n        because: {en: A., zh: 甲。}\n"
    head = "tables:\n  - table: wishes\n    title: {en: W, zh: 愿}\n    inputs: [stage]\n    outputs: [wish]\n"
    text = f"{head}    hit: first\n    rows:\n      {rows}"
    (own / "tables.yaml").write_text(text, encoding="utf-8")
    path = exported(own)
    rewritten(path, {"F2": "if belongs_to_group", "F3": "true"})
    assert import_(path, own).code == 0
    assert text_of(own) == text.replace("        - core\n", "          {stage: core, belongs_to_group: true}\n")


def test_all_problems_are_told_by_sheet_and_cell(own: Path) -> None:
    """What the checker would say of a rule file it says of cells, all at once, in order; nothing is written."""
    path = exported(own)
    rewritten(path, {"B3": "nwe", "C3": "soon", "F3": 12, "B4": "", "C4": "[1", "H5": "Odd: {stge}.", "K5": "here"})
    answer = import_(path, own)
    assert (answer.code, text_of(own)) == (1, TABLES)
    told = [line.removeprefix(f"{path} Table!") for line in answer.errors.splitlines()]
    assert [line.partition(":")[0] for line in told] == ["B3", "C3", "F3", "B4", "C4", "H5", "K5", "7 problems."]
    assert told[0].endswith("Did you mean `new`? [unknown-member]")
    assert told[3].startswith("B4: the cell is empty. Write a value, or `-` for anything.")
    assert "Did you mean `stage`?" in told[5]
    chinese = import_(path, own, "--lang", "zh").errors.splitlines()
    said = "错误：`stage`取自列表`stage`，其中没有`nwe`。是否应为`new`？ [unknown-member]"
    assert chinese[0] == f"{path} Table!B3: {said}"
    assert [line.partition("错误：")[2][:5] for line in chinese if "Table!B4" in line] == ["单元格为空"]
    assert chinese[-1] == "共7个问题。"


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"B2": "if stge"}, "Did you mean `if stage`?"),
        ({"E2": "then wishes"}, "Did you mean `then wish`?"),
        ({"J2": "if stage"}, "a second time"),
        ({"J2": "if belongs_to_grp", "J3": "true"}, "Did you mean `belongs_to_group`?"),
        ({"A4": "new"}, "two rows `new`"),
        ({"A1": "", "A2": ""}, "Export the table anew."),
    ],
)
def test_a_workbook_that_is_not_as_it_was_is_refused(own: Path, cells: dict[str, object], said: str) -> None:
    """Columns and ids are what rows are known by; it is said what to do."""
    path = exported(own)
    rewritten(path, cells)
    answer = import_(path, own)
    assert (answer.code, text_of(own)) == (1, TABLES)
    assert said in answer.errors


def test_a_table_that_changed_meanwhile_is_not_overwritten(own: Path) -> None:
    """Unless that is meant; another table's change does not matter."""
    path = exported(own)
    other = TABLES.replace("if: [core], then: [product]", "if: [target], then: [product]")
    (own / "tables.yaml").write_text(other, encoding="utf-8")
    assert import_(path, own).code == 0
    (own / "tables.yaml").write_text(other.replace("at_least: 90", "at_least: 80"), encoding="utf-8")
    refused = import_(path, own)
    assert (refused.code, "has changed since it was exported" in refused.errors) == (1, True)
    assert import_(path, own, "--force").code == 0
    assert text_of(own) == other


def test_what_is_no_table_of_the_pack_is_refused(own: Path) -> None:
    """A misspelt table, one of the pack that is extended, and a file that is no workbook."""
    assert "Did you mean `wishes`?" in call_command("rules", "table", "export", "wishs", "--pack", own).errors
    path = exported(own)
    heir = own.parent / "heir"
    heir.mkdir()
    (heir / "pack.yaml").write_text(MANIFEST.replace("own", "heir") + "extends: ../own\n", encoding="utf-8")
    inherited = import_(path, heir)
    assert (inherited.code, "`replace: {tables: [...]}`" in inherited.errors) == (1, True)
    path.write_text("no workbook", encoding="utf-8")
    told = import_(path, own)
    assert (told.code, "this is no workbook: Cannot detect file format. Save it as XLSX." in told.errors) == (1, True)


def test_every_table_of_the_pack_comes_back_as_it_went(tmp_path: Path) -> None:
    """Export and import of each change no byte, in either language."""
    folder = tmp_path / "value_marketing"
    shutil.copytree(shipped_pack(), folder)
    whole = TableFile(folder, "")
    for number, table in enumerate(whole.pack.tables):
        back = _there_and_back(whole, table.id, tmp_path / "table.xlsx", "zh" if number % 2 else "en")
        assert back.after == back.before


def _there_and_back(whole: TableFile, table: str, path: Path, language: str) -> Back:
    file = TableFile(whole.folder, table)
    vars(file).update(parts=whole.parts, pack=whole.pack, pack_digest="")  # read once for all tables
    path.write_bytes(as_xlsx(as_book(file, language)))
    return brought_back(file, read_book(path))


# --- generated tables ---

TESTS = {
    "stage": ["new", "[new, core]", "[target]", "{is_not: core}", "{none_of: [new]}", '"strategic"', "{known: false}"],
    "days_in_stage": ["{at_least: 90}", "{between: [3, 30]}", "{less_than: 1000}", "7", "{known: true, at_most: 9}"],
    "orders_90d": ["3", "[1, 2]", "{is_not: 4}", "{at_least: {fact: days_in_stage}}"],
    "belongs_to_group": ["true", "{known: true, is: false}", "{is_not: true}"],
}  # fmt: skip
WISHES = ["product", "brand", '"social"', "heritage"]
REASONS = ["Plain", '"Quoted: {stage}, so"', "'It''s'", ">-\n            Folded\n            text."]


def random_table(rng: Random) -> str:
    """Return a table of up to five rows, each laid out in one of the ways that YAML has, with comments between."""
    inputs = rng.sample(list(TESTS), rng.randint(1, 3))
    rows = "".join(_row(rng, number, inputs) for number in range(rng.randint(1, 5)))
    return (
        "tables:\n  - table: wishes\n    title: {en: W, zh: 愿}\n"
        f"    inputs: [{', '.join(inputs)}]\n    outputs: [wish]\n    hit: first\n    rows:\n{rows}# the end\n"
    )


def _row(rng: Random, number: int, inputs: list[str]) -> str:
    comment = rng.choice(["", f"      # row {number}\n", "\n"])
    behind = rng.choice(["", "  # why"])
    wish, en = rng.choice(WISHES), rng.choice(REASONS)
    if rng.random() < 0.5:
        tests = _listed([rng.choice([*TESTS[name], '"-"']) for name in inputs], rng)
    else:
        asked = {name: rng.choice(TESTS[name]) for name in rng.sample(list(TESTS), rng.randint(0, 3))}
        tests = _mapped(asked, rng)
    in_lines = "\n" in tests or "\n" in en or rng.random() < 0.3
    if in_lines:
        return (
            f"{comment}      - id: r{number}{behind}\n        if: {tests}\n        then: [{wish}]\n"
            f"        because:\n          en: {en}\n          zh: 因\n"
        )
    return f"{comment}      - {{id: r{number}, if: {tests}, then: [{wish}], because: {{zh: 因, en: {en}}}}}{behind}\n"


def _listed(tests: list[str], rng: Random) -> str:
    if rng.random() < 0.5:
        return f"[{', '.join(tests)}]"
    indent = rng.choice(["", "  "])
    return "".join(f"\n        {indent}- {test}" for test in tests)


def _mapped(tests: dict[str, str], rng: Random) -> str:
    if not tests or rng.random() < 0.5:
        return f"{{{', '.join(f'{name}: {test}' for name, test in tests.items())}}}"
    return "".join(f"\n          {name}: {test}" for name, test in tests.items())


def test_of_generated_tables_just_the_cells_that_were_edited_change(tmp_path: Path) -> None:
    """Whatever the layout: nothing comes of nothing, and edited cells, moved and removed rows are read after."""
    rng = Random(11)
    (tmp_path / "pack.yaml").write_text(MANIFEST, encoding="utf-8")
    (tmp_path / "facts.yaml").write_text(FACTS, encoding="utf-8")
    path, book = tmp_path / "tables.yaml", tmp_path / "table.xlsx"
    for _ in range(count(quick=5, ci=12, long=2_000)):
        path.write_text(random_table(rng), encoding="utf-8")
        file = TableFile(tmp_path, "wishes")
        book.write_bytes(as_xlsx(as_book(file, "en")))
        assert brought_back(file, read_book(book)).after == path.read_text(encoding="utf-8")
        columns, wanted = file.columns.tested, {row.id.text: dict(row.tests) for row in file.rows}
        lines = [1, 2, *rng.sample(range(3, 3 + len(wanted)), rng.randint(1, len(wanted)))]
        cells: dict[str, object] = {}
        for number, name in enumerate(wanted):
            column = rng.randrange(len(columns))
            test = rng.choice([*TESTS[columns[column]], None])
            node = None if test is None else parse_yaml(test, "cell")
            cells[f"{'BCDE'[column]}{number + 3}"] = shown(node)
            wanted[name][columns[column]] = node
        rewritten(book, cells, lines)
        back = brought_back(file, read_book(book))
        path.write_text(back.after, encoding="utf-8")
        now = {row.id.text: row.tests for row in TableFile(tmp_path, "wishes").rows}
        assert list(now) == [list(wanted)[line - 3] for line in lines[2:]]
        for name, tests in now.items():
            assert _asked(tests) == _asked(wanted[name]), back.diff
        assert back.after.endswith("# the end\n")


def _asked(tests: Mapping[str, Node | None]) -> dict[str, str]:
    """Return what a row asks, in one way of writing it."""
    return {name: flow(node) for name, node in sorted(tests.items()) if node is not None}


AT = Location("cell")
SCALARS = st.builds(
    lambda text: word(text, AT), st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1)
)
NODES = st.recursive(
    SCALARS | st.builds(lambda one: YScalar(one.text, one.text, AT), SCALARS),
    lambda inner: (
        st.builds(lambda items: YList(tuple(items), AT), st.lists(inner, max_size=3))
        | st.builds(
            lambda one: YMap(tuple((YScalar(name, name, AT), node) for name, node in one.items()), AT),
            st.dictionaries(st.sampled_from(["at_least", "between", "any", "less_than", "a: b"]), inner, max_size=2),
        )
    ),
    max_leaves=5,
)


@given(NODES)
def test_a_cell_stands_for_just_the_test_that_it_shows(node: Node) -> None:
    """Whatever is written in a few signs is read as the same; what cannot be is written as in rule files."""
    problems = Problems()
    read = read_test(shown(node), AT, problems)
    assert not problems.found
    assert read is not None
    assert same(read, node)
