"""A command that is not understood is refused in the reader's language; what click says is put into Chinese too."""

from __future__ import annotations

import ast
import importlib
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands.options import asked_language
from common.texts import usage_sentences
from tests.commands.conftest import Call, call_command
from tests.commands.test_chinese import CHINESE, english_left

MODULES = ("core", "exceptions", "parser", "types")


def sentences_of_click() -> Iterator[str]:
    """Yield what click looks up in order to say it."""
    for name in MODULES:
        file = importlib.import_module(f"click.{name}").__file__
        assert file is not None
        for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="_" | "ngettext"), args=[ast.Constant(value=str(sentence)), *_]):
                    yield sentence


def placeholders(template: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_click_still_says_what_is_put_into_chinese() -> None:
    """A later version of click may word it otherwise; then the catalogue is to follow."""
    assert set(usage_sentences()) - set(sentences_of_click()) == set()
    for english, chinese in usage_sentences().items():
        assert placeholders(chinese) <= placeholders(english), english


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        ("record action", "CUSTOMER", "错误：缺少参数 'CUSTOMER'。"),
        ("record action moonbridge 1", "", "错误：缺少选项 '--state'。"),
        (
            "record action moonbridge 1 --state opn",
            "opn",
            "错误：'--state' 的取值有误：无法识别“opn”。是否应为`open`？",
        ),
        (
            "record action moonbridge 99 --state open",
            "ACTION",
            "错误：ACTION 的取值有误：行动计划没有第99项：最后一项是",
        ),
        ("record action moonbridge 1 --state declined", "", "错误：`--because`须与`--state declined`同用：请写明理由"),
        (
            "record fact moonbridge credit_score=much",
            "FACT=VALUE",
            "FACT=VALUE 的取值有误：“much”不是有效的取值。请填整数",
        ),
        (
            "confirm moonbridge --stage core --as-of 2026-06-30",
            "moonbridge",
            "的建议是“new”，不是“core”。如不采纳，请加`--override`并用`--reason`说明理由。",
        ),
        (
            "confirm moonbridge --stage core --override",
            "",
            "错误：使用`--override`时请用`--reason`说明不采纳建议的理由。",
        ),
        ("import --mapping canonical", "", "错误：请给出要导入的文件和`--mapping`，或给出`--template`。"),
        ("import /nowhere --mapping x", "'[FILES]...'", "错误：'[FILES]...' 的取值有误：'/nowhere' 不存在。"),
        ("why moonbridge --nonsense", "", "错误：没有选项 '--nonsense'。"),
        ("why moonbridge --langg en", "", "错误：没有选项 '--langg'。 是否应为 '--lang'？"),
        ("why moonbridge stage more", "more", "错误：多出了参数（more）"),
        (
            "why moonbridge nonsense",
            "SUBJECT",
            "错误：SUBJECT 的取值有误：规则包中没有“nonsense”这一事实、行动或规则。",
        ),
        ("recommend moonbridge --all=yes", "", "错误：选项 '--all' 后面不写取值。"),
        ("recommend moonbridge --as-of 2026-06-31", "", "错误：'--as-of' 的取值有误：“2026-06-31”不是日期。"),
        ("record action --state", "", "错误：选项 '--state' 后面要写取值。"),
        ("batch --workers x", "", "错误：'--workers' 的取值有误：'x' 不是有效的数字。"),
        ("batch --workers 0", "", "错误：'--workers' 的取值有误：0 不在范围 1<=x<=512 内。"),
        ("recommendd moonbridge", "", "错误：没有命令“recommendd”。是否应为`recommend`？"),
        ("record nonsense", "", "错误：没有命令 'nonsense'。"),
        ("--nonsense", "", "错误：没有选项 '--nonsense'。"),
    ],
)
def test_what_is_not_understood_is_told_in_chinese(demo: Call, arguments: str, given: str, said: str) -> None:
    """With exit code 2, and where it is known which command was meant, its form and where to read more."""
    words = arguments.split()
    whole = words[0] in ("--nonsense", "recommendd") or words[-1] == "--state"
    answer = call_command(*words, env=CHINESE) if whole else demo(*words, env=CHINESE)
    assert answer.code == 2, answer.errors
    *before, told = answer.errors.splitlines()
    assert said in told
    assert [line.partition(" ")[0] for line in before] in ([], ["Usage:", "用法详见`main", ""])
    assert english_left(told, *filter(None, (given,)), *(f"'{word}'" for word in words)) == set()


def test_the_language_may_be_asked_for_behind_the_mistake() -> None:
    """It is found before anything else is looked at; help pages stay as they are, and English is not touched."""
    for words in (("why", "--nonsense", "--lang", "zh"), ("why", "--lang=zh", "--nonsense"), ("--lang", "zh", "why")):
        assert "错误：没有选项 '" in call_command(*words).errors
    english = call_command("why", "--nonsense", "--lang", "en", env=CHINESE).errors
    assert english.splitlines()[-1] == "Error: No such option '--nonsense'."
    for help_page in (("why", "--help"), ("record",), ()):
        chinese, plain = call_command(*help_page, env=CHINESE), call_command(*help_page)
        assert (chinese.code, chinese.output, chinese.errors) == (plain.code, plain.output, plain.errors)


@pytest.mark.parametrize(
    ("arguments", "language"),
    [
        ([], "en"),
        (["--lang", "zh"], "zh"),
        (["--lang=zh", "--lang", "en"], "en"),
        (["--lang", "fr"], "en"),
        (["--reason", "say --lang zh"], "en"),
        (["--", "--lang", "zh"], "en"),
        (["--lang"], "en"),
    ],
)
def test_a_language_is_found_among_arguments(
    arguments: list[str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last one counts; one that we do not speak, or that is part of something else, does not."""
    monkeypatch.setenv("VALUELIFT_LANG", "en")
    assert asked_language(arguments) == language
