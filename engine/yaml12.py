"""YAML text to positioned, frozen nodes, by YAML 1.2's core rules.

PyYAML's safe event parser does the syntax. What it would resolve by YAML 1.1 (`no` a flag, `10:30` a number) is
decided here from the scalar's text, so that numbers stay exact and words stay words. Rule files have no use for
anchors, aliases and tags; they are refused, which also rules out alias bombs.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import yaml

from engine.errors import Location, Problems, ProblemsError
from engine.said import NOTHING, Said, said
from engine.slips import of_parser, slip_in

Scalar = str | int | Decimal | bool | None

_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?\Z")
_ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_OF_SYSTEM: Mapping[int | None, Said] = {
    errno.ENOENT: said("No such file or directory"), errno.EACCES: said("Permission denied"),
    errno.EISDIR: said("Is a directory"),
}  # fmt: skip
"""What the operating system says, by its number."""

_MAX_DEPTH = 60
_FIRST_OF_NUMBERS = frozenset("-+.0123456789")
_MAX_DIGITS = 30
# The C parser is about ten times faster; a PyYAML built without libyaml still works.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YScalar(NamedTuple):
    """A scalar with its value by YAML 1.2's core schema and its text as written."""

    value: Scalar
    text: str
    at: Location


class YList(NamedTuple):
    """A sequence of nodes."""

    items: tuple[Node, ...]
    at: Location


class YMap(NamedTuple):
    """A mapping with text keys; each key is unique and keeps its own location."""

    entries: tuple[tuple[YScalar, Node], ...]
    at: Location

    def get(self, key: str) -> Node | None:
        """Return the node under `key`, or None."""
        return next((node for name, node in self.entries if name.text == key), None)


Node = YScalar | YList | YMap


def read_yaml(path: Path, shown_as: str | None = None) -> Node:
    """Read one YAML file as UTF-8.

    Args:
        path: the file.
        shown_as: the name that locations give; the path itself by default.

    Raises:
        ProblemsError: if the file cannot be read or is not one well-formed document.
    """
    name = shown_as or str(path)
    problems = Problems()
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        message = said("cannot read the file: {why}.", why=_OF_SYSTEM.get(error.errno, error.strerror))
        problems.add(Location(name), "unreadable-file", message)
    except UnicodeDecodeError as error:
        message = said("the file is not UTF-8 (byte {number}).", number=error.start)
        problems.add(Location(name), "not-utf8", message, said("Save it as UTF-8."))
    else:
        return parse_yaml(text, name)
    raise ProblemsError(problems.found)


@lru_cache(maxsize=256)  # a check reads a pack's files several times, and mostly one of them has changed since the last
def parse_yaml(text: str, file: str) -> Node:
    """Parse one YAML document into positioned nodes.

    Raises:
        ProblemsError: with the syntax error, or with every duplicate key, anchor, alias and tag.
    """
    problems = Problems()
    illegal = _ILLEGAL.search(text)
    if illegal is not None:
        _add_illegal(illegal, text, file, problems)
        problems.raise_any()
    try:
        # As `yaml.parse` does, which asks before every event whether there is one: half of the parser's time.
        events: Iterator[yaml.Event] = iter(_Loader(text).get_event, None)
        node = _Reader(file, problems).document(events)
    except yaml.MarkedYAMLError as error:
        at = _place(error, file)
        what = error.problem or error.context or ""
        message = said("this is not YAML: {why}.", why=of_parser(what))
        problems.add(at, "yaml-syntax", message, slip_in(text, at.line, f"{error.context} {what}"))
    problems.raise_any()
    return node


def _add_illegal(illegal: re.Match[str], text: str, file: str, problems: Problems) -> None:
    """Note a character that YAML does not allow (found here, as PyYAML's parsers count its position differently)."""
    start = illegal.start()
    at = Location(file, text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))
    message = said("character U+{code} is not allowed in YAML.", code=f"{ord(illegal.group()):04X}")
    problems.add(at, "yaml-syntax", message, said("Delete it."))


