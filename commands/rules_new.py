"""`valuelift rules new`: a pack, or something in one with its cases, started, ready to be changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import Word, json_option, language_option
from engine.said import said

if TYPE_CHECKING:
    from engine.model import Pack

KINDS = ("rule", "table", "gate", "scorecard", "action", "fact")
"""What is started in a pack."""

PACK = "pack"
_WHAT_IS_ONE = said("What one says, and what carries it out: `valuelift rules show ITEM`.")
_DECLARES = {
    "table": "type: flag, origin: derived, title: {en: ID, zh: ID（新结论）}",
    "scorecard": "type: category, enum: value_kind, origin: derived, title: {en: ID, zh: ID（新结论）}",
    "fact": (
        "type: integer, range: [0, 1000], title: {en: ID, zh: ID（新事实）},"
        " ask: {en: What is ID of the customer?, zh: 客户的ID是多少？}"
    ),
}
"""Kinds that need a fact of their own, with its declaration."""


@click.command("new")
@click.argument("kind", type=Word((PACK, *KINDS)), metavar="|".join((PACK, *KINDS)))
@click.argument("name", metavar="ID")
@click.option(
    "--pack",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="The pack in this folder. A new pack is made in the folder ID by default.",
)
@click.option("--source", "sources", multiple=True, metavar="ITEM", help="The item of the method that it carries out.")
@language_option
@json_option
def command(kind: str, name: str, pack: Path | None, sources: tuple[str, ...], language: str, as_json: bool) -> None:
    """Start a pack called ID, or a rule, table, gate, scorecard, action or fact in a pack.

    A pack is begun with pack.yaml, which extends the pack that comes with Valuelift. In a pack, this writes ID.yaml and
    cases/ID.yaml, with a rule that advises a new action or reads a new fact; a fact, also that which a table or
    scorecard concludes, goes to facts.yaml. `rules check` and `rules
    test` are content with it right away; then change conditions, conclusions and texts to what you mean. A pack that
    lists the items of its method wants to know by --source which one is carried out.

    \b
    Example:
      valuelift rules new pack our-rules
      valuelift rules new rule call-the-quiet --pack our-rules --source B5
      valuelift rules new table discount --pack our-rules --source B5
      valuelift rules new fact production-lines --pack our-rules --source V2
    """
    from common.texts import Texts
    from wiring import load_rules

    if kind == PACK:
        pack = pack or Path(name)
        written = [_new_pack(name, pack)]
    elif pack is None or not pack.is_dir():
        begin = said(
            "give the folder of a pack. Begin one: `valuelift rules new pack {folder}`.", folder=pack or "our-rules"
        )
        raise click.BadParameter(begin, param_hint="--pack")
    else:
        written = _Start(pack, load_rules(pack).pack, kind, name, sources).write()
    if as_json:
        from commands.output import print_json

        print_json({"written": [str(path) for path in written]})
        return
    for path in written:
        click.echo(f"{path}")
    click.echo(Texts(language)("new_next", pack=pack))


def _new_pack(name: str, folder: Path) -> Path:
    """Write the `pack.yaml` of a pack that extends the one that comes with Valuelift; return where it stands.

    Raises:
        click.BadParameter: if the id cannot be used, or a pack is there already.
    """
    from commands.documents import rendered
    from common.texts import Texts
    from wiring import shipped_pack

    _check_id(name)
    path = folder / "pack.yaml"
    if path.exists():
        raise click.BadParameter(said("{path} is there already.", path=path), param_hint="ID")
    folder.mkdir(parents=True, exist_ok=True)
    base = Path(os.path.relpath(shipped_pack(), folder.resolve())).as_posix()
    text = rendered("new_pack.yaml", Texts("en"), id=name, name=_in_words(name), base=base)
    path.write_text(f"{text}\n", encoding="utf-8")
    return path


def _check_id(name: str) -> None:
    from engine.load.form import KEBAB

    if not KEBAB.match(name):
        raise click.BadParameter(
            said("{name!r} is no id: use small letters, digits and `-`.", name=name), param_hint="ID"
        )


def _in_words(name: str) -> str:
    return name.replace("-", " ").capitalize()


@dataclass(frozen=True, slots=True)
class _Start:
    """An item to be started in a pack."""

    folder: Path
    pack: Pack
    kind: str
    id: str
    sources: tuple[str, ...]

    def write(self) -> list[Path]:
        """Write the files; return which.

        Raises:
            click.BadParameter: if the id cannot be used, or an item of the method is missing or not known.
        """
        self._check()
        files = {self.folder / f"{self.id}.yaml": "", self.folder / "cases" / f"{self.id}.yaml": "_cases"}
        texts = {path: self._text(f"new_{self.kind}{part}.yaml") for path, part in files.items()}
        if self.kind in _DECLARES:
            texts[self.folder / "facts.yaml"] = self._facts()
        for path, text in texts.items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return list(texts)

    def _check(self) -> None:
        from engine.errors import did_you_mean
        from engine.relations import relations
        from engine.rulebook import rulebook

        _check_id(self.id)
        taken = {*relations(self.pack).items, *rulebook(self.pack), *self.pack.actions}
        for name in (self.id, f"{self.id}-advice", f"{self.id}-step"):
            if name in taken:
                raise click.BadParameter(
                    said("the pack has something called {name!r} already.", name=name), param_hint="ID"
                )
        if self.kind in _DECLARES and self.pack.vocabulary.fact(self._fact) is not None:
            raise click.BadParameter(said("there is a fact called {fact!r} already.", fact=self._fact), param_hint="ID")
        for path in (self.folder / f"{self.id}.yaml", self.folder / "cases" / f"{self.id}.yaml"):
            if path.exists():
                raise click.BadParameter(said("{path} is there already.", path=path), param_hint="ID")
        known = self.pack.method
        if known and not self.sources:
            raise click.BadParameter(
                said("name one of {known}. {hint}", known=list(known), hint=_WHAT_IS_ONE),
                param_hint="--source",
            )
        for source in self.sources:
            if known and source.partition(".")[0] not in known:
                hint = did_you_mean(source, known) or said(
                    "Name one of {known}. {hint}", known=list(known), hint=_WHAT_IS_ONE
                )
                raise click.BadParameter(
                    said("the method has no item {source!r}. {hint}", source=source, hint=hint), param_hint="--source"
                )

    @property
    def _fact(self) -> str:
        """The fact that a table or scorecard concludes, or that is started."""
        name = self.id.replace("-", "_")
        return name if name[0].isalpha() else f"is_{name}"

    def _text(self, template: str) -> str:
        from commands.documents import rendered
        from common.texts import Texts

        action = next((name for name, one in self.pack.actions.items() if one.per is None), None)
        cited = f"sources: [{', '.join(self.sources)}]" if self.sources else ""
        taken = {gate.precedence for gate in self.pack.gates}
        text = rendered(
            template,
            Texts("en"),
            id=self.id,
            name=_in_words(self.id),
            fact=self._fact,
            action=action or f"{self.id}-step",
            actions="" if action else "\n".join(self._action(cited)),
            sources=f"    {cited}",
            point_sources=f"        {cited}",
            precedence=next(number for number in range(1, len(taken) + 2) if number not in taken),
        )
        return "".join(f"{line}\n" for line in text.splitlines() if line.strip())

    def _action(self, cited: str) -> Iterator[str]:
        """Yield an action to advise, for a pack that has none."""
        yield "actions:"
        yield f"  - action: {self.id}-step"
        yield f"    title: {{en: Step of {self.id}, zh: {self.id}的行动}}"
        yield from ("    family: visit", "    phase: before", "    owner: account_manager", "    days: 14")
        if cited:
            yield f"    {cited}"

    def _facts(self) -> str:
        """Return facts.yaml with the fact of the item's own."""
        from engine.yaml12 import YMap, read_yaml

        line = f"{self._fact}: {{{_DECLARES[self.kind].replace('ID', self.id)}}}"
        path = self.folder / "facts.yaml"
        if not path.is_file():
            return f"facts:\n  {line}\n"
        lines = path.read_text(encoding="utf-8").splitlines()
        root = read_yaml(path)
        facts = root.get("facts") if isinstance(root, YMap) else None
        if facts is None:
            return "\n".join([*lines, "facts:", f"  {line}", ""])
        first = facts.entries[0][0].at if isinstance(facts, YMap) and facts.entries else facts.at
        if lines[first.line - 1].lstrip().startswith("{") or "facts:" in lines[first.line - 1]:
            raise click.BadParameter(
                said("write the facts in {path} one below the other first.", path=path), param_hint="--pack"
            )
        return "\n".join([*lines[: first.line - 1], " " * (first.column - 1) + line, *lines[first.line - 1 :], ""])
