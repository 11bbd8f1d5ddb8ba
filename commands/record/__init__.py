"""Recording things one at a time: what `valuelift record` and its subcommands share, and the kinds of things."""
