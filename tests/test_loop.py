"""The ways that docs/loop.md and docs/authoring.md tell are walked, and commands print what the pages show."""

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.conftest import call_command
from tests.conftest import ROOT
from tests.test_readme import BLOCK, COMMAND, run
from wiring import shipped_pack

LEFT_OUT = "..."
SAVED = re.compile(r"^```yaml\n# (?P<file>\S+\.yaml)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
"""A file that the reader is told to save, named in its first line."""


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
    walk((ROOT / "docs" / "loop.md").read_text(encoding="utf-8"), lambda command: run(command, tmp_path))


def test_a_rule_is_made_as_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the pack that we ship, files saved and commands run as the page says lead to a promoted rule."""
    shutil.copytree(shipped_pack(), tmp_path / "rulesets" / "value_marketing")
    monkeypatch.chdir(tmp_path)
    walk((ROOT / "docs" / "authoring.md").read_text(encoding="utf-8"), called)


def called(command: str) -> str:
    """Call one command without a process of its own, which would take longer than the command; return its output."""
    name, *arguments = shlex.split(command.partition(" > ")[0])
    assert name == "valuelift"
    answer = call_command(*arguments)
    assert answer.code == 0, f"$ {command}\n{answer.output}{answer.errors}"
    return answer.output


def walk(page: str, type_in: Callable[[str], str]) -> None:
    """Save the files and run the commands of a page in its order; compare what is shown with what is printed."""
    rest = page
    while file := SAVED.search(rest):
        run_all(rest[: file.start()], type_in)
        path = Path(file["file"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file["text"], encoding="utf-8")
        rest = rest[file.end() :]
    run_all(rest, type_in)


def run_all(page: str, type_in: Callable[[str], str]) -> None:
    """Run the commands of a page."""
    told = shown(page)
    for command, lines in told:
        printed = iter(type_in(command).splitlines())
        missing = [line for line in lines if line not in printed]
        assert missing == [], command
