"""Facts and engine wired together: the only place that knows both. The command line and the web stand on it."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
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
    import pyarrow as pa

    from engine.decision import Decision
    from engine.session import Session
    from engine.snapshot import CustomerFacts, Snapshot
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


def shipped_pack() -> Path:
    """Return the folder of the pack that comes with Valuelift."""
    return ROOT / "rulesets" / "value_marketing"


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
        return load_rules(shipped_pack())
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


class Desk:
    """A store and rules, ready to decide on the facts that hold on a date, as they were known at a moment."""

    def __init__(self, store: Store, rules: Rules, as_of: date, known_at: datetime | None = None) -> None:
        self.store = store
        self.rules = rules
        self.as_of = as_of
        self.known_at = known_at or datetime.now(UTC)

    # --- one customer ---

    def decide(self, customer: str) -> Decided:
        """Decide one customer, firing by firing.

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
        return Decided(row, facts, self._session.decide(facts))

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
        return self._decided(self._snapshot(portfolio, progress), progress)

    def run(self, user: str, progress: Progress = _silent) -> BatchRun:
        """Decide all customers, and store the decisions unless the same run is stored already."""
        from facts.digest import facts_digest
        from facts.portfolio import with_portfolio
        from facts.runs import Run, publish, run_number
        from facts.snapshot import portfolio_facts

        snapshot = self._snapshot(None, progress)
        portfolio = portfolio_facts(snapshot)
        snapshot = with_portfolio(snapshot, portfolio)
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

    def _snapshot(self, portfolio: pa.Table | None, progress: Progress) -> Snapshot:
        from facts.features import base_columns
        from facts.snapshot import take_snapshot

        progress("reading", 0, 1)
        base = self.store.base_tables(self.as_of, self.known_at, only=base_columns())
        if portfolio is not None:
            base["portfolio"] = portfolio
        snapshot = take_snapshot(base, self.rules.pack.vocabulary, self.as_of, base_currency=self._currency)
        progress("reading", 1, 1)
        if not snapshot.customers.num_rows:
            raise self._hidden("There are no customers")
        return snapshot

    def _decided(self, snapshot: Snapshot, progress: Progress) -> pa.Table:
        import pyarrow as pa

        from engine.plan import Plan
        from engine.plan.overview import overview

        total = snapshot.customers.num_rows
        tables: list[pa.Table] = []
        for result in Plan(self.rules.program).run(snapshot):
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
