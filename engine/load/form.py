"""Read the keys of a mapping one by one, and note everything that is wrong with them.

A wrong or missing part becomes a neutral stand-in, so that reading goes on and all problems come out together; the
loader raises them before anyone sees a stand-in.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from engine.errors import NEAR, Location, Problem, Problems, did_you_mean
from engine.load.hints import as_name, both_hint, flag_hint, key_hint, number_hint
from engine.load.values import WrongValueError, date_of, number_of
from engine.said import NOTHING, Said, quoted, said
from engine.vocabulary import Enum, Text, lies_within
from engine.yaml12 import Node, YList, YMap, YScalar

SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
DOTTED = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_-]*)*\Z")
_WORD = re.compile(r"[A-Za-z0-9_.-]+\Z")
SOURCE = re.compile(r"[A-Z]{1,3}[0-9]{1,3}(\.[0-9]{1,2})?\Z")
_SHAPES = {
    SNAKE: (said("snake_case"), said("Use small letters, digits and `_`, beginning with a letter"), "_"),
    KEBAB: (said("kebab-case"), said("Use small letters, digits and `-`"), "-"),
    DOTTED: (
        said("snake_case with points"),
        said("Use small letters, digits, `_` and `.`, beginning with a letter"),
        "_.",
    ),
    SOURCE: (said("a source id"), said("Write the id of the method's item, such as `S3` or `U1.2`"), "."),
}
"""By shape of a name its name, what to do, and what joins its parts."""

_LANGUAGES = {"en", "zh"}

Choice = TypeVar("Choice", bound=StrEnum)


def kind_of(node: Node) -> Said:
    """Return what a node is, in the words of a message."""
    if isinstance(node, YMap):
        return said("a mapping")
    return said("a list") if isinstance(node, YList) else quoted(node.text)


def _means(text: str, keys: Iterable[str]) -> str | None:
    """Return which of some keys a misspelt one means, if it is near to any."""
    near = difflib.get_close_matches(re.split(r"[:：\s]", text)[0], sorted(keys), n=1, cutoff=NEAR)
    return near[0] if near else None


def _one_of(key: str, words: Sequence[str]) -> Said:
    """Return how to give a key that takes one of some words."""
    return said("Add `{key}: ...` with one of {words}.", key=key, words=list(words))


def _items(node: Node) -> str:
    """Return the items to write in a list for what somebody wrote without one: a word as it is, else any two."""
    return node.text if isinstance(node, YScalar) and _WORD.match(node.text) else "a, b"


class Form:
    """A mapping being read. Every key that is asked for counts as known; `close` reports the others."""

    def __init__(self, node: Node, what: Said, problems: Problems, hint: Said = NOTHING) -> None:
        self.at = node.at
        self.what = what
        self._problems = problems
        self._readable = isinstance(node, YMap)
        self._entries = {key.text: (key, value) for key, value in node.entries} if isinstance(node, YMap) else {}
        self._asked: set[str] = set()
        self._missing: dict[str, Problem] = {}
        if not isinstance(node, YMap):
            message = said("{what} is a mapping of keys to values, not {kind}.", what=what, kind=kind_of(node))
            self.problem(node.at, "wrong-shape", message, hint)

    def problem(self, at: Location, code: str, message: Said, hint: Said = NOTHING) -> None:
        """Note a problem."""
        self._problems.add(at, code, message, hint)

    def has(self, key: str) -> bool:
        """Return whether the key is given, and count it as known."""
        self._asked.add(key)
        return key in self._entries

    def place(self, key: str) -> Location:
        """Return where the key stands, or where the mapping begins if it is not given."""
        return self._entries[key][0].at if key in self._entries else self.at

    def value_place(self, key: str) -> Location:
        """Return where the key's value stands, or where the mapping begins if it is not given."""
        return self._entries[key][1].at if key in self._entries else self.at

    def is_reported(self, key: str) -> bool:
        """Return whether the value of a given key has been reported, so that nothing else is to be judged by it."""
        return self.has(key) and self._problems.has(self.value_place(key))

    def node(self, key: str) -> Node | None:
        """Return the node under an optional key; a key without a value is a problem."""
        self._asked.add(key)
        if key not in self._entries:
            return None
        name, node = self._entries[key]
        if isinstance(node, YScalar) and node.value is None:
            message = said("`{key}` has no value.", key=key)
            self.problem(name.at, "empty-value", message, said("Give it one or remove the line."))
            return None
        return node

    def required(self, key: str, hint: Said = NOTHING) -> Node | None:
        """Return the node under a key that must be given; `hint` says how to give it."""
        node = self.node(key)
        if node is None and self._readable and key not in self._entries:
            message = said("{what} needs `{key}`.", what=self.what, key=key)
            self.problem(self.at, "missing-key", message, hint or said("Add `{key}: ...`.", key=key))
            self._missing[key] = self._problems.found[-1]
        return node

    def seems_given(self, key: str) -> bool:
        """Return whether the key is given, or another that looks like it written wrongly, which `close` reports."""
        return self.has(key) or any(_means(text, [key]) == key for text in self._entries)

    def take_as_meant(self, keys: Collection[str]) -> None:
        """Read what stands under a key that is none of these as if it stood under the nearest; `close` reports it."""
        for text in [text for text in self._entries if text not in keys]:
            meant = _means(text, keys)
            if meant is not None and meant not in self._entries:
                self._entries[meant] = self._entries[text]

    def close(self, elsewhere: Mapping[str, Said] = MappingProxyType({})) -> None:
        """Report the keys that nobody asked for; one that is missing only because it is misspelt is not told twice.

        Args:
            elsewhere: where keys belong that stand in another file.
        """
        for text, (key, node) in self._entries.items():
            if text not in self._asked and text == key.text:  # else it was taken as what is meant, and is told as it is
                meant = _means(text, {*self._asked, *elsewhere}) or text
                hint = key_hint(text, self._asked)
                if meant in elsewhere:
                    hint = said("Put it in {place}.", place=elsewhere[meant])
                if self._asked == _LANGUAGES and isinstance(node, YScalar) and not node.text:
                    hint = said("A text with a comma in it stands in quotes.")
                self.problem(key.at, "unknown-key", said("{what} has no key `{key}`.", what=self.what, key=text), hint)
                missing = self._missing.pop(_means(text, self._missing) or "", None)
                if missing is not None:
                    self._problems.found.remove(missing)

    def rest(self) -> Iterator[tuple[YScalar, Node]]:
        """Yield the keys that nobody asked for, with their nodes, and count them as known."""
        for text, entry in self._entries.items():
            if text not in self._asked:
                self._asked.add(text)
                yield entry

    # --- words ------------------------------------------------------------------------------------------------------

    def word(self, key: str, shape: re.Pattern[str] | None = None) -> str:
        """Return the word under a required key."""
        node = self.required(key)
        return self.word_of(node, quoted(key), shape) if node is not None else ""

    def optional_word(self, key: str, shape: re.Pattern[str] | None = None) -> str | None:
        """Return the word under an optional key, or None."""
        node = self.node(key)
        return self.word_of(node, quoted(key), shape) if node is not None else None

    def word_of(self, node: Node, what: Said, shape: re.Pattern[str] | None = None) -> str:
        """Return a node as a word of a shape."""
        if not isinstance(node, YScalar) or not node.text:
            message = said("{what} is a single word, not {kind}.", what=what, kind=kind_of(node))
            self.problem(node.at, "wrong-shape", message)
            return ""
        if shape is not None and not shape.match(node.text):
            form, advice, joint = _SHAPES[shape]
            name = as_name(node.text, shape, joint)
            hint = said("{advice}: `{name}`.", advice=advice, name=name) if name else said("{advice}.", advice=advice)
            message = said("{what} must be {form}; `{word}` is not.", what=what, form=form, word=node.text)
            self.problem(node.at, "wrong-name", message, hint)
        return node.text

    def words(self, key: str, shape: re.Pattern[str] | None = None) -> tuple[str, ...]:
        """Return the list of words under an optional key."""
        return tuple(self.word_of(item, said("an item of `{key}`", key=key), shape) for item in self.items(key))

    def choice(self, key: str, choices: type[Choice], default: Choice | None = None) -> Choice:
        """Return one of an enumeration's words; a key without a default is required."""
        members = list(choices)
        node = self.node(key) if default else self.required(key, _one_of(key, members))
        word = self.one_of(node, quoted(key), [str(member) for member in members]) if node is not None else None
        return choices(word) if word is not None else default or members[0]

    def one_of(
        self,
        node: Node,
        what: Said,
        words: Iterable[str],
        code: str = "unknown-word",
        hint: Callable[[str], Said] | None = None,
    ) -> str | None:
        """Return a node as one of some words, or None after noting the problem; `hint` says what a word may mean."""
        known = list(map(str, words))
        if isinstance(node, YScalar) and node.text in known:
            return node.text
        find = hint or (lambda word: did_you_mean(word, known))
        listed = [*known[:12], *(["..."] if len(known) > 12 else [])]
        meant = find(node.text) if isinstance(node, YScalar) else NOTHING
        message = said("{what} is one of {words}; not {kind}.", what=what, words=listed, kind=kind_of(node))
        self.problem(node.at, code, message, meant)
        return None

    def member(self, key: str, enum: Enum | None) -> str | None:
        """Return the word under an optional key: a member of the enum if the catalogue declares it, else any."""
        node = self.node(key)
        if node is None:
            return None
        if enum is None:
            return self.word_of(node, quoted(key), SNAKE)
        return self.one_of(node, quoted(key), enum.members, "unknown-member")

    def required_member(self, key: str, enum: Enum | None) -> str:
        """Return the word under a required key: a member of the enum if the catalogue declares it, else any."""
        hint = NOTHING if enum is None else _one_of(key, enum.members)
        return "" if self.required(key, hint) is None else self.member(key, enum) or ""

    def unit(self, key: str) -> tuple[str, str]:
        """Return the unit under an optional key, and the Chinese one if it is another word: a word, or two texts."""
        node = self.node(key)
        if isinstance(node, YMap):
            texts = self.text_of(node, quoted(key))
            return texts.en, texts.zh
        return self.optional_word(key) or "", ""

    # --- lists ------------------------------------------------------------------------------------------------------

    def items(self, key: str, hint: Said = NOTHING) -> tuple[Node, ...]:
        """Return the items of the list under an optional key; `hint` says how to write one."""
        node = self.node(key)
        return self.items_of(node, quoted(key), hint) if node is not None else ()

    def required_items(self, key: str) -> tuple[Node, ...]:
        """Return the items of the list under a required key; an empty list is a problem."""
        node = self.required(key)
        if node is None:
            return ()
        items = self.items_of(node, quoted(key))
        if isinstance(node, YList) and not items:
            message = said("`{key}` is an empty list.", key=key)
            self.problem(node.at, "empty-list", message, said("Name at least one item."))
        return items

    def items_of(self, node: Node, what: Said, hint: Said = NOTHING) -> tuple[Node, ...]:
        """Return the items of a list node."""
        if isinstance(node, YList):
            return node.items
        of_one = said("Write `[{items}]`.", items=_items(node))
        if isinstance(node, YMap):
            of_one = said("Begin each item with `- `.")
        message = said("{what} is a list, not {kind}.", what=what, kind=kind_of(node))
        self.problem(node.at, "wrong-shape", message, hint or of_one)
        return ()

    # --- numbers, flags, dates --------------------------------------------------------------------------------------

    def integer(self, key: str, default: int, least: int, most: int) -> int:
        """Return the whole number under an optional key."""
        found = self.optional_integer(key, least, most)
        return default if found is None else found

    def optional_integer(self, key: str, least: int, most: int) -> int | None:
        """Return the whole number under an optional key, or None."""
        node = self.node(key)
        return self.integer_of(node, quoted(key), least, most) if node is not None else None

    def required_integer(self, key: str, least: int, most: int) -> int:
        """Return the whole number under a required key."""
        node = self.required(key)
        found = self.integer_of(node, quoted(key), least, most) if node is not None else None
        return least if found is None else found

    def integer_of(self, node: Node, what: Said, least: int, most: int) -> int | None:
        """Return a node as a whole number within bounds."""
        value = node.value if isinstance(node, YScalar) else None
        if isinstance(value, bool) or not isinstance(value, int):
            hint = number_hint(node.text) if isinstance(node, YScalar) else NOTHING
            hint = said("Write it without a point.") if isinstance(value, Decimal) else hint
            message = said("{what} is a whole number, not {kind}.", what=what, kind=kind_of(node))
            self.problem(node.at, "wrong-type", message, hint)
        elif not least <= value <= most:
            message = said("{what} {lies}, not {value}.", what=what, lies=lies_within(least, most), value=value)
            self.problem(node.at, "out-of-range", message)
        else:
            return value
        return None

    def number_of(self, node: Node, what: Said) -> Decimal | None:
        """Return a node as an exact number."""
        try:
            if isinstance(node, YScalar):
                return number_of(node, what)
            self.problem(node.at, "wrong-type", said("{what} is a number, not {kind}.", what=what, kind=kind_of(node)))
        except WrongValueError as wrong:
            self.problem(node.at, wrong.code, wrong.message, wrong.hint)
        return None

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false under an optional key."""
        node = self.node(key)
        if node is None:
            return default
        if isinstance(node, YScalar) and isinstance(node.value, bool):
            return node.value
        hint = flag_hint(node.text) if isinstance(node, YScalar) else NOTHING
        message = said("`{key}` is true or false, not {kind}.", key=key, kind=kind_of(node))
        self.problem(node.at, "wrong-type", message, hint)
        return default

    def date(self, key: str) -> date | None:
        """Return the date under an optional key."""
        node = self.node(key)
        if node is None:
            return None
        try:
            if isinstance(node, YScalar):
                return date_of(node, quoted(key))
            message = said("`{key}` is a date, not {kind}.", key=key, kind=kind_of(node))
            self.problem(node.at, "wrong-type", message, said("Write YYYY-MM-DD."))
        except WrongValueError as wrong:
            self.problem(node.at, wrong.code, wrong.message, wrong.hint)
        return None

    def range(self, key: str) -> tuple[Decimal | None, Decimal | None]:
        """Return the two bounds `[least, most]` under an optional key; `null` leaves a side open."""
        node = self.node(key)
        if node is None:
            return None, None
        items = node.items if isinstance(node, YList) else ()
        if len(items) != 2:
            message = said("`{key}` has two bounds.", key=key)
            self.problem(node.at, "wrong-shape", message, said("Write `[least, most]`."))
            return None, None
        least, most = (
            None if isinstance(item, YScalar) and item.value is None else self.number_of(item, said("a bound"))
            for item in items
        )
        if least is not None and most is not None and least > most:
            message = said("the lower bound {least} is above the upper bound {most}.", least=least, most=most)
            self.problem(node.at, "wrong-bounds", message, said("Swap them."))
        return least, most

    # --- texts in both languages ------------------------------------------------------------------------------------

    def text(self, key: str) -> Text:
        """Return the text under a required key in both languages."""
        node = self.required(key)
        return self.text_of(node, quoted(key)) if node is not None else Text("", "")

    def optional_text(self, key: str) -> Text | None:
        """Return the text under an optional key in both languages, or None."""
        node = self.node(key)
        return self.text_of(node, quoted(key)) if node is not None else None

    def text_of(self, node: Node, what: Said) -> Text:
        """Return a node `{en: ..., zh: ...}` as a text."""
        if not isinstance(node, YMap):
            hint = both_hint(node.text if isinstance(node, YScalar) else "")
            self.problem(node.at, "missing-translation", said("{what} needs English and Chinese.", what=what), hint)
            return Text("", "")
        form = Form(node, what, self._problems)
        text = Text(form._language("en", said("English")), form._language("zh", said("Chinese")))
        form.close()
        return text

    def _has_other_keys(self) -> bool:
        """Return whether there are keys besides the languages: then what is missing stands under one of these."""
        return not self._entries.keys() <= _LANGUAGES

    def _language(self, key: str, language: Said) -> str:
        self._asked.add(key)
        name, node = self._entries.get(key, (None, None))
        if isinstance(node, YScalar) and node.text.strip():
            return node.text
        if node is None and self._has_other_keys():
            return ""
        if node is None or isinstance(node, YScalar):
            at = name.at if name else self.at
            message = said("{what} has no {language} text.", what=self.what, language=language)
            self.problem(at, "missing-translation", message, said("Add `{key}: ...`.", key=key))
        else:
            message = said("the {language} text is a single text, not {kind}.", language=language, kind=kind_of(node))
            self.problem(node.at, "wrong-shape", message)
        return ""
