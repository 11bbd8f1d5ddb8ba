"""Options that several commands share."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import click

from engine.said import said
from engine.vocabulary import LATEST

Command = Callable[..., Any]


class Day(click.ParamType[date]):
    """A date, such as 2024-06-30; none that lies so far ahead that it is a slip."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the date; fail on anything else."""
        try:
            day = value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(said("{value!r} is no date. Write it as 2024-06-30.", value=value), param, ctx)
        if day > LATEST:
            self.fail(said("{day} is too far ahead. Give a date up to {latest}.", day=day, latest=LATEST), param, ctx)
        return day


class Moment(click.ParamType[datetime]):
    """A moment, such as 2024-06-30T18:00; without a zone in local time."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment with its zone; fail on anything else."""
        if isinstance(value, datetime):
            return value
        try:
            return datetime.fromisoformat(value).astimezone()
        except (ValueError, OverflowError):
            self.fail(
                said("{value!r} is no moment. Write it as 2024-06-30T18:00 or 2024-06-30T18:00+08:00.", value=value),
                param,
                ctx,
            )


class Said(click.ParamType[str]):
    """A text that says something: one of nothing but blanks is refused, and blanks around it are no part of it."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text; fail if it is blank."""
        text = str(value).strip()
        if not text:
            self.fail(said("It is blank. Write something, or leave the option out."), param, ctx)
        return text


class Word(click.ParamType[str]):
    """One of a closed list of words; a misspelt one is answered with the nearest."""

    name = "word"

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(words)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word; fail on one that is not in the list."""
        if value not in self.words:
            self._refuse(value, param, ctx)
        return str(value)

    def _refuse(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> NoReturn:
        from engine.errors import which_word

        hint = which_word(str(value), self.words)
        self.fail(said("{word!r} is not known. {hint}", word=value, hint=hint), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:  # noqa: ARG002
        """Return the words that begin as typed."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(word) for word in self.words if word.startswith(incomplete)]


class OutFile(click.Path):
    """A file to write: it may be there and is then replaced, unless it is a store or belongs to one.

    Args:
        whole: it is put into its place when it is whole; a device, a pipe or the like cannot be replaced so.
    """

    def __init__(self, *, whole: bool = False) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)
        self._whole = whole

    def convert(self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; fail if nothing is to be written there."""
        file = Path(os.fsdecode(super().convert(value, param, ctx)))
        if _of_a_store(file):
            self.fail(
                said("{file} holds a store, or belongs to one, and would be lost. Give another name.", file=file),
                param,
                ctx,
            )
        if self._whole and file.exists() and not file.is_file():
            self.fail(said("{file} is no ordinary file. Give the name of one.", file=file), param, ctx)
        return file.resolve() if self._whole and file.is_symlink() else file


def _of_a_store(file: Path) -> bool:
    from facts.sqlite_files import belongs_to_one

    try:
        return belongs_to_one(file)
    except OSError:
        return False  # whoever writes to it says what is wrong


STAGES = ("potential", "target", "new", "established", "core", "strategic", "problem", "exited")


@dataclass(frozen=True, slots=True)
class Query:
    """What every query is asked with: which store and rules, as of when, known when, in which language and form."""

    db: str | None
    as_of: date
    known_at: datetime | None
    pack: Path | None
    language: str
    as_json: bool


def query_options(command: Command) -> Command:
    """Add the options of a query; the command receives them as one `query`."""

    @functools.wraps(command)
    def with_query(
        *,
        db: str | None,
        as_of: date | None,
        known_at: datetime | None,
        pack: Path | None,
        language: str,
        as_json: bool,
        **rest: Any,
    ) -> Any:
        query = Query(db, as_of or today(db), known_at, pack, language, as_json)
        return command(query=query, **rest)

    for option in (json_option, language_option, pack_option, known_at_option, as_of_option, db_option):
        with_query = option(with_query)
    return with_query


def today(db: str | None) -> date:
    """Return the day that it is where the store counts its days, whatever the clock of this machine says.

    Where there is no store it is the day here: whoever opens the store says what is wrong.
    """
    from facts.database import StoreError
    from facts.store import Store

    try:
        return Store.as_it_is(db).today()
    except StoreError:
        return date.today()


def default_user() -> str:
    """Return the login name, or `unknown` where there is none."""
    import getpass

    try:
        return getpass.getuser().strip() or "unknown"
    except (KeyError, OSError):  # no such user is registered, as in some containers
        return "unknown"


def default_language() -> str:
    """Return the language that the environment asks for."""
    from common.texts import default_language as asked

    return asked()


db_option = click.option(
    "--db",
    metavar="PATH|URL",
    envvar="VALUELIFT_DB",
    show_envvar=True,
    help="The store: a file, or postgresql://... By default valuelift.db in this folder.",
)
as_of_option = click.option(
    "--as-of", type=Day(), metavar="DATE", help="Decide on the facts that hold on this date. By default today."
)
known_at_option = click.option(
    "--known-at",
    type=Moment(),
    metavar="TIMESTAMP",
    help="Leave out what was recorded after this moment. By default now.",
)
pack_option = click.option(
    "--pack",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Decide by the rules in this folder, instead of those in use (see `valuelift pack`).",
)
pack_argument = click.argument(
    "pack", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="[PACK]"
)
rule_pack_option = click.option(
    "--pack",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="The pack in this folder. By default the one that comes with Valuelift.",
)
LANGUAGE = "valuelift.language"
"""Where click's context keeps the language that was asked for, in which errors are told as well."""

LANGUAGES = ("en", "zh")


def asked_language(args: Sequence[str]) -> str:
    """Return the language that arguments ask for, else the environment; also where a command is faulty."""
    options = args[: args.index("--")] if "--" in args else args
    words = [word for arg in options for word in (arg.split("=", 1) if arg.startswith("--lang=") else [arg])]
    given = [word for option, word in pairwise(words) if option == "--lang" and word in LANGUAGES]
    return given[-1] if given else default_language()


language_option = click.option(
    "--lang",
    "language",
    type=Word(LANGUAGES),
    default=default_language,
    metavar="en|zh",
    help="English or Chinese. By default as VALUELIFT_LANG or the system says.",
)
runs_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder of runs. By default that beside the store.",
)
out_option = click.option("--out", type=OutFile(), metavar="FILE", help="Write to this file.")
html_option = click.option(
    "--html",
    type=OutFile(),
    metavar="FILE",
    help="Write a page with pictures to this file as well.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for other programs.")
user_option = click.option(
    "--as",
    "user",
    type=Said(),
    metavar="USER",
    default=default_user,
    help="Who does this, for the record. By default your login name.",
)
