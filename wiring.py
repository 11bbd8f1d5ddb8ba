"""Facts and engine wired together: the only place that knows both. The command line and the web stand on it."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine.compile import compile_pack
from engine.load import load_catalogue, load_pack
from engine.model import Pack
from engine.program import Program
from engine.vocabulary import FactKey, Vocabulary
from facts.database import StoreError
from facts.store import Store

if TYPE_CHECKING:
    from typing import Any

    import pyarrow as pa

    from engine.decision import Decision
    from engine.plan import Plan
    from engine.session import Session
    from engine.snapshot import CustomerFacts, Snapshot
    from facts.figures import Limits
    from facts.packs import StoredPack

ROOT = Path(__file__).parent
CATALOGUE = ROOT / "facts" / "catalog.yaml"


# --- rules ---


@dataclass(frozen=True)
class Rules:
    """A pack, loaded and compiled."""

    pack: Pack
    program: Program


def load_rules(folder: Path) -> Rules:
    """Load and compile the pack in a folder.

    Raises:
        ProblemsError: with everything that is wrong with it.
    """
    pack = load_pack(folder, catalogue())
    return Rules(pack, compile_pack(pack))


def examples(folder: Path, rules: Rules) -> Iterator[tuple[CustomerFacts, list[frozenset[int]]]]:
    """Yield the customers of a pack's cases with the rules that fire, by place.

    Raises:
        ProblemsError: with everything that is wrong with the cases.
    """
    from engine.cases import load_cases
    from engine.plan import Plan

    customers = [case.facts for case in load_cases(folder, rules.pack)]
    yield from zip(customers, Plan(rules.program).fired(customers), strict=True)


def shipped_pack() -> Path:
    """Return the folder of the pack that comes with Valuelift."""
    return ROOT / "rulesets" / "value_marketing"


@cache
def shipped_rules() -> Rules:
    """Return the pack that comes with Valuelift, loaded once in a process."""
    return load_rules(shipped_pack())


def catalogue() -> Vocabulary:
    """Return what the facts catalogue declares."""
    return load_catalogue(CATALOGUE, CATALOGUE.relative_to(ROOT).as_posix())


def rules_in_use(store: Store, folder: Path | None = None) -> Rules:
    """Return the rules to decide by: those in the folder, else the store's pack in use, else the pack we ship."""
    from facts.packs import active_pack

    if folder is not None:
        return load_rules(folder)
    stored = active_pack(store)
    if stored is None:
        return shipped_rules()
    with tempfile.TemporaryDirectory(prefix="valuelift-") as place:
        return load_rules(_unpack(stored.content, Path(place)))


def use_rules(store: Store, folder: Path, user: str) -> StoredPack:
    """Check the pack in a folder, keep it in the store and put it to use.

    Raises:
        ProblemsError: if it has a problem; then nothing changes.
    """
    from facts.packs import StoredPack, use_pack

    stamp = load_rules(folder).program.stamp
    content = _packed(folder)
    # By its content, not by what it compiles to: a changed text decides alike, and yet is another version.
    stored = StoredPack(hashlib.sha256(content).hexdigest(), stamp.name, stamp.version, content)
    use_pack(store, stored, user=user)
    return stored


def _packed(folder: Path) -> bytes:
    """Return a pack's folder, and those of the packs that it extends, as a zip file that names the first folder."""
    folders = list(_with_bases(folder.resolve()))
    top = Path(*_common_parts(folders))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = folders[0].relative_to(top).as_posix().encode()
        for path in sorted(path for each in folders for path in each.rglob("*.yaml")):
            # Without its time, so that equal packs make equal archives.
            archive.writestr(zipfile.ZipInfo(path.relative_to(top).as_posix()), path.read_bytes())
    return content.getvalue()


