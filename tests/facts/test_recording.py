"""What is recorded one by one: checked against the book, logged, and taken back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import SQLAlchemyError

from facts import migrations
from facts.answers import answered, read_answer
from facts.audit import Entry, entries
from facts.book import Book
from facts.database import StoreError, connect, database_url
from facts.declined import Declined, declined
from facts.house_tables import audit
from facts.packs import StoredPack, rollback_pack, use_pack
from facts.recording import Statement, confirm_stage, merge_customers, record, state
from facts.store import Store
from facts.undoing import undo
from wiring import catalogue

TODAY = date(2026, 3, 1)
SENT, HEARD = date(2026, 2, 1), date(2026, 2, 10)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Return a store with two customers."""
    store = Store.create(store_url)
    rows = [{"key": key, "name": key, "holds_from": date(2020, 1, 1)} for key in ("K1", "K2")]
    record(store, "customers", rows, user="ann", source="test", at=datetime(2026, 1, 1, tzinfo=UTC))
    yield store
    store.close()


@pytest.fixture
def book(store: Store) -> Book:
    """Return the book of the first customer."""
    return Book(store, catalogue(), "K1", TODAY)


def enter(book: Book, *statements: Statement, user: str = "ann") -> int:
    """Record statements and return their number in the log."""
    return state(book.store, statements, user=user, source="command line")


def conveyed(book: Book, **said: Any) -> Statement:
    """Return the statement that the product was conveyed by a visit."""
    return book.event("communications", {"value_kind": "product", "medium": "visit", **said}, SENT)


def hear(book: Book, outcome: str, shows: str | None, on: date = HEARD) -> list[Statement]:
    """Return the statements that the effect of it was heard."""
    row = book.find("communications", "product", among="value_kind")
    return book.heard(row, {"heard_on": on, "outcome": outcome}, shows)


def level(book: Book) -> str | None:
    """Return the perception of the product that is on record today."""
    row = book.last("perceptions", "K1/product", TODAY)
    return None if row is None else str(row["level"])


def newest(store: Store) -> Entry:
    """Return the last entry of the log."""
    return entries(store, most=1)[0]


# --- effects and perceptions ---


def test_an_effect_raises_the_perception_in_one_record(book: Book) -> None:
    """The outcome and the perception that it shows are stored together, and taken back together."""
    enter(book, conveyed(book))
    number = enter(book, *hear(book, "recognised", "recognised"))
    assert level(book) == "recognised"
    assert [table for table, _ in newest(book.store).says] == ["communications", "perceptions"]
    assert undo(book.store, user="ann") == number
    assert level(book) is None
    assert book.find("communications", "product", among="value_kind")["outcome"] is None


@pytest.mark.parametrize(
    ("before", "shows", "after"),
    [
        ("understood", "recognised", "recognised"),
        ("accepted", "recognised", "accepted"),
        ("accepted", None, "accepted"),
    ],
)
def test_an_effect_never_lowers_a_perception(book: Book, before: str, shows: str | None, after: str) -> None:
    """What an effect shows counts only where it is more than what is on record."""
    said = {"value_kind": "product", "level": before}
    enter(book, book.entry("perceptions", said, date(2026, 1, 5), "K1/product"))
    enter(book, conveyed(book))
    enter(book, *hear(book, "recognised" if shows else "rejected", shows))
    assert level(book) == after


def test_what_is_known_of_a_merged_customer_counts(book: Book) -> None:
    """The effect does not lower what was accepted under the key of the customer that was merged into this one."""
    accepted = {"value_kind": "product", "level": "accepted"}
    enter(book, Book(book.store, book.vocabulary, "K2", TODAY).entry("perceptions", accepted, SENT, "K2/product"))
    merge_customers(book.store, "K2", "K1", user="ann")
    enter(book, conveyed(book))
    enter(book, *hear(book, "recognised", "recognised"))
    assert level(book) == "accepted"
    assert len(book.standing("perceptions")) == 1


