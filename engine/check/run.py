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
from engine.check.unused import missing_sources, unused_facts, unused_parameters
from engine.errors import Location
from engine.model import Pack
from engine.program import Program
from engine.talk import gaps_in


def check(
    folder: Path,
    pack: Pack,
    program: Program,
    cases: Sequence[Case],
    uses: Mapping[str, Collection[str]],
    day: date,
) -> tuple[Finding, ...]:
    """Return everything that the lints find in a pack's own files, in their order.

    Args:
        folder: where the pack is.
        pack: the pack.
        program: what it compiles to.
        cases: its cases.
        uses: by parameter, who uses it.
        day: the day for which evidence is looked at.
    """
    lints: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: unused_facts(pack),
        lambda: unused_parameters(pack, uses),
        lambda: missing_sources(pack),
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
        yield lint(at, "no-evidence", f"there is no valid evidence for {value}.", "Add a piece in `talk/`.")
    for one in gaps.expiring:
        message = f"evidence `{one.id}` for {one.value} is valid until {one.valid_until} only."
        yield lint(one.at, "evidence-expires", message, "Renew it, or find another piece.")
    if gaps.untold:
        number = len(gaps.untold)
        said = "1 pair of value and need has" if number == 1 else f"{number} pairs of value and need have"
        yield lint(at, "no-track", f"{said} no talk track: {_pairs(gaps.untold, pack)}.", "Add one in `talk/`.")


def _pairs(untold: Sequence[tuple[str, str]], pack: Pack) -> str:
    """Return the pairs by value: first values that lack some needs, then those of which nothing at all is said."""
    needs: dict[str, list[str]] = {}
    for value, need in untold:
        needs.setdefault(value, []).append(need)
    whole = len(pack.vocabulary.enums["need_kind"].members)
    silent = [value for value, of in needs.items() if len(of) == whole > 1]
    said = [f"{value} for {', '.join(of)}" for value, of in needs.items() if value not in silent]
    return "; ".join([*said, *([f"{', '.join(silent)} for every need"] if silent else [])])