def _unpack(content: bytes, place: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(place)
        return place / archive.comment.decode()


def _with_bases(folder: Path) -> Iterator[Path]:
    from engine.load.merge import MANIFEST
    from engine.yaml12 import YMap, YScalar, read_yaml

    while True:
        yield folder
        manifest = read_yaml(folder / MANIFEST)
        extends = manifest.get("extends") if isinstance(manifest, YMap) else None
        if not isinstance(extends, YScalar):
            return
        folder = (folder / extends.text).resolve()


def _common_parts(folders: list[Path]) -> list[str]:
    parents = [folder.parent.parts for folder in folders]
    return [parts[0] for parts in zip(*parents, strict=False) if len(set(parts)) == 1]


# --- decisions ---


Card = Mapping[str, str | None]
"""Who a customer is: `name`, `region` and `account_manager`."""

_CARD = ("name", "region", "account_manager")
_STANDS_FOR = (*_CARD, "country", "industry", "acquisition_source")

LIMITS = {
    "problem_share": "portfolio.problem_share",
    "look_back_days": "portfolio.look_back_days",
    "hear_after_days": "hear_after_days",
    "heard_within_days": "portfolio.heard_within_days",
}
"""The parameters of the pack from which on something is judged in the portfolio."""

Progress = Callable[[str, int, int], None]
"""Called with a step (`reading`, `deciding`, `publishing`), how much of it is done, and of how much."""


def _silent(step: str, done: int, of: int) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One customer: who it is, what is known of it, and what follows from that."""

    card: Card
    facts: CustomerFacts
    decision: Decision


@dataclass(frozen=True, slots=True)
class BatchRun:
    """A run over the whole base: its number in the store, whether it is new, and what was decided."""

    number: int
    is_new: bool
    overview: pa.Table


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The base at a date against an earlier one. `figures` are named as the SQL files that compute them."""

    as_of: date
    since: date
    customers: int
    limits: Mapping[str, Decimal | None]
    figures: Mapping[str, list[dict[str, Any]]]
    ideal_customers: list[dict[str, Any]]
    look_alikes: list[dict[str, Any]]

    @property
    def problem_share(self) -> tuple[int, int]:
        """How many customers are problem customers, of how many with a known stage."""
        known = sum(row["customers"] for row in self.figures["stages"] if row["stage"] is not None)
        return len(self.figures["problem"]), known

    @property
    def core_needs_met(self) -> tuple[int, int]:
        """How many customers have all core needs met, of how many whose core needs are known."""
        rows = self.figures["core_needs"]
        return sum(row["all_met"] for row in rows), len(rows)

    @property
    def shares(self) -> dict[str, tuple[int, int]]:
        """The two shares by name."""
        return {"problem_share": self.problem_share, "core_needs_met": self.core_needs_met}

    def of_product(self, product: str) -> Portfolio:
        """Return the same with the ideal customers of one product, or category of products, only."""
        profiles = [row for row in self.ideal_customers if row["subject"] == product]
        alike = [row for row in self.look_alikes if row["subject"] == product]
        return replace(self, ideal_customers=profiles, look_alikes=alike)


class Desk:
    """A store and rules, ready to decide on the facts that hold on a date, as they were known at a moment."""

    def __init__(
        self, store: Store, rules: Rules, as_of: date, known_at: datetime | None = None, *, in_columns: bool = False
    ) -> None:
        self.store = store
        self.rules = rules
        self.as_of = as_of
        self.known_at = known_at or datetime.now(UTC)
        self.in_columns = in_columns  # one customer too is decided by the plan

    def anew(self) -> Desk:
        """Return the same desk, knowing what is known by now."""
        return Desk(self.store, self.rules, self.as_of, in_columns=self.in_columns)

    # --- one customer ---

    def decide(self, customer: str) -> Decided:
        """Decide one customer, firing by firing unless this desk decides in columns.

        Raises:
            StoreError: if the customer is not known, or was not on this date.
        """
        from facts.runs import last_portfolio
        from facts.snapshot import customer_facts

        base = self.store.base_tables(self.as_of, self.known_at, customer)
        if not base["customers"].num_rows:
            raise self._hidden(f"Nothing is known of customer {customer!r}", customer)
        (row,) = base["customers"].select(["key", *_CARD]).to_pylist()
        base["portfolio"] = last_portfolio(self.store, self.as_of, self.known_at, row.pop("key"))
        facts = customer_facts(base, self.rules.pack.vocabulary, self.as_of, base_currency=self._currency)
        return self.decide_on(row, facts)

    def decide_many(self, customers: Collection[str]) -> list[Decided]:
        """Decide several customers in columns; those that are not known on this date are left out."""
        from facts.runs import last_portfolio

        base = self._base(_silent, {"customers": _CARD})
        base["portfolio"] = last_portfolio(self.store, self.as_of, self.known_at)
        cards = {row.pop("key"): row for row in base["customers"].select(["key", *_CARD]).to_pylist()}
        wanted = set(customers)
        facts = [each for each in self._snapshot(base).each() if each.customer in wanted]
        decisions = self._plan.decide_all(facts)
        return [Decided(cards[each.customer], each, decision) for each, decision in zip(facts, decisions, strict=True)]

    def card(self, customer: str) -> Card | None:
        """Return who a customer is, or None if nothing is known of it on this date.

        Raises:
            StoreError: if no such customer was ever recorded.
        """
        only = {"customers": ("key", *_CARD)}
        rows = self.store.base_tables(self.as_of, self.known_at, customer, only)["customers"].select(_CARD).to_pylist()
        return rows[0] if rows else None

    def decide_on(self, card: Card, facts: CustomerFacts) -> Decided:
        """Decide a customer on given facts, whatever is recorded."""
        if self.in_columns:
            (decision,) = self._plan.decide_all([facts])
            return Decided(card, facts, decision)
        return Decided(card, facts, self._session.decide(facts))

    def _hidden(self, what: str, customer: str | None = None) -> StoreError:
        """Return the error for facts of which none are seen: they hold later, or were recorded later."""
        only = {"customers": ("key",)}
        if self.store.base_tables(self.as_of, customer=customer, only=only)["customers"].num_rows:
            why = f"what holds on {self.as_of} was recorded after {self.known_at.isoformat(timespec='minutes')}"
            return StoreError(what, why, "Give a later moment by --known-at, or leave it out.")
        hint = "Give another date by --as-of, or import facts of that time."
        return StoreError(f"{what} as of {self.as_of}", "nothing that is recorded holds on that date", hint)

    @cached_property
    def _session(self) -> Session:
        from engine.session import Session

        return Session(self.rules.program)

    @cached_property
    def _plan(self) -> Plan:
        from engine.plan import Plan

        return Plan(self.rules.program)

    @cached_property
    def _currency(self) -> str:
        return self.store.settings()["base_currency"]

    # --- all customers ---

    def cards(self) -> dict[str, Card]:
        """Return who every customer is, by key."""
        tables = self.store.base_tables(self.as_of, self.known_at, only={"customers": ("key", *_CARD)})
        return {row.pop("key"): row for row in tables["customers"].to_pylist()}

    def overview(self, progress: Progress = _silent) -> pa.Table:
        """Decide all customers in columns: `stage`, `proposed_stage`, `move`, `value_next`, `urgency` and more.

        The columns are those of `engine.plan.overview`, sorted by customer.
        """
        from facts.runs import last_portfolio

        portfolio = last_portfolio(self.store, self.as_of, self.known_at)
        base = self._base(progress)
        base["portfolio"] = portfolio
        return self._decided(self._snapshot(base), progress)

    def run(self, user: str, progress: Progress = _silent) -> BatchRun:
        """Decide all customers, and store the decisions unless the same run is stored already."""
        from facts.digest import facts_digest
        from facts.runs import Run, publish, run_number

        base = self._base(progress)
        found = self._look_alikes(base)
        snapshot, portfolio = self._whole(base, found and found[1])
        overview = self._decided(snapshot, progress)
        stamp = self.rules.program.stamp
        run = Run(
            as_of=self.as_of,
            known_at=self.known_at,
            pack=stamp.name,
            pack_version=stamp.version,
            pack_digest=stamp.digest,
            catalogue_digest=hashlib.sha256(CATALOGUE.read_bytes()).hexdigest(),
            facts_digest=facts_digest(snapshot),
            decided_by=user,
        )
        before = run_number(self.store, run)
        progress("publishing", 0, 1)
        decisions = overview.drop_columns(["urgency"])
        number = publish(self.store, run, decisions, portfolio) if before is None else before
        progress("publishing", 1, 1)
        return BatchRun(number, before is None, overview)

    def portfolio(
        self, since: date, *, manager: str | None = None, region: str | None = None, progress: Progress = _silent
    ) -> Portfolio:
        """Judge the whole base against an earlier date, by the same rules and the same knowledge.

        Args:
            since: the earlier date; the base may have been empty then.
            manager: count only this account manager's customers.
            region: count only customers of this region, or country where none is entered.
            progress: told how far the work is.

        Raises:
            StoreError: if there are no customers, or the pack does not name its limits.
        """
        from facts.figures import figure_columns, figures

        limits = self._limits()
        base = self._base(progress, {**figure_columns(), "customers": _STANDS_FOR})
        profiles, alike = self._look_alikes(base) or (None, None)
        now = self._standing(base, alike, progress)
        before = Desk(self.store, self.rules, since, self.known_at)
        earlier = before._standing_alone(progress) if before.cards() else now.slice(0, 0)
        found = figures(
            base,
            now,
            earlier,
            limits,
            self.as_of,
            base_currency=self._currency,
            manager=manager,
            region=region,
        )
        here = {row["customer"]: row for row in found.pop("standing") if row["is_here"]}
        look_alikes = [
            {**row, "name": here[row["customer"]]["name"], "stage": here[row["customer"]]["stage"]}
            for row in ([] if alike is None else alike.to_pylist())
            if row["customer"] in here and here[row["customer"]]["stage"] in ("potential", "target")
        ]
        return Portfolio(
            as_of=self.as_of,
            since=since,
            customers=len(here),
            limits={name: self._number(parameter) for name, parameter in LIMITS.items()},
            figures=found,
            ideal_customers=[] if profiles is None else profiles.to_pylist(),
            look_alikes=look_alikes,
        )

    def _limits(self) -> Limits:
        from facts.figures import Limits

        numbers = {each.name: self._number(LIMITS[each.name]) for each in fields(Limits)}
        for name, value in numbers.items():
            if value is None:
                why = f"the rules have no parameter {LIMITS[name]!r}"
                raise StoreError(
                    "The portfolio is not judged", why, "Let the pack extend the one we ship, or add the parameter."
                )
        return Limits(**{name: int(value) for name, value in numbers.items() if value is not None})

    def _standing_alone(self, progress: Progress) -> pa.Table:
        """Return where each customer stands, from a base read for that alone."""
        base = self._base(progress, {"customers": _STANDS_FOR})
        found = self._look_alikes(base)
        return self._standing(base, found and found[1], progress)

    def _standing(self, base: dict[str, pa.Table], look_alikes: pa.Table | None, progress: Progress) -> pa.Table:
        """Decide all customers, and return where each stands: `stage`, `abc_class` and `contribution`, and its card."""
        snapshot, _ = self._whole(base, look_alikes)
        stages = self._decided(snapshot, progress).select(["customer", "stage"])
        found = snapshot.customers.select(["customer", "abc_class", "contribution"])
        cards = base["customers"].select(["key", *_STANDS_FOR]).rename_columns(["customer", *_STANDS_FOR])
        return stages.join(found, "customer").join(cards, "customer").sort_by("customer")

    def _base(self, progress: Progress, also: Mapping[str, tuple[str, ...]] | None = None) -> dict[str, pa.Table]:
        """Read the whole base: the columns that snapshots need, and others besides."""
        from facts.features import base_columns

        progress("reading", 0, 1)
        wanted = {name: list(columns) for name, columns in base_columns().items()}
        for name, columns in (also or {}).items():
            wanted[name] = [*wanted[name], *(column for column in columns if column not in wanted[name])]
        base = self.store.base_tables(self.as_of, self.known_at, only=wanted)
        progress("reading", 1, 1)
        if not base["customers"].num_rows:
            raise self._hidden("There are no customers")
        return base

    def _snapshot(self, base: dict[str, pa.Table]) -> Snapshot:
        from facts.snapshot import take_snapshot

        return take_snapshot(base, self.rules.pack.vocabulary, self.as_of, base_currency=self._currency)

    def _whole(self, base: dict[str, pa.Table], look_alikes: pa.Table | None) -> tuple[Snapshot, pa.Table]:
        """Return the facts of all customers, among them what only a look at the whole base shows, and that apart."""
        from facts.portfolio import with_portfolio
        from facts.snapshot import portfolio_facts

        snapshot = self._snapshot(base)
        portfolio = portfolio_facts(snapshot, look_alikes)
        return with_portfolio(snapshot, portfolio), portfolio

    def _look_alikes(self, base: dict[str, pa.Table]) -> tuple[pa.Table, pa.Table] | None:
        """Return the ideal customers and who resembles them, or None if the pack does not say what makes one."""
        from facts.look_alikes import Ideal, find_look_alikes

        numbers = {each.name: self._number(f"ideal.{each.name}") for each in fields(Ideal)}
        wanted = {name: number for name, number in numbers.items() if number is not None}
        if len(wanted) < len(numbers):
            return None
        return find_look_alikes(base, Ideal(**wanted), self.as_of, base_currency=self._currency)

    def _number(self, parameter: str) -> Decimal | None:
        """Return a parameter of the pack, or None if it has no such parameter."""
        found = self.rules.pack.parameters.get(parameter)
        value = None if found is None else found.values[0]
        return Decimal(value) if isinstance(value, int | Decimal) else None

    def _decided(self, snapshot: Snapshot, progress: Progress) -> pa.Table:
        import pyarrow as pa

        from engine.plan.overview import overview

        total = snapshot.customers.num_rows
        tables: list[pa.Table] = []
        for result in self._plan.run(snapshot):
            tables.append(overview(self.rules.program, result, self.columns))
            progress("deciding", sum(map(len, tables)), total)
        return pa.concat_tables(tables)

    @property
    def columns(self) -> dict[str, FactKey]:
        """The facts that lists and runs show, by column: where the ladder stands, and what to convey."""
        pack = self.rules.pack
        ladder = pack.ladder
        columns = {"stage": ladder.stage, "proposed_stage": ladder.proposed, "move": ladder.move}
        value = pack.shows.get("value")
        return {**columns, "value_next": FactKey(None, value)} if value else columns