def test_an_effect_of_the_day_of_a_review_counts(book: Book) -> None:
    """A perception that was reviewed on the day of the effect is raised all the same."""
    enter(book, book.entry("perceptions", {"value_kind": "product", "level": "aware"}, HEARD, "K1/product"))
    enter(book, conveyed(book))
    enter(book, *hear(book, "accepted", "accepted"))
    assert level(book) == "accepted"


@pytest.mark.parametrize(
    ("outcome", "on", "said"),
    [
        ("recognised", HEARD, "it says so already"),
        ("rejected", HEARD, "outcome is on record as recognised, not rejected"),
        ("recognised", HEARD + timedelta(days=1), "heard_on is on record as 2026-02-10, not 2026-02-11"),
    ],
)
def test_a_second_effect_is_refused(book: Book, outcome: str, on: date, said: str) -> None:
    """An effect is heard once; the message says by which number it can be taken back, and nothing is written."""
    enter(book, conveyed(book))
    number = enter(book, *hear(book, "recognised", "recognised"))
    with pytest.raises(StoreError, match=rf"{said}.*undo {number}`"):
        hear(book, outcome, "recognised", on)
    assert newest(book.store).id == number


def test_an_effect_comes_after_its_communication(book: Book) -> None:
    """It can be heard on the day on which the value was conveyed, and not before."""
    enter(book, conveyed(book))
    with pytest.raises(StoreError, match="heard_on 2026-01-31 lies before that"):
        hear(book, "recognised", None, SENT - timedelta(days=1))
    assert hear(book, "recognised", None, SENT)


@pytest.mark.parametrize("days", [0, 1])
def test_nothing_is_recorded_of_the_future(book: Book, days: int) -> None:
    """Today is the last day that something may be recorded for."""
    enter(book, conveyed(book))
    if days:
        with pytest.raises(StoreError, match="lies after 2026-03-01"):
            hear(book, "recognised", None, TODAY + timedelta(days=days))
        with pytest.raises(StoreError, match="lies after 2026-03-01"):
            book.event("referrals", {"kind": "referral"}, TODAY + timedelta(days=days))
    else:
        assert hear(book, "recognised", None, TODAY)


@pytest.mark.parametrize(
    ("table", "said", "on", "why"),
    [
        ("complaints", {"signal": "price_high", "settled_on": SENT - timedelta(days=1)}, SENT, "lies before that"),
        (
            "complaints",
            {"signal": "price_high", "settled_on": TODAY + timedelta(days=1)},
            SENT,
            "lies after 2026-03-01",
        ),
        ("communications", {"value_kind": "brand", "heard_on": SENT - timedelta(days=1)}, SENT, "lies before that"),
        ("complaints", {"signal": "price_high"}, date(1799, 12, 31), "1799-12-31 lies before 1800-01-01"),
        ("interactions", {"medium": "visit"}, date.min, "0001-01-01 lies before 1800-01-01"),
    ],
)
def test_an_event_of_days_that_do_not_fit_is_refused(
    book: Book, table: str, said: dict[str, Any], on: date, why: str
) -> None:
    """Said at once or later, what followed an event comes after it, and no day is to come or too early to count."""
    with pytest.raises(StoreError, match=why):
        book.event(table, said, on)


@pytest.mark.parametrize(
    ("table", "said", "on", "why"),
    [
        ("disputes", {"began_on": TODAY}, SENT, "began_on 2026-03-01 lies after that"),
        ("disputes", {"began_on": date(1799, 12, 31)}, SENT, "1799-12-31 lies before 1800-01-01"),
        ("disputes", {}, date(1700, 1, 1), "1700-01-01 lies before 1800-01-01"),
        ("customers", {"first_business_on": TODAY}, SENT, "first_business_on 2026-03-01 lies after that"),
        ("customers", {"first_business_on": date(26, 6, 20)}, SENT, "0026-06-20 lies before 1800-01-01"),
    ],
)
def test_an_entry_of_days_that_do_not_fit_is_refused(
    book: Book, table: str, said: dict[str, Any], on: date, why: str
) -> None:
    """What began did so by the day for which it is told; when a customer was founded may lie earlier than all."""
    with pytest.raises(StoreError, match=why):
        book.entry(table, said, on, "K1")
    assert book.entry("customers", {"founded_on": date(1665, 10, 1)}, SENT, "K1")


