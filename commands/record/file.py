"""Recording many things from a file."""

from __future__ import annotations

from pathlib import Path

import click

from commands.failures import PROBLEMS
from commands.options import Query
from commands.output import print_json, print_page
from common.record_cells import Fault
from common.texts import Texts
from engine.said import Said, said


def record_from(path: Path, kind: str, user: str, query: Query, *, dry_run: bool) -> None:
    """Record the rows of a file and say how many were new, or print every fault and exit with 1."""
    from rich.text import Text

    from commands.desk import desk_for
    from common.record_file import record_file

    with desk_for(query) as desk:
        found = record_file(desk, path, kind, user=user, dry_run=dry_run)
    if query.as_json:
        print_json(found)
    else:
        texts = Texts(query.language)
        for fault in found.faults:
            click.echo(texts.told(_line(path, fault)), err=True)
        name = "record_file_refused" if found.faults else "record_file_checked" if dry_run else "record_file_done"
        numbers = ", ".join(map(str, found.numbers)) or "–"
        counts = {"rows": found.rows, "recorded": found.recorded, "unchanged": found.unchanged}
        print_page(Text(texts(name, **counts, faults=len(found.faults), numbers=numbers)))
    if found.faults:
        click.get_current_context().exit(PROBLEMS)


def _line(path: Path, fault: Fault) -> Said:
    """Return where something is wrong, what, and what to do."""
    row = str(fault.row)
    where = said("row {row}, {column}", row=row, column=fault.column) if fault.column else said("row {row}", row=row)
    line = said("{file}, {where}: {what}.", file=path.name, where=where, what=fault.what)
    return said("{first} {second}", first=line, second=fault.hint) if fault.hint else line