def _place(error: yaml.MarkedYAMLError, file: str) -> Location:
    """Return where to look: for a quote that is never closed, where it opens."""
    in_quotes = "quoted scalar" in (error.context or "")
    mark = error.context_mark if in_quotes else error.problem_mark or error.context_mark
    return Location(file, mark.line + 1, mark.column + 1) if mark else Location(file)


class _Reader:
    """Build nodes from events; needs nothing but the event stream."""

    def __init__(self, file: str, problems: Problems) -> None:
        self._file = file
        self._problems = problems

    def document(self, events: Iterator[yaml.Event]) -> Node:
        node: Node = YScalar(None, "", Location(self._file))
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents == 2:
                    message = said("a second document begins here.")
                    self._problem(event, "several-documents", message, said("Use one file for each."))
            elif isinstance(event, yaml.NodeEvent):
                read = self._node(event, events, 0)
                node = read if documents == 1 else node
        return node

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        at = self._at(event)
        if isinstance(event, yaml.ScalarEvent):
            text, plain = event.value, event.implicit[0]
            if event.tag is not None or event.anchor is not None:  # asked here, as a call for every node takes long
                self._check(event)
                plain = plain and event.tag is None
            return YScalar(plain_value(text) if plain else text, text, at)
        if isinstance(event, yaml.CollectionStartEvent):
            self._check(event)
            if depth > _MAX_DEPTH:
                self._problem(event, "too-deep", said("nested deeper than {most} levels.", most=_MAX_DEPTH))
                self._problems.raise_any()
            if isinstance(event, yaml.SequenceStartEvent):
                return YList(tuple(self._items(events, depth)), at)
            return YMap(tuple(self._entries(events, depth)), at)
        alias = event.anchor if isinstance(event, yaml.AliasEvent) else ""
        message = said("alias `*{alias}`: aliases are not used in rule files.", alias=alias)
        self._problem(event, "yaml-alias", message, said("Write it out."))
        return YScalar(None, "", at)

    def _check(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        anchor, tag = event.anchor, event.tag
        if anchor is not None:
            message = said("anchor `&{anchor}`: anchors are not used in rule files.", anchor=anchor)
            self._problem(event, "yaml-anchor", message, said("Remove it."))
        if tag is not None and tag != "!":
            message = said("tag `{tag}`: tags are not used in rule files.", tag=tag)
            self._problem(event, "yaml-tag", message, said("Remove it."))

    def _items(self, events: Iterator[yaml.Event], depth: int) -> Iterator[Node]:
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self._node(event, events, depth + 1)

    def _entries(self, events: Iterator[yaml.Event], depth: int) -> Iterator[tuple[YScalar, Node]]:
        seen: dict[str, Location] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                return
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if not isinstance(key, YScalar):
                self._problem(event, "yaml-key", said("a key must be a single word or text."))
            elif key.text in seen:
                first = seen[key.text]
                self._problem(
                    event,
                    "duplicate-key",
                    said(
                        "`{key}` stands here a second time; the first is on line {line}.", key=key.text, line=first.line
                    ),
                )
            else:
                seen[key.text] = key.at
                yield key, value

    def _problem(self, event: yaml.Event, code: str, message: Said, hint: Said = NOTHING) -> None:
        self._problems.add(self._at(event), code, message, hint)

    def _at(self, event: yaml.Event) -> Location:
        mark = event.start_mark
        return Location(self._file, mark.line + 1, mark.column + 1) if mark is not None else Location(self._file)


def plain_value(text: str) -> Scalar:
    """Give a plain scalar its value: a word of the core schema, an exact number, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _FIRST_OF_NUMBERS and len(text) <= _MAX_DIGITS:
        if _INTEGER.match(text):
            return int(text)
        if _DECIMAL.match(text):
            return Decimal(text)
    return text
