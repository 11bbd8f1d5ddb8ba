"""The page of all commands, `docs/cli.md`, made from their help: `python -m tests.commands.reference > docs/cli.md`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from cli import main

HEAD = """# Commands

This page is made from `--help` of each command; a test compares the two.

| variable | meaning |
|---|---|
| `VALUELIFT_DB` | the store, where `--db` is not given |
| `VALUELIFT_RUNS` | where runs of a store in PostgreSQL are kept, if `--out` is not given; by default in this folder |
| `VALUELIFT_CACHE` | where loaded rules stay for the next command; by default `~/.cache/valuelift`. Empty: nowhere |
| `VALUELIFT_LANG` | the language, `en` or `zh`, where `--lang` is not given |
| `VALUELIFT_DEBUG` | if set, internal failures show where they happened |
| `NO_COLOR` | if set, nothing is coloured; nor is it when the output goes into a file or another program |

Exit codes: 0 fine, 1 problems found, 2 wrong usage, 3 internal failure.
"""


def commands(command: click.Command, path: str = "valuelift") -> Iterator[tuple[str, click.Command]]:
    """Yield a command and all commands under it, each with what one types to call it."""
    yield path, command
    if isinstance(command, click.Group):
        ctx = click.Context(command, info_name=path)
        for name in command.list_commands(ctx):
            found = command.get_command(ctx, name)
            assert found is not None, "the command was listed"
            yield from commands(found, f"{path} {name}")


def help_of(command: click.Command, path: str) -> str:
    """Return what `--help` of a command prints in 80 columns."""
    settings = {**command.context_settings, "help_option_names": ["-h", "--help"], "terminal_width": 80}
    with click.Context(command, info_name=path, **settings) as ctx:
        return command.get_help(ctx)


def reference() -> str:
    """Return the whole page."""
    sections = [f"## {path}\n\n```text\n{help_of(command, path)}\n```\n" for path, command in commands(main)]
    return "\n".join([HEAD, *sections])


if __name__ == "__main__":
    click.echo(reference(), nl=False)
