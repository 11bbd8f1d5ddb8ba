"""What a recommendation shows: `shows` of `pack.yaml` gives each role the fact that says it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from engine.load.form import SNAKE, Form
from engine.load.reading import Reading
from engine.model import Override
from engine.said import Said, quoted, said
from engine.vocabulary import Fact, Type, Vocabulary
from engine.yaml12 import Node, YMap, YScalar


class Role(NamedTuple):
    """Which facts can play a role: of these types, of this enum where the catalogue has it, and concluded or said.

    `is_derived` is None where it does not matter.
    """

    types: tuple[Type, ...]
    enum: str = ""
    is_derived: bool | None = None

    def fits(self, fact: Fact, vocabulary: Vocabulary) -> bool:
        """Return whether a fact can play the role."""
        return (
            fact.type in self.types
            and (not self.enum or self.enum not in vocabulary.enums or fact.enum == self.enum)
            and self.is_derived in (None, fact.is_derived)
        )

    @property
    def wanted(self) -> Said:
        """Which facts can play the role, in the words of a message."""
        kind = _a(self.types, self.enum)
        if self.is_derived is None:
            return kind
        return said("{kind} that rules conclude", kind=kind) if self.is_derived else said("{kind} on record", kind=kind)


_WORDS = (Type.CATEGORY, Type.LEVEL)

ROLES: Mapping[str, Role] = {
    "value": Role(_WORDS, "value_kind", is_derived=True),
    "effect": Role((Type.LEVEL,), "perception", is_derived=True),
    "speaker": Role((*_WORDS, Type.SET), "speaker_role", is_derived=True),
    "audience": Role((*_WORDS, Type.SET), "contact_role", is_derived=True),
    "guard_rails": Role((Type.SET,)),
    "flags": Role((Type.SET,)),
    "needs": Role((Type.SET,), "need_kind"),
    "implied_needs": Role((Type.SET,), "need_kind"),
    "heart_wish": Role(_WORDS, "heart_value"),
    "review": Role((Type.INTEGER,), is_derived=True),
    "since": Role((Type.DATE,)),
    "kept_until": Role((Type.DATE,), is_derived=False),
}
"""The roles that are more than a line of the recommendation: something is done with their facts' values."""


def read_shows(node: Node | None, reading: Reading) -> dict[str, str]:
    """Return the fact of each role, after noting which cannot play theirs."""
    if node is None:
        return {}
    form = Form(node, quoted("shows"), reading.problems)
    found = {}
    for role, name in form.rest():
        form.word_of(role, said("a role"), SNAKE)
        if isinstance(name, YScalar) and name.value is None:
            message = said("the role `{role}` has no fact.", role=role.text)
            form.problem(
                role.at, "empty-value", message, said("Name one, or write `null` for one that the base shows.")
            )
            continue
        if not isinstance(name, YScalar):
            form.word_of(name, said("a fact"))
            continue
        fact = reading.names.fact(name, None)
        wanted = ROLES.get(role.text)
        if fact is not None and wanted is not None and not wanted.fits(fact, reading.vocabulary):
            form.problem(
                name.at,
                "wrong-role",
                said(
                    "`{role}` shows {wanted}; `{fact}` is {kind} ({origin}).",
                    role=role.text,
                    wanted=wanted.wanted,
                    fact=fact.name,
                    kind=_a((fact.type,), fact.enum),
                    origin=fact.origin,
                ),
                said("Name another fact, or show this one under a role of your own."),
            )
        found[role.text] = fact.name if fact is not None else ""
    return found


def merged(packs: Iterable[Node | None]) -> tuple[Node | None, tuple[Override, ...]]:
    """Lay what packs show over each other, role by role, and return the roles that changed as well.

    A role that a pack sets to `null` is not shown.
    """
    shown: Node | None = None
    overrides: list[Override] = []
    for node in packs:
        if isinstance(node, YMap) and isinstance(shown, YMap):
            overrides += _changes(shown, node)
            roles = {key.text: (key, value) for key, value in shown.entries + node.entries}
            shown = YMap(tuple(entry for entry in roles.values() if not _is_nothing(entry[1])), node.at)
        else:
            shown = node or shown
    return shown, tuple(overrides)


def _changes(old: YMap, new: YMap) -> Iterator[Override]:
    for role, after in new.entries:
        before = old.get(role.text)
        if isinstance(before, YScalar) and isinstance(after, YScalar) and before.text != after.text:
            yield Override("role", role.text, f"{before.text} -> {after.text}", role.at)


def _is_nothing(node: Node) -> bool:
    return isinstance(node, YScalar) and node.value is None and node.text != ""


def _a(types: tuple[Type, ...], enum: str | None) -> Said:
    kind = said("an {types: or }", types=types) if types[0] is Type.INTEGER else said("a {types: or }", types=types)
    return said("{kind} of `{enum}`", kind=kind, enum=enum) if enum else kind
