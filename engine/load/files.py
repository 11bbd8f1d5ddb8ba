"""A pack's files, and those of the packs that it extends."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import Location, Problems, ProblemsError
from engine.load.form import Form
from engine.said import NOTHING, said
from engine.yaml12 import Node, YMap, YScalar, parse_yaml, read_yaml

MANIFEST, FACTS, TALK, CASES = "pack.yaml", "facts.yaml", "talk/", "cases/"
MANIFEST_KEYS = ("pack", "version", "title", "extends", "ladder", "shows", "promotion", "disable")


@dataclass(frozen=True, slots=True)
class Files:
    """One pack's files as nodes: by name, `pack.yaml` among them; `at` is where the pack begins.

    The files of its folder `talk/` are kept apart.
    """

    nodes: Mapping[str, Node]
    at: Location
    talk: Mapping[str, Node] = field(default_factory=dict)


def read_nodes(paths: Iterable[Path], problems: Problems) -> dict[str, Node]:
    """Read YAML files, by name; an empty file is a problem."""
    nodes: dict[str, Node] = {}
    for path in paths:
        try:
            nodes[path.name] = read_yaml(path)
        except ProblemsError as error:
            problems.found.extend(error.problems)
        else:
            _check_content(nodes[path.name], problems)
    return nodes


def parsed(text: str, name: str, problems: Problems) -> Node | None:
    try:
        node = parse_yaml(text, name)
    except ProblemsError as error:
        problems.found.extend(error.problems)
        return None
    _check_content(node, problems)
    return node


def _check_content(node: Node, problems: Problems) -> None:
    if isinstance(node, YScalar) and node.value is None:
        problems.add(node.at, "empty-file", said("the file is empty."), said("Fill it or delete it."))


def with_bases(folder: Path, problems: Problems) -> list[Files]:
    """Read a pack's files and those of the packs it extends, the last base first."""
    packs: list[Files] = []
    seen: list[Path] = []
    wanted_by: Location | None = None
    while True:
        files = _files(folder, wanted_by, problems)
        packs.insert(0, files)
        seen.append(folder.resolve())
        extends = _extends(files.nodes.get(MANIFEST), problems)
        if extends is None:
            return packs
        folder, wanted_by = _plainly(folder / extends.text), extends.at
        if folder.resolve() in seen:
            message = said("packs extend each other in a circle: `{folder}`.", folder=extends.text)
            problems.add(extends.at, "extends-cycle", message, said("Break it."))
            return packs


def _extends(manifest: Node | None, problems: Problems) -> YScalar | None:
    """Return what a manifest says that its pack extends; a misspelt key is reported when the packs are merged."""
    if not isinstance(manifest, YMap):
        return None
    form = Form(manifest, NOTHING, problems)
    form.take_as_meant(MANIFEST_KEYS)
    node = form.node("extends")
    if node is None or isinstance(node, YScalar):
        return node
    problems.add(node.at, "wrong-shape", said("a pack extends one other."), said("Write the path of its folder."))
    return None


def _plainly(folder: Path) -> Path:
    """Return a folder's path without `..` in it, where it leads to the same place (behind a link it may not)."""
    plain = Path(os.path.normpath(folder))
    return plain if folder.exists() and plain.exists() and plain.samefile(folder) else folder


def _files(folder: Path, wanted_by: Location | None, problems: Problems) -> Files:
    at = Location(str(folder / MANIFEST))
    if not (folder / MANIFEST).is_file():
        hint = said("Check the path, or begin a pack: `valuelift rules new pack ID`.")
        if wanted_by is not None:
            hint = said("Check the path, which counts from the folder of this pack.")
        message = said("`{folder}` is no rule pack: it has no pack.yaml.", folder=folder)
        problems.add(wanted_by or at, "no-pack", message, hint)
        return Files({}, at)
    for path in sorted(path for part in ("", TALK, CASES) for path in (folder / part).glob("*.yml")):
        message = said("rule files end in `.yaml`; this one is not read.")
        problems.add(Location(str(path)), "wrong-suffix", message, said("Rename it."))
    return Files(read_nodes(_yaml_files(folder), problems), at, read_nodes(_yaml_files(folder / TALK), problems))


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.yaml") if not path.name.startswith("."))
