"""What keeps a store, accounts, tokens and packs speaks Chinese throughout, as what advises does."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from cli import main
from commands.failures import explained
from common.texts import Texts
from facts.contacts import _NOT_SEARCHED, _texts
from facts.database import StoreError
from facts.tables import FACT_TABLES
from facts.tokens import Scope
from tests.commands import reference
from tests.commands.conftest import Answer, Call, call_command
from tests.commands.test_failures import VALUELIFT
from tests.commands.test_particulars import english_in
from tests.commands.test_rules_test import WRONG, saving
from wiring import shipped_pack

CHINESE: dict[str, str | None] = {"VALUELIFT_LANG": "zh"}
AS_TYPED = re.compile(r"valuelift( [a-z]+)+|--[a-z]+|Ctrl-C|UTC|[!-~]*/[!-~]+|\b[0-9a-f]{12}\b")
"""What stays as one types it in a sentence of any language, addresses of files and the web, and digests."""


def english_left(said: str, *given: str) -> set[str]:
    """Return the English words in what a command says, but for what was given to it and what can be typed."""
    for word in given:
        said = said.replace(word, "")
    return english_in(AS_TYPED.sub("", said))


def chinese(answer: Answer, *given: str) -> str:
    """Return what a command that ended well said, after a look that it is Chinese."""
    assert answer.code == 0, answer.errors
    said = answer.output + answer.errors
    assert english_left(said, *given) == set(), said
    return said.rstrip("\n")


def test_every_command_that_tells_something_takes_a_language() -> None:
    """All but the one that prints a script."""
    without = {
        path
        for path, command in reference.commands(main)
        if not hasattr(command, "commands") and "language" not in {each.name for each in command.params}
    }
    assert without == {"valuelift completion"}


def test_a_new_store(tmp_path: Path) -> None:
    """Its currency and days are told."""
    path = tmp_path / "store.db"
    wanted = ("--currency", "CNY", "--time-zone", "Asia/Shanghai")
    said = chinese(call_command("init", "--db", path, *wanted, "--lang", "zh"), "CNY")
    assert said == f"数据库 {path} 已就绪：金额以 CNY 计，日期按 Asia/Shanghai 时区。"


# --- personal data ---


def test_contacts_and_their_erasure(demo: Call) -> None:
    """Roles are told as elsewhere; before something is erased it is asked, and afterwards told in which records."""
    recorded = demo("record", "contact", "moonbridge", "--name", "李娜", "--role", "decision_maker", env=CHINESE)
    assert recorded.code == 0, recorded.errors
    line = next(each for each in demo("contact", "list", "moonbridge", env=CHINESE).lines if "李娜" in each)
    key = line.split()[0]
    assert line == f"{key}  李娜  决策者"
    asked = demo("contact", "erase", "moonbridge", "李娜", env=CHINESE, typed="n\n")
    assert asked.code == 1
    question = f"将删除 {key} 的个人信息：本人记录1行，另有0处文字提到此人。此操作无法撤销，是否删除？ [y/N]: "
    assert asked.errors == f"{question}n\n已取消，没有删除任何内容。\n"
    erased = chinese(demo("contact", "erase", "moonbridge", "李娜", "--yes", env=CHINESE), key)
    assert re.fullmatch(f"已删除 {key} 的个人信息（联系人1行.*）。审计记录编号：\\d+。", erased), erased
    assert f"{key}  （已删除）  决策者" in demo("contact", "list", "moonbridge", env=CHINESE).lines


def test_every_table_that_names_people_has_a_name() -> None:
    """Whatever an erasure may count is named in both languages."""
    searched = [name for name, table in FACT_TABLES.items() if name not in _NOT_SEARCHED and _texts(table)]
    for name in ("contacts", "kept_answers", *searched):
        assert Texts("en")(f"erased_{name}") == name
        assert not english_in(Texts("zh")(f"erased_{name}"))


# --- accounts and tokens ---


def test_accounts(demo: Call) -> None:
    """They are added, listed, changed and removed; a manager of nobody is pointed out."""
    assert chinese(demo("user", "list", env=CHINESE)) == "还没有账号，请用 valuelift user add 添加。"
    add = ("user", "add", "lin", "--role", "manager", "--generate")
    added = demo(*add, "--manager", "Marta Hom", "--lang", "zh")
    assert added.errors == "目前没有客户由“Marta Hom”负责。是否应为`Marta Holm`？\n"
    password = added.output.rstrip("\n").partition("密码：")[2]
    assert added.output == f"lin 可以登录了，角色为客户经理。密码：{password}\n"
    assert chinese(demo("user", "list", env=CHINESE), "lin", "Marta Hom") == "lin：客户经理（Marta Hom）"
    changed = demo("user", "password", "lin", "--generate", env=CHINESE).output
    assert changed.startswith("lin 的密码已更换。密码：")
    assert chinese(demo("user", "remove", "lin", env=CHINESE), "lin") == "lin 不能再登录了。"


def test_a_password_is_asked_for_twice(demo: Call) -> None:
    """Until it is given twice alike; in English in the words that it always was."""
    add, typed = (
        ("user", "add", "lin", "--role", "auditor"),
        "first of all\nsecond of all\nnight and day\nnight and day\n",
    )
    asked = demo(*add, env=CHINESE, typed=typed)
    assert chinese(asked, "lin") == (
        "密码：\n请再输一次：\n两次输入不一致，请重新输入。\n密码：\n请再输一次：\nlin 可以登录了，角色为审计。"
    )
    demo("user", "remove", "lin")
    assert demo(*add, typed=typed).lines == [
        *("Password: ", "Repeat for confirmation: ", "Error: The two entered values do not match."),
        *("Password: ", "Repeat for confirmation: ", "lin may log in as auditor."),
    ]


def test_tokens(demo: Call) -> None:
    """What they are good for, until when, and that they are good no longer."""
    assert chinese(demo("token", "list", env=CHINESE)) == "还没有令牌，请用 valuelift token create 生成。"
    demo("user", "add", "ops", "--role", "admin", "--generate")
    scopes = [word for scope in Scope for word in ("--scope", scope.value)]
    made = demo("token", "create", "ops", *scopes, "--label", "ERP", env=CHINESE)
    assert re.fullmatch(r"请妥善保存，令牌只显示这一次。有效期至 [\d-]{10} [\d:]{5}（UTC）。\n", made.errors), (
        made.errors
    )
    (token,) = demo("token", "list", "--json").json
    id_ = token["id"]
    listed = chinese(demo("token", "list", env=CHINESE), id_, "ops", "ERP")
    words = "、".join(Texts("zh")(f"scope_{scope}") for scope in token["scopes"])
    assert re.fullmatch(rf"{id_}  ops  {words}  有效期至[\d-]{{10}}  ERP", listed), listed
    assert chinese(demo("token", "revoke", id_, env=CHINESE), id_) == f"令牌 {id_} 已作废。"
    assert re.search(r"  [\d-]{10}已作废  ERP$", chinese(demo("token", "list", env=CHINESE), id_, "ops", "ERP"))


def test_a_server_says_where_it_is(told_store: Path) -> None:
    """And that nobody can log in yet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(VALUELIFT), "serve", "--db", str(told_store), "--port", str(port), "--lang", "zh"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"}
    ) as server:
        assert server.stderr is not None
        said = [server.stderr.readline(), server.stderr.readline()]
        server.terminate()
    assert said == [
        "还没有账号，请用 valuelift user add 添加。\n",
        f"Valuelift 已启动：http://127.0.0.1:{port}（按 Ctrl-C 停止）。\n",
    ]


