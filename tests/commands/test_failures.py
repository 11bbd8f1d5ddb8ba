"""When something goes wrong: a clear message, the right exit code, and nothing changed."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from commands.failures import explained
from commands.options import STAGES
from engine.vocabulary import LATEST
from facts import tables
from facts.store import Store
from tests.commands.conftest import DAY, Call, call_command
from tests.conftest import ROOT
from tests.facts.small_disk import small_disk

VALUELIFT = Path(sys.executable).parent / "valuelift"


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `valuelift` in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VALUELIFT_")}
    clean["VALUELIFT_CACHE"] = os.environ["VALUELIFT_CACHE"]
    return subprocess.run(
        [VALUELIFT, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**clean, "LC_ALL": "C.UTF-8", **environment},
        cwd=ROOT,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["recomend", "x"], "No such command 'recomend'. Did you mean `recommend`?"),
        (["xyzzy"], "No such command 'xyzzy'."),
        (["recommend"], "Missing argument 'CUSTOMER'."),
        (["customers", "--stge", "new"], "No such option '--stge'."),
        (["customers", "--as-of", "30.06.2024"], "'30.06.2024' is no date. Write it as 2024-06-30."),
        (["customers", "--as-of", "9999-12-31"], "9999-12-31 is too far ahead. Give a date up to 2199-12-31."),
        (["generate", "--as-of", "2200-01-01", "--out", "x"], "2200-01-01 is too far ahead."),
        (["backtest", "--from", "2025-01-01", "--to", "9999-12-31"], "9999-12-31 is too far ahead."),
        (["customers", "--known-at", "noon"], "'noon' is no moment."),
        (["customers", "--lang", "de"], "'de' is not known. It is one of en, zh."),
        (["customers", "--pack", "nowhere"], "'nowhere' does not exist."),
        (["import"], "Give the files to import and a --mapping, or --template."),
        (["init", "--currency", "euro"], "'EURO' is no currency code. Give three letters, such as EUR or CNY."),
        (["init", "--time-zone", "Europe/Londn"], "Did you mean `Europe/London`?"),
        (["completion", "bahs"], "'bahs' is not known. Did you mean `bash`?"),
    ],
)
def test_wrong_usage_ends_with_two(arguments: list[str], said: str) -> None:
    """What cannot be understood is answered with what is meant, on standard error."""
    answer = call_command(*arguments)
    assert (answer.code, answer.output) == (2, "")
    assert said in " ".join(answer.errors.split())


def test_the_latest_date_is_decided_on(query: Call) -> None:
    """Up to the last date that can be given, days since what is recorded still fit the catalogue."""
    assert query("customers", "--as-of", LATEST.isoformat()).code == 0


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    """A missing store is a problem, and is not made on the way."""
    answer = call_command("customers", "--db", tmp_path / "none.db")
    assert answer.code == 1
    assert "Run `valuelift init` to create it" in answer.errors
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_store(tmp_path: Path) -> None:
    """A file of another kind is refused and left as it is."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear customer, " * 100)
    answer = call_command("customers", "--db", path)
    assert answer.code == 1
    assert "the file is not an SQLite database" in answer.errors
    assert path.read_text() == "Dear customer, " * 100


