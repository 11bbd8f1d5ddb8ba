"""The package that can be installed holds the program with its files, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from tests.conftest import ROOT

PROGRAM = ("cli.py", "commands", "common", "engine", "facts", "rulesets", "web", "wiring")


def test_the_wheel_holds_the_program_alone(tmp_path: Path) -> None:
    """Every file of the program that is under version control is in it, and no test."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.iterdir()
    packed = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    listed = subprocess.run(["git", "ls-files", *PROGRAM], cwd=ROOT, check=True, capture_output=True, text=True)
    assert packed == set(listed.stdout.splitlines())
