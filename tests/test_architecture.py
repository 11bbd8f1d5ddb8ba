"""Imports run one way: cli, commands, web, common, wiring, facts, engine, and downwards inside the engine."""

import ast
import sys
from collections.abc import Iterator
from pathlib import PurePath

import pytest

from tests.conftest import ROOT

# A module may import those named here, and whatever these may import in turn.
ENGINE: dict[str, set[str]] = {
    "engine.frozen": set(),
    "engine.said": set(),
    "engine.errors": {"engine.frozen", "engine.said"},
    "engine.slips": {"engine.errors"},
    "engine.yaml12": {"engine.slips"},
    "engine.vocabulary": {"engine.errors"},
    "engine.model": {"engine.vocabulary"},
    "engine.load": {"engine.model", "engine.yaml12"},
    "engine.snapshot": {"engine.vocabulary"},
    "engine.decision": {"engine.snapshot"},
    "engine.program": {"engine.model", "engine.decision"},
    "engine.compile": {"engine.program"},
    "engine.plain": {"engine.program"},
    "engine.assemble": {"engine.program", "engine.snapshot"},
    "engine.session": {"engine.assemble"},
    "engine.plan": {"engine.assemble"},
    "engine.prove": {"engine.program", "engine.snapshot"},
    "engine.wording": {"engine.vocabulary"},
    "engine.rulebook": {"engine.model"},
    "engine.explain": {"engine.plan", "engine.prove", "engine.rulebook", "engine.wording"},
    "engine.truths": {"engine.compile", "engine.plan"},
    "engine.derivation": {"engine.explain", "engine.truths"},
    "engine.passing": {"engine.model"},
    "engine.ways": {"engine.decision", "engine.model"},
    "engine.nearest": {"engine.derivation", "engine.passing", "engine.ways"},
    "engine.asking": {"engine.explain"},
    "engine.path": {"engine.nearest", "engine.prove"},
    "engine.changed": {"engine.decision", "engine.snapshot"},
    "engine.phrases": {"engine.model", "engine.snapshot", "engine.wording"},
    "engine.talk": {"engine.model", "engine.wording"},
    "engine.recommend": {"engine.explain", "engine.talk"},
    "engine.case_text": {"engine.snapshot"},
    "engine.cases": {"engine.load", "engine.decision", "engine.rulebook", "engine.snapshot"},
    "engine.judging": {"engine.cases"},
    "engine.check": {"engine.cases", "engine.program", "engine.relations", "engine.talk"},
    "engine.coverage": {"engine.cases", "engine.compile", "engine.plan"},
    "engine.written": {"engine.program"},
    "engine.retest": {"engine.compile", "engine.judging", "engine.plan", "engine.session"},
    "engine.condition_coverage": {"engine.cases", "engine.plan", "engine.written"},
    "engine.mutation": {"engine.compile", "engine.judging", "engine.plan", "engine.prove", "engine.written"},
    "engine.schema": {"engine.cases", "engine.wording"},
    "engine.relations": {"engine.model"},
    "engine.phrasing": {"engine.model", "engine.wording"},
    "engine.lookup": {"engine.relations", "engine.wording", "engine.coverage"},
    "engine.portrait": {"engine.relations", "engine.phrasing", "engine.coverage"},
    "engine.graph": {"engine.relations", "engine.program", "engine.wording"},
    "engine.graph_svg": {"engine.graph"},
    "engine.impact": {"engine.compile", "engine.load", "engine.plan"},
}
OUTSIDE: dict[str, set[str]] = {
    "facts": {"facts", "engine.decision", "engine.snapshot", "engine.yaml12"},
    "wiring": {"wiring", "facts", *ENGINE},
    "common": {"common", "wiring"},
    "web": {"web", "common"},
    "commands": {"commands", "common", "web"},
    "cli": {"commands"},
}
ALLOWED = ENGINE | OUTSIDE

DURABLE_RULES = {"durable", "durable_rules_engine"}
NOT_SHIPPED = {"tests", "bench"}
ENGINE_LIBRARIES = {"numpy", "pyarrow", "yaml", "z3"}
LIBRARIES = {
    "engine.wording": {"babel"},
    "engine.plan": {"numpy", "pyarrow"},
    "engine.session": ENGINE_LIBRARIES | DURABLE_RULES,
}

