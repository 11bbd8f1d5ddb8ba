"""Facts to confirm: old, guessed, or contradicted by what is kept of a merged customer or by somebody's import."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engine.vocabulary import Vocabulary
from facts.answers import answered, read_answer
from facts.book import Book
from facts.imports import import_files
from facts.recording import merge_customers, record, state
from facts.store import Store
from facts.to_confirm import Reason, ToConfirm, facts_to_confirm
from facts.undoing import undo
from wiring import catalogue

TODAY = date(2026, 6, 30)
MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Return a store with three customers."""
    store = Store.create(store_url)
    rows = [{"key": key, "name": key, "holds_from": date(2020, 1, 1)} for key in ("K1", "K2", "K3")]
    record(store, "customers", rows, user="ann", source="test", at=datetime(2020, 1, 1, tzinfo=UTC))
    yield store
    store.close()


def say(store: Store, customer: str, said: str, on: date, sure: str | None = None, user: str = "ann") -> None:
    """Record an answer by hand."""
    book = Book(store, catalogue(), customer, TODAY)
    statement = answered(book, read_answer(book.vocabulary, said), on, f"heard by {user}", sure)
    state(store, [statement], user=user, source="command line")


def unsure(store: Store, customer: str = "K1", known_at: datetime | None = None) -> dict[str, ToConfirm]:
    """Return what is to be confirmed of a customer, by fact; asked for alone and among all customers."""
    vocabulary: Vocabulary = catalogue()
    found = facts_to_confirm(store, vocabulary, [customer], TODAY, known_at)
    among = facts_to_confirm(store, vocabulary, ["K1", "K2", "K3"], TODAY, known_at)
    assert [each for each in among if each.customer == customer] == found
    return {each.fact: each for each in found}


def against(store: Store) -> list[tuple[object, date, str, str]]:
    """Return what contradicts the one fact to be confirmed."""
    (found,) = unsure(store).values()
    assert Reason.CONTRADICTED in found.reasons
    return [(each.value, each.on, each.entered_by, each.row) for each in found.against]


def test_a_guess_is_asked_for_until_it_is_known_better(store: Store) -> None:
    """Whatever its age; an old guess for both reasons. The same guess again changes nothing, an effect heard does."""
    say(store, "K1", "judgement.both_want=yes", JUNE, "estimate")
    say(store, "K1", "judgement.trial_use=yes", date(2025, 6, 1), "estimate")
    say(store, "K1", "perception.product=aware", MAY, "estimate")
    say(store, "K1", "perception.people=aware", MAY, "told")
    reasons = {name: each.reasons for name, each in unsure(store).items()}
    assert reasons == {
        "judgement.trial_use": (Reason.ESTIMATE, Reason.STALE),
        "perception.product": (Reason.ESTIMATE,),
        "judgement.both_want": (Reason.ESTIMATE,),
    }
    assert list(reasons) == list(unsure(store))
    for sure, on, asked in (("estimate", JUNE, ["unmet"]), ("told", TODAY, [])):
        need = {"kind": "quality", "state": "unmet", "sure": sure}
        entry = Book(store, catalogue(), "K1", TODAY).entry("needs", need, on, "K1/quality")
        state(store, [entry], user="ann", source="command line")
        assert [each.value for name, each in unsure(store).items() if name == "needs.quality"] == asked
    say(store, "K1", "judgement.both_want=yes", TODAY)
    assert unsure(store)["judgement.both_want"].heard_on == TODAY
    say(store, "K1", "judgement.both_want=yes", TODAY, "told")
    say(store, "K1", "judgement.trial_use=no", TODAY, "seen")
    book = Book(store, catalogue(), "K1", TODAY)
    told = book.event("communications", {"value_kind": "product", "medium": "visit"}, MAY)
    state(store, [told], user="ann", source="command line")
    for outcome, left in (("no_reaction", {"perception.product"}), ("rejected", set())):
        row = book.find("communications", "product", among="value_kind")
        more = book.more("communications", row, {"heard_on": TODAY, "outcome": outcome})
        before = datetime.now(UTC)
        number = state(store, [more], user="ann", source="command line")
        assert set(unsure(store)) == left
        if left:
            undo(store, user="ann", number=number)
    assert set(unsure(store, known_at=before)) == {"perception.product"}


