"""What is said of a command that is not understood, in Chinese: by click, and by commands themselves.

Click looks its sentences up by gettext, which knows other languages by compiled files alone. So the function by which
its modules do that is replaced, for as long as a command runs whose user reads Chinese. Help pages stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from common.texts import Texts, usage_sentences

_MODULES = [import_module(f"click.{name}") for name in ("core", "exceptions", "parser", "types")]


@contextmanager
def click_in_chinese() -> Iterator[None]:
    """Let click refuse in Chinese until this is left."""
    sentences = usage_sentences()

    def one(english: str) -> str:
        return sentences.get(english, english)

    def some(english: str, others: str, number: int) -> str:
        return sentences.get(english) or (english if number == 1 else others)

    before: list[dict[str, Any]] = [
        {name: vars(module)[name] for name in ("_", "ngettext") if name in vars(module)} for module in _MODULES
    ]
    for module, names in zip(_MODULES, before, strict=True):
        vars(module).update({name: one if name == "_" else some for name in names})
    try:
        yield
    finally:
        for module, names in zip(_MODULES, before, strict=True):
            vars(module).update(names)


def told(error: click.ClickException) -> click.ClickException:
    """Return an error whose message is Chinese, where it was made of a template or by click."""
    texts = Texts("zh")
    match error:
        case click.exceptions.NoArgsIsHelpError():
            return error
        case click.MissingParameter():  # puts its message together by itself, and a full stop behind it
            return click.UsageError(f"{error.format_message().removesuffix('.')}。", error.ctx)
        case click.BadParameter():
            return click.BadParameter(texts.told(error.message), error.ctx, error.param, error.param_hint)
        case click.UsageError():
            return click.UsageError(texts.told(error.format_message()), error.ctx)
    return click.ClickException(texts.told(error.message))
