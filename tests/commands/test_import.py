"""`valuelift import`: files in, a report out."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.commands.conftest import call_command
from tests.commands.test_chinese import english_left


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return an empty store."""
    path = tmp_path / "store.db"
    call_command("init", "--db", path)
    return path


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a folder in the canonical layout, filled in from the templates: a customer and two orders."""
    folder = tmp_path / "files"
    folder.mkdir()
    for table, rows in {
        "customers": [{"key": "C-1", "name": "Acme"}],
        "orders": [{"key": "O-1", "customer": "C-1"}, {"key": "O-2", "customer": "nobody"}],
    }.items():
        heading, example = call_command("import", "--template", table).lines
        columns = heading.split(",")
        first = dict(zip(columns, example.split(","), strict=True))
        lines = [",".join((first | row)[column] for column in columns) for row in rows]
        (folder / f"{table}.csv").write_text("\n".join([heading, *lines]) + "\n", encoding="utf-8")
    return folder


def test_rows_are_stored_once(store: Path, files: Path, tmp_path: Path) -> None:
    """What can be used is stored, what cannot is counted and written down; the same again changes nothing."""
    rejects = tmp_path / "rejects.csv"
    arguments = ["import", files, "--mapping", "canonical", "--rejects", rejects, "--db", store, "--json"]
    first, second = call_command(*arguments).json, call_command(*arguments).json
    stored = {name: counts["stored"] for name, counts in first["tables"].items()}
    assert stored == {"customers": 1, "orders": 1}
    assert sum(first["rejected"].values()) == 1
    assert {counts["stored"] for counts in second["tables"].values()} == {0}
    assert {name: counts["unchanged"] for name, counts in second["tables"].items()} == stored
    assert "nobody" in rejects.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Dry run: nothing was stored."), ("zh", "试运行：未保存任何数据。")]
)
def test_a_dry_run_stores_nothing(store: Path, files: Path, language: str, said: str) -> None:
    """A dry run reports as an import does, and says that it was one."""
    dry = call_command("import", files, "--mapping", "canonical", "--dry-run", "--db", store, "--lang", language)
    assert dry.lines[-1] == said
    done = call_command("import", files, "--mapping", "canonical", "--db", store, "--json").json
    assert done["tables"]["customers"]["stored"] == 1


@pytest.mark.parametrize(
    ("language", "steps"),
    [("en", ["reading", "checking", "comparing", "storing"]), ("zh", ["正在读取", "正在检查", "正在比对", "正在保存"])],
)
def test_the_steps_are_told_in_the_readers_language(store: Path, files: Path, language: str, steps: list[str]) -> None:
    """Each step stands on standard error with the file or the table that it is about."""
    path = files / "customers.csv"
    answer = call_command("import", path, "--mapping", "canonical", "--db", store, "--lang", language)
    about = ["customers.csv", "customers", "customers", "customers"]
    said = [f"{step} {name} ..." for step, name in zip(steps, about, strict=True)]
    assert [line for line in answer.errors.splitlines() if line in said] == said


def test_too_many_faulty_rows_store_nothing(store: Path, files: Path) -> None:
    """With more faulty rows than allowed the import is refused, with exit code 1, and nothing is stored."""
    refused = call_command("import", files, "--mapping", "canonical", "--max-rejects", "0", "--db", store)
    assert refused.code == 1
    assert "Nothing was imported" in refused.errors
    done = call_command("import", files, "--mapping", "canonical", "--db", store, "--json").json
    assert done["tables"]["customers"]["stored"] == 1


def test_faulty_rows_are_told_in_chinese(store: Path, files: Path, tmp_path: Path) -> None:
    """What is wrong with them, in the report, in the file of faulty rows, and where too many are refused."""
    orders, rejects = files / "orders.csv", tmp_path / "rejects.csv"
    with orders.open("a", encoding="utf-8") as file:
        file.write("O-3,C-1\n")
    width = orders.read_text(encoding="utf-8").splitlines()[0].count(",") + 1
    wrong = [f"有2个单元格，应为{width}个", "`customer`不是已有的客户"]
    wanted = ("import", files, "--mapping", "canonical", "--lang", "zh", "--db", store)
    said = call_command(*wanted, "--dry-run", "--rejects", rejects).output.splitlines()
    assert {f"1行有误，已剔除：{each}。" for each in wrong} <= set(said)
    with rejects.open(encoding="utf-8", newline="") as file:
        told = [(row["column"], row["reason"]) for row in csv.DictReader(file)]
    assert told == [("customer", "不是已有的客户"), ("", wrong[0])]
    refused = call_command(*wanted, "--max-rejects", "1")
    assert refused.code == 1
    assert "错误：没有导入任何内容：2行有误，超过允许的1行：" in refused.errors
    assert english_left(refused.errors, "orders.csv", "customers.csv", "orders", "customers") == set()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("customers.csv", b"", "customers.csv 无法导入：内容为空。请重新导出。"),
        ("customers.csv", b"name\nAcme\n", "customers.csv 无法导入：缺少列'key'、'holds_from'，现有的列为'name'。"),
        ("customers.csv", "key,name,holds_from,说明\n".encode("gbk"), "文件编码不是 UTF-8（可能是 GBK）"),
        ("customers.csv", b"key;name;holds_from\nC-1;Acme;2026-01-31\n", "各列以分号分隔，而不是逗号"),
        ("customers.xlsx", b"no workbook", "customers.xlsx 无法导入：文件已损坏（"),
        (
            "clients.csv",
            b"key\n",
            "clients.csv 无法导入：映射`canonical`中没有这个名称的文件。该映射读取`customers.csv`、",
        ),
    ],
)
def test_files_that_cannot_be_imported_are_told_in_chinese(
    store: Path, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    """What is wrong with a file as a whole, and what to do."""
    path = tmp_path / name
    path.write_bytes(content)
    answer = call_command("import", path, "--mapping", "canonical", "--lang", "zh", "--db", store)
    assert (answer.code, said in answer.errors) == (1, True), answer.errors


def test_an_import_without_a_usable_row_is_a_problem(store: Path, files: Path) -> None:
    """Where every row is faulty the report is shown and the exit code is 1, as it stays when tried again."""
    path = files / "orders.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("C-1", "nobody"), encoding="utf-8")
    for _ in range(2):
        answer = call_command("import", path, "--mapping", "canonical", "--db", store, "--lang", "en")
        assert answer.code == 1
        assert "Rows rejected (customer is no known customer): 2." in answer.output
    call_command("import", files / "customers.csv", "--mapping", "canonical", "--db", store)
    assert call_command("import", files, "--mapping", "canonical", "--db", store).code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mapping", "cannonical"], "Did you mean `canonical`?"),
        (["--mapping", "online-retail"], "customers.csv cannot be imported: it has no column 'Invoice'"),
    ],
)
def test_a_wrong_mapping_is_a_problem(store: Path, files: Path, arguments: list[str], said: str) -> None:
    """A mapping that does not exist, or does not fit the files, is a problem with a hint."""
    answer = call_command("import", files, *arguments, "--db", store)
    assert answer.code == 1
    assert said in answer.errors


MAPPING = """\
mapping: ours
files: {customers: {match: [customers.csv], columns: [code], colums: [name]}}
tables: [{table: customers, file: customers, columns: {key: {from: cod}, name: {value: [a]}}}]
"""


def test_problems_of_a_mapping_are_told_in_the_reader_s_language(store: Path, files: Path, tmp_path: Path) -> None:
    """All that is wrong with a mapping of one's own is told at once, in Chinese too."""
    (tmp_path / "ours.yaml").write_text(MAPPING, encoding="utf-8")
    asked = ("import", files, "--mapping", tmp_path / "ours.yaml", "--db", store, "--lang")
    english = call_command(*asked, "en").errors.splitlines()
    assert english[0] == f"{tmp_path}/ours.yaml:2:62: `colums` is no key. Did you mean `columns`? [unknown-word]"
    chinese = call_command(*asked, "zh").errors.splitlines()
    said = [line.removeprefix(f"{tmp_path}/ours.yaml:") for line in chinese]
    assert said == [
        "2:62: 错误：没有`colums`这个键。是否应为`columns`？ [unknown-word]",
        "3:10: 错误：表`customers`必须有`holds_from`列，但没有写它的映射。请补上。 [column-not-mapped]",
        "3:68: 错误：没有`cod`这个列。是否应为`code`？ [unknown-word]",
        "3:88: 错误：这里要写一段文字。 [mapping-shape]",
        "共4个问题。",
    ]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (["--until", "2126-01-01"], "Of days to come no file holds everything."),
        (["--since", "2026-02-01", "--until", "2026-01-31"], "The last day lies before the first."),
    ],
)
def test_a_period_that_nobody_can_vouch_for_is_refused(store: Path, tmp_path: Path, days: list[str], said: str) -> None:
    """The message names the option, and the store stays as it was."""
    lines = tmp_path / "lines.csv"
    lines.write_text("Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n", encoding="utf-8")
    done = call_command("import", lines, "--mapping", "online-retail", *days, "--db", store)
    assert done.code == 2
    assert said in done.errors
    assert "--until" in done.errors