# --- packs ---


def test_packs_in_use(demo: Call, small_pack: Path) -> None:
    """Which pack decides, from when on it does, and that one is gone back to."""
    shown = chinese(demo("pack", "show", env=CHINESE), "value-marketing")
    assert re.fullmatch(r"正在使用：value-marketing [\d.]+（Valuelift 自带）。", shown), shown
    assert re.fullmatch(
        r"已启用：small 1\.0\.0（\w{12}）。", chinese(demo("pack", "use", small_pack, env=CHINESE), "small")
    )
    again = demo("pack", "use", small_pack, env=CHINESE)
    assert re.fullmatch(r"small 1\.0\.0（\w{12}）已在使用中，未作更改。", chinese(again, "small"))
    shown = chinese(demo("pack", "show", env=CHINESE), "small")
    assert re.fullmatch(r"正在使用：small 1\.0\.0（\w{12}），由 valuelift pack use 启用。", shown), shown
    manifest = small_pack / "pack.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("1.0.0", "1.1.0"), encoding="utf-8")
    assert demo("pack", "use", small_pack).code == 0
    back = chinese(demo("pack", "rollback", env=CHINESE), "small")
    assert re.fullmatch(r"已恢复使用：small 1\.0\.0（\w{12}）。", back), back


FAILING = """
rules:
  - rule: send-word
    title: {en: Send word, zh: 捎信}
    because: {en: New., zh: 新客户。}
    when: {stage: new}
    advise: [write]
actions:
  - action: write
    title: {en: Write, zh: 写信}
    family: visit
    phase: before
    owner: account_manager
    days: 14
"""
EXTENDING = "pack: own\nversion: 1.0.0\ntitle: {{en: Own, zh: 自有}}\nextends: {base}\n"
CASES = """
cases:
  - case: 新客户
    as_of: 2026-06-30
    facts: {stage: new, days_in_stage: 89}
    expect: {move: up, fired: [long-here], not_fired: [send-word], actions: [], advised: {has_not: [write]}}
  - case: 老客户
    as_of: 2026-06-30
    facts: {stage: established, days_in_stage: 5}
    expect: {move: missing, advised: {has: [write]}}
"""


