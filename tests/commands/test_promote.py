"""`valuelift rules promote`: refused with reasons, or put to use; `rules log` shows what was in use."""

from __future__ import annotations

from pathlib import Path

from facts.store import Store
from tests.commands.conftest import DAY, SMALL_CASES, Answer, Call, call_command
from wiring import rules_in_use

MISSED = """
  - case: A day too early
    as_of: 2026-06-30
    facts: {stage: new, days_in_stage: 89}
    expect: {fired: [long-here]}
"""


def promote(demo: Call, pack: Path, *options: str) -> Answer:
    """Call the command as of the story's day."""
    return demo("rules", "promote", pack, "--as-of", DAY, "--as", "ana", "--lang", "en", *options)


def test_a_pack_that_shakes_too_much_is_refused(demo: Call, small_pack: Path) -> None:
    """The limit of the version in use counts: too many customers would change stage. Nothing is kept."""
    answer = promote(demo, small_pack)
    assert answer.code == 1
    assert [line[0] for line in answer.lines] == ["✓", "✓", "✓", "✓", "✗", " ", "N"]
    assert answer.lines[-2].endswith("change the proposed stage; at most 5 % may.")
    assert demo("rules", "log", "--json").output == "[]\n"


def with_an_unused_parameter(small_pack: Path) -> None:
    """Give the pack something that a check warns of."""
    manifest = (small_pack / "pack.yaml").read_text(encoding="utf-8")
    unused = "parameters:\n  - {param: unused, value: 1, title: {en: U, zh: 未}}\n"
    (small_pack / "pack.yaml").write_text(manifest + unused, encoding="utf-8")


def test_warnings_are_told_in_the_reader_s_language(demo: Call, small_pack: Path) -> None:
    """They are counted and told as `rules check` tells them: in Chinese in one line too."""
    with_an_unused_parameter(small_pack)
    english = demo("rules", "promote", small_pack, "--as-of", DAY, "--as", "ana", "--lang", "en").lines
    assert english[0] == "✗ Check: no errors, 1 warning, 0 notes"
    assert "warning: nothing uses the parameter `unused`" in english[1]
    chinese = demo("rules", "promote", small_pack, "--as-of", DAY, "--as", "ana", "--lang", "zh").lines
    assert chinese[0] == "✗ 检查：没有错误，1条警告，0条提示"
    assert "警告：参数`unused`没有用到。请以`{param: ...}`的形式使用，或删去。 [unused-parameter]" in chinese[1]


def test_reasons_are_told_step_by_step(demo: Call, small_pack: Path) -> None:
    """A warning and a case that fails are both told; what comes after a failed step is not asked."""
    (small_pack / "cases" / "here.yaml").write_text(SMALL_CASES + MISSED, encoding="utf-8")
    with_an_unused_parameter(small_pack)
    found = promote(demo, small_pack, "--json").json
    assert [(one["name"], len(one["reasons"])) for one in found["steps"]] == [("check", 1), ("version", 0), ("test", 1)]
    assert (found["refused"], found["in_use"]) == (True, None)


def test_a_store_keeps_one_pack_of_one_version(small_pack: Path, tmp_path: Path) -> None:
    """Other content needs another version, and a broken invariant is named; without customers there is no impact."""
    path = str(tmp_path / "empty.db")
    Store.create(path).close()
    arguments = ("rules", "promote", small_pack, "--db", path, "--as", "ana")
    assert call_command(*arguments, "--dry-run").lines[-1] == "Nothing speaks against it. Nothing was changed."
    assert call_command(*arguments).lines[-1].startswith("In use: small 1.0.0 (")
    broken = "invariants:\n  - {invariant: never-up, title: {en: N, zh: 否}, never: {move: up}}\n"
    (small_pack / "more.yaml").write_text(broken, encoding="utf-8")
    assert "The store keeps another pack as 1.0.0" in call_command(*arguments).output
    manifest = (small_pack / "pack.yaml").read_text(encoding="utf-8")
    (small_pack / "pack.yaml").write_text(manifest.replace("1.0.0", "1.0.1"), encoding="utf-8")
    assert "`never-up` does not hold for every possible customer." in call_command(*arguments).output
    store = Store.open(path)
    assert rules_in_use(store).pack.version == "1.0.0"
    store.close()
    (line,) = call_command("rules", "log", "--db", path).lines
    assert "small 1.0.0" in line
    assert line.endswith("ana")
