"""`valuelift completion`: let the shell complete commands and options."""

from __future__ import annotations

import click

from commands.options import Word

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=Word(SHELLS), metavar="bash|zsh|fish")
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script for completion in your shell.

    With it, the shell completes commands, options and their words when you press the tab key.

    \b
    Example, for bash, zsh and fish:
      echo 'eval "$(valuelift completion bash)"' >> ~/.bashrc
      echo 'eval "$(valuelift completion zsh)"' >> ~/.zshrc
      valuelift completion fish > ~/.config/fish/completions/valuelift.fish
    """
    from click.shell_completion import get_completion_class

    completion = get_completion_class(shell)
    assert completion is not None, "click knows these shells"  # noqa: S101
    click.echo(completion(ctx.find_root().command, {}, "valuelift", "_VALUELIFT_COMPLETE").source())
