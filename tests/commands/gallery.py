"""The page of recommendations, `docs/gallery.md`, as the command prints them: `make gallery` writes it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from facts.demo import build
from facts.store import Store
from tests.commands.conftest import DAY, call_command
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "gallery.md"
CUSTOMERS = (
    "pinecone", "quiet-piston", "autumn-field",
    "haselrode", "moonbridge", "drossel-pumpen",
    "bamboo-gate", "kelpford", "ostrelin",
    "umberlake", "brightwell", "garnetfeld",
    "tidewheel", "falkenried", "iron-persimmon",
    "great-loom", "vintergard",
    "mossbank", "salt-heron",
    "lyngmark",
)  # fmt: skip
"""Customers of the demo story: every stage, and every kind of move."""

EXPLANATIONS = (
    ("why", "silver-carp"),
    ("why-not", "silver-carp", "--stage", "established"),
    ("path", "quiet-piston", "--to", "target"),
    ("path", "mossbank", "--to", "strategic"),
    ("what-if", "kelpford", "--set", "stage=established"),
    ("ask", "pinecone"),
)

HEAD = f"""# Gallery

What `valuelift recommend` says to twenty customers of the demo story as of {DAY}, in English and in Chinese; and one of
each explanation (of `path` two: where it leads, and why it does not).
`make gallery` writes this page; a test compares it with what the command prints.
"""


def gallery(store: str) -> str:
    """Return the page for a store that holds the demo story.

    Args:
        store: the store's path.
    """
    recommendations = [(customer, ("recommend", customer)) for customer in CUSTOMERS]
    explanations = [(f"{command} {customer}", (command, customer, *rest)) for command, customer, *rest in EXPLANATIONS]
    sections = [HEAD]
    for title, call in [*recommendations, *explanations]:
        sections.append(f"## {title}\n")
        for language in ("en", "zh"):
            arguments = [*call, "--as-of", DAY, "--lang", language]
            printed = call_command(*arguments, "--db", store).output
            sections.append(f"```console\n$ valuelift {' '.join(arguments)}\n{printed}```\n")
    return "\n".join(sections)


def main() -> None:
    """Write the page."""
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "demo.db")
        store = Store.create(path)
        build(store)
        store.close()
        PAGE.write_text(gallery(path), encoding="utf-8")


if __name__ == "__main__":
    main()
