"""YAML by version 1.2's core rules: exact scalars, places, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from engine.errors import Location, ProblemsError
from engine.yaml12 import Node, Scalar, YList, YMap, YScalar, parse_yaml, read_yaml


def scalar(text: str) -> YScalar:
    """Return the only scalar of a text."""
    node = parse_yaml(text, "f")
    assert isinstance(node, YScalar)
    return node


def entries(text: str) -> tuple[tuple[YScalar, Node], ...]:
    """Return the entries of a text that is a mapping."""
    node = parse_yaml(text, "f")
    assert isinstance(node, YMap)
    return node.entries


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("10:30", "10:30"),
        ("2024-06-30", "2024-06-30"),
        ("0.1", Decimal("0.1")),
        ("1.50", Decimal("1.50")),
        (".5", Decimal("0.5")),
        ("-3", -3),
        ("007", 7),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1e3", Decimal("1E+3")),
        (".nan", ".nan"),
        (".inf", ".inf"),
        ("-", "-"),
        ("true", True),
        ("False", False),
        ("tRue", "tRue"),
        ("~", None),
        ("null", None),
        ("", None),
        ('"12"', "12"),
        ("'true'", "true"),
        ('""', ""),
        ("😀", "😀"),
        ("9" * 30, int("9" * 30)),
        ("9" * 31, "9" * 31),
    ],
)
def test_a_scalar_has_its_core_schema_value(text: str, value: Scalar) -> None:
    """Plain scalars are words, exact numbers, flags or null; quoted ones are always texts."""
    found = scalar(text) if text != "-" else scalar('"-"')
    assert (found.value, type(found.value)) == (value, type(value))


def test_every_node_keeps_its_place() -> None:
    """Keys, values, items and containers know their line and column, counted from 1."""
    text = "a: 1\nb:\n  - x\n  - {c: 标题, d: y}\n"
    ((a, one), (b, items)) = entries(text)
    assert isinstance(items, YList)
    x, pair = items.items
    assert isinstance(pair, YMap)
    places = [node.at for node in (a, one, b, items, x, pair, pair.entries[1][0], pair.entries[1][1])]
    assert places == [
        Location("f", 1, 1),
        Location("f", 1, 4),
        Location("f", 2, 1),
        Location("f", 3, 3),
        Location("f", 3, 5),
        Location("f", 4, 5),
        Location("f", 4, 13),
        Location("f", 4, 16),
    ]


def test_a_mapping_is_asked_by_key() -> None:
    """A mapping returns the node under a key, or None."""
    node = parse_yaml("a: 1\nb: 2\n", "f")
    assert isinstance(node, YMap)
    assert (node.get("b"), node.get("c")) == (YScalar(2, "2", Location("f", 2, 4)), None)


def test_an_empty_text_is_null() -> None:
    """A file without content is a null at its beginning."""
    assert parse_yaml("# only a comment\n", "f") == YScalar(None, "", Location("f", 1, 1))


def test_all_that_is_refused_comes_out_together() -> None:
    """Anchors, aliases, tags and duplicate keys of one text are reported in one go."""
    with pytest.raises(ProblemsError) as raised:
        parse_yaml("a: &x 1\nb: *x\nc: !!str 2\na: 3\n", "f")
    found = [(problem.code, problem.location.line, problem.location.column) for problem in raised.value.problems]
    assert found == [("yaml-anchor", 1, 4), ("yaml-alias", 2, 4), ("yaml-tag", 3, 4), ("duplicate-key", 4, 1)]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("标题: \x07\n", 1, 5),
        ("a: 1\n😀😀\x00\n", 2, 3),
        ("a: \ud800", 1, 4),
        ("a: 'b\nc: d\n", 1, 4),
        ("a: [1, 2\n", 2, 1),
    ],
)
def test_a_syntax_error_has_its_place(text: str, line: int, column: int) -> None:
    """What is no YAML is reported where it stands, whatever characters stand before it."""
    with pytest.raises(ProblemsError) as raised:
        parse_yaml(text, "f")
    assert [(problem.code, problem.location) for problem in raised.value.problems] == [
        ("yaml-syntax", Location("f", line, column))
    ]


def test_a_file_is_read_as_utf8(tmp_path: Path) -> None:
    """A byte order mark is no part of the text, and the file is shown under the given name."""
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: \xe7\x94\xb2\n")
    assert read_yaml(path, "shown") == YMap(
        ((YScalar("a", "a", Location("shown", 1, 1)), YScalar("甲", "甲", Location("shown", 1, 4))),),
        Location("shown", 1, 1),
    )


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    """A missing file is reported with the system's reason, not by a traceback."""
    with pytest.raises(ProblemsError) as raised:
        read_yaml(tmp_path / "none.yaml", "none.yaml")
    assert str(raised.value) == "none.yaml:1:1: cannot read the file: No such file or directory. [unreadable-file]"