def test_a_stage_of_a_day_too_early_is_refused(store: Store) -> None:
    """Days since the stage are counted as those since events are."""
    with pytest.raises(StoreError, match="1799-12-31 lies before 1800-01-01"):
        confirm_stage(store, "K1", "new", date(1799, 12, 31), user="ann")


def test_a_record_of_another_customer_is_refused(book: Book) -> None:
    """The message says whose it is."""
    enter(book, conveyed(book))
    other = Book(book.store, book.vocabulary, "K2", TODAY)
    with pytest.raises(StoreError, match="it belongs to K1"):
        other.find("communications", f"K1/product/visit/{SENT}", among="value_kind")


# --- duplicates ---


def test_the_same_event_of_a_day_is_refused(book: Book) -> None:
    """By another medium, or on another day, it is another event."""
    enter(book, conveyed(book))
    with pytest.raises(StoreError, match="the same of the same day is on record"):
        conveyed(book, message="again")
    assert enter(book, conveyed(book, medium="telephone"))


def test_a_need_that_stands_so_is_no_news(book: Book) -> None:
    """Saying it again is refused, also later; on the same day what was empty may be added, and nothing changed."""
    said = {"kind": "quality", "state": "unmet"}
    enter(book, book.entry("needs", said, SENT, "K1/quality"))
    with pytest.raises(StoreError, match=f"it stands so since {SENT}"):
        book.entry("needs", said, HEARD, "K1/quality")
    with pytest.raises(StoreError, match="state is on record as unmet, not met"):
        book.entry("needs", {"state": "met"}, SENT, "K1/quality")
    enter(book, book.entry("needs", {"evidence": "seen on a visit"}, SENT, "K1/quality"))
    enter(book, book.entry("needs", {"state": "met"}, HEARD, "K1/quality"))
    assert [(row["state"], row["evidence"]) for row in book.standing("needs")] == [
        ("unmet", "seen on a visit"),
        ("met", "seen on a visit"),
    ]


def answer(book: Book, said: str, on: date, evidence: str | None, sure: str | None = None) -> Statement:
    """Return the statement of an answer."""
    return answered(book, read_answer(book.vocabulary, said), on, evidence, sure)


def test_the_same_said_again_later_confirms_it(book: Book) -> None:
    """A perception or judgement in the same words is heard anew on a later day; on the same day it is no news."""
    told = {"perception.product=aware": "asked for it", "judgement.both_want=yes": None}
    for said, evidence in told.items():
        enter(book, answer(book, said, SENT, evidence, "told"))
        with pytest.raises(StoreError, match=f"it stands so since {SENT}"):
            answer(book, said, SENT, evidence, "told")
        enter(book, answer(book, said, HEARD, evidence))
    for table in ("perceptions", "assessments"):
        assert [(row["holds_from"], row["sure"]) for row in book.standing(table)] == [(SENT, "told"), (HEARD, "told")]


def test_how_surely_is_said_of_what_is_said(book: Book) -> None:
    """It stays with what it was said of, and the evidence too: another verdict without them has none."""
    enter(book, answer(book, "judgement.both_want=yes", SENT, "signed the letter", "seen"))
    enter(book, answer(book, "judgement.both_want=yes", HEARD, None))
    enter(book, answer(book, "judgement.both_want=no", TODAY, None))
    found = [(row["verdict"], row["evidence"], row["sure"]) for row in book.standing("assessments")]
    assert found == [("yes", "signed the letter", "seen"), ("yes", "signed the letter", "seen"), ("no", None, None)]
    enter(book, book.entry("needs", {"kind": "quality", "state": "unmet", "sure": "estimate"}, SENT, "K1/quality"))
    enter(book, book.entry("needs", {"evidence": "seen", "sure": "seen"}, HEARD, "K1/quality"))
    enter(book, book.entry("needs", {"state": "met"}, TODAY, "K1/quality"))
    assert [row["sure"] for row in book.standing("needs")] == ["estimate", "seen", None]


