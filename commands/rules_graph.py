"""`valuelift rules graph`: how the parts of a pack feed each other, drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import Word, language_option, out_option, rule_pack_option
from engine.said import said

if TYPE_CHECKING:
    from engine.graph import Graph
    from wiring import Rules

FORMATS = ("mermaid", "dot", "svg")


@click.command("graph")
@click.option(
    "--focus", metavar="ID", help="Draw only what is around this rule, table, gate, scorecard, fact or action."
)
@click.option(
    "--format", "form", type=Word(FORMATS), default="mermaid", metavar="|".join(FORMATS),
    help="Mermaid (default), Graphviz, or an image.",
)  # fmt: skip
@rule_pack_option
@out_option
@language_option
def command(focus: str | None, form: str, pack: Path | None, out: Path | None, language: str) -> None:
    """Draw how rules, tables, gates and scorecards feed each other.

    The whole pack is drawn by files of rules and gates, tables and scorecards, with the facts that one concludes and
    another reads. Mermaid text shows in many wikis and editors as it is; SVG opens in a browser.

    \b
    Example:
      valuelift rules graph --format svg --out rules.svg
      valuelift rules graph --focus proposed_stage
    """
    from commands.documents import deliver
    from engine.graph import dot, mermaid
    from engine.graph_svg import svg
    from wiring import load_rules, shipped_pack

    rules = load_rules(pack or shipped_pack())
    graph = _graph(rules, focus, language)
    deliver({"mermaid": mermaid, "dot": dot, "svg": svg}[form](graph), out)


def _graph(rules: Rules, focus: str | None, language: str) -> Graph:
    from engine.errors import did_you_mean
    from engine.graph import around, overview
    from engine.relations import relations
    from engine.wording import Wording

    wording = Wording(rules.pack.vocabulary, language)
    if focus is None:
        return overview(rules.pack, rules.program, wording)
    found = around(rules.pack, focus.partition("#")[0], wording)
    if found is None:
        known = [*relations(rules.pack).items, *rules.pack.actions, *map(str, rules.pack.vocabulary.facts)]
        hint = did_you_mean(focus, known) or said("`valuelift rules show` knows them by the same ids.")
        raise click.BadParameter(
            said("the pack has nothing called {word!r}. {hint}", word=focus, hint=hint), param_hint="--focus"
        )
    return found
