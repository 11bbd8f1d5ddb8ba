"""Sentences with a template, as whoever makes, keeps and shows them relies on."""

from __future__ import annotations

import pickle
from copy import deepcopy
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Location, Problem, ProblemsError, did_you_mean
from engine.said import NOTHING, Said, named, one_after_other, packed, quoted, said, unpacked

CHINESE = {
    "there is no {what} `{name}`.": "没有{what}`{name}`。",
    "rule": "规则",
    "Did you mean `{near}`?": "是否应为`{near}`？",
    "{first} {second}": "{first}{second}",
    "{what} `{name}`": "{what}`{name}`",
    "It has {number} {number:row|rows}: {rows: and }.": "有{number}行：{rows:、}。",
    "Write `{any: ...}`.": "请写`{any: ...}`。",
    "{day} lies after {today}.": "{day:年月日}晚于今天（{today}）。",
}
AT = Location("rules.yaml", 2, 3)


def no_rule(name: str) -> Said:
    """Return that there is no rule of this name."""
    return said("there is no {what} `{name}`.", what=said("rule"), name=name)


def test_a_sentence_is_its_english_text() -> None:
    """It compares, sorts and counts as that, whatever it was made of."""
    sentence = no_rule("a")
    assert sentence == "there is no rule `a`."
    assert {sentence, "there is no rule `a`."} == {sentence}
    assert sorted([no_rule("b"), sentence]) == [sentence, "there is no rule `b`."]
    assert f"{sentence}!" == "there is no rule `a`.!"


def test_a_sentence_is_said_in_another_language_with_all_that_it_is_made_of() -> None:
    """Parts that are sentences themselves are said in it too."""
    assert no_rule("a").by(CHINESE) == "没有规则`a`。"
    assert named(said("rule"), "a").by(CHINESE) == "规则`a`"
    assert one_after_other(no_rule("a"), did_you_mean("a1", ["a12"])).by(CHINESE) == "没有规则`a`。是否应为`a12`？"


def test_numbers_and_lists_are_told_as_each_language_does() -> None:
    """English has a word for one and one for several; what stands between the parts of a list is the template's."""
    told = [
        said("It has {number} {number:row|rows}: {rows: and }.", number=len(rows), rows=rows)
        for rows in (["a"], ["a", said("rule")])
    ]
    assert told == ["It has 1 row: a.", "It has 2 rows: a and rule."]
    assert [each.by(CHINESE) for each in told] == ["有1行：a。", "有2行：a、规则。"]


def test_a_day_is_written_as_each_language_does() -> None:
    """English has it as it is typed; another language may have signs behind year, month and day."""
    told = said("{day} lies after {today}.", day=date(2026, 7, 1), today=date(2026, 6, 30))
    assert told == "2026-07-01 lies after 2026-06-30."
    assert told.by(CHINESE) == "2026年7月1日晚于今天（2026-06-30）。"


_WORDS = st.text(max_size=20)
_FILLINGS = st.recursive(
    st.one_of(_WORDS, st.integers(-(10**9), 10**9), st.dates(), st.lists(_WORDS, max_size=3)),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3).map(
        lambda values: said(" ".join(f"{{{name}}}" for name in values), **values)
    ),
    max_leaves=6,
)


@given(filling=_FILLINGS)
def test_a_sentence_comes_back_from_a_database(filling: object) -> None:
    """As a text it keeps its template and all that fills it in, also where that is a sentence itself."""
    sentence = said("It is {what}.", what=filling)
    again = unpacked(packed(sentence))
    assert (again, again.template, again.values) == (sentence, sentence.template, sentence.values)
    assert [type(each) for each in again.values.values()] == [type(each) for each in sentence.values.values()]


@pytest.mark.parametrize("sentence", [said("Write `{any: ...}`."), quoted("{any: ...}")])
def test_braces_of_the_rule_language_stay_where_nothing_is_filled_in(sentence: Said) -> None:
    """A text without values is taken as it stands."""
    assert "`{any: ...}`" in sentence
    assert "`{any: ...}`" in sentence.by(CHINESE)


def test_what_is_filled_in_may_look_like_a_placeholder() -> None:
    """A name with braces in it is a name, in any language."""
    assert no_rule("{name}").by(CHINESE) == "没有规则`{name}`。"


def test_a_sentence_without_a_template_in_the_language_stays_english() -> None:
    """Nothing is lost for want of a translation."""
    assert said("It is {what}.", what=said("rule")).by(CHINESE) == "It is rule."


def test_a_sentence_comes_back_from_another_process_as_it_was() -> None:
    """Pickled or copied, it still can be said in other languages."""
    sentence = one_after_other(
        no_rule("a"), said("It has {number} {number:row|rows}: {rows: and }.", number=1, rows=["b"])
    )
    for back in (pickle.loads(pickle.dumps(sentence)), deepcopy(sentence)):  # noqa: S301 - our own
        assert back == sentence
        assert back.by(CHINESE) == "没有规则`a`。有1行：b。"


def test_problems_are_told_once_in_order_and_come_back_from_another_process() -> None:
    """Two problems are the same if they say the same of one place."""
    twice = [Problem(AT, "unknown-rule", no_rule("b")), Problem(AT, "unknown-rule", no_rule("a"))] * 2
    error = ProblemsError(twice)
    assert str(error) == (
        "rules.yaml:2:3: there is no rule `a`. [unknown-rule]\nrules.yaml:2:3: there is no rule `b`. [unknown-rule]"
    )
    (first, _) = pickle.loads(pickle.dumps(error)).problems  # noqa: S301 - our own
    assert (first, first.hint) == (twice[1], NOTHING)
    assert first.message.by(CHINESE) == "没有规则`a`。"
