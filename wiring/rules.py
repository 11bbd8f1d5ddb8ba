"""Rules: of the pack that we ship, of a folder, or in use in a store; compiled, and kept for the next command."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine.model import Pack
from engine.program import Program
from engine.vocabulary import FactKey, Vocabulary

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.check import Finding
    from engine.plan import Plan
    from engine.prove.examples import Examples
    from engine.session import Session
    from engine.snapshot import Snapshot
    from facts.batch.run import Decider
    from facts.group_acceptance import Judged
    from facts.group_flow import Flow
    from facts.ideal import Ideal
    from facts.packs import InUse, StoredPack
    from facts.store import Store

Progress = Callable[[str, int, int], None]
"""Called with a step (`reading`, `deciding`, `publishing`), how much of it is done, and of how much."""

LIMITS = {
    "problem_share": "portfolio.problem_share",
    "look_back_days": "portfolio.look_back_days",
    "hear_after_days": "hear_after_days",
    "heard_within_days": "portfolio.heard_within_days",
}
"""The parameters of the pack from which on something is judged in the portfolio."""

FLOW_LEAST = "portfolio.least_group"
"""The parameter that says how many customers make a group of which one tells what became of it."""

ROOT = Path(__file__).parent.parent
CATALOGUE = ROOT / "facts" / "catalog.yaml"


@dataclass(frozen=True)
class Rules:
    """A pack, loaded and compiled."""

    pack: Pack
    program: Program

    def __reduce__(self) -> tuple[type[Rules], tuple[Pack, Program]]:
        """Let another process have these rules; it compiles them for itself."""
        return type(self), (self.pack, self.program)

    @cached_property
    def session(self) -> Session:
        """These rules compiled for durable-rules: once, however often somebody asks. Not safe in two threads."""
        from engine.session import Session

        return Session(self.program)

    @cached_property
    def plan(self) -> Plan:
        """These rules prepared for columns: once, however often somebody asks."""
        from engine.plan import Plan

        return Plan(self.program)

    @property
    def columns(self) -> dict[str, FactKey]:
        """The facts that lists and runs show, by column: where the ladder stands, and what to convey."""
        ladder = self.pack.ladder
        columns = {"stage": ladder.stage, "proposed_stage": ladder.proposed, "move": ladder.move}
        value = self.pack.shows.get("value")
        return {**columns, "value_next": FactKey(None, value)} if value else columns

    def number(self, parameter: str) -> Decimal | None:
        """Return a parameter of the pack, or None if it has no such parameter."""
        found = self.pack.parameters.get(parameter)
        value = None if found is None else found.values[0]
        return Decimal(value) if isinstance(value, int | Decimal) else None

    def ideal(self) -> Ideal | None:
        """Return what makes an ideal customer, or None if the pack does not say."""
        from facts.ideal import Ideal

        numbers = {each.name: self.number(f"ideal.{each.name}") for each in fields(Ideal)}
        wanted = {name: number for name, number in numbers.items() if number is not None}
        return Ideal(**wanted) if len(wanted) == len(numbers) else None

    def flow(self) -> Flow | None:
        """Return over which time what became of customers is looked at, or None if the pack does not say."""
        from facts.group_flow import Flow

        days, least = self.number(LIMITS["look_back_days"]), self.number(FLOW_LEAST)
        return Flow(int(days), int(least)) if days is not None and least is not None else None

    def judged(self) -> Judged | None:
        """Return by which effects acceptance is judged, or None if the pack does not say."""
        from facts.acceptance import Weights
        from facts.group_acceptance import Judged

        numbers = {each.name: self.number(f"effects.{each.name}") for each in fields(Weights)}
        known = {name: int(number) for name, number in numbers.items() if number is not None}
        days = self.number(LIMITS["look_back_days"])
        return Judged(int(days), Weights(**known)) if days is not None and len(known) == len(numbers) else None

    def decide(self, snapshot: Snapshot, progress: Progress | None = None, signs: Collection[str] = ()) -> pa.Table:
        """Decide all customers of a snapshot, in the columns of `engine.plan.overview` and whether each sign shows."""
        import pyarrow as pa

        from engine.plan.overview import having, overview

        total = snapshot.customers.num_rows
        tables: list[pa.Table] = []
        for result in self.plan.run(snapshot):
            table = overview(self.program, result, self.columns)
            for sign in signs:
                seen = having(self.program, result, FactKey(None, self.pack.shows.get("flags", "")), sign)
                table = table.append_column(sign, pa.array(seen))
            tables.append(table)
            if progress is not None:
                progress("deciding", sum(map(len, tables)), total)
        return pa.concat_tables(tables)

    def decider(self) -> Decider:
        """Return the rules as a batch sees them."""
        from facts.batch.run import Decider

        stamp = self.program.stamp
        return Decider(
            pack=stamp.name,
            pack_version=stamp.version,
            pack_digest=stamp.digest,
            catalogue_digest=catalogue_digest(self.pack.vocabulary),
            vocabulary=self.pack.vocabulary,
            ideal=self.ideal(),
            flow=self.flow(),
            judged=self.judged(),
            decide=self.decide,
        )


def load_rules(folder: Path) -> Rules:
    """Load and compile the pack in a folder.

    Raises:
        ProblemsError: with everything that is wrong with it.
    """
    from engine.compile import compile_pack
    from engine.load import load_pack

    pack = load_pack(folder, catalogue())
    if any(fact.is_own for fact in pack.vocabulary.facts.values()):
        from facts.own import check_own

        check_own(pack.vocabulary)
    return Rules(pack, compile_pack(pack))


def examples(folder: Path, rules: Rules) -> Examples:
    """Return what the customers of a pack's cases show.

    Raises:
        ProblemsError: with everything that is wrong with the cases.
    """
    from engine.cases import load_cases
    from engine.prove.examples import Examples

    plan, customers = rules.plan, [case.facts for case in load_cases(folder, rules.pack)]
    return Examples(rules.program, zip(customers, plan.fired(customers), strict=True), plan.truths(customers))


def checked(folder: Path, day: date) -> tuple[Rules, tuple[Finding, ...]]:
    """Load the pack in a folder with its cases, and return what the lints find in it on a day.

    Raises:
        ProblemsError: with everything that is wrong with it.
    """
    from engine.cases import load_cases
    from engine.check import check
    from engine.load.uses import uses_of_parameters
    from facts.counted_actions import COUNTED_ACTIONS

    rules = load_rules(folder)
    cases = load_cases(folder, rules.pack)
    uses = {**uses_of_parameters(folder), **_read_by_commands()}
    return rules, check(folder, rules.pack, rules.program, cases, uses, day, COUNTED_ACTIONS)


def _read_by_commands() -> dict[str, tuple[str, ...]]:
    """Return the parameters that commands read from a pack by their names."""
    from facts.acceptance import Weights
    from facts.ideal import Ideal

    names = [*LIMITS.values(), FLOW_LEAST, *(f"ideal.{each.name}" for each in fields(Ideal))]
    readers: dict[str, tuple[str, ...]] = dict.fromkeys(names, ("valuelift portfolio",))
    weighed = [f"effects.{each.name}" for each in fields(Weights)]
    return readers | dict.fromkeys([*weighed, "effects.follow_days"], ("valuelift effects",))


def stored_form(folder: Path) -> StoredPack:
    """Return the pack in a folder as a store keeps it.

    Raises:
        ProblemsError: if it has a problem.
    """
    from facts.pack_files import packed
    from facts.packs import StoredPack

    stamp = load_rules(folder).program.stamp
    content = packed(folder)
    # By its content, not by what it compiles to: a changed text decides alike, and yet is another version.
    return StoredPack(hashlib.sha256(content).hexdigest(), stamp.name, stamp.version, content)


def shipped_pack() -> Path:
    """Return the folder of the pack that comes with Valuelift."""
    return ROOT / "rulesets" / "value_marketing"


@cache
def shipped_rules() -> Rules:
    """Return the pack that comes with Valuelift, loaded once in a process."""
    from facts.kept_forms import digest_of

    # With its place, which is in the locations of its rules.
    digest = digest_of(shipped_pack().rglob("*.yaml"), more=str(shipped_pack()))
    return _kept_rules(digest) or _keep(digest, load_rules(shipped_pack()))


def catalogue() -> Vocabulary:
    """Return what the facts catalogue declares."""
    from engine.load import load_catalogue

    return load_catalogue(CATALOGUE, CATALOGUE.relative_to(ROOT).as_posix())


def catalogue_digest(vocabulary: Vocabulary) -> str:
    """Return a SHA-256 (hex) of everything that makes facts.

    That is the catalogue, the SQL of features, and of the facts that a pack declares for itself, what values of them
    can be.
    """
    from facts.own import said_facts

    whole = hashlib.sha256(CATALOGUE.read_bytes())
    for path in sorted((ROOT / "facts" / "features").rglob("*.sql")):
        whole.update(path.read_bytes())
    for name, fact in sorted(said_facts(vocabulary).items()):
        members = vocabulary.enum_of(fact).members if fact.enum else ()
        whole.update(repr((name, fact.type.value, fact.scale, fact.least, fact.most, members)).encode())
    return whole.hexdigest()


def rules_in_use(store: Store, folder: Path | None = None) -> Rules:
    """Return the rules to decide by: those in the folder, else the store's pack in use, else the pack we ship."""
    from facts.packs import active_digest, active_pack

    if folder is not None:
        return load_rules(folder)
    digest = active_digest(store)
    kept = _kept_rules(digest) if digest else shipped_rules()
    if kept is not None:
        return kept
    stored = active_pack(store)
    if stored is None:
        return shipped_rules()
    with _unpacked(stored) as used:
        return _keep(stored.digest, load_rules(used))