@pytest.fixture
def failing(small_pack: Path) -> Path:
    """Return a pack whose cases go wrong in several ways."""
    (small_pack / "more.yaml").write_text(FAILING, encoding="utf-8")
    (small_pack / "cases" / "more.yaml").write_text(CASES, encoding="utf-8")
    return small_pack


def test_cases_that_fail(failing: Path) -> None:
    """What came out otherwise, and why, is told in Chinese; names and values stay as cases write them."""
    answer = call_command("rules", "test", failing, "--case", "新客户", "--lang", "zh")
    file = failing / "cases" / "more.yaml"
    told = [
        "    `move`：预期`up`，实际`stay`",
        "    `long-here`：预期触发，实际未触发",
        "    `send-word`：预期未触发，实际触发（`stage`为`new`）",
        "    `actions`：预期`[]`，实际`[write]`（`write`由`send-word`建议）",
        "    `write`：预期无此建议，实际有此建议（由`send-word`建议）",
    ]
    assert answer.code == 1
    assert answer.lines == [
        *(f"{file}:3:5：新客户（按`session`判定）", *told),
        *(f"{file}:3:5：新客户（按`plan`判定）", *told),
        "1个用例，均按`session`和`plan`两种方式判定，1个未通过。",
    ]


def test_what_is_told_of_cases_is_chinese(failing: Path) -> None:
    """Other differences too; JSON and JUnit XML stay as they are."""
    junit = failing / "junit.xml"
    answer = call_command("rules", "test", failing, "--junit", junit, env=CHINESE)
    assert english_left(answer.output, str(failing)) == set()
    assert "    `move`：预期没有值，实际`stay`" in answer.lines
    assert "move: expected up, but got stay" in junit.read_text(encoding="utf-8")
    said = call_command("rules", "test", failing, "--json", env=CHINESE).json["failed"][0]["differences"][2]
    assert said == {"what": "send-word", "expected": "not fired", "actual": "fired", "why": "stage is new"}


def test_what_hangs_on_what_is_not_known(tmp_path: Path) -> None:
    """Conclusions that can still change, gates with their criteria, and gates that were not looked at."""
    expected = "{move: up, gates: {new-to-established: met, core-to-strategic: met}}"
    (tmp_path / "cases").mkdir()
    (tmp_path / "pack.yaml").write_text(EXTENDING.format(base=shipped_pack()), encoding="utf-8")
    (tmp_path / "cases" / "new.yaml").write_text(
        f"cases: [{{case: 新客户, as_of: 2026-06-30, facts: {{stage: new}}, expect: {expected}}}]", encoding="utf-8"
    )
    answer = call_command("rules", "test", tmp_path, "--case", "新客户", "--lang", "zh")
    assert english_left(answer.output) == set()
    move, leading, other = answer.lines[1:4]
    assert move.startswith("    `move`：预期`up`，实际`stay`（结论可能变化，取决于`any-to-exited`、`any-to-problem`、")
    assert re.fullmatch("    `new-to-established`：预期`met`，实际`unknown`（`buys-again`为`unknown`，.*）", leading), (
        leading
    )
    assert other == "    `core-to-strategic`：预期`met`，实际未检查（该关口不从现阶段出发）"


