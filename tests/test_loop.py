"""The turn of the loop that docs/loop.md tells is walked by its commands, and they print what the page shows."""

from pathlib import Path

from tests.conftest import ROOT
from tests.test_readme import BLOCK, COMMAND, run

LEFT_OUT = "..."


def shown(page: str) -> list[tuple[str, list[str]]]:
    """Return each command of a page with the lines of output that are shown below it."""
    found = []
    for block in BLOCK.finditer(page):
        commands = list(COMMAND.finditer(block["body"]))
        ends = [each.start() for each in commands[1:]] + [len(block["body"])]
        for each, end in zip(commands, ends, strict=True):
            output = block["body"][each.end() : end].splitlines()
            found.append((each[1], [line for line in output if line.strip() and line != LEFT_OUT]))
    return found


def test_the_loop_turns_as_told(tmp_path: Path) -> None:
    """Every command succeeds, and each line shown below it is among those that it prints, in this order."""
    told = shown((ROOT / "docs" / "loop.md").read_text(encoding="utf-8"))
    assert any(lines for _, lines in told)
    for command, lines in told:
        printed = iter(run(command, tmp_path).splitlines())
        missing = [line for line in lines if line not in printed]
        assert missing == [], command
