"""Run durable-rules at real size against a plain interpreter, in a process of its own.

    python bench/durable_spike.py --evaluations 1000000

Random packs (by default 300 rules in 8 strata over 400 distinct leaf tests, for customers and per child row)
decide random customers. Which rules fire is matched by durable-rules the way the session uses it; a sample is
compared with plain Python.

Exit code 0: no mismatch; 1: mismatches; 3: the evaluating process died (durable-rules can crash its process).
"""

import argparse
import json
import operator
import random
import statistics
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Protocol, TypeVar

import durable_rules_engine as durable  # type: ignore[import-not-found,unused-ignore]

CUSTOMER_FACTS = tuple(f"c{i}" for i in range(180))
ROW_FACTS = tuple(f"r{i}" for i in range(20))
MISSING_SHARE = 0.1
VALUES = 12

RULES_PER_VIEW = 40
"""durable-rules keeps at most 64 matching sibling tests on a stack; a view of 40 rules needs 40 at most."""

SID = "s"
OPERATORS: dict[str, Callable[[int, int], bool]] = {
    "$eq": operator.eq,
    "$neq": operator.ne,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}

Values = dict[str, int]


@dataclass(frozen=True, slots=True)
class Size:
    """How large the random packs and customers are."""

    strata: int
    rules: int
    leaves: int
    most_rows: int

    def has_row_rules(self, stratum: int) -> bool:
        return stratum % 2 == 0 and stratum < self.strata


@dataclass(frozen=True, slots=True)
class Leaf:
    """Compare one fact with one constant; false when the fact is missing."""

    fact: str
    operator: str
    constant: int

    def holds(self, values: Mapping[str, int]) -> bool:
        value = values.get(self.fact)
        return value is not None and OPERATORS[self.operator](value, self.constant)


@dataclass(frozen=True, slots=True)
class Rule:
    """Set one derived fact (of the customer or of each row) where all leaves hold."""

    name: str
    stratum: int
    per_row: bool
    leaves: tuple[Leaf, ...]
    sets: str
    value: int
    priority: int


@dataclass(frozen=True, slots=True)
class Customer:
    """Hold the measured facts of one customer and of its child rows."""

    facts: Values
    rows: tuple[Values, ...]


# --- a random pack and random customers ---------------------------------------------------------------------


