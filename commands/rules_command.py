"""`valuelift rules`: tools for the files in which rules are written."""

from __future__ import annotations

import click

from commands.rules_check import command as check
from commands.rules_coverage import command as coverage
from commands.rules_diff import command as diff
from commands.rules_doc import command as doc
from commands.rules_graph import command as graph
from commands.rules_mutate import command as mutate
from commands.rules_new import command as new
from commands.rules_promote import command as promote
from commands.rules_promote import log
from commands.rules_prove import command as prove
from commands.rules_schema import command as schema
from commands.rules_show import command as show
from commands.rules_table import command as table
from commands.rules_test import command as test
from commands.rules_watch import command as watch


@click.group("rules")
def command() -> None:
    """Check and test rule packs.

    \b
    Example:
      valuelift rules check rulesets/value_marketing
    """


for each in (new, check, test, coverage, mutate, prove, diff, watch, promote, log, show, table, doc, graph, schema):
    command.add_command(each)
