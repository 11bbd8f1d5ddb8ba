"""Talk: what to say for a value that meets a need, and the evidence without which nothing is claimed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from engine.errors import Location, Problems, did_you_mean
from engine.load.form import KEBAB, SOURCE, Form
from engine.load.reading import item_name
from engine.model import Evidence, Talk, Told, Track
from engine.said import quoted, said
from engine.vocabulary import Vocabulary
from engine.yaml12 import Node, YScalar

_ENUMS = ("value_kind", "need_kind", "heart_value")


def read_talk(files: Mapping[str, Node], vocabulary: Vocabulary, at: Location, problems: Problems) -> Talk | None:
    """Read the files of a pack's folder `talk/`; None if it has none."""
    if not files:
        return None
    for name in _ENUMS:
        if name not in vocabulary.enums:
            message = said("talk needs the enum `{name}`.", name=name)
            problems.add(at, "unknown-enum", message, said("Declare it in the catalogue."))
    forms = [Form(node, quoted(name), problems) for name, node in files.items()]
    evidence: dict[str, Evidence] = {}
    for node in (node for form in forms for node in form.items("evidence")):
        one = _evidence(node, vocabulary, problems)
        _check_new(one.id, one.at, evidence, problems)
        evidence[one.id] = one
    tracks: dict[str, Track] = {}
    for node in (node for form in forms for node in form.items("tracks")):
        track = _track(node, vocabulary, evidence, problems)
        _check_new(track.id, track.at, tracks, problems)
        tracks[track.id] = track
    for form in forms:
        form.close()
    return Talk(tuple(tracks.values()), evidence)


def _evidence(node: Node, vocabulary: Vocabulary, problems: Problems) -> Evidence:
    form = Form(node, item_name(said("evidence"), node), problems)
    evidence = Evidence(
        id=form.word("evidence", KEBAB),
        value=_member(form, "value", "value_kind", vocabulary),
        text=form.text("text"),
        source=form.text("source"),
        dated=_date(form, "dated"),
        valid_until=_date(form, "valid_until"),
        at=form.at,
    )
    if evidence.valid_until < evidence.dated:
        message = said(
            "valid until {valid_until}, before it is dated on {dated}.",
            valid_until=evidence.valid_until,
            dated=evidence.dated,
        )
        form.problem(form.place("valid_until"), "wrong-bounds", message)
    form.close()
    return evidence


def _track(node: Node, vocabulary: Vocabulary, evidence: dict[str, Evidence], problems: Problems) -> Track:
    form = Form(node, item_name(said("track"), node), problems)
    track = Track(
        id=form.word("track", KEBAB),
        value=_member(form, "value", "value_kind", vocabulary),
        needs=_members(form, "needs", "need_kind", vocabulary, form.required_items("needs")),
        told=form.choice("form", Told),
        text=form.text("text"),
        at=form.at,
        hearts=_members(form, "hearts", "heart_value", vocabulary, form.items("hearts")),
        evidence=form.words("evidence"),
        sources=form.words("sources", SOURCE),
    )
    for item, name in zip(form.items("evidence"), track.evidence, strict=True):
        cited = evidence.get(name)
        if cited is None:
            hint = did_you_mean(name, evidence) or said("Declare it under `evidence`.")
            form.problem(item.at, "unknown-evidence", said("there is no evidence `{name}`.", name=name), hint)
        elif cited.value != track.value:
            message = said(
                "`{name}` proves `{proven}`, but {what} speaks of `{value}`.",
                name=name,
                proven=cited.value,
                what=form.what,
                value=track.value,
            )
            form.problem(item.at, "wrong-evidence", message, said("Cite evidence of the same value."))
    form.close()
    return track


def _member(form: Form, key: str, enum: str, vocabulary: Vocabulary) -> str:
    form.required(key)
    return form.member(key, vocabulary.enums.get(enum)) or ""


def _members(form: Form, key: str, enum: str, vocabulary: Vocabulary, nodes: tuple[Node, ...]) -> tuple[str, ...]:
    members = vocabulary.enums[enum].members if enum in vocabulary.enums else ()
    found = (form.one_of(node, said("an item of `{key}`", key=key), members, "unknown-member") for node in nodes)
    return tuple(member for member in found if member is not None)


def _date(form: Form, key: str) -> date:
    """Return the date under a required key; a stand-in if it is missing."""
    node = form.required(key)
    return (form.date(key) if isinstance(node, YScalar) else None) or date.max


def _check_new(name: str, at: Location, known: dict[str, Evidence] | dict[str, Track], problems: Problems) -> None:
    if name and name in known:
        message = said("`{name}` is already used at {place}.", name=name, place=known[name].at)
        problems.add(at, "duplicate-id", message, said("Rename one."))