def generate_pack(rng: random.Random, size: Size) -> list[Rule]:
    """Return rules over `size.leaves` distinct leaves on measured facts and conclusions of earlier strata."""
    rules: list[Rule] = []
    seen: set[Leaf] = set()
    customer_facts, row_facts = list(CUSTOMER_FACTS), list(ROW_FACTS)
    for stratum in range(1, size.strata + 1):
        count = size.rules * stratum // size.strata - len(rules)
        row_count = count // 3 if size.has_row_rules(stratum) else 0
        row_leaves = _new_leaves(rng, row_facts, row_count, seen)
        leaves = _new_leaves(rng, customer_facts, size.leaves * stratum // size.strata - len(seen), seen)
        concluded: dict[str, str] = {}
        for number in range(count):
            per_row = number < row_count
            own = row_leaves[number : number + 1] if per_row else leaves[number - row_count :: count - row_count]
            more = rng.sample(leaves + row_leaves if per_row else leaves, rng.randint(0, 3))
            sets = f"row{stratum}_{rng.randrange(4)}" if per_row else f"out{stratum}_{rng.randrange(10)}"
            concluded[sets] = f"any_{sets}" if per_row else sets
            rules.append(
                Rule(
                    name=f"rule-{stratum}-{number}",
                    stratum=stratum,
                    per_row=per_row,
                    leaves=tuple(dict.fromkeys([*own, *more])),
                    sets=sets,
                    value=rng.randrange(VALUES),
                    priority=rng.randrange(3),
                )
            )
        row_facts += [fact for fact, seen_by_customer in concluded.items() if fact != seen_by_customer]
        customer_facts += concluded.values()
    return rules


def _new_leaves(rng: random.Random, facts: Sequence[str], count: int, seen: set[Leaf]) -> list[Leaf]:
    leaves: list[Leaf] = []
    while len(leaves) < count:
        leaf = Leaf(rng.choice(facts), rng.choice(list(OPERATORS)), rng.randrange(VALUES))
        if leaf not in seen:
            seen.add(leaf)
            leaves.append(leaf)
    return leaves


def generate_customer(rng: random.Random, size: Size) -> Customer:
    def measured(names: Sequence[str]) -> Values:
        return {name: rng.randrange(VALUES) for name in names if rng.random() >= MISSING_SHARE}

    rows = rng.randint(0, size.most_rows)
    return Customer(measured(CUSTOMER_FACTS), tuple(measured(ROW_FACTS) for _ in range(rows)))


# --- one decision, whichever way rules are matched ----------------------------------------------------------

Lowered = TypeVar("Lowered")
Firing = tuple[str, int]
"""A rule's name and the row's number; -1 where the rule is the customer's."""


class Matcher(Protocol[Lowered]):
    """Find the rules of one stratum and scope which fire on facts in the form which this matcher wants."""

    def lower(self, values: Values) -> dict[str, Lowered]: ...

    def fire(self, stratum: int, per_row: bool, facts: Mapping[str, Lowered]) -> list[str]: ...


def decide(size: Size, rules: Mapping[str, Rule], matcher: Matcher[Lowered], customer: Customer) -> list[Firing]:
    """Return what fired, sorted, having let every stratum read what the earlier ones concluded."""
    facts = matcher.lower(customer.facts)
    rows = [matcher.lower(row) for row in customer.rows]
    fired: list[Firing] = []
    for stratum in range(1, size.strata + 1):
        names = matcher.fire(stratum, False, facts)
        with_row_rules = rows if size.has_row_rules(stratum) else []
        by_row = [matcher.fire(stratum, True, facts | row) for row in with_row_rules]
        fired += [(name, -1) for name in names]
        facts |= matcher.lower(settle(rules, names))
        for number, names_of_row in enumerate(by_row):
            fired += [(name, number) for name in names_of_row]
            concluded = settle(rules, names_of_row)
            rows[number] |= matcher.lower(concluded)
            facts |= matcher.lower({f"any_{fact}": 1 for fact in concluded})
    return sorted(fired)


def settle(rules: Mapping[str, Rule], names: Sequence[str]) -> Values:
    """Return the conclusions of these rules: the highest priority wins, ties go to the smallest name."""
    by_name = [rules[name] for name in sorted(names, reverse=True)]
    weakest_first = sorted(by_name, key=lambda rule: rule.priority)
    return {rule.sets: rule.value for rule in weakest_first}


class PlainMatcher:
    """Test every leaf of every rule in Python: what durable-rules is compared with."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules

    def lower(self, values: Values) -> Values:
        return dict(values)

    def fire(self, stratum: int, per_row: bool, facts: Mapping[str, int]) -> list[str]:
        scope = [rule for rule in self._rules if rule.stratum == stratum and rule.per_row == per_row]
        return [rule.name for rule in scope if all(leaf.holds(facts) for leaf in rule.leaves)]


# --- the same by durable-rules ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class View:
    """Group at most `RULES_PER_VIEW` rules of one stratum and scope, matched by one asserted fact.

    The fact holds only what these rules read. Its `view` number is every rule's first test and so plays the
    part of the phase: a later fact is asserted only after the earlier ones have been drained. (A pattern of
    its own for the phase doubles the time.)
    """

    number: int
    properties: tuple[str, ...]


class DurableMatcher:
    """Match rules by the extension's raw loop: one sid, one fact at a time, asserted, drained, retracted.

    Retracting leaves an empty state, which the next fact reuses; deleting the state doubles the time, because
    the library then allocates and clears some 12 KB per rule again.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        definition: dict[str, object] = {"prime": {"all": [{"m": {"view": 0}}]}}
        self._views: dict[tuple[int, bool], list[View]] = {}
        for number, group in enumerate(_groups(rules), start=1):
            reads = dict.fromkeys(leaf.fact for rule in group for leaf in rule.leaves)
            scope = (group[0].stratum, group[0].per_row)
            self._views.setdefault(scope, []).append(View(number, tuple(reads)))
            definition |= {rule.name: _lowered_rule(rule, number) for rule in group}
        self._handle = durable.create_ruleset("spike", json.dumps(definition))
        # delete_state on a slot in which no action ever ran frees an uninitialised pointer.
        self._fire(View(0, ()), {})

    def lower(self, values: Values) -> dict[str, str]:
        """Return each fact as JSON text, rendered once for all the views which read it."""
        return {name: f',"{name}":{value:d}' for name, value in values.items()}

    def fire(self, stratum: int, per_row: bool, facts: Mapping[str, str]) -> list[str]:
        return [name for view in self._views.get((stratum, per_row), ()) for name in self._fire(view, facts)]

    def _fire(self, view: View, facts: Mapping[str, str]) -> list[str]:
        known = "".join(map(facts.get, view.properties, repeat("")))
        fact = f'{{"id":"v","sid":"{SID}","view":{view.number}{known}}}'
        try:
            code, state = durable.assert_fact(self._handle, fact)
            if code == 1:  # no rule matches this fact; nothing was kept
                return []
            if code != 0:
                raise RuntimeError(f"durable-rules refused the fact with code {code}")
            names = list(self._drain(state))
            if not names:
                raise RuntimeError("durable-rules matched the fact and offered no action")
            durable.retract_fact(self._handle, f'{{"id":"v","sid":"{SID}"}}')
        except (durable.error, RuntimeError):
            # What was left half done would hide or spoil the next decision. (After a MemoryError the process is done.)
            durable.delete_state(self._handle, SID)
            raise
        return names

    def _drain(self, state: int) -> Iterator[str]:
        action = durable.start_action_for_state(self._handle, state)
        message = action[1] if action else None
        while message is not None:
            yield message[2 : message.index('"', 2)]  # '{"rule-1-2":{"m":{...}}}'
            message = durable.complete_and_start_action(self._handle, state)


def _groups(rules: Sequence[Rule]) -> Iterator[Sequence[Rule]]:
    scopes: dict[tuple[int, bool], list[Rule]] = {}
    for rule in rules:
        scopes.setdefault((rule.stratum, rule.per_row), []).append(rule)
    for scope in scopes.values():
        for start in range(0, len(scope), RULES_PER_VIEW):
            yield scope[start : start + RULES_PER_VIEW]


def _lowered_rule(rule: Rule, view: int) -> dict[str, object]:
    return {"all": [{"m": {"$and": [{"view": view}, *map(_lowered_leaf, rule.leaves)]}}]}


def _lowered_leaf(leaf: Leaf) -> dict[str, object]:
    test = {leaf.fact: leaf.constant}
    return {leaf.operator: test} if leaf.operator != "$eq" else dict(test)


# --- the run ------------------------------------------------------------------------------------------------


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def evaluate(size: Size, evaluations: int, packs: int, check_every: int, seed: int) -> int:
    """Evaluate, print the figures, and return the number of mismatches."""
    rng = random.Random(seed)
    mismatches = checked = firings = 0
    latencies = array("d", bytes(8 * evaluations))
    for pack in range(packs):
        rules = generate_pack(rng, size)
        by_name = {rule.name: rule for rule in rules}
        matcher, plain = DurableMatcher(rules), PlainMatcher(rules)
        customers = [generate_customer(rng, size) for _ in range(500)]
        for number in range(pack, evaluations, packs):
            check = number % check_every < packs
            customer = generate_customer(rng, size) if check else rng.choice(customers)
            started = time.perf_counter()
            fired = decide(size, by_name, matcher, customer)
            latencies[number] = time.perf_counter() - started
            firings += len(fired)
            if check:
                checked += 1
                mismatches += fired != decide(size, by_name, plain, customer)
            if number // packs in (1_000, (evaluations - 1) // packs):
                done, resident = number // packs + 1, resident_megabytes()
                print(f"pack {pack + 1}: resident {resident:.1f} MB after {done:,} evaluations", flush=True)
    cuts = statistics.quantiles(latencies, n=100)
    rate = evaluations / sum(latencies)
    print(f"{evaluations:,} evaluations, {firings / evaluations:.1f} firings each")
    print(f"{rate:,.0f} evaluations/s, p50 {cuts[49] * 1e3:.3f} ms, p99 {cuts[98] * 1e3:.3f} ms")
    print(f"{checked:,} checked against plain Python, {mismatches} mismatches")
    return mismatches


def main() -> int:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--evaluations", type=int, default=20_000)
    parser.add_argument("--packs", type=int, default=4, help="random packs to spread them over")
    parser.add_argument("--strata", type=int, default=8)
    parser.add_argument("--rules", type=int, default=300)
    parser.add_argument("--leaves", type=int, default=400)
    parser.add_argument("--most-rows", type=int, default=6)
    parser.add_argument("--check-every", type=int, default=50, help="check every n-th decision")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--in-process", action="store_true", help="evaluate here instead of in a subprocess")
    options = parser.parse_args()
    if options.in_process:
        size = Size(options.strata, options.rules, options.leaves, options.most_rows)
        mismatches = evaluate(size, options.evaluations, options.packs, options.check_every, options.seed)
        return 1 if mismatches else 0
    again = [sys.executable, __file__, *sys.argv[1:], "--in-process"]
    status = subprocess.run(again, check=False).returncode
    if status not in (0, 1):
        print(f"the evaluating process died with status {status}", file=sys.stderr)
        return 3
    return status


if __name__ == "__main__":
    sys.exit(main())
