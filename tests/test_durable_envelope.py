"""What durable-rules really does, and so why the session uses it only in one narrow way.

Each test pins a behaviour of the library which the session relies on or keeps out of reach. Where the library
would take the process down, the behaviour is a function of this module, run in a process of its own.
Not pinned, because the library then reads memory that nobody set: a text against a number, and an inequality
between two facts.
"""

import json
import os
import signal
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import durable_rules_engine as durable
import pytest

from tests.profiles import count

ROOT = Path(__file__).parents[1]
OBSERVED, UNMATCHED, MATCHED = 2, 1, 0

Pattern = dict[str, object]


def rule(*patterns: Pattern, **settings: int) -> dict[str, object]:
    """Return a rule whose patterns must all match, named `a`, `b`, ... unless a pattern is a named `$not`."""
    named = [
        pattern if any(name.endswith("$not") for name in pattern) else {alias: pattern}
        for alias, pattern in zip(string.ascii_lowercase, patterns, strict=False)
    ]
    return {"all": named, **settings}


def ruleset(**rules: object) -> int:
    handle: int = durable.create_ruleset("test", json.dumps(rules))
    return handle


def put(handle: int, fact_id: str = "v", sid: str = "s", **properties: Any) -> tuple[int, int]:
    """Assert one fact and return the library's code and the number of the state."""
    return put_text(handle, json.dumps({"id": fact_id, "sid": sid, **properties}))


def put_text(handle: int, fact: str) -> tuple[int, int]:
    result: tuple[int, int] = durable.assert_fact(handle, fact)
    return result


def retract(handle: int, fact_id: str = "v", sid: str = "s") -> None:
    durable.retract_fact(handle, json.dumps({"id": fact_id, "sid": sid}))


def drain(handle: int, state: int = 1) -> list[tuple[str, dict[str, Any]]]:
    """Complete every waiting action and return rule names with the facts they matched, in firing order."""
    fired = []
    action = durable.start_action_for_state(handle, state)
    message = action[1] if action else None
    while message is not None:
        fired += json.loads(message).items()
        message = durable.complete_and_start_action(handle, state)
    return fired


def fired(handle: int, state: int = 1) -> list[str]:
    return [name for name, _ in drain(handle, state)]


def matches(test: Pattern, value: str) -> bool:
    """Whether a rule of one test fires on a fact whose property `x` has this JSON text."""
    handle = ruleset(hit=rule({"$and": [{"view": 1}, test]}))
    code, _ = put_text(handle, f'{{"id":"v","sid":"s","view":1,{value}}}')
    return code == MATCHED


