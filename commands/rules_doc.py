"""`valuelift rules doc`: the rule book of a pack as pages to browse, in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import Day, pack_argument
from common.texts import Texts

if TYPE_CHECKING:
    from engine.model import MethodItem
    from engine.portrait import Gallery, Portrait
    from wiring import Rules

LANGUAGES = ("en", "zh")
LINKS = ("reads", "concludes", "made_by", "read_by", "advised_by", "used_by")


@click.command("doc")
@pack_argument
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
    help="Write en.html and zh.html into this folder.",
)  # fmt: skip
@click.option("--db", metavar="PATH|URL", help="Count for how many customers of this store each rule fires.")
@click.option(
    "--as-of", type=Day(), metavar="DATE", help="Count on the facts that hold on this date. By default today."
)
def command(pack: Path | None, out: Path, db: str | None, as_of: date | None) -> None:
    """Write the rule book of the folder PACK as pages to browse.

    Each rule, table, gate, scorecard, invariant, action and parameter stands in words, with its reason, the items of
    the method that it carries out, what it reads and sets, who reads that, its cases, and with --db for how many
    customers it fires. The pages need nothing else and link to each other. By default the pack that comes with
    Valuelift is told.

    \b
    Example:
      valuelift rules doc our-rules --out book --db customers.db
    """
    from commands.documents import rendered
    from engine.cases import load_cases
    from engine.coverage import fired_in
    from engine.load.uses import uses_of_parameters
    from engine.portrait import Gallery
    from wiring import load_rules, shipped_pack

    folder = pack or shipped_pack()
    rules = load_rules(folder)
    cases = load_cases(folder, rules.pack)
    fired = cache(lambda: fired_in(rules.program, cases))
    day = as_of or date.today()
    counts = None if db is None else _counts(db, rules, day)
    out.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        gallery = Gallery(rules.pack, language, cases, fired, uses_of_parameters(folder))
        book = Book(gallery, counts, day)
        text = rendered("rulebook.html", Texts(language), book=book)
        (out / f"{language}.html").write_text(text + "\n", encoding="utf-8")
        click.echo(str(out / f"{language}.html"))


def _counts(db: str, rules: Rules, day: date) -> Mapping[str, int]:
    """Return for how many customers of a store the rules of each item fire."""
    from commands.desk import open_store
    from engine.plan import Plan
    from engine.plan.overview import firing
    from wiring import Desk

    with open_store(db) as store:
        snapshot = Desk(store, rules, day).snapshot()
    return firing(rules.program, Plan(rules.program).run(snapshot))


@dataclass(frozen=True)
class Chapter:
    """The items of one file."""

    name: str
    items: tuple[Portrait, ...]


class Book:
    """What the pages show, in one language."""

    def __init__(self, gallery: Gallery, counts: Mapping[str, int] | None, as_of: date) -> None:
        from engine.relations import relations
        from engine.wording import Wording

        self.pack, self.counts, self.as_of = gallery.pack, counts, as_of
        self._wording = Wording(gallery.pack.vocabulary, gallery.language)
        self._items = relations(gallery.pack).items
        names = [*self._items, *gallery.pack.actions, *gallery.pack.parameters]
        self._portraits = tuple(one for one in gallery.all(names) if one.kind not in ("fact", "collection"))

    @property
    def title(self) -> str:
        """The pack's title."""
        return self._wording.text(self.pack.title)

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """The items by file, in the order of files."""
        by_file: dict[str, list[Portrait]] = {}
        for one in sorted(self._portraits, key=lambda one: one.at):
            by_file.setdefault(Path(one.at.file).stem, []).append(one)
        return tuple(Chapter(name, tuple(items)) for name, items in by_file.items())

    @property
    def method(self) -> tuple[tuple[MethodItem, str, tuple[Portrait, ...]], ...]:
        """The items of the method, each with its title and what carries it out."""
        cited: dict[str, list[Portrait]] = {}
        for one in self._portraits:
            for source in dict.fromkeys(name.partition(".")[0] for name in one.sources):
                cited.setdefault(source, []).append(one)
        items = self.pack.method.values()
        return tuple((item, self._wording.text(item.title), tuple(cited.get(item.id, ()))) for item in items)

    def links(self, one: Portrait) -> Iterator[tuple[str, Sequence[tuple[str, str]]]]:
        """Yield what an item is linked with: the kind of link, and ids (empty if not in the book) with titles."""
        for name in LINKS:
            # Facts have no place in the book, though some go by the name of a table.
            items = {} if name in ("reads", "concludes") else self._items
            found = [
                (each, self._wording.text(items[each].title)) if each in items else ("", self._wording.title(each))
                for each in getattr(one, name)
            ]
            if found:
                yield name, found

    @staticmethod
    def anchor(one: Portrait) -> str:
        """Return the name of an item's place; actions and parameters may go by the name of a rule."""
        return f"{one.kind}-{one.id}" if one.kind in ("action", "parameter") else one.id

    def fires(self, one: Portrait) -> int | None:
        """Return for how many customers an item fires; None if that was not counted, or it is nothing that fires."""
        return self.counts.get(one.id) if self.counts is not None and one.id == self.anchor(one) else None
