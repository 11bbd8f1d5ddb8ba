"""What is told of slips of the pen in rule files: the line, and what to write instead."""

from __future__ import annotations

import pytest

from engine.errors import ProblemsError, did_you_mean
from engine.yaml12 import parse_yaml

RULE = """\
rules:
  - rule: call
    title: {en: Call, zh: 电话}
    when:
      stage: new
      days: {at_least: 90}
    advise: [call]
"""


@pytest.mark.parametrize(
    ("right", "wrong", "hint"),
    [
        ("when:", "when：", "Line 4: `：` is a full-width mark; write `:`."),
        ("stage: new", "stage：new", "Line 5: `：` is a full-width mark; write `:`."),
        ("{at_least: 90}", "｛at_least: 90｝", "Line 6: `｛` is a full-width mark; write `{`."),
        ("stage: new", "stage:new", "Line 5: put a space after the colon of `stage:`."),
        ("- rule: call", "-rule: call", "Line 2: put a space after the dash of `-rule`."),
        ("{at_least: 90}", ">= 90", "Line 6: write `at_least: ...` in braces instead of `>=`."),
        ("{at_least: 90}", "{<: 90", "Line 6: write `less_than: ...` in braces instead of `<`."),
        ("      stage", "\tstage", "Line 5: it contains a tab; indent with spaces."),
        ("      stage", "　　　stage", "Line 5: it has full-width or unbreakable spaces; write plain ones."),
        ("      days:", "\xa0\xa0days:", "Line 6: it has full-width or unbreakable spaces; write plain ones."),
        ("  - rule", "  － rule", "Line 2: `－` is a full-width mark; write `-`."),
        ("rules:", "＃ 规则\nrules:", "Line 1: `＃` is a full-width mark; write `#`."),
        ("en: Call", "en: %call", "Line 3: what begins with `%` stands in quotes."),
        ("en: Call", "en: @call", "Line 3: what begins with `@` stands in quotes."),
        ("en: Call", "en: 'Don't call'", "Line 3: a text with an apostrophe in it stands in double quotes."),
        ("en: Call", "en: Call #1", "Line 3: ` #` begins a comment; a text with it stands in quotes."),
        ("stage: new", "stage: new: or not", 'Line 5: a text with a colon in it stands in quotes: "...".'),
        (
            "      stage",
            "     stage",
            "Keys that belong together begin in the same column; line 6 begins behind 6 spaces, line 5 behind 5.",
        ),
        (
            "zh: 电话",
            "zh: 电话: 回访",
            'A text with `:`, `,`, `{` or `}` in it stands in quotes: "...". Or a bracket is not closed.',
        ),
    ],
)
def test_a_slip_is_told_with_its_line(right: str, wrong: str, hint: str) -> None:
    """The hint names the line of the slip, which is often the one above where the parser noticed."""
    assert right in RULE
    with pytest.raises(ProblemsError) as raised:
        parse_yaml(RULE.replace(right, wrong, 1), "f")
    (problem,) = raised.value.problems
    assert (problem.code, problem.hint) == ("yaml-syntax", hint)


def test_full_width_marks_in_texts_are_no_slips() -> None:
    """A Chinese text may have them; the mistake is another one."""
    text = RULE.replace("zh: 电话", "zh: 请去电，了解：原因").replace("      stage: new", "     stage: new")
    with pytest.raises(ProblemsError) as raised:
        parse_yaml(text, "f")
    assert raised.value.problems[0].hint.startswith("Keys that belong together")


@pytest.mark.parametrize(("word", "mark"), [("“new”", "“"), ("【call】", "【"), ("call，visit", "，")])
def test_a_full_width_mark_in_a_word_is_named(word: str, mark: str) -> None:
    """A word that is not known because of such a mark is told as that, not as misspelt."""
    assert did_you_mean(word, ["new", "call", "visit"]).startswith(f"`{mark}` is a full-width mark; write ")
