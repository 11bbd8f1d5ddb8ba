"""What requests bring and what answers say, as OpenAPI describes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from common.saying import Changed
from common.taken_on import TakenOn
from engine.asking import Asked
from engine.changed import Change, Difference
from engine.decision import PackStamp
from engine.recommend import Recommendation
from facts.ended import Ended
from facts.stored import StoredRun
from facts.to_confirm import ToConfirm
from facts.tokens import Scope

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
_ALLOWED = r"[^\x00-\x08\x0b\x0c\x0e-\x1f]"
_NOT_BLANK = rf"^{_ALLOWED}*[^\x00-\x1f\s]{_ALLOWED}*$"
Text = Annotated[str, StringConstraints(min_length=1, max_length=4_000, pattern=_NOT_BLANK)]
Card = Mapping[str, str | None]


class _Answer(BaseModel):
    """What is answered; the fields of later versions may be more."""


class _Body(BaseModel):
    """What a request brings: nothing that we do not know, so that a misspelt name is told."""

    model_config = ConfigDict(extra="forbid")


# --- who asks ---


class Who(_Answer):
    """In whose name the token asks, and what it is good for."""

    account: str = Field(title="The account", examples=["ana"])
    role: str = Field(title="Its role", examples=["manager"])
    account_manager: str | None = Field(title="Only customers of this account manager are seen", examples=["Ana Lind"])
    scopes: list[Scope] = Field(title="What the token is good for", examples=[["read", "record"]])


# --- stored decisions ---


class DecisionLine(_Answer):
    """What a run decided for one customer, and who that is today."""

    customer: str = Field(title="The customer's key", examples=["silver-carp"])
    name: str | None = Field(title="Its name", examples=["Silver Carp Foods"])
    region: str | None = Field(title="Its region", examples=["East"])
    account_manager: str | None = Field(title="Who looks after it", examples=["Ana Lind"])
    stage: str | None = Field(title="The stage at which it stands", examples=["new"])
    proposed_stage: str | None = Field(title="The stage that is proposed", examples=["established"])
    move: str | None = Field(title="Which way that leads", examples=["up"])
    value_next: str | None = Field(title="The kind of value to convey next", examples=["product"])
    provisional: bool = Field(title="Whether something not known could still change it", examples=[False])


class DecisionPage(_Answer):
    """Decisions of one run, in the order of the customers' keys."""

    run: StoredRun = Field(title="The run")
    decisions: list[DecisionLine] = Field(title="The decisions")
    next: str | None = Field(title="The cursor of the next page; none after the last", examples=["WzEsICJzaWx2ZXIiXQ"])


class FiredDecision(DecisionLine):
    """What a run decided for one customer, with the rules by which it did."""

    fired_rules: list[str] = Field(title="The ids of the rules that fired", examples=[["stage-new", "value-product"]])


class StoredDecision(_Answer):
    """What a run decided for one customer."""

    run: StoredRun = Field(title="The run")
    decision: FiredDecision = Field(title="The decision")


# --- one customer now ---


class RecommendationNow(_Answer):
    """What `valuelift recommend --json` says."""

    card: Card = Field(title="Who the customer is")
    recommendation: Recommendation = Field(title="The recommendation, in words")
    left_open: list[TakenOn] = Field(title="The actions that were taken on and are not advised any more")
    decision: dict[str, Any] = Field(title="The whole decision, by ids")
    to_confirm: list[ToConfirm] = Field(
        title="What this rests on and somebody should confirm: old, guessed, contradicted"
    )
    without_rate: list[str] = Field(
        title="Currencies of which amounts count as unknown, as no exchange rate is recorded", examples=[["GBP"]]
    )
    ended: list[Ended] = Field(title="What is not recorded of the customer any more, so that nothing is known since")


class _About(_Answer):
    card: Card = Field(title="Who the customer is")
    customer: str = Field(title="The customer's key", examples=["silver-carp"])
    as_of: date = Field(title="The day on which the facts hold", examples=["2026-06-30"])


class Why(_About):
    """What `valuelift why --json` says."""

    pack: PackStamp = Field(title="The rules that decided")
    why: list[dict[str, Any]] = Field(title="A derivation for each conclusion: a tree of what it rests on")


