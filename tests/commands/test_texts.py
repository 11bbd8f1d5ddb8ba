"""The texts of command line and pages are complete in both languages, and all of them are used."""

import re
import string

import pytest

from common.saying import say
from common.texts import COMMAND_LINE, PAGES, Texts, default_language, read_texts
from engine.wording import Wording
from facts.tables import FACT_TABLES
from tests.conftest import ROOT
from wiring import shipped_rules

SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for path in [
        *(path for room in ("wiring", "commands", "common", "web") for path in (ROOT / room).rglob("*.py")),
        *(ROOT / "facts" / "batch").glob("*.py"),
        *(path for room in ("commands", "web") for path in (ROOT / room / "templates").iterdir()),
    ]
).replace("'", '"')
TEXTS = {file: read_texts(file) for file in (COMMAND_LINE, PAGES)}
ALL = {name: text for texts in TEXTS.values() for name, text in texts.items()}


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(("file", "name"), [(file, name) for file, texts in TEXTS.items() for name in texts])
def test_a_text_says_the_same_in_both_languages(file: str, name: str) -> None:
    """A text exists in English and Chinese and fills in the same values in both."""
    text = TEXTS[file][name]
    assert set(text) == {"en", "zh"}
    assert all(text.values())
    assert placeholders(text["en"]) == placeholders(text["zh"])


def test_every_text_is_used() -> None:
    """No text is left over: each name, or the part before its first underscore, stands in a command or page."""
    unused = [
        name
        for name in ALL
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


def test_every_word_of_a_record_has_words() -> None:
    """Whatever can be recorded by hand is told in the reader's words: no column's list is left as ids."""
    pack = shipped_rules().pack
    for language in ("en", "zh"):
        texts, wording = Texts(language), Wording(pack.vocabulary, language)
        said = [
            (name, column.name, word, say(texts, wording, name, {column.name: word}))
            for name, table in FACT_TABLES.items()
            if texts.has(f"kind_{name}")
            for column in table.columns
            for word in column.info.get("members", ())
        ]
        assert len(said) > 30
        assert [each for each in said if "_" in each[-1]] == []
        if language == "zh":
            assert [each for each in said if re.search("[a-z]{3}", each[-1])] == []
