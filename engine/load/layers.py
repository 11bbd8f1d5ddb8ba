"""Whose mistake something is, where a pack and those that it extends do not go together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.errors import Location


@dataclass(frozen=True, slots=True)
class Layers:
    """The folders of a pack and of the packs that it extends, the last base first.

    What a base says was right before a later pack added to it, and only who wrote that can mend it.
    """

    folders: tuple[str, ...] = ()

    def latest(self, *places: Location) -> Location:
        """Return the place that lies in the latest pack; of several in one pack the one that is given last."""
        return max(enumerate(places), key=lambda each: (self._layer(each[1]), each[0]))[1]

    def is_below(self, one: Location, other: Location) -> bool:
        """Return whether a place lies in a pack that the pack of another place extends."""
        return self._layer(one) < self._layer(other)

    def _layer(self, at: Location) -> int:
        folder = str(Path(at.file).parent)
        return self.folders.index(folder) if folder in self.folders else len(self.folders)
