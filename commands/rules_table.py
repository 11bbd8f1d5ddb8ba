"""`valuelift rules table`: decision tables to and from spreadsheets."""

from __future__ import annotations

import shutil
from codecs import BOM_UTF8
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.failures import PROBLEMS
from commands.options import OutFile, json_option, language_option, rule_pack_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from common.table_book import SheetError
    from common.table_exchange import Back, TableFile
    from common.texts import Texts


@click.group("table")
def command() -> None:
    """Take decision tables out into spreadsheets, and bring them back.

    \b
    Example:
      valuelift rules table export complaint-to-need --pack our-rules
      valuelift rules table import complaint-to-need.xlsx --pack our-rules
    """


@command.command("export")
@click.argument("table", metavar="TABLE")
@click.option(
    "--out", type=OutFile(), metavar="FILE",
    help="Write to this file. By default TABLE.xlsx in this folder.",
)  # fmt: skip
@rule_pack_option
@language_option
def export(table: str, out: Path | None, pack: Path | None, language: str) -> None:
    """Write the decision table TABLE of a pack into a workbook.

    Its first sheet has a line for each row, under titles and, in grey, the ids that say what a column is; cells offer
    what they take. `-` accepts anything, `core` one value, `core, strategic` several; `>= 3` and `3 .. 5` are bounds;
    whatever else is asked stands in braces, as in rule files. A second sheet says what each column takes, a third what
    the file is.

    \b
    Example:
      valuelift rules table export complaint-to-need --out needs.xlsx --lang zh
    """
    from common.table_book import as_xlsx
    from common.table_exchange import as_book
    from common.texts import Texts
    from wiring import shipped_pack

    texts, path = Texts(language), out or Path(f"{table}.xlsx")
    with _refusals(texts):
        content = as_xlsx(as_book(_file(pack or shipped_pack(), table), language))
    path.write_bytes(content)
    click.echo(texts("table_exported", file=str(path)))


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@click.option(
    "--pack", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="FOLDER",
    help="The pack in this folder.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show the edit, but leave the file as it is.")
@click.option("--force", is_flag=True, help="Also if the table has changed since it was exported.")
@language_option
@json_option
def import_(file: Path, pack: Path, dry_run: bool, force: bool, language: str, as_json: bool) -> None:
    """Bring the decision table in the workbook FILE back into its pack.

    Every cell is checked as `rules check` would check it, and all problems are told at once, by sheet and cell; then
    nothing is written. Otherwise only the rows that are different are edited in the table's file: comments and
    everything else stay. Rows can be added, removed and moved; a row is known by its id. Exit code 1: refused.

    \b
    Example:
      valuelift rules table import complaint-to-need.xlsx --pack our-rules
    """
    from common.table_book import read_book
    from common.table_exchange import brought_back
    from common.texts import Texts

    texts = Texts(language)
    with _refusals(texts):
        read = read_book(file)
        back = brought_back(_file(pack, read.about.get("table", "")), read, force)
    if not dry_run and back.after != back.before:
        _write(back)
    if as_json:
        from commands.output import print_json

        print_json(_plain(back, written=not dry_run))
        return
    click.echo(_told(back, dry_run, texts))


def _file(folder: Path, table: str) -> TableFile:
    from common.table_exchange import TableFile

    return TableFile(folder, table)


@contextmanager
def _refusals(texts: Texts) -> Iterator[None]:
    """Say why a table is refused: every problem in its cells, or what stands in the way."""
    from common.table_book import SheetError
    from common.table_exchange import ExchangeError

    try:
        yield
    except ExchangeError as refused:
        click.echo(texts(refused.text, **refused.values).rstrip(), err=True)
        raise click.exceptions.Exit(PROBLEMS) from None
    except SheetError as error:
        click.echo(_cells(error, texts), err=True)
        raise click.exceptions.Exit(PROBLEMS) from None


def _cells(error: SheetError, texts: Texts) -> str:
    """Return a line for each problem in a workbook, by sheet and cell, and how many there are."""
    from common.checked import line
    from engine.check import finding_of

    told = [line(finding_of(one), texts, one.location.file) for one in error.in_order]
    number = texts("check_problems", number=texts.number(len(error.problems)))
    return "\n".join([*([str(error)] if texts.language == "en" else told), number])


def _write(back: Back) -> None:
    """Put the new text in the place of the old at once, so that nobody ever finds half of it."""
    content = back.after.encode("utf-8")
    if back.path.read_bytes().startswith(BOM_UTF8):
        content = BOM_UTF8 + content
    beside = back.path.with_name(f".{back.path.name}.new")
    beside.write_bytes(content)
    shutil.copymode(back.path, beside)
    beside.replace(back.path)


def _told(back: Back, dry_run: bool, texts: Texts) -> str:
    if back.after == back.before:
        return texts("table_unchanged")
    counts = {name: len(getattr(back, name)) for name in ("changed", "added", "removed")}
    said = texts("table_dry" if dry_run else "table_imported", file=str(back.path), **counts)
    return f"{back.diff}{said}" if dry_run else said


def _plain(back: Back, written: bool) -> dict[str, Any]:
    return {
        "file": str(back.path),
        "written": written and back.after != back.before,
        "changed": back.changed,
        "added": back.added,
        "removed": back.removed,
        "diff": back.diff,
    }
