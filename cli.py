"""The command line's door: `valuelift COMMAND`."""

import click


@click.group()
@click.version_option(package_name="valuelift")
def main() -> None:
    """Decide, customer by customer, on stage, plan and the value to convey next, and say why."""
