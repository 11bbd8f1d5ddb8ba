"""The portfolio's page: its figures are the command's, its names can be gone to, and its files are harmless."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from python_calamine import CalamineWorkbook

from facts.demo import AS_OF
from tests.web.conftest import FOREIGN, MANAGER, OWN, Browser, Pages
from web.sheets import Cell, Sheet, as_csv, as_xlsx
from wiring import Portfolio
from wiring.judging import judge
from wiring.portfolio import each_of

SINCE = AS_OF - timedelta(days=90)
FILES = ("stages", "flow", "problem", "stalled", "upgrades", "acceptance", "sources", "overdue", "unheard", "customers")
EVIL = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "＝1", '"; DROP', "a\x00b<>&")


def figures(pages: Pages, manager: str | None = None) -> Portfolio:
    """Return the figures as `valuelift portfolio` has them."""
    return judge(pages.app.state.site.desk(), SINCE, manager=manager)


def read(content: bytes) -> list[list[str]]:
    """Return the rows of a CSV file."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def links(html: str, start: str) -> Iterator[str]:
    """Yield the addresses of a page that begin like this."""
    yield from (unescape(found) for found in re.findall(r'href="([^"]+)"', html) if found.startswith(start))


def names_at(browser: Browser, address: str) -> int:
    """Return how many names stand behind a number."""
    return (
        len(read(browser.get(address.replace("/portfolio/customers", "/portfolio/export/customers.csv")).content)) - 1
    )


def test_the_files_say_what_the_command_says(pages: Pages) -> None:
    """Each figure comes along as the command has it, alone and in one workbook of all."""
    found, auditor = figures(pages), pages.visit("auditor")
    files = {name: read(auditor.get(f"/portfolio/export/{name}.csv").content) for name in FILES}
    assert sum(int(row[2]) for row in files["stages"][1:]) == found.customers
    assert sorted(row[0] for row in files["problem"][1:]) == sorted(row["name"] for row in found.figures["problem"])
    assert [row[0] for row in files["stalled"][1:]] == [row["name"] for row in found.figures["stalled"]] != []
    assert len(files["overdue"]) - 1 == len(found.figures["overdue"])
    assert [int(row[3]) for row in files["sources"][1:]] == [row["heard"] for row in found.figures["sources"]]
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(auditor.get("/portfolio/export/all.xlsx").content))
    sheets = [workbook.get_sheet_by_index(number).to_python() for number in range(len(FILES))]
    assert [len(rows) for rows in sheets] == [len(files[name]) for name in FILES]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_number_leads_to_its_names(pages: Pages, language: str) -> None:
    """Behind each linked number of stages, flow, upgrades and sources stand as many names as it says."""
    browser = pages.visit("auditor", language)
    html = browser.get("/portfolio").text
    cells = re.findall(r'class="number"><a href="(/portfolio/customers[^"]+)">([\d,]+)</a>', html)
    told = {unescape(address): int(number.replace(",", "")) for address, number in cells}
    assert len(told) > 20
    assert {address: names_at(browser, address) for address in told} == told
    for address in links(html, "/portfolio/customers"):
        assert browser.get(address).status_code == 200


def test_a_manager_sees_own_customers_only(pages: Pages) -> None:
    """Whatever the address asks for, the page, the names and the files of a manager tell of own customers alone."""
    own, manager = figures(pages, MANAGER), pages.visit("manager")
    everybody = {row["customer"]: row["name"] for row in each_of(figures(pages).standing)}
    foreign = set(everybody) - {row["customer"] for row in each_of(own.standing)}
    assert FOREIGN in foreign
    assert OWN not in foreign
    for query in ("", "?manager=Tomas+Reiter"):
        for path in ("/portfolio", "/portfolio/customers"):
            html = manager.get(path + query).text
            seen = {found.removeprefix("/customers/") for found in links(html, "/customers/")}
            assert not seen & foreign
        rows = [row for name in FILES for row in read(manager.get(f"/portfolio/export/{name}.csv{query}").content)]
        assert not {cell for row in rows for cell in row} & {everybody[key] for key in foreign}
    assert names_at(manager, "/portfolio/customers") == own.customers


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd.csv",
        "..%2f..%2fetc%2fpasswd.csv",
        "stages.csv/../../../etc/passwd",
        "stages.exe",
        "__class__.csv",
        "found.csv",
        "all.csv",
        "customers%00.csv",
    ],
)
def test_a_file_is_one_of_those_offered(pages: Pages, path: str) -> None:
    """A name that is no figure, a path or another ending gives no file."""
    answer = pages.visit("auditor").get(f"/portfolio/export/{path}")
    assert answer.status_code in (404, 422)
    assert "content-disposition" not in answer.headers


@pytest.mark.parametrize("query", ["since=yesterday", "since=2099-01-01", "page=x", "since=' OR 1=1 --"])
def test_what_is_no_date_is_not_understood(pages: Pages, query: str) -> None:
    """An earlier date that is none, or not earlier, is answered by a plain page."""
    assert pages.visit("auditor").get(f"/portfolio?{query}").status_code == 422


def test_no_cell_is_a_formula() -> None:
    """Texts that spreadsheets would carry out come along as texts, in both kinds of file; numbers stay numbers."""
    sheet = Sheet("evil", "=evil/[x]", ("=head",), tuple((Cell(text), Cell(-1)) for text in EVIL))
    rows = read(as_csv(sheet))
    assert [row[0][0] for row in rows[:8]] == ["'"] * 8
    assert {row[1] for row in rows[1:]} == {"-1"}
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(as_xlsx([sheet, sheet])))
    assert workbook.sheet_names == ["1 =evil  x", "2 =evil  x"]
    long = [
        Sheet("a", title, ("head",), ()) for title in ("Acceptance of what we conveyed to them", "长" * 40, "x" * 40)
    ]
    named = CalamineWorkbook.from_filelike(io.BytesIO(as_xlsx(long))).sheet_names
    assert named == ["1 Acceptance of what we", "2 " + "长" * 29, "3 " + "x" * 29]
    found = workbook.get_sheet_by_index(0).to_python()
    assert found[1] == ["=1+1", -1.0]
    assert found[-1][0] == "ab<>&"
