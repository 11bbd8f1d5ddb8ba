"""The commands of `valuelift`, one module each; `cli.py` is their door."""