def test_a_period_needs_a_mapping_that_covers_something(store: Path, files: Path) -> None:
    """The canonical layout has a table for that."""
    done = call_command("import", files, "--mapping", "canonical", "--until", "2026-01-31", "--db", store)
    assert done.code == 2
    assert "coverage.csv" in done.errors


def test_a_template_of_no_table() -> None:
    """A misspelt table is answered with the nearest one."""
    answer = call_command("import", "--template", "order")
    assert answer.code == 1
    assert "Did you mean `orders`?" in answer.errors


def test_rejects_are_not_written_over_what_is_imported(store: Path, files: Path) -> None:
    """Whoever names one of the files for the rejected rows would lose it."""
    file = files / "orders.csv"
    before = file.read_bytes()
    answer = call_command("import", files, "--mapping", "canonical", "--rejects", file, "--db", store)
    assert (answer.code, "it is one of the files to import" in answer.errors) == (1, True)
    assert file.read_bytes() == before


OUR_ERP = """
mapping: our-erp
covers: [orders, invoices, payments]
files:
  customers: {match: [customers.csv], columns: [Number]}
  orders: {match: [orders.csv], columns: [Number, Customer, Day]}
  bills: {match: [bills.csv], columns: [Number, Customer, Day]}
  money: {match: [money.csv], columns: [Number, Customer, Day]}
tables:
  - {table: customers, file: customers, columns: {key: Number, name: Number, holds_from: {value: "2025-01-01"}}}
  - {table: orders, file: orders, columns: {key: Number, customer: Customer, holds_from: Day}}
  - table: invoices
    file: bills
    columns: {key: Number, customer: Customer, holds_from: Day, amount: {value: "10"}, currency: {value: EUR}}
  - table: payments
    file: money
    columns: {key: Number, customer: Customer, holds_from: Day, amount: {value: "10"}, currency: {value: EUR}}
"""


