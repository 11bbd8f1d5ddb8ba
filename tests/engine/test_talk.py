"""What to say for a value that meets a need, and what talk lacks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from engine.load import load_catalogue, load_pack
from engine.model import Pack
from engine.talk import gaps_in, proofs, track_for
from tests.conftest import ROOT
from tests.engine.sample import CATALOGUE
from tests.engine.test_load_packs import MANIFEST, write

DAY = date(2024, 6, 30)
TALK = """\
evidence:
  - {evidence: old, value: people, text: {en: A, zh: 甲}, source: {en: B, zh: 乙},
     dated: 2024-01-01, valid_until: 2024-06-29}
  - {evidence: new, value: people, text: {en: A, zh: 甲}, source: {en: B, zh: 乙},
     dated: 2024-01-01, valid_until: 2024-09-28}
tracks:
  - {track: any, value: people, needs: [service], form: question, text: {en: A, zh: 甲}}
  - {track: any-framed, value: people, needs: [service], hearts: [suitable], form: story, text: {en: A, zh: 甲}}
  - {track: quality-success, value: people, needs: [quality], hearts: [success], form: story, text: {en: A, zh: 甲}}
  - {track: quality, value: people, needs: [quality], form: claim, text: {en: A, zh: 甲}, evidence: [old, new]}
  - {track: quality-worry, value: people, needs: [quality], hearts: [worry_free], form: story, text: {en: A, zh: 甲},
     evidence: [new]}
  - {track: claimed, value: brand, needs: [brand], form: claim, text: {en: A, zh: 甲}}
  - {track: expired, value: people, needs: [relationship], form: story, text: {en: A, zh: 甲}, evidence: [old]}
"""


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """Return a pack of talk alone."""
    files: Mapping[str, str] = {"pack.yaml": MANIFEST, "talk/people.yaml": TALK}
    return load_pack(write(tmp_path, dict(files)), load_catalogue(ROOT / "facts" / "catalog.yaml"))


@pytest.mark.parametrize(
    ("needs", "heart", "track"),
    [
        ([{"quality"}], None, "quality"),
        ([{"quality"}], "worry_free", "quality-worry"),
        ([{"quality"}], "success", "quality-success"),
        ([{"quality"}], "economical", "quality"),  # framed for nothing in particular, before another wish
        ([{"service"}, {"quality"}], "worry_free", "any"),  # the more pressing need weighs more than the wish
        ([set(), {"quality"}], "worry_free", "quality-worry"),
        ([{"benefit"}], "suitable", "any-framed"),  # no track meets the need: any of this value
        ([], None, "any"),
        ([{"relationship"}], None, "any"),  # the only one that meets it rests on evidence that has expired
    ],
)
def test_the_fitting_track_is_chosen(pack: Pack, needs: list[set[str]], heart: str | None, track: str) -> None:
    """The most pressing need counts first, then what the customer wants at heart, then the order of the files."""
    assert pack.talk is not None
    found = track_for(pack.talk, "people", needs, heart, DAY)
    assert found is not None
    assert found.id == track


@pytest.mark.parametrize("value", ["brand", "heritage"])
def test_without_evidence_nothing_is_claimed(pack: Pack, value: str) -> None:
    """A claim that cites no evidence is not told, and for a value without a track there is nothing to say."""
    assert pack.talk is not None
    assert track_for(pack.talk, value, [{"brand"}], None, DAY) is None


@pytest.mark.parametrize(
    ("day", "valid"),
    [
        (date(2024, 6, 29), ["old", "new"]),
        (date(2024, 6, 30), ["new"]),
        (date(2024, 9, 28), ["new"]),
        (date(2024, 9, 29), []),
    ],
)
def test_only_valid_evidence_proves(pack: Pack, day: date, valid: list[str]) -> None:
    """Evidence is shown to its last day; a track without any that is valid is no longer told."""
    assert pack.talk is not None
    (track,) = [one for one in pack.talk.tracks if one.id == "quality"]
    assert [one.id for one in proofs(pack.talk, track, day)] == valid
    found = track_for(pack.talk, "people", [{"quality"}], None, day)
    assert (found is track) is (valid != [])


@pytest.mark.parametrize(
    ("day", "proved", "expiring"),
    [
        (date(2024, 3, 30), True, []),  # the first of the two expires in 91 days
        (date(2024, 3, 31), True, ["old"]),
        (date(2024, 6, 30), True, ["new"]),  # in 90 days
        (date(2024, 9, 28), True, ["new"]),
        (date(2024, 9, 29), False, []),
    ],
)
def test_gaps_depend_on_the_day(pack: Pack, day: date, proved: bool, expiring: list[str]) -> None:
    """Evidence within ninety days of its end is named; a value is without evidence after its last day."""
    gaps = gaps_in(pack, day)
    assert gaps is not None
    assert ("people" not in gaps.unproven, [one.id for one in gaps.expiring]) == (proved, expiring)
    assert "heritage" in gaps.unproven


def test_pairs_without_a_track_are_counted(pack: Pack) -> None:
    """Every pair of value and need is a gap that no track is for."""
    gaps = gaps_in(pack, DAY)
    assert gaps is not None
    told = {("people", "service"), ("people", "quality"), ("people", "relationship"), ("brand", "brand")}
    assert (len(gaps.untold), told & set(gaps.untold)) == (10 * 6 - 4, set())


def test_a_pack_without_talk_lacks_nothing(tmp_path: Path) -> None:
    """Where nobody keeps talk there is nothing to point out."""
    assert gaps_in(load_pack(write(tmp_path, {"pack.yaml": MANIFEST}), load_catalogue(CATALOGUE)), DAY) is None
