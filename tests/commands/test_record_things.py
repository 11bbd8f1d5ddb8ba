"""Needs, complaints, conflicts, talks and answers from a file: all of them or none, every fault at once, none twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.record_command import FILED
from common.record_file import COMMUNICATION, heading
from common.record_rows import KINDS
from tests.commands.conftest import DAY, Answer, Call
from tests.facts.test_imports import write_xlsx

ROWS = {
    "need": (
        "silver-carp,2026-05-10,quality,unmet,core,rejects on both lines",
        "silver-carp,2026-06-10,quality,partly_met,,fewer rejects",  # the tier stays
        "moonbridge,2026-06-10,brand,unmet,additional,",
    ),
    "complaint": (
        "silver-carp,2026-06-10,supply_late,high,,two lorries late",
        "moonbridge,2026-06-10,price_high,,2026-06-20,",
    ),
    "dispute": (
        "silver-carp,2026-06-20,dispute-2026-06-12,,2,yes,settled by a visit",  # before the row that begins it
        "silver-carp,2026-06-12,,2026-06-01,1,,who pays for the returned lot",
    ),
    "talk": ("silver-carp,2026-06-10,telephone,theirs,buyer,price list", "silver-carp,2026-06-11,visit,ours,user,"),
    "answer": (
        "silver-carp,2026-06-10,credit_score,640,",
        "silver-carp,2026-06-10,judgement.both_want,yes,said so at the visit",
        "silver-carp,2026-06-12,perception.heritage,aware,asked how old we are",
        "silver-carp,2026-06-20,perception.heritage,understood,told the story himself",  # one step, then another
    ),
}
HEADS = {
    "need": "customer,on,kind,state,tier,evidence",
    "complaint": "customer,on,signal,severity,settled_on,summary",
    "dispute": "customer,on,dispute,began_on,talks,settled,summary",
    "talk": "customer,on,medium,by,contact,summary",
    "answer": "customer,on,fact,value,evidence",
}
FAULTY = {
    "need": (
        ("silver-crap,2026-06-10,qualitty,unmett,core,", ("customer", "kind", "state")),
        ("silver-carp,2026-07-01,quality,unmet,,", ("on",)),
        ("silver-carp,2026-06-12,quality,unmet,,", ()),
        ("silver-carp,2026-06-12,quality,met,,", ("",)),  # the same need of the same day
    ),
    "complaint": (
        ("silver-carp,2026-06-12,supply_late,high,2026-06-11,", ("settled_on",)),
        ("silver-carp,2026-06-12,,huge,soon,", ("signal", "severity", "settled_on")),
        ("silver-carp,2026-06-12", ("",)),
    ),
    "dispute": (
        ("silver-carp,2026-06-12,,2026-06-13,many,perhaps,", ("talks", "settled", "began_on")),
        ("silver-carp,2026-06-12,dispute-2020-01-01,,1,,", ("",)),  # no such conflict
    ),
    "talk": (("silver-carp,12.6.2026,pigeon,nobody,buyer,", ("on", "medium", "by")),),
    "answer": (
        ("silver-carp,2026-06-12,credit_score,good,", ("value",)),
        ("silver-carp,2026-06-12,credit_scores,640,", ("fact",)),
        ("silver-carp,2026-06-12,perception.brand,understood,", ("evidence",)),
        ("silver-carp,2026-06-12,perception.heritage,accepted,he said so", ()),
        ("silver-carp,2026-06-11,perception.heritage,aware,he asked", ()),
        ("silver-carp,2026-06-12,orders_90d,3,", ("",)),  # counted
    ),
}


@pytest.fixture
def filed(demo: Call, tmp_path: Path) -> Call:
    """Return a function that records a file of a kind with these rows."""

    def call(kind: str, *rows: str, **options: str) -> Answer:
        path = tmp_path / f"{kind}.csv"
        path.write_text("\n".join((HEADS[kind], *rows)) + "\n", encoding="utf-8")
        more = [word for name, value in options.items() for word in (f"--{name}", value)]
        return demo("record", "file", path, "--kind", kind, "--as", "ana", "--as-of", DAY, *more)

    return call


def test_rows_are_recorded_once_in_the_order_of_their_days(filed: Call, demo: Call) -> None:
    """Every kind is recorded whole, what is not said stays, and the same files again change nothing."""
    for kind, rows in ROWS.items():
        answer = filed(kind, *rows, lang="en")
        assert (answer.code, answer.errors) == (0, ""), kind
        assert answer.output.startswith(f"Recorded {len(rows)} of {len(rows)} rows, 0 are"), kind
    facts = demo("why", "silver-carp", "needs.tier", "--as-of", DAY).output
    assert "core" in facts
    entries = demo("audit", "--json").json
    for kind, rows in ROWS.items():
        again = filed(kind, *rows, lang="en")
        assert again.output.startswith(f"Recorded 0 of {len(rows)} rows, {len(rows)} are"), again.errors
    assert demo("audit", "--json").json == entries
    settled = filed("complaint", "silver-carp,2026-06-10,supply_late,,2026-06-19,", lang="zh")
    assert settled.output.startswith("共1行，已记录1行")
    contradicting = filed("complaint", "silver-carp,2026-06-10,supply_late,low,,", lang="en")
    assert "complaint.csv, row 2, severity: " in contradicting.errors
    assert "on record with 'high', not 'low'" in contradicting.errors
    assert demo("record", "undo", "--as", "ana", "--as-of", DAY).code == 0


def test_every_fault_is_named_and_nothing_is_recorded(filed: Call, demo: Call) -> None:
    """Each faulty cell is named with its row, whatever the kind, and sound rows beside it are not recorded either."""
    before = demo("audit", "--json").json
    for kind, rows in FAULTY.items():
        sound = ROWS[kind][-1]
        answer = filed(kind, sound, *(row for row, _ in rows), lang="en")
        assert answer.code == 1, kind
        assert answer.output.startswith("Nothing is recorded"), kind
        expected = {(number, column) for number, (_, columns) in enumerate(rows, 3) for column in columns}
        for number, column in expected:
            assert f"{kind}.csv, row {number}{', ' if column else ''}{column}: " in answer.errors, answer.errors
        told = [line for line in answer.errors.splitlines() if line.startswith(f"{kind}.csv")]
        assert len(told) >= len(expected)
    jump = filed("answer", *(row for row, _ in FAULTY["answer"][3:5]), lang="en")
    assert "row 2: The perception of heritage is not recorded: from 'aware' to 'accepted' is more than" in jump.errors
    assert demo("audit", "--json").json == before


def test_each_kind_has_a_template_that_can_be_read_as_a_workbook_too(demo: Call, tmp_path: Path) -> None:
    """The example rows have no fault but their customer, and a check alone records nothing."""
    assert (COMMUNICATION, *KINDS) == FILED
    for kind in FILED:
        printed = demo("record", "file", "--template", "--kind", kind).output
        head, example = printed.splitlines()
        assert tuple(head.split(",")) == (*heading(kind).required, *heading(kind).optional)
        path = tmp_path / f"{kind}.xlsx"
        write_xlsx(path, [tuple(head.split(",")), tuple(example.replace("C-1001", "silver-carp").split(","))])
        checked = demo("record", "file", path, "--kind", kind, "--dry-run", "--as-of", DAY, "--json").json
        assert (checked["recorded"], checked["faults"], checked["numbers"]) == (1, [], []), kind
    wrong = demo("record", "file", tmp_path / "talk.xlsx", "--kind", "need", "--as-of", DAY)
    assert wrong.code == 1
    assert "it has no column 'kind'" in wrong.errors
    assert "mapping" not in wrong.errors
    assert demo("record", "file", "--kind", "talks", "--template").code == 2
