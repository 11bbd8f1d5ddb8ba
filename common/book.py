"""The rule book of a pack: every item in words, by file, with what it is linked with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from engine.model import MethodItem
from engine.portrait import Gallery, Portrait
from engine.relations import relations
from engine.wording import Wording

LINKS = ("reads", "concludes", "made_by", "read_by", "advised_by", "used_by")


@dataclass(frozen=True)
class Chapter:
    """The items of one file."""

    name: str
    items: tuple[Portrait, ...]


class Book:
    """What a rule book shows, in one language."""

    def __init__(self, gallery: Gallery, counts: Mapping[str, int] | None, as_of: date) -> None:
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