@contextmanager
def pack_in_use(store: Store) -> Iterator[Path]:
    """Give the folder of the store's pack in use, for as long as it is needed; else that of the pack we ship."""
    from facts.packs import active_pack

    stored = active_pack(store)
    if stored is None:
        yield shipped_pack()
        return
    with _unpacked(stored) as used:
        yield used


@contextmanager
def _unpacked(stored: StoredPack) -> Iterator[Path]:
    from facts.pack_files import unpacked

    with tempfile.TemporaryDirectory(prefix="valuelift-") as place:
        yield unpacked(stored.content, Path(place))


def use_rules(store: Store, folder: Path, user: str, *, force: bool = False) -> InUse:
    """Check the pack in a folder, keep it in the store and put it to use; see `facts.packs.use_pack`.

    Raises:
        ProblemsError: if it has a problem; then nothing changes.
        StoreError: if the store keeps other files under its name and version, unless forced.
    """
    from facts.packs import use_pack

    return use_pack(store, stored_form(folder), user=user, force=force)


# --- rules kept for the next command ---


MADE_BY = (
    "frozen",
    "said",
    "errors",
    "slips",
    "yaml12",
    "vocabulary",
    "model",
    "snapshot",
    "decision",
    "program",
    "plain",
    "load/*",
    "compile/*",
)
"""The modules of the engine that make rules of a pack and keep them: with others, a kept form is not theirs."""


def _kept_under(pack: str) -> str:
    """Return the digest under which the rules of the pack with this digest are kept."""
    from facts.kept_forms import digest_of

    code = (path for each in MADE_BY for path in (ROOT / "engine").glob(f"{each}.py"))
    return digest_of([CATALOGUE, *code], more=pack)


def _kept_rules(pack: str) -> Rules | None:
    """Return the rules of the pack with this digest, if they are kept."""
    from engine.plain import from_plain
    from facts.kept_forms import kept

    form = kept(_kept_under(pack))
    return None if form is None else Rules(*from_plain(form))


def _keep(pack: str, rules: Rules) -> Rules:
    """Keep the rules of the pack with this digest for the next command, and return them."""
    from engine.plain import to_plain
    from facts.kept_forms import keep

    keep(_kept_under(pack), to_plain((rules.pack, rules.program)))
    return rules
