"""The commands that README.md shows are run as they stand."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<reason>.+?) -->\n+)?^```console\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE
)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)$", re.MULTILINE)
DATA = "../shared/data"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced `console` block: its commands, in order, and why they are not run, if they are not."""

    commands: tuple[str, ...]
    not_run: str | None


def blocks(markdown: str) -> Iterator[Block]:
    """Yield the `console` blocks of a page; a comment `<!-- not run: reason -->` above one excuses it."""
    for match in BLOCK.finditer(markdown):
        yield Block(tuple(COMMAND.findall(match["body"])), match["reason"])


def run(command: str, folder: Path) -> str:
    """Run one command as a reader would type it, and return its output; fail with that unless it succeeds."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VALUELIFT_")}
    environment["VALUELIFT_CACHE"] = os.environ["VALUELIFT_CACHE"]
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        pytest.fail(f"$ {command}\nexit code {done.returncode}\n{done.stdout}{done.stderr}", pytrace=False)
    return done.stdout


def copy_of_the_project(folder: Path) -> Path:
    """Copy what git does not ignore of the working tree, so that a command may write beside it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    copy = folder / "valuelift"
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return copy


def lay_data_beside(copy: Path, test_data: Path) -> None:
    """Let `../shared/data` lead from the copy to the real data."""
    link = copy.parent / "shared" / "data"
    if not link.exists():
        link.parent.mkdir()
        link.symlink_to(test_data)


def test_readme_commands_succeed(tmp_path: Path, request: pytest.FixtureRequest, subtests: pytest.Subtests) -> None:
    """Every command of the README, run in order in one copy of the project, exits with 0."""
    copy = copy_of_the_project(tmp_path)
    for block in blocks((ROOT / "README.md").read_text(encoding="utf-8")):
        with subtests.test(block.commands[0]):
            if block.not_run:
                pytest.skip(block.not_run)
            if any(DATA in command for command in block.commands):
                lay_data_beside(copy, request.getfixturevalue("test_data"))
            for command in block.commands:
                run(command, copy)


def test_blocks_are_read_as_a_reader_reads_them() -> None:
    """Commands start with a dollar sign, may go on in the next line, and may be excused by a comment."""
    page = """
```console
$ one --flag
its output
$ two \\
    --more
```

<!-- not run: takes an hour -->
```console
$ three
```

```python
$ four
```
"""
    assert list(blocks(page)) == [
        Block(("one --flag", "two \\\n    --more"), None),
        Block(("three",), "takes an hour"),
    ]