def test_a_guess_gives_way_to_what_is_heard_on_the_same_day(book: Book) -> None:
    """It is corrected in place, whatever was guessed; what was told is not, and of base data nobody says how surely."""
    enter(book, answer(book, "judgement.both_want=unclear", SENT, "our guess", "estimate"))
    enter(book, answer(book, "judgement.both_want=yes", SENT, "said so on the telephone", "told"))
    (row,) = book.standing("assessments")
    assert (row["verdict"], row["evidence"], row["sure"]) == ("yes", "said so on the telephone", "told")
    with pytest.raises(StoreError, match=r"verdict is on record as yes, not no .*If it was so and is otherwise now"):
        answer(book, "judgement.both_want=no", SENT, None, "seen")
    with pytest.raises(StoreError, match="how it is known is kept of perceptions and judgements alone"):
        answer(book, "credit_score=640", SENT, None, "seen")
    with pytest.raises(StoreError, match="it is one of estimate, told, seen"):
        enter(book, answer(book, "judgement.both_want=no", HEARD, None, "sure"))


def test_what_an_effect_shows_the_customer_told(book: Book) -> None:
    """The perception that rises with an effect is as sure as what the customer said."""
    enter(book, answer(book, "perception.product=aware", SENT, "our guess", "estimate"))
    enter(book, conveyed(book))
    enter(book, *hear(book, "recognised", "recognised"))
    assert [row["sure"] for row in book.standing("perceptions")] == ["estimate", "told"]


def test_what_changed_meanwhile_is_not_overwritten(book: Book) -> None:
    """Of two that record the same at the same time the second is refused, and nothing of its record is stored.

    Whether the other one said the same is told: who clicks twice is not to think that somebody else was quicker.
    """
    first, second = conveyed(book), conveyed(book)
    otherwise = replace(second, row={**second.row, "cost_class": "high"})
    enter(book, first)
    need = book.entry("needs", {"kind": "quality", "state": "unmet"}, SENT, "K1/quality")
    with pytest.raises(StoreError, match="the same was recorded a moment ago"):
        enter(book, need, second)
    with pytest.raises(StoreError, match="says something else of it by now"):
        enter(book, need, otherwise)
    assert book.standing("needs") == []


# --- answers ---


@pytest.mark.parametrize(
    ("said", "table", "column", "value"),
    [
        ("credit_score=640", "customers", "credit_score", 640),
        ("first_business_on=2025-05-01", "customers", "first_business_on", date(2025, 5, 1)),
        ("judgement.both_want=yes", "assessments", "verdict", "yes"),
        ("perception.brand=aware", "perceptions", "level", "aware"),
        ("cooperation_acceptance=aware", "perceptions", "level", "aware"),
        ("cooperation_agreement=broken", "agreements", "state", "broken"),
    ],
)
def test_an_answer_goes_where_its_fact_is_read_from(
    book: Book, said: str, table: str, column: str, value: object
) -> None:
    """Each answer makes a row of the table behind the fact."""
    statement = answered(book, read_answer(book.vocabulary, said), TODAY, "told on a visit")
    enter(book, statement)
    assert (statement.table, book.standing(table)[-1][column]) == (table, value)


