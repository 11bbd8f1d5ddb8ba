"""Time a cold `valuelift rules check`: of a pack of 300 rules with 600 cases, and of the pack that we ship.

python -m bench.check
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from random import Random

from bench.cold import seconds_of
from bench.figures import Figure, show
from wiring import shipped_pack

RULES = 300
FACTS = ("orders_90d", "orders_365d", "orders_prev_90d", "months_active_365d", "returns_365d")


def measure() -> list[Figure]:
    """Return medians over several processes, taken in turns."""
    with tempfile.TemporaryDirectory() as folder:
        packs = {f"a pack of {RULES} rules with {2 * RULES} cases": Path(folder), "our pack": shipped_pack()}
        write_pack(Path(folder), Random(1))
        valuelift = Path(sys.executable).parent / "valuelift"
        taken = seconds_of({name: [valuelift, "rules", "check", pack] for name, pack in packs.items()})
    return [
        Figure(f"cold: valuelift rules check, {name}", f"{seconds * 1e3:,.0f} ms") for name, seconds in taken.items()
    ]


def write_pack(folder: Path, rng: Random) -> None:
    """Write rules of two conditions each, one action, and for each rule two cases: it fires, and it nearly does."""
    rules, cases = ["rules:"], ["cases:"]
    for number in range(RULES):
        high, low = rng.sample(FACTS, 2)
        least, most = rng.randint(2, 9), rng.randint(2, 9)
        rules += [
            f"  - rule: rule-{number}",
            f"    title: {{en: Rule {number}, zh: 规则{number}}}",
            f'    because: {{en: "{{{high}}} and {{{low}}}.", zh: "{{{high}}}和{{{low}}}。"}}',
            "    sources: [B5]",
            f"    when: {{{high}: {{at_least: {least}}}, {low}: {{at_most: {most}}}}}",
            "    advise: [call]",
        ]
        for name, count, expected in (("fires", least, "fired"), ("nearly fires", least - 1, "not_fired")):
            cases += [
                f"  - case: Rule {number} {name}",
                "    as_of: 2026-06-30",
                f"    facts: {{{high}: {count}, {low}: {most}}}",
                f"    expect: {{{expected}: [rule-{number}]}}",
            ]
    action = """
actions:
  - action: call
    title: {en: Call the customer, zh: 致电客户}
    family: visit
    phase: in
    owner: account_manager
    days: 14
    cost: low
    urgency: 40
    steps: [{en: Call, zh: 致电}]
    effect: {en: We know more, zh: 更加了解}
    heard_by: {en: The talk, zh: 通话}
    sources: [B5]
"""
    manifest = "pack: bench\nversion: 1.0.0\ntitle: {en: Bench, zh: 测速}\n"
    (folder / "cases").mkdir()
    files = {"pack.yaml": manifest, "rules.yaml": "\n".join(rules) + action, "cases/all.yaml": "\n".join(cases)}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(show(measure))