def alone(behaviour: str, seconds: float = 20, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a function of this module in a process of its own."""
    program = f"from tests.test_durable_envelope import {behaviour}; {behaviour}()"
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


# --- what the session builds on -----------------------------------------------------------------------------


def test_one_pattern_fires_exactly_when_the_fact_is_matched() -> None:
    """Code 0 says that at least one rule fires, code 1 that none does and that nothing was kept."""
    handle = ruleset(
        rich=rule({"$and": [{"view": 1}, {"$gte": {"x": 5}}]}), any=rule({"$and": [{"view": 1}, {"y": 1}]})
    )
    assert [put(handle, view=1, x=4)[0], put(handle, view=1, x=4)[0]] == [UNMATCHED, UNMATCHED]
    assert put(handle, view=1, x=5)[0] == MATCHED
    assert fired(handle) == ["rich"]


def test_a_retracted_fact_makes_room_for_the_next() -> None:
    """A second fact under an id that still lives is refused with code 2; after a retraction it is taken."""
    handle = ruleset(hit=rule({"view": 1}))
    assert put(handle, view=1)[0] == MATCHED
    assert fired(handle) == ["hit"]
    assert put(handle, view=1)[0] == OBSERVED
    retract(handle)
    assert put(handle, view=1)[0] == MATCHED
    assert fired(handle) == ["hit"]


def test_an_action_left_open_hides_all_others_until_the_state_is_deleted() -> None:
    """Starting an action locks the state for a minute: who fails before completing it must delete the state."""
    handle = ruleset(hit=rule({"view": 1}))
    put(handle, "first", view=1)
    durable.start_action_for_state(handle, 1)
    assert put(handle, "second", view=1)[0] == MATCHED
    assert fired(handle) == []
    durable.delete_state(handle, "s")
    put(handle, "third", view=1)
    assert fired(handle) == ["hit"]


def test_actions_come_by_priority_then_file_order_then_newest_fact() -> None:
    """A lower `pri` goes first; the session resolves priorities itself and does not rely on this."""
    handle = ruleset(late=rule({"view": 1}, pri=2), b=rule({"view": 1}, pri=1), a=rule({"view": 1}, pri=1))
    put(handle, "old", view=1)
    put(handle, "new", view=1)
    order = [(name, matched["a"]["id"]) for name, matched in drain(handle)]
    assert order == [
        ("b", "new"), ("b", "old"), ("a", "new"), ("a", "old"), ("late", "new"), ("late", "old"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "at_least_5", "is_not_5", "is_5"),
    [
        ('"x":5', True, False, True),
        ('"x":4', False, True, False),
        ('"x":-9223372036854775807', False, True, False),
        ('"x":9223372036854775807', True, True, False),
        ('"y":5', False, False, False),  # missing: unknown, so neither `is` nor `is_not` holds
        ('"x":null', False, False, False),
        ('"x":5.0', True, False, True),
        ('"x":[5]', False, False, False),
    ],
)
def test_values_against_a_numeric_test(value: str, at_least_5: bool, is_not_5: bool, is_5: bool) -> None:
    """Integers compare as they should; a missing or null property never matches, not even `is_not`."""
    tests: list[Pattern] = [{"$gte": {"x": 5}}, {"$neq": {"x": 5}}, {"x": 5}]
    assert [matches(test, value) for test in tests] == [at_least_5, is_not_5, is_5]


def test_integers_compare_exactly_up_to_63_bits() -> None:
    """Neighbours at the edge of 63 bits differ; what lies beyond is silently cut to the edge."""
    edge: Pattern = {"x": 2**63 - 1}
    assert [matches(edge, f'"x":{value}') for value in (2**63 - 2, 2**63 - 1, 2**63)] == [False, True, True]


def test_true_equals_one() -> None:
    """Flags and integers must never share a property."""
    assert [matches({"x": True}, '"x":1'), matches({"x": 1}, '"x":true'), matches({"x": False}, '"x":0')] == [True] * 3


def test_memory_stays_flat() -> None:
    """Asserting, draining and retracting grows the process by less than 1 MB over many thousand decisions."""
    assert alone("evaluate_many", seconds=count(quick=20, ci=20, long=600)).stdout == "flat\n"


def evaluate_many() -> None:
    handle = ruleset(**{f"r{i}": rule({"$and": [{"view": 1}, {"$gte": {"x": i}}]}) for i in range(20)})
    put(handle, view=1, x=0)
    fired(handle)
    retract(handle)
    before = resident_bytes()
    for number in range(count(quick=20_000, ci=40_000, long=1_000_000)):
        if put(handle, view=1, x=number % 25 - 5)[0] == MATCHED:
            fired(handle)
            retract(handle)
    grown = resident_bytes() - before
    sys.stdout.write("flat\n" if grown < 1_000_000 else f"grew by {grown:,} bytes\n")


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_deleted_ruleset_gives_its_memory_back() -> None:
    """A server may load new rules for as long as it lives: a kept ruleset of this size costs some 2 MB."""
    assert alone("reload_rules").stdout == "flat\n"


def test_a_state_must_be_deleted_before_its_ruleset() -> None:
    """The library forgets the state of a deleted ruleset, but keeps its memory: 1 MB for rules of this size."""
    assert alone("reload_rules_but_keep_states").stdout.startswith("grew by ")


def reload_rules() -> None:
    reload(delete_states=True)


def reload_rules_but_keep_states() -> None:
    reload(delete_states=False)


def reload(*, delete_states: bool) -> None:
    rules = {f"r{i}": rule({"$and": [{"view": 1}, {"$gte": {"x": i}}]}) for i in range(100)}
    before = 0
    for number in range(40):
        if number == 10:
            before = resident_bytes()
        handle = ruleset(**rules)
        put(handle, view=1, x=0)
        fired(handle)
        if delete_states:
            durable.delete_state(handle, "s")
        durable.delete_ruleset(handle)
    grown = resident_bytes() - before
    sys.stdout.write("flat\n" if grown < 5_000_000 else f"grew by {grown:,} bytes\n")


def test_random_packs_fire_as_in_plain_python() -> None:
    """Packs of 8 strata, 300 rules and 400 leaf tests with child rows fire as a plain interpreter says."""
    evaluations = count(quick=800, ci=4_000, long=200_000)
    spike = [sys.executable, "bench/durable_spike.py", f"--evaluations={evaluations}", "--check-every=5"]
    run = subprocess.run(spike, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.splitlines()[-1]) == (
        0,
        f"{evaluations * 4 // 5:,} checked against plain Python, 0 mismatches",
    )


# --- limits -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rules", "expected"), [(64, 64), (65, "error code: 303")])
def test_sixty_four_rules_may_match_side_by_side(rules: int, expected: object) -> None:
    """One rule more, and the fact is refused when it matches them all, not when the ruleset is made."""
    named = {f"r{i}": rule({"$and": [{"view": 1}, {"$gte": {"x": i}}]}) for i in range(rules)}
    assert fired_or_error(ruleset(**named), view=1, x=100) == expected


@pytest.mark.parametrize(("properties", "expected"), [(252, 1), (253, "error code: 302")])
def test_a_fact_has_252_properties_besides_its_ids(properties: int, expected: object) -> None:
    """One property more, and the fact is refused."""
    handle = ruleset(hit=rule({"p0": 1}))
    assert fired_or_error(handle, **{f"p{i}": 1 for i in range(properties)}) == expected


def fired_or_error(handle: int, **properties: Any) -> object:
    """Return how many rules fired, or the end of the library's message."""
    try:
        put(handle, **properties)
    except durable.error as refusal:
        return str(refusal)[-len("error code: 303") :]
    return len(fired(handle))


def test_forty_rules_of_a_hundred_tests_each_match_one_fact() -> None:
    """Long conjunctions cost no stack: only rules side by side do."""
    tests = [[{"view": 1}, *({"$gte": {f"p{j}": i}} for j in range(100))] for i in range(40)]
    handle = ruleset(**{f"r{i}": rule({"$and": tests[i]}) for i in range(40)})
    assert fired_or_error(handle, view=1, **dict.fromkeys((f"p{j}" for j in range(100)), 40)) == 40


def test_255_rules_may_share_their_last_test() -> None:
    """257 are refused; 256 are accepted, although firing them reads beyond the library's list.

    In a process of its own: in memory that was used before, one time in a hundred or so the library accepts 257.
    """
    assert alone("share_a_last_test").stdout == "51 of 255 fired\n256 accepted\n257 refused\n"


def share_a_last_test() -> None:
    handle = ruleset(**{f"r{i}": rule({"$and": [{"view": i % 5}]}) for i in range(255)})
    print(fired_or_error(handle, view=1), "of 255 fired")
    ruleset(**{f"r{i}": rule({"view": 1}) for i in range(256)})
    print("256 accepted")
    with pytest.raises(durable.error, match="error code: 108"):
        ruleset(**{f"r{i}": rule({"view": 1}) for i in range(257)})
    print("257 refused")


def test_512_tests_beside_each_other_hang() -> None:
    """The library's table of 512 is then full, and looking something up in it never ends."""
    with pytest.raises(subprocess.TimeoutExpired):
        alone("match_512_siblings", seconds=3)


def match_512_siblings() -> None:
    handle = ruleset(**{f"r{i}": rule({"$and": [{"view": 1}, {"x": i}]}) for i in range(512)})
    put(handle, view=1, y=1)


def test_customers_in_sequence_are_unlimited_but_only_1024_live_at_once() -> None:
    """The 1,025th living state is a MemoryError; deleted ones do not count."""
    assert alone("fill_with_states").stdout == "3000 in sequence\n1024 alive\n"


def fill_with_states() -> None:
    handle = ruleset(hit=rule({"view": 1}))
    for number in range(3000):
        _, state = put(handle, sid=f"s{number}", view=1)
        assert fired(handle, state) == ["hit"]
        durable.delete_state(handle, f"s{number}")
    print("3000 in sequence")
    alive = 0
    try:
        while True:
            put(handle, sid=f"s{alive}", view=1)
            alive += 1
    except MemoryError:
        print(alive, "alive", flush=True)
    os._exit(0)  # a process that has seen this MemoryError is done for


# --- traps: kept out of reach -------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="fills new memory by a setting of glibc")
@pytest.mark.parametrize(("behaviour", "status"), [("delete_unprimed", -signal.SIGSEGV), ("delete_primed", 0)])
def test_deleting_a_state_in_which_no_action_ever_ran_crashes(behaviour: str, status: int) -> None:
    """A pointer is freed that nobody set; one firing of any rule sets it for as long as the ruleset lives."""
    assert alone(behaviour, MALLOC_PERTURB_="165").returncode == status


def delete_unprimed() -> None:
    handle = ruleset(prime=rule({"view": 0}))
    put(handle, view=1)
    durable.delete_state(handle, "s")


def delete_primed() -> None:
    handle = ruleset(prime=rule({"view": 0}))
    for view in (0, 1):
        put(handle, view=view)
        fired(handle)
        durable.delete_state(handle, "s")


def test_division_by_zero_kills_the_process() -> None:
    """Arithmetic inside rules is not used."""
    assert alone("divide_by_zero").returncode == -signal.SIGFPE


def divide_by_zero() -> None:
    quotient = {"$div": {"$l": {"$m": "y"}, "$r": {"$m": "z"}}}
    put(ruleset(hit=rule({"$gt": {"x": quotient}})), x=1, y=1, z=0)


def test_one_bad_fact_in_a_batch_hangs() -> None:
    """Facts are asserted one by one."""
    with pytest.raises(subprocess.TimeoutExpired):
        alone("assert_batch", seconds=3)


def assert_batch() -> None:
    durable.assert_facts(ruleset(hit=rule({"view": 1})), '[{"id":"v","sid":"s","view":1},{}]')


def test_a_blocker_counts_only_if_it_comes_first() -> None:
    """A negation holds when its fact precedes the phase, whatever its alias, and is ignored afterwards."""
    for alias in string.ascii_lowercase[2:]:
        handle = ruleset(prime=rule({"phase": 0}), hit=rule({"phase": 1}, {"view": 1}, {f"{alias}$not": {"block": 1}}))
        put(handle, "prime", phase=0)
        fired(handle)
        counts = []
        for order in ("block view phase", "view block phase", "phase view block"):
            durable.delete_state(handle, "s")
            for kind in order.split():
                put_text(handle, f'{{"id":"{kind}","sid":"s","{kind}":1}}')
            counts.append(len(fired(handle)))
        assert (alias, counts) == (alias, [0, 0, 1])


def test_alternatives_in_a_first_pattern_fire_once_per_true_branch() -> None:
    """So `any` becomes an auxiliary conclusion; behind another pattern it fires once."""
    either: Pattern = {"$and": [{"view": 1}, {"$or": [{"x": 1}, {"y": 1}]}]}
    handle = ruleset(first=rule(either), second=rule({"phase": 1}, either))
    put(handle, "phase", phase=1)
    put(handle, view=1, x=1, y=1)
    assert fired(handle) == ["first", "first", "second"]


@pytest.mark.parametrize(("tests", "expected"), [([{"x": 1}], []), ([{"$or": [{"x": 1}, {"y": 1}]}], ["hit"])])
def test_alternatives_beside_a_join_disable_the_join(tests: list[Pattern], expected: list[str]) -> None:
    """The rule asks for equal `k` in both facts, and fires on different ones."""
    handle = ruleset(hit=rule({"kind": 1}, {"$and": [{"kind": 2}, *tests, {"k": {"a": "k"}}]}))
    put(handle, "1", kind=1, k=1)
    put(handle, "2", kind=2, k=2, x=1)
    assert fired(handle) == expected


def test_an_ungated_absence_matches_the_state_fact_of_the_library() -> None:
    """The library keeps a fact of its own in every state, which lacks every property of ours."""
    handle = ruleset(hit=rule({"$nex": {"x": 1}}), other=rule({"view": 1}))
    put(handle, view=1, x=1)
    assert drain(handle) == [
        ("hit", {"a": {"sid": "s", "id": "sid-s", "$s": 1}}),
        ("other", {"a": {"id": "v", "sid": "s", "view": 1, "x": 1}}),
    ]


@pytest.mark.parametrize("number", ["1e-05", "Infinity", "-Infinity"])
def test_numbers_without_plain_digits_are_refused(number: str) -> None:
    """Only plain digits reach the library."""
    with pytest.raises(durable.error):
        matches({"x": 1}, f'"x":{number}')


def test_null_and_nan_exist_without_a_value() -> None:
    """A missing value must therefore be a missing property."""
    exists: Pattern = {"$ex": {"x": 1}}
    assert [matches(exists, value) for value in ('"x":null', '"x":NaN', '"y":1')] == [True, True, False]


def test_texts_compare_wrongly() -> None:
    """A text of 64 KB equals the empty one, and a prefix is the greater: the library gets no texts."""
    assert [matches({"x": ""}, f'"x":"{"a" * length}"') for length in (65_535, 65_536)] == [False, True]
    assert matches({"$gt": {"x": "abc!"}}, '"x":"abc"')


def test_names_with_equal_hashes_are_one_property() -> None:
    """Names are known to the library by their 32-bit FNV-1a hash alone."""
    assert matches({"iedonjxk": 1}, '"djxyhaio":1')


def test_ids_are_texts_even_where_a_number_was_given() -> None:
    """A business column called `id` would make different facts one: the second is taken for the first."""
    handle = ruleset(hit=rule({"view": 1}))
    assert [put_text(handle, f'{{"id":{fact_id},"sid":"s","view":1}}')[0] for fact_id in ("1", '"1"')] == [
        MATCHED,
        OBSERVED,
    ]