MODULES = sorted(
    path.relative_to(ROOT)
    for pattern in (
        "cli.py",
        "wiring/**/*.py",
        "commands/**/*.py",
        "common/**/*.py",
        "web/**/*.py",
        "engine/**/*.py",
        "facts/**/*.py",
    )
    for path in ROOT.glob(pattern)
)


def reachable(room: str) -> set[str]:
    """Return what a room may import, directly or through the rooms below it."""
    found: set[str] = set()
    waiting = set(ALLOWED.get(room, ()))
    while waiting:
        lower = waiting.pop()
        found.add(lower)
        waiting |= ALLOWED[lower] - found
    return found


def room_of(dotted: str) -> str:
    """Return the room that a dotted name belongs to: in the engine a module, elsewhere a top-level name."""
    first, _, rest = dotted.partition(".")
    return f"engine.{rest.partition('.')[0]}" if first == "engine" and rest else first


def imported_names(source: str, package: str) -> Iterator[str]:
    """Yield the dotted name of everything that a source text imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def is_allowed(room: str, imported: str) -> bool:
    """Return whether a room may import a dotted name."""
    target = room_of(imported)
    if target == room or target in sys.stdlib_module_names:
        return True
    if target in ALLOWED or target.startswith("engine"):
        return target in reachable(room)
    if room.startswith("engine"):
        return target in LIBRARIES.get(room, ENGINE_LIBRARIES)
    return target not in DURABLE_RULES | NOT_SHIPPED


def forbidden_imports(path: PurePath, source: str) -> list[str]:
    """Return the imports of a module, given by its path from the root, that point the wrong way."""
    module = path.with_suffix("")
    room = room_of(".".join(module.parts))
    return [name for name in imported_names(source, ".".join(module.parent.parts)) if not is_allowed(room, name)]


def test_every_engine_module_has_its_place() -> None:
    """A new module of the engine is given its row in the table above, on purpose."""
    rooms = {room_of(".".join(path.with_suffix("").parts)) for path in MODULES if path.parts[0] == "engine"}
    assert rooms - set(ENGINE) - {"engine.__init__"} == set()


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_run_one_way(path: PurePath) -> None:
    """A module imports only what its row in the table above allows."""
    assert forbidden_imports(path, (ROOT / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("module", "statement", "forbidden"),
    [
        ("engine/plan.py", "from engine.session import Session", ["engine.session.Session"]),
        ("engine/plan.py", "from engine import session, program", ["engine.session"]),
        ("engine/plan.py", "from . import session, program", ["engine.session"]),
        ("engine/session.py", "import engine.plan", ["engine.plan"]),
        ("engine/session.py", "import durable_rules_engine, numpy", []),
        ("engine/plan.py", "def late():\n    import duckdb, numpy", ["duckdb"]),
        ("engine/explain.py", "import durable.lang", ["durable.lang"]),
        ("engine/model.py", "from engine.errors import Location", []),
        ("engine/model.py", "from engine.load import load_pack", ["engine.load.load_pack"]),
        ("engine/snapshot.py", "from facts.store import Store", ["facts.store.Store"]),
        ("facts/store.py", "from engine.vocabulary import Fact\nimport duckdb", []),
        ("facts/store.py", "from engine.session import Session", ["engine.session.Session"]),
        ("facts/sources/reader.py", "from ..store import Store", []),
        ("commands/batch.py", "import wiring, click, durable", ["durable"]),
        ("commands/batch.py", "from cli import main", ["cli.main"]),
        ("web/app.py", "from commands.layout import Layout", ["commands.layout.Layout"]),
        ("common/texts.py", "from web.app import application", ["web.app.application"]),
        ("wiring/desk.py", "from tests.oracle import decide", ["tests.oracle.decide"]),
    ],
)
def test_a_wrong_import_is_found(module: str, statement: str, forbidden: list[str]) -> None:
    """The check sees every form of import, and tells the wrong ones from the right ones."""
    assert forbidden_imports(PurePath(module), statement) == forbidden