def test_a_watch(small_pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each save is answered in Chinese, and how to end it is told."""
    file = small_pack / "cases" / "wrong.yaml"
    saving(monkeypatch, file, "cases: [", WRONG.replace("move: up", "move: stay"))
    answer = call_command("rules", "test", small_pack, "--watch", "--lang", "zh")
    assert [line for line in answer.lines if "通过" in line] == [
        "2个用例，均按`session`和`plan`两种方式判定，全部通过。",
        "3个用例，均按`session`和`plan`两种方式判定，全部通过。",
    ]
    assert english_left(answer.output + answer.errors, "[yaml-syntax]") == set()
    assert answer.errors.count("正在等待文件保存，按 Ctrl-C 结束。\n") == 3


def test_what_is_started_and_what_editors_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are named; what to do next, and what is new or lacking, is told."""
    monkeypatch.chdir(tmp_path)
    begun = chinese(call_command("rules", "new", "pack", "ours", env=CHINESE))
    assert begun == "ours/pack.yaml\n请按需要修改，然后运行：valuelift rules check ours"
    schema = ("rules", "schema", "--pack", "ours")
    lines = chinese(call_command(*schema, env=CHINESE), "ours").splitlines()
    assert re.fullmatch(r"ours/schema：共\d+个模式文件，\d+个为新增或有变化。", lines[0])
    assert lines[1] == "还有1个文件没有注明模式文件，可加 --link 在各文件首行注明。"
    lines = chinese(call_command(*schema, "--link", "--lang", "zh"), "ours").splitlines()
    assert re.fullmatch(r"ours/schema：共\d+个模式文件，没有变化。", lines[0])
    assert lines[1] == "已在1个文件的首行注明模式文件。"


def test_a_rule_book_of_a_broken_pack(small_pack: Path) -> None:
    """Pages come in both languages anyway; what is wrong is told in that which was asked for."""
    rules = small_pack / "rules.yaml"
    rules.write_text(rules.read_text(encoding="utf-8").replace("days_in_stage:", "days_in_stge:"), encoding="utf-8")
    answer = call_command("rules", "doc", small_pack, "--out", small_pack / "book", "--lang", "zh")
    assert (answer.code, "错误：客户没有事实`days_in_stge`。是否应为`days_in_stage`？" in answer.errors) == (1, True)


# --- what the store refuses ---


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("user remove nobody", "没有更改'nobody'：没有这个账号。可用`valuelift user list`查看现有账号。"),
        ("token create nobody --scope read", "没有生成令牌：没有账号'nobody'。"),
        ("token revoke 4f0c", "没有作废'4f0c'：没有这个令牌。可用`valuelift token list`查看现有令牌。"),
        ("pack rollback", "无法退回之前的规则包：尚未启用过规则包，现在使用 Valuelift 自带的规则包。"),
        ("init --currency CNY", "已是数据库：其设置不同（base_currency EUR，time_zone UTC）。请按原有设置"),
    ],
)
def test_what_the_store_refuses(demo: Call, arguments: str, said: str) -> None:
    """What, why and what to do are told."""
    answer = demo(*arguments.split(), env=CHINESE)
    assert (answer.code, answer.output) == (1, "")
    assert answer.errors.startswith("错误：")
    assert said in answer.errors


def test_what_accounts_and_tokens_may_not(demo: Call) -> None:
    """Names that are taken, short passwords, and scopes that a role lacks."""
    add = ("user", "add", "lin", "--role", "auditor")
    assert "密码未被接受：长度不够。请设置至少12个字符的密码。" in demo(*add, env=CHINESE, typed="a\na\n").errors
    demo(*add, "--generate")
    taken = demo(*add, "--generate", env=CHINESE).errors
    assert taken == "错误：没有添加'lin'：已有同名账号。请换一个名称。\n"
    lacking = demo("token", "create", "lin", "--scope", "record", env=CHINESE).errors
    assert lacking.startswith("错误：没有生成令牌：'lin'的角色是`auditor`，没有`record`权限。可选的权限有`")


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    """Where it was looked for, and how to make it."""
    answer = call_command("customers", "--db", tmp_path / "none.db", "--lang", "zh")
    assert answer.errors.startswith(f"错误：{tmp_path / 'none.db'} 没有数据库：文件不存在。请用`valuelift init`建立")


def test_what_keeps_to_no_template_stays_english() -> None:
    """Half of a sentence in each language would be worse."""
    refused = StoreError("This is no store", "its URL cannot be read", "Give a path.")
    assert explained(refused, "zh")[0] == "Error: This is no store: its URL cannot be read. Give a path."