@pytest.fixture
def exports(tmp_path: Path) -> tuple[str, ...]:
    """Write what an ERP exported one day, and a mapping; return what to import."""
    folder, mapping = tmp_path / "exports", tmp_path / "our-erp.yaml"
    folder.mkdir()
    mapping.write_text(OUR_ERP, encoding="utf-8")
    for name, rows in {
        "customers": ["Number", "K-1"],
        "orders": ["Number,Customer,Day", "O-1,K-1,2025-01-01", "O-2,K-1,2026-02-20"],
        "bills": ["Number,Customer,Day", "I-1,K-1,2025-01-02"],
        "money": ["Number,Customer,Day", "P-1,K-1,2025-02-01"],
    }.items():
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return str(folder), "--mapping", str(mapping)


def test_an_import_says_what_its_files_leave_unknown(store: Path, exports: tuple[str, ...]) -> None:
    """Which records end before today and that payments begin after invoices, with the options that mend it."""
    said = " ".join(call_command("import", *exports, "--db", store).output.split())
    assert "payments are recorded from 1 Feb 2025, invoices from 2 Jan 2025" in said
    assert "orders on 20 Feb 2026" in said
    today = said.rsplit("--until ", 1)[1][:10]
    whole = call_command("import", *exports, "--since", "2025-01-01", "--until", today, "--db", store, "--lang", "zh")
    assert "未知" not in whole.output


def test_whoever_decides_after_the_last_record_is_told(store: Path, exports: tuple[str, ...]) -> None:
    """For a batch and for one customer; on the last day itself there is nothing to tell."""
    call_command("import", *exports, "--until", "2026-03-01", "--db", store)
    for as_of, is_told in (("2026-03-01", False), ("2026-03-02", True)):
        here = ("--db", store, "--as-of", as_of)
        batch = call_command("batch", "--quiet", *here)
        assert ("--as-of 2026-03-01" in batch.errors) == is_told
        assert ("Records end early" in call_command("recommend", "K-1", *here).output) == is_told
        assert ("记录截止偏早" in call_command("recommend", "K-1", *here, "--lang", "zh").output) == is_told
        logged = call_command("batch", "--force", "--log", "json", "--quiet", *here).errors
        events = [json.loads(line)["event"] for line in logged.splitlines()]
        assert events == ["begun", *(["ended"] if is_told else []), "done"]