class WhyNot(_About):
    """What `valuelift why-not --json` says."""

    why_not: dict[str, Any] = Field(title="What is missing, the nearest ways first")


class PathTo(_About):
    """What `valuelift path --json` says."""

    path: dict[str, Any] = Field(title="The cheapest changes after which the rules conclude it")


class WhatIf(_About):
    """What `valuelift what-if --json` says."""

    set: list[Change] = Field(title="The facts taken otherwise")
    before: dict[str, Any] = Field(title="What is concluded now")
    after: dict[str, Any] = Field(title="What would be concluded")
    difference: Difference = Field(title="What differs")


class Questions(_Answer):
    """What `valuelift ask --json` says."""

    as_of: date = Field(title="The day on which the facts hold", examples=["2026-06-30"])
    questions: list[Asked] = Field(title="The questions, those first whose answers could change most")
    to_confirm: list[ToConfirm] = Field(title="What somebody should confirm: heard long ago, guessed or contradicted")


# --- records ---


class _Record(_Body):
    on: date | None = Field(None, title="The day on which it was; today if not given", examples=["2026-06-10"])


class FactAnswer(_Body):
    """The answer to one question."""

    fact: Word = Field(title="The fact's name", examples=["credit_score"])
    value: Word = Field(title="Its value, as it is written", examples=["640"])
    evidence: Text | None = Field(None, title="How we know it; perceptions need it", examples=["their annual report"])
    sure: Literal["estimate", "told", "seen"] | None = Field(None, title="How a perception or judgement is known")


class FactsIn(_Record):
    """Facts that somebody found out, recorded all or none."""

    answers: list[FactAnswer] = Field(title="The answers", min_length=1, max_length=50)


class CommunicationIn(_Record):
    """A value that was conveyed."""

    value_kind: Word = Field(title="The kind of value", examples=["product"])
    medium: Word = Field(title="How", examples=["visit"])
    audience_role: Word | None = Field(None, title="To whom", examples=["user"])
    speaker_role: Word | None = Field(None, title="Who spoke", examples=["technical_staff"])
    cost_class: Word | None = Field(None, title="What it cost", examples=["low"])


class EffectIn(_Record):
    """What was heard of a value that was conveyed."""

    communication: Word = Field(title="The communication's key", examples=["silver-carp/product/visit/user/2026-06-10"])
    outcome: Literal["accepted", "recognised", "rejected", "no_reaction"] = Field(
        title="How it was received", examples=["accepted"]
    )
    contact: Word | None = Field(None, title="From whom it was heard", examples=["user"])
    reason: Text | None = Field(None, title="What they said; kept as personal data", examples=["saves them a shift"])


class ActionIn(_Record):
    """How an advised action stands."""

    action: Word = Field(title="The action's id", examples=["convey-value"])
    state: Literal["open", "done", "snoozed", "declined"] = Field(title="How it stands", examples=["open"])
    about: Word | None = Field(None, title="Which complaint, need and so on, if it is advised for several")
    until: date | None = Field(None, title="When to advise a snoozed action again", examples=["2026-08-01"])
    because: Word | None = Field(None, title="Why it was declined", examples=["wrong_time"])
    reason: Text | None = Field(None, title="A note; needed where `because` is `other`")


class StageIn(_Body):
    """The stage that somebody decides on; against the proposal it needs a reason."""

    stage: Word = Field(title="The stage", examples=["established"])
    reason: Text | None = Field(None, title="Why it is decided against the proposal")


class UndoIn(_Body):
    """What is to be taken back: something that the same account recorded."""

    number: int = Field(title="Its number in the audit log", ge=1, le=2**53, examples=[412])


class ContactIn(_Body):
    """A person at the customer."""

    contact: Text = Field(title="The contact's key, the key's end, or the name", examples=["decision_maker"])
    also: list[Text] = Field([], title="Other ways in which texts may name the person", max_length=20)


