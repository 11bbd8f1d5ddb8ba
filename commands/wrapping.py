"""Breaking lines as Chinese typography wants it: none begins with a mark that closes what stands before it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.containers import Lines
from rich.segment import Segment
from rich.text import Text

CLOSING = frozenset("。，、；：？！）》〉」』】”’…％")
"""What may not begin a line (GB/T 15834-2011, 5.1)."""


class WrappedText(Text):
    """Text whose lines are broken a character earlier where the next would begin with a closing mark."""

    def wrap(self, console: Console, width: int, **how: Any) -> Lines:
        """Return the text in lines of this width."""
        text: Text = self
        lines = Text.wrap(text, console, width, **how)
        while (offset := _broken_wrongly(text.plain, lines)) is not None:
            text = Text("\n").join(text.divide([offset]))
            lines = Text.wrap(text, console, width, **how)
        return lines


class WrappingConsole(Console):
    """A console that breaks the lines of all text so, wherever in a page it stands."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render something, text as `WrappedText`."""
        if isinstance(renderable, str):
            renderable = self.render_str(renderable)
        return super().render(_wrapped(renderable) if isinstance(renderable, Text) else renderable, options)


def _wrapped(text: Text) -> WrappedText:
    return WrappedText(
        text.plain, text.style, justify=text.justify, overflow=text.overflow, no_wrap=text.no_wrap, end=text.end,
        tab_size=text.tab_size, spans=text.spans,
    )  # fmt: skip


def _broken_wrongly(text: str, lines: Iterable[Text]) -> int | None:
    """Return where a text is to be broken instead of before a closing mark; None if it is nowhere broken there."""
    begin = end = 0  # of the line before; what stands between two lines is white space
    for line in lines:
        said = line.plain.strip()
        at = text.find(said, end)
        if said[:1] in CLOSING and at == end and at > 0:
            earlier = at - 1
            while earlier > begin and text[earlier] in CLOSING:
                earlier -= 1
            if earlier > begin:
                return earlier
        if said:
            begin, end = at, at + len(said)
    return None
