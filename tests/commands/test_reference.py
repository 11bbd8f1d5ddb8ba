"""Every command and option is documented, and the page of all commands is up to date."""

import inspect
import shlex

import click
import pytest

from cli import main
from tests.commands import reference
from tests.commands.conftest import DAY, Call
from tests.conftest import ROOT

COMMANDS = dict(reference.commands(main))


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_explains_itself_with_an_example(path: str) -> None:
    """A command's help has a summary and an example that calls it."""
    text = inspect.cleandoc(COMMANDS[path].help or "")
    summary, _, example = text.partition("\n\n\b\nExample")
    assert summary.split("\n\n")[0].endswith(".")
    assert path.removeprefix("valuelift") in example


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_is_documented(path: str) -> None:
    """An option says what it is for, in a sentence or two."""
    options = [each for each in COMMANDS[path].params if isinstance(each, click.Option)]
    assert [each.name for each in options if not (each.help or "").endswith(".")] == []


@pytest.mark.parametrize("path", COMMANDS)
def test_every_argument_is_explained(path: str) -> None:
    """The help mentions each argument by the name that its usage line shows."""
    command = COMMANDS[path]
    ctx = click.Context(command)
    names = [each.make_metavar(ctx).strip("[].") for each in command.params if isinstance(each, click.Argument)]
    assert [name for name in names if name not in (command.help or "") and "|" not in name] == []


@pytest.mark.parametrize("path", COMMANDS)
def test_examples_fit_eighty_columns(path: str) -> None:
    """An example can be copied from a terminal of eighty columns."""
    assert [line for line in reference.help_of(COMMANDS[path], path).splitlines() if len(line) > 80] == []


EXAMPLES = [
    " ".join(line.split()[1:])
    for path in ("why", "why-not", "ask", "path", "customers", "effects", "portfolio", "record fact")
    for line in reference.help_of(COMMANDS[f"valuelift {path}"], f"valuelift {path}").splitlines()
    if line.startswith("    valuelift ") and "--product" not in line
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_name_what_there_is(example: str, demo: Call) -> None:
    """What examples name (facts, values, account managers) is in the shipped pack and the demo, and is answered.

    Examples about a customer of the public data set, who is not in the demo, are asked about one who is.
    """
    asked = shlex.split(example.replace("13085", "moonbridge").replace("2010-12-09", DAY))
    days = [] if "--as-of" in asked or asked[0] == "record" else ["--as-of", DAY]
    found = demo(*asked, *days)
    assert found.code == 0, found.errors


def test_the_page_is_up_to_date() -> None:
    """`docs/cli.md` is what `python -m tests.commands.reference` prints."""
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == reference.reference()
