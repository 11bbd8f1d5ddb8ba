"""`valuelift rules schema`: what an editor needs to help with writing rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from commands.options import json_option, language_option, rule_pack_option

FOLDER = "schema"
MARK = "# yaml-language-server: $schema="


@click.command("schema")
@rule_pack_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the schemas into this folder. By default `schema` in the pack's folder.",
)
@click.option("--link", is_flag=True, help="Put a first line into each file of the pack that names its schema.")
@language_option
@json_option
def command(pack: Path | None, out: Path | None, link: bool, language: str, as_json: bool) -> None:
    """Write JSON Schemas for the files of a pack.

    An editor with a YAML language server (VS Code with the YAML extension, Neovim, Helix and others) then offers facts,
    operators, members, parameters and actions while one writes, explains them in both languages, and marks what is
    wrong. Write the schemas anew after declaring a fact, a parameter or an action.

    \b
    Example:
      valuelift rules schema --pack my-pack --link
    """
    from common.texts import Texts
    from engine.schema import schema_text, schemas
    from wiring import load_rules, shipped_pack

    folder = pack or shipped_pack()
    made = schemas(load_rules(folder).pack)
    place = out or folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    written = [name for name, schema in made.items() if _write(place / name, schema_text(schema))]
    linked = [path for path in _files(folder) if _linked(path, folder, place)] if link else []
    if as_json:
        from commands.output import print_json

        names = [path.relative_to(folder).as_posix() for path in linked]
        print_json({"folder": str(place), "schemas": list(made), "written": written, "linked": names})
        return
    texts = Texts(language)
    said = "schema_written" if written else "schema_unchanged"
    click.echo(texts(said, folder=place, number=texts.number(len(made)), written=len(written)))
    if link:
        click.echo(texts("schema_linked", number=texts.number(len(linked))))
    elif lacking := sum(MARK not in path.read_text(encoding="utf-8") for path in _files(folder)):
        click.echo(texts("schema_lacking", number=texts.number(lacking)))


def _write(path: Path, text: str) -> bool:
    """Write a file unless it says so already; return whether it was written."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a pack that have a schema."""
    for pattern in ("*.yaml", "cases/*.yaml", "talk/*.yaml", "charter/*.yaml"):
        yield from sorted(path for path in folder.glob(pattern) if not path.name.startswith("."))


def _linked(path: Path, folder: Path, schemas: Path) -> bool:
    """Put a first line that names its schema into a file that names none; return whether it was put."""
    import os

    from engine.schema import schema_for

    text = path.read_text(encoding="utf-8-sig")  # a mark of the encoding may stand at the beginning only
    if MARK in text:
        return False
    schema = schemas / schema_for(path.relative_to(folder).as_posix())
    path.write_text(f"{MARK}{Path(os.path.relpath(schema, path.parent)).as_posix()}\n{text}", encoding="utf-8")
    return True