def test_base_data_is_of_days_on_which_the_customer_is_on_record(book: Book) -> None:
    """An answer for a day before its first row, or after its last one, says from when on it is on record."""
    with pytest.raises(StoreError, match=r"K1 is on record from 2020-01-01 on\. Give a later day by --on"):
        answer(book, "credit_score=640", date(2019, 12, 31), None)
    enter(book, answer(book, "credit_score=640", date(2020, 1, 1), None))
    left = {"key": "K2", "name": "K2", "holds_from": date(2021, 1, 1), "holds_until": date(2022, 1, 1)}
    record(book.store, "customers", [left], user="ann", source="test")
    other = Book(book.store, book.vocabulary, "K2", TODAY)
    with pytest.raises(StoreError, match=r"K2 is not on record on that day\. Give another day by --on"):
        answer(other, "credit_score=640", date(2022, 1, 1), None)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("orders_90d=3", "counted from the records of orders. Import them"),
        ("referrals_365d=3", "counted from the records of referrals. Use `valuelift record referral`"),
        ("competitor_strength.brand=weak", "Use `valuelift record competitor`"),
        ("stage=core", "Use `valuelift confirm`"),
        ("assessed_stage=core", "it follows from the rules"),
        ("abc_class=A", "it follows from the rules"),
        ("perception.product=accepted", "from 'aware' to 'accepted' is more than one step"),
    ],
)
def test_what_cannot_be_answered_says_where_it_comes_from(book: Book, said: str, why: str) -> None:
    """What is counted, concluded or shown by effects is not entered by hand."""
    enter(book, book.entry("perceptions", {"value_kind": "product", "level": "aware"}, SENT, "K1/product"))
    with pytest.raises(StoreError, match=why):
        answered(book, read_answer(book.vocabulary, said), TODAY, "told on a visit")


def test_a_perception_needs_evidence_and_may_fall(book: Book) -> None:
    """Without evidence it is refused; acceptance that lapsed is recorded in one go."""
    enter(book, book.entry("perceptions", {"value_kind": "product", "level": "accepted"}, SENT, "K1/product"))
    answer = read_answer(book.vocabulary, "perception.product=aware")
    with pytest.raises(StoreError, match="nothing says how we know it"):
        answered(book, answer, TODAY, None)
    enter(book, answered(book, answer, TODAY, "buys the rival's now"))
    assert level(book) == "aware"


def test_a_revenue_is_answered_in_the_base_currency(book: Book) -> None:
    """Whatever currency it was recorded in before, what is asked for and answered is in the base currency."""
    customer = {"key": "K1", "name": "K1", "annual_revenue": Decimal(100), "currency": "USD"}
    record(book.store, "customers", [{**customer, "holds_from": date(2021, 1, 1)}], user="ann", source="test")
    enter(book, answered(book, read_answer(book.vocabulary, "annual_revenue=90"), TODAY, None))
    row = book.last("customers", "K1", TODAY)
    assert row is not None
    assert (row["annual_revenue"], row["currency"]) == (Decimal(90), book.store.settings()["base_currency"])
    fact = book.vocabulary.fact("annual_revenue")
    assert fact is not None
    assert fact.ask is not None
    assert ("base currency" in fact.title.en, "本位币" in fact.title.zh) == (True, True)
    assert ("base currency" in fact.ask.en, "本位币" in fact.ask.zh) == (True, True)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("credit_score", "is no answer"),
        ("credit_scor=3", "Did you mean `credit_score`"),
        ("credit_score=many", "Write a whole number"),
        ("credit_score=1001", "It lies from 0 to 1000"),
        ("annual_revenue=NaN", "Write a number"),
        ("first_business_on=May", "Write a date"),
        ("judgement.both_want=yess", "Did you mean `yes`"),
    ],
)
def test_an_answer_of_the_wrong_type_is_explained(said: str, why: str) -> None:
    """The message says how to write it."""
    with pytest.raises(ValueError, match=why):
        read_answer(catalogue(), said)


# --- taking back ---


def test_what_was_corrected_stands_again(book: Book) -> None:
    """After an undo the store says what it said before; as known in between, it still says what it said then."""
    enter(book, book.entry("needs", {"kind": "quality", "state": "unmet"}, SENT, "K1/quality"))
    enter(book, book.entry("needs", {"evidence": "seen"}, SENT, "K1/quality"))
    between = datetime.now(UTC)
    undo(book.store, user="ann")
    (row,) = book.standing("needs")
    assert (row["state"], row["evidence"], row["entered_by"]) == ("unmet", None, "ann")
    then = book.store.base_tables(TODAY, between, "K1")["needs"].to_pylist()
    assert [(row["state"], row["evidence"]) for row in then] == [("unmet", "seen")]
    assert undo(book.store, user="ann") == newest(book.store).undoes
    assert book.standing("needs") == []


