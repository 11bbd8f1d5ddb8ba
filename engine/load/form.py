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
from engine.load.hints import both_hint, flag_hint, key_hint, name_hint, number_hint
from engine.load.values import WrongValueError, date_of, number_of
from engine.vocabulary import Enum, Text
from engine.yaml12 import Node, YList, YMap, YScalar

SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
DOTTED = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_-]*)*\Z")
_WORD = re.compile(r"[A-Za-z0-9_.-]+\Z")
SOURCE = re.compile(r"[A-Z]{1,3}[0-9]{1,3}(\.[0-9]{1,2})?\Z")
_SHAPES = {
    SNAKE: ("snake_case", "Use small letters, digits and `_`, beginning with a letter", "_"),
    KEBAB: ("kebab-case", "Use small letters, digits and `-`", "-"),
    DOTTED: ("snake_case with points", "Use small letters, digits, `_` and `.`, beginning with a letter", "_."),
    SOURCE: ("a source id", "Write the id of the method's item, such as `S3` or `U1.2`", "."),
}
"""By shape of a name its name, what to do, and what joins its parts."""

_LANGUAGES = {"en", "zh"}

Choice = TypeVar("Choice", bound=StrEnum)


def kind_of(node: Node) -> str:
    """Return what a node is, in the words of a message."""
    if isinstance(node, YMap):
        return "a mapping"
    return "a list" if isinstance(node, YList) else f"`{node.text}`"


def _means(text: str, keys: Iterable[str]) -> str | None:
    """Return which of some keys a misspelt one means, if it is near to any."""
    near = difflib.get_close_matches(re.split(r"[:：\s]", text)[0], sorted(keys), n=1, cutoff=NEAR)
    return near[0] if near else None


def _one_of(key: str, words: Sequence[str]) -> str:
    """Return how to give a key that takes one of some words."""
    return f"Add `{key}: ...` with one of {', '.join(words)}."


def _items(node: Node) -> str:
    """Return the items to write in a list for what somebody wrote without one: a word as it is, else any two."""
    return node.text if isinstance(node, YScalar) and _WORD.match(node.text) else "a, b"