def test_what_is_kept_of_merged_customers_is_held_against_each_other(store: Store) -> None:
    """Both rows are named if they are near; what is recorded once both are known to be one settles it."""
    say(store, "K1", "judgement.both_want=yes", MAY)
    say(store, "K2", "judgement.both_want=no", JUNE, user="bob")
    say(store, "K1", "judgement.trial_use=no", MAY, "estimate")  # a guess contradicts nothing that was told
    say(store, "K2", "judgement.trial_use=yes", JUNE, "told")
    say(store, "K1", "judgement.confident_of_effect=no", date(2026, 3, 2))  # 91 days before
    say(store, "K2", "judgement.confident_of_effect=yes", JUNE)
    say(store, "K1", "perception.product=aware", MAY)  # they agree
    say(store, "K2", "perception.product=aware", JUNE)
    assert set(unsure(store)) == {"judgement.trial_use"}
    apart = datetime.now(UTC)
    merge_customers(store, "K2", "K1", user="ann")
    assert against(store) == [("yes", MAY, "ann", "K1/both_want")]
    (found,) = unsure(store).values()
    assert (found.fact, found.value, found.row) == ("judgement.both_want", "no", "K2/both_want")
    assert set(unsure(store, known_at=apart)) == {"judgement.trial_use"}
    say(store, "K1", "judgement.both_want=no", TODAY)
    assert unsure(store) == {}
    merge_customers(store, "K3", "K1", user="ann")  # known to be one later still: it says nothing of these two
    assert unsure(store) == {}


def test_two_people_who_say_otherwise_of_one_day(store: Store, tmp_path: Path) -> None:
    """What somebody else's import replaced is named, one's own is corrected; a record for a later day settles."""
    say(store, "K1", "judgement.both_want=yes", JUNE)
    file = tmp_path / "assessments.csv"
    file.write_text("customer,criterion,verdict,holds_from,sure\nK1,both_want,no,2026-06-01,seen\n")
    before = datetime.now(UTC)
    import_files(store, "canonical", [file], user="bob")
    assert against(store) == [("yes", JUNE, "ann", "K1/both_want")]
    assert unsure(store, known_at=before) == {}
    file.write_text("customer,criterion,verdict,holds_from\nK1,both_want,unclear,2026-06-01\n")
    import_files(store, "canonical", [file], user="bob")
    assert against(store) == [("yes", JUNE, "ann", "K1/both_want")]  # bob corrected himself
    say(store, "K2", "judgement.both_want=yes", JUNE, user="cai")
    merge_customers(store, "K2", "K1", user="ann")
    assert against(store) == [("unclear", JUNE, "bob", "K1/both_want")]  # what is kept as K2 counts, as for rules
    say(store, "K1", "judgement.both_want=yes", TODAY)
    assert unsure(store) == {}


def need(store: Store, customer: str, on: date, user: str = "ann", **said: object) -> None:
    """Record a need for quality by hand."""
    row = {"customer": customer, "kind": "quality", "holds_from": on, "state": "unmet", **said}
    record(store, "needs", [row], user=user, source="command line")


def needs_against(store: Store) -> dict[str, tuple[object, list[tuple[object, str]]]]:
    """Return what is said of needs and contradicted, with what contradicts it and who said so."""
    return {
        name: (each.value, [(said.value, said.entered_by) for said in each.against])
        for name, each in unsure(store).items()
        if name.startswith("needs.") and Reason.CONTRADICTED in each.reasons
    }


