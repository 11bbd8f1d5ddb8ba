"""The command line's door: `valuelift COMMAND`. A command's module is loaded when it is called."""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

COMMANDS = (
    "demo", "init", "import", "customers", "recommend", "why", "why-not", "path", "what-if", "ask", "plan", "ledger",
    "form", "record", "confirm", "audit", "contact", "generate", "batch", "runs", "replay", "portfolio", "effects",
    "backtest", "rules", "charter", "pack", "serve", "user", "token", "doctor", "backup", "restore", "completion",
)  # fmt: skip
# Loading libraries and rules makes many objects and no garbage. Looking for garbage among them every 700 objects, as
# Python does by default, takes a tenth of a cold `recommend`.
OBJECTS_BEFORE_COLLECTING = 1_000_000


class Door(click.Group):
    """The group of all commands; `NAME` lives in `commands/NAME_command.py` as `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"commands.{cmd_name.replace('-', '_')}_command").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; name the nearest one if there is none."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from engine.errors import did_you_mean
            from engine.said import one_after_other, said

            ctx.fail(one_after_other(said("No such command {name!r}.", name=name), did_you_mean(name, COMMANDS)))
        return super().resolve_command(ctx, args)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **given: Any) -> Any:
        """Run the command that is called; who reads Chinese is told in Chinese also what click refuses."""
        from commands.options import asked_language

        arguments = sys.argv[1:] if args is None else list(args)
        if asked_language(arguments) == "en":
            return super().main(arguments, *rest, **given)
        from commands.usage import click_in_chinese

        with click_in_chinese():
            return super().main(arguments, *rest, **given)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note in which language errors are told, before there can be one."""
        from commands.options import LANGUAGE, asked_language

        ctx.meta[LANGUAGE] = asked_language(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that is called; turn what goes wrong into a message and an exit code."""
        from commands.options import LANGUAGE

        gc.set_threshold(OBJECTS_BEFORE_COLLECTING)
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            if ctx.meta[LANGUAGE] == "en":
                raise
            from commands.usage import told

            raise told(error) from None
        except (click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # whoever read the output has read enough: click ends without a word
        except Exception as error:
            from commands.failures import is_interruption, report

            if is_interruption(error):
                raise click.Abort from None
            ctx.exit(report(error, ctx.meta[LANGUAGE]))


@click.group(cls=Door, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="valuelift")
def main() -> None:
    """Decide, customer by customer, on stage, plan and the value to convey next, and say why.

    \b
    Example:
      valuelift demo
      valuelift recommend CUSTOMER --lang zh

    Exit codes: 0 fine, 1 problems found, 2 wrong usage, 3 internal failure.
    """


def run() -> None:
    """Run the command that is called, and end the process.

    All is written and closed by then. Python would still take every library and rule apart, one object after the
    other, which lasts a tenth of a cold `recommend`.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # GBK, for one, has no check mark
    try:
        main()
    except SystemExit as end:
        if threading.active_count() > 1 or not isinstance(end.code, int):
            raise  # Python waits for others that are at work, and says what is no number
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code)
