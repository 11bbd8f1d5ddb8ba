"""All lints over a pack; of what it inherits nothing is said, since it cannot be mended there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from engine.cases import Case
from engine.check.cases import missing_cases
from engine.check.conditions import near_duplicates, thresholds
from engine.check.findings import Finding, lint
from engine.check.tables import table_findings
from engine.check.texts import translations
from engine.check.unused import missing_actions, missing_sources, unused_facts, unused_parameters
from engine.errors import Location
from engine.model import Pack
from engine.program import Program
from engine.said import Said, said
from engine.talk import gaps_in
from engine.vocabulary import FactKey


def check(
    folder: Path,
    pack: Pack,
    program: Program,
    cases: Sequence[Case],
    uses: Mapping[str, Collection[str]],
    day: date,
    counted: Mapping[FactKey, str] | None = None,
) -> tuple[Finding, ...]:
    """Return everything that the lints find in a pack's own files, in their order.

    Args:
        folder: where the pack is.
        pack: the pack.
        program: what it compiles to.
        cases: its cases.
        uses: by parameter, who uses it.
        day: the day for which evidence is looked at.
        counted: by fact, the action that it counts, for facts that count one.
    """
    lints: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: unused_facts(pack),
        lambda: unused_parameters(pack, uses),
        lambda: missing_sources(pack),
        lambda: missing_actions(pack, counted or {}),
        lambda: thresholds(pack),
        lambda: near_duplicates(pack),
        lambda: table_findings(pack, program),
        lambda: missing_cases(pack, cases),
        lambda: translations(pack),
        lambda: _talk(pack, day),
    )
    found = {one for each in lints for one in each() if one.location.lies_in(folder)}
    return tuple(sorted(found))


def _talk(pack: Pack, day: date) -> Iterator[Finding]:
    """Yield what a pack's talk lacks."""
    gaps = gaps_in(pack, day)
    if gaps is None:
        return
    talk = pack.talk
    places = [] if talk is None else [*(one.at for one in talk.tracks), *(one.at for one in talk.evidence.values())]
    at = Location(min(places).file) if places else pack.at
    for value in gaps.unproven:
        message = said("there is no valid evidence for {value}.", value=value)
        yield lint(at, "no-evidence", message, said("Add a piece in `talk/`."))
    for one in gaps.expiring:
        message = said(
            "evidence `{id}` for {value} is valid until {date} only.", id=one.id, value=one.value, date=one.valid_until
        )
        yield lint(one.at, "evidence-expires", message, said("Renew it, or find another piece."))
    if gaps.untold:
        yield lint(
            at,
            "no-track",
            said(
                "{number} {number:pair|pairs} of value and need {number:has|have} no talk track: {pairs:; }.",
                number=len(gaps.untold),
                pairs=list(_pairs(gaps.untold, pack)),
            ),
            said("Add one in `talk/`."),
        )


def _pairs(untold: Sequence[tuple[str, str]], pack: Pack) -> Iterator[Said]:
    """Yield the pairs by value: first values that lack some needs, then those of which nothing at all is said."""
    needs: dict[str, list[str]] = {}
    for value, need in untold:
        needs.setdefault(value, []).append(need)
    whole = len(pack.vocabulary.enums["need_kind"].members)
    silent = [value for value, of in needs.items() if len(of) == whole > 1]
    for value, of in needs.items():
        if value not in silent:
            yield said("{value} for {needs}", value=value, needs=of)
    if silent:
        yield said("{values} for every need", values=silent)
