"""What is done in processes of its own: looking for paths by durable-rules and the prover, and checking packs."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.derivation import Deriver
    from engine.path import Paths
    from wiring import Decided


BASE = "value_marketing"
"""The pack that others may extend here: the one that comes with Valuelift."""


@dataclass(frozen=True, slots=True)
class PathAsked:
    """A question for paths: by which store and pack, about whom on which day, and what (see `common.asked.target`)."""

    store: str
    pack: Path | None
    as_of: date
    customer: str
    what: str
    text: str
    seconds: float


def path(asked: PathAsked) -> str:
    """Return the ways to another conclusion as JSON.

    Raises:
        ValueError: if the rules do not conclude what is asked about.
    """
    from common.explain_json import path_in_json
    from common.json_form import as_json

    decided, _, found = _paths(asked)
    return as_json(path_in_json(decided, found))


def path_page(asked: PathAsked, language: str) -> str:
    """Return the ways to another conclusion as JSON: the blocks of a page (see `web.outline.read_blocks`).

    Raises:
        ValueError: if the rules do not conclude what is asked about.
    """
    from common.explain_layout import Teller
    from common.json_form import as_json
    from common.path_layout import PathLayout
    from common.texts import PAGES, Texts
    from web.outline import blocks

    _, deriver, found = _paths(asked)
    layout = PathLayout(Teller(deriver, Texts(language, PAGES)), asked.seconds)
    return as_json([asdict(block) for block in blocks(layout.page(found))])


def _paths(asked: PathAsked) -> tuple[Decided, Deriver, Paths]:
    from common.asked import target
    from common.limits import WAYS
    from engine.derivation import Deriver
    from engine.path import find_paths
    from facts.store import Store
    from wiring import Desk, rules_in_use

    store = Store.open(asked.store)
    desk = Desk(store, rules_in_use(store, asked.pack), asked.as_of)
    decided = desk.decide(asked.customer)
    deriver = Deriver(desk.rules.pack, desk.rules.plan, decided.facts, decided.decision)
    wanted = target(deriver, asked.what, asked.text)
    return decided, deriver, find_paths(deriver, desk.executors, *wanted, WAYS, asked.seconds)


def check_pack(files: Mapping[str, str], day: date, language: str) -> str:
    """Return as JSON what is wrong or doubtful in a pack, in words of a language.

    Raises:
        ValueError: if it extends another pack than the one that comes with Valuelift.
    """
    from common.checked import findings_in_json
    from common.json_form import as_json
    from common.texts import Texts
    from engine.check import finding_of
    from engine.errors import ProblemsError
    from wiring import checked, shipped_pack

    with tempfile.TemporaryDirectory(prefix="valuelift-") as place:
        folder = Path(place).resolve() / "pack"
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (folder.parent / BASE).symlink_to(shipped_pack())
        try:
            _require_base(folder)
            rules, findings = checked(folder, day)
        except ProblemsError as error:
            rules, findings = None, tuple(map(finding_of, error.problems))
        here = [_from_here(one, folder) for one in findings]
    return as_json(findings_in_json(rules, here, Texts(language)))


def _require_base(folder: Path) -> None:
    """Refuse a pack that names other folders of this machine."""
    from engine.yaml12 import YMap, YScalar, read_yaml

    if not (folder / "pack.yaml").is_file():
        raise ValueError("A pack has a file pack.yaml.")
    manifest = read_yaml(folder / "pack.yaml")
    extends = manifest.get("extends") if isinstance(manifest, YMap) else None
    if extends is not None and not (isinstance(extends, YScalar) and extends.text == f"../{BASE}"):
        raise ValueError(f"Here a pack extends ../{BASE} or nothing.")


def _from_here(finding: Any, folder: Path) -> Any:
    """Return a finding with its place as seen from the pack's folder."""
    at = finding.location
    return replace(finding, location=at._replace(file=at.file.removeprefix(f"{folder}/")))
