"""Match rules by durable-rules, inside the envelope in which the library is safe. Nothing else imports it.

Rules of one stratum and scope are grouped into *views* of at most 40, and views, if there are very many, into several
rulesets of the library. A view is asserted as one flat fact that holds just what those of its rules read that can still
be true, as whole numbers; a rule is one pattern, a conjunction of comparisons with constants that begins with the
view's number. The fact is drained, only rule names are read, and it is retracted before the next one. No negation,
join, `$or` or arithmetic ever reaches the library, and a missing value is a missing property.

Measured: a pattern of its own for the phase, or deleting the state instead of retracting, doubles the time; so do
properties that no candidate reads.
"""

from __future__ import annotations

import json
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

import durable_rules_engine as durable

RULES_PER_VIEW = 40  # the library keeps at most 64 matching sibling tests on a stack, and 255 rules behind one test
PROPERTIES_PER_VIEW = 200  # and at most 252 properties in a fact
PATTERNS_PER_RULESET = 4_000  # a ruleset holds at most 4,096 rules
VIEWS_PER_RULESET = 500  # and hangs when 512 first tests are distinct
LARGEST = 2**62  # integers beyond 2**63 - 1 are silently cut
_SID = "s"
_RESERVED = ("id", "sid", "view")


class Comparison(NamedTuple):
    """A property compared with a whole number; `operator` is one of `$eq`, `$neq`, `$gte`, `$lt`.

    (A tuple, as a session hashes thousands of them while it is compiled.)
    """

    property: str
    operator: str
    constant: int


class Pattern(NamedTuple):
    """Comparisons that must all hold, and the pattern's place among all.

    `rules` are those that it is there for, as bits; `auxiliary` is the property that it gives to others, if any.
    """

    place: int
    comparisons: tuple[Comparison, ...]
    rules: int = 0
    auxiliary: str = ""


class View(NamedTuple):
    """Patterns that one asserted fact decides, as bits, what each of them reads, and the ruleset that holds them."""

    ruleset: int
    number: int
    patterns: int
    properties: Mapping[int, tuple[str, ...]]


@dataclass
class _Ruleset:
    """What one ruleset of the library is made from: rules by name, in `views` views."""

    definition: dict[str, object] = field(default_factory=lambda: {"prime": {"all": [{"m": {"view": 0}}]}})
    views: int = 0

    def has_room(self, patterns: int) -> bool:
        return self.views < VIEWS_PER_RULESET and len(self.definition) + patterns <= PATTERNS_PER_RULESET

    def add(self, patterns: Iterable[Pattern]) -> int:
        """Add a view, and return its number."""
        self.views += 1
        self.definition |= {str(pattern.place): _lowered(pattern, self.views) for pattern in patterns}
        return self.views


class Matcher:
    """Patterns compiled to rulesets of the library. Not safe in two threads; a process has one per pack version."""

    def __init__(self, groups: Iterable[Sequence[Pattern]]) -> None:
        """Compile groups of patterns; those of one group are decided together.

        Raises:
            ValueError: for what no lowering makes of a pack: a pattern reads too many properties, names of properties
                collide in the library's hash, or a constant is too large.
        """
        rulesets = [_Ruleset()]
        hashes: dict[int, str] = {}
        self.views: list[list[View]] = []
        for group in groups:
            views = []
            for patterns in _portions(group):
                read = {one.place: tuple(test.property for test in one.comparisons) for one in patterns}
                _check(dict.fromkeys(chain.from_iterable(read.values())), hashes)
                if not rulesets[-1].has_room(len(patterns)):
                    rulesets.append(_Ruleset())
                number = rulesets[-1].add(patterns)
                views.append(View(len(rulesets) - 1, number, sum(1 << place for place in read), read))
            self.views.append(views)
        self.definitions = [one.definition for one in rulesets]
        self._handles = [durable.create_ruleset("valuelift", json.dumps(one)) for one in self.definitions]
        for handle in self._handles:
            weakref.finalize(self, _give_back, handle)
            self._fire(handle, 0, "")  # the library must have run an action before any state is deleted

    def fire(self, view: View, candidates: int, rendered: Callable[[str], str]) -> int:
        """Return the candidates that hold, as bits.

        Args:
            view: one of `views`.
            candidates: those of its patterns to ask about, as bits. What others read is left out, but for what
                candidates read as well, so some of these may hold; they are not returned.
            rendered: renders a property (see `render`) by its name; empty where there is no value.

        Raises:
            RuntimeError: if the library refuses a fact.
        """
        properties = dict.fromkeys(chain.from_iterable(view.properties[place] for place in bits(candidates)))
        names = self._fire(self._handles[view.ruleset], view.number, "".join(map(rendered, properties)))
        return sum(1 << int(name) for name in names) & candidates

    def _fire(self, handle: int, view: int, properties: str) -> list[str]:
        try:
            fact = f'{{"id":"v","sid":"{_SID}","view":{view}{properties}}}'
            code, state = durable.assert_fact(handle, fact)
            if code == 1:  # no pattern holds, and nothing was kept
                return []
            if code != 0:
                raise RuntimeError(f"durable-rules refused a fact (code {code})")
            names = list(_drain(handle, state))
            if not names:
                raise RuntimeError("durable-rules matched a fact and offered no action")
            durable.retract_fact(handle, f'{{"id":"v","sid":"{_SID}"}}')
        except BaseException:
            # What was left half done would spoil the next decision.
            durable.delete_state(handle, _SID)
            raise
        return names


