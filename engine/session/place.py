"""One customer, and each of its rows, in a session: what is known there, and what has been concluded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.program import EPOCH, Code, CountAtLeast, Program, SumAtLeast
from engine.session.meaning import NO_FACTS, Meaning, Meanings, Scope
from engine.snapshot import CustomerFacts, Recorded
from engine.vocabulary import BEGINNING, FactKey, Value

Truth = bool | None


class Place:
    """A customer (`scope` None) or a row of a collection, with what is known and has been concluded there.

    Facts go by name: `codes`, `sets` and `provisional` hold those of this scope. Leaves and patterns are bits. `yes`
    and `no` are the leaves that hold and fail, `sure_yes` and `sure_no` those that do so without a provisional fact.
    Patterns are `blocked`, because something that they need is not true, and `dead`, if it is surely false. Rules have
    `fired` or are `open`; only a rule in `doubt`, as it reads something missing or provisional, can be open.
    `auxiliaries` are the properties of nested `any` that hold.
    """

    __slots__ = (
        "all", "auxiliaries", "blocked", "codes", "customer", "dead", "doubt", "fired", "key", "no", "open",
        "provisional", "scope", "sets", "sure_no", "sure_yes", "yes",
    )  # fmt: skip

    def __init__(
        self,
        places: Places,
        facts: Scope,
        values: Mapping[str, Value],
        scope: str | None = None,
        key: str = "",
    ) -> None:
        """Note what is known from the start.

        Raises:
            ValueError: if a value is not one of its fact's type or enum.
        """
        self.all = places
        self.customer = self if scope is None else places.customer
        self.scope = scope
        self.key = key
        self.codes: dict[str, Code] = {}
        self.sets: dict[str, frozenset[int]] = {}
        self.provisional: set[str] = set()
        self.fired = self.open = self.auxiliaries = 0
        yes, no, dead, blocked, doubt = facts.missing(tuple(values))
        today, codes, read_by = places.today, self.codes, facts.facts
        for name, value in values.items():
            if name in read_by:
                read, is_resolved = read_by[name]
                codes[name], cell = read(value, today)
                if not is_resolved:  # a value blocks nothing and leaves no doubt
                    held, failed, false, _, _ = cell
                    yes |= held
                    no |= failed
                    dead |= false
        self.yes, self.no, self.sure_yes, self.sure_no = yes, no, yes, no
        self.dead, self.blocked, self.doubt = dead, blocked | dead, doubt

    def note(self, meaning: Meaning) -> None:
        """Note what a fact means that rules have just completed."""
        name, code = meaning.name, self.codes.get(meaning.name)
        if code is not None:
            cell = meaning.look(code, self.all.today)
        elif name in self.sets:
            cell = meaning.look_set(self.sets[name])
        else:
            cell = meaning.missing
        self.yes |= cell.yes
        self.no |= cell.no
        self.blocked |= cell.blocked | cell.dead
        self.doubt |= cell.doubt
        if name in self.provisional:
            self.doubt |= meaning.readers
        else:
            self.sure_yes |= cell.yes
            self.sure_no |= cell.no
            self.dead |= cell.dead

    def holder(self, fact: FactKey) -> Place:
        """Return where a fact that is read here stands: here, or at the customer."""
        return self if self.scope == fact.scope else self.customer

    def is_open(self, fact: FactKey) -> bool:
        """Whether a fact that is read here is missing or provisional."""
        place, name = self.holder(fact), fact.name
        return name in place.provisional or (name not in place.codes and name not in place.sets)


class Reader:
    """What a program looks at: `scopes` in which something is concluded; collections beyond those are counted only."""

    def __init__(self, program: Program, meanings: Meanings) -> None:
        self.facts = meanings.by_scope
        resolved = [resolution.fact.scope for resolution in program.resolutions]
        self.scopes = dict.fromkeys([None, *(rule.scope for rule in program.rules), *resolved])
        self.collections = {*self.scopes} | {
            leaf.collection for leaf in program.leaves if isinstance(leaf, CountAtLeast | SumAtLeast)
        }


class Places:
    """A customer and its rows. `counted` remembers quantified tests, nominal and cautious ones apart.

    `fired` and `open` are the rules that are so at any place; `is_settled` until something is provisional at one.
    """

    def __init__(self, reader: Reader, customer: CustomerFacts) -> None:
        """Read a customer's facts; those and collections that the program never looks at are left out.

        Raises:
            ValueError: if a value is not one of its fact's type or enum.
        """
        self.as_of = customer.as_of
        self.today = (customer.as_of - EPOCH).days
        self.fired = self.open = 0
        self.is_settled = True
        self.counted: dict[tuple[int, bool], Truth] = {}
        self.customer = Place(self, reader.facts[None], customer.facts)
        self._of: dict[str | None, list[Place]] = {None: [self.customer]}
        self._recorded = customer.recorded
        self._scopes = reader.scopes
        for name, rows in customer.rows.items():
            if name in reader.collections:
                facts = reader.facts.get(name, NO_FACTS)
                self._of[name] = [Place(self, facts, row.facts, name, row.key) for row in rows]

    def __iter__(self) -> Iterator[Place]:
        """Yield the customer, and the rows of which rules conclude something."""
        for scope in self._scopes:
            yield from self._of.get(scope, ())

    def of(self, scope: str | None) -> list[Place]:
        """Return the customer, or the rows of a collection."""
        return self._of.get(scope, [])

    def is_covered(self, collection: str, window: int | None) -> bool:
        """Whether a collection was recorded over the `window` days up to as-of (None: since the beginning)."""
        recorded: Recorded | None = self._recorded.get(collection)
        if recorded is None:
            return False
        start, end = recorded
        began = start == BEGINNING or (window is not None and (start - EPOCH).days <= self.today - window)
        return began and (end is None or (end - EPOCH).days >= self.today)


def mask(positions: Iterable[int]) -> int:
    """Return a number with the bits at these positions set."""
    return sum(1 << position for position in set(positions))
