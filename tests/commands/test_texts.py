"""The texts of the command line are complete in both languages, and all of them are used."""

import re
import string

import pytest

from commands.texts import all_texts, default_language
from tests.conftest import ROOT

SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for path in [
        ROOT / "wiring.py",
        *(ROOT / "commands").rglob("*.py"),
        *(ROOT / "facts" / "batch").glob("*.py"),
        *(ROOT / "commands" / "templates").iterdir(),
    ]
)


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("name", all_texts())
def test_a_text_says_the_same_in_both_languages(name: str) -> None:
    """A text exists in English and Chinese and fills in the same values in both."""
    text = all_texts()[name]
    assert set(text) == {"en", "zh"}
    assert all(text.values())
    assert placeholders(text["en"]) == placeholders(text["zh"])


def test_every_text_is_used() -> None:
    """No text is left over: each name, or the part before its last underscore, stands in a command."""
    unused = [
        name
        for name in all_texts()
        if f'"{name}"' not in SOURCES and not re.search(rf'"{re.escape(name.split("_")[0])}_(\{{|" ~)', SOURCES)
    ]
    assert unused == []


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "en_US.UTF-8", "VALUELIFT_LANG": "zh"}, "zh"),
        ({}, "en"),
    ],
)
def test_the_environment_gives_the_language(
    environment: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VALUELIFT_LANG comes first, then the locale; whoever is not Chinese is spoken to in English."""
    for name in ("VALUELIFT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert default_language() == language
