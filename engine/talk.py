"""Choose what to say for a value that meets a need, and point out where there is nothing to say or to prove it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta

from engine.frozen import dataclass
from engine.model import Evidence, Pack, Talk, Told, Track
from engine.wording import Wording

EXPIRES_WITHIN = timedelta(days=90)
"""Evidence that expires within this time is due to be renewed."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A piece of evidence in words: what it shows, where it stands, and its last day."""

    id: str
    text: str
    source: str
    valid_until: date


@dataclass(frozen=True, slots=True)
class Saying:
    """What to say: the text of a talk track, its form (`story`, `claim` or `question`), and what proves it."""

    track: str
    form: str
    text: str
    evidence: tuple[Proof, ...]


def saying(
    talk: Talk, value: str, needs: Sequence[AbstractSet[str]], heart: str | None, day: date, wording: Wording
) -> Saying | None:
    """Put the track that fits a customer best into words, with what proves it; see `track_for`."""
    track = track_for(talk, value, needs, heart, day)
    if track is None:
        return None
    text = wording.text
    evidence = tuple(
        Proof(one.id, text(one.text), text(one.source), one.valid_until) for one in proofs(talk, track, day)
    )
    return Saying(track.id, track.told.value, text(track.text), evidence)


def track_for(talk: Talk, value: str, needs: Sequence[AbstractSet[str]], heart: str | None, day: date) -> Track | None:
    """Return the track that fits a customer best, or None if nothing may be said.

    A track that meets a more pressing need goes first; then one framed for what the customer wants at heart, before one
    framed for nothing in particular, before one framed for something else; then the order in which they are written.

    Args:
        talk: the pack's talk.
        value: the kind of value to convey.
        needs: sets of kinds of need, the most pressing first.
        heart: what the customer wants at heart, if that is known.
        day: the day on which it is said; what has no valid evidence by then is not claimed.
    """

    def fit(track: Track) -> tuple[int, int]:
        met = (rank for rank, kinds in enumerate(needs) if not kinds.isdisjoint(track.needs))
        framed = 0 if heart in track.hearts else 1 if not track.hearts else 2
        return next(met, len(needs)), framed

    possible = (track for track in talk.tracks if track.value == value and _may_be_said(talk, track, day))
    return min(possible, key=fit, default=None)


def proofs(talk: Talk, track: Track, day: date) -> tuple[Evidence, ...]:
    """Return the evidence of a track that is valid on a day."""
    return tuple(one for name in track.evidence if (one := talk.evidence[name]).holds_on(day))


def _may_be_said(talk: Talk, track: Track, day: date) -> bool:
    """No evidence, no claim: what cites evidence needs some that is valid, and only claims must cite any."""
    if track.evidence:
        return bool(proofs(talk, track, day))
    return track.told is not Told.CLAIM


# --- what is missing -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gaps:
    """Kinds of value without valid evidence, evidence that expires soon, pairs of value and need without a track."""

    unproven: tuple[str, ...]
    expiring: tuple[Evidence, ...]
    untold: tuple[tuple[str, str], ...]


def gaps_in(pack: Pack, day: date) -> Gaps | None:
    """Return what is missing in a pack's talk on a day; None if it has no talk."""
    if pack.talk is None:
        return None
    values, needs = (pack.vocabulary.enums[name].members for name in ("value_kind", "need_kind"))
    valid = [one for one in pack.talk.evidence.values() if one.holds_on(day)]
    proved = {one.value for one in valid}
    told = set(_pairs(pack.talk))
    return Gaps(
        unproven=tuple(value for value in values if value not in proved),
        expiring=tuple(
            sorted((one for one in valid if one.valid_until <= day + EXPIRES_WITHIN), key=lambda one: one.valid_until)
        ),
        untold=tuple((value, need) for value in values for need in needs if (value, need) not in told),
    )


def _pairs(talk: Talk) -> Iterator[tuple[str, str]]:
    for track in talk.tracks:
        yield from ((track.value, need) for need in track.needs)
