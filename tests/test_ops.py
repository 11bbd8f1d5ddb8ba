"""The examples in `ops/` are valid, ask for little, and call commands that there are."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cli import main
from tests.conftest import ROOT

OPS = ROOT / "ops"
VALUELIFT = Path(sys.executable).with_name("valuelift")
INSTALLED = "/opt/valuelift/.venv/bin/valuelift"
CALL = re.compile(r"(?:^ExecStart\w*=\S*/|exec \S*/|&& | valuelift )valuelift ((?:(?!&&|\|\||2?>|').)+)")
"""A call: at the beginning of a unit's line, after `exec` or `&&`, up to what the shell does with its output."""

EXPOSED = 20
"""Tenths of the exposure that systemd finds at most: 20 is `OK`, a unit without any restriction has 96."""


@pytest.fixture
def units(tmp_path: Path) -> list[str]:
    """Return the units, with the program that runs these tests in the place of the installed one."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    for path in (*OPS.glob("*.service"), *OPS.glob("*.timer")):
        (tmp_path / path.name).write_text(path.read_text().replace(INSTALLED, str(VALUELIFT)))
    return [str(path) for path in sorted(tmp_path.iterdir())]


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Call systemd-analyze."""
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True)


def test_units_are_valid(units: list[str]) -> None:
    """systemd finds nothing to say about services and timers."""
    done = analyze("verify", "--man=no", *units)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_services_may_do_little(units: list[str]) -> None:
    """systemd calls the exposure of each service low."""
    for unit in units:
        if unit.endswith(".service"):
            done = analyze("security", "--offline=yes", f"--threshold={EXPOSED}", "--no-pager", unit)
            assert done.returncode == 0, done.stdout


def test_every_timer_has_its_service() -> None:
    """A timer starts the service of the same name; a service without one starts with the machine."""
    timed = {path.stem for path in OPS.glob("*.timer")}
    services = {path.stem: path.read_text() for path in OPS.glob("*.service")}
    assert timed == {name for name, text in services.items() if "WantedBy=multi-user.target" not in text}


def calls() -> list[str]:
    """Return the calls of `valuelift` in all examples."""
    lines = [line for path in sorted(OPS.iterdir()) for line in path.read_text().splitlines() if line[:1] != "#"]
    return [call.strip() for line in lines for call in CALL.findall(line)]


def test_the_examples_call_all_that_a_night_needs() -> None:
    """Batch, prune, doctor and backup are called by systemd and by cron; systemd serves the pages besides."""
    by_both = ["backup", "batch", "doctor", "runs"] * 2
    assert sorted(call.split()[0] for call in calls()) == sorted([*by_both, "serve"])


@pytest.mark.parametrize("call", sorted(set(calls())))
def test_a_call_is_understood(call: str) -> None:
    """Command and options of a call exist."""
    command: click.Command = main
    words, context = shlex.split(call), click.Context(main, info_name="valuelift", **main.context_settings)
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, words[0]
        command, context, words = found, click.Context(found, parent=context, info_name=words[0]), words[1:]
        if words[:1] and not (isinstance(command, click.Group) and words[0] in command.commands):
            break
    command.make_parser(context).parse_args(list(words))
