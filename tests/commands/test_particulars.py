"""What is wrong with files is told in Chinese down to the words concerned."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from common.checked import text_of
from common.texts import FOLDER as TEXTS
from common.texts import PARTICULARS, Texts, particulars
from engine.check import LINTS, finding_of
from engine.errors import Location, Problem
from tests.conftest import ROOT
from tests.engine.test_check import examples, found
from tests.engine.test_load_problems import FILES, FOLDER, problems_in

EXPECTED = (FOLDER / "expected.zh.txt").read_text(encoding="utf-8").splitlines()
ROOMS = ("engine", "facts", "wiring", "common", "web", "commands")
PROPER_NAMES = {"YAML", "UTF-8", "XLSX", "GiB", "Valuelift"}
IN_OTHER_WORDS = re.compile(r"`[^`]*`|“[^”]*”")

Call = tuple[str, str, frozenset[str] | None]
"""Where a sentence is made, its template, and the names of what fills it in (None: not written out there)."""


def calls() -> Iterator[Call]:
    """Yield every call of `said` in the source."""
    for path in (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = path == ROOT / "engine" / "said.py" or any(
            isinstance(node, ast.ImportFrom) and node.module == "engine.said" and _names_said(node)
            for node in ast.walk(tree)
        )
        for node in ast.walk(tree) if named else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "said":
                yield _call(f"{path.relative_to(ROOT)}:{node.lineno}", node)


def _names_said(node: ast.ImportFrom) -> bool:
    return any(alias.name == "said" for alias in node.names)


def _call(where: str, node: ast.Call) -> Call:
    (template,) = node.args
    assert isinstance(template, ast.Constant), f"{where}: the template is not written out"
    assert isinstance(template.value, str)
    names = [keyword.arg for keyword in node.keywords]
    return where, template.value, None if None in names else frozenset(filter(None, names))


CALLS = list(calls())
CHINESE = particulars()


def placeholders(template: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_every_sentence_about_problems_has_its_chinese_one() -> None:
    """What the source says can be said in Chinese, and nothing else stands in the catalogue."""
    assert len(CALLS) > 500
    assert [(where, template) for where, template, _ in CALLS if template not in CHINESE] == []
    assert CHINESE.keys() - {template for _, template, _ in CALLS} == set()


def test_nothing_stands_twice_in_the_catalogue() -> None:
    """A second Chinese sentence for an English one would be read by nobody."""
    node = yaml.compose((TEXTS / f"{PARTICULARS}.yaml").read_text(encoding="utf-8"))
    assert isinstance(node, yaml.MappingNode)
    names = [key.value for key, _ in node.value]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("call", CALLS, ids=[where for where, _, _ in CALLS])
def test_a_sentence_is_filled_in_alike_in_both_languages(call: Call) -> None:
    """A template names just what it is given, and its Chinese one the same."""
    _, template, given = call
    if given == frozenset():  # the text itself
        return
    assert given in (placeholders(template), None)
    assert placeholders(CHINESE[template]) == placeholders(template)


def test_chinese_sentences_end_as_the_english_ones() -> None:
    """A sentence stays one, and a part of one a part: sentences are put behind each other."""
    signs = {".": "。", "?": "？"}
    wrong = [
        (english, chinese)
        for english, chinese in CHINESE.items()
        if english[-1] in signs and "}" not in english[-1] and chinese[-1] != signs[english[-1]]
    ]
    assert wrong == []


def told(name: str) -> list[str]:
    """Return what is told in Chinese of a broken file."""
    texts = Texts("zh")
    return [
        f"{problem.location}: {texts.told(problem.message)}{texts.told(problem.hint)} [{problem.code}]"
        for problem in problems_in(name)
    ]


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_told_in_chinese_exactly(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table beside that of the English messages holds them as a Chinese author reads them."""
    monkeypatch.chdir(FOLDER)
    assert told(name) == [line for line in EXPECTED if line.startswith(f"{name}:")]


def test_every_line_of_the_chinese_table_belongs_to_a_file() -> None:
    """No expectation is left over from a file that is gone."""
    assert {line.partition(":")[0] for line in EXPECTED} == set(FILES)


def english_in(said: str) -> set[str]:
    """Return the words of three letters or more that stand neither in backticks nor in quotation marks."""
    return set(re.findall(r"[A-Za-z][A-Za-z0-9-]{2,}", IN_OTHER_WORDS.sub("", said))) - PROPER_NAMES


@pytest.mark.parametrize("line", EXPECTED)
def test_no_english_is_left_but_words_of_the_rule_language(line: str) -> None:
    """Names and keys stay as they are written; everything around them is Chinese."""
    assert english_in(line.partition(": ")[2].rpartition(" [")[0]) == set()


@pytest.mark.parametrize("name", LINTS)
def test_what_a_lint_finds_is_told_in_chinese(name: str, tmp_path: Path) -> None:
    """The bad example of each page is told without a word of English."""
    (finding,) = found(tmp_path / "bad", (name, examples(name, "Bad")))
    said = text_of(finding, Texts("zh"))
    assert said.endswith("。")
    assert english_in(re.sub(r"\{\w+\}", "", said)) == set()  # placeholders of an author's texts stay


def test_what_keeps_to_no_template_is_told_below_its_kind() -> None:
    """Chinese readers learn at least which kind of problem it is and what to do."""
    finding = finding_of(Problem(Location("a.yaml"), "unknown-member", "`x` is nothing.", "Write y."))
    assert text_of(finding, Texts("zh")) == "取值不在列表中。请写编号，不是标题。\n    `x` is nothing. Write y."
    assert text_of(finding, Texts("en")) == "`x` is nothing. Write y."


def test_every_chinese_sentence_is_chinese() -> None:
    """The same holds of the sentences that no broken file shows."""
    assert [chinese for chinese in CHINESE.values() if english_in(re.sub(r"\{\w+[^}]*\}", "", chinese))] == []