def test_what_others_rest_on_is_taken_back_last(book: Book) -> None:
    """A communication whose effect is on record stays; the message names the record to take back first."""
    first = enter(book, conveyed(book))
    second = enter(book, *hear(book, "accepted", "accepted"), user="bob")
    with pytest.raises(StoreError, match=rf"something was recorded on top of it since. .*undo {second}`"):
        undo(book.store, user="ann")
    undo(book.store, user="ann", number=second)
    assert undo(book.store, user="ann") == first
    assert book.standing("communications") == []


def test_what_stands_again_is_known_by_its_first_record(book: Book) -> None:
    """Recorded, corrected, taken back, corrected and taken back once more: the first record can still be taken back."""
    first = enter(book, conveyed(book))
    for outcome in ("accepted", "rejected"):
        enter(book, *hear(book, outcome, None))
        undo(book.store, user="ann")
    with pytest.raises(StoreError, match=f"undo {first}`"):
        conveyed(book)
    assert undo(book.store, user="ann") == first
    assert enter(book, conveyed(book)) > first


def test_records_on_records_are_taken_back_one_by_one(book: Book) -> None:
    """Three statements on the same row, the last taken back, made anew, and all taken back down to nothing."""
    for said in ({"kind": "quality", "state": "unmet"}, {"tier": "core"}, {"evidence": "seen"}):
        enter(book, book.entry("needs", said, SENT, "K1/quality"))
    undo(book.store, user="ann")
    enter(book, book.entry("needs", {"level": "basic"}, SENT, "K1/quality"))
    left = []
    for _ in range(3):
        undo(book.store, user="ann")
        left.append([(row["tier"], row["level"], row["evidence"]) for row in book.standing("needs")])
    assert left == [[("core", None, None)], [(None, None, None)], []]


def test_what_cannot_be_taken_back_says_why(book: Book) -> None:
    """Only records of facts are taken back, once, and each user's own by default."""
    number = enter(book, conveyed(book))
    with pytest.raises(StoreError, match="bob has recorded nothing that stands"):
        undo(book.store, user="bob")
    with pytest.raises(StoreError, match="there is none of that number"):
        undo(book.store, user="ann", number=number + 1)
    undo(book.store, user="ann", number=number)
    with pytest.raises(StoreError, match="that was done already"):
        undo(book.store, user="ann", number=number)
    use_pack(book.store, StoredPack("a" * 64, "ours", "1", b""), user="ann")
    with pytest.raises(StoreError, match="no record of one customer's facts but: pack_use ours 1"):
        undo(book.store, user="ann", number=newest(book.store).id)
    row = {"customer": "K1", "medium": "visit", "holds_from": SENT}
    imported = record(book.store, "interactions", [row], user="ann", source="talks.csv", did="import").entry
    with pytest.raises(StoreError, match="Correct it in the file or system that it comes from, and import that again"):
        undo(book.store, user="ann", number=imported)


def test_a_stage_against_the_proposal_needs_a_reason(book: Book) -> None:
    """Blanks are none."""
    for reason in (None, "", " \n"):
        with pytest.raises(StoreError, match="Give the reason for deciding otherwise"):
            confirm_stage(book.store, "K1", "core", TODAY, user="ann", proposed="new", reason=reason)


def test_a_confirmed_stage_is_taken_back(book: Book) -> None:
    """The stage before stands again."""
    confirm_stage(book.store, "K1", "target", SENT, user="ann")
    confirm_stage(book.store, "K1", "new", HEARD, user="ann")
    undo(book.store, user="ann")
    assert [row["stage"] for row in book.standing("stage_history")] == ["target"]


# --- the log ---