def test_a_need_of_merged_customers_is_met_and_unmet_or_in_two_tiers(store: Store) -> None:
    """Each column is held against its own; what nobody said contradicts nothing; a later record settles it."""
    need(store, "K1", MAY, state="met", tier="core", felt=True)
    need(store, "K2", JUNE, "bob", state="unmet", tier="additional", level="expected")
    need(store, "K2", JUNE, "bob", kind="service", state="met")  # another kind says nothing of quality
    assert needs_against(store) == {}
    merge_customers(store, "K2", "K1", user="ann")
    assert needs_against(store) == {
        "needs.quality": ("unmet", [("met", "ann")]),
        "needs.quality.tier": ("additional", [("core", "ann")]),
    }
    need(store, "K1", TODAY, state="unmet", tier="core")
    assert needs_against(store) == {}


def test_a_need_of_merged_customers_is_one_need_if_it_says_the_same_or_long_after(store: Store) -> None:
    """A guess gives way to what was told, a need may change in time, and who agrees contradicts nothing."""
    need(store, "K1", JUNE, tier="core", felt=True, heart_value="worry_free")
    need(store, "K2", JUNE, "bob", tier="core", felt=True, heart_value="worry_free")
    need(store, "K1", MAY, kind="brand", state="met", sure="estimate")
    need(store, "K2", JUNE, "bob", kind="brand", state="unmet", sure="told")
    need(store, "K1", date(2026, 3, 2), kind="service", state="met")  # 91 days before
    need(store, "K2", JUNE, "bob", kind="service", state="unmet")
    merge_customers(store, "K2", "K1", user="ann")
    assert needs_against(store) == {}


def test_needs_that_somebody_told_apart_are_two(store: Store) -> None:
    """A key of its own makes a second need of a kind, met or not, in whichever tier and by whomever."""
    need(store, "K1", JUNE, state="met", tier="core")
    need(store, "K1", JUNE, "bob", key="packaging", state="unmet", tier="additional")
    assert needs_against(store) == {}
    need(store, "K1", JUNE, "bob", key="a-surface", state="partly_met", tier="latent")
    assert needs_against(store) == {}


def test_a_need_of_one_day_by_two_people(store: Store, tmp_path: Path) -> None:
    """What somebody else's import of the same day replaced is named, whichever column differs."""
    need(store, "K1", JUNE, state="met", tier="core", felt=False, heart_value="economical")
    file = tmp_path / "needs.csv"
    file.write_text(
        "customer,kind,state,tier,felt,heart_value,holds_from\nK1,quality,met,latent,true,economical,2026-06-01\n"
    )
    import_files(store, "canonical", [file], user="bob")
    assert needs_against(store) == {
        "needs.quality.tier": ("latent", [("core", "ann")]),
        "needs.quality.felt": (True, [(False, "ann")]),
    }
    need(store, "K1", TODAY, state="met", tier="core")
    assert needs_against(store) == {}


def test_a_need_and_a_perception_of_one_name_are_two_things(store: Store, tmp_path: Path) -> None:
    """Both have a level, and both are kept by the word `brand`: what one said says nothing against the other."""
    say(store, "K1", "perception.brand=aware", JUNE)
    need(store, "K1", JUNE, kind="brand", level="basic")
    file = tmp_path / "needs.csv"
    file.write_text("customer,kind,state,level,holds_from\nK1,brand,unmet,expected,2026-06-01\n")
    import_files(store, "canonical", [file], user="bob")
    assert list(unsure(store)) == ["needs.brand.level"]
    assert needs_against(store) == {"needs.brand.level": ("expected", [("basic", "ann")])}


def test_a_guessed_need_is_asked_for_once(store: Store) -> None:
    """What is contradicted in a guess is named for itself; that it is a guess is said of the need alone."""
    need(store, "K1", MAY, state="met", tier="core", sure="estimate")
    need(store, "K2", JUNE, "bob", state="met", tier="latent", sure="estimate")
    merge_customers(store, "K2", "K1", user="ann")
    reasons = {name: each.reasons for name, each in unsure(store).items()}
    assert reasons == {"needs.quality": (Reason.ESTIMATE,), "needs.quality.tier": (Reason.CONTRADICTED,)}
