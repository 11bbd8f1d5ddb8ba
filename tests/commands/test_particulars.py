"""What is wrong with files, and what is refused, is told in Chinese down to the words concerned."""

from __future__ import annotations

import ast
import re
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from common.checked import text_of
from common.texts import FOLDER as TEXTS
from common.texts import PARTICULARS, REFUSALS, Texts, particulars
from engine.check import LINTS, finding_of
from engine.errors import Location, Problem
from tests.conftest import ROOT
from tests.engine.test_check import examples, found
from tests.engine.test_load_problems import FILES, FOLDER, problems_in

EXPECTED = (FOLDER / "expected.zh.txt").read_text(encoding="utf-8").splitlines()
ROOMS = ("engine", "facts", "wiring", "common", "web", "commands")
PROPER_NAMES = {
    *("YAML", "UTF-8", "UTF-16", "GBK", "XLSX", "CSV", "Excel", "GiB", "NUL", "ISO", "URL", "Valuelift"),
    *("SQLite", "PostgreSQL", "Parquet", "Spark", "Java"),
}
LEFT_OUT = {
    "Nothing is recorded in {table}": {"table"},
    "Nothing is recorded of {customer} for {on}": {"customer", "on"},
    "{fact} is not recorded": {"fact"},
    "{column} is not recorded": {"column"},
    "{key!r} is not recorded": {"key"},
    "{key} is not recorded again": {"key"},
    "{key} is not changed": {"key"},
    "{key} is not erased": {"key"},
    "{column} is on record as {old}, not {new}": {"column", "old", "new"},
    "{named!r} is not on record for {customer}": {"customer"},
    "{named!r} is no contact of {customer}": {"customer"},
    "it belongs to {whose}": {"whose"},
    "{table} of this customer: {number}": {"table"},
    "it is of {on}, and {column} {day} lies before that": {"column"},
    "it is of {on}, and {column} {day} lies after that": {"column"},
    "{customer} is on record from {first} on": {"customer"},
    "{customer} is not on record on that day": {"customer"},
    "Stage {stage!r} is not recorded": {"stage"},
    "the proposal is {proposed!r}": {"proposed"},
    "{column} cannot be {value}": {"column"},
    "{text!r} is no value of {fact}": {"fact"},
    "{value!r} is no {column}": {"column"},
    "The perception of {kind} is not recorded": {"kind"},
    "from {before!r} to {after!r} is more than one step": {"before", "after"},
    "it is counted from the records of {table}": {"table"},
    "{action} is not recorded as {state}": {"action", "state"},
    "it is about one of the customer's {table}, and none is named": {"table"},
    "{row!r} is none of the customer's {table}": {"table"},
}
"""What Chinese refusals leave out: pages show them too, and their readers know no keys and words of the store."""
PLAIN = {ROOT / "commands" / "usage.py"}
"""What has its refusals from click."""
IN_OTHER_WORDS = re.compile(r"`[^`]*`|“[^”]*”")

RAISED = {
    *("StoreError", "NothingNewError", "UnusableFileError", "ImportRefusedError", "UnreadableError", "SettingError"),
    *("BadParameter", "UsageError", "ClickException"),
}
"""The errors by which something is refused."""

Call = tuple[str, str, frozenset[str] | None]
"""Where a sentence is made, its template, and the names of what fills it in (None: not written out there)."""


def sources() -> list[Path]:
    """Return the modules of the program."""
    return [ROOT / "cli.py", *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))]


def calls() -> Iterator[Call]:
    """Yield every call of `said` in the source."""
    for path in sources():
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
    names = []
    for name in (PARTICULARS, REFUSALS):
        node = yaml.compose((TEXTS / f"{name}.yaml").read_text(encoding="utf-8"))
        assert isinstance(node, yaml.MappingNode)
        names += [key.value for key, _ in node.value]
    assert [name for name, times in Counter(names).items() if times > 1] == []


@pytest.mark.parametrize("call", CALLS, ids=[where for where, _, _ in CALLS])
def test_a_sentence_is_filled_in_alike_in_both_languages(call: Call) -> None:
    """A template names just what it is given, and its Chinese one the same."""
    _, template, given = call
    if given == frozenset():  # the text itself
        return
    assert given in (placeholders(template), None)
    assert placeholders(CHINESE[template]) == placeholders(template) - LEFT_OUT.get(template, set())


def is_plain(argument: ast.expr) -> bool:
    """Return whether an argument is a text that is written out, and made of no template."""
    if isinstance(argument, ast.IfExp):
        return is_plain(argument.body) or is_plain(argument.orelse)
    if isinstance(argument, ast.BoolOp):
        return any(map(is_plain, argument.values))
    return isinstance(argument, ast.JoinedStr) or (isinstance(argument, ast.Constant) and bool(argument.value))


def raisers(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls by which something is refused."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in RAISED:
                yield node


def test_whatever_is_refused_can_be_told_in_chinese() -> None:
    """No refusal is made of plain English words."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources()
        if path not in PLAIN
        for node in raisers(ast.parse(path.read_text(encoding="utf-8")))
        if any(map(is_plain, node.args))
    ]
    assert wrong == []


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
