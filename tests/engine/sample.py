"""The small pack of `tests/sample`, which uses every shape of the language once."""

from __future__ import annotations

from pathlib import Path

from engine.load import load_catalogue, load_pack
from engine.model import Pack

FOLDER = Path(__file__).parents[1] / "sample"
CATALOGUE = FOLDER / "catalog.yaml"
PACK = FOLDER / "pack"


def sample_pack() -> Pack:
    """Load the sample from its folder."""
    return load_pack(PACK, load_catalogue(CATALOGUE))


def sample_texts(*names: str) -> dict[str, str]:
    """Return the texts of the catalogue and of the pack's files, or of the named ones only."""
    paths = {CATALOGUE.name: CATALOGUE}
    paths |= {path.relative_to(PACK).as_posix(): path for path in sorted(PACK.glob("*.yaml"))}
    paths |= {path.relative_to(PACK).as_posix(): path for path in sorted(PACK.glob("talk/*.yaml"))}
    return {name: path.read_text(encoding="utf-8") for name, path in paths.items() if not names or name in names}