class ContactKept(_Answer):
    """All that is kept about a person: what `valuelift contact export` says."""

    customer: str = Field(title="The customer's key", examples=["silver-carp"])
    contact: str = Field(title="The contact's key", examples=["silver-carp/decision_maker"])
    rows: list[dict[str, Any]] = Field(title="The person's rows, also those that stand no longer")
    mentions: list[dict[str, Any]] = Field(title="Texts elsewhere that name the person: table, key, column, text")


class ContactErased(_Answer):
    """What was erased: what `valuelift contact erase --json` says."""

    number: int = Field(title="Its number in the audit log", examples=[412])
    customer: str = Field(title="The customer's key", examples=["silver-carp"])
    contact: str = Field(title="The contact's key", examples=["silver-carp/decision_maker"])
    rows: dict[str, int] = Field(title="In how many rows of each table something was erased")


class RecordedNow(_Answer):
    """What was recorded or taken back, and what changed by it: what `valuelift record --json` says."""

    done: str = Field(title="What was done: recorded or undone", examples=["recorded"])
    number: int = Field(title="Its number in the audit log", examples=[412])
    customer: str = Field(title="The customer's key", examples=["silver-carp"])
    says: list[dict[str, Any]] = Field(title="The rows that were recorded, each with its table")
    changes: list[Changed] | None = Field(
        title="What changed in the recommendation, in words; none: before, or now, the customer cannot be decided"
    )
    recommendation_changed: bool | None = Field(
        title="Whether anything in the recommendation changed; none as for `changes`", examples=[True]
    )
    recommendation: Recommendation | None = Field(
        None, title="Where nothing can be compared: what is advised now; none: nothing can be"
    )


# --- runs and rules ---


class RunLine(_Answer):
    """A run of `valuelift batch`."""

    run: str = Field(title="Its name", examples=["4f0c2a9b77d1"])
    number: int | None = Field(title="Its number in the store", examples=[7])
    state: str = Field(title="Whether it is published", examples=["published"])
    as_of: date = Field(title="The day on which its facts hold", examples=["2026-06-30"])
    known_at: datetime | None = Field(title="As of which knowledge; none: all")
    pack: str = Field(title="The pack's name", examples=["value_marketing"])
    pack_version: str = Field(title="The pack's version", examples=["1.0.0"])
    pack_digest: str = Field(title="The pack's digest")
    customers: int | None = Field(title="How many customers it decided", examples=[68])
    by: str | None = Field(title="Who ran it", examples=["ana"])
    at: datetime | None = Field(title="When it was published")
    parts: int = Field(title="How many of its parts are finished", examples=[1])
    is_latest: bool = Field(title="Whether it is the one that readers see", examples=[True])


class Runs(_Answer):
    """All runs, the newest first."""

    runs: list[RunLine] = Field(title="The runs")


_STEP = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
FileName = Annotated[str, StringConstraints(max_length=200, pattern=rf"^{_STEP}(/{_STEP})*\.yaml$")]


class PackIn(_Body):
    """A rule pack to check. It may extend `../value_marketing`, the pack that comes with Valuelift."""

    files: dict[FileName, str] = Field(
        title="The files by their names, as they stand in the pack's folder",
        min_length=1,
        max_length=400,
        examples=[{"pack.yaml": "pack: ours\nversion: 1.0.0\ntitle: {en: Ours, zh: 我们的}\n"}],
    )
    as_of: date | None = Field(None, title="On which day evidence is looked at; today if not given")


class FindingLine(_Answer):
    """Something that is wrong or doubtful in a pack."""

    level: str = Field(title="How bad it is", examples=["error"])
    id: str = Field(title="Which lint found it", examples=["unknown-fact"])
    file: str = Field(title="In which file", examples=["rules.yaml"])
    line: int = Field(title="In which line", examples=[12])
    column: int = Field(title="In which column", examples=[5])
    message: str = Field(title="What is wrong")
    hint: str = Field(title="What could be meant")
    page: str = Field(title="The page that explains it")


class PackChecked(_Answer):
    """What `valuelift rules check --json` says; without `pack` and `contents` the pack cannot be used."""

    pack: PackStamp | None = Field(None, title="The pack")
    contents: dict[str, int] | None = Field(None, title="How much of everything it holds")
    findings: list[FindingLine] = Field(title="What was found")