@pytest.mark.parametrize(
    "arguments",
    [
        ("backup", "{}"), ("plan", "moonbridge", "--out", "{}"), ("charter", "--out", "{}"),
        ("runs", "report", "1", "--against", "2", "--html", "{}"),
    ],
)  # fmt: skip
def test_a_folder_that_is_not_there(demo: Call, two_runs: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A file in a folder that is missing is named as it was given, with what to do."""
    file = tmp_path / "nodir" / "file"
    given = [str(file) if each == "{}" else each for each in arguments]
    answer = call_command(*given, "--db", two_runs) if given[0] == "runs" else demo(*given)
    if given[0] == "charter":  # it has no store
        answer = call_command(*given)
    said = f"Error: {file} cannot be used: No such file or directory. There is no folder {file.parent}: make it"
    assert (answer.code, said in answer.errors) == (1, True), answer.errors
    assert not file.parent.exists()


def test_a_place_for_a_restored_store_that_is_not_there(told_store: Path, tmp_path: Path) -> None:
    """The store is named as it was given, not the file that is written on the way."""
    place = tmp_path / "nodir" / "again.db"
    answer = call_command("restore", told_store, "--db", place)
    assert (answer.code, f"Error: {place} cannot be used" in answer.errors) == (1, True), answer.errors


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_below_what_is_printed(told_store: Path) -> None:
    """What cannot be printed is called the output, with what to do."""
    with Path("/dev/full").open("w") as full:
        command = [str(VALUELIFT), "customers", "--as-of", DAY, "--db", str(told_store)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    said = "Error: The output cannot be written: No space left on device. Make room on the disk, or give another place."
    assert (done.returncode, done.stderr) == (1, f"{said}\n")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            PermissionError(13, "Permission denied", "/x/a.db"),
            "Error: /x/a.db cannot be used: Permission denied. Give",
        ),
        (FileNotFoundError(2, "No such file", "a.csv"), "Error: a.csv cannot be used: No such file. Check its name."),
        (OSError(5, "Input/output error", b"a.db"), "Error: a.db cannot be used: Input/output error. Check the file"),
    ],
)
def test_what_the_system_refuses_comes_with_what_to_do(error: OSError, said: str) -> None:
    """Each refusal of the operating system names the file and says what to do."""
    message, code = explained(error)
    assert (code, message.startswith(said)) == (1, True), message


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "/x/a.db"), "错误：/x/a.db 无法使用（Permission denied）。请换"),
        (FileNotFoundError(2, "No such file", "a.csv"), "错误：a.csv 无法使用（No such file）。请检查名称。"),
        (FileNotFoundError(2, "No such file", "no/a.csv"), "没有文件夹 no，请先建立，或换一个位置。"),
        (OSError(28, "No space left"), "错误：无法输出结果（No space left）。请清理磁盘空间，或换一个位置。"),
        (RuntimeError("odd"), "内部错误：RuntimeError: odd\n这是 Valuelift 的问题，与您的输入无关。"),
    ],
)
def test_what_the_system_refuses_is_told_in_chinese(error: Exception, said: str) -> None:
    """What the operating system refuses, in its own words, and what to do about it; and faults of ours."""
    assert said in explained(error, "zh")[0]


def test_a_fault_of_ours_ends_with_three(told_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception is a short message with exit code 3, and a traceback only on request."""

    def fail(*_: object) -> None:
        raise RuntimeError("the unexpected")

    monkeypatch.setattr("wiring.Desk.decide", fail)
    answer = call_command("recommend", "moonbridge", "--db", told_store)
    assert (answer.code, answer.output) == (3, "")
    assert "RuntimeError: the unexpected" in answer.errors
    assert "VALUELIFT_DEBUG=1" in answer.errors
    assert "Traceback" not in answer.errors
    debugged = call_command("recommend", "moonbridge", "--db", told_store, env={"VALUELIFT_DEBUG": "1"})
    assert debugged.code == 3
    assert "Traceback" in debugged.errors


def test_the_installed_command_uses_the_same_exit_codes(tmp_path: Path) -> None:
    """Run as a user runs it, `valuelift` ends with 0, 1 and 2."""
    store = tmp_path / "store.db"
    assert run("--version").stdout.startswith("valuelift, version ")
    assert run("init", "--db", store).returncode == 0
    assert run("recommend", "nobody", "--db", store).returncode == 1
    assert run("recommend", VALUELIFT_DB=str(store)).returncode == 2


@pytest.mark.parametrize(
    ("ends", "said", "code"),
    [
        ("sys.argv = ['valuelift', '--version']", "valuelift, version 0.1.0\nlast\n", 0),
        ("sys.argv = ['valuelift', 'recommend']", "last\n", 2),
        ("cli.main = lambda: sys.exit('why')", "last\n", 1),
        ("cli.main = lambda: threading.Thread(target=lambda: (time.sleep(0.1), print('late'))).start() or sys.exit(0)",
         "late\nlast\n", 0),
    ],
)  # fmt: skip
def test_the_process_ends_with_all_said(ends: str, said: str, code: int) -> None:
    """Though nothing is taken apart at the end, what is to be done last is done, and others finish their work."""
    program = f"import atexit, cli, sys, threading, time\n{ends}\natexit.register(print, 'last')\ncli.run()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.stdout, done.returncode) == (said, code)


def test_a_wrong_option_costs_no_time() -> None:
    """The door opens without loading any of the heavy libraries."""
    heavy = ["sqlalchemy", "pyarrow", "duckdb", "numpy", "rich", "babel", "yaml", "alembic", "durable_rules_engine"]
    program = f"import sys, cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_help_loads_no_heavy_library() -> None:
    """The list of commands is shown without loading what the commands need."""
    heavy = ["sqlalchemy", "pyarrow", "duckdb", "numpy", "rich", "babel", "alembic", "durable_rules_engine"]
    program = (
        "import sys, cli\n"
        "try: cli.main(['--help'])\n"
        f"finally: print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr.strip() == "[]"


def test_stages_are_those_of_the_store() -> None:
    """The stages that options accept, kept apart so that help needs no library, are those of the tables."""
    assert STAGES == tables.STAGES


def test_init_is_repeatable_and_keeps_settings(tmp_path: Path) -> None:
    """Making the same store again changes nothing; other settings are refused."""
    path = tmp_path / "store.db"
    first = call_command("init", "--db", path, "--currency", "GBP", "--time-zone", "Europe/London")
    again = call_command("init", "--db", path, "--currency", "GBP", "--time-zone", "Europe/London")
    other = call_command("init", "--db", path)
    assert (first.code, again.code, other.code) == (0, 0, 1)
    assert first.output == again.output
    assert "it has other settings" in other.errors
    store = Store.open(str(path))
    assert store.settings() == {"base_currency": "GBP", "time_zone": "Europe/London"}
    store.close()


@pytest.mark.parametrize(("shell", "mark"), [("bash", "complete -"), ("zsh", "compdef"), ("fish", "complete --")])
def test_completion_is_a_script(shell: str, mark: str) -> None:
    """The script for each shell registers the completion of `valuelift`."""
    answer = call_command("completion", shell)
    assert answer.code == 0
    assert mark in answer.output
    assert "_VALUELIFT_COMPLETE" in answer.output


def test_completion_knows_commands_and_words() -> None:
    """What the shell asks for is answered with the commands and the words of an option that begin as typed."""
    done = run(_VALUELIFT_COMPLETE="bash_complete", COMP_WORDS="valuelift confirm --stage po", COMP_CWORD="3")
    assert done.stdout.strip() == "plain,potential"


def test_a_recorded_value_that_the_catalogue_does_not_allow(demo: Call, tmp_path: Path) -> None:
    """The value, whose it is and the place in the catalogue are named; a list of customers goes on without that one."""
    with sqlite3.connect(tmp_path / "demo.db") as database:
        database.execute("UPDATE customers SET credit_score = 1200 WHERE key = 'moonbridge'")
    said = "`credit_score` has the value 1200 in the records of customer `moonbridge`."
    answer = demo("recommend", "moonbridge", "--as-of", DAY)
    assert (answer.code, answer.output) == (1, "")
    assert said in answer.errors
    assert answer.errors.startswith("facts/catalog.yaml:")
    listed = demo("customers", "--as-of", DAY)
    assert (listed.code, "valuelift recommend moonbridge" in listed.errors) == (0, True)


def test_a_reader_that_has_read_enough(told_store: Path) -> None:
    """When whoever reads the output stops, the command ends without a word."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [str(VALUELIFT), "customers", "--as-of", DAY, "--db", str(told_store)]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "moonbridge", "--out", "{}", "--as-of", DAY), ("batch", "--metrics", "{}"),
        ("import", "{}", "--mapping", "canonical", "--rejects", "{}"), ("backtest", "--html", "{}"),
        ("rules", "test", "--junit", "{}"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("beside", ["", "-wal"])
def test_a_store_is_no_place_for_another_file(
    told_store: Path, tmp_path: Path, beside: str, arguments: tuple[str, ...]
) -> None:
    """Whoever names the store where a file is to be written is told so, and the store stays as it is."""
    store = tmp_path / "store.db"
    shutil.copy(told_store, store)
    Path(f"{store}-wal").touch()
    before = store.read_bytes()
    given = [f"{store}{beside}" if each == "{}" else each for each in arguments]
    answer = call_command(*given, env={"VALUELIFT_DB": str(store)})
    assert (answer.code, "holds a store, or belongs to one" in " ".join(answer.errors.split())) == (2, True)
    assert store.read_bytes() == before


def test_figures_replace_no_pipe(told_store: Path, tmp_path: Path) -> None:
    """What is put into its place when it is whole would take the place of a pipe or a device, which is then lost."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    answer = call_command("batch", "--metrics", pipe, "--db", told_store)
    assert (answer.code, "is no ordinary file" in " ".join(answer.errors.split())) == (2, True)
    assert pipe.is_fifo()


def test_a_terminal_that_lacks_signs(told_store: Path, tmp_path: Path) -> None:
    """In GBK, which has no check mark, all is said; what cannot be written stands there by its number."""
    shutil.copy(told_store, tmp_path / "store.db")
    environment = {**os.environ, "PYTHONIOENCODING": "gbk:strict"}
    command = [str(VALUELIFT), "doctor", "--db", str(tmp_path / "store.db"), "--lang", "zh"]
    done = subprocess.run(command, capture_output=True, env=environment, cwd=ROOT, check=False)
    assert (done.returncode in (0, 1), done.stderr) == (True, b"")
    assert "\\u2713 配置".encode("gbk") in done.stdout


def test_a_store_that_finds_no_room(tmp_path: Path) -> None:
    """Where the disk is full, that is said; once there is room, the same command makes the store."""
    with small_disk(tmp_path, 4) as disk:
        disk.fill(0)
        answer = call_command("init", "--db", tmp_path / "store.db")
        assert (answer.code, "the disk is full" in answer.errors) == (1, True)
        disk.clear()
        assert call_command("init", "--db", tmp_path / "store.db").code == 0


def test_a_list_of_rejects_is_whole_or_none(tmp_path: Path) -> None:
    """Where the disk is full, the file is named and not left half written; nothing is imported."""
    store, place, file = tmp_path / "store.db", tmp_path / "place", tmp_path / "customers.csv"
    place.mkdir()
    file.write_text("key,name,holds_from\n" + "".join(f"C{each},{'x' * 90},never\n" for each in range(900)), "utf-8")
    call_command("init", "--db", store)
    with small_disk(place, 1) as disk:
        disk.fill(8192)
        answer = call_command("import", file, "--mapping", "canonical", "--rejects", place / "r.csv", "--db", store)
        assert (answer.code, f"{place / 'r.csv'} cannot be used: No space left" in answer.errors) == (1, True)
        assert not (place / "r.csv").exists()


def test_ctrl_c_is_no_fault(store_url: str, tmp_path: Path) -> None:
    """Whoever stops an import, whichever library is at work by then, is told that it has stopped; nothing is stored."""
    call_command("init", "--db", store_url)
    lines = "".join(f"C{each},customer {each},2020-01-01\n" for each in range(150_000))
    (tmp_path / "customers.csv").write_text(f"key,name,holds_from\n{lines}", "utf-8")
    for step in ("checking customers", "storing customers"):
        # Whatever starts the tests in the background lets its children ignore the signal.
        command = ["env", "--default-signal=INT", str(VALUELIFT), "import", str(tmp_path), "--mapping", "canonical"]
        command += ["--db", store_url, "--lang", "en"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
            assert process.stderr is not None
            assert any(step in line for line in process.stderr), step
            time.sleep(0.03)
            process.send_signal(signal.SIGINT)
            said = process.stderr.read()
        assert (step, process.returncode) == (step, 1)
        assert "Aborted!" in said or "it was told to stop" in said, said
    store = Store.open(store_url)
    assert store.base_tables(LATEST, only={"customers": ("key",)})["customers"].num_rows == 0
    store.close()


def test_a_store_is_not_for_others(told_store: Path, tmp_path: Path) -> None:
    """Whatever the umask, others may read neither a new store nor a restored one, nor what SQLite keeps beside it."""
    before = os.umask(0)
    try:
        call_command("init", "--db", tmp_path / "new.db")
        call_command("backup", tmp_path / "backup.db", "--db", told_store)
        call_command("restore", tmp_path / "backup.db", "--db", tmp_path / "again.db")
        with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
            connection.execute("SELECT count(*) FROM settings").fetchone()
            modes = {path.name: oct(path.stat().st_mode & 0o007) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert set(modes.values()) == {"0o0"}, modes
    assert {"new.db", "new.db-wal", "again.db"} <= set(modes)