def test_everything_done_is_logged(book: Book) -> None:
    """Who did what, to whom, and what was taken back; asked by customer, user and day."""
    use_pack(book.store, StoredPack("a" * 64, "ours", "1", b""), user="bob")
    use_pack(book.store, StoredPack("b" * 64, "ours", "2", b""), user="bob")
    rollback_pack(book.store, user="bob")
    confirm_stage(book.store, "K1", "target", SENT, user="ann")
    undo(book.store, user="ann")
    told = [(each.user, each.did, each.subject, each.customer) for each in entries(book.store, since=TODAY)]
    assert told[:5] == [
        ("ann", "undo", "stage_history", "K1"),
        ("ann", "confirm", "stage_history", "K1"),
        ("bob", "pack_rollback", "ours 1", None),
        ("bob", "pack_use", "ours 2", None),
        ("bob", "pack_use", "ours 1", None),
    ]
    assert [each.did for each in entries(book.store, customer="K1")] == ["undo", "confirm"]
    assert {each.user for each in entries(book.store, user="bob")} == {"bob"}
    assert entries(book.store, since=datetime.now(UTC).date() + timedelta(days=1)) == []
    taken_back, confirmed = entries(book.store, customer="K1")
    assert (taken_back.undoes, confirmed.undone_by) == (confirmed.id, taken_back.id)


def test_the_log_tells_no_personal_data(book: Book) -> None:
    """Of a contact it tells the role, and neither name nor number."""
    enter(book, book.entry("contacts", {"name": "Li Na", "role": "buyer", "telephone": "1"}, SENT, "K1/buyer"))
    ((_, said),) = newest(book.store).says
    assert "Li Na" not in str(said)
    assert said["role"] == "buyer"


@pytest.mark.parametrize("change", [update(audit).values(done_by="nobody"), delete(audit)])
def test_the_log_is_only_added_to(store: Store, change: Any) -> None:
    """The database itself refuses to change or delete an entry."""
    with (
        pytest.raises((StoreError, SQLAlchemyError), match="the audit log is only added to"),
        store.writing() as connection,
    ):
        connection.execute(change)
    assert newest(store).user == "ann"


def test_an_older_store_tells_what_it_knows(store_url: str) -> None:
    """A store made before there was a log gets one, with the confirmations and uses of packs that it holds."""
    at = "2026-02-03T00:00:00.000000"
    rows: list[tuple[str, dict[str, object]]] = [
        ("customer_keys", {"key": "K1"}),
        ("stage_history", {
            "key": "K1", "customer": "K1", "stage": "target", "source": "confirmed", "entered_by": "ann",
            "recorded_at": "2026-02-02T00:00:00.000000", "holds_from": "2026-01-01",
        }),
        ("packs", {
            "digest": "a", "name": "ours", "version": "1", "content": b"", "stored_at": at, "stored_by": "bob",
        }),
        ("pack_uses", {"digest": "a", "used_at": at, "used_by": "bob"}),
    ]  # fmt: skip
    with connect(database_url(store_url)).execution_options(writes=True).begin() as connection:
        migrations.upgrade(connection, "0002")
        for table, row in rows:
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"), row)  # noqa: S608 - our own names
    again = Store.open(store_url)
    told = [(each.user, each.did, each.subject, each.customer) for each in entries(again)]
    assert told == [("bob", "pack_use", "ours 1", None), ("ann", "confirm", "stage_history", "K1")]
    again.close()


# --- declining ---


def test_reasons_are_counted_for_each_rule(book: Book) -> None:
    """Advice of two rules counts for both; what was taken back or is not declined does not count."""
    for action, because, rules in [
        ("a", "wrong_time", '["r1", "r2"]'),
        ("b", "wrong_time", '["r1"]'),
        ("c", None, None),
    ]:
        said = {"action": action, "state": "declined", "declined_because": because, "advised_by": rules}
        enter(book, book.entry("actions", {**said, "about": "", "advised_on": SENT}, SENT, f"K1/{action}/"))
    assert declined(book.store) == [
        Declined("r1", "wrong_time", 2),
        Declined(None, None, 1),
        Declined("r2", "wrong_time", 1),
    ]
    undo(book.store, user="ann")
    assert declined(book.store, "K1") == [Declined("r1", "wrong_time", 2), Declined("r2", "wrong_time", 1)]
    assert declined(book.store, "K2") == []