class Form:
    """A mapping being read. Every key that is asked for counts as known; `close` reports the others."""

    def __init__(self, node: Node, what: str, problems: Problems, hint: str = "") -> None:
        self.at = node.at
        self.what = what
        self._problems = problems
        self._readable = isinstance(node, YMap)
        self._entries = {key.text: (key, value) for key, value in node.entries} if isinstance(node, YMap) else {}
        self._asked: set[str] = set()
        self._missing: dict[str, Problem] = {}
        if not isinstance(node, YMap):
            self.problem(node.at, "wrong-shape", f"{what} is a mapping of keys to values, not {kind_of(node)}.", hint)

    def problem(self, at: Location, code: str, message: str, hint: str = "") -> None:
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
            self.problem(name.at, "empty-value", f"`{key}` has no value.", "Give it one or remove the line.")
            return None
        return node

    def required(self, key: str, hint: str = "") -> Node | None:
        """Return the node under a key that must be given; `hint` says how to give it."""
        node = self.node(key)
        if node is None and self._readable and key not in self._entries:
            self.problem(self.at, "missing-key", f"{self.what} needs `{key}`.", hint or f"Add `{key}: ...`.")
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

    def close(self, elsewhere: Mapping[str, str] = MappingProxyType({})) -> None:
        """Report the keys that nobody asked for; one that is missing only because it is misspelt is not told twice.

        Args:
            elsewhere: where keys belong that stand in another file.
        """
        for text, (key, node) in self._entries.items():
            if text not in self._asked and text == key.text:  # else it was taken as what is meant, and is told as it is
                meant = _means(text, {*self._asked, *elsewhere}) or text
                hint = f"Put it in {elsewhere[meant]}." if meant in elsewhere else key_hint(text, self._asked)
                if self._asked == _LANGUAGES and isinstance(node, YScalar) and not node.text:
                    hint = "A text with a comma in it stands in quotes."
                self.problem(key.at, "unknown-key", f"{self.what} has no key `{text}`.", hint)
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
        return self.word_of(node, f"`{key}`", shape) if node is not None else ""

    def optional_word(self, key: str, shape: re.Pattern[str] | None = None) -> str | None:
        """Return the word under an optional key, or None."""
        node = self.node(key)
        return self.word_of(node, f"`{key}`", shape) if node is not None else None

    def word_of(self, node: Node, what: str, shape: re.Pattern[str] | None = None) -> str:
        """Return a node as a word of a shape."""
        if not isinstance(node, YScalar) or not node.text:
            self.problem(node.at, "wrong-shape", f"{what} is a single word, not {kind_of(node)}.")
            return ""
        if shape is not None and not shape.match(node.text):
            name, hint, joint = _SHAPES[shape]
            hint += f"{name_hint(node.text, shape, joint)}."
            self.problem(node.at, "wrong-name", f"{what} must be {name}; `{node.text}` is not.", hint)
        return node.text

    def words(self, key: str, shape: re.Pattern[str] | None = None) -> tuple[str, ...]:
        """Return the list of words under an optional key."""
        return tuple(self.word_of(item, f"an item of `{key}`", shape) for item in self.items(key))

    def choice(self, key: str, choices: type[Choice], default: Choice | None = None) -> Choice:
        """Return one of an enumeration's words; a key without a default is required."""
        members = list(choices)
        node = self.node(key) if default else self.required(key, _one_of(key, members))
        word = self.one_of(node, f"`{key}`", [str(member) for member in members]) if node is not None else None
        return choices(word) if word is not None else default or members[0]

    def one_of(
        self,
        node: Node,
        what: str,
        words: Iterable[str],
        code: str = "unknown-word",
        hint: Callable[[str], str] | None = None,
    ) -> str | None:
        """Return a node as one of some words, or None after noting the problem; `hint` says what a word may mean."""
        known = list(map(str, words))
        if isinstance(node, YScalar) and node.text in known:
            return node.text
        find = hint or (lambda word: did_you_mean(word, known))
        listed = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
        meant = find(node.text) if isinstance(node, YScalar) else ""
        self.problem(node.at, code, f"{what} is one of {listed}; not {kind_of(node)}.", meant)
        return None

    def member(self, key: str, enum: Enum | None) -> str | None:
        """Return the word under an optional key: a member of the enum if the catalogue declares it, else any."""
        node = self.node(key)
        if node is None:
            return None
        if enum is None:
            return self.word_of(node, f"`{key}`", SNAKE)
        return self.one_of(node, f"`{key}`", enum.members, "unknown-member")

    def required_member(self, key: str, enum: Enum | None) -> str:
        """Return the word under a required key: a member of the enum if the catalogue declares it, else any."""
        hint = "" if enum is None else _one_of(key, enum.members)
        return "" if self.required(key, hint) is None else self.member(key, enum) or ""

    def unit(self, key: str) -> tuple[str, str]:
        """Return the unit under an optional key, and the Chinese one if it is another word: a word, or two texts."""
        node = self.node(key)
        if isinstance(node, YMap):
            texts = self.text_of(node, f"`{key}`")
            return texts.en, texts.zh
        return self.optional_word(key) or "", ""

    # --- lists ------------------------------------------------------------------------------------------------------

    def items(self, key: str, hint: str = "") -> tuple[Node, ...]:
        """Return the items of the list under an optional key; `hint` says how to write one."""
        node = self.node(key)
        return self.items_of(node, f"`{key}`", hint) if node is not None else ()

    def required_items(self, key: str) -> tuple[Node, ...]:
        """Return the items of the list under a required key; an empty list is a problem."""
        node = self.required(key)
        if node is None:
            return ()
        items = self.items_of(node, f"`{key}`")
        if isinstance(node, YList) and not items:
            self.problem(node.at, "empty-list", f"`{key}` is an empty list.", "Name at least one item.")
        return items

    def items_of(self, node: Node, what: str, hint: str = "") -> tuple[Node, ...]:
        """Return the items of a list node."""
        if isinstance(node, YList):
            return node.items
        of_one = "Begin each item with `- `." if isinstance(node, YMap) else f"Write `[{_items(node)}]`."
        self.problem(node.at, "wrong-shape", f"{what} is a list, not {kind_of(node)}.", hint or of_one)
        return ()

    # --- numbers, flags, dates --------------------------------------------------------------------------------------

    def integer(self, key: str, default: int, least: int, most: int) -> int:
        """Return the whole number under an optional key."""
        found = self.optional_integer(key, least, most)
        return default if found is None else found

    def optional_integer(self, key: str, least: int, most: int) -> int | None:
        """Return the whole number under an optional key, or None."""
        node = self.node(key)
        return self.integer_of(node, f"`{key}`", least, most) if node is not None else None

    def required_integer(self, key: str, least: int, most: int) -> int:
        """Return the whole number under a required key."""
        node = self.required(key)
        found = self.integer_of(node, f"`{key}`", least, most) if node is not None else None
        return least if found is None else found

    def integer_of(self, node: Node, what: str, least: int, most: int) -> int | None:
        """Return a node as a whole number within bounds."""
        value = node.value if isinstance(node, YScalar) else None
        if isinstance(value, bool) or not isinstance(value, int):
            hint = number_hint(node.text) if isinstance(node, YScalar) else ""
            hint = "Write it without a point." if isinstance(value, Decimal) else hint
            self.problem(node.at, "wrong-type", f"{what} is a whole number, not {kind_of(node)}.", hint)
        elif not least <= value <= most:
            self.problem(node.at, "out-of-range", f"{what} lies between {least} and {most}, not {value}.")
        else:
            return value
        return None

    def number_of(self, node: Node, what: str) -> Decimal | None:
        """Return a node as an exact number."""
        try:
            if isinstance(node, YScalar):
                return number_of(node, what)
            self.problem(node.at, "wrong-type", f"{what} is a number, not {kind_of(node)}.")
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
        hint = flag_hint(node.text) if isinstance(node, YScalar) else ""
        self.problem(node.at, "wrong-type", f"`{key}` is true or false, not {kind_of(node)}.", hint)
        return default

    def date(self, key: str) -> date | None:
        """Return the date under an optional key."""
        node = self.node(key)
        if node is None:
            return None
        try:
            if isinstance(node, YScalar):
                return date_of(node, f"`{key}`")
            self.problem(node.at, "wrong-type", f"`{key}` is a date, not {kind_of(node)}.", "Write YYYY-MM-DD.")
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
            self.problem(node.at, "wrong-shape", f"`{key}` has two bounds.", "Write `[least, most]`.")
            return None, None
        least, most = (
            None if isinstance(item, YScalar) and item.value is None else self.number_of(item, "a bound")
            for item in items
        )
        if least is not None and most is not None and least > most:
            self.problem(
                node.at, "wrong-bounds", f"the lower bound {least} is above the upper bound {most}.", "Swap them."
            )
        return least, most

    # --- texts in both languages ------------------------------------------------------------------------------------

    def text(self, key: str) -> Text:
        """Return the text under a required key in both languages."""
        node = self.required(key)
        return self.text_of(node, f"`{key}`") if node is not None else Text("", "")

    def optional_text(self, key: str) -> Text | None:
        """Return the text under an optional key in both languages, or None."""
        node = self.node(key)
        return self.text_of(node, f"`{key}`") if node is not None else None

    def text_of(self, node: Node, what: str) -> Text:
        """Return a node `{en: ..., zh: ...}` as a text."""
        if not isinstance(node, YMap):
            hint = both_hint(node.text if isinstance(node, YScalar) else "")
            self.problem(node.at, "missing-translation", f"{what} needs English and Chinese.", hint)
            return Text("", "")
        form = Form(node, what, self._problems)
        text = Text(form._language("en", "English"), form._language("zh", "Chinese"))
        form.close()
        return text

    def _has_other_keys(self) -> bool:
        """Return whether there are keys besides the languages: then what is missing stands under one of these."""
        return not self._entries.keys() <= _LANGUAGES

    def _language(self, key: str, language: str) -> str:
        self._asked.add(key)
        name, node = self._entries.get(key, (None, None))
        if isinstance(node, YScalar) and node.text.strip():
            return node.text
        if node is None and self._has_other_keys():
            return ""
        if node is None or isinstance(node, YScalar):
            at = name.at if name else self.at
            self.problem(at, "missing-translation", f"{self.what} has no {language} text.", f"Add `{key}: ...`.")
        else:
            self.problem(node.at, "wrong-shape", f"the {language} text is a single text, not {kind_of(node)}.")
        return ""