def _give_back(handle: int) -> None:
    """Delete a ruleset and, before it, its state: the library would keep the memory of that, up to 1 MB."""
    with suppress(durable.error):  # there is none after an interruption (see `_fire`)
        durable.delete_state(handle, _SID)
    durable.delete_ruleset(handle)


def bits(number: int) -> Iterator[int]:
    """Yield the positions of the bits that are set."""
    while number:
        highest = number.bit_length() - 1
        yield highest
        number ^= 1 << highest


def are_several(number: int) -> bool:
    """Whether more than one bit is set."""
    return bool(number & (number - 1))


def render(name: str, value: int) -> str:
    """Render a property for `Matcher.fire`. Beyond what any constant can be, all values are one to every comparison."""
    return f',"{name}":{max(-LARGEST, min(value, LARGEST)):d}'


def _drain(handle: int, state: int) -> Iterator[str]:
    """Complete every waiting action, and yield the names of their rules."""
    action = durable.start_action_for_state(handle, state)
    message = action[1] if action else None
    while message is not None:
        yield message[2 : message.index('"', 2)]  # {"name":{"m":{...}}}
        message = durable.complete_and_start_action(handle, state)


def _portions(group: Sequence[Pattern]) -> Iterator[Sequence[Pattern]]:
    """Split a group into what fits a view; those that need the same stand together, so that fewer views have any."""
    portion: list[Pattern] = []
    read: set[str] = set()
    often = Counter(test for pattern in group for test in pattern.comparisons)

    def by_commonest(pattern: Pattern) -> list[tuple[int, str, str, int]]:
        return sorted((-often[test], test.property, test.operator, test.constant) for test in pattern.comparisons)

    for pattern in sorted(group, key=by_commonest):
        more = {test.property for test in pattern.comparisons}
        if len(more) > PROPERTIES_PER_VIEW:
            raise ValueError(f"a pattern reads {len(more)} properties, of which a fact holds {PROPERTIES_PER_VIEW}")
        if portion and (len(portion) == RULES_PER_VIEW or len(read | more) > PROPERTIES_PER_VIEW):
            yield portion
            portion, read = [], set()
        portion.append(pattern)
        read |= more
    if portion:
        yield portion


def _lowered(pattern: Pattern, view: int) -> dict[str, object]:
    tests: list[object] = [{"view": view}]
    for test in pattern.comparisons:
        if not -LARGEST < test.constant < LARGEST:
            raise ValueError(f"{test.constant:,} is too large for durable-rules, which counts to 2**62")
        equals = {test.property: test.constant}
        tests.append(equals if test.operator == "$eq" else {test.operator: equals})
    return {"all": [{"m": {"$and": tests} if len(tests) > 1 else {"view": view}}]}


def _check(read: Iterable[str], hashes: dict[int, str]) -> None:
    """Refuse property names that are reserved or that the library's 32-bit hash cannot tell apart."""
    for name in read:
        if name in _RESERVED or not name.isalnum():
            raise ValueError(f"`{name}` cannot be a property")
        other = hashes.setdefault(_fnv1a(name), name)
        if other != name:
            raise ValueError(f"durable-rules cannot tell the properties `{other}` and `{name}` apart")


def _fnv1a(name: str) -> int:
    value = 2166136261
    for byte in name.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value
